% A failure that nobody looks at is reported when the execution ends; it does not end the others.
t = spawn(fails());
await(sleep_async(1));
disp('the script has ended well');

async function fails()
  error('demo:forgotten', 'nobody asked');
end
