//! Recordings on the disk.

use crate::complaint::Complaint;
use crate::input;
use std::path::Path;
use tourbillon_sim::Recording;

/// A recording and the text it was read from.
pub struct Loaded {
    /// The recording.
    pub recording: Recording,
    /// Its text.
    pub text: String,
}

/// What a recording on one line of text begins with.
const LINE: &str = "tourbillon:";

/// How much of such a line is shown where a name would be.
const SHOWN_BYTES: usize = 24;

/// The name that messages give to a recording: its path, or the beginning of its line.
pub fn shown(path: &Path) -> String {
    let name = path.display().to_string();
    match name.get(..SHOWN_BYTES) {
        Some(beginning) if name.starts_with(LINE) => format!("{beginning}…"),
        Some(_) | None => name,
    }
}

/// Reads a recording from a file, or from the argument itself when that is a recording on one line.
///
/// # Errors
/// What cannot be read, or is no recording: with file, line, column and the mend.
pub fn load(path: &Path) -> Result<Loaded, Complaint> {
    let argument = path.to_str().filter(|text| text.starts_with(LINE));
    let text = match argument {
        Some(line) if !path.exists() => line.to_string(),
        Some(_) | None => input::read_text(path)?,
    };
    let name = shown(path);
    match Recording::parse(&name, &text) {
        Ok(recording) if text.trim_start().starts_with(LINE) => {
            let text = recording.to_string();
            Ok(Loaded { recording, text })
        }
        Ok(recording) => Ok(Loaded { recording, text }),
        Err(error) => {
            let place = (error.line, error.column);
            // Of a line there is nothing to show that a person could read.
            let text = if text.starts_with(LINE) { "" } else { &text };
            let complaint = Complaint::at(Path::new(&name), text, place, error.message);
            Err(match error.mend.is_empty() {
                true => complaint,
                false => complaint.with_help(error.mend),
            })
        }
    }
}

/// Writes a text to a file that somebody asked for.
///
/// # Errors
/// When it cannot be written.
#[expect(
    clippy::disallowed_methods,
    reason = "the command line writes the files it is asked for"
)]
pub fn write(path: &Path, text: &str) -> Result<(), Complaint> {
    std::fs::write(path, text).map_err(|error| {
        Complaint::about(path, format!("cannot write this file: {error}"))
            .with_help("check that the folder is there and that you may write to it")
    })
}

/// Writes a text to a file in one go: whoever looks finds the old file or the new one, never a part.
///
/// # Errors
/// When it cannot be written; what was there is left as it was.
pub fn replace(path: &Path, text: &str) -> Result<(), Complaint> {
    let mut name = std::ffi::OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(format!(".{}.new", std::process::id()));
    let aside = path.with_file_name(name);
    let about = |error: &dyn std::fmt::Display| {
        Complaint::about(path, format!("cannot write this file: {error}"))
            .with_help("check that the folder is there and that you may write to it")
    };
    if path.is_dir() {
        return Err(about(&"it is a folder"));
    }
    let written = write(&aside, text).map_err(|_| ());
    let moved = written.and_then(|()| std::fs::rename(&aside, path).map_err(|_| ()));
    if moved.is_err() {
        // Nothing is there when it could not be written at all.
        let _ = std::fs::remove_file(&aside);
        // A file in a folder that takes no others can still be written itself.
        return write(path, text);
    }
    Ok(())
}

/// Makes a folder for recordings, unless it is there.
///
/// # Errors
/// When it cannot be made.
pub fn make_folder(path: &Path) -> Result<(), Complaint> {
    std::fs::create_dir_all(path)
        .map_err(|error| Complaint::about(path, format!("cannot make this folder: {error}")))
}
