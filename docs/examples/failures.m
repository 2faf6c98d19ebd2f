% A join that fails cancels the members that it started, waits for their cleanup, and throws.
try
  await_all(failing('first', 1), failing('second', 2), patient());
catch e
  fprintf('%s: %s\n', e.identifier, e.message);
end

try
  await_any(failing('one', 1), failing('two', 2));
catch e
  fprintf('%s with %d causes\n', e.identifier, numel(e.cause));
  fprintf('%s\n', e.cause{2}.message);
end

async function failing(name, seconds)
  pause(seconds);
  error('demo:failed', 'the %s one', name);
end

async function patient()
  try
    pause(100);
  finally
    disp('patient: cleaned up');
  end
end
