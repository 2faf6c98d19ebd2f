//! PCT: random priorities that change at a few random points.
//!
//! Burckhardt, Kothari, Musuvathi and Nagarakatte, "A randomized scheduler with probabilistic
//! guarantees of finding bugs", ASPLOS 2010.

use std::rc::Rc;

use super::changes::Changes;
use super::per_label::PerLabel;
use super::seeded::Policy;
use super::trial::{Trial, key};
use crate::choice::Candidate;
use crate::rng::Rng;

/// Every task, and every operation in flight, has a random priority, and the highest goes first. At
/// `depth - 1` random points the priority of whoever would go first becomes lower than all first
/// ones.
///
/// A run of a program with `n` tasks and operations and `k` steps shows a bug that
/// `depth` orderings make certain with probability at least `1 / (n k^(depth - 1))`. Three quarters
/// of the runs take `k` from the trial; the others plan with more, should the trial have been short.
#[derive(Debug)]
pub struct Pct {
    depth: u32,
    changes: Changes,
    priorities: PerLabel<u64>,
    rounds: Option<Rounds>,
    // The priority of the next new one, where none is drawn.
    oldest_first: Option<u64>,
}

/// What is known for giving way.
#[derive(Debug, Default)]
struct Rounds {
    // The place of whoever took the last step.
    last: Option<usize>,
    // Below all priorities but those that were lowered after.
    lowest: u64,
}

impl Pct {
    /// The depth when none is given.
    pub const DEPTH: u32 = 3;

    /// Looks for bugs of this depth (at least 1).
    #[must_use]
    pub fn new(depth: u32) -> Pct {
        Pct {
            depth: depth.max(1),
            changes: Changes::default(),
            priorities: PerLabel::default(),
            rounds: None,
            oldest_first: None,
        }
    }

    /// The same with turns: a task that gives way, and so is ready again right after its step, goes
    /// behind all others. Without changes (depth 1) these are rounds in a random order.
    #[must_use]
    pub fn in_rounds(depth: u32) -> Pct {
        Pct {
            rounds: Some(Rounds::default()),
            ..Pct::new(depth)
        }
    }

    /// The oldest first, and no changes: draws nothing.
    pub(super) fn oldest_first() -> Pct {
        Pct {
            oldest_first: Some(u64::MAX),
            ..Pct::new(1)
        }
    }

    pub(super) fn set_depth(&mut self, depth: u32) {
        self.depth = depth;
    }
}

impl Policy for Pct {
    fn begin(&mut self, rng: &mut Rng, _run: u64, trial: &Rc<Trial>) {
        let count = trial.draw_points(rng);
        self.changes.begin(rng, trial, self.depth, count);
        self.priorities.begin();
        self.oldest_first = self.oldest_first.map(|_| u64::MAX);
        if let Some(rounds) = &mut self.rounds {
            *rounds = Rounds {
                last: None,
                lowest: Changes::LOWERED,
            };
        }
    }

    #[inline]
    fn schedule(&mut self, rng: &mut Rng, candidates: &[Candidate]) -> u32 {
        if candidates.len() > 1 && !self.changes.pass() {
            return rng.below(candidates.len() as u32);
        }
        loop {
            let mut best = (0, 0, 0);
            for (index, candidate) in candidates.iter().enumerate() {
                let fresh = || match &mut self.oldest_first {
                    None => Changes::first_priority(rng),
                    Some(next) => {
                        *next -= 1;
                        *next
                    }
                };
                let place = self.priorities.place(key(*candidate), fresh);
                if let Some(rounds) = &mut self.rounds
                    && rounds.last == Some(place)
                {
                    rounds.last = None;
                    rounds.lowest -= 1;
                    *self.priorities.at(place) = rounds.lowest;
                }
                let priority = *self.priorities.at(place);
                if priority > best.0 {
                    best = (priority, place, index as u32);
                }
            }
            let (_, place, index) = best;
            let change = match candidates.len() {
                1 => None,
                _ => self.changes.lower(),
            };
            match (change, &mut self.rounds) {
                (None, None) => return index,
                (None, Some(rounds)) => {
                    rounds.last = Some(place);
                    return index;
                }
                (Some(priority), None) => *self.priorities.at(place) = priority,
                (Some(_), Some(rounds)) => {
                    rounds.last = None;
                    rounds.lowest -= 1;
                    *self.priorities.at(place) = rounds.lowest;
                }
            }
        }
    }

    fn wants_every_step(&self) -> bool {
        self.rounds.is_some()
    }

    fn describe(&self) -> (&'static str, Option<u32>) {
        ("pct", Some(self.depth))
    }
}
