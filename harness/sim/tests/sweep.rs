//! The cancel sweep: a cancel at every place of the production order, and none twice.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use tourbillon_sim::{Explorer, FailureKind, Injections, Sim, join_all, replay};

/// One future that is suspended three times: at a yield, a sleep, an operation.
async fn three_suspensions(sim: Sim) -> (bool, u32) {
    let passed = Rc::new(Cell::new(0));
    let (inner, count) = (sim.clone(), Rc::clone(&passed));
    let work = async move {
        let step = || count.set(count.get() + 1);
        inner.yield_now().await;
        step();
        inner.sleep(Duration::from_secs(1)).await;
        step();
        inner.operation("read", Duration::from_secs(1)).await;
        step();
    };
    let ended = sim.cancellable("work", work).await;
    (ended.is_ok(), passed.get())
}

#[test]
fn every_suspension_is_struck() {
    let sweep = || Explorer::cancel_sweep().injections(Injections::NONE);
    let report = sweep().explore(three_suspensions);
    assert!(report.failures.is_empty(), "{:?}", report.failures);
    assert_eq!(
        report.outcome_names(),
        ["(false, 0)", "(false, 1)", "(false, 2)", "(true, 3)"]
    );
    // The sleep and the operation also when they have woken it already.
    assert_eq!(report.schedules, 1 + 1 + 2 + 2);
    let struck = &report.outcomes["(false, 2)"].witness;
    let recording = sweep().record(&report, struck, three_suspensions);
    let recording = recording.expect("it repeats");
    let replayed = replay(&recording, three_suspensions).expect("labels");
    assert_eq!(replayed.outcome, "(false, 2)");
    assert_eq!(replayed.divergence, None);
}

/// Two workers that take a slot and give it back; the careless one forgets when it is cancelled.
async fn slots(sim: Sim, is_careless: bool) {
    let slots = sim.semaphore("slots", 1);
    let tasks = (0..2).map(|_| {
        let (inner, slots) = (sim.clone(), slots.clone());
        let work = async move {
            let Ok(permit) = slots.acquire().await else {
                return;
            };
            if is_careless {
                permit.forget();
                inner.yield_now().await;
                slots.add_permits(1);
            } else {
                inner.yield_now().await;
            }
        };
        let work = sim.cancellable("work", work);
        sim.spawn_named("worker", async move {
            let _ = work.await;
        })
    });
    join_all(tasks.collect::<Vec<_>>()).await;
    assert_eq!(slots.available_permits(), 1, "a slot is gone");
}

#[test]
fn what_a_cancel_leaves_behind_is_found() {
    let report = Explorer::cancel_sweep().explore(|sim| slots(sim, true));
    let kinds: Vec<FailureKind> = report.failures.keys().map(|failure| failure.kind).collect();
    assert_eq!(kinds, [FailureKind::Deadlock, FailureKind::Panic]);
    let report = Explorer::cancel_sweep().explore(|sim| slots(sim, false));
    assert!(report.failures.is_empty(), "{:?}", report.failures);
    assert!(report.schedules > 4, "{}", report.schedules);
}

#[test]
fn a_program_without_cancellable_futures_has_one_run() {
    let report = Explorer::cancel_sweep().explore(|sim: Sim| async move {
        sim.yield_now().await;
    });
    assert_eq!((report.schedules, report.exhausted), (1, false));
}
