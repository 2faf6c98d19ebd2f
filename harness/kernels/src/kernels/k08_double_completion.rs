//! 8 double-completion: a reply and its timeout both complete the request.

use tourbillon_sim::Injections;

use crate::kernel::{Body, Kernel, Model, UNSIZED, Variant};
use crate::runtime::Runtime;
use crate::shared::Shared;

pub(crate) const KERNEL: Kernel = Kernel {
    number: 8,
    name: "double-completion",
    title: "a reply and its timeout both complete the request",
    source: "request tables of every client",
    sizes: UNSIZED,
    injections: Injections::DEFAULT,
    body: Body::of::<DoubleCompletion>(),
};

struct DoubleCompletion;

impl Model for DoubleCompletion {
    /// Reply and timeout are under way, the timeout with a queue of its own to pass. Whoever comes
    /// finds the request open, takes a step to make its answer, and completes the request; the
    /// corrected one claims it first.
    async fn run<R: Runtime>(runtime: R, variant: Variant, _size: u32) {
        let open = Shared::new(&runtime, "open", true);
        let completions = Shared::new(&runtime, "completions", 0);
        let mut tasks = Vec::new();
        for (event, queued) in [("reply", 0), ("timeout", 1)] {
            let (making, open, completions) = (runtime.clone(), open.clone(), completions.clone());
            tasks.push(runtime.spawn(event, async move {
                making.operation(event).await;
                for _ in 0..queued {
                    making.yield_now().await;
                }
                if !open.get() {
                    return;
                }
                if variant == Variant::Corrected {
                    open.set(false);
                }
                making.yield_now().await;
                open.set(false);
                completions.update(|completions| *completions += 1);
            }));
        }
        runtime.join(tasks).await;
        assert!(completions.get() == 1, "the request was completed twice");
    }
}
