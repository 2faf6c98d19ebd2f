//! The workloads that benches compare executors on, the bare loop that is their measure, samples that can be
//! compared on a noisy machine, and figures beside their bars.

pub mod bare;
pub mod bars;
pub mod samples;
pub mod workloads;
