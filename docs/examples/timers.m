% Sleeping tasks sleep together: three times a second is a second.
tic;
await_all(naps(1), naps(1), naps(1));
fprintf('%g s\n', toc);

t = sleep_async(2);               % has begun; may be awaited, joined, raced, cancelled
disp(t.State);
await(t);
fprintf('%g s\n', toc);

async function naps(seconds)
  pause(seconds);
end
