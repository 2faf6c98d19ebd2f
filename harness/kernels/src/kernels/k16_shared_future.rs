//! 16 shared-future: the one whose waker the inner future has is dropped, and nobody else is woken.

use std::future::poll_fn;
use std::task::{Context, Poll, Waker};

use tourbillon_sim::Injections;

use crate::kernel::{Body, Kernel, Model, UNSIZED, Variant};
use crate::runtime::Runtime;
use crate::shared::Shared;
use crate::waiting::Waiters;

pub(crate) const KERNEL: Kernel = Kernel {
    number: 16,
    name: "shared-future",
    title: "the one whose waker the inner future has is dropped, and nobody else is woken",
    source: "futures-rs #304, #339, #2706",
    sizes: UNSIZED,
    injections: Injections {
        cancels: 1,
        ..Injections::DEFAULT
    },
    body: Body::of::<SharedFuture>(),
};

const WAITERS: u32 = 3;
/// So many steps each has to do before it waits.
const PREPARATION: u32 = 2;

struct SharedFuture;

/// The inner future: it wakes whoever polled it last.
#[derive(Default)]
struct Inner {
    done: bool,
    waker: Option<Waker>,
}

/// A clone of the shared future.
struct Handle<R: Runtime> {
    inner: Shared<R, Inner>,
    waiters: Shared<R, Waiters>,
    ticket: u64,
    variant: Variant,
}

impl<R: Runtime> Handle<R> {
    fn poll(&self, context: &Context<'_>) -> Poll<()> {
        let done = self.inner.update(|inner| {
            inner.waker = Some(context.waker().clone());
            inner.done
        });
        if !done {
            let waiters = &self.waiters;
            waiters.update(|waiters| waiters.enter(self.ticket, context.waker()));
            return Poll::Pending;
        }
        self.wake_others();
        Poll::Ready(())
    }

    fn wake_others(&self) {
        let others = self.waiters.update(|waiters| {
            waiters.leave(self.ticket);
            waiters.all()
        });
        others.into_iter().for_each(Waker::wake);
    }
}

impl<R: Runtime> Drop for Handle<R> {
    fn drop(&mut self) {
        match self.variant {
            Variant::Faulty => {
                self.waiters.update(|waiters| waiters.leave(self.ticket));
            }
            // One of the others must poll the inner future in its place.
            Variant::Corrected => self.wake_others(),
        }
    }
}

impl Model for SharedFuture {
    /// All wait for the same; one of them may be cancelled before it is there.
    async fn run<R: Runtime>(runtime: R, variant: Variant, _size: u32) {
        let inner = Shared::new(&runtime, "inner", Inner::default());
        let waiters = Shared::new(&runtime, "waiters", Waiters::default());
        let mut tasks = Vec::new();
        for _ in 0..WAITERS {
            let handle = Handle {
                inner: inner.clone(),
                waiters: waiters.clone(),
                ticket: waiters.update(Waiters::ticket),
                variant,
            };
            let (here, yielding) = (runtime.clone(), runtime.clone());
            tasks.push(runtime.spawn("waiter", async move {
                let waiting = async move {
                    for _ in 0..PREPARATION {
                        yielding.yield_now().await;
                    }
                    poll_fn(|context| handle.poll(context)).await;
                };
                here.cancellable("wait", waiting).await;
            }));
        }
        let here = runtime.clone();
        tasks.push(runtime.spawn("maker", async move {
            here.operation("make").await;
            let waker = inner.update(|inner| {
                inner.done = true;
                inner.waker.take()
            });
            if let Some(waker) = waker {
                waker.wake();
            }
        }));
        runtime.join(tasks).await;
    }
}
