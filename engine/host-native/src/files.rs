//! File operations as they run on the blocking pool.

#![allow(clippy::disallowed_methods, reason = "this is where files are touched")]

use std::fs;
use std::io;
use tourbillon_host::{FileFailure, Request, Response};
use tourbillon_value::RuntimeError;

/// A file operation that can go to another thread, and what is left to describe it when it fails.
pub(crate) struct FileWork {
    /// What to do, once.
    pub(crate) run: Box<dyn FnOnce() -> io::Result<Response> + Send>,
    /// The request without its content.
    pub(crate) described: Request,
}

/// Splits a request into the work and its description; gives back what is no file operation.
pub(crate) fn file_work(request: Request) -> Result<FileWork, Request> {
    let described = match &request {
        Request::WriteFile { path, .. } => Request::WriteFile {
            path: path.clone(),
            bytes: Vec::new(),
        },
        other => other.clone(),
    };
    let run: Box<dyn FnOnce() -> io::Result<Response> + Send> = match request {
        Request::ReadFile { path } => Box::new(move || fs::read(path).map(Response::Bytes)),
        Request::WriteFile { path, bytes } => {
            Box::new(move || fs::write(path, bytes).map(|()| Response::Done))
        }
        Request::FileExists { path } => Box::new(move || exists(&path).map(Response::Exists)),
        Request::DeleteFile { path } => {
            Box::new(move || fs::remove_file(path).map(|()| Response::Done))
        }
        other @ (Request::Timer { .. }
        | Request::Input { .. }
        | Request::Readback { .. }
        | Request::Http(_)) => return Err(other),
    };
    Ok(FileWork { run, described })
}

/// The error that the program sees; the operating system's is its source.
pub(crate) fn file_error(described: &Request, error: io::Error) -> RuntimeError {
    let failure = match error.kind() {
        io::ErrorKind::NotFound => FileFailure::NotFound,
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            FileFailure::PermissionDenied
        }
        io::ErrorKind::Interrupted => FileFailure::Interrupted,
        _ => FileFailure::Failed,
    };
    failure.error(described).source(error).build()
}

/// The error of an operation whose thread went away.
pub(crate) fn broken_off(described: &Request) -> RuntimeError {
    FileFailure::Interrupted.error(described).build()
}

/// Whether there is a file, which a folder is not. A name that no file can have is no file.
fn exists(path: &str) -> io::Result<bool> {
    match fs::metadata(path) {
        Ok(metadata) => Ok(metadata.is_file()),
        Err(error) => match error.kind() {
            io::ErrorKind::NotFound
            | io::ErrorKind::NotADirectory
            | io::ErrorKind::InvalidInput
            | io::ErrorKind::InvalidFilename => Ok(false),
            _ => Err(error),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::error::Error;

    #[test]
    fn errors_of_the_operating_system_have_identifiers() {
        use io::ErrorKind;
        let request = Request::ReadFile {
            path: "a.txt".to_owned(),
        };
        for (kind, identifier) in [
            (ErrorKind::NotFound, "io:NotFound"),
            (ErrorKind::PermissionDenied, "io:PermissionDenied"),
            (ErrorKind::Interrupted, "io:Interrupted"),
            (ErrorKind::IsADirectory, "io:Failed"),
            (ErrorKind::StorageFull, "io:Failed"),
        ] {
            let error = file_error(&request, io::Error::from(kind));
            assert_eq!(error.identifier(), identifier);
            let source = error
                .source()
                .and_then(|source| source.downcast_ref::<io::Error>());
            assert_eq!(source.map(io::Error::kind), Some(kind));
        }
        assert_eq!(broken_off(&request).identifier(), "io:Interrupted");
    }

    #[test]
    fn a_name_that_no_file_can_have_is_no_file() {
        for path in ["", "no\0file", "Cargo.toml/inside", "src", "no such file"] {
            assert_eq!(exists(path).ok(), Some(false), "{path:?}");
        }
        assert_eq!(exists("Cargo.toml").ok(), Some(true));
    }
}
