% A timeout is seen by whoever waits. A body that this await started is cancelled, and cleaned up first.
tic;
try
  await(slow(), 'Timeout', 0.5);
catch e
  fprintf('%s after %g s\n', e.identifier, toc);
end

t = spawn(slow());
try
  await_all(t, 'Timeout', 1);
catch e
  fprintf('%s, and the task is %s\n', e.identifier, t.State);
end
fprintf('%s\n', await(t));

try
  await(t, 'Timeout', -1);
catch e
  disp(e.identifier);
end

async function text = slow()
  text = 'done';
  try
    pause(10);
  finally
    disp('slow: cleaned up');
  end
end
