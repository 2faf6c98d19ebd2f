% Two tasks read a shared number, give way, and write it back one larger. When both read before either
% writes, one of the updates is lost.
m = containers.Map('KeyType', 'char', 'ValueType', 'double');
m('n') = 0;
a = spawn(bump(m));
b = spawn(bump(m));
await_all(a, b);
fprintf('%d\n', m('n'));

async function bump(m)
  seen = m('n');
  yield_now();
  m('n') = seen + 1;
end
