//! Both tiers behave alike: the suite of scenarios under each of them, by itself and under other
//! executors, and what they promise beyond it.
#![cfg(not(loom))]

use std::cell::Cell;
use std::future::{pending, poll_fn, ready};
use std::rc::Rc;
use std::task::Poll;
use tourbillon_executor::testing::{Gate, Log, SCENARIOS, yield_now};
use tourbillon_executor::{
    Board, Capacities, CapacityExceeded, Deadlock, Dynamic, Embedded, Executor, Fixed, Growing,
    LocalFuture, Polled, Priority, Resource, Rung, Runtime, TaskNumber, Waits, block_on,
};

type Small<B> = Embedded<LocalFuture, Rung<16>, B, 16>;

/// Checks something on every tier, by itself and behind the common front.
fn on_each_tier(check: impl Fn(&mut dyn Executor<Future = LocalFuture>)) {
    check(&mut Dynamic::new(()));
    check(&mut Small::new(()));
    check(&mut Runtime::dynamic(()));
    check(&mut Runtime::embedded(()));
}

fn schedule(
    executor: &mut dyn Executor<Future = LocalFuture>,
    future: impl Future<Output = ()> + 'static,
) -> TaskNumber {
    let task = executor.schedule(Priority::Normal, Box::pin(future));
    task.expect("there is room")
}

fn schedule_on(executor: &mut impl Executor<Future = LocalFuture>, future: LocalFuture) {
    let task = executor.schedule(Priority::Normal, future);
    task.expect("there is room");
}

#[test]
fn both_tiers_pass_the_suite() {
    for scenario in SCENARIOS {
        on_each_tier(|executor| {
            let log = Log::default();
            (scenario.start)(
                &mut |priority, future| {
                    executor.schedule(priority, future).expect("there is room");
                },
                &log,
            );
            let pending = executor.run_until_idle();
            scenario.check(&log, pending);
        });
    }
}

#[test]
fn both_tiers_pass_the_suite_under_block_on_of_futures() {
    // Who waits for ever would block for ever.
    for scenario in SCENARIOS.iter().filter(|scenario| scenario.pending == 0) {
        for mut executor in [Runtime::dynamic(()), Runtime::embedded(())] {
            let log = Log::default();
            (scenario.start)(
                &mut |priority, future| {
                    executor.schedule(priority, future).expect("there is room");
                },
                &log,
            );
            futures::executor::block_on(executor.drive());
            scenario.check(&log, executor.pending());
        }
    }
}

#[test]
fn both_tiers_pass_the_suite_poll_by_poll_under_tokio_test() {
    for scenario in SCENARIOS {
        for mut executor in [Runtime::dynamic(()), Runtime::embedded(())] {
            let log = Log::default();
            (scenario.start)(
                &mut |priority, future| {
                    executor.schedule(priority, future).expect("there is room");
                },
                &log,
            );
            let mut driven = tokio_test::task::spawn(executor.drive());
            let is_done = driven.poll().is_ready();
            assert_eq!(is_done, scenario.pending == 0, "{}", scenario.name);
            assert!(is_done || !driven.is_woken(), "{}", scenario.name);
            drop(driven);
            scenario.check(&log, executor.pending());
        }
    }
}

#[test]
fn a_driven_executor_hears_of_wakes_from_outside() {
    for mut executor in [Runtime::dynamic(()), Runtime::embedded(())] {
        let (sender, receiver) = futures::channel::oneshot::channel::<u32>();
        let got = Rc::new(Cell::new(0));
        let shown = got.clone();
        executor
            .schedule(
                Priority::Normal,
                Box::pin(async move { shown.set(receiver.await.expect("it is sent")) }),
            )
            .expect("there is room");
        let mut driven = tokio_test::task::spawn(executor.drive());
        tokio_test::assert_pending!(driven.poll());
        assert!(!driven.is_woken());
        sender.send(7).expect("somebody waits");
        assert!(driven.is_woken());
        tokio_test::assert_ready!(driven.poll());
        drop(driven);
        assert_eq!(got.get(), 7);
    }
}

#[test]
fn a_driven_executor_hears_of_a_future_that_ends_outside() {
    let board: &'static Board = leaked();
    let future = board.open().expect("there is room");
    for mut executor in [Runtime::dynamic(board), Runtime::embedded(board)] {
        schedule_on(&mut executor, waiting(board, future));
        let mut driven = tokio_test::task::spawn(executor.drive());
        if !board.has_ended(future) {
            tokio_test::assert_pending!(driven.poll());
            assert!(!driven.is_woken());
            board.settle(future);
            assert!(driven.is_woken());
        }
        tokio_test::assert_ready!(driven.poll());
    }
}

#[test]
fn a_step_polls_one_task() {
    on_each_tier(|executor| {
        schedule(executor, yield_now());
        schedule(executor, ready(()));
        let step = |number, has_ended| Some(Polled { number, has_ended });
        assert_eq!(executor.poll_next(), step(0, false));
        assert_eq!(executor.poll_next(), step(1, true));
        assert_eq!(executor.poll_next(), step(0, true));
        assert_eq!(executor.poll_next(), None);
    });
}

#[test]
fn numbers_grow_and_none_comes_twice() {
    on_each_tier(|executor| {
        for round in 0..40 {
            let task = schedule(executor, ready(()));
            assert_eq!(task.number, round);
            assert_eq!(executor.run_until_idle(), 0);
            // It has ended: its number wakes and cancels nobody, also not who has its place now.
            let other = schedule(executor, pending());
            assert!(!executor.wake(task));
            assert!(executor.cancel(task).is_none());
            assert!(executor.cancel(other).is_some());
            assert!(!executor.wake(other));
            // From 0 again, up to where the next round begins.
            executor.reset();
            for number in 0..=round {
                assert_eq!(schedule(executor, ready(())).number, number);
                executor.run_until_idle();
            }
        }
    });
}

#[test]
fn a_wake_of_a_task_that_waits_is_one_poll_however_often_it_comes() {
    on_each_tier(|executor| {
        let polls = Rc::new(Cell::new(0));
        let counted = polls.clone();
        let task = schedule(
            executor,
            poll_fn(move |_| {
                counted.set(counted.get() + 1);
                Poll::Pending
            }),
        );
        // It is ready already.
        assert!(!executor.wake(task));
        assert_eq!(executor.run_until_idle(), 1);
        assert!(executor.wake(task));
        assert!(!executor.wake(task));
        assert_eq!(executor.run_until_idle(), 1);
        assert_eq!(polls.get(), 2);
        assert!(executor.cancel(task).is_some());
        assert_eq!(executor.pending(), 0);
    });
}

#[test]
fn a_cancelled_task_leaves_the_queue() {
    on_each_tier(|executor| {
        let first = schedule(executor, ready(()));
        let second = schedule(executor, ready(()));
        let third = schedule(executor, ready(()));
        assert!(executor.cancel(second).is_some());
        assert_eq!(
            executor.poll_next().map(|polled| polled.number),
            Some(first.number)
        );
        assert_eq!(
            executor.poll_next().map(|polled| polled.number),
            Some(third.number)
        );
        assert_eq!(executor.poll_next(), None);
    });
}

#[test]
fn a_late_wake_of_an_ended_task_costs_its_successor_one_poll_at_most() {
    on_each_tier(|executor| {
        let gate = Gate::default();
        let ends = gate.clone();
        let task = schedule(executor, async move { ends.wait().await });
        executor.run_until_idle();
        gate.open();
        assert!(executor.wake(task));
        executor.run_until_idle();
        let polls = Rc::new(Cell::new(0));
        let counted = polls.clone();
        schedule(
            executor,
            poll_fn(move |_| {
                counted.set(counted.get() + 1);
                Poll::Pending
            }),
        );
        executor.run_until_idle();
        gate.ring();
        gate.ring();
        assert_eq!(executor.run_until_idle(), 1);
        assert!(polls.get() <= 2);
    });
}

#[test]
fn blocking_gives_the_result_or_says_that_nothing_can_run() {
    for mut executor in [Runtime::dynamic(()), Runtime::embedded(())] {
        let (sender, receiver) = futures::channel::oneshot::channel::<u32>();
        schedule(&mut executor, async move {
            yield_now().await;
            sender.send(42).expect("somebody waits");
        });
        let parked = schedule(&mut executor, pending());
        assert_eq!(block_on(&mut executor, receiver), Ok(Ok(42)));
        assert_eq!(block_on(&mut executor, async { 7 }), Ok(7));
        let never = block_on(&mut executor, pending::<()>());
        assert_eq!(never, Err(Deadlock { pending: 1 }));
        executor.cancel(parked);
        let never = block_on(&mut executor, pending::<()>());
        assert_eq!(never, Err(Deadlock { pending: 0 }));
    }
}

#[test]
fn the_17th_task_is_refused_and_ended_ones_make_room() {
    let mut executor = Small::new(());
    for round in 0..3_u64 {
        let tasks: Vec<TaskNumber> = (0..16)
            .map(|_| schedule(&mut executor, pending()))
            .collect();
        let refused = executor.schedule(Priority::Critical, Box::pin(ready(())));
        let error = CapacityExceeded {
            resource: Resource::Tasks,
            capacity: Capacities::EMBEDDED.tasks,
        };
        assert_eq!(refused, Err(error));
        assert_eq!(
            error.to_string(),
            "There is no room for another task: this tier has 16."
        );
        // The set is unchanged: nothing of the refused one runs, and it took no number.
        assert_eq!(executor.pending(), 16);
        assert_eq!(executor.run_until_idle(), 16);
        assert_eq!(tasks[15].number, 17 * round + 15);
        assert!(executor.cancel(tasks[7]).is_some());
        schedule(&mut executor, ready(()));
        assert_eq!(executor.run_until_idle(), 15);
        tasks.iter().for_each(|task| drop(executor.cancel(*task)));
    }
}

/// Tasks wait for futures by number, on each tier.
fn check_board<E: Executor<Future = LocalFuture>>(
    executor: &mut E,
    open: impl Fn() -> Option<tourbillon_executor::FutureId>,
    wait: impl Fn(tourbillon_executor::FutureId) -> LocalFuture,
    settle: impl Fn(tourbillon_executor::FutureId) -> bool,
) {
    let future = open().expect("there is room");
    for _ in 0..3 {
        schedule(executor, wait(future));
    }
    assert_eq!(executor.run_until_idle(), 3);
    assert!(settle(future));
    assert!(!settle(future), "a future ends once");
    let order: Vec<u64> = std::iter::from_fn(|| executor.poll_next())
        .map(|polled| polled.number)
        .collect();
    assert_eq!(order, [0, 1, 2]);
    assert_eq!(executor.pending(), 0);
    // Who comes late does not wait.
    schedule(executor, wait(future));
    assert_eq!(executor.run_until_idle(), 0);
}

fn waiting<F, W>(board: &'static Board<F, W>, id: tourbillon_executor::FutureId) -> LocalFuture
where
    F: tourbillon_executor::Storage,
    W: tourbillon_executor::Storage,
{
    Box::pin(async move { board.wait(id).await.expect("there is room") })
}

fn leaked<T: Default>() -> &'static T {
    Box::leak(Box::default())
}

#[test]
fn tasks_wait_for_futures_on_a_board() {
    let board: &'static Board = leaked();
    check_board(
        &mut Small::new(board),
        || board.open().ok(),
        |id| waiting(board, id),
        |id| board.settle(id),
    );
    assert_eq!((board.futures(), board.wakers()), (1, 0));
    let board: &'static Board<Growing, Growing> = leaked();
    check_board(
        &mut Dynamic::new(board),
        || board.open().ok(),
        |id| waiting(board, id),
        |id| board.settle(id),
    );
    assert_eq!((board.futures(), board.wakers()), (1, 0));
}

#[test]
fn the_33rd_future_is_refused_and_closed_ones_make_room() {
    let board: Board = Board::default();
    let error = CapacityExceeded {
        resource: Resource::Futures,
        capacity: 32,
    };
    for _ in 0..3 {
        let futures: Vec<_> = (0..32).map(|_| board.open().expect("room")).collect();
        assert_eq!(board.open(), Err(error));
        assert_eq!(board.futures(), 32);
        board.close(futures[5]);
        let again = board.open().expect("room");
        // The number of the one that was closed is not that of the new one.
        assert!(!board.settle(futures[5]));
        assert!(!board.has_ended(again));
        board.close(again);
        futures.iter().for_each(|future| board.close(*future));
        assert_eq!(board.futures(), 0);
    }
    let board: Board<Growing, Growing> = Board::default();
    assert!((0..1000).all(|_| board.open().is_ok()));
}

#[test]
fn the_65th_waker_is_refused_and_the_others_are_woken() {
    let board: &'static Board = leaked();
    let mut executor = Small::new(board);
    let futures: Vec<_> = (0..5).map(|_| board.open().expect("room")).collect();
    let outcomes = Rc::new(Cell::new((0, 0)));
    // Thirteen tasks with five waits each: one of the 65 is refused.
    for _ in 0..13 {
        let (futures, outcomes) = (futures.clone(), outcomes.clone());
        schedule(&mut executor, async move {
            let waits = futures.into_iter().map(|id| board.wait(id));
            for result in futures::future::join_all(waits).await {
                let (fine, refused) = outcomes.get();
                outcomes.set(match result {
                    Ok(()) => (fine + 1, refused),
                    Err(error) => {
                        assert_eq!(error.resource, Resource::Wakers);
                        (fine, refused + 1)
                    }
                });
            }
        });
    }
    assert_eq!(executor.run_until_idle(), 13);
    assert_eq!(board.wakers(), 64);
    futures
        .iter()
        .for_each(|future| assert!(board.settle(*future)));
    assert_eq!(executor.run_until_idle(), 0);
    assert_eq!(outcomes.get(), (64, 1));
    assert_eq!(board.wakers(), 0);
}

#[test]
fn a_thousand_tasks_of_the_dynamic_tier_lose_no_wake() {
    let board: &'static Board<Growing, Growing> = leaked();
    let mut executor: Dynamic<LocalFuture, _> = Dynamic::new(board);
    let futures: Vec<_> = (0..1000).map(|_| board.open().expect("room")).collect();
    for future in &futures {
        schedule(&mut executor, waiting(board, *future));
    }
    assert_eq!(executor.run_until_idle(), 1000);
    assert_eq!(board.wakers(), 1000);
    for (at, future) in futures.iter().enumerate().rev() {
        board.settle(*future);
        let number = at as u64;
        let has_ended = true;
        assert_eq!(executor.poll_next(), Some(Polled { number, has_ended }));
    }
    assert_eq!(executor.pending(), 0);
}

#[test]
fn who_stops_waiting_leaves_the_others_in_their_order() {
    let board: Board<Fixed<4>, Fixed<8>> = Board::default();
    let future = board.open().expect("room");
    let mut waits: Vec<_> = (0..4).map(|_| Box::pin(board.wait(future))).collect();
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    for (slot, wait) in waits.iter_mut().enumerate() {
        board.enter(Some(tourbillon_executor::TaskId {
            slot: slot as u32,
            generation: 0,
        }));
        assert!(wait.as_mut().poll(&mut context).is_pending());
    }
    board.enter(None);
    drop(waits.remove(3));
    drop(waits.remove(0));
    board.settle(future);
    // One of them goes after the end and before anybody looked.
    drop(waits.remove(1));
    assert_eq!(board.next_woken().map(|task| task.slot), Some(1));
    assert_eq!(board.next_woken(), None);
    assert_eq!(board.wakers(), 1);
    drop(waits);
    assert_eq!(board.wakers(), 0);
}
