//! The engine's host, simulated, and the oracles over engine events.

pub mod canonical;
pub mod checked;
pub mod config;
mod console;
mod host;
mod names;
mod observer;
mod operations;
mod oracles;
mod outcome;
mod policy;
pub mod session_config;
mod simulation;
mod snapshot;
mod support;
mod target;
mod timeline;

pub use canonical::{CanonicalData, CanonicalValue};
pub use config::WorldConfig;
pub use console::CapturingConsole;
pub use host::{Injected, World};
pub use observer::WorldObserver;
pub use oracles::Ledger;
pub use outcome::{Diagnostic, ErrorOutcome, Outcome, OutcomePhase};
pub use policy::WorldPolicy;
pub use session_config::SessionConfig;
pub use simulation::{RunResult, Simulation, Verdict, VerdictKind};
pub use snapshot::snapshot;
pub use support::Unsupported;
pub use target::{ProgramText, Target};
