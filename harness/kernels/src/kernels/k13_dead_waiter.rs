//! 13 dead-waiter: a cancelled lock stays in the queue, is handed the lock and never passes it on.

use std::future::poll_fn;

use tourbillon_sim::Injections;

use crate::kernel::{Body, Kernel, Model, UNSIZED, Variant};
use crate::runtime::Runtime;
use crate::shared::Shared;
use crate::waiting::Turn;

pub(crate) const KERNEL: Kernel = Kernel {
    number: 13,
    name: "dead-waiter",
    title: "a cancelled lock stays in the queue, is handed the lock and never passes it on",
    source: "tokio #1898, #1902",
    sizes: UNSIZED,
    injections: Injections {
        cancels: 1,
        ..Injections::DEFAULT
    },
    body: Body::of::<DeadWaiter>(),
};

const USERS: u32 = 3;
/// So many steps each has to do before it needs the lock.
const PREPARATION: u32 = 2;

struct DeadWaiter;

/// A place in the queue, then the lock.
struct Permit<R: Runtime> {
    turn: Turn<R>,
    ticket: u64,
    variant: Variant,
}

impl<R: Runtime> Drop for Permit<R> {
    fn drop(&mut self) {
        // The faulty one takes a permit that only waits for one that has nothing to give back.
        if self.variant == Variant::Corrected {
            self.turn.leave(self.ticket);
        }
        self.turn.pass(self.ticket);
    }
}

impl Model for DeadWaiter {
    /// Each prepares, takes the lock, works and gives it back; one may be cancelled anywhere.
    async fn run<R: Runtime>(runtime: R, variant: Variant, _size: u32) {
        let turn = Turn::new(&runtime, "lock");
        let inside = Shared::new(&runtime, "inside", 0);
        let mut tasks = Vec::new();
        for _ in 0..USERS {
            let (here, yielding, turn) = (runtime.clone(), runtime.clone(), turn.clone());
            let inside = inside.clone();
            let working = async move {
                for _ in 0..PREPARATION {
                    yielding.yield_now().await;
                }
                let permit = Permit {
                    ticket: turn.ticket(),
                    turn,
                    variant,
                };
                poll_fn(|context| permit.turn.poll(permit.ticket, context)).await;
                let before = inside.get();
                yielding.yield_now().await;
                inside.set(before + 1);
                assert!(inside.get() == before + 1, "two have the lock");
            };
            tasks.push(runtime.spawn("user", async move {
                here.cancellable("work", working).await;
            }));
        }
        runtime.join(tasks).await;
    }
}
