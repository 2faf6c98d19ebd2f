//! Chaos that stops: from then on a run must come to its end, and a recording says when it was.

use std::cell::Cell;
use std::rc::Rc;

use tourbillon_sim::campaign::FailureKind;
use tourbillon_sim::run::Budgets;
use tourbillon_sim::{Explorer, Injections, Sim, join_all, replay};

fn explorer(seed: u64) -> Explorer {
    let injections = Injections {
        spurious_polls: 1_000,
        faults: 1_000,
        ..Injections::NONE
    };
    let budgets = Budgets {
        steps: 2_000,
        chaos_steps: Some(60),
        ..Budgets::default()
    };
    let explorer = Explorer::random(seed).schedules(200);
    explorer.injections(injections).budgets(budgets)
}

/// Tries again until it does not fail; so does everybody who has a limit somewhere else.
async fn retries(sim: Sim, gives_up: bool) -> u32 {
    let tries = Rc::new(Cell::new(0));
    let tasks = [(); 2].map(|()| {
        let (sim, tries) = (sim.clone(), tries.clone());
        sim.clone().spawn_named("client", async move {
            let mut has_failed = false;
            while sim.fault("request") || (has_failed && gives_up) {
                // Once it has failed, the faulty one waits for what never comes.
                has_failed = true;
                tries.set(tries.get() + 1);
                sim.yield_now().await;
            }
        })
    });
    join_all(tasks).await;
    0
}

#[test]
fn who_tries_again_comes_to_an_end_when_the_faults_stop() {
    let report = explorer(1).explore(|sim| retries(sim, false));
    assert!(report.failures.is_empty(), "{:?}", report.failures);
}

#[test]
fn who_does_not_is_a_livelock_that_replays() {
    let report = explorer(1).explore(|sim| retries(sim, true));
    let livelock = report.failures.iter();
    let livelock = livelock
        .clone()
        .find(|(failure, _)| failure.kind == FailureKind::Livelock);
    let (_, stats) = livelock.expect("a livelock");
    let program = |sim| retries(sim, true);
    let recording = explorer(1).record(&report, &stats.witness, program);
    let recording = recording.expect("it repeats itself");
    assert_eq!(recording.strategy.chaos, Some(60));
    let text = recording.to_string();
    let recording = text.parse().expect("what was written is read");
    let replayed = replay(&recording, program).expect("labels");
    assert_eq!(replayed.divergence, None);
    let kind = replayed.verdict.failure.map(|failure| failure.kind);
    assert_eq!(kind, Some(FailureKind::Livelock));
}

#[test]
fn both_searches_agree_on_what_comes_after_the_chaos() {
    for chaos in [1, 3, 5, 7] {
        let budgets = Budgets {
            chaos_steps: Some(chaos),
            ..Budgets::default()
        };
        let search = |explorer: Explorer| {
            let injections = Injections::parse("spurious=1,fault=1").expect("injections");
            let explorer = explorer.injections(injections).budgets(budgets);
            let report = explorer.explore(|sim: Sim| async move {
                let tasks = [(); 2].map(|()| {
                    let inner = sim.clone();
                    sim.spawn(async move {
                        inner.yield_now().await;
                        let has_failed = inner.fault("request");
                        inner.yield_now().await;
                        has_failed
                    })
                });
                join_all(tasks).await
            });
            assert!(report.exhausted && report.failures.is_empty(), "{report:?}");
            let names = report.outcome_names();
            names.into_iter().map(str::to_string).collect::<Vec<_>>()
        };
        let plain = search(Explorer::exhaustive());
        assert_eq!(search(Explorer::reduced()), plain, "chaos of {chaos} steps");
        assert_eq!(plain.len() > 1, chaos > 3, "{chaos}: {plain:?}");
    }
}
