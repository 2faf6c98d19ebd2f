//! The search with reduction against the plain one: the same outcomes, one run of each partial order.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Poll, Waker};
use std::time::Duration;

use tourbillon_sim::{Access, Explorer, Injections, Object, Priority, Report, Sim, join_all};

/// Explores a program both ways; returns the runs with reduction and the redundant ones.
fn check<F, M>(name: &str, injections: Injections, program: M) -> (u64, u64)
where
    M: Fn(Sim) -> F,
    F: Future + 'static,
    F::Output: std::fmt::Debug,
{
    let (plain, reduced) = both(injections, &program);
    assert!(plain.exhausted, "{name}: the plain search was cut short");
    assert!(
        reduced.exhausted,
        "{name}: the reduced search was cut short"
    );
    assert_eq!(plain.outcome_names(), reduced.outcome_names(), "{name}");
    let failures = |report: &Report| report.failures.keys().cloned().collect::<Vec<_>>();
    assert_eq!(failures(&plain), failures(&reduced), "{name}");
    // Each full run is another partial order, and the plain search has met no others.
    assert_eq!(reduced.partial_orders.count(), reduced.schedules, "{name}");
    if std::env::var("DBG").is_ok() {
        let count = |r: &Report| {
            r.outcomes
                .iter()
                .map(|(k, v)| (k.clone(), v.count))
                .collect::<Vec<_>>()
        };
        println!("{:?} {:?}", count(&plain), count(&reduced));
    }
    if plain.partial_orders.is_exact() {
        assert_eq!(plain.partial_orders.count(), reduced.schedules, "{name}");
    }
    println!(
        "{name}: plain {}, reduced {} and {} redundant",
        plain.schedules, reduced.schedules, reduced.redundant
    );
    (reduced.schedules, reduced.redundant)
}

fn both<F, M>(injections: Injections, program: &M) -> (Report, Report)
where
    M: Fn(Sim) -> F,
    F: Future + 'static,
    F::Output: std::fmt::Debug,
{
    let plain = Explorer::exhaustive().injections(injections);
    let reduced = Explorer::reduced().injections(injections);
    (plain.explore(program), reduced.explore(program))
}

/// A counter whose accesses are told.
#[derive(Clone)]
struct Counter {
    value: Rc<Cell<u32>>,
    object: Object,
    sim: Sim,
}

impl Counter {
    fn new(sim: &Sim, name: &str) -> Counter {
        let object = sim.object(name);
        sim.access(object, Access::Write);
        Counter {
            value: Rc::default(),
            object,
            sim: sim.clone(),
        }
    }

    fn get(&self) -> u32 {
        self.sim.access(self.object, Access::Read);
        self.value.get()
    }

    fn set(&self, value: u32) {
        self.sim.access(self.object, Access::Write);
        self.value.set(value);
    }
}

async fn all_conflict(sim: Sim, tasks: usize, yields: usize) -> u32 {
    let counter = Counter::new(&sim, "counter");
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

async fn mostly_local(sim: Sim, tasks: usize) -> u32 {
    let shared = Counter::new(&sim, "shared");
    let tasks = (0..tasks).map(|number| {
        let (sim, shared) = (sim.clone(), shared.clone());
        sim.clone().spawn_named("worker", async move {
            let own = Counter::new(&sim, "own");
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

/// A lock that wakes its waiters in order; its accesses are told.
#[derive(Clone)]
struct Lock {
    state: Rc<RefCell<(bool, VecDeque<Waker>)>>,
    object: Object,
    sim: Sim,
}

struct Guard(Lock);

impl Lock {
    fn new(sim: &Sim) -> Lock {
        let object = sim.object("lock");
        Lock {
            state: Rc::default(),
            object,
            sim: sim.clone(),
        }
    }

    async fn lock(&self) -> Guard {
        poll_fn(|context| {
            self.sim.access(self.object, Access::Write);
            let mut state = self.state.borrow_mut();
            if state.0 {
                state.1.push_back(context.waker().clone());
                return Poll::Pending;
            }
            state.0 = true;
            Poll::Ready(Guard(self.clone()))
        })
        .await
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.sim.access(self.0.object, Access::Write);
        let waker = {
            let mut state = self.0.state.borrow_mut();
            state.0 = false;
            state.1.pop_front()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

async fn philosophers(sim: Sim, count: usize) -> Vec<u32> {
    let forks: Vec<Lock> = (0..count).map(|_| Lock::new(&sim)).collect();
    let meals = Counter::new(&sim, "meals");
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
    println!("5 philosophers: {} {}", report.schedules, report.redundant);
    assert!(report.schedules <= 841, "{}", report.schedules);
    assert_eq!(report.outcome_names(), ["[0]", "deadlock"]);
}

#[test]
fn operations_timers_and_picks_are_searched_too() {
    check("operations", Injections::DEFAULT, |sim| async move {
        let last = Counter::new(&sim, "last");
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
        let last = Counter::new(&sim, "last");
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
        let last = Counter::new(&sim, "last");
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
        let last = Counter::new(&sim, "last");
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
        let last = Counter::new(&sim, "last");
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
