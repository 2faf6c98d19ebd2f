% Between two places that may suspend nothing else runs: this counter needs no lock.
m = containers.Map();
m('n') = 0;
tasks = cell(1, 5);
for k = 1:5
  tasks{k} = spawn(bump(m));
end
await_all(tasks);
fprintf('%d\n', m('n'));

async function bump(m)
  for k = 1:3
    m('n') = m('n') + 1;          % read and written in one step
    yield_now();                  % others may run here, and only here
  end
end
