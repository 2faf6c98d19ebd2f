//! `tourbillon shrink`: a smaller recording with the same failure.

use crate::clock::Stopwatch;
use crate::complaint::Complaint;
use crate::exit::Exit;
use crate::judge::Judge;
use crate::output::{FAINT, GOOD, ODD, Output, STRONG};
use crate::progress::Progress;
use crate::recordings;
use crate::show_again::quoted;
use crate::subject;
use clap::Args;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tourbillon_sim::Recording;
use tourbillon_world::shrink::{Extent, ShrinkError, ShrinkOptions, Shrunk, shrink};

/// The arguments of `shrink`.
#[derive(Debug, Args)]
#[command(after_help = "\
First the choices, then statements, arguments, literals, files and entries of the world are left out, as \
long as the run fails in the same way; where production's order did not fail, it does not in the smaller \
program either. OUT is a recording like any other, with the smaller program in it.\n\n\
Exits 0 when OUT was written, 1 when the recording does not fail as recorded, 2 when it is no recording \
or holds no failure, and 3 when the program leaves it.")]
pub struct ShrinkArguments {
    /// The recording, a file or a line
    recording: PathBuf,

    /// Where the smaller recording goes
    #[arg(long, short, value_name = "OUT")]
    out: PathBuf,

    /// Shrink the choices and leave the program as it is
    #[arg(long)]
    tape_only: bool,

    /// The case that says what is allowed; without it, the recorded outcome is what must come again
    #[arg(long, value_name = "FILE.yaml#ID")]
    case: Option<String>,

    /// Write the smallest found when so much time has passed
    #[arg(long, value_name = "SECONDS", default_value = "60", value_parser = super::seconds)]
    time: Duration,
}

/// More choices than this are only counted.
const SHOWN_CHOICES: usize = 40;

/// Shrinks and writes.
pub fn run(arguments: &ShrinkArguments, output: &mut Output) -> Exit {
    match shrink_one(arguments, output) {
        Ok(exit) => exit,
        Err(refusal) => output.refuse(&refusal),
    }
}

fn shrink_one(arguments: &ShrinkArguments, output: &mut Output) -> Result<Exit, Vec<String>> {
    let path = &arguments.recording;
    let one = |complaint: Complaint| vec![complaint.to_string()];
    let recording = recordings::load(path).map_err(one)?.recording;
    let subject = match &arguments.case {
        None => None,
        Some(target) => Some(subject::subject(target)?),
    };
    let mut judge = subject.as_ref().map(Judge::new);
    let options = ShrinkOptions {
        tape_only: arguments.tape_only,
        ..ShrinkOptions::default()
    };
    let watch = Stopwatch::start();
    let progress = Progress::new(output, None);
    let mut watched = |seen: &tourbillon_world::shrink::Progress| {
        let Extent {
            choices,
            statements,
            ..
        } = seen.extent;
        progress.runs(seen.runs, || {
            format!("runs, {choices} choices, {statements} statements left")
        });
        match watch.elapsed() >= arguments.time {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        }
    };
    let shrunk = match &mut judge {
        None => shrink(&recording, &options, None, &mut watched),
        Some(judge) => {
            let mut judge = |result: &tourbillon_world::RunResult| judge.failure(result);
            shrink(&recording, &options, Some(&mut judge), &mut watched)
        }
    };
    progress.finish();
    let shrunk = match shrunk {
        Ok(shrunk) => shrunk,
        Err(error) => return Ok(refuse(path, &error, output)),
    };
    recordings::replace(&arguments.out, &shrunk.recording.to_string()).map_err(one)?;
    report(arguments, &recording, &shrunk, watch.seconds(), output);
    Ok(Exit::Held)
}

/// Says why there is nothing to shrink.
fn refuse(path: &Path, error: &ShrinkError, output: &mut Output) -> Exit {
    let name = recordings::shown(path);
    let again = format!("tourbillon replay {}", quoted(&path.display().to_string()));
    let path = Path::new(&name);
    match error {
        ShrinkError::Unreplayable(_) => {
            let complaint = Complaint::about(path, error.to_string())
                .with_help("a recording names everything it needs: get the whole, unedited file");
            output.refuse(&[complaint.to_string()])
        }
        ShrinkError::NoFailure => {
            let complaint = Complaint::about(path, error.to_string())
                .with_help("`tourbillon explore --out DIR` writes recordings of failures");
            output.refuse(&[complaint.to_string()])
        }
        ShrinkError::Diverged(text) => {
            output.error(format_args!(
                "{name}: error: {text}\nhelp: record the failure again with this version, then shrink it"
            ));
            output.again(&again);
            Exit::Diverged
        }
        ShrinkError::FailsOtherwise { .. } | ShrinkError::NotOfChoices(_) => {
            output.error(format_args!("{name}: error: {error}"));
            output.again(&again);
            Exit::Failed
        }
    }
}

fn report(
    arguments: &ShrinkArguments,
    recording: &Recording,
    shrunk: &Shrunk,
    seconds: f64,
    output: &mut Output,
) {
    let out = arguments.out.display().to_string();
    let again = format!("tourbillon replay {}", quoted(&out));
    if output.is_json() {
        let proof = shrunk.proof.map(|proof| {
            serde_json::json!({
                "choices": proof.choices, "runs": proof.runs, "is_least": proof.is_least,
            })
        });
        output.json(&serde_json::json!({
            "recording": arguments.recording.display().to_string(),
            "out": out,
            "failure": {"kind": shrunk.failure.kind.name(), "summary": shrunk.failure.summary},
            "before": extent_json(&shrunk.before),
            "after": extent_json(&shrunk.after),
            "runs": shrunk.runs,
            "seconds": seconds,
            "finished": shrunk.is_finished,
            "proof": proof,
            "timeline": shrunk.timeline,
            "replay": again,
        }));
        return;
    }
    let (before, after) = (rows(&shrunk.before), rows(&shrunk.after));
    output.note(format_args!(
        "{STRONG}{:<18}{:>8}{:>8}{STRONG:#}\n",
        "", "before", "after"
    ));
    for ((name, before), (_, after)) in before.into_iter().zip(after) {
        let style = if after < before { GOOD } else { FAINT };
        output.note(format_args!(
            "{name:<18}{before:>8}{style}{after:>8}{style:#}\n"
        ));
    }
    let proof = match (&shrunk.proof, shrunk.is_finished) {
        (Some(proof), true) => proof.to_string(),
        (Some(proof), false) => format!("{proof}; {ODD}the program might get smaller{ODD:#}"),
        (None, _) => format!("{ODD}stopped: more might go{ODD:#}"),
    };
    output.note(format_args!("{proof}\n"));
    if recording.program != shrunk.recording.program
        && let Some(source) = shrunk
            .recording
            .program
            .as_ref()
            .and_then(|p| p.source.as_ref())
    {
        output.text(format_args!("\n{}\n\n", source.trim_end()));
    }
    let lines = super::show::choices(&shrunk.recording);
    for line in lines.iter().take(SHOWN_CHOICES + 1) {
        output.text(format_args!("{line}\n"));
    }
    if let Some(more) = lines
        .len()
        .checked_sub(SHOWN_CHOICES + 1)
        .filter(|more| *more > 0)
    {
        output.text(format_args!("          … and {more} more\n"));
    }
    output.text(format_args!("\n{}", shrunk.timeline));
    output.failed(
        shrunk.failure.kind.name(),
        format_args!(
            "{} ({} runs, {seconds} s)",
            shrunk.failure.summary, shrunk.runs
        ),
    );
    output.again(&again);
}

fn rows(extent: &Extent) -> [(&'static str, u64); 8] {
    [
        ("choice points", extent.points),
        ("choices", extent.choices),
        ("of them trouble", extent.strikes),
        ("injections", extent.injections),
        ("steps", extent.steps),
        ("statements", extent.statements),
        ("lines", extent.lines),
        ("world entries", extent.entries),
    ]
}

fn extent_json(extent: &Extent) -> serde_json::Value {
    serde_json::json!({
        "points": extent.points,
        "choices": extent.choices,
        "strikes": extent.strikes,
        "injections": extent.injections,
        "steps": extent.steps,
        "statements": extent.statements,
        "lines": extent.lines,
        "entries": extent.entries,
    })
}
