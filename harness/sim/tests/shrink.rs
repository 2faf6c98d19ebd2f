//! Shrinking: what is left fails in the same way, replays, and cannot lose a single choice.

mod programs;

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::ops::ControlFlow;
use std::rc::Rc;

use proptest::prelude::*;
use tourbillon_sim::campaign::{self, Plan};
use tourbillon_sim::run::Budgets;
use tourbillon_sim::shrink::{
    Limits, Minimal, ShrinkError, Signature, record_minimal, shrink_tape,
};
use tourbillon_sim::strategy::{Fifo, Random, Strict};
use tourbillon_sim::{
    Ending, Executor, FailureKind, Injections, Recording, Run, SharedRun, Sim, Verdict, Witness,
    join_all,
};

/// So many tasks that each take a ticket so often; the run fails when the last ones of the first two
/// tasks are `apart` tickets or more from each other.
async fn tickets(sim: Sim, tasks: u32, each: u32, apart: u32) -> Result<(), String> {
    let next = Rc::new(Cell::new(0));
    let last = Rc::new(RefCell::new(vec![0_u32; tasks as usize]));
    let spawned = (0..tasks).map(|number| {
        let (inner, next, last) = (sim.clone(), Rc::clone(&next), Rc::clone(&last));
        sim.spawn_named("task", async move {
            for _ in 0..each {
                inner.yield_now().await;
                last.borrow_mut()[number as usize] = next.get();
                next.set(next.get() + 1);
            }
        })
    });
    join_all(spawned.collect::<Vec<_>>()).await;
    let last = last.borrow();
    match last[0].abs_diff(last[1]) >= apart {
        true => Err("the first two are far apart".to_string()),
        false => Ok(()),
    }
}

/// A counter that loses an update when two of its tasks interleave.
async fn lost(sim: Sim, tasks: u32, rounds: u32) -> Result<(), String> {
    let counter = Rc::new(Cell::new(0));
    let log = Rc::new(Cell::new(0));
    let spawned = (0..tasks).map(|number| {
        let (inner, counter, log) = (sim.clone(), Rc::clone(&counter), Rc::clone(&log));
        sim.spawn_named("bump", async move {
            for round in 0..rounds {
                // All but the last round of the first two tasks have nothing to do with it.
                if number < 2 && round + 1 == rounds {
                    let seen = counter.get();
                    // In production the other one is always done by then.
                    if number == 1 {
                        for _ in 0..2 {
                            inner.yield_now().await;
                        }
                    }
                    counter.set(seen + 1);
                } else {
                    log.set(log.get() + 1);
                }
                inner.yield_now().await;
            }
        })
    });
    join_all(spawned.collect::<Vec<_>>()).await;
    match counter.get() {
        2 => Ok(()),
        _ => Err("an update was lost".to_string()),
    }
}

/// Fails only when an operation is late, whatever the order.
async fn late(sim: Sim) -> Result<(), String> {
    let reader = {
        let inner = sim.clone();
        sim.spawn_named("reader", async move {
            inner.operation("read", MILLISECOND * 3).await;
            inner.now()
        })
    };
    let others = (0..3).map(|_| {
        let inner = sim.clone();
        sim.spawn_named("other", async move {
            inner.operation("write", MILLISECOND).await;
            inner.yield_now().await;
        })
    });
    join_all(others.collect::<Vec<_>>()).await;
    match reader.await > MILLISECOND * 5 {
        true => Err("too late".to_string()),
        false => Ok(()),
    }
}

/// Spins for ever when the second task sets the flag before the first has looked.
async fn spinning(sim: Sim) -> Result<(), String> {
    let flag = Rc::new(Cell::new(false));
    let (inner, seen) = (sim.clone(), Rc::clone(&flag));
    let first = sim.spawn_named("first", async move {
        inner.yield_now().await;
        while seen.get() {
            inner.yield_now().await;
        }
    });
    let inner = sim.clone();
    let second = sim.spawn_named("second", async move {
        inner.yield_now().await;
        inner.yield_now().await;
        flag.set(true);
    });
    join_all([first, second]).await;
    Ok(())
}

const MILLISECOND: std::time::Duration = std::time::Duration::from_millis(1);

/// A tape that nobody has made.
fn of_tape(tape: Vec<u32>, injections: Injections) -> Witness {
    Witness {
        run: 0,
        tape,
        hash: 0,
        injections,
    }
}

/// One program under one run.
struct Bench<M> {
    run: SharedRun,
    executor: Executor,
    program: M,
}

impl<M, F> Bench<M>
where
    M: Fn(Sim) -> F,
    F: Future<Output = Result<(), String>> + 'static,
{
    fn new(injections: &str, program: M) -> Bench<M> {
        let run = Run::shared(Box::new(Fifo::new()));
        let injections = Injections::parse(injections).expect("valid");
        run.borrow_mut().set_injections(injections);
        let executor = Executor::new(&run);
        Bench {
            run,
            executor,
            program,
        }
    }

    fn judge(&mut self, outcome: &mut String) -> Verdict {
        let (ending, value) = self.executor.execute(&self.program);
        outcome.push_str(&format!("{value:?}"));
        match (ending, value) {
            (Ending::Done, Some(Ok(()))) => Verdict::PASS,
            (Ending::Halted(_), _) => Verdict {
                cut_short: true,
                ..Verdict::failed(FailureKind::Budget, "all steps are spent")
            },
            (Ending::Done, Some(Err(text))) => Verdict::failed(FailureKind::Error, text),
            (ending, _) => Verdict::failed(FailureKind::Deadlock, format!("{ending:?}")),
        }
    }

    /// The first failing run of a seed.
    fn failing(&mut self, seed: u64) -> Option<(Witness, Signature)> {
        let random = Box::new(Random::new(seed));
        let own = self.run.borrow_mut().replace_strategy(random);
        let run = Rc::clone(&self.run);
        let plan = Plan {
            stop_after_failures: 1,
            ..Plan::new(2_000)
        };
        let report =
            campaign::explore(&run, &plan, &mut |outcome| self.judge(outcome), &mut |_| {
                ControlFlow::Continue(())
            });
        self.run.borrow_mut().replace_strategy(own);
        let (failure, stats) = report.failures.into_iter().next()?;
        Some((stats.witness, Signature::of(&failure)))
    }

    fn shrink(&mut self, witness: &Witness, signature: &Signature) -> Result<Minimal, ShrinkError> {
        let run = Rc::clone(&self.run);
        shrink_tape(
            &run,
            witness,
            signature,
            &Limits::default(),
            &mut |outcome| self.judge(outcome),
            &mut |_| ControlFlow::Continue(()),
        )
    }

    fn record(&mut self, minimal: &Minimal) -> Recording {
        let run = Rc::clone(&self.run);
        record_minimal(&run, minimal, &mut |outcome| self.judge(outcome)).expect("it repeats")
    }

    /// Shrinks the first failure of a seed and checks all that must hold of what is left.
    #[track_caller]
    fn check(&mut self, seed: u64) -> Minimal {
        let injections = self.run.borrow().allowed_injections();
        let (witness, signature) = self.failing(seed).expect("it fails under some schedule");
        let minimal = self.shrink(&witness, &signature).expect("it fails");
        assert!(minimal.after <= minimal.before, "{minimal:?}");
        assert!(signature.matches(&minimal.failure));
        let proof = minimal.proof.expect("it was not stopped");
        assert_eq!(proof.choices, minimal.after.choices);

        // Its recording makes it again, and reads back as itself.
        let recording = self.record(&minimal);
        let text = recording.to_string();
        let read = Recording::parse("r.yaml", &text).expect("what we write, we read");
        assert_eq!((&read, read.to_string()), (&recording, text.clone()));
        let script = read
            .script(&mut self.run.borrow_mut().labels)
            .expect("labels");
        let run = Rc::clone(&self.run);
        let strict = Box::new(Strict::new(script));
        let replayed = campaign::replay(&run, strict, &mut |outcome| self.judge(outcome));
        assert_eq!(replayed.divergence, None, "{text}");
        let failure = replayed.verdict.failure.expect("it still fails");
        assert!(signature.matches(&failure));

        // Shrinking it again changes nothing, and a recording of that is the same bytes.
        let again = self.shrink(&minimal.witness, &signature).expect("it fails");
        assert_eq!(
            (&again.witness, again.after),
            (&minimal.witness, minimal.after)
        );
        assert_eq!(self.record(&again).to_string(), text);
        self.run.borrow_mut().set_injections(injections);
        minimal
    }
}

#[test]
fn a_lost_update_shrinks_to_its_cause() {
    let mut bench = Bench::new("pending", |sim| lost(sim, 4, 5));
    for seed in 0..10 {
        let minimal = bench.check(seed);
        assert!(minimal.after.choices <= 3, "{minimal:#?}");
        assert!(minimal.proof.expect("proven").is_least, "{minimal:#?}");
    }
}

#[test]
fn a_thousand_choices_take_few_runs() {
    let mut bench = Bench::new("pending", |sim| lost(sim, 10, 100));
    for seed in 0..3 {
        let minimal = bench.check(seed);
        assert!(minimal.before.points >= 900, "{minimal:#?}");
        assert!(minimal.after.choices <= 3, "{minimal:#?}");
        assert!(minimal.runs <= 2_000, "{minimal:#?}");
    }
}

#[test]
fn what_needs_many_choices_keeps_them() {
    let mut bench = Bench::new("pending", |sim| tickets(sim, 3, 4, 6));
    let minimal = bench.check(1);
    assert!(minimal.after.choices >= 2, "{minimal:#?}");
}

#[test]
fn only_trouble_that_matters_is_left() {
    let mut bench = Bench::new("pending,delay,spurious=5", late);
    for seed in 0..5 {
        let minimal = bench.check(seed);
        let size = minimal.after;
        assert_eq!(
            (size.strikes, size.choices, size.injections),
            (1, 1, 1),
            "{minimal:#?}"
        );
        assert_eq!(minimal.witness.injections.to_string(), "delay=1");
    }
}

#[test]
fn a_run_without_end_is_shrunk_within_tight_budgets() {
    let mut bench = Bench::new("none", spinning);
    bench.run.borrow_mut().set_budgets(Budgets {
        steps: 20_000,
        ..Budgets::default()
    });
    let minimal = bench.check(0);
    assert_eq!(minimal.failure.kind, FailureKind::Budget);
    assert!(minimal.after.choices <= 2, "{minimal:#?}");
    // The tape is that of the run within its own budget; what led there were runs of its beginning.
    assert_eq!(minimal.after.steps, 20_000);
    let steps = Rc::new(Cell::new(0));
    let run = Rc::clone(&bench.run);
    let (witness, signature) = bench.failing(0).expect("it fails under some schedule");
    let seen = Rc::clone(&steps);
    let minimal = shrink_tape(
        &run,
        &witness,
        &signature,
        &Limits::default(),
        &mut |outcome| {
            let verdict = bench.judge(outcome);
            seen.set(seen.get() + bench.run.borrow().steps());
            verdict
        },
        &mut |_| ControlFlow::Continue(()),
    );
    let runs = minimal.expect("it fails").runs;
    assert!(
        steps.get() < 20_000 * 4 + runs * 3_000,
        "{} in {runs}",
        steps.get()
    );
}

#[test]
fn a_run_that_does_not_fail_so_is_refused() {
    let mut bench = Bench::new("pending", |sim| lost(sim, 2, 2));
    let (witness, signature) = bench.failing(0).expect("it fails under some schedule");
    let found = bench.shrink(&of_tape(Vec::new(), witness.injections), &signature);
    assert_eq!(found, Err(ShrinkError::FailsOtherwise { found: None }));
    let mut other = Bench::new("pending", |_| async { Err("something else".to_string()) });
    let found = other
        .shrink(&witness, &signature)
        .expect_err("another failure");
    assert!(found.to_string().contains("something else"), "{found}");
}

#[test]
fn a_watch_that_has_seen_enough_ends_it() {
    let mut bench = Bench::new("pending", |sim| lost(sim, 4, 5));
    let (witness, signature) = bench.failing(0).expect("it fails under some schedule");
    let run = Rc::clone(&bench.run);
    let minimal = shrink_tape(
        &run,
        &witness,
        &signature,
        &Limits::default(),
        &mut |outcome| bench.judge(outcome),
        &mut |progress| match progress.runs >= 5 {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        },
    );
    let minimal = minimal.expect("it fails");
    // What was begun is ended, and the smallest run is made once more.
    assert!(minimal.proof.is_none() && minimal.runs <= 7, "{minimal:?}");
    assert!(minimal.after <= minimal.before);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_tape_is_a_valid_run(tape in prop::collection::vec(0_u32..6, 0..80), rounds in 1_u32..5) {
        let mut bench = Bench::new("pending,delay,spurious", move |sim| lost(sim, 3, rounds));
        let signature = Signature::of(&tourbillon_sim::Failure {
            kind: FailureKind::Error,
            summary: "an update was lost".to_string(),
        });
        let injections = bench.run.borrow().allowed_injections();
        match bench.shrink(&of_tape(tape, injections), &signature) {
            Ok(minimal) => prop_assert!(signature.matches(&minimal.failure)),
            Err(error) => prop_assert_eq!(error, ShrinkError::FailsOtherwise { found: None }),
        }
    }

    #[test]
    fn what_is_left_fails_replays_and_stays(seed in any::<u64>(), tasks in 2_u32..4, apart in 2_u32..5) {
        let mut bench = Bench::new("pending,spurious=1", move |sim| tickets(sim, tasks, 3, apart));
        if bench.failing(seed).is_some() {
            bench.check(seed);
        }
    }
}
