//! Cancellation by the program.

mod common;

use common::check;

#[test]
fn a_body_that_others_await_survives_the_cancel_of_its_starter() {
    check(&[(
        r#"async function y = slow(), pause(1); y = 3; end
async function outer(f), await(f); end
async function w(f), fprintf('w %d\n', await(f)); end
f = slow(); t = spawn(outer(f)); u = spawn(w(f)); yield_now(); yield_now();
cancel(t);
try, await(t); catch e, disp(e.identifier); end
await(u); disp(f.State)"#,
        "async:Cancelled\nw 3\nsuccess\n",
    )]);
}

#[test]
fn cleanup_that_awaits_a_body_has_a_budget() {
    check(&[(
        r#"async function forever(), p = promise(); pause(1000); end
async function w(), try, pause(10); finally, disp('cleaning'); await(forever()); disp('never'); end, end
t = spawn(w()); yield_now(); cancel(t); tic; try, await(t); catch e, disp(e.identifier); end, fprintf('%g\n', toc);"#,
        "cleaning\nasync:Cancelled\n5\n[async:CleanupCutOff: The cleanup of main/w#1 took longer than its budget of 5 s and was cut off.]\n",
    )]);
}

#[test]
fn a_task_that_follows_its_child_ends_after_its_cleanup() {
    check(&[(
        r#"async function w(), c = onCleanup(@() slowclean()); pause(10); end
function slowclean(), pause(1); disp('cleaned'); end
t = spawn(@w); yield_now(); yield_now(); cancel(t); try, await(t); catch e, disp(e.identifier), end, disp(t.State)"#,
        "cleaned\nasync:Cancelled\ncancelled\n",
    )]);
}

#[test]
fn a_pause_of_nothing_sees_the_request_too() {
    check(&[(
        r#"async function w(), try, pause(10); catch, end, try, pause(0); disp('no'); catch e, disp(e.identifier); end, end
t = spawn(w()); yield_now(); cancel(t); await(t); disp(t.State)"#,
        "async:Cancelled\nsuccess\n",
    )]);
}

#[test]
fn an_error_in_finally_replaces_the_cancellation() {
    check(&[(
        r#"async function w(), try, pause(10); finally, error('f:f', 'F'); end, end
t = spawn(w()); yield_now(); cancel(t); try, await(t); catch e, fprintf('%s %s\n', e.identifier, e.cause{1}.identifier); end, disp(t.State)"#,
        "f:f async:Cancelled\nfailure\n",
    )]);
}

#[test]
fn cancelled_child_s_cleanup_before_the_parent_s() {
    check(&[(
        r#"async function c(), k = onCleanup(@() disp('child')); pause(10); end
async function p(), k = onCleanup(@() disp('parent')); spawn(c()); pause(10); end
t = spawn(p()); yield_now(); yield_now(); cancel(t); try, await(t); catch e, disp(e.identifier), end"#,
        "child\nparent\nasync:Cancelled\n",
    )]);
}

#[test]
fn a_running_body_that_others_await_survives_as_well() {
    check(&[(
        r#"async function y = inner(h), yield_now(); yield_now(); cancel(h('t')); v = await(slow()); fprintf('inner %d\n', v); y = v; end
async function y = slow(), pause(1); y = 3; end
async function outer(f), await(f); end
async function w(f), fprintf('w %d\n', await(f)); end
h = containers.Map(); f = inner(h);
t = spawn(outer(f)); h('t') = t;
u = spawn(w(f));
try, await(t); catch e, disp(e.identifier); end
await(u); disp(t.State)"#,
        "async:Cancelled\ninner 3\nw 3\ncancelled\n",
    )]);
}

#[test]
fn self_cancel() {
    check(&[(
        r#"async function w(h), cancel(h('t')); disp('goes on'); try, yield_now(); catch e, disp(e.identifier), rethrow(e); end, end
h = containers.Map(); t = spawn(w(h)); h('t') = t; try, await(t); catch e, disp(e.identifier), end, disp(t.State)"#,
        "goes on\nasync:Cancelled\nasync:Cancelled\ncancelled\n",
    )]);
}

#[test]
fn error_copy_is_failure_rethrow_is_cancel() {
    check(&[(
        r#"async function w(k), try, pause(10); catch e, switch k, case 1, rethrow(e); case 2, error(e.identifier, e.message); case 3, throw(e); case 4, error('x:y','z'); case 5, return; case 6, throw(addCause(MException('q:r','s'), e)); end, end, end
for k = 1:6, t = spawn(w(k)); yield_now(); cancel(t); try, await(t); catch e, end, fprintf('%d %s\n', k, t.State); end"#,
        "1 cancelled\n2 failure\n3 cancelled\n4 failure\n5 success\n6 failure\n",
    )]);
}

#[test]
fn cancel_future_not_run() {
    check(&[(
        r#"async function w(), disp('never'); end
f = w(); fprintf('%d', cancel(f)); disp(f.State); fprintf('%d', cancel(f)); try, await(f); catch e, disp(e.identifier), end
t = spawn(w()); fprintf('%d', cancel(t)); disp(t.State)"#,
        "1cancelled\n0async:Cancelled\n1cancelled\n",
    )]);
}

#[test]
fn cancel_promise_op() {
    check(&[(
        r#"p = promise(); fprintf('%d%d\n', cancel(p), cancel(p)); disp(p.State);
s = sleep_async(5); fprintf('%d%d\n', cancel(s), cancel(s)); disp(s.State); try, complete(p, 1); catch e, disp(e.identifier), end
q = promise(); complete(q, 4); fprintf('%d %s\n', cancel(q), q.State); try, fail(q, 'x'); catch e, disp(e.identifier), end"#,
        "10\ncancelled\n10\ncancelled\nasync:AlreadyCompleted\n0 success\nasync:AlreadyCompleted\n",
    )]);
}

#[test]
fn cancel_in_each_wait() {
    check(&[(
        r#"async function w(k, p), try, switch k, case 1, pause(10); case 2, await(p); case 3, await(sub(p)); case 4, await_all(p, sleep_async(9)); case 5, js = joinset(); add(js, p); join_next(js); case 6, while true, yield_now(); end, case 7, race(p, p); case 8, await_any(p); case 9, await_all(); case 10, fu = futures_unordered({p}); next(fu); case 11, await(p, 'Timeout', 100); case 12, await(sub(p), 'Timeout', 100); end, catch e, fprintf('%d %s ', k, e.identifier); rethrow(e); end, end
async function sub(p), await(sub2(p)); end
async function sub2(p), try, await(p); catch e, fprintf('<%s>', e.identifier); rethrow(e); end, end
p = promise();
for k = 1:12, t = spawn(w(k, p)); yield_now(); yield_now(); yield_now(); cancel(t); try, await(t); catch e, fprintf('%s %s\n', e.identifier, t.State); end, end
disp(p.State)"#,
        "1 async:Cancelled async:Cancelled cancelled\n2 async:Cancelled async:Cancelled cancelled\n<async:Cancelled>3 async:Cancelled async:Cancelled cancelled\n4 async:Cancelled async:Cancelled cancelled\n5 async:Cancelled async:Cancelled cancelled\n6 async:Cancelled async:Cancelled cancelled\n7 async:Cancelled async:Cancelled cancelled\n8 async:Cancelled async:Cancelled cancelled\n9 async:Cancelled async:Cancelled cancelled\n10 async:Cancelled async:Cancelled cancelled\n11 async:Cancelled async:Cancelled cancelled\n<async:Cancelled>12 async:Cancelled async:Cancelled cancelled\npending\n",
    )]);
}

#[test]
fn sticky() {
    check(&[(
        r#"async function w(), for i = 1:3, try, pause(1); catch e, disp(e.identifier), end, end, q = promise(); complete(q, 3); disp(await(q)); end
t = spawn(w()); yield_now(); cancel(t); await(t); disp(t.State)"#,
        "async:Cancelled\nasync:Cancelled\nasync:Cancelled\n     3\nsuccess\n",
    )]);
}

#[test]
fn cancel_during_cleanup_delivered_after() {
    check(&[(
        r#"async function w(), try, error('a:b', 'x'); catch e, end, unwind_protect, disp('body'); unwind_protect_cleanup, pause(1); disp('cleaned'); end_unwind_protect, disp('after'); try, pause(1); catch e, disp(e.identifier), rethrow(e); end, end
t = spawn(w()); yield_now(); cancel(t); try, await(t); catch e, end, disp(t.State)"#,
        "body\ncleaned\nafter\nasync:Cancelled\ncancelled\n",
    )]);
}

#[test]
fn cleanup_awaiting_child_while_cancel_arrives() {
    check(&[(
        r#"async function y = child(), pause(1); disp('child done'); y = 1; end
async function w(), unwind_protect, disp('body'); unwind_protect_cleanup, c = spawn(child()); await(c); disp('cleaned'); end_unwind_protect, pause(1); end
t = spawn(w()); yield_now(); yield_now(); cancel(t); try, await(t); catch e, end, disp(t.State)"#,
        "body\nchild done\ncleaned\ncancelled\n",
    )]);
}

#[test]
fn children_of_an_ended_body_belong_to_its_parent() {
    check(&[(
        r#"async function child(n), c = onCleanup(@() fprintf('clean %d\n', n)); pause(10); end
async function parent(), spawn(child(1)); spawn(child(2)); pause(1); disp('parent ends'); end
async function grand(), await(spawn(parent())); disp('grand goes on'); pause(5); end
t = spawn(grand()); pause(2); cancel(t); try, await(t); catch e, disp(e.identifier), end"#,
        "parent ends\ngrand goes on\nclean 1\nclean 2\nasync:Cancelled\n",
    )]);
}

#[test]
fn cancelled_join() {
    check(&[(
        r#"async function w(n), c = onCleanup(@() fprintf('clean %d\n', n)); pause(n); end
async function j(), await_all(w(5), w(6)); end
t = spawn(j()); pause(1); cancel(t); try, await(t); catch e, disp(e.identifier), end
try, race(w(1), w(2)); catch e, disp(e.identifier), end"#,
        "clean 5\nclean 6\nasync:Cancelled\nclean 1\nclean 2\n",
    )]);
}

#[test]
fn follow_is_cancelled_with_what_it_follows() {
    check(&[(
        r#"async function y = inner(), c = onCleanup(@() disp('inner')); pause(10); y = 1; end
async function y = outer(), y = inner(); end
f = outer(); t = spawn(f); pause(1); disp(t.State); cancel(t); try, await(t); catch e, disp(e.identifier), end, disp(t.State)
p = promise(); q = promise(); complete(q, p); cancel(q); disp(q.State); disp(p.State)
async function y = w(f), y = await(f); end
g = outer(); t = spawn(w(g)); pause(1); cancel(t); try, await(t); catch e, disp(e.identifier), end, disp(g.State)"#,
        "pending\ninner\nasync:Cancelled\ncancelled\ncancelled\npending\ninner\nasync:Cancelled\ncancelled\n",
    )]);
}
