//! How the command ends: the four codes that scripts rely on.

use std::process::ExitCode;

/// The verdict of a command, worst last but for usage, which ends a command at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exit {
    /// Everything held.
    Held,
    /// The program failed, an outcome was not allowed, or an oracle spoke.
    Failed,
    /// Usage, unreadable or invalid input.
    Usage,
    /// A recording diverged from the program.
    Diverged,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(match exit {
            Exit::Held => 0,
            Exit::Failed => 1,
            Exit::Usage => 2,
            Exit::Diverged => 3,
        })
    }
}
