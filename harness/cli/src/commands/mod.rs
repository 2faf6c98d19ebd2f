//! The subcommands, one per file.

pub mod conformance;
pub mod explore;
pub mod merge;
pub mod replay;
pub mod run;
pub mod show;
pub mod shrink;
pub mod sim;

use crate::cli::{Cli, Command};
use crate::exit::Exit;
use crate::output::Output;
use std::num::NonZeroUsize;
use std::panic;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Does what the arguments say.
pub fn run(cli: Cli) -> Exit {
    let mut output = Output::new(cli.format, cli.quiet);
    let exit = match cli.command {
        Command::Run(arguments) => run::run(&arguments, &mut output),
        Command::Sim(arguments) => {
            show_first_panic_only();
            sim::run(&arguments, &mut output)
        }
        Command::Explore(arguments) => {
            show_first_panic_only();
            explore::run(&arguments, &mut output)
        }
        Command::Merge(arguments) => merge::run(&arguments, &mut output),
        Command::Replay(arguments) => {
            show_first_panic_only();
            replay::run(&arguments, &mut output)
        }
        Command::Shrink(arguments) => {
            show_first_panic_only();
            shrink::run(&arguments, &mut output)
        }
        Command::Show(arguments) => show::run(&arguments, &mut output),
        Command::Conformance(arguments) => {
            show_first_panic_only();
            conformance::run(&arguments, &mut output)
        }
    };
    let Some(lost) = output.finish() else {
        return exit;
    };
    Output::new(cli.format, cli.quiet).error(format!("error: cannot write the results: {lost}"));
    exit.max(Exit::Usage)
}

/// A defect of the engine panics inside a simulated run, which reports it as a verdict, perhaps in
/// thousands of schedules. The place of the first is worth seeing.
fn show_first_panic_only() {
    let show = panic::take_hook();
    let was_shown = AtomicBool::new(false);
    panic::set_hook(Box::new(move |info| {
        if !was_shown.swap(true, Ordering::Relaxed) {
            show(info);
        }
    }));
}

/// Reads how many threads there are to be.
fn jobs(text: &str) -> Result<NonZeroUsize, String> {
    text.parse()
        .map_err(|_| "a whole number from 1, such as 4".to_string())
}

/// Reads a number of seconds.
fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: Option<f64> = text.parse().ok();
    seconds
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        .ok_or_else(|| "a number of seconds from 0, such as 2.5".to_string())
}
