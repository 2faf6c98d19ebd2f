//! Priorities that change at random points of a run, as PCT and its relatives have them.

use super::trial::Trial;
use crate::rng::Rng;

/// The points of a run at which priorities change, `depth - 1` of them.
#[derive(Debug, Default)]
pub(super) struct Changes {
    // The last comes first. Each with the priority that it lowers to.
    points: Vec<(u64, u64)>,
    passed: u64,
    patience: u64,
}

/// First priorities are above this, those after a change below.
const FIRST: u64 = 1 << 63;

impl Changes {
    /// Draws the points of a run that will have about `count` scheduling points: different ones, and
    /// not the first, where a change would do nothing that first priorities do not.
    pub(super) fn begin(&mut self, rng: &mut Rng, trial: &Trial, depth: u32, count: u64) {
        let count = count.clamp(2, u64::from(u32::MAX)) as u32 - 1;
        self.points.clear();
        for priority in 1..u64::from(depth.min(count + 1)) {
            let point = loop {
                let point = u64::from(1 + rng.below(count));
                if self.points.iter().all(|known| known.0 != point) {
                    break point;
                }
            };
            self.points.push((point, priority));
        }
        self.points.sort_unstable_by(|one, other| other.cmp(one));
        self.passed = 0;
        self.patience = trial.patience();
    }

    /// One more scheduling point. False when any candidate is to go first from here on, so that one
    /// which waits for a task of lower priority by asking again and again does not do so for ever.
    #[inline]
    pub(super) fn pass(&mut self) -> bool {
        self.passed += 1;
        self.passed <= self.patience
    }

    /// What the priority of whoever would go first is lowered to at this point, if it is; to be
    /// asked until it is not.
    #[inline]
    pub(super) fn lower(&mut self) -> Option<u64> {
        let &(point, priority) = self.points.last()?;
        if point >= self.passed {
            return None;
        }
        self.points.pop();
        Some(priority)
    }

    /// Between the priorities of changes and the first ones.
    pub(super) const LOWERED: u64 = 1 << 62;

    /// A priority for something new.
    #[inline]
    pub(super) fn first_priority(rng: &mut Rng) -> u64 {
        rng.next_word() | FIRST
    }
}
