//! Wakers that any thread may hold: one bit of a shared word for each task, made once and reused.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Wake, Waker};

/// Which tasks of a group of 64 were woken since the executor last looked.
#[derive(Debug, Default)]
struct Group {
    woken: AtomicU64,
}

/// The wake bits of all tasks of one executor.
#[derive(Debug, Default)]
pub(crate) struct Board {
    clock: Arc<AtomicU64>,
    groups: Vec<Arc<Group>>,
}

/// The waker's side of one task's bit.
#[derive(Debug)]
struct Flag {
    clock: Arc<AtomicU64>,
    group: Arc<Group>,
    bit: u64,
    stamp: AtomicU64,
}

/// The executor's side of one task's bit, with the waker that is lent to its polls.
#[derive(Debug)]
pub(crate) struct Bell {
    flag: Arc<Flag>,
    waker: Waker,
}

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    #[inline]
    fn wake_by_ref(self: &Arc<Self>) {
        // The stamp puts tasks that one step woke in their order. Its increment is no atomic
        // operation of one piece: it need only be right for the executor's own thread, since what
        // another thread does is not in our order anyway.
        if self.group.woken.load(Ordering::Relaxed) & self.bit == 0 {
            let stamp = self.clock.load(Ordering::Relaxed);
            self.clock.store(stamp + 1, Ordering::Relaxed);
            self.stamp.store(stamp, Ordering::Relaxed);
        }
        // Unconditional: what the waking thread wrote before must be seen by the poll after.
        self.group.woken.fetch_or(self.bit, Ordering::Release);
    }
}

impl Bell {
    /// The waker for the task's polls.
    #[inline]
    pub(crate) fn waker(&self) -> &Waker {
        &self.waker
    }

    /// When the task was woken, as against others of the same step.
    pub(crate) fn stamp(&self) -> u64 {
        self.flag.stamp.load(Ordering::Relaxed)
    }

    /// How many clones of the waker somebody holds.
    pub(crate) fn held(&self) -> usize {
        // One count is ours, one belongs to the waker that polls borrow.
        Arc::strong_count(&self.flag) - 2
    }
}

impl Board {
    /// Makes the bell number `index`; a group's first bells are made in order.
    pub(crate) fn bell(&mut self, index: usize) -> Bell {
        let group = index / 64;
        if group == self.groups.len() {
            self.groups.push(Arc::default());
        }
        let flag = Arc::new(Flag {
            clock: Arc::clone(&self.clock),
            group: Arc::clone(&self.groups[group]),
            bit: 1 << (index % 64),
            stamp: AtomicU64::new(0),
        });
        let waker = Waker::from(Arc::clone(&flag));
        Bell { flag, waker }
    }

    /// Cuts a group of 64 bells off: those that were made before ring nothing any more, and must be
    /// made anew.
    pub(crate) fn cut_off(&mut self, group: usize) {
        self.groups[group] = Arc::default();
    }

    /// A stamp for something that comes into being between wakes.
    pub(crate) fn stamp(&self) -> u64 {
        let stamp = self.clock.load(Ordering::Relaxed);
        self.clock.store(stamp + 1, Ordering::Relaxed);
        stamp
    }

    /// Shares the clock that orders wakes.
    pub(crate) fn clock(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.clock)
    }

    /// Takes the woken bits of a group.
    #[inline]
    pub(crate) fn take(&self, group: usize) -> u64 {
        let woken = &self.groups[group].woken;
        // Looking first spares the dear exchange when nobody was woken.
        if woken.load(Ordering::Relaxed) == 0 {
            return 0;
        }
        woken.swap(0, Ordering::Acquire)
    }
}
