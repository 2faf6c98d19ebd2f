//! Reading what people give to the command: the only place where it opens files.

use crate::complaint::Complaint;
use std::ffi::OsStr;
use std::io::{ErrorKind, Read};
use std::path::Path;
use tourbillon_world::checked::nearest;

/// The name that stands for standard input.
pub const STANDARD_INPUT: &str = "-";

/// A text file, or standard input for `-`.
///
/// # Errors
/// What cannot be read, and where it is no UTF-8.
#[expect(
    clippy::disallowed_methods,
    reason = "the command line reads the files it is given"
)]
pub fn read_text(path: &Path) -> Result<String, Complaint> {
    let bytes = if path == Path::new(STANDARD_INPUT) {
        let mut bytes = Vec::new();
        std::io::stdin()
            .lock()
            .read_to_end(&mut bytes)
            .map(|_| bytes)
    } else {
        std::fs::read(path)
    };
    let bytes = bytes.map_err(|error| {
        let (reason, help) = match error.kind() {
            ErrorKind::NotFound => (
                "there is no such file".to_string(),
                match like_it(path) {
                    Some(name) => format!("did you mean `{name}`?"),
                    None => "check the name and the folder you are in".to_string(),
                },
            ),
            ErrorKind::IsADirectory => {
                let help = "name a file in it".to_string();
                ("it is a folder".to_string(), help)
            }
            ErrorKind::PermissionDenied => {
                let help = "check who may read it".to_string();
                ("you may not read it".to_string(), help)
            }
            _ => (error.to_string(), "check that it can be read".to_string()),
        };
        Complaint::about(path, format!("cannot read this file: {reason}")).with_help(help)
    })?;
    String::from_utf8(bytes).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        let before = String::from_utf8_lossy(&error.as_bytes()[..valid]).into_owned();
        let line = before.matches('\n').count() + 1;
        let last = before.rsplit('\n').next().unwrap_or_default();
        let column = last.chars().count() + 1;
        let message = "the file is not UTF-8 from here on";
        Complaint::at(path, &before, (line, column), message).with_help("save it as UTF-8")
    })
}

/// The file beside it that was probably meant.
fn like_it(path: &Path) -> Option<String> {
    let wanted = path.file_name()?.to_str()?;
    let folder = match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    let entries = folder.read_dir().ok()?.flatten();
    let mut names: Vec<String> = entries
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|name| Path::new(name).extension() == path.extension())
        .collect();
    // The disk's own order would leak into the message.
    names.sort();
    let like = nearest(wanted, names.iter().map(String::as_str))?;
    Some(path.with_file_name(like).display().to_string())
}

/// A program text; a longer one than source places can count is refused.
///
/// # Errors
/// As [`read_text`], and when the file does not look like a program.
pub fn read_program(path: &Path) -> Result<String, Complaint> {
    const MAX_BYTES: usize = 64 << 20;
    if path != Path::new(STANDARD_INPUT) && path.extension() != Some(OsStr::new("m")) {
        return Err(Complaint::about(path, "this is no program")
            .with_help("programs are files that end in `.m`, or `-` for standard input"));
    }
    let text = read_text(path)?;
    if text.len() > MAX_BYTES {
        let message = format!(
            "the program has {} bytes, more than {MAX_BYTES}",
            text.len()
        );
        return Err(Complaint::about(path, message).with_help("split it into several files"));
    }
    Ok(text)
}

/// The name that diagnostics show for a program file.
pub fn shown_name(path: &Path) -> String {
    if path == Path::new(STANDARD_INPUT) {
        "stdin".to_string()
    } else {
        path.display().to_string()
    }
}
