//! The same choices give the same run: twice, and on a session that was used before as on a new one.

mod support;

use support::{run, simulation};
use tourbillon_sim::strategy::Random;
use tourbillon_world::RunResult;

const PROGRAM: &str = include_str!("support/determinism.m");

const WORLD: &str = include_str!("support/determinism.yaml");

const SEEDS: u64 = 500;

fn summary(result: &RunResult) -> (u64, String, u64, u64) {
    assert!(!result.verdict.kind.is_defect(), "{:?}", result.verdict);
    let key = result.outcome.key();
    (result.trace_hash, key, result.steps, result.choices)
}

#[test]
fn every_seed_has_one_trace() {
    let reused = run(Random::new(0), "pending,delay,spurious");
    let mut simulated = simulation(PROGRAM, WORLD, &reused);
    let mut hashes = std::collections::BTreeSet::new();
    for seed in 0..SEEDS {
        let mut summaries = Vec::new();
        for repeating in [false, false, true] {
            let mut begun = reused.borrow_mut();
            begun.replace_strategy(Box::new(Random::new(seed)));
            begun.set_repeating(repeating);
            assert!(begun.begin(0));
            drop(begun);
            summaries.push(summary(&simulated.run_once()));
            reused.borrow_mut().end(true);
        }
        let fresh = run(Random::new(seed), "pending,delay,spurious");
        assert!(fresh.borrow_mut().begin(0));
        summaries.push(summary(&simulation(PROGRAM, WORLD, &fresh).run_once()));
        assert!(
            summaries.iter().all(|other| *other == summaries[0]),
            "seed {seed}: {summaries:#?}"
        );
        hashes.insert(summaries[0].0);
    }
    assert!(
        hashes.len() > SEEDS as usize * 9 / 10,
        "the seeds make different runs"
    );
}
