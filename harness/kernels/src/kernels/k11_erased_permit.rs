//! 11 erased-permit: a waiter that is dropped erases the permit that is stored for another.

use std::cell::Cell;
use std::collections::VecDeque;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use tourbillon_sim::Injections;

use crate::kernel::{Body, Kernel, Model, UNSIZED, Variant};
use crate::parts::Gate;
use crate::runtime::Runtime;
use crate::shared::Shared;

pub(crate) const KERNEL: Kernel = Kernel {
    number: 11,
    name: "erased-permit",
    title: "a waiter that is dropped erases the permit that is stored for another",
    source: "tokio #3652",
    sizes: UNSIZED,
    injections: Injections {
        cancels: 1,
        ..Injections::DEFAULT
    },
    body: Body::of::<ErasedPermit>(),
};

/// So many steps lie between the two notifications.
const BETWEEN: u32 = 2;

struct ErasedPermit;

#[derive(Clone, Copy, PartialEq)]
enum Stage {
    Empty,
    Waiting,
    /// A permit is stored for whoever comes next.
    Permit,
}

#[derive(Clone, Copy, PartialEq)]
enum Told {
    Nothing,
    ByBroadcast,
    ByPermit,
}

struct Entry {
    told: Rc<Cell<Told>>,
    waker: Waker,
}

#[derive(Clone)]
struct Notify<R: Runtime> {
    state: Shared<R, (Stage, VecDeque<Entry>)>,
    variant: Variant,
}

impl<R: Runtime> Notify<R> {
    fn notify_all(&self) {
        let woken = self.state.update(|(stage, entries)| {
            if *stage == Stage::Waiting {
                *stage = Stage::Empty;
            }
            let woken = std::mem::take(entries);
            woken.iter().for_each(|one| one.told.set(Told::ByBroadcast));
            woken
        });
        woken.into_iter().for_each(|one| one.waker.wake());
    }

    fn notify_one(&self) {
        let woken = self.state.update(|(stage, entries)| {
            let woken = entries.pop_front();
            *stage = match (&woken, entries.is_empty()) {
                (None, _) => Stage::Permit,
                (Some(_), true) => Stage::Empty,
                (Some(_), false) => Stage::Waiting,
            };
            woken.inspect(|one| one.told.set(Told::ByPermit))
        });
        if let Some(one) = woken {
            one.waker.wake();
        }
    }

    fn notified(&self) -> Notified<R> {
        Notified {
            notify: self.clone(),
            told: Rc::new(Cell::new(Told::Nothing)),
            ended: false,
        }
    }
}

struct Notified<R: Runtime> {
    notify: Notify<R>,
    told: Rc<Cell<Told>>,
    ended: bool,
}

impl<R: Runtime> Notified<R> {
    fn poll(&mut self, context: &Context<'_>) -> Poll<()> {
        let told = &self.told;
        self.ended = self.notify.state.update(|(stage, entries)| {
            if told.get() != Told::Nothing {
                return true;
            }
            if *stage == Stage::Permit {
                *stage = Stage::Empty;
                return true;
            }
            entries.retain(|one| !Rc::ptr_eq(&one.told, told));
            *stage = Stage::Waiting;
            entries.push_back(Entry {
                told: Rc::clone(told),
                waker: context.waker().clone(),
            });
            false
        });
        match self.ended {
            true => Poll::Ready(()),
            false => Poll::Pending,
        }
    }
}

impl<R: Runtime> Drop for Notified<R> {
    fn drop(&mut self) {
        if self.ended {
            return;
        }
        let variant = self.notify.variant;
        let told = self.notify.state.update(|(stage, entries)| {
            entries.retain(|one| !Rc::ptr_eq(&one.told, &self.told));
            // Nobody waits any more; but after a broadcast there may be a permit instead.
            if entries.is_empty() && (*stage == Stage::Waiting || variant == Variant::Faulty) {
                *stage = Stage::Empty;
            }
            self.told.get()
        });
        if told == Told::ByPermit {
            self.notify.notify_one();
        }
    }
}

impl Model for ErasedPermit {
    /// One waiter is there when all are notified, and may be cancelled before it gets to know. The
    /// permit of the second notification is for another one, who may come late.
    async fn run<R: Runtime>(runtime: R, variant: Variant, _size: u32) {
        let notify = Notify {
            state: Shared::new(&runtime, "notify", (Stage::Empty, VecDeque::new())),
            variant,
        };
        let (listening, called) = (
            Gate::new(&runtime, "listening"),
            Gate::new(&runtime, "called"),
        );
        let (here, mut notified, opened) = (runtime.clone(), notify.notified(), listening.clone());
        let first = runtime.spawn("first", async move {
            let waiting = poll_fn(move |context| {
                let polled = notified.poll(context);
                opened.open();
                polled
            });
            here.cancellable("wait", waiting).await;
        });
        let (here, notifying, calling) = (runtime.clone(), notify.clone(), called.clone());
        let caller = runtime.spawn("caller", async move {
            listening.passed().await;
            here.operation("news").await;
            notifying.notify_all();
            calling.open();
            for _ in 0..BETWEEN {
                here.yield_now().await;
            }
            notifying.notify_one();
        });
        let second = runtime.spawn("second", async move {
            called.passed().await;
            let mut notified = notify.notified();
            poll_fn(|context| notified.poll(context)).await;
        });
        runtime.join(vec![first, caller, second]).await;
    }
}
