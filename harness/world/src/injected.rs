//! What may be injected into an operation: that it fails, that it never completes, that its completion
//! arrives while the poll that asked for it still runs.

use tourbillon_host::Request;
use tourbillon_sim::{Action, Candidate, Kind, Label};

use crate::faults::Strike;
use crate::world::World;

/// The failure of a readback whose buffer could not be mapped.
const MAP_FAILED: &str = "gpu:MapFailed";

impl World {
    /// Draws whether an operation fails, and with which identifier.
    pub(crate) fn draw_fault(&self, request: &Request, label: Label) -> Option<Strike<'static>> {
        let identifiers = failures(request);
        let picked = {
            let mut run = self.timeline.run.borrow_mut();
            if identifiers.is_empty() || run.faults_left() == 0 {
                return None;
            }
            // At most four failures, after the default.
            let mut candidates = [Candidate::keep(label); 5];
            for (candidate, identifier) in candidates[1..].iter_mut().zip(identifiers) {
                candidate.action = Action::Fault(run.labels.root(identifier));
            }
            run.choose(Kind::Fault, &candidates[..=identifiers.len()])
        };
        let identifier = identifiers[picked.checked_sub(1)?];
        self.count(|injected| injected.fault += 1);
        Some(Strike {
            error: identifier,
            partial: None,
        })
    }

    /// Draws whether an operation never completes.
    pub(crate) fn draw_never(&self, request: &Request, label: Label) -> bool {
        if matches!(request, Request::Timer { .. }) {
            return false;
        }
        let strikes = {
            let mut run = self.timeline.run.borrow_mut();
            if run.never_left() == 0 {
                return false;
            }
            let action = Action::Never;
            let candidates = [Candidate::keep(label), Candidate { label, action }];
            run.choose(Kind::Never, &candidates) == 1
        };
        self.count(|injected| injected.never += u64::from(strikes));
        strikes
    }

    /// Draws whether the completion of an operation that is ready arrives within the poll that asks for
    /// it the first time.
    pub(crate) fn draw_early(&self, label: Label) -> bool {
        let strikes = {
            let mut run = self.timeline.run.borrow_mut();
            if run.early_left() == 0 {
                return false;
            }
            let action = Action::Early;
            let candidates = [Candidate::keep(label), Candidate { label, action }];
            run.choose(Kind::Early, &candidates) == 1
        };
        self.count(|injected| injected.early += u64::from(strikes));
        strikes
    }
}

/// How a request can fail, by the identifiers that programs see; a timer never does.
fn failures(request: &Request) -> &'static [&'static str] {
    match request {
        Request::Timer { .. } | Request::Job { .. } => &[],
        Request::ReadFile { .. } | Request::DeleteFile { .. } => {
            &["io:NotFound", "io:PermissionDenied", "io:Interrupted"]
        }
        Request::WriteFile { .. } | Request::FileExists { .. } => {
            &["io:PermissionDenied", "io:Interrupted"]
        }
        Request::Input { .. } => &["input:HandlerFailed", "input:EndOfInput"],
        Request::Readback { .. } => &[MAP_FAILED],
        Request::Http(_) => &[
            "http:ConnectFailed",
            "http:Timeout",
            "http:Status",
            "http:Failed",
        ],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::faults::error;
    use tourbillon_host::{FileFailure, InputFailure, InputKind};

    #[test]
    fn what_is_injected_is_an_error_that_hosts_give() {
        let path = || "a".to_string();
        let bytes = Vec::new();
        let (kind, prompt, echo) = (InputKind::Line, String::new(), true);
        for request in [
            Request::ReadFile { path: path() },
            Request::WriteFile {
                path: path(),
                bytes,
            },
            Request::FileExists { path: path() },
            Request::DeleteFile { path: path() },
            Request::Input { kind, prompt, echo },
        ] {
            for identifier in failures(&request) {
                assert_eq!(error(identifier, &request).identifier(), *identifier);
                let is_file = FileFailure::from_identifier(identifier).is_some();
                let input = [InputFailure::HandlerFailed, InputFailure::EndOfInput];
                let is_input = input.iter().any(|one| one.identifier() == *identifier);
                assert_ne!(is_file, is_input, "{identifier}");
            }
        }
    }
}
