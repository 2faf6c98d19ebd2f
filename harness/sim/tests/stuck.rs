//! Runs that do not end well: deadlocks, leaks, panics, spent budgets.

mod programs;

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::task::{Poll, Waker};
use std::time::Duration;

use tourbillon_sim::strategy::Fifo;
use tourbillon_sim::{
    Budgets, Ending, Executor, Explorer, Failure, FailureKind, Report, Run, Sim, check,
};

fn only_failure(report: &Report) -> &Failure {
    assert_eq!(report.failures.len(), 1, "{:?}", report.failures);
    report.failures.first_key_value().expect("one").0
}

#[test]
fn a_deadlock_names_the_circle() {
    let run = Run::shared(Box::new(Fifo::new()));
    let mut executor = Executor::new(&run);
    assert!(run.borrow_mut().begin(0));
    let (ending, value) = executor.execute(|sim: Sim| async move {
        let handle = Rc::new(RefCell::new(None));
        let inner = Rc::clone(&handle);
        let (sim_a, sim_b) = (sim.clone(), sim.clone());
        let first = sim.spawn_named("first", async move {
            let second = inner.borrow_mut().take();
            sim_a.yield_now().await;
            if let Some(second) = second {
                let second: tourbillon_sim::JoinHandle<()> = second;
                second.await;
            }
        });
        handle.replace(Some(sim_b.spawn_named("second", first)));
        sim.sleep(Duration::from_secs(1)).await;
    });
    assert_eq!(value, Some(()));
    let Ending::Leak(stuck) = ending else {
        panic!("{ending:?}")
    };
    let cycle: Vec<&str> = stuck
        .cycle
        .iter()
        .map(|index| &*stuck.tasks[*index].label)
        .collect();
    assert_eq!(cycle, ["main/first#1", "main/second#1"]);
    assert!(
        stuck
            .to_string()
            .contains("deadlock: main/first#1 -> main/second#1 -> main/first#1")
    );
    assert_eq!(executor.left().tasks, 2);
}

#[test]
fn a_task_whose_waker_nobody_holds_is_called_lost() {
    let report = Explorer::fifo().explore(|_: Sim| std::future::pending::<()>());
    let failure = only_failure(&report);
    assert_eq!(failure.kind, FailureKind::Deadlock);
    assert_eq!(failure.summary, "main waits, and nobody can wake it");
    assert_eq!(report.outcome_names(), ["deadlock"]);
}

#[test]
fn a_task_left_behind_is_a_leak_unless_it_may_be() {
    let program = |sim: Sim| async move {
        sim.spawn_named("server", std::future::pending::<()>());
    };
    let report = Explorer::fifo().explore(program);
    assert_eq!(only_failure(&report).kind, FailureKind::Leak);
    let report = Explorer::fifo().leaks_allowed().explore(program);
    assert!(report.failures.is_empty());
}

#[test]
fn a_forgotten_timer_is_a_leak() {
    let program = |sim: Sim| async move {
        let mut sleep = Box::pin(sim.sleep(Duration::from_secs(1)));
        let first = futures::poll!(sleep.as_mut());
        assert!(first.is_pending());
        std::mem::forget(sleep);
    };
    let report = Explorer::fifo().explore(program);
    let failure = only_failure(&report);
    assert_eq!(
        (failure.kind, &*failure.summary),
        (FailureKind::Leak, "1 timers and 0 completions were left")
    );
}

#[test]
fn a_dropped_sleep_keeps_nothing_waiting() {
    let program = |sim: Sim| async move {
        let mut sleep = Box::pin(sim.sleep(Duration::from_secs(9)));
        assert!(futures::poll!(sleep.as_mut()).is_pending());
        drop(sleep);
        sim.sleep(Duration::from_secs(1)).await;
        sim.now()
    };
    let report = Explorer::fifo().explore(program);
    assert!(report.failures.is_empty(), "{:?}", report.failures);
    assert_eq!(report.outcome_names(), ["1s"]);
}

#[test]
fn a_panic_is_a_failure_of_its_run_and_no_other() {
    let program = |sim: Sim| async move {
        let value = programs::lost_update(sim).await;
        assert_eq!(value, 2, "an update was lost");
    };
    let report = Explorer::exhaustive().explore(program);
    assert!(report.exhausted);
    let failure = only_failure(&report);
    assert_eq!(failure.kind, FailureKind::Panic);
    assert!(failure.summary.starts_with("main: assertion"), "{failure}");
    // Both tasks read before either wrote: four of six schedules.
    let counts: Vec<u64> = report.outcomes.values().map(|stats| stats.count).collect();
    assert_eq!(counts, [2, 4]);
}

#[test]
fn budgets_stop_what_does_not_end() {
    let endless = |sim: Sim| async move {
        loop {
            sim.yield_now().await;
        }
    };
    let steps = Budgets {
        steps: 1_000,
        ..Budgets::default()
    };
    let report = Explorer::fifo().budgets(steps).explore::<_, _>(endless);
    assert_eq!(only_failure(&report).kind, FailureKind::Budget);
    assert_eq!(report.steps, 1_000);
    let sleeper = |sim: Sim| async move {
        loop {
            sim.sleep(Duration::from_secs(1)).await;
        }
    };
    let minute = Budgets {
        nanoseconds: 60_000_000_000,
        ..Budgets::default()
    };
    let report = Explorer::exhaustive()
        .budgets(minute)
        .explore::<_, _>(sleeper);
    assert_eq!(
        only_failure(&report).summary,
        "virtual time has passed its budget"
    );
    assert!(!report.exhausted, "what would have followed is unknown");
}

#[test]
fn a_waker_taken_along_rings_in_no_later_run() {
    let taken: Rc<RefCell<Option<Waker>>> = Rc::default();
    let polls = Rc::new(Cell::new(0));
    let (keep, count) = (Rc::clone(&taken), Rc::clone(&polls));
    let program = move |_: Sim| {
        let (taken, polls) = (Rc::clone(&keep), Rc::clone(&count));
        std::future::poll_fn(move |context| {
            polls.set(polls.get() + 1);
            // The waker of an earlier run: nobody of this one.
            if let Some(waker) = taken.replace(Some(context.waker().clone())) {
                waker.wake();
            }
            if polls.get() < 1_000 {
                Poll::Pending
            } else {
                Poll::Ready(())
            }
        })
    };
    let report = Explorer::random(1)
        .schedules(5)
        .repeat_every(0)
        .explore(program);
    assert_eq!(
        (report.schedules, polls.get()),
        (5, 5),
        "one poll in each run"
    );
}

#[test]
fn check_panics_with_a_recording_that_replays() {
    let program = |sim: Sim| async move {
        let value = programs::lost_update(sim).await;
        assert_eq!(value, 2);
    };
    let caught = std::panic::catch_unwind(|| check(program)).expect_err("it fails");
    let message = caught.downcast_ref::<String>().expect("a text");
    let line = message.trim_end().lines().last().expect("a recording");
    let recording: tourbillon_sim::Recording = line.parse().expect("valid");
    let replayed = tourbillon_sim::replay(&recording, program).expect("labels");
    assert_eq!(replayed.divergence, None);
    assert_eq!(
        replayed.verdict.failure.map(|f| f.kind),
        Some(FailureKind::Panic)
    );
    assert_eq!(
        recording.failure.map(|note| note.kind).as_deref(),
        Some("panic")
    );
}

#[test]
fn check_explains_what_is_stuck() {
    let program = |sim: Sim| async move {
        let (one, other) = (sim.mutex("one", ()), sim.mutex("other", ()));
        let tasks = [(one.clone(), other.clone()), (other, one)].map(|(first, second)| {
            let inner = sim.clone();
            sim.spawn_named("worker", async move {
                let _first = first.lock().await;
                inner.yield_now().await;
                let _second = second.lock().await;
            })
        });
        tourbillon_sim::join_all(tasks).await;
    };
    let caught = std::panic::catch_unwind(|| check(program)).expect_err("it is stuck");
    let message = caught.downcast_ref::<String>().expect("a text");
    let circle = "\n  deadlock: main/worker#1 -> main/worker#2 -> main/worker#1\n";
    assert!(message.contains(circle), "{message}");
    assert!(
        message.contains("main/worker#1 waits for lock main/other#1 at "),
        "{message}"
    );
}
