//! Requests to the web: one exchange with one server. Redirects, retries and what a status means are
//! the library's business, once for every host.

use crate::Nanoseconds;
use std::error::Error;
use std::fmt;
use tourbillon_value::{RuntimeErrorBuilder, build_runtime_error};
use url::Url;

/// What is done at an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HttpMethod {
    /// To fetch.
    Get,
    /// To fetch everything but the body.
    Head,
    /// To hand something in.
    Post,
    /// To put something there.
    Put,
    /// To change a part of it.
    Patch,
    /// To remove it.
    Delete,
}

impl HttpMethod {
    /// All methods.
    pub const ALL: [HttpMethod; 6] = [
        HttpMethod::Get,
        HttpMethod::Head,
        HttpMethod::Post,
        HttpMethod::Put,
        HttpMethod::Patch,
        HttpMethod::Delete,
    ];

    /// As it is written in a request.
    pub fn name(self) -> &'static str {
        match self {
            HttpMethod::Get => "GET",
            HttpMethod::Head => "HEAD",
            HttpMethod::Post => "POST",
            HttpMethod::Put => "PUT",
            HttpMethod::Patch => "PATCH",
            HttpMethod::Delete => "DELETE",
        }
    }

    /// The method of that name, in capitals.
    pub fn from_name(name: &str) -> Option<HttpMethod> {
        HttpMethod::ALL
            .into_iter()
            .find(|method| method.name() == name)
    }

    /// Whether doing it twice does the same as doing it once.
    pub fn is_idempotent(self) -> bool {
        match self {
            HttpMethod::Get | HttpMethod::Head | HttpMethod::Put | HttpMethod::Delete => true,
            HttpMethod::Post | HttpMethod::Patch => false,
        }
    }
}

impl fmt::Display for HttpMethod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// An absolute address of the web, in its normal form.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WebAddress(Url);

impl WebAddress {
    /// Reads an address.
    ///
    /// # Errors
    /// When it is no absolute http or https address with a server.
    pub fn parse(text: &str) -> Result<WebAddress, WrongAddress> {
        WebAddress::checked(Url::parse(text)?)
    }

    /// The address that a reference stands for where it was found here, as in a redirect.
    ///
    /// # Errors
    /// As for [`WebAddress::parse`].
    pub fn join(&self, reference: &str) -> Result<WebAddress, WrongAddress> {
        let mut url = self.0.join(reference)?;
        if url.fragment().is_none() {
            url.set_fragment(self.0.fragment());
        }
        WebAddress::checked(url)
    }

    fn checked(url: Url) -> Result<WebAddress, WrongAddress> {
        match url.scheme() {
            "http" | "https" => Ok(WebAddress(url)),
            _ => Err(WrongAddress::NotOfTheWeb),
        }
    }

    /// The whole address, as a client wants it.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// Whether what goes to and fro is hidden from others.
    pub fn is_secure(&self) -> bool {
        self.0.scheme() == "https"
    }

    /// The name or number of the server, for whoever connects to it.
    pub fn host(&self) -> &str {
        let host = self.0.host_str().unwrap_or_default();
        host.trim_start_matches('[').trim_end_matches(']')
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.0.port_or_known_default().unwrap_or(80)
    }

    /// The server as a request names it: with the port, unless that is the usual one.
    pub fn authority(&self) -> String {
        let host = self.0.host_str().unwrap_or_default();
        match self.0.port() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_owned(),
        }
    }

    /// What a request asks the server for.
    pub fn path_and_query(&self) -> &str {
        &self.0[url::Position::BeforePath..url::Position::AfterQuery]
    }

    /// Adds `name=value` to the query.
    pub fn add_query(&mut self, name: &str, value: &str) {
        self.0.query_pairs_mut().append_pair(name, value);
    }

    /// Takes the user's name and password out of the address.
    pub fn take_credentials(&mut self) -> Option<(String, String)> {
        let user = self.0.username().to_owned();
        let password = self.0.password().map(str::to_owned);
        if user.is_empty() && password.is_none() {
            return None;
        }
        // An address with a server can be without a user.
        let _of_no_use = self.0.set_username("");
        let _of_no_use = self.0.set_password(None);
        Some((decoded(&user), decoded(&password.unwrap_or_default())))
    }

    /// Whether both are of one server: scheme, name and port.
    pub fn is_same_server(&self, other: &WebAddress) -> bool {
        self.0.origin() == other.0.origin()
    }

    /// Whether requests for both are the same: a fragment never reaches the server.
    pub fn asks_same(&self, other: &WebAddress) -> bool {
        fn asked(address: &WebAddress) -> Url {
            let mut url = address.0.clone();
            url.set_fragment(None);
            url
        }
        asked(self) == asked(other)
    }
}

/// What `%xx` in a user's name or password stands for.
fn decoded(text: &str) -> String {
    let query = format!("x={}", text.replace('+', "%2B"));
    let mut pairs = url::form_urlencoded::parse(query.as_bytes());
    pairs
        .next()
        .map(|(_, value)| value.into_owned())
        .unwrap_or_default()
}

/// A form with these fields, as `application/x-www-form-urlencoded` has it.
pub fn encode_form<'a>(fields: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(fields)
        .finish()
}

impl fmt::Display for WebAddress {
    /// For messages: without the user's name and password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = self.clone();
        shown.take_credentials();
        f.write_str(shown.as_str())
    }
}

/// Why a text is no address of the web.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WrongAddress {
    /// It has another scheme than http and https, or none.
    NotOfTheWeb,
    /// It cannot be read.
    Malformed(url::ParseError),
}

impl From<url::ParseError> for WrongAddress {
    fn from(error: url::ParseError) -> WrongAddress {
        match error {
            url::ParseError::RelativeUrlWithoutBase => WrongAddress::NotOfTheWeb,
            other => WrongAddress::Malformed(other),
        }
    }
}

impl fmt::Display for WrongAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            WrongAddress::NotOfTheWeb => f.write_str("it must begin with http:// or https://"),
            WrongAddress::Malformed(error) => error.fmt(f),
        }
    }
}

impl Error for WrongAddress {}

/// One request to one server.
#[derive(Clone, Debug, PartialEq)]
pub struct HttpRequest {
    /// What is done.
    pub method: HttpMethod,
    /// Where.
    pub address: WebAddress,
    /// The header lines.
    pub headers: Vec<(String, String)>,
    /// What goes along.
    pub body: Vec<u8>,
    /// When a connection must be there, on the host's clock.
    pub connect_deadline: Nanoseconds,
    /// When the whole answer must be there, on the host's clock.
    pub deadline: Nanoseconds,
}

/// The answer of a server, whatever its status.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HttpResponse {
    /// The status code.
    pub status: u16,
    /// The header lines in order.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl HttpResponse {
    /// The value of the first header line of that name, in any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(own, _)| own.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }
}

/// Why an exchange came to no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum HttpFailure {
    /// No connection was made in time.
    ConnectTimeout,
    /// The answer was not there in time.
    Timeout,
    /// No connection could be made.
    ConnectFailed,
    /// The connection broke before the answer was whole.
    Reset,
    /// What came is no answer as the protocol wants it.
    Malformed,
    /// The body is longer than the host takes.
    TooLong,
}

impl HttpFailure {
    /// The identifier that programs see.
    pub fn identifier(self) -> &'static str {
        match self {
            HttpFailure::ConnectTimeout | HttpFailure::Timeout => "http:Timeout",
            HttpFailure::ConnectFailed => "http:ConnectFailed",
            HttpFailure::Reset | HttpFailure::Malformed | HttpFailure::TooLong => "http:Failed",
        }
    }

    /// The usual failure with that identifier.
    pub fn from_identifier(identifier: &str) -> Option<HttpFailure> {
        match identifier {
            "http:Timeout" => Some(HttpFailure::Timeout),
            "http:ConnectFailed" => Some(HttpFailure::ConnectFailed),
            "http:Failed" => Some(HttpFailure::Reset),
            _ => None,
        }
    }

    /// Starts the error of a failed request; the host adds what is behind it as the source. One that would
    /// come again says so by being the source itself.
    pub fn error(self, method: HttpMethod, address: &WebAddress) -> RuntimeErrorBuilder {
        let error = web_error(self.identifier(), method, address, self);
        match self {
            HttpFailure::TooLong => error.source(self),
            HttpFailure::ConnectTimeout
            | HttpFailure::Timeout
            | HttpFailure::ConnectFailed
            | HttpFailure::Reset
            | HttpFailure::Malformed => error,
        }
    }
}

/// Starts the error of a request that came to nothing.
pub fn web_error(
    identifier: &'static str,
    method: HttpMethod,
    address: &WebAddress,
    reason: impl fmt::Display,
) -> RuntimeErrorBuilder {
    build_runtime_error(format!("Could not {method} '{address}': {reason}.")).identifier(identifier)
}

impl fmt::Display for HttpFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            HttpFailure::ConnectTimeout => "no connection was made in time",
            HttpFailure::Timeout => "no answer came in time",
            HttpFailure::ConnectFailed => "no connection could be made",
            HttpFailure::Reset => "the connection broke off",
            HttpFailure::Malformed => "what the server sent is no valid answer",
            HttpFailure::TooLong => "the answer is too long",
        })
    }
}

impl Error for HttpFailure {}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> WebAddress {
        WebAddress::parse(text).expect(text)
    }

    #[test]
    fn addresses_have_one_form() {
        for (text, expected) in [
            ("http://server", "http://server/"),
            ("HTTP://Server:80/a/../b?q=1", "http://server/b?q=1"),
            ("https://server:8443/ä", "https://server:8443/%C3%A4"),
        ] {
            assert_eq!(address(text).as_str(), expected);
        }
        for text in [
            "",
            "server/path",
            "ftp://server/",
            "http://",
            "http://a b/",
            "mailto:a@b",
        ] {
            assert!(WebAddress::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn references_are_read_where_they_are_found() {
        let base = address("http://server/a/b?q#part");
        for (reference, expected) in [
            ("c", "http://server/a/c#part"),
            ("/c?d", "http://server/c?d#part"),
            ("//other/x#y", "http://other/x#y"),
            ("https://server/", "https://server/#part"),
        ] {
            assert_eq!(base.join(reference).expect(reference).as_str(), expected);
        }
        assert!(base.join("file:///etc").is_err());
        let other = address("https://[::1]:81/a?b#c");
        assert_eq!((other.host(), other.port()), ("::1", 81));
        assert_eq!(other.authority(), "[::1]:81");
        assert_eq!(other.path_and_query(), "/a?b");
        assert!(other.is_secure() && !base.is_secure());
        assert_eq!((base.port(), &*base.authority()), (80, "server"));
        assert!(base.asks_same(&address("http://server/a/b?q")));
        assert!(base.is_same_server(&address("http://server:80/")));
        assert!(!base.is_same_server(&address("https://server/")));
    }

    #[test]
    fn messages_keep_no_passwords() {
        let mut address = address("http://me:s%40c%2Bret@server/x");
        assert_eq!(address.to_string(), "http://server/x");
        let error = HttpFailure::Reset.error(HttpMethod::Get, &address).build();
        assert_eq!(
            (error.identifier(), error.message()),
            (
                "http:Failed",
                "Could not GET 'http://server/x': the connection broke off."
            )
        );
        let credentials = address.take_credentials();
        assert_eq!(credentials, Some(("me".into(), "s@c+ret".into())));
        assert_eq!(address.take_credentials(), None);
        assert_eq!(
            encode_form([("a b", "1&2"), ("c", "ü")]),
            "a+b=1%262&c=%C3%BC"
        );
    }
}
