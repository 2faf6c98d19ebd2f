//! What several test files use to set the search with reduction against the plain one.

#![allow(dead_code, reason = "not every test file uses every helper")]

use std::fmt::Debug;

use tourbillon_sim::{Explorer, Injections, Report, Sim};

/// Explores a program both ways, which must show the same; returns the runs with reduction and the
/// redundant ones.
pub fn check<F, M>(name: &str, injections: Injections, program: M) -> (u64, u64)
where
    M: Fn(Sim) -> F,
    F: Future + 'static,
    F::Output: Debug,
{
    let (plain, reduced) = both(name, injections, program);
    // Each full run is another partial order, and the plain search has met no others.
    assert_eq!(reduced.partial_orders.count(), reduced.schedules, "{name}");
    if plain.partial_orders.is_exact() {
        assert_eq!(plain.partial_orders.count(), reduced.schedules, "{name}");
    }
    (reduced.schedules, reduced.redundant)
}

/// The reports of both searches, after comparing what came out.
pub fn both<F, M>(name: &str, injections: Injections, program: M) -> (Report, Report)
where
    M: Fn(Sim) -> F,
    F: Future + 'static,
    F::Output: Debug,
{
    let plain = Explorer::exhaustive().injections(injections);
    let reduced = Explorer::reduced().injections(injections);
    let (plain, reduced) = (plain.explore(&program), reduced.explore(&program));
    assert!(plain.exhausted, "{name}: the plain search was cut short");
    assert!(
        reduced.exhausted,
        "{name}: the reduced search was cut short"
    );
    assert_eq!(plain.outcome_names(), reduced.outcome_names(), "{name}");
    let failures = |report: &Report| report.failures.keys().cloned().collect::<Vec<_>>();
    assert_eq!(failures(&plain), failures(&reduced), "{name}");
    (plain, reduced)
}

/// At most so many cancels, and nothing else.
pub fn cancels(cancels: u32) -> Injections {
    Injections {
        cancels,
        ..Injections::NONE
    }
}
