//! Joins and sets.

mod common;

use common::check;

#[test]
fn joins() {
    check(&[(
        r#"async function y = w(n, s), pause(s); if n < 0, error('w:neg', 'n%d', n); end, y = n; end
[v, i] = await_any(w(-1, 1), w(2, 2), w(3, 3)); fprintf('%d %d\n', v, i);
try, await_any(w(-1, 1), w(-2, 2)); catch e, fprintf('%s %d %s %s\n', e.identifier, numel(e.cause), e.cause{1}.message, e.cause{2}.message); end
try, await_any(); catch e, disp(e.identifier), end
disp(size(await_all({}))); 
try, race(w(-1, 1), w(2, 2)); catch e, disp(e.identifier), end
a = spawn(w(1, 5)); try, race(a, w(-1, 1)); catch e, disp(e.identifier), end, disp(a.State);
x = w(9, 9); [v, i] = race(x, w(2, 1)); disp(x.State);
try, await_all(w(1, 5), w(2, 6), 'Timeout', 1); catch e, disp(e.identifier), end
c = await_all({w(1, 1), 7, w(3, 0.5)}); disp(c{2});
js = joinset(); add(js, w(-1, 1)); add(js, w(2, 2)); disp(numel(js)); try, join_next(js); catch e, disp(e.identifier), end, disp(numel(js)); [v, i] = join_next(js); fprintf('%d %d\n', v, i); [v, i] = join_next(js); fprintf('%d %d\n', isempty(v), i);
js = joinset(); add(js, w(1, 9)); cancel_all(js); try, join_next(js); catch e, disp(e.identifier), end
fu = futures_unordered({w(1, 2), w(2, 1)}); push(fu, w(3, 0.5)); while numel(fu) > 0, [v, i] = next(fu); fprintf('%d@%d ', v, i); end
async function y = vv(n), y = n; end
a = spawn(vv(1)); b = spawn(vv(2)); pause(1); [v1, i1] = race(b, a); fprintf('%d %d\n', v1, i1);
try, await_all(w(-1, 2), w(-2, 1)); catch e, fprintf('%s %d\n', e.message, numel(e.cause)); end
spawn(w(5, 3)); spawn(w(6, 4)); tic; await_all(); fprintf('%g\n', toc);"#,
        "2 2\nasync:AllFailed 2 n-1 n-2\nasync:AllFailed\n     0     0\nw:neg\nw:neg\npending\ncancelled\nasync:Timeout\n     7\n     2\nw:neg\n     1\n2 2\n1 0\nasync:Cancelled\n3@3 2@2 1@1 2 1\nn-2 0\n4\n",
    )]);
}

#[test]
fn sets_of_waiters() {
    check(&[(
        r#"async function y = w(n, s), pause(s); y = n; end
async function take(js, n), [v, i] = join_next(js); fprintf('%d:%d@%d\n', n, v, i); end
js = joinset(); add(js, w(10, 2)); add(js, w(20, 1)); a = spawn(take(js, 1)); b = spawn(take(js, 2)); c = spawn(take(js, 3)); await_all(a, b, c); disp(numel(js));
js = joinset(); add(js, w(1, 1)); t = spawn(take(js, 9)); yield_now(); cancel(t); pause(2); [v, i] = join_next(js); fprintf('%d %d\n', v, i);
js = joinset(); add(js, w(1, 1)); add(js, w(2, 5)); pause(2); cancel_all(js); [v, i] = join_next(js); disp(v); try, join_next(js); catch e, disp(e.identifier), end, disp(numel(js))"#,
        "1:20@2\n2:10@1\n3:@0\n     0\n1 1\n     1\nasync:Cancelled\n     0\n",
    )]);
}
