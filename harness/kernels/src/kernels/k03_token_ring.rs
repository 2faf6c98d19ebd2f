//! 3 token-ring: a token that is slow is taken for lost, and then there are two.

use std::future::poll_fn;
use std::task::{Poll, Waker};

use tourbillon_sim::Injections;

use crate::kernel::{Body, Kernel, Model, UNSIZED, Variant};
use crate::runtime::Runtime;
use crate::shared::Shared;

pub(crate) const KERNEL: Kernel = Kernel {
    number: 3,
    name: "token-ring",
    title: "a token that is slow is taken for lost, and then there are two",
    source: "token rings; SCTBench, token_ring",
    sizes: UNSIZED,
    injections: Injections::DEFAULT,
    body: Body::of::<TokenRing>(),
};

const STATIONS: usize = 4;
const LAPS: u32 = 2;
/// For so many of its own steps the monitor waits for a lap: half as many again as a lap takes when
/// all take turns.
const PATIENCE: u32 = 12;

struct TokenRing;

struct Station<R: Runtime> {
    inbox: Inbox<R>,
    next: Inbox<R>,
    // Who has the token in hand.
    holders: Shared<R, u32>,
}

#[derive(Clone)]
struct Inbox<R: Runtime> {
    state: Shared<R, (u32, Option<Waker>)>,
}

impl<R: Runtime> Inbox<R> {
    fn put(&self) {
        let waker = self.state.update(|(tokens, waker)| {
            *tokens += 1;
            waker.take()
        });
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    async fn take(&self) {
        poll_fn(|context| {
            self.state.update(|(tokens, waker)| {
                if *tokens > 0 {
                    *tokens -= 1;
                    return Poll::Ready(());
                }
                *waker = Some(context.waker().clone());
                Poll::Pending
            })
        })
        .await;
    }
}

impl Model for TokenRing {
    /// A token goes round; the station that has it uses it for a step. A monitor that has seen no
    /// lap for a while puts another token in, the corrected one only when there is none.
    async fn run<R: Runtime>(runtime: R, variant: Variant, _size: u32) {
        let inboxes: Vec<Inbox<R>> = (0..STATIONS)
            .map(|_| Inbox {
                state: Shared::new(&runtime, "inbox", (0, None)),
            })
            .collect();
        let holders = Shared::new(&runtime, "holders", 0);
        let laps = Shared::new(&runtime, "laps", 0);
        let mut tasks = Vec::new();
        for (number, inbox) in inboxes.iter().enumerate() {
            let station = Station {
                inbox: inbox.clone(),
                next: inboxes[(number + 1) % STATIONS].clone(),
                holders: holders.clone(),
            };
            let (yielding, laps) = (runtime.clone(), laps.clone());
            tasks.push(runtime.spawn("station", async move {
                for _ in 0..LAPS {
                    station.inbox.take().await;
                    assert!(station.holders.get() == 0, "two stations have the token");
                    station.holders.set(1);
                    yielding.yield_now().await;
                    station.holders.set(0);
                    if number == STATIONS - 1 {
                        laps.update(|laps| *laps += 1);
                    }
                    station.next.put();
                }
            }));
        }
        inboxes[0].put();
        let yielding = runtime.clone();
        tasks.push(runtime.spawn("monitor", async move {
            for _ in 0..PATIENCE {
                yielding.yield_now().await;
            }
            let lost = match variant {
                Variant::Faulty => laps.get() == 0,
                Variant::Corrected => {
                    let waiting = inboxes.iter().any(|inbox| inbox.state.with(|it| it.0 > 0));
                    !waiting && holders.get() == 0
                }
            };
            if lost {
                inboxes[0].put();
            }
        }));
        runtime.join(tasks).await;
    }
}
