% A promise is a future that somebody settles by hand.
p = promise();
t = spawn(waiter(p));
complete(p, 'the news');
await(t);
try
  complete(p, 'other news');
catch e
  disp(e.identifier);
end
disp(await(p));

q = promise();
fail(q, MException('demo:bad', 'bad news'));
try
  await(q);
catch e
  fprintf('%s: %s\n', e.identifier, e.message);
end

async function waiter(p)
  fprintf('heard %s\n', await(p));
end
