//! Recordings that are kept: each must make its run again, and the failure it was kept for.

use std::path::Path;

use tourbillon_sim::Recording;
use tourbillon_world::explore::failure;
use tourbillon_world::{ReplayOptions, replay};

use crate::load::read_text;

/// Replays a recording strictly and compares what it shows with what it says.
///
/// # Errors
///
/// What is wrong with the file, where the run leaves the recording, or how its failure differs.
pub fn check_recording(path: &Path) -> Result<(), String> {
    let text = read_text(path).map_err(|error| error.to_string())?;
    let recording =
        Recording::parse(&path.display().to_string(), &text).map_err(|error| error.to_string())?;
    let replayed =
        replay(&recording, &ReplayOptions::default()).map_err(|error| error.to_string())?;
    if let Some(divergence) = replayed.replayed.divergence {
        return Err(divergence);
    }
    // A case's outcome is judged by its case; what the engine itself says must be the same here.
    let expected = recording
        .failure
        .as_ref()
        .filter(|failure| failure.kind != "outcome");
    let found = failure(&replayed.result);
    match (expected, found) {
        (Some(expected), Some(found)) if expected.kind == found.kind.name() => Ok(()),
        (Some(expected), Some(found)) => Err(format!(
            "the recording has a failure of kind {}, the run {found}",
            expected.kind
        )),
        (Some(expected), None) => Err(format!(
            "the run does not fail any more ({}: {})",
            expected.kind, expected.summary
        )),
        (None, _) => Ok(()),
    }
}
