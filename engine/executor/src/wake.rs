//! The hand-over from any thread that wakes to the one thread that schedules.
//!
//! A wake puts its target into the inbox, once until the scheduler has taken it out, and calls the
//! waker of whoever polls the scheduler. The scheduler goes to sleep only through [`Inbox::sleep`],
//! which looks into the inbox under the same lock: between looking and sleeping no wake is lost. The
//! loom model in `tests/loom.rs` proves it.

use crate::sync::{AtomicBool, Mutex, Ordering};
use std::sync::Arc;
use std::task::{Wake, Waker};

/// What was woken and not yet looked at.
#[derive(Debug)]
pub struct Inbox<T> {
    /// Set under the lock, read without it: an empty inbox costs one load.
    has_any: AtomicBool,
    woken: Mutex<Woken<T>>,
}

#[derive(Debug)]
struct Woken<T> {
    targets: Vec<T>,
    sleeper: Option<Waker>,
}

impl<T: Copy> Inbox<T> {
    /// An empty inbox.
    pub fn new() -> Arc<Inbox<T>> {
        Arc::new(Inbox {
            has_any: AtomicBool::new(false),
            woken: Mutex::new(Woken {
                targets: Vec::new(),
                sleeper: None,
            }),
        })
    }

    /// Whether there may be anything in it: at least what this thread has put in.
    pub fn has_any(&self) -> bool {
        self.has_any.load(Ordering::Acquire)
    }

    /// Moves everything to the end of `targets`, in the order of the wakes. The caller must then call
    /// [`WakeSlot::taken`] for each before it polls what was woken.
    pub fn drain(&self, targets: &mut Vec<T>) {
        if !self.has_any() {
            return;
        }
        let mut woken = self.woken.lock().expect("nothing panics under this lock");
        self.has_any.store(false, Ordering::Release);
        targets.append(&mut woken.targets);
    }

    /// Keeps the waker to be called at the next wake and says so, or says that there is something to
    /// do already.
    pub fn sleep(&self, waker: &Waker) -> bool {
        let mut woken = self.woken.lock().expect("nothing panics under this lock");
        if !woken.targets.is_empty() {
            return false;
        }
        match &mut woken.sleeper {
            Some(sleeper) => sleeper.clone_from(waker),
            empty => *empty = Some(waker.clone()),
        }
        true
    }

    /// Calls the sleeper without a target: something else has changed, such as a host's cancel.
    pub fn rouse(&self) {
        let sleeper = self
            .woken
            .lock()
            .expect("nothing panics under this lock")
            .sleeper
            .take();
        if let Some(sleeper) = sleeper {
            sleeper.wake();
        }
    }

    /// Forgets what was woken and who sleeps; the capacity stays.
    pub fn clear(&self) {
        let mut woken = self.woken.lock().expect("nothing panics under this lock");
        self.has_any.store(false, Ordering::Release);
        woken.targets.clear();
        woken.sleeper = None;
    }

    /// Gives memory back that is not needed now.
    pub fn trim(&self) {
        let mut woken = self.woken.lock().expect("nothing panics under this lock");
        woken.targets.shrink_to_fit();
    }

    fn put(&self, target: T) {
        let sleeper = {
            let mut woken = self.woken.lock().expect("nothing panics under this lock");
            woken.targets.push(target);
            self.has_any.store(true, Ordering::Release);
            woken.sleeper.take()
        };
        // Outside the lock: the sleeper may be an executor that polls us at once.
        if let Some(sleeper) = sleeper {
            sleeper.wake();
        }
    }
}

/// The other end of a waker: puts one target into an inbox.
#[derive(Debug)]
pub struct WakeSlot<T> {
    target: T,
    is_queued: AtomicBool,
    inbox: Arc<Inbox<T>>,
}

impl<T: Copy + Send + Sync + 'static> WakeSlot<T> {
    /// A slot for one target.
    pub fn new(target: T, inbox: &Arc<Inbox<T>>) -> Arc<WakeSlot<T>> {
        Arc::new(WakeSlot {
            target,
            is_queued: AtomicBool::new(false),
            inbox: inbox.clone(),
        })
    }

    /// Makes it that of another target: the same one when nobody else holds it, so that nobody can wake
    /// late, and a new one otherwise.
    pub fn make_that_of(self: &mut Arc<Self>, target: T, inbox: &Arc<Inbox<T>>)
    where
        T: PartialEq,
    {
        if self.target == target {
            return;
        }
        match Arc::get_mut(self) {
            Some(slot) => {
                slot.target = target;
                slot.is_queued = AtomicBool::new(false);
            }
            None => *self = WakeSlot::new(target, inbox),
        }
    }

    /// Says that the target was taken out of the inbox: from now on a wake counts anew.
    pub fn taken(&self) {
        // A swap and not a store: a wake that came after the target was queued found the flag set and
        // did nothing more, so what it wrote before must be visible to the poll that follows.
        self.is_queued.swap(false, Ordering::AcqRel);
    }
}

impl<T: Copy + Send + Sync + 'static> Wake for WakeSlot<T> {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if !self.is_queued.swap(true, Ordering::AcqRel) {
            self.inbox.put(self.target);
        }
    }
}
