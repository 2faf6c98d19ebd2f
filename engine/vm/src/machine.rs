//! The state of one session, shared by all its tasks: one small cell for each concern.

mod options;

pub use options::{OnExit, Options, Tier, Unhandled};

use crate::cancel::CancelCell;
use crate::capacity::Capacity;
use crate::fiber::Frame;
use crate::future::{Failure, Future, Listener};
use crate::registry::Registry;
use crate::statistics::{Gauge, Statistics};
use crate::task::TaskRecord;
use crate::wait::{NOBODY, Waiter};
use litemap::LiteMap;
use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::{Rc, Weak};
use std::sync::Arc;
use tourbillon_builtins::{CleanupQueue, Outputs, note_escape};
use tourbillon_compiler::{Constant, ConstantCallee, FunctionKind, Program};
use tourbillon_executor::{Scheduler, Target};
use tourbillon_host::{
    Access, Entangled, Event, Host, Object, Observer, Policy, Stream, TaskId, TaskLabel, Watch,
};
use tourbillon_value::{
    Callee, FunctionHandle, ObjectId, ObjectRef, RuntimeError, Value, WeakObject,
};

/// So many tasks may keep the capacity of their stacks, also when they are over.
const SPARE_STACKS: usize = 64;

/// What is left of a session, by kind; all zero after it was closed.
pub type Ledger = LiteMap<Cow<'static, str>, usize>;

/// A program with its constants as values of one session.
pub(crate) struct Loaded {
    pub program: Arc<Program>,
    /// Its number in the session.
    pub number: u32,
    pub constants: Vec<Vec<Value>>,
    /// Names as counted texts, so that labels and frames share them.
    pub names: Vec<Rc<str>>,
    /// The names of the script's registers: they are those of the workspace.
    pub variables: Vec<Rc<str>>,
    pub files: Vec<Rc<str>>,
    /// Whether it was made from a text at run time. What it does not know it looks for among the
    /// functions of the session.
    pub is_text: bool,
}

/// One session.
pub struct Machine {
    pub(crate) host: Rc<dyn Host>,
    pub(crate) policy: Rc<dyn Policy>,
    pub(crate) watch: Watch,
    pub(crate) options: Options,
    /// The label of the root task of a background job: its path in the session that asked for it.
    pub(crate) job_label: Option<Rc<TaskLabel>>,
    /// What a background job writes, on both streams in turn.
    diary: Option<RefCell<String>>,
    /// How many background jobs have ended.
    pub(crate) jobs_ended: Cell<u64>,
    /// Its address is the identity of the session.
    pub(crate) token: Rc<Token>,
    pub(crate) scheduler: RefCell<Scheduler<Rc<TaskLabel>>>,
    /// On the embedded tier.
    pub(crate) capacity: Option<Capacity>,
    pub(crate) records: RefCell<Vec<Option<Rc<TaskRecord>>>>,
    /// The task that runs now.
    pub(crate) current: RefCell<Option<Rc<TaskRecord>>>,
    pub(crate) programs: RefCell<Vec<Rc<Loaded>>>,
    /// The workspace's variables and globals.
    pub(crate) workspace: RefCell<LiteMap<Rc<str>, Value>>,
    pub(crate) globals: RefCell<BTreeMap<Rc<str>, Value>>,
    pub(crate) registry: Registry,
    pub(crate) next_future: Cell<u64>,
    /// Instructions until the next tick of the task that runs.
    pub(crate) fuel: Cell<i64>,
    pub(crate) ticks_in_a_row: Cell<u32>,
    pub(crate) cleanups: Rc<CleanupQueue>,
    pub(crate) last_error: RefCell<Option<RuntimeError>>,
    /// The results of a call, on their way to the library function or the body's end that takes them next.
    pub(crate) results: Cell<Outputs>,
    pub(crate) diagnostics: RefCell<Vec<RuntimeError>>,
    pub(crate) output: RefCell<String>,
    pub(crate) failures: RefCell<Vec<Rc<Failure>>>,
    /// The waits for everything that is pending: what starts meanwhile joins them.
    everything: RefCell<Vec<Weak<Waiter>>>,
    /// Futures of operations that were started and have not ended, by the number in their waker.
    pub(crate) started: RefCell<BTreeMap<u64, StartedOperation>>,
    pub(crate) next_started: Cell<u64>,
    /// Operations in flight that somebody's progress depends on.
    pub(crate) outstanding: Cell<usize>,
    pub(crate) cancel: Arc<CancelCell>,
    /// Number of the current or last execution.
    pub(crate) execution: Cell<u64>,
    pub(crate) is_executing: Cell<bool>,
    /// Whether the host has cancelled the current execution.
    pub(crate) is_cancelled: Cell<bool>,
    /// Whether anything was under way then.
    pub(crate) has_struck: Cell<bool>,
    /// What is kept for explanations.
    pub(crate) explaining: crate::explain::Explaining,
    /// What the library remembers between calls.
    pub(crate) library: tourbillon_builtins::LibraryState,
    /// The random numbers of the root task.
    pub(crate) random: Rc<RefCell<tourbillon_builtins::RandomStream>>,
    pub(crate) statistics: RefCell<Statistics>,
    spare: RefCell<Vec<(Vec<Frame>, Vec<Value>)>>,
    pub(crate) woken: RefCell<Vec<Target>>,
}

/// What the futures of a session know of it. Its address is the identity of the session.
pub(crate) struct Token {
    /// Futures say themselves what is done with them: programs reach them on many ways.
    pub watch: Watch,
    /// Futures that are pending.
    pub pending: Gauge,
    /// Bytes of the stacks of suspended tasks.
    pub task_bytes: Gauge,
}

/// A future that an operation of its own will settle.
pub(crate) struct StartedOperation {
    pub held: Held,
    /// The task that started it.
    pub task: Rc<TaskLabel>,
    pub wake: Arc<tourbillon_executor::WakeSlot<Target>>,
}

/// How the table of started operations holds a future.
pub(crate) enum Held {
    /// What the operation does outside is wanted, or somebody will be called.
    Kept(Future),
    /// Of a sleep: once nobody else holds it, nobody can tell whether it ends.
    Seen(WeakObject),
}

impl StartedOperation {
    /// The future; none of a sleep that nobody can see any more.
    pub(crate) fn future(&self) -> Option<Future> {
        match &self.held {
            Held::Kept(future) => Some(future.clone()),
            Held::Seen(future) => Future::upgrade(future),
        }
    }
}

impl Machine {
    /// A session over a host.
    pub fn new(
        host: Rc<dyn Host>,
        policy: Rc<dyn Policy>,
        observer: Option<Rc<dyn Observer>>,
        options: Options,
    ) -> Rc<Machine> {
        Rc::new(Machine::make(host, policy, observer, options))
    }

    /// The session of a background job, whose root task has that label.
    pub(crate) fn of_job(
        host: Rc<dyn Host>,
        policy: Rc<dyn Policy>,
        observer: Option<Rc<dyn Observer>>,
        options: Options,
        label: Rc<TaskLabel>,
    ) -> Rc<Machine> {
        let mut machine = Machine::make(host, policy, observer, options);
        machine.job_label = Some(label);
        machine.diary = Some(RefCell::default());
        Rc::new(machine)
    }

    fn make(
        host: Rc<dyn Host>,
        policy: Rc<dyn Policy>,
        observer: Option<Rc<dyn Observer>>,
        options: Options,
    ) -> Machine {
        let scheduler = Scheduler::new();
        let cancel = CancelCell::new(scheduler.inbox().clone());
        let watch = Watch::new(observer);
        let token = Rc::new(Token {
            watch: watch.clone(),
            pending: Gauge::default(),
            task_bytes: Gauge::default(),
        });
        Machine {
            host,
            policy,
            capacity: Capacity::of_tier(options.tier, &watch),
            watch,
            options,
            job_label: None,
            diary: None,
            jobs_ended: Cell::new(0),
            token,
            scheduler: RefCell::new(scheduler),
            records: RefCell::default(),
            current: RefCell::default(),
            programs: RefCell::default(),
            workspace: RefCell::default(),
            globals: RefCell::default(),
            registry: Registry::default(),
            next_future: Cell::new(0),
            fuel: Cell::new(0),
            ticks_in_a_row: Cell::new(0),
            cleanups: Rc::default(),
            last_error: RefCell::default(),
            results: Cell::default(),
            diagnostics: RefCell::default(),
            output: RefCell::default(),
            failures: RefCell::default(),
            everything: RefCell::default(),
            started: RefCell::default(),
            next_started: Cell::new(0),
            outstanding: Cell::new(0),
            cancel,
            execution: Cell::new(0),
            is_executing: Cell::new(false),
            is_cancelled: Cell::new(false),
            has_struck: Cell::new(false),
            explaining: crate::explain::Explaining::default(),
            library: tourbillon_builtins::LibraryState::default(),
            random: Rc::default(),
            statistics: RefCell::default(),
            spare: RefCell::default(),
            woken: RefCell::default(),
        }
    }

    /// Back to the state of a new session; capacity, and programs already loaded, are kept.
    ///
    /// # Panics
    /// When the session is executing or was not closed.
    pub fn reset(&self) {
        assert!(
            !self.is_executing.get(),
            "a session is reset between executions"
        );
        self.scheduler.borrow_mut().reset();
        self.capacity.iter().for_each(Capacity::reset);
        self.records.borrow_mut().clear();
        self.workspace.borrow_mut().clear();
        self.globals.borrow_mut().clear();
        self.registry.reset();
        self.next_future.set(0);
        self.ticks_in_a_row.set(0);
        drop(self.cleanups.take());
        *self.last_error.borrow_mut() = None;
        self.diagnostics.borrow_mut().clear();
        self.failures.borrow_mut().clear();
        self.output.borrow_mut().clear();
        self.next_started.set(0);
        self.jobs_ended.set(0);
        self.is_cancelled.set(false);
        self.library.reset();
        self.explaining.forget();
        *self.random.borrow_mut() = tourbillon_builtins::RandomStream::default();
        *self.statistics.borrow_mut() = Statistics::default();
        self.token.pending.forget_peak();
        self.token.task_bytes.forget_peak();
    }

    /// Names of the workspace's variables.
    pub fn workspace_names(&self) -> Vec<Rc<str>> {
        self.workspace.borrow().keys().cloned().collect()
    }

    /// How many variables the workspace has.
    pub fn workspace_count(&self) -> usize {
        self.workspace.borrow().len()
    }

    /// The workspace.
    pub fn workspace(&self) -> BTreeMap<Rc<str>, Value> {
        let workspace = self.workspace.borrow();
        let variables = workspace.iter();
        variables
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect()
    }

    /// Shows every variable of the workspace, in the order of their names.
    pub fn visit_workspace(&self, mut visit: impl FnMut(&str, &Value)) {
        for (name, value) in self.workspace.borrow().iter() {
            visit(name, value);
        }
    }

    /// Puts a variable into the workspace.
    ///
    /// # Errors
    /// `async:SessionBusy` when an execution is under way.
    pub fn set_variable(&self, name: &str, value: Value) -> Result<(), RuntimeError> {
        if self.is_executing.get() {
            return Err(crate::errors::session_busy());
        }
        let old = self.workspace.borrow_mut().insert(name.into(), value);
        drop(old);
        Ok(())
    }

    /// The session's options.
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// What is left, by kind.
    pub fn ledger(&self) -> Ledger {
        let scheduler = self.scheduler.borrow();
        let classes = self.registry.count_by_class();
        let operations = self.outstanding.get() + self.started.borrow().len();
        // In the order of their names, and with room for what a host adds.
        let mut ledger = Ledger::with_capacity(classes.len() + 8);
        let mut note = |kind: Cow<'static, str>, count: usize| {
            let refused = ledger.try_append(kind, count);
            debug_assert!(refused.is_none(), "{refused:?} comes too late");
        };
        note("buffers".into(), self.host.live_buffers());
        note("cleanups".into(), self.cleanups.len());
        note("objects".into(), classes.values().sum());
        for (class, count) in classes {
            note(format!("objects.{class}").into(), count);
        }
        note("operations".into(), operations);
        note("tasks".into(), scheduler.live());
        note("wakers".into(), scheduler.foreign_wakers());
        ledger
    }

    pub(crate) fn event(&self, event: &Event<'_>) {
        self.watch.event(event);
    }

    /// Says what the running step touches.
    #[inline]
    pub(crate) fn touch(&self, object: Object<'_>, access: Access) {
        self.watch.access(object, access);
    }

    /// A global variable gets a value, or one of its elements does.
    pub(crate) fn store_global(&self, name: &str, value: &Value) {
        self.touch(Object::Global(name), Access::Write);
        note_escape(&self.watch, [value]);
    }

    /// A number for a new handle object.
    pub(crate) fn make_object_id(&self) -> ObjectId {
        let id = self.registry.new_id();
        self.touch(Object::Handle(id), Access::Create);
        id
    }

    /// Takes the cleanup functions that are due, oldest object first.
    pub(crate) fn take_cleanups(&self) -> Vec<(ObjectId, Value)> {
        let due = self.cleanups.take();
        if due
            .windows(2)
            .any(|pair| pair[0].creator != pair[1].creator)
        {
            // Whose object is the older one is a matter of the schedule.
            self.watch.entangle(Entangled::Numbers);
        }
        due.into_iter()
            .map(|due| (due.object, due.function))
            .collect()
    }

    /// Every task, in an order that no schedule changes.
    pub(crate) fn sorted_records(&self) -> Vec<Rc<TaskRecord>> {
        let mut records: Vec<Rc<TaskRecord>> =
            self.records.borrow().iter().flatten().cloned().collect();
        records.sort_by(|a, b| a.label.cmp_family(&b.label));
        records
    }

    /// The future of every started operation, in an order that no schedule changes.
    pub(crate) fn sorted_operations(&self) -> Vec<Future> {
        let started = self.started.borrow();
        let mut all: Vec<&StartedOperation> = started.values().collect();
        // Those of one task are in the order of their numbers already.
        all.sort_by(|a, b| a.task.cmp_family(&b.task));
        all.into_iter()
            .filter_map(StartedOperation::future)
            .collect()
    }

    pub(crate) fn print(&self, text: &str) {
        self.touch(Object::Console(Stream::Output), Access::Write);
        self.event(&Event::Output { text });
        if self.options.capture_output {
            self.output.borrow_mut().push_str(text);
        }
        self.note_in_diary(text);
        self.host.console().write(Stream::Output, text);
    }

    /// A background job remembers what it writes.
    pub(crate) fn note_in_diary(&self, text: &str) {
        if let Some(diary) = &self.diary {
            diary.borrow_mut().push_str(text);
        }
    }

    /// What a background job wrote.
    pub(crate) fn take_diary(&self) -> String {
        self.diary.as_ref().map(RefCell::take).unwrap_or_default()
    }

    /// Puts a suspended task into the ready queue. The running task is not put there: it looks at
    /// what it waits for before it suspends.
    pub(crate) fn wake(&self, task: TaskId) {
        self.wake_as(task, false);
    }

    /// The same; `by_last` when it was woken by the last of those that it waits for together.
    pub(crate) fn wake_as(&self, task: TaskId, by_last: bool) {
        if self
            .current
            .borrow()
            .as_ref()
            .is_some_and(|current| current.id == task)
        {
            return;
        }
        self.event(&Event::TaskWoken { task, by_last });
        let is_new = self.scheduler.borrow_mut().make_ready(task);
        if is_new {
            self.event(&Event::TaskReady { task });
        }
    }

    /// A task began to wait for everything.
    pub(crate) fn waits_for_everything(&self, waiter: &Rc<Waiter>) {
        self.touch(Object::Tasks, Access::Write);
        let mut everything = self.everything.borrow_mut();
        everything.retain(|waiter| waiter.strong_count() > 0);
        everything.push(Rc::downgrade(waiter));
    }

    /// How many counted waiters wait for everything.
    pub(crate) fn waiting_for_everything(&self) -> usize {
        let everything = self.everything.borrow();
        let waiters = everything.iter().filter_map(Weak::upgrade);
        waiters.filter(|waiter| waiter.counts()).count()
    }

    /// A task or an operation has started: whoever waits for everything waits for it as well.
    pub(crate) fn joins_everything(&self, future: &Future) {
        self.touch(Object::Tasks, Access::Add);
        if self.everything.borrow().is_empty() {
            return;
        }
        let waiters: Vec<Rc<Waiter>> = self
            .everything
            .borrow()
            .iter()
            .filter_map(Weak::upgrade)
            .collect();
        for waiter in waiters {
            self.touch(Object::Wait(waiter.task()), Access::Write);
            if waiter.admit(future) {
                // The goal is that all have ended: which of them it was does not matter.
                future.register(self, Listener::Waiter(waiter), NOBODY);
            }
        }
    }

    /// The record of a task.
    pub(crate) fn record(&self, task: TaskId) -> Option<Rc<TaskRecord>> {
        self.records
            .borrow()
            .get(task.slot as usize)
            .and_then(|record| record.clone())
            .filter(|record| record.id == task)
    }

    /// The record of the task that runs now.
    ///
    /// # Panics
    /// Outside of a task step.
    pub(crate) fn current(&self) -> Rc<TaskRecord> {
        self.current
            .borrow()
            .clone()
            .expect("library code runs inside a task")
    }

    /// Takes in what the host has finished: tasks become ready, started operations settle their
    /// futures, in the order of the wakes. Runs no code of the program.
    #[inline]
    pub(crate) fn collect_woken(self: &Rc<Self>) {
        if self.scheduler.borrow().inbox().has_any() {
            self.collect_all_woken();
        }
    }

    fn collect_all_woken(self: &Rc<Self>) {
        let mut woken = std::mem::take(&mut *self.woken.borrow_mut());
        loop {
            self.scheduler.borrow().inbox().drain(&mut woken);
            if woken.is_empty() {
                break;
            }
            for target in woken.drain(..) {
                match target {
                    Target::Task(task) => {
                        let by_last = false;
                        self.event(&Event::TaskWoken { task, by_last });
                        let is_new = self.scheduler.borrow_mut().woken(task);
                        if is_new {
                            self.event(&Event::TaskReady { task });
                        }
                    }
                    Target::Operation(number) => {
                        crate::spawn::poll_started(self, number.into());
                    }
                }
            }
        }
        *self.woken.borrow_mut() = woken;
    }

    /// Polls the host without waiting, as happens every so many instructions.
    pub(crate) fn tick(self: &Rc<Self>) {
        self.fuel
            .set(self.fuel.get() + i64::from(self.options.poll_every.max(1)));
        if self.options.poll_every == 0 {
            self.fuel.set(i64::MAX - self.explaining.bias());
            return;
        }
        let in_a_row = self.ticks_in_a_row.get() + 1;
        self.ticks_in_a_row.set(in_a_row);
        self.statistics.borrow_mut().ticks += 1;
        if self.outstanding.get() > 0 || !self.started.borrow().is_empty() {
            let began = self.host.now();
            self.host.tick(in_a_row);
            let took = self.host.now().0.saturating_sub(began.0);
            let mut statistics = self.statistics.borrow_mut();
            statistics.busy_ticks += 1;
            statistics.tick_nanoseconds += took;
        } else {
            self.host.tick(in_a_row);
        }
        self.collect_woken();
        self.observe_cancel();
        if self.registry.collect_if_many() > 0 {
            self.watch.entangle(Entangled::Collection);
        }
    }

    /// Instructions until the first tick of a task that no task made.
    pub(crate) fn first_fuel(&self) -> i64 {
        match self.options.poll_every {
            0 => i64::MAX,
            every => i64::from(every),
        }
    }

    /// Loads a program, once for each `Arc`.
    pub(crate) fn load(&self, program: &Arc<Program>) -> Rc<Loaded> {
        self.load_as(program, false)
    }

    pub(crate) fn load_as(&self, program: &Arc<Program>, is_text: bool) -> Rc<Loaded> {
        let mut programs = self.programs.borrow_mut();
        if let Some(loaded) = programs
            .iter()
            .find(|loaded| Arc::ptr_eq(&loaded.program, program))
        {
            return loaded.clone();
        }
        let number = u32::try_from(programs.len()).expect("fewer than 2^32 programs");
        let names: Vec<Rc<str>> = program
            .functions
            .iter()
            .map(|function| (&*function.name).into())
            .collect();
        let constants = program
            .functions
            .iter()
            .map(|function| {
                function
                    .constants
                    .iter()
                    .map(|constant| materialize(constant, number))
                    .collect()
            })
            .collect();
        let variables = match program.functions.first() {
            Some(script) if script.kind == FunctionKind::Script => {
                script.names.iter().map(|name| (&**name).into()).collect()
            }
            Some(_) | None => Vec::new(),
        };
        let files = program
            .sources
            .iter()
            .map(|source| source.name().into())
            .collect();
        let loaded = Rc::new(Loaded {
            program: program.clone(),
            number,
            constants,
            names,
            variables,
            files,
            is_text,
        });
        programs.push(loaded.clone());
        loaded
    }

    /// A loaded program by its number.
    pub(crate) fn program(&self, number: u32) -> Rc<Loaded> {
        self.programs.borrow()[number as usize].clone()
    }

    /// Whether so many tasks are there that they should not hold memory in advance.
    pub(crate) fn is_crowded(&self) -> bool {
        self.scheduler.borrow().live() > SPARE_STACKS
    }

    /// Empty stacks with capacity.
    pub(crate) fn spare_stacks(&self) -> (Vec<Frame>, Vec<Value>) {
        self.spare.borrow_mut().pop().unwrap_or_default()
    }

    /// Takes stacks back that are not needed any more.
    pub(crate) fn return_stacks(&self, mut frames: Vec<Frame>, mut registers: Vec<Value>) {
        frames.clear();
        registers.clear();
        let mut spare = self.spare.borrow_mut();
        if spare.len() < SPARE_STACKS {
            spare.push((frames, registers));
        }
    }

    /// Every live handle object, oldest first.
    pub(crate) fn live_objects(&self) -> Vec<ObjectRef> {
        self.registry.alive()
    }

    /// The session's own live futures that are wanted, oldest first.
    pub(crate) fn live_futures(&self, is_wanted: impl Fn(&Future) -> bool) -> Vec<Future> {
        let mut futures = Vec::new();
        self.registry.each(|object| {
            let future = Future::from_value(self, &Value::Object(object));
            futures.extend(future.ok().flatten().filter(&is_wanted));
        });
        futures
    }
}

fn materialize(constant: &Constant, program: u32) -> Value {
    match constant {
        Constant::Number(number) => Value::Double(*number),
        Constant::Bool(truth) => Value::Bool(*truth),
        Constant::Text(text) => Value::text(text),
        Constant::EmptyMatrix => Value::empty(),
        Constant::EmptyCell => Value::cell_row(Vec::new()),
        Constant::Colon => Value::Colon,
        Constant::Handle { name, callee } => Value::Function(Rc::new(FunctionHandle {
            name: (&**name).into(),
            callee: match callee {
                ConstantCallee::Function(function) => Callee::Program {
                    program,
                    function: u32::from(*function),
                },
                ConstantCallee::Builtin(id) => Callee::Builtin(id.0),
                ConstantCallee::Unresolved => Callee::Unresolved,
            },
            captures: Vec::new(),
            is_anonymous: false,
        })),
    }
}

impl Drop for Machine {
    /// A session that goes without being closed, such as that of a job that is given up: its cleanups do not
    /// run any more, but nothing that its variables or cycles hold stays.
    fn drop(&mut self) {
        let workspace = std::mem::take(self.workspace.get_mut());
        let globals = std::mem::take(self.globals.get_mut());
        drop((workspace, globals));
        for object in self.live_objects() {
            object.clear();
        }
    }
}
