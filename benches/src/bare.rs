//! The bare loop: boxed futures, bit wakers, a random pick, and nothing else. What is measured
//! against it pays for everything that it adds.
//!
//! Its wakers are `Arc`s over one shared word, made once, so that it needs no `unsafe`; the variant
//! with thread-local bits is a few nanoseconds faster for each wake.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use crate::workloads::Task;

/// The loop, with its wakers and its generator.
#[derive(Debug)]
pub struct BareLoop {
    woken: Arc<AtomicU64>,
    wakers: Vec<Waker>,
    random: u64,
}

struct BitWaker {
    woken: Arc<AtomicU64>,
    bit: u64,
}

impl Wake for BitWaker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.woken.fetch_or(self.bit, Ordering::Relaxed);
    }
}

impl Default for BareLoop {
    fn default() -> BareLoop {
        let woken = Arc::new(AtomicU64::new(0));
        let waker = |index: u32| {
            Waker::from(Arc::new(BitWaker {
                woken: Arc::clone(&woken),
                bit: 1 << index,
            }))
        };
        let wakers = (0..64).map(waker).collect();
        BareLoop {
            woken,
            wakers,
            random: 0x9E37_79B9_7F4A_7C15,
        }
    }
}

impl BareLoop {
    /// Runs at most 64 tasks to their end in a random order; returns the number of polls.
    pub fn run(&mut self, tasks: &mut [Task]) -> u64 {
        assert!(tasks.len() <= 64, "one word of wake bits");
        let everyone = u64::MAX >> (64 - tasks.len());
        self.woken.store(everyone, Ordering::Relaxed);
        let mut live = tasks.len();
        let mut polls = 0;
        while live > 0 {
            let ready = self.woken.load(Ordering::Relaxed);
            let count = ready.count_ones();
            assert!(count > 0, "deadlock");
            let pick = if count == 1 { 0 } else { self.below(count) };
            let index = nth_set(ready, pick);
            self.woken.fetch_and(!(1 << index), Ordering::Relaxed);
            polls += 1;
            let mut context = Context::from_waker(&self.wakers[index]);
            if let Poll::Ready(()) = tasks[index].as_mut().poll(&mut context) {
                live -= 1;
                self.woken.fetch_and(!(1 << index), Ordering::Relaxed);
            }
        }
        polls
    }

    fn below(&mut self, bound: u32) -> u32 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        (((self.random >> 32) * u64::from(bound)) >> 32) as u32
    }
}

fn nth_set(mut word: u64, nth: u32) -> usize {
    for _ in 0..nth {
        word &= word - 1;
    }
    word.trailing_zeros() as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workloads::Workload;

    #[test]
    fn the_workloads_end_after_the_polls_they_have() {
        let mut bare = BareLoop::default();
        assert_eq!(bare.run(&mut Workload::W1.boxed()), 18);
        assert_eq!(bare.run(&mut Workload::W2.boxed()), 210);
        assert!(bare.run(&mut Workload::W3.boxed()) >= 26);
    }
}
