//! 2 two-stage: an update in two critical sections is seen between them.

use tourbillon_sim::Injections;

use crate::kernel::{Body, Kernel, Model, UNSIZED, Variant};
use crate::parts::Lock;
use crate::runtime::Runtime;
use crate::shared::Shared;

pub(crate) const KERNEL: Kernel = Kernel {
    number: 2,
    name: "two-stage",
    title: "an update in two critical sections is seen between them",
    source: "SCTBench, twostage",
    sizes: UNSIZED,
    injections: Injections::DEFAULT,
    body: Body::of::<TwoStage>(),
};

const WRITERS: u32 = 3;

struct TwoStage;

impl Model for TwoStage {
    /// Writers put a value under one lock and what follows from it under another. The reader looks
    /// at both in the same order; if it comes between, they do not fit.
    async fn run<R: Runtime>(runtime: R, variant: Variant, _size: u32) {
        let first = Shared::new(&runtime, "first", 0);
        let second = Shared::new(&runtime, "second", 0);
        let locks = (
            Lock::new(&runtime, "first lock"),
            Lock::new(&runtime, "second lock"),
        );
        let mut tasks = Vec::new();
        for _ in 0..WRITERS {
            let (yielding, first, second) = (runtime.clone(), first.clone(), second.clone());
            let locks = locks.clone();
            tasks.push(runtime.spawn("writer", async move {
                let held = locks.0.lock().await;
                first.set(1);
                yielding.yield_now().await;
                // The corrected writer holds the first lock until both values stand.
                let held = (variant == Variant::Corrected).then_some(held);
                yielding.yield_now().await;
                let inner = locks.1.lock().await;
                second.set(first.get() + 1);
                drop((inner, held));
            }));
        }
        let yielding = runtime.clone();
        tasks.push(runtime.spawn("reader", async move {
            let held = locks.0.lock().await;
            let seen = first.get();
            yielding.yield_now().await;
            drop(held);
            if seen == 0 {
                return;
            }
            let inner = locks.1.lock().await;
            assert!(second.get() == seen + 1, "the second stage is missing");
            drop(inner);
        }));
        runtime.join(tasks).await;
    }
}
