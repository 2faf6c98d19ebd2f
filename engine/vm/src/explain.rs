//! What suspended tasks wait for, what they have, and who let go of what: for reports of executions
//! that are stuck. Nothing of it is kept unless somebody asked before the execution began.

use crate::fiber::{Fiber, Frame, Start};
use crate::future::{CallbackKind, Future, FutureState, Origin, State};
use crate::interpreter::Interpreter;
use crate::machine::Machine;
use crate::task::TaskRecord;
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use tourbillon_host::{TaskId, TaskLabel};
use tourbillon_value::{ObjectId, StackFrame, Value};

/// All that keeps a session from going on.
#[derive(Clone, Debug, Default)]
pub struct Explanation {
    /// Every live task, in an order that no schedule changes.
    pub tasks: Vec<WaitingTask>,
    /// Every future that has not ended, in the same order.
    pub futures: Vec<OpenFuture>,
    /// What the workspace and the globals have.
    pub workspace: BTreeSet<ObjectId>,
    /// Whether there was too much to look through all of it.
    pub is_partial: bool,
}

/// A task that is suspended.
#[derive(Clone, Debug)]
pub struct WaitingTask {
    /// Which.
    pub task: TaskId,
    /// Where it came from.
    pub label: Rc<TaskLabel>,
    /// Where it waits, innermost first, the bodies that await each other by transfer in one.
    pub site: Vec<StackFrame>,
    /// The futures that it waits for, ended ones among them.
    pub awaits: Vec<ObjectId>,
    /// The operation that it waits for.
    pub operation: Option<String>,
    /// The futures within reach of its variables that have not ended.
    pub has: BTreeSet<ObjectId>,
}

/// A future that has not ended, or whose callbacks have not.
#[derive(Clone, Debug)]
pub struct OpenFuture {
    /// Which.
    pub future: ObjectId,
    /// What reports call it.
    pub description: String,
    /// Its state.
    pub state: FutureState,
    /// Whether only a call of `complete`, `fail` or `cancel` ends it.
    pub is_promise: bool,
    /// Whether an operation of the host ends it.
    pub is_operation: bool,
    /// The task that runs its body, or its callbacks.
    pub runner: Option<TaskId>,
    /// The future whose result it takes over, or whose callback gives it its own.
    pub source: Option<ObjectId>,
    /// What its arguments have if it was not started, else what its callbacks have.
    pub has: BTreeSet<ObjectId>,
    /// Who last had it within reach and has it no more.
    pub let_go: Option<LetGo>,
}

/// Who let go of a future.
#[derive(Clone, Debug)]
pub struct LetGo {
    /// The task.
    pub task: Rc<TaskLabel>,
    /// The statement after which it did not have it any more.
    pub at: Option<StackFrame>,
    /// Whether that was because the task has ended.
    pub by_its_end: bool,
}

/// What is kept of an execution that is to be explained.
#[derive(Default)]
pub(crate) struct Explaining {
    is_on: Cell<bool>,
    let_go: RefCell<BTreeMap<ObjectId, LetGo>>,
    /// What each live task had when it was looked at last.
    seen: RefCell<BTreeMap<TaskId, Seen>>,
}

/// What was within reach of a task's variables when it was looked at last.
#[derive(Clone, Default)]
pub(crate) struct Seen {
    site: Vec<StackFrame>,
    has: BTreeSet<ObjectId>,
    is_partial: bool,
}

/// Taken from the instructions that a task has left until its next tick, so that it comes by at every
/// statement. What is left is counted as ever.
const EVERY_STATEMENT: i64 = 1 << 40;

/// So many values are looked through for one task.
const MOST_VALUES: usize = 5_000;

impl Explaining {
    pub(crate) fn is_on(&self) -> bool {
        self.is_on.get()
    }

    /// How much less a task finds in its tank than it has.
    #[inline]
    pub(crate) fn bias(&self) -> i64 {
        if self.is_on.get() { EVERY_STATEMENT } else { 0 }
    }

    pub(crate) fn forget(&self) {
        self.let_go.borrow_mut().clear();
        self.seen.borrow_mut().clear();
    }

    fn note(&self, future: ObjectId, let_go: LetGo) {
        self.let_go.borrow_mut().insert(future, let_go);
    }
}

impl Machine {
    /// Whether executions are to be explained when they are stuck, from the next one on. Their steps are
    /// the same, but slow.
    pub fn set_explaining(&self, on: bool) {
        self.explaining.is_on.set(on);
    }

    /// What keeps the session from going on. Without [`Machine::set_explaining`] it does not say where
    /// tasks wait, what they have, and who let go of it.
    pub fn explain(&self) -> Explanation {
        let mut explanation = Explanation::default();
        for record in self.sorted_records() {
            let seen = self.explaining.seen.borrow().get(&record.id).cloned();
            let seen = seen.unwrap_or_default();
            explanation.is_partial |= seen.is_partial;
            let operation = record.waits_for();
            explanation.tasks.push(WaitingTask {
                task: record.id,
                label: record.label.clone(),
                site: seen.site,
                awaits: record.peek_waits_on().iter().map(Future::id).collect(),
                operation: operation.as_ref().map(|guard| guard.label().to_string()),
                has: seen.has,
            });
        }
        let mut futures = self.live_futures(is_open);
        futures.sort_by(Future::cmp_origin);
        let mut sources = BTreeMap::new();
        for future in &futures {
            let core = future.get().core.borrow();
            for callback in core.callbacks_left() {
                if let CallbackKind::Then(derived) = &callback.kind {
                    sources.insert(derived.id(), future.id());
                }
            }
            if let Some(followed) = core.follows() {
                sources.insert(future.id(), followed.id());
            }
        }
        let let_go = self.explaining.let_go.borrow();
        for future in &futures {
            let id = future.id();
            let mut open = self.open_future(future, &mut explanation.is_partial);
            open.source = sources.get(&id).copied();
            open.let_go = let_go.get(&id).cloned();
            explanation.futures.push(open);
        }
        let mut reach = Reach::new(self);
        for value in self.workspace.borrow().values() {
            reach.visit(value);
        }
        for value in self.globals.borrow().values() {
            reach.visit(value);
        }
        explanation.is_partial |= reach.is_partial;
        explanation.workspace = reach.found;
        explanation
    }

    fn open_future(&self, future: &Future, is_partial: &mut bool) -> OpenFuture {
        let mut reach = Reach::new(self);
        let core = future.get().core.borrow();
        match &core.state {
            State::Created(Some(start)) => reach.visit_start(start),
            State::Created(None)
            | State::Pending
            | State::Success(_)
            | State::Failure(_)
            | State::Cancelled(_) => {
                for callback in core.callbacks_left() {
                    reach.visit(&callback.function);
                }
            }
        }
        *is_partial |= reach.is_partial;
        let (state, runner) = (core.state.kind(), core.runner.or(core.callback_task()));
        let is_manual = matches!(core.origin, Origin::Manual);
        let is_operation = matches!(core.origin, Origin::Operation { .. });
        drop(core);
        OpenFuture {
            future: future.id(),
            description: future.describe(),
            state,
            is_promise: is_manual,
            is_operation,
            runner,
            source: None,
            has: reach.found,
            let_go: None,
        }
    }

    /// A task has ended: it lets go of everything.
    pub(crate) fn lets_go_of_all(&self, record: &TaskRecord) {
        let Some(seen) = self.explaining.seen.borrow_mut().remove(&record.id) else {
            return;
        };
        for future in seen.has {
            self.explaining.note(
                future,
                LetGo {
                    task: record.label.clone(),
                    at: seen.site.first().cloned(),
                    by_its_end: true,
                },
            );
        }
    }
}

fn is_open(future: &Future) -> bool {
    let core = future.get().core.borrow();
    future.goes_on() || !core.callbacks_left().is_empty()
}

impl Interpreter {
    /// Looks at what is within reach of the variables of all bodies, and notes what is so no more.
    pub(crate) fn look_around(&mut self) {
        let machine = self.machine.clone();
        let mut reach = Reach::new(&machine);
        self.fibers
            .iter()
            .for_each(|fiber| reach.visit_fiber(fiber));
        let site = self.whole_stack();
        let (has, is_partial) = (reach.found, reach.is_partial);
        let mut all = machine.explaining.seen.borrow_mut();
        let before = all.remove(&self.record.id).unwrap_or_default();
        for future in before.has.difference(&has) {
            machine.explaining.note(
                *future,
                LetGo {
                    task: self.record.label.clone(),
                    at: before.site.first().cloned(),
                    by_its_end: false,
                },
            );
        }
        let seen = Seen {
            site,
            has,
            is_partial,
        };
        all.insert(self.record.id, seen);
    }
}

/// The futures that have not ended within reach of some values. Futures that have not ended are the
/// end of the way: what they have is theirs.
struct Reach<'a> {
    machine: &'a Machine,
    found: BTreeSet<ObjectId>,
    known: BTreeSet<ObjectId>,
    visited: usize,
    is_partial: bool,
}

impl Reach<'_> {
    fn new(machine: &Machine) -> Reach<'_> {
        Reach {
            machine,
            found: BTreeSet::new(),
            known: BTreeSet::new(),
            visited: 0,
            is_partial: false,
        }
    }

    fn visit_fiber(&mut self, fiber: &Fiber) {
        if let Some(start) = &fiber.start {
            self.visit_start(start);
        }
        fiber.registers.iter().for_each(|value| self.visit(value));
        for frame in &fiber.frames {
            match frame {
                Frame::Native(call) => call.native.trace(&mut |value| self.visit(value)),
                Frame::Cleanup(cleanups) => {
                    let queue = cleanups.queue.as_slice().iter();
                    queue.for_each(|(_, function)| self.visit(function));
                    cleanups.kept.iter().for_each(|value| self.visit(value));
                }
                Frame::Code(_) | Frame::Unwind(_) => {}
            }
        }
    }

    fn visit_start(&mut self, start: &Start) {
        start.trace(&mut |value| self.visit(value));
    }

    fn visit(&mut self, value: &Value) {
        // Nested deeper than the stack of the machine goes is not looked at by recursion.
        let mut work = vec![value.clone()];
        while let Some(value) = work.pop() {
            self.visited += 1;
            if self.visited > MOST_VALUES {
                self.is_partial = true;
                return;
            }
            match &value {
                Value::Object(object) => {
                    let future = Future::from_value(self.machine, &value).ok().flatten();
                    match future {
                        Some(future) if future.goes_on() => {
                            self.found.insert(future.id());
                        }
                        Some(_) | None => {
                            if self.known.insert(object.id()) {
                                object.trace(&mut |inner| work.push(inner.clone()));
                            }
                        }
                    }
                }
                Value::Cell(array) => work.extend(array.data().iter().take(MOST_VALUES).cloned()),
                Value::Struct(array) => {
                    let fields = array.fields().iter();
                    let values = fields.flat_map(|(_, values)| values.iter());
                    work.extend(values.take(MOST_VALUES).cloned());
                }
                Value::Function(handle) => work.extend(handle.captures.iter().cloned()),
                Value::List(values) => work.extend(values.iter().take(MOST_VALUES).cloned()),
                _ => {}
            }
        }
    }
}
