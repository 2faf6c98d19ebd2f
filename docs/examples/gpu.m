% Arithmetic on device values stays on the device; reading back suspends.
g = gpuArray([1 2 3 4]);
h = g .* g + 1;
other = spawn(meanwhile());
x = gather(h);
disp(x);
total = await(gather_async(sum(h)));
fprintf('%d\n', total);
await(other);

async function meanwhile()
  yield_now();
end
