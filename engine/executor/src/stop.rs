//! Where any thread leaves the wish that a run stops: one number, and the sleeper of the scheduler.
//!
//! Runs are numbered from 1. A wish names its run, so that one that comes late is for no other. The loom
//! model in `tests/loom.rs` proves that none is missed between a look and the sleep, and that a wish and a
//! wake at the same time are both seen.

use crate::sync::{AtomicU64, Ordering};
use crate::wake::Inbox;
use std::sync::Arc;
use std::task::Waker;

/// The newest wish, and whom to call.
#[derive(Debug)]
pub struct StopCell<T> {
    /// Number of the newest run that is to stop; 0 for none.
    requested: AtomicU64,
    inbox: Arc<Inbox<T>>,
}

impl<T: Copy> StopCell<T> {
    /// Nobody wishes anything.
    pub fn new(inbox: Arc<Inbox<T>>) -> Arc<StopCell<T>> {
        Arc::new(StopCell {
            requested: AtomicU64::new(0),
            inbox,
        })
    }

    /// Wishes that a run stops; from any thread, as often as one likes.
    pub fn request(&self, run: u64) {
        self.requested.fetch_max(run, Ordering::AcqRel);
        self.inbox.rouse();
    }

    /// Whether a run is to stop.
    pub fn is_requested(&self, run: u64) -> bool {
        self.requested.load(Ordering::Acquire) == run
    }

    /// Keeps the waker to be called at the next wake or wish, and says so; or says that there is something
    /// to do already. `is_known`: the wish for this run was seen.
    pub fn sleep(&self, waker: &Waker, run: u64, is_known: bool) -> bool {
        // First the waker, then a last look: a wish before the waker was there has nobody to rouse.
        self.inbox.sleep(waker) && (is_known || !self.is_requested(run))
    }
}
