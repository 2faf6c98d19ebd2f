% Four tasks search a quarter each. The first that finds the number wins; the others are asked to stop,
% and each of them cleans up before the search goes on.
log = containers.Map('KeyType', 'char', 'ValueType', 'double');
log('cleaned') = 0;
quarters = cell(1, 4);
for k = 1:4
  quarters{k} = search(1000 * (k - 1), 2718, log);
end
[found, index] = await_any(quarters);
fprintf('%d is in quarter %d\n', found, index);
states = cellfun(@(f) f.State, quarters, 'UniformOutput', false);
disp(strjoin(states, ', '));
fprintf('%d searches cleaned up\n', log('cleaned'));

async function number = search(first, wanted, log)
  done = onCleanup(@() count(log));
  for number = first:first + 999
    if number == wanted
      return
    end
    if mod(number, 100) == 99
      pause(0.01);                  % gives way, and hears here that it is to stop
    end
  end
  pause(3600);                      % nothing here
  error('search:NotFound', 'No %d.', wanted);
end

function count(log)
  log('cleaned') = log('cleaned') + 1;
end
