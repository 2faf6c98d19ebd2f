//! Replays of recordings, from nothing but the recording.

use std::fmt;

use tourbillon_sim::campaign::{self, Replayed};
use tourbillon_sim::run::Budgets;
use tourbillon_sim::strategy::{Fifo, Lenient, Script, Strategy, Strict};
use tourbillon_sim::{Recording, Run, Verdict, Witness};

use crate::config::WorldConfig;
use crate::explore::{explain, failure, sha256};
use crate::session_config::SessionConfig;
use crate::simulation::{RunResult, Simulation, VerdictKind};
use crate::target::{ProgramText, Target};

/// How to replay.
#[derive(Clone, Debug, Default)]
pub struct ReplayOptions {
    /// Realign on labels instead of checking every step.
    pub lenient: bool,
    /// How far the run may go.
    pub budgets: Budgets,
    /// Another text of the main script than the recorded one: an edited program.
    pub source: Option<String>,
    /// Keep the events of the run: [`Replay::events`].
    pub keep_events: bool,
}

/// What a replay showed.
#[derive(Debug)]
pub struct Replay {
    /// The run.
    pub result: RunResult,
    /// The outcome's key, divergence, and what was skipped.
    pub replayed: Replayed,
    /// Whether the program is not the one whose hash was recorded.
    pub is_program_changed: bool,
    /// One line for each event, when they were kept.
    pub events: Vec<String>,
}

/// Why a recording cannot be replayed at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplayError {
    message: String,
}

impl ReplayError {
    pub(crate) fn new(message: String) -> ReplayError {
        ReplayError { message }
    }
}

impl fmt::Display for ReplayError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl std::error::Error for ReplayError {}

/// Makes the run of a recording again: compiles its program and follows its choices.
///
/// # Errors
/// When the recording has no program, or its session, world or labels make no sense here.
pub fn replay(recording: &Recording, options: &ReplayOptions) -> Result<Replay, ReplayError> {
    let refuse = |message: String| ReplayError { message };
    let (text, session, world) = scene_of(recording, options.source.clone())?;
    let hash = recording.program.as_ref();
    let hash = hash.and_then(|program| program.sha256.as_ref());
    let is_program_changed = hash.is_some_and(|hash| *hash != sha256(&text.source));
    let target = Target::compile(text, &session);
    let run = Run::shared(Box::new(Fifo::new()));
    run.borrow_mut().prepare_for(recording);
    let recorded = run.borrow().budgets();
    run.borrow_mut().set_budgets(Budgets {
        // Whoever wants to stop early says so; otherwise the run goes as far as it went.
        steps: options.budgets.steps.min(recorded.steps),
        ..recorded
    });
    run.borrow_mut().set_keep_events(options.keep_events);
    let script = recording.script(&mut run.borrow_mut().labels);
    let strategy = strategy(script.map_err(|error| refuse(error.to_string()))?, options);
    let mut simulation = Simulation::new(target, session, world, &run)
        .map_err(|unsupported| refuse(unsupported.to_string()))?;
    let mut last = None;
    let mut body = |key: &mut String| {
        let result = simulation.run_once();
        result.outcome.write_key(key);
        let verdict = Verdict {
            failure: failure(&result),
            cut_short: result.is_cut_short,
        };
        last = Some(result);
        verdict
    };
    let replayed = campaign::replay(&run, strategy, &mut body);
    let Some(result) = last else {
        unreachable!("a replay runs its body once")
    };
    let events = run.borrow().event_lines();
    let mut result = result;
    if result.verdict.kind == VerdictKind::Deadlock && replayed.divergence.is_none() {
        let witness = Witness {
            run: 0,
            tape: run.borrow().tape().to_vec(),
            hash: result.trace_hash,
            injections: *run.borrow().injections(),
        };
        result.stuck = explain(&mut simulation, &witness);
    }
    Ok(Replay {
        result,
        replayed,
        is_program_changed,
        events,
    })
}

/// The program, session and world of a recording, with another text of the main script if one is
/// given.
pub(crate) fn scene_of(
    recording: &Recording,
    source: Option<String>,
) -> Result<(ProgramText, SessionConfig, WorldConfig), ReplayError> {
    let refuse = |message: String| ReplayError { message };
    let program = recording.program.as_ref();
    let recorded = program.and_then(|program| program.source.clone());
    let (Some(program), Some(source)) = (program, source.or(recorded)) else {
        let message = "the recording has no `program` with its `source`: there is nothing to run";
        return Err(refuse(message.to_string()));
    };
    let session: SessionConfig = match &recording.session {
        None => SessionConfig::default(),
        Some(value) => serde_yaml::from_value(value.clone())
            .map_err(|error| refuse(format!("`session`: {}", plain(&error))))?,
    };
    let world: WorldConfig = match &recording.world {
        None => WorldConfig::default(),
        Some(value) => serde_yaml::from_value(value.clone())
            .map_err(|error| refuse(format!("`world`: {}", plain(&error))))?,
    };
    let text = ProgramText {
        name: program.name.clone(),
        source,
        files: program.files.clone(),
    };
    Ok((text, session, world))
}

fn strategy(script: Script, options: &ReplayOptions) -> Box<dyn Strategy> {
    if options.lenient {
        Box::new(Lenient::new(script))
    } else {
        Box::new(Strict::new(script))
    }
}

/// An error of the YAML reader with its mend, on one line.
fn plain(error: &serde_yaml::Error) -> String {
    error.to_string().replace(crate::checked::HELP, "; ")
}
