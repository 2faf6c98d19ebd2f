% Timers, files and input at once: three tasks whose operations complete in many orders.
log = containers.Map('KeyType', 'char', 'ValueType', 'any');
log('lines') = {};
a = spawn(tick(log), 'Name', 'tick');
b = spawn(store(log), 'Name', 'store');
c = spawn(ask(log), 'Name', 'ask');
await_all(a, b, c);
lines = log('lines');
for k = 1:numel(lines)
  disp(lines{k});
end

async function tick(log)
  for k = 1:3
    pause(0.01 * k);
    note(log, sprintf('tick %d', k));
  end
end

async function store(log)
  await(write_async('notes.txt', 'one line'));
  text = await(read_async('notes.txt'));
  await(delete_async('notes.txt'));
  note(log, ['stored ' text]);
end

async function ask(log)
  try
    answer = await(input_async('name? '));
    note(log, ['hello ' answer]);
  catch e
    note(log, ['nobody: ' e.identifier]);
  end
end

function note(log, line)
  lines = log('lines');
  lines{end + 1} = line;
  log('lines') = lines;
end
