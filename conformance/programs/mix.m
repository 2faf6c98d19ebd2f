% A mix of everything that waits, for as long as is wanted: the hour of virtual time and the soak run it.
seconds = 3600;                       % on the program's own clock
start = tic;
done = containers.Map('KeyType', 'char', 'ValueType', 'double');
kinds = {'files', 'timers', 'callbacks', 'cancels', 'joins', 'promises', 'circles', 'values'};
workers = {@files, @timers, @callbacks, @cancels, @joins, @promises, @circles, @values};
tasks = cell(1, numel(kinds));
for k = 1:numel(kinds)
  done(kinds{k}) = 0;
  tasks{k} = spawn(repeat(workers{k}, kinds{k}, done, start, seconds), 'Name', kinds{k});
end
await_all(tasks);
for k = 1:numel(kinds)
  invariant(done(kinds{k}) > 0, kinds{k});
end
disp('mixed');

async function repeat(worker, kind, done, start, seconds)
  while true                          % once at least
    await(worker(done(kind)));
    done(kind) = done(kind) + 1;
    if toc(start) >= seconds
      return
    end
    pause(1);
  end
end

async function files(round)
  name = sprintf('mix-%d.txt', mod(round, 3));
  text = repmat('x', 1, 100 + mod(round, 50));
  writes = {write_async(name, text), write_async(['other-' name], text)};
  await_all(writes);
  invariant(strcmp(fileread(name), text), 'what was written is read');
  read = read_async(['other-' name]);
  invariant(isfile(name), 'it is there');
  delete(name);
  await(read);
  await(delete_async(['other-' name]));
  try
    fileread(name);
    invariant(false, 'it is gone');
  catch e
    invariant(strcmp(e.identifier, 'io:NotFound'), 'and says so');
  end
end

async function timers(round)
  began = tic;
  sleeps = {sleep_async(0.3), sleep_async(0.1), sleep_async(0.2)};
  await_all(sleeps, 'Timeout', 1e6);
  invariant(toc(began) >= 0.3 - 1e-9, 'a sleep is never early');
  long = sleep_async(1e6);
  try
    await(long, 'Timeout', 0.1);
    invariant(false, 'the time runs out');
  catch e
    invariant(strcmp(e.identifier, 'async:Timeout'), 'and says so');
  end
  cancel(long);
end

async function callbacks(round)
  seen = containers.Map('KeyType', 'char', 'ValueType', 'double');
  seen('count') = 0;
  f = spawn(gives(round));
  on_success(f, @(value) bump(seen, value - round));
  on_complete(f, @(f) bump(seen, 1));
  on_failure(f, @(e) bump(seen, 1000));
  g = then(f, @(value) value + 1);
  invariant(await(g) == round + 2, 'then hands on');
  await(f);
  invariant(seen('count') == 2, 'each callback ran once');
end

function bump(seen, by)
  seen('count') = seen('count') + by;
end

async function y = gives(round)
  pause(0.05);
  y = round + 1;
end

async function cancels(round)
  log = containers.Map('KeyType', 'char', 'ValueType', 'double');
  log('cleaned') = 0;
  started = promise();
  t = spawn(sleeper(log, started));
  if mod(round, 2) == 0
    await(started);
  end
  cancel(t);
  try
    await(t);
    invariant(false, 'it was cancelled');
  catch e
    invariant(strcmp(e.identifier, 'async:Cancelled'), 'and says so');
  end
  invariant(log('cleaned') == strcmp(started.State, 'success'), 'what began was cleaned up');
end

async function sleeper(log, started)
  c = onCleanup(@() clean(log));
  complete(started, 1);
  child = spawn(nap());
  await(child);
end

function clean(log)
  pause(0.01);
  log('cleaned') = log('cleaned') + 1;
end

async function nap()
  pause(1e6);
end

async function joins(round)
  set = joinset();
  for k = 1:5
    add(set, fails_sometimes(k));
  end
  failures = 0;
  while numel(set) > 0
    try
      join_next(set);
    catch e
      invariant(strcmp(e.identifier, 'mix:Failed'), 'its own error');
      failures = failures + 1;
    end
  end
  invariant(failures == 2, 'the even ones fail');
  [value, index] = race(quick(), nap());
  invariant(value == 7 && index == 1, 'the quick one wins');
end

async function y = fails_sometimes(k)
  pause(0.01 * k);
  if mod(k, 2) == 0
    error('mix:Failed', 'Number %d.', k);
  end
  y = k;
end

async function y = quick()
  yield_now();
  y = 7;
end

async function promises(round)
  p = promise();
  t = spawn(settles(p, round));
  invariant(await(p) == round, 'the value is handed over');
  await(t);
  promise();                          % one that nobody settles, and nobody has
end

async function settles(p, round)
  pause(0.02);
  complete(p, round);
end

async function circles(round)
  for k = 1:20
    m = containers.Map();
    m('me') = m;
    f = async @() numel(m);
    m('future') = f;
    on_complete(f, @(f) numel(m));
    await(f);
    n = containers.Map();
    n('other') = m;
    m('other') = n;
  end
end

async function values(round)
  c = {};
  s = struct('numbers', {rand(20)}, 'text', 'abc');
  for k = 1:50
    c{end + 1} = struct('k', k, 'row', 1:k);
  end
  total = sum(cellfun(@(one) sum(one.row), c));
  invariant(total == 22100, 'sums add up');
  s.numbers(3, :) = 0;
  invariant(all(s.numbers(3, :) == 0), 'assigned');
end
