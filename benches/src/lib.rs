//! The workloads that benches compare executors on, and the bare loop that is their measure.

pub mod bare;
pub mod workloads;
