//! The command `tourbillon`: programs run, simulated, explored, replayed, and the corpus judged.

mod choosing;
mod cli;
mod clock;
mod commands;
mod complaint;
mod difference_json;
mod exit;
mod input;
mod judge;
mod output;
mod progress;
mod recordings;
mod show_again;
mod subject;
mod threads;

use clap::Parser;
use cli::Cli;
use std::process::ExitCode;

fn main() -> ExitCode {
    match Cli::try_parse() {
        Ok(cli) => commands::run(cli).into(),
        Err(error) => {
            // Nobody is left to tell when the stream is closed.
            let _ = error.print();
            if error.use_stderr() {
                exit::Exit::Usage.into()
            } else {
                exit::Exit::Held.into()
            }
        }
    }
}
