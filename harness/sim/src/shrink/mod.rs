//! Shrinking: from a run that fails to the smallest one that steps of it reach, with a proof that no
//! single choice can go.
//!
//! Every candidate is a real run of the program, and it takes the place of the best so far when it
//! fails with the same [`Signature`] and is smaller. The order of passes is Hypothesis's: nothing but
//! defaults, a shorter prefix, blocks of choices from large to small, lower indices, earlier places.
//! Choices are found again by position and by label; what either reaches counts.

mod library;
mod quiet;
mod search;
mod signature;
mod trial;

use std::fmt;
use std::ops::ControlFlow;

pub(crate) use library::tell;
pub use library::{Shrunk, shrink};
pub(crate) use quiet::QuietPanics;
use search::Search;
pub use signature::Signature;

use crate::campaign::{self, Body, Failure, Witness};
use crate::recording::Recording;
use crate::run::SharedRun;
use crate::strategy::Description;

/// How large a run is; smaller ones come first, and the first difference counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Size {
    /// Injected trouble that struck: faults, cancels, delays, spurious polls.
    pub strikes: u64,
    /// Choices that left the default, strikes among them.
    pub choices: u64,
    /// Kinds of injections that were on.
    pub injections: u64,
    /// How often those may strike, and how many multiples of a delay they offer.
    pub budget: u64,
    /// Steps of tasks.
    pub steps: u64,
    /// Choice points that were passed.
    pub points: u64,
    /// The sum of all indices taken.
    pub weight: u64,
    /// The sum of the positions where they were taken.
    pub place: u64,
}

/// How far shrinking may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// At most so many runs.
    pub runs: u64,
    /// At most so many steps in all of them: runs of some programs are long.
    pub steps: u64,
    /// At most so many runs to look for a failing run with fewer choices than any part of the
    /// recorded one has; 0 does not look.
    pub search_runs: u64,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            runs: 50_000,
            steps: 20_000_000,
            search_runs: 2_000,
        }
    }
}

/// How far shrinking has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Runs made.
    pub runs: u64,
    /// The size of the smallest failing run so far.
    pub size: Size,
}

/// Sees every run, and may end the shrinking, for instance when time is up.
pub type Watch<'a> = dyn FnMut(&Progress) -> ControlFlow<()> + 'a;

/// The smallest run that was found, and what is known of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Minimal {
    /// How it is made again, and what it needs to be injected.
    pub witness: Witness,
    /// How it fails.
    pub failure: Failure,
    /// The size of the run that was given.
    pub before: Size,
    /// Its own size.
    pub after: Size,
    /// How many runs were made.
    pub runs: u64,
    /// That no single choice can go; none when shrinking was stopped before.
    pub proof: Option<Proof>,
}

/// That no single choice of a run can go: each was left to the default in runs of its own, and none
/// of those failed in the same way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Proof {
    /// How many choices were tried.
    pub choices: u64,
    /// In how many runs.
    pub runs: u64,
    /// Whether every run with fewer choices was made as well, so that none is smaller anywhere.
    pub is_least: bool,
}

impl fmt::Display for Proof {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Proof {
            choices,
            runs,
            is_least,
        } = self;
        if *choices == 0 {
            return out.write_str("production's own order fails: there is no choice to take away");
        }
        let each = match choices {
            1 => "it".to_string(),
            _ => format!("each of the {choices} choices"),
        };
        write!(
            out,
            "no single choice can go: without {each} the failure does not come ({runs} runs)"
        )?;
        if *is_least {
            write!(out, "; no run with fewer choices has it")?;
        }
        Ok(())
    }
}

/// Why a run cannot be shrunk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ShrinkError {
    /// It does not fail, or in another way than it should.
    FailsOtherwise {
        /// How it fails.
        found: Option<Failure>,
    },
    /// It is a difference between two runs of the same choices: no choice makes it.
    Nondeterminism,
    /// The program does not repeat itself.
    Unrepeatable {
        /// The first step that differs.
        divergence: String,
    },
}

impl fmt::Display for ShrinkError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ShrinkError::FailsOtherwise { found: None } => {
                out.write_str("the run does not fail: there is nothing to keep while shrinking")
            }
            ShrinkError::FailsOtherwise { found: Some(found) } => {
                write!(out, "the run fails in another way: {found}")
            }
            ShrinkError::Nondeterminism => out.write_str(
                "the same choices led to two runs: no choice makes that, so there is none to take \
                 away",
            ),
            ShrinkError::Unrepeatable { divergence } => out.write_str(divergence),
        }
    }
}

impl std::error::Error for ShrinkError {}

/// Makes the run of `witness` again and again with less, as long as it fails with `signature`.
///
/// At the end, what the run may inject is what the smallest run needs. Tapes of another program do no
/// harm: whatever does not fit is the default.
///
/// # Errors
/// When the run of the witness does not fail so.
pub fn shrink_tape(
    run: &SharedRun,
    witness: &Witness,
    signature: &Signature,
    limits: &Limits,
    body: &mut Body<'_>,
    watch: &mut Watch<'_>,
) -> Result<Minimal, ShrinkError> {
    let mut search = Search::new(run, signature, limits, body, watch);
    search.shrink(witness)
}

/// The recording of a smallest run, for the caller to complete with what it knows of the program.
///
/// # Errors
/// When the program did not repeat itself.
pub fn record_minimal(
    run: &SharedRun,
    minimal: &Minimal,
    body: &mut Body<'_>,
) -> Result<Recording, String> {
    let strategy = Description::named("shrink");
    campaign::record(run, &strategy, &minimal.witness, body)
}
