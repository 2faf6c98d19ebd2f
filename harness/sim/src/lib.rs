//! Deterministic simulation of any Rust futures: choices, strategies, virtual time, recordings.

pub mod choice;
pub mod clock;
pub mod divergence;
pub mod inject;
pub mod label;
pub mod recording;
pub mod rng;
pub mod run;
pub mod strategy;
pub mod trace;

pub use choice::{Action, Candidate, Kind, Point};
pub use divergence::Divergence;
pub use inject::Injections;
pub use label::{Label, Labels, path_hash};
pub use run::{Budgets, Run, SharedRun};
pub use strategy::Strategy;
