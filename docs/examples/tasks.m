% A spawned future is a task: it runs beside its maker, which goes on at once.
a = spawn(wait_and_say('a', 0.2), 'Name', 'slow');
b = spawn(wait_and_say('b', 0.1));
fprintf('%s is %s\n', a.Name, a.State);
texts = await_all(a, b);          % in the order of the arguments, whoever ended first
disp(texts);
[text, times] = await(two_outputs());
fprintf('%s %d\n', text, times);

async function text = wait_and_say(text, seconds)
  pause(seconds);
  fprintf('%s after %g s\n', text, seconds);
end

async function [text, times] = two_outputs()
  text = 'again';
  times = 2;
end
