//! Does what a run showed belong to the outcomes that its case allows?

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use serde::Serialize;

use crate::expect::{ErrorSpec, Expect, MustObserve, OutcomeSpec, Phase};
use crate::schema::Strategy;
use crate::value::CanonicalValue;
use crate::world::Seconds;

/// What one run of a case showed, after its session was closed.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Observed {
    /// The whole output.
    pub stdout: String,
    /// The workspace.
    pub values: BTreeMap<String, CanonicalValue>,
    /// The uncaught error.
    pub error: Option<ObservedError>,
    /// The identifiers of the diagnostics.
    pub diagnostics: Vec<String>,
    /// The virtual time at the end; absent for engines that run in real time.
    pub virtual_time: Option<Seconds>,
    /// Whether the run ended in an uncaught deadlock.
    pub deadlock: bool,
    /// Whether the run spent its budget of steps.
    pub budget: bool,
    /// Whether the future of the execution was dropped.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub dropped: bool,
}

/// An uncaught error as a run showed it.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ObservedError {
    /// Its identifier; empty when it has none.
    pub identifier: String,
    /// Its message.
    pub message: String,
    /// Its causes in order.
    pub causes: Vec<ObservedError>,
    /// Its stack as `name:line`, innermost first.
    pub stack: Vec<String>,
    /// Where it came from, for engines that say it.
    pub phase: Option<Phase>,
}

/// What the expectation says about one run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The run is the allowed outcome with this index, and no other.
    Allowed(usize),
    /// The run matches two outcomes, called by their names: the case is wrong.
    Ambiguous(String, String),
    /// The run is the forbidden outcome of this name.
    Forbidden(String),
    /// The run matches nothing; the text says where it leaves the nearest outcome.
    NotAllowed(String),
}

/// Judges one run.
pub fn judge(expect: &Expect, observed: &Observed) -> Verdict {
    let label = |index: usize| {
        let outcomes = expect.allowed.iter().chain(&expect.forbidden);
        let name = outcomes
            .clone()
            .nth(index)
            .and_then(|outcome| outcome.name.clone());
        name.unwrap_or_else(|| format!("#{}", index + 1))
    };
    let differences: Vec<Vec<String>> = expect
        .allowed
        .iter()
        .chain(&expect.forbidden)
        .map(|outcome| differences(outcome, observed))
        .collect();
    let mut matching = (0..differences.len()).filter(|index| differences[*index].is_empty());
    match (matching.next(), matching.next()) {
        (Some(first), Some(second)) => Verdict::Ambiguous(label(first), label(second)),
        (Some(index), None) if index < expect.allowed.len() => Verdict::Allowed(index),
        (Some(index), None) => Verdict::Forbidden(label(index)),
        (None, _) => {
            let nearest = (0..expect.allowed.len()).min_by_key(|index| differences[*index].len());
            let mut text = String::new();
            if let Some(nearest) = nearest {
                if expect.allowed.len() > 1 {
                    // Writing to a string cannot fail.
                    let _ = write!(text, "nearest outcome `{}`: ", label(nearest));
                }
                text.push_str(&differences[nearest].join("; "));
            }
            Verdict::NotAllowed(text)
        }
    }
}

/// The outcomes that an exploration should have seen and has not, by name.
///
/// `seen` holds the indices of the allowed outcomes that came up.
pub fn not_observed(expect: &Expect, strategy: Strategy, seen: &BTreeSet<usize>) -> Vec<String> {
    let wanted = |outcome: &OutcomeSpec| match (&expect.must_observe, strategy) {
        (Some(MustObserve::All), _) | (None, Strategy::Exhaustive) => true,
        (Some(MustObserve::None), _) | (None, Strategy::Fifo | Strategy::Random) => false,
        (Some(MustObserve::Named(names)), _) => outcome
            .name
            .as_ref()
            .is_some_and(|name| names.contains(name)),
    };
    expect
        .allowed
        .iter()
        .enumerate()
        .filter(|(index, outcome)| wanted(outcome) && !seen.contains(index))
        .map(|(index, outcome)| {
            outcome
                .name
                .clone()
                .unwrap_or_else(|| format!("#{}", index + 1))
        })
        .collect()
}

/// Every way in which a run differs from an outcome, in words; empty when it matches.
pub fn differences(spec: &OutcomeSpec, observed: &Observed) -> Vec<String> {
    let mut found = Vec::new();
    if let Some(stdout) = &spec.stdout
        && *stdout != observed.stdout
    {
        found.push(format!("stdout is {:?}, not {stdout:?}", observed.stdout));
    }
    for (name, expected) in &spec.values {
        match observed.values.get(name) {
            None => found.push(format!("the workspace has no `{name}`")),
            Some(value) if value != expected => {
                found.push(format!("`{name}` is {value}, not {expected}"));
            }
            Some(_) => {}
        }
    }
    match (&spec.error, &observed.error) {
        (Some(expected), Some(error)) => {
            error_differences(expected, error, "the error", &mut found)
        }
        (Some(expected), None) => {
            let wanted = expected.identifier.as_deref().unwrap_or("an error");
            found.push(format!("it ended without {wanted}"));
        }
        // What cut the run short comes with an error of its own.
        (None, Some(_)) if spec.deadlock || spec.budget => {}
        (None, Some(error)) => {
            found.push(format!(
                "it failed with `{}`: {}",
                error.identifier, error.message
            ));
        }
        (None, None) => {}
    }
    let mut diagnostics = observed.diagnostics.clone();
    diagnostics.sort();
    if spec.diagnostics != diagnostics {
        found.push(format!(
            "the diagnostics are {diagnostics:?}, not {:?}",
            spec.diagnostics
        ));
    }
    match (spec.virtual_time, observed.virtual_time) {
        (Some(expected), Some(time)) if expected != time => {
            found.push(format!("it ended after {time}, not {expected}"));
        }
        (Some(expected), None) => {
            found.push(format!("it has no virtual time to compare with {expected}"))
        }
        (Some(_), Some(_)) | (None, _) => {}
    }
    if spec.deadlock != observed.deadlock {
        found.push(
            if observed.deadlock {
                "it ended in a deadlock"
            } else {
                "it did not end in a deadlock"
            }
            .into(),
        );
    }
    if spec.budget != observed.budget {
        found.push(
            if observed.budget {
                "it spent its budget"
            } else {
                "it did not spend its budget"
            }
            .into(),
        );
    }
    if spec.dropped != observed.dropped {
        found.push(
            if observed.dropped {
                "its execution was dropped"
            } else {
                "its execution was not dropped"
            }
            .into(),
        );
    }
    found
}

fn error_differences(spec: &ErrorSpec, error: &ObservedError, what: &str, found: &mut Vec<String>) {
    if let Some(identifier) = &spec.identifier
        && *identifier != error.identifier
    {
        found.push(format!(
            "{what} is `{}` ({}), not `{identifier}`",
            error.identifier, error.message
        ));
    }
    if let Some(message) = &spec.message
        && *message != error.message
    {
        found.push(format!("{what} says {:?}, not {message:?}", error.message));
    }
    if let Some(pattern) = &spec.message_matches
        && !pattern.is_match(&error.message)
    {
        found.push(format!(
            "{what} says {:?}, which does not match `{}`",
            error.message,
            pattern.as_str()
        ));
    }
    if let Some(causes) = &spec.cause {
        if causes.len() != error.causes.len() {
            found.push(format!(
                "{what} has {} causes, not {}",
                error.causes.len(),
                causes.len()
            ));
        }
        for (place, (expected, cause)) in causes.iter().zip(&error.causes).enumerate() {
            error_differences(
                expected,
                cause,
                &format!("cause {} of {what}", place + 1),
                found,
            );
        }
    }
    if let Some(stack) = &spec.stack
        && *stack != error.stack
    {
        found.push(format!(
            "{what} has the stack {:?}, not {stack:?}",
            error.stack
        ));
    }
    if let Some(phase) = spec.phase
        && Some(phase) != error.phase
    {
        found.push(format!(
            "{what} comes from the phase {:?}, not {phase:?}",
            error.phase
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(identifier: &str, causes: Vec<ObservedError>) -> ObservedError {
        ObservedError {
            identifier: identifier.into(),
            message: format!("message of {identifier}"),
            causes,
            stack: vec!["inner:3".into(), "main:1".into()],
            phase: Some(Phase::Run),
        }
    }

    fn check(expect: &str, observed: &Observed, verdict: &Verdict) {
        let expect: Expect = serde_yaml::from_str(expect).expect("a good expectation");
        assert_eq!(judge(&expect, observed), *verdict);
    }

    #[test]
    fn a_run_belongs_to_exactly_one_outcome() {
        let two = Observed {
            stdout: "2\n".into(),
            ..Observed::default()
        };
        let allowed = "allowed: [{name: lost, stdout: \"1\\n\"}, {name: both, stdout: \"2\\n\"}]";
        check(allowed, &two, &Verdict::Allowed(1));
        let three = Observed {
            stdout: "3\n".into(),
            ..Observed::default()
        };
        let text = "nearest outcome `lost`: stdout is \"3\\n\", not \"1\\n\"";
        check(allowed, &three, &Verdict::NotAllowed(text.into()));
        let forbidden = "{stdout: \"2\\n\", forbidden: [{name: thrice, stdout: \"3\\n\"}]}";
        check(forbidden, &three, &Verdict::Forbidden("thrice".into()));
        let both = "{stdout: \"2\\n\", forbidden: [{name: untouched, virtual_time: 0}]}";
        let timed = Observed {
            virtual_time: Some(Seconds::default()),
            ..two
        };
        check(
            both,
            &timed,
            &Verdict::Ambiguous("#1".into(), "untouched".into()),
        );
    }

    #[test]
    fn what_is_absent_means_none_or_unchecked() {
        let failed = Observed {
            error: Some(error("a:b", Vec::new())),
            ..Observed::default()
        };
        check(
            "stdout: ''",
            &failed,
            &Verdict::NotAllowed("it failed with `a:b`: message of a:b".into()),
        );
        check("error: {identifier: a:b}", &failed, &Verdict::Allowed(0));
        let reported = Observed {
            diagnostics: vec!["async:UnhandledFailure".into()],
            ..Observed::default()
        };
        let text = "the diagnostics are [\"async:UnhandledFailure\"], not []";
        check("stdout: ''", &reported, &Verdict::NotAllowed(text.into()));
        check(
            "diagnostics: ['async:UnhandledFailure']",
            &reported,
            &Verdict::Allowed(0),
        );
        let stuck = Observed {
            deadlock: true,
            ..failed
        };
        check("deadlock: true", &stuck, &Verdict::Allowed(0));
        let text = "it ended in a deadlock";
        check(
            "error: {identifier: a:b}",
            &stuck,
            &Verdict::NotAllowed(text.into()),
        );
    }

    #[test]
    fn errors_are_compared_with_their_causes_and_stacks() {
        let run = Observed {
            error: Some(error("a:b", vec![error("c:d", Vec::new())])),
            ..Observed::default()
        };
        check(
            "error: {identifier: a:b, cause: [{identifier: c:d}]}",
            &run,
            &Verdict::Allowed(0),
        );
        let none = "the error has 1 causes, not 0";
        check(
            "error: {identifier: a:b, cause: []}",
            &run,
            &Verdict::NotAllowed(none.into()),
        );
        let other = "cause 1 of the error is `c:d` (message of c:d), not `c:e`";
        check(
            "error: {identifier: a:b, cause: [{identifier: c:e}]}",
            &run,
            &Verdict::NotAllowed(other.into()),
        );
        check(
            "error: {message_matches: 'of a', stack: ['inner:3', 'main:1'], phase: run}",
            &run,
            &Verdict::Allowed(0),
        );
        let phase = "the error comes from the phase Some(Run), not Compile";
        check(
            "error: {identifier: a:b, phase: compile}",
            &run,
            &Verdict::NotAllowed(phase.into()),
        );
    }

    #[test]
    fn an_exhaustive_search_must_see_every_outcome() {
        let expect: Expect =
            serde_yaml::from_str("allowed: [{name: a, stdout: x}, {name: b, stdout: y}]")
                .expect("good");
        let seen = BTreeSet::from([0]);
        assert_eq!(not_observed(&expect, Strategy::Exhaustive, &seen), ["b"]);
        assert!(not_observed(&expect, Strategy::Random, &seen).is_empty());
        let named = Expect {
            must_observe: Some(MustObserve::Named(vec!["b".into()])),
            ..expect
        };
        assert_eq!(not_observed(&named, Strategy::Random, &seen), ["b"]);
    }
}
