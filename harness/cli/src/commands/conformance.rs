//! `tourbillon conformance`: the corpus, judged.

mod selection;
mod table;

use super::run::Tier;
use crate::clock::Stopwatch;
use crate::exit::Exit;
use crate::output::Output;
use crate::progress::Progress;
use crate::recordings;
use crate::show_again::quoted;
use crate::threads;
use clap::{Args, ValueEnum};
use regex::Regex;
use selection::{Root, Selected};
use serde_json::json;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use tourbillon_conformance::coverage::{Coverage, Elsewhere, load_elsewhere};
use tourbillon_conformance::engine::{CaseReport, Engine, Status};
use tourbillon_conformance::known::Known;
use tourbillon_conformance::native::Native;
use tourbillon_conformance::octave::Octave;
use tourbillon_conformance::run::{RunOptions, Simulated};
use tourbillon_conformance::schema::EngineName;
use tourbillon_conformance::summary::Summary;
use tourbillon_conformance::{LoadError, SimulatedWorld};
use tourbillon_world::session_config;

/// The arguments of `conformance`.
#[derive(Debug, Args)]
#[command(after_help = "\
PATH is a corpus, a folder in it, a suite (`FILE.yaml`) or a case (`FILE.yaml#id`). Beside a folder named \
`corpus`, `known/ENGINE.yaml` lists known failures, and `covered-elsewhere.yaml` what else covers the \
requirements. No case run is a failure.")]
pub struct ConformanceArguments {
    /// What to run
    #[arg(value_name = "PATH", default_value = "conformance/corpus")]
    paths: Vec<String>,

    /// Only cases whose full id (suite/id) matches
    #[arg(long, value_name = "REGEX")]
    filter: Option<Regex>,

    /// Who runs the cases
    #[arg(long, value_enum, default_value_t = EngineChoice::Own)]
    engine: EngineChoice,

    /// Run every case on this tier of the scheduler, whichever it states; those that need more room
    /// than the embedded tier has are skipped
    #[arg(long, value_enum)]
    tier: Option<Tier>,

    /// Write which requirements are covered by what: Markdown, or JSON for a name in `.json`
    #[arg(long, value_name = "OUT")]
    report: Option<PathBuf>,

    /// Write what was seen into the cases (not part of this version)
    #[arg(long)]
    bless: bool,

    /// The seed of random schedules
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,

    /// Run cases on so many threads
    #[arg(long, value_name = "N", default_value_t = NonZeroUsize::MIN, value_parser = super::jobs)]
    jobs: NonZeroUsize,
}

/// Who runs the cases.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum EngineChoice {
    /// The engine of this project, under simulation
    #[value(name = "self")]
    Own,
    /// The engine of this project on its native host: cases with one outcome, real files, a fast clock
    Native,
    /// GNU Octave's octave-cli
    Octave,
    /// RunMat (not part of this version)
    Runmat,
}

impl EngineChoice {
    fn name(self) -> EngineName {
        match self {
            EngineChoice::Own | EngineChoice::Native => EngineName::Own,
            EngineChoice::Octave => EngineName::Octave,
            EngineChoice::Runmat => EngineName::Runmat,
        }
    }

    fn as_str(self) -> &'static str {
        match self {
            EngineChoice::Native => "native",
            EngineChoice::Own | EngineChoice::Octave | EngineChoice::Runmat => self.name().as_str(),
        }
    }
}

/// Runs the corpus.
pub fn run(arguments: &ConformanceArguments, output: &mut Output) -> Exit {
    match judge_corpus(arguments, output) {
        Ok(exit) => exit,
        Err(refusal) => output.refuse(&refusal),
    }
}

fn judge_corpus(
    arguments: &ConformanceArguments,
    output: &mut Output,
) -> Result<Exit, Vec<String>> {
    let watch = Stopwatch::start();
    let octave = available(arguments)?;
    let roots = selection::select(&arguments.paths, arguments.filter.as_ref())?;
    let engine = arguments.engine.name();
    let known = roots.iter().map(|root| known(root, engine));
    let known = known.collect::<Result<Vec<Known>, Vec<String>>>()?;
    if let Some(path) = &arguments.report {
        write_coverage(path, &roots)?;
    }

    let cases: Vec<(usize, Selected<'_>)> = roots
        .iter()
        .enumerate()
        .flat_map(|(root, of)| of.selected().map(move |selected| (root, selected)))
        .filter(|(_, selected)| {
            engine == EngineName::Own || selected.case.engines.contains(&engine)
        })
        .collect();
    let progress = Progress::new(output, Some(cases.len() as u64));
    let options = RunOptions {
        seed: arguments.seed,
        tier: arguments.tier.map(of_session),
        ..RunOptions::default()
    };
    let streamed = Mutex::new(Streamed {
        output,
        waiting: Vec::new(),
        next: 0,
    });
    let reports = threads::map(arguments.jobs, cases.len(), |number| {
        let (root, Selected { case, target }) = &cases[number];
        let report = match &octave {
            Some(octave) => octave.run(case),
            None if arguments.engine == EngineChoice::Native => Native.run(case),
            None => Simulated::new(SimulatedWorld, options.clone()).run(case),
        };
        let mut report = known[*root].apply(report);
        if report.replay.is_some() {
            report.replay = Some(again(arguments, target));
        }
        progress.step(&report.id);
        let mut streamed = streamed
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        streamed.add(number, &report);
        report
    });
    progress.finish();
    drop(streamed);
    Ok(conclude(output, &reports, arguments, watch.seconds()))
}

/// Prints each case's object as soon as those before it are printed.
struct Streamed<'a> {
    output: &'a mut Output,
    waiting: Vec<(usize, serde_json::Value)>,
    next: usize,
}

impl Streamed<'_> {
    fn add(&mut self, number: usize, report: &CaseReport) {
        if !self.output.is_json() {
            return;
        }
        self.waiting.push((number, json!(report)));
        while let Some(at) = self
            .waiting
            .iter()
            .position(|(number, _)| *number == self.next)
        {
            let (_, object) = self.waiting.swap_remove(at);
            self.output.json(&object);
            self.next += 1;
        }
    }
}

fn conclude(
    output: &mut Output,
    reports: &[CaseReport],
    arguments: &ConformanceArguments,
    seconds: f64,
) -> Exit {
    let summary = Summary::of(reports);
    if output.is_json() {
        let mut object = json!(summary);
        object["cases"] = reports.len().into();
        object["seconds"] = seconds.into();
        object["engine"] = arguments.engine.as_str().into();
        output.json(&json!({ "summary": object }));
    } else {
        output.note(table::table(reports));
        output.text(table::attention(reports));
        output.text(table::total(&summary, reports.len(), seconds));
    }
    if summary.ran() == 0 {
        output.error(
            "error: no case was run, and that is a failure\nhelp: check PATH and `--filter`",
        );
        output.again(&none_again(arguments));
    }
    if summary.is_failure() {
        Exit::Failed
    } else {
        Exit::Held
    }
}

/// The engine that is asked for, when it is not our own.
fn available(arguments: &ConformanceArguments) -> Result<Option<Octave>, Vec<String>> {
    let refuse = |text: &str| Err(vec![text.to_string()]);
    if arguments.bless {
        return refuse(
            "error: `--bless` is not part of this version: expectations are written by hand\nhelp: \
             `tourbillon explore FILE.yaml#id --format json` prints what was seen",
        );
    }
    if arguments.tier.is_some() && arguments.engine != EngineChoice::Own {
        return refuse(
            "error: `--tier` is of the engine `self`: others have their own scheduler\nhelp: leave \
             `--tier` or `--engine` out",
        );
    }
    match arguments.engine {
        EngineChoice::Own | EngineChoice::Native => Ok(None),
        EngineChoice::Octave => {
            let octave = Octave::find();
            if octave.version().is_none() {
                return refuse(
                    "error: octave-cli is not installed\nhelp: install it (Debian: package `octave`), or \
                     leave `--engine` out",
                );
            }
            Ok(Some(octave))
        }
        EngineChoice::Runmat => refuse(
            "error: the engine `runmat` is not part of this version\nhelp: there are `self`, `native` and `octave`",
        ),
    }
}

fn of_session(tier: Tier) -> session_config::Tier {
    match tier {
        Tier::Dynamic => session_config::Tier::Dynamic,
        Tier::Embedded => session_config::Tier::Embedded,
    }
}

fn known(root: &Root, engine: EngineName) -> Result<Known, Vec<String>> {
    let Some(beside) = root.beside() else {
        return Ok(Known::default());
    };
    let path = beside
        .join("known")
        .join(format!("{}.yaml", engine.as_str()));
    Known::load(&path, &root.corpus).map_err(|errors| texts(&errors))
}

fn write_coverage(path: &Path, roots: &[Root]) -> Result<(), Vec<String>> {
    let mut corpus = tourbillon_conformance::Corpus::default();
    let mut elsewhere = Elsewhere::new();
    for root in roots {
        corpus.suites.extend(root.corpus.suites.iter().cloned());
        let list = root
            .beside()
            .map(|beside| beside.join("covered-elsewhere.yaml"));
        if let Some(list) = list.filter(|list| list.exists()) {
            let project = list.parent().unwrap_or(Path::new("")).join("..");
            elsewhere.extend(load_elsewhere(&list, &project).map_err(|errors| texts(&errors))?);
        }
    }
    let coverage = Coverage::count(&corpus, &elsewhere);
    let text = match path
        .extension()
        .is_some_and(|extension| extension == "json")
    {
        true => format!("{:#}\n", coverage.to_json()),
        false => coverage.to_markdown(),
    };
    recordings::write(path, &text).map_err(|error| vec![error.to_string()])
}

/// The command that shows a case again.
fn again(arguments: &ConformanceArguments, target: &str) -> String {
    match arguments.engine {
        EngineChoice::Own => {
            let seed = match arguments.seed {
                0 => String::new(),
                seed => format!(" --seed {seed}"),
            };
            match arguments.tier {
                // An exploration runs a case as it states.
                Some(tier) => format!(
                    "tourbillon conformance {} --tier {}{seed}",
                    quoted(target),
                    tier_name(tier)
                ),
                None => format!("tourbillon explore {}{seed}", quoted(target)),
            }
        }
        EngineChoice::Native | EngineChoice::Octave | EngineChoice::Runmat => {
            let engine = arguments.engine.as_str();
            format!(
                "tourbillon conformance {} --engine {engine}",
                quoted(target)
            )
        }
    }
}

/// The command that asks again for what no case answered to.
fn none_again(arguments: &ConformanceArguments) -> String {
    let mut command = String::from("tourbillon conformance");
    let paths = arguments.paths.iter().map(|path| quoted(path));
    let filter = arguments.filter.as_ref();
    let filter = filter.map(|filter| format!("--filter {}", quoted(filter.as_str())));
    let engine = match arguments.engine {
        EngineChoice::Own => None,
        other => Some(format!("--engine {}", other.as_str())),
    };
    let tier = arguments
        .tier
        .map(|tier| format!("--tier {}", tier_name(tier)));
    for word in paths.chain(filter).chain(engine).chain(tier) {
        command.push(' ');
        command.push_str(&word);
    }
    command
}

fn tier_name(tier: Tier) -> &'static str {
    match tier {
        Tier::Dynamic => "dynamic",
        Tier::Embedded => "embedded",
    }
}

fn texts(errors: &[LoadError]) -> Vec<String> {
    errors.iter().map(ToString::to_string).collect()
}

/// Whether a status needs somebody's attention.
fn needs_attention(status: Status) -> bool {
    match status {
        Status::Pass | Status::Xfail => false,
        Status::Fail
        | Status::Skip
        | Status::Xpass
        | Status::Incomplete
        | Status::Crash
        | Status::Timeout => true,
    }
}
