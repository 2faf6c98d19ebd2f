% Callbacks run in the order of their registration, each once, and never inside the call that made them.
f = spawn(compute());
on_success(f, @(value) fprintf('first: %d\n', value));
on_failure(f, @(e) disp('never'));
on_complete(f, @(f) fprintf('second: %s\n', f.State));
g = then(f, @(value) value + 1);
disp('registered');
fprintf('then: %d\n', await(g));

on_success(f, @(value) disp('late, and it runs all the same'));
await(f);                         % returns when the callbacks so far have run
disp('end');

async function y = compute()
  pause(1);
  y = 41;
end
