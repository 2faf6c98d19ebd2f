//! Real time, for limits that people set and for what reports say of speed.

use std::time::{Duration, Instant};

/// Measures from its making.
#[derive(Clone, Copy, Debug)]
pub struct Stopwatch(Instant);

impl Stopwatch {
    /// Starts now.
    #[expect(
        clippy::disallowed_methods,
        reason = "limits and speeds of explorations are in real time; no simulated run sees it"
    )]
    pub fn start() -> Stopwatch {
        Stopwatch(Instant::now())
    }

    /// How long ago that was.
    pub fn elapsed(self) -> Duration {
        self.0.elapsed()
    }

    /// The same in seconds, to a millisecond.
    pub fn seconds(self) -> f64 {
        (self.elapsed().as_secs_f64() * 1e3).round() / 1e3
    }
}
