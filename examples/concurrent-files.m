% Three files are written and read at the same time. What comes back is in the order of the arguments,
% whichever file was the quickest; a file that is missing fails its own future and no other.
names = {'one.txt', 'two.txt', 'three.txt'};
writes = cell(1, 3);
for k = 1:3
  writes{k} = write_async(names{k}, repmat('x', 1, 10 * k));
end
await_all(writes);

reads = {};
for k = 1:3
  reads{k} = read_async(names{k});
end
missing = read_async('missing.txt');
texts = await_all(reads, 'Timeout', 10);
for k = 1:3
  fprintf('%s has %d characters\n', names{k}, numel(texts{k}));
end

try
  await(missing);
catch e
  fprintf('%s: %s\n', e.identifier, e.message);
end

for k = 1:3
  delete(names{k});
end
