//! Scheduling: suspension points, priorities, deadlocks, ends of executions.

mod common;

use common::check;

#[test]
fn deadlocks() {
    check(&[(
        r#"async function a(h), await(h('b')); end
async function b(h), await(h('a')); end
h = containers.Map(); x = spawn(a(h)); y = spawn(b(h)); h('a') = x; h('b') = y;
try, await(x); catch e, disp(e.message), end, disp(x.State)"#,
        "Deadlock: main waits for main/a#1, which waits for main/b#1, which waits for main/a#1, which closes the cycle\npending\n[async:UnhandledFailure: A future failed and nobody handled it: Deadlock: main/a#1 waits for main/b#1, which waits for main/a#1, which closes the cycle]\n[async:UnhandledFailure: A future failed and nobody handled it: Deadlock: main/b#1 waits for main/a#1, which waits for main/b#1, which closes the cycle]\n",
    )]);
}

#[test]
fn own_handle() {
    check(&[(
        r#"async function a(h), await(h('a')); end
h = containers.Map(); x = spawn(a(h)); h('a') = x;
try, await(x); catch e, disp(e.message), end"#,
        "Deadlock: main waits for main/a#1, which waits for main/a#1, which closes the cycle\n[async:UnhandledFailure: A future failed and nobody handled it: Deadlock: main/a#1 waits for main/a#1, which closes the cycle]\n",
    )]);
}

#[test]
fn deadlock_behind_futures_that_follow_one_another() {
    check(&[(
        r#"p = promise(); g = promise(); h = promise(); complete(g, p); complete(h, g);
try, await(h); catch e, disp(e.message), end"#,
        "Deadlock: main waits for promise #2 of main, which nobody completes\n",
    )]);
}

#[test]
fn join_set_deadlock() {
    check(&[(
        r#"js = joinset(); add(js, promise()); try, join_next(js); catch e, disp(e.message), end"#,
        "Deadlock: main waits for promise #2 of main, which nobody completes\n",
    )]);
}

#[test]
fn root_ended_first_deadlock() {
    check(&[(
        r#"async function w(), p = promise(); try, await(p); catch e, disp(e.identifier), rethrow(e); end, end
spawn(w());"#,
        "async:Deadlock\n[async:UnhandledFailure: A future failed and nobody handled it: Deadlock: main/w#1 waits for promise #2 of main/w#1, which nobody completes]\n",
    )]);
}

#[test]
fn deadlock_with_a_cleanup_sleeping() {
    check(&[(
        r#"s = sleep_async(100); p = promise(); try, await(p); catch e, disp(e.identifier), end, disp(s.State)"#,
        "async:Deadlock\npending\n",
    )]);
}

#[test]
fn props() {
    check(&[(
        r#"async function w(), end
t = spawn(w(), 'Name', 'reader', 'Priority', 'high'); disp(t.Name); disp(t.Priority); disp(t.ID > 0); disp(isempty(t.Error)); t2 = spawn(t); disp(t2.ID == t.ID); disp(class(t));
try, t.Foo, catch e, disp(e.identifier), end
try, t.State = 3; catch e, disp(e.identifier), end
try, t(2), catch e, disp(e.identifier), end
q = spawn(w(), 'Priority', 99); disp(q.Priority); q = spawn(w(), 'Priority', -1); disp(q.Priority);
async function p(n), fprintf('%s ', n); end
for n = {'idle', 'low', 'normal', 'high', 'critical'}, spawn(p(n{1}), 'Priority', n{1}); end"#,
        "reader\nhigh\n   1\n   1\n   1\nfuture\nMATLAB:noSuchMethodOrField\nMATLAB:structAssToNonStruct\nMATLAB:badsubscript\nidle\ncritical\ncritical high normal low idle ",
    )]);
}

#[test]
fn poll_only() {
    check(&[(
        r#"f = sleep_async(0.01); k = 0; while ~strcmp(f.State, 'success'), k = k + 1; end, disp(k > 0)"#,
        "   1\n",
    )]);
}

#[test]
fn atomic_steps() {
    check(&[(
        r#"async function bump(m), for i = 1:100, m('n') = m('n') + 1; end, end
async function lose(m), v = m('n'); yield_now(); m('n') = v + 1; end
m = containers.Map(); m('n') = 0; await_all(bump(m), bump(m)); disp(m('n')); m('n') = 0; await_all(lose(m), lose(m)); disp(m('n'));"#,
        "   200\n     1\n",
    )]);
}

#[test]
fn drain() {
    check(&[(
        r#"async function w(n), pause(n); fprintf('w%d\n', n); if n > 1, spawn(w(n - 1)); end, end
spawn(w(3)); s = sleep_async(1000); q = sleep_async(2); on_complete(q, @(f) disp('watched')); disp('end');"#,
        "end\nwatched\nw3\nw2\nw1\n",
    )]);
}

#[test]
fn deep_futures() {
    check(&[(
        r#"f = 1; for i = 1:20000, f = async @() f; end, disp('futures'); clear f; disp('dropped');"#,
        "futures\ndropped\n",
    )]);
}

#[test]
fn deep_values() {
    check(&[(
        r#"p = promise(); for i = 1:20000, q = promise(); complete(q, {p}); p = q; end, clear p q; disp('values');"#,
        "values\n",
    )]);
}

#[test]
fn deep_follow() {
    check(&[(
        r#"ps = cell(1, 3000); for i = 1:3000, ps{i} = promise(); end, for i = 2999:-1:1, complete(ps{i}, ps{i+1}); end, complete(ps{3000}, 5); disp(await(ps{1}));"#,
        "     5\n",
    )]);
}

#[test]
fn deep_chain() {
    check(&[(
        r#"async function chain(n), if n > 0, spawn(chain(n - 1)); end, end
await(spawn(chain(20000))); await_all(); disp('chain');"#,
        "chain\n",
    )]);
}

#[test]
fn deep_nest() {
    check(&[(
        r#"async function nest(n), if n > 0, t = spawn(nest(n - 1)); await(t); else, pause(100); end, end
t = spawn(nest(5000)); pause(1); cancel(t); try, await(t); catch e, disp(e.identifier), end"#,
        "async:Cancelled\n",
    )]);
}

#[test]
fn deep_maps() {
    check(&[(
        r#"m = containers.Map(); for i = 1:20000, n = containers.Map(); n('p') = m; m = n; end, clear m n; disp('maps')"#,
        "maps\n",
    )]);
}

#[test]
fn deep_closures() {
    check(&[(
        r#"f = @() 1; for i = 1:20000, f = @() f; end, clear f; disp('closures')"#,
        "closures\n",
    )]);
}

#[test]
fn deep_errors() {
    check(&[(
        r#"e = MException('a:b', 'c'); for i = 1:20000, e = addCause(MException('a:b', 'c'), e); end, clear e, disp('causes')"#,
        "causes\n",
    )]);
}

#[test]
fn deep_then_chain() {
    check(&[(
        r#"p = promise(); g = p; for i = 1:5000, g = then(g, @(v) v + 1); end, complete(p, 0); disp(await(g)); "#,
        "        5000\n",
    )]);
}

#[test]
fn deep_cellfun() {
    check(&[(
        r#"function y = n(c), if iscell(c), y = cellfun(@(x) n(x), c); else, y = c; end, end
c = 1; for i = 1:200, c = {c}; end, try, disp(n(c)), catch e, disp(e.identifier), end"#,
        "MATLAB:recursionLimit\n",
    )]);
}

#[test]
fn deep_flattening() {
    check(&[(
        r#"async function y = deep(n), if n > 0, y = deep(n - 1); else, y = 7; end, end
disp(await(deep(20000)));"#,
        "     7\n",
    )]);
}

#[test]
fn collect_mid_execution() {
    check(&[(
        r#"for i = 1:60000, m = containers.Map(); m('s') = m; end, disp('done');"#,
        "done\n",
    )]);
}

#[test]
fn deep_many_tasks() {
    check(&[(
        r#"async function y = w(p), y = await(p); end
p = promise(); c = cell(1, 20000); for i = 1:20000, c{i} = spawn(w(p)); end, complete(p, 1); r = await_all(c); disp(numel(r));"#,
        "       20000\n",
    )]);
}

#[test]
fn deep_cancel_many_unrun() {
    check(&[(
        r#"async function w(), pause(1); end
c = cell(1, 20000); for i = 1:20000, c{i} = spawn(w()); end, for i = 1:20000, cancel(c{i}); end, disp('unrun')
c = cell(1, 20000); for i = 1:20000, c{i} = spawn(w()); end, yield_now(); for i = 1:20000, cancel(c{i}); end, disp('run')"#,
        "unrun\nrun\n",
    )]);
}

#[test]
fn deep_cancel_many_waiting_on_one_promise() {
    check(&[(
        r#"async function w(p), await(p); end
p = promise(); c = cell(1, 20000); for i = 1:20000, c{i} = spawn(w(p)); end, yield_now(); for i = 1:20000, cancel(c{i}); end, disp('promise')"#,
        "promise\n",
    )]);
}
