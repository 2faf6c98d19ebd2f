% Both tasks change the n of the body around them.
fprintf('%d\n', await(total()));

async function n = total()
  n = 0;
  await_all(add(1), add(10));

  async function add(k)
    yield_now();
    n = n + k;
  end
end
