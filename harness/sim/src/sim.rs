//! What tasks hold of their simulation: spawning, virtual time, simulated operations, choices.

use std::cell::{Cell, Ref, RefCell};
use std::collections::VecDeque;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use rustc_hash::FxHashMap;

use crate::cancel::Cancellable;
use crate::choice::{Action, Candidate, Kind};
use crate::droppable::Droppable;
use crate::explain::Notes;
use crate::footprint::{Access, Object};
use crate::inject::Injections;
use crate::join::JoinHandle;
use crate::label::{Label, join_hash, name_hash};
use crate::run::SharedRun;
use crate::strikes::Strikes;
use crate::task::{Pools, Task};
use crate::timing::{Operation, Sleep, Waits};
use crate::trace::{Event, What};
use crate::wake::Ring;

/// A handle on the simulation that the current task runs in. Cloning it is cheap.
#[derive(Clone, Debug)]
pub struct Sim {
    pub(crate) shared: Rc<Shared>,
}

/// How urgent a task is: the scheduler chooses among the ready tasks of the highest class only.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Priority {
    /// Before all others.
    Critical = 0,
    /// Before normal ones.
    High = 1,
    /// What tasks have when nothing is said.
    #[default]
    Normal = 2,
    /// After normal ones.
    Low = 3,
    /// When nothing else is ready.
    Idle = 4,
}

impl Priority {
    pub(crate) const COUNT: usize = 5;
}

/// What the executor and the handles share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) run: SharedRun,
    pub(crate) inbox: RefCell<VecDeque<NewTask>>,
    pub(crate) pools: RefCell<Pools>,
    pub(crate) current: Cell<Label>,
    /// How many polls the executor has made: tells which notes are of a task's last poll.
    pub(crate) polls: Cell<u64>,
    pub(crate) waits: RefCell<Waits>,
    // What a task waits for, as far as our own primitives know: for reports only.
    pub(crate) waiting_for: RefCell<FxHashMap<Label, WaitNote>>,
    occurrences: RefCell<Occurrences>,
    scratch: RefCell<Vec<Candidate>>,
    pub(crate) cancels: RefCell<Strikes>,
    pub(crate) drops: RefCell<Strikes>,
    /// The tasks' own wakers by slot, and the slot of the task that runs.
    pub(crate) wakers: RefCell<Vec<Waker>>,
    pub(crate) current_slot: Cell<u32>,
    /// The class of priority of that task.
    pub(crate) current_class: Cell<u8>,
    // Tasks that a join has woken in this step, once for each wake.
    woken_by_join: RefCell<Vec<Label>>,
    has_woken_by_join: Cell<bool>,
    pub(crate) ring: Arc<Ring>,
    // What a run that is to be explained remembers; none in all others.
    is_explaining: Cell<bool>,
    notes: RefCell<Notes>,
}

/// A task that was spawned and has not been taken over by the executor.
pub(crate) struct NewTask {
    pub(crate) task: Box<dyn Task>,
    pub(crate) label: Label,
    pub(crate) priority: Priority,
}

impl std::fmt::Debug for NewTask {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("NewTask")
            .field("label", &self.label)
            .finish_non_exhaustive()
    }
}

/// How often each name was used under each parent. The counts of earlier runs stay: finding them stale is
/// cheaper than making them again.
#[derive(Debug, Default)]
struct Occurrences {
    counts: Vec<Count>,
    index: FxHashMap<(u64, u64), usize>,
    // The last that was asked for: names are often used several times in a row.
    last: usize,
    generation: u64,
}

/// How often a name was used under a parent in the run of that generation, and for how many
/// occurrences the label's text is known.
#[derive(Debug)]
struct Count {
    parent: u64,
    name: u64,
    generation: u64,
    count: u32,
    noted: u32,
}

impl Occurrences {
    /// Counts one more use of a name under a parent; returns the count, and whether it was never so
    /// high before.
    fn next(&mut self, parent: u64, name: u64) -> (u32, bool) {
        let is_it = |count: &Count| count.parent == parent && count.name == name;
        if !self.counts.get(self.last).is_some_and(is_it) {
            self.last = self.find(parent, name);
        }
        let count = &mut self.counts[self.last];
        if count.generation != self.generation {
            count.generation = self.generation;
            count.count = 0;
        }
        count.count += 1;
        let is_new = count.count > count.noted;
        count.noted = count.noted.max(count.count);
        (count.count, is_new)
    }

    fn find(&mut self, parent: u64, name: u64) -> usize {
        let next = self.counts.len();
        let at = *self.index.entry((parent, name)).or_insert(next);
        if at == next {
            self.counts.push(Count {
                parent,
                name,
                generation: self.generation,
                count: 0,
                noted: 0,
            });
        }
        at
    }
}

/// What a task waited for in the executor's poll number `polls`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WaitNote {
    pub(crate) polls: u64,
    pub(crate) on: WaitOn,
    pub(crate) site: Option<Site>,
}

/// Where in the program under test something was asked for.
pub(crate) type Site = &'static Location<'static>;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WaitOn {
    Task(Label),
    Time(u64),
    Operation(Label),
    Object(Label, Awaited),
}

/// What of an object a task waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Awaited {
    Lock,
    Permit,
    Room,
    Message,
    Value,
    Notification,
}

impl Shared {
    pub(crate) fn new(run: SharedRun, ring: Arc<Ring>) -> Shared {
        Shared {
            run,
            inbox: RefCell::default(),
            pools: RefCell::default(),
            current: Cell::new(Label(0)),
            polls: Cell::new(0),
            waits: RefCell::default(),
            waiting_for: RefCell::default(),
            occurrences: RefCell::default(),
            scratch: RefCell::default(),
            cancels: RefCell::new(Strikes::new(Action::Cancel)),
            drops: RefCell::new(Strikes::new(Action::Drop)),
            wakers: RefCell::default(),
            current_slot: Cell::new(0),
            current_class: Cell::new(0),
            woken_by_join: RefCell::default(),
            has_woken_by_join: Cell::new(false),
            ring,
            is_explaining: Cell::new(false),
            notes: RefCell::default(),
        }
    }

    /// From now on, until it is taken away again, what there is to note is noted.
    pub(crate) fn set_notes(&self, notes: Option<Notes>) {
        self.is_explaining.set(notes.is_some());
        self.notes.replace(notes.unwrap_or_default());
    }

    pub(crate) fn notes(&self) -> Ref<'_, Notes> {
        self.notes.borrow()
    }

    /// Notes something if the run is to be explained.
    #[inline]
    pub(crate) fn explain<R>(&self, note: impl FnOnce(&mut Notes) -> R) -> Option<R> {
        if self.is_explaining.get() {
            return Some(note(&mut self.notes.borrow_mut()));
        }
        None
    }

    /// Forgets what belongs to one run.
    pub(crate) fn reset(&self) {
        if !self.inbox.borrow().is_empty() {
            // Dropped with nothing borrowed, since futures may do anything in their drop.
            let left = self.inbox.take();
            drop(left);
        }
        self.current.set(Label(0));
        let wakers = self.waits.borrow_mut().reset();
        drop(wakers);
        for list in [&self.cancels, &self.drops] {
            let left = list.borrow_mut().reset();
            drop(left);
        }
        if self.has_woken_by_join.replace(false) {
            self.woken_by_join.borrow_mut().clear();
        }
        self.waiting_for.borrow_mut().clear();
        self.occurrences.borrow_mut().generation += 1;
    }

    /// A label for the next child or operation called `name` of the current task.
    pub(crate) fn next_label(&self, name: &str) -> Label {
        let parent = self.current.get();
        let name_hash = name_hash(name);
        let (occurrence, is_new) = self.occurrences.borrow_mut().next(parent.0, name_hash);
        let hash = join_hash(parent.0, name_hash, occurrence);
        if is_new {
            self.note_label(hash, parent, name, occurrence);
        }
        Label(hash)
    }

    #[cold]
    fn note_label(&self, hash: u64, parent: Label, name: &str, occurrence: u32) {
        let labels = &mut self.run.borrow_mut().labels;
        labels.note(hash, parent, name, occurrence);
    }

    /// Whether `waker` is the current task's own, not one of something between it and its future.
    pub(crate) fn is_own_waker(&self, waker: &Waker) -> bool {
        let slot = self.current_slot.get() as usize;
        let wakers = self.wakers.borrow();
        wakers.get(slot).is_some_and(|own| own.will_wake(waker))
    }

    /// A join wakes a task through the task's own waker.
    pub(crate) fn note_woken_by_join(&self, task: Label) {
        self.woken_by_join.borrow_mut().push(task);
        self.has_woken_by_join.set(true);
    }

    /// How a step that rang for `task` so often touches it.
    /// Whether a join has woken somebody in this step.
    #[inline]
    pub(crate) fn has_woken_by_join(&self) -> bool {
        self.has_woken_by_join.get()
    }

    #[inline]
    pub(crate) fn wake_access(&self, task: Label, rings: u32) -> Access {
        if !self.has_woken_by_join.get() {
            return Access::Wake;
        }
        self.wake_access_after_join(task, rings)
    }

    #[cold]
    fn wake_access_after_join(&self, task: Label, rings: u32) -> Access {
        let mut woken = self.woken_by_join.borrow_mut();
        let before = woken.len();
        woken.retain(|label| *label != task);
        self.has_woken_by_join.set(!woken.is_empty());
        if rings as usize == before - woken.len() {
            Access::WakeByBarrier
        } else {
            Access::Wake
        }
    }

    /// Remembers what the current task waits for.
    pub(crate) fn note_wait(&self, on: WaitOn, site: Option<Site>) {
        let polls = self.polls.get();
        let note = WaitNote { polls, on, site };
        let mut waiting = self.waiting_for.borrow_mut();
        waiting.insert(self.current.get(), note);
        self.explain(|notes| notes.wait(self.current.get(), note));
    }
}

impl Sim {
    /// Starts a task; its label is the current task's, `task` and the occurrence there.
    #[track_caller]
    pub fn spawn<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + 'static,
    {
        self.spawn_with("task", Priority::Normal, future)
    }

    /// Starts a task called `name`: `main/bump#2` is the second `bump` that `main` spawned.
    #[track_caller]
    pub fn spawn_named<F>(&self, name: &str, future: F) -> JoinHandle<F::Output>
    where
        F: Future + 'static,
    {
        self.spawn_with(name, Priority::Normal, future)
    }

    /// Starts a task with a name and a priority.
    #[track_caller]
    pub fn spawn_with<F>(&self, name: &str, priority: Priority, future: F) -> JoinHandle<F::Output>
    where
        F: Future + 'static,
    {
        let label = self.shared.next_label(name);
        let site = Location::caller();
        self.shared.explain(|notes| notes.spawn(label, site));
        let (task, join) = self.shared.pools.borrow_mut().task(label, future);
        self.shared.inbox.borrow_mut().push_back(NewTask {
            task,
            label,
            priority,
        });
        self.shared.ring.spawned();
        JoinHandle::new(join, Rc::clone(&self.shared))
    }

    /// Gives way once: every other ready task may run before the current one goes on.
    pub fn yield_now(&self) -> Yield {
        Yield { yielded: false }
    }

    /// Completes `duration` of virtual time later. A timer: injections never delay it.
    #[track_caller]
    pub fn sleep(&self, duration: Duration) -> Sleep {
        let now = self.shared.run.borrow().clock.now();
        Sleep::new(
            Rc::clone(&self.shared),
            now.saturating_add(nanoseconds(duration)),
            Location::caller(),
        )
    }

    /// Virtual time since the run began.
    #[must_use]
    pub fn now(&self) -> Duration {
        Duration::from_nanos(self.shared.run.borrow().clock.now())
    }

    /// An operation with the outside that takes `latency`: where the injections `pending` and
    /// `delay` strike.
    #[track_caller]
    pub fn operation(&self, name: &str, latency: Duration) -> Operation {
        let label = self.shared.next_label(name);
        let site = Location::caller();
        Operation::new(Rc::clone(&self.shared), label, nanoseconds(latency), site)
    }

    /// A value from 0 to `count - 1` that the strategy picks; 0 is the default. `count` must not
    /// be 0.
    #[must_use]
    pub fn pick(&self, name: &str, count: u32) -> u32 {
        assert!(count > 0, "a value below 0 cannot be picked");
        let label = self.shared.next_label(name);
        let mut candidates = self.shared.scratch.take();
        candidates.clear();
        candidates.extend((0..count).map(|value| Candidate {
            label,
            action: Action::Pick(value),
        }));
        let picked = self.shared.run.borrow_mut().choose(Kind::Pick, &candidates);
        self.shared.scratch.replace(candidates);
        picked as u32
    }

    /// Wraps a future that the exploration may cancel, where cancels are allowed: at some point after
    /// it was suspended, also when it has been woken already, it is dropped instead of polled again,
    /// and what awaits it gets [`crate::Cancelled`].
    ///
    /// The label of the cancel is the current task's, `name` and the occurrence there.
    pub fn cancellable<F: Future>(&self, name: &str, future: F) -> Cancellable<F> {
        Cancellable::new(&self.shared, name, future)
    }

    /// Wraps a future whose last handle the exploration may drop while it is under way, where drops are
    /// allowed: at some point after it was suspended, also when it has been woken already. Unlike a
    /// cancelled future, which goes in its task's next poll, it is gone at once, in a step of its own; what
    /// awaits it is woken and gets [`crate::Dropped`].
    ///
    /// The label of the drop is the current task's, `name` and the occurrence there.
    pub fn droppable<F: Future + 'static>(&self, name: &str, future: F) -> Droppable<F> {
        Droppable::new(&self.shared, name, future)
    }

    /// Whether something fails here: the exploration's choice, where faults are allowed, and never
    /// otherwise. The label is the current task's, `name` and the occurrence there.
    #[must_use]
    pub fn fault(&self, name: &str) -> bool {
        self.fault_of(name, &[name]).is_some()
    }

    /// Which of these errors strikes here, if one does: the exploration's choice, where faults are
    /// allowed.
    #[must_use]
    pub fn fault_of(&self, name: &str, errors: &[&str]) -> Option<usize> {
        if self.shared.run.borrow().injections().faults == 0 {
            return None;
        }
        // Counted whether a fault can still strike or not: labels must not depend on that.
        let label = self.shared.next_label(name);
        let mut run = self.shared.run.borrow_mut();
        if run.faults_left() == 0 {
            return None;
        }
        let mut candidates = vec![Candidate::keep(label)];
        for error in errors {
            let action = Action::Fault(run.labels.root(error));
            candidates.push(Candidate { label, action });
        }
        run.choose(Kind::Fault, &candidates).checked_sub(1)
    }

    /// Something that must hold of every run. One where it does not fails, and goes on.
    pub fn invariant(&self, holds: bool, name: &str) {
        if !holds {
            let task = self.shared.current.get();
            self.shared.run.borrow_mut().violate(|labels| {
                format!("invariant `{name}` does not hold in {}", labels.text(task))
            });
        }
    }

    /// A mark: something that should be so in some run at least. Reports tell which marks were never
    /// reached, and a guided search looks for runs that reach new ones.
    pub fn sometimes(&self, reached: bool, name: &str) {
        self.shared.run.borrow_mut().marks.pass(name, reached);
    }

    /// An object of the current task's making, whose accesses are told with [`Sim::access`].
    #[must_use]
    pub fn object(&self, name: &str) -> Object {
        let label = self.shared.next_label(name);
        self.shared.explain(|notes| notes.cell(label));
        label.into()
    }

    /// The current step touches `object`: see [`crate::Explorer::reduced`].
    #[inline]
    pub fn access(&self, object: Object, access: Access) {
        self.shared.run.borrow_mut().access(object, access);
    }

    /// What may be injected into this run.
    #[must_use]
    pub fn injections(&self) -> Injections {
        *self.shared.run.borrow().injections()
    }

    /// Adds an event of the current task to the trace.
    pub fn event(&self, what: What, value: u64) {
        let label = self.shared.current.get();
        self.shared
            .run
            .borrow_mut()
            .event(Event { what, label, value });
    }

    /// The label of the current task, as text.
    #[must_use]
    pub fn label(&self) -> String {
        self.shared
            .run
            .borrow()
            .labels
            .text(self.shared.current.get())
    }
}

/// Virtual time is whole nanoseconds in 64 bits: some 584 years.
fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// Gives way once: see [`Sim::yield_now`].
#[derive(Debug)]
#[must_use = "futures do nothing unless awaited"]
pub struct Yield {
    yielded: bool,
}

impl Future for Yield {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if self.yielded {
            return Poll::Ready(());
        }
        self.yielded = true;
        context.waker().wake_by_ref();
        Poll::Pending
    }
}
