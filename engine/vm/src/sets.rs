//! Join sets and unordered sets: their members come back once each, in the order in which they end.

use crate::capacity::Room;
use crate::future::{Future, Listener, SetListener};
use crate::machine::Machine;
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;
use tourbillon_builtins::Outputs;
use tourbillon_executor::Resource;
use tourbillon_host::{Access, Object as Shared, TaskId, Watch};
use tourbillon_value::{Dims, Object, ObjectId, ObjectRef, Result, Value};

/// The object behind `joinset()` and `futures_unordered(…)`.
pub(crate) struct SetObject {
    id: ObjectId,
    class: &'static str,
    watch: Watch,
    core: Rc<SetCore>,
}

/// The shared part: members tell it when they end.
#[derive(Default)]
pub(crate) struct SetCore {
    members: RefCell<BTreeMap<u32, Future>>,
    /// Ended members that nobody was given yet.
    arrived: RefCell<VecDeque<u32>>,
    waiters: RefCell<VecDeque<Rc<NextWaiter>>>,
    added: Cell<u32>,
}

/// A task that waits for the next member.
pub(crate) struct NextWaiter {
    task: Cell<TaskId>,
    given: Cell<Option<Given>>,
}

/// What a waiting task was given.
#[derive(Clone, Copy)]
enum Given {
    Member(u32),
    /// There are no members left for it.
    Nothing,
}

impl NextWaiter {
    pub(crate) fn is_met(&self) -> bool {
        self.given.get().is_some()
    }

    pub(crate) fn move_to(&self, task: TaskId) {
        self.task.set(task);
    }
}

impl SetObject {
    pub(crate) fn create(machine: &Machine, class: &'static str) -> ObjectRef {
        let id = machine.make_object_id();
        let object = ObjectRef::new(SetObject {
            id,
            class,
            watch: machine.watch.clone(),
            core: Rc::default(),
        });
        machine.registry.adopt(&object);
        object
    }

    /// Adds a member.
    pub(crate) fn add(&self, machine: &Machine, future: &Future, room: Room) {
        self.watch.handle(self.id, Access::Write);
        let index = self.core.added.get() + 1;
        self.core.added.set(index);
        self.core.members.borrow_mut().insert(index, future.clone());
        let (set, id) = (Rc::downgrade(&self.core), self.id);
        let charge = room.counter(machine, Resource::Wakers).cloned();
        let listener = Box::new(SetListener { set, id, charge });
        future.register(machine, Listener::Set(listener), index);
    }

    /// The members that were not given back, in order of their addition.
    pub(crate) fn members(&self) -> Vec<Future> {
        self.watch.handle(self.id, Access::Read);
        self.peek_members()
    }

    /// The same, where nobody is to know of the look.
    pub(crate) fn peek_members(&self) -> Vec<Future> {
        self.core.members.borrow().values().cloned().collect()
    }

    /// The next result when it is there: a member's, or that of an empty set.
    pub(crate) fn try_next(&self) -> Option<Result<Outputs>> {
        self.watch.handle(self.id, Access::Write);
        let arrived = self.core.arrived.borrow_mut().pop_front();
        match arrived {
            Some(index) => Some(self.core.take(index)),
            None if self.core.members.borrow().is_empty() => Some(Ok(nothing())),
            None => None,
        }
    }

    /// Waits for the next member.
    pub(crate) fn wait(&self, machine: &Machine, task: TaskId) -> Rc<NextWaiter> {
        self.watch.handle(self.id, Access::Write);
        let waiter = Rc::new(NextWaiter {
            task: Cell::new(task),
            given: Cell::new(None),
        });
        self.core.waiters.borrow_mut().push_back(waiter.clone());
        self.core.hand_out(machine);
        waiter
    }

    /// The result of a wait that is met.
    pub(crate) fn finish(&self, machine: &Machine, waiter: &NextWaiter) -> Result<Outputs> {
        self.watch.handle(self.id, Access::Write);
        match waiter.given.take().expect("the wait is met") {
            Given::Member(index) => {
                let taken = self.core.take(index);
                // Others wait for nothing now, if that was the last one.
                self.core.hand_out(machine);
                taken
            }
            Given::Nothing => Ok(nothing()),
        }
    }

    /// A task does not wait any more; what it was given goes to the next.
    pub(crate) fn forget(&self, machine: &Machine, waiter: &Rc<NextWaiter>) {
        self.watch.handle(self.id, Access::Write);
        self.core
            .waiters
            .borrow_mut()
            .retain(|other| !Rc::ptr_eq(other, waiter));
        if let Some(Given::Member(index)) = waiter.given.take() {
            self.core.arrived.borrow_mut().push_front(index);
            self.core.hand_out(machine);
        }
    }
}

/// The answer of an empty set.
fn nothing() -> Outputs {
    Outputs::from_iter([Value::empty(), Value::Double(0.0)])
}

impl SetCore {
    /// A member has ended.
    pub(crate) fn arrive(&self, machine: &Machine, index: u32) {
        self.arrived.borrow_mut().push_back(index);
        self.hand_out(machine);
    }

    /// Gives ended members to waiting tasks, first come first served.
    fn hand_out(&self, machine: &Machine) {
        loop {
            let next = {
                let mut waiters = self.waiters.borrow_mut();
                let mut arrived = self.arrived.borrow_mut();
                if waiters.is_empty() {
                    return;
                }
                let given = match arrived.pop_front() {
                    Some(index) => Given::Member(index),
                    // A member that was given to a task may come back: it may be stopped before it has it.
                    None if self.members.borrow().is_empty() => Given::Nothing,
                    None => return,
                };
                let waiter = waiters.pop_front().expect("somebody waits");
                waiter.given.set(Some(given));
                waiter
            };
            machine.wake(next.task.get());
        }
    }

    /// Whether a task waits for a member.
    pub(crate) fn is_awaited(&self) -> bool {
        !self.waiters.borrow().is_empty()
    }

    fn take(&self, index: u32) -> Result<Outputs> {
        let member = self
            .members
            .borrow_mut()
            .remove(&index)
            .expect("a member is given once");
        let values = member.result().expect("the member has ended")?;
        let value = values.first().cloned().unwrap_or_else(Value::empty);
        Ok(Outputs::from_iter([value, Value::Double(f64::from(index))]))
    }
}

impl Drop for SetObject {
    fn drop(&mut self) {
        // Its members have one fewer that waits for them.
        self.watch.access(Shared::Waiters(self.id), Access::Write);
        let mut values = Vec::new();
        self.give_up(&mut values);
        tourbillon_value::release(&mut values);
    }
}

impl Object for SetObject {
    fn class_name(&self) -> &str {
        self.class
    }

    fn id(&self) -> ObjectId {
        self.id
    }

    fn dims(&self) -> Dims {
        self.watch.handle(self.id, Access::Read);
        Dims::new(self.core.members.borrow().len(), 1)
    }

    fn trace(&self, visit: &mut dyn FnMut(&Value)) {
        for member in self.core.members.borrow().values() {
            visit(&member.value());
        }
    }

    fn clear(&self) {
        let members = std::mem::take(&mut *self.core.members.borrow_mut());
        self.core.arrived.borrow_mut().clear();
        drop(members);
    }

    fn give_up(&self, values: &mut Vec<Value>) {
        let members = std::mem::take(&mut *self.core.members.borrow_mut());
        values.extend(members.into_values().map(Future::into_value));
    }

    fn display(&self) -> String {
        self.watch.handle(self.id, Access::Read);
        format!(
            "  {} with {} members",
            self.class,
            self.core.members.borrow().len()
        )
    }
}
