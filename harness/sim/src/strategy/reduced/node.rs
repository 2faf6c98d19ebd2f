//! A node of the search: a scheduling point, which of its branches must be taken, and which need not.

use std::rc::Rc;

use crate::footprint::Footprint;

/// A scheduling point of the current branch, and the step that was chosen there.
#[derive(Debug, Default)]
pub(super) struct Node {
    pub(super) enabled: Vec<u32>,
    /// Branches that earlier siblings of this branch, or of those above, have shown.
    pub(super) sleep: Vec<Asleep>,
    /// Branches of this node that are finished.
    pub(super) finished: Vec<Asleep>,
    /// Branches that must be taken.
    pub(super) wanted: Vec<u32>,
    pub(super) process: u32,
    /// What the step touched in this run, and in all runs of this branch.
    pub(super) footprint: Rc<Footprint>,
    pub(super) touched: Footprint,
    /// Runs that must be possible from here on, and that no finished branch covers.
    pub(super) detours: Vec<Detour>,
    /// Data choices within the step.
    pub(super) data: Vec<Datum>,
    /// How many steps of each process come before the step or are it: its vector clock.
    pub(super) clock: Vec<u32>,
    /// Earlier steps that this one races with, and that it could come before.
    pub(super) races: Vec<usize>,
    /// Whether the clock and races of the step are known.
    pub(super) ended: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Asleep {
    pub(super) process: u32,
    pub(super) footprint: Rc<Footprint>,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Datum {
    pub(super) pick: u32,
    pub(super) count: u32,
}

/// Steps that must be possible after a node, and then the one that was second in a race.
///
/// A branch of the node leads there if it begins with one of the steps that depend on none before. If
/// that branch is still to come, it has to know what is left: it may begin by leaving the rest out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Detour {
    pub(super) steps: Vec<Asleep>,
    /// Whether there were more steps than are kept: they may depend on anything.
    pub(super) is_cut: bool,
    /// The second of the race, with what it touched after the first. What it will touch is known only
    /// when it was run there.
    pub(super) last: Asleep,
}

impl Detour {
    /// Whether the step at this place depends on none before.
    fn is_initial(&self, at: usize) -> bool {
        let step = &self.steps[at];
        let mut before = self.steps[..at].iter();
        !before.any(|b| b.process == step.process || b.footprint.conflicts(&step.footprint))
    }

    /// The processes that may be first.
    fn initials(&self) -> impl DoubleEndedIterator<Item = u32> + '_ {
        let places = (0..self.steps.len()).filter(|at| self.is_initial(*at));
        places.map(|at| self.steps[at].process)
    }

    /// Whether one of the steps may depend on what touches this.
    fn meets(&self, footprint: &Footprint) -> bool {
        let mut steps = self.steps.iter();
        self.is_cut || steps.any(|step| step.footprint.conflicts(footprint))
    }

    /// What is left of it after this step, if it begins so.
    fn after(&self, process: u32, footprint: &Footprint) -> Option<Detour> {
        let at = self.steps.iter().position(|step| step.process == process)?;
        // The step of another value of a data choice leads elsewhere.
        if !self.is_initial(at) || *self.steps[at].footprint != *footprint {
            return None;
        }
        let mut left = self.clone();
        left.steps.remove(at);
        Some(left)
    }
}

impl Node {
    pub(super) fn want(&mut self, process: u32) {
        if !self.wanted.contains(&process) {
            self.wanted.push(process);
        }
    }

    /// How many steps of a process come before this one or are it.
    pub(super) fn count(&self, process: u32) -> u32 {
        self.clock.get(process as usize).copied().unwrap_or(0)
    }

    /// What the next step of a process touches here, if a branch has shown it.
    fn shown(&self, process: u32) -> Option<&Footprint> {
        let mut known = self.sleep.iter().chain(&self.finished);
        let known = known.find(|asleep| asleep.process == process);
        known.map(|asleep| &*asleep.footprint)
    }

    fn is_known(&self, process: u32) -> bool {
        self.shown(process).is_some()
    }

    /// The processes whose next step a branch has shown, here or above.
    pub(super) fn known(&self) -> impl Iterator<Item = u32> + '_ {
        let known = self.sleep.iter().chain(&self.finished);
        known.map(|asleep| asleep.process)
    }

    /// A detour that some branch of this node must lead to.
    pub(super) fn go_round(&mut self, detour: Detour) {
        if !self.detours.contains(&detour) && self.heed(&detour) {
            self.detours.push(detour);
        }
    }

    /// Makes sure that a branch leads to the detour. False when no branch to come has to know of it.
    fn heed(&mut self, detour: &Detour) -> bool {
        if detour.initials().any(|process| self.is_known(process)) {
            return false;
        }
        let process = detour.last.process;
        let is_next = detour.steps.iter().all(|step| step.process != process);
        let is_next = is_next && self.enabled.contains(&process);
        let shown = self.shown(process).filter(|_| is_next);
        if shown.is_some_and(|footprint| !detour.meets(footprint)) {
            return false;
        }
        if detour.steps.is_empty() {
            if detour.is_cut {
                self.want_all();
            } else if is_next {
                self.want(process);
            }
            return false;
        }
        if detour
            .initials()
            .any(|process| self.wanted.contains(&process))
        {
            return true;
        }
        let is_open = is_next && shown.is_none();
        if is_open && (self.wanted.contains(&process) || !detour.meets(&detour.last.footprint)) {
            self.want(process);
            return true;
        }
        let mut initials = detour.initials().rev();
        match initials.find(|process| self.enabled.contains(process)) {
            Some(process) => self.want(process),
            None => self.want_all(),
        }
        true
    }

    pub(super) fn is_asleep(&self, process: u32) -> bool {
        self.sleep.iter().any(|asleep| asleep.process == process)
    }

    /// Where the first run from here on goes: the index of a process that does not sleep.
    pub(super) fn first_pick(&self) -> Option<usize> {
        let awake = |process: &&u32| !self.is_asleep(**process);
        let first = self.wanted.iter().find(awake);
        let first = first.or_else(|| self.enabled.iter().find(awake))?;
        self.enabled.iter().position(|process| process == first)
    }

    pub(super) fn want_all(&mut self) {
        for index in 0..self.enabled.len() {
            self.want(self.enabled[index]);
        }
    }

    /// Whoever was enabled here and is not after the step was disabled by it: the order matters.
    pub(super) fn want_disabled(&mut self, enabled_after: &[u32]) {
        for index in 0..self.enabled.len() {
            let process = self.enabled[index];
            if process != self.process && !enabled_after.contains(&process) {
                self.want(process);
            }
        }
    }

    /// What goes on sleeping after the step, and what is left of detours.
    pub(super) fn pass_on(&self, next: &mut Node) {
        let known = self.sleep.iter().chain(&self.finished);
        let stays = |asleep: &&Asleep| {
            asleep.process != self.process && !asleep.footprint.conflicts(&self.footprint)
        };
        next.sleep.extend(known.filter(stays).cloned());
        for detour in &self.detours {
            if let Some(left) = detour.after(self.process, &self.footprint) {
                next.go_round(left);
            }
        }
    }

    /// Empty, as a new one; capacity stays.
    pub(super) fn clear(&mut self) {
        self.enabled.clear();
        self.sleep.clear();
        self.finished.clear();
        self.wanted.clear();
        self.detours.clear();
        self.races.clear();
        self.touched.clear();
        self.data.clear();
        self.clock.clear();
        self.ended = false;
    }

    /// Goes on to the next value of a data choice, or the next process; false when there is none.
    pub(super) fn advance(&mut self) -> bool {
        self.ended = false;
        self.races.clear();
        while let Some(datum) = self.data.last_mut() {
            if datum.pick + 1 < datum.count {
                datum.pick += 1;
                return true;
            }
            self.data.pop();
        }
        let footprint = Rc::new(std::mem::take(&mut self.touched));
        self.finished.push(Asleep {
            process: self.process,
            footprint,
        });
        for detour in std::mem::take(&mut self.detours) {
            self.go_round(detour);
        }
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
