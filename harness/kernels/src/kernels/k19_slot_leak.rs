//! 19 slot-leak: a cancelled acquire keeps the slot of the connection that it was opening.

use tourbillon_sim::Injections;

use crate::kernel::{Body, Kernel, Model, UNSIZED, Variant};
use crate::runtime::Runtime;
use crate::shared::Shared;
use crate::waiting::Bell;

pub(crate) const KERNEL: Kernel = Kernel {
    number: 19,
    name: "slot-leak",
    title: "a cancelled acquire keeps the slot of the connection that it was opening",
    source: "sqlx #83, #1869, #4349; bb8 #67",
    sizes: UNSIZED,
    injections: Injections {
        cancels: 1,
        ..Injections::DEFAULT
    },
    body: Body::of::<SlotLeak>(),
};

const CONNECTIONS: u32 = 1;
const USERS: u32 = 3;
/// What each waits for before it needs a connection.
const BEFORE: [&str; 2] = ["head", "body"];

struct SlotLeak;

#[derive(Clone)]
struct Pool<R: Runtime> {
    runtime: R,
    counts: Shared<R, Counts>,
    bell: Bell<R>,
    variant: Variant,
}

/// How many connections there are or will be, and how many of them nobody uses.
struct Counts {
    slots: u32,
    idle: u32,
}

/// A place for a connection; with one in it when it is open.
struct Slot<R: Runtime> {
    pool: Pool<R>,
    is_open: bool,
}

impl<R: Runtime> Pool<R> {
    async fn acquire(&self) -> Slot<R> {
        let look = || {
            self.counts.update(|counts| {
                let is_open = counts.idle > 0;
                if is_open {
                    counts.idle -= 1;
                } else if counts.slots < CONNECTIONS {
                    counts.slots += 1;
                } else {
                    return None;
                }
                Some(is_open)
            })
        };
        let slot = |is_open| Slot {
            pool: self.clone(),
            is_open,
        };
        if self.bell.wait_until(look).await {
            return slot(true);
        }
        // What is counted must be somebody's before the next await.
        let closed = (self.variant == Variant::Corrected).then(|| slot(false));
        self.runtime.operation("connect").await;
        let mut opened = closed.unwrap_or_else(|| slot(false));
        opened.is_open = true;
        opened
    }
}

impl<R: Runtime> Drop for Slot<R> {
    fn drop(&mut self) {
        let is_open = self.is_open;
        self.pool.counts.update(|counts| match is_open {
            true => counts.idle += 1,
            false => counts.slots -= 1,
        });
        self.pool.bell.ring();
    }
}

impl Model for SlotLeak {
    /// More users than connections. One may be cancelled, also while its connection is opened.
    async fn run<R: Runtime>(runtime: R, variant: Variant, _size: u32) {
        let pool = Pool {
            runtime: runtime.clone(),
            counts: Shared::new(&runtime, "counts", Counts { slots: 0, idle: 0 }),
            bell: Bell::new(&runtime, "pool"),
            variant,
        };
        let mut tasks = Vec::new();
        for _ in 0..USERS {
            let (here, yielding, pool) = (runtime.clone(), runtime.clone(), pool.clone());
            let working = async move {
                for part in BEFORE {
                    yielding.operation(part).await;
                }
                let connection = pool.acquire().await;
                yielding.yield_now().await;
                drop(connection);
            };
            tasks.push(runtime.spawn("user", async move {
                here.cancellable("work", working).await;
            }));
        }
        runtime.join(tasks).await;
    }
}
