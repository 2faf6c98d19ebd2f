//! Providers of `gpuArray`: the reference provider that computes on the processor.

mod cpu;
mod failure;

pub use cpu::{CpuDevice, RetainedBuffer};
