//! The search with reduction against the plain one: the same outcomes, one run of each partial order.

mod support;

use std::future::poll_fn;
use std::task::Poll;
use std::time::Duration;

use futures::stream::{FuturesUnordered, StreamExt};
use support::check;
use tourbillon_sim::sync::Mutex;
use tourbillon_sim::{Explorer, Injections, Priority, Sim, join_all};

async fn all_conflict(sim: Sim, tasks: usize, yields: usize) -> u32 {
    let counter = sim.shared("counter", 0_u32);
    let tasks = (0..tasks).map(|_| {
        let (sim, counter) = (sim.clone(), counter.clone());
        sim.clone().spawn_named("bump", async move {
            for _ in 0..yields {
                counter.set(counter.get() + 1);
                sim.yield_now().await;
            }
        })
    });
    join_all(tasks.collect::<Vec<_>>()).await;
    counter.get()
}

#[test]
fn tasks_that_always_conflict_have_one_run_for_each_order_of_their_accesses() {
    // 9! / (3!)^3
    let (runs, redundant) = check("3 x 3", Injections::NONE, |sim| all_conflict(sim, 3, 3));
    assert_eq!((runs, redundant), (1_680, 0));
}

#[test]
fn a_long_run_with_many_races_takes_neither_long_nor_much_memory() {
    // Two pairs that share nothing with each other: each race of one leaves the whole other.
    let report = Explorer::reduced().schedules(2).explore(|sim| async move {
        let pairs = [1, 2].map(|_| {
            let inner = sim.clone();
            sim.spawn_named("pair", async move { all_conflict(inner, 2, 1_000).await })
        });
        join_all(pairs).await
    });
    assert_eq!((report.schedules, report.exhausted), (2, false));
}

async fn mostly_local(sim: Sim, tasks: usize) -> u32 {
    let shared = sim.shared("shared", 0_u32);
    let tasks = (0..tasks).map(|number| {
        let (sim, shared) = (sim.clone(), shared.clone());
        sim.clone().spawn_named("worker", async move {
            let own = sim.shared("own", 0_u32);
            for _ in 0..3 {
                own.set(own.get() + 1);
                sim.yield_now().await;
            }
            shared.set(shared.get() * 5 + number as u32 + 1);
        })
    });
    join_all(tasks.collect::<Vec<_>>()).await;
    shared.get()
}

#[test]
fn local_steps_cost_nothing() {
    let (runs, _) = check("3 mostly local", Injections::NONE, |sim| {
        mostly_local(sim, 3)
    });
    assert_eq!(runs, 6);
    let report = Explorer::reduced().explore(|sim| mostly_local(sim, 4));
    assert!(report.exhausted);
    assert_eq!((report.schedules, report.outcomes.len()), (24, 24));
    assert!(report.redundant <= 2, "{}", report.redundant);
}

async fn philosophers(sim: Sim, count: usize) -> Vec<u32> {
    let forks: Vec<Mutex<()>> = (0..count).map(|_| sim.mutex("fork", ())).collect();
    let meals = sim.shared("meals", 0_u32);
    let tasks = (0..count).map(|at| {
        let (left, right) = (forks[at].clone(), forks[(at + 1) % count].clone());
        let sim = sim.clone();
        sim.clone().spawn_named("philosopher", async move {
            let _left = left.lock().await;
            sim.yield_now().await;
            let _right = right.lock().await;
            sim.yield_now().await;
        })
    });
    join_all(tasks.collect::<Vec<_>>()).await;
    vec![meals.get()]
}

#[test]
fn philosophers_dine_or_starve() {
    check("3 philosophers", Injections::NONE, |sim| {
        philosophers(sim, 3)
    });
    let report = Explorer::reduced().explore(|sim| philosophers(sim, 5));
    assert!(report.exhausted);
    assert!(report.schedules <= 841, "{}", report.schedules);
    assert_eq!(report.outcome_names(), ["[0]", "deadlock"]);
}

#[test]
fn operations_timers_and_picks_are_searched_too() {
    check("operations", Injections::DEFAULT, |sim| async move {
        let last = sim.shared("last", 0_u32);
        let tasks = (1..=3).map(|number| {
            let (sim, last) = (sim.clone(), last.clone());
            sim.clone().spawn_named("reader", async move {
                sim.operation("read", Duration::ZERO).await;
                last.set(last.get() * 4 + number);
            })
        });
        join_all(tasks.collect::<Vec<_>>()).await;
        last.get()
    });
    check("timers", Injections::NONE, |sim| async move {
        let last = sim.shared("last", 0_u32);
        let tasks = (1..=3).map(|number| {
            let (sim, last) = (sim.clone(), last.clone());
            sim.clone().spawn_named("sleeper", async move {
                sim.sleep(Duration::from_millis(u64::from(number / 2)))
                    .await;
                last.set(last.get() * 4 + number);
                sim.yield_now().await;
                last.set(last.get() * 4 + sim.pick("value", 2));
            })
        });
        join_all(tasks.collect::<Vec<_>>()).await;
        last.get()
    });
}

#[test]
fn classes_of_priority_are_searched_too() {
    check("priorities", Injections::DEFAULT, |sim| async move {
        let last = sim.shared("last", 0_u32);
        let classes = [
            Priority::High,
            Priority::Normal,
            Priority::Low,
            Priority::Low,
        ];
        let tasks = classes.into_iter().zip(1..).map(|(class, number)| {
            let (sim, last) = (sim.clone(), last.clone());
            sim.clone().spawn_with("worker", class, async move {
                sim.operation("read", Duration::ZERO).await;
                last.set(last.get() * 5 + number);
            })
        });
        join_all(tasks.collect::<Vec<_>>()).await;
        last.get()
    });
}

#[test]
fn cancels_and_faults_strike_at_every_place() {
    let injections = Injections {
        faults: 1,
        cancels: 1,
        ..Injections::NONE
    };
    check("cancels", injections, |sim| async move {
        let last = sim.shared("last", 0_u32);
        let tasks = (1..=2).map(|number| {
            let (sim, last) = (sim.clone(), last.clone());
            sim.clone().spawn_named("worker", async move {
                let work = async {
                    sim.yield_now().await;
                    last.set(last.get() * 4 + number);
                    sim.yield_now().await;
                    last.set(last.get() * 4 + number);
                };
                let failed = sim.fault("start");
                (sim.cancellable("work", work).await.is_err(), failed)
            })
        });
        let ends = join_all(tasks.collect::<Vec<_>>()).await;
        (ends, last.get())
    });
}

#[test]
fn spurious_polls_and_panics_are_searched_too() {
    let spurious = Injections {
        spurious_polls: 1,
        ..Injections::NONE
    };
    check("spurious", spurious, |sim| async move {
        let last = sim.shared("last", 0_u32);
        let tasks = (1..=2).map(|number| {
            let (sim, last) = (sim.clone(), last.clone());
            sim.clone().spawn_named("worker", async move {
                // A condition that is wrong: one poll too many gets past it.
                let mut polls = 0;
                poll_fn(|context| {
                    polls += 1;
                    if polls > 1 {
                        return Poll::Ready(());
                    }
                    context.waker().wake_by_ref();
                    Poll::Pending
                })
                .await;
                last.set(last.get() * 4 + number);
            })
        });
        join_all(tasks.collect::<Vec<_>>()).await;
        last.get()
    });
    check("panic", Injections::NONE, |sim| async move {
        let tasks = ["one", "two"].map(|message| {
            let sim = sim.clone();
            sim.clone().spawn_named("worker", async move {
                sim.yield_now().await;
                sim.yield_now().await;
                assert!(message.is_empty(), "{message}");
            })
        });
        join_all(tasks).await;
    });
}

#[test]
fn one_join_after_another_and_a_task_that_looks() {
    check("joins", Injections::NONE, |sim| async move {
        let tasks = [1, 2].map(|number| {
            let sim = sim.clone();
            sim.clone().spawn_named("worker", async move {
                sim.yield_now().await;
                number
            })
        });
        sim.yield_now().await;
        let seen = tasks.iter().filter(|task| task.is_finished()).count();
        let [one, two] = tasks;
        (seen, two.await, one.await)
    });
}

#[test]
fn the_order_of_wakes_within_a_task_is_searched_too() {
    // Futures of one task that have wakers of their own are polled in the order of their wakes.
    check("joins unordered", Injections::NONE, |sim| async move {
        let workers = (0..3).map(|number| {
            let inner = sim.clone();
            sim.spawn_named("worker", async move {
                inner.yield_now().await;
                number
            })
        });
        let all: FuturesUnordered<_> = workers.collect();
        all.collect::<Vec<u32>>().await
    });
    check(
        "operations unordered",
        Injections::DEFAULT,
        |sim| async move {
            let operations = (0..3).map(|number| {
                let operation = sim.operation("read", Duration::ZERO);
                async move {
                    operation.await;
                    number
                }
            });
            let all: FuturesUnordered<_> = operations.collect();
            all.collect::<Vec<u32>>().await
        },
    );
    let cancels = support::cancels(2);
    check("cancels unordered", cancels, |sim| async move {
        let pending = (0..2).map(|number| {
            let never = sim.cancellable("never", std::future::pending::<()>());
            async move {
                let _ = never.await;
                number
            }
        });
        let all: FuturesUnordered<_> = pending.collect();
        all.collect::<Vec<u32>>().await
    });
}
