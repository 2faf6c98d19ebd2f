//! The servers of a native case: one on an address of this machine answers for all that the world states.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use tourbillon_host::{HttpMethod, HttpRequest, WebAddress};

use crate::world::{HttpReply, HttpRoute, LatencyOp, WorldConfig};

/// What the world states of the web, as servers that really listen. Which reply a request gets is settled
/// when it is made, as in the simulated world, and the request is sent to where that reply waits for it.
pub(super) struct Servers {
    routes: Vec<HttpRoute>,
    /// How many replies each route has given.
    replied: Vec<usize>,
    usual_latency: u64,
    address: SocketAddr,
    /// Where nobody listens.
    closed: SocketAddr,
    waiting: Replies,
    last: u64,
    thread: Option<JoinHandle<()>>,
}

/// Replies by the number that their request asks for.
type Replies = Arc<Mutex<BTreeMap<u64, HttpReply>>>;

/// How a request goes on.
pub(super) struct Sent {
    /// The request to the server that is really there.
    pub request: HttpRequest,
    /// How long after the request of the program it is made.
    pub latency_nanoseconds: u64,
}

impl Servers {
    /// The servers of a world, if it states any.
    pub fn of(world: &WorldConfig) -> io::Result<Option<Servers>> {
        if world.http.is_empty() {
            return Ok(None);
        }
        let here = (Ipv4Addr::LOCALHOST, 0);
        let closed = TcpListener::bind(here)?.local_addr()?;
        let listener = TcpListener::bind(here)?;
        let address = listener.local_addr()?;
        let waiting = Replies::default();
        let usual = world.latency.get(&LatencyOp::Http);
        Ok(Some(Servers {
            replied: vec![0; world.http.len()],
            routes: world.http.clone(),
            usual_latency: usual.map_or(0, |latency| latency.nanoseconds()),
            address,
            closed,
            thread: Some(listen(listener, waiting.clone())),
            waiting,
            last: 0,
        }))
    }

    /// Settles the reply to a request and says where it is sent to.
    pub fn send(&mut self, request: &HttpRequest) -> Sent {
        let route = self.routes.iter().position(|route| route.answers(request));
        let reply = route.map(|route| {
            let place = self.replied[route];
            self.replied[route] += 1;
            let replies = &self.routes[route].replies;
            replies[place.min(replies.len() - 1)].clone()
        });
        let latency = match &reply {
            Some(
                HttpReply::Response { after, .. }
                | HttpReply::Refuse { after }
                | HttpReply::Reset { after },
            ) => after.map_or(self.usual_latency, |after| after.nanoseconds()),
            Some(HttpReply::Hang | HttpReply::Unreachable) => 0,
            None => self.usual_latency,
        };
        let url = match reply {
            None | Some(HttpReply::Refuse { .. }) => format!("http://{}/", self.closed),
            Some(reply) => {
                self.last += 1;
                lock(&self.waiting).insert(self.last, reply);
                format!("http://{}/{}", self.address, self.last)
            }
        };
        let address = WebAddress::parse(&url).expect("it was put together right");
        Sent {
            request: HttpRequest {
                address,
                ..request.clone()
            },
            latency_nanoseconds: latency,
        }
    }
}

impl Drop for Servers {
    fn drop(&mut self) {
        // A connection that asks for nothing ends the thread.
        drop(TcpStream::connect(self.address));
        if let Some(thread) = self.thread.take() {
            // What went wrong there shows in what the program saw.
            let _of_no_use = thread.join();
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the servers of a native case are real"
)]
fn listen(listener: TcpListener, waiting: Replies) -> JoinHandle<()> {
    std::thread::spawn(move || {
        std::thread::scope(|scope| {
            while let Ok((mut stream, _)) = listener.accept() {
                let Some((method, number)) = asked(&mut stream) else {
                    break;
                };
                let reply = lock(&waiting).remove(&number);
                // A client that waits for nothing keeps nobody else waiting.
                scope.spawn(move || answer(stream, &method, reply));
            }
        });
    })
}

/// The method of a request and the number it asks for; the rest of its head and its body are left to the
/// system.
fn asked(stream: &mut TcpStream) -> Option<(String, u64)> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n") {
        match stream.read(&mut byte) {
            Ok(1) => head.extend_from_slice(&byte),
            Ok(_) | Err(_) => return None,
        }
    }
    let line = String::from_utf8_lossy(&head);
    let mut words = line.split(' ');
    let method = words.next()?.to_owned();
    let number = words.next()?.strip_prefix('/')?.parse().ok()?;
    Some((method, number))
}

/// Gives a reply. A client that has gone needs none.
fn answer(mut stream: TcpStream, method: &str, reply: Option<HttpReply>) {
    let Some(HttpReply::Response {
        status,
        body,
        headers,
        ..
    }) = reply
    else {
        if matches!(reply, Some(HttpReply::Hang)) {
            let _until_it_goes = stream.read_to_end(&mut Vec::new());
        }
        return;
    };
    let mut bytes = format!("HTTP/1.1 {status} -\r\n").into_bytes();
    for (name, value) in &headers {
        bytes.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
    }
    if !matches!(status, 204 | 304) {
        let length = body.as_bytes().len();
        bytes.extend_from_slice(format!("Content-Length: {length}\r\n").as_bytes());
    }
    bytes.extend_from_slice(b"\r\n");
    if method != HttpMethod::Head.name() && !matches!(status, 204 | 304) {
        bytes.extend_from_slice(body.as_bytes());
    }
    if stream.write_all(&bytes).is_ok() {
        // Closing before all was read would break the connection.
        let _of_no_use = stream.shutdown(std::net::Shutdown::Write);
        let _until_it_goes = stream.read_to_end(&mut Vec::new());
    }
}

fn lock(
    waiting: &Mutex<BTreeMap<u64, HttpReply>>,
) -> std::sync::MutexGuard<'_, BTreeMap<u64, HttpReply>> {
    waiting.lock().unwrap_or_else(PoisonError::into_inner)
}
