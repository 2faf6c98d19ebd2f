% Identifier, message, stack and causes of an error are kept across every await.
try
  await(outer());
catch e
  fprintf('%s: %s\n', e.identifier, e.message);
  for k = 1:numel(e.stack)
    fprintf('  in %s, line %d\n', e.stack(k).name, e.stack(k).line);
  end
  fprintf('because of %s\n', e.cause{1}.identifier);
end

async function outer()
  await(inner());
end

async function inner()
  pause(1);
  try
    x = [1 2 3];
    x(7)
  catch cause
    e = MException('demo:lookup', 'no entry %d', 7);
    throw(addCause(e, cause));
  end
end
