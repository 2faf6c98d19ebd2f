//! 4 lost-update: a value that was read before an await is written back after it.

use tourbillon_sim::Injections;

use crate::kernel::{Body, Kernel, Model, UNSIZED, Variant};
use crate::parts::Lock;
use crate::runtime::Runtime;
use crate::shared::Shared;

pub(crate) const KERNEL: Kernel = Kernel {
    number: 4,
    name: "lost-update",
    title: "a value that was read before an await is written back after it",
    source: "the textbook",
    sizes: UNSIZED,
    injections: Injections::DEFAULT,
    body: Body::of::<LostUpdate>(),
};

/// So many steps the second task has to do before it comes to the counter.
const PREPARATION: u32 = 4;

struct LostUpdate;

impl Model for LostUpdate {
    /// Two tasks add one each: read, wait, write. The second is usually late enough.
    async fn run<R: Runtime>(runtime: R, variant: Variant, _size: u32) {
        let counter = Shared::new(&runtime, "counter", 0);
        let lock = Lock::new(&runtime, "lock");
        let mut tasks = Vec::new();
        for preparation in [0, PREPARATION] {
            let (yielding, counter) = (runtime.clone(), counter.clone());
            let lock = (variant == Variant::Corrected).then(|| lock.clone());
            tasks.push(runtime.spawn("bump", async move {
                for _ in 0..preparation {
                    yielding.yield_now().await;
                }
                let held = match &lock {
                    Some(lock) => Some(lock.lock().await),
                    None => None,
                };
                let seen = counter.get();
                yielding.yield_now().await;
                counter.set(seen + 1);
                drop(held);
            }));
        }
        runtime.join(tasks).await;
        assert!(counter.get() == 2, "an update is lost");
    }
}
