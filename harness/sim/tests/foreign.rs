//! Futures that know nothing of the simulation: channels and locks of other libraries, unmodified.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use futures::channel::mpsc;
use futures::stream::FuturesUnordered;
use futures::{SinkExt, StreamExt};
use tourbillon_sim::{Explorer, FailureKind, Report, Sim, check, join_all};

fn outcomes(report: &Report) -> Vec<&str> {
    assert!(report.failures.is_empty(), "{:?}", report.failures);
    report.outcome_names()
}

#[test]
fn tokio_channels_and_locks() {
    check(|sim: Sim| async move {
        let (sender, mut receiver) = tokio::sync::mpsc::channel(2);
        for number in 0..3_u32 {
            let sender = sender.clone();
            sim.spawn_named("sender", async move {
                sender.send(number).await.expect("the receiver lives");
                sender.send(number).await.expect("the receiver lives");
            });
        }
        drop(sender);
        let mut sum = 0;
        while let Some(number) = receiver.recv().await {
            sum += number;
        }
        assert_eq!(sum, 6);
    });
    let guarded = |sim: Sim| async move {
        let counter = Arc::new(tokio::sync::Mutex::new(0));
        let tasks = (0..2).map(|_| {
            let (inner, counter) = (sim.clone(), Arc::clone(&counter));
            sim.spawn(async move {
                let mut guard = counter.lock().await;
                let seen = *guard;
                inner.yield_now().await;
                *guard = seen + 1;
            })
        });
        join_all(tasks).await;
        *counter.lock().await
    };
    let report = Explorer::exhaustive().explore(guarded);
    assert!(report.exhausted);
    assert_eq!(outcomes(&report), ["2"]);
}

#[test]
fn a_notification_before_the_wait_is_lost_without_a_permit() {
    // `notify_waiters` leaves no permit behind: whoever comes later waits for ever.
    let program = |sim: Sim| async move {
        let notify = Arc::new(tokio::sync::Notify::new());
        let (wait, tell) = (Arc::clone(&notify), Arc::clone(&notify));
        let waiter = sim.spawn_named("waiter", async move { wait.notified().await });
        sim.spawn_named("teller", async move { tell.notify_waiters() });
        waiter.await;
    };
    let report = Explorer::exhaustive().explore(program);
    assert!(report.exhausted);
    assert_eq!(report.failures.len(), 1);
    let (failure, stats) = report.failures.first_key_value().expect("one");
    assert_eq!(failure.kind, FailureKind::Deadlock);
    assert!(
        failure.summary.starts_with("main waits for main/waiter#1"),
        "{failure}"
    );
    assert_eq!((stats.count, report.schedules), (1, 2));
}

#[test]
fn select_in_a_task_polls_its_branches() {
    let program = |sim: Sim| async move {
        let (inner, other) = (sim.clone(), sim.clone());
        tokio::select! {
            biased;
            () = inner.sleep(Duration::from_secs(2)) => "slow",
            () = other.sleep(Duration::from_secs(1)) => "fast",
        }
    };
    let report = Explorer::random(1).schedules(50).explore(program);
    assert_eq!(outcomes(&report), ["\"fast\""]);
}

#[test]
fn futures_channels_and_unordered_sets() {
    let program = |sim: Sim| async move {
        let (mut sender, receiver) = mpsc::channel(1);
        sim.spawn(async move {
            for number in 0..4_u32 {
                sender.send(number).await.expect("the receiver lives");
            }
        });
        let mut set: FuturesUnordered<_> = (1..=3_u64)
            .map(|number| {
                let sim = sim.clone();
                async move {
                    sim.sleep(Duration::from_millis(10 / number)).await;
                    number
                }
            })
            .collect();
        let mut order = Vec::new();
        while let Some(number) = set.next().await {
            order.push(number);
        }
        (receiver.collect::<Vec<u32>>().await, order)
    };
    let report = Explorer::random(2).schedules(200).explore(program);
    assert_eq!(outcomes(&report), ["([0, 1, 2, 3], [3, 2, 1])"]);
}

#[test]
fn async_lock_semaphore_bounds_concurrency() {
    let program = |sim: Sim| async move {
        let semaphore = Arc::new(async_lock::Semaphore::new(2));
        let (inside, most) = (Rc::new(Cell::new(0_u32)), Rc::new(Cell::new(0_u32)));
        let tasks = (0..4).map(|_| {
            let (inner, semaphore) = (sim.clone(), Arc::clone(&semaphore));
            let (inside, most) = (Rc::clone(&inside), Rc::clone(&most));
            sim.spawn(async move {
                let _permit = semaphore.acquire().await;
                inside.set(inside.get() + 1);
                most.set(most.get().max(inside.get()));
                inner.operation("work", Duration::from_millis(1)).await;
                inside.set(inside.get() - 1);
            })
        });
        join_all(tasks).await;
        most.get()
    };
    let report = Explorer::random(3).explore(program);
    assert_eq!(outcomes(&report), ["2"]);
}

#[test]
fn a_broadcast_wakes_more_tasks_than_the_ring_holds() {
    let program = |sim: Sim| async move {
        let (sender, _) = tokio::sync::broadcast::channel(1);
        let tasks: Vec<_> = (0..600)
            .map(|_| {
                let mut receiver = sender.subscribe();
                sim.spawn(async move { receiver.recv().await.expect("sent") })
            })
            .collect();
        sim.yield_now().await;
        sender.send(1_u32).expect("somebody listens");
        join_all(tasks).await.into_iter().sum::<u32>()
    };
    let report = Explorer::random(1).schedules(3).explore(program);
    assert_eq!(outcomes(&report), ["600"]);
}

#[test]
fn a_wake_from_another_thread_arrives() {
    let program = |_: Sim| {
        let mut polls = 0;
        std::future::poll_fn(move |context| {
            polls += 1;
            if polls == 3 {
                return Poll::Ready(polls);
            }
            let waker = context.waker().clone();
            // The scope ends after the thread has: its wake lies before the end of this poll.
            std::thread::scope(|scope| {
                scope.spawn(move || waker.wake());
            });
            Poll::Pending
        })
    };
    let report = Explorer::random(1).schedules(20).explore(program);
    assert_eq!(outcomes(&report), ["3"]);
}
