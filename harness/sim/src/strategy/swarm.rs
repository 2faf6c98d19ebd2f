//! Swarm: every run draws its strategy, its parameters and its injections.
//!
//! Groce, Zhang, Eide, Chen and Regehr, "Swarm testing", ISSTA 2012: many different configurations
//! find more than one that has everything on.

use std::rc::Rc;

use super::seeded::Policy;
use super::trial::Trial;
use super::{Delay, Pct, PctCp, Pos, Preempt, Urw};
use crate::choice::Candidate;
use crate::footprint::Footprint;
use crate::inject::Injections;
use crate::rng::Rng;

/// The default strategy: a mixture of all that draw at random, since none of them is the best on
/// every kind of bug. A bug that one of them finds in `m` runs is found in about `m` over its share.
#[derive(Debug)]
pub struct Swarm {
    drawn: Drawn,
    // Whether all that is allowed is injected, and what less is drawn from.
    has_all: bool,
    word: u64,
    urw: Urw,
    pct: Pct,
    rounds: Pct,
    pctcp: PctCp,
    pos: Pos,
    delay: Delay,
    preempt: Preempt,
}

/// The strategy of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Drawn {
    Random,
    Urw,
    Pct,
    Rounds,
    PctCp,
    Pos,
    Delay,
    Preempt,
}

/// What the runs after the trial draw from, again and again in this order, so that the first few
/// are as different as they can be. Tuned on the bug kernels.
const TURNS: [Drawn; 20] = [
    Drawn::Random,
    Drawn::Preempt,
    Drawn::Preempt,
    Drawn::Urw,
    Drawn::Pct,
    Drawn::Random,
    Drawn::Urw,
    Drawn::Pct,
    Drawn::Random,
    Drawn::Pos,
    Drawn::Urw,
    Drawn::Pct,
    Drawn::Rounds,
    Drawn::Urw,
    Drawn::Random,
    Drawn::Delay,
    Drawn::Urw,
    Drawn::Pct,
    Drawn::Random,
    Drawn::Urw,
];

impl Swarm {
    /// A strategy that has not begun.
    #[must_use]
    pub fn new() -> Swarm {
        Swarm {
            drawn: Drawn::Random,
            has_all: true,
            word: 0,
            urw: Urw::new(),
            pct: Pct::new(1),
            rounds: Pct::in_rounds(1),
            pctcp: PctCp::new(1),
            pos: Pos::new(),
            delay: Delay::new(1),
            preempt: Preempt::new(1),
        }
    }

    /// The policy of the run; `None` for the random walk.
    #[inline]
    fn policy(&mut self) -> Option<&mut dyn Policy> {
        match self.drawn {
            Drawn::Random => None,
            Drawn::Urw => Some(&mut self.urw),
            Drawn::Pct => Some(&mut self.pct),
            Drawn::Rounds => Some(&mut self.rounds),
            Drawn::PctCp => Some(&mut self.pctcp),
            Drawn::Pos => Some(&mut self.pos),
            Drawn::Delay => Some(&mut self.delay),
            Drawn::Preempt => Some(&mut self.preempt),
        }
    }
}

impl Default for Swarm {
    fn default() -> Swarm {
        Swarm::new()
    }
}

impl Policy for Swarm {
    fn begin(&mut self, rng: &mut Rng, run: u64, trial: &Rc<Trial>) {
        let turns = TURNS.len() as u64;
        self.drawn = match TURNS[((run - 1) % turns) as usize] {
            Drawn::Pct if rng.below(4) == 0 => Drawn::PctCp,
            drawn => drawn,
        };
        self.word = rng.next_word();
        self.has_all = run <= turns || rng.below(2) == 0;
        self.pct.set_depth([2, 2, 3, 4][rng.below(4) as usize]);
        self.rounds.set_depth(1 + rng.below(4));
        self.pctcp.set_depth(2 + rng.below(3));
        self.delay.set_bound(1 + rng.below(3));
        self.preempt.set_bound([1, 2, 2, 3][rng.below(4) as usize]);
        if let Some(policy) = self.policy() {
            policy.begin(rng, run, trial);
        }
    }

    #[inline]
    fn schedule(&mut self, rng: &mut Rng, candidates: &[Candidate]) -> u32 {
        match self.policy() {
            Some(policy) => policy.schedule(rng, candidates),
            None => rng.below(candidates.len() as u32),
        }
    }

    fn schedules_cancels(&self) -> bool {
        self.drawn != Drawn::Delay
    }

    fn wants_footprints(&self) -> bool {
        self.drawn == Drawn::Pos
    }

    fn wants_every_step(&self) -> bool {
        match self.drawn {
            Drawn::Random => false,
            Drawn::Urw => self.urw.wants_every_step(),
            Drawn::Pct => self.pct.wants_every_step(),
            Drawn::Rounds => self.rounds.wants_every_step(),
            Drawn::PctCp => self.pctcp.wants_every_step(),
            Drawn::Pos => self.pos.wants_every_step(),
            Drawn::Delay => self.delay.wants_every_step(),
            Drawn::Preempt => self.preempt.wants_every_step(),
        }
    }

    #[inline]
    fn step_ended(&mut self, step: Candidate, footprint: &Footprint) {
        if self.drawn == Drawn::Pos {
            self.pos.step_ended(step, footprint);
        }
    }

    /// The first runs and half of the later ones have all that is allowed; in the others each kind is
    /// off in half of them, and has a smaller budget in some.
    fn injections(&self, allowed: Injections) -> Injections {
        if self.has_all {
            return allowed;
        }
        let mut rng = Rng::new(self.word);
        let mut less = |budget: u32| match rng.below(4) {
            0 | 1 => 0,
            2 if budget > 1 => 1 + rng.below(budget),
            _ => budget,
        };
        Injections {
            // Whether operations suspend at all decides what can happen, not how often.
            pending_polls: less(allowed.pending_polls).max(allowed.pending_polls.min(1)),
            delay_multiples: less(allowed.delay_multiples),
            spurious_polls: less(allowed.spurious_polls),
            early_completions: less(allowed.early_completions),
            never_completions: less(allowed.never_completions),
            faults: less(allowed.faults),
            cancels: less(allowed.cancels),
            drops: less(allowed.drops),
        }
    }

    fn describe(&self) -> (&'static str, Option<u32>) {
        ("swarm", None)
    }
}
