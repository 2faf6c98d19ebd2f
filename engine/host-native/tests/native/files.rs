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

#[test]
fn a_write_is_seen_whole_or_not_at_all() {
    let folder = tempfile::tempdir().expect("there is room for a test");
    let path = folder.path().join("file").display().to_string();
    let runtime = runtime();
    let host = NativeHost::builder(&runtime).build();
    let content = |number: u8| vec![b'a' + number; 1 << 20];
    assert_eq!(run(&host, write(&path, &content(0))), Ok(Response::Done));
    // Writes and reads of one file, all under way at once.
    let operations: Vec<_> = (0..12)
        .flat_map(|number| [write(&path, &content(number)), read(&path)])
        .map(|request| submit(&host, request))
        .collect();
    for operation in operations {
        match wait(&host, operation) {
            Ok(Response::Bytes(bytes)) => {
                assert_eq!(bytes.len(), 1 << 20);
                assert!(bytes.iter().all(|byte| *byte == bytes[0]));
            }
            other => assert_eq!(other, Ok(Response::Done)),
        }
    }
    // Nothing is left beside the file.
    assert_eq!(names(folder.path()), ["file"]);
}

fn names(folder: &std::path::Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).expect("the folder is there");
    let mut names: Vec<String> = entries
        .map(|entry| entry.expect("an entry").file_name().display().to_string())
        .collect();
    names.sort();
    names
}

#[cfg(unix)]
#[test]
fn a_write_keeps_links_and_permissions() {
    use std::fs;
    use std::os::unix::fs::{PermissionsExt, symlink};

    let folder = tempfile::tempdir().expect("there is room for a test");
    let place = |name: &str| folder.path().join(name);
    let text = |name: &str| place(name).display().to_string();
    let runtime = runtime();
    let host = NativeHost::builder(&runtime).build();
    let mode = |name: &str| fs::metadata(place(name)).expect(name).permissions().mode() & 0o777;
    assert_eq!(run(&host, write(&text("file"), b"one")), Ok(Response::Done));
    fs::set_permissions(place("file"), fs::Permissions::from_mode(0o640)).expect("it is ours");
    symlink("file", place("link")).expect("links can be made");
    assert_eq!(run(&host, write(&text("link"), b"two")), Ok(Response::Done));
    assert_eq!(
        run(&host, read(&text("file"))),
        Ok(Response::Bytes(b"two".into()))
    );
    assert_eq!(mode("file"), 0o640);
    assert!(
        fs::symlink_metadata(place("link"))
            .expect("link")
            .is_symlink()
    );
    assert_eq!(names(folder.path()), ["file", "link"]);

    // The superuser may do everything, and cannot see this.
    fs::set_permissions(place("file"), fs::Permissions::from_mode(0o400)).expect("it is ours");
    let is_refused = fs::OpenOptions::new()
        .write(true)
        .open(place("file"))
        .is_err();
    if is_refused {
        let error = run(&host, write(&text("file"), b"three")).expect_err("it may not be written");
        assert_eq!(error.identifier, "io:PermissionDenied");
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o500)).expect("ours");
        let error = run(&host, write(&text("new"), b"")).expect_err("the folder takes no files");
        assert_eq!(error.identifier, "io:PermissionDenied");
        let error = run(&host, delete(&text("file"))).expect_err("nor does it give any up");
        assert_eq!(error.identifier, "io:PermissionDenied");
        fs::set_permissions(place("file"), fs::Permissions::from_mode(0o600)).expect("ours");
        assert_eq!(
            run(&host, write(&text("file"), b"four")),
            Ok(Response::Done)
        );
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o700)).expect("ours");
    }
    // What is no plain file is written in place.
    assert_eq!(run(&host, write("/dev/null", b"gone")), Ok(Response::Done));
}
