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
//! In that paper what a step touches is known before. Here a step is all that a task does at once, and
//! touches other things when another has come before it, so that three rules are added. The steps that
//! could come before the second of a race are those of the whole run that do not follow the first, and
//! not only those that came before: it may depend on them in its new place. What a reversal leaves to a
//! branch that must be taken anyway is told to that branch ([`node::Detour`]): there, those that sleep
//! hide the race. And every node has a branch that is no strike, if it can, or else one for each strike: a
//! strike may be left out of a run, but is not undone by what depends on it.
//!
//! What is proven is as true as the footprints: state that tasks share and no footprint tells of is
//! not seen. The plain search, [`super::Exhaustive`], needs none and checks this one.

mod node;
mod races;

use std::rc::Rc;

use rustc_hash::FxHashMap;

use node::{Datum, Node};
use races::{Races, could_come};

use super::replay::key;
use super::{ABANDON, Description, Ended, Strategy};
use crate::choice::{Action, Candidate, Kind, Point};
use crate::divergence::Divergence;
use crate::footprint::Footprint;
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
        }
        if let Some(before) = self.nodes.last_mut() {
            before.pass_on(&mut node);
            before.want_disabled(&node.enabled);
        }
        let steps = point.candidates.iter().zip(&node.enabled);
        let steps = steps.filter(|(candidate, _)| !candidate.action.is_strike());
        let mut awake = steps.filter(|(_, process)| !node.is_asleep(**process));
        // Runs without a strike need a branch of their own: a strike may always be left out. Where only
        // strikes are awake, each may leave out the others.
        let first = awake.next().map(|(_, process)| *process);
        match first {
            Some(first) => {
                let is_wanted = |process: u32| node.wanted.contains(&process);
                if !is_wanted(first) && !awake.any(|(_, process)| is_wanted(*process)) {
                    node.want(first);
                }
            }
            None => node.want_all(),
        }
        let Some(pick) = node.first_pick() else {
            self.spare.push(node);
            self.redundant = true;
            return ABANDON;
        };
        node.process = node.enabled[pick];
        node.want(node.process);
        for (candidate, process) in point.candidates.iter().zip(0..) {
            if candidate.action == Action::Spurious {
                // Nothing ever waits for it to happen, so no race would show its place.
                node.want(node.enabled[process]);
            }
        }
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

    /// The step of the last node has ended: what came before it, and what it could come before.
    fn finish_step(&mut self) {
        let Some(at) = self.depth.checked_sub(1) else {
            return;
        };
        if at < self.fresh || self.nodes[at].ended {
            return;
        }
        self.order(at);
        let (earlier, later) = self.nodes.split_at_mut(at);
        let (step, labels) = (&mut later[0], &self.labels);
        step.races.clear();
        for first in self.races.immediate.iter().copied() {
            if could_come(earlier, first, step, labels) {
                step.races.push(first);
            }
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
            Rc::make_mut(&mut node.footprint).clone_from(footprint);
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
        if self.anew || self.divergence.is_some() {
            self.cut_short |= self.divergence.is_some();
            return;
        }
        if self.redundant {
            self.reverse_all();
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
        self.reverse_all();
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
