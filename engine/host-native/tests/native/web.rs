//! The web: against servers that the tests start themselves, on addresses of this machine.

use crate::{Ended, run, runtime, submit, wait};
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::mpsc::{self, Receiver};
use std::thread::JoinHandle;
use tourbillon_host::{
    Host, HttpMethod, HttpRequest, HttpResponse, Nanoseconds, Request, Response, WebAddress,
};
use tourbillon_host_native::NativeHost;

/// A server that hands each connection, with its number and its request, to a script.
struct Server {
    address: String,
    thread: Option<JoinHandle<usize>>,
}

/// What a client sent: the head as it stands, and the body.
struct Seen {
    head: String,
    body: Vec<u8>,
}

impl Server {
    fn start(mut script: impl FnMut(usize, Seen, TcpStream) + Send + 'static) -> Server {
        Server::start_raw(move |number, mut stream| match read_request(&mut stream) {
            Some(seen) => {
                script(number, seen, stream);
                true
            }
            None => false,
        })
    }

    /// The script reads for itself, and says whether it goes on.
    #[allow(
        clippy::disallowed_methods,
        reason = "the server of a test has a thread of its own"
    )]
    fn start_raw(mut script: impl FnMut(usize, TcpStream) -> bool + Send + 'static) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").expect("there is a free port");
        let address = listener.local_addr().expect("it is bound").to_string();
        let thread = std::thread::spawn(move || {
            let mut count = 0;
            while let Ok((stream, _)) = listener.accept() {
                if !script(count, stream) {
                    break;
                }
                count += 1;
            }
            count
        });
        Server {
            address,
            thread: Some(thread),
        }
    }

    /// How many requests there were; there will be no more.
    fn stop(mut self) -> usize {
        // A connection that says nothing ends the thread.
        drop(TcpStream::connect(&self.address));
        let thread = self.thread.take().expect("it runs");
        thread.join().expect("the script does not fail")
    }

    fn get(&self, path: &str) -> HttpRequest {
        HttpRequest {
            method: HttpMethod::Get,
            address: WebAddress::parse(&format!("http://{}{path}", self.address)).expect(path),
            headers: vec![("X-Test".to_owned(), "yes".to_owned())],
            body: Vec::new(),
            connect_deadline: Nanoseconds::MAX,
            deadline: Nanoseconds::MAX,
        }
    }
}

/// Reads one request; none when the other end sends nothing.
fn read_request(stream: &mut TcpStream) -> Option<Seen> {
    let mut bytes = Vec::new();
    let mut chunk = [0; 4096];
    loop {
        let end = bytes.windows(4).position(|window| window == b"\r\n\r\n");
        if let Some(end) = end {
            let head = String::from_utf8(bytes[..end].to_vec()).expect("heads are text");
            let length = head
                .lines()
                .filter_map(|line| line.split_once(": "))
                .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
                .map_or(0, |(_, value)| value.parse::<usize>().expect("a number"));
            if bytes.len() >= end + 4 + length {
                let body = bytes[end + 4..].to_vec();
                return Some(Seen { head, body });
            }
        }
        match stream.read(&mut chunk) {
            Ok(0) | Err(_) => return None,
            Ok(count) => bytes.extend_from_slice(&chunk[..count]),
        }
    }
}

fn send(stream: &mut TcpStream, text: &str) {
    stream
        .write_all(text.as_bytes())
        .expect("the client listens");
}

fn http(request: HttpRequest) -> Request {
    Request::Http(Box::new(request))
}

fn answer(ended: Ended) -> HttpResponse {
    match ended {
        Ok(Response::Http(response)) => *response,
        other => panic!("not an answer: {other:?}"),
    }
}

fn identifier(ended: Ended) -> (String, String) {
    let failure = ended.expect_err("the request cannot succeed");
    let reason = failure.message.rsplit(": ").next().unwrap_or_default();
    (failure.identifier, reason.to_owned())
}

fn named(identifier: &str, reason: &str) -> (String, String) {
    (identifier.to_owned(), reason.to_owned())
}

#[test]
fn status_headers_and_body_come_as_they_were_sent() {
    let server = Server::start(|number, seen, mut stream| {
        let line = seen.head.lines().next().unwrap_or_default();
        match number {
            0 => {
                assert_eq!(line, "GET /a?b HTTP/1.1");
                assert!(seen.head.contains("\r\nx-test: yes") || seen.head.contains("X-Test"));
                send(
                    &mut stream,
                    "HTTP/1.1 404 Nope\r\nX-A: 1\r\nx-a: 2\r\nContent-Length: 3\r\n\r\n",
                );
                stream.write_all(b"\x00\xff\n").expect("the client listens");
            }
            1 => {
                assert_eq!(line, "POST /a HTTP/1.1");
                assert_eq!(seen.body, b"\x01body\xfe");
                send(
                    &mut stream,
                    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
                );
                send(&mut stream, "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
            }
            2 => {
                assert_eq!(line, "HEAD / HTTP/1.1");
                send(
                    &mut stream,
                    "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n",
                );
            }
            // The end of the connection is the end of the body.
            _ => send(
                &mut stream,
                "HTTP/1.0 301 Moved\r\nLocation: /b\r\n\r\nuntil the end",
            ),
        }
    });
    let runtime = runtime();
    let host = NativeHost::builder(&runtime).build();
    let first = answer(run(&host, http(server.get("/a?b"))));
    assert_eq!((first.status, &*first.body), (404, &b"\x00\xff\n"[..]));
    let values: Vec<&str> = first
        .headers
        .iter()
        .filter(|(name, _)| name.eq_ignore_ascii_case("x-a"))
        .map(|(_, value)| &**value)
        .collect();
    assert_eq!(values, ["1", "2"]);
    let post = HttpRequest {
        method: HttpMethod::Post,
        body: b"\x01body\xfe".to_vec(),
        ..server.get("/a")
    };
    assert_eq!(answer(run(&host, http(post))).body, b"abcde");
    let head = HttpRequest {
        method: HttpMethod::Head,
        ..server.get("")
    };
    assert_eq!(answer(run(&host, http(head))).body, b"");
    let moved = answer(run(&host, http(server.get("/"))));
    // Where it leads is not the host's business.
    assert_eq!((moved.status, moved.header("location")), (301, Some("/b")));
    assert_eq!(moved.body, b"until the end");
    assert_eq!(server.stop(), 4);
    assert_eq!(host.outstanding(), 0);
}

#[test]
fn failures_have_one_identifier_each() {
    let server = Server::start(|number, _, mut stream| match number {
        0 => drop(stream),
        1 => send(
            &mut stream,
            "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf",
        ),
        2 => send(&mut stream, "this is no HTTP at all\r\n\r\n"),
        3 => send(
            &mut stream,
            "HTTP/1.1 200 OK\r\nContent-Length: 101\r\n\r\n",
        ),
        _ => {
            send(&mut stream, "HTTP/1.1 200 OK\r\n\r\n");
            // More than is taken; the client may be gone before the end.
            let _of_no_use = stream.write_all(&[b'x'; 200]);
        }
    });
    let runtime = runtime();
    let host = NativeHost::builder(&runtime).web_body_limit(100).build();
    for expected in [
        "the connection broke off.",
        "the connection broke off.",
        "what the server sent is no valid answer.",
        "the answer is too long.",
        "the answer is too long.",
    ] {
        let seen = identifier(run(&host, http(server.get("/"))));
        assert_eq!(seen, named("http:Failed", expected));
    }
    let address = server.get("/").address;
    assert_eq!(server.stop(), 5);
    // Nobody listens there any more.
    let refused = HttpRequest {
        method: HttpMethod::Get,
        address,
        headers: Vec::new(),
        body: Vec::new(),
        connect_deadline: Nanoseconds::MAX,
        deadline: Nanoseconds::MAX,
    };
    let failure = run(&host, http(refused.clone())).expect_err("nobody listens");
    assert_eq!(failure.identifier, "http:ConnectFailed");
    assert!(failure.source.is_some());
    let nowhere = HttpRequest {
        address: WebAddress::parse("http://no-such-name.invalid/").expect("an address"),
        ..refused
    };
    let failure = run(&host, http(nowhere)).expect_err("there is no such server");
    assert_eq!(failure.identifier, "http:ConnectFailed");
}

/// A certificate for `localhost` that it has signed itself, and its key.
fn certificate() -> (Vec<u8>, Vec<u8>) {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()])
        .expect("certificates can be made");
    (made.cert.der().to_vec(), made.signing_key.serialize_der())
}

#[test]
fn connections_are_secured_by_certificates() {
    use tokio_rustls::rustls::{ServerConfig, ServerConnection, Stream, crypto::ring, pki_types};

    let (certificate, key) = certificate();
    let key = pki_types::PrivatePkcs8KeyDer::from(key).into();
    let config = ServerConfig::builder_with_provider(ring::default_provider().into())
        .with_safe_default_protocol_versions()
        .expect("the usual versions")
        .with_no_client_auth()
        .with_single_cert(vec![certificate.clone().into()], key)
        .expect("the key fits");
    let config = std::sync::Arc::new(config);
    let server = Server::start_raw(move |_, mut stream| {
        let mut session = ServerConnection::new(config.clone()).expect("the configuration is good");
        let mut secured = Stream::new(&mut session, &mut stream);
        // A client that does not trust the certificate is gone by now.
        let mut byte = [0];
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") && matches!(secured.read(&mut byte), Ok(1)) {
            head.extend_from_slice(&byte);
        }
        let _of_no_use = secured.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhidden");
        secured.conn.send_close_notify();
        let _of_no_use = secured.flush();
        true
    });
    let port = server
        .address
        .rsplit(':')
        .next()
        .expect("a port")
        .to_owned();
    let runtime = runtime();
    let secure = HttpRequest {
        address: WebAddress::parse(&format!("https://localhost:{port}/")).expect("an address"),
        ..server.get("/")
    };
    let trusting = NativeHost::builder(&runtime)
        .trusted_certificate(certificate)
        .build();
    let seen = answer(run(&trusting, http(secure.clone())));
    assert_eq!((seen.status, &*seen.body), (200, &b"hidden"[..]));
    let host = NativeHost::builder(&runtime).build();
    let failure = run(&host, http(secure)).expect_err("nobody vouches for it");
    assert_eq!(failure.identifier, "http:ConnectFailed");
    assert!(failure.source.is_some());
}

/// A server that keeps connections open, and tells of each: that it came, and that it ended.
fn silent() -> (Server, Receiver<&'static str>) {
    let (tell, told) = mpsc::channel();
    let server = Server::start(move |_, _, mut stream| {
        tell.send("came").expect("the test listens");
        // Half an answer, and then nothing.
        send(
            &mut stream,
            "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nha",
        );
        let mut rest = Vec::new();
        let _end_or_reset = stream.read_to_end(&mut rest);
        let _of_no_use = stream.shutdown(Shutdown::Both);
        tell.send("ended").expect("the test listens");
    });
    (server, told)
}

#[test]
fn a_request_has_its_time_and_no_more() {
    let (server, told) = silent();
    let runtime = runtime();
    let host = NativeHost::builder(&runtime).build();
    let deadline = host.now() + Nanoseconds(30_000_000);
    let limited = HttpRequest {
        deadline,
        ..server.get("/")
    };
    let seen = identifier(run(&host, http(limited)));
    assert_eq!(seen, named("http:Timeout", "no answer came in time."));
    assert!(host.now() >= deadline);
    // The connection is free again.
    assert_eq!(told.recv(), Ok("came"));
    assert_eq!(told.recv(), Ok("ended"));
    assert_eq!(server.stop(), 1);
}

#[test]
fn a_connection_has_a_time_of_its_own() {
    // A server that never answers the greeting that secures the connection.
    let (tell, told) = mpsc::channel();
    let server = Server::start_raw(move |_, mut stream| {
        let mut rest = Vec::new();
        let _end_or_reset = stream.read_to_end(&mut rest);
        tell.send("ended").expect("the test listens");
        true
    });
    let runtime = runtime();
    let host = NativeHost::builder(&runtime)
        .trusted_certificate(certificate().0)
        .build();
    let slow = HttpRequest {
        address: WebAddress::parse(&format!("https://{}/", server.address)).expect("an address"),
        connect_deadline: host.now() + Nanoseconds(30_000_000),
        ..server.get("/")
    };
    let seen = identifier(run(&host, http(slow)));
    assert_eq!(
        seen,
        named("http:Timeout", "no connection was made in time.")
    );
    assert_eq!(told.recv(), Ok("ended"));
}

#[test]
fn a_request_that_is_given_up_frees_its_connection() {
    let (server, told) = silent();
    let runtime = runtime();
    let host = NativeHost::builder(&runtime).build();
    let operation = submit(&host, http(server.get("/")));
    assert_eq!(told.recv(), Ok("came"));
    host.cancel(operation);
    assert_eq!(told.recv(), Ok("ended"));
    assert_eq!(host.outstanding(), 0);
    let _under_way = submit(&host, http(server.get("/")));
    assert_eq!(told.recv(), Ok("came"));
    drop(host);
    assert_eq!(told.recv(), Ok("ended"));
    assert_eq!(server.stop(), 2);
}

#[test]
fn ten_requests_are_under_way_at_once() {
    let mut waiting = Vec::new();
    let server = Server::start(move |number, _, stream| {
        waiting.push(stream);
        // Nobody gets an answer before all have asked.
        if number == 9 {
            for mut stream in waiting.drain(..) {
                send(
                    &mut stream,
                    "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
                );
            }
        }
    });
    let runtime = runtime();
    let host = NativeHost::builder(&runtime).build();
    let operations: Vec<_> = (0..10)
        .map(|_| submit(&host, http(server.get("/"))))
        .collect();
    assert_eq!(host.outstanding(), 10);
    for operation in operations {
        assert_eq!(answer(wait(&host, operation)).body, b"ok");
    }
    assert_eq!(server.stop(), 10);
}
