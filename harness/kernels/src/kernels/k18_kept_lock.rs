//! 18 kept-lock: a lock handed to a future that is dropped before it is polled is never given back.

use std::future::poll_fn;

use tourbillon_sim::Injections;

use crate::kernel::{Body, Kernel, Model, UNSIZED, Variant};
use crate::runtime::Runtime;
use crate::waiting::Turn;

pub(crate) const KERNEL: Kernel = Kernel {
    number: 18,
    name: "kept-lock",
    title: "a lock handed to a future that is dropped before it is polled is never given back",
    source: "futures-locks #1",
    sizes: UNSIZED,
    injections: Injections {
        cancels: 1,
        ..Injections::DEFAULT
    },
    body: Body::of::<KeptLock>(),
};

const USERS: u32 = 3;

struct KeptLock;

/// Waits for the lock. Whoever got it has a guard, which gives it back.
struct Locking<R: Runtime> {
    turn: Turn<R>,
    ticket: u64,
    ended: bool,
    variant: Variant,
}

struct Guard<R: Runtime>(Turn<R>, u64);

impl<R: Runtime> Locking<R> {
    async fn lock(mut self) -> Guard<R> {
        poll_fn(|context| self.turn.poll(self.ticket, context)).await;
        self.ended = true;
        Guard(self.turn.clone(), self.ticket)
    }
}

impl<R: Runtime> Drop for Locking<R> {
    fn drop(&mut self) {
        let was_waiting = self.turn.leave(self.ticket);
        // Neither waiting nor ended: it is its turn already.
        if !was_waiting && !self.ended && self.variant == Variant::Corrected {
            self.turn.pass(self.ticket);
        }
    }
}

impl<R: Runtime> Drop for Guard<R> {
    fn drop(&mut self) {
        self.0.pass(self.1);
    }
}

impl Model for KeptLock {
    /// Each waits for a request, takes the lock and works under it; one may be cancelled before it has it.
    async fn run<R: Runtime>(runtime: R, variant: Variant, _size: u32) {
        let turn = Turn::new(&runtime, "lock");
        let mut tasks = Vec::new();
        for _ in 0..USERS {
            let (here, waiting, turn) = (runtime.clone(), runtime.clone(), turn.clone());
            tasks.push(runtime.spawn("user", async move {
                let locking = Locking {
                    ticket: turn.ticket(),
                    turn,
                    ended: false,
                    variant,
                };
                let preparing = async move {
                    waiting.operation("request").await;
                    locking.lock().await
                };
                let guard = here.cancellable("lock", preparing).await;
                here.yield_now().await;
                drop(guard);
            }));
        }
        runtime.join(tasks).await;
    }
}
