% Calling an async function makes a future. Its body runs when somebody awaits or spawns it, and once.
f = square(7);
disp(f.State);
fprintf('%d\n', await(f));
fprintf('%d\n', await(f));        % kept: the body does not run again
disp(f.State);
fprintf('%d\n', await(5));        % what is no future is its own value

async function y = square(x)
  disp('working');
  y = x * x;
end
