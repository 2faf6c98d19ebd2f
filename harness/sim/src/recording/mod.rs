//! Recordings: one YAML document that stands alone and makes a run again.

mod line;
mod load;
mod write;

use std::collections::BTreeMap;

pub use load::LoadError;
use serde_yaml::Value;

use crate::campaign::{Failure, FailureKind};
use crate::choice::{Action, Candidate};
use crate::inject::Injections;
use crate::label::{LabelError, Labels};
use crate::run::{Budgets, Deviation, Run};
use crate::strategy::{Description, Script, ScriptChoice};
use crate::trace::CHECKPOINT_EVERY;

/// The first line of every recording this version writes.
pub const FORMAT: &str = "tourbillon-recording/1";

/// The version of this program, as recordings name it.
pub const MADE_BY: &str = concat!("tourbillon ", env!("CARGO_PKG_VERSION"));

/// At most so many checkpoints are written; of a longer run every second, fourth, … is.
const CHECKPOINTS: usize = 64;

/// A recorded run. What belongs to the engine (session, world) is opaque here.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Recording {
    /// The program and version that made the recording.
    pub made_by: String,
    /// The program that ran, when there is source text.
    pub program: Option<Program>,
    /// The conformance case it came from.
    pub case: Option<String>,
    /// The session's options, as in a case.
    pub session: Option<Value>,
    /// The world, as in a case.
    pub world: Option<Value>,
    /// What chose.
    pub strategy: StrategyNote,
    /// What failed, if anything did.
    pub failure: Option<FailureNote>,
    /// The trace hash at the end.
    pub trace_hash: Option<u64>,
    /// How many choice points the run passed.
    pub length: Option<u64>,
    /// Where the run left the default.
    pub choices: Vec<RecordedChoice>,
    /// The upper half of the trace hash after so many choice points.
    pub checkpoints: BTreeMap<u64, u32>,
}

/// The program of a recording.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Program {
    /// The file's or case's name.
    pub name: String,
    /// The SHA-256 of the source, in hexadecimal.
    pub sha256: Option<String>,
    /// The source text.
    pub source: Option<String>,
    /// Further program files, name to source.
    pub files: BTreeMap<String, String>,
}

/// The strategy of a recording.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StrategyNote {
    /// Its name.
    pub name: String,
    /// Its seed.
    pub seed: Option<u64>,
    /// The number of the run in its exploration.
    pub run: Option<u64>,
    /// Its depth, where it has one.
    pub depth: Option<u32>,
    /// How many steps the run could make, where that was said.
    pub steps: Option<u64>,
    /// After how many steps the trouble stopped, where it did.
    pub chaos: Option<u64>,
    /// The injections that were on.
    pub inject: Vec<String>,
}

/// The failure of a recording.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FailureNote {
    /// The verdict: `outcome`, `deadlock`, `panic`, …
    pub kind: String,
    /// What failed, in one line.
    pub summary: String,
    /// The step at which it showed.
    pub step: Option<u64>,
}

impl FailureNote {
    /// The failure; none of a kind that this version does not know.
    #[must_use]
    pub fn failure(&self) -> Option<Failure> {
        let kind = FailureKind::named(&self.kind)?;
        let summary = self.summary.clone();
        Some(Failure { kind, summary })
    }
}

/// One recorded choice, with labels as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordedChoice {
    /// How many choice points came before.
    pub at: u64,
    /// What was done, and to what.
    pub deed: Deed,
    /// The label it was done to.
    pub label: String,
    /// The candidates, where they are more than variants of one label.
    pub of: Vec<String>,
    /// How often the label was a candidate for such a deed before.
    pub nth: u32,
}

/// What a recorded choice does to its label.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deed {
    /// `run`
    Run,
    /// `deliver`
    Deliver,
    /// `spurious`
    Spurious,
    /// `delay`, with `by`
    Delay(u32),
    /// `fault`, with `error`
    Fault(String),
    /// `cancel`
    Cancel,
    /// `early`
    Early,
    /// `never`
    Never,
    /// `drop`
    Drop,
    /// `pick`, with `value`
    Pick(u32),
}

impl Recording {
    /// What `run` did, without program, session, world and failure. The run must have ended, with
    /// [`Run::set_recording`] on.
    #[must_use]
    pub fn of_run(run: &Run, strategy: &Description) -> Recording {
        let hash = run.hash();
        let strategy = StrategyNote {
            name: strategy.name.clone(),
            seed: strategy.seed,
            run: Some(run.number()).filter(|number| *number != 0),
            depth: strategy.depth,
            steps: Some(run.budgets().steps).filter(|steps| *steps != Budgets::default().steps),
            chaos: run.budgets().chaos_steps,
            inject: run.injections().names(),
        };
        Recording {
            made_by: MADE_BY.to_string(),
            strategy,
            trace_hash: Some(hash),
            length: Some(run.length()),
            choices: run
                .deviations()
                .iter()
                .map(|d| recorded(&run.labels, d))
                .collect(),
            checkpoints: thinned(run.checkpoints(), run.length(), hash),
            ..Recording::default()
        }
    }

    /// The injections that were on. Names that this version does not know count as off; loading a
    /// recording refuses them.
    #[must_use]
    pub fn injections(&self) -> Injections {
        let names = self.strategy.inject.iter().map(String::as_str);
        Injections::from_names(names).unwrap_or(Injections::NONE)
    }

    /// The choices with their labels resolved, for [`crate::strategy::Strict`] or
    /// [`crate::strategy::Lenient`].
    pub fn script(&self, labels: &mut Labels) -> Result<Script, LabelError> {
        let mut choices = Vec::with_capacity(self.choices.len());
        for choice in &self.choices {
            let action = match &choice.deed {
                Deed::Run => Action::Run,
                Deed::Deliver => Action::Deliver,
                Deed::Spurious => Action::Spurious,
                Deed::Delay(by) => Action::Delay(*by),
                Deed::Fault(error) => Action::Fault(labels.root(error)),
                Deed::Cancel => Action::Cancel,
                Deed::Early => Action::Early,
                Deed::Never => Action::Never,
                Deed::Drop => Action::Drop,
                Deed::Pick(value) => Action::Pick(*value),
            };
            let candidate = Candidate {
                label: labels.parse(&choice.label)?,
                action,
            };
            let of = choice.of.iter().map(|text| parse_candidate(labels, text));
            let of = of.collect::<Result<Vec<Candidate>, LabelError>>()?;
            let of = Some(of).filter(|of| !of.is_empty());
            choices.push(ScriptChoice {
                at: choice.at,
                candidate,
                of,
                nth: choice.nth,
            });
        }
        let checkpoints = self.checkpoints.clone();
        Ok(Script {
            choices,
            length: self.length,
            hash: self.trace_hash,
            checkpoints,
        })
    }
}

const SPURIOUS: &str = "spurious ";
const ADVANCE: &str = "advance ";
const CANCEL: &str = "cancel ";
const DROP: &str = "drop ";

/// A candidate as `of` lists it: the plain label of a task or completion, others with a word before.
fn candidate_text(labels: &Labels, candidate: Candidate) -> String {
    let label = labels.text(candidate.label);
    match candidate.action {
        Action::Spurious => format!("{SPURIOUS}{label}"),
        Action::Advance => format!("{ADVANCE}{label}"),
        Action::Cancel => format!("{CANCEL}{label}"),
        Action::Drop => format!("{DROP}{label}"),
        Action::Run
        | Action::Deliver
        | Action::Keep
        | Action::Delay(_)
        | Action::Fault(_)
        | Action::Early
        | Action::Never
        | Action::Pick(_) => label,
    }
}

fn parse_candidate(labels: &mut Labels, text: &str) -> Result<Candidate, LabelError> {
    let (label, action) = if let Some(label) = text.strip_prefix(SPURIOUS) {
        (label, Action::Spurious)
    } else if let Some(label) = text.strip_prefix(ADVANCE) {
        (label, Action::Advance)
    } else if let Some(label) = text.strip_prefix(CANCEL) {
        (label, Action::Cancel)
    } else if let Some(label) = text.strip_prefix(DROP) {
        (label, Action::Drop)
    } else {
        (text, Action::Run)
    };
    Ok(Candidate {
        label: labels.parse(label)?,
        action,
    })
}

fn recorded(labels: &Labels, deviation: &Deviation) -> RecordedChoice {
    let (deed, of) = match deviation.candidate.action {
        // The default of its point, so never where a run left the default, unless a host broke the
        // rule that it comes first.
        Action::Run | Action::Keep | Action::Advance => (Deed::Run, true),
        Action::Deliver => (Deed::Deliver, true),
        Action::Spurious => (Deed::Spurious, true),
        Action::Delay(by) => (Deed::Delay(by), false),
        Action::Fault(error) => (Deed::Fault(labels.name(error)), false),
        Action::Cancel => (Deed::Cancel, false),
        Action::Early => (Deed::Early, false),
        Action::Never => (Deed::Never, false),
        Action::Drop => (Deed::Drop, false),
        Action::Pick(value) => (Deed::Pick(value), false),
    };
    let of = if of { &deviation.of[..] } else { &[] };
    RecordedChoice {
        at: deviation.at,
        deed,
        label: labels.text(deviation.candidate.label),
        of: of
            .iter()
            .map(|candidate| candidate_text(labels, *candidate))
            .collect(),
        nth: deviation.nth,
    }
}

fn thinned(every: &[u64], length: u64, hash: u64) -> BTreeMap<u64, u32> {
    let stride = every.len().div_ceil(CHECKPOINTS).next_power_of_two();
    let upper = |hash: u64| (hash >> 32) as u32;
    let numbered = (1..).map(|index: u64| index * CHECKPOINT_EVERY).zip(every);
    let kept = numbered
        .skip(stride - 1)
        .step_by(stride)
        .map(|(at, hash)| (at, upper(*hash)));
    let mut kept: BTreeMap<u64, u32> = kept.collect();
    // The end may lie after further events than the last choice's: the final hash stands for it.
    kept.insert(length, upper(hash));
    kept
}
