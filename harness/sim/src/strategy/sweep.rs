//! The cancel sweep: the production order, and in every run a cancel at another place.

use super::{Description, Ended, Strategy};
use crate::choice::{Action, Point};
use crate::inject::Injections;

/// Makes the run of production without a cancel first, and then one run for each place of it where a
/// future could be cancelled: every scheduling point, and every future that is suspended there and
/// can be cancelled.
///
/// Which place a run takes follows from its number, so that a sweep can be split.
#[derive(Debug, Default)]
pub struct CancelSweep {
    /// The place where this run is struck, if it is.
    target: Option<u64>,
    passed: u64,
    has_struck: bool,
    /// How many places there are, once a run has passed them all.
    places: Option<u64>,
}

impl CancelSweep {
    /// A sweep that has not begun.
    #[must_use]
    pub fn new() -> CancelSweep {
        CancelSweep::default()
    }
}

impl Strategy for CancelSweep {
    fn begin(&mut self, run: u64) -> bool {
        self.target = run.checked_sub(1);
        self.passed = 0;
        self.has_struck = false;
        self.places.is_none_or(|places| run <= places)
    }

    fn choose(&mut self, point: &Point<'_>) -> u32 {
        let candidates = point.candidates.iter().enumerate();
        for (index, _) in candidates.filter(|(_, candidate)| candidate.action == Action::Cancel) {
            let is_here = self.target == Some(self.passed);
            self.passed += 1;
            if is_here {
                self.has_struck = true;
                return index as u32;
            }
        }
        0
    }

    fn injections(&self, allowed: Injections) -> Injections {
        Injections {
            cancels: 1,
            ..allowed
        }
    }

    fn end(&mut self, _ended: &Ended<'_>) {
        if !self.has_struck {
            self.places = Some(self.passed);
        }
    }

    fn describe(&self) -> Description {
        Description::named("cancel-sweep")
    }
}
