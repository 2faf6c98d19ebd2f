//! Callbacks: their order, their errors, and awaits that wait for them.

mod common;

use common::check;

#[test]
fn root_fails_callbacks_due_still_run() {
    check(&[(
        r#"async function y = q(), y = 1; end
t = spawn(q()); await(t); on_success(t, @(v) fprintf('cb %d\n', v)); error('a:b', 'c');"#,
        "cb 1\nerror a:b: c\n",
    )]);
}

#[test]
fn cancel_from_callback() {
    check(&[(
        r#"async function w(), pause(10); end
t = spawn(w()); p = promise(); on_success(p, @(v) cancel(t)); on_success(p, @(v) disp('second')); complete(p, 1); try, await(t); catch e, disp(e.identifier), end"#,
        "second\nasync:Cancelled\n",
    )]);
}

#[test]
fn callback_cycle() {
    check(&[(
        r#"async function y = a(), y = 1; end
async function w(f), await(f); end
f = spawn(a()); h = containers.Map(); on_success(f, @(v) slowcb(h)); function slowcb(h), q = h('t'); await_all(q); end
t = spawn(w(f)); h('t') = t; try, await(t); catch e, disp(e.message), end"#,
        "Deadlock: main waits for main/w#1, which waits for the callbacks of main/a#1/a, which waits for main/w#1, which closes the cycle\n[async:UnhandledFailure: A callback failed and nobody handled it: Deadlock: main/callbacks#1 waits for main/w#1, which waits for the callbacks of main/a#1/a, which closes the cycle]\n[async:UnhandledFailure: A future failed and nobody handled it: Deadlock: main/w#1 waits for the callbacks of main/a#1/a, which waits for main/w#1, which closes the cycle]\n",
    )]);
}

#[test]
fn own_future_inside_callback() {
    check(&[(
        r#"f = promise(); on_success(f, @(v) fprintf('in %d\n', cb(f))); function v = cb(f), c = await_all(f); v = c{1}; end
complete(f, 3); disp(await(f))"#,
        "in 3\n     3\n",
    )]);
}

#[test]
fn callback_order() {
    check(&[(
        r#"p = promise(); on_success(p, @(v) fprintf('1:%d\n', v)); on_failure(p, @(e) disp('no')); on_complete(p, @(f) disp(f.State)); g = then(p, @(v) v * 2); complete(p, 4); on_success(p, @(v) disp('late')); disp('before'); disp(await(p)); disp(await(g));"#,
        "before\n1:4\nsuccess\nlate\n     4\n     8\n",
    )]);
}

#[test]
fn then() {
    check(&[(
        r#"p = promise(); g = then(p, @(v) v); fail(p, MException('a:b', 'c')); try, await(g); catch e, disp(e.identifier), end, disp(g.State)
p = promise(); g = then(p, @(v) v); cancel(p); try, await(g); catch e, disp(e.identifier), end, disp(g.State)
p = promise(); g = then(p, @(v) error('t:h', 'en')); complete(p, 1); try, await(g); catch e, disp(e.identifier), end, disp(g.State)
p = promise(); g = then(p, @(v) sleep_async(1)); complete(p, 1); disp(await(g)); disp(g.State)"#,
        "a:b\nfailure\nasync:Cancelled\ncancelled\nt:h\nfailure\nsuccess\n",
    )]);
}

#[test]
fn throwing_callback() {
    check(&[(
        r#"p = promise(); on_success(p, @(v) error('c:b', 'boom')); on_success(p, @(v) disp('next')); complete(p, 1); disp(await(p))"#,
        "next\n     1\n[async:UnhandledFailure: A callback failed and nobody handled it: boom]\n",
    )]);
}

#[test]
fn callback_waits() {
    check(&[(
        r#"p = promise(); on_success(p, @(v) slow(v)); on_success(p, @(v) disp('second'));
function slow(v), disp('start'); pause(1); fprintf('end %d\n', v); end
complete(p, 4); tic; disp(await(p)); fprintf('%g\n', toc);"#,
        "start\nend 4\nsecond\n     4\n1\n",
    )]);
}

#[test]
fn late_registration() {
    check(&[(
        r#"p = promise(); complete(p, 1); disp(await(p)); on_complete(p, @(f) disp(['late ' f.State])); disp('not yet'); await(p); disp('after');
q = promise(); cancel(q); on_failure(q, @(e) disp('no')); on_success(q, @(v) disp('no')); on_complete(q, @(f) disp(f.State)); try, await(q); catch e, disp(e.identifier), end
r = promise(); on_complete(r, @(f) on_complete(f, @(g) disp('nested'))); complete(r, 1); await(r); disp('r');"#,
        "     1\nnot yet\nlate success\nafter\ncancelled\nasync:Cancelled\nnested\nr\n",
    )]);
}

#[test]
fn callbacks_release() {
    check(&[(
        r#"function r = mk(s), r = onCleanup(@() disp(s)); end
p = promise(); o = mk('released'); on_success(p, @(v) numel({o})); clear o; complete(p, 1); await(p); disp('after'); disp(p.State);"#,
        "released\nafter\nsuccess\n",
    )]);
}
