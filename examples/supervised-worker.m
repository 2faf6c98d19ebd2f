% A worker that fails is started again, after a while that grows; one that hangs is given up. What other
% errors there are go to the caller.
attempts = containers.Map('KeyType', 'char', 'ValueType', 'double');
attempts('count') = 0;
result = await(supervise(@() worker(attempts), 5, 0.01));
fprintf('the worker says %s\n', result);

async function result = supervise(start, tries, wait)
  for k = 1:tries
    task = spawn(start(), 'Name', 'worker');
    try
      result = await(task, 'Timeout', 60);
      return
    catch e
      cancel(task);                 % it may be hanging still
      switch e.identifier
        case {'worker:Broken', 'async:Timeout'}
          fprintf('attempt %d: %s, again in %g s\n', k, e.identifier, wait);
          pause(wait);
          wait = 2 * wait;
        otherwise
          rethrow(e);
      end
    end
  end
  error('supervisor:GaveUp', 'The worker failed %d times.', tries);
end

async function result = worker(attempts)
  attempts('count') = attempts('count') + 1;
  pause(0.01);
  if attempts('count') < 3
    error('worker:Broken', 'A part is loose.');
  end
  result = 'done';
end
