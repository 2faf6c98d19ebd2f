//! Bytes make a race-free program and a schedule; its outcome must be that of the production schedule.
#![no_main]

use std::fs;
use std::path::PathBuf;

use libfuzzer_sys::fuzz_target;
use tourbillon_generate::{Failure, same_outcome_as_fifo};

fuzz_target!(|bytes: &[u8]| {
    if let Err(failure) = same_outcome_as_fifo(bytes) {
        let shown_again = match save(&failure) {
            Ok(path) => format!(
                "the recording was written; this command shows it again:\n  \
                 cargo run --release -- replay {} --trace",
                path.display()
            ),
            Err(reason) => format!("the recording was not written: {reason}"),
        };
        panic!("{failure}\n\n{shown_again}");
    }
});

/// Writes the recording beside the artifact that the fuzzer is about to write.
fn save(failure: &Failure) -> Result<PathBuf, String> {
    let recording = failure.recording.as_ref().map_err(String::clone)?;
    let prefix = std::env::args()
        .find_map(|argument| {
            argument
                .strip_prefix("-artifact_prefix=")
                .map(str::to_string)
        })
        .unwrap_or_default();
    let hash = recording.trace_hash.unwrap_or_default();
    let path = PathBuf::from(format!("{prefix}recording-{hash:016x}.yaml"));
    fs::write(&path, recording.to_string()).map_err(|error| error.to_string())?;
    Ok(path)
}
