//! Who took, woke and dropped the wakers of operations, in a run that is explained. The session's host is
//! wrapped, and every poll is lent a waker of its own.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::rc::Rc;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

use tourbillon_host::{
    Console, Device, Host, Nanoseconds, OperationId, OperationLabel, Outcome, Request,
};
use tourbillon_sim::Label;

/// A step, and whose it was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Moment {
    pub step: u64,
    pub by: Label,
}

/// What became of the wakers of one operation.
#[derive(Clone, Debug, Default)]
pub(crate) struct Life {
    label: String,
    /// How many of those that were lent somebody has kept.
    pub held: usize,
    pub taken: Option<Moment>,
    pub dropped: Option<Moment>,
    pub woken: Option<Moment>,
}

/// What is known of all of them. Wakers may be called on any thread.
#[derive(Clone, Debug, Default)]
pub(crate) struct Journal(Arc<Mutex<Notes>>);

#[derive(Debug, Default)]
struct Notes {
    now: Moment,
    lives: BTreeMap<OperationId, Life>,
}

impl Journal {
    fn notes(&self) -> MutexGuard<'_, Notes> {
        // A panic elsewhere leaves nothing half done here.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A step begins.
    pub fn begin(&self, now: Moment) {
        self.notes().now = now;
    }

    /// What became of the wakers of the operation that waits under a label.
    pub fn life(&self, label: &str) -> Option<Life> {
        let notes = self.notes();
        let mut lives = notes.lives.values();
        lives.find(|life| life.label == label).cloned()
    }

    /// A new run begins.
    pub fn clear(&self) {
        *self.notes() = Notes::default();
    }

    fn note(&self, operation: OperationId, note: impl FnOnce(&mut Life, Moment)) {
        let mut notes = self.notes();
        let now = notes.now;
        if let Some(life) = notes.lives.get_mut(&operation) {
            note(life, now);
        }
    }
}

/// The waker that one poll was lent, until nobody has it any more.
struct Traced {
    journal: Journal,
    operation: OperationId,
    own: Waker,
}

impl Wake for Traced {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.journal
            .note(self.operation, |life, now| life.woken = Some(now));
        self.own.wake_by_ref();
    }
}

impl Drop for Traced {
    fn drop(&mut self) {
        self.journal.note(self.operation, |life, now| {
            life.held -= 1;
            life.dropped = Some(now);
        });
    }
}

/// A host that tells a journal of the wakers that another is given.
pub(crate) struct LendingHost {
    host: Rc<dyn Host>,
    journal: Journal,
}

impl LendingHost {
    pub fn new(host: Rc<dyn Host>, journal: &Journal) -> Rc<LendingHost> {
        let journal = journal.clone();
        Rc::new(LendingHost { host, journal })
    }
}

impl Host for LendingHost {
    fn now(&self) -> Nanoseconds {
        self.host.now()
    }

    fn try_now(&self, request: &Request, label: &OperationLabel) -> Option<Outcome> {
        self.host.try_now(request, label)
    }

    fn submit(&self, request: Request, label: &OperationLabel) -> OperationId {
        let operation = self.host.submit(request, label);
        let life = Life {
            label: label.to_string(),
            ..Life::default()
        };
        self.journal.notes().lives.insert(operation, life);
        operation
    }

    fn poll(&self, operation: OperationId, context: &mut Context<'_>) -> Poll<Outcome> {
        self.journal.note(operation, |life, _| life.held += 1);
        let traced = Arc::new(Traced {
            journal: self.journal.clone(),
            operation,
            own: context.waker().clone(),
        });
        let lent = Waker::from(traced.clone());
        let polled = self.host.poll(operation, &mut Context::from_waker(&lent));
        drop(lent);
        let is_kept = Arc::strong_count(&traced) > 1;
        let mut dropped = None;
        self.journal.note(operation, |life, now| {
            if is_kept {
                life.taken = Some(now);
            }
            dropped = life.dropped;
        });
        drop(traced);
        if !is_kept {
            // That we let go of what nobody took is no deed of anybody's.
            self.journal
                .note(operation, |life, _| life.dropped = dropped);
        }
        polled
    }

    fn cancel(&self, operation: OperationId) {
        self.host.cancel(operation);
    }

    fn stop(&self, operation: OperationId) -> bool {
        self.host.stop(operation)
    }

    fn has_begun(&self, operation: OperationId) -> bool {
        self.host.has_begun(operation)
    }

    fn workers(&self) -> Option<NonZeroUsize> {
        self.host.workers()
    }

    fn tick(&self, in_a_row: u32) {
        self.host.tick(in_a_row);
    }

    fn console(&self) -> &dyn Console {
        self.host.console()
    }

    fn device(&self) -> Option<Rc<dyn Device>> {
        self.host.device()
    }

    fn seed(&self) -> u64 {
        self.host.seed()
    }
}
