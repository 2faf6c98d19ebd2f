% Every task has random numbers of its own: what it draws does not depend on who runs first.
a = spawn(draw(), 'Name', 'a');
b = spawn(draw(), 'Name', 'b');
one = await_all(a, b);
fprintf('%d\n', one{1} ~= one{2});

async function x = draw()
  yield_now();
  x = rand();
end
