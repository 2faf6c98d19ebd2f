% A ready task of a higher class runs first. Within a class the language promises no order.
a = spawn(says('idle'), 'Priority', 'idle');
b = spawn(says('normal'));
c = spawn(says('critical'), 'Priority', 'critical');
await_all(a, b, c);

async function says(text)
  disp(text);
end
