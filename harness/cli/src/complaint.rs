//! What is wrong with an input, where, and how it is mended.

use std::fmt;
use std::path::Path;

/// One mistake in a file that somebody gave to the command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Complaint {
    file: String,
    line: usize,
    column: usize,
    message: String,
    help: Option<String>,
    source_line: Option<String>,
}

impl Complaint {
    /// A mistake at a place of `text`, which is what the file holds; both numbers count from 1.
    pub fn at(
        path: &Path,
        text: &str,
        (line, column): (usize, usize),
        message: impl Into<String>,
    ) -> Complaint {
        Complaint {
            file: path.display().to_string(),
            line,
            column,
            message: message.into(),
            help: None,
            source_line: text.lines().nth(line.saturating_sub(1)).map(harmless),
        }
    }

    /// A mistake of a whole file.
    pub fn about(path: &Path, message: impl Into<String>) -> Complaint {
        Complaint::at(path, "", (1, 1), message)
    }

    /// The same with the sentence that mends it.
    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Complaint {
        self.help = Some(help.into());
        self
    }
}

impl fmt::Display for Complaint {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Complaint {
            file,
            line,
            column,
            message,
            help,
            source_line,
        } = self;
        write!(out, "{file}:{line}:{column}: error: {message}")?;
        if let Some(source_line) = source_line {
            let margin = " ".repeat(line.to_string().len());
            // Tabs stay tabs, so that the caret stands where the eye looks.
            let before = source_line.chars().take(column.saturating_sub(1));
            let indent: String = before.map(|c| if c == '\t' { '\t' } else { ' ' }).collect();
            write!(
                out,
                "\n{margin} |\n{line} | {source_line}\n{margin} | {indent}^"
            )?;
        }
        if let Some(help) = help {
            write!(out, "\nhelp: {help}")?;
        }
        Ok(())
    }
}

/// A line of a file that may be anything: nothing in it moves the terminal's cursor.
fn harmless(line: &str) -> String {
    let is_odd = |c: char| c.is_control() && c != '\t';
    line.chars()
        .map(|c| {
            if is_odd(c) {
                char::REPLACEMENT_CHARACTER
            } else {
                c
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_complaint_shows_the_place_and_the_mend() {
        let complaint =
            Complaint::at(Path::new("a.m"), "x\n\ty z\n", (2, 4), "no").with_help("yes");
        let expected = "a.m:2:4: error: no\n  |\n2 | \ty z\n  | \t  ^\nhelp: yes";
        assert_eq!(complaint.to_string(), expected);
        let odd = Complaint::at(Path::new("c"), "a\u{1b}b", (1, 2), "no").to_string();
        assert!(odd.contains("1 | a\u{FFFD}b"), "{odd}");
        let whole = Complaint::about(Path::new("b.m"), "gone");
        assert_eq!(whole.to_string(), "b.m:1:1: error: gone");
    }
}
