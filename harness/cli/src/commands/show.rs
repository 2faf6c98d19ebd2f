//! `tourbillon show`: a recording for a person.

use crate::exit::Exit;
use crate::output::{BAD, FAINT, Output, STRONG};
use crate::recordings;
use clap::Args;
use std::path::PathBuf;
use tourbillon_sim::Recording;
use tourbillon_sim::recording::{Deed, RecordedChoice};

/// The arguments of `show`.
#[derive(Debug, Args)]
pub struct ShowArguments {
    /// The recording, a file or a line
    recording: PathBuf,

    /// Print the whole recording on one line, to paste into a message or a command
    #[arg(long, conflicts_with_all = ["html", "perfetto"])]
    line: bool,

    /// Write a page for a browser (not part of this version)
    #[arg(long, value_name = "OUT")]
    html: Option<PathBuf>,

    /// Write a trace for Perfetto (not part of this version)
    #[arg(long, value_name = "OUT")]
    perfetto: Option<PathBuf>,
}

/// Shows the recording.
pub fn run(arguments: &ShowArguments, output: &mut Output) -> Exit {
    for (asked, option) in [
        (&arguments.html, "--html"),
        (&arguments.perfetto, "--perfetto"),
    ] {
        if asked.is_some() {
            let text = format!(
                "error: `{option}` is not part of this version\nhelp: leave it out for the text, or use \
                 `tourbillon replay --trace` for every event"
            );
            return output.refuse(&[text]);
        }
    }
    let loaded = match recordings::load(&arguments.recording) {
        Ok(loaded) => loaded,
        Err(error) => return output.refuse(&[error.to_string()]),
    };
    if arguments.line {
        let line = loaded.recording.to_line();
        output.json(&serde_json::json!({ "line": line }));
        output.text(format_args!("{line}\n"));
        return Exit::Held;
    }
    if output.is_json() {
        match serde_yaml::from_str::<serde_json::Value>(&loaded.text) {
            Ok(value) => output.json(&value),
            Err(error) => return output.refuse(&[format!("error: this cannot be JSON: {error}")]),
        }
        return Exit::Held;
    }
    output.text(text(&loaded.recording));
    Exit::Held
}

/// The recording as text: program with line numbers, where from, what failed, every choice.
fn text(recording: &Recording) -> String {
    let mut text = String::new();
    let mut say = |line: String| {
        text.push_str(&line);
        text.push('\n');
    };
    if let Some(program) = &recording.program {
        say(format!("{STRONG}{}{STRONG:#}", program.name));
        let source = program.source.as_deref().unwrap_or_default();
        let width = source.lines().count().to_string().len();
        for (at, line) in source.lines().enumerate() {
            say(format!("{FAINT}{:>width$} |{FAINT:#} {line}", at + 1));
        }
        for (name, source) in &program.files {
            say(format!("with {name}, {} lines", source.lines().count()));
        }
        say(String::new());
    }
    if let Some(case) = &recording.case {
        say(format!("case      {case}"));
    }
    let strategy = &recording.strategy;
    let number = |name: &str, number: Option<u64>| match number {
        Some(number) => format!(", {name} {number}"),
        None => String::new(),
    };
    say(format!(
        "strategy  {}{}{}, injecting {}",
        strategy.name,
        number("seed", strategy.seed),
        number("run", strategy.run),
        match strategy.inject.is_empty() {
            true => "nothing".to_string(),
            false => strategy.inject.join(", "),
        }
    ));
    if let Some(failure) = &recording.failure {
        let (kind, summary) = (&failure.kind, &failure.summary);
        let step = number("at step", failure.step);
        say(format!("failure   {BAD}{kind}{BAD:#}: {summary}{step}"));
    }
    if let Some(hash) = recording.trace_hash {
        say(format!("trace     {hash:016x}"));
    }
    say(format!("made by   {}", recording.made_by));
    say(String::new());
    for line in choices(recording) {
        say(line);
    }
    text
}

/// One line for each choice that left the default.
pub fn choices(recording: &Recording) -> Vec<String> {
    let left = recording.choices.len();
    let passed = match recording.length {
        Some(length) => format!("of {length} choice points "),
        None => String::new(),
    };
    let mut lines = vec![format!(
        "{STRONG}choices{STRONG:#}   {passed}{left} left production's order"
    )];
    lines.extend(recording.choices.iter().map(choice));
    lines
}

fn choice(choice: &RecordedChoice) -> String {
    let label = &choice.label;
    let deed = match &choice.deed {
        Deed::Run => format!("runs {label}"),
        Deed::Deliver => format!("delivers {label}"),
        Deed::Spurious => format!("polls {label} for nothing"),
        Deed::Delay(by) => format!("delays {label} by {by}"),
        Deed::Fault(error) => format!("fails {label} with {error}"),
        Deed::Cancel => format!("cancels {label}"),
        Deed::Early => format!("completes {label} early"),
        Deed::Never => format!("never completes {label}"),
        Deed::Drop => format!("drops {label}"),
        Deed::Pick(value) => format!("picks {value} for {label}"),
    };
    let others: Vec<&str> = choice
        .of
        .iter()
        .filter(|other| *other != label)
        .map(String::as_str)
        .collect();
    let instead = match others.is_empty() {
        true => String::new(),
        false => format!("  {FAINT}not {}{FAINT:#}", others.join(", ")),
    };
    format!("  {:>6}  {deed}{instead}", choice.at)
}
