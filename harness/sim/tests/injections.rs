//! Injections: what they may do to a run, how often, and what they never change.

mod programs;

use std::cell::Cell;
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

use programs::lost_update;
use tourbillon_sim::{Access, Explorer, Injections, Report, Sim, join_all, replay, shrink};

fn explore<F>(inject: &str, program: impl Fn(Sim) -> F) -> Report
where
    F: Future<Output: std::fmt::Debug> + 'static,
{
    let injections = Injections::parse(inject).expect(inject);
    let report = Explorer::exhaustive()
        .injections(injections)
        .explore(program);
    assert!(
        report.exhausted && report.failures.is_empty(),
        "{inject}: {:?}",
        report.failures
    );
    report
}

#[test]
fn faults_and_cancels_stand_whatever_else_is_injected() {
    let program = |sim: Sim| async move { sim.fault("disk") };
    let none = || Injections::parse("none").expect("no injections");
    let check = |explorer: Explorer, names: &[&str]| {
        assert_eq!(explorer.explore(program).outcome_names(), names);
    };
    check(
        Explorer::exhaustive().faults(1).injections(none()),
        &["false", "true"],
    );
    check(
        Explorer::exhaustive().injections(none()).faults(1),
        &["false", "true"],
    );
    check(Explorer::exhaustive().injections(none()), &["false"]);
    let faults = Injections::parse("fault").expect("faults");
    check(
        Explorer::exhaustive().faults(0).injections(faults),
        &["false"],
    );
    let cancelled = |sim: Sim| async move {
        let yielding = sim.clone();
        let whole = sim.cancellable("work", async move { yielding.yield_now().await });
        whole.await.is_err()
    };
    let explorer = Explorer::exhaustive().cancels(1).injections(none());
    assert_eq!(
        explorer.explore(cancelled).outcome_names(),
        ["false", "true"]
    );
}

#[test]
fn delays_are_multiples_of_the_latency_and_spare_timers() {
    let program = |sim: Sim| async move {
        sim.sleep(Duration::from_secs(1)).await;
        sim.operation("read", Duration::from_secs(10)).await;
        sim.operation("at-once", Duration::ZERO).await;
        sim.now().as_secs()
    };
    assert_eq!(explore("none", program).outcome_names(), ["11"]);
    assert_eq!(
        explore("delay", program).outcome_names(),
        ["11", "21", "41", "81"]
    );
    assert_eq!(
        explore("delay=1,pending", program).outcome_names(),
        ["11", "21"]
    );
}

#[test]
fn a_suspended_task_is_polled_for_nothing_as_often_as_allowed() {
    let program = |sim: Sim| async move {
        let polls = Rc::new(Cell::new(0));
        let count = Rc::clone(&polls);
        let mut sleep = Box::pin(sim.sleep(Duration::from_secs(1)));
        std::future::poll_fn(move |context| {
            count.set(count.get() + 1);
            match sleep.as_mut().poll(context) {
                Poll::Ready(()) => Poll::Ready(()),
                Poll::Pending => Poll::Pending,
            }
        })
        .await;
        polls.get()
    };
    assert_eq!(explore("none", program).outcome_names(), ["2"]);
    assert_eq!(
        explore("spurious", program).outcome_names(),
        ["2", "3", "4"]
    );
    assert_eq!(explore("spurious=1", program).outcome_names(), ["2", "3"]);
}

#[test]
fn spurious_polls_change_no_outcome() {
    let plain = explore("none", lost_update);
    let spurious = explore("spurious", lost_update);
    assert_eq!(plain.outcome_names(), spurious.outcome_names());
    assert!(spurious.schedules > plain.schedules);
}

#[test]
fn a_pending_operation_may_be_overtaken() {
    // Both orders of the two tasks' second halves, whoever was submitted first.
    let program = |sim: Sim| async move {
        let last = Rc::new(Cell::new(0));
        let tasks = [1, 2].map(|number| {
            let (inner, last) = (sim.clone(), Rc::clone(&last));
            sim.spawn(async move {
                inner.operation("read", Duration::from_secs(number)).await;
                inner.operation("read", Duration::ZERO).await;
                last.set(number);
            })
        });
        join_all(tasks).await;
        last.get()
    };
    assert_eq!(explore("none", program).outcome_names(), ["2"]);
    // Time stands still while anything can be delivered, so the first still ends first.
    assert_eq!(explore("pending", program).outcome_names(), ["2"]);
    assert_eq!(
        explore("pending,delay=1", program).outcome_names(),
        ["1", "2"]
    );
}

#[test]
fn pending_can_last_several_polls() {
    let program = |sim: Sim| async move {
        let polls = Rc::new(Cell::new(0));
        let count = Rc::clone(&polls);
        let mut operation = Box::pin(sim.operation("read", Duration::ZERO));
        std::future::poll_fn(move |context| {
            count.set(count.get() + 1);
            operation.as_mut().poll(context)
        })
        .await;
        polls.get()
    };
    assert_eq!(explore("none", program).outcome_names(), ["1"]);
    assert_eq!(explore("pending", program).outcome_names(), ["2"]);
    // While the task is ready again, the next delivery may come before its poll.
    assert_eq!(
        explore("pending=3", program).outcome_names(),
        ["2", "3", "4"]
    );
}

#[test]
fn a_dropped_operation_is_never_delivered() {
    let program = |sim: Sim| async move {
        let mut operation = Box::pin(sim.operation("read", Duration::ZERO));
        assert!(futures::poll!(operation.as_mut()).is_pending());
        let mut slow = Box::pin(sim.operation("read", Duration::from_secs(5)));
        assert!(futures::poll!(slow.as_mut()).is_pending());
        drop((operation, slow));
        sim.yield_now().await;
        sim.now().as_secs()
    };
    let report = explore("pending", program);
    assert_eq!((report.schedules, report.outcome_names()), (1, vec!["0"]));
}

/// Notes its own end.
struct Guard(
    Sim,
    tourbillon_sim::Object,
    Rc<std::cell::RefCell<Vec<&'static str>>>,
);

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.access(self.1, Access::Write);
        self.2.borrow_mut().push("gone");
    }
}

/// A task waits for a future that holds a guard, while main goes on; what happened, in order.
async fn held(sim: Sim) -> String {
    let log = Rc::new(std::cell::RefCell::new(Vec::new()));
    let object = sim.object("log");
    let note = {
        let (sim, log) = (sim.clone(), Rc::clone(&log));
        move |what: &'static str| {
            sim.access(object, Access::Write);
            log.borrow_mut().push(what);
        }
    };
    let guard = Guard(sim.clone(), object, Rc::clone(&log));
    let waits = {
        let (sim, note) = (sim.clone(), note.clone());
        sim.clone().spawn_named("waits", async move {
            let inner = sim.clone();
            let work = async move {
                let _guard = guard;
                inner.operation("read", Duration::ZERO).await;
            };
            let ended = sim.droppable("work", work).await;
            note(if ended.is_ok() { "read" } else { "told" });
        })
    };
    sim.yield_now().await;
    note("main");
    waits.await;
    sim.access(object, Access::Read);
    log.take().join(" ")
}

#[test]
fn a_future_under_way_is_dropped_at_once_and_whoever_waits_is_told() {
    let plain = explore("pending", held);
    let untouched = ["gone read main", "main gone read"];
    assert_eq!(
        plain.outcome_names(),
        untouched.map(|text| format!("{text:?}"))
    );
    let report = explore("pending,drop", held);
    let all = [
        "gone main told",
        "gone read main",
        "gone told main",
        "main gone read",
        "main gone told",
    ];
    assert_eq!(report.outcome_names(), all.map(|text| format!("{text:?}")));
    let injections = Injections::parse("pending,drop").expect("these are injections");
    let reduced = Explorer::reduced().injections(injections).explore(held);
    assert!(
        reduced.exhausted && reduced.failures.is_empty(),
        "{:?}",
        reduced.failures
    );
    assert_eq!(reduced.outcome_names(), report.outcome_names());
    assert!(reduced.schedules < report.schedules);
}

#[test]
fn a_dropped_future_replays_and_shrinks() {
    let injections = Injections::parse("pending=2,spurious,drop").expect("these are injections");
    let explorer = || Explorer::swarm(3).injections(injections).schedules(2_000);
    let program = |sim: Sim| async move {
        let log = held(sim.clone()).await;
        sim.invariant(!log.starts_with("gone main"), "main knows");
        log
    };
    let report = explorer().explore(program);
    let (_, stats) = report.failures.first_key_value().expect("it is found");
    let recording = explorer().record(&report, &stats.witness, program);
    let recording = recording.expect("it repeats");
    let text = recording.to_string();
    assert!(text.contains("drop: main/waits#1/work#1"), "{text}");
    let again: tourbillon_sim::Recording = text.parse().expect("it is a recording");
    let replayed = replay(&again, program).expect("labels");
    assert_eq!(replayed.divergence, None);
    assert_eq!(
        replayed.verdict.failure.map(|failure| failure.kind),
        Some(tourbillon_sim::FailureKind::Oracle)
    );
    let small = shrink(&recording, program).expect("it shrinks").recording;
    let deeds: Vec<String> = small
        .choices
        .iter()
        .map(|choice| format!("{:?}", choice.deed))
        .collect();
    assert!(deeds.contains(&"Drop".to_string()), "{deeds:?}");
    assert!(small.choices.len() <= 2, "{small}");
    assert_eq!(
        small.strategy.inject.last().map(String::as_str),
        Some("drop"),
        "{small}"
    );
}
