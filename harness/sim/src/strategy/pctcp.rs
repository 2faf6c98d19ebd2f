//! PCTCP: PCT for message passing, where chains of causally ordered steps have the priorities.
//!
//! Ozkan, Majumdar, Niksic, Befrouei and Weissenbacher, "Randomized testing of distributed systems
//! with probabilistic guarantees", OOPSLA 2018; the chains are made online as in Agarwal and Garg,
//! "Efficient dependency tracking for relevant events in shared-memory systems", PODC 2005.

use std::rc::Rc;

use super::changes::Changes;
use super::per_label::PerLabel;
use super::seeded::Policy;
use super::trial::{Trial, key};
use crate::choice::Candidate;
use crate::rng::Rng;

/// Chains of one run. More than these are not told apart.
const MOST: usize = 64;

/// A step comes after the one before it of the same task, and after the step that made its task
/// ready. Each step is put at the end of a chain of steps that come after one another, every chain
/// has a random priority, and the highest goes first. At `depth - 1` random points the priority of
/// the chain that would go first becomes lower than all first ones.
///
/// With at most `w` steps that could all be next, there are at most `w (w + 1) / 2` chains, and a
/// run of `n` steps shows a bug that `depth` orderings make certain with probability at least
/// `1 / (w^2 n^(depth - 1))`: the number of tasks and operations does not matter, as it does for
/// [`super::Pct`].
#[derive(Debug)]
pub struct PctCp {
    depth: u32,
    changes: Changes,
    chains: Chains,
    steps: PerLabel<Step>,
    // The time of each step by its place in `steps`: how far along each chain it comes after.
    times: Vec<[u32; MOST]>,
    point: u64,
    // The last step, and its time.
    last: Option<usize>,
    cause: [u32; MOST],
}

/// The next step of a task or operation.
#[derive(Clone, Copy, Debug, Default)]
struct Step {
    // The last point that had it among its candidates; 0 for none.
    point: u64,
    chain: usize,
}

impl PctCp {
    /// The depth when none is given.
    pub const DEPTH: u32 = 3;

    /// Looks for bugs of this depth (at least 1).
    #[must_use]
    pub fn new(depth: u32) -> PctCp {
        PctCp {
            depth: depth.max(1),
            changes: Changes::default(),
            chains: Chains::default(),
            steps: PerLabel::default(),
            times: Vec::new(),
            point: 0,
            last: None,
            cause: [0; MOST],
        }
    }

    pub(super) fn set_depth(&mut self, depth: u32) {
        self.depth = depth;
    }

    /// The place of the candidate's step, which is put into a chain when it is new.
    #[inline]
    fn meet(&mut self, rng: &mut Rng, candidate: Candidate) -> usize {
        let place = self.steps.place(key(candidate), Step::default);
        if place >= self.times.len() {
            self.times.resize(place + 1, [0; MOST]);
        }
        let point = self.point;
        let step = self.steps.at(place);
        let was_there = step.point != 0 && step.point + 1 == point && self.last != Some(place);
        if step.point == 0 {
            self.times[place] = [0; MOST];
        }
        step.point = point;
        if !was_there {
            let time = &mut self.times[place];
            for (own, cause) in time.iter_mut().zip(&self.cause) {
                *own = (*own).max(*cause);
            }
            step.chain = self.chains.extend(rng, time);
        }
        place
    }
}

impl Policy for PctCp {
    fn begin(&mut self, rng: &mut Rng, _run: u64, trial: &Rc<Trial>) {
        let count = trial.draw_points(rng);
        self.changes.begin(rng, trial, self.depth, count);
        self.chains.clear();
        self.steps.begin();
        self.point = 0;
        self.last = None;
        self.cause = [0; MOST];
    }

    #[inline]
    fn schedule(&mut self, rng: &mut Rng, candidates: &[Candidate]) -> u32 {
        self.point += 1;
        let mut best = (0, 0, 0);
        for (index, candidate) in candidates.iter().enumerate() {
            let place = self.meet(rng, *candidate);
            let priority = self.chains.priorities[self.steps.at(place).chain];
            if priority > best.0 {
                best = (priority, place, index as u32);
            }
        }
        let (_, mut place, mut pick) = best;
        if candidates.len() > 1 {
            if self.changes.pass() {
                while let Some(priority) = self.changes.lower() {
                    let chain = self.steps.at(place).chain;
                    self.chains.priorities[chain] = priority;
                    (place, pick) = self.highest(candidates);
                }
            } else {
                pick = rng.below(candidates.len() as u32);
                place = self.known(candidates[pick as usize]);
            }
        }
        self.last = Some(place);
        self.cause = self.times[place];
        pick
    }

    fn wants_every_step(&self) -> bool {
        true
    }

    fn describe(&self) -> (&'static str, Option<u32>) {
        ("pctcp", Some(self.depth))
    }
}

impl PctCp {
    fn known(&mut self, candidate: Candidate) -> usize {
        self.steps.place(key(candidate), Step::default)
    }

    #[cold]
    fn highest(&mut self, candidates: &[Candidate]) -> (usize, u32) {
        let mut best = (0, 0, 0);
        for (index, candidate) in candidates.iter().enumerate() {
            let place = self.known(*candidate);
            let priority = self.chains.priorities[self.steps.at(place).chain];
            if priority > best.0 {
                best = (priority, place, index as u32);
            }
        }
        (best.1, best.2)
    }
}

/// The chains, in sets of which the `i`-th (from 0) has at most `i + 1`.
#[derive(Debug, Default)]
struct Chains {
    priorities: Vec<u64>,
    // How many steps each chain has.
    lengths: Vec<u32>,
    sets: Vec<Vec<usize>>,
    // How many of the sets are in use; the others keep their capacity.
    used: usize,
}

impl Chains {
    fn clear(&mut self) {
        self.priorities.clear();
        self.lengths.clear();
        for set in &mut self.sets[..self.used] {
            set.clear();
        }
        self.used = 0;
    }

    /// Puts a step that comes after all of `time` at the end of a chain; counts it there and in its
    /// own time.
    #[inline]
    fn extend(&mut self, rng: &mut Rng, time: &mut [u32; MOST]) -> usize {
        let chain = self.find(rng, time);
        self.lengths[chain] += 1;
        time[chain] = self.lengths[chain];
        chain
    }

    fn find(&mut self, rng: &mut Rng, time: &[u32; MOST]) -> usize {
        for index in 0..self.used {
            let set = &self.sets[index];
            // The end of a chain comes before the step when the step knows all of the chain.
            let after = |chain: &usize| time[*chain] >= self.lengths[*chain];
            if let Some(at) = set.iter().position(after) {
                let chain = set[at];
                if index > 0 {
                    // This keeps the ends of the sets before in reach of what comes: the others of
                    // this set change places with the set before.
                    let (before, from) = self.sets.split_at_mut(index);
                    let (before, set) = (&mut before[index - 1], &mut from[0]);
                    set.swap_remove(at);
                    std::mem::swap(before, set);
                    set.push(chain);
                }
                return chain;
            }
            if set.len() <= index {
                return self.add(rng, index);
            }
        }
        if self.priorities.len() == MOST {
            // No more can be told apart: any chain will do, and is none from here on.
            return rng.below(MOST as u32) as usize;
        }
        if self.used == self.sets.len() {
            self.sets.push(Vec::new());
        }
        self.used += 1;
        self.add(rng, self.used - 1)
    }

    fn add(&mut self, rng: &mut Rng, set: usize) -> usize {
        if self.priorities.len() == MOST {
            return rng.below(MOST as u32) as usize;
        }
        let chain = self.priorities.len();
        self.priorities.push(Changes::first_priority(rng));
        self.lengths.push(0);
        self.sets[set].push(chain);
        chain
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_follows_from_one_another_is_one_chain() {
        let (mut chains, mut rng) = (Chains::default(), Rng::new(1));
        let mut time = [0; MOST];
        for _ in 0..100 {
            // A step of a new task each time, made ready by the one before.
            assert_eq!(chains.extend(&mut rng, &mut time), 0);
        }
        // Another that knows nothing of them starts a chain of its own.
        assert_eq!(chains.extend(&mut rng, &mut [0; MOST]), 1);
    }

    #[test]
    fn chains_are_ordered_and_few() {
        for seed in 0..200 {
            let mut rng = Rng::new(seed);
            let width = 1 + rng.below(5) as usize;
            let mut chains = Chains::default();
            let mut times = vec![[0; MOST]; width];
            let mut ends: Vec<[u32; MOST]> = Vec::new();
            for _ in 0..200 {
                // One of so many tasks takes a step, often after hearing of another's last.
                let task = rng.below(width as u32) as usize;
                let other = times[rng.below(width as u32) as usize];
                if rng.below(2) == 0 {
                    for (own, heard) in times[task].iter_mut().zip(other) {
                        *own = (*own).max(heard);
                    }
                }
                let before = times[task];
                let chain = chains.extend(&mut rng, &mut times[task]);
                if chain == ends.len() {
                    ends.push([0; MOST]);
                }
                // The step comes after the end of its chain and all that this came after.
                assert!(ends[chain].iter().zip(before).all(|(end, own)| *end <= own));
                ends[chain] = times[task];
            }
            assert!(
                ends.len() <= width * (width + 1) / 2,
                "{} of {width}",
                ends.len()
            );
        }
    }
}
