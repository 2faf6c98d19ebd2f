//! Wakers that any thread may hold: a counter for each task, made once and reused, and a short ring
//! that tells the executor in which order they were woken.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::task::{Wake, Waker};

/// Wakes that the executor has not looked at may number this many before their order is lost.
const RING: u64 = 256;

/// Stands in the ring for a task that was spawned.
const SPAWNED: u32 = u32::MAX;

/// Who was woken or spawned, in order. Shared by all wakers of one executor.
///
/// The ring is a hint, written without read-modify-write operations: wakes on the executor's own
/// thread are always in it, in order. Wakes of other threads may overwrite one another there; they
/// are found by the counters, which are exact, whenever nothing is ready.
#[derive(Debug)]
pub(crate) struct Ring {
    written: AtomicU64,
    entries: [AtomicU32; RING as usize],
}

/// The executor's place in the ring.
#[derive(Debug, Default)]
pub(crate) struct Reader {
    read: u64,
}

/// A part of the ring.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Unread {
    read: u64,
    written: u64,
}

/// What the ring says has happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum News {
    /// Perhaps the task in this slot was woken: its bell knows.
    Woken(u32),
    /// A task was spawned.
    Spawned,
    /// More has happened than the ring holds.
    Overflow,
}

/// The waker's side of one task.
#[derive(Debug)]
struct Flag {
    ring: Arc<Ring>,
    slot: u32,
    wakes: AtomicU32,
}

/// The executor's side of one task, with the waker that is lent to its polls.
#[derive(Debug)]
pub(crate) struct Bell {
    flag: Arc<Flag>,
    waker: Waker,
    seen: u32,
}

impl Ring {
    pub(crate) fn new() -> Arc<Ring> {
        let entries = std::array::from_fn(|_| AtomicU32::new(0));
        Arc::new(Ring {
            written: AtomicU64::new(0),
            entries,
        })
    }

    #[inline]
    fn push(&self, entry: u32) {
        let written = self.written.load(Ordering::Relaxed);
        self.entries[(written % RING) as usize].store(entry, Ordering::Relaxed);
        self.written.store(written + 1, Ordering::Relaxed);
    }

    /// Notes that a task was spawned.
    #[inline]
    pub(crate) fn spawned(&self) {
        self.push(SPAWNED);
    }

    /// The news that `reader` has not read: it has, once they are asked for.
    #[inline]
    pub(crate) fn news(&self, reader: &mut Reader) -> Unread {
        let written = self.written.load(Ordering::Relaxed);
        let read = std::mem::replace(&mut reader.read, written);
        Unread { read, written }
    }

    /// The next of what was not read.
    #[inline]
    pub(crate) fn next(&self, unread: &mut Unread) -> Option<News> {
        let Unread { read, written } = *unread;
        if read == written {
            return None;
        }
        if written.wrapping_sub(read) > RING {
            unread.read = written;
            return Some(News::Overflow);
        }
        let entry = self.entries[(read % RING) as usize].load(Ordering::Relaxed);
        unread.read = read + 1;
        Some(if entry == SPAWNED {
            News::Spawned
        } else {
            News::Woken(entry)
        })
    }

    /// Forgets what `reader` has not read.
    pub(crate) fn skip(&self, reader: &mut Reader) {
        reader.read = self.written.load(Ordering::Relaxed);
    }
}

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    #[inline]
    fn wake_by_ref(self: &Arc<Self>) {
        // One read-modify-write: what every waking thread wrote before is seen by the poll after.
        // The executor only ever reads the counter, which costs it nothing.
        self.wakes.fetch_add(1, Ordering::Release);
        self.ring.push(self.slot);
    }
}

impl Bell {
    pub(crate) fn new(ring: &Arc<Ring>, slot: u32) -> Bell {
        let flag = Arc::new(Flag {
            ring: Arc::clone(ring),
            slot,
            wakes: AtomicU32::new(0),
        });
        let waker = Waker::from(Arc::clone(&flag));
        Bell {
            flag,
            waker,
            seen: 0,
        }
    }

    /// The waker for the task's polls.
    #[inline]
    pub(crate) fn waker(&self) -> &Waker {
        &self.waker
    }

    /// How often the task was woken since this was asked last.
    #[inline]
    pub(crate) fn rang(&mut self) -> u32 {
        let wakes = self.flag.wakes.load(Ordering::Acquire);
        wakes.wrapping_sub(std::mem::replace(&mut self.seen, wakes))
    }

    /// How many clones of the waker somebody holds, besides the `own` ones of the executor.
    pub(crate) fn held(&self, own: usize) -> usize {
        // One count is ours, one belongs to the waker that polls borrow.
        Arc::strong_count(&self.flag) - 2 - own
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn news_come_in_order_and_too_many_are_one() {
        let ring = Ring::new();
        let mut reader = Reader::default();
        let mut bells = [0, 1].map(|slot| Bell::new(&ring, slot));
        bells[1].waker().wake_by_ref();
        ring.spawned();
        bells[0].waker().wake_by_ref();
        let mut unread = ring.news(&mut reader);
        let news: Vec<News> = std::iter::from_fn(|| ring.next(&mut unread)).collect();
        assert_eq!(news, [News::Woken(1), News::Spawned, News::Woken(0)]);
        assert_eq!([bells[0].rang(), bells[0].rang()], [1, 0]);
        for _ in 0..RING {
            bells[0].waker().wake_by_ref();
        }
        let mut unread = ring.news(&mut reader);
        for _ in 0..RING {
            assert_eq!(ring.next(&mut unread), Some(News::Woken(0)));
        }
        assert_eq!(ring.next(&mut unread), None);
        for _ in 0..=RING {
            bells[0].waker().wake_by_ref();
        }
        let mut unread = ring.news(&mut reader);
        assert_eq!(ring.next(&mut unread), Some(News::Overflow));
        assert_eq!(ring.next(&mut unread), None);
        assert_eq!(ring.next(&mut ring.news(&mut reader)), None);
    }

    #[test]
    fn clones_are_counted() {
        let bell = Bell::new(&Ring::new(), 0);
        assert_eq!(bell.held(0), 0);
        let clone = bell.waker().clone();
        assert_eq!(bell.held(0), 1);
        drop(clone);
        assert_eq!(bell.held(0), 0);
    }
}
