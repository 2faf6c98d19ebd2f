//! onCleanup: when it runs, in which order, and what it may do.

mod common;

use common::check;

#[test]
fn calls_of_a_cleanup_leave_the_results_of_others() {
    check(&[(
        r#"function y = g(x), c = onCleanup(@() cellfun(@(z) z, {1})); y = x * 10; end
r = cellfun(@(x) g(x), {1, 2}); fprintf('%d ', r);"#,
        "10 20 ",
    )]);
}

#[test]
fn oncleanup_other_future_s_cancellation_warning() {
    check(&[(
        r#"async function w(), pause(1); end
g = spawn(w()); yield_now(); cancel(g);
function k(g), c = onCleanup(@() error('x:y', 'z')); end
k(g); disp('ok')"#,
        "ok\n[MATLAB:class:DestructorError: The following error was caught while executing an onCleanup function: z]\n",
    )]);
}

#[test]
fn a_cycle_that_holds_a_cleanup_is_collected() {
    check(&[(
        r#"function f(), m = containers.Map(); m('c') = onCleanup(@() disp('collected')); m('self') = m; end
f(); disp('end');"#,
        "end\ncollected\n",
    )]);
}

#[test]
fn cleanup_order_timing() {
    check(&[(
        r#"function r = mk(s), r = onCleanup(@() disp(s)); end
function f(), c2 = mk('first made'); c1 = mk('second made'); disp('body'); end
f();
x = mk('x1'); x = 5; disp('after x');
mk('temp'); disp('after temp');
c = {mk('in cell'), 2}; c{1} = 0; disp('after cell');
s.a = mk('in struct'); s = rmfield(s, 'a'); disp('after struct');
h = @() mk('dummy'); k = mk('captured'); g = @() k; clear k; disp('still'); clear g; disp('after captured');
async function y = w(o), y = 1; end
o = mk('in future'); f2 = w(o); clear o; disp('kept'); clear f2; disp('after future');
numel({mk('arg')}), disp('after arg')
for i = {mk('loop')}, break, end
disp('after loop'); clear i
if ~isempty(mk('cond')), disp('in if'), end"#,
        "body\nfirst made\nsecond made\nx1\nafter x\nafter temp\nin cell\nafter cell\nin struct\nafter struct\nstill\ncaptured\nafter captured\nkept\nin future\nafter future\n\nans =\n\n     1\n\ntemp\narg\nafter arg\nafter loop\nloop\ncond\nin if\n",
    )]);
}

#[test]
fn cleanup_in_nested_with_errors() {
    check(&[(
        r#"function r = mk(s), r = onCleanup(@() disp(s)); end
function a(), x = mk('a'); b(); end
function b(), x = mk('b'); cc(); end
function cc(), x = mk('c'); error('e:e', 'boom'); end
try, a(); catch e, disp(e.identifier), end"#,
        "c\nb\na\ne:e\n",
    )]);
}

#[test]
fn cleanup_that_waits_returns_value() {
    check(&[(
        r#"function y = f(), c = onCleanup(@() slow()); y = 42; end
function slow(), pause(1); disp('slow'); end
disp(f());
async function y = g(), c = onCleanup(@() slow()); y = 43; end
t = spawn(g()); yield_now(); yield_now(); disp(t.State); disp(await(t));"#,
        "slow\n    42\npending\nslow\n    43\n",
    )]);
}

#[test]
fn cleanup_in_more_places() {
    check(&[(
        r#"function r = mk(s), r = onCleanup(@() disp(s)); end
try, for x = {mk('loop')}, error('a:b', 'c'); end, catch, clear x; disp('caught'), end
function y = g(), a = mk('a'); y = 1; if true, b = mk('b'); return, end, end
disp(g());
cellfun(@(z) numel({mk(z)}), {'p', 'q'}); disp('cells');
function h(v), disp('in h'); end
h(mk('argument')); disp('after h');
x = mk('first'); y = x; clear x; disp('held'); y = []; disp('gone');
c = onCleanup(@() error('bad:cleanup', 'oops')); clear c; disp('warned');
async function w(o), pause(1); end
t = spawn(w(mk('task'))); clear t; pause(2); disp('end');"#,
        "loop\ncaught\na\nb\n     1\np\nq\ncells\nin h\nargument\nafter h\nheld\nfirst\ngone\nwarned\ntask\nend\n[MATLAB:class:DestructorError: The following error was caught while executing an onCleanup function: oops]\n",
    )]);
}
