% A pipeline: one task makes items, one works on them, and a promise for each hands them on.
n = 4;
slots = cell(1, n);
for k = 1:n
  slots{k} = promise();
end
maker = spawn(make(slots));
worker = spawn(work(slots));
await_all(maker, worker);

async function make(slots)
  for k = 1:numel(slots)
    pause(0.1);
    complete(slots{k}, k);
  end
end

async function work(slots)
  for k = 1:numel(slots)
    item = await(slots{k});
    fprintf('item %d gives %d\n', item, item ^ 2);
  end
end
