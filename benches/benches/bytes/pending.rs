//! I5: bytes of what is pending, counted by the allocator while nobody can run.

use std::future::Future;
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Waker};

use tourbillon_benches::bars::{Bar, Pace, Wanted};
use tourbillon_host::{Fifo, Host};
use tourbillon_host_native::{NativeHost, Runtime};
use tourbillon_session::{Session, SessionOptions, testing};

use crate::live_bytes;

/// Bytes of each at most.
const BAR: f64 = 1_024.0;

/// What there are `N` of, and how many futures are pending with each. All wait when the root task pauses, in a
/// policy that lets no time pass.
const PROGRAMS: [(&str, f64, &str); 8] = [
    (
        "a promise",
        1.0,
        "c = cell(1, N); for i = 1:N, c{i} = promise(); end, pause(1);",
    ),
    (
        "a sleep",
        1.0,
        "c = cell(1, N); for i = 1:N, c{i} = sleep_async(1); end, pause(1);",
    ),
    (
        "a task that waits for a promise",
        1.0,
        "p = promise(); for i = 1:N, spawn(waits(p)); end, pause(1);\n\
         async function waits(p), await(p); end",
    ),
    (
        "a task with arguments and variables that does",
        1.0,
        "p = promise(); for i = 1:N, spawn(waits(p, i, 'a')); end, pause(1);\n\
         async function x = waits(p, i, s), a = i; b = a * 2; c = [s 'b']; x = await(p) + a + b; end",
    ),
    (
        "an anonymous async function that does",
        1.0,
        "p = promise(); for i = 1:N, spawn(async @() await(p)); end, pause(1);",
    ),
    PAUSES,
    (
        "a task that pauses two calls deep, with variables",
        1.0,
        "for i = 1:N, spawn(pauses(i)); end, pause(0.5);\n\
         async function x = pauses(i), x = middle(i + 1); x = x + i; end\n\
         function y = middle(i), a = i; b = a * 2; pause(1); y = a + b; end",
    ),
    (
        "each of two bodies of a task, one of which awaits the other",
        2.0,
        "p = promise(); for i = 1:N, spawn(outer(p)); end, pause(1);\n\
         async function x = outer(p), x = await(inner(p)); end\n\
         async function x = inner(p), x = await(p); end",
    ),
];

const PAUSES: (&str, f64, &str) = (
    "a task that pauses",
    1.0,
    "for i = 1:N, spawn(pauses()); end, pause(1);\nasync function pauses(), pause(1); end",
);

pub fn bars(pace: Pace) -> Vec<Bar> {
    let mut bars = Vec::new();
    for (what, futures, program) in PROGRAMS {
        let of = |count| bytes(testing::offline().0, program, count);
        bars.extend(bars_of(what, futures, pace, of));
    }
    // The timers of a host with an outside are in it.
    let runtime = Runtime::start().expect("there is a thread");
    let (_, futures, program) = PAUSES;
    let of = |count| {
        let host = NativeHost::builder(&runtime).build();
        bytes(Rc::new(host), program, count)
    };
    bars.extend(bars_of(
        "a task that pauses, on the native host",
        futures,
        pace,
        of,
    ));
    bars.push(given_back(pace));
    bars
}

/// The bars of a few and of many.
fn bars_of(what: &str, futures: f64, pace: Pace, of: impl Fn(usize) -> f64) -> [Bar; 2] {
    let none = of(0);
    [pace.few, pace.many].map(|count| {
        let each = (of(count) - none) / (count as f64 * futures);
        let name = format!("I5: {what}, of {count}");
        Bar::of_count(name, each.round(), " bytes", Wanted::AtMost(BAR))
    })
}

/// What is left when as many tasks have ended and their session is closed.
fn given_back(pace: Pace) -> Bar {
    let before = live_bytes();
    let (host, policy) = testing::offline();
    let session = Session::new(host, policy, None, SessionOptions::default());
    let count = pace.many;
    let program = format!(
        "p = promise(); c = cell(1, {count}); for k = 1:{count}, c{{k}} = spawn(waits(p)); end\n\
         yield_now(); complete(p, 1); await_all(c); clear\nasync function waits(p), await(p); end\n"
    );
    let result = testing::block_on(session.execute(&program));
    assert!(result.error.is_none());
    drop((result, program));
    let closed = testing::block_on(session.close());
    assert!(closed.is_ok_and(|reports| reports.is_empty()));
    let kept = live_bytes().saturating_sub(before);
    Bar::of_count(
        format!("kept by the closed session of {count} tasks"),
        kept as f64,
        " bytes",
        Wanted::AtMost(f64::from(64 << 10)),
    )
}

/// Bytes on the heap while so many are pending.
fn bytes(host: Rc<dyn Host>, program: &str, count: usize) -> f64 {
    let before = live_bytes();
    let session = Session::new(host, Rc::new(Fifo), None, SessionOptions::default());
    let program = program.replace('N', &count.to_string());
    let mut execution = pin!(session.execute(&program));
    let mut context = Context::from_waker(Waker::noop());
    assert!(execution.as_mut().poll(&mut context).is_pending());
    (live_bytes() - before) as f64
}
