//! File operations as they run on the blocking pool.

#![allow(clippy::disallowed_methods, reason = "this is where files are touched")]

use std::ffi::OsString;
use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
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
            Box::new(move || replace(Path::new(&path), &bytes).map(|()| Response::Done))
        }
        Request::FileExists { path } => Box::new(move || exists(&path).map(Response::Exists)),
        Request::DeleteFile { path } => {
            Box::new(move || fs::remove_file(path).map(|()| Response::Done))
        }
        other @ (Request::Timer { .. }
        | Request::Input { .. }
        | Request::Readback { .. }
        | Request::Http(_)
        | Request::Job { .. }) => return Err(other),
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

/// Makes or replaces a file. Whoever reads meanwhile sees the old content or the new one, and a write
/// that fails leaves the old one: the new content is written beside the file and takes its place whole.
/// What is no plain file (a pipe, a device), and a file in a folder that takes no new ones, is written in
/// place.
fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    // A link stays, and what it leads to is replaced.
    let target = match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_symlink() => match fs::canonicalize(path) {
            Ok(target) => target,
            Err(_) => return fs::write(path, bytes),
        },
        Ok(_) | Err(_) => path.to_owned(),
    };
    let before = match fs::metadata(&target) {
        Ok(metadata) if metadata.is_file() => {
            // Replacing needs no permission of the file itself; writing does, and is what is asked for.
            OpenOptions::new().write(true).open(&target)?;
            Some(metadata.permissions())
        }
        Ok(_) => return fs::write(path, bytes),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(error),
    };
    let (beside, mut file) = match beside(&target) {
        Ok(made) => made,
        Err(error) if before.is_some() && error.kind() == io::ErrorKind::PermissionDenied => {
            return fs::write(&target, bytes);
        }
        Err(error) => return Err(error),
    };
    let written = file.write_all(bytes).and_then(|()| {
        before.map_or(Ok(()), |permissions| file.set_permissions(permissions))?;
        drop(file);
        fs::rename(&beside, &target)
    });
    if written.is_err() {
        // The first error is the one to tell.
        let _of_no_use = fs::remove_file(&beside);
    }
    written
}

/// A new file in the same folder, which nobody else has.
fn beside(target: &Path) -> io::Result<(PathBuf, fs::File)> {
    let Some(name) = target.file_name() else {
        // `..` and the like: let the system say what is wrong with it.
        return OpenOptions::new()
            .write(true)
            .open(target)
            .map(|file| (target.to_owned(), file));
    };
    let mut number = 0_u32;
    loop {
        let mut own = OsString::from(".");
        own.push(name);
        own.push(format!(".{number}.part"));
        let path = target.with_file_name(own);
        match OpenOptions::new().write(true).create_new(true).open(&path) {
            Ok(file) => return Ok((path, file)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => number += 1,
            Err(error) => return Err(error),
        }
    }
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
