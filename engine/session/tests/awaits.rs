//! Every position an `await` can stand in, and what awaits give.

mod common;

use common::check;

#[test]
fn timeout_others_waiting() {
    check(&[(
        r#"async function y = slow(), pause(1); y = 3; end
async function outer(f), try, await(f, 'Timeout', 0.5); catch e, disp(e.identifier); end, end
async function w(f), fprintf('w %d\n', await(f)); end
f = slow(); t = spawn(outer(f)); u = spawn(w(f)); 
await(t); disp(f.State); await(u); disp(f.State)"#,
        "async:Timeout\npending\nw 3\nsuccess\n",
    )]);
}

#[test]
fn timeout_0() {
    check(&[(
        r#"async function y = q(), y = 1; end
disp(await(q(), 'Timeout', 0));
async function y = s(), yield_now(); y = 1; end
try, await(s(), 'Timeout', 0); catch e, disp(e.identifier), end
p = promise(); try, await(p, 'Timeout', 0); catch e, disp(e.identifier), end"#,
        "     1\nasync:Timeout\nasync:Timeout\n",
    )]);
}

#[test]
fn timeouts_inf() {
    check(&[(
        r#"p = promise(); await(p, 'Timeout', Inf);"#,
        "error async:Deadlock: Deadlock: main waits for promise #2 of main, which nobody completes\n",
    )]);
}

#[test]
fn timeout_swallowed() {
    check(&[(
        r#"async function y = w(), try, pause(10); catch, end, disp('swallowed'); y = 5; end
f = w(); try, await(f, 'Timeout', 1); catch e, disp(e.identifier), end, disp(f.State)"#,
        "swallowed\nasync:Timeout\nsuccess\n",
    )]);
}

#[test]
fn timeout_on_started_task_does_not_cancel() {
    check(&[(
        r#"async function y = w(), pause(10); y = 5; end
f = spawn(w()); try, await(f, 'Timeout', 1); catch e, disp(e.identifier), end, disp(f.State); disp(await(f))"#,
        "async:Timeout\npending\n     5\n",
    )]);
}

#[test]
fn invalid_timeouts() {
    check(&[(
        r#"f = promise(); for s = {-1, NaN, 'x', [1 2]}, try, await(f, 'Timeout', s{1}); catch e, disp(e.identifier), end, end"#,
        "async:InvalidTimeout\nasync:InvalidTimeout\nasync:InvalidTimeout\nasync:InvalidTimeout\n",
    )]);
}

#[test]
fn flatten() {
    check(&[(
        r#"async function y = in(), yield_now(); y = 5; end
async function y = out(), y = in(); end
disp(await(out())); p = promise(); complete(p, in()); disp(await(p)); q = promise(); try, complete(q, q); await(q); catch e, disp(e.identifier), end
a = promise(); b = promise(); complete(a, b); try, complete(b, a); await(b); catch e, disp(e.identifier), end, disp(a.State)
try, complete(a, 1); catch e, disp(e.identifier), end"#,
        "     5\n     5\nasync:SelfResolution\nasync:SelfResolution\nfailure\nasync:AlreadyCompleted\n[async:UnhandledFailure: A future failed and nobody handled it: A future cannot be resolved with itself.]\n",
    )]);
}

#[test]
fn positions() {
    check(&[(
        r#"async function varargout = m(varargin), yield_now(); for i = 1:nargout, varargout{i} = varargin{i}; end, if nargout == 0, varargout = varargin; end, end
async function y = one(x), yield_now(); y = x; end
async function [a, b] = two(), yield_now(); a = 1; b = 2; end
x = [await(one(1)), await(one(2)); await(one(3)), 4]; disp(x);
c = {await(one('a')), await(one({5}))}; disp(numel(c));
z = 10:10:50; disp(z(await(one(2)))); disp(z(end - await(one(1)))); z(await(one(3))) = await(one(99)); disp(z(3)); z(end + await(one(1))) = 7; disp(numel(z));
if await(one(true)) && await(one(true)), disp('and'), end
if await(one(false)) || await(one(true)), disp('or'), end
for i = await(one(1)):await(one(2)), fprintf('%d ', i); end
for i = await(one([7 8])), fprintf('%d ', i); end
k = 0; while await(one(k < 2)), k = k + 1; end, disp(k)
switch await(one('b')), case 'a', disp('A'), case {await(one('b')), 'c'}, disp('B'), end
[p, q] = await(two()); disp(p + q);
s.a = await(one(3)); s.(await(one('f'))) = 4; disp(s.a + s.f);
c = {1, 2, 3}; disp(max(c{await(one(1)):await(one(2))}));
disp(sum([c{:}, await(one(4))]));
w = await(one(await(one(await(one(5)))))); disp(w)
fprintf('%d %d %d\n', await(one(1)), c{2:3}, await(one(9)));
t = true; t = t && await(one(false)); disp(t)
disp(await(7)); disp(await('abc')); st = struct('State', 'pending', 'ID', 1); r = await(st); disp(r.State); disp(isa(one(1), 'future'));
[u, v] = deal(await(one(1)), await(one(2))); disp(u - v);
try, [a, b] = await(7); catch e, disp(e.identifier), end
try, [a, b] = await(one(1)); catch e, disp(e.identifier), end
try, await(one(error('in:arg', 'x'))); catch e, disp(e.identifier), end
x = await(one(1)) + await(one(2)) * await(one(3)); disp(x)
s = struct('v', {await(one(1)), await(one(2))}); disp(numel(s)); disp(s(await(one(2))).v)
z = -await(one(3))'; disp(z)"#,
        "     1     2\n     3     4\n     2\n    20\n    40\n    99\n     6\nand\nor\n1 2 7 8      2\nB\n     3\n     7\n     2\n    10\n     5\n1 2 3\n9    0\n     7\nabc\npending\n   1\n    -1\nMATLAB:maxlhs\nMATLAB:TooManyOutputs\nMATLAB:maxlhs\n     7\n     2\n     2\n    -3\n",
    )]);
}

#[test]
fn async_blocks() {
    check(&[(
        r#"k = 3; f = async @() k * 2; k = 4; disp(await(f));
f = async @() do
 for i = 1:3, yield_now(); end
 i + k;
end
disp(await(f));
f = async @() do
 yield_now();
end
disp(size(await(f)));"#,
        "     6\n     7\n     0     0\n",
    )]);
}

#[test]
fn await_kinds() {
    check(&[(
        r#"async function y = one(), yield_now(); y = 1; end
function varargout = many(), varargout = {1, 2}; end
f = one(); g = one(); disp(await(f) + await(g)); disp(f.State)
async function [a, b, c] = three(), a = 1; b = 'two'; c = {3}; end
h = three(); [a, b, c] = await(h); fprintf('%d %s %d\n', a, b, c{1}); [a, b] = await(h); disp(b); x = await(h); disp(x)
async function nothing(), yield_now(); end
n = nothing(); await(n); disp(n.State); try, x = await(n); catch e, disp(e.identifier), end
async function r = unset(), end
u = unset(); await(u); disp(u.State); try, x = await(u); catch e, disp(e.identifier), end
t = spawn(@() 5); disp(await(t)); t = spawn(@many); disp(await(t));
t = spawn(@one); disp(await(t));
try, await(), catch e, disp(e.identifier), end
try, await(1, 2), catch e, disp(e.identifier), end
try, await(one(), 'Limit', 2), catch e, disp(e.identifier), end"#,
        "     2\nsuccess\n1 two 3\ntwo\n     1\nsuccess\nMATLAB:TooManyOutputs\nsuccess\nMATLAB:unassignedOutputs\n     5\n     1\n     1\nMATLAB:minrhs\nMATLAB:maxrhs\nasync:InvalidArgument\n",
    )]);
}

#[test]
fn lists_and_ends() {
    check(&[(
        r#"async function y = id(x), yield_now(); y = x; end
function varargout = echo(varargin), varargout = varargin; end
c = {1, 2, 3}; d = {c{:}, await(id(4)), c{await(id(1)):end}}; disp(numel(d));
[p, q, r] = echo(c{1:2}, await(id(9))); disp(r);
m = magic(4); disp(m(end, await(id(2)))); disp(m(await(id(1)), end)); m(end + 1, :) = await(id(7)); disp(size(m, 1));
s = struct('a', {1, 2, 3}); v = [s.a, await(id(4))]; disp(v(end)); s(await(id(2))).a = await(id(20)); disp(s(2).a);
k.x = {5, 6}; disp(k.x{await(id(2))}); k.x{await(id(3))} = 'n'; disp(numel(k.x)); k.x(await(id(1))) = []; disp(numel(k.x));
fprintf('%d,', await(id(1)), c{:}, await(id(5))); fprintf('\n');
mm = containers.Map(); mm('k') = await(id(3)); disp(mm(await(id('k'))));
g = @(varargin) numel(varargin); disp(g(c{:}, await(id(1))));
disp(any([await(id(0)), await(id(1))])); t = {await(id(1)), 'x'; await(id(2)), 'y'}; disp(size(t));
w = await(id([1 2 3]))'; disp(size(w)); z = await(id('ab')); disp([z, await(id('cd'))]);"#,
        "     7\n     9\n    14\n    13\n     5\n     4\n    20\n     6\n     3\n     2\n1,1,2,3,5,\n     3\n     4\n   1\n     2     2\n     3     1\nabcd\n",
    )]);
}
