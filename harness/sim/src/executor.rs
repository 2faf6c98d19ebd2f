//! The executor: one thread, one step at a time, and a choice wherever there is more than one.

use std::cell::RefCell;
use std::fmt;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use crate::choice::{Action, Candidate, Kind};
use crate::label::Label;
use crate::report::{Left, Stuck, StuckTask};
use crate::run::{Halt, SharedRun};
use crate::sim::{NewTask, Priority, Shared, Sim};
use crate::trace::{Event, What};
use crate::wake::{Bell, Board};

const POLL: What = What::new("poll");
const READY: What = What::new("ready");
const DONE: What = What::new("done");
const SPAWN: What = What::new("spawn");
const DELIVER: What = What::new("deliver");
const ADVANCE: What = What::new("advance");

/// Runs plain Rust futures under a [`crate::Run`]; made once and used for one run after another.
pub struct Executor {
    shared: Rc<Shared>,
    board: Board,
    slots: Vec<Slot>,
    // Slots whose task has ended and whose waker nobody holds: free for the next task.
    free: Vec<u32>,
    used: usize,
    live: usize,
    queues: [Queue; Priority::COUNT],
    // One bit for each class that has ready tasks, the most urgent lowest.
    classes: u8,
    arrivals: Vec<(u64, Arrival)>,
    candidates: Vec<Candidate>,
    suspended: Vec<u32>,
    left: Left,
    time: Label,
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

struct Slot {
    future: Option<Pin<Box<dyn Future<Output = ()>>>>,
    bell: Bell,
    label: Label,
    priority: Priority,
    ready: bool,
    step: u64,
}

#[derive(Default)]
struct Queue {
    // The labels and the slots of the ready tasks, in the order in which they became ready. The
    // first list is handed to choices as it is.
    candidates: Vec<Candidate>,
    slots: Vec<u32>,
}

enum Arrival {
    Woken(u32),
    New(NewTask),
}

impl Queue {
    #[inline]
    fn push(&mut self, label: Label, slot: u32) {
        self.candidates.push(Candidate::run(label));
        self.slots.push(slot);
    }

    #[inline]
    fn remove(&mut self, index: usize) -> u32 {
        // Queues are short: moving a few entries by hand is faster than a call of memmove.
        for later in index + 1..self.slots.len() {
            self.candidates[later - 1] = self.candidates[later];
        }
        self.candidates.pop();
        let slot = self.slots[index];
        for later in index + 1..self.slots.len() {
            self.slots[later - 1] = self.slots[later];
        }
        self.slots.pop();
        slot
    }

    fn clear(&mut self) {
        self.candidates.clear();
        self.slots.clear();
    }
}

impl Executor {
    /// An executor whose choices `run` makes.
    #[must_use]
    pub fn new(run: &SharedRun) -> Executor {
        let board = Board::default();
        let time = run.borrow_mut().labels.root("time");
        let shared = Rc::new(Shared::new(Rc::clone(run), board.clock()));
        Executor {
            shared,
            board,
            slots: Vec::new(),
            free: Vec::new(),
            used: 0,
            live: 0,
            queues: Default::default(),
            classes: 0,
            arrivals: Vec::new(),
            candidates: Vec::new(),
            suspended: Vec::new(),
            left: Left::default(),
            time,
        }
    }

    /// Runs `main` and all that it spawns to the end. The run must have begun; the caller ends it.
    /// Returns how it ended, and main's value if it got that far.
    pub fn execute<F, M>(&mut self, main: M) -> (Ending, Option<F::Output>)
    where
        F: Future + 'static,
        M: FnOnce(Sim) -> F,
    {
        let label = self.shared.run.borrow_mut().labels.root("main");
        self.shared.current.set(label);
        let sim = Sim {
            shared: Rc::clone(&self.shared),
        };
        let value = Rc::new(RefCell::new(None));
        let result = Rc::clone(&value);
        let caught = catch_unwind(AssertUnwindSafe(|| {
            let main = main(sim);
            let future = Box::pin(async move {
                let value = main.await;
                result.replace(Some(value));
            });
            let stamp = self.board.stamp();
            self.admit(NewTask {
                future,
                label,
                priority: Priority::Normal,
                stamp,
            });
            self.drive()
        }));
        let mut ending = caught.unwrap_or_else(|payload| {
            let task = self
                .shared
                .run
                .borrow()
                .labels
                .text(self.shared.current.get());
            Ending::Panic {
                task,
                message: panic_message(&*payload),
            }
        });
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
        let value = value.borrow_mut().take();
        (ending, value)
    }

    fn drive(&mut self) -> Ending {
        let shared = Rc::clone(&self.shared);
        loop {
            self.collect();
            let mut run = shared.run.borrow_mut();
            let class = self.classes.trailing_zeros() as usize;
            let extra = run.spurious_left() > 0 || !shared.waits.borrow().deliverable.is_empty();
            if class < Priority::COUNT && !extra {
                // The common case: the ready tasks are the candidates as they stand.
                let queue = &mut self.queues[class];
                let pick = run.choose(Kind::Run, &queue.candidates);
                if let Err(halt) = run.step() {
                    return Ending::Halted(halt);
                }
                let slot = queue.remove(pick);
                if queue.slots.is_empty() {
                    self.classes &= !(1 << class);
                }
                let (step, label) = (run.steps(), self.slots[slot as usize].label);
                run.event(Event {
                    what: POLL,
                    label,
                    value: 0,
                });
                drop(run);
                self.poll(slot, step);
                continue;
            }
            drop(run);
            if let Some(ending) = self.choose_among_all(class) {
                return ending;
            }
        }
    }

    /// A step where more than ready tasks may be next; the ending when nothing may.
    fn choose_among_all(&mut self, class: usize) -> Option<Ending> {
        if self.live == 0 {
            return Some(Ending::Done);
        }
        let shared = Rc::clone(&self.shared);
        let mut run = shared.run.borrow_mut();
        let mut candidates = std::mem::take(&mut self.candidates);
        candidates.clear();
        if let Some(queue) = self.queues.get(class) {
            candidates.extend_from_slice(&queue.candidates);
        }
        let ready = candidates.len();
        candidates.extend_from_slice(&shared.waits.borrow().deliverable);
        let deliverable = candidates.len() - ready;
        let due = if candidates.is_empty() {
            run.clock.next_due()
        } else {
            None
        };
        if due.is_some() {
            candidates.push(Candidate {
                label: self.time,
                action: Action::Advance,
            });
        }
        if candidates.is_empty() {
            drop(run);
            self.candidates = candidates;
            return Some(self.ending());
        }
        self.suspended.clear();
        if run.spurious_left() > 0 {
            for (index, slot) in self.slots[..self.used].iter().enumerate() {
                if slot.future.is_some() && !slot.ready {
                    let action = Action::Spurious;
                    candidates.push(Candidate {
                        label: slot.label,
                        action,
                    });
                    self.suspended.push(index as u32);
                }
            }
        }
        let pick = run.choose(Kind::Run, &candidates);
        let Candidate { label, action } = candidates[pick];
        self.candidates = candidates;
        if let Err(halt) = run.step() {
            return Some(Ending::Halted(halt));
        }
        let step = run.steps();
        match action {
            Action::Run => {
                let queue = &mut self.queues[class];
                let slot = queue.remove(pick);
                if queue.slots.is_empty() {
                    self.classes &= !(1 << class);
                }
                run.event(Event {
                    what: POLL,
                    label,
                    value: 0,
                });
                drop(run);
                self.poll(slot, step);
            }
            Action::Spurious => {
                let first = ready + deliverable + usize::from(due.is_some());
                let slot = self.suspended[pick - first];
                run.event(Event {
                    what: POLL,
                    label,
                    value: 1,
                });
                drop(run);
                self.poll(slot, step);
            }
            Action::Deliver => {
                run.event(Event {
                    what: DELIVER,
                    label,
                    value: 0,
                });
                drop(run);
                let waker = shared.waits.borrow_mut().deliver(pick - ready);
                wake(waker);
            }
            Action::Advance => {
                let due = due.unwrap_or_default();
                if let Err(halt) = run.advance_to(due) {
                    return Some(Ending::Halted(halt));
                }
                run.event(Event {
                    what: ADVANCE,
                    label,
                    value: due,
                });
                drop(run);
                self.fire_due();
            }
            Action::Keep
            | Action::Delay(_)
            | Action::Fault(_)
            | Action::Cancel
            | Action::Early
            | Action::Never
            | Action::Drop
            | Action::Pick(_) => unreachable!("a scheduling point does not offer {action:?}"),
        }
        None
    }

    #[inline]
    fn poll(&mut self, index: u32, step: u64) {
        let slot = &mut self.slots[index as usize];
        let Some(future) = &mut slot.future else {
            return;
        };
        slot.ready = false;
        slot.step = step;
        self.shared.current.set(slot.label);
        let mut context = Context::from_waker(slot.bell.waker());
        if let Poll::Ready(()) = future.as_mut().poll(&mut context) {
            self.finish(index);
        }
    }

    fn finish(&mut self, index: u32) {
        let slot = &mut self.slots[index as usize];
        slot.future = None;
        let (label, reusable) = (slot.label, slot.bell.held() == 0);
        self.live -= 1;
        self.shared.run.borrow_mut().event(Event {
            what: DONE,
            label,
            value: 0,
        });
        if reusable {
            // A wake that came during its last poll is still on the board; `collect` drops it,
            // since it looks before anything else is admitted.
            self.free.push(index);
        }
    }

    /// Takes in who was woken and what was spawned since the last step, in that order of events.
    #[inline]
    fn collect(&mut self) {
        let fresh = !self.shared.inbox.borrow().is_empty();
        let groups = self.used.div_ceil(64);
        if groups == 1 && !fresh {
            let woken = self.board.take(0);
            if woken == 0 {
                return;
            }
            if woken.is_power_of_two() {
                self.make_ready(woken.trailing_zeros());
                return;
            }
            return self.collect_many(0, woken);
        }
        for group in 0..groups {
            let woken = self.board.take(group);
            self.gather(group, woken);
        }
        self.admit_arrivals();
    }

    fn collect_many(&mut self, group: usize, woken: u64) {
        self.gather(group, woken);
        self.admit_arrivals();
    }

    fn gather(&mut self, group: usize, mut woken: u64) {
        while woken != 0 {
            let index = group * 64 + woken.trailing_zeros() as usize;
            woken &= woken - 1;
            let stamp = self.slots[index].bell.stamp();
            self.arrivals.push((stamp, Arrival::Woken(index as u32)));
        }
    }

    fn admit_arrivals(&mut self) {
        {
            let mut inbox = self.shared.inbox.borrow_mut();
            self.arrivals
                .extend(inbox.drain(..).map(|task| (task.stamp, Arrival::New(task))));
        }
        let mut arrivals = std::mem::take(&mut self.arrivals);
        // Stable: what foreign threads stamped alike goes by slot.
        arrivals.sort_by_key(|(stamp, _)| *stamp);
        for (_, arrival) in arrivals.drain(..) {
            match arrival {
                Arrival::Woken(index) => self.make_ready(index),
                Arrival::New(task) => self.admit(task),
            }
        }
        self.arrivals = arrivals;
    }

    #[inline]
    fn make_ready(&mut self, index: u32) {
        let slot = &mut self.slots[index as usize];
        if slot.ready || slot.future.is_none() {
            return;
        }
        slot.ready = true;
        let (label, class) = (slot.label, slot.priority as usize);
        self.queues[class].push(label, index);
        self.classes |= 1 << class;
        self.shared.run.borrow_mut().event(Event {
            what: READY,
            label,
            value: 0,
        });
    }

    fn admit(&mut self, task: NewTask) {
        let NewTask {
            future,
            label,
            priority,
            stamp: _,
        } = task;
        let index = match self.free.pop() {
            Some(index) => index,
            None => {
                let index = self.used;
                self.used += 1;
                if index == self.slots.len() {
                    let bell = self.board.bell(index);
                    let (priority, ready) = (Priority::Normal, false);
                    self.slots.push(Slot {
                        future: None,
                        bell,
                        label,
                        priority,
                        ready,
                        step: 0,
                    });
                }
                index as u32
            }
        };
        let slot = &mut self.slots[index as usize];
        slot.future = Some(future);
        slot.label = label;
        slot.priority = priority;
        slot.ready = true;
        slot.step = 0;
        self.live += 1;
        let class = priority as usize;
        self.queues[class].push(label, index);
        self.classes |= 1 << class;
        self.shared.run.borrow_mut().event(Event {
            what: SPAWN,
            label,
            value: 0,
        });
    }

    fn fire_due(&mut self) {
        loop {
            let due = self.shared.run.borrow_mut().clock.pop_due();
            let Some(due) = due else { return };
            let waker = self.shared.waits.borrow_mut().fire(due.key);
            wake(waker);
        }
    }

    /// Nothing is ready and nothing is due.
    fn ending(&self) -> Ending {
        let run = self.shared.run.borrow();
        let waiting = self.shared.waiting_for.borrow();
        let suspended = self.slots[..self.used]
            .iter()
            .filter(|slot| slot.future.is_some());
        let tasks = suspended.map(|slot| {
            let note = waiting
                .get(&slot.label)
                .filter(|note| note.step == slot.step);
            StuckTask::new(
                &run.labels,
                slot.label,
                slot.bell.held(),
                note.map(|note| note.on),
            )
        });
        let stuck = Stuck::new(tasks.collect());
        let main = self
            .slots
            .first()
            .is_some_and(|slot| slot.future.is_some() && slot.label == Label::root("main"));
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
        for queue in &mut self.queues {
            queue.clear();
        }
        self.classes = 0;
        let used = std::mem::take(&mut self.used);
        self.free.clear();
        let tasks = std::mem::take(&mut self.live);
        for slot in &mut self.slots[..used] {
            slot.future = None;
        }
        let timers = self.shared.run.borrow().clock.outstanding();
        let deliveries = self.shared.waits.borrow().deliverable.len();
        self.left = Left {
            tasks,
            timers,
            deliveries,
        };
        self.shared.reset();
        for group in 0..used.div_ceil(64) {
            self.board.take(group);
            let range = group * 64..self.slots.len().min(group * 64 + 64);
            if self.slots[range.clone()]
                .iter()
                .any(|slot| slot.bell.held() > 0)
            {
                // Somebody took a waker along: it must not ring in a later run.
                self.board.cut_off(group);
                for index in range {
                    self.slots[index].bell = self.board.bell(index);
                }
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

fn wake(waker: Option<Waker>) {
    if let Some(waker) = waker {
        waker.wake();
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
