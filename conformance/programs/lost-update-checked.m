% As lost-update.m, but the program itself fails when an update was lost.
m = containers.Map('KeyType', 'char', 'ValueType', 'double');
m('n') = 0;
a = spawn(bump(m));
b = spawn(bump(m));
await_all(a, b);
if m('n') ~= 2
  error('bank:LostUpdate', 'The sum is %d and not 2.', m('n'));
end

async function bump(m)
  seen = m('n');
  yield_now();
  m('n') = seen + 1;
end
