//! Preemption bounding at random: tasks run until they wait, but for a few preemptions.
//!
//! Musuvathi and Qadeer, "Iterative context bounding for systematic testing of multithreaded
//! programs", PLDI 2007, bound the same schedules for a search; here they are drawn.

use std::rc::Rc;

use super::changes::Changes;
use super::per_label::PerLabel;
use super::seeded::Policy;
use super::trial::{Trial, key};
use crate::choice::Candidate;
use crate::label::Label;
use crate::rng::Rng;

/// Draws `bound` tasks, each with the number of one of its own steps, and lets these tasks start
/// first. Before that step the task goes behind all others, which run in a random order.
///
/// Most bugs of shared state are a step of one task that others get in front of. Where [`super::Pct`]
/// must hit one of all `k` points of a run with the right task on top, this one must hit the task and
/// one of its steps: with `n` tasks of at most `s` steps, a bug that needs `bound` tasks to be stopped
/// in a certain order, and nothing else, is found with probability at least `1 / (n s)^bound`. It has
/// no other guarantee, and is meant for mixtures.
#[derive(Debug)]
pub struct Preempt {
    bound: u32,
    targets: Vec<Target>,
    states: PerLabel<State>,
    lowest: u64,
    passed: u64,
    patience: u64,
}

#[derive(Clone, Copy, Debug)]
struct Target {
    label: Label,
    step: u32,
}

/// A task or operation of the run.
#[derive(Clone, Copy, Debug, Default)]
struct State {
    priority: u64,
    steps: u32,
}

impl State {
    fn start(rng: &mut Rng, targets: &[Target], label: Label) -> State {
        let priority = match targets.iter().position(|target| target.label == label) {
            // Above all others, the first target first.
            Some(place) => u64::MAX - place as u64,
            None => Changes::first_priority(rng) >> 1 | Changes::LOWERED,
        };
        State { priority, steps: 0 }
    }
}

impl Preempt {
    /// The bound when none is given.
    pub const BOUND: u32 = 2;

    /// So many preemptions in a run.
    #[must_use]
    pub fn new(bound: u32) -> Preempt {
        Preempt {
            bound,
            targets: Vec::new(),
            states: PerLabel::default(),
            lowest: 0,
            passed: 0,
            patience: 0,
        }
    }

    pub(super) fn set_bound(&mut self, bound: u32) {
        self.bound = bound;
    }

    /// Whether the task is to be stopped before the step it is about to take.
    fn is_due(&mut self, label: Label, steps: u32) -> bool {
        let due = |target: &Target| target.label == label && target.step == steps;
        let Some(place) = self.targets.iter().position(due) else {
            return false;
        };
        self.targets.remove(place);
        true
    }
}

impl Policy for Preempt {
    fn begin(&mut self, rng: &mut Rng, _run: u64, trial: &Rc<Trial>) {
        self.targets.clear();
        for _ in 0..self.bound {
            let step = trial.draw_step(rng);
            self.targets
                .extend(step.map(|(label, step)| Target { label, step }));
        }
        self.states.begin();
        self.lowest = Changes::LOWERED;
        self.passed = 0;
        self.patience = trial.patience();
    }

    #[inline]
    fn schedule(&mut self, rng: &mut Rng, candidates: &[Candidate]) -> u32 {
        self.passed += 1;
        if self.passed > self.patience {
            return rng.below(candidates.len() as u32);
        }
        loop {
            let mut best = (State::default(), 0, 0);
            for (index, candidate) in candidates.iter().enumerate() {
                let fresh = || State::start(rng, &self.targets, key(*candidate));
                let place = self.states.place(key(*candidate), fresh);
                let state = *self.states.at(place);
                if state.priority > best.0.priority {
                    best = (state, place, index);
                }
            }
            let (state, place, index) = best;
            if candidates.len() > 1 && self.is_due(key(candidates[index]), state.steps) {
                self.lowest -= 1;
                self.states.at(place).priority = self.lowest;
                continue;
            }
            self.states.at(place).steps += 1;
            return index as u32;
        }
    }

    fn wants_every_step(&self) -> bool {
        true
    }

    fn describe(&self) -> (&'static str, Option<u32>) {
        ("preempt", Some(self.bound))
    }
}
