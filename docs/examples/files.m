% Three files are written and read at the same time; every one of them suspends its own task only.
names = {'a.txt', 'b.txt', 'c.txt'};
writes = cellfun(@(name) write_async(name, ['content of ' name]), names, 'UniformOutput', false);
await_all(writes);
reads = cellfun(@(name) read_async(name), names, 'UniformOutput', false);
texts = await_all(reads);
fprintf('%s\n', texts{:});
await_all(cellfun(@(name) delete_async(name), names, 'UniformOutput', false));
try
  fileread('a.txt');
catch e
  disp(e.identifier);
end
