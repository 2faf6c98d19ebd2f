//! A failing run of plain futures shrinks to the choices that it needs.

use std::cell::Cell;
use std::rc::Rc;

use tourbillon_sim::{Explorer, Sim, join_all};

/// Some tasks that do no harm, and two of which the second is late enough unless it is hurried.
async fn program(sim: Sim) {
    let counter = Rc::new(Cell::new(0));
    let mut tasks = Vec::new();
    for preparation in [0, 2] {
        let (yielding, counter) = (sim.clone(), Rc::clone(&counter));
        tasks.push(sim.spawn_named("bump", async move {
            for _ in 0..preparation {
                yielding.yield_now().await;
            }
            let seen = counter.get();
            yielding.yield_now().await;
            counter.set(seen + 1);
        }));
    }
    for _ in 0..3 {
        let yielding = sim.clone();
        tasks.push(sim.spawn_named("idle", async move { yielding.yield_now().await }));
    }
    join_all(tasks).await;
    assert_eq!(counter.get(), 2, "an update is lost");
}

#[test]
fn a_lost_update_shrinks_to_the_choices_that_it_needs() {
    let explorer = || Explorer::random(3);
    let report = explorer().explore(program);
    let (failure, stats) = report
        .failures
        .first_key_value()
        .expect("an update is lost");
    let minimal = explorer()
        .shrink(failure, &stats.witness, program)
        .expect("the run fails again");
    assert!(
        minimal.before.choices > minimal.after.choices,
        "{minimal:?}"
    );
    // The second task takes its steps before the first takes its second.
    assert_eq!(minimal.after.choices, 2, "{minimal:?}");
    let proof = minimal.proof.expect("it was not stopped");
    assert_eq!(proof.choices, 2);
    assert!(failure.summary.contains("main"), "{failure}");
}
