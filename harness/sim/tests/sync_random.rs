//! Programs made at random of locks, permits, notifications, channels and cells: the search with
//! reduction finds what the plain one finds, with cancels and without.

mod support;

use std::fmt::Write;

use tourbillon_sim::rng::Rng;
use tourbillon_sim::sync::{Mutex, Notify, Receiver, Semaphore, Sender, Shared};
use tourbillon_sim::{Explorer, Injections, Sim, join_all};

/// Programs beyond so many schedules are passed over: others are as good.
const PLAIN_SCHEDULES: u64 = 3_000;

/// One thing that a task does.
#[derive(Clone, Copy, Debug)]
enum Deed {
    Yield,
    Get,
    Set,
    Lock(usize),
    TryLock(usize),
    Unlock,
    Acquire(usize),
    AddPermit,
    NotifyOne,
    NotifyWaiters,
    Notified,
    Send,
    TrySend,
    /// By the first task, which has the receiver.
    Receive,
}

const DEEDS: [Deed; 17] = [
    Deed::Yield,
    Deed::Get,
    Deed::Set,
    Deed::Lock(0),
    Deed::Lock(0),
    Deed::Lock(1),
    Deed::TryLock(0),
    Deed::Unlock,
    Deed::Acquire(1),
    Deed::Acquire(2),
    Deed::AddPermit,
    Deed::NotifyOne,
    Deed::NotifyWaiters,
    Deed::Notified,
    Deed::Send,
    Deed::TrySend,
    Deed::Receive,
];

fn program(seed: u64) -> Vec<Vec<Deed>> {
    let mut rng = Rng::stream(seed, 7);
    let tasks = 2 + rng.below(2);
    let deeds = |rng: &mut Rng| (0..4).map(|_| DEEDS[rng.below(17) as usize]).collect();
    (0..tasks).map(|_| deeds(&mut rng)).collect()
}

/// What the tasks share.
#[derive(Clone)]
struct World {
    sim: Sim,
    cell: Shared<u32>,
    locks: [Mutex<()>; 2],
    permits: Semaphore,
    notify: Notify,
    sender: Sender<u32>,
}

async fn perform(
    world: World,
    number: u32,
    deeds: Vec<Deed>,
    mut receiver: Option<Receiver<u32>>,
    log: Shared<String>,
) {
    let mut guards = Vec::new();
    for deed in deeds {
        let seen = match deed {
            Deed::Yield => {
                world.sim.yield_now().await;
                continue;
            }
            Deed::Get => world.cell.get(),
            Deed::Set => {
                world.cell.set(number);
                continue;
            }
            Deed::Lock(which) => {
                guards.push(world.locks[which].lock().await);
                continue;
            }
            Deed::TryLock(which) => {
                let guard = world.locks[which].try_lock();
                let is_taken = guard.is_some();
                guards.extend(guard);
                u32::from(is_taken)
            }
            Deed::Unlock => {
                guards.pop();
                continue;
            }
            Deed::Acquire(count) => {
                let permit = world.permits.acquire_many(count).await;
                world.sim.yield_now().await;
                u32::from(permit.is_ok())
            }
            Deed::AddPermit => {
                world.permits.add_permits(1);
                continue;
            }
            Deed::NotifyOne => {
                world.notify.notify_one();
                continue;
            }
            Deed::NotifyWaiters => {
                world.notify.notify_waiters();
                continue;
            }
            Deed::Notified => {
                world.notify.notified().await;
                9
            }
            Deed::Send => u32::from(world.sender.send(number).await.is_ok()),
            Deed::TrySend => u32::from(world.sender.try_send(number).is_ok()),
            Deed::Receive => match &mut receiver {
                Some(receiver) => receiver.recv().await.unwrap_or(8),
                None => continue,
            },
        };
        // A log of its own: writing it depends on nobody.
        log.update(|log| write!(log, "{seen}")).expect("a text");
    }
}

async fn run(sim: Sim, tasks: Vec<Vec<Deed>>) -> Vec<String> {
    let (sender, receiver) = sim.channel("queue", 1);
    let world = World {
        sim: sim.clone(),
        cell: sim.shared("cell", 0),
        locks: ["one", "two"].map(|name| sim.mutex(name, ())),
        permits: sim.semaphore("permits", 2),
        notify: sim.notify("notify"),
        sender,
    };
    let mut receiver = Some(receiver);
    let mut logs = Vec::new();
    let tasks = tasks.into_iter().zip(1..).map(|(deeds, number)| {
        let log = sim.shared("log", String::new());
        logs.push(log.clone());
        let work = perform(world.clone(), number, deeds, receiver.take(), log.clone());
        let work = sim.cancellable("work", work);
        sim.spawn_named("worker", async move {
            if work.await.is_err() {
                log.update(|log| log.push('x'));
            }
        })
    });
    let tasks: Vec<_> = tasks.collect();
    drop(world);
    join_all(tasks).await;
    logs.iter().map(Shared::get).collect()
}

#[test]
fn both_searches_agree() {
    let (mut compared, mut with_several) = (0, 0);
    let cancels = [Injections::NONE, support::cancels(1)];
    for seed in 0..400 {
        let tasks = program(seed);
        let injections = cancels[(seed % 2) as usize];
        let explore = |explorer: Explorer| {
            let explorer = explorer.injections(injections).repeat_every(0);
            explorer.explore(|sim: Sim| run(sim, tasks.clone()))
        };
        let plain = explore(Explorer::exhaustive().schedules(PLAIN_SCHEDULES));
        if !plain.exhausted {
            continue;
        }
        let reduced = explore(Explorer::reduced());
        let said = format!("seed {seed}: {tasks:?} {injections}");
        assert!(reduced.exhausted, "{said}");
        assert_eq!(plain.outcome_names(), reduced.outcome_names(), "{said}");
        let failures = |report: &tourbillon_sim::Report| -> Vec<String> {
            report.failures.keys().map(ToString::to_string).collect()
        };
        assert_eq!(failures(&plain), failures(&reduced), "{said}");
        assert_eq!(plain.partial_orders.count(), reduced.schedules, "{said}");
        compared += 1;
        with_several += u32::from(plain.outcomes.len() > 1);
    }
    // Enough of them, and not only such as have a single outcome.
    assert!(compared > 200, "{compared}");
    assert!(with_several > 100, "{with_several}");
}

#[test]
fn a_lock_is_held_by_one_task_at_most_whatever_is_cancelled() {
    for yields in 1..=2 {
        let report = Explorer::reduced()
            .cancels(2)
            .explore(|sim: Sim| async move {
                let lock = sim.mutex("lock", ());
                let inside = sim.shared("inside", 0);
                let tasks = (0..3).map(|_| {
                    let (inner, lock, inside) = (sim.clone(), lock.clone(), inside.clone());
                    let work = sim.cancellable("work", async move {
                        let _guard = lock.lock().await;
                        let inside = Inside::enter(inside);
                        inner.invariant(inside.others == 0, "alone");
                        for _ in 0..yields {
                            inner.yield_now().await;
                        }
                    });
                    sim.spawn_named("worker", async move { work.await.is_ok() })
                });
                join_all(tasks.collect::<Vec<_>>()).await;
                lock.is_locked()
            });
        assert!(report.exhausted && report.failures.is_empty());
        assert_eq!(report.outcome_names(), ["false"]);
    }
}

/// Counts who is inside, also those that are dropped there.
struct Inside {
    count: Shared<u32>,
    others: u32,
}

impl Inside {
    fn enter(count: Shared<u32>) -> Inside {
        let others = count.update(|count| std::mem::replace(count, *count + 1));
        Inside { count, others }
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        self.count.update(|count| *count -= 1);
    }
}
