% As lost-update.m, but each task reads and writes without giving way in between: nothing is lost.
m = containers.Map('KeyType', 'char', 'ValueType', 'double');
m('n') = 0;
a = spawn(bump(m));
b = spawn(bump(m));
await_all(a, b);
fprintf('%d\n', m('n'));

async function bump(m)
  yield_now();
  m('n') = m('n') + 1;
end
