//! Corrected kernels stand whatever the search may inject, all of it at once.

use tourbillon_kernels::{Variant, all};
use tourbillon_sim::strategy::named;
use tourbillon_sim::{Explorer, Injections};

/// More of each than any kernel asks for.
const ALL: Injections = Injections {
    pending_polls: 2,
    delay_multiples: 2,
    spurious_polls: 3,
    early_completions: 2,
    cancels: 2,
    ..Injections::NONE
};
/// So many schedules of each strategy.
const SCHEDULES: u64 = 1_000;

#[test]
fn no_corrected_kernel_fails_whatever_is_injected() {
    let mut failed = Vec::new();
    for kernel in all() {
        for name in ["random", "pct", "pos", "swarm"] {
            let strategy = named(name, 3).expect("a strategy of the list");
            let report = Explorer::new(strategy, SCHEDULES)
                .injections(ALL)
                .stop_after_failures(1)
                .explore(kernel.program(Variant::Corrected, kernel.sizes[0]));
            if let Some(failure) = report.failures.keys().next() {
                failed.push(format!("{}, {name}: {failure}", kernel.name));
            }
        }
    }
    assert!(failed.is_empty(), "{failed:#?}");
}
