//! A host without an outside, for examples and for tests of embedders: output is captured, time jumps
//! to the next timer when no task can run, everything else is refused.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeSet, VecDeque};
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
    timers: RefCell<Timers>,
    console: Captured,
}

/// Timers by their numbers, which grow. Those that are gone leave gaps, but for the first.
#[derive(Default)]
struct Timers {
    first: u64,
    row: VecDeque<Option<Timer>>,
    /// Those that do not wait any more.
    due: BTreeSet<OperationId>,
}

impl Timers {
    fn add(&mut self, timer: Timer) -> OperationId {
        self.row.push_back(Some(timer));
        OperationId(self.first + self.row.len() as u64 - 1)
    }

    fn get_mut(&mut self, id: OperationId) -> Option<&mut Timer> {
        let at = usize::try_from(id.0.checked_sub(self.first)?).ok()?;
        self.row.get_mut(at)?.as_mut()
    }

    fn remove(&mut self, id: OperationId) {
        self.due.remove(&id);
        if let Some(at) = id.0.checked_sub(self.first)
            && let Some(place) = self.row.get_mut(at as usize)
        {
            *place = None;
        }
        self.forget_gaps();
    }

    /// The time is here: the earliest timers are due. Gives it, and whom they wake.
    fn fire(&mut self) -> Option<(Nanoseconds, Vec<Waker>)> {
        let waiting = self.row.iter().flatten();
        let next = waiting.map(|timer| timer.deadline).min()?;
        let mut woken = Vec::new();
        for (at, place) in self.row.iter_mut().enumerate() {
            if let Some(timer) = place.take_if(|timer| timer.deadline <= next) {
                self.due.insert(OperationId(self.first + at as u64));
                woken.push(timer.waker);
            }
        }
        self.forget_gaps();
        Some((next, woken))
    }

    fn forget_gaps(&mut self) {
        while let Some(None) = self.row.front() {
            self.row.pop_front();
            self.first += 1;
        }
        if self.row.is_empty() {
            // Of a great number nothing is kept.
            self.row.shrink_to(64);
        }
    }
}

/// One that waits: when it is due, and whom it wakes.
struct Timer {
    deadline: Nanoseconds,
    waker: Waker,
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
        let Some((next, woken)) = self.timers.borrow_mut().fire() else {
            return false;
        };
        self.now.set(self.now.get().max(next));
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
        self.timers.borrow_mut().add(Timer {
            deadline,
            waker: Waker::noop().clone(),
        })
    }

    fn poll(&self, operation: OperationId, context: &mut Context<'_>) -> Poll<Outcome> {
        let mut timers = self.timers.borrow_mut();
        if timers.due.remove(&operation) {
            return Poll::Ready(Ok(Response::Done));
        }
        let timer = timers.get_mut(operation);
        let timer = timer.expect("an operation is polled until it has ended");
        timer.waker.clone_from(context.waker());
        Poll::Pending
    }

    fn cancel(&self, operation: OperationId) {
        self.timers.borrow_mut().remove(operation);
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
