//! Tasks, wakers and ready queues: the dynamic tier. One thread owns the scheduler; any thread may
//! wake, and bring results.

mod completions;
mod scheduler;
mod sync;
mod wake;

pub use completions::{Completer, Completions};
pub use scheduler::{LocalFuture, Scheduler, Target};
pub use wake::{Inbox, WakeSlot};
