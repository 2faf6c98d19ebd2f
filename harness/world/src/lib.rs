//! The engine's host, simulated, and the oracles over engine events.
//!
//! A [`Simulation`] runs one program in one [`World`] under the choices of a [`tourbillon_sim::Run`],
//! from its start until its session was closed, and judges it. [`explore()`] does so under many
//! schedules and counts what comes out; [`record`] and [`replay()`] make a run again anywhere.
//!
//! ```
//! use std::ops::ControlFlow;
//! use tourbillon_sim::Run;
//! use tourbillon_sim::strategy::Exhaustive;
//! use tourbillon_world::explore::{explore, failure, plan};
//! use tourbillon_world::{SessionConfig, Simulation, Target, WorldConfig};
//!
//! let program = r"
//!     a = spawn(says('a'));  b = spawn(says('b'));
//!     await_all(a, b);
//!     async function says(text)
//!         yield_now();
//!         fprintf('%s', text);
//!     end";
//! let session = SessionConfig::default();
//! let target = Target::script(program, &session);
//! let run = Run::shared(Box::new(Exhaustive::new()));
//! let mut simulation = Simulation::new(target, session, WorldConfig::default(), &run)?;
//! let found = explore(&mut simulation, &plan(1_000), &mut failure, &mut |_| {
//!     ControlFlow::Continue(())
//! });
//! let printed: Vec<&str> = found.outcomes.values().map(|one| &*one.stdout).collect();
//! assert_eq!(printed, ["ab", "ba"]);
//! assert!(found.report.exhausted && found.report.failures.is_empty());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod audit;
pub mod canonical;
pub mod checked;
pub mod config;
mod console;
mod delivery;
mod device;
mod effects;
pub mod explore;
mod faults;
mod group;
mod host;
mod injected;
mod jobs;
mod lent;
mod names;
mod objects;
mod observer;
mod operations;
mod oracles;
mod outcome;
mod policy;
mod probe;
pub mod replay;
mod seat;
pub mod session_config;
pub mod shrink;
mod simulation;
mod snapshot;
pub mod stuck;
mod support;
mod sweep;
mod target;
mod timeline;
mod web;
mod world;

pub use canonical::{CanonicalData, CanonicalValue};
pub use config::WorldConfig;
pub use console::CapturingConsole;
pub use explore::{Exploration, explore, record};
pub use group::{MemberConfig, WorldGroup};
pub use observer::WorldObserver;
pub use oracles::{Ledger, Spinning};
pub use outcome::{Diagnostic, ErrorOutcome, Outcome, OutcomePhase, Values};
pub use policy::WorldPolicy;
pub use replay::{Replay, ReplayError, ReplayOptions, replay};
pub use session_config::SessionConfig;
pub use simulation::{RunResult, Simulation, Verdict, VerdictKind};
pub use snapshot::snapshot;
pub use stuck::{StuckClass, StuckReport};
pub use support::Unsupported;
pub use sweep::CancelSweep;
pub use target::{ProgramText, Target};
pub use world::{Injected, World};
