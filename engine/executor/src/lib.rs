//! Tasks, ready queues and wakers in two tiers of one behaviour: fixed capacities without a heap for
//! small devices, and any number of everything. One thread owns an executor; any thread may wake, and
//! bring results.
//!
//! Both tiers are the same task table ([`Tasks`]) over different [`Storage`], and one [`Executor`]
//! trait; `testing` holds the suite that both pass. Without the feature `std` this crate is `no_std` and
//! needs no allocator:
//!
//! ```
//! use core::pin::{Pin, pin};
//! use tourbillon_executor::{Embedded, Executor, Priority, WakerFlags};
//!
//! static FLAGS: WakerFlags<16> = WakerFlags::new();
//! let mut hello = pin!(async {});
//! let mut executor: Embedded<Pin<&mut dyn Future<Output = ()>>, _, ()> = Embedded::with_flags(&FLAGS, ());
//! executor.schedule(Priority::High, hello.as_mut()).expect("there is room");
//! assert_eq!(executor.run_until_idle(), 0);
//! ```
#![cfg_attr(not(feature = "std"), no_std)]

mod board;
mod capacity;
mod embedded;
mod executor;
mod flags;
mod priority;
mod ready;
mod storage;
mod sync;
mod tasks;

#[cfg(feature = "std")]
mod block_on;
#[cfg(feature = "std")]
mod completions;
#[cfg(feature = "std")]
mod doorbell;
#[cfg(feature = "std")]
mod dynamic;
#[cfg(feature = "std")]
mod runtime;
#[cfg(feature = "std")]
mod scheduler;
#[cfg(feature = "std")]
mod stop;
#[cfg(feature = "std")]
pub mod testing;
#[cfg(feature = "std")]
mod wake;

pub use board::{Board, FutureId, Wait, Waits};
pub use capacity::{Capacities, CapacityExceeded, Resource};
pub use embedded::Embedded;
pub use executor::{Executor, Polled, TaskNumber};
pub use flags::WakerFlags;
pub use priority::Priority;
pub use ready::{ReadyQueue, ReadyTask};
pub use storage::{Fixed, FixedQueue, FixedTable, Queue, Storage, Table};
pub use tasks::{TaskId, Tasks};

#[cfg(feature = "std")]
pub use block_on::{Deadlock, block_on};
#[cfg(feature = "std")]
pub use completions::{Completer, Completions};
#[cfg(feature = "std")]
pub use doorbell::{Doorbell, Rung};
#[cfg(feature = "std")]
pub use dynamic::Dynamic;
#[cfg(feature = "std")]
pub use runtime::Runtime;
#[cfg(feature = "std")]
pub use scheduler::{LocalFuture, OperationNumber, Scheduler, Target};
#[cfg(feature = "std")]
pub use stop::StopCell;
#[cfg(feature = "std")]
pub use storage::Growing;
#[cfg(feature = "std")]
pub use wake::{Inbox, WakeSlot};
