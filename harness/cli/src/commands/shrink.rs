//! `tourbillon shrink`: not built yet, and it says so; it shows what there would be to shrink.

use super::show;
use crate::exit::Exit;
use crate::output::Output;
use crate::recordings;
use clap::Args;
use std::path::PathBuf;

/// The arguments of `shrink`.
#[derive(Debug, Args)]
#[command(after_help = "\
Shrinking is not part of this version: the choices are printed, OUT is not written, and the exit code is 2.")]
pub struct ShrinkArguments {
    /// The recording
    recording: PathBuf,

    /// Where the smaller recording would go
    #[arg(long, short, value_name = "OUT")]
    out: PathBuf,
}

/// Prints the choices and refuses.
pub fn run(arguments: &ShrinkArguments, output: &mut Output) -> Exit {
    let loaded = match recordings::load(&arguments.recording) {
        Ok(loaded) => loaded,
        Err(error) => return output.refuse(&[error.to_string()]),
    };
    for line in show::choices(&loaded.recording) {
        output.text(format_args!("{line}\n"));
    }
    output.refuse(&[format!(
        "error: shrinking is not part of this version, and {} was not written\nhelp: a recording can be \
         edited by hand: delete choices, `trace_hash` and `checkpoints`, then replay it",
        arguments.out.display()
    )])
}
