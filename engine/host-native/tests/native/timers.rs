//! Timers: never early, in order, and gone when given up.

use crate::{runtime, submit, try_now, wait};
use std::sync::{Arc, Mutex};
use std::task::{Context, Wake, Waker};
use tourbillon_host::{Host, Nanoseconds, OperationId, Request, Response};
use tourbillon_host_native::NativeHost;

/// Writes down which operation was woken.
struct Recorder {
    operation: OperationId,
    woken: Arc<Mutex<Vec<OperationId>>>,
}

impl Wake for Recorder {
    fn wake(self: Arc<Self>) {
        let mut woken = self.woken.lock().expect("no test panics in here");
        woken.push(self.operation);
    }
}

struct Wakes(Arc<Mutex<Vec<OperationId>>>);

impl Wakes {
    fn new() -> Wakes {
        Wakes(Arc::default())
    }

    /// Polls a timer, and tells whether it was still waiting.
    fn watch(&self, host: &NativeHost, operation: OperationId) -> bool {
        let waker = Waker::from(Arc::new(Recorder {
            operation,
            woken: Arc::clone(&self.0),
        }));
        host.poll(operation, &mut Context::from_waker(&waker))
            .is_pending()
    }

    fn seen(&self) -> Vec<OperationId> {
        self.0.lock().expect("no test panics in here").clone()
    }
}

fn timer(host: &NativeHost, deadline: Nanoseconds) -> OperationId {
    submit(host, Request::Timer { deadline })
}

const MILLISECOND: u64 = 1_000_000;
const FAR: Nanoseconds = Nanoseconds(1_000_000 * MILLISECOND);

/// Tries with ever later deadlines: on a busy machine a timer may be due before the test has begun to
/// watch it, and then `attempt` says `None`.
fn in_time<T>(mut attempt: impl FnMut(&NativeHost, Nanoseconds) -> Option<T>) -> T {
    let runtime = runtime();
    for margin in [20, 200, 2_000, 20_000] {
        let host = NativeHost::builder(&runtime).build();
        if let Some(result) = attempt(&host, Nanoseconds(margin * MILLISECOND)) {
            return result;
        }
    }
    panic!("the machine takes more than twenty seconds to poll a timer")
}

#[test]
fn a_timer_is_never_early() {
    let runtime = runtime();
    let host = NativeHost::builder(&runtime).build();
    for wait_nanoseconds in [1, 999_999, MILLISECOND, 1_500_001, 7 * MILLISECOND] {
        let deadline = host.now() + Nanoseconds(wait_nanoseconds);
        let operation = timer(&host, deadline);
        assert_eq!(wait(&host, operation), Ok(Response::Done));
        assert!(host.now() >= deadline);
    }
    assert_eq!(host.outstanding(), 0);
}

#[test]
fn a_faster_clock_is_never_early_either_and_an_hour_is_soon_over() {
    let runtime = runtime();
    let factor = std::num::NonZeroU32::new(1_000_000).expect("it is not 0");
    let host = NativeHost::builder(&runtime).clock_factor(factor).build();
    let hour = Nanoseconds::from_seconds(3_600.0);
    let deadline = host.now() + hour;
    let operation = timer(&host, deadline);
    assert_eq!(wait(&host, operation), Ok(Response::Done));
    assert!(host.now() >= deadline);
}

#[test]
fn thousands_of_timers_fire_in_the_order_of_their_deadlines() {
    const COUNT: u64 = 5_000;
    let (expected, seen) = in_time(|host, start| {
        let wakes = Wakes::new();
        // Set in an order that is neither that of the deadlines nor its reverse; some are equal.
        let mut timers: Vec<(u64, OperationId)> = (0..COUNT)
            .map(|k| k * 2_711 % COUNT / 2)
            .map(|step| (step, timer(host, start + Nanoseconds(step * 1_000))))
            .collect();
        let last = timer(host, start + Nanoseconds(COUNT * 1_000));
        for (_, operation) in &timers {
            if !wakes.watch(host, *operation) {
                return None;
            }
        }
        assert_eq!(wait(host, last), Ok(Response::Done));
        // Ids grow, so that equal deadlines stay in the order of creation.
        timers.sort_unstable();
        let expected: Vec<OperationId> = timers.into_iter().map(|(_, id)| id).collect();
        for operation in &expected {
            assert_eq!(wait(host, *operation), Ok(Response::Done));
        }
        assert_eq!(host.outstanding(), 0);
        Some((expected, wakes.seen()))
    });
    assert_eq!(seen, expected);
}

#[test]
fn timers_fire_by_deadline_and_then_by_creation() {
    let (expected, seen) = in_time(|host, start| {
        let wakes = Wakes::new();
        let at = |milliseconds| timer(host, start + Nanoseconds(milliseconds * MILLISECOND));
        let late = at(3);
        let (first, second, third) = (at(1), at(1), at(1));
        let early = at(0);
        let last = at(4);
        for operation in [third, late, second, early, first] {
            if !wakes.watch(host, operation) {
                return None;
            }
        }
        assert_eq!(wait(host, last), Ok(Response::Done));
        Some(([early, first, second, third, late], wakes.seen()))
    });
    assert_eq!(seen, expected);
}

#[test]
fn a_tick_notices_due_timers() {
    in_time(|host, deadline| {
        let wakes = Wakes::new();
        let (due, waiting) = (timer(host, deadline), timer(host, FAR));
        if !wakes.watch(host, due) || !wakes.watch(host, waiting) {
            return None;
        }
        while host.now() < deadline {
            host.tick(0);
        }
        host.tick(0);
        assert_eq!(wakes.seen(), [due]);
        host.cancel(waiting);
        assert_eq!(wait(host, due), Ok(Response::Done));
        assert_eq!(host.outstanding(), 0);
        Some(())
    });
}

#[test]
fn a_timer_that_is_due_needs_no_waiting() {
    let runtime = runtime();
    let host = NativeHost::builder(&runtime).build();
    let due = Request::Timer {
        deadline: Nanoseconds::ZERO,
    };
    assert_eq!(try_now(&host, &due), Some(Ok(Response::Done)));
    assert_eq!(try_now(&host, &Request::Timer { deadline: FAR }), None);
    assert_eq!(host.outstanding(), 0);
}

#[test]
fn a_timer_that_was_given_up_leaves_nothing_and_wakes_nobody() {
    in_time(|host, deadline| {
        let wakes = Wakes::new();
        let (given_up, never) = (timer(host, deadline), timer(host, Nanoseconds::MAX));
        let kept = timer(host, deadline);
        if !wakes.watch(host, given_up) || !wakes.watch(host, never) {
            return None;
        }
        assert_eq!(host.outstanding(), 3);
        host.cancel(given_up);
        host.cancel(never);
        let on_time = wakes.seen().is_empty();
        assert_eq!(wait(host, kept), Ok(Response::Done));
        assert_eq!(host.outstanding(), 0);
        on_time.then(|| assert_eq!(wakes.seen(), []))
    });
}
