//! Exploration: what the exhaustive search counts, and what it finds.

mod programs;

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;

use programs::{atomic_update, busy, lost_update, yielders};
use tourbillon_sim::{Explorer, Injections, Priority, Report, Sim, explore, join_all};

#[test]
fn the_lost_update_has_exactly_two_outcomes() {
    let report = Explorer::exhaustive().explore(lost_update);
    assert!(report.exhausted && report.failures.is_empty());
    assert_eq!(report.outcome_names(), ["1", "2"]);
    // Each task has two polls and main one before and one after: 4! / (2! 2!) interleavings.
    assert_eq!(report.schedules, 6);
    let report = Explorer::exhaustive().explore(atomic_update);
    assert!(report.exhausted);
    assert_eq!(report.outcome_names(), ["2"]);
}

#[test]
fn the_search_counts_every_interleaving_once() {
    let check = |tasks, yields, schedules| {
        let report = Explorer::exhaustive().explore(move |sim| yielders(sim, tasks, yields));
        assert!(report.exhausted, "{tasks} × {yields}");
        assert_eq!(report.schedules, schedules, "{tasks} × {yields}");
    };
    check(1, 5, 1);
    check(2, 1, 6);
    check(2, 2, 20);
    check(3, 1, 90);
    // The figure that a bare loop needs for 3 × 2: 9! / (3! 3! 3!).
    check(3, 2, 1_680);
    check(4, 1, 2_520);
}

#[test]
fn a_search_that_was_cut_short_does_not_claim_to_be_exhausted() {
    let report = Explorer::exhaustive().schedules(5).explore(lost_update);
    assert_eq!((report.schedules, report.exhausted), (5, false));
    let report = Explorer::random(1).explore(lost_update);
    assert_eq!((report.schedules, report.exhausted), (1_000, false));
}

#[test]
fn random_schedules_find_both_outcomes_and_fifo_one() {
    let report = explore(lost_update);
    assert_eq!(report.outcome_names(), ["1", "2"]);
    assert!(report.outcomes.values().all(|stats| stats.count > 100));
    let report = Explorer::fifo().explore(lost_update);
    assert_eq!((report.schedules, report.outcome_names()), (1, vec!["1"]));
}

#[test]
fn a_single_run_can_be_made_again_from_seed_and_number() {
    let all = Explorer::random(7).schedules(40).explore(busy);
    let mut merged: Option<Report> = None;
    for shard in 0..4 {
        let run = tourbillon_sim::Run::shared(Box::new(tourbillon_sim::strategy::Random::new(7)));
        let mut executor = tourbillon_sim::Executor::new(&run);
        let mut body = |outcome: &mut String| {
            let (_, value) = executor.execute(busy);
            outcome.push_str(&format!("{:?}", value.expect("it ends")));
            tourbillon_sim::Verdict::PASS
        };
        let plan = tourbillon_sim::Plan {
            shard,
            shards: 4,
            ..tourbillon_sim::Plan::new(40)
        };
        let mut watch = |_: &Report| std::ops::ControlFlow::Continue(());
        let part = tourbillon_sim::campaign::explore(&run, &plan, &mut body, &mut watch);
        assert_eq!(part.schedules, 10);
        match &mut merged {
            None => merged = Some(part),
            Some(merged) => merged.merge(part),
        }
    }
    let merged = merged.expect("four parts");
    assert_eq!(merged.outcomes, all.outcomes);
    assert_eq!((merged.schedules, merged.steps), (all.schedules, all.steps));
}

#[test]
fn ready_tasks_of_the_highest_class_go_first() {
    let program = |sim: Sim| async move {
        let order = Rc::new(RefCell::new(String::new()));
        let classes = [
            ("i", Priority::Idle),
            ("n", Priority::Normal),
            ("c", Priority::Critical),
            ("l", Priority::Low),
            ("h", Priority::High),
        ];
        let tasks = classes.map(|(name, priority)| {
            let (inner, order) = (sim.clone(), Rc::clone(&order));
            sim.spawn_with(name, priority, async move {
                for _ in 0..2 {
                    order.borrow_mut().push_str(name);
                    inner.yield_now().await;
                }
            })
        });
        join_all(tasks).await;
        order.take()
    };
    let report = Explorer::exhaustive().explore(program);
    // One task in each class: nothing to choose.
    assert_eq!(
        (report.schedules, report.outcome_names()),
        (1, vec!["\"cchhnnllii\""])
    );
}

#[test]
fn tasks_become_ready_in_the_order_in_which_they_were_woken() {
    // The tasks wait on one lock-free gate each; the opener opens them in an order of its own.
    let program = |sim: Sim| async move {
        let order = Rc::new(RefCell::new(Vec::new()));
        let (gates, waiters): (Vec<_>, Vec<_>) = (0..5)
            .map(|number| {
                let (open, opened) = tokio::sync::oneshot::channel::<()>();
                let order = Rc::clone(&order);
                let waiter = sim.spawn(async move {
                    opened.await.expect("the gate is opened");
                    order.borrow_mut().push(number);
                });
                (open, waiter)
            })
            .unzip();
        sim.yield_now().await;
        let mut gates: Vec<Option<_>> = gates.into_iter().map(Some).collect();
        for number in [3, 0, 4, 1, 2] {
            if let Some(gate) = gates[number].take() {
                gate.send(()).expect("somebody waits");
            }
        }
        join_all(waiters).await;
        order.take()
    };
    let report = Explorer::fifo().explore(program);
    assert_eq!(report.outcome_names(), ["[3, 0, 4, 1, 2]"]);
}

#[test]
fn more_tasks_than_the_ring_of_wakes_holds_keep_their_order() {
    let program = |sim: Sim| async move {
        let order = Rc::new(RefCell::new(Vec::new()));
        let tasks = (0..600).map(|number| {
            let (inner, order) = (sim.clone(), Rc::clone(&order));
            sim.spawn(async move {
                inner.yield_now().await;
                order.borrow_mut().push(number);
            })
        });
        join_all(tasks).await;
        order.take() == (0..600).collect::<Vec<u32>>()
    };
    let report = Explorer::fifo().explore(program);
    assert_eq!(report.outcome_names(), ["true"]);
    let report = Explorer::random(3).schedules(20).explore(program);
    assert_eq!(report.outcome_names(), ["false"]);
}

#[test]
fn values_are_picked_from_their_whole_range() {
    let program = |sim: Sim| async move { (sim.pick("a", 3), sim.pick("a", 1), sim.pick("b", 2)) };
    let report = Explorer::exhaustive().explore(program);
    let expected: BTreeSet<String> = (0..3)
        .flat_map(|a| (0..2).map(move |b| format!("({a}, 0, {b})")))
        .collect();
    assert_eq!(
        report.outcomes.keys().cloned().collect::<BTreeSet<_>>(),
        expected
    );
    assert_eq!(report.schedules, 6);
}

#[test]
fn labels_are_paths_of_names_and_occurrences() {
    let program = |sim: Sim| async move {
        let nested = |sim: Sim| {
            let inner = sim.clone();
            sim.spawn_named("outer", async move {
                let deepest = inner.clone();
                inner
                    .spawn_named("inner", async move { deepest.label() })
                    .await
            })
        };
        let (first, second) = (nested(sim.clone()), nested(sim.clone()));
        let sibling = {
            let inner = sim.clone();
            sim.spawn(async move { inner.label() })
        };
        format!(
            "{} {} {} {}",
            sim.label(),
            first.await,
            second.await,
            sibling.await
        )
    };
    let report = Explorer::random(5).explore(program);
    let expected = "\"main main/outer#1/inner#1 main/outer#2/inner#1 main/task#1\"";
    assert_eq!(report.outcome_names(), [expected]);
}

#[test]
fn without_injections_an_operation_without_latency_is_no_suspension() {
    let program = |sim: Sim| async move {
        let order = Rc::new(RefCell::new(String::new()));
        let tasks = ["a", "b"].map(|name| {
            let (inner, order) = (sim.clone(), Rc::clone(&order));
            sim.spawn(async move {
                order.borrow_mut().push_str(name);
                inner.operation("read", std::time::Duration::ZERO).await;
                order.borrow_mut().push_str(name);
            })
        });
        join_all(tasks).await;
        order.take()
    };
    let plain = Explorer::exhaustive()
        .injections(Injections::NONE)
        .explore(program);
    assert_eq!(plain.outcome_names(), ["\"aabb\"", "\"bbaa\""]);
    let pending = Explorer::exhaustive().explore(program);
    assert_eq!(
        pending.outcome_names(),
        [
            "\"aabb\"", "\"abab\"", "\"abba\"", "\"baab\"", "\"baba\"", "\"bbaa\""
        ]
    );
}
