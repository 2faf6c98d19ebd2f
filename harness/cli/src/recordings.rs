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

/// Reads a recording.
///
/// # Errors
/// What cannot be read, or is no recording: with file, line, column and the mend.
pub fn load(path: &Path) -> Result<Loaded, Complaint> {
    let text = input::read_text(path)?;
    let name = path.display().to_string();
    match Recording::parse(&name, &text) {
        Ok(recording) => Ok(Loaded { recording, text }),
        Err(error) => {
            let place = (error.line, error.column);
            let complaint = Complaint::at(path, &text, place, error.message);
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

/// Makes a folder for recordings, unless it is there.
///
/// # Errors
/// When it cannot be made.
pub fn make_folder(path: &Path) -> Result<(), Complaint> {
    std::fs::create_dir_all(path)
        .map_err(|error| Complaint::about(path, format!("cannot make this folder: {error}")))
}
