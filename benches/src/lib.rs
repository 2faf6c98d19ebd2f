//! The workloads that benches compare executors on, the bare loop that is their measure, and samples
//! that can be compared on a noisy machine.

pub mod bare;
pub mod samples;
pub mod workloads;
