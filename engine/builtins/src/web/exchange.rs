//! One call for the web: an exchange, redirects, and further attempts with waits in between.

use crate::web::content::{self, ContentType};
use crate::web::options::{USUAL_RETRIES, WebOptions};
use crate::{Context, Next, Sequence, Start};
use std::borrow::Cow;
use tourbillon_host::{
    HttpFailure, HttpMethod, HttpRequest, HttpResponse, Nanoseconds, Outcome, Request, Response,
    WebAddress, WrongAddress, web_error,
};
use tourbillon_value::{Result, RuntimeError, Value, build_runtime_error};

/// How often a call is sent on from one address to the next.
const MOST_REDIRECTS: u32 = 20;

/// A request as the program wants it.
pub(crate) struct Wanted {
    pub(crate) method: HttpMethod,
    pub(crate) address: WebAddress,
    pub(crate) headers: Vec<(String, String)>,
    /// Header lines for this server only.
    pub(crate) secrets: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    /// What the answer's body is made of.
    pub(crate) content_type: ContentType,
}

/// A call under way.
struct Exchange {
    wanted: Wanted,
    connect_timeout: Nanoseconds,
    deadline: Nanoseconds,
    backoff_seconds: f64,
    /// How often it may be tried again.
    retries_left: u32,
    /// How often it was tried, not counting redirects.
    attempts: u32,
    redirects: u32,
    /// Why the last attempt failed.
    failed: Option<RuntimeError>,
    /// Whether it waits before the next attempt.
    is_waiting: bool,
}

/// Starts a call.
pub(crate) fn start(context: &dyn Context, wanted: Wanted, options: &WebOptions) -> Start {
    let usual = if wanted.method.is_idempotent() {
        USUAL_RETRIES
    } else {
        0
    };
    let exchange = Exchange {
        connect_timeout: options.connect_timeout,
        deadline: context.now() + options.timeout,
        backoff_seconds: options.backoff_seconds,
        retries_left: options.retries.unwrap_or(usual),
        attempts: 1,
        redirects: 0,
        failed: None,
        is_waiting: false,
        wanted,
    };
    Start::Sequence(exchange.request(context), Box::new(exchange))
}

impl Sequence for Exchange {
    fn next(mut self: Box<Self>, context: &dyn Context, outcome: Outcome) -> Result<Next> {
        if std::mem::take(&mut self.is_waiting) {
            // The wait before the next attempt is over.
            outcome?;
            if context.now() >= self.deadline {
                let error = self.failure(HttpFailure::Timeout);
                return Err(self.after_failures(error));
            }
            self.attempts += 1;
            return Ok(self.send(context));
        }
        match outcome {
            Ok(Response::Http(response)) => self.answered(context, &response),
            Ok(other) => Err(self.error(
                "http:Failed",
                format!("the host gave a wrong answer: {other:?}"),
            )),
            Err(error) if is_too_long(&error) => Err(error),
            // What took too long would take longer still.
            Err(error) => match error.identifier() {
                "http:ConnectFailed" | "http:Failed" => self.again(context, error, None),
                _ => Err(self.after_failures(error)),
            },
        }
    }
}

impl Exchange {
    fn request(&self, context: &dyn Context) -> Request {
        let mut headers = self.wanted.headers.clone();
        headers.extend_from_slice(&self.wanted.secrets);
        Request::Http(Box::new(HttpRequest {
            method: self.wanted.method,
            address: self.wanted.address.clone(),
            headers,
            body: self.wanted.body.clone(),
            connect_deadline: (context.now() + self.connect_timeout).min(self.deadline),
            deadline: self.deadline,
        }))
    }

    fn send(self: Box<Self>, context: &dyn Context) -> Next {
        Next::Request(self.request(context), self)
    }

    fn answered(self: Box<Self>, context: &dyn Context, response: &HttpResponse) -> Result<Next> {
        let status = response.status;
        if let (301 | 302 | 303 | 307 | 308, Some(target)) = (status, response.header("Location")) {
            return self.redirected(context, status, target);
        }
        if status < 400 {
            return self.value(response).map(Next::Value);
        }
        let reason = match reason(status) {
            Some(reason) => format!("the server answered {status} {reason}"),
            None => format!("the server answered {status}"),
        };
        let error = self.error("http:Status", reason);
        if matches!(status, 408 | 429 | 500 | 502 | 503 | 504) {
            // A date would need to know what day it is; whoever means seconds says so.
            let wait = response.header("Retry-After").map(str::trim);
            let wait = wait.and_then(|text| text.parse::<u32>().ok());
            return self.again(context, error, wait.map(f64::from));
        }
        Err(error)
    }

    fn value(&self, response: &HttpResponse) -> Result<Value> {
        content::answer(response, self.wanted.content_type).map_err(|cause| {
            self.error("http:Failed", "the answer cannot be read".to_owned())
                .with_cause(cause)
        })
    }

    fn redirected(
        mut self: Box<Self>,
        context: &dyn Context,
        status: u16,
        target: &str,
    ) -> Result<Next> {
        if self.redirects == MOST_REDIRECTS {
            return Err(self.error(
                "http:Failed",
                format!("there were more than {MOST_REDIRECTS} redirects"),
            ));
        }
        let address = self.wanted.address.join(target).map_err(|wrong| {
            self.error(
                "http:Failed",
                format!(
                    "the server redirects to '{}', but {wrong}",
                    without_user(target)
                ),
            )
        })?;
        let method = match (status, self.wanted.method) {
            (303, HttpMethod::Head) => HttpMethod::Head,
            (303, _) | (301 | 302, HttpMethod::Post) => HttpMethod::Get,
            (_, method) => method,
        };
        if method != self.wanted.method {
            self.wanted.body.clear();
            self.wanted
                .headers
                .retain(|(name, _)| !name.eq_ignore_ascii_case("Content-Type"));
        }
        if !address.is_same_server(&self.wanted.address) {
            self.wanted.secrets.clear();
        }
        self.wanted.method = method;
        self.wanted.address = address;
        self.redirects += 1;
        Ok(self.send(context))
    }

    /// Tries again after a wait, if that is allowed.
    fn again(
        mut self: Box<Self>,
        context: &dyn Context,
        error: RuntimeError,
        server_wants: Option<f64>,
    ) -> Result<Next> {
        if self.retries_left == 0 {
            return Err(error);
        }
        self.retries_left -= 1;
        let doubled = 2_f64.powi(self.attempts.min(1000) as i32 - 1);
        let wait = (self.backoff_seconds * doubled).max(server_wants.unwrap_or(0.0));
        if wait == 0.0 {
            self.failed = Some(error);
            self.attempts += 1;
            return Ok(self.send(context));
        }
        let deadline = (context.now() + Nanoseconds::from_seconds(wait)).min(self.deadline);
        self.failed = Some(error);
        self.is_waiting = true;
        Ok(Next::Request(Request::Timer { deadline }, self))
    }

    /// The time is over: why the attempts before were of no use is the cause.
    fn after_failures(&mut self, error: RuntimeError) -> RuntimeError {
        match self.failed.take() {
            Some(failed) => error.with_cause(failed),
            None => error,
        }
    }

    fn failure(&self, failure: HttpFailure) -> RuntimeError {
        failure
            .error(self.wanted.method, &self.wanted.address)
            .build()
    }

    fn error(&self, identifier: &'static str, reason: String) -> RuntimeError {
        web_error(identifier, self.wanted.method, &self.wanted.address, reason).build()
    }
}

/// Whether an answer has more bytes than the host takes: it would have as many the next time.
fn is_too_long(error: &RuntimeError) -> bool {
    let source = error.foreign_source();
    let failure = source.and_then(|source| source.downcast_ref::<HttpFailure>());
    matches!(failure, Some(HttpFailure::TooLong))
}

/// The error for a text that is no address.
pub(crate) fn invalid_address(text: &str, wrong: WrongAddress) -> RuntimeError {
    let shown = without_user(text);
    build_runtime_error(format!("'{shown}' is no address of the web: {wrong}."))
        .identifier("http:InvalidUrl")
        .source(wrong)
        .build()
}

/// A text that should be an address, without what could be a user's name and password: whatever stands
/// before the last `@`, unless it can only belong to the path.
fn without_user(text: &str) -> Cow<'_, str> {
    let start = text.find("//").map_or(0, |at| at + 2);
    let Some(end) = text[start..].rfind('@') else {
        return text.into();
    };
    let before = &text[start..start + end];
    // A password may itself hold what would end the server's name.
    let server = before.split(['/', '?', '#']).next().unwrap_or_default();
    let is_of_path = server.len() < before.len() && !server.contains([':', '@']);
    if is_of_path {
        return text.into();
    }
    format!("{}{}", &text[..start], &text[start + end + 1..]).into()
}

/// What a status means in words.
fn reason(status: u16) -> Option<&'static str> {
    Some(match status {
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        406 => "Not Acceptable",
        408 => "Request Timeout",
        409 => "Conflict",
        410 => "Gone",
        411 => "Length Required",
        412 => "Precondition Failed",
        413 => "Content Too Large",
        414 => "URI Too Long",
        415 => "Unsupported Media Type",
        418 => "I'm a teapot",
        422 => "Unprocessable Content",
        425 => "Too Early",
        428 => "Precondition Required",
        429 => "Too Many Requests",
        431 => "Request Header Fields Too Large",
        451 => "Unavailable For Legal Reasons",
        500 => "Internal Server Error",
        501 => "Not Implemented",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        505 => "HTTP Version Not Supported",
        _ => return None,
    })
}
