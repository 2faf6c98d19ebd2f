//! Futures: values of class `future`, their one transition, and who is told of it.

mod extras;
mod object;
mod settling;
mod state;
mod waiting;

pub use state::{FutureState, FutureView, future_view};

use extras::Extras;
use object::unavailable;
use waiting::Registration;
pub(crate) use waiting::{Listener, SetListener};

use crate::capacity::Place;
use crate::errors;
use crate::feval::Feval;
use crate::fiber::{Shortfall, Start};
use crate::machine::{Held, Machine, Token};
use crate::operation::{OperationGuard, Sequel};
use crate::wait::Waiter;
use std::cell::RefCell;
use std::cmp::Ordering;
use std::collections::VecDeque;
use std::rc::Rc;
use thin_vec::ThinVec;
use tourbillon_builtins::Outputs;
use tourbillon_host::{Access, Event, EventState, Object as Shared, Priority, TaskId, TaskLabel};
use tourbillon_value::{ObjectId, ObjectRef, Result, RuntimeError, Value, WeakObject};

/// A counted reference to a future.
#[derive(Clone)]
pub(crate) struct Future(ObjectRef);

/// The object behind a future.
pub(crate) struct FutureObject {
    pub id: ObjectId,
    /// `f.ID`.
    number: u64,
    /// Its number among the futures of the task that made it, whose own is the first; 0 for one that no
    /// task made.
    ordinal: u32,
    /// Which session it belongs to: an address that lives as long as the future does.
    session: Rc<Token>,
    pub core: RefCell<Core>,
}

/// Where a future's result comes from.
pub(crate) enum Origin {
    /// A body: an async function or block, or a function value given to `spawn`.
    Body,
    /// `promise()`, and the futures that `then` returns.
    Manual,
    /// A host operation.
    Operation(Box<OperationOrigin>),
}

/// A host operation that settles a future.
pub(crate) struct OperationOrigin {
    pub guard: Rc<OperationGuard>,
    /// What is made of its outcome.
    pub sequel: Option<Sequel>,
    pub is_timer: bool,
    /// Its number in the session's table of started operations.
    pub number: u64,
}

pub(crate) enum State {
    Created(Option<Box<Start>>),
    Pending,
    Success(Outputs),
    Failure(RuntimeError),
    Cancelled(RuntimeError),
}

impl State {
    pub(crate) fn kind(&self) -> FutureState {
        match self {
            State::Created(_) => FutureState::Created,
            State::Pending => FutureState::Pending,
            State::Success(_) => FutureState::Success,
            State::Failure(_) => FutureState::Failure,
            State::Cancelled(_) => FutureState::Cancelled,
        }
    }
}

/// A failure that is reported at the end of the execution unless somebody looks at it.
pub(crate) struct Failure {
    pub error: RuntimeError,
    /// The label, the kind and the ordinal of its future.
    task: Rc<TaskLabel>,
    is_manual: bool,
    ordinal: u32,
    pub is_observed: std::cell::Cell<bool>,
}

impl Failure {
    /// An order that no schedule changes.
    pub(crate) fn cmp_origin(&self, other: &Failure) -> Ordering {
        let tasks = self.task.cmp_family(&other.task);
        tasks
            .then(self.is_manual.cmp(&other.is_manual))
            .then(self.ordinal.cmp(&other.ordinal))
    }
}

/// Which transitions a callback wants to see, and what it gets.
pub(crate) enum CallbackKind {
    Success,
    Failure,
    Complete,
    /// `then`: the result of the callback settles this future.
    Then(Future),
}

pub(crate) struct Callback {
    pub kind: CallbackKind,
    pub function: Value,
}

pub(crate) struct Core {
    pub state: State,
    pub origin: Origin,
    /// The label of its task, or of the task that created it.
    pub label: Rc<TaskLabel>,
    /// What it is called in labels and reports: the function's name.
    pub body_name: Rc<str>,
    pub priority: Priority,
    pub cancel_requested: bool,
    /// The task that runs its body.
    pub runner: Option<TaskId>,
    pub parent: Option<WeakObject>,
    pub children: ThinVec<WeakObject>,
    /// The number of children at which those that are gone are swept out next.
    sweep_children_at: u32,
    /// Boxed: of many futures most have nobody who waits, and of one many.
    #[expect(
        clippy::box_collection,
        reason = "three words smaller where nobody waits"
    )]
    registrations: Option<Box<VecDeque<Registration>>>,
    /// Its place among the futures of the embedded tier, until it has ended.
    pub place: Option<Place>,
    /// Boxed: few futures have any of it.
    extras: Option<Box<Extras>>,
}

impl Core {
    fn new(state: State, origin: Origin, label: Rc<TaskLabel>, body_name: Rc<str>) -> Core {
        Core {
            state,
            origin,
            label,
            body_name,
            priority: Priority::Normal,
            cancel_requested: false,
            runner: None,
            parent: None,
            children: ThinVec::new(),
            sweep_children_at: 0,
            registrations: None,
            place: None,
            extras: None,
        }
    }
}

impl Future {
    /// A new future, known to the session.
    pub(crate) fn new(
        machine: &Machine,
        state: State,
        origin: Origin,
        label: Rc<TaskLabel>,
        body_name: Rc<str>,
    ) -> Future {
        let id = machine.make_object_id();
        let number = machine.next_future.get() + 1;
        machine.next_future.set(number);
        let ordinal = match &*machine.current.borrow() {
            Some(record) => record.next_future(),
            None => 0,
        };
        let is_pending = matches!(state, State::Pending);
        let object = ObjectRef::new(FutureObject {
            id,
            number,
            ordinal,
            session: machine.token.clone(),
            core: RefCell::new(Core::new(state, origin, label, body_name)),
        });
        machine.registry.adopt(&object);
        machine.statistics.borrow_mut().futures += 1;
        if is_pending {
            machine.token.pending.add(1);
            machine.event(&Event::FutureState {
                future: id,
                from: EventState::Created,
                to: EventState::Pending,
            });
        }
        Future(object)
    }

    /// A future of no job: it never changes, and nobody counts it.
    pub(crate) fn unavailable(machine: &Machine) -> Value {
        let label = TaskLabel::root(&machine.options.root_label);
        unavailable(&machine.token, label)
    }

    /// Whether the job behind it has begun.
    pub(crate) fn has_begun(&self) -> bool {
        self.get().has_begun()
    }

    /// The future in a value of this session.
    pub(crate) fn from_value(machine: &Machine, value: &Value) -> Result<Option<Future>> {
        let Value::Object(object) = value else {
            return Ok(None);
        };
        let Some(future) = object.downcast_ref::<FutureObject>() else {
            return Ok(None);
        };
        if !Rc::ptr_eq(&future.session, &machine.token) {
            return Err(errors::invalid_await(
                "The future belongs to another session.",
            ));
        }
        Ok(Some(Future(object.clone())))
    }

    /// Somebody will be told of its end who need not hold it: a sleep goes on then.
    pub(crate) fn keep(&self, machine: &Machine) {
        let number = match &self.get().core.borrow().origin {
            Origin::Operation(operation) if operation.is_timer => operation.number,
            Origin::Operation(_) | Origin::Body | Origin::Manual => return,
        };
        if let Some(started) = machine.started.borrow_mut().get_mut(&number) {
            started.held = Held::Kept(self.clone());
        }
    }

    /// The future that a call gave, when its body has not begun: an async function was called.
    pub(crate) fn not_begun(machine: &Machine, values: &[Value]) -> Option<Future> {
        let future = Future::from_value(machine, values.first()?).ok()??;
        (future.state() == FutureState::Created).then_some(future)
    }

    pub(crate) fn get(&self) -> &FutureObject {
        self.0
            .downcast_ref::<FutureObject>()
            .expect("a Future refers to a future")
    }

    pub(crate) fn value(&self) -> Value {
        Value::Object(self.0.clone())
    }

    pub(crate) fn into_value(self) -> Value {
        Value::Object(self.0)
    }

    pub(crate) fn is_same(&self, other: &Future) -> bool {
        self.0.is_same(&other.0)
    }

    pub(crate) fn downgrade(&self) -> WeakObject {
        self.0.downgrade()
    }

    pub(crate) fn upgrade(weak: &WeakObject) -> Option<Future> {
        weak.upgrade().map(Future)
    }

    pub(crate) fn id(&self) -> ObjectId {
        self.get().id
    }

    /// Its state. A look at it.
    pub(crate) fn state(&self) -> FutureState {
        let object = self.get();
        object.touch(Access::Read);
        object.core.borrow().state.kind()
    }

    /// Whether it has ended. A look at it.
    pub(crate) fn is_terminal(&self) -> bool {
        self.state().is_terminal()
    }

    /// Its state, for what the machine decides from the state of the whole session.
    pub(crate) fn peek_state(&self) -> FutureState {
        self.get().core.borrow().state.kind()
    }

    /// Whether it has not ended, where nobody can tell from what follows: a child that has ended counts
    /// for nothing.
    pub(crate) fn goes_on(&self) -> bool {
        !self.peek_state().is_terminal()
    }

    /// Says what the running step does with it.
    #[inline]
    pub(crate) fn touch(&self, access: Access) {
        self.get().touch(access);
    }

    /// Says what the running step does with those who wait.
    #[inline]
    pub(crate) fn touch_waiters(&self, access: Access) {
        self.get().touch_waiters(access);
    }

    /// Says what the running step does with those that its body started. They are asked to stop in an
    /// order of their own, so that it does not matter when they came.
    #[inline]
    pub(crate) fn touch_family(&self, access: Access) {
        self.get().touch_family(access);
    }

    /// Says what the running step does with the request to stop.
    #[inline]
    pub(crate) fn touch_request(&self, access: Access) {
        let object = self.get();
        object
            .session
            .watch
            .access(Shared::Request(object.id), access);
    }

    /// Whether it was asked to stop.
    pub(crate) fn is_asked(&self) -> bool {
        let object = self.get();
        let request = Shared::Request(object.id);
        object.session.watch.access(request, Access::Read);
        object.core.borrow().cancel_requested
    }

    /// The result, when there is one. Looking at it counts as observing a failure.
    pub(crate) fn result(&self) -> Option<Result<Outputs>> {
        let object = self.get();
        object.touch(Access::Read);
        let core = object.core.borrow();
        match &core.state {
            State::Created(_) | State::Pending => None,
            State::Success(outputs) => Some(Ok(outputs.clone())),
            State::Failure(error) | State::Cancelled(error) => {
                if let Some(failure) = core.failure() {
                    failure.is_observed.set(true);
                }
                Some(Err(error.clone()))
            }
        }
    }

    /// The error for whoever wants more values than it gives.
    pub(crate) fn too_many_wanted(&self, given: usize) -> RuntimeError {
        let core = self.get().core.borrow();
        match core
            .extras
            .as_ref()
            .and_then(|extras| extras.shortfall.as_ref())
        {
            Some(shortfall) => shortfall.error(given),
            None => errors::too_many_outputs(!matches!(core.origin, Origin::Body)),
        }
    }

    /// Says that somebody saw, or will see, how it failed.
    pub(crate) fn observe(&self) {
        if let Some(failure) = self.get().core.borrow().failure() {
            failure.is_observed.set(true);
        }
    }

    /// An order that no schedule changes: by task, then by number in the task that made it.
    pub(crate) fn cmp_origin(&self, other: &Future) -> Ordering {
        let (one, two) = (self.get(), other.get());
        let (a, b) = (one.core.borrow(), two.core.borrow());
        let is_body = |core: &Core| matches!(core.origin, Origin::Body);
        a.label
            .cmp_family(&b.label)
            .then(is_body(&b).cmp(&is_body(&a)))
            .then(one.ordinal.cmp(&two.ordinal))
    }

    /// Its label for reports: of its task, or of its creator with the body's name.
    pub(crate) fn describe(&self) -> String {
        let core = self.get().core.borrow();
        match &core.origin {
            Origin::Manual => {
                let kind = &core.body_name;
                format!("{kind} #{} of {}", self.get().ordinal, core.label)
            }
            Origin::Operation(operation) => operation.guard.label().to_string(),
            Origin::Body if core.runner.is_some() => core.label.to_string(),
            Origin::Body => format!("{}/{}", core.label, core.body_name),
        }
    }

    /// The created future becomes pending; returns what it begins with.
    pub(crate) fn begin(&self, machine: &Machine, runner: TaskId) -> Box<Start> {
        let object = self.get();
        let start = {
            let mut core = object.core.borrow_mut();
            let State::Created(start) = &mut core.state else {
                unreachable!("only created futures begin")
            };
            let start = start.take().expect("a created future has a body");
            core.state = State::Pending;
            core.runner = Some(runner);
            start
        };
        machine.token.pending.add(1);
        object.touch(Access::Write);
        machine.event(&Event::FutureState {
            future: object.id,
            from: EventState::Created,
            to: EventState::Pending,
        });
        start
    }
}

impl Core {
    /// Notes a child; those that are gone are swept out now and then.
    pub(crate) fn add_child(&mut self, child: &Future) {
        if self.children.len() >= self.sweep_children_at.max(32) as usize {
            self.children
                .retain(|child| Future::upgrade(child).is_some_and(|child| child.goes_on()));
            self.sweep_children_at = 2 * self.children.len() as u32;
        }
        self.children.push(child.downgrade());
    }

    fn registrations(&self) -> impl Iterator<Item = &Registration> {
        self.registrations.iter().flat_map(|all| all.iter())
    }

    /// Whether anybody waits for it or will be called.
    pub(crate) fn is_watched(&self) -> bool {
        let is_awaited = |entry: &Registration| match &entry.listener {
            Listener::Waiter(_) => true,
            Listener::Set(listener) => {
                let set = listener.set.upgrade();
                set.is_some_and(|set| set.is_awaited())
            }
        };
        self.registrations().any(is_awaited)
            || !self.followers().is_empty()
            || !self.callbacks_left().is_empty()
    }
}
