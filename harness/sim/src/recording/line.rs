//! Recordings on one line of text, to paste where no file goes: into a message, a test, a command.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use miniz_oxide::deflate::compress_to_vec_zlib;
use miniz_oxide::inflate::{TINFLStatus, decompress_to_vec_zlib_with_limit};

use super::{LoadError, Recording};

/// What every such line begins with; the number is the format's.
const PREFIX: &str = "tourbillon:1:";

/// What all versions of such lines begin with.
const ANY_PREFIX: &str = "tourbillon:";

/// No recording of ours is longer; a line that says so is refused before it fills the memory.
const LONGEST_BYTES: usize = 256 << 20;

/// The best ratio: a line is written once and pasted often.
const LEVEL: u8 = 9;

impl Recording {
    /// The whole recording on one line that [`Recording::parse`] reads back, for instance
    /// `tourbillon:1:eNqFkM…`. It holds letters, digits, `-`, `_` and `:` only.
    #[must_use]
    pub fn to_line(&self) -> String {
        let text = self.to_string();
        let packed = compress_to_vec_zlib(text.as_bytes(), LEVEL);
        format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(packed))
    }
}

/// Whether a text is meant as a line, and not as a document.
pub(super) fn is_line(text: &str) -> bool {
    text.trim_start().starts_with(ANY_PREFIX)
}

/// The document that a line holds. Line breaks that came in on the way are no harm.
pub(super) fn unpack(file: &str, text: &str) -> Result<String, LoadError> {
    let refuse = |message: String, mend: &str| LoadError {
        file: file.to_string(),
        line: 1,
        column: 1,
        message,
        mend: mend.to_string(),
    };
    let whole = "copy the whole line again, from `tourbillon:` to its end";
    let text: String = text.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    let Some(packed) = text.strip_prefix(PREFIX) else {
        let version = text.split(':').nth(1).unwrap_or_default();
        let version: String = version.chars().take(8).collect();
        return Err(refuse(
            format!("this line is of format `{version}`, and this version reads `1`"),
            "use the version that wrote it, or ask for the recording as a file",
        ));
    };
    let bytes = URL_SAFE_NO_PAD.decode(packed).map_err(|error| {
        let message = format!("this is not a whole recording on one line: {error}");
        refuse(message, whole)
    })?;
    let unpacked = decompress_to_vec_zlib_with_limit(&bytes, LONGEST_BYTES).map_err(|error| {
        let what = match error.status {
            TINFLStatus::FailedCannotMakeProgress | TINFLStatus::NeedsMoreInput => "it was cut off",
            TINFLStatus::Adler32Mismatch => "it was changed",
            TINFLStatus::HasMoreOutput => "it is too long",
            TINFLStatus::BadParam | TINFLStatus::Failed | TINFLStatus::Done => "it was damaged",
        };
        refuse(
            format!("this is not a whole recording on one line: {what}"),
            whole,
        )
    })?;
    String::from_utf8(unpacked).map_err(|_| {
        refuse(
            "this line holds something else than text".to_string(),
            whole,
        )
    })
}

#[cfg(test)]
mod tests {
    use super::super::{Deed, FailureNote, Program, RecordedChoice};
    use super::*;

    fn recording() -> Recording {
        let choices = (0..200).map(|number| RecordedChoice {
            at: number * 3,
            deed: Deed::Run,
            label: format!("main/bump#{}", number % 7 + 1),
            of: vec!["main".to_string(), "main/bump#1".to_string()],
            nth: number as u32,
        });
        Recording {
            made_by: "tourbillon 0.1.0".to_string(),
            program: Some(Program {
                name: "é.m".to_string(),
                source: Some("x = 'ü';\n\n% ende\n".repeat(20)),
                ..Program::default()
            }),
            failure: Some(FailureNote {
                kind: "error".to_string(),
                summary: "a:b: no".to_string(),
                step: Some(3),
            }),
            choices: choices.collect(),
            ..Recording::default()
        }
    }

    #[test]
    fn a_line_holds_the_whole_recording() {
        let recording = recording();
        let line = recording.to_line();
        assert!(line.starts_with("tourbillon:1:eN"), "{line}");
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_:".contains(c);
        assert!(line.chars().all(is_plain), "{line}");
        assert!(
            line.len() * 4 < recording.to_string().len(),
            "{}",
            line.len()
        );
        assert_eq!(Recording::parse("line", &line), Ok(recording.clone()));
        let wrapped: String = line
            .as_bytes()
            .chunks(40)
            .map(|part| format!("  {}\r\n", String::from_utf8_lossy(part)))
            .collect();
        assert_eq!(Recording::parse("line", &wrapped), Ok(recording));
    }

    #[test]
    fn what_is_not_a_whole_line_is_refused() {
        let line = recording().to_line();
        let check = |text: &str, part: &str| {
            let error = Recording::parse("line", text).expect_err(text);
            assert!(error.to_string().contains(part), "{text}: {error}");
            assert!(!error.mend.is_empty(), "{error}");
        };
        for length in (PREFIX.len()..line.len()).step_by(7) {
            check(&line[..length], "not a whole recording on one line");
        }
        // A letter in place of another is never read as something else.
        for at in (PREFIX.len()..line.len()).step_by(11) {
            let other = if &line[at..=at] == "A" { "B" } else { "A" };
            let changed = format!("{}{other}{}", &line[..at], &line[at + 1..]);
            check(&changed, "not a whole recording on one line");
        }
        check(&line.replace(":1:", ":2:"), "format `2`");
        check(
            &line.replace("tourbillon:1:", "tourbillon:"),
            "is of format",
        );
        check("tourbillon:1:no base64!", "not a whole recording");
        let packed = compress_to_vec_zlib(b"cases: []", LEVEL);
        let other = format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(packed));
        check(&other, "this is no recording");
        let packed = compress_to_vec_zlib(b"\xff\xfe", LEVEL);
        let other = format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(packed));
        check(&other, "something else than text");
    }
}
