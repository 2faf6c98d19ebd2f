% To cancel is to ask: the body hears it where it waits, as an exception that it may catch.
started = promise();
t = spawn(worker(started));
await(started);
fprintf('asked: %d\n', cancel(t));
fprintf('asked again: %d\n', cancel(t));
try
  await(t);
catch e
  fprintf('%s, state %s\n', e.identifier, t.State);
end

never = after_midnight();
cancel(never);                    % a body that has not begun never does
disp(never.State);

async function worker(started)
  complete(started, 1);
  try
    pause(100);
  catch e
    fprintf('caught %s\n', e.identifier);
  end
  pause(100);                     % throws again: whoever was asked to stop is not let wait
  disp('never');
end

async function after_midnight()
  disp('never');
end
