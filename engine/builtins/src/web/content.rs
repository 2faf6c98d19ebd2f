//! What servers send, as values; and values, as they are sent to servers.

use crate::json;
use std::borrow::Cow;
use std::rc::Rc;
use tourbillon_host::HttpResponse;
use tourbillon_value::{Array, Result, StructArray, Value};

/// What is made of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ContentType {
    /// As the server says.
    Auto,
    /// A char row.
    Text,
    /// What a JSON text stands for.
    Json,
    /// The bytes, as a column.
    Binary,
}

impl ContentType {
    pub(crate) fn from_name(name: &str) -> Option<ContentType> {
        [
            ("auto", ContentType::Auto),
            ("text", ContentType::Text),
            ("json", ContentType::Json),
            ("binary", ContentType::Binary),
        ]
        .into_iter()
        .find(|(own, _)| own.eq_ignore_ascii_case(name))
        .map(|(_, content_type)| content_type)
    }
}

/// The body as the program wants it.
fn content(response: &HttpResponse, wanted: ContentType) -> Result<Value> {
    let wanted = match wanted {
        ContentType::Auto => content_type(response.header("Content-Type").unwrap_or_default()),
        other => other,
    };
    match wanted {
        ContentType::Json => json::decode(&text(response)),
        ContentType::Binary => Ok(Value::doubles(Array::column(
            response.body.iter().map(|byte| f64::from(*byte)).collect(),
        ))),
        ContentType::Auto | ContentType::Text => Ok(Value::text(&text(response))),
    }
}

/// What a media type is read as. A server that does not say sends text.
fn content_type(media_type: &str) -> ContentType {
    let media_type = media_type.split(';').next().unwrap_or_default();
    let media_type = media_type.trim().to_ascii_lowercase();
    match media_type.split_once('/') {
        Some(("application", "json")) => ContentType::Json,
        Some((_, suffix)) if suffix.ends_with("+json") => ContentType::Json,
        Some(("text", _)) | None => ContentType::Text,
        Some((_, suffix)) if suffix.ends_with("xml") => ContentType::Text,
        Some(("application", "javascript" | "x-javascript" | "x-www-form-urlencoded")) => {
            ContentType::Text
        }
        Some(_) => ContentType::Binary,
    }
}

/// `status`, `headers` and `body`.
pub(crate) fn answer(response: &HttpResponse, wanted: ContentType) -> Result<Value> {
    Ok(Value::structure(&[
        ("status", f64::from(response.status).into()),
        ("headers", headers(&response.headers)),
        ("body", content(response, wanted)?),
    ]))
}

/// Header lines as fields: names in one spelling, whatever the server's, those that come several times
/// joined by commas.
fn headers(lines: &[(String, String)]) -> Value {
    let mut joined: Vec<(String, String)> = Vec::new();
    for (name, value) in lines {
        let field = json::field_name(&spelled(name));
        match joined.iter_mut().find(|(own, _)| *own == field) {
            Some((_, all)) => {
                all.push_str(", ");
                all.push_str(value);
            }
            None => joined.push((field, value.clone())),
        }
    }
    let mut fields = StructArray::scalar();
    for (name, value) in joined {
        fields.set(&name, Value::text(&value));
    }
    Value::Struct(Rc::new(fields))
}

/// `content-type` and `CONTENT-TYPE` are `Content-Type`.
fn spelled(name: &str) -> String {
    let mut is_first = true;
    name.chars()
        .map(|letter| {
            let spelled = if is_first {
                letter.to_ascii_uppercase()
            } else {
                letter.to_ascii_lowercase()
            };
            is_first = letter == '-';
            spelled
        })
        .collect()
}

/// The body as text, in the character set that the server names.
fn text(response: &HttpResponse) -> Cow<'_, str> {
    let media_type = response.header("Content-Type").unwrap_or_default();
    let charset = media_type
        .split(';')
        .skip(1)
        .filter_map(|parameter| parameter.split_once('='))
        .find(|(name, _)| name.trim().eq_ignore_ascii_case("charset"))
        .map(|(_, charset)| charset.trim().trim_matches('"').to_ascii_lowercase());
    match charset.as_deref() {
        Some("utf-8" | "utf8") => String::from_utf8_lossy(&response.body),
        Some("iso-8859-1" | "latin1" | "us-ascii") => {
            Cow::Owned(response.body.iter().copied().map(char::from).collect())
        }
        Some(_) | None => crate::files::decoded(&response.body),
    }
}
