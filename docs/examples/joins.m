% Four ways to wait for several futures.
[value, index] = race(after('tortoise', 3), after('hare', 1));
fprintf('race: %s, number %d\n', value, index);

[value, index] = await_any(failing(1), after('second', 2));
fprintf('await_any: %s, number %d\n', value, index);

js = joinset();                   % owns its members
add(js, after('late', 2));
add(js, after('early', 1));
while numel(js) > 0
  [value, index] = join_next(js);
  fprintf('join_next: %s, number %d\n', value, index);
end

fu = futures_unordered({after('x', 2), after('y', 1)});
push(fu, after('z', 3));
for k = 1:3
  fprintf('next: %s\n', next(fu));
end

async function value = after(value, seconds)
  pause(seconds);
end

async function failing(seconds)
  pause(seconds);
  error('demo:failed', 'no luck');
end
