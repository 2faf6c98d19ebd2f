//! The servers of a simulated world: which reply a request gets, when, and what happens at its deadline.

use tourbillon_host::{HttpFailure, HttpMethod, HttpRequest, HttpResponse, Outcome, Response};
use tourbillon_sim::Access;
use tourbillon_value::RuntimeError;

use crate::config::{HttpReply, LatencyOp, no_route};
use crate::world::World;

/// The status of a server that fails because a fault says so.
const FAULT_STATUS: u16 = 503;

/// How one exchange goes. It is settled when the request is made: servers take requests in that order.
pub(crate) struct Exchange {
    /// How long it takes.
    pub latency: u64,
    /// What comes of it.
    pub outcome: Outcome,
    /// What comes of it as well, when the deadline is the very moment at which the reply comes.
    pub or_else: Option<RuntimeError>,
}

impl World {
    /// How long the next reply to a request takes when nothing is injected. The reply stays where it is.
    pub(crate) fn web_latency(&self, request: &HttpRequest) -> u64 {
        let Some(route) = self.route(request) else {
            return self.usual_web_latency();
        };
        self.access(self.disk_names.get().route(route), Access::Read);
        self.latency_of(self.reply(route))
    }

    /// What comes of a request that is made now: the route's next reply, or what a fault makes of it.
    /// `delay` lengthens its latency; one that never completes still meets its deadline.
    pub(crate) fn exchange(
        &self,
        request: &HttpRequest,
        fault: Option<&str>,
        is_never: bool,
        delay: impl Fn(u64) -> u64,
    ) -> Exchange {
        let (method, address) = (request.method, &request.address);
        let failed = |failure: HttpFailure| failure.error(method, address).build();
        let now = self.timeline.run.borrow().clock.now();
        let route = self.route(request);
        let reply = match (fault.map(reply_of_fault), route) {
            // What strikes keeps the request from its server.
            (Some(reply), _) => Some(reply),
            (None, Some(route)) => {
                self.access(self.disk_names.get().route(route), Access::Write);
                let reply = self.reply(route).clone();
                self.replied.borrow_mut()[route] += 1;
                Some(reply)
            }
            (None, None) => None,
        };
        let latency = match &reply {
            _ if is_never => u64::MAX,
            Some(reply) => self.latency_of(reply),
            None => self.usual_web_latency(),
        };
        let due = match latency {
            u64::MAX => u64::MAX,
            latency => now.saturating_add(delay(latency)),
        };
        let (deadline, too_late) = match reply {
            Some(HttpReply::Unreachable) => (request.connect_deadline, HttpFailure::ConnectTimeout),
            _ => (request.deadline, HttpFailure::Timeout),
        };
        if due > deadline.0 || due == u64::MAX {
            let latency = match deadline.0 {
                u64::MAX => u64::MAX,
                deadline => deadline.saturating_sub(now),
            };
            return Exchange {
                latency,
                outcome: Err(failed(too_late)),
                or_else: None,
            };
        }
        let outcome = match reply {
            None => Err(HttpFailure::ConnectFailed
                .error(method, address)
                .cause(no_route(&self.config.http, request))
                .build()),
            Some(HttpReply::Refuse { .. }) => Err(failed(HttpFailure::ConnectFailed)),
            Some(HttpReply::Reset { .. }) => Err(failed(HttpFailure::Reset)),
            Some(HttpReply::Hang | HttpReply::Unreachable) => Err(failed(too_late)),
            Some(HttpReply::Response {
                status,
                body,
                headers,
                ..
            }) => Ok(Response::Http(Box::new(HttpResponse {
                status,
                headers: headers.into_iter().collect(),
                body: match method {
                    HttpMethod::Head => Vec::new(),
                    _ => body.as_bytes().to_vec(),
                },
            }))),
        };
        Exchange {
            latency: due - now,
            outcome,
            or_else: (due == deadline.0).then(|| failed(too_late)),
        }
    }

    /// The place of the route that answers a request.
    fn route(&self, request: &HttpRequest) -> Option<usize> {
        let mut routes = self.config.http.iter();
        routes.position(|route| route.answers(request))
    }

    /// The next reply of a route; the last one repeats.
    fn reply(&self, route: usize) -> &HttpReply {
        let replies = &self.config.http[route].replies;
        &replies[self.replied.borrow()[route].min(replies.len() - 1)]
    }

    fn latency_of(&self, reply: &HttpReply) -> u64 {
        match reply {
            HttpReply::Response { after, .. }
            | HttpReply::Refuse { after }
            | HttpReply::Reset { after } => {
                after.map_or_else(|| self.usual_web_latency(), |after| after.nanoseconds())
            }
            HttpReply::Hang | HttpReply::Unreachable => u64::MAX,
        }
    }

    fn usual_web_latency(&self) -> u64 {
        let latency = self.config.latency.get(&LatencyOp::Http);
        latency.map_or(0, |latency| latency.nanoseconds())
    }
}

/// What a fault is for whoever asks.
fn reply_of_fault(identifier: &str) -> HttpReply {
    match identifier {
        "http:Timeout" => HttpReply::Hang,
        "http:Status" => HttpReply::Response {
            status: FAULT_STATUS,
            body: String::new().into(),
            headers: Default::default(),
            after: None,
        },
        "http:ConnectFailed" => HttpReply::Refuse { after: None },
        _ => HttpReply::Reset { after: None },
    }
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;
    use std::task::{Context, Poll, Waker};

    use tourbillon_host::{Host, Nanoseconds, OperationLabel, Request, TaskLabel, WebAddress};
    use tourbillon_sim::strategy::Fifo;
    use tourbillon_sim::{Run, SharedRun};

    use super::*;
    use crate::config::WorldConfig;

    fn world(config: &str) -> (Rc<World>, SharedRun) {
        let run = Run::shared(Box::new(Fifo::new()));
        assert!(run.borrow_mut().begin(0));
        let config: WorldConfig = serde_yaml::from_str(config).expect(config);
        (World::new(&Rc::new(config), &run), run)
    }

    fn ask(world: &World, method: HttpMethod, url: &str, seconds: u64) -> String {
        let request = Request::Http(Box::new(HttpRequest {
            method,
            address: WebAddress::parse(url).expect(url),
            headers: vec![("X-Key".into(), "k".into())],
            body: b"body".to_vec(),
            connect_deadline: Nanoseconds(500_000_000),
            deadline: Nanoseconds(seconds * 1_000_000_000),
        }));
        let label = OperationLabel {
            task: TaskLabel::root("main"),
            name: request.name(),
            occurrence: 1,
        };
        assert!(world.try_now(&request, &label).is_none());
        let operation = world.submit(request, &label);
        let due = world.timeline().next_due();
        let at = due.map_or(0.0, |due| due as f64 / 1e9);
        if due.is_some() {
            // Times of several exchanges are not added up here.
            world.cancel(operation);
            return format!("at {at}");
        }
        world.deliver(0);
        let mut context = Context::from_waker(Waker::noop());
        match world.poll(operation, &mut context) {
            Poll::Ready(Ok(Response::Http(response))) => {
                format!("{} {}", response.status, response.body.escape_ascii())
            }
            Poll::Ready(Ok(other)) => panic!("{other:?}"),
            Poll::Ready(Err(error)) => match error.causes() {
                [] => error.identifier().to_owned(),
                [cause, ..] => format!("{}: {}", error.identifier(), cause.message()),
            },
            Poll::Pending => "pending".to_owned(),
        }
    }

    #[test]
    fn replies_come_in_order_and_the_last_one_repeats() {
        let (world, _run) = world(
            "http: [{method: GET, url: 'http://s/a', replies: [{refuse: true}, {reset: true}, \
             {status: 200, body: {bytes: AP8=}}]},\
             {method: POST, url: 'http://s/a', body: body, headers: {x-key: k}, replies: [{status: 201}]},\
             {method: HEAD, url: 'http://s', replies: [{status: 200, body: none}]}]",
        );
        let get = || ask(&world, HttpMethod::Get, "http://S:80/a#part", 60);
        let seen: Vec<String> = (0..4).map(|_| get()).collect();
        assert_eq!(
            seen,
            [
                "http:ConnectFailed",
                "http:Failed",
                "200 \\x00\\xff",
                "200 \\x00\\xff"
            ]
        );
        assert_eq!(ask(&world, HttpMethod::Post, "http://s/a", 60), "201 ");
        assert_eq!(ask(&world, HttpMethod::Head, "http://s/", 60), "200 ");
        world.reset();
        assert_eq!(get(), "http:ConnectFailed");
    }

    #[test]
    fn nobody_answers_where_there_is_no_route() {
        let (world, _run) = world(
            "http: [{method: GET, url: 'http://s/a', body: other, replies: [{status: 200}]}]",
        );
        assert_eq!(
            ask(&world, HttpMethod::Get, "http://s/a", 60),
            "http:ConnectFailed: The simulated web has no route for GET 'http://s/a' with this body \
             and these headers."
        );
        assert_eq!(
            ask(&world, HttpMethod::Get, "http://s/b", 60),
            "http:ConnectFailed: The simulated web has no route for GET 'http://s/b'."
        );
    }

    #[test]
    fn what_takes_longer_than_it_may_ends_at_its_deadline() {
        let (world, _run) = world(
            "{latency: {http: 3}, http: [\
             {method: GET, url: 'http://s/usual', replies: [{status: 200}]},\
             {method: GET, url: 'http://s/own', replies: [{status: 200, after: 1}]},\
             {method: GET, url: 'http://s/hang', replies: [{hang: true}]},\
             {method: GET, url: 'http://s/gone', replies: [{unreachable: true}]}]}",
        );
        for (path, seconds, expected) in [
            ("usual", 60, "at 3"),
            ("usual", 2, "at 2"),
            ("own", 60, "at 1"),
            ("hang", 60, "at 60"),
            ("gone", 60, "at 0.5"),
            ("nowhere", 60, "at 3"),
        ] {
            let url = format!("http://s/{path}");
            assert_eq!(
                ask(&world, HttpMethod::Get, &url, seconds),
                expected,
                "{path}"
            );
        }
    }
}
