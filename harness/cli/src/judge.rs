//! Whether a run is as it should be: a case says it, and of any other program nothing may fail.

use crate::subject::Subject;
use std::collections::BTreeSet;
use tourbillon_conformance::laboratory::observed;
use tourbillon_conformance::matching::{self, Verdict};
use tourbillon_sim::{Failure, FailureKind};
use tourbillon_world::RunResult;
use tourbillon_world::explore::failure;

/// Judges the runs of one subject, and remembers which allowed outcomes it saw.
pub struct Judge<'a> {
    subject: &'a Subject,
    /// The allowed outcomes that came up, by their place in the case.
    pub seen: BTreeSet<usize>,
}

impl<'a> Judge<'a> {
    /// Has seen nothing yet.
    pub fn new(subject: &'a Subject) -> Judge<'a> {
        Judge {
            subject,
            seen: BTreeSet::new(),
        }
    }

    /// What failed in a run, if anything did.
    pub fn failure(&mut self, result: &RunResult) -> Option<Failure> {
        let Some(case) = &self.subject.case else {
            return failure(result);
        };
        if result.verdict.kind.is_defect() {
            return failure(result);
        }
        let observed = observed(result.outcome.clone());
        let kind = if observed.deadlock {
            FailureKind::Deadlock
        } else if observed.budget {
            FailureKind::Budget
        } else {
            FailureKind::Outcome
        };
        let summary = match matching::judge(&case.expect, &observed) {
            Verdict::Allowed(index) => {
                self.seen.insert(index);
                return None;
            }
            Verdict::NotAllowed(text) => text,
            Verdict::Forbidden(name) => format!("the forbidden outcome `{name}`"),
            Verdict::Ambiguous(first, second) => {
                format!("the run matches both `{first}` and `{second}`")
            }
        };
        Some(Failure { kind, summary })
    }
}
