//! 25 waker-drop: a waker is dropped under the lock that its own drop takes.

use std::future::poll_fn;
use std::task::{Context, Poll, Waker};

use tourbillon_sim::Injections;

use crate::kernel::{Body, Kernel, Model, UNSIZED, Variant};
use crate::runtime::Runtime;
use crate::shared::Shared;
use crate::waiting::Mailbox;

pub(crate) const KERNEL: Kernel = Kernel {
    number: 25,
    name: "waker-drop",
    title: "a waker is dropped under the lock that its own drop takes",
    source: "tokio #5578, #5429",
    sizes: UNSIZED,
    injections: Injections::DEFAULT,
    body: Body::of::<WakerDrop>(),
};

/// So many steps a task and its timer keep their share after the future is given away.
const LINGERING: u32 = 2;

struct WakerDrop;

/// An event that happens once. Those who wait are in a list under a lock that blocks.
#[derive(Clone)]
struct Event<R: Runtime> {
    list: Shared<R, List<R>>,
    variant: Variant,
}

struct List<R: Runtime> {
    is_locked: bool,
    // Somebody waits for a lock that it holds itself.
    is_stuck: bool,
    has_happened: bool,
    waiting: Option<OwningWaker<R>>,
}

/// A waker that has a share in what it wakes, as those of small executors do.
struct OwningWaker<R: Runtime> {
    waker: Waker,
    _share: Share<R>,
}

/// A share in something that makes the event happen when the last share is gone.
struct Share<R: Runtime> {
    event: Event<R>,
    shares: Shared<R, u32>,
}

impl<R: Runtime> Share<R> {
    fn first(runtime: &R, event: &Event<R>) -> Share<R> {
        Share {
            event: event.clone(),
            shares: Shared::new(runtime, "shares", 1),
        }
    }

    fn another(&self) -> Share<R> {
        self.shares.update(|shares| *shares += 1);
        Share {
            event: self.event.clone(),
            shares: self.shares.clone(),
        }
    }
}

impl<R: Runtime> Drop for Share<R> {
    fn drop(&mut self) {
        let is_last = self.shares.update(|shares| {
            *shares -= 1;
            *shares == 0
        });
        if is_last {
            self.event.happen();
        }
    }
}

impl<R: Runtime> Event<R> {
    fn lock(&self) {
        self.list.update(|list| {
            list.is_stuck |= list.is_locked;
            list.is_locked = true;
        });
    }

    fn unlock(&self) {
        self.list.update(|list| list.is_locked = false);
    }

    fn happen(&self) {
        self.lock();
        let woken = self.list.update(|list| {
            list.has_happened = true;
            list.waiting.take()
        });
        self.unlock();
        if let Some(woken) = woken {
            woken.waker.wake_by_ref();
        }
    }

    fn poll(&self, share: &Share<R>, context: &Context<'_>) -> Poll<()> {
        let waker = OwningWaker {
            waker: context.waker().clone(),
            _share: share.another(),
        };
        self.lock();
        let (has_happened, mut replaced) = self.list.update(|list| match list.has_happened {
            true => (true, Some(waker)),
            false => (false, list.waiting.replace(waker)),
        });
        if self.variant == Variant::Faulty {
            replaced = None;
        }
        self.unlock();
        drop(replaced);
        let is_stuck = self.list.with(|list| list.is_stuck);
        assert!(!is_stuck, "it waits for a lock that it holds itself");
        match has_happened {
            true => Poll::Ready(()),
            false => Poll::Pending,
        }
    }
}

impl Model for WakerDrop {
    /// A task begins to wait and gives its future to another, whose waker takes the place of the
    /// first; that one may have the last share by then.
    async fn run<R: Runtime>(runtime: R, variant: Variant, _size: u32) {
        let list = List {
            is_locked: false,
            is_stuck: false,
            has_happened: false,
            waiting: None,
        };
        let event = Event {
            list: Shared::new(&runtime, "list", list),
            variant,
        };
        let handed = Mailbox::new(&runtime, "handed");
        let (here, making) = (runtime.clone(), event.clone());
        let maker = runtime.spawn("maker", async move {
            here.operation("happen").await;
            making.happen();
        });
        let (polling, taking) = (event.clone(), handed.clone());
        let share = Share::first(&runtime, &event);
        let second = runtime.spawn("second", async move {
            taking.take().await;
            poll_fn(|context| polling.poll(&share, context)).await;
        });
        let share = Share::first(&runtime, &event);
        let (ticking, timed) = (runtime.clone(), share.another());
        let here = runtime.clone();
        let first = runtime.spawn("first", async move {
            // Once, to be in the list.
            poll_fn(|context| Poll::Ready(event.poll(&share, context).is_ready())).await;
            handed.put(());
            for _ in 0..LINGERING {
                here.yield_now().await;
            }
            drop(share);
        });
        let timer = runtime.spawn("timer", async move {
            for _ in 0..LINGERING {
                ticking.yield_now().await;
            }
            drop(timed);
        });
        runtime.join(vec![maker, second, first, timer]).await;
    }
}
