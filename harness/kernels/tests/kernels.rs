//! Every faulty kernel passes as production schedules it and is found by the search; no corrected
//! one ever fails.

mod support;

use tourbillon_kernels::{Kernel, Variant, all};
use tourbillon_sim::strategy::{self, named};
use tourbillon_sim::{Explorer, Injections, Report};

/// So many campaigns look for each defect.
const SEEDS: u64 = 100;
/// So many schedules each may take.
const SCHEDULES: u64 = 10_000;
/// So many schedules of each strategy a corrected kernel must pass.
const PASSES: u64 = 2_000;
/// The strategy that is used when none is named.
const DEFAULT_STRATEGY: &str = "swarm";

fn explore(
    kernel: &Kernel,
    (variant, size): (Variant, u32),
    (strategy, seed): (&str, u64),
    schedules: u64,
) -> Report {
    let strategy = named(strategy, seed).expect("a strategy of the list");
    let mut injections = kernel.injections;
    if variant == Variant::Corrected {
        // Whatever is correct can be polled for nothing as well.
        injections.spurious_polls = 2;
    }
    Explorer::new(strategy, schedules)
        .injections(injections)
        .stop_after_failures(1)
        .explore(kernel.program(variant, size))
}

#[test]
fn numbers_and_names_are_used_once_and_in_order() {
    for pair in all().windows(2) {
        assert!(pair[0].number < pair[1].number, "{}", pair[1].name);
        assert!(pair.iter().all(|kernel| !kernel.sizes.is_empty()));
        assert!(
            all()
                .iter()
                .filter(|other| other.name == pair[0].name)
                .count()
                == 1
        );
    }
}

#[test]
fn production_schedules_pass() {
    for kernel in all() {
        for &size in kernel.sizes {
            for variant in [Variant::Faulty, Variant::Corrected] {
                let report = explore(kernel, (variant, size), ("fifo", 0), 1);
                let label = kernel.label(size);
                assert!(report.failures.is_empty(), "{label}: {:?}", report.failures);
                let bare = Explorer::fifo().injections(Injections::NONE);
                let report = bare.explore(kernel.program(variant, size));
                let failures = report.failures;
                assert!(
                    failures.is_empty(),
                    "{label}, nothing injected: {failures:?}"
                );
            }
        }
    }
}

#[test]
fn every_defect_is_found() {
    support::expect_panics_of_kernels();
    let mut missed = Vec::new();
    for kernel in all() {
        for &size in kernel.sizes {
            for seed in 0..SEEDS {
                let strategy = (DEFAULT_STRATEGY, seed);
                let report = explore(kernel, (Variant::Faulty, size), strategy, SCHEDULES);
                if report.failures.is_empty() {
                    missed.push(format!("{}, seed {seed}", kernel.label(size)));
                }
            }
        }
    }
    assert!(missed.is_empty(), "not found: {missed:#?}");
}

#[test]
fn no_corrected_kernel_fails() {
    let mut failed = Vec::new();
    for kernel in all() {
        for &size in kernel.sizes {
            for name in strategy::NAMES {
                let report = explore(kernel, (Variant::Corrected, size), (name, 7), PASSES);
                if let Some((failure, stats)) = report.failures.first_key_value() {
                    let (label, run) = (kernel.label(size), stats.witness.run);
                    failed.push(format!("{label}, {name}, run {run}: {failure}"));
                }
            }
        }
    }
    assert!(failed.is_empty(), "{failed:#?}");
}
