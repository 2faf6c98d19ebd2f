//! 12 idle-receiver: a reservation that is dropped gives its permits back and does not tell the receiver.

use std::cell::Cell;
use std::collections::VecDeque;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use tourbillon_sim::Injections;

use crate::kernel::{Body, Kernel, Model, UNSIZED, Variant};
use crate::runtime::Runtime;
use crate::shared::Shared;

pub(crate) const KERNEL: Kernel = Kernel {
    number: 12,
    name: "idle-receiver",
    title: "a reservation that is dropped gives its permits back and does not tell the receiver",
    source: "tokio #8260, #8075, #2854",
    sizes: UNSIZED,
    injections: Injections {
        cancels: 1,
        ..Injections::DEFAULT
    },
    body: Body::of::<IdleReceiver>(),
};

const CAPACITY: u32 = 2;
/// So many steps the other sender keeps its permit.
const HOLDING: u32 = 4;
/// So many steps the receiver has to do before it closes the channel.
const RECEIVING: u32 = 4;

struct IdleReceiver;

/// A bounded channel without its messages.
#[derive(Clone)]
struct Channel<R: Runtime> {
    state: Shared<R, State>,
    variant: Variant,
}

#[derive(Default)]
struct State {
    free: u32,
    closed: bool,
    queue: VecDeque<Request>,
    receiver: Option<Waker>,
}

struct Request {
    missing: u32,
    got: Rc<Cell<u32>>,
    waker: Waker,
}

impl<R: Runtime> Channel<R> {
    fn reserve(&self, permits: u32) -> Reservation<R> {
        Reservation {
            channel: self.clone(),
            wanted: permits,
            got: Rc::default(),
        }
    }

    /// Takes permits back: those who wait get them first.
    fn take_back(&self, mut permits: u32) {
        let mut complete = Vec::new();
        self.state.update(|state| {
            while permits > 0
                && let Some(first) = state.queue.front_mut()
            {
                let part = permits.min(first.missing);
                permits -= part;
                first.missing -= part;
                first.got.set(first.got.get() + part);
                if first.missing == 0 {
                    complete.extend(state.queue.pop_front());
                }
            }
            state.free += permits;
        });
        complete.into_iter().for_each(|one| one.waker.wake());
    }

    /// Tells the receiver when it has nothing more to wait for.
    fn tell_receiver(&self) {
        let receiver = self.state.update(|state| {
            let is_idle = state.closed && state.free == CAPACITY;
            is_idle.then(|| state.receiver.take()).flatten()
        });
        if let Some(waker) = receiver {
            waker.wake();
        }
    }

    fn close(&self) {
        let failed = self.state.update(|state| {
            state.closed = true;
            std::mem::take(&mut state.queue)
        });
        failed.into_iter().for_each(|one| one.waker.wake());
    }

    fn poll_end(&self, context: &Context<'_>) -> Poll<()> {
        self.state.update(|state| {
            if state.closed && state.free == CAPACITY {
                return Poll::Ready(());
            }
            state.receiver = Some(context.waker().clone());
            Poll::Pending
        })
    }
}

/// Permits that somebody waits for, or has.
struct Reservation<R: Runtime> {
    channel: Channel<R>,
    wanted: u32,
    got: Rc<Cell<u32>>,
}

impl<R: Runtime> Reservation<R> {
    /// Whether there are enough permits, or never will be because the channel is closed.
    fn poll(&self, context: &Context<'_>) -> Poll<bool> {
        self.channel.state.update(|state| {
            let got = self.got.get();
            if got == self.wanted || state.closed {
                return Poll::Ready(got == self.wanted);
            }
            let queued = |one: &&mut Request| Rc::ptr_eq(&one.got, &self.got);
            if let Some(request) = state.queue.iter_mut().find(queued) {
                request.waker.clone_from(context.waker());
                return Poll::Pending;
            }
            let part = self.wanted.min(state.free);
            state.free -= part;
            self.got.set(part);
            if part == self.wanted {
                return Poll::Ready(true);
            }
            state.queue.push_back(Request {
                missing: self.wanted - part,
                got: Rc::clone(&self.got),
                waker: context.waker().clone(),
            });
            Poll::Pending
        })
    }
}

impl<R: Runtime> Drop for Reservation<R> {
    fn drop(&mut self) {
        let channel = &self.channel;
        let got = channel.state.update(|state| {
            state.queue.retain(|one| !Rc::ptr_eq(&one.got, &self.got));
            self.got.get()
        });
        channel.take_back(got);
        // A permit tells the receiver; what was no permit yet must as well.
        if got == self.wanted || channel.variant == Variant::Corrected {
            channel.tell_receiver();
        }
    }
}

impl Model for IdleReceiver {
    /// One sender has a permit; another wants two, has got one and waits. The receiver closes the
    /// channel and waits until all permits are back: the last may be the one that was too few.
    async fn run<R: Runtime>(runtime: R, variant: Variant, _size: u32) {
        let state = State {
            free: CAPACITY,
            ..State::default()
        };
        let channel = Channel {
            state: Shared::new(&runtime, "channel", state),
            variant,
        };
        let mut tasks = Vec::new();
        let (yielding, receiving) = (runtime.clone(), channel.clone());
        tasks.push(runtime.spawn("receiver", async move {
            for _ in 0..RECEIVING {
                yielding.yield_now().await;
            }
            receiving.close();
            poll_fn(|context| receiving.poll_end(context)).await;
        }));
        for (name, before, permits, holding) in [("two", 3, CAPACITY, 1), ("one", 2, 1, HOLDING)] {
            let (here, reservation) = (runtime.clone(), channel.reserve(permits));
            let yielding = runtime.clone();
            let sending = async move {
                for _ in 0..before {
                    yielding.yield_now().await;
                }
                if poll_fn(|context| reservation.poll(context)).await {
                    for _ in 0..holding {
                        yielding.yield_now().await;
                    }
                }
            };
            tasks.push(runtime.spawn(name, async move {
                here.cancellable("send", sending).await;
            }));
        }
        runtime.join(tasks).await;
    }
}
