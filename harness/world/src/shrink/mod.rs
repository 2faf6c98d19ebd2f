//! Shrinking of recordings: first the choices, then the program, its world and its session, until
//! nothing more can go.
//!
//! A changed program is run anew: the recorded choices are found again by label, then by position,
//! and when neither fails in the recorded way, a few random schedules are tried. Where production's
//! order did not fail, it must not fail in a smaller program either: otherwise the failure would no
//! longer be one of the schedule.

mod entries;
mod expressions;
mod judging;
mod program;
mod scene;
mod source;
mod statements;

use std::fmt;
use std::ops::ControlFlow;

use tourbillon_sim::campaign;
use tourbillon_sim::recording::Recording;
use tourbillon_sim::shrink::{self, Limits, Proof, Signature};
use tourbillon_sim::strategy::{Fifo, Strict};
use tourbillon_sim::{Failure, Run, Witness};

use crate::explore::Judge;
use crate::replay::ReplayError;
use judging::Judging;
use program::Shrinker;
use scene::Scene;

/// How to shrink.
#[derive(Clone, Copy, Debug)]
pub struct ShrinkOptions {
    /// Leave the program, its world and its session as they are.
    pub tape_only: bool,
    /// How far the shrinking of choices may go, each time.
    pub limits: Limits,
    /// At most so many runs of changed programs.
    pub program_runs: u64,
    /// So many random schedules of a changed program are tried when the recorded choices are not
    /// found again in it.
    pub random_runs: u64,
}

impl Default for ShrinkOptions {
    fn default() -> ShrinkOptions {
        ShrinkOptions {
            tape_only: false,
            limits: Limits::default(),
            program_runs: 100_000,
            random_runs: 60,
        }
    }
}

/// How much there is of a recording.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Extent {
    /// Choice points that the run passes.
    pub points: u64,
    /// Choices that leave the default.
    pub choices: u64,
    /// Those of them that are injected trouble.
    pub strikes: u64,
    /// Kinds of injections that are on.
    pub injections: u64,
    /// Steps of tasks.
    pub steps: u64,
    /// Statements of the program, each function counted as one more.
    pub statements: u64,
    /// Lines of the program that are not empty.
    pub lines: u64,
    /// Entries of the world, and options of the session that are not the usual ones.
    pub entries: u64,
}

/// How far shrinking has come.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    /// Runs made.
    pub runs: u64,
    /// How much is left.
    pub extent: Extent,
}

/// Sees every run, and may end the shrinking, for instance when time is up.
pub type Watch<'a> = dyn FnMut(&Progress) -> ControlFlow<()> + 'a;

/// A smaller recording with the same failure.
#[derive(Clone, Debug)]
pub struct Shrunk {
    /// The recording, complete.
    pub recording: Recording,
    /// How it fails.
    pub failure: Failure,
    /// Its run for a person.
    pub timeline: String,
    /// What was given.
    pub before: Extent,
    /// What is left.
    pub after: Extent,
    /// How many runs were made.
    pub runs: u64,
    /// That no single choice can go; none when shrinking was stopped before.
    pub proof: Option<Proof>,
    /// Whether it ended because nothing more can go, and not because it was stopped.
    pub is_finished: bool,
}

/// Why a recording cannot be shrunk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ShrinkError {
    /// It cannot be replayed at all.
    Unreplayable(ReplayError),
    /// It holds no failure.
    NoFailure,
    /// The program leaves the recording.
    Diverged(String),
    /// The run does not fail as recorded.
    FailsOtherwise {
        /// How it was recorded.
        recorded: String,
        /// How it fails now, if it does.
        found: Option<Failure>,
    },
    /// Its failure is none of the choices.
    NotOfChoices(String),
}

impl fmt::Display for ShrinkError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ShrinkError::Unreplayable(error) => error.fmt(out),
            ShrinkError::NoFailure => out.write_str("the recording holds no failure to keep"),
            ShrinkError::Diverged(text) | ShrinkError::NotOfChoices(text) => out.write_str(text),
            ShrinkError::FailsOtherwise {
                recorded,
                found: None,
            } => {
                write!(out, "the recorded failure did not come again: {recorded}")
            }
            ShrinkError::FailsOtherwise {
                recorded,
                found: Some(found),
            } => write!(
                out,
                "the recorded failure did not come again: {recorded}; instead: {found}"
            ),
        }
    }
}

impl std::error::Error for ShrinkError {}

/// Makes a recording smaller while it fails in the same way.
///
/// `judge` says what fails where a case knows that; without one, a failure of the kind `outcome`, or
/// of a case, is known by the recorded outcome.
///
/// # Errors
/// When the recording cannot be replayed, leaves its program, or does not fail as recorded.
pub fn shrink(
    recording: &Recording,
    options: &ShrinkOptions,
    judge: Option<&mut Judge<'_>>,
    watch: &mut Watch<'_>,
) -> Result<Shrunk, ShrinkError> {
    let Some(note) = &recording.failure else {
        return Err(ShrinkError::NoFailure);
    };
    let scene = Scene::of(recording).map_err(ShrinkError::Unreplayable)?;
    let run = Run::shared(Box::new(Fifo::new()));
    run.borrow_mut().prepare_for(recording);
    let script = recording.script(&mut run.borrow_mut().labels);
    let script = script.map_err(|error| unreplayable(&error))?;
    let Some(mut simulation) = scene.simulation(&run) else {
        let text = "the recorded program does not compile, or needs another version";
        return Err(unreplayable(&text));
    };

    let mut results = Vec::new();
    for strategy in [
        Box::new(Fifo::new()) as Box<dyn tourbillon_sim::Strategy>,
        Box::new(Strict::new(script)),
    ] {
        let mut body = |_: &mut String| {
            let result = simulation.run_once();
            let verdict = crate::explore::verdict(&result, &mut crate::explore::failure);
            results.push(result);
            verdict
        };
        let replayed = campaign::replay(&run, strategy, &mut body);
        if let Some(text) = replayed.divergence {
            return Err(ShrinkError::Diverged(text));
        }
    }
    let (Some(recorded), Some(calm)) = (results.pop(), results.pop()) else {
        unreachable!("each replay runs its body once")
    };
    let witness = {
        let run = run.borrow();
        Witness {
            run: 0,
            tape: run.tape().to_vec(),
            hash: run.hash(),
            injections: *run.injections(),
        }
    };
    let mut judging = Judging::of(recording, judge, &recorded, &calm);
    let failure = judging.failure(&recorded);
    let is_same = |failure: &Failure| {
        note.failure()
            .is_some_and(|note| Signature::of(&note).matches(failure))
    };
    let Some(failure) = failure.clone().filter(is_same) else {
        return Err(ShrinkError::FailsOtherwise {
            recorded: format!("{}: {}", note.kind, note.summary),
            found: failure,
        });
    };
    drop(simulation);
    let shrinker = Shrinker::new(run, scene, Signature::of(&failure), judging, options, watch);
    let mut shrunk = shrinker.shrink(&witness)?;
    shrunk.recording.case.clone_from(&recording.case);
    Ok(shrunk)
}

fn unreplayable(error: &dyn fmt::Display) -> ShrinkError {
    ShrinkError::Unreplayable(ReplayError::new(error.to_string()))
}

impl From<shrink::ShrinkError> for ShrinkError {
    fn from(error: shrink::ShrinkError) -> ShrinkError {
        match error {
            shrink::ShrinkError::Unrepeatable { divergence } => ShrinkError::Diverged(divergence),
            other => ShrinkError::NotOfChoices(other.to_string()),
        }
    }
}
