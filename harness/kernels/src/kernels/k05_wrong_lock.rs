//! 5 wrong-lock: one of three tasks guards the value by another lock.

use tourbillon_sim::Injections;

use crate::kernel::{Body, Kernel, Model, UNSIZED, Variant};
use crate::parts::Lock;
use crate::runtime::Runtime;
use crate::shared::Shared;

pub(crate) const KERNEL: Kernel = Kernel {
    number: 5,
    name: "wrong-lock",
    title: "one of three tasks guards the value by another lock",
    source: "SCTBench, wronglock",
    sizes: UNSIZED,
    injections: Injections::DEFAULT,
    body: Body::of::<WrongLock>(),
};

/// So many steps the task with the wrong lock has to do first.
const PREPARATION: u32 = 3;

struct WrongLock;

impl Model for WrongLock {
    /// Under the lock nobody else may change the value.
    async fn run<R: Runtime>(runtime: R, variant: Variant, _size: u32) {
        let value = Shared::new(&runtime, "value", 0);
        let right = Lock::new(&runtime, "right lock");
        let wrong = match variant {
            Variant::Faulty => Lock::new(&runtime, "wrong lock"),
            Variant::Corrected => right.clone(),
        };
        let mut tasks = Vec::new();
        for (preparation, lock) in [(0, &right), (0, &right), (PREPARATION, &wrong)] {
            let (yielding, value, lock) = (runtime.clone(), value.clone(), lock.clone());
            tasks.push(runtime.spawn("writer", async move {
                for _ in 0..preparation {
                    yielding.yield_now().await;
                }
                let held = lock.lock().await;
                let before = value.get();
                yielding.yield_now().await;
                value.update(|value| *value += 1);
                assert!(
                    value.get() == before + 1,
                    "somebody else wrote under the lock"
                );
                drop(held);
            }));
        }
        runtime.join(tasks).await;
    }
}
