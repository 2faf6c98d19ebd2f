//! Watching a run that is made again to be explained: who took, woke and dropped which waker, who
//! has which object, and who looked at what before it changed.
//!
//! Nothing here costs an ordinary run more than a branch. A watched run lends every poll a waker of
//! its own; how many clones there are of each, before and after a step, tells what the step did.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Wake, Waker};

use crate::footprint::{Footprint, Object};
use crate::label::{Label, Labels};
use crate::report::{Deed, Holder, Stuck, StuckTask, place};
use crate::sim::{Awaited, Site, WaitNote, WaitOn};
use crate::sync::Hold;

/// A step, and whose it was: a task's, an operation's, that of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Moment {
    pub(crate) step: u64,
    pub(crate) by: Label,
}

/// What the step that runs is, for wakers that may be called on any thread; and who was woken.
#[derive(Debug, Default)]
struct Journal {
    step: AtomicU64,
    by: AtomicU64,
    wakes: Mutex<Vec<Woken>>,
}

/// A task was woken, through the waker that was lent in step `lent`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Woken {
    task: Label,
    pub(crate) lent: u64,
    pub(crate) at: Moment,
}

impl Journal {
    fn now(&self) -> Moment {
        Moment {
            step: self.step.load(Ordering::Relaxed),
            by: Label(self.by.load(Ordering::Relaxed)),
        }
    }

    fn begin(&self, at: Moment) {
        self.step.store(at.step, Ordering::Relaxed);
        self.by.store(at.by.0, Ordering::Relaxed);
    }

    fn take_wakes(&self) -> Vec<Woken> {
        // A panic elsewhere leaves nothing half done here.
        let mut wakes = self.wakes.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut wakes)
    }
}

/// The waker that one poll was lent.
#[derive(Debug)]
struct Traced {
    journal: Arc<Journal>,
    task: Label,
    lent: u64,
    own: Waker,
}

impl Wake for Traced {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let woken = Woken {
            task: self.task,
            lent: self.lent,
            at: self.journal.now(),
        };
        let wakes = &self.journal.wakes;
        wakes
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(woken);
        self.own.wake_by_ref();
    }
}

/// What the objects of [`crate::sync`] and the handles of the simulation tell.
#[derive(Debug, Default)]
pub(crate) struct Notes {
    journal: Arc<Journal>,
    holds: Vec<Holding>,
    signals: BTreeMap<Label, Moment>,
    spawned: BTreeMap<Label, Site>,
    /// Labels of objects that only hold data.
    cells: Vec<Label>,
    waits: BTreeMap<Label, Vec<WaitNote>>,
}

/// That a task has an object, or was given it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Holding {
    pub(crate) object: Label,
    pub(crate) task: Label,
    pub(crate) site: Site,
    pub(crate) since: Moment,
    pub(crate) is_claimed: bool,
    is_released: bool,
}

impl Notes {
    pub(crate) fn hold(
        &mut self,
        object: Label,
        task: Label,
        site: Site,
        is_claimed: bool,
    ) -> Hold {
        let since = self.journal.now();
        self.holds.push(Holding {
            object,
            task,
            site,
            since,
            is_claimed,
            is_released: false,
        });
        Hold(self.holds.len() as u32 - 1)
    }

    pub(crate) fn claim(&mut self, hold: Hold, task: Label) {
        if let Some(holding) = self.holds.get_mut(hold.0 as usize) {
            holding.is_claimed = true;
            holding.task = task;
        }
    }

    pub(crate) fn release(&mut self, hold: Hold) {
        if let Some(holding) = self.holds.get_mut(hold.0 as usize) {
            holding.is_released = true;
        }
    }

    pub(crate) fn signal(&mut self, object: Label) {
        let now = self.journal.now();
        self.signals.insert(object, now);
    }

    pub(crate) fn spawn(&mut self, task: Label, site: Site) {
        self.spawned.insert(task, site);
    }

    pub(crate) fn cell(&mut self, object: Label) {
        self.cells.push(object);
    }

    pub(crate) fn wait(&mut self, task: Label, note: WaitNote) {
        let waits = self.waits.entry(task).or_default();
        waits.retain(|known| known.polls == note.polls && known.on != note.on);
        waits.push(note);
    }

    /// All that the task said it waited for in that poll.
    pub(crate) fn waits(&self, task: Label, polls: u64) -> Vec<WaitNote> {
        let waits = self.waits.get(&task).map_or(&[][..], Vec::as_slice);
        let is_current = |note: &&WaitNote| note.polls == polls;
        waits.iter().filter(is_current).copied().collect()
    }

    pub(crate) fn holders(&self, object: Label) -> impl Iterator<Item = &Holding> {
        let has = move |holding: &&Holding| holding.object == object && !holding.is_released;
        self.holds.iter().filter(has)
    }

    /// What the task was given by others, and does not know of.
    pub(crate) fn unclaimed(&self, task: Label) -> Option<&Holding> {
        let is_unclaimed = |holding: &&Holding| {
            holding.task == task && !holding.is_claimed && !holding.is_released
        };
        self.holds.iter().find(is_unclaimed)
    }
}

/// What the executor sees.
#[derive(Debug)]
pub(crate) struct Watch {
    journal: Arc<Journal>,
    lives: BTreeMap<Label, Life>,
    changed: BTreeMap<Object, Vec<Moment>>,
}

/// What is known of one task.
#[derive(Debug, Default)]
pub(crate) struct Life {
    lent: Vec<Lent>,
    /// The steps in which it was polled.
    polls: Vec<u64>,
    pub(crate) taken: Option<Moment>,
    pub(crate) dropped: Option<Moment>,
    pub(crate) woken: Option<Woken>,
    /// How many clones somebody held before that.
    held_before: usize,
    looked: BTreeMap<Object, u64>,
}

/// A waker that is lent to a poll, and perhaps kept by somebody.
#[derive(Debug)]
struct Lent {
    traced: Arc<Traced>,
    held: usize,
}

/// Who changed something after a task had looked at it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Change {
    pub(crate) object: Label,
    pub(crate) looked: u64,
    pub(crate) changed: Moment,
}

impl Watch {
    pub(crate) fn new() -> (Watch, Notes) {
        let journal = Arc::<Journal>::default();
        let notes = Notes {
            journal: Arc::clone(&journal),
            ..Notes::default()
        };
        let watch = Watch {
            journal,
            lives: BTreeMap::new(),
            changed: BTreeMap::new(),
        };
        (watch, notes)
    }

    /// A step begins.
    pub(crate) fn begin(&mut self, step: u64, by: Label) {
        self.journal.begin(Moment { step, by });
    }

    /// The waker to lend to a poll of `task`, whose own is `own`.
    pub(crate) fn lend(&mut self, task: Label, own: &Waker) -> Waker {
        let step = self.journal.now().step;
        let life = self.lives.entry(task).or_default();
        life.polls.push(step);
        let traced = Arc::new(Traced {
            journal: Arc::clone(&self.journal),
            task,
            lent: step,
            own: own.clone(),
        });
        life.lent.push(Lent {
            traced: Arc::clone(&traced),
            held: 0,
        });
        Waker::from(traced)
    }

    /// The step has ended, and nothing of it holds a waker any more.
    pub(crate) fn end(&mut self, footprint: &Footprint) {
        let now = self.journal.now();
        for woken in self.journal.take_wakes() {
            let life = self.lives.entry(woken.task).or_default();
            life.woken = Some(woken);
            // As it was at the end of the step before.
            life.held_before = life.lent.iter().map(|lent| lent.held).sum();
        }
        for life in self.lives.values_mut() {
            for lent in &mut life.lent {
                // One is ours.
                let held = Arc::strong_count(&lent.traced) - 1;
                if held > lent.held {
                    life.taken = Some(now);
                } else if held < lent.held {
                    life.dropped = Some(now);
                }
                lent.held = held;
            }
            life.lent.retain(|lent| lent.held > 0);
        }
        for (object, changes) in footprint.touched() {
            if changes {
                self.changed.entry(object).or_default().push(now);
            }
            if let Some(life) = self.lives.get_mut(&now.by) {
                life.looked.insert(object, now.step);
            }
        }
    }

    /// How many clones of the task's wakers somebody holds at this moment.
    pub(crate) fn held(&self, task: Label) -> usize {
        let lent = self.lives.get(&task).map_or(&[][..], |life| &life.lent);
        let held = lent.iter().map(|lent| Arc::strong_count(&lent.traced) - 1);
        held.sum()
    }

    /// The report on `tasks`, each with the number of its last poll.
    pub(crate) fn stuck(&self, labels: &Labels, notes: &Notes, tasks: &[(Label, u64)]) -> Stuck {
        let is_alive = |task: Label| tasks.iter().any(|(label, _)| *label == task);
        let deed = |moment: Moment| Deed {
            step: moment.step,
            by: labels.text(moment.by),
        };
        let holder = |holding: &Holding| Holder {
            task: labels.text(holding.task),
            since: deed(holding.since),
            at: place(holding.site),
            is_claimed: holding.is_claimed,
            has_ended: !is_alive(holding.task),
        };
        let describe = |&(label, polls): &(Label, u64)| {
            let waits = notes.waits(label, polls);
            let mut task = StuckTask::new(labels, label, self.held(label), &waits);
            for (await_, wait) in task.awaits.iter_mut().zip(&waits) {
                if let WaitOn::Object(object, awaited) = wait.on {
                    await_.holders.extend(notes.holders(object).map(holder));
                    if awaited == Awaited::Notification {
                        let signalled = notes.signals.get(&object);
                        task.evidence.signalled = signalled.copied().map(deed);
                    }
                }
            }
            task.spawned_at = notes.spawned.get(&label).copied().map(place);
            if let Some(life) = self.lives.get(&label) {
                task.wakers.taken = life.taken.map(deed);
                task.wakers.dropped = life.dropped.map(deed);
                task.wakers.woken = life.woken.map(|woken| deed(woken.at));
                let stale = life.stale_wake();
                task.evidence.stale = stale.map(|woken| (woken.lent, deed(woken.at)));
                let shared = life.woken.filter(|_| life.held_before > 1);
                task.evidence.shared_wake = shared.map(|woken| (life.held_before, deed(woken.at)));
            }
            let given = notes.unclaimed(label);
            task.evidence.given = given.map(|given| (labels.text(given.object), holder(given)));
            let changed = self.changed_since(label, notes);
            task.evidence.changed = changed.map(|change| {
                let object = labels.text(change.object);
                (object, change.looked, deed(change.changed))
            });
            task
        };
        Stuck::new(tasks.iter().map(describe).collect())
    }

    /// What somebody else changed after `task` had looked at it, the last such change.
    pub(crate) fn changed_since(&self, task: Label, notes: &Notes) -> Option<Change> {
        let life = self.lives.get(&task)?;
        let changes = notes.cells.iter().filter_map(|&object| {
            let looked = *life.looked.get(&object.into())?;
            let changes = self.changed.get(&object.into())?;
            let is_later = |change: &&Moment| change.step > looked && change.by != task;
            let changed = *changes.iter().find(is_later)?;
            Some(Change {
                object,
                looked,
                changed,
            })
        });
        changes.max_by_key(|change| change.changed.step)
    }
}

impl Life {
    /// The last wake, if it came by a waker that the poll before it had not renewed: for a future
    /// that this poll left alone.
    pub(crate) fn stale_wake(&self) -> Option<Woken> {
        let woken = self.woken?;
        let between = |step: &&u64| **step > woken.lent && **step < woken.at.step;
        self.polls.iter().find(between)?;
        // Only if the poll that followed was the last one.
        let after = self.polls.iter().filter(|step| **step > woken.at.step);
        (after.count() == 1).then_some(woken)
    }
}
