% Four jobs count at the same time, each in a session of its own. A fifth one is not needed any more.
for k = 4:-1:1
  f(k) = parfeval(backgroundPool, @primes_below, 1, 100 * k);
end
late = parfeval(backgroundPool, @() pause(60), 0);
disp(fetchOutputs(f)');
cancel(late);
try
  fetchOutputs(late);
catch e
  disp(e.identifier);
end

function n = primes_below(limit)
  n = 0;
  for k = 2:limit
    n = n + all(mod(k, 2:floor(sqrt(k))));
  end
end
