//! Signatures: what two failures must have in common to count as the same one.

use std::fmt;

use crate::campaign::{Failure, FailureKind};

/// What stays of a failure when everything that depends on the schedule is taken away.
///
/// Which of several equal tasks is stuck, and how many timers were left, changes from schedule to
/// schedule and does not tell two failures apart. What a program said or printed does.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Signature {
    kind: &'static str,
    shape: String,
}

impl Signature {
    /// The signature of `failure`.
    #[must_use]
    pub fn of(failure: &Failure) -> Signature {
        let shape = match failure.kind {
            FailureKind::Error | FailureKind::Outcome => failure.summary.clone(),
            FailureKind::Nondeterminism => String::new(),
            FailureKind::Leak
            | FailureKind::Panic
            | FailureKind::Oracle
            | FailureKind::Budget
            | FailureKind::Livelock => without_numbers(&failure.summary),
            FailureKind::Deadlock => parts(&failure.summary),
        };
        Signature {
            kind: failure.kind.name(),
            shape,
        }
    }

    /// Whether a failure is one of the choices, so that fewer of them may make it: a difference
    /// between two runs of the same choices is not.
    pub(super) fn is_of_choices(&self) -> bool {
        self.kind != FailureKind::Nondeterminism.name()
    }

    /// Whether `failure` is this one.
    #[must_use]
    pub fn matches(&self, failure: &Failure) -> bool {
        self.kind == failure.kind.name() && *self == Signature::of(failure)
    }
}

impl fmt::Display for Signature {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {}", self.kind, self.shape)
    }
}

/// What waits for what, each kind of it once, in an order of its own.
fn parts(summary: &str) -> String {
    let mut parts: Vec<String> = summary.split("; ").map(without_numbers).collect();
    parts.sort();
    parts.dedup();
    parts.join("; ")
}

/// The text with an `N` in the place of each number. A number inside a word is part of a name, and
/// one after `#` the occurrence in a label.
fn without_numbers(text: &str) -> String {
    let mut shape = String::with_capacity(text.len());
    let mut is_in_word = false;
    let mut is_in_number = false;
    for character in text.chars() {
        let is_digit = character.is_ascii_digit();
        if is_digit && !is_in_word {
            if !is_in_number {
                shape.push('N');
            }
            is_in_number = true;
            continue;
        }
        is_in_number = false;
        is_in_word = character.is_alphabetic() || character == '_' || (is_in_word && is_digit);
        shape.push(character);
    }
    shape
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_depends_on_the_schedule_tells_no_failures_apart() {
        let check = |kind, one: &str, other: &str, same: bool| {
            let failure = |summary: &str| Failure {
                kind,
                summary: summary.to_string(),
            };
            let signature = Signature::of(&failure(one));
            assert_eq!(signature.matches(&failure(other)), same, "{one} / {other}");
        };
        use FailureKind::{Deadlock, Error, Leak, Oracle, Outcome, Panic};
        check(
            Deadlock,
            "main waits for main/a#1; main/a#1 waits to be woken",
            "main waits for main/a#2; main/a#2 waits to be woken; main/a#3 waits to be woken",
            true,
        );
        check(
            Deadlock,
            "main/a#1 waits for main/b#1",
            "main/b#1 waits for main/a#1",
            false,
        );
        check(
            Leak,
            "3 timers and 0 completions were left",
            "12 timers and 1 completions were left",
            true,
        );
        check(
            Panic,
            "main/t#1: left: 1, right: 2",
            "main/t#3: left: 0, right: 2",
            true,
        );
        check(Panic, "main: lock1 is gone", "main: lock2 is gone", false);
        check(Oracle, "main/a#1 ran twice", "main/a#2 ran twice", true);
        // What a program shows is what failed, to the last digit.
        check(Outcome, "stdout \"1\\n\"", "stdout \"2\\n\"", false);
        check(Error, "a:b: 3 left", "a:b: 2 left", false);
        let (panic, error) = (
            Signature::of(&Failure {
                kind: Panic,
                summary: "x".into(),
            }),
            Failure {
                kind: Error,
                summary: "x".into(),
            },
        );
        assert!(!panic.matches(&error));
        assert_eq!(panic.to_string(), "panic: x");
    }
}
