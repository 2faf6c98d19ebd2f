//! 17 futurelock: a task waits for a lock that stands handed to a future which it no longer polls.

use tourbillon_sim::Injections;

use crate::kernel::{Body, Kernel, Model, UNSIZED, Variant};
use crate::runtime::Runtime;
use crate::waiting::{Turn, Winner, race};

pub(crate) const KERNEL: Kernel = Kernel {
    number: 17,
    name: "futurelock",
    title: "a task waits for a lock that stands handed to a future which it no longer polls",
    source: "async-lock #91, Oxide RFD 609",
    sizes: UNSIZED,
    injections: Injections::DEFAULT,
    body: Body::of::<Futurelock>(),
};

/// So many steps each task has to do before it needs the lock.
const PREPARATION: u32 = 3;

struct Futurelock;

impl Model for Futurelock {
    /// A task works under a lock that another has for a while. If that takes too long it does
    /// something else under the same lock first; the faulty one keeps its first try in the queue.
    async fn run<R: Runtime>(runtime: R, variant: Variant, _size: u32) {
        let lock = Turn::new(&runtime, "lock");
        let (yielding, holding) = (runtime.clone(), lock.clone());
        let holder = runtime.spawn("holder", async move {
            for _ in 0..PREPARATION {
                yielding.yield_now().await;
            }
            let held = holding.take().await;
            yielding.yield_now().await;
            drop(held);
        });
        let here = runtime.clone();
        let worker = runtime.spawn("worker", async move {
            let working = async || {
                let held = lock.take().await;
                here.yield_now().await;
                drop(held);
            };
            for _ in 0..PREPARATION {
                here.yield_now().await;
            }
            let mut first = Box::pin(working());
            let first = match race(first.as_mut(), here.operation("timeout")).await {
                Winner::First(()) => return,
                Winner::Second(()) => (variant == Variant::Faulty).then_some(first),
            };
            working().await;
            drop(first);
        });
        runtime.join(vec![holder, worker]).await;
    }
}
