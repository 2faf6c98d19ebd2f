//! The arguments of the command and of all its subcommands.

use crate::commands::conformance::ConformanceArguments;
use crate::commands::explore::ExploreArguments;
use crate::commands::merge::MergeArguments;
use crate::commands::replay::ReplayArguments;
use crate::commands::run::RunArguments;
use crate::commands::show::ShowArguments;
use crate::commands::shrink::ShrinkArguments;
use crate::commands::sim::SimArguments;
use crate::output::Format;
use clap::{Parser, Subcommand};

const EXIT_CODES: &str = "\
Exit codes:
  0  everything held
  1  the program failed, an outcome was not allowed, or an oracle spoke
  2  usage, unreadable or invalid input (a program that does not compile, too)
  3  a recording diverged from the program";

/// Runs async MATLAB programs through every schedule that matters, deterministically.
#[derive(Debug, Parser)]
#[command(name = "tourbillon", version, after_help = EXIT_CODES, max_term_width = 100)]
pub struct Cli {
    /// How results are written
    #[arg(long, global = true, value_enum, default_value_t = Format::Text)]
    pub format: Format,

    /// Say results and failures only
    #[arg(long, short, global = true)]
    pub quiet: bool,

    /// What to do
    #[command(subcommand)]
    pub command: Command,
}

/// The subcommands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run a program on the native host: real clock, files, terminal
    Run(RunArguments),
    /// Run a program or case once under simulation
    Sim(SimArguments),
    /// Run many schedules of programs and cases, and report every distinct outcome
    Explore(ExploreArguments),
    /// Put the reports of the shards of one exploration together
    Merge(MergeArguments),
    /// Make recorded runs again, and compare every step
    Replay(ReplayArguments),
    /// Make a recording smaller: its choices, its program and its world
    Shrink(ShrinkArguments),
    /// Show a recording: its program, its failure and its choices
    Show(ShowArguments),
    /// Run the conformance corpus
    Conformance(ConformanceArguments),
}
