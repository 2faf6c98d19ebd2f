//! Deterministic simulation of any Rust futures: choices, strategies, virtual time, recordings.
//!
//! A program under test is an async closure. It gets a [`Sim`] to spawn tasks with, and runs again
//! and again, each time under another schedule. Whatever decides anything (which ready task runs,
//! whether an operation is late) is a choice on one tape, so every run can be recorded and made
//! again.
//!
//! Two tasks read a counter, give way, and write it back. All their schedules have exactly two
//! outcomes, one of them the lost update:
//!
//! ```
//! use std::{cell::Cell, rc::Rc};
//! use tourbillon_sim::{Explorer, Sim, join_all, replay};
//!
//! async fn program(sim: Sim) -> u32 {
//!     let counter = Rc::new(Cell::new(0));
//!     let tasks = [(); 2].map(|()| {
//!         let (sim, counter) = (sim.clone(), Rc::clone(&counter));
//!         sim.clone().spawn_named("bump", async move {
//!             let seen = counter.get();
//!             sim.yield_now().await;
//!             counter.set(seen + 1);
//!         })
//!     });
//!     join_all(tasks).await;
//!     counter.get()
//! }
//!
//! let report = Explorer::exhaustive().explore(program);
//! assert!(report.exhausted);
//! assert_eq!(report.outcome_names(), ["1", "2"]);
//!
//! // Every outcome comes with a witness; a recording of it is text that replays.
//! let lost = &report.outcomes["1"].witness;
//! let recording = Explorer::exhaustive().record(&report, lost, program)?;
//! let replayed = replay(&recording, program)?;
//! assert_eq!((replayed.outcome.as_str(), replayed.divergence), ("1", None));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! In a test, [`check`] panics at the first schedule that fails, shrinks it, and prints its timeline and
//! one line to replay it from; [`shrink()`] does so with any recording. Futures
//! that bring no reactor of their own work unmodified: channels and locks of tokio's `sync`, of
//! `futures`, of `async-lock`.
//!
//! The guide is `docs/futures.md` in the repository: names and priorities, virtual time, faults and
//! cancels, invariants, searches that prove, stuck runs, replay, and what determinism asks for.
//!
//! Hosts of other programs (an interpreter, say) drive a [`Run`] themselves and hand it to
//! [`campaign::explore`].

pub mod campaign;
mod cancel;
pub mod choice;
pub mod clock;
pub mod distinct;
pub mod divergence;
mod droppable;
pub mod executor;
mod explain;
mod explore;
pub mod footprint;
pub mod inject;
mod join;
pub mod label;
mod listener;
pub mod marks;
mod ready;
pub mod recording;
pub mod report;
pub mod rng;
pub mod run;
pub mod shrink;
mod sim;
pub mod strategy;
mod strikes;
pub mod sync;
mod task;
mod timeline;
mod timing;
pub mod trace;
mod wake;

pub use campaign::{
    Difference, Failure, FailureKind, Plan, Replayed, Report, Stats, Verdict, Witness,
};
pub use cancel::{Cancellable, Cancelled};
pub use choice::{Action, Candidate, Kind, Point};
pub use divergence::Divergence;
pub use droppable::{Droppable, Dropped};
pub use executor::{Ending, Executor};
pub use explore::{Explorer, check, explore, replay, replay_lenient};
pub use footprint::{Access, Footprint, Object};
pub use inject::Injections;
pub use join::{JoinHandle, join_all};
pub use label::{Label, Labels, path_hash};
pub use recording::Recording;
pub use run::{Budgets, Run, SharedRun};
pub use shrink::shrink;
pub use sim::{Priority, Sim, Yield};
pub use strategy::Strategy;
pub use timeline::{timeline, timeline_of};
pub use timing::{Operation, Sleep};

/// The programs of the guide.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/futures.md")]
mod guide {}
