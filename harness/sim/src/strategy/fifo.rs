//! The production order: always the first candidate.

use super::{Description, Strategy};
use crate::choice::Point;

/// Takes the default everywhere. There is one such run.
#[derive(Debug, Default)]
pub struct Fifo {
    started: bool,
}

impl Fifo {
    /// The production order.
    #[must_use]
    pub fn new() -> Fifo {
        Fifo::default()
    }
}

impl Strategy for Fifo {
    fn begin(&mut self, _run: u64) -> bool {
        !std::mem::replace(&mut self.started, true)
    }

    fn choose(&mut self, _point: &Point<'_>) -> u32 {
        0
    }

    fn describe(&self) -> Description {
        Description::named("fifo")
    }
}
