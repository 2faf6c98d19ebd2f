//! The errors of files and input, in the same words from every host: a program that is simulated
//! sees what it would see natively.

use crate::{InputKind, Request};
use std::error::Error;
use std::fmt;
use tourbillon_value::{RuntimeError, RuntimeErrorBuilder, build_runtime_error};

/// Why a file operation failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FileFailure {
    /// There is no such file.
    NotFound,
    /// The file may not be touched.
    PermissionDenied,
    /// The operation was broken off; it may succeed when tried again.
    Interrupted,
    /// Anything else.
    Failed,
}

impl FileFailure {
    /// The identifier that programs see.
    pub fn identifier(self) -> &'static str {
        match self {
            FileFailure::NotFound => "io:NotFound",
            FileFailure::PermissionDenied => "io:PermissionDenied",
            FileFailure::Interrupted => "io:Interrupted",
            FileFailure::Failed => "io:Failed",
        }
    }

    /// The failure with that identifier.
    pub fn from_identifier(identifier: &str) -> Option<FileFailure> {
        [
            FileFailure::NotFound,
            FileFailure::PermissionDenied,
            FileFailure::Interrupted,
            FileFailure::Failed,
        ]
        .into_iter()
        .find(|failure| failure.identifier() == identifier)
    }

    /// Starts the error of a failed request; the host adds what is behind it as the source.
    pub fn error(self, request: &Request) -> RuntimeErrorBuilder {
        let (verb, path) = match request {
            Request::ReadFile { path } => ("read", path.as_str()),
            Request::WriteFile { path, .. } => ("write", path.as_str()),
            Request::FileExists { path } => ("look for", path.as_str()),
            Request::DeleteFile { path } => ("delete", path.as_str()),
            // The other requests name no file; the words still hold.
            Request::Timer { .. }
            | Request::Input { .. }
            | Request::Readback { .. }
            | Request::Http(_)
            | Request::Job { .. } => ("finish", request.name()),
        };
        build_runtime_error(format!("Could not {verb} '{path}': {self}."))
            .identifier(self.identifier())
    }
}

impl fmt::Display for FileFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            FileFailure::NotFound => "no such file",
            FileFailure::PermissionDenied => "permission denied",
            FileFailure::Interrupted => "the operation was interrupted",
            FileFailure::Failed => "the operation failed",
        })
    }
}

impl Error for FileFailure {}

/// Why a request for input failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InputFailure {
    /// The session has no input handler.
    Unavailable,
    /// The handler failed; its own error is the source.
    HandlerFailed,
    /// The handler answered another kind than this one, which was asked for.
    WrongKind(InputKind),
    /// There is no more input.
    EndOfInput,
}

impl InputFailure {
    /// The identifier that programs see.
    pub fn identifier(self) -> &'static str {
        match self {
            InputFailure::Unavailable => "input:Unavailable",
            InputFailure::HandlerFailed => "input:HandlerFailed",
            InputFailure::WrongKind(_) => "input:WrongKind",
            InputFailure::EndOfInput => "input:EndOfInput",
        }
    }

    /// Starts the error that programs see.
    pub fn error(self) -> RuntimeErrorBuilder {
        build_runtime_error(self.to_string()).identifier(self.identifier())
    }
}

impl From<InputFailure> for RuntimeError {
    fn from(failure: InputFailure) -> RuntimeError {
        failure.error().build()
    }
}

impl fmt::Display for InputFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            InputFailure::Unavailable => "There is nobody to answer: no input handler.",
            InputFailure::HandlerFailed => "The input handler failed.",
            InputFailure::WrongKind(InputKind::Line) => {
                "The input handler answered with a key where a line was wanted."
            }
            InputFailure::WrongKind(InputKind::Key) => {
                "The input handler answered with a line where a key was wanted."
            }
            InputFailure::EndOfInput => "The input has ended.",
        })
    }
}

impl Error for InputFailure {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_failure_says_what_was_tried() {
        let path = || "data/a.txt".to_owned();
        for (request, failure, identifier, message) in [
            (
                Request::ReadFile { path: path() },
                FileFailure::NotFound,
                "io:NotFound",
                "Could not read 'data/a.txt': no such file.",
            ),
            (
                Request::WriteFile {
                    path: path(),
                    bytes: Vec::new(),
                },
                FileFailure::PermissionDenied,
                "io:PermissionDenied",
                "Could not write 'data/a.txt': permission denied.",
            ),
            (
                Request::DeleteFile { path: path() },
                FileFailure::Failed,
                "io:Failed",
                "Could not delete 'data/a.txt': the operation failed.",
            ),
        ] {
            let error = failure.error(&request).build();
            assert_eq!((error.identifier(), error.message()), (identifier, message));
            assert_eq!(FileFailure::from_identifier(identifier), Some(failure));
        }
        assert_eq!(FileFailure::from_identifier("io:Nothing"), None);
    }

    #[test]
    fn an_input_failure_names_the_kind_that_was_wanted() {
        let error = RuntimeError::from(InputFailure::WrongKind(InputKind::Key));
        assert_eq!(error.identifier(), "input:WrongKind");
        assert!(error.message().ends_with("where a key was wanted."));
    }
}
