//! Options of web requests: of `weboptions`, as a struct or by name.

use crate::inputs::{failure, text};
use crate::web::content::ContentType;
use crate::{Outputs, one};
use tourbillon_host::{HttpMethod, Nanoseconds};
use tourbillon_value::{Result, RuntimeError, Value, build_runtime_error};

/// The options of a request.
#[derive(Clone, Debug)]
pub(crate) struct WebOptions {
    /// How long the whole call may take, further attempts included.
    pub(crate) timeout: Nanoseconds,
    /// How long it may take to make a connection.
    pub(crate) connect_timeout: Nanoseconds,
    /// How many further attempts there may be; by the method when it was not said.
    pub(crate) retries: Option<u32>,
    /// The wait before the first further attempt; it doubles each time.
    pub(crate) backoff_seconds: f64,
    pub(crate) content_type: ContentType,
    /// What the data that is sent is, unless its class says so.
    pub(crate) media_type: Option<String>,
    /// The method, unless the function says so.
    pub(crate) method: Option<HttpMethod>,
    /// Header lines.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) user_agent: Option<String>,
    pub(crate) user: String,
    pub(crate) password: String,
    /// A header line that is a key, and is kept from other servers.
    pub(crate) key_name: String,
    pub(crate) key_value: String,
}

/// How often an idempotent request is tried again when it was not said.
pub(crate) const USUAL_RETRIES: u32 = 2;

const AUTO: &str = "auto";

impl Default for WebOptions {
    fn default() -> WebOptions {
        WebOptions {
            timeout: Nanoseconds(60_000_000_000),
            connect_timeout: Nanoseconds(5_000_000_000),
            retries: None,
            backoff_seconds: 0.5,
            content_type: ContentType::Text,
            media_type: None,
            method: None,
            headers: Vec::new(),
            user_agent: None,
            user: String::new(),
            password: String::new(),
            key_name: String::new(),
            key_value: String::new(),
        }
    }
}

/// The names of the options, in the order in which `weboptions` shows them.
pub(crate) const NAMES: [&str; 13] = [
    "Timeout",
    "ConnectTimeout",
    "Retries",
    "Backoff",
    "ContentType",
    "MediaType",
    "RequestMethod",
    "HeaderFields",
    "UserAgent",
    "Username",
    "Password",
    "KeyName",
    "KeyValue",
];

/// The option of that name, in any case.
pub(crate) fn option_name(text: &str) -> Option<&'static str> {
    NAMES
        .into_iter()
        .find(|name| name.eq_ignore_ascii_case(text))
}

/// The struct of `weboptions`: every option, those that were not given as they are usually.
pub(crate) fn shown(given: &[(&'static str, Value)]) -> Outputs {
    let usual = WebOptions::default();
    let fields: Vec<(&str, Value)> = NAMES
        .into_iter()
        .map(|name| {
            let given = given.iter().rev().find(|(own, _)| *own == name);
            let value = match (given, name) {
                (Some((_, value)), _) => value.clone(),
                (None, "Timeout") => usual.timeout.as_seconds().into(),
                (None, "ConnectTimeout") => usual.connect_timeout.as_seconds().into(),
                (None, "Backoff") => usual.backoff_seconds.into(),
                (None, "ContentType") => "text".into(),
                (None, "Retries" | "MediaType" | "RequestMethod" | "UserAgent") => AUTO.into(),
                (None, "HeaderFields") => Value::cell_row(Vec::new()),
                (None, _) => "".into(),
            };
            (name, value)
        })
        .collect();
    one(Value::structure(&fields))
}

impl WebOptions {
    /// Takes options over from a struct.
    pub(crate) fn read_struct(&mut self, function: &str, value: &Value) -> Result<()> {
        let Value::Struct(array) = value else {
            return Err(invalid(format!(
                "{function}: the options must be a struct or pairs of names and values."
            )));
        };
        if !array.dims().is_scalar() {
            return Err(invalid(format!(
                "{function}: the options must be one struct, not an array of them."
            )));
        }
        for (name, values) in array.fields() {
            self.read(function, name, &values[0])?;
        }
        Ok(())
    }

    /// Takes one option over.
    pub(crate) fn read(&mut self, function: &str, name: &str, value: &Value) -> Result<()> {
        let Some(known) = option_name(name) else {
            return Err(invalid(format!(
                "{function}: unknown option '{name}'. The options are {}.",
                NAMES.join(", ")
            )));
        };
        self.take(known, value).map_err(|wrong| match wrong {
            Wrong::Value(wanted) => invalid(format!(
                "{function}: the option '{known}' must be {wanted}."
            )),
            Wrong::Timeout => build_runtime_error(format!(
                "{function}: the option '{known}' must be a number of seconds, 0 or more."
            ))
            .identifier("async:InvalidTimeout")
            .build(),
        })
    }

    fn take(&mut self, name: &'static str, value: &Value) -> std::result::Result<(), Wrong> {
        let is_auto = value
            .as_text()
            .is_some_and(|text| text.eq_ignore_ascii_case(AUTO));
        let word = || value.as_text().ok_or(Wrong::Value("a character vector"));
        match name {
            "Timeout" => self.timeout = span(value)?,
            "ConnectTimeout" => self.connect_timeout = span(value)?,
            "Retries" if is_auto => self.retries = None,
            "Retries" => {
                let wanted = Wrong::Value("a whole number from 0 to 1000, or 'auto'");
                self.retries = match number(value) {
                    Some(number) if number.fract() == 0.0 && (0.0..=1000.0).contains(&number) => {
                        Some(number as u32)
                    }
                    Some(_) | None => return Err(wanted),
                };
            }
            "Backoff" => {
                let wanted = "a number of seconds, 0 or more";
                self.backoff_seconds = match number(value) {
                    Some(number) if number >= 0.0 && number.is_finite() => number,
                    Some(_) | None => return Err(Wrong::Value(wanted)),
                };
            }
            "ContentType" => {
                self.content_type = ContentType::from_name(&word()?)
                    .ok_or(Wrong::Value("'auto', 'text', 'json' or 'binary'"))?;
            }
            "MediaType" if is_auto => self.media_type = None,
            "MediaType" => self.media_type = Some(header_value(word()?)?),
            "RequestMethod" if is_auto => self.method = None,
            "RequestMethod" => {
                self.method = HttpMethod::from_name(&word()?.to_uppercase())
                    .map(Some)
                    .ok_or(Wrong::Value(
                        "'auto', 'get', 'head', 'post', 'put', 'patch' or 'delete'",
                    ))?;
            }
            "HeaderFields" => self.headers = header_fields(value)?,
            "UserAgent" if is_auto => self.user_agent = None,
            "UserAgent" => self.user_agent = Some(header_value(word()?)?),
            "Username" => self.user = word()?,
            "Password" => self.password = word()?,
            "KeyName" => {
                let word = word()?;
                self.key_name = if word.is_empty() {
                    word
                } else {
                    header_name(word)?
                };
            }
            _ => self.key_value = header_value(word()?)?,
        }
        Ok(())
    }
}

enum Wrong {
    /// The value is not what is wanted.
    Value(&'static str),
    /// The value is no time.
    Timeout,
}

/// A number, which a character is not.
fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Char(_) => None,
        other => other.as_number(),
    }
}

fn span(value: &Value) -> std::result::Result<Nanoseconds, Wrong> {
    match number(value) {
        Some(seconds) if seconds >= 0.0 => Ok(Nanoseconds::from_seconds(seconds)),
        Some(_) | None => Err(Wrong::Timeout),
    }
}

/// Header lines: a cell with two columns, or a struct.
fn header_fields(value: &Value) -> std::result::Result<Vec<(String, String)>, Wrong> {
    const WANTED: Wrong = Wrong::Value("a cell array with a name and a text in each row");
    let Value::Cell(cell) = value else {
        return Err(WANTED);
    };
    let rows = cell.dims().rows();
    if cell.count() == 0 {
        return Ok(Vec::new());
    }
    if cell.dims().columns() != 2 || cell.dims().rank() != 2 {
        return Err(WANTED);
    }
    (0..rows)
        .map(|row| {
            let name = cell.data()[row].as_text().ok_or(WANTED)?;
            let text = &cell.data()[row + rows];
            let text = text
                .as_text()
                .or_else(|| text.as_number().map(shown_number))
                .ok_or(WANTED)?;
            Ok((header_name(name)?, header_value(text)?))
        })
        .collect()
}

/// A number as a query, a form or a header shows it.
pub(crate) fn shown_number(number: f64) -> String {
    crate::strings::number::shortest(number, 15)
}

/// Header lines that say how the message goes over the wire are the client's business.
const RESERVED: [&str; 7] = [
    "Connection",
    "Content-Length",
    "Expect",
    "Host",
    "TE",
    "Transfer-Encoding",
    "Upgrade",
];

fn header_name(name: String) -> std::result::Result<String, Wrong> {
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    if name.is_empty() || !name.bytes().all(is_token) {
        return Err(Wrong::Value(
            "a name of a header line: letters, digits and `-`",
        ));
    }
    if RESERVED.iter().any(|own| own.eq_ignore_ascii_case(&name)) {
        return Err(Wrong::Value(
            "without Connection, Content-Length, Expect, Host, TE, Transfer-Encoding and Upgrade, which the client writes itself",
        ));
    }
    Ok(name)
}

fn header_value(text: String) -> std::result::Result<String, Wrong> {
    let is_plain = |letter: char| letter == '\t' || !letter.is_control();
    if text.chars().all(is_plain) {
        Ok(text)
    } else {
        Err(Wrong::Value("text without control characters"))
    }
}

/// An option that cannot be taken.
pub(crate) fn invalid(message: String) -> RuntimeError {
    build_runtime_error(message)
        .identifier("async:InvalidArgument")
        .build()
}

/// Pairs of names and values, as `weboptions` takes them.
pub(crate) fn pairs(function: &str, arguments: &[Value]) -> Result<Vec<(&'static str, Value)>> {
    if arguments.len() % 2 == 1 {
        return Err(failure(format!(
            "{function}: every option needs a name and a value."
        )));
    }
    let mut given = Vec::new();
    for pair in arguments.chunks(2) {
        let name = text(function, &pair[0])?;
        // Says what is wrong with it.
        WebOptions::default().read(function, &name, &pair[1])?;
        given.extend(option_name(&name).map(|name| (name, pair[1].clone())));
    }
    Ok(given)
}
