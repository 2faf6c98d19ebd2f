//! The bars of the engine on memory: I5, what each pending future takes, and H6, what ten thousand operations
//! leave. A counting allocator says so.
//!
//! `cargo bench -p tourbillon-benches --bench bytes`; options as of the bench `bars`.

#![allow(clippy::disallowed_methods, reason = "a bench reads the clock")]

#[path = "../bars/native.rs"]
#[allow(dead_code, reason = "the bars on time measure it too")]
mod native;
mod operations;
mod pending;

use std::alloc::System;
use std::process::ExitCode;

use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

fn main() -> ExitCode {
    tourbillon_benches::bars::measure_all(&[
        ("Pending futures", pending::bars),
        ("Ten thousand operations", operations::bars),
    ])
}

/// Bytes that are alive in this process.
fn live_bytes() -> usize {
    let stats = ALLOCATOR.stats();
    stats
        .bytes_allocated
        .saturating_sub(stats.bytes_deallocated)
}
