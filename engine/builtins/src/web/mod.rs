//! The web: what is asked of servers, and how. Every exchange is an operation of the host.

mod content;
mod exchange;
mod options;

use crate::inputs::{failure, text};
use crate::json;
use crate::table::{plain, starts, waits};
use crate::{Call, Entry, Outputs, Start};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use exchange::{Wanted, invalid_address};
use options::{WebOptions, invalid, option_name, shown_number};
use tourbillon_host::{HttpMethod, WebAddress, encode_form};
use tourbillon_value::{Result, StructArray, Value};

pub(crate) static TABLE: &[Entry] = &[
    starts(
        "http_get_async",
        1,
        u8::MAX,
        1,
        http_get_async,
        "f = http_get_async(url, options): a struct with status, headers and body",
    ),
    starts(
        "http_post_async",
        2,
        u8::MAX,
        1,
        http_post_async,
        "f = http_post_async(url, body, options): a struct with status, headers and body",
    ),
    plain(
        "weboptions",
        0,
        u8::MAX,
        1,
        weboptions,
        "o = weboptions('Timeout', s, …): options of web requests, as a struct",
    ),
    waits(
        "webread",
        1,
        u8::MAX,
        1,
        webread,
        "r = webread(url, name, value, …, options): a struct with status, headers and body",
    ),
    waits(
        "webwrite",
        2,
        u8::MAX,
        1,
        webwrite,
        "r = webwrite(url, data, options), webwrite(url, name, value, …, options): hands data in; a struct with status, headers and body",
    ),
];

fn weboptions(call: &mut Call<'_>) -> Result<Outputs> {
    let given = options::pairs(call.name, call.arguments)?;
    Ok(options::shown(&given))
}

fn http_get_async(call: &mut Call<'_>) -> Result<Start> {
    let options = plain_options(call, 1, HttpMethod::Get)?;
    let request = Outgoing {
        method: HttpMethod::Get,
        query: Vec::new(),
        body: Vec::new(),
        media_type: None,
    };
    request.start(call, &options)
}

fn http_post_async(call: &mut Call<'_>) -> Result<Start> {
    let options = plain_options(call, 2, HttpMethod::Post)?;
    let Data { body, media_type } = data(call.name, &call.arguments[1], &options)?;
    let request = Outgoing {
        method: HttpMethod::Post,
        query: Vec::new(),
        body,
        media_type: Some(media_type),
    };
    request.start(call, &options)
}

fn webread(call: &mut Call<'_>) -> Result<Start> {
    let (options, rest) = split(call.name, &call.arguments[1..])?;
    let query = fields(call.name, &rest)?;
    let request = Outgoing {
        method: options.method.unwrap_or(HttpMethod::Get),
        query,
        body: Vec::new(),
        media_type: None,
    };
    request.start(call, &options)
}

fn webwrite(call: &mut Call<'_>) -> Result<Start> {
    let (options, rest) = split_after_data(call.name, &call.arguments[1..])?;
    let Data { body, media_type } = match &rest[..] {
        [only] => data(call.name, only, &options)?,
        pairs => form(call.name, pairs, &options)?,
    };
    let request = Outgoing {
        method: options.method.unwrap_or(HttpMethod::Post),
        query: Vec::new(),
        body,
        media_type: Some(media_type),
    };
    request.start(call, &options)
}

/// What is about to be asked for.
struct Outgoing {
    method: HttpMethod,
    query: Vec<(String, String)>,
    body: Vec<u8>,
    media_type: Option<String>,
}

impl Outgoing {
    fn start(self, call: &Call<'_>, options: &WebOptions) -> Result<Start> {
        let written = text(call.name, &call.arguments[0])?;
        let mut address = match WebAddress::parse(&written) {
            Ok(address) => address,
            Err(wrong) => return Ok(Start::Failed(invalid_address(&written, wrong))),
        };
        for (name, value) in &self.query {
            address.add_query(name, value);
        }
        let mut headers = options.headers.clone();
        let mut add = |name: &str, value: String| {
            if !headers
                .iter()
                .any(|(own, _)| own.eq_ignore_ascii_case(name))
            {
                headers.push((name.to_owned(), value));
            }
        };
        add("Accept", "*/*".to_owned());
        let agent = || concat!("tourbillon/", env!("CARGO_PKG_VERSION")).to_owned();
        add(
            "User-Agent",
            options.user_agent.clone().unwrap_or_else(agent),
        );
        if let Some(media_type) = self.media_type {
            add("Content-Type", media_type);
        }
        // What lets somebody in is for this server only.
        let is_secret = |name: &str| {
            ["Authorization", "Cookie", "Proxy-Authorization"]
                .iter()
                .any(|own| own.eq_ignore_ascii_case(name))
        };
        let (mut secrets, headers): (Vec<_>, Vec<_>) =
            headers.into_iter().partition(|(name, _)| is_secret(name));
        let mut credentials = address.take_credentials();
        if !options.user.is_empty() || !options.password.is_empty() {
            credentials = Some((options.user.clone(), options.password.clone()));
        }
        if let Some((user, password)) = credentials {
            let both = STANDARD.encode(format!("{user}:{password}"));
            secrets.retain(|(name, _)| !name.eq_ignore_ascii_case("Authorization"));
            secrets.push(("Authorization".to_owned(), format!("Basic {both}")));
        }
        if !options.key_name.is_empty() {
            secrets.push((options.key_name.clone(), options.key_value.clone()));
        }
        let wanted = Wanted {
            method: self.method,
            address,
            headers,
            secrets,
            body: self.body,
            content_type: options.content_type,
        };
        Ok(exchange::start(call.context, wanted, options))
    }
}

/// The options of a function whose method is its own.
fn plain_options(call: &Call<'_>, from: usize, method: HttpMethod) -> Result<WebOptions> {
    let (options, rest) = split(call.name, &call.arguments[from..])?;
    if let Some(name) = rest.first() {
        // Says that there is no such option, or that a name was expected.
        let name = text(call.name, name)?;
        WebOptions::default().read(call.name, &name, &Value::Undefined)?;
    }
    if options.method.is_some_and(|wanted| wanted != method) {
        return Err(invalid(format!(
            "{}: the method is always {method}; webread and webwrite take others.",
            call.name
        )));
    }
    Ok(options)
}

/// Splits options off: pairs whose name is that of an option, and a struct at the end.
fn split(function: &str, arguments: &[Value]) -> Result<(WebOptions, Vec<Value>)> {
    let mut options = WebOptions::default();
    let pairs = match arguments.split_last() {
        Some((last @ Value::Struct(_), pairs)) => {
            options.read_struct(function, last)?;
            pairs
        }
        Some(_) | None => arguments,
    };
    if pairs.len() % 2 == 1 {
        return Err(invalid(match pairs.len() {
            1 => format!("{function}: the options must be a struct or pairs of names and values."),
            _ => format!("{function}: every name needs a value."),
        }));
    }
    let mut rest = Vec::new();
    for pair in pairs.chunks(2) {
        let name = text(function, &pair[0])?;
        if option_name(&name).is_some() {
            options.read(function, &name, &pair[1])?;
        } else {
            rest.extend_from_slice(pair);
        }
    }
    Ok((options, rest))
}

/// The same after data: one value, or fields of a form.
fn split_after_data(function: &str, arguments: &[Value]) -> Result<(WebOptions, Vec<Value>)> {
    let has_struct = arguments.len() > 1 && matches!(arguments.last(), Some(Value::Struct(_)));
    let pairs = arguments.len() - usize::from(has_struct);
    if pairs.is_multiple_of(2) {
        return split(function, arguments);
    }
    let (options, rest) = split(function, &arguments[1..])?;
    match rest.first() {
        None => Ok((options, vec![arguments[0].clone()])),
        Some(name) => {
            let name = text(function, name)?;
            Err(invalid(format!(
                "{function}: unknown option '{name}'. The options are {}.",
                options::NAMES.join(", ")
            )))
        }
    }
}

/// What is sent.
struct Data {
    body: Vec<u8>,
    media_type: String,
}

const FORM: &str = "application/x-www-form-urlencoded";
const JSON: &str = "application/json";

/// A value as it is sent: a text as it stands, everything else as JSON.
fn data(function: &str, value: &Value, options: &WebOptions) -> Result<Data> {
    let chosen = options.media_type.as_deref();
    if let Some(body) = value.as_text() {
        return Ok(Data {
            body: body.into_bytes(),
            media_type: chosen.unwrap_or(FORM).to_owned(),
        });
    }
    let media_type = chosen.unwrap_or(JSON);
    if !is_json(media_type) {
        return Err(invalid(format!(
            "{function}: only a character vector can be sent as '{media_type}'."
        )));
    }
    Ok(Data {
        body: json::encode(value, json::Style::default())?.into_bytes(),
        media_type: media_type.to_owned(),
    })
}

/// Pairs as a form, or as a JSON object.
fn form(function: &str, pairs: &[Value], options: &WebOptions) -> Result<Data> {
    match options.media_type.as_deref() {
        Some(media_type) if is_json(media_type) => {
            let mut object = StructArray::scalar();
            for pair in pairs.chunks(2) {
                object.set(&text(function, &pair[0])?, pair[1].clone());
            }
            let object = Value::Struct(std::rc::Rc::new(object));
            Ok(Data {
                body: json::encode(&object, json::Style::default())?.into_bytes(),
                media_type: media_type.to_owned(),
            })
        }
        chosen => {
            let fields = fields(function, pairs)?;
            let fields = fields.iter().map(|(name, value)| (&**name, &**value));
            Ok(Data {
                body: encode_form(fields).into_bytes(),
                media_type: chosen.unwrap_or(FORM).to_owned(),
            })
        }
    }
}

fn is_json(media_type: &str) -> bool {
    let essence = media_type.split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case(JSON) || essence.to_ascii_lowercase().ends_with("+json")
}

/// Names and values of a query or a form: texts, and numbers separated by commas.
fn fields(function: &str, pairs: &[Value]) -> Result<Vec<(String, String)>> {
    pairs
        .chunks(2)
        .map(|pair| {
            let name = text(function, &pair[0])?;
            let value = match pair[1].as_text() {
                Some(text) => text,
                None => match crate::inputs::as_numbers(&pair[1]) {
                    Some(numbers) => {
                        let shown: Vec<_> = numbers.data.iter().copied().map(shown_number).collect();
                        shown.join(",")
                    }
                    None => {
                        return Err(failure(format!(
                            "{function}: the value of '{name}' must be a character vector or numbers."
                        )));
                    }
                },
            };
            Ok((name, value))
        })
        .collect()
}

#[cfg(test)]
mod tests;
