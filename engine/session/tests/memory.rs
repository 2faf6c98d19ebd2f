//! What pending work costs in memory, in all: a counting allocator looks while everybody waits.

use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};
use std::cell::Cell;
use std::rc::Rc;
use tourbillon_host::{Decision, Policy, ReadyTasks};
use tourbillon_session::{Session, SessionOptions, testing};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<std::alloc::System> = &INSTRUMENTED_SYSTEM;

/// Bytes on the heap.
fn heap() -> usize {
    let stats = ALLOCATOR.stats();
    stats.bytes_allocated - stats.bytes_deallocated
}

/// Looks at the heap when nobody can run for the first time.
struct Look {
    policy: Rc<dyn Policy>,
    bytes: Rc<Cell<usize>>,
}

impl Policy for Look {
    fn next(&self, ready: ReadyTasks<'_>) -> Decision {
        if ready.is_empty() && self.bytes.get() == 0 {
            self.bytes.set(heap());
        }
        self.policy.next(ready)
    }
}

/// Bytes on the heap while the program's `n` futures are pending, and those after its session is closed,
/// both less what was there before.
fn bytes(program: &str, n: usize) -> (usize, usize) {
    let before = heap();
    let seen = Rc::new(Cell::new(0));
    {
        let (host, policy) = testing::offline();
        let bytes = seen.clone();
        let policy = Rc::new(Look { policy, bytes });
        let session = Session::new(host, policy, None, SessionOptions::default());
        let program = program.replace('N', &n.to_string());
        let result = testing::block_on(session.execute(&program));
        assert!(result.error.is_none(), "{:?}", result.error);
        drop(result);
        let closed = testing::block_on(session.close());
        assert!(closed.is_ok());
        // The session itself is still there.
        let after = heap();
        (seen.get() - before, after - before)
    }
}

/// The most that each may take.
const LIMIT_BYTES: usize = 1024;

/// Programs with `N` times so many pending futures; a task counts with its future, its stack, its
/// label, and what it waits with. Nobody can run while the root task pauses.
const PROGRAMS: [(&str, usize, &str); 8] = [
    (
        "a task that waits for a promise",
        1,
        "p = promise(); for i = 1:N, spawn(waits(p)); end, pause(1); complete(p, 0);\n\
         async function waits(p), await(p); end",
    ),
    (
        "a task with arguments and variables that waits for a promise",
        1,
        "p = promise(); for i = 1:N, spawn(waits(p, i, 'a')); end, pause(1); complete(p, 0);\n\
         async function x = waits(p, i, s), a = i; b = a * 2; c = [s 'b']; x = await(p) + a + b; end",
    ),
    (
        "an anonymous async function that waits for a promise",
        1,
        "p = promise(); for i = 1:N, spawn(async @() await(p)); end, pause(1); complete(p, 0);",
    ),
    (
        "two bodies, one of which awaits the other",
        2,
        "p = promise(); for i = 1:N, spawn(outer(p)); end, pause(1); complete(p, 0);\n\
         async function x = outer(p), x = await(inner(p)); end\n\
         async function x = inner(p), x = await(p); end",
    ),
    (
        "a task that pauses",
        1,
        "for i = 1:N, spawn(pauses()); end, pause(0.5);\n\
         async function pauses(), pause(1); end",
    ),
    (
        "a task that pauses two calls deep, with variables",
        1,
        "for i = 1:N, spawn(pauses(i)); end, pause(0.5);\n\
         async function x = pauses(i), x = middle(i + 1); x = x + i; end\n\
         function y = middle(i), a = i; b = a * 2; pause(1); y = a + b; end",
    ),
    (
        "a promise",
        1,
        "c = cell(1, N); for i = 1:N, c{i} = promise(); end, pause(1); c = {};",
    ),
    (
        "a sleep",
        1,
        "c = cell(1, N); for i = 1:N, c{i} = sleep_async(1); end, pause(0.5); await_all(c); c = {};",
    ),
];

/// One test, since the counts are those of the whole process.
#[test]
#[allow(
    clippy::print_stdout,
    reason = "docs/figures.md has these numbers from here"
)]
fn what_is_pending_costs_the_same_in_any_number_and_gives_it_back() {
    for (what, futures, program) in PROGRAMS {
        let (none, _) = bytes(program, 0);
        for n in [1_000, 100_000] {
            let (pending, closed) = bytes(program, n);
            let each = (pending - none) / (n * futures);
            println!(
                "{what}: {each} bytes for each future at {n}, {closed} left to the closed session"
            );
            assert!(each <= LIMIT_BYTES, "{what}: {each} bytes at {n}");
            // What a session keeps for the next execution does not grow with what this one had.
            assert!(
                closed < 1_000_000,
                "{what}: {closed} bytes are kept after {n}"
            );
        }
    }
    dropped_sessions_leave_nothing();
}

/// What only cycles keep alive goes with a session that nobody closed.
fn dropped_sessions_leave_nothing() {
    let programs = [
        "m = containers.Map(); m('self') = m; m('much') = zeros(1, 10000);",
        "m = containers.Map(); m('self') = m; m('much') = zeros(1, 10000); clear m",
        "global g; g = containers.Map(); g('self') = {g, zeros(1, 10000)};",
        "p = promise(); m = containers.Map(); m('p') = p; m('much') = zeros(1, 10000); on_complete(p, @(f) m);",
    ];
    for program in programs {
        let run = || {
            let (host, policy) = testing::offline();
            let session = Session::new(host, policy, None, SessionOptions::default());
            let result = testing::block_on(session.execute(program));
            assert!(result.error.is_none(), "{:?}", result.error);
        };
        run();
        let before = heap();
        (0..10).for_each(|_| run());
        // One that stays is 80 kB.
        let kept = heap().saturating_sub(before);
        assert!(kept < 40_000, "{kept} bytes are kept: {program}");
    }
}
