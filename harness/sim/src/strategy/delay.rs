//! Delay bounding: the production order with a few steps put off.
//!
//! Emmi, Qadeer and Rakamarić, "Delay-bounded scheduling", POPL 2011.

use std::rc::Rc;

use super::seeded::Policy;
use super::trial::Trial;
use crate::choice::Candidate;
use crate::label::Label;
use crate::rng::Rng;

/// The first candidate goes first, but at `bound` random points whoever would is put off: it goes
/// after all that could go then.
///
/// With `k` steps there are at most `k^bound` such schedules, whatever the number of
/// tasks, and a run shows any one of them with probability at least one over that. Three quarters of
/// the runs take `k` from the trial, the others plan with more.
#[derive(Debug)]
pub struct Delay {
    bound: u32,
    // Where to put off; the last comes first.
    points: Vec<u64>,
    passed: u64,
    // Who was put off, and whom it has to let go first.
    behind: Vec<(Label, Label)>,
}

impl Delay {
    /// The bound when none is given.
    pub const BOUND: u32 = 2;

    /// Puts off so many steps of a run.
    #[must_use]
    pub fn new(bound: u32) -> Delay {
        Delay {
            bound,
            points: Vec::new(),
            passed: 0,
            behind: Vec::new(),
        }
    }

    pub(super) fn set_bound(&mut self, bound: u32) {
        self.bound = bound;
    }

    /// The first candidate that need not let another go first.
    fn first(&self, candidates: &[Candidate]) -> usize {
        let waits = |candidate: &Candidate| self.behind.iter().any(|b| b.0 == candidate.label);
        // Nobody waits for one that waits for it, so that there is such a candidate.
        candidates.iter().position(|c| !waits(c)).unwrap_or(0)
    }

    #[cold]
    fn schedule_behind(&mut self, candidates: &[Candidate]) -> usize {
        let is_here = |label: Label| candidates.iter().any(|candidate| candidate.label == label);
        self.behind
            .retain(|(late, early)| is_here(*late) && is_here(*early));
        let mut first = self.first(candidates);
        while self.points.pop_if(|point| *point < self.passed).is_some() {
            let late = candidates[first].label;
            self.behind.retain(|(_, early)| *early != late);
            let others = candidates.iter().map(|candidate| candidate.label);
            self.behind.extend(
                others
                    .filter(|other| *other != late)
                    .map(|other| (late, other)),
            );
            first = self.first(candidates);
        }
        let label = candidates[first].label;
        self.behind
            .retain(|(late, early)| *late != label && *early != label);
        first
    }
}

impl Policy for Delay {
    fn begin(&mut self, rng: &mut Rng, _run: u64, trial: &Rc<Trial>) {
        let count = trial.draw_points(rng).clamp(1, u64::from(u32::MAX)) as u32;
        self.points.clear();
        for _ in 0..self.bound {
            self.points.push(u64::from(rng.below(count)));
        }
        self.points.sort_unstable_by(|one, other| other.cmp(one));
        self.passed = 0;
        self.behind.clear();
    }

    #[inline]
    fn schedule(&mut self, _rng: &mut Rng, candidates: &[Candidate]) -> u32 {
        self.passed += u64::from(candidates.len() > 1);
        let is_due = self.points.last().is_some_and(|point| *point < self.passed);
        if !is_due && self.behind.is_empty() {
            return 0;
        }
        self.schedule_behind(candidates) as u32
    }

    // They would come after everything else, and need a delay each.
    fn schedules_cancels(&self) -> bool {
        false
    }

    // A step without a choice may end what others wait for.
    fn wants_every_step(&self) -> bool {
        true
    }

    fn describe(&self) -> (&'static str, Option<u32>) {
        ("delay", Some(self.bound))
    }
}
