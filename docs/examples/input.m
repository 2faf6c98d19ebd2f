% Asking suspends the task that asks. When nobody answers that is an error with a name.
ticks = spawn(tick());
try
  name = input('Who is there? ', 's');
  fprintf('hello %s\n', name);
catch e
  disp(e.identifier);
end
await(ticks);

async function tick()
  pause(1);
  disp('tick');
end
