//! 1 reorder: a reader sees the first of two writes without the second.

use tourbillon_sim::Injections;

use crate::kernel::{Body, Kernel, Model, Variant};
use crate::runtime::Runtime;
use crate::shared::Shared;

pub(crate) const KERNEL: Kernel = Kernel {
    number: 1,
    name: "reorder",
    title: "a reader sees the first of two writes without the second",
    source: "SCTBench, reorder",
    sizes: &[3, 5, 10, 20],
    injections: Injections::DEFAULT,
    body: Body::of::<Reorder>(),
};

struct Reorder;

impl Model for Reorder {
    /// All but one of `size` tasks write a and, a step later, b; the last looks at both after a step
    /// of its own. It must run twice before any of them has, but not before all of them.
    async fn run<R: Runtime>(runtime: R, variant: Variant, size: u32) {
        let a = Shared::new(&runtime, "a", 0);
        let b = Shared::new(&runtime, "b", 0);
        let mut tasks = Vec::new();
        for _ in 1..size {
            let (yielding, a, b) = (runtime.clone(), a.clone(), b.clone());
            tasks.push(runtime.spawn("setter", async move {
                match variant {
                    Variant::Faulty => {
                        a.set(1);
                        yielding.yield_now().await;
                    }
                    Variant::Corrected => {
                        yielding.yield_now().await;
                        a.set(1);
                    }
                }
                b.set(1);
            }));
        }
        let yielding = runtime.clone();
        tasks.push(runtime.spawn("checker", async move {
            yielding.yield_now().await;
            let seen = (a.get(), b.get());
            assert!(seen.0 == seen.1, "a is written and b is not");
        }));
        runtime.join(tasks).await;
    }
}
