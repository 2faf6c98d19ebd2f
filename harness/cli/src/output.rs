//! What the command says: results on standard output, as text or JSON Lines, all else on standard
//! error.

use crate::exit::Exit;
use anstream::AutoStream;
use anstyle::{AnsiColor, Style};
use std::fmt::Display;
use std::io::{self, ErrorKind, Stdout, Write};

/// Bad news.
pub const BAD: Style = AnsiColor::Red.on_default().bold();
/// Good news.
pub const GOOD: Style = AnsiColor::Green.on_default().bold();
/// What deserves a look.
pub const ODD: Style = AnsiColor::Yellow.on_default().bold();
/// Headings, and what to type.
pub const STRONG: Style = Style::new().bold();
/// What is said on the side.
pub const FAINT: Style = Style::new().dimmed();

/// How results are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// For people.
    Text,
    /// JSON Lines on standard output, and nothing else there.
    Json,
}

/// The two streams of the command. A reader that went away is no failure: what it does not want to
/// hear is lost.
pub struct Output {
    format: Format,
    is_quiet: bool,
    stdout: AutoStream<Stdout>,
    lost: Option<io::Error>,
}

impl Output {
    /// The process's streams.
    pub fn new(format: Format, is_quiet: bool) -> Output {
        Output {
            format,
            is_quiet,
            stdout: anstream::stdout(),
            lost: None,
        }
    }

    /// Whether results are JSON Lines.
    pub fn is_json(&self) -> bool {
        self.format == Format::Json
    }

    /// Whether only results and failures are wanted.
    pub fn is_quiet(&self) -> bool {
        self.is_quiet
    }

    /// A result for people; nothing when results are JSON.
    pub fn text(&mut self, text: impl Display) {
        if !self.is_json() {
            self.write(&text.to_string());
        }
    }

    /// A remark beside the results; nothing when it should be quiet.
    pub fn note(&mut self, text: impl Display) {
        if !self.is_quiet {
            self.text(text);
        }
    }

    /// A result for programs: one line; nothing when results are text.
    pub fn json(&mut self, value: &serde_json::Value) {
        if self.is_json() {
            self.write(&format!("{value}\n"));
        }
    }

    /// An error, on standard error: text that says `error: …` where it is known in which line.
    pub fn error(&mut self, text: impl Display) {
        let text = text.to_string();
        let text = text.trim_end_matches('\n');
        let painted = match text.split_once("error:") {
            // Only the head of the first line; what follows quotes a program.
            Some((before, after)) if !before.contains('\n') => {
                format!("{before}{BAD}error:{BAD:#}{after}")
            }
            Some(_) | None => text.to_string(),
        };
        self.say(&format!("{painted}\n"));
    }

    /// What a program wrote to its standard error.
    pub fn verbatim(&mut self, text: &str) {
        self.say(text);
    }

    /// What failed, on standard error: in one word, and in more.
    pub fn failed(&mut self, word: &str, text: impl Display) {
        self.say(&format!("{BAD}{word}{BAD:#}: {text}\n"));
    }

    /// Everything that is wrong with what was given; the command ends with it.
    pub fn refuse(&mut self, refusal: &[String]) -> Exit {
        for error in refusal {
            self.error(error);
        }
        Exit::Usage
    }

    /// The command that shows a failure again: the last that is said of it.
    pub fn again(&mut self, command: &str) {
        self.say(&format!("see it again: {STRONG}{command}{STRONG:#}\n"));
    }

    /// A remark on standard error, also when results are JSON; nothing when it should be quiet.
    pub fn aside(&mut self, text: impl Display) {
        if !self.is_quiet {
            self.say(&format!("{text}\n"));
        }
    }

    /// Why results could not be written, unless the reader has just gone.
    pub fn finish(mut self) -> Option<io::Error> {
        if let Err(error) = self.stdout.flush() {
            self.lost.get_or_insert(error);
        }
        self.lost
            .filter(|error| error.kind() != ErrorKind::BrokenPipe)
    }

    fn write(&mut self, text: &str) {
        if self.lost.is_none()
            && let Err(error) = self.stdout.write_all(text.as_bytes())
        {
            self.lost = Some(error);
        }
    }

    fn say(&mut self, text: &str) {
        // Both streams may be one terminal: what came first is shown first.
        let _ = self.stdout.flush();
        // Without standard error there is nobody left to tell.
        let _ = anstream::stderr().write_all(text.as_bytes());
    }
}
