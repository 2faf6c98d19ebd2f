//! Virtual time: whole nanoseconds that move only when somebody says so, and the timers on it.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use rustc_hash::FxHashSet;

/// The virtual clock of one run and its timers, due in order of deadline, then of creation.
#[derive(Debug, Default)]
pub struct Clock {
    now: u64,
    created: u64,
    heap: BinaryHeap<Reverse<Timer>>,
    // A cancelled timer stays in the heap until it comes up; this set says who still counts.
    live: FxHashSet<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Timer {
    deadline: u64,
    number: u64,
    key: u64,
}

/// Names one timer of one run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TimerId(u64);

/// A timer that has come due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Due {
    /// Which timer.
    pub timer: TimerId,
    /// When it was due, in nanoseconds.
    pub deadline: u64,
    /// What its creator gave it.
    pub key: u64,
}

impl Clock {
    /// A clock at zero without timers.
    #[must_use]
    pub fn new() -> Clock {
        Clock::default()
    }

    /// Back to zero, without timers; capacity stays.
    pub fn reset(&mut self) {
        self.now = 0;
        self.created = 0;
        if !self.heap.is_empty() {
            self.heap.clear();
            self.live.clear();
        }
    }

    /// Nanoseconds since the run began.
    #[inline]
    #[must_use]
    pub fn now(&self) -> u64 {
        self.now
    }

    /// Sets a timer for `deadline` (nanoseconds; one in the past is due at once). `key` is the
    /// creator's own.
    pub fn add(&mut self, deadline: u64, key: u64) -> TimerId {
        let number = self.created;
        self.created += 1;
        self.heap.push(Reverse(Timer {
            deadline,
            number,
            key,
        }));
        self.live.insert(number);
        TimerId(number)
    }

    /// Takes a timer away; false when it has fired or was cancelled already.
    pub fn cancel(&mut self, timer: TimerId) -> bool {
        self.live.remove(&timer.0)
    }

    /// How many timers are outstanding.
    #[must_use]
    pub fn outstanding(&self) -> usize {
        self.live.len()
    }

    /// The earliest deadline of an outstanding timer.
    pub fn next_due(&mut self) -> Option<u64> {
        while let Some(Reverse(timer)) = self.heap.peek() {
            if self.live.contains(&timer.number) {
                return Some(timer.deadline);
            }
            self.heap.pop();
        }
        None
    }

    /// Moves time forward to `nanoseconds`; a moment that has passed changes nothing.
    pub fn advance_to(&mut self, nanoseconds: u64) {
        self.now = self.now.max(nanoseconds);
    }

    /// Takes the next timer that is due by now.
    pub fn pop_due(&mut self) -> Option<Due> {
        if self.next_due()? > self.now {
            return None;
        }
        let Reverse(timer) = self.heap.pop()?;
        self.live.remove(&timer.number);
        Some(Due {
            timer: TimerId(timer.number),
            deadline: timer.deadline,
            key: timer.key,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timers_fire_by_deadline_then_creation() {
        let mut clock = Clock::new();
        let late = clock.add(20, 1);
        for key in [2, 3, 4] {
            clock.add(10, key);
        }
        let gone = clock.add(5, 5);
        assert!(clock.cancel(gone) && !clock.cancel(gone));
        assert_eq!((clock.next_due(), clock.outstanding()), (Some(10), 4));
        assert_eq!(clock.pop_due(), None);
        clock.advance_to(15);
        let keys: Vec<u64> = std::iter::from_fn(|| clock.pop_due())
            .map(|due| due.key)
            .collect();
        assert_eq!(keys, [2, 3, 4]);
        clock.advance_to(3);
        assert_eq!(clock.now(), 15);
        clock.advance_to(20);
        let due = clock.pop_due().expect("the late one");
        assert_eq!((due.timer, due.deadline), (late, 20));
        assert!(!clock.cancel(late), "it has fired");
        clock.add(30, 6);
        clock.reset();
        assert_eq!(
            (clock.now(), clock.next_due(), clock.outstanding()),
            (0, None, 0)
        );
    }
}
