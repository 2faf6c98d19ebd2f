//! POS: partial order sampling.
//!
//! Yuan, Yang and Gu, "Partial order aware concurrency sampling", CAV 2018.

use std::rc::Rc;

use super::per_label::PerLabel;
use super::seeded::Policy;
use super::trial::{Trial, key};
use crate::choice::Candidate;
use crate::footprint::Footprint;
use crate::rng::Rng;

/// Every step that could be next has a random priority of its own, and the highest goes first; the
/// steps that race with it then get new priorities. So the order of two steps that conflict does
/// not depend on how many others come between them.
///
/// What a step will touch is taken from the step of the same number of the same task in the trial;
/// a step that the trial did not have races with everything. Where every access is in the
/// footprints, the probability of a partial order has the paper's lower bound, in which the numbers
/// of tasks and of races stand, but not the length of the run. Accesses that no footprint shows
/// leave the priorities as they are, which is the paper's basic form.
#[derive(Debug, Default)]
pub struct Pos {
    trial: Rc<Trial>,
    steps: PerLabel<Step>,
    point: u64,
    // The places of the other candidates of the last point.
    pending: Vec<usize>,
}

/// The next step of a task or operation.
#[derive(Clone, Copy, Debug, Default)]
struct Step {
    // The last point that had it among its candidates; 0 when it needs a new priority.
    point: u64,
    priority: u64,
    node: Option<u32>,
    // How many steps its task has taken.
    taken: u32,
}

impl Pos {
    /// A strategy that has not begun.
    #[must_use]
    pub fn new() -> Pos {
        Pos::default()
    }
}

impl Policy for Pos {
    fn begin(&mut self, _rng: &mut Rng, _run: u64, trial: &Rc<Trial>) {
        self.trial = Rc::clone(trial);
        self.steps.begin();
        self.point = 0;
        self.pending.clear();
    }

    #[inline]
    fn schedule(&mut self, rng: &mut Rng, candidates: &[Candidate]) -> u32 {
        self.point += 1;
        self.pending.clear();
        let mut best = (0, 0, 0);
        for (index, candidate) in candidates.iter().enumerate() {
            let place = self.steps.place(key(*candidate), || Step {
                node: self.trial.find(key(*candidate)),
                ..Step::default()
            });
            self.pending.push(place);
            let step = self.steps.at(place);
            if step.point == 0 || step.point + 1 != self.point {
                step.priority = rng.next_word() | 1;
            }
            step.point = self.point;
            if step.priority > best.0 {
                best = (step.priority, place, index);
            }
        }
        let (_, place, index) = best;
        self.pending.swap_remove(index);
        let step = self.steps.at(place);
        step.point = 0;
        step.taken += 1;
        index as u32
    }

    fn wants_every_step(&self) -> bool {
        true
    }

    fn wants_footprints(&self) -> bool {
        true
    }

    #[inline]
    fn step_ended(&mut self, _step: Candidate, footprint: &Footprint) {
        for &place in &self.pending {
            let step = self.steps.at(place);
            let next = step.node.and_then(|node| {
                let footprints = &self.trial.nodes()[node as usize].footprints;
                footprints.get(step.taken as usize)
            });
            if next.is_none_or(|next| next.conflicts(footprint)) {
                step.point = 0;
            }
        }
    }

    fn describe(&self) -> (&'static str, Option<u32>) {
        ("pos", None)
    }
}
