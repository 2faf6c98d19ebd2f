//! 6 philosophers: all take the left fork first.

use tourbillon_sim::Injections;

use crate::kernel::{Body, Kernel, Model, Variant};
use crate::parts::Lock;
use crate::runtime::Runtime;
use crate::shared::Shared;

pub(crate) const KERNEL: Kernel = Kernel {
    number: 6,
    name: "philosophers",
    title: "all take the left fork first",
    source: "Dijkstra; SCTBench, din_phil",
    sizes: &[2, 3, 4, 5, 6, 7],
    injections: Injections::DEFAULT,
    body: Body::of::<Philosophers>(),
};

/// So many steps after the others the last one sits down.
const LATE: u32 = 2;

struct Philosophers;

impl Model for Philosophers {
    /// `size` philosophers eat once each. The last one comes late, so that with turns taken in order
    /// its left neighbour has both forks by then.
    async fn run<R: Runtime>(runtime: R, variant: Variant, size: u32) {
        let size = size as usize;
        let forks: Vec<Lock<R>> = (0..size).map(|_| Lock::new(&runtime, "fork")).collect();
        let meals = Shared::new(&runtime, "meals", 0);
        let mut tasks = Vec::new();
        for number in 0..size {
            let mut order = (forks[number].clone(), forks[(number + 1) % size].clone());
            if number == size - 1 {
                for _ in 0..LATE {
                    runtime.yield_now().await;
                }
                if variant == Variant::Corrected {
                    order = (order.1, order.0);
                }
            }
            let (yielding, meals) = (runtime.clone(), meals.clone());
            tasks.push(runtime.spawn("philosopher", async move {
                let first = order.0.lock().await;
                yielding.yield_now().await;
                let second = order.1.lock().await;
                meals.update(|meals| *meals += 1);
                drop((first, second));
            }));
        }
        runtime.join(tasks).await;
        assert!(meals.get() == size, "somebody has not eaten");
    }
}
