//! What is known of a task from outside its interpreter.

use crate::capacity::Place;
use crate::future::Future;
use crate::operation::OperationGuard;
use smallvec::SmallVec;
use std::cell::{Cell, OnceCell, RefCell};
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
/// interpreter publishes what others need to know.
pub(crate) struct TaskRecord {
    pub id: TaskId,
    pub label: Rc<TaskLabel>,
    /// Occurrences of names below this label: child tasks, and operations.
    children: RefCell<ThinVec<(Rc<str>, u32)>>,
    /// How many children were made, whatever their names.
    born: Cell<u32>,
    /// How many futures it made, its own among them.
    futures: Cell<u32>,
    /// Instructions until its next tick: counted for each task, so that no schedule moves the ticks.
    pub fuel: Cell<i64>,
    operations: RefCell<ThinVec<(&'static str, u32)>>,
    /// The future of the outermost body.
    pub outermost: OnceCell<Future>,
    /// The bodies, outermost first; empty while the task runs.
    pub chain: RefCell<SmallVec<[Link; 1]>>,
    /// What the innermost body waits for at the host.
    pub waits_for: RefCell<Option<Rc<OperationGuard>>>,
    /// The futures that the innermost body waits for, for the deadlock report.
    pub waits_on: RefCell<SmallVec<[Future; 2]>>,
    /// An error to be thrown at the wait: a deadlock.
    pub injected: Cell<Option<RuntimeError>>,
    /// Bytes of its stacks, as they were when it gave way last.
    pub stack_bytes: Cell<u64>,
    /// Whether the first instruction has run.
    pub has_run: Cell<bool>,
    /// Whether it runs the machine's own code: callbacks. These end with the execution, not before.
    pub is_native: Cell<bool>,
    /// Whether cleanup code started it: the host's cancel leaves it its time, as it does the cleanup.
    pub is_of_cleanup: Cell<bool>,
    /// Whether a callback or cleanup code made it: on the embedded tier it has slots of its own.
    pub is_reserved: Cell<bool>,
    /// Its place among the tasks of the embedded tier, until it is over.
    pub place: Cell<Option<Place>>,
    /// The last error that a `catch` of this task saw.
    pub last_error: RefCell<Option<RuntimeError>>,
    /// Its random numbers, once it has drawn some; those of a root task are the session's.
    pub random: OnceCell<Rc<RefCell<RandomStream>>>,
}

impl TaskRecord {
    /// The record of a new task; it takes over what its maker has left until the next tick, so that a
    /// chain of short tasks comes to one as well.
    pub(crate) fn new(id: TaskId, label: Rc<TaskLabel>, fuel: i64) -> Rc<TaskRecord> {
        Rc::new(TaskRecord {
            id,
            label,
            children: RefCell::default(),
            born: Cell::new(0),
            futures: Cell::new(1),
            fuel: Cell::new(fuel),
            operations: RefCell::default(),
            outermost: OnceCell::new(),
            chain: RefCell::default(),
            waits_for: RefCell::default(),
            waits_on: RefCell::default(),
            injected: Cell::default(),
            stack_bytes: Cell::new(0),
            has_run: Cell::new(false),
            is_native: Cell::new(false),
            is_of_cleanup: Cell::new(false),
            is_reserved: Cell::new(false),
            place: Cell::default(),
            last_error: RefCell::default(),
            random: OnceCell::new(),
        })
    }

    /// The label of the next child of that name.
    pub(crate) fn next_child(&self, name: &Rc<str>) -> Rc<TaskLabel> {
        let mut children = self.children.borrow_mut();
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
        let mut operations = self.operations.borrow_mut();
        let occurrence = match operations.iter_mut().find(|(known, _)| *known == name) {
            Some((_, occurrence)) => {
                *occurrence += 1;
                *occurrence
            }
            None => {
                // Most have one, and there may be many tasks.
                operations.reserve_exact(1);
                operations.push((name, 1));
                1
            }
        };
        OperationLabel {
            task: self.label.clone(),
            name,
            occurrence,
        }
    }

    /// Forgets what was published at the last suspension: the task runs again.
    pub(crate) fn resume(&self) {
        self.chain.borrow_mut().clear();
        self.waits_on.borrow_mut().clear();
        let operation = self.waits_for.borrow_mut().take();
        drop(operation);
    }
}
