//! Files: what was written is read back, and failures have identifiers.

use crate::{run, runtime, submit, try_now, wait};
use tourbillon_host::{Host, Request, Response};
use tourbillon_host_native::NativeHost;

fn read(path: &str) -> Request {
    Request::ReadFile { path: path.into() }
}

fn write(path: &str, bytes: &[u8]) -> Request {
    Request::WriteFile {
        path: path.into(),
        bytes: bytes.into(),
    }
}

fn exists(path: &str) -> Request {
    Request::FileExists { path: path.into() }
}

fn delete(path: &str) -> Request {
    Request::DeleteFile { path: path.into() }
}

#[test]
fn a_file_goes_there_and_back() {
    let folder = tempfile::tempdir().expect("there is room for a test");
    let path = folder.path().join("a file").display().to_string();
    let runtime = runtime();
    let host = NativeHost::builder(&runtime).build();
    let bytes = b"any bytes: \0 \xff \r\n".to_vec();
    assert_eq!(run(&host, exists(&path)), Ok(Response::Exists(false)));
    assert_eq!(
        run(&host, write(&path, b"before, longer than after")),
        Ok(Response::Done)
    );
    assert_eq!(run(&host, write(&path, &bytes)), Ok(Response::Done));
    assert_eq!(run(&host, exists(&path)), Ok(Response::Exists(true)));
    assert_eq!(run(&host, read(&path)), Ok(Response::Bytes(bytes)));
    assert_eq!(run(&host, delete(&path)), Ok(Response::Done));
    assert_eq!(run(&host, exists(&path)), Ok(Response::Exists(false)));
    assert_eq!(host.outstanding(), 0);
}

#[test]
fn failures_say_what_and_why() {
    let folder = tempfile::tempdir().expect("there is room for a test");
    let missing = folder.path().join("missing").display().to_string();
    let inside = folder.path().join("no/such").display().to_string();
    let itself = folder.path().display().to_string();
    let runtime = runtime();
    let host = NativeHost::builder(&runtime).build();
    for (request, identifier, verb) in [
        (read(&missing), "io:NotFound", "read"),
        (delete(&missing), "io:NotFound", "delete"),
        (write(&inside, b""), "io:NotFound", "write"),
        (read(&itself), "io:Failed", "read"),
        (write(&itself, b""), "io:Failed", "write"),
        (read("no\0file"), "io:Failed", "read"),
    ] {
        let shown = format!("{request:?}");
        let error = run(&host, request).expect_err("the request cannot succeed");
        assert_eq!(error.identifier, identifier, "{shown}");
        assert!(error.message.contains(verb), "{shown}: {error:?}");
        assert!(error.source.is_some(), "{shown}");
    }
    assert_eq!(run(&host, exists(&itself)), Ok(Response::Exists(false)));
}

#[test]
fn no_file_is_had_at_once_and_many_are_under_way() {
    let folder = tempfile::tempdir().expect("there is room for a test");
    let path = |number: usize| folder.path().join(number.to_string()).display().to_string();
    let runtime = runtime();
    let host = NativeHost::builder(&runtime).build();
    assert_eq!(try_now(&host, &exists(&path(0))), None);
    let content = |number: usize| number.to_string().repeat(number).into_bytes();
    let writes: Vec<_> = (0..40)
        .map(|number| submit(&host, write(&path(number), &content(number))))
        .collect();
    assert_eq!(host.outstanding(), 40);
    for operation in writes.into_iter().rev() {
        assert_eq!(wait(&host, operation), Ok(Response::Done));
    }
    let reads: Vec<_> = (0..40)
        .map(|number| submit(&host, read(&path(number))))
        .collect();
    for (number, operation) in reads.into_iter().enumerate() {
        assert_eq!(wait(&host, operation), Ok(Response::Bytes(content(number))));
    }
    assert_eq!(host.outstanding(), 0);
}

#[test]
fn an_operation_that_was_given_up_leaves_nothing() {
    let runtime = runtime();
    let host = NativeHost::builder(&runtime).build();
    let operations: Vec<_> = (0..20).map(|_| submit(&host, exists("a"))).collect();
    for operation in operations {
        host.cancel(operation);
    }
    assert_eq!(host.outstanding(), 0);
    // The host goes with operations under way, before the threads that work on them.
    let _under_way = submit(&host, exists("b"));
}
