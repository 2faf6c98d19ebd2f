//! What the world sees of the engine: it goes into the trace and past the oracles.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::{Rc, Weak};

use tourbillon_host::{
    Access, Entangled, Event as EngineEvent, EventState, Object, Observer, Priority, Resource,
    TaskId,
};
use tourbillon_sim::footprint::Access as SimAccess;
use tourbillon_sim::label::name_hash;
use tourbillon_sim::trace::{Event, What};
use tourbillon_sim::{Action, Candidate, Label, Run, SharedRun};
use tourbillon_vm::Machine;

use crate::lent::{Journal, Moment};
use crate::names::note_task;
use crate::objects::{Entanglement, Handles, Names, Single, touch};
use crate::oracles::{Oracles, Spinning};
use crate::stuck::{Known, Steps, StuckReport};

const SPAWN: What = What::new("spawn");
const READY: What = What::new("ready");
const STEP: What = What::new("step");
const DONE: What = What::new("done");
const STATE: What = What::new("state");
const CALLBACK: What = What::new("callback registered");
const CALLBACK_RUN: What = What::new("callback");
const CANCEL: What = What::new("cancel");
const CLEANUP: What = What::new("cleanup");
const OUTPUT: What = What::new("output");
const DROP: What = What::new("drop");
const DEADLOCK: What = What::new("deadlock");
const INVARIANT: What = What::new("invariant");
const MARK: What = What::new("mark");

/// Watches one session.
pub struct WorldObserver {
    run: SharedRun,
    tasks: RefCell<Vec<Option<LiveTask>>>,
    /// The task that runs, or ran last.
    current: Cell<Label>,
    /// The task that took the last step, while it lives.
    stepped: Cell<Option<(TaskId, Label)>>,
    steps: Cell<u64>,
    first: Cell<Label>,
    oracles: RefCell<Oracles>,
    names: Names,
    handles: RefCell<Handles>,
    entanglement: Rc<Cell<Entanglement>>,
    /// Whom to ask when the execution is stuck and is to be explained.
    machine: RefCell<Weak<Machine>>,
    seen: RefCell<BTreeMap<TaskId, Steps>>,
    stuck: RefCell<Option<StuckReport>>,
    journal: Journal,
}

#[derive(Clone, Copy)]
struct LiveTask {
    id: TaskId,
    label: Label,
    class: u8,
    is_ready: bool,
    /// Whether it was cancelled as an injection.
    is_struck: bool,
    /// What is known of a task outlives it, until its slot is given out again.
    is_alive: bool,
}

impl WorldObserver {
    /// An observer whose trace is that of `run`.
    pub fn new(run: &SharedRun) -> Rc<WorldObserver> {
        WorldObserver::with(run, Names::default(), &Rc::default())
    }

    /// The same, with names for what the session's tasks share, and what is known of the program's
    /// entanglement.
    pub(crate) fn with(
        run: &SharedRun,
        names: Names,
        entanglement: &Rc<Cell<Entanglement>>,
    ) -> Rc<WorldObserver> {
        Rc::new(WorldObserver {
            names,
            handles: RefCell::default(),
            entanglement: entanglement.clone(),
            run: run.clone(),
            tasks: RefCell::default(),
            current: Cell::new(Label(0)),
            stepped: Cell::new(None),
            steps: Cell::new(0),
            first: Cell::new(Label(0)),
            oracles: RefCell::default(),
            machine: RefCell::default(),
            seen: RefCell::default(),
            stuck: RefCell::default(),
            journal: Journal::default(),
        })
    }

    /// A new run begins.
    pub(crate) fn reset(&self) {
        self.tasks.borrow_mut().clear();
        self.current.set(Label(0));
        self.stepped.set(None);
        self.steps.set(0);
        self.oracles.borrow_mut().reset();
        self.handles.borrow_mut().reset();
        self.seen.borrow_mut().clear();
        self.stuck.take();
        self.journal.clear();
    }

    /// Whom to ask when the execution is stuck.
    pub(crate) fn watches(&self, machine: &Rc<Machine>) {
        self.machine.replace(Rc::downgrade(machine));
    }

    /// The execution is stuck: says why, if it is to be explained.
    /// `delivered`: the operations that have ended, and that nobody has come for.
    pub(crate) fn explain(&self, delivered: &[String]) {
        let machine = self.machine.borrow().upgrade();
        if let Some(machine) = machine
            && self.run.borrow().is_explaining()
        {
            let explanation = machine.explain();
            let (seen, labels) = (self.seen.borrow(), &self.run.borrow().labels);
            let known = Known {
                steps: &seen,
                journal: &self.journal,
                delivered,
                labels,
            };
            let report = StuckReport::of(&explanation, &known);
            self.stuck.replace(Some(report));
        }
    }

    /// What is told of the wakers of operations in a run that is explained.
    pub(crate) fn journal(&self) -> &Journal {
        &self.journal
    }

    /// Why the execution was stuck last, if it was explained.
    pub(crate) fn takes_stuck(&self) -> Option<StuckReport> {
        self.stuck.take()
    }

    /// Notes a step of a task of an execution that is to be explained.
    fn see_step(&self, task: TaskId) {
        let run = self.run.borrow();
        if run.is_explaining() {
            let mut seen = self.seen.borrow_mut();
            seen.entry(task).or_default().last_step = run.steps();
        }
    }

    /// Notes who wakes a task of an execution that is to be explained.
    fn see_wake(&self, task: TaskId) {
        let run = self.run.borrow();
        if !run.is_explaining() {
            return;
        }
        let by = run.current_step().unwrap_or(self.current.get());
        // The first task is nobody's deed.
        if by != Label(0) {
            let by = run.labels.text(by);
            let mut seen = self.seen.borrow_mut();
            seen.entry(task).or_default().woken_by = Some((by, run.steps()));
        }
    }

    /// The task that was suspended by the last step, once.
    pub(crate) fn take_suspended(&self) -> Option<Label> {
        self.stepped.take().map(|(_, label)| label)
    }

    /// How many steps the session's tasks took.
    pub(crate) fn steps(&self) -> u64 {
        self.steps.get()
    }

    /// Adds a poll for nothing of every suspended task to the candidates of a choice.
    pub(crate) fn suspended_into(&self, candidates: &mut Vec<Candidate>, ids: &mut Vec<TaskId>) {
        for task in self.tasks.borrow().iter().flatten() {
            if task.is_alive && !task.is_ready {
                let (label, action) = (task.label, Action::Spurious);
                candidates.push(Candidate { label, action });
                ids.push(task.id);
            }
        }
    }

    /// Adds the cancels that may strike to the candidates of a choice: of the tasks in `ids`, then of
    /// the whole execution.
    pub(crate) fn cancels_into(&self, candidates: &mut Vec<Candidate>, ids: &mut Vec<TaskId>) {
        self.cancellable_into(candidates, ids);
        if self.steps() > 0 {
            let (label, action) = (self.first(), Action::Cancel);
            candidates.push(Candidate { label, action });
        }
    }

    /// Adds a cancel of every suspended task but the first, whose cancel is the host's.
    fn cancellable_into(&self, candidates: &mut Vec<Candidate>, ids: &mut Vec<TaskId>) {
        for task in self.tasks.borrow().iter().flatten() {
            let is_first = task.label == self.first.get();
            if task.is_alive && !task.is_ready && !task.is_struck && !is_first {
                let (label, action) = (task.label, Action::Cancel);
                candidates.push(Candidate { label, action });
                ids.push(task.id);
            }
        }
    }

    /// The first task of the session; what is cancelled when the execution is.
    pub(crate) fn first(&self) -> Label {
        self.first.get()
    }

    /// A task is cancelled as an injection.
    pub(crate) fn strike(&self, id: TaskId) {
        if let Some(Some(task)) = self.tasks.borrow_mut().get_mut(id.slot as usize)
            && task.id == id
        {
            task.is_struck = true;
        }
        self.note_strike();
    }

    /// A cancel has struck: one fewer is left for others, of all sessions of a run.
    pub(crate) fn note_strike(&self) {
        let budget = Names::default().single(Single::Cancels);
        self.run.borrow_mut().access(budget, SimAccess::Write);
    }

    /// The future of the execution is about to be dropped: what is known of its tasks goes with it.
    pub(crate) fn execution_dropped(&self) {
        self.oracles.borrow_mut().execution_dropped();
        self.tasks.borrow_mut().clear();
        self.stepped.set(None);
        self.trace(DROP, self.first.get(), 0);
    }

    /// The execution is gone, and has left that many operations to the host. What the session is used
    /// for from now on is another execution.
    pub(crate) fn execution_is_gone(&self, operations: usize) {
        self.oracles.borrow_mut().execution_is_gone(operations);
    }

    /// What else is wrong with the run.
    pub(crate) fn complain(&self, complaint: String) {
        self.oracles.borrow_mut().complain(complaint);
    }

    /// What the oracles say of the run, once.
    pub(crate) fn verdict(&self) -> Option<String> {
        self.oracles.borrow_mut().finish()
    }

    /// What an oracle said while the program ran, once.
    pub(crate) fn complaint(&self) -> Option<String> {
        self.oracles.borrow_mut().complaint()
    }

    /// The tasks that took the last steps.
    pub(crate) fn spinning(&self) -> Vec<Spinning> {
        self.oracles.borrow().spinning()
    }

    /// Says that the step that begins is one of a ready task's.
    pub(crate) fn begin_step(&self, run: &mut Run, id: TaskId) {
        if let Some(task) = self.task(id) {
            if run.injections().cancels > 0 {
                // Once it is suspended it can be cancelled.
                run.access(task.label.into(), SimAccess::Wake);
            }
            run.access_needs_above(task.class);
            run.access_class(task.class);
        }
        self.begin_other_step(run);
    }

    /// Says that the step that begins is none of a ready task's.
    pub(crate) fn begin_other_step(&self, run: &mut Run) {
        if run.is_explaining() {
            self.journal.begin(Moment {
                step: run.steps(),
                by: run.current_step().unwrap_or_default(),
            });
        }
        if self.entanglement.get().all {
            run.access_everything();
        }
    }

    fn task(&self, id: TaskId) -> Option<LiveTask> {
        let task = *self.tasks.borrow().get(id.slot as usize)?;
        task.filter(|task| task.id == id)
    }

    fn put(&self, task: LiveTask) {
        let mut tasks = self.tasks.borrow_mut();
        let slot = task.id.slot as usize;
        if tasks.len() <= slot {
            tasks.resize(slot + 1, None);
        }
        tasks[slot] = Some(task);
    }

    fn set_ready(&self, id: TaskId, is_ready: bool) -> Label {
        match self.tasks.borrow_mut().get_mut(id.slot as usize) {
            Some(Some(task)) if task.id == id => {
                task.is_ready = is_ready;
                task.label
            }
            Some(_) | None => Label(0),
        }
    }

    /// A task was made.
    fn spawned(&self, id: TaskId, label: Label, priority: Priority) {
        let class = priority.index() as u8;
        if self.first.get() == Label(0) {
            self.first.set(label);
        }
        self.put(LiveTask {
            id,
            label,
            class,
            is_ready: false,
            is_struck: false,
            is_alive: true,
        });
        let mut run = self.run.borrow_mut();
        run.access(label.into(), SimAccess::Wake);
    }

    /// Somebody woke a task, which may have ended: in another order it has not.
    fn woken(&self, id: TaskId, by_last: bool) {
        let Some(task) = self.task(id) else {
            return;
        };
        let access = match by_last {
            true => SimAccess::WakeByBarrier,
            false => SimAccess::Wake,
        };
        let mut run = self.run.borrow_mut();
        run.access(task.label.into(), access);
        run.access_class(task.class);
    }

    /// A task has ended, perhaps by another's hand.
    fn ended(&self, id: TaskId) {
        let Some(task) = self.task(id) else {
            return;
        };
        let is_alive = false;
        self.put(LiveTask { is_alive, ..task });
        let mut run = self.run.borrow_mut();
        run.access(task.label.into(), SimAccess::Write);
        if task.is_ready {
            run.access_class(task.class);
        }
    }

    /// Nothing but trouble could still have happened: where there is some, it could have come before.
    pub(crate) fn nothing_was_left(&self) {
        let mut run = self.run.borrow_mut();
        if run.spurious_left() > 0 || run.cancels_left() > 0 || run.drops_left() > 0 {
            run.access_everything();
        }
    }

    fn entangle(&self, why: Entangled) {
        let mut entanglement = self.entanglement.get();
        entanglement.was_seen = true;
        self.entanglement.set(entanglement);
        if entanglement.add(why) && self.run.borrow_mut().search_anew() {
            self.entanglement.set(entanglement);
        }
    }

    fn trace(&self, what: What, label: Label, value: u64) {
        self.run.borrow_mut().event(Event { what, label, value });
    }
}

impl Observer for WorldObserver {
    fn wants_accesses(&self) -> bool {
        self.run.borrow().keeps_footprints()
    }

    fn access(&self, object: Object<'_>, access: Access) {
        let mut run = self.run.borrow_mut();
        let names = self.names;
        let object = match object {
            Object::Handle(id) => {
                if access == Access::Create {
                    let maker = run.current_step().unwrap_or_default();
                    self.handles.borrow_mut().add(id, maker);
                    if self.entanglement.get().numbers {
                        run.access(names.numbers(), SimAccess::Write);
                    }
                }
                self.handles.borrow().handle(id, names)
            }
            Object::Waiters(id) => self.handles.borrow().waiters(id, names),
            Object::Request(id) => self.handles.borrow().request(id, names),
            Object::Family(id) => self.handles.borrow().family(id, names),
            Object::Wait(id) => {
                let label = self.task(id).map_or(Label(0), |task| task.label);
                let object = names.wait(label);
                if access == Access::Add {
                    // One of those that the task waits for together.
                    run.access(object, SimAccess::Gather);
                }
                object
            }
            Object::Global(name) => names.global(name),
            Object::Console(stream) => names.console(stream),
            Object::Diagnostics => names.single(Single::Diagnostics),
            Object::LastWarning => names.single(Single::LastWarning),
            Object::WarningState => names.single(Single::WarningState),
            Object::Stopwatch => names.single(Single::Stopwatch),
            Object::Tasks => names.single(Single::Tasks),
            Object::Jobs => names.single(Single::Jobs),
            Object::Cleanups => names.single(Single::Cleanups),
            Object::Capacity(resource) => names.single(match resource {
                Resource::Tasks => Single::TaskPlaces,
                Resource::Futures => Single::FuturePlaces,
                Resource::Wakers => Single::WaiterPlaces,
            }),
        };
        touch(&mut run, object, access);
    }

    fn event(&self, event: &EngineEvent<'_>) {
        self.oracles.borrow_mut().look(event);
        let current = self.current.get();
        match *event {
            EngineEvent::TaskSpawned {
                task,
                label,
                priority,
            } => {
                let label = note_task(&mut self.run.borrow_mut().labels, label);
                self.spawned(task, label, priority);
                self.trace(SPAWN, label, priority.index() as u64);
            }
            EngineEvent::TaskReady { task } => {
                let label = self.set_ready(task, true);
                let (what, value) = (READY, 0);
                self.run.borrow_mut().note(Event { what, label, value });
            }
            EngineEvent::TaskWoken { task, by_last } => {
                self.see_wake(task);
                self.woken(task, by_last);
            }
            EngineEvent::TaskStep { task, label } => {
                self.see_step(task);
                self.set_ready(task, false);
                let label = Label(label.hash());
                self.current.set(label);
                self.stepped.set(Some((task, label)));
                self.steps.set(self.steps.get() + 1);
                self.trace(STEP, label, 0);
            }
            EngineEvent::TaskEnded { task, label } => {
                self.ended(task);
                if self.stepped.get().is_some_and(|(id, _)| id == task) {
                    self.stepped.set(None);
                }
                self.trace(DONE, Label(label.hash()), 0);
            }
            EngineEvent::FutureState { future, from, to } => {
                let states = state_number(from) << 4 | state_number(to);
                self.trace(STATE, current, future.0 << 8 | states);
            }
            EngineEvent::CallbackRegistered { future, number, .. } => {
                self.trace(CALLBACK, current, future.0 << 16 | number as u64);
            }
            EngineEvent::CallbackRun { future, number } => {
                self.trace(CALLBACK_RUN, current, future.0 << 16 | number as u64);
            }
            EngineEvent::CancelRequested { future } => self.trace(CANCEL, current, future.0),
            EngineEvent::CleanupRun { task: _ } => self.trace(CLEANUP, current, 0),
            EngineEvent::Output { text } => self.trace(OUTPUT, current, name_hash(text)),
            EngineEvent::Deadlock { report, .. } => {
                self.nothing_was_left();
                self.explain(&[]);
                self.trace(DEADLOCK, current, name_hash(report));
            }
            EngineEvent::Invariant { name } => self.trace(INVARIANT, current, name_hash(name)),
            EngineEvent::Mark { name, reached } => {
                let value = name_hash(name) ^ u64::from(reached);
                self.trace(MARK, current, value);
                self.run.borrow_mut().marks.pass(name, reached);
            }
            // These are for the oracles: what they tell follows from what is traced.
            EngineEvent::BodyRuns { .. }
            | EngineEvent::FutureAdopted { .. }
            | EngineEvent::FutureFailed { .. }
            | EngineEvent::ErrorAwaited { .. }
            | EngineEvent::ExecutionStopped
            | EngineEvent::CleanupRegistered { .. }
            | EngineEvent::CleanupCalled { .. } => {}
            EngineEvent::Entangled { why } => self.entangle(why),
            // The host itself traces its operations, by their labels.
            EngineEvent::OperationSubmitted { .. }
            | EngineEvent::OperationEnded { .. }
            | EngineEvent::OperationDropped { .. } => {}
        }
    }
}

/// A number for a state, stable for ever: part of trace hashes.
fn state_number(state: EventState) -> u64 {
    match state {
        EventState::Created => 1,
        EventState::Pending => 2,
        EventState::Success => 3,
        EventState::Failure => 4,
        EventState::Cancelled => 5,
    }
}
