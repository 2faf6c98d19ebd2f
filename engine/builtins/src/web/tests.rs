use crate::testing::{Called, Session, check, show};
use crate::{Next, Sequence, Start};
use tourbillon_host::{
    HttpFailure, HttpMethod, HttpRequest, HttpResponse, Outcome, Request, Response,
};
use tourbillon_value::{Array, RuntimeError, Value};

/// A call and what it has asked the host for so far.
struct Asking {
    session: Session,
    request: Request,
    sequence: Option<Box<dyn Sequence>>,
}

type Ended = Result<String, (String, String)>;

fn ended(result: Result<Value, RuntimeError>) -> Ended {
    result
        .map(|value| show(&value))
        .map_err(|error| (error.identifier().to_owned(), error.message().to_owned()))
}

impl Asking {
    fn start(name: &str, arguments: &[Value]) -> Asking {
        let session = Session::default();
        match session.start(name, arguments, 1) {
            Ok(Called::Starts(Start::Sequence(request, sequence))) => Asking {
                session,
                request,
                sequence: Some(sequence),
            },
            Ok(_) => panic!("{name} asks the host"),
            Err(error) => panic!("{name}: {}", error.message()),
        }
    }

    fn http(&self) -> &HttpRequest {
        match &self.request {
            Request::Http(request) => request,
            other => panic!("not the web: {other:?}"),
        }
    }

    /// The moment at which it goes on, in seconds.
    fn waits_until(&self) -> f64 {
        match &self.request {
            Request::Timer { deadline } => deadline.as_seconds(),
            other => panic!("not a timer: {other:?}"),
        }
    }

    fn header(&self, name: &str) -> Option<&str> {
        let headers = self.http().headers.iter();
        let mut found = headers.filter(|(own, _)| own.eq_ignore_ascii_case(name));
        let first = found.next().map(|(_, value)| &**value);
        assert!(found.next().is_none(), "{name} is there twice");
        first
    }

    /// Gives an outcome; what the call ends with, if it ends.
    fn gets(&mut self, outcome: Outcome) -> Option<Ended> {
        let sequence = self.sequence.take().expect("it has not ended");
        match sequence.next(&self.session, outcome) {
            Ok(Next::Request(request, sequence)) => {
                (self.request, self.sequence) = (request, Some(sequence));
                None
            }
            Ok(Next::Value(value)) => Some(ended(Ok(value))),
            Err(error) => Some(ended(Err(error))),
        }
    }

    fn gets_status(&mut self, status: u16, headers: &[(&str, &str)]) -> Option<Ended> {
        self.gets(Ok(response(status, headers, b"")))
    }

    fn fails(&mut self, failure: HttpFailure) -> Option<Ended> {
        let error = failure.error(self.http().method, &self.http().address);
        self.gets(Err(error.build()))
    }

    /// The wait is over.
    fn is_woken(&mut self) -> Option<Ended> {
        let Request::Timer { deadline } = self.request else {
            panic!("it does not wait");
        };
        self.session.now.set(deadline.0);
        self.gets(Ok(Response::Done))
    }
}

fn response(status: u16, headers: &[(&str, &str)], body: &[u8]) -> Response {
    let headers = headers.iter();
    Response::Http(Box::new(HttpResponse {
        status,
        headers: headers
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect(),
        body: body.to_vec(),
    }))
}

fn options(fields: &[(&str, Value)]) -> Value {
    Value::structure(fields)
}

fn failed(identifier: &str, message: &str) -> Option<Ended> {
    Some(Err((identifier.to_owned(), message.to_owned())))
}

const URL: &str = "http://server/x";

#[test]
fn an_answer_is_a_struct_whose_body_is_what_was_asked_for() {
    let mut call = Asking::start("http_get_async", &[URL.into()]);
    assert_eq!(call.http().method, HttpMethod::Get);
    assert_eq!(call.http().address.as_str(), URL);
    assert_eq!(call.header("accept"), Some("*/*"));
    assert_eq!(call.http().deadline.as_seconds(), 60.0);
    assert_eq!(call.http().connect_deadline.as_seconds(), 5.0);
    let lines = [("x-a", "1"), ("ETag", "t"), ("X-A", "2"), ("a_b c", "")];
    assert_eq!(
        call.gets(Ok(response(204, &lines, "é".as_bytes()))),
        Some(Ok(
            "<status=204,headers=<X_A='1, 2',Etag='t',A_bC=''>,body='é'>".to_owned()
        ))
    );
    for (media_type, body, expected) in [
        ("application/json; charset=utf-8", &b"[1,2]"[..], "[1; 2]"),
        ("application/problem+json", b"\"a\"", "'a'"),
        ("text/html", b"<p>", "'<p>'"),
        ("text/plain; charset=ISO-8859-1", b"\xe9", "'é'"),
        ("image/svg+xml", b"<s/>", "'<s/>'"),
        ("application/octet-stream", b"\x00\xff", "[0; 255]"),
    ] {
        let as_it_says = options(&[("ContentType", "auto".into())]);
        let mut call = Asking::start("webread", &[URL.into(), as_it_says]);
        let answer = response(200, &[("content-type", media_type)], body);
        let expected =
            format!("<status=200,headers=<Content_Type='{media_type}'>,body={expected}>");
        assert_eq!(call.gets(Ok(answer)), Some(Ok(expected)));
    }
    for name in ["webread", "http_get_async"] {
        let mut call = Asking::start(name, &[URL.into()]);
        let answer = response(200, &[("Content-Type", "application/json")], b"[1]");
        assert_eq!(
            call.gets(Ok(answer)),
            Some(Ok(
                "<status=200,headers=<Content_Type='application/json'>,body='[1]'>".to_owned()
            ))
        );
    }
    let json = options(&[("ContentType", "json".into())]);
    let mut call = Asking::start("webread", &[URL.into(), json]);
    let answer = response(200, &[("Content-Type", "application/json")], b"[");
    assert_eq!(
        call.gets(Ok(answer)),
        failed(
            "http:Failed",
            "Could not GET 'http://server/x': the answer cannot be read."
        )
    );
}

#[test]
fn data_is_sent_as_what_it_is() {
    let row = Value::doubles(Array::row(vec![1.0, 2.0]));
    let json = options(&[("MediaType", "application/json".into())]);
    let put = options(&[("RequestMethod", "put".into())]);
    for (arguments, method, media_type, body) in [
        (
            vec!["a=b".into()],
            "POST",
            "application/x-www-form-urlencoded",
            "a=b",
        ),
        (vec![row.clone()], "POST", "application/json", "[1,2]"),
        (
            vec!["q".into(), "a b&".into(), "n".into(), row.clone()],
            "POST",
            "application/x-www-form-urlencoded",
            "q=a+b%26&n=1%2C2",
        ),
        (
            vec!["q".into(), true.into(), json.clone()],
            "POST",
            "application/json",
            "{\"q\":true}",
        ),
        (vec!["{}".into(), json], "POST", "application/json", "{}"),
        (
            vec![options(&[("a", 1.0.into())]), put],
            "PUT",
            "application/json",
            "{\"a\":1}",
        ),
        (
            vec!["x".into(), "Timeout".into(), 2.0.into()],
            "POST",
            "application/x-www-form-urlencoded",
            "x",
        ),
    ] {
        let arguments: Vec<Value> = [URL.into()].into_iter().chain(arguments).collect();
        let call = Asking::start("webwrite", &arguments);
        assert_eq!(call.http().method.name(), method);
        assert_eq!(call.header("Content-Type"), Some(media_type));
        assert_eq!(String::from_utf8_lossy(&call.http().body), body);
    }
    let call = Asking::start("webread", &[URL.into(), "q".into(), "ü".into()]);
    assert_eq!(call.http().address.as_str(), "http://server/x?q=%C3%BC");
}

#[test]
fn only_idempotent_requests_are_tried_again_unless_it_is_said() {
    let mut get = Asking::start("http_get_async", &[URL.into()]);
    assert_eq!(get.fails(HttpFailure::ConnectFailed), None);
    assert_eq!(get.waits_until(), 0.5);
    assert_eq!(get.is_woken(), None);
    assert_eq!(get.gets_status(503, &[]), None);
    assert_eq!(get.waits_until(), 1.5);
    assert_eq!(get.is_woken(), None);
    assert_eq!(
        get.gets_status(503, &[]),
        failed(
            "http:Status",
            "Could not GET 'http://server/x': the server answered 503 Service Unavailable."
        )
    );
    let mut post = Asking::start("http_post_async", &[URL.into(), "x".into()]);
    assert_eq!(
        post.fails(HttpFailure::Reset),
        failed(
            "http:Failed",
            "Could not POST 'http://server/x': the connection broke off."
        )
    );
    let wanted = options(&[("Retries", 1.0.into()), ("Backoff", 0.0.into())]);
    let mut post = Asking::start("http_post_async", &[URL.into(), "x".into(), wanted]);
    assert_eq!(post.fails(HttpFailure::Reset), None);
    assert_eq!(post.http().body, b"x");
    assert!(
        post.gets_status(200, &[])
            .is_some_and(|ended| ended.is_ok())
    );
    // What will not change is not asked for again.
    for status in [400, 404, 501] {
        let mut get = Asking::start("http_get_async", &[URL.into()]);
        assert!(
            get.gets_status(status, &[])
                .is_some_and(|ended| ended.is_err())
        );
    }
    let mut get = Asking::start("http_get_async", &[URL.into()]);
    assert!(
        get.fails(HttpFailure::TooLong)
            .is_some_and(|ended| ended.is_err())
    );
    let mut get = Asking::start("http_get_async", &[URL.into()]);
    assert!(
        get.fails(HttpFailure::Timeout)
            .is_some_and(|ended| ended.is_err())
    );
}

#[test]
fn one_timeout_is_for_all_attempts() {
    let wanted = options(&[("Timeout", 2.0.into()), ("Retries", 9.0.into())]);
    let mut get = Asking::start("http_get_async", &[URL.into(), wanted]);
    assert_eq!(get.http().connect_deadline.as_seconds(), 2.0);
    assert_eq!(get.gets_status(429, &[("Retry-After", "1")]), None);
    assert_eq!(get.waits_until(), 1.0);
    assert_eq!(get.is_woken(), None);
    assert_eq!(get.http().deadline.as_seconds(), 2.0);
    assert_eq!(get.gets_status(500, &[]), None);
    assert_eq!(get.waits_until(), 2.0);
    assert_eq!(
        get.is_woken(),
        failed(
            "http:Timeout",
            "Could not GET 'http://server/x': no answer came in time."
        )
    );
}

#[test]
fn redirects_are_followed_as_they_are_meant() {
    for (status, method, expected) in [
        (301, "post", "GET"),
        (302, "post", "GET"),
        (302, "put", "PUT"),
        (303, "put", "GET"),
        (307, "post", "POST"),
        (308, "patch", "PATCH"),
    ] {
        let wanted = options(&[("RequestMethod", method.into())]);
        let mut call = Asking::start("webwrite", &[URL.into(), "x".into(), wanted]);
        assert_eq!(call.gets_status(status, &[("location", "/y?z")]), None);
        assert_eq!(call.http().method.name(), expected, "{status}");
        assert_eq!(call.http().address.as_str(), "http://server/y?z");
        let keeps = expected != "GET";
        assert_eq!(call.http().body.is_empty(), !keeps);
        assert_eq!(call.header("Content-Type").is_some(), keeps);
    }
    let mut call = Asking::start("http_get_async", &[URL.into()]);
    for _ in 0..20 {
        assert_eq!(call.gets_status(302, &[("Location", "x")]), None);
    }
    assert_eq!(
        call.gets_status(302, &[("Location", "x")]),
        failed(
            "http:Failed",
            "Could not GET 'http://server/x': there were more than 20 redirects."
        )
    );
    let mut call = Asking::start("http_get_async", &[URL.into()]);
    assert_eq!(
        call.gets_status(301, &[("Location", "file:///x")]),
        failed(
            "http:Failed",
            "Could not GET 'http://server/x': the server redirects to 'file:///x', but it must \
             begin with http:// or https://."
        )
    );
    // Without an address there is nothing to follow.
    let mut call = Asking::start("http_get_async", &[URL.into()]);
    assert!(
        call.gets_status(304, &[])
            .is_some_and(|ended| ended.is_ok())
    );
}

#[test]
fn secrets_stay_with_their_server() {
    let wanted = options(&[
        ("Username", "me".into()),
        ("Password", "pw".into()),
        ("KeyName", "Api-Key".into()),
        ("KeyValue", "k".into()),
    ]);
    let mut call = Asking::start("http_get_async", &[URL.into(), wanted]);
    for target in ["/here", "http://other/there"] {
        assert_eq!(call.header("Authorization"), Some("Basic bWU6cHc="));
        assert_eq!(call.header("Api-Key"), Some("k"));
        assert_eq!(call.gets_status(302, &[("Location", target)]), None);
    }
    assert_eq!(call.header("Authorization"), None);
    assert_eq!(call.header("Api-Key"), None);
    let call = Asking::start("http_get_async", &["http://a:b@server/".into()]);
    assert_eq!(call.http().address.as_str(), "http://server/");
    assert_eq!(call.header("Authorization"), Some("Basic YTpi"));
}

#[test]
fn what_is_no_address_fails_the_future() {
    for text in ["server/x", "ftp://server/", "http://"] {
        match Session::default().start("http_get_async", &[text.into()], 1) {
            Ok(Called::Starts(Start::Failed(error))) => {
                assert_eq!(error.identifier(), "http:InvalidUrl");
                assert!(error.message().contains(text));
            }
            Ok(_) => panic!("{text} is no address"),
            Err(error) => panic!("{}", error.message()),
        }
    }
}

#[test]
fn no_message_shows_a_password() {
    for (text, shown) in [
        ("http://me:secret@bad host/x", "'http://bad host/x'"),
        ("ftp://me:secret@server/", "'ftp://server/'"),
        ("me:secret@server", "'server'"),
        ("http://me:se/cret@bad host", "'http://bad host'"),
        ("http://secret@bad host/@x", "'http://x'"),
        ("http://bad host/@x", "'http://bad host/@x'"),
    ] {
        match Session::default().start("webread", &[text.into()], 1) {
            Ok(Called::Starts(Start::Failed(error))) => {
                assert!(error.message().contains(shown), "{}", error.message());
                assert!(!error.message().contains("secret"), "{}", error.message());
                assert!(!error.message().contains("cret"), "{}", error.message());
            }
            Ok(_) => panic!("{text} is no address"),
            Err(error) => panic!("{}", error.message()),
        }
    }
}

#[test]
fn wrong_options_are_refused() {
    check(&[
        (
            "http_get_async('http://x/', struct('Timeot', 1))",
            "error: async:InvalidArgument: http_get_async: unknown option 'Timeot'. The options are \
             Timeout, ConnectTimeout, Retries, Backoff, ContentType, MediaType, RequestMethod, \
             HeaderFields, UserAgent, Username, Password, KeyName, KeyValue.",
        ),
        (
            "webread('http://x/', 'Timeout', -1)",
            "error: async:InvalidTimeout: webread: the option 'Timeout' must be a number of seconds, \
             0 or more.",
        ),
        (
            "webread('http://x/', struct('Retries', 1.5))",
            "error: async:InvalidArgument: webread: the option 'Retries' must be a whole number from \
             0 to 1000, or 'auto'.",
        ),
        (
            "weboptions('Timeout', 3, 'timeout', 4)",
            "<Timeout=4,ConnectTimeout=5,Retries='auto',Backoff=0.5,ContentType='text',\
             MediaType='auto',RequestMethod='auto',HeaderFields={0x0},UserAgent='auto',Username='',\
             Password='',KeyName='',KeyValue=''>",
        ),
        (
            "weboptions('Timeout')",
            "error: weboptions: every option needs a name and a value.",
        ),
        (
            "webwrite('http://x/', 'data', 'Bogus', 1)",
            "error: async:InvalidArgument: webwrite: unknown option 'Bogus'. The options are \
             Timeout, ConnectTimeout, Retries, Backoff, ContentType, MediaType, RequestMethod, \
             HeaderFields, UserAgent, Username, Password, KeyName, KeyValue.",
        ),
        (
            "http_get_async('http://x/', 3)",
            "error: async:InvalidArgument: http_get_async: the options must be a struct or pairs of \
             names and values.",
        ),
    ]);
    let injected = Value::cell(Array::row(vec!["X-A".into(), "a\r\nX-B: b".into()]));
    let wanted = options(&[("HeaderFields", injected)]);
    let session = Session::default();
    assert!(session.start("webread", &[URL.into(), wanted], 1).is_err());
}
