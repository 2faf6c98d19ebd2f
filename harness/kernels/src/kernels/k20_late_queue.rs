//! 20 late-queue: a connection comes back between the look into the pool and the place in its queue.

use std::collections::VecDeque;

use tourbillon_sim::Injections;

use crate::kernel::{Body, Kernel, Model, UNSIZED, Variant};
use crate::parts::Gate;
use crate::runtime::Runtime;
use crate::shared::Shared;

pub(crate) const KERNEL: Kernel = Kernel {
    number: 20,
    name: "late-queue",
    title: "a connection comes back between the look into the pool and the place in its queue",
    source: "bb8 #122",
    sizes: UNSIZED,
    injections: Injections::DEFAULT,
    body: Body::of::<LateQueue>(),
};

const CONNECTIONS: u32 = 2;
const USERS: u32 = 3;
/// So many steps a user has a connection.
const WORK: u32 = 2;

struct LateQueue;

#[derive(Clone)]
struct Pool<R: Runtime> {
    runtime: R,
    idle: Shared<R, u32>,
    // Whoever waits is handed a connection.
    queue: Shared<R, VecDeque<Gate<R>>>,
    variant: Variant,
}

impl<R: Runtime> Pool<R> {
    fn take_idle(&self) -> bool {
        self.idle.update(|idle| {
            let before = *idle;
            *idle = before.saturating_sub(1);
            before > 0
        })
    }

    async fn get(&self) {
        if self.take_idle() {
            return;
        }
        // Whether one more may be opened takes a step to find out. It may not.
        self.runtime.yield_now().await;
        if self.variant == Variant::Corrected && self.take_idle() {
            return;
        }
        let handed = Gate::new(&self.runtime, "handed");
        self.queue.update(|queue| queue.push_back(handed.clone()));
        handed.passed().await;
    }

    fn put_back(&self) {
        match self.queue.update(VecDeque::pop_front) {
            Some(waiting) => waiting.open(),
            None => self.idle.update(|idle| *idle += 1),
        }
    }
}

impl Model for LateQueue {
    /// One user more than connections. If all come back at the wrong moment, the last user waits for
    /// ever beside a full pool.
    async fn run<R: Runtime>(runtime: R, variant: Variant, _size: u32) {
        let pool = Pool {
            runtime: runtime.clone(),
            idle: Shared::new(&runtime, "idle", CONNECTIONS),
            queue: Shared::new(&runtime, "queue", VecDeque::new()),
            variant,
        };
        let mut tasks = Vec::new();
        for _ in 0..USERS {
            let (yielding, pool) = (runtime.clone(), pool.clone());
            tasks.push(runtime.spawn("user", async move {
                pool.get().await;
                for _ in 0..WORK {
                    yielding.yield_now().await;
                }
                pool.put_back();
            }));
        }
        runtime.join(tasks).await;
    }
}
