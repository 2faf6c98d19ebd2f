//! A host without an outside, for examples and for tests of embedders: output is captured, time jumps
//! to the next timer when no task can run, everything else is refused.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::future::Future;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use tourbillon_host::{
    Console, Decision, Device, Host, Nanoseconds, OperationId, OperationLabel, Outcome, Policy,
    ReadyTasks, Request, Response, Stream,
};
use tourbillon_value::build_runtime_error;

/// The host of [`offline`].
#[derive(Default)]
pub struct OfflineHost {
    now: Cell<Nanoseconds>,
    next: Cell<u64>,
    timers: RefCell<BTreeMap<OperationId, Timer>>,
    console: Captured,
}

struct Timer {
    deadline: Nanoseconds,
    is_due: bool,
    waker: Option<Waker>,
}

/// First come, first served; when nobody can run, the earliest timers become due.
struct OfflinePolicy(Rc<OfflineHost>);

impl Policy for OfflinePolicy {
    fn next(&self, ready: ReadyTasks<'_>) -> Decision {
        if !ready.is_empty() {
            Decision::Run(0)
        } else if self.0.advance() {
            Decision::Again
        } else {
            Decision::Return
        }
    }
}

#[derive(Default)]
struct Captured {
    output: RefCell<String>,
}

impl Console for Captured {
    fn write(&self, stream: Stream, text: &str) {
        match stream {
            Stream::Output => self.output.borrow_mut().push_str(text),
            Stream::Error => {}
        }
    }
}

/// A host without an outside, and its policy.
pub fn offline() -> (Rc<OfflineHost>, Rc<dyn Policy>) {
    let host: Rc<OfflineHost> = Rc::default();
    (host.clone(), Rc::new(OfflinePolicy(host)))
}

/// Polls a future that needs nothing from outside to its end.
///
/// # Panics
/// When the future waits for something that never comes.
pub fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = std::pin::pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    // A session on the offline host is either ready or asks to be polled again.
    for _ in 0..1_000_000 {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
    }
    panic!("the future waits for something that never comes");
}

impl OfflineHost {
    /// What was printed so far.
    pub fn output(&self) -> String {
        self.console.output.borrow().clone()
    }

    /// Moves the time to the earliest deadline and wakes those who wait for it; says whether there
    /// was one.
    fn advance(&self) -> bool {
        let mut timers = self.timers.borrow_mut();
        let waiting = timers.values().filter(|timer| !timer.is_due);
        let Some(next) = waiting.map(|timer| timer.deadline).min() else {
            return false;
        };
        self.now.set(self.now.get().max(next));
        let mut woken = Vec::new();
        for timer in timers.values_mut().filter(|timer| timer.deadline <= next) {
            timer.is_due = true;
            woken.extend(timer.waker.take());
        }
        drop(timers);
        woken.into_iter().for_each(Waker::wake);
        true
    }
}

impl Host for OfflineHost {
    fn now(&self) -> Nanoseconds {
        self.now.get()
    }

    fn try_now(&self, request: &Request, _label: &OperationLabel) -> Option<Outcome> {
        match request {
            Request::Timer { .. } => None,
            other => Some(Err(build_runtime_error(format!(
                "The operation '{}' needs a host with an outside.",
                other.name()
            ))
            .identifier("io:Failed")
            .build())),
        }
    }

    fn submit(&self, request: Request, _label: &OperationLabel) -> OperationId {
        let Request::Timer { deadline } = request else {
            unreachable!("everything but a timer was answered at once")
        };
        let id = OperationId(self.next.get());
        self.next.set(id.0 + 1);
        self.timers.borrow_mut().insert(
            id,
            Timer {
                deadline,
                is_due: false,
                waker: None,
            },
        );
        id
    }

    fn poll(&self, operation: OperationId, context: &mut Context<'_>) -> Poll<Outcome> {
        let mut timers = self.timers.borrow_mut();
        let timer = timers
            .get_mut(&operation)
            .expect("an operation is polled until it has ended");
        if timer.is_due {
            timers.remove(&operation);
            return Poll::Ready(Ok(Response::Done));
        }
        timer.waker = Some(context.waker().clone());
        Poll::Pending
    }

    fn cancel(&self, operation: OperationId) {
        self.timers.borrow_mut().remove(&operation);
    }

    fn tick(&self, in_a_row: u32) {
        // A loop that only looks at a future's state must end as well.
        if in_a_row.is_multiple_of(1000) {
            self.advance();
        }
    }

    fn console(&self) -> &dyn Console {
        &self.console
    }

    fn device(&self) -> Option<Rc<dyn Device>> {
        None
    }

    fn seed(&self) -> u64 {
        0
    }
}
