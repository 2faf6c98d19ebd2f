//! Tasks, wakers and ready queues: the dynamic tier. One thread owns the scheduler; any thread may
//! wake.

mod scheduler;
mod sync;
mod wake;

pub use scheduler::{LocalFuture, Scheduler, Target};
pub use wake::{Inbox, WakeSlot};
