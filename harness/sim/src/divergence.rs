//! Divergence: the first step where a run left the recording it was to follow, in words.

use crate::choice::{Action, Candidate, Kind, Point};
use crate::label::Labels;

/// Where a run and its recording part, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Divergence {
    /// How many choice points the run had passed.
    pub at: u64,
    mismatch: Mismatch,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Mismatch {
    /// The recorded candidate is not there.
    Impossible {
        recorded: Candidate,
        kind: Kind,
        found: Vec<Candidate>,
    },
    /// The recorded candidate is there, but among others than recorded.
    OtherCandidates {
        recorded: Vec<Candidate>,
        kind: Kind,
        found: Vec<Candidate>,
    },
    /// The run ended before the recorded choice.
    NeverReached { recorded: Candidate },
    /// The hash differs at a checkpoint; it was equal at the one before.
    Checkpoint { equal: u64 },
    /// The run passed another number of choice points.
    Length { recorded: u64 },
    /// Every choice was the same, yet the trace is not.
    Hash { equal: u64 },
    /// The same prefix led to another number of candidates.
    Unrepeatable { expected: u32, found: usize },
    /// The same choices led to another end.
    UnequalEnd { expected: u64, found: u64 },
}

impl Divergence {
    pub(crate) fn impossible(point: &Point<'_>, recorded: Candidate) -> Divergence {
        let found = point.candidates.to_vec();
        Divergence {
            at: point.at,
            mismatch: Mismatch::Impossible {
                recorded,
                kind: point.kind,
                found,
            },
        }
    }

    pub(crate) fn other_candidates(point: &Point<'_>, recorded: &[Candidate]) -> Divergence {
        let (recorded, found) = (recorded.to_vec(), point.candidates.to_vec());
        let mismatch = Mismatch::OtherCandidates {
            recorded,
            kind: point.kind,
            found,
        };
        Divergence {
            at: point.at,
            mismatch,
        }
    }

    pub(crate) fn never_reached(at: u64, recorded: Candidate) -> Divergence {
        Divergence {
            at,
            mismatch: Mismatch::NeverReached { recorded },
        }
    }

    pub(crate) fn checkpoint(at: u64, equal: u64) -> Divergence {
        Divergence {
            at,
            mismatch: Mismatch::Checkpoint { equal },
        }
    }

    pub(crate) fn length(at: u64, recorded: u64) -> Divergence {
        Divergence {
            at,
            mismatch: Mismatch::Length { recorded },
        }
    }

    pub(crate) fn hash(at: u64, equal: u64) -> Divergence {
        Divergence {
            at,
            mismatch: Mismatch::Hash { equal },
        }
    }

    pub(crate) fn unrepeatable(point: &Point<'_>, expected: u32) -> Divergence {
        let found = point.candidates.len();
        Divergence {
            at: point.at,
            mismatch: Mismatch::Unrepeatable { expected, found },
        }
    }

    pub(crate) fn unequal_end(expected: u64, found: u64) -> Divergence {
        Divergence {
            at: found,
            mismatch: Mismatch::UnequalEnd { expected, found },
        }
    }

    /// The divergence in words, such as `choice 17: the recording runs main/bump#3, but only main
    /// and main/bump#2 are ready`.
    #[must_use]
    pub fn text(&self, labels: &Labels) -> String {
        let at = self.at;
        match &self.mismatch {
            Mismatch::Impossible {
                recorded,
                kind,
                found,
            } => format!(
                "choice {at}: the recording {}, but {}",
                deed(labels, *recorded),
                situation(labels, *kind, found, "only ")
            ),
            Mismatch::OtherCandidates {
                recorded,
                kind,
                found,
            } => format!(
                "choice {at}: in the recording {}, but now {}",
                situation(labels, *kind, recorded, "").replace(" are ", " were "),
                situation(labels, *kind, found, "")
            ),
            Mismatch::NeverReached { recorded } => format!(
                "choice {at}: the recording {}, but the run ended before",
                deed(labels, *recorded)
            ),
            Mismatch::Checkpoint { equal } => format!(
                "choice {at}: the trace differs from the recording's; it was the same up to \
                 choice {equal}"
            ),
            Mismatch::Length { recorded } => {
                format!("choice {at}: the run passed {at} choice points, the recording {recorded}")
            }
            Mismatch::Hash { equal } => format!(
                "choice {at}: every recorded choice was made, but the trace differs from the \
                 recording's after choice {equal}"
            ),
            Mismatch::Unrepeatable { expected, found } => format!(
                "choice {at}: the same choices led to {found} candidates instead of {expected}: \
                 the program depends on something the simulation does not control"
            ),
            Mismatch::UnequalEnd { expected, found } => format!(
                "choice {at}: the same choices led to another trace ({found} choice points, \
                 before {expected}): the program depends on something the simulation does not \
                 control"
            ),
        }
    }
}

/// What taking `candidate` does, as a verb phrase.
pub(crate) fn deed(labels: &Labels, candidate: Candidate) -> String {
    let label = labels.text(candidate.label);
    match candidate.action {
        Action::Run => format!("runs {label}"),
        Action::Deliver => format!("delivers {label}"),
        Action::Spurious => format!("polls {label} for nothing"),
        Action::Advance => "lets time pass".to_string(),
        Action::Keep => format!("lets {label} be"),
        Action::Delay(by) => format!("delays {label} by {by}"),
        Action::Fault(error) => format!("fails {label} with {}", labels.text(error)),
        Action::Cancel => format!("cancels {label}"),
        Action::Early => format!("completes {label} early"),
        Action::Never => format!("never completes {label}"),
        Action::Drop => format!("drops {label}"),
        Action::Pick(value) => format!("picks {value} for {label}"),
    }
}

/// The candidates as a clause.
fn situation(labels: &Labels, kind: Kind, candidates: &[Candidate], only: &str) -> String {
    let first = candidates
        .first()
        .map(|first| labels.text(first.label))
        .unwrap_or_default();
    match kind {
        Kind::Run | Kind::Spurious => {
            let mut names: Vec<String> = candidates.iter().map(|c| thing(labels, *c)).collect();
            let last = names.pop().unwrap_or_default();
            let verb = if names.is_empty() { "is" } else { "are" };
            let and = if names.is_empty() { "" } else { " and " };
            format!("{only}{}{and}{last} {verb} ready", names.join(", "))
        }
        Kind::Delay => format!("it is asked how late {first} is"),
        Kind::Fault => format!("it is asked whether {first} fails"),
        Kind::Cancel => format!("it is asked whether {first} is cancelled"),
        Kind::Early => format!("it is asked whether {first} completes early"),
        Kind::Never => format!("it is asked whether {first} ever completes"),
        Kind::Drop => format!("it is asked whether {first} is dropped"),
        Kind::Pick => format!(
            "a value from 0 to {} is asked for {first}",
            candidates.len() - 1
        ),
    }
}

fn thing(labels: &Labels, candidate: Candidate) -> String {
    let label = labels.text(candidate.label);
    match candidate.action {
        Action::Run => label,
        Action::Deliver => format!("the completion of {label}"),
        Action::Spurious => format!("a spurious poll of {label}"),
        Action::Advance => "the next due time".to_string(),
        Action::Keep
        | Action::Delay(_)
        | Action::Fault(_)
        | Action::Cancel
        | Action::Early
        | Action::Never
        | Action::Drop
        | Action::Pick(_) => deed(labels, candidate),
    }
}
