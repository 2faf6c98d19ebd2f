//! The trial: what one run tells about the program, for strategies that have to know its size.

use rustc_hash::FxHashMap;

use crate::choice::{Action, Candidate, Kind, Point};
use crate::footprint::Footprint;
use crate::label::Label;
use crate::rng::Rng;

/// Labels and footprints beyond these numbers are not remembered: a trial must not grow with the
/// length of its run.
const MOST_NODES: usize = 1 << 16;
const MOST_FOOTPRINTS: usize = 64;

/// How many kinds of points there are, and one place more for strikes: see [`plain`].
pub(super) const KINDS: usize = Kind::Pick as usize + 1;

/// Facts from a run of the program.
///
/// The trial is run 0 of a strategy: the oldest task that is ready goes first, without trouble. It
/// depends on no seed, so what later runs take from it is the same however the runs are split.
#[derive(Debug, Default)]
pub struct Trial {
    steps: u64,
    kinds: [u64; KINDS],
    index: FxHashMap<u64, u32>,
    nodes: Vec<Node>,
    last: Option<u32>,
    // The nodes with more than one step.
    stoppable: Vec<u32>,
    // Whose step made each cancel possible.
    cancelled: FxHashMap<u64, Label>,
}

/// What the trial saw of one task or operation.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) label: Label,
    /// Whose step made it a candidate for the first time.
    pub(super) parent: Option<u32>,
    /// Whether it is an operation.
    pub(super) is_operation: bool,
    /// How many steps it took.
    pub(super) steps: u32,
    /// What its steps touched, in their order.
    pub(super) footprints: Vec<Footprint>,
}

impl Trial {
    /// Takes in a scheduling point, of which the first `plain` candidates are steps, and the pick.
    pub(super) fn note(&mut self, point: &Point<'_>, plain: u32, pick: u32) {
        let candidates = &point.candidates[..plain as usize];
        for candidate in candidates {
            if !self.index.contains_key(&candidate.label.0) && self.nodes.len() < MOST_NODES {
                self.index
                    .insert(candidate.label.0, self.nodes.len() as u32);
                self.nodes.push(Node {
                    label: candidate.label,
                    parent: self.last,
                    is_operation: candidate.action == Action::Deliver,
                    steps: 0,
                    footprints: Vec::new(),
                });
            }
        }
        self.kinds[0] += u64::from(point.candidates.len() > plain as usize);
        for candidate in &point.candidates[plain as usize..] {
            if candidate.action == Action::Cancel && self.cancelled.len() < MOST_NODES {
                let task = self.last.map(|node| self.nodes[node as usize].label);
                let task = task.unwrap_or(candidate.label);
                self.cancelled.entry(candidate.label.0).or_insert(task);
            }
        }
        self.steps += 1;
        self.last = self.find(candidates[pick as usize].label);
        if let Some(node) = self.last {
            let steps = &mut self.nodes[node as usize].steps;
            *steps += 1;
            if *steps == 2 {
                self.stoppable.push(node);
            }
        }
    }

    /// Takes a point of another kind in.
    pub(super) fn count(&mut self, kind: Kind) {
        self.kinds[kind as usize] += 1;
    }

    /// Takes in what a step touched.
    pub(super) fn step_ended(&mut self, step: Candidate, footprint: &Footprint) {
        if let Some(node) = self.find(step.label) {
            let footprints = &mut self.nodes[node as usize].footprints;
            if footprints.len() < MOST_FOOTPRINTS {
                footprints.push(footprint.clone());
            }
        }
    }

    /// Whether there is anything to know.
    pub(super) fn was_made(&self) -> bool {
        self.steps > 0
    }

    /// How many points of that kind there were; place 0 counts the scheduling points where
    /// something could strike.
    pub(super) fn kinds(&self) -> &[u64; KINDS] {
        &self.kinds
    }

    /// The task that a cancel of this label strikes, as far as is known.
    #[inline]
    pub(super) fn struck(&self, cancel: Label) -> Option<Label> {
        // Where tasks are cancelled as such, the label is the task's own.
        match self.find(cancel) {
            Some(_) => Some(cancel),
            None => self.cancelled.get(&cancel.0).copied(),
        }
    }

    /// The node of `label`.
    #[inline]
    pub(super) fn find(&self, label: Label) -> Option<u32> {
        self.index.get(&label.0).copied()
    }

    /// Everything seen, parents before their children.
    pub(super) fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// For how many scheduling points a run is to plan: mostly as many as the trial had steps, at times
    /// a multiple, since runs differ and a trial may have ended early. Without a trial, any power of
    /// two up to 4096.
    pub(super) fn draw_points(&self, rng: &mut Rng) -> u64 {
        if !self.was_made() {
            return 8 << rng.below(10);
        }
        match rng.below(8) {
            0 => self.steps * 2,
            1 => self.steps << (1 + rng.below(4)),
            _ => self.steps,
        }
    }

    /// A task and the number (from 1) of one of its steps after the first; `None` when there is none.
    pub(super) fn draw_step(&self, rng: &mut Rng) -> Option<(Label, u32)> {
        let mut draw = || {
            let node = self
                .stoppable
                .get(rng.below(self.stoppable.len() as u32) as usize);
            node.map(|node| *node as usize)
        };
        if self.stoppable.is_empty() {
            return None;
        }
        let mut node = draw()?;
        if node == 0 {
            // The main task often only starts the others and waits for them.
            node = draw()?;
        }
        let Node { label, steps, .. } = self.nodes[node];
        Some((label, 1 + rng.below(steps - 1)))
    }

    /// From how many scheduling points on an unfair strategy must become fair, because the program
    /// may be spinning on what another task has to do.
    pub(super) fn patience(&self) -> u64 {
        256 + 8 * if self.was_made() { self.steps } else { 512 }
    }
}

/// How many of a scheduling point's candidates are steps; what follows them are strikes: spurious
/// polls, drops, and cancels unless they count as steps.
#[inline]
pub(super) fn plain(candidates: &[Candidate], cancels_are_steps: bool) -> u32 {
    let mut plain = candidates.len();
    while plain > 1 {
        match candidates[plain - 1].action {
            Action::Spurious | Action::Drop => plain -= 1,
            Action::Cancel if !cancels_are_steps => plain -= 1,
            _ => break,
        }
    }
    plain as u32
}

/// What the state of a candidate is kept under: a task and its cancel may have the same label.
#[inline]
pub(super) fn key(candidate: Candidate) -> Label {
    match candidate.action {
        Action::Cancel => Label(!candidate.label.0),
        _ => candidate.label,
    }
}
