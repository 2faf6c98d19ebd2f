//! What a task waits for, and when its wait is over.

use crate::capacity::{Counter, Place};
use crate::fiber::Returns;
use crate::future::{Future, FutureState};
use crate::operation::{OperationGuard, Sequel};
use crate::sets::NextWaiter;
use smallvec::SmallVec;
use std::cell::Cell;
use std::rc::Rc;
use thin_vec::ThinVec;
use tourbillon_builtins::Outputs;
use tourbillon_host::{Access, TaskId};
use tourbillon_value::{ObjectRef, Result, RuntimeError};

/// What a waiter wants of the futures it is registered with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Goal {
    /// All of them, or the first that fails.
    AllOrFailure,
    /// The first success, or all of them.
    AnySuccess,
    /// The first of them.
    First,
    /// All of them, however they end.
    All,
}

/// Somebody who waits for futures. It is met at the very transition that decides, so that its task
/// becomes ready then and not before.
pub(crate) struct Waiter {
    task: Cell<TaskId>,
    goal: Goal,
    /// Members that have not arrived.
    missing: Cell<u32>,
    /// The member that decided: the first failure, success or arrival.
    decided_by: Cell<u32>,
    is_met: Cell<bool>,
    /// Where its registrations are counted, on the embedded tier.
    charge: Option<Rc<Counter>>,
    /// Members that came after the wait began: what was started while everything is waited for.
    late: Cell<ThinVec<Future>>,
}

/// No member: also what those are called who came late, none of whom decides.
pub(crate) const NOBODY: u32 = u32::MAX;

impl Waiter {
    pub(crate) fn new(task: TaskId, goal: Goal, members: usize) -> Rc<Waiter> {
        Waiter::charged(task, goal, members, None)
    }

    /// One whose registrations take places.
    pub(crate) fn charged(
        task: TaskId,
        goal: Goal,
        members: usize,
        charge: Option<&Rc<Counter>>,
    ) -> Rc<Waiter> {
        let is_met = members == 0;
        Rc::new(Waiter {
            task: Cell::new(task),
            goal,
            missing: Cell::new(members as u32),
            decided_by: Cell::new(NOBODY),
            is_met: Cell::new(is_met),
            charge: charge.cloned(),
            late: Cell::default(),
        })
    }

    /// Counts one more member, unless the wait is over.
    pub(crate) fn admit(&self, member: &Future) -> bool {
        if self.is_met.get() {
            return false;
        }
        self.missing.set(self.missing.get() + 1);
        let mut late = self.late.take();
        late.push(member.clone());
        self.late.set(late);
        true
    }

    /// Whether it waits, and its registrations take places.
    pub(crate) fn counts(&self) -> bool {
        self.charge.is_some() && !self.is_met()
    }

    /// The place of one more registration.
    pub(crate) fn place(&self) -> Option<Place> {
        self.charge.as_ref().map(Counter::enter)
    }

    /// Whether members came after the wait began.
    pub(crate) fn has_late(&self) -> bool {
        let late = self.late.take();
        let has_late = !late.is_empty();
        self.late.set(late);
        has_late
    }

    /// The members that came after the wait began.
    pub(crate) fn late(&self) -> ThinVec<Future> {
        let late = self.late.take();
        self.late.set(late.clone());
        late
    }

    /// The task to wake.
    pub(crate) fn task(&self) -> TaskId {
        self.task.get()
    }

    /// The wait was handed over to another task.
    pub(crate) fn move_to(&self, task: TaskId) {
        self.task.set(task);
    }

    pub(crate) fn is_met(&self) -> bool {
        self.is_met.get()
    }

    /// The member that decided the result.
    pub(crate) fn decided_by(&self) -> Option<usize> {
        let decided_by = self.decided_by.get();
        (decided_by != NOBODY).then_some(decided_by as usize)
    }

    /// What the arrival of a member does to the wait. All that only count can come in any order.
    pub(crate) fn arrival(&self, state: FutureState) -> Access {
        if self.is_met.get() {
            Access::Read
        } else if self.decides(state) {
            Access::Write
        } else {
            Access::Add
        }
    }

    fn decides(&self, state: FutureState) -> bool {
        match self.goal {
            Goal::AllOrFailure => state != FutureState::Success,
            Goal::AnySuccess => state == FutureState::Success,
            Goal::First => true,
            Goal::All => false,
        }
    }

    /// A member is terminal; says whether that met the goal just now.
    pub(crate) fn arrive(&self, index: u32, state: FutureState) -> bool {
        if self.is_met.get() {
            return false;
        }
        self.missing.set(self.missing.get() - 1);
        let decides = self.decides(state);
        if decides {
            self.decided_by.set(index);
        }
        let is_met = decides || self.missing.get() == 0;
        self.is_met.set(is_met);
        is_met
    }
}

/// The end of one's patience with a wait.
pub(crate) struct Timeout {
    /// The timer; a patience of 0 needs none.
    pub guard: Option<Rc<OperationGuard>>,
    pub seconds: f64,
    pub has_fired: bool,
}

impl Timeout {
    /// Whether the patience is at its end.
    pub(crate) fn is_over(&self, task: TaskId) -> bool {
        match &self.guard {
            Some(guard) => guard.poll_for(task).is_ready(),
            None => true,
        }
    }
}

/// The futures of one wait: most often it is one.
pub(crate) type Members = SmallVec<[Future; 1]>;

/// A wait for futures: `await` and the joins.
pub(crate) struct FutureWait {
    pub members: Members,
    /// The members that this call started.
    pub started: ThinVec<Future>,
    pub waiter: Rc<Waiter>,
    pub timeout: Option<Box<Timeout>>,
    pub kind: JoinKind,
}

/// Which call waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum JoinKind {
    /// `await(f)`.
    Await,
    /// `await_all(…)`.
    All,
    /// `await_any(…)`.
    Any,
    /// `race(…)`.
    Race,
    /// `await_all()`: the members are all that was pending.
    Everything,
}

impl Drop for FutureWait {
    fn drop(&mut self) {
        let late = self.waiter.late.take();
        for member in self.members.iter().chain(&late) {
            member.unregister(&self.waiter);
        }
    }
}

/// What an instruction waits for.
pub(crate) enum Wait {
    /// To be polled once more.
    Yield { has_yielded: bool },
    /// A host operation.
    Operation {
        guard: Rc<OperationGuard>,
        sequel: Option<Sequel>,
        builtin: &'static str,
    },
    /// Futures.
    Futures(FutureWait),
    /// The next member of a set to end.
    Next {
        set: ObjectRef,
        waiter: Rc<NextWaiter>,
    },
    /// That futures end which were asked to stop; what comes then is known.
    Settling(Settling),
}

/// A wait for futures that were asked to stop.
pub(crate) struct Settling {
    pub waiter: Rc<Waiter>,
    pub futures: ThinVec<Future>,
    /// What comes then.
    pub then: Then,
}

impl Drop for Settling {
    fn drop(&mut self) {
        for future in &self.futures {
            future.unregister(&self.waiter);
        }
    }
}

/// What a wait for stopped futures leads to.
pub(crate) enum Then {
    /// This result.
    Result(Result<Outputs>),
    /// The result of this future.
    Awaited(Future),
    /// The failure of that member, with further failures as its causes.
    Failure(Box<FailedMember>),
    /// A cancellation: nothing replaces it.
    Cancellation(RuntimeError),
}

/// The member of a wait that failed first.
pub(crate) struct FailedMember {
    pub members: Members,
    pub first: usize,
}

impl Wait {
    /// The wait was handed over to another task.
    pub(crate) fn move_to(&self, task: TaskId) {
        match self {
            Wait::Yield { .. } | Wait::Operation { .. } => {}
            Wait::Futures(wait) => wait.waiter.move_to(task),
            Wait::Next { waiter, .. } => waiter.move_to(task),
            Wait::Settling(settling) => settling.waiter.move_to(task),
        }
    }

    /// The future whose error it throws, when it is one's and not made of several.
    pub(crate) fn failed(&self) -> Option<&Future> {
        match self {
            Wait::Settling(settling) => match &settling.then {
                Then::Awaited(future) => Some(future),
                Then::Failure(failed) => Some(&failed.members[failed.first]),
                Then::Result(_) | Then::Cancellation(_) => None,
            },
            Wait::Yield { .. } | Wait::Operation { .. } | Wait::Futures(_) | Wait::Next { .. } => {
                None
            }
        }
    }

    /// The future whose values it gives, when it is that of a single `await`.
    pub(crate) fn awaited(&self) -> Option<&Future> {
        match self {
            Wait::Settling(settling) => match &settling.then {
                Then::Awaited(future) => Some(future),
                Then::Result(_) | Then::Failure(_) | Then::Cancellation(_) => None,
            },
            Wait::Yield { .. } | Wait::Operation { .. } | Wait::Futures(_) | Wait::Next { .. } => {
                None
            }
        }
    }

    /// Whether its errors are those of other bodies.
    pub(crate) fn is_of_futures(&self) -> bool {
        match self {
            Wait::Futures(_) | Wait::Next { .. } => true,
            Wait::Settling(settling) => !matches!(settling.then, Then::Cancellation(_)),
            Wait::Yield { .. } | Wait::Operation { .. } => false,
        }
    }
}

/// A wait and where its result goes.
pub(crate) struct Pending {
    pub wait: Wait,
    pub returns: Returns,
}
