//! Programs under test that several test files share.

#![allow(dead_code, reason = "not every test file uses every program")]

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use tourbillon_sim::{Injections, JoinHandle, Sim, join_all};

/// Two tasks read a counter, give way, and write it back: 2, or 1 when an update was lost.
pub async fn lost_update(sim: Sim) -> u32 {
    let counter = Rc::new(Cell::new(0));
    join_all((0..2).map(|_| bump(&sim, "bump", &counter))).await;
    counter.get()
}

/// The same after an edit: other choices come first, so that every position has moved.
pub async fn lost_update_edited(sim: Sim) -> u32 {
    let counter = Rc::new(Cell::new(0));
    let _ = (sim.pick("size", 2), sim.pick("size", 3));
    sim.spawn_named("other", async {}).await;
    join_all((0..2).map(|_| bump(&sim, "bump", &counter))).await;
    counter.get()
}

/// The same with other names: nothing of a recording fits.
pub async fn lost_update_renamed(sim: Sim) -> u32 {
    let counter = Rc::new(Cell::new(0));
    join_all((0..2).map(|_| bump(&sim, "increment", &counter))).await;
    counter.get()
}

fn bump(sim: &Sim, name: &str, counter: &Rc<Cell<u32>>) -> JoinHandle<()> {
    let (inner, counter) = (sim.clone(), Rc::clone(counter));
    sim.spawn_named(name, async move {
        let seen = counter.get();
        inner.yield_now().await;
        counter.set(seen + 1);
    })
}

/// Read and write in one step: always 2.
pub async fn atomic_update(sim: Sim) -> u32 {
    let counter = Rc::new(Cell::new(0));
    let tasks = (0..2).map(|_| {
        let (inner, counter) = (sim.clone(), Rc::clone(&counter));
        sim.spawn_named("bump", async move {
            inner.yield_now().await;
            counter.set(counter.get() + 1);
        })
    });
    join_all(tasks).await;
    counter.get()
}

/// So many tasks that yield so often and share nothing; main waits for none of them.
pub async fn yielders(sim: Sim, tasks: u32, yields: u32) {
    for _ in 0..tasks {
        let inner = sim.clone();
        sim.spawn(async move {
            for _ in 0..yields {
                inner.yield_now().await;
            }
        });
    }
}

/// Timers, operations, picks, nested tasks and a log of who did what.
pub async fn busy(sim: Sim) -> String {
    let log = Rc::new(RefCell::new(String::new()));
    let tasks = (0..3_u64).map(|number| {
        let (inner, log) = (sim.clone(), Rc::clone(&log));
        sim.spawn_named("worker", async move {
            inner.sleep(Duration::from_millis(10 * (number % 2))).await;
            inner
                .operation("read", Duration::from_millis(5 * number))
                .await;
            let picked = inner.pick("size", 3);
            log.borrow_mut().push_str(&format!("{number}{picked}"));
            let child = inner.spawn_named("child", {
                let inner = inner.clone();
                async move {
                    inner.operation("write", Duration::ZERO).await;
                    inner.yield_now().await;
                    inner.now()
                }
            });
            let then = child.await;
            log.borrow_mut()
                .push_str(&format!("@{} ", then.as_millis()));
        })
    });
    join_all(tasks).await;
    log.take()
}

/// Everything that may be injected.
pub fn all_injections() -> Injections {
    Injections::parse("pending,delay,spurious").expect("valid")
}
