//! Bug kernels: small async programs with a known defect each, faulty and corrected.
//!
//! They measure explorers: how many schedules until a faulty kernel fails, and whether a corrected
//! one ever does. Every kernel is one source over [`Runtime`], so that the simulator and, with the
//! feature `shuttle`, shuttle explore the same program.
//!
//! ```
//! use tourbillon_kernels::{Variant, all};
//! use tourbillon_sim::Explorer;
//!
//! let kernel = all().iter().find(|kernel| kernel.name == "two-stage").expect("number 2");
//! let size = kernel.sizes[0];
//! // Production's own schedule is lucky, others are not.
//! let faulty = || kernel.program(Variant::Faulty, size);
//! assert!(Explorer::fifo().explore(faulty()).failures.is_empty());
//! assert!(!Explorer::random(1).explore(faulty()).failures.is_empty());
//!
//! let corrected = Explorer::random(1).explore(kernel.program(Variant::Corrected, size));
//! assert!(corrected.failures.is_empty());
//! ```

#[cfg(feature = "shuttle")]
mod cancel;
mod kernel;
mod kernels;
mod parts;
mod runtime;
mod shared;
#[cfg(feature = "shuttle")]
mod shuttled;
mod waiting;

pub use kernel::{Body, Kernel, Model, Program, UNSIZED, Variant};
pub use kernels::all;
pub use parts::{Gate, Lock, LockGuard};
pub use runtime::{Runtime, Step};
pub use shared::Shared;
#[cfg(feature = "shuttle")]
pub use shuttled::Shuttled;
