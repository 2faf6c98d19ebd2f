% Three stages work at the same time, each on what the one before has handed over: a promise for each item
% is the belt between two of them, and whoever comes too early waits there.
items = {'to be', 'or not', 'to be that is', 'the question'};
n = numel(items);
read = belt(n);
counted = belt(n);
stages = {spawn(reader(items, read)), spawn(counter(read, counted)), spawn(printer(counted))};
await_all(stages);

function promises = belt(n)
  promises = cell(1, n);
  for k = 1:n
    promises{k} = promise();
  end
end

async function reader(items, out)
  for k = 1:numel(items)
    pause(0.01);                    % as if it came from far away
    complete(out{k}, items{k});
  end
end

async function counter(in, out)
  for k = 1:numel(in)
    text = await(in{k});
    words = sum(text == ' ') + 1;
    complete(out{k}, sprintf('%s (%d words)', text, words));
  end
end

async function printer(in)
  for k = 1:numel(in)
    disp(await(in{k}));
  end
end
