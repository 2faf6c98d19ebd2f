//! Cells, locks and channels for programs under test that tell what they touch and who waits for
//! whom.
//!
//! They are made through [`Sim`], by a name that becomes a label: `sim.mutex("cache", 0)` in main is
//! `main/cache#1`. All of them are handles, cheap to clone, so that they can be moved into tasks.
//! What sets them apart from the types of other crates, which work here as well:
//!
//! - every operation reports its accesses, so that [`crate::Explorer::reduced`] may be used on
//!   programs that share nothing else;
//! - a run that is stuck is explained with the names of the objects and their holders;
//! - they are correct under cancellation: a future that is dropped while it waits passes on what it
//!   was given.
//!
//! ```
//! use tourbillon_sim::{Explorer, Sim, join_all};
//!
//! let report = Explorer::reduced().explore(|sim: Sim| async move {
//!     let counter = sim.mutex("counter", 0);
//!     let tasks = [(); 3].map(|()| {
//!         let (sim, counter) = (sim.clone(), counter.clone());
//!         sim.clone().spawn_named("bump", async move {
//!             let mut counter = counter.lock().await;
//!             let seen = *counter;
//!             sim.yield_now().await;
//!             *counter = seen + 1;
//!         })
//!     });
//!     join_all(tasks).await;
//!     *counter.lock().await
//! });
//! assert!(report.exhausted);
//! assert_eq!(report.outcome_names(), ["3"]);
//! ```

mod channel;
mod mutex;
mod notify;
mod oneshot;
mod permits;
mod resource;
mod semaphore;
mod shared;

pub use channel::{Receiver, Recv, Send, SendError, Sender, TryRecvError, TrySendError};
pub use mutex::{Lock, Mutex, MutexGuard};
pub use notify::{Notified, Notify};
pub use oneshot::{OneshotReceiver, OneshotSender};
pub use semaphore::{Acquire, Permit, Semaphore};
pub use shared::Shared;

pub(crate) use resource::Hold;

use std::fmt;

use crate::sim::Sim;

/// The other side is gone, or the object was closed: what was waited for never comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Closed;

impl fmt::Display for Closed {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("closed")
    }
}

impl std::error::Error for Closed {}

impl Sim {
    /// A cell that tasks share.
    pub fn shared<T>(&self, name: &str, value: T) -> Shared<T> {
        Shared::new(self, name, value)
    }

    /// A lock around a value; who waits gets it in the order of asking.
    pub fn mutex<T>(&self, name: &str, value: T) -> Mutex<T> {
        Mutex::new(self, name, value)
    }

    /// So many permits; who waits gets them in the order of asking.
    #[must_use]
    pub fn semaphore(&self, name: &str, permits: usize) -> Semaphore {
        Semaphore::new(self, name, permits)
    }

    /// Wakes one task, or all that wait.
    #[must_use]
    pub fn notify(&self, name: &str) -> Notify {
        Notify::new(self, name)
    }

    /// A channel of many senders and one receiver that holds at most `capacity` messages, which must
    /// not be 0.
    #[must_use]
    pub fn channel<T>(&self, name: &str, capacity: usize) -> (Sender<T>, Receiver<T>) {
        channel::channel(self, name, capacity)
    }

    /// A channel for one value.
    #[track_caller]
    pub fn oneshot<T>(&self, name: &str) -> (OneshotSender<T>, OneshotReceiver<T>) {
        oneshot::oneshot(self, name)
    }
}
