//! 24 window-leak: a stream that is dropped keeps the capacity that it was assigned and did not use.

use tourbillon_sim::Injections;

use crate::kernel::{Body, Kernel, Model, UNSIZED, Variant};
use crate::runtime::Runtime;
use crate::shared::Shared;
use crate::waiting::{Bell, Mailbox};

pub(crate) const KERNEL: Kernel = Kernel {
    number: 24,
    name: "window-leak",
    title: "a stream that is dropped keeps the capacity that it was assigned and did not use",
    source: "h2 #152, #579, #930",
    sizes: UNSIZED,
    injections: Injections {
        cancels: 1,
        ..Injections::DEFAULT
    },
    body: Body::of::<WindowLeak>(),
};

/// What may be on its way at a time, over all streams.
const WINDOW: u32 = 2;
/// So many steps it takes to open a stream.
const OPENING: u32 = 3;

struct WindowLeak;

#[derive(Clone)]
struct Connection<R: Runtime> {
    runtime: R,
    window: Shared<R, u32>,
    bell: Bell<R>,
    // True for each unit of data, false for the end.
    wire: Mailbox<R, bool>,
    variant: Variant,
}

impl<R: Runtime> Connection<R> {
    fn widen(&self, capacity: u32) {
        self.window.update(|window| *window += capacity);
        self.bell.ring();
    }

    async fn send(&self, units: u32) {
        for _ in 0..OPENING {
            self.runtime.yield_now().await;
        }
        let look = || {
            self.window.update(|window| {
                *window = window.checked_sub(units)?;
                Some(())
            })
        };
        self.bell.wait_until(look).await;
        let mut stream = Stream {
            connection: self,
            assigned: units,
        };
        while stream.assigned > 0 {
            self.runtime.yield_now().await;
            stream.assigned -= 1;
            self.wire.put(true);
        }
    }
}

/// A stream with capacity of the connection's.
struct Stream<'a, R: Runtime> {
    connection: &'a Connection<R>,
    assigned: u32,
}

impl<R: Runtime> Drop for Stream<'_, R> {
    fn drop(&mut self) {
        if self.connection.variant == Variant::Corrected {
            self.connection.widen(self.assigned);
        }
    }
}

impl Model for WindowLeak {
    /// Streams that need the whole window each; what was sent comes back when the peer has seen it.
    async fn run<R: Runtime>(runtime: R, variant: Variant, _size: u32) {
        let connection = Connection {
            runtime: runtime.clone(),
            window: Shared::new(&runtime, "window", WINDOW),
            bell: Bell::new(&runtime, "window"),
            wire: Mailbox::new(&runtime, "wire"),
            variant,
        };
        let (here, seeing) = (runtime.clone(), connection.clone());
        let peer = runtime.spawn("peer", async move {
            while seeing.wire.take().await {
                here.yield_now().await;
                seeing.widen(1);
            }
        });
        let mut streams = Vec::new();
        for _ in 0..2 {
            let (here, sending) = (runtime.clone(), connection.clone());
            streams.push(runtime.spawn("stream", async move {
                let data = async move { sending.send(WINDOW).await };
                here.cancellable("send", data).await;
            }));
        }
        runtime.join(streams).await;
        connection.wire.put(false);
        runtime.join(vec![peer]).await;
    }
}
