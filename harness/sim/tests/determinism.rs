//! Determinism: the same seed is the same run, on a fresh executor as on a used one.

mod programs;

use std::cell::Cell;
use std::rc::Rc;

use programs::{all_injections, busy};
use tourbillon_sim::strategy::Random;
use tourbillon_sim::{Access, Ending, Executor, Explorer, FailureKind, Run, Sim};

/// The trace hash of run number `number` of seed 11.
fn hash_of(executor: &mut Executor, run: &tourbillon_sim::SharedRun, number: u64) -> u64 {
    assert!(run.borrow_mut().begin(number));
    let (ending, _) = executor.execute(busy);
    assert_eq!(ending, Ending::Done);
    run.borrow_mut().end(true)
}

fn fresh() -> (Executor, tourbillon_sim::SharedRun) {
    let run = Run::shared(Box::new(Random::new(11)));
    run.borrow_mut().set_injections(all_injections());
    (Executor::new(&run), run)
}

#[test]
fn five_hundred_seeds_give_the_same_hash_twice_and_after_any_other_run() {
    let (mut used, used_run) = fresh();
    let first: Vec<u64> = (0..500)
        .map(|number| hash_of(&mut used, &used_run, number))
        .collect();
    for number in (0..500).rev() {
        let expected = &first[number as usize];
        assert_eq!(
            hash_of(&mut used, &used_run, number),
            *expected,
            "run {number}, reset"
        );
        let (mut executor, run) = fresh();
        assert_eq!(
            hash_of(&mut executor, &run, number),
            *expected,
            "run {number}, fresh"
        );
    }
    let mut distinct = first.clone();
    distinct.sort_unstable();
    distinct.dedup();
    assert!(
        distinct.len() > 490,
        "only {} of 500 runs differ",
        distinct.len()
    );
}

/// The same in every process, in debug and in release builds: the value is part of the contract.
#[test]
fn the_trace_hash_of_a_run_never_changes() {
    let (mut executor, run) = fresh();
    let hashes = [0, 1, 499].map(|number| hash_of(&mut executor, &run, number));
    assert_eq!(hashes, GOLDEN);
}

const GOLDEN: [u64; 3] = [
    7219953435136789415,
    12287039499584662177,
    14278194277514155960,
];

#[test]
fn keeping_events_or_a_recording_changes_nothing() {
    let (mut executor, run) = fresh();
    let plain = hash_of(&mut executor, &run, 3);
    run.borrow_mut().set_keep_events(true);
    run.borrow_mut().set_recording(true);
    assert_eq!(hash_of(&mut executor, &run, 3), plain);
    assert!(!run.borrow().events().is_empty() && !run.borrow().deviations().is_empty());
    assert_eq!(
        run.borrow().events().len(),
        run.borrow().event_lines().len()
    );
}

#[test]
fn what_leaks_from_run_to_run_is_found_and_named() {
    let runs = Rc::new(Cell::new(0_u32));
    let program = move |sim: Sim| {
        runs.set(runs.get() + 1);
        let odd = runs.get() % 2 == 1;
        async move {
            if odd {
                sim.yield_now().await;
            }
        }
    };
    let report = Explorer::random(1).schedules(1).explore(program);
    assert_eq!(report.failures.len(), 1);
    let (failure, _) = report.failures.first_key_value().expect("one");
    assert_eq!(failure.kind, FailureKind::Nondeterminism);
    let summary = &failure.summary;
    assert!(
        summary.contains("event 2 is `1 0 0.000000 s ready main`, then"),
        "{summary}"
    );
}

#[test]
fn a_search_over_a_program_that_changes_is_called_out() {
    let runs = Rc::new(Cell::new(0_u32));
    let program = move |sim: Sim| {
        runs.set(runs.get() + 1);
        programs::yielders(sim, 2 + runs.get() % 2, 1)
    };
    let report = Explorer::exhaustive()
        .repeat_every(0)
        .schedules(50)
        .explore(program);
    assert!(!report.exhausted);
    let kinds: Vec<_> = report.failures.keys().map(|failure| failure.kind).collect();
    assert!(kinds.contains(&FailureKind::Nondeterminism), "{kinds:?}");
}

#[test]
fn what_differs_between_a_run_and_its_repetition_is_shown_with_what_came_before() {
    let calls = Cell::new(0);
    let program = |sim: Sim| {
        calls.set(calls.get() + 1);
        let name = if calls.get() % 2 == 1 { "odd" } else { "even" };
        async move {
            for _ in 0..20 {
                sim.yield_now().await;
            }
            sim.spawn_named(name, async {}).await;
        }
    };
    let report = Explorer::fifo().explore(program);
    let (failure, _) = report.failures.first_key_value().expect("it differs");
    assert_eq!(failure.kind, FailureKind::Nondeterminism);
    let difference = report.difference.expect("a place");
    assert_eq!(difference.before.len(), 8);
    let ends_with = |line: &Option<String>, end: &str| {
        assert!(
            line.as_ref().is_some_and(|line| line.ends_with(end)),
            "{line:?}"
        );
    };
    ends_with(&difference.one, "  spawn main/odd#1");
    ends_with(&difference.other, "  spawn main/even#1");
    let shown = difference.to_string();
    assert_eq!(shown.lines().count(), 1 + 8 + 4, "{shown}");
    let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        calls.set(0);
        Explorer::fifo().check(program);
    }));
    let message = caught.expect_err("it fails");
    let message = message.downcast_ref::<String>().expect("a text");
    assert!(message.contains(&shown), "{message}");
}

#[test]
fn a_step_that_touches_something_else_the_second_time_is_a_difference() {
    let calls = Cell::new(0);
    let program = |sim: Sim| {
        calls.set(calls.get() + 1);
        let is_first = calls.get() == 1;
        async move {
            let cells = [sim.object("one"), sim.object("other")];
            sim.access(cells[usize::from(is_first)], Access::Write);
        }
    };
    let report = Explorer::fifo().explore(program);
    let (failure, _) = report.failures.first_key_value().expect("it differs");
    assert_eq!(
        failure.summary,
        "the same steps touched other objects, or in another way"
    );
    assert_eq!(report.difference, None);
}
