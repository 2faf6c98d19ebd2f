//! A uniform random walk: every candidate of a point is as likely as any other.

use super::{Description, Strategy};
use crate::choice::Point;
use crate::rng::Rng;

/// Draws every choice from a stream of its own for each run.
#[derive(Debug)]
pub struct Random {
    seed: u64,
    rng: Rng,
}

impl Random {
    /// The random walks of `seed`.
    #[must_use]
    pub fn new(seed: u64) -> Random {
        Random {
            seed,
            rng: Rng::stream(seed, 0),
        }
    }
}

impl Strategy for Random {
    fn begin(&mut self, run: u64) -> bool {
        self.rng = Rng::stream(self.seed, run);
        true
    }

    #[inline]
    fn choose(&mut self, point: &Point<'_>) -> u32 {
        self.rng.below(point.candidates.len() as u32)
    }

    #[inline]
    fn draw(&mut self, count: u32) -> Option<u32> {
        Some(self.rng.below(count))
    }

    fn describe(&self) -> Description {
        Description {
            seed: Some(self.seed),
            ..Description::named("random")
        }
    }
}
