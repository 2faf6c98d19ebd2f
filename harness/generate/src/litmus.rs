//! Small fixed situations around cancellation, callbacks and hand-over, each with one right outcome.

use crate::helpers::Helper;

/// One of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Litmus {
    /// A cancelled task cleans up after its children have.
    CancelFamily,
    /// The loser of a race has children.
    RaceFamily,
    /// One awaiter of a body times out, the other gets its value, whoever started it.
    SharedTimeout,
    /// One awaiter of a body is cancelled, the other gets its value, whoever started it.
    SharedCancel,
    /// All members of a join set are cancelled.
    CancelAll,
    /// `await_all` runs out of time and stops what it started.
    AllTimeout,
    /// A task cancels itself.
    SelfCancel,
    /// A callback of a future cancels another task.
    CallbackCancels,
    /// Callbacks run in the order in which they were registered, one after another.
    CallbackOrder,
    /// A callback registered late runs before the next await returns.
    LateCallback,
    /// `then` passes a cancellation on.
    ThenCancelled,
    /// The result of a body is a future.
    Flatten,
    /// A promise follows a task.
    Follow,
    /// A task cancels another that waits for a promise, which is completed later.
    CancelWaiting,
    /// Cleanup that a failure sets off gives way.
    CleanupAwaits,
    /// A global counter.
    Global,
    /// Work on the device, and a readback.
    Gather,
    /// A readback as a future.
    GatherAsync,
}

impl Litmus {
    /// All of them.
    pub const ALL: [Litmus; 18] = [
        Litmus::CancelFamily,
        Litmus::RaceFamily,
        Litmus::SharedTimeout,
        Litmus::SharedCancel,
        Litmus::CancelAll,
        Litmus::AllTimeout,
        Litmus::SelfCancel,
        Litmus::CallbackCancels,
        Litmus::CallbackOrder,
        Litmus::LateCallback,
        Litmus::ThenCancelled,
        Litmus::Flatten,
        Litmus::Follow,
        Litmus::CancelWaiting,
        Litmus::CleanupAwaits,
        Litmus::Global,
        Litmus::Gather,
        Litmus::GatherAsync,
    ];

    pub(crate) fn needs(self) -> &'static [Helper] {
        match self {
            Litmus::CancelFamily => &[Helper::Family],
            Litmus::RaceFamily => &[Helper::Family, Helper::Nap],
            Litmus::SharedTimeout | Litmus::SharedCancel => &[Helper::Waiter, Helper::Nap],
            Litmus::CancelAll | Litmus::ThenCancelled => &[Helper::Sleepy],
            Litmus::AllTimeout => &[Helper::Nap],
            Litmus::SelfCancel => &[Helper::Selfish],
            Litmus::CallbackCancels => &[Helper::Sleepy, Helper::Nap],
            Litmus::CallbackOrder | Litmus::LateCallback => &[Helper::SlowNote, Helper::Nap],
            Litmus::Flatten | Litmus::Follow => &[Helper::Countdown],
            Litmus::CancelWaiting => &[Helper::Waiter],
            Litmus::CleanupAwaits => &[Helper::SlowNote, Helper::Untidy],
            Litmus::Global => &[Helper::Count],
            Litmus::Gather | Litmus::GatherAsync => &[],
        }
    }

    /// Its statements; `#` stands for the number of the statement, `TO` for the local that gets the
    /// result.
    pub(crate) fn text(self) -> &'static str {
        match self {
            Litmus::CancelFamily => {
                "w# = containers.Map('KeyType', 'char', 'ValueType', 'double'); w#('x') = 0;
f# = spawn(family(w#));
pause(0.002);
cancel(f#);
try
  await(f#);
catch e#
  TO = mod(TO + numel(e#.identifier), 1009);
end
TO = mod(TO + w#('x'), 1009);
"
            }
            Litmus::RaceFamily => {
                "w# = containers.Map('KeyType', 'char', 'ValueType', 'double'); w#('x') = 0;
[v#, x#] = race(family(w#), nap(m, 0.003, 4));
TO = mod(TO + v# * x# + w#('x'), 1009);
"
            }
            Litmus::SharedTimeout => {
                "f# = nap(m, 0.009, 5);
g# = spawn(waiter(f#));
try
  await(f#, 'Timeout', 0.004);
catch e#
  TO = mod(TO + numel(e#.identifier), 1009);
end
TO = mod(TO + await(g#), 1009);
"
            }
            Litmus::SharedCancel => {
                "f# = nap(m, 0.009, 5);
g# = spawn(async @() await(f#)); h# = spawn(waiter(f#));
pause(0.003);
cancel(g#);
try
  await(g#);
catch e#
  TO = mod(TO + numel(e#.identifier), 1009);
end
TO = mod(TO + await(h#) + numel(g#.State), 1009);
"
            }
            Litmus::CancelAll => {
                "j# = joinset();
for i# = 1:3, add(j#, sleepy(m, i# == 2)); end
pause(0.002);
cancel_all(j#);
s# = 0;
for i# = 1:3
  try
    v# = join_next(j#);
    s# = s# + v# * 100;
  catch e#
    s# = s# + numel(e#.identifier);
  end
end
v# = 0; e# = 0;
TO = mod(TO + s# + numel(j#), 1009);
"
            }
            Litmus::AllTimeout => {
                "f# = nap(m, 0.002, 1); g# = spawn(nap(m, 0.008, 2)); h# = nap(m, 0.009, 3);
try
  await_all(f#, g#, h#, 'Timeout', 0.005);
catch e#
  TO = mod(TO + numel(e#.identifier), 1009);
end
TO = mod(TO + numel(f#.State) + 10 * numel(h#.State) + await(g#), 1009);
"
            }
            Litmus::SelfCancel => {
                "w# = containers.Map('KeyType', 'char', 'ValueType', 'any'); w#('x') = 0;
f# = spawn(selfish(w#)); w#('f') = f#;
try
  await(f#);
catch e#
  TO = mod(TO + numel(e#.identifier), 1009);
end
TO = mod(TO + w#('x'), 1009);
w#('f') = 0;
"
            }
            Litmus::CallbackCancels => {
                "f# = spawn(nap(m, 0.002, 4)); g# = spawn(sleepy(m, true));
on_success(f#, @(v) cancel(g#));
TO = mod(TO + await(g#) + await(f#), 1009);
"
            }
            Litmus::CallbackOrder => {
                "w# = containers.Map('KeyType', 'char', 'ValueType', 'double'); w#('x') = 0;
f# = spawn(nap(m, 0.001, 4));
on_success(f#, @(v) slow_note(w#, v));
on_complete(f#, @(g) note(w#, 2));
on_success(f#, @(v) slow_note(w#, 3));
on_failure(f#, @(e) note(w#, 1));
TO = mod(TO + await(f#) + w#('x'), 1009);
"
            }
            Litmus::LateCallback => {
                "w# = containers.Map('KeyType', 'char', 'ValueType', 'double'); w#('x') = 0;
f# = spawn(nap(m, 0.001, 4));
await(f#);
on_success(f#, @(v) slow_note(w#, v));
on_complete(f#, @(g) note(w#, 2));
TO = mod(TO + await(f#) + w#('x'), 1009);
"
            }
            Litmus::ThenCancelled => {
                "f# = spawn(sleepy(m, false)); g# = then(f#, @(v) v + 1);
pause(0.002);
cancel(f#);
try
  await(g#);
catch e#
  TO = mod(TO + numel(e#.identifier), 1009);
end
TO = mod(TO + numel(g#.State) + numel(f#.State), 1009);
"
            }
            Litmus::Flatten => {
                "f# = spawn(async @() async @() countdown(3));
g# = async @() spawn(countdown(4));
TO = mod(TO + await(f#) + await(g#), 1009);
"
            }
            Litmus::Follow => {
                "p# = promise(); q# = promise();
complete(q#, p#);
complete(p#, spawn(countdown(5)));
TO = mod(TO + await(q#) + await(p#), 1009);
"
            }
            Litmus::CancelWaiting => {
                "p# = promise();
f# = spawn(async @() await(p#)); g# = spawn(waiter(p#));
pause(0.001);
cancel(f#);
complete(p#, 6);
try
  TO = mod(TO + await(f#), 1009);
catch e#
  TO = mod(TO + numel(e#.identifier), 1009);
end
TO = mod(TO + await(g#), 1009);
"
            }
            Litmus::CleanupAwaits => {
                "w# = containers.Map('KeyType', 'char', 'ValueType', 'double'); w#('x') = 0;
f# = spawn(untidy(w#));
try
  await(f#);
catch e#
  TO = mod(TO + numel(e#.message) + 10 * numel(e#.cause), 1009);
end
TO = mod(TO + w#('x'), 1009);
"
            }
            Litmus::Global => {
                "await_all(count(3), count(4), async @() count_now(5));
TO = mod(TO + 1, 1009);
"
            }
            Litmus::Gather => {
                "d# = gpuArray([TO 2 3]);
d# = d# * 2 + 1;
TO = mod(TO + sum(gather(d#)), 1009);
d# = 0;
"
            }
            Litmus::GatherAsync => {
                "d# = gpuArray([TO 2 3]);
f# = gather_async(d# + 1); g# = gather_async(d# .* d#);
TO = mod(TO + sum(await(g#)) + sum(await(f#)), 1009);
d# = 0;
"
            }
        }
    }
}
