//! URW: a random walk in which all interleavings are equally likely.
//!
//! Zhao, Wolff, Mathur and Roychoudhury, "Selectively uniform concurrency testing", ASPLOS 2025.

use std::rc::Rc;

use super::seeded::Policy;
use super::trial::{Trial, key};
use crate::choice::Candidate;
use crate::rng::Rng;

/// Each candidate is taken with a probability proportional to the number of steps that are still to
/// come of it, and of what it will spawn, as counted in the trial.
///
/// For tasks that never wait for each other every interleaving has the same probability, one over
/// their number, where a plain random walk prefers those that finish short tasks late. Waiting and
/// steps that the trial did not have make it approximate.
#[derive(Debug, Default)]
pub struct Urw {
    trial: Rc<Trial>,
    // All by the trial's nodes: steps with those of everything first seen below, the same without
    // what has been seen and done in this run, and the number of the last point with the node in it.
    whole: Vec<u32>,
    left: Vec<u32>,
    met: Vec<u64>,
    point: u64,
    // The nodes and weights of the candidates.
    found: Vec<Option<u32>>,
    weights: Vec<u32>,
}

impl Urw {
    /// A walk that knows nothing yet.
    #[must_use]
    pub fn new() -> Urw {
        Urw::default()
    }

    /// Adds every node's steps to its parent's.
    fn count(&mut self, trial: &Rc<Trial>) {
        self.trial = Rc::clone(trial);
        self.whole.clear();
        self.whole
            .extend(trial.nodes().iter().map(|node| node.steps));
        for (index, node) in trial.nodes().iter().enumerate().rev() {
            if let Some(parent) = node.parent {
                self.whole[parent as usize] += self.whole[index];
            }
        }
    }

    /// What the candidate whose node this is stands for.
    fn weight(&self, node: Option<u32>) -> u32 {
        let Some(node) = node else { return 1 };
        let facts = &self.trial.nodes()[node as usize];
        let own = self.left[node as usize];
        match facts.parent {
            // Whoever waits for the operation can go on when it is delivered.
            Some(task) if facts.is_operation && self.met[task as usize] != self.point => {
                own.saturating_add(self.left[task as usize])
            }
            Some(_) | None => own,
        }
    }
}

impl Policy for Urw {
    fn begin(&mut self, _rng: &mut Rng, _run: u64, trial: &Rc<Trial>) {
        if !Rc::ptr_eq(trial, &self.trial) {
            self.count(trial);
        }
        self.left.clone_from(&self.whole);
        self.met.clear();
        self.met.resize(self.whole.len(), 0);
        self.point = 0;
    }

    #[inline]
    fn schedule(&mut self, rng: &mut Rng, candidates: &[Candidate]) -> u32 {
        self.point += 1;
        self.found.clear();
        for candidate in candidates {
            let node = self.trial.find(key(*candidate));
            self.found.push(node);
            let Some(node) = node else { continue };
            let met = std::mem::replace(&mut self.met[node as usize], self.point);
            if met == 0
                && let Some(parent) = self.trial.nodes()[node as usize].parent
            {
                // From here on it stands for itself.
                let left = &mut self.left[parent as usize];
                *left = left.saturating_sub(self.whole[node as usize]).max(1);
            }
        }
        let pick = if candidates.len() == 1 {
            0
        } else {
            self.draw(rng)
        };
        if let Some(node) = self.found[pick as usize] {
            let left = &mut self.left[node as usize];
            *left = left.saturating_sub(1).max(1);
        }
        pick
    }

    fn wants_every_step(&self) -> bool {
        true
    }

    fn describe(&self) -> (&'static str, Option<u32>) {
        ("urw", None)
    }
}

impl Urw {
    fn draw(&mut self, rng: &mut Rng) -> u32 {
        self.weights.clear();
        let mut sum = 0_u32;
        for index in 0..self.found.len() {
            let weight = self.weight(self.found[index]);
            self.weights.push(weight);
            sum = sum.saturating_add(weight);
        }
        let mut drawn = rng.below(sum);
        for (index, weight) in self.weights.iter().enumerate() {
            if drawn < *weight {
                return index as u32;
            }
            drawn -= weight;
        }
        0
    }
}
