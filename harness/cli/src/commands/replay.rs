//! `tourbillon replay`: recorded runs made again, every step compared.

use super::sim::{result_json, say_what_went_wrong};
use crate::exit::Exit;
use crate::input;
use crate::output::{GOOD, ODD, Output};
use crate::recordings;
use crate::show_again::quoted;
use clap::Args;
use std::path::{Path, PathBuf};
use tourbillon_sim::recording::FailureNote;
use tourbillon_sim::run::Budgets;
use tourbillon_sim::{Failure, FailureKind, Recording};
use tourbillon_world::explore::failure;
use tourbillon_world::{Replay, ReplayOptions, SessionConfig, replay};

/// The arguments of `replay`.
#[derive(Debug, Args)]
#[command(after_help = "\
Nothing but the recording is needed. The program, its session and its world are in it, and no file, web \
page or terminal of this machine is touched.\n\n\
Exits 0 when the run was made again and the recording holds no failure, 1 when it fails again (or in \
another way), 2 when the file is no recording, and 3 when the program leaves the recording: the message \
names the first step that differs.")]
pub struct ReplayArguments {
    /// Recordings, as `--out` and `--record` write them, or as lines of `show --line`
    #[arg(required = true, value_name = "RECORDING")]
    recordings: Vec<PathBuf>,

    /// Stop after so many steps
    #[arg(long, value_name = "STEP", value_parser = clap::value_parser!(u64).range(1..))]
    until: Option<u64>,

    /// Print every event of the run
    #[arg(long)]
    trace: bool,

    /// Realign on labels where the program has changed, and say what was skipped
    #[arg(long)]
    lenient: bool,

    /// Run this text of the program instead of the recorded one
    #[arg(long, value_name = "FILE.m")]
    program: Option<PathBuf>,
}

/// Replays every recording; the worst of them is the verdict.
pub fn run(arguments: &ReplayArguments, output: &mut Output) -> Exit {
    let mut worst = Exit::Held;
    for path in &arguments.recordings {
        let exit = match replay_one(arguments, path, output) {
            Ok(exit) => exit,
            Err(refusal) => output.refuse(&[refusal]),
        };
        worst = worst.max(exit);
    }
    worst
}

fn replay_one(
    arguments: &ReplayArguments,
    path: &Path,
    output: &mut Output,
) -> Result<Exit, String> {
    let loaded = recordings::load(path).map_err(|error| error.to_string())?;
    let recording = loaded.recording;
    let source = match &arguments.program {
        None => None,
        Some(program) => Some(input::read_program(program).map_err(|error| error.to_string())?),
    };
    let mut options = ReplayOptions {
        lenient: arguments.lenient,
        source,
        keep_events: arguments.trace,
        ..ReplayOptions::default()
    };
    if let Some(steps) = arguments.until {
        options.budgets = Budgets {
            steps,
            ..options.budgets
        };
    }
    let replayed = replay(&recording, &options).map_err(|error| {
        let complaint = crate::complaint::Complaint::about(
            Path::new(&recordings::shown(path)),
            error.to_string(),
        );
        complaint
            .with_help("a recording names everything it needs: get the whole, unedited file")
            .to_string()
    })?;
    Ok(judge(arguments, path, &recording, &replayed, output))
}

/// The command that makes the same replay again: what decides how it ends goes with it.
fn again(arguments: &ReplayArguments, name: &str) -> String {
    let mut command = format!("tourbillon replay {}", quoted(name));
    if let Some(program) = &arguments.program {
        command.push_str(&format!(
            " --program {}",
            quoted(&program.display().to_string())
        ));
    }
    if arguments.lenient {
        command.push_str(" --lenient");
    }
    command
}

/// What came of one replay.
enum Ended {
    /// The run left its recording, at the step that the text names.
    Diverged(String),
    /// It was stopped where `--until` says.
    Stopped,
    /// The recorded failure came again.
    Again(FailureNote),
    /// It failed, though not as recorded.
    Otherwise(Failure),
    /// A failure was recorded, and none came.
    Gone(FailureNote),
    /// The same run, without a failure.
    Same,
}

impl Ended {
    fn of(arguments: &ReplayArguments, recording: &Recording, replay: &Replay) -> Ended {
        // A run that left its recording stops for that before its budget is spent; at the end of one
        // that was stopped, much of the recording is still to come.
        if arguments.until.is_some() && replay.result.outcome.budget {
            return Ended::Stopped;
        }
        if let Some(text) = &replay.replayed.divergence {
            return Ended::Diverged(text.clone());
        }
        match (&recording.failure, failure(&replay.result)) {
            // Which outcomes are allowed is not part of the recording; the same run has the same outcome.
            (Some(note), _) if is_judged_elsewhere(recording) && !replay.is_program_changed => {
                Ended::Again(note.clone())
            }
            (Some(note), Some(failure)) if is_same(note, &failure) => Ended::Again(note.clone()),
            (_, Some(failure)) if recording.case.is_none() => Ended::Otherwise(failure),
            (Some(note), _) => Ended::Gone(note.clone()),
            (None, _) => Ended::Same,
        }
    }

    fn exit(&self) -> Exit {
        match self {
            Ended::Diverged(_) => Exit::Diverged,
            Ended::Again(_) | Ended::Otherwise(_) => Exit::Failed,
            Ended::Stopped | Ended::Gone(_) | Ended::Same => Exit::Held,
        }
    }

    fn word(&self) -> &'static str {
        match self {
            Ended::Diverged(_) => "diverged",
            Ended::Stopped => "stopped",
            Ended::Again(_) => "reproduced",
            Ended::Otherwise(_) => "failed",
            Ended::Gone(_) => "gone",
            Ended::Same => "same",
        }
    }
}

/// Whether a case, or an oracle that knows the outcome of the program, has judged the run: what no
/// replay can do from the recording alone.
fn is_judged_elsewhere(recording: &Recording) -> bool {
    let note = recording.failure.as_ref();
    recording.case.is_some() || note.is_some_and(|note| note.kind == FailureKind::Outcome.name())
}

fn is_same(note: &FailureNote, failure: &Failure) -> bool {
    note.kind == failure.kind.name() && note.summary == failure.summary
}

fn judge(
    arguments: &ReplayArguments,
    path: &Path,
    recording: &Recording,
    replay: &Replay,
    output: &mut Output,
) -> Exit {
    let ended = Ended::of(arguments, recording, replay);
    let name = recordings::shown(path);
    let whole = path.display().to_string();
    let result = &replay.result;
    if output.is_json() {
        let failure = failure(result);
        let mut object = result_json(result, failure.as_ref());
        object["recording"] = whole.as_str().into();
        object["replay"] = ended.word().into();
        object["divergence"] = replay.replayed.divergence.clone().into();
        object["skipped"] = replay.replayed.skipped.clone().into();
        if arguments.trace {
            object["trace"] = replay.events.clone().into();
        }
        output.json(&object);
    } else {
        output.text(&result.outcome.stdout);
        // A run that left its recording says nothing about the recorded one.
        if !matches!(ended, Ended::Diverged(_) | Ended::Stopped) {
            let session = recording.session.clone();
            let session: SessionConfig = session
                .and_then(|session| serde_yaml::from_value(session).ok())
                .unwrap_or_default();
            say_what_went_wrong(output, result, session.namespace.of_engine());
        }
        for line in &replay.events {
            output.text(format_args!("{line}\n"));
        }
    }
    if let Some(stuck) = &result.stuck {
        output.aside(stuck.to_string().trim_end());
    }
    for skipped in &replay.replayed.skipped {
        output.aside(format_args!("{ODD}skipped:{ODD:#} {skipped}"));
    }
    let place = format!(
        "{} steps, {} choices, trace {:016x}",
        result.steps, result.choices, result.trace_hash
    );
    match &ended {
        Ended::Diverged(text) => {
            let changed = match replay.is_program_changed {
                true => "\nnote: the program is not the one that was recorded",
                false => "",
            };
            output.error(format_args!(
                "{name}: error: {text}{changed}\nhelp: `--lenient` realigns on labels and lists what it \
                 skips"
            ));
            output.again(&again(arguments, &whole));
        }
        Ended::Stopped => output.aside(format_args!("{name}: stopped: {place}")),
        Ended::Again(note) => {
            let (kind, summary) = (&note.kind, &note.summary);
            output.failed("reproduced", format_args!("{kind}: {summary} ({place})"));
            output.again(&again(arguments, &whole));
        }
        Ended::Otherwise(failure) => {
            let (kind, summary) = (failure.kind, &failure.summary);
            output.failed(kind.name(), format_args!("{summary} ({place})"));
            output.again(&again(arguments, &whole));
        }
        Ended::Gone(note) => output.aside(format_args!(
            "{name}: {ODD}gone{ODD:#}: the recorded failure did not come again: {}: {} ({place})",
            note.kind, note.summary
        )),
        Ended::Same if replay.replayed.skipped.is_empty() && !replay.is_program_changed => {
            output.aside(format_args!("{name}: {GOOD}same run{GOOD:#}: {place}"));
        }
        Ended::Same => output.aside(format_args!("{name}: no failure: {place}")),
    }
    ended.exit()
}
