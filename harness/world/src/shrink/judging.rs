//! When a run of a changed program fails in the recorded way: by a judge that knows what the program
//! should do, by what the run itself shows, or by the recorded outcome alone.

use std::collections::BTreeMap;

use tourbillon_sim::{Failure, FailureKind, Recording};

use crate::canonical::CanonicalValue;
use crate::explore::{Judge, failure};
use crate::outcome::{Diagnostic, ErrorOutcome};
use crate::simulation::RunResult;

/// Judges runs.
pub(super) enum Judging<'a, 'b> {
    Given(&'a mut Judge<'b>),
    Own,
    Portraits(Box<Portraits>),
}

/// The two outcomes that a program keeps when nobody knows what it should do: the one that was
/// refused, and the one of production's order. Without the second, a program that prints the refused
/// text and nothing else would be as good.
pub(super) struct Portraits {
    refused: Portrait,
    calm: Portrait,
    /// The variables that tell the two apart, when nothing else does.
    variables: Vec<String>,
    failure: Failure,
}

#[derive(PartialEq)]
struct Portrait {
    stdout: String,
    error: Option<(String, String)>,
    diagnostics: Vec<Diagnostic>,
    deadlock: bool,
    budget: bool,
    values: BTreeMap<String, CanonicalValue>,
}

impl Portrait {
    fn of(result: &RunResult, variables: &[String]) -> Portrait {
        let outcome = &result.outcome;
        let error = outcome.error.as_ref();
        let error =
            error.map(|error: &ErrorOutcome| (error.identifier.clone(), error.message.clone()));
        let values = outcome.values.iter();
        let values = values.filter(|(name, _)| variables.contains(name));
        Portrait {
            stdout: outcome.stdout.clone(),
            error,
            diagnostics: outcome.diagnostics.clone(),
            deadlock: outcome.deadlock,
            budget: outcome.budget,
            values: values
                .map(|(name, value)| (name.clone(), value.clone()))
                .collect(),
        }
    }
}

impl<'a, 'b> Judging<'a, 'b> {
    /// How the runs of a recording are judged, given the recorded one and that of production.
    pub fn of(
        recording: &Recording,
        given: Option<&'a mut Judge<'b>>,
        recorded: &RunResult,
        calm: &RunResult,
    ) -> Judging<'a, 'b> {
        let note = recording.failure.as_ref().and_then(|note| note.failure());
        match (given, note) {
            (Some(judge), _) => Judging::Given(judge),
            (None, Some(note)) if recording.case.is_some() || note.kind == FailureKind::Outcome => {
                Judging::Portraits(Box::new(Portraits::of(note, recorded, calm)))
            }
            (None, _) => Judging::Own,
        }
    }

    /// What failed in a run, if anything did.
    pub fn failure(&mut self, result: &RunResult) -> Option<Failure> {
        match self {
            Judging::Given(judge) => judge(result),
            Judging::Own => failure(result),
            Judging::Portraits(portraits) => portraits.failure(result),
        }
    }
}

impl Portraits {
    fn of(failure: Failure, recorded: &RunResult, calm: &RunResult) -> Portraits {
        let is_shown = Portrait::of(recorded, &[]) != Portrait::of(calm, &[]);
        let (one, other) = (&recorded.outcome.values, &calm.outcome.values);
        let names = one.keys().chain(other.keys());
        let mut variables: Vec<String> = names
            .filter(|name| !is_shown && one.get(*name) != other.get(*name))
            .cloned()
            .collect();
        variables.sort();
        variables.dedup();
        Portraits {
            refused: Portrait::of(recorded, &variables),
            calm: Portrait::of(calm, &variables),
            variables,
            failure,
        }
    }

    fn failure(&self, result: &RunResult) -> Option<Failure> {
        let portrait = Portrait::of(result, &self.variables);
        if portrait == self.refused {
            return Some(self.failure.clone());
        }
        if portrait == self.calm {
            return None;
        }
        let other = || Failure {
            kind: FailureKind::Outcome,
            summary: "neither the recorded outcome nor that of production".to_string(),
        };
        Some(failure(result).unwrap_or_else(other))
    }
}
