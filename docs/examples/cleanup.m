% Cleanup runs once, whatever happens, and may wait even when the task was cancelled.
started = promise();
t = spawn(holder(started));
await(started);
cancel(t);
try
  await(t);
catch e
  disp(e.identifier);
end
fprintf('%s\n', fileread('log.txt'));
delete('log.txt');

async function holder(started)
  guard = onCleanup(@() disp('3: onCleanup, when the function is left'));
  try
    unwind_protect
      complete(started, 1);
      pause(100);
    unwind_protect_cleanup
      disp('1: unwind_protect_cleanup');
    end_unwind_protect
  finally
    disp('2: finally');
    filewrite('log.txt', 'written while cancelled');
  end
end
