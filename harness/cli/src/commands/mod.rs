//! The subcommands, one per file.

pub mod run;

use crate::cli::{Cli, Command};
use crate::exit::Exit;
use crate::output::Output;

/// Does what the arguments say.
pub fn run(cli: Cli) -> Exit {
    let mut output = Output::new(cli.format, cli.quiet);
    let exit = match cli.command {
        Command::Run(arguments) => run::run(&arguments, &mut output),
    };
    let Some(lost) = output.finish() else {
        return exit;
    };
    Output::new(cli.format, cli.quiet).error(format!("error: cannot write the results: {lost}"));
    exit.max(Exit::Usage)
}
