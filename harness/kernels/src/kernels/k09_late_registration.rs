//! 9 late-registration: a flag is checked, then the waiter is registered, with an await between.

use tourbillon_sim::Injections;

use crate::kernel::{Body, Kernel, Model, UNSIZED, Variant};
use crate::parts::{Gate, Lock};
use crate::runtime::Runtime;
use crate::shared::Shared;

pub(crate) const KERNEL: Kernel = Kernel {
    number: 9,
    name: "late-registration",
    title: "a flag is checked, then the waiter is registered, with an await between",
    source: "event and notify primitives",
    sizes: UNSIZED,
    injections: Injections::DEFAULT,
    body: Body::of::<LateRegistration>(),
};

const WAITERS: u32 = 2;
/// So many steps the setter has to do first.
const PREPARATION: u32 = 3;

struct LateRegistration;

impl Model for LateRegistration {
    /// Waiters look at the flag, wait for the list's lock and put themselves on the list. The setter
    /// sets the flag and wakes all on the list. A waiter that looked too early and registers too
    /// late sleeps for ever, unless it looks again.
    async fn run<R: Runtime>(runtime: R, variant: Variant, _size: u32) {
        let flag = Shared::new(&runtime, "flag", false);
        let list = Shared::new(&runtime, "list", Vec::new());
        let lock = Lock::new(&runtime, "list lock");
        let mut tasks = Vec::new();
        for _ in 0..WAITERS {
            let (runtime_here, flag, list) = (runtime.clone(), flag.clone(), list.clone());
            let lock = lock.clone();
            tasks.push(runtime.spawn("waiter", async move {
                if flag.get() {
                    return;
                }
                let held = lock.lock().await;
                if variant == Variant::Corrected && flag.get() {
                    return;
                }
                let entry = Gate::new(&runtime_here, "entry");
                // The list grows, which takes a step.
                runtime_here.yield_now().await;
                list.update(|list| list.push(entry.clone()));
                drop(held);
                entry.passed().await;
            }));
        }
        let yielding = runtime.clone();
        tasks.push(runtime.spawn("setter", async move {
            for _ in 0..PREPARATION {
                yielding.yield_now().await;
            }
            flag.set(true);
            let held = lock.lock().await;
            let waiting: Vec<Gate<R>> = list.update(std::mem::take);
            drop(held);
            for entry in waiting {
                entry.open();
            }
        }));
        runtime.join(tasks).await;
    }
}
