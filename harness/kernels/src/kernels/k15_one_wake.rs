//! 15 one-wake: two sends wake one receiver, because it has not run yet when the second looks.

use std::future::poll_fn;
use std::task::{Context, Poll};

use tourbillon_sim::Injections;

use crate::kernel::{Body, Kernel, Model, UNSIZED, Variant};
use crate::runtime::Runtime;
use crate::shared::Shared;
use crate::waiting::Waiters;

pub(crate) const KERNEL: Kernel = Kernel {
    number: 15,
    name: "one-wake",
    title: "two sends wake one receiver, because it has not run yet when the second looks",
    source: "async-std #452",
    sizes: UNSIZED,
    injections: Injections::DEFAULT,
    body: Body::of::<OneWake>(),
};

const RECEIVERS: u32 = 2;

struct OneWake;

#[derive(Clone)]
struct Channel<R: Runtime> {
    state: Shared<R, State>,
    variant: Variant,
}

#[derive(Default)]
struct State {
    messages: u32,
    waiters: Waiters,
    // Those who were woken and have not run since.
    woken: Vec<u64>,
}

impl<R: Runtime> Channel<R> {
    fn send(&self) {
        let next = self.state.update(|state| {
            state.messages += 1;
            // As a lock may do it: whoever takes it wakes the next when it is done.
            if self.variant == Variant::Faulty && !state.woken.is_empty() {
                return None;
            }
            let next = state.waiters.next();
            state.woken.extend(next.as_ref().map(|one| one.0));
            next
        });
        if let Some((_, waker)) = next {
            waker.wake();
        }
    }

    fn poll(&self, ticket: u64, context: &Context<'_>) -> Poll<()> {
        self.state.update(|state| {
            state.woken.retain(|woken| *woken != ticket);
            if state.messages == 0 {
                state.waiters.enter(ticket, context.waker());
                return Poll::Pending;
            }
            state.messages -= 1;
            state.waiters.leave(ticket);
            Poll::Ready(())
        })
    }
}

impl Model for OneWake {
    /// As many messages as receivers; the second message takes a step longer to make.
    async fn run<R: Runtime>(runtime: R, variant: Variant, _size: u32) {
        let channel = Channel {
            state: Shared::new(&runtime, "channel", State::default()),
            variant,
        };
        let mut tasks = Vec::new();
        for _ in 0..RECEIVERS {
            let receiving = channel.clone();
            tasks.push(runtime.spawn("receiver", async move {
                let ticket = receiving.state.update(|state| state.waiters.ticket());
                poll_fn(|context| receiving.poll(ticket, context)).await;
            }));
        }
        for making in 0..RECEIVERS {
            let (yielding, sending) = (runtime.clone(), channel.clone());
            tasks.push(runtime.spawn("sender", async move {
                for _ in 0..making {
                    yielding.yield_now().await;
                }
                sending.send();
            }));
        }
        runtime.join(tasks).await;
    }
}
