//! 21 stale-reply: the reply to a cancelled request is read by the next one.

use tourbillon_sim::Injections;

use crate::kernel::{Body, Kernel, Model, UNSIZED, Variant};
use crate::runtime::Runtime;
use crate::shared::Shared;
use crate::waiting::Mailbox;

pub(crate) const KERNEL: Kernel = Kernel {
    number: 21,
    name: "stale-reply",
    title: "the reply to a cancelled request is read by the next one",
    source: "redis-rs #325, #1252",
    sizes: UNSIZED,
    injections: Injections {
        cancels: 1,
        ..Injections::DEFAULT
    },
    body: Body::of::<StaleReply>(),
};

const REQUESTS: u32 = 2;
/// What the client waits for before it sends a request.
const BEFORE: [&str; 2] = ["key", "value"];

struct StaleReply;

/// The client's end of a connection, where replies come in the order of the requests.
#[derive(Clone)]
struct Connection<R: Runtime> {
    // None is the end.
    requests: Mailbox<R, Option<u32>>,
    replies: Mailbox<R, u32>,
    // How many replies are still to come, or there and not read.
    unread: Shared<R, u32>,
}

impl<R: Runtime> Connection<R> {
    async fn query(&self, request: u32, variant: Variant) -> u32 {
        while variant == Variant::Corrected && self.unread.get() > 0 {
            self.read().await;
        }
        self.unread.update(|unread| *unread += 1);
        self.requests.put(Some(request));
        self.read().await
    }

    async fn read(&self) -> u32 {
        let reply = self.replies.take().await;
        self.unread.update(|unread| *unread -= 1);
        reply
    }
}

impl Model for StaleReply {
    /// A server says back what it is told. The client makes requests, and gives one up.
    async fn run<R: Runtime>(runtime: R, variant: Variant, _size: u32) {
        let connection = Connection {
            requests: Mailbox::new(&runtime, "requests"),
            replies: Mailbox::new(&runtime, "replies"),
            unread: Shared::new(&runtime, "unread", 0),
        };
        let (here, serving) = (runtime.clone(), connection.clone());
        let server = runtime.spawn("server", async move {
            while let Some(request) = serving.requests.take().await {
                here.yield_now().await;
                serving.replies.put(request);
            }
        });
        let here = runtime.clone();
        let client = runtime.spawn("client", async move {
            for request in 0..REQUESTS {
                let (asking, yielding) = (connection.clone(), here.clone());
                let query = async move {
                    for part in BEFORE {
                        yielding.operation(part).await;
                    }
                    asking.query(request, variant).await
                };
                if let Some(reply) = here.cancellable("query", query).await {
                    here.invariant(reply == request, "the reply is that of the request");
                }
            }
            connection.requests.put(None);
        });
        runtime.join(vec![server, client]).await;
    }
}
