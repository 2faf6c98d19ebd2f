//! The executor: one thread, one step at a time, and a choice wherever there is more than one.

mod among_all;
mod slot;

use std::fmt;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};

use slot::{Slot, State};

use crate::choice::Candidate;
use crate::explain::Watch;
use crate::footprint::{Access, Classes, Place};
use crate::label::Label;
use crate::listener::Listener;
use crate::ready::Ready;
use crate::report::{Left, Stuck, StuckTask};
use crate::run::{Halt, Run, SharedRun};
use crate::sim::{NewTask, Priority, Shared, Sim};
use crate::task::Task;
use crate::trace::{Event, What};
use crate::wake::{Bell, News, Reader, Ring};

const READY: What = What::new("ready");
const DONE: What = What::new("done");
const SPAWN: What = What::new("spawn");
const DELIVER: What = What::new("deliver");
const CANCEL: What = What::new("cancel");
const DROP: What = What::new("drop");
const ADVANCE: What = What::new("advance");

/// Runs plain Rust futures under a [`crate::Run`]; made once and used for one run after another.
pub struct Executor {
    shared: Rc<Shared>,
    ring: Arc<Ring>,
    reader: Reader,
    slots: Vec<Slot>,
    // Slots whose task has ended and whose waker nobody holds: free for the next task.
    free: Vec<u32>,
    used: usize,
    live: usize,
    ready: Ready,
    candidates: Vec<Candidate>,
    suspended: Vec<u32>,
    left: Left,
    // The slot of the task whose step runs or has just ended, if it is one's and the run is of the usual
    // kind: of what that step does to its own task there is nothing to tell.
    polled: u32,
    keeps_events: bool,
    watch: Option<Box<Watch>>,
    main: Label,
    time: Label,
    // The run's end, where it is a choice.
    end: Label,
}

/// How a run of futures ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Every task has ended.
    Done,
    /// The main task has not ended, and nothing can wake it.
    Deadlock(Stuck),
    /// The main task has ended, but others wait for what cannot come.
    Leak(Stuck),
    /// A task panicked.
    Panic {
        /// The task's label.
        task: String,
        /// What it said.
        message: String,
    },
    /// The run was stopped.
    Halted(Halt),
}

/// The slot of no task.
const NOBODY: u32 = u32::MAX;

/// What the loop does next.
enum Next {
    Poll(u32),
    Look,
    /// The run is over, and ended so unless every task has ended.
    End(Option<Box<Ending>>),
}

impl Executor {
    /// An executor whose choices `run` makes.
    #[must_use]
    pub fn new(run: &SharedRun) -> Executor {
        let ring = Ring::new();
        let main = run.borrow_mut().labels.root("main");
        let time = run.borrow_mut().labels.root("time");
        let end = run.borrow_mut().labels.root("end");
        let shared = Rc::new(Shared::new(Rc::clone(run), Arc::clone(&ring)));
        Executor {
            shared,
            ring,
            reader: Reader::default(),
            slots: Vec::new(),
            free: Vec::new(),
            used: 0,
            live: 0,
            ready: Ready::default(),
            candidates: Vec::new(),
            suspended: Vec::new(),
            left: Left::default(),
            polled: NOBODY,
            keeps_events: false,
            watch: None,
            main,
            time,
            end,
        }
    }

    /// Runs `main` and all that it spawns to the end. The run must have begun; the caller ends it.
    /// Returns how it ended, and main's value if it got that far.
    pub fn execute<F, M>(&mut self, main: M) -> (Ending, Option<F::Output>)
    where
        F: Future + 'static,
        M: FnOnce(Sim) -> F,
    {
        self.shared.current.set(self.main);
        let keeps = self.shared.run.borrow().keeps_events();
        self.keeps_events = keeps;
        if self.shared.run.borrow().is_explaining() {
            let (watch, notes) = Watch::new();
            self.watch = Some(Box::new(watch));
            self.shared.set_notes(Some(notes));
        }
        let sim = Sim {
            shared: Rc::clone(&self.shared),
        };
        let mut value = None;
        let caught = catch_unwind(AssertUnwindSafe(|| {
            let main = main(sim);
            // Main lives here, not in a box: most runs are short.
            let main = pin!(async { value = Some(main.await) });
            let shared = Rc::clone(&self.shared);
            self.admit(
                &mut shared.run.borrow_mut(),
                None,
                self.main,
                Priority::Normal,
            );
            self.drive(main)
        }));
        if self.watch.take().is_some() {
            self.shared.set_notes(None);
        }
        let mut ending = match caught {
            Ok(None) => Ending::Done,
            Ok(Some(ending)) => *ending,
            Err(payload) => self.panicked(&*payload),
        };
        self.shared.run.borrow_mut().end_step();
        if let Err(payload) = catch_unwind(AssertUnwindSafe(|| self.clear()))
            && ending == Ending::Done
        {
            // What is left after a panic or a deadlock may panic again; that is no news.
            let message = panic_message(&*payload);
            ending = Ending::Panic {
                task: "the end of the run".to_string(),
                message,
            };
        }
        (ending, value)
    }

    #[cold]
    fn panicked(&self, payload: &(dyn std::any::Any + Send)) -> Ending {
        let mut run = self.shared.run.borrow_mut();
        // It keeps everything from happening that could still have happened.
        run.access_everything();
        let task = run.labels.text(self.shared.current.get());
        let message = panic_message(payload);
        Ending::Panic { task, message }
    }

    /// Runs until nothing more can happen; returns how the run ended, unless every task has. In a box:
    /// moved as it is, an ending goes in pieces that stall the processor.
    fn drive(&mut self, mut main: Pin<&mut dyn Future<Output = ()>>) -> Option<Box<Ending>> {
        let shared = Rc::clone(&self.shared);
        loop {
            let mut run = shared.run.borrow_mut();
            self.collect(&mut run);
            let class = self.ready.class();
            let slot = if let Some(class) = class
                && !(run.has_trouble() && offers_trouble(&run, &shared))
                && shared.waits.borrow().deliverable.is_empty()
            {
                // The common case: the ready tasks are the candidates as they stand.
                if run.is_plain() {
                    let count = self.ready.count(class);
                    let pick = match run.draw_task(count) {
                        Some(pick) => pick,
                        None => self.choose_one_of(&mut run, class),
                    };
                    let index = self.ready.take(class, pick);
                    self.polled = index;
                    let slot = &mut self.slots[index as usize];
                    run.begin_task(pick, count, slot.ready_task());
                    if let Some(halt) = run.halt() {
                        return Some(Box::new(Ending::Halted(halt)));
                    }
                    drop(run);
                    if slot.poll(&shared, index, main.as_mut()).is_ready() {
                        self.finish(index);
                    }
                    continue;
                }
                let begun = self.begin_one_of_specially(&mut run, class);
                drop(run);
                match begun {
                    Ok(slot) => slot,
                    Err(halt) => return Some(Box::new(Ending::Halted(halt))),
                }
            } else {
                drop(run);
                self.polled = NOBODY;
                match self.choose_among_all(class) {
                    Next::Poll(slot) => slot,
                    Next::Look => continue,
                    Next::End(ending) => return ending,
                }
            };
            self.poll(slot, main.as_mut());
        }
    }

    /// Lets a strategy choose that looks at the ready tasks.
    #[inline(never)]
    fn choose_one_of(&self, run: &mut Run, class: usize) -> usize {
        let slots = (0..self.ready.count(class)).map(|at| self.ready.slot(class, at));
        run.choose_task(slots.map(|slot| self.slots[slot as usize].label))
    }

    /// Begins the step of one of the ready tasks of a class in a run that is not plain; returns its slot.
    #[inline(never)]
    fn begin_one_of_specially(&mut self, run: &mut Run, class: usize) -> Result<u32, Halt> {
        self.polled = NOBODY;
        let (slots, ready) = (&self.slots, &self.ready);
        let pick = run.choose_task_specially(ready.count(class), |index| {
            slots[ready.slot(class, index) as usize].ready_task()
        })?;
        Ok(self.ready.take(class, pick))
    }

    fn poll(&mut self, index: u32, main: Pin<&mut dyn Future<Output = ()>>) {
        let polled = match &self.watch {
            None => self.slots[index as usize].poll(&self.shared, index, main),
            Some(_) => self.poll_watched(index, main),
        };
        if polled.is_ready() {
            self.finish(index);
        }
        self.watched();
    }

    /// Polls a task of a run that is to be explained: with a waker of its own.
    #[cold]
    fn poll_watched(&mut self, index: u32, main: Pin<&mut dyn Future<Output = ()>>) -> Poll<()> {
        let slot = &mut self.slots[index as usize];
        let Some(watch) = &mut self.watch else {
            return Poll::Pending;
        };
        watch.begin(self.shared.run.borrow().steps(), slot.label);
        let own = slot.bell.waker().clone();
        let lent = watch.lend(slot.label, &own);
        // What asks whether a waker is the task's own must find the one that it sees.
        self.shared.wakers.borrow_mut()[index as usize] = lent.clone();
        slot.begin_poll(&self.shared, index);
        let mut context = Context::from_waker(&lent);
        let polled = match &mut slot.task {
            Some(task) => task.poll(&mut context, &self.shared),
            None => main.poll(&mut context),
        };
        self.shared.wakers.borrow_mut()[index as usize] = own;
        polled
    }

    /// A step of a run that is to be explained begins, which is no poll.
    fn watch_begin(&mut self, by: Label) {
        if let Some(watch) = &mut self.watch {
            watch.begin(self.shared.run.borrow().steps(), by);
        }
    }

    /// Looks at what the step has done, if the run is to be explained.
    fn watched(&mut self) {
        if let Some(watch) = &mut self.watch {
            watch.end(self.shared.run.borrow_mut().footprint());
        }
    }

    fn finish(&mut self, index: u32) {
        let slot = &mut self.slots[index as usize];
        slot.state = State::Ended;
        if let Some(task) = slot.task.take() {
            task.recycle();
        }
        let held = match &self.watch {
            None => slot.bell.held(1),
            Some(watch) => watch.held(slot.label),
        };
        let (label, reusable) = (slot.label, held == 0);
        self.live -= 1;
        self.shared.run.borrow_mut().event(Event {
            what: DONE,
            label,
            value: 0,
        });
        if reusable {
            self.free.push(index);
        }
    }

    /// Takes in who was woken and what was spawned since the last step, in that order of events.
    #[inline]
    fn collect(&mut self, run: &mut Run) {
        let mut unread = self.ring.news(&mut self.reader);
        while let Some(news) = self.ring.next(&mut unread) {
            match news {
                News::Woken(index) if index == self.polled => self.make_polled_ready(run, index),
                News::Woken(index) => self.make_ready(run, index),
                News::Spawned => self.admit_next(run),
                News::Overflow => {
                    self.collect_all(run);
                }
            }
        }
    }

    /// Takes in everything that the ring does not tell, in the order of slots: what a step woke
    /// beyond the ring's size, and what other threads woke. False when there was nothing.
    #[cold]
    fn collect_all(&mut self, run: &mut Run) -> bool {
        let before = self.ready.class();
        for index in 0..self.used {
            self.make_ready(run, index as u32);
        }
        while !self.shared.inbox.borrow().is_empty() {
            self.admit_next(run);
        }
        self.ready.class() != before
    }

    fn admit_next(&mut self, run: &mut Run) {
        let task = self.shared.inbox.borrow_mut().pop_front();
        // Taken apart at once: moved as a whole, its padding would be too, in pieces that stall the
        // processor.
        if let Some(NewTask {
            task,
            label,
            priority,
        }) = task
        {
            self.admit(run, Some(task), label, priority);
        }
    }

    /// The task whose step it was has woken itself, which says nothing: every step changes its own task.
    #[inline]
    fn make_polled_ready(&mut self, run: &mut Run, index: u32) {
        if self.shared.has_woken_by_join() {
            return self.make_ready(run, index);
        }
        let slot = &mut self.slots[index as usize];
        if slot.bell.rang() != 0 && slot.state == State::Suspended {
            slot.state = State::Ready;
            self.ready.push(slot.priority, index);
        }
    }

    fn make_ready(&mut self, run: &mut Run, index: u32) {
        let Some(slot) = self.slots.get_mut(index as usize) else {
            return;
        };
        let rings = slot.bell.rang();
        if rings == 0 {
            return;
        }
        let label = slot.label;
        let access = self.shared.wake_access(label, rings);
        // Also when it was ready already, or has ended: in another order this is what wakes it.
        run.access_at(slot.place, access);
        run.access_class(slot.priority as u8);
        if slot.state != State::Suspended {
            return;
        }
        slot.state = State::Ready;
        self.ready.push(slot.priority, index);
        if self.keeps_events {
            run.note(Event {
                what: READY,
                label,
                value: 0,
            });
        }
    }

    #[inline(never)]
    fn admit(
        &mut self,
        run: &mut Run,
        task: Option<Box<dyn Task>>,
        label: Label,
        priority: Priority,
    ) {
        let place = run.place(label);
        let index = match self.free.pop() {
            Some(index) => index,
            None => {
                let index = self.used;
                self.used += 1;
                if index == self.slots.len() {
                    self.add_slot(label);
                }
                index as u32
            }
        };
        if index == self.polled {
            self.polled = NOBODY;
        }
        let slot = &mut self.slots[index as usize];
        slot.bell.rang();
        let is_main = task.is_none();
        slot.task = task;
        slot.state = State::Ready;
        slot.label = label;
        if slot.priority != priority {
            slot.priority = priority;
            slot.classes = Classes::of_task(priority as u8);
        }
        slot.polls = 0;
        slot.place = place;
        self.live += 1;
        self.ready.push(priority, index);
        if !is_main {
            // No step has made main ready, least of all its own first.
            run.access_at(place, Access::Wake);
        }
        run.access_class(priority as u8);
        run.event(Event {
            what: SPAWN,
            label,
            value: 0,
        });
    }

    #[cold]
    fn add_slot(&mut self, label: Label) {
        let bell = Bell::new(&self.ring, self.slots.len() as u32);
        self.shared.wakers.borrow_mut().push(bell.waker().clone());
        self.slots.push(Slot {
            task: None,
            state: State::Ended,
            bell,
            label,
            priority: Priority::Normal,
            polls: 0,
            place: Place::default(),
            classes: Classes::of_task(Priority::Normal as u8),
        });
    }

    fn fire_due(&mut self) {
        loop {
            let due = self.shared.run.borrow_mut().clock.pop_due();
            let Some(due) = due else { return };
            let listener = self.shared.waits.borrow_mut().fire(due.key);
            wake(&self.shared, listener);
        }
    }

    /// Nothing is ready and nothing is due.
    fn stuck(&self) -> Ending {
        let run = self.shared.run.borrow();
        let waiting = self.shared.waiting_for.borrow();
        let suspended = self.slots[..self.used]
            .iter()
            .filter(|slot| slot.state != State::Ended);
        if let Some(watch) = &self.watch {
            let notes = self.shared.notes();
            let tasks = suspended.map(|slot| (slot.label, slot.polls));
            let stuck = watch.stuck(&run.labels, &notes, &tasks.collect::<Vec<_>>());
            return self.stuck_ending(stuck);
        }
        let tasks = suspended.map(|slot| {
            let note = waiting
                .get(&slot.label)
                .filter(|note| note.polls == slot.polls)
                .copied();
            StuckTask::new(&run.labels, slot.label, slot.bell.held(1), note.as_slice())
        });
        self.stuck_ending(Stuck::new(tasks.collect()))
    }

    fn stuck_ending(&self, stuck: Stuck) -> Ending {
        let main = self
            .slots
            .first()
            .is_some_and(|slot| slot.state != State::Ended && slot.label == self.main);
        if main {
            Ending::Deadlock(stuck)
        } else {
            Ending::Leak(stuck)
        }
    }

    /// What the last run left over: for the ledger.
    #[must_use]
    pub fn left(&self) -> Left {
        self.left
    }

    /// Ready for the next run: drops what is left, keeps capacity and wakers.
    fn clear(&mut self) {
        self.ready.clear();
        let used = std::mem::take(&mut self.used);
        self.free.clear();
        let tasks = std::mem::take(&mut self.live);
        if tasks > 0 {
            for slot in &mut self.slots[..used] {
                slot.state = State::Ended;
                slot.task = None;
            }
        }
        let timers = self.shared.run.borrow().clock.outstanding();
        let deliveries = self.shared.waits.borrow().deliverable.len();
        self.left = Left {
            tasks,
            timers,
            deliveries,
        };
        self.shared.reset();
        self.ring.skip(&mut self.reader);
        for (index, slot) in self.slots[..used].iter_mut().enumerate() {
            if slot.bell.held(1) > 0 {
                // Somebody took a waker along: it must not ring in a later run.
                slot.bell = Bell::new(&self.ring, index as u32);
                self.shared.wakers.borrow_mut()[index] = slot.bell.waker().clone();
            }
        }
    }
}

impl fmt::Debug for Executor {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Executor")
            .field("live", &self.live)
            .finish_non_exhaustive()
    }
}

/// Whether spurious polls or cancels are among the candidates.
fn offers_trouble(run: &Run, shared: &Shared) -> bool {
    run.spurious_left() > 0
        || (run.cancels_left() > 0 && !shared.cancels.borrow().is_empty())
        || (run.drops_left() > 0 && !shared.drops.borrow().is_empty())
}

fn wake(shared: &Shared, listener: Option<Listener>) {
    if let Some(listener) = listener {
        listener.wake(shared);
    }
}

fn panic_message(payload: &(dyn std::any::Any + Send)) -> String {
    if let Some(text) = payload.downcast_ref::<&str>() {
        (*text).to_string()
    } else if let Some(text) = payload.downcast_ref::<String>() {
        text.clone()
    } else {
        "a panic without a message".to_string()
    }
}
