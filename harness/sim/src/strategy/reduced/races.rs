//! Which steps of a run race with each other, and where some other branch must lead because of it.

use std::cmp::Ordering;
use std::rc::Rc;

use super::Reduced;
use super::node::{Asleep, Detour, Node};
use crate::footprint::Object;
use crate::label::Label;

/// The detours of a run have about so many pairs of steps in all, at most, since each pair is looked at:
/// those of long runs are cut.
const MOST_PAIRS: usize = 1 << 24;

/// Kept for its capacity.
#[derive(Debug, Default)]
pub(super) struct Races {
    pub(super) immediate: Vec<usize>,
    // The clock that steps seen so far give the last one, but those that only let it come.
    known: Vec<u32>,
    // By process: its steps in this run, and how many of them a node and what is before it have.
    steps: Vec<Vec<usize>>,
    counts: Vec<usize>,
    met: Vec<usize>,
}

impl Reduced {
    /// Computes the vector clock of the step at `at`, and the steps that it races with.
    pub(super) fn order(&mut self, at: usize) {
        let (earlier, later) = self.nodes.split_at_mut(at);
        let node = &mut later[0];
        let races = &mut self.races;
        races.immediate.clear();
        node.ended = true;
        node.clock.clear();
        node.clock.resize(self.labels.len(), 0);
        let process = node.process;
        races.known.clear();
        races.known.resize(self.labels.len(), 0);
        for (index, before) in earlier.iter().enumerate().rev() {
            let is_own = before.process == process;
            // Known to come before through a step in between?
            let count = before.clock[before.process as usize];
            if races.known[before.process as usize] >= count {
                continue;
            }
            if !is_own && !before.footprint.conflicts(&node.footprint) {
                continue;
            }
            join(&mut node.clock, &before.clock);
            if before.footprint.outranks(&node.footprint) {
                // It had to come first, but what made it ready need not have.
                continue;
            }
            join(&mut races.known, &before.clock);
            if !is_own {
                races.immediate.push(index);
            }
        }
        if let Some(own) = node.clock.get_mut(process as usize) {
            *own += 1;
        }
    }

    /// The run is over: lets some branch lead to each run in which one of its races goes the other way.
    pub(super) fn reverse_all(&mut self) {
        let steps = &mut self.races.steps;
        steps.resize_with(self.labels.len(), Vec::new);
        for steps in steps.iter_mut() {
            while steps.pop_if(|at| *at >= self.fresh).is_some() {}
        }
        for (at, node) in self.nodes.iter().enumerate().skip(self.fresh) {
            steps[node.process as usize].push(at);
        }
        for second in 0..self.nodes.len() {
            for race in 0..self.nodes[second].races.len() {
                self.reverse(self.nodes[second].races[race], second);
            }
        }
    }

    /// The steps at `first` and `second` depend on each other and nothing in between orders them: some
    /// branch of the first's node must lead to where the second comes without the first.
    ///
    /// All steps of the run that do not follow the first could come before the second then, also those
    /// that have come after it: the second may touch other things in its new place.
    fn reverse(&mut self, first: usize, second: usize) {
        let most = (MOST_PAIRS / self.nodes.len()).isqrt().clamp(16, 4_096);
        let (head, tail) = self.nodes.split_at_mut(first + 1);
        let (node, races) = (&mut head[first], &mut self.races);
        let tail = |at: usize| &tail[at - first - 1];
        let (process, own_count) = (node.process, node.clock[node.process as usize]);
        races.counts.clear();
        let counts = races.steps.iter();
        races
            .counts
            .extend(counts.map(|steps| steps.partition_point(|at| *at <= first)));
        let follows = |at: usize| tail(at).count(process) >= own_count;
        let next = |other: usize| {
            let next = races.steps[other].get(races.counts[other]);
            next.copied().filter(|at| !follows(*at))
        };
        // Whoever may be first has no step before it among those.
        let is_initial = |other: u32| {
            let Some(at) = next(other as usize) else {
                return false;
            };
            let before = tail(at).clock.iter().zip(&races.counts).enumerate();
            let mut before = before.filter(|(process, _)| *process != other as usize);
            before.all(|(_, (known, here))| *known as usize <= *here)
        };
        if node.known().any(is_initial) {
            return;
        }
        let is_alone = (0..races.steps.len()).all(|other| next(other).is_none());
        races.met.clear();
        if !is_alone {
            for (steps, count) in races.steps.iter().zip(&races.counts) {
                let later = &steps[*count..];
                let met = later.partition_point(|at| !follows(*at));
                races.met.extend_from_slice(&later[..met.min(most + 1)]);
            }
            races.met.sort_unstable();
        }
        let is_cut = races.met.len() > most;
        races.met.truncate(most);
        let step_at = |at: usize| Asleep {
            process: tail(at).process,
            footprint: Rc::clone(&tail(at).footprint),
        };
        node.go_round(Detour {
            steps: races.met.iter().map(|at| step_at(*at)).collect(),
            is_cut,
            last: step_at(second),
        });
    }
}

fn join(clock: &mut [u32], other: &[u32]) {
    for (mine, theirs) in clock.iter_mut().zip(other) {
        *mine = (*mine).max(*theirs);
    }
}

/// Whether `step`, the next after `nodes`, could come before the one of the node at `first`, which it
/// races with, after those in between that do not follow it.
pub(super) fn could_come(nodes: &[Node], first: usize, step: &Node, labels: &[Label]) -> bool {
    let node = &nodes[first];
    if node.enabled.contains(&step.process) {
        return true;
    }
    let object: Object = labels[step.process as usize].into();
    let own_count = node.clock[node.process as usize];
    let wakes = |at: usize, waker: &Node| match at.cmp(&first) {
        // It was ready already, and only waited for those of a more urgent class.
        Ordering::Less => waker.footprint.wakes(object, true),
        Ordering::Equal => false,
        // The last of those that are waited for together wakes only after all others.
        Ordering::Greater => {
            let footprint = &waker.footprint;
            waker.count(node.process) < own_count
                && footprint.wakes(object, !node.footprint.gathers_with(footprint))
        }
    };
    // Only what has woken it since its last step counts, or in that.
    let before = nodes.iter().enumerate().rev();
    for (at, waker) in before {
        if wakes(at, waker) {
            return true;
        }
        if waker.process == step.process {
            break;
        }
    }
    false
}
