//! Runs that are stuck, and what is said about them: one program of each class at least.

use std::cell::RefCell;
use std::future::poll_fn;
use std::panic::Location;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Poll, Waker};
use std::time::Duration;

use expect_test::{Expect, expect};
use futures::future::{Either, select};
use tourbillon_sim::{Explorer, FailureKind, Injections, Sim, join_all, replay};

/// Explores every schedule, and compares what is said of the first that is stuck. Checking, and
/// replaying the recording, must say the same. Lines are counted from the call.
#[track_caller]
fn check<F, M>(program: M, expected: Expect)
where
    M: Fn(Sim) -> F + Copy,
    F: Future + 'static,
    F::Output: std::fmt::Debug,
{
    let explorer = || {
        Explorer::exhaustive().injections(Injections {
            never_completions: 1,
            ..Injections::NONE
        })
    };
    let report = explorer().explore(program);
    let (failure, stats) = report.failures.first_key_value().expect("it is stuck");
    assert!(matches!(
        failure.kind,
        FailureKind::Deadlock | FailureKind::Leak
    ));
    let text = explorer().explain(&stats.witness, program).expect("stuck");
    expected.assert_eq(&relative(&text, Location::caller().line()));
    let recording = explorer().record(&report, &stats.witness, program);
    let replayed = replay(&recording.expect("it repeats"), program).expect("labels");
    assert_eq!(replayed.divergence, None);
    assert_eq!(replayed.explanation.as_deref(), Some(&*text));
}

/// Without the indentation of all lines, and places in this file as distances from `line`.
fn relative(text: &str, line: u32) -> String {
    let text = text.replace("\n  ", "\n");
    let mut parts = text.trim_start().split(concat!(file!(), ":"));
    let mut relative = parts.next().unwrap_or_default().to_string();
    for part in parts {
        let end = part.find(|digit: char| !digit.is_ascii_digit());
        let (digits, rest) = part.split_at(end.unwrap_or(part.len()));
        let at: u32 = digits.parse().expect("a line");
        relative.push_str(&format!("line +{}{rest}", at - line));
    }
    relative
}

#[test]
fn locks_in_a_circle() {
    check(
        |sim| async move {
            let (left, right) = (sim.mutex("left", ()), sim.mutex("right", ()));
            let tasks = [(&left, &right), (&right, &left)].map(|(one, two)| {
                let (one, two) = (one.clone(), two.clone());
                let inner = sim.clone();
                sim.spawn_named("worker", async move {
                    let _one = one.lock().await;
                    inner.yield_now().await;
                    let _two = two.lock().await;
                })
            });
            join_all(tasks).await;
        },
        expect![[r#"
              deadlock: main/worker#1 -> main/worker#2 -> main/worker#1
              main waits for task main/worker#1 at line +12
                its waker is held once; taken last in step 1 by main
              main/worker#1 waits for lock main/right#1 at line +9
                main/worker#2 has had it since step 3, from line +7
                its waker is held once; taken last in step 4 by main/worker#1; woken last in step 2 by main/worker#1
              main/worker#2 waits for lock main/left#1 at line +9
                main/worker#1 has had it since step 2, from line +7
                its waker is held once; taken last in step 5 by main/worker#2; woken last in step 3 by main/worker#2
        "#]],
    );
}

#[test]
fn a_circle_through_a_join() {
    check(
        |sim| async move {
            let lock = sim.mutex("lock", ());
            let inner = lock.clone();
            let task = sim.spawn_named("worker", async move { drop(inner.lock().await) });
            let _guard = lock.lock().await;
            task.await;
        },
        expect![[r#"
              deadlock: main -> main/worker#1 -> main
              main waits for task main/worker#1
                its waker is held once; taken last in step 1 by main
              main/worker#1 waits for lock main/lock#1 at line +4
                main has had it since step 1, from line +5
                its waker is held once; taken last in step 2 by main/worker#1
        "#]],
    );
}

#[test]
fn a_flag_that_is_looked_at_before_the_waker_is_stored() {
    check(
        |sim| async move {
            let flag = sim.shared("flag", false);
            let waker: Rc<RefCell<Option<Waker>>> = Rc::default();
            let (inner, setter, stored) = (sim.clone(), flag.clone(), Rc::clone(&waker));
            let task = sim.spawn_named("setter", async move {
                setter.set(true);
                if let Some(waker) = stored.take() {
                    waker.wake();
                }
            });
            if !flag.get() {
                inner.yield_now().await;
                let mut is_first = true;
                poll_fn(|context| {
                    if !std::mem::take(&mut is_first) {
                        return Poll::Ready(());
                    }
                    waker.replace(Some(context.waker().clone()));
                    Poll::Pending
                })
                .await;
            }
            task.await;
        },
        expect![[r#"
              lost wakeup: main looked at main/flag#1 in step 1; it was changed in step 2 by main/setter#1, and nobody has woken main for that
              main waits for something outside the simulation's view
                its waker is held once; taken last in step 3 by main; woken last in step 1 by main
        "#]],
    );
}

#[test]
fn a_waker_that_somebody_drops() {
    check(
        |sim| async move {
            let stored: Rc<RefCell<Option<Waker>>> = Rc::default();
            let tasks = ["one", "two"].map(|name| {
                let stored = Rc::clone(&stored);
                sim.spawn_named(name, async move {
                    let mut is_first = true;
                    poll_fn(|context| {
                        if !std::mem::take(&mut is_first) {
                            return Poll::Ready(());
                        }
                        stored.replace(Some(context.waker().clone()));
                        Poll::Pending
                    })
                    .await;
                })
            });
            sim.sleep(Duration::from_millis(1)).await;
            if let Some(waker) = stored.take() {
                waker.wake();
            }
            join_all(tasks).await;
        },
        expect![[r#"
              lost wakeup: nobody holds a waker of main/one#1; the last was dropped or used up in step 3 by main/two#1
              main waits for task main/one#1 at line +21
                its waker is held once; taken last in step 5 by main; dropped or used up last in step 4 by time; woken last in step 4 by time
              main/one#1 waits for something outside the simulation's view; it was spawned at line +5
                nobody holds its waker: it can never be woken; taken last in step 2 by main/one#1; dropped or used up last in step 3 by main/two#1
        "#]],
    );
}

#[test]
fn a_notification_before_the_wait() {
    check(
        |sim| async move {
            let notify = sim.notify("ready");
            let inner = notify.clone();
            let task = sim.spawn_named("notifier", async move { inner.notify_waiters() });
            sim.yield_now().await;
            notify.notified().await;
            task.await;
        },
        expect![[r#"
              lost wakeup: main waits for what was signalled in step 2 by main/notifier#1, before it waited
              main waits for a notification of main/ready#1 at line +6
                its waker is held once; taken last in step 3 by main; woken last in step 1 by main
        "#]],
    );
}

#[test]
fn a_lock_given_to_a_future_that_is_not_polled() {
    check(
        |sim| async move {
            let lock = sim.mutex("lock", ());
            let (inner, held) = (sim.clone(), lock.clone());
            let task = sim.spawn_named("holder", async move {
                let _guard = held.lock().await;
                inner.sleep(Duration::from_millis(2)).await;
            });
            sim.sleep(Duration::from_millis(1)).await;
            let mut first = pin!(lock.lock());
            let timeout = pin!(sim.sleep(Duration::ZERO));
            if let Either::Right(_) = select(first.as_mut(), timeout).await {
                // The first future still waits, and is first in the queue.
                drop(lock.lock().await);
            }
            task.await;
        },
        expect![[r#"
              futurelock: main was given main/lock#1 in step 6 by main/holder#1, and does not poll the future that asked for it at line +9
              main waits for lock main/lock#1 at line +13
                main was given it in step 6 by main/holder#1, for the future made at line +9
                its waker is held once; taken last in step 7 by main; dropped or used up last in step 7 by main; woken last in step 6 by main/holder#1
        "#]],
    );
}

#[test]
fn the_same_with_a_lock_of_async_lock() {
    check(
        |sim| async move {
            let lock = Rc::new(async_lock::Mutex::new(()));
            let (inner, held) = (sim.clone(), Rc::clone(&lock));
            let task = sim.spawn_named("holder", async move {
                let _guard = held.lock().await;
                inner.sleep(Duration::from_millis(2)).await;
            });
            sim.sleep(Duration::from_millis(1)).await;
            let mut first = pin!(lock.lock());
            let timeout = pin!(sim.sleep(Duration::from_micros(1)));
            if let Either::Right(_) = select(first.as_mut(), timeout).await {
                drop(lock.lock().await);
            }
            task.await;
        },
        expect![[r#"
              missing completion: main waits for something outside the simulation's view; it was woken in step 8 by main/holder#1 while its waker was held 2 times: if the future that this was for is no longer polled, it is a futurelock
              main waits for something outside the simulation's view
                its waker is held once; taken last in step 9 by main; dropped or used up last in step 9 by main; woken last in step 8 by main/holder#1
        "#]],
    );
}

#[test]
fn the_same_with_a_lock_of_tokio() {
    check(
        |sim| async move {
            let lock = Arc::new(tokio::sync::Mutex::new(()));
            let (inner, held) = (sim.clone(), Arc::clone(&lock));
            let task = sim.spawn_named("holder", async move {
                let _guard = held.lock().await;
                inner.sleep(Duration::from_millis(2)).await;
            });
            sim.sleep(Duration::from_millis(1)).await;
            let mut first = pin!(lock.lock());
            let timeout = pin!(sim.sleep(Duration::from_micros(1)));
            if let Either::Right(_) = select(first.as_mut(), timeout).await {
                drop(lock.lock().await);
            }
            task.await;
        },
        expect![[r#"
              missing completion: main waits for something outside the simulation's view; it was woken in step 8 by main/holder#1 while its waker was held 2 times: if the future that this was for is no longer polled, it is a futurelock
              main waits for something outside the simulation's view
                its waker is held once; taken last in step 9 by main; dropped or used up last in step 9 by main; woken last in step 8 by main/holder#1
        "#]],
    );
}

#[test]
fn a_lock_of_tokio_given_to_a_future_that_was_polled_once() {
    check(
        |sim| async move {
            let lock = Arc::new(tokio::sync::Mutex::new(()));
            let (inner, held) = (sim.clone(), Arc::clone(&lock));
            let task = sim.spawn_named("holder", async move {
                let _guard = held.lock().await;
                inner.sleep(Duration::from_millis(2)).await;
            });
            sim.sleep(Duration::from_millis(1)).await;
            let mut first = pin!(lock.lock());
            assert!(futures::poll!(first.as_mut()).is_pending());
            sim.yield_now().await;
            drop(lock.lock().await);
            task.await;
        },
        expect![[r#"
              futurelock: main was woken in step 7 by main/holder#1 for a future that it has not polled since step 4
              main waits for something outside the simulation's view
                its waker is held once; taken last in step 8 by main; dropped or used up last in step 8 by main; woken last in step 7 by main/holder#1
        "#]],
    );
}

#[test]
fn an_operation_that_never_completes() {
    check(
        |sim| async move {
            sim.operation("read", Duration::from_millis(1)).await;
        },
        expect![[r#"
              missing completion: main waits for operation main/read#1, and nothing is left that could end that
              main waits for operation main/read#1 at line +2
                its waker is held once; taken last in step 1 by main
        "#]],
    );
}

#[test]
fn a_sender_that_waits_as_well() {
    check(
        |sim| async move {
            let (sender, receiver) = sim.oneshot::<u32>("reply");
            let (requests, mut inbox) = sim.channel::<u32>("requests", 1);
            let task = sim.spawn_named("server", async move {
                // Asks for a request that nobody sends.
                if let Some(request) = inbox.recv().await {
                    let _ = sender.send(request);
                }
            });
            let reply = receiver.await;
            drop(requests);
            task.await;
            reply
        },
        expect![[r#"
              missing completion: main waits for the value of main/reply#1, and nothing is left that could end that
              main waits for the value of main/reply#1 at line +2
                its waker is held once; taken last in step 1 by main
              main/server#1 waits for a message of main/requests#1 at line +6
                its waker is held once; taken last in step 2 by main/server#1
        "#]],
    );
}

#[test]
fn a_guard_that_was_forgotten() {
    check(
        |sim| async move {
            let lock = sim.mutex("lock", ());
            let inner = lock.clone();
            let task = sim.spawn_named("careless", async move {
                std::mem::forget(inner.lock().await);
            });
            task.await;
            drop(lock.lock().await);
        },
        expect![[r#"
              missing completion: main waits for what main/careless#1 has not given back, which has ended
              main waits for lock main/lock#1 at line +8
                main/careless#1 has had it since step 2, from line +5; that task has ended
                its waker is held once; taken last in step 3 by main; dropped or used up last in step 2 by main/careless#1; woken last in step 2 by main/careless#1
        "#]],
    );
}
