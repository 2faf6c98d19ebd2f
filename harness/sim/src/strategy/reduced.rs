//! Exhaustive search with partial-order reduction: one run of each partial order of dependent steps.
//!
//! Source-DPOR with sleep sets (Abdulla, Aronsson, Jonsson and Sagonas, "Optimal dynamic partial
//! order reduction", POPL 2014): each run shows which of its dependent steps could have come the
//! other way round, and only for those is another branch added; what a finished branch has shown
//! sleeps in its later siblings until a dependent step comes.
//!
//! A process is a task, an operation under way, whose one step is its delivery, or anything else that
//! can be a candidate of a scheduling point. All other choices are data of the step in which they
//! are made, and all their values are tried. The passing of time depends on everything and is never
//! the other way round: it comes only when nothing else can.
//!
//! What is proven is as true as the footprints: state that tasks share and no footprint tells of is
//! not seen. The plain search, [`super::Exhaustive`], needs none and checks this one.

use std::rc::Rc;

use rustc_hash::FxHashMap;

use super::replay::key;
use super::{ABANDON, Description, Ended, Strategy};
use crate::choice::{Action, Candidate, Kind, Point};
use crate::divergence::Divergence;
use crate::footprint::{Footprint, Object};
use crate::label::Label;

/// A depth-first search over the partial orders of a program.
#[derive(Debug, Default)]
pub struct Reduced {
    processes: FxHashMap<(u64, u8), u32>,
    labels: Vec<Label>,
    nodes: Vec<Node>,
    // Nodes of branches that are done, kept for their capacity.
    spare: Vec<Node>,
    // Where the run is: nodes and data choices that it has passed.
    depth: usize,
    datum: usize,
    // The first node whose step is not the same as in the run before.
    fresh: usize,
    races: Races,
    started: bool,
    done: bool,
    cut_short: bool,
    redundant: bool,
    // Whether the next run is the first of a new search.
    anew: bool,
    divergence: Option<Divergence>,
}

/// A scheduling point of the current branch, and the step that was chosen there.
#[derive(Debug, Default)]
struct Node {
    enabled: Vec<u32>,
    /// Branches that earlier siblings of this branch, or of those above, have shown.
    sleep: Vec<Asleep>,
    /// Branches of this node that are finished.
    finished: Vec<Asleep>,
    /// Branches that must be taken.
    wanted: Vec<u32>,
    process: u32,
    /// What the step touched in this run, and in all runs of this branch.
    footprint: Footprint,
    touched: Footprint,
    /// Reversals that hold only if a branch shows that it commutes with others.
    pending: Vec<Pending>,
    /// Data choices within the step.
    data: Vec<Datum>,
    /// How many steps of each process come before the step or are it: its vector clock.
    clock: Vec<u32>,
    /// Whether the clock and races of the step are known.
    ended: bool,
}

#[derive(Clone, Debug)]
struct Asleep {
    process: u32,
    footprint: Rc<Footprint>,
}

/// A race whose second step is to come first. What that step touches then is known only when it was
/// run there: if it does not commute with those that it met on the way, one of these must come first.
#[derive(Clone, Debug)]
struct Pending {
    process: u32,
    met: Footprint,
    instead: Vec<u32>,
}

#[derive(Clone, Copy, Debug)]
struct Datum {
    pick: u32,
    count: u32,
}

/// Kept for its capacity.
#[derive(Debug, Default)]
struct Races {
    immediate: Vec<usize>,
    // The clock that steps seen so far give the last one, but those that only let it come.
    known: Vec<u32>,
    met: Vec<usize>,
    initials: Vec<u32>,
}

impl Reduced {
    /// A search that has not begun.
    #[must_use]
    pub fn new() -> Reduced {
        Reduced::default()
    }

    fn process(&mut self, candidate: Candidate) -> u32 {
        let labels = &mut self.labels;
        let next = labels.len() as u32;
        *self.processes.entry(key(candidate)).or_insert_with(|| {
            labels.push(candidate.label);
            next
        })
    }

    fn schedule(&mut self, point: &Point<'_>) -> u32 {
        if self.divergence.is_some() {
            return 0;
        }
        self.finish_step();
        let at = self.depth;
        if at < self.nodes.len() {
            return self.follow(point, at);
        }
        let mut node = self.spare.pop().unwrap_or_default();
        node.clear();
        for candidate in point.candidates {
            let process = self.process(*candidate);
            node.enabled.push(process);
            if candidate.action == Action::Spurious {
                // Nothing ever waits for it to happen, so no race would show its place.
                node.wanted.push(process);
            }
        }
        if let Some(before) = self.nodes.last_mut() {
            before.pass_on(&mut node.sleep);
            before.want_disabled(&node.enabled);
        }
        let asleep = |process: &u32| node.sleep.iter().any(|a| a.process == *process);
        let Some(pick) = node.enabled.iter().position(|process| !asleep(process)) else {
            self.spare.push(node);
            self.redundant = true;
            return ABANDON;
        };
        node.process = node.enabled[pick];
        node.want(node.process);
        self.nodes.push(node);
        self.depth += 1;
        self.datum = 0;
        pick as u32
    }

    /// The prefix of the run before, up to where the search went on.
    fn follow(&mut self, point: &Point<'_>, at: usize) -> u32 {
        let processes = &self.processes;
        let node = &mut self.nodes[at];
        let known = |(candidate, process): (&Candidate, &u32)| {
            processes.get(&key(*candidate)) == Some(process)
        };
        let is_same = node.enabled.len() == point.candidates.len()
            && point.candidates.iter().zip(&node.enabled).all(known);
        let pick = node.enabled.iter().position(|p| *p == node.process);
        let Some(pick) = pick.filter(|_| is_same) else {
            let expected = node.enabled.len() as u32;
            return self.changed(point, expected);
        };
        self.depth += 1;
        self.datum = 0;
        pick as u32
    }

    /// The prefix was the same, so the program has a source of nondeterminism that is not ours.
    fn changed(&mut self, point: &Point<'_>, expected: u32) -> u32 {
        self.cut_short = true;
        self.nodes.truncate(self.depth.max(1));
        self.divergence
            .get_or_insert_with(|| Divergence::unrepeatable(point, expected));
        ABANDON
    }

    fn datum(&mut self, point: &Point<'_>) -> u32 {
        let count = point.candidates.len() as u32;
        if self.depth == 0 {
            // A choice before the first step is data of a step that touches nothing.
            if self.nodes.is_empty() {
                let process = self.process(Candidate::keep(Label(0)));
                let mut node = Node::default();
                node.enabled.push(process);
                node.process = process;
                self.nodes.push(node);
            }
            self.depth = 1;
        }
        let at = self.datum;
        let node = &mut self.nodes[self.depth - 1];
        self.datum += 1;
        match node.data.get(at) {
            None => {
                node.data.push(Datum { pick: 0, count });
                0
            }
            Some(datum) if datum.count == count => datum.pick,
            Some(datum) => {
                let expected = datum.count;
                self.changed(point, expected)
            }
        }
    }

    /// The step of the last node has ended: what came before it, and what could have come after it.
    fn finish_step(&mut self) {
        let Some(at) = self.depth.checked_sub(1) else {
            return;
        };
        if at < self.fresh || self.nodes[at].ended {
            return;
        }
        self.order(at);
        for index in 0..self.races.immediate.len() {
            self.reverse(self.races.immediate[index], at);
        }
    }

    /// Computes the vector clock of the step at `at`, and the steps that it races with.
    fn order(&mut self, at: usize) {
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

    /// The steps at `first` and `second` depend on each other and nothing in between orders them: if
    /// the second could come first, some branch of the first's node must lead there.
    fn reverse(&mut self, first: usize, second: usize) {
        let (head, tail) = self.nodes.split_at_mut(first + 1);
        let (node, last) = (&mut head[first], second - first - 1);
        let own_count = node.clock[node.process as usize];
        let after = |other: &Node| {
            other.clock.get(node.process as usize).copied().unwrap_or(0) >= own_count
        };
        let races = &mut self.races;
        races.met.clear();
        races
            .met
            .extend((0..last).filter(|index| !after(&tail[*index])));
        if !could_come(node, tail, last, &races.met, &self.labels) {
            return;
        }
        // Whoever can come first of those that do not follow the first step. They touch what they
        // touched here, since nothing that they depend on is left out.
        races.initials.clear();
        for (place, &index) in races.met.iter().enumerate() {
            if !comes_after(&tail[index], tail, &races.met[..place]) {
                races.initials.push(tail[index].process);
            }
        }
        let initials = &races.initials;
        if initials.iter().any(|process| node.has_taken(*process)) {
            return;
        }
        // The second step depends on the first, so that it may touch other things in its place.
        let process = tail[last].process;
        let is_next = races
            .met
            .iter()
            .all(|index| tail[*index].process != process);
        if is_next && node.enabled.contains(&process) {
            let mut met = Footprint::default();
            for index in &races.met {
                met.merge(&tail[*index].footprint);
            }
            let commutes = |known: &Footprint| initials.is_empty() || !known.conflicts(&met);
            let shown = node.shown(process).map(|known| !commutes(known));
            let is_taken = node.wanted.contains(&process);
            match shown {
                Some(false) => return,
                Some(true) => {}
                None if is_taken || !comes_after(&tail[last], tail, &races.met) => {
                    node.want(process);
                    if !initials.is_empty() {
                        let instead = initials.clone();
                        node.pending.push(Pending {
                            process,
                            met,
                            instead,
                        });
                    }
                    return;
                }
                None => {}
            }
        }
        node.want_one(initials);
    }
}

/// Whether a step comes after one of those at these places.
fn comes_after(step: &Node, tail: &[Node], places: &[usize]) -> bool {
    places.iter().any(|index| {
        let earlier = &tail[*index];
        let process = earlier.process as usize;
        step.clock.get(process).copied().unwrap_or(0) >= earlier.clock[process]
    })
}

fn join(clock: &mut [u32], other: &[u32]) {
    for (mine, theirs) in clock.iter_mut().zip(other) {
        *mine = (*mine).max(*theirs);
    }
}

/// Whether the last step could come before the one of `node`, after those `met` that do not follow
/// it.
fn could_come(node: &Node, tail: &[Node], last: usize, met: &[usize], labels: &[Label]) -> bool {
    let step = &tail[last];
    if node.enabled.contains(&step.process) {
        return true;
    }
    let object: Object = labels[step.process as usize].into();
    // Only what woke it since its last step counts.
    let since = met
        .iter()
        .rposition(|index| tail[*index].process == step.process);
    let wakers = &met[since.unwrap_or(0)..];
    wakers.iter().any(|index| {
        let waker = &tail[*index].footprint;
        // The last of those that are waited for together wakes only after all others.
        waker.wakes(object, !node.footprint.gathers_with(waker))
    })
}

impl Node {
    fn want(&mut self, process: u32) {
        if !self.wanted.contains(&process) {
            self.wanted.push(process);
        }
    }

    /// Wants one of these, or whatever could lead there.
    fn want_one(&mut self, initials: &[u32]) {
        let enabled = |process: &&u32| self.enabled.contains(process);
        match initials.iter().rev().find(enabled).copied() {
            Some(process) => self.want(process),
            None => self.want_all(),
        }
    }

    /// What the next step of a process touches here, if a branch has shown it.
    fn shown(&self, process: u32) -> Option<&Footprint> {
        let mut known = self.sleep.iter().chain(&self.finished);
        let known = known.find(|asleep| asleep.process == process);
        known.map(|asleep| &*asleep.footprint)
    }

    /// Decides the reversals that waited for the branch that is finished.
    fn settle_pending(&mut self, process: u32, footprint: &Footprint) {
        let mut at = 0;
        while at < self.pending.len() {
            if self.pending[at].process != process {
                at += 1;
                continue;
            }
            let pending = self.pending.swap_remove(at);
            let is_covered = pending.instead.iter().any(|other| self.has_taken(*other));
            if !is_covered && footprint.conflicts(&pending.met) {
                self.want_one(&pending.instead);
            }
        }
    }

    fn want_all(&mut self) {
        for index in 0..self.enabled.len() {
            self.want(self.enabled[index]);
        }
    }

    /// Whoever was enabled here and is not after the step was disabled by it: the order matters.
    fn want_disabled(&mut self, enabled_after: &[u32]) {
        for index in 0..self.enabled.len() {
            let process = self.enabled[index];
            if process != self.process && !enabled_after.contains(&process) {
                self.want(process);
            }
        }
    }

    /// Whether a branch of this process was, is, or will be taken, or is known from elsewhere.
    fn has_taken(&self, process: u32) -> bool {
        self.wanted.contains(&process) || self.sleep.iter().any(|a| a.process == process)
    }

    /// What goes on sleeping after the step.
    fn pass_on(&self, sleep: &mut Vec<Asleep>) {
        let known = self.sleep.iter().chain(&self.finished);
        let stays = |asleep: &&Asleep| {
            asleep.process != self.process && !asleep.footprint.conflicts(&self.footprint)
        };
        sleep.extend(known.filter(stays).cloned());
    }

    /// Empty, as a new one; capacity stays.
    fn clear(&mut self) {
        self.enabled.clear();
        self.sleep.clear();
        self.finished.clear();
        self.wanted.clear();
        self.footprint.clear();
        self.touched.clear();
        self.data.clear();
        self.clock.clear();
        self.ended = false;
    }

    /// Goes on to the next value of a data choice, or the next process; false when there is none.
    fn advance(&mut self) -> bool {
        self.ended = false;
        while let Some(datum) = self.data.last_mut() {
            if datum.pick + 1 < datum.count {
                datum.pick += 1;
                return true;
            }
            self.data.pop();
        }
        let footprint = Rc::new(std::mem::take(&mut self.touched));
        self.settle_pending(self.process, &footprint);
        self.finished.push(Asleep {
            process: self.process,
            footprint,
        });
        let is_open = |process: &u32| {
            let known = self.sleep.iter().chain(&self.finished);
            !known.into_iter().any(|asleep| asleep.process == *process)
        };
        match self.wanted.iter().copied().find(is_open) {
            Some(process) => {
                self.process = process;
                true
            }
            None => false,
        }
    }
}

impl Strategy for Reduced {
    fn begin(&mut self, _run: u64) -> bool {
        self.depth = 0;
        self.datum = 0;
        self.redundant = false;
        self.divergence = None;
        if std::mem::take(&mut self.anew) {
            self.nodes.clear();
            self.fresh = 0;
            self.started = false;
        }
        if !self.started {
            self.started = true;
            return true;
        }
        while let Some(node) = self.nodes.last_mut() {
            if node.advance() {
                self.fresh = self.nodes.len() - 1;
                return true;
            }
            self.spare.extend(self.nodes.pop());
        }
        self.done = true;
        false
    }

    fn choose(&mut self, point: &Point<'_>) -> u32 {
        match point.kind {
            Kind::Run => self.schedule(point),
            Kind::Delay
            | Kind::Fault
            | Kind::Spurious
            | Kind::Cancel
            | Kind::Early
            | Kind::Never
            | Kind::Drop
            | Kind::Pick => self.datum(point),
        }
    }

    fn wants_footprints(&self) -> bool {
        true
    }

    fn step_ended(&mut self, _step: Candidate, footprint: &Footprint) {
        let Some(at) = self.depth.checked_sub(1) else {
            return;
        };
        let node = &mut self.nodes[at];
        if at >= self.fresh && !node.ended && self.divergence.is_none() {
            node.footprint.clone_from(footprint);
            node.touched.merge(footprint);
        }
    }

    fn search_anew(&mut self) -> bool {
        self.anew = true;
        true
    }

    fn is_redundant(&self) -> bool {
        self.redundant
    }

    fn end(&mut self, ended: &Ended<'_>) {
        if self.redundant || self.anew {
            return;
        }
        if let Some(last) = self.nodes.last_mut() {
            // Whoever could have gone on was kept from it by the last step: a panic, or the end.
            last.want_disabled(&[]);
        }
        self.finish_step();
        self.cut_short |= !ended.complete;
        if self.depth < self.nodes.len() {
            self.cut_short = true;
            self.nodes.truncate(self.depth);
        }
    }

    fn progress(&self) -> Option<f64> {
        let mut share = 1.0;
        let mut done = 0.0;
        for node in &self.nodes {
            let finished = node.finished.len() as f64;
            let asleep = |process: &&u32| !node.sleep.iter().any(|a| a.process == **process);
            let all = node.wanted.iter().filter(asleep).count().max(1) as f64;
            share /= all;
            done += share * finished.min(all - 1.0);
            for datum in &node.data {
                share /= f64::from(datum.count);
                done += share * f64::from(datum.pick);
            }
        }
        Some(if self.done { 1.0 } else { done })
    }

    fn exhausted(&self) -> bool {
        self.done && !self.cut_short
    }

    fn divergence(&self) -> Option<&Divergence> {
        self.divergence.as_ref()
    }

    fn describe(&self) -> Description {
        Description::named("exhaustive")
    }
}
