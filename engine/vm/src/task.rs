//! What is known of a task from outside its interpreter.

use crate::capacity::Place;
use crate::fiber::Fiber;
use crate::future::Future;
use crate::operation::OperationGuard;
use crate::sets::SetObject;
use crate::wait::Wait;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use thin_vec::ThinVec;
use tourbillon_builtins::RandomStream;
use tourbillon_host::{OperationLabel, TaskId, TaskLabel};
use tourbillon_value::RuntimeError;

/// One link of the chain of bodies that a task runs: each awaits the next by transfer.
pub(crate) struct Link {
    pub future: Future,
    /// Whether it waits in cleanup code, where cancellation does not reach.
    pub is_shielded: bool,
}

/// A task's record. While the task runs, only its identity is meaningful; at each suspension the
/// interpreter leaves its bodies here, where others see what it waits for.
pub(crate) struct TaskRecord {
    pub id: TaskId,
    pub label: Rc<TaskLabel>,
    /// How many children were made, whatever their names.
    born: Cell<u32>,
    /// How many futures it made, its own among them.
    futures: Cell<u32>,
    /// Instructions until its next tick: counted for each task, so that no schedule moves the ticks.
    pub fuel: Cell<i64>,
    /// The name of the first operation, when there was one and no other.
    operation: Cell<Option<&'static str>>,
    /// The bodies, outermost first, while the task is suspended; its interpreter has them while it runs.
    pub fibers: RefCell<ThinVec<Fiber>>,
    /// Whether the first instruction has run.
    pub has_run: Cell<bool>,
    /// Whether it runs the machine's own code: callbacks. These end with the execution, not before.
    pub is_native: Cell<bool>,
    /// Whether cleanup code started it: the host's cancel leaves it its time, as it does the cleanup.
    pub is_of_cleanup: Cell<bool>,
    /// Whether a callback or cleanup code made it: on the embedded tier it has slots of its own.
    pub is_reserved: Cell<bool>,
    /// Boxed: of many tasks most have none of it.
    rare: RefCell<Option<Box<Rare>>>,
}

/// What only few tasks have.
#[derive(Default)]
struct Rare {
    /// Occurrences of names below the task's label: child tasks, and operations.
    children: ThinVec<(Rc<str>, u32)>,
    operations: ThinVec<(&'static str, u32)>,
    /// An error to be thrown at the wait: a deadlock.
    injected: Option<RuntimeError>,
    /// Its place among the tasks of the embedded tier, until it is over.
    place: Option<Place>,
    /// The last error that a `catch` of this task saw.
    last_error: Option<RuntimeError>,
    /// Its random numbers, once it has drawn some.
    random: Option<Rc<RefCell<RandomStream>>>,
}

impl TaskRecord {
    /// The record of a new task; it takes over what its maker has left until the next tick, so that a
    /// chain of short tasks comes to one as well.
    pub(crate) fn new(id: TaskId, label: Rc<TaskLabel>, fuel: i64) -> Rc<TaskRecord> {
        Rc::new(TaskRecord {
            id,
            label,
            born: Cell::new(0),
            futures: Cell::new(1),
            fuel: Cell::new(fuel),
            operation: Cell::default(),
            fibers: RefCell::default(),
            has_run: Cell::new(false),
            is_native: Cell::new(false),
            is_of_cleanup: Cell::new(false),
            is_reserved: Cell::new(false),
            rare: RefCell::default(),
        })
    }

    /// The label of the next child of that name.
    pub(crate) fn next_child(&self, name: &Rc<str>) -> Rc<TaskLabel> {
        let mut rare = self.rare.borrow_mut();
        let children = &mut rare.get_or_insert_default().children;
        let occurrence = match children.iter_mut().find(|(known, _)| known == name) {
            Some((_, occurrence)) => {
                *occurrence += 1;
                *occurrence
            }
            None => {
                children.push((name.clone(), 1));
                1
            }
        };
        drop(rare);
        self.born.set(self.born.get() + 1);
        TaskLabel::child_in_order(&self.label, name.clone(), occurrence, self.born.get())
    }

    /// The number of the next future that the task makes.
    pub(crate) fn next_future(&self) -> u32 {
        self.futures.set(self.futures.get().saturating_add(1));
        self.futures.get()
    }

    /// The label of the next operation of that name.
    pub(crate) fn next_operation(&self, name: &'static str) -> OperationLabel {
        let mut rare = self.rare.borrow_mut();
        let is_first = rare.as_ref().is_none_or(|rare| rare.operations.is_empty());
        let occurrence = if is_first && self.operation.get().is_none() {
            // Many have one operation, and there may be many tasks.
            self.operation.set(Some(name));
            1
        } else {
            let operations = &mut rare.get_or_insert_default().operations;
            operations.extend(self.operation.take().map(|first| (first, 1)));
            match operations.iter_mut().find(|(known, _)| *known == name) {
                Some((_, occurrence)) => {
                    *occurrence += 1;
                    *occurrence
                }
                None => {
                    operations.push((name, 1));
                    1
                }
            }
        };
        drop(rare);
        OperationLabel {
            task: self.label.clone(),
            name,
            occurrence,
        }
    }

    /// The future of the outermost body of a suspended task.
    pub(crate) fn outermost(&self) -> Option<Future> {
        let fibers = self.fibers.borrow();
        fibers.first().map(|fiber| fiber.future.clone())
    }

    /// An error to be thrown at the wait: a deadlock.
    pub(crate) fn inject(&self, error: RuntimeError) {
        self.rare.borrow_mut().get_or_insert_default().injected = Some(error);
    }

    /// Takes the error that is to be thrown at the wait.
    pub(crate) fn take_injected(&self) -> Option<RuntimeError> {
        self.rare.borrow_mut().as_mut()?.injected.take()
    }

    /// Its place among the tasks of the embedded tier, until it is over.
    pub(crate) fn set_place(&self, place: Option<Place>) {
        if place.is_some() {
            self.rare.borrow_mut().get_or_insert_default().place = place;
        }
    }

    /// It needs no place any more; whoever calls drops what it gets with nothing borrowed.
    pub(crate) fn take_place(&self) -> Option<Place> {
        self.rare.borrow_mut().as_mut()?.place.take()
    }

    /// The last error that a `catch` of this task saw.
    pub(crate) fn last_error(&self) -> Option<RuntimeError> {
        self.rare.borrow().as_ref()?.last_error.clone()
    }

    pub(crate) fn set_last_error(&self, error: Option<RuntimeError>) {
        let old = match &mut *self.rare.borrow_mut() {
            Some(rare) => std::mem::replace(&mut rare.last_error, error),
            empty if error.is_some() => {
                empty.get_or_insert_default().last_error = error;
                None
            }
            None => None,
        };
        drop(old);
    }

    /// Its random numbers; those of a root task are the session's.
    pub(crate) fn random(&self, make: impl FnOnce() -> RandomStream) -> Rc<RefCell<RandomStream>> {
        let mut rare = self.rare.borrow_mut();
        let random = &mut rare.get_or_insert_default().random;
        random
            .get_or_insert_with(|| Rc::new(RefCell::new(make())))
            .clone()
    }

    /// The chain of bodies of a suspended task, outermost first.
    pub(crate) fn chain(&self) -> Vec<Link> {
        let fibers = self.fibers.borrow();
        let links = fibers.iter().map(|fiber| Link {
            future: fiber.future.clone(),
            is_shielded: fiber.is_shielded(),
        });
        links.collect()
    }

    /// Whether it is suspended in cleanup code.
    pub(crate) fn is_shielded(&self) -> bool {
        self.fibers.borrow().iter().any(Fiber::is_shielded)
    }

    /// What the innermost body of a suspended task waits for at the host.
    pub(crate) fn waits_for(&self) -> Option<Rc<OperationGuard>> {
        let fibers = self.fibers.borrow();
        match &fibers.last()?.pending.as_ref()?.wait {
            Wait::Operation { guard, .. } => Some(guard.clone()),
            Wait::Yield { .. } | Wait::Futures(_) | Wait::Settling(_) | Wait::Next { .. } => None,
        }
    }

    /// The futures that the innermost body of a suspended task waits for. A look at the set when it waits
    /// for one.
    pub(crate) fn waits_on(&self) -> Vec<Future> {
        self.awaited(SetObject::members)
    }

    /// The same, for what the machine decides from the state of the whole session.
    pub(crate) fn peek_waits_on(&self) -> Vec<Future> {
        self.awaited(SetObject::peek_members)
    }

    fn awaited(&self, members_of: impl Fn(&SetObject) -> Vec<Future>) -> Vec<Future> {
        let fibers = self.fibers.borrow();
        let Some(pending) = fibers.last().and_then(|top| top.pending.as_ref()) else {
            return Vec::new();
        };
        match &pending.wait {
            Wait::Futures(wait) => {
                let mut members = wait.members.to_vec();
                members.extend(wait.waiter.late());
                members
            }
            Wait::Settling(settling) => settling.futures.to_vec(),
            Wait::Next { set, .. } => {
                let set = set.downcast_ref::<SetObject>();
                members_of(set.expect("a set is waited for"))
            }
            Wait::Yield { .. } | Wait::Operation { .. } => Vec::new(),
        }
    }
}
