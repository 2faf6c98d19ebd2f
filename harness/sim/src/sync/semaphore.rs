//! A number of permits, given in the order of asking.

use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};

use super::Closed;
use super::permits::{Asking, Permits};
use super::resource::{Awaited, Hold, Resource};
use crate::sim::Sim;

/// A number of permits; its clones are the same semaphore. Made by [`Sim::semaphore`].
///
/// Permits that come back go to the first in the queue as soon as there are enough for it, even
/// before its task runs.
#[derive(Clone, Debug)]
pub struct Semaphore {
    permits: Permits,
}

impl Semaphore {
    pub(super) fn new(sim: &Sim, name: &str, permits: usize) -> Semaphore {
        Semaphore {
            permits: Permits::new(Resource::new(sim, name), Awaited::Permit, permits),
        }
    }

    /// Waits for a permit; an error once the semaphore is closed.
    #[track_caller]
    pub fn acquire(&self) -> Acquire {
        self.acquire_many(1)
    }

    /// Waits for so many permits and gets them together.
    #[track_caller]
    pub fn acquire_many(&self, count: usize) -> Acquire {
        Acquire {
            asking: self.permits.ask(count, Location::caller()),
            count,
            semaphore: self.clone(),
        }
    }

    /// Takes a permit if that needs no waiting.
    #[must_use]
    #[track_caller]
    pub fn try_acquire(&self) -> Option<Permit> {
        let taken = self.permits.take(1, Location::caller());
        taken.ok().flatten().map(|hold| self.permit(1, hold))
    }

    /// Adds permits.
    pub fn add_permits(&self, count: usize) {
        self.permits.give(count, Hold::NONE);
    }

    /// How many permits nobody has.
    #[must_use]
    pub fn available_permits(&self) -> usize {
        self.permits.free()
    }

    /// Refuses whoever waits now and whoever asks later.
    pub fn close(&self) {
        self.permits.close();
    }

    /// Whether the semaphore was closed.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.permits.is_closed()
    }

    fn permit(&self, count: usize, hold: Hold) -> Permit {
        Permit {
            count,
            hold,
            semaphore: self.clone(),
        }
    }
}

/// Waits for permits: see [`Semaphore::acquire`].
#[derive(Debug)]
#[must_use = "futures do nothing unless awaited"]
pub struct Acquire {
    asking: Asking,
    count: usize,
    semaphore: Semaphore,
}

impl Future for Acquire {
    type Output = Result<Permit, Closed>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let polled = self.asking.poll(context);
        polled.map(|taken| taken.map(|hold| self.semaphore.permit(self.count, hold)))
    }
}

/// Has permits until it is dropped.
#[derive(Debug)]
#[must_use = "a permit that is dropped at once permits nothing"]
pub struct Permit {
    count: usize,
    hold: Hold,
    semaphore: Semaphore,
}

impl Permit {
    /// The permits never come back.
    pub fn forget(mut self) {
        self.count = 0;
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.semaphore.permits.give(self.count, self.hold);
    }
}
