//! What came of one run, in a form that can be compared, printed and counted.

use std::fmt::Write;

use litemap::LiteMap;
use serde::{Serialize, Serializer};
use tourbillon_value::{Namespace, Phase, RuntimeError};

use crate::canonical::CanonicalValue;
use crate::config::Seconds;

/// The values of a workspace by their names: few, made for each run, compared and dropped, so that a
/// sorted list does better than a tree.
pub type Values = LiteMap<String, CanonicalValue>;

/// The outcome of one run: what the program showed, taken after its session was closed.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Outcome {
    /// All it printed, cleanups of the workspace included.
    pub stdout: String,
    /// The workspace at the end of the execution.
    #[serde(serialize_with = "as_map")]
    pub values: Values,
    /// The error that nobody caught.
    pub error: Option<ErrorOutcome>,
    /// Warnings and reports, sorted.
    pub diagnostics: Vec<Diagnostic>,
    /// Virtual time at the end of the execution.
    #[serde(rename = "virtual_time")]
    pub virtual_time_seconds: Seconds,
    /// Whether the uncaught error is a deadlock, or nothing could ever happen again.
    pub deadlock: bool,
    /// Whether the budget was spent.
    pub budget: bool,
    /// Whether the future of the execution was dropped: what it had shown until then stands.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub dropped: bool,
}

fn as_map<S: Serializer>(values: &Values, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(values.iter())
}

/// An uncaught error, or one of its causes.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ErrorOutcome {
    /// Its identifier in the session's namespace; empty when it has none.
    pub identifier: String,
    /// Its message.
    pub message: String,
    /// Its causes in order.
    #[serde(rename = "cause")]
    pub causes: Vec<ErrorOutcome>,
    /// Its call frames as `name:line`, innermost first.
    pub stack: Vec<String>,
    /// When it came up.
    pub phase: OutcomePhase,
}

/// When an error came up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum OutcomePhase {
    /// Before anything ran.
    Compile,
    /// While the program ran.
    #[default]
    Run,
}

/// A warning or report.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Diagnostic {
    /// Its identifier; empty when it has none.
    pub identifier: String,
    /// Its message.
    pub message: String,
}

impl ErrorOutcome {
    /// What an error shows of itself.
    pub fn of(error: &RuntimeError, namespace: Namespace) -> ErrorOutcome {
        let context = error.context();
        let frames = context.stack.iter();
        ErrorOutcome {
            identifier: error.identifier_in(namespace).to_string(),
            message: error.message().to_string(),
            causes: error
                .causes()
                .iter()
                .map(|cause| ErrorOutcome::of(cause, namespace))
                .collect(),
            stack: frames
                .map(|frame| format!("{}:{}", frame.name, frame.line))
                .collect(),
            phase: match context.phase {
                Phase::Compile => OutcomePhase::Compile,
                Phase::Run => OutcomePhase::Run,
            },
        }
    }

    fn is_shown_alike(&self, other: &ErrorOutcome) -> bool {
        self.identifier == other.identifier
            && self.message == other.message
            && self.causes.len() == other.causes.len()
            && (self.causes.iter().zip(&other.causes)).all(|(l, r)| l.is_shown_alike(r))
    }

    fn write(&self, out: &mut String) {
        // Writing to a string does not fail.
        let _ = write!(out, "{:?} {:?}", self.identifier, self.message);
        for cause in &self.causes {
            out.push_str(" (cause: ");
            cause.write(out);
            out.push(')');
        }
    }
}

impl Diagnostic {
    /// What a diagnostic shows of itself.
    pub fn of(diagnostic: &RuntimeError, namespace: Namespace) -> Diagnostic {
        Diagnostic {
            identifier: diagnostic.identifier_in(namespace).to_string(),
            message: diagnostic.message().to_string(),
        }
    }
}

impl Outcome {
    /// The outcome of a program that does not compile.
    pub fn of_compile_errors(errors: &[RuntimeError], namespace: Namespace) -> Outcome {
        let mut diagnostics: Vec<Diagnostic> = errors
            .iter()
            .skip(1)
            .map(|error| Diagnostic::of(error, namespace))
            .collect();
        diagnostics.sort();
        Outcome {
            error: errors
                .first()
                .map(|error| ErrorOutcome::of(error, namespace)),
            diagnostics,
            ..Outcome::default()
        }
    }

    /// The outcome as text, the same for two runs exactly when they showed the same. Stack and virtual
    /// time do not belong to it.
    pub fn key(&self) -> String {
        let mut key = String::new();
        self.write_key(&mut key);
        key
    }

    /// Whether both have the same key, without writing it. It may say no of some that have.
    pub(crate) fn is_shown_alike(&self, other: &Outcome) -> bool {
        let values = || self.values.iter().zip(other.values.iter());
        self.stdout == other.stdout
            && self.values.len() == other.values.len()
            && values().all(|(left, right)| left.0 == right.0 && left.1.is_identical(right.1))
            && match (&self.error, &other.error) {
                (None, None) => true,
                (Some(left), Some(right)) => left.is_shown_alike(right),
                (None, Some(_)) | (Some(_), None) => false,
            }
            && self.diagnostics == other.diagnostics
            && self.deadlock == other.deadlock
            && self.budget == other.budget
            && self.dropped == other.dropped
    }

    /// Writes [`Outcome::key`].
    pub fn write_key(&self, key: &mut String) {
        // Writing to a string does not fail.
        let _ = writeln!(key, "stdout {:?}", self.stdout);
        for (name, value) in self.values.iter() {
            let _ = writeln!(key, "{name} = {value}");
        }
        if let Some(error) = &self.error {
            key.push_str("error ");
            error.write(key);
            key.push('\n');
        }
        for diagnostic in &self.diagnostics {
            let _ = writeln!(
                key,
                "diagnostic {:?} {:?}",
                diagnostic.identifier, diagnostic.message
            );
        }
        for (is_so, word) in [
            (self.deadlock, "deadlock"),
            (self.budget, "budget"),
            (self.dropped, "dropped"),
        ] {
            if is_so {
                let _ = writeln!(key, "{word}");
            }
        }
    }
}
