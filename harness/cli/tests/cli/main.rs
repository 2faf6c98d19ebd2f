//! The command as scripts and people meet it: arguments in, two streams and an exit code out.
#![expect(
    clippy::disallowed_methods,
    reason = "these tests write programs to the disk, for another process to read"
)]

mod conformance;
mod explore;
mod merge;
mod replay;
mod run;
mod shrink;
mod sim;
#[cfg(unix)]
mod terminal;
mod usage;

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// A folder of its own with files in it, in which the command runs.
struct Place(tempfile::TempDir);

impl Place {
    /// A folder with these files.
    fn with(files: &[(&str, &str)]) -> Place {
        let place = Place(tempfile::tempdir().expect("a folder"));
        for (name, text) in files {
            place.write(name, text.as_bytes());
        }
        place
    }

    /// Writes one more file.
    fn write(&self, name: &str, bytes: &[u8]) {
        std::fs::write(self.path(name), bytes).expect("a file");
    }

    /// The text of a file.
    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).expect("a text")
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// The command in this folder, not started yet.
    fn command<A: AsRef<OsStr>>(&self, arguments: &[A]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tourbillon"));
        command
            .args(arguments)
            .current_dir(self.0.path())
            .stdin(Stdio::null());
        command
    }

    /// The command in this folder, for a terminal that brings the streams.
    #[cfg(unix)]
    fn terminal_command<A: AsRef<OsStr>>(&self, arguments: &[A]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tourbillon"));
        command
            .args(arguments)
            .current_dir(self.0.path())
            .env("NO_COLOR", "1");
        command
    }

    /// The command run to its end in this folder.
    fn run<A: AsRef<OsStr>>(&self, arguments: &[A]) -> Ended {
        Ended::of(self.command(arguments).output().expect("the command runs"))
    }
}

/// How the command ended.
#[derive(Debug)]
struct Ended {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

impl Ended {
    fn of(output: Output) -> Ended {
        Ended {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).expect("text"),
            stderr: String::from_utf8(output.stderr).expect("text"),
        }
    }

    /// Checks the exit code, and what standard error must contain.
    #[track_caller]
    fn check(&self, code: i32, stderr_parts: &[&str]) {
        assert_eq!(self.code, Some(code), "{self:#?}");
        for part in stderr_parts {
            assert!(self.stderr.contains(part), "no {part:?} in {self:#?}");
        }
        assert!(!self.stderr.contains("panicked"), "{self:#?}");
    }
}

/// A program of the project.
fn program(name: &str) -> String {
    let programs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../conformance/programs");
    programs.join(name).display().to_string()
}
