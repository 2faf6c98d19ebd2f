//! 7 aba: a stack whose head is the same again is not the same stack.

use tourbillon_sim::Injections;

use crate::kernel::{Body, Kernel, Model, UNSIZED, Variant};
use crate::runtime::Runtime;
use crate::shared::Shared;

pub(crate) const KERNEL: Kernel = Kernel {
    number: 7,
    name: "aba",
    title: "a stack whose head is the same again is not the same stack",
    source: "lock-free stacks",
    sizes: UNSIZED,
    injections: Injections::DEFAULT,
    body: Body::of::<Aba>(),
};

struct Aba;

/// A stack of numbered nodes. Its head is compared and exchanged in one step, as hardware does it.
#[derive(Clone)]
struct Stack<R: Runtime> {
    runtime: R,
    // The node on top, and how often the head was exchanged.
    head: Shared<R, (Option<usize>, u32)>,
    next: Shared<R, Vec<Option<usize>>>,
    variant: Variant,
}

impl<R: Runtime> Stack<R> {
    fn exchange(&self, seen: (Option<usize>, u32), top: Option<usize>) -> bool {
        self.head.update(|head| {
            let same = match self.variant {
                Variant::Faulty => head.0 == seen.0,
                Variant::Corrected => *head == seen,
            };
            if same {
                *head = (top, head.1 + 1);
            }
            same
        })
    }

    async fn pop(&self) -> Option<usize> {
        loop {
            let seen = self.head.get();
            let top = seen.0?;
            let below = self.next.with(|next| next[top]);
            self.runtime.yield_now().await;
            if self.exchange(seen, below) {
                return Some(top);
            }
        }
    }

    async fn push(&self, node: usize) {
        loop {
            let seen = self.head.get();
            self.next.update(|next| next[node] = seen.0);
            self.runtime.yield_now().await;
            if self.exchange(seen, Some(node)) {
                return;
            }
        }
    }

    fn nodes(&self) -> Vec<usize> {
        let mut nodes = Vec::new();
        let mut at = self.head.get().0;
        while let Some(node) = at {
            nodes.push(node);
            at = self.next.with(|next| next[node]);
        }
        nodes
    }
}

impl Model for Aba {
    /// One task pops a node. Another pops two and pushes the first back: if all of that happens
    /// within the pop, the second node is in its hands and on the stack as well.
    async fn run<R: Runtime>(runtime: R, variant: Variant, _size: u32) {
        let stack = Stack {
            runtime: runtime.clone(),
            head: Shared::new(&runtime, "head", (Some(0), 0)),
            next: Shared::new(&runtime, "next", vec![Some(1), Some(2), None]),
            variant,
        };
        let owned = Shared::new(&runtime, "owned", Vec::new());
        let popper = (stack.clone(), owned.clone());
        let first = runtime.spawn("popper", async move {
            let (stack, owned) = popper;
            let node = stack.pop().await;
            owned.update(|owned| owned.extend(node));
        });
        let juggler = (runtime.clone(), stack.clone(), owned.clone());
        let second = runtime.spawn("juggler", async move {
            let (yielding, stack, owned) = juggler;
            let node = stack.pop().await;
            yielding.yield_now().await;
            let kept = stack.pop().await;
            yielding.yield_now().await;
            owned.update(|owned| owned.extend(kept));
            if let Some(node) = node {
                stack.push(node).await;
            }
        });
        runtime.join(vec![first, second]).await;
        let mut all = stack.nodes();
        owned.with(|owned| all.extend(owned));
        all.sort_unstable();
        assert!(all == [0, 1, 2], "a node is owned twice or lost");
    }
}
