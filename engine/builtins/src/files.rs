//! Files: read, written, asked about, removed. Every one is an operation of the host.

use crate::inputs::{failure, numbers, text};
use crate::table::{starts, waits};
use crate::{Call, Entry, Finish, Operation, Start};
use std::borrow::Cow;
use tourbillon_host::{Request, Response};
use tourbillon_value::{Result, Value};

pub(crate) static TABLE: &[Entry] = &[
    waits(
        "delete",
        1,
        1,
        0,
        |call| Ok(remove(call)?.finishes(nothing)),
        "delete(path): removes a file",
    ),
    starts(
        "delete_async",
        1,
        1,
        1,
        |call| Ok(remove(call)?.finishes(empty)),
        "f = delete_async(path): removes a file; its value is []",
    ),
    waits(
        "exist",
        2,
        2,
        1,
        exist,
        "n = exist(path, 'file'), exist(name, 'builtin'): 2 for a file, 5 for a function of the library, else 0",
    ),
    starts(
        "exists_async",
        1,
        1,
        1,
        |call| Ok(exists(call)?.finishes(truth)),
        "f = exists_async(path): whether there is such a file",
    ),
    waits(
        "fileread",
        1,
        3,
        1,
        read,
        "s = fileread(path), fileread(path, 'Encoding', name): the content of a file",
    ),
    waits(
        "filewrite",
        2,
        4,
        0,
        |call| Ok(write(call)?.finishes(nothing)),
        "filewrite(path, text), filewrite(path, bytes), filewrite(…, 'Encoding', name): makes or replaces a file",
    ),
    waits(
        "isfile",
        1,
        1,
        1,
        |call| Ok(exists(call)?.finishes(truth)),
        "tf = isfile(path): whether there is such a file",
    ),
    starts(
        "read_async",
        1,
        3,
        1,
        read,
        "f = read_async(path), read_async(path, 'Encoding', name): the content of a file",
    ),
    starts(
        "write_async",
        2,
        4,
        1,
        |call| Ok(write(call)?.finishes(empty)),
        "f = write_async(path, text), write_async(…, 'Encoding', name): makes or replaces a file; its value is []",
    ),
];

/// A request that still needs its finish.
struct Wanted(Request);

impl Wanted {
    fn finishes(self, finish: fn(Response) -> Result<Value>) -> Start {
        let finish: Finish = Box::new(finish);
        Start::Operation(Operation {
            request: self.0,
            finish,
        })
    }
}

fn path(call: &Call<'_>) -> Result<String> {
    let path = text(call.name, &call.arguments[0])?;
    if path.is_empty() {
        return Err(failure(format!("{}: the path is empty.", call.name)));
    }
    Ok(path)
}

fn read(call: &mut Call<'_>) -> Result<Start> {
    let encoding = encoding(call, 1)?;
    let request = Request::ReadFile { path: path(call)? };
    let finish: Finish = Box::new(move |response| content(response, encoding));
    Ok(Start::Operation(Operation { request, finish }))
}

fn write(call: &mut Call<'_>) -> Result<Wanted> {
    let bytes = content_of(call, encoding(call, 2)?)?;
    let path = path(call)?;
    Ok(Wanted(Request::WriteFile { path, bytes }))
}

fn exists(call: &mut Call<'_>) -> Result<Wanted> {
    Ok(Wanted(Request::FileExists { path: path(call)? }))
}

fn remove(call: &mut Call<'_>) -> Result<Wanted> {
    Ok(Wanted(Request::DeleteFile { path: path(call)? }))
}

fn exist(call: &mut Call<'_>) -> Result<Start> {
    match &*text(call.name, &call.arguments[1])? {
        "file" => Ok(exists(call)?.finishes(|response| {
            truth(response).map(|is_there| {
                Value::Double(if matches!(is_there, Value::Bool(true)) {
                    2.0
                } else {
                    0.0
                })
            })
        })),
        "builtin" => {
            let is_there = crate::lookup(&text(call.name, &call.arguments[0])?).is_some();
            Ok(Start::Ready(Value::Double(if is_there {
                5.0
            } else {
                0.0
            })))
        }
        _ => Err(failure("exist: the kind must be 'file' or 'builtin'.")),
    }
}

/// The function has no value.
fn nothing(response: Response) -> Result<Value> {
    empty(response)?;
    Ok(Value::Undefined)
}

/// A future has one: `[]`.
fn empty(response: Response) -> Result<Value> {
    match response {
        Response::Done => Ok(Value::empty()),
        other => Err(wrong(&other)),
    }
}

fn truth(response: Response) -> Result<Value> {
    match response {
        Response::Exists(is_there) => Ok(Value::Bool(is_there)),
        other => Err(wrong(&other)),
    }
}

fn content(response: Response, encoding: Encoding) -> Result<Value> {
    match response {
        Response::Bytes(bytes) => Ok(Value::text(&encoding.read(&bytes))),
        other => Err(wrong(&other)),
    }
}

/// How bytes and characters stand for one another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Encoding {
    /// UTF-8; what is none is read byte by byte.
    Auto,
    /// UTF-8; what is none is replaced.
    Utf8,
    /// A character for each byte, the first 256: any bytes at all.
    Latin1,
}

impl Encoding {
    fn named(function: &str, name: &str) -> Result<Encoding> {
        Ok(match &*name.to_ascii_lowercase() {
            "utf-8" | "utf8" => Encoding::Utf8,
            "iso-8859-1" | "latin1" => Encoding::Latin1,
            "auto" => Encoding::Auto,
            _ => {
                return Err(failure(format!(
                    "{function}: unknown encoding '{name}'; it can be 'auto', 'UTF-8' or 'ISO-8859-1'."
                )));
            }
        })
    }

    fn read(self, bytes: &[u8]) -> Cow<'_, str> {
        match self {
            Encoding::Auto => decoded(bytes),
            Encoding::Utf8 => String::from_utf8_lossy(bytes),
            Encoding::Latin1 => Cow::Owned(bytes.iter().copied().map(char::from).collect()),
        }
    }
}

/// The text that bytes stand for: UTF-8, and what is none byte by byte, so that nothing is lost.
pub(crate) fn decoded(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => Encoding::Latin1.read(bytes),
    }
}

/// The encoding, from the arguments that follow the others.
fn encoding(call: &Call<'_>, from: usize) -> Result<Encoding> {
    match &call.arguments[from..] {
        [] => Ok(Encoding::Auto),
        [name, value] if is_option(name) => Encoding::named(call.name, &text(call.name, value)?),
        _ => Err(failure(format!(
            "{}: the only option is 'Encoding', with a name.",
            call.name
        ))),
    }
}

fn is_option(name: &Value) -> bool {
    name.as_text()
        .is_some_and(|name| name.eq_ignore_ascii_case("Encoding"))
}

/// What a file is to hold: a text, or numbers that are bytes.
fn content_of(call: &Call<'_>, encoding: Encoding) -> Result<Vec<u8>> {
    let given = &call.arguments[1];
    let bytes = |units: &mut dyn Iterator<Item = f64>, what: &str| {
        units
            .map(|unit| {
                if unit.fract() == 0.0 && (0.0..=255.0).contains(&unit) {
                    Ok(unit as u8)
                } else {
                    Err(failure(format!("{}: {what}", call.name)))
                }
            })
            .collect::<Result<Vec<u8>>>()
    };
    match (given, encoding) {
        (Value::Char(array), Encoding::Latin1) => bytes(
            &mut array.data().iter().map(|unit| f64::from(*unit)),
            "the text has a character that ISO-8859-1 has not.",
        ),
        (Value::Double(_) | Value::DoubleArray(_), _) => bytes(
            &mut numbers(call.name, given)?.data.iter().copied(),
            "numbers must be bytes: whole, from 0 to 255.",
        ),
        _ => Ok(text(call.name, given)?.into_bytes()),
    }
}

/// A host that answers another question than was asked.
fn wrong(response: &Response) -> tourbillon_value::RuntimeError {
    tourbillon_value::build_runtime_error(format!("The host gave a wrong answer: {response:?}"))
        .identifier("io:Failed")
        .build()
}

#[cfg(test)]
mod tests {
    use crate::Start;
    use crate::testing::{Called, Session, show};
    use tourbillon_host::{Request, Response};
    use tourbillon_value::{Array, Value};

    fn operation(name: &str, arguments: &[&str]) -> crate::Operation {
        let arguments: Vec<_> = arguments.iter().map(|text| (*text).into()).collect();
        match Session::default().start(name, &arguments, 0).unwrap() {
            Called::Starts(Start::Operation(operation)) => operation,
            _ => panic!("{name} must ask the host"),
        }
    }

    #[test]
    fn files_are_requests_to_the_host() {
        let reading = operation("fileread", &["a.txt"]);
        assert!(matches!(&reading.request, Request::ReadFile { path } if path == "a.txt"));
        let value = (reading.finish)(Response::Bytes("hé".into())).unwrap();
        assert_eq!(show(&value), "'hé'");

        let writing = operation("filewrite", &["a.txt", "x"]);
        assert!(matches!(&writing.request, Request::WriteFile { bytes, .. } if bytes == b"x"));
        assert!((writing.finish)(Response::Done).unwrap().is_undefined());
        let value = (operation("write_async", &["a", "x"]).finish)(Response::Done).unwrap();
        assert_eq!(show(&value), "[0x0]");

        let asking = operation("isfile", &["a"]);
        assert_eq!(
            show(&(asking.finish)(Response::Exists(true)).unwrap()),
            "true"
        );
        let asking = operation("exist", &["a", "file"]);
        assert_eq!(show(&(asking.finish)(Response::Exists(true)).unwrap()), "2");
        assert!(matches!(
            operation("delete", &["a"]).request,
            Request::DeleteFile { .. }
        ));

        let error = (operation("isfile", &["a"]).finish)(Response::Done).unwrap_err();
        assert_eq!(error.identifier(), "io:Failed");
    }

    #[test]
    fn any_bytes_can_be_read_and_written() {
        let read = |arguments: &[&str], bytes: &[u8]| {
            let finish = operation("fileread", arguments).finish;
            show(&finish(Response::Bytes(bytes.to_vec())).unwrap())
        };
        assert_eq!(read(&["a"], b"\xc3\xa9"), "'é'");
        assert_eq!(read(&["a"], b"\xe9\x00"), "'é\\0'");
        assert_eq!(read(&["a", "Encoding", "latin1"], b"\xc3\xa9"), "'Ã©'");
        assert_eq!(read(&["a", "encoding", "UTF-8"], b"\xe9a"), "'\u{fffd}a'");

        let written =
            |arguments: &[Value]| match Session::default().start("write_async", arguments, 1) {
                Ok(Called::Starts(Start::Operation(operation))) => match operation.request {
                    Request::WriteFile { bytes, .. } => Ok(bytes),
                    other => panic!("not a write: {other:?}"),
                },
                Ok(_) => panic!("writing asks the host"),
                Err(error) => Err(error.message().to_owned()),
            };
        let latin = || ["Encoding".into(), "ISO-8859-1".into()];
        let row = |numbers: &[f64]| Value::doubles(Array::row(numbers.to_vec()));
        let with = |value: Value, options: Vec<Value>| {
            let arguments = ["a".into(), value].into_iter().chain(options);
            written(&arguments.collect::<Vec<_>>())
        };
        assert_eq!(with("é".into(), vec![]), Ok(b"\xc3\xa9".to_vec()));
        assert_eq!(with("é".into(), latin().into()), Ok(b"\xe9".to_vec()));
        assert_eq!(with(row(&[0.0, 255.0]), vec![]), Ok(b"\x00\xff".to_vec()));
        assert!(with("€".into(), latin().into()).is_err());
        assert!(with(row(&[256.0, 0.5]), vec![]).is_err());
        assert!(with("a".into(), vec!["Encoding".into()]).is_err());
        assert!(with("a".into(), vec!["Encoding".into(), "ebcdic".into()]).is_err());
    }
}
