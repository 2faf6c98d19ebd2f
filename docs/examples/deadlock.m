% When everybody waits for somebody, the script is told so, in words.
p = promise();
t = spawn(waits_for(p), 'Name', 'waiter');
try
  await(t);
catch e
  disp(e.identifier);
  disp(e.message);
end
complete(p, 1);                   % the error was the script's; the task still waits, and can go on
await(t);

async function waits_for(p)
  await(p);
  disp('waiter: at last');
end
