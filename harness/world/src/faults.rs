//! Stated faults: which operation of its kind fails, for certain, and with what.

use std::collections::BTreeMap;

use tourbillon_host::{FileFailure, InputFailure, InputKind, Request};
use tourbillon_value::{RuntimeError, build_runtime_error};

use crate::config::{Fault, FaultOp};

/// What strikes an operation.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Strike<'f> {
    /// The identifier of the error.
    pub error: &'f str,
    /// How many bytes a write leaves in its file all the same.
    pub partial: Option<u64>,
}

/// How many operations of each kind were asked for so far.
#[derive(Debug, Default)]
pub(crate) struct Asked {
    counts: BTreeMap<FaultOp, u32>,
}

impl Asked {
    /// Forgets everything.
    pub fn reset(&mut self) {
        self.counts.clear();
    }

    /// Counts a request; gives its fault when the world states one for it.
    pub fn strike<'f>(&mut self, faults: &'f [Fault], request: &Request) -> Option<Strike<'f>> {
        let op = kind(request)?;
        if faults.is_empty() {
            return None;
        }
        let count = self.counts.entry(op).or_insert(0);
        *count += 1;
        let fault = faults
            .iter()
            .find(|fault| fault.op == op && fault.nth == *count)?;
        Some(Strike {
            error: &fault.error,
            partial: fault.partial,
        })
    }
}

/// What kind of operation a request is, for faults; a timer never fails.
pub(crate) fn kind(request: &Request) -> Option<FaultOp> {
    match request {
        Request::Timer { .. } | Request::Job { .. } => None,
        Request::ReadFile { .. } => Some(FaultOp::Read),
        Request::WriteFile { .. } => Some(FaultOp::Write),
        Request::FileExists { .. } => Some(FaultOp::Exists),
        Request::DeleteFile { .. } => Some(FaultOp::Delete),
        Request::Input { .. } => Some(FaultOp::Input),
        Request::Readback { .. } => Some(FaultOp::GpuMap),
        Request::Http(_) => Some(FaultOp::Http),
    }
}

/// The error that a host gives for such a failure, in the same words.
pub(crate) fn error(identifier: &str, request: &Request) -> RuntimeError {
    if let Some(failure) = FileFailure::from_identifier(identifier) {
        return failure.error(request).build();
    }
    let kind = match request {
        Request::Input { kind, .. } => *kind,
        _ => InputKind::Line,
    };
    let input = [
        InputFailure::Unavailable,
        InputFailure::HandlerFailed,
        InputFailure::WrongKind(kind),
        InputFailure::EndOfInput,
    ];
    match input
        .into_iter()
        .find(|failure| failure.identifier() == identifier)
    {
        Some(failure) => failure.into(),
        None => build_runtime_error("The device could not map the buffer for reading.")
            .identifier(identifier)
            .build(),
    }
}
