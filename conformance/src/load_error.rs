//! What is wrong with a file, where, and how it is mended.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::checked::{HELP, nearest};

/// An error in a file that a person wrote, shown as compilers show theirs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoadError {
    /// The file.
    pub path: PathBuf,
    /// The line, counted from 1.
    pub line: usize,
    /// The column in characters, counted from 1.
    pub column: usize,
    /// What is wrong.
    pub message: String,
    /// How it is mended, where that is known.
    pub help: Option<String>,
    /// The text of the line, where there is one.
    pub source_line: Option<String>,
}

impl LoadError {
    /// An error about a place in `text`, which is the content of `path`.
    pub fn at(
        path: &Path,
        text: &str,
        line: usize,
        column: usize,
        message: impl Into<String>,
    ) -> Self {
        Self {
            path: path.into(),
            line,
            column,
            message: message.into(),
            help: None,
            source_line: text.lines().nth(line - 1).map(Into::into),
        }
    }

    /// An error about a whole file.
    pub fn about(path: &Path, message: impl Into<String>) -> Self {
        Self::at(path, "", 1, 1, message)
    }

    /// The same error with the sentence that mends it.
    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// What the YAML reader said, with its position; `fallback` is where an error without one is.
    pub(crate) fn from_yaml(
        path: &Path,
        text: &str,
        error: &serde_yaml::Error,
        fallback: (usize, usize),
    ) -> Self {
        let whole = error.to_string();
        let (line, column, message) = match error.location() {
            None => (fallback.0, fallback.1, whole.as_str()),
            Some(location) => {
                let suffix = format!(" at line {} column {}", location.line(), location.column());
                // A syntax error goes on after its position with what was being read.
                let message = whole.split(&suffix).next().unwrap_or(&whole);
                (location.line().max(1), location.column().max(1), message)
            }
        };
        let (message, help) = match message.split_once(HELP) {
            Some((message, help)) => (message, Some(help.to_string())),
            None => (message, help_for(message)),
        };
        let mut located = Self::at(path, text, line, column, message);
        located.help = help;
        located
    }
}

/// The nearest known word for serde's own messages about unknown and missing ones.
fn help_for(message: &str) -> Option<String> {
    let mut words = message.split('`').skip(1).step_by(2);
    if message.contains("unknown field") || message.contains("unknown variant") {
        let word = words.next()?;
        let known: Vec<&str> = words.collect();
        return Some(match nearest(word, known.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("known here: {}", known.join(", ")),
        });
    }
    if message.contains("expected a suite") {
        return Some("write `cases:` and the cases below it, each with an `id`".into());
    }
    if message.contains("missing field") {
        return Some(format!("add `{}`", words.next()?));
    }
    if message.contains("duplicate field") {
        return Some(format!("keep one `{}`", words.next()?));
    }
    None
}

impl fmt::Display for LoadError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            path,
            line,
            column,
            message,
            help,
            source_line,
        } = self;
        write!(
            formatter,
            "{}:{line}:{column}: error: {message}",
            path.display()
        )?;
        if let Some(source_line) = source_line {
            let margin = " ".repeat(line.to_string().len());
            // Tabs stay tabs under the caret, so that it stands where the eye looks.
            let indent: String = source_line
                .chars()
                .take(column.saturating_sub(1))
                .map(|c| if c == '\t' { '\t' } else { ' ' })
                .collect();
            write!(
                formatter,
                "\n{margin} |\n{line} | {source_line}\n{margin} | {indent}^"
            )?;
        }
        if let Some(help) = help {
            write!(formatter, "\nhelp: {help}")?;
        }
        Ok(())
    }
}

impl std::error::Error for LoadError {}
