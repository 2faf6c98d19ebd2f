//! Locks, channels and cells: what can come out of small programs, with and without reduction, and
//! that no cancel leaves anything behind.

mod support;

use std::fmt::Debug;

use futures::future::{Either, select};
use futures::stream::{FuturesUnordered, StreamExt};
use support::{cancels, check};
use tourbillon_sim::sync::{Closed, TryRecvError, TrySendError};
use tourbillon_sim::{Injections, JoinHandle, Report, Sim, join_all};

/// Explores a program both ways, without and with a cancel; returns the report of the plain search
/// with cancels.
fn both_ways<F, M>(name: &str, expected: &[&str], program: M) -> Report
where
    M: Fn(Sim) -> F,
    F: Future + 'static,
    F::Output: Debug,
{
    check(name, Injections::NONE, &program);
    check(name, cancels(1), &program);
    let (plain, _) = support::both(name, cancels(1), &program);
    assert_eq!(plain.outcome_names(), expected, "{name}");
    assert!(plain.failures.is_empty(), "{name}: {:?}", plain.failures);
    plain
}

fn spawn<F>(sim: &Sim, name: &str, future: F) -> JoinHandle<Result<F::Output, ()>>
where
    F: Future + 'static,
    F::Output: 'static,
{
    let cancellable = sim.cancellable(name, future);
    sim.spawn_named(name, async move { cancellable.await.map_err(drop) })
}

#[test]
fn a_cell_is_read_and_written() {
    check("cell", Injections::NONE, |sim| async move {
        let cell = sim.shared("cell", vec![0]);
        let tasks = (1..=2).map(|number| {
            let (sim, cell) = (sim.clone(), cell.clone());
            sim.clone().spawn(async move {
                let seen = cell.get();
                sim.yield_now().await;
                cell.update(|list| list.push(number));
                let longer = cell.with(Vec::len) > seen.len() + 1;
                sim.yield_now().await;
                if longer {
                    cell.set(seen);
                }
            })
        });
        join_all(tasks.collect::<Vec<_>>()).await;
        (cell.take(), cell.replace(vec![7]), cell.get())
    });
}

#[test]
fn a_lock_excludes_and_survives_cancels() {
    both_ways("mutex", &["(2, false)", "(3, false)"], |sim| async move {
        let counter = sim.mutex("counter", 0);
        let tasks = (0..3).map(|_| {
            let (inner, counter) = (sim.clone(), counter.clone());
            spawn(&sim, "bump", async move {
                let mut counter = counter.lock().await;
                let seen = *counter;
                inner.yield_now().await;
                *counter = seen + 1;
            })
        });
        join_all(tasks.collect::<Vec<_>>()).await;
        let value = *counter.lock().await;
        (value, counter.is_locked())
    });
}

#[test]
fn a_lock_is_tried() {
    check("try_lock", cancels(1), |sim| async move {
        let lock = sim.mutex("lock", ());
        let tasks = (0..2).map(|_| {
            let (inner, lock) = (sim.clone(), lock.clone());
            spawn(&sim, "try", async move {
                let guard = lock.try_lock();
                inner.yield_now().await;
                let waited = lock.is_locked();
                (guard.is_some(), waited)
            })
        });
        let seen = join_all(tasks.collect::<Vec<_>>()).await;
        (seen, lock.try_lock().is_some())
    });
}

#[test]
fn permits_come_back_from_whoever_is_cancelled() {
    both_ways("semaphore", &["2"], |sim| async move {
        let semaphore = sim.semaphore("slots", 2);
        let tasks = [1, 2, 1].map(|count| {
            let (inner, semaphore) = (sim.clone(), semaphore.clone());
            spawn(&sim, "worker", async move {
                let permit = semaphore.acquire_many(count).await;
                inner.yield_now().await;
                drop(permit);
            })
        });
        join_all(tasks).await;
        semaphore.available_permits()
    });
}

#[test]
fn a_closed_semaphore_refuses_all() {
    check("close", cancels(1), |sim| async move {
        let semaphore = sim.semaphore("slots", 1);
        let tasks = [(); 2].map(|()| {
            let (inner, semaphore) = (sim.clone(), semaphore.clone());
            spawn(&sim, "worker", async move {
                let Ok(permit) = semaphore.acquire().await else {
                    return "refused";
                };
                inner.yield_now().await;
                permit.forget();
                semaphore.close();
                "kept"
            })
        });
        let ends = join_all(tasks).await;
        let closed = semaphore.is_closed();
        semaphore.close();
        (ends, closed, semaphore.acquire().await.err())
    });
}

#[test]
fn a_notification_for_one_is_never_lost() {
    // Two waiters, two notifications and one cancel at most: whoever waits at last gets through.
    both_ways("notify_one", &["()"], |sim| async move {
        let notify = sim.notify("event");
        let tasks = [(); 2].map(|()| {
            let notify = notify.clone();
            spawn(&sim, "waiter", async move { notify.notified().await })
        });
        notify.notify_one();
        sim.yield_now().await;
        let [one, two] = tasks;
        let (first, second) = match select(one, two).await {
            Either::Left((first, second)) | Either::Right((first, second)) => (first, second),
        };
        let _ = first;
        notify.notify_one();
        let _ = second.await;
    });
}

#[test]
fn a_notification_for_all_reaches_those_before_it() {
    check("notify_waiters", cancels(1), |sim| async move {
        let notify = sim.notify("event");
        let log = sim.shared("log", Vec::new());
        let tasks = [1, 2].map(|number| {
            let (inner, notify, log) = (sim.clone(), notify.clone(), log.clone());
            spawn(&sim, "waiter", async move {
                let notified = notify.notified();
                inner.yield_now().await;
                notified.await;
                log.update(|log| log.push(number));
            })
        });
        sim.yield_now().await;
        notify.notify_waiters();
        log.update(|log| log.push(0));
        // Whoever came later has one for each.
        notify.notify_one();
        sim.yield_now().await;
        notify.notify_one();
        join_all(tasks).await;
        log.get()
    });
}

#[test]
fn messages_come_in_order_once_and_all() {
    let report = both_ways_messages();
    // Nothing that was sent is lost, and what was not sent is not received.
    for outcome in report.outcome_names() {
        let (sent, received) = outcome
            .trim_matches(['(', ')'])
            .split_once("], [")
            .expect("two lists");
        let list = |text: &str| -> Vec<String> {
            let text = text.trim_matches(['[', ']']);
            let mut list: Vec<String> = text.split(", ").map(str::to_string).collect();
            list.sort();
            list
        };
        assert_eq!(list(sent), list(received), "{outcome}");
    }
}

fn both_ways_messages() -> Report {
    let program = |sim: Sim| async move {
        let (sender, mut receiver) = sim.channel("queue", 1);
        let sent = sim.shared("sent", Vec::new());
        let tasks = [1, 2].map(|number| {
            let (sender, sent) = (sender.clone(), sent.clone());
            spawn(&sim, "sender", async move {
                for message in [number, number * 10] {
                    if sender.send(message).await.is_ok() {
                        sent.update(|sent| sent.push(message));
                    }
                }
            })
        });
        drop(sender);
        let mut received = Vec::new();
        while let Some(message) = receiver.recv().await {
            received.push(message);
        }
        join_all(tasks).await;
        (sent.take(), received)
    };
    check("channel", Injections::NONE, program);
    check("channel", cancels(1), program);
    let (plain, _) = support::both("channel", cancels(1), program);
    assert!(plain.failures.is_empty(), "{:?}", plain.failures);
    plain
}

#[test]
fn a_receiver_that_goes_gives_messages_back() {
    check("receiver gone", cancels(1), |sim| async move {
        let (sender, mut receiver) = sim.channel("queue", 1);
        let task = spawn(&sim, "sender", async move {
            let first = sender.try_send(1);
            let full = matches!(sender.try_send(2), Err(TrySendError::Full(2)));
            let second = sender.send(3).await.map_err(|error| error.0);
            (first.is_ok(), full, second, sender.is_closed())
        });
        let inner = sim.clone();
        let other = spawn(&sim, "receiver", async move {
            let first = receiver.recv().await;
            inner.yield_now().await;
            receiver.close();
            let left = receiver.try_recv();
            (
                first,
                left,
                receiver.try_recv() == Err(TryRecvError::Closed),
            )
        });
        (task.await, other.await)
    });
}

#[test]
fn one_value_arrives_or_its_sender_is_gone() {
    check("oneshot", cancels(1), |sim| async move {
        let (sender, receiver) = sim.oneshot("reply");
        let inner = sim.clone();
        let task = spawn(&sim, "sender", async move {
            inner.yield_now().await;
            let is_closed = sender.is_closed();
            (is_closed, sender.send(7))
        });
        let waiting = spawn(&sim, "receiver", receiver);
        (task.await, waiting.await)
    });
    check(
        "oneshot without a value",
        Injections::NONE,
        |sim| async move {
            let (sender, receiver) = sim.oneshot::<u32>("reply");
            sim.spawn(async move { drop(sender) });
            assert_eq!(receiver.await, Err(Closed));
        },
    );
}

#[test]
fn wakes_of_several_futures_of_a_task_keep_their_order() {
    // The order in which these are polled is that of their wakes.
    check("unordered", Injections::NONE, |sim| async move {
        let locks = ["one", "two", "three"].map(|name| sim.mutex(name, ()));
        let tasks = locks.clone().map(|lock| {
            let inner = sim.clone();
            sim.spawn_named("holder", async move {
                let _guard = lock.lock().await;
                inner.yield_now().await;
            })
        });
        sim.yield_now().await;
        let numbered = locks.iter().zip(0..).map(|(lock, number)| async move {
            drop(lock.lock().await);
            number
        });
        let waiting: FuturesUnordered<_> = numbered.collect();
        let order: Vec<u32> = waiting.collect().await;
        join_all(tasks).await;
        order
    });
}
