//! Random strategies: a seed, a trial, trouble, and a policy that only schedules.

use std::fmt;
use std::rc::Rc;

use super::trial::{Trial, plain};
use super::trouble::Trouble;
use super::{Description, Pct, Strategy};
use crate::choice::{Action, Candidate, Kind, Point};
use crate::footprint::Footprint;
use crate::inject::Injections;
use crate::rng::Rng;

/// A way to pick the next step at random; the rest is the same for all: see [`Seeded`].
pub trait Policy: fmt::Debug {
    /// Prepares run number `run`, which is not 0.
    fn begin(&mut self, rng: &mut Rng, run: u64, trial: &Rc<Trial>);

    /// Picks one of the candidates, all of them steps. There are at least two, unless the policy
    /// wants every step.
    fn schedule(&mut self, rng: &mut Rng, candidates: &[Candidate]) -> u32;

    /// Whether cancels may be among the candidates, as steps of somebody who cancels. They are in
    /// most runs; in the others, or when this is false, they strike now and then like faults.
    fn schedules_cancels(&self) -> bool {
        true
    }

    /// Whether [`Policy::schedule`] is asked where there is one candidate too.
    fn wants_every_step(&self) -> bool {
        false
    }

    /// Whether [`Policy::step_ended`] is called.
    fn wants_footprints(&self) -> bool {
        false
    }

    /// A step has ended, and has touched this.
    fn step_ended(&mut self, _step: Candidate, _footprint: &Footprint) {}

    /// What may be injected in the run that has just begun, out of what is `allowed`.
    fn injections(&self, allowed: Injections) -> Injections {
        allowed
    }

    /// The name, as the command line spells it, and the depth of the bugs it looks for.
    fn describe(&self) -> (&'static str, Option<u32>);
}

/// A strategy that draws at random: run 0 lets the oldest task go first, and tells the later runs the
/// size of the program; these are scheduled by `P`. A run depends on nothing but the seed, its number
/// and run 0.
#[derive(Debug)]
pub struct Seeded<P> {
    seed: u64,
    rng: Rng,
    trial: Rc<Trial>,
    is_trial: bool,
    first: Pct,
    trouble: Trouble,
    cancels: Cancels,
    // Candidates without the cancels that are not to be among them, and their indices.
    offered: Vec<Candidate>,
    indices: Vec<u32>,
    policy: P,
}

/// How cancels are chosen in a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cancels {
    /// They strike now and then, like faults.
    ByChance,
    /// They are steps of somebody who cancels.
    AsSteps,
    /// The same, but only while the task that they strike is ready: most harm is done where it has
    /// been woken and does not take its step.
    OfReady,
}

impl<P: Policy> Seeded<P> {
    /// The runs of `policy` under `seed`.
    #[must_use]
    pub fn new(seed: u64, policy: P) -> Seeded<P> {
        Seeded {
            seed,
            rng: Rng::stream(seed, 0),
            trial: Rc::default(),
            is_trial: false,
            first: Pct::oldest_first(),
            trouble: Trouble::default(),
            cancels: Cancels::ByChance,
            offered: Vec::new(),
            indices: Vec::new(),
            policy,
        }
    }

    /// What run 0 has told.
    pub(super) fn trial(&self) -> &Trial {
        &self.trial
    }

    #[cold]
    fn try_out(&mut self, point: &Point<'_>) -> u32 {
        // Nobody else holds the trial while it is being made.
        let Some(trial) = Rc::get_mut(&mut self.trial) else {
            return 0;
        };
        match point.kind {
            Kind::Run => {
                let plain = plain(point.candidates, false);
                let candidates = &point.candidates[..plain as usize];
                let pick = self.first.schedule(&mut self.rng, candidates);
                trial.note(point, plain, pick);
                pick
            }
            Kind::Pick => self.rng.below(point.candidates.len() as u32),
            kind => {
                trial.count(kind);
                0
            }
        }
    }
}

impl<P: Policy> Seeded<P> {
    /// Schedules without the cancels of tasks that are not ready.
    fn schedule_of_ready(&mut self, candidates: &[Candidate]) -> u32 {
        self.offered.clear();
        self.indices.clear();
        for (index, candidate) in candidates.iter().enumerate() {
            if candidate.action == Action::Cancel
                && let Some(task) = self.trial.struck(candidate.label)
            {
                let is_step = |one: &&Candidate| one.action == Action::Run;
                if !candidates
                    .iter()
                    .filter(is_step)
                    .any(|one| one.label == task)
                {
                    continue;
                }
            }
            self.offered.push(*candidate);
            self.indices.push(index as u32);
        }
        if self.offered.len() == 1 && !self.policy.wants_every_step() {
            return self.indices[0];
        }
        let pick = self.policy.schedule(&mut self.rng, &self.offered);
        self.indices[pick as usize]
    }
}

impl<P: Policy> Strategy for Seeded<P> {
    fn begin(&mut self, run: u64) -> bool {
        self.rng = Rng::stream(self.seed, run);
        self.is_trial = run == 0;
        if self.is_trial {
            self.trial = Rc::default();
            self.first.begin(&mut self.rng, run, &self.trial);
        } else {
            self.trouble.begin(&mut self.rng, &self.trial);
            self.policy.begin(&mut self.rng, run, &self.trial);
            self.cancels = match self.rng.below(16) {
                _ if !self.policy.schedules_cancels() => Cancels::ByChance,
                0 => Cancels::ByChance,
                1..=10 => Cancels::AsSteps,
                _ => Cancels::OfReady,
            };
        }
        true
    }

    #[inline]
    fn choose(&mut self, point: &Point<'_>) -> u32 {
        if self.is_trial {
            return self.try_out(point);
        }
        if point.kind != Kind::Run {
            return self.trouble.answer(&mut self.rng, point);
        }
        let plain = plain(point.candidates, self.cancels != Cancels::ByChance);
        if let Some(strike) = self.trouble.strike(&mut self.rng, point, plain) {
            return strike;
        }
        if plain == 1 && !self.policy.wants_every_step() {
            return 0;
        }
        let candidates = &point.candidates[..plain as usize];
        if self.cancels == Cancels::OfReady
            && candidates[plain as usize - 1].action == Action::Cancel
        {
            return self.schedule_of_ready(candidates);
        }
        self.policy.schedule(&mut self.rng, candidates)
    }

    fn wants_footprints(&self) -> bool {
        self.is_trial || self.policy.wants_footprints()
    }

    fn wants_every_step(&self) -> bool {
        self.is_trial || self.policy.wants_every_step()
    }

    fn wants_trial(&self) -> bool {
        !self.trial.was_made()
    }

    fn step_ended(&mut self, step: Candidate, footprint: &Footprint) {
        if !self.is_trial {
            self.policy.step_ended(step, footprint);
        } else if let Some(trial) = Rc::get_mut(&mut self.trial) {
            trial.step_ended(step, footprint);
        }
    }

    fn injections(&self, allowed: Injections) -> Injections {
        if self.is_trial {
            allowed
        } else {
            self.policy.injections(allowed)
        }
    }

    fn describe(&self) -> Description {
        let (name, depth) = self.policy.describe();
        Description {
            seed: Some(self.seed),
            depth,
            ..Description::named(name)
        }
    }
}
