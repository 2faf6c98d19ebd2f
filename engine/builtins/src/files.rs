//! Files: read, written, asked about, removed. Every one is an operation of the host.

use crate::inputs::{failure, text};
use crate::table::{starts, waits};
use crate::{Call, Entry, Finish, Operation, Start};
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
        1,
        1,
        |call| Ok(read(call)?.finishes(content)),
        "s = fileread(path): the content of a file",
    ),
    waits(
        "filewrite",
        2,
        2,
        0,
        |call| Ok(write(call)?.finishes(nothing)),
        "filewrite(path, text): makes or replaces a file",
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
        1,
        1,
        |call| Ok(read(call)?.finishes(content)),
        "f = read_async(path): the content of a file",
    ),
    starts(
        "write_async",
        2,
        2,
        1,
        |call| Ok(write(call)?.finishes(empty)),
        "f = write_async(path, text): makes or replaces a file; its value is []",
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

fn read(call: &mut Call<'_>) -> Result<Wanted> {
    Ok(Wanted(Request::ReadFile { path: path(call)? }))
}

fn write(call: &mut Call<'_>) -> Result<Wanted> {
    let text = text(call.name, &call.arguments[1])?;
    Ok(Wanted(Request::WriteFile {
        path: path(call)?,
        bytes: text.into_bytes(),
    }))
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

fn content(response: Response) -> Result<Value> {
    match response {
        Response::Bytes(bytes) => Ok(Value::text(&String::from_utf8_lossy(&bytes))),
        other => Err(wrong(&other)),
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
}
