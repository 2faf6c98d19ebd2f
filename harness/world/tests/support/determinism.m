tasks = {};
for i = 1:3
  tasks{end+1} = spawn(worker(i), 'Name', sprintf('worker %d', i));
end
r = await_all(tasks{:});
fprintf('%d ', r{:});
s = input('? ', 's');
fprintf('%s\n', s);
async function n = worker(i)
  text = fileread(sprintf('%d.txt', i));
  pause(0.01 * i);
  w = write_async('out.txt', text);
  on_success(w, @(v) fprintf('<%d>', i));
  yield_now();
  await(w);
  fprintf('%s', fileread('out.txt'));
  n = numel(text);
end
