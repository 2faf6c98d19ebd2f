//! The steps of a run: where one begins and ends, and what it touches.

use super::{Halt, ReadyTask, Run};
use crate::choice::{Action, Candidate};
use crate::footprint::{Access, Classes, Footprint, Object, PartialOrder, Place, is_own_step};
use crate::label::{Label, mix};

/// The word of [`Action::Run`].
pub(super) const ACTION_RUN: u64 = 1;

/// What the steps of a run touch.
#[derive(Debug, Default)]
pub(super) struct Footprints {
    // Whether they are asked for, whether they are kept in this run, and whether the strategy wants
    // each.
    pub(super) asked: bool,
    pub(super) on: bool,
    pub(super) wanted: bool,
    // Whether the strategy wants to see steps that are no choice.
    pub(super) every_step: bool,
    // The step that runs, while one does: whose it is, and what it is besides what it touches, which is
    // 0 for none. The candidate itself only where the strategy wants it.
    pub(super) label: Label,
    pub(super) step: u64,
    pub(super) candidate: Option<Candidate>,
    pub(super) order: PartialOrder,
    // What a step has touched, for the strategy.
    pub(super) shown: Footprint,
}

/// What a step is besides what it touches.
#[inline]
fn step_of(label: Label, action: u64) -> u64 {
    label.0 ^ action.rotate_left(32)
}

impl Footprints {
    /// Something was chosen within the step that runs.
    pub(super) fn add_data(&mut self, taken: Candidate) {
        if self.step != 0 {
            self.step = mix(self.step ^ taken.label.0 ^ taken.action.word());
        }
    }

    #[inline(never)]
    fn show(&mut self) {
        self.order.show(&mut self.shown);
        self.shown.sort();
    }
}

impl Run {
    /// Whether footprints are kept from the next [`Run::begin`] on, which they are unless this is
    /// called: without them there is no fingerprint. A strategy that needs them gets them anyway.
    pub(crate) fn set_footprints(&mut self, on: bool) {
        self.footprints.asked = on;
    }

    /// Whether footprints are kept in this run.
    #[must_use]
    pub fn keeps_footprints(&self) -> bool {
        self.footprints.on
    }

    /// The label of the task or operation whose step runs, if one does.
    #[must_use]
    pub fn current_step(&self) -> Option<Label> {
        (self.footprints.step != 0).then_some(self.footprints.label)
    }

    /// What footprints told so far was not all: a search that leaves orders out because of them begins
    /// anew, with those that tell more from now on, and this run says nothing. False when there is no
    /// such search.
    pub fn search_anew(&mut self) -> bool {
        let is_searching = self.strategy.search_anew();
        if is_searching {
            self.halt_for(Halt::Redundant);
        }
        is_searching
    }

    #[inline]
    pub(super) fn begin_step(&mut self, step: Candidate) {
        let footprints = &mut self.footprints;
        // By far the most frequent one, spared the table of all.
        let action = match step.action {
            Action::Run => ACTION_RUN,
            other => other.word(),
        };
        footprints.label = step.label;
        footprints.step = step_of(step.label, action);
        if footprints.wanted && !self.quiet {
            footprints.candidate = Some(step);
        }
        if step.action == Action::Run || is_own_step(step.action) {
            let own = footprints.order.place(step.label.into());
            footprints.order.begin(own);
        } else if step.action == Action::Advance {
            footprints.order.set_everything();
        }
        if self.budgets.chaos_steps.is_some() {
            // How many steps came before is what ends the trouble.
            footprints.order.set_everything();
        }
    }

    /// The place of a task's past in this run: see [`Run::begin_task`].
    pub(crate) fn place(&mut self, task: Label) -> Place {
        match self.footprints.on {
            true => self.footprints.order.place(task.into()),
            false => Place::UNKNOWN,
        }
    }

    /// The step that has been chosen is of a task of this class.
    #[inline]
    pub(crate) fn access_own(&mut self, class: u8) {
        self.footprints.order.add_classes(Classes::of_task(class));
    }

    /// The step that runs is over, and the next of a ready task begins: of what the strategy wants to know
    /// nothing.
    #[inline]
    pub(super) fn next_plain_step(&mut self, task: ReadyTask) {
        let footprints = &mut self.footprints;
        let step = step_of(task.label, ACTION_RUN);
        let before = std::mem::replace(&mut footprints.step, step);
        footprints.label = task.label;
        footprints.order.next(before, task.place, task.classes);
    }

    /// The step that runs is over: what is touched from now on belongs to none, as when what is left
    /// of a run is dropped. The next scheduling point and the end of the run say so by themselves.
    #[inline]
    pub fn end_step(&mut self) {
        if self.footprints.candidate.is_some() {
            self.footprints.show();
        }
        let step = std::mem::take(&mut self.footprints.step);
        if step != 0 {
            self.footprints.order.end(step);
        }
        if let Some(step) = self.footprints.candidate.take() {
            self.strategy.step_ended(step, &self.footprints.shown);
        }
    }

    /// The step that runs touches `object`.
    #[inline]
    pub fn access(&mut self, object: Object, access: Access) {
        if self.footprints.on {
            self.footprints.order.access(object, access);
        }
    }

    /// The step that runs touches the task whose past is there.
    #[inline]
    pub(crate) fn access_at(&mut self, place: Place, access: Access) {
        if self.footprints.on {
            self.footprints.order.touch(place, access);
        }
    }

    /// What the step that runs has touched so far.
    pub(crate) fn footprint(&mut self) -> &Footprint {
        self.footprints.show();
        &self.footprints.shown
    }

    /// The step that runs conflicts with every other, since nothing can follow it.
    pub fn access_everything(&mut self) {
        self.footprints.order.set_everything();
    }

    /// The step that runs has changed which tasks of a class of priority are ready (0 is the most
    /// urgent; at most 8 classes).
    #[inline]
    pub fn access_class(&mut self, class: u8) {
        self.footprints.order.change_class(class);
    }

    /// The step that runs was possible only because nobody of a more urgent class was ready.
    #[inline]
    pub fn access_needs_above(&mut self, class: u8) {
        self.footprints.order.need_above(class);
    }

    /// The partial order that the run stands for so far, as far as footprints tell.
    #[must_use]
    pub fn fingerprint(&self) -> u64 {
        self.footprints.order.fingerprint()
    }
}
