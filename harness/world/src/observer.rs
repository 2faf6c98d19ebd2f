//! What the world sees of the engine: it goes into the trace and past the oracles.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use tourbillon_host::{Access, Event as EngineEvent, EventState, Object, Observer, TaskId};
use tourbillon_sim::label::name_hash;
use tourbillon_sim::trace::{Event, What};
use tourbillon_sim::{Action, Candidate, Label, SharedRun};

use crate::names::note_task;
use crate::oracles::{Oracles, Spinning};

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
    oracles: RefCell<Oracles>,
}

#[derive(Clone, Copy)]
struct LiveTask {
    id: TaskId,
    label: Label,
    is_ready: bool,
}

impl WorldObserver {
    /// An observer whose trace is that of `run`.
    pub fn new(run: &SharedRun) -> Rc<WorldObserver> {
        Rc::new(WorldObserver {
            run: run.clone(),
            tasks: RefCell::default(),
            current: Cell::new(Label(0)),
            stepped: Cell::new(None),
            steps: Cell::new(0),
            oracles: RefCell::default(),
        })
    }

    /// A new run begins.
    pub(crate) fn reset(&self) {
        self.tasks.borrow_mut().clear();
        self.current.set(Label(0));
        self.stepped.set(None);
        self.steps.set(0);
        self.oracles.borrow_mut().reset();
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
            if !task.is_ready {
                let (label, action) = (task.label, Action::Spurious);
                candidates.push(Candidate { label, action });
                ids.push(task.id);
            }
        }
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

    fn put(&self, id: TaskId, task: Option<LiveTask>) {
        let mut tasks = self.tasks.borrow_mut();
        let slot = id.slot as usize;
        if tasks.len() <= slot {
            tasks.resize(slot + 1, None);
        }
        tasks[slot] = task;
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

    fn trace(&self, what: What, label: Label, value: u64) {
        self.run.borrow_mut().event(Event { what, label, value });
    }
}

impl Observer for WorldObserver {
    fn wants_accesses(&self) -> bool {
        false
    }

    fn access(&self, _object: Object<'_>, _access: Access) {
        // Footprints are for partial-order reduction; the plain search needs none.
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
                let live = LiveTask {
                    id: task,
                    label,
                    is_ready: false,
                };
                self.put(task, Some(live));
                self.trace(SPAWN, label, priority.index() as u64);
            }
            EngineEvent::TaskReady { task } => {
                let label = self.set_ready(task, true);
                let (what, value) = (READY, 0);
                self.run.borrow_mut().note(Event { what, label, value });
            }
            EngineEvent::TaskStep { task, label } => {
                self.set_ready(task, false);
                let label = Label(label.hash());
                self.current.set(label);
                self.stepped.set(Some((task, label)));
                self.steps.set(self.steps.get() + 1);
                self.trace(STEP, label, 0);
            }
            EngineEvent::TaskEnded { task, label } => {
                self.put(task, None);
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
                self.trace(DEADLOCK, current, name_hash(report));
            }
            EngineEvent::Invariant { name } => self.trace(INVARIANT, current, name_hash(name)),
            EngineEvent::Mark { name, reached } => {
                let value = name_hash(name) ^ u64::from(reached);
                self.trace(MARK, current, value);
            }
            // The plain search leaves no order out.
            EngineEvent::Entangled { .. } => {}
            // These are for the oracles: what they tell follows from what is traced.
            EngineEvent::BodyRuns { .. }
            | EngineEvent::FutureAdopted { .. }
            | EngineEvent::FutureFailed { .. }
            | EngineEvent::ErrorAwaited { .. }
            | EngineEvent::ExecutionStopped
            | EngineEvent::CleanupRegistered { .. }
            | EngineEvent::CleanupCalled { .. } => {}
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
