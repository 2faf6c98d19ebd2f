//! 14 quiet-permits: a cancelled acquire gives its permits back to the count and wakes nobody.

use std::cell::Cell;
use std::collections::VecDeque;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use tourbillon_sim::Injections;

use crate::kernel::{Body, Kernel, Model, UNSIZED, Variant};
use crate::runtime::Runtime;
use crate::shared::Shared;

pub(crate) const KERNEL: Kernel = Kernel {
    number: 14,
    name: "quiet-permits",
    title: "a cancelled acquire gives its permits back to the count and wakes nobody",
    source: "shuttle #167, tokio #904",
    sizes: UNSIZED,
    injections: Injections {
        cancels: 1,
        ..Injections::DEFAULT
    },
    body: Body::of::<QuietPermits>(),
};

const PERMITS: u32 = 2;

struct QuietPermits;

/// A fair semaphore: the first in the queue gets its permits before anybody behind it.
#[derive(Clone)]
struct Semaphore<R: Runtime> {
    state: Shared<R, (u32, VecDeque<Waiting>)>,
}

struct Waiting {
    wanted: u32,
    granted: Rc<Cell<bool>>,
    waker: Waker,
}

impl<R: Runtime> Semaphore<R> {
    /// Puts permits back and gives those at the head of the queue what they want.
    fn release(&self, permits: u32) {
        let mut granted = Vec::new();
        self.state.update(|(free, queue)| {
            *free += permits;
            while let Some(first) = queue.pop_front_if(|first| first.wanted <= *free) {
                *free -= first.wanted;
                first.granted.set(true);
                granted.push(first);
            }
        });
        granted.into_iter().for_each(|one| one.waker.wake());
    }
}

/// Permits that somebody waits for, then has.
struct Acquire<R: Runtime> {
    semaphore: Semaphore<R>,
    wanted: u32,
    granted: Rc<Cell<bool>>,
    // Whether whoever waits knows that they are granted.
    held: bool,
    variant: Variant,
}

impl<R: Runtime> Acquire<R> {
    fn new(semaphore: &Semaphore<R>, wanted: u32, variant: Variant) -> Acquire<R> {
        Acquire {
            semaphore: semaphore.clone(),
            wanted,
            granted: Rc::default(),
            held: false,
            variant,
        }
    }

    fn poll(&mut self, context: &Context<'_>) -> Poll<()> {
        let (wanted, granted) = (self.wanted, &self.granted);
        self.held = self.semaphore.state.update(|(free, queue)| {
            if granted.get() {
                return true;
            }
            let mut queued = queue.iter_mut();
            if let Some(one) = queued.find(|one| Rc::ptr_eq(&one.granted, granted)) {
                one.waker.clone_from(context.waker());
                return false;
            }
            if queue.is_empty() && wanted <= *free {
                *free -= wanted;
                granted.set(true);
                return true;
            }
            queue.push_back(Waiting {
                wanted,
                granted: Rc::clone(granted),
                waker: context.waker().clone(),
            });
            false
        });
        match self.held {
            true => Poll::Ready(()),
            false => Poll::Pending,
        }
    }
}

impl<R: Runtime> Drop for Acquire<R> {
    fn drop(&mut self) {
        let state = &self.semaphore.state;
        let granted = state.update(|(_, queue)| {
            queue.retain(|one| !Rc::ptr_eq(&one.granted, &self.granted));
            self.granted.get()
        });
        let permits = if granted { self.wanted } else { 0 };
        if self.held || self.variant == Variant::Corrected {
            // With no permits as well: who stood behind it may be the first now.
            self.semaphore.release(permits);
        } else {
            state.update(|(free, _)| *free += permits);
        }
    }
}

impl Model for QuietPermits {
    /// One has a permit and releases it. The next wants all, and may be cancelled; the last wants
    /// one and stands behind it.
    async fn run<R: Runtime>(runtime: R, variant: Variant, _size: u32) {
        let semaphore = Semaphore {
            state: Shared::new(&runtime, "semaphore", (PERMITS, VecDeque::new())),
        };
        let mut tasks = Vec::new();
        for (name, permits) in [("first", 1), ("eager", PERMITS), ("last", 1)] {
            let here = runtime.clone();
            let mut acquire = Acquire::new(&semaphore, permits, variant);
            tasks.push(runtime.spawn(name, async move {
                let yielding = here.clone();
                let working = async move {
                    poll_fn(|context| acquire.poll(context)).await;
                    yielding.yield_now().await;
                };
                if name == "eager" {
                    here.cancellable("work", working).await;
                } else {
                    working.await;
                }
            }));
        }
        runtime.join(tasks).await;
    }
}
