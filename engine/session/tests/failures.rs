//! Errors: stacks, causes, rethrown ones, and failures that nobody sees.

mod common;

use common::check;

#[test]
fn lasterr_per_task() {
    check(&[(
        r#"async function a(), try, error('a:a', 'A'); catch, pause(1); try, rethrow(); catch e, disp(e.identifier); end, end, end
async function b(), pause(0.5); try, error('b:b', 'B'); catch, end, end
await_all(a(), b());"#,
        "a:a\n",
    )]);
}

#[test]
fn unhandled_forms() {
    check(&[(
        r#"async function w(), error('u:h', 'x'); end
a = spawn(w()); b = spawn(w()); c = spawn(w()); d = spawn(w()); on_failure(b, @(e) disp('seen')); pause(1); c.Error.identifier, try, await(d); catch, end"#,
        "seen\n\nans =\n\n    'u:h'\n\n[async:UnhandledFailure: A future failed and nobody handled it: x]\n",
    )]);
}

#[test]
fn stacks() {
    check(&[(
        r#"async function y = inner(), yield_now(); error('s:t', 'x'); y = 1; end
async function y = mid(), y = await(inner()); end
function thrower(), error('p:q', 'z'); end
async function y = outer(), t = spawn(mid()); y = await(t); end
try, await(outer()); catch e, for i = 1:numel(e.stack), fprintf('%s ', e.stack(i).name); end, fprintf('\n'); end
try, thrower(); catch e, for i = 1:numel(e.stack), fprintf('%s ', e.stack(i).name); end, fprintf('\n'); end
try, await_all(inner(), inner()); catch e, fprintf('%s %d\n', e.identifier, numel(e.cause)); for i = 1:numel(e.stack), fprintf('%s ', e.stack(i).name); end, end"#,
        "inner mid outer main \nthrower main \ns:t 1\ninner main ",
    )]);
}

#[test]
fn rethrow_identity() {
    check(&[(
        r#"function f(), error('a:b', 'c'); end
try, try, f(); catch e, n = numel(e.stack); pause(1); rethrow(e); end, catch e2, fprintf('%d %d %s\n', n, numel(e2.stack), e2.message); end
try, try, f(); catch e, e = addCause(e, MException('c:d', 'k')); rethrow(e); end, catch e2, disp(e2.cause{1}.identifier); end"#,
        "2 2 c\nc:d\n",
    )]);
}

#[test]
fn finally_forms() {
    check(&[(
        r#"for i = 1:3, try, if i == 2, continue, end, if i == 3, break, end, disp(i); finally, fprintf('f%d\n', i); end, end
function y = r(), try, y = 1; return; finally, disp('fin'); end, end
disp(r());
try, try, error('a:a', '1'); catch e, error('b:b', '2'); finally, disp('fin2'); end, catch e, disp(e.identifier), end
try, try, error('a:a', '1'); finally, error('b:b', '2'); end, catch e, fprintf('%s<-%s\n', e.identifier, e.cause{1}.identifier); end
function y = q(), for i = 1:2, unwind_protect, error('x:x', 'x'); unwind_protect_cleanup, try, error('y:y', 'y'); catch, end, end_unwind_protect, end, end
try, q(); catch e, disp(e.identifier), end"#,
        "     1\nf1\nf2\nf3\nfin\n     1\nfin2\nb:b\nb:b<-a:a\nx:x\n",
    )]);
}

#[test]
fn recursion() {
    check(&[(
        r#"function r(n), r(n + 1); end
try, r(1); catch e, disp(e.identifier), end
async function ar(n), await(ar(n + 1)); end
try, await(ar(1)); catch e, disp(e.identifier), end
function cr(n), cellfun(@(x) cr(x), {n + 1}); end
try, cr(1); catch e, disp(e.identifier), end
function y = fr(f), y = f(f); end
try, fr(@(g) g(g)); catch e, disp(e.identifier), end
async function sp(n), if n > 0, await(spawn(sp(n - 1))); end, end
await(sp(2000)); disp('deep tasks');"#,
        "MATLAB:recursionLimit\nMATLAB:recursionLimit\nMATLAB:recursionLimit\nMATLAB:recursionLimit\ndeep tasks\n",
    )]);
}

#[test]
fn namespace_and_compile_errors() {
    check(&[(
        r#"try, eval('1'); catch e, disp(e.identifier), end
try, undefined_thing, catch e, disp(e.identifier), end"#,
        "MATLAB:UndefinedFunction\nMATLAB:UndefinedFunction\n",
    )]);
}

#[test]
fn catch_in_await() {
    check(&[(
        r#"async function y = bad(n), if n == 0, error('b:d', 'deep'); end, y = await(bad(n - 1)); end
for n = [1 10 64], try, await(bad(n)); catch e, fprintf('%s %d\n', e.identifier, numel(e.stack)); end, end
f = bad(0); try, await(f); catch a, end, try, await(f); catch b, end, disp(strcmp(a.message, b.message)); disp(isequal(numel(a.stack), numel(b.stack)));
async function y = heals(), try, y = await(bad(3)); catch, y = 'healed'; end, end
disp(await(heals()));
p = promise(); fail(p, 'only text'); try, await(p); catch e, fprintf('[%s] %s\n', e.identifier, e.message); end
p = promise(); fail(p, MException('a:b', 'c %d', 1)); e = p.Error; fprintf('%s %s\n', e.identifier, e.message);"#,
        "b:d 3\nb:d 12\nb:d 66\n   1\n   1\nhealed\n[] only text\na:b c 1\n",
    )]);
}
