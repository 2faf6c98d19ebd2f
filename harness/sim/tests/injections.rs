//! Injections: what they may do to a run, how often, and what they never change.

mod programs;

use std::cell::Cell;
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

use programs::lost_update;
use tourbillon_sim::{Explorer, Injections, Report, Sim, join_all};

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
