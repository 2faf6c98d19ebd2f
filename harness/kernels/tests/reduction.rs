//! The search with reduction comes to the plain search's verdicts on the kernels, in fewer runs.

mod support;

use std::collections::BTreeSet;

use tourbillon_kernels::{Kernel, Variant, all};
use tourbillon_sim::{Explorer, FailureKind, Report};

/// What the plain search may take.
const PLAIN: u64 = 200_000;

fn explore(explorer: Explorer, kernel: &Kernel, variant: Variant) -> Report {
    explorer
        .injections(kernel.injections)
        .schedules(PLAIN)
        .explore(kernel.program(variant, kernel.sizes[0]))
}

fn kinds(report: &Report) -> BTreeSet<FailureKind> {
    report.failures.keys().map(|failure| failure.kind).collect()
}

#[test]
fn reduced_and_plain_search_agree() {
    support::expect_panics_of_kernels();
    let mut compared = 0;
    for kernel in all() {
        for variant in [Variant::Faulty, Variant::Corrected] {
            let plain = explore(Explorer::exhaustive(), kernel, variant);
            let reduced = explore(Explorer::reduced(), kernel, variant);
            if plain.exhausted {
                let name = kernel.name;
                assert!(reduced.exhausted, "{name}, {variant:?}");
                assert_eq!(kinds(&reduced), kinds(&plain), "{name}, {variant:?}");
                assert!(reduced.schedules <= plain.schedules, "{name}, {variant:?}");
                compared += 1;
            }
        }
    }
    assert!(compared >= 10, "{compared} kernels were small enough");
}
