//! `tourbillon run`: programs on the native host, now.

mod interrupts;
mod many;
mod outlets;
mod program;
mod stats;

use self::interrupts::Interrupts;
use self::outlets::Outlets;
use self::program::Settings;
use self::stats::LogLevel;
use crate::exit::Exit;
use crate::input::{STANDARD_INPUT, read_program, shown_name};
use crate::output::{Format, Output};
use clap::{Args, ValueEnum};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tourbillon_host_native::Runtime;
use tourbillon_syntax::Source;
use tourbillon_value::Namespace;

/// The arguments of `run`.
#[derive(Debug, Args)]
#[command(after_help = "\
The first FILE is the script; further ones are function files that it may call. `-` reads the script \
from standard input.\n\n\
With `--jobs` each FILE is a program of its own, in a session of its own. What a program prints is \
kept together and shown when it has ended, in the order of the FILEs; the exit code is the worst. With \
`--jobs 1` they run one after another and read standard input in turn; otherwise input fails with \
input:Unavailable.\n\n\
Ctrl-C cancels the programs: their cleanup runs, and they exit 1 with async:ExecutionCancelled. A \
second Ctrl-C ends them at once. A program that does not compile exits 2, one that fails exits 1.")]
pub struct RunArguments {
    /// The script, then function files; with `--jobs`, programs
    #[arg(required = true, value_name = "FILE.m")]
    files: Vec<PathBuf>,

    /// The device of gpuArray
    #[arg(long, value_enum, default_value_t = Gpu::Auto)]
    gpu: Gpu,

    /// Whose identifiers the language's own errors carry
    #[arg(long, value_enum, default_value_t = NamespaceName::Matlab)]
    namespace: NamespaceName,

    /// Run each FILE as a program of its own, so many at a time
    #[arg(long, value_name = "N", value_parser = super::jobs)]
    jobs: Option<NonZeroUsize>,

    /// Say on standard error what happens as it goes
    #[arg(long, value_enum, value_name = "LEVEL")]
    log: Option<LogLevel>,

    /// Say at the end what was counted: tasks, futures, ticks, memory
    #[arg(long)]
    stats: bool,

    /// Strict compatibility: refuse every async form
    #[arg(long)]
    strict: bool,

    /// The scheduler's tier
    #[arg(long, value_enum, default_value_t = Tier::Dynamic)]
    tier: Tier,

    /// Cancel a program after so many seconds
    #[arg(long, value_name = "SECONDS", value_parser = super::seconds, allow_negative_numbers = true)]
    timeout: Option<Duration>,
}

/// Devices that can be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Gpu {
    /// The best there is
    Auto,
    /// A graphics card
    Wgpu,
    /// The reference device, which computes on the processor
    Simulated,
    /// No device: gpuArray fails with gpu:NoDevice
    None,
}

/// The tiers of the scheduler.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Tier {
    /// Grows as needed
    Dynamic,
    /// The capacities of a small device: 16 tasks, 32 futures, 64 waiters
    Embedded,
}

/// The namespaces of identifiers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum NamespaceName {
    /// MATLAB:UndefinedFunction and its like
    Matlab,
    /// Octave:undefined-function and its like
    Octave,
    /// RunMat's
    Runmat,
}

impl From<NamespaceName> for Namespace {
    fn from(name: NamespaceName) -> Namespace {
        match name {
            NamespaceName::Matlab => Namespace::Matlab,
            NamespaceName::Octave => Namespace::Octave,
            NamespaceName::Runmat => Namespace::RunMat,
        }
    }
}

/// Runs the programs.
pub fn run(arguments: &RunArguments, output: &mut Output) -> Exit {
    if let Some(refusal) = refusal(arguments) {
        output.error(refusal);
        return Exit::Usage;
    }
    let mut sources = Vec::new();
    for path in &arguments.files {
        match read_program(path) {
            Ok(text) => sources.push(Source::new(shown_name(path), text)),
            Err(error) => {
                output.error(error);
                return Exit::Usage;
            }
        }
    }
    let scripts = match arguments.jobs {
        Some(_) => &sources[..],
        None => &sources[..1],
    };
    for script in scripts.iter().filter(|script| holds_functions_only(script)) {
        output.aside(format!(
            "note: {} holds functions only: there is nothing to run until a line calls one",
            script.name()
        ));
    }
    let cores = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    match Runtime::with_workers(arguments.jobs.unwrap_or(cores)) {
        Ok(runtime) => run_on(&runtime, arguments, sources, output),
        Err(error) => {
            output.error(format!(
                "error: the operating system gives no thread: {error}"
            ));
            Exit::Failed
        }
    }
}

fn run_on(
    runtime: &Runtime,
    arguments: &RunArguments,
    sources: Vec<Source>,
    output: &mut Output,
) -> Exit {
    let settings = Settings {
        gpu: arguments.gpu,
        namespace: arguments.namespace.into(),
        strict: arguments.strict,
        is_logged: arguments.log.is_some(),
        stats: arguments.stats,
        tier: arguments.tier,
        timeout: arguments.timeout,
        format: if output.is_json() {
            Format::Json
        } else {
            Format::Text
        },
    };
    if let Some(level) = arguments.log {
        stats::log(level);
    }
    let interrupts = Interrupts::default();
    // Kept to the end: when it goes, a second Ctrl-C knows that nothing is left to end.
    let _running = match interrupts.listen(runtime) {
        Ok(running) => Some(running),
        Err(error) => {
            output.aside(format!("warning: Ctrl-C will not run cleanup: {error}"));
            None
        }
    };
    match arguments.jobs {
        Some(jobs) => many::run(runtime, settings, jobs, sources, &interrupts, output),
        None => {
            let outlets = Outlets::of_process(settings.format);
            let threads = runtime.threads();
            program::run(threads, settings, 0, &sources, outlets, &interrupts).say(None, output)
        }
    }
}

/// Whether a script has no code of its own.
fn holds_functions_only(script: &Source) -> bool {
    let parsed = tourbillon_syntax::parse(script.text());
    parsed.diagnostics.is_empty()
        && parsed.file.body.statements.is_empty()
        && !parsed.file.functions.is_empty()
}

/// What is asked for and not there.
fn refusal(arguments: &RunArguments) -> Option<&'static str> {
    let reads_input = |path: &&PathBuf| path.as_path() == Path::new(STANDARD_INPUT);
    if arguments.files.iter().filter(reads_input).count() > 1 {
        return Some("error: only one of the files can be standard input");
    }
    match arguments.gpu {
        Gpu::Wgpu => Some(
            "error: this build has no wgpu provider\nhelp: leave `--gpu` out, or use `--gpu simulated`",
        ),
        Gpu::Auto | Gpu::Simulated | Gpu::None => None,
    }
}
