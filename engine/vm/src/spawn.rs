//! How futures start: as a task, or as a host operation.

use crate::capacity::Room;
use crate::feval::Feval;
use crate::fiber::{Fiber, Start};
use crate::future::{Future, FutureState, OperationOrigin, Origin, State};
use crate::interpreter::Interpreter;
use crate::machine::{Held, Loaded, Machine, StartedOperation};
use crate::operation::{Advance, OperationGuard, Sequel};
use crate::task::TaskRecord;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use thin_vec::{ThinVec, thin_vec};
use tourbillon_builtins::note_escape;
use tourbillon_builtins::{Finish, Outputs, one};
use tourbillon_executor::{Target, WakeSlot};
use tourbillon_host::{
    Access, Entangled, Event, Object, OperationLabel, Priority, Request, TaskId, TaskLabel,
};
use tourbillon_value::{FunctionHandle, Result, RuntimeError, Value};

/// A created future of a function of a program.
pub(crate) fn create(
    machine: &Machine,
    loaded: &Rc<Loaded>,
    function: usize,
    arguments: Vec<Value>,
) -> Future {
    let label = machine.current().label.clone();
    let name = loaded.names[function].clone();
    let start = Start::Function {
        loaded: loaded.clone(),
        function,
        arguments,
    };
    Future::new(
        machine,
        State::Created(Some(Box::new(start))),
        Origin::Body,
        label,
        name,
    )
}

/// A created future of a call of a function value, as `spawn(@f)` makes it.
pub(crate) fn create_call(machine: &Machine, handle: &Rc<FunctionHandle>) -> Future {
    let label = machine.current().label.clone();
    let name: Rc<str> = if handle.is_anonymous {
        "anonymous".into()
    } else {
        handle.name.clone()
    };
    let start = Start::Call {
        function: Value::Function(handle.clone()),
        arguments: Vec::new(),
        outputs: crate::fiber::ALL,
    };
    Future::new(
        machine,
        State::Created(Some(Box::new(start))),
        Origin::Body,
        label,
        name,
    )
}

/// The label's name and the class given to `spawn`.
#[derive(Default)]
pub(crate) struct SpawnOptions {
    pub name: Option<Rc<str>>,
    pub priority: Option<Priority>,
}

/// Starts a created future as a task: a child of `parent`'s body, or of the running one.
pub(crate) fn start_task(
    machine: &Rc<Machine>,
    future: &Future,
    options: Option<SpawnOptions>,
    parent: Option<&Future>,
    is_of_cleanup: bool,
) {
    debug_assert_eq!(future.peek_state(), FutureState::Created);
    let options = options.unwrap_or_default();
    let (label, priority) = {
        let mut core = future.get().core.borrow_mut();
        if let Some(name) = options.name {
            core.set_name(name);
        }
        let priority = options.priority.unwrap_or(core.priority);
        core.priority = priority;
        let name = core.name().unwrap_or(&core.body_name).clone();
        let label = match machine.current.borrow().as_ref() {
            Some(current) => current.next_child(&name),
            None => TaskLabel::child(&core.label, name, 1),
        };
        core.label = label.clone();
        (label, priority)
    };
    if let Some(parent) = parent {
        adopt_child(machine, parent, future);
    }
    let record = new_record(machine, label, priority);
    record.is_of_cleanup.set(is_of_cleanup);
    take_place(machine, &record, is_of_cleanup);
    let start = future.begin(machine, record.id);
    note_start(machine, &start);
    let fiber = Fiber::new(machine, future.clone(), start, 0);
    launch(machine, record, thin_vec![fiber]);
    machine.joins_everything(future);
}

/// What a task begins with, whoever made it may still hold.
fn note_start(machine: &Machine, start: &Start) {
    if machine.watch.looks_for_cleanups() {
        let mut held = Vec::new();
        start.trace(&mut |value| held.push(value.clone()));
        note_escape(&machine.watch, &held);
    }
}

/// Makes one future the child of another's body.
pub(crate) fn adopt_child(machine: &Machine, parent: &Future, child: &Future) {
    let (own, owner) = (child.get(), parent.get());
    owner.touch_family(Access::Add);
    own.core.borrow_mut().parent = Some(parent.downgrade());
    owner.core.borrow_mut().add_child(child);
    machine.event(&Event::FutureAdopted {
        future: own.id,
        parent: Some(owner.id),
    });
}

/// A task of the session that runs the machine's own code.
pub(crate) fn start_native(
    machine: &Rc<Machine>,
    label: Rc<TaskLabel>,
    priority: Priority,
    name: &'static str,
    native: Box<dyn tourbillon_builtins::NativeFrame>,
) -> TaskId {
    let record = new_record(machine, label.clone(), priority);
    record.is_native.set(true);
    record.is_reserved.set(true);
    let id = record.id;
    let start = Start::Native { native, name };
    let future = Future::new(
        machine,
        State::Created(Some(Box::new(start))),
        Origin::Body,
        label,
        name.into(),
    );
    let start = future.begin(machine, record.id);
    let fiber = Fiber::new(machine, future, start, 0);
    launch(machine, record, thin_vec![fiber]);
    id
}

/// Bodies whose starter stopped waiting go on as a task of the session.
pub(crate) fn detach(machine: &Rc<Machine>, owner: &TaskRecord, fibers: ThinVec<Fiber>) {
    if machine.watch.looks_for_cleanups() {
        // What the bodies hold, those that stay behind may hold as well.
        machine.watch.entangle(Entangled::Cleanup);
    }
    let (name, priority) = {
        let core = fibers[0].future.get().core.borrow();
        (core.body_name.clone(), core.priority)
    };
    let record = new_record(machine, owner.next_child(&name), priority);
    record.has_run.set(true);
    // Others wait for it: it goes on, whether or not there is room for one more.
    take_place(machine, &record, owner.is_reserved.get());
    // It is a task of the session now: who awaited it has no say any more.
    fibers[0].future.get().core.borrow_mut().parent = None;
    machine.event(&Event::FutureAdopted {
        future: fibers[0].future.id(),
        parent: None,
    });
    for fiber in &fibers {
        fiber.future.touch(Access::Write);
        fiber.future.get().core.borrow_mut().runner = Some(record.id);
        machine.event(&Event::BodyRuns {
            future: fiber.future.id(),
            task: record.id,
        });
        if let Some(pending) = &fiber.pending {
            pending.wait.move_to(record.id);
        }
    }
    launch(machine, record, fibers);
}

/// The place of a new task on the embedded tier; what callbacks and cleanup code start takes none.
fn take_place(machine: &Machine, record: &TaskRecord, is_of_cleanup: bool) {
    let is_reserved = is_of_cleanup || machine.is_in_reserve();
    record.is_reserved.set(is_reserved);
    if let Some(capacity) = &machine.capacity {
        record.set_place((!is_reserved).then(|| capacity.task()));
    }
}

fn new_record(machine: &Machine, label: Rc<TaskLabel>, priority: Priority) -> Rc<TaskRecord> {
    let id = machine
        .scheduler
        .borrow_mut()
        .insert(label.clone(), priority);
    let fuel = match &*machine.current.borrow() {
        Some(_) => machine.fuel.get() + machine.explaining.bias(),
        None => machine.first_fuel(),
    };
    let record = TaskRecord::new(id, label, fuel);
    let mut records = machine.records.borrow_mut();
    if records.len() <= id.slot as usize {
        records.resize(id.slot as usize + 1, None);
    }
    records[id.slot as usize] = Some(record.clone());
    drop(records);
    machine.statistics.borrow_mut().tasks += 1;
    machine.event(&Event::TaskSpawned {
        task: id,
        label: &record.label,
        priority,
    });
    machine.touch(Object::Tasks, Access::Add);
    record
}

fn launch(machine: &Rc<Machine>, record: Rc<TaskRecord>, fibers: ThinVec<Fiber>) {
    let id = record.id;
    if record.has_run.get() {
        // Bodies that waited elsewhere before.
        let stack_bytes = fibers.iter().map(Fiber::stack_bytes).sum();
        machine.token.task_bytes.add(stack_bytes);
    }
    record.fibers.replace(fibers);
    let interpreter = Interpreter::new(machine.clone(), record);
    machine
        .scheduler
        .borrow_mut()
        .put_back(id, Box::pin(interpreter.run()));
    machine.wake(id);
}

/// The root task of an execution.
pub(crate) fn start_root(machine: &Rc<Machine>, start: Start) -> Future {
    let label = match &machine.job_label {
        Some(label) => label.clone(),
        None => TaskLabel::root(&machine.options.root_label),
    };
    let record = new_record(machine, label.clone(), Priority::Normal);
    take_place(machine, &record, false);
    record.set_last_error(machine.last_error.borrow().clone());
    let name = machine.options.root_label.clone();
    let future = Future::new(
        machine,
        State::Created(Some(Box::new(start))),
        Origin::Body,
        label,
        name,
    );
    let start = future.begin(machine, record.id);
    let fiber = Fiber::new(machine, future.clone(), start, 0);
    launch(machine, record, thin_vec![fiber]);
    future
}

/// Starts a host operation and gives its future, a child of `parent`'s body.
pub(crate) fn start_operation(
    machine: &Rc<Machine>,
    request: Request,
    sequel: Sequel,
    parent: &Future,
    room: Room,
) -> Future {
    let label = machine.current().next_operation(request.name());
    let creator = label.task.clone();
    let name: Rc<str> = label.name.into();
    let is_timer = matches!(request, Request::Timer { .. });
    // Whether it counts as outstanding depends on who waits; the deadlock check looks.
    let (guard, sequel) = match sequel.start(machine, request, label, false) {
        Ok(Advance::Waits(guard, sequel)) => (guard, Some(sequel)),
        Ok(Advance::Value(value)) => return settled(machine, creator, name, Ok(value)),
        Err(error) => return settled(machine, creator, name, Err(error)),
    };
    let started = Underway {
        guard,
        sequel,
        is_timer,
        feval: None,
        room,
    };
    follow(machine, started, creator, name, parent)
}

/// An operation that the host has been asked for.
struct Underway {
    guard: Rc<OperationGuard>,
    /// What is made of its outcome.
    sequel: Option<Sequel>,
    is_timer: bool,
    /// What makes its future one of a background job.
    feval: Option<Rc<Feval>>,
    room: Room,
}

/// The future that ends with an operation, a child of `parent`'s body; the session looks after it from now
/// on.
fn follow(
    machine: &Rc<Machine>,
    operation: Underway,
    task: Rc<TaskLabel>,
    name: Rc<str>,
    parent: &Future,
) -> Future {
    let number = machine.next_started.get() + 1;
    machine.next_started.set(number);
    let inbox = machine.scheduler.borrow().inbox().clone();
    let wake = WakeSlot::new(Target::Operation(number.into()), &inbox);
    let origin = Origin::Operation(Box::new(OperationOrigin {
        guard: operation.guard,
        sequel: operation.sequel,
        is_timer: operation.is_timer,
        number,
    }));
    let future = Future::new(machine, State::Pending, origin, task.clone(), name);
    if let Some(feval) = operation.feval {
        future.get().core.borrow_mut().set_feval(feval);
    }
    operation.room.holds(machine, &future);
    adopt_child(machine, parent, &future);
    let held = match operation.is_timer {
        true => Held::Seen(future.downgrade()),
        false => Held::Kept(future.clone()),
    };
    let started = StartedOperation { held, task, wake };
    machine.started.borrow_mut().insert(number, started);
    machine.joins_everything(&future);
    poll_started(machine, number);
    future
}

/// The future of a started operation that has ended at once.
fn settled(
    machine: &Rc<Machine>,
    creator: Rc<TaskLabel>,
    name: Rc<str>,
    result: Result<Value>,
) -> Future {
    let future = Future::new(machine, State::Pending, Origin::Manual, creator, name);
    future.settle(machine, result.map(one));
    future
}

/// The future of a call that failed before it asked the host for anything.
pub(crate) fn failed(machine: &Rc<Machine>, error: RuntimeError, name: &'static str) -> Future {
    let creator = machine.current().label.clone();
    settled(machine, creator, name.into(), Err(error))
}

/// A job on its way to the host.
pub(crate) struct StartedJob {
    /// The label of its root task, and its own.
    pub label: Rc<TaskLabel>,
    pub feval: Rc<Feval>,
    pub room: Room,
}

/// Starts a background job and gives its future, a child of `parent`'s body.
pub(crate) fn start_job(
    machine: &Rc<Machine>,
    (request, finish): (Request, Finish),
    job: StartedJob,
    parent: &Future,
) -> Future {
    let task = machine.current().label.clone();
    let label = OperationLabel {
        task: task.clone(),
        name: request.name(),
        occurrence: job.label.occurrence(),
    };
    let name: Rc<str> = label.name.into();
    let guard = OperationGuard::submit(machine, request, label, false);
    let started = Underway {
        guard,
        sequel: Some(Sequel::Finish(finish)),
        is_timer: false,
        feval: Some(job.feval),
        room: job.room,
    };
    follow(machine, started, task, name, parent)
}

/// Asks the job of a future to stop. When it has begun its cleanup runs, and a future that nobody sees
/// waits for that in the place of the one that is cancelled; says whether it is so.
pub(crate) fn let_wind_down(machine: &Rc<Machine>, future: &Future, number: u64) -> bool {
    let (guard, label, parent) = {
        let core = future.get().core.borrow();
        let Origin::Operation(operation) = &core.origin else {
            return false;
        };
        let parent = core.parent.as_ref().and_then(Future::upgrade);
        (operation.guard.clone(), core.label.clone(), parent)
    };
    if !guard.stop() {
        return false;
    }
    let origin = Origin::Operation(Box::new(OperationOrigin {
        guard,
        sequel: Some(Sequel::Finish(Box::new(|_| Ok(Value::empty())))),
        is_timer: false,
        number,
    }));
    let hidden = Future::new(machine, State::Pending, origin, label, "stopping".into());
    hidden.get().core.borrow_mut().cancel_requested = true;
    if let Some(parent) = parent {
        adopt_child(machine, &parent, &hidden);
    }
    if let Some(started) = machine.started.borrow_mut().get_mut(&number) {
        started.held = Held::Kept(hidden);
    }
    future.get().core.borrow_mut().origin = Origin::Manual;
    true
}

/// The results of an operation: a list of several stands for itself.
fn results(value: Value) -> Outputs {
    match value {
        Value::List(list) => list.iter().cloned().collect(),
        value => one(value),
    }
}

/// Asks the host for the outcome of a started operation and settles its future when it is there.
pub(crate) fn poll_started(machine: &Rc<Machine>, number: u64) {
    let (future, waker) = {
        let started = machine.started.borrow();
        let Some(started) = started.get(&number) else {
            return;
        };
        started.wake.taken();
        let Some(future) = started.future() else {
            return;
        };
        (future, Waker::from(started.wake.clone()))
    };
    let mut context = Context::from_waker(&waker);
    let result = loop {
        let guard = {
            let core = future.get().core.borrow();
            match &core.origin {
                Origin::Operation(operation) => operation.guard.clone(),
                Origin::Body | Origin::Manual => {
                    unreachable!("a started operation is in the table")
                }
            }
        };
        let Poll::Ready(outcome) = guard.poll(&mut context) else {
            let feval = future.feval().filter(|_| guard.has_begun());
            if let Some(feval) = feval {
                feval.note_begin(machine);
            }
            return;
        };
        let ended = match &mut future.get().core.borrow_mut().origin {
            Origin::Operation(operation) => operation.sequel.take(),
            Origin::Body | Origin::Manual => None,
        };
        let ended = ended.expect("an operation ends once");
        match ended.resume(machine, outcome, false) {
            Ok(Advance::Value(value)) => break Ok(results(value)),
            Err(error) => break Err(error),
            Ok(Advance::Waits(next, rest)) => {
                if let Origin::Operation(operation) = &mut future.get().core.borrow_mut().origin {
                    (operation.guard, operation.sequel) = (next, Some(rest));
                }
            }
        }
    };
    machine.touch(Object::Tasks, Access::Add);
    let started = machine.started.borrow_mut().remove(&number);
    drop(started);
    future.settle(machine, result);
}

/// A future that has succeeded.
pub(crate) fn ready(machine: &Machine, value: Value) -> Future {
    let label = machine.current().label.clone();
    Future::new(
        machine,
        State::Success(one(value)),
        Origin::Manual,
        label,
        "value".into(),
    )
}
