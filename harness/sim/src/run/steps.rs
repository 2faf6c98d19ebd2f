//! The steps of a run: where one begins and ends, and what it touches.

use super::{Halt, Run};
use crate::choice::{Action, Candidate};
use crate::footprint::{Access, Footprint, Object, PartialOrder, Place, is_own_step};
use crate::label::Label;

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
    // The step that runs, while one does: its label and the word of its action, 0 for none. The
    // candidate itself only where the strategy wants it.
    pub(super) label: Label,
    pub(super) action: u64,
    pub(super) candidate: Option<Candidate>,
    // Where the past of the task is whose step it is, if that is known.
    pub(super) own: Place,
    pub(super) data: u64,
    pub(super) current: Footprint,
    pub(super) order: PartialOrder,
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
        (self.footprints.action != 0).then_some(self.footprints.label)
    }

    /// What footprints told so far was not all: a search that leaves orders out because of them begins
    /// anew, with those that tell more from now on, and this run says nothing. False when there is no
    /// such search.
    pub fn search_anew(&mut self) -> bool {
        let is_searching = self.strategy.search_anew();
        if is_searching {
            self.halt.get_or_insert(Halt::Redundant);
        }
        is_searching
    }

    #[inline]
    pub(super) fn begin_step(&mut self, step: Candidate) {
        let footprints = &mut self.footprints;
        footprints.label = step.label;
        // By far the most frequent one, spared the table of all.
        footprints.action = match step.action {
            Action::Run => 1,
            other => other.word(),
        };
        if footprints.wanted {
            footprints.candidate = Some(step);
        }
        footprints.own = Place::UNKNOWN;
        footprints.data = 0;
        if step.action == Action::Run || is_own_step(step.action) {
            footprints.current.add(step.label.into(), Access::Write);
        } else if step.action == Action::Advance {
            footprints.current.set_everything();
        }
    }

    /// The place of a task's past in this run: see [`Run::access_own`].
    pub(crate) fn place(&mut self, task: Label) -> Place {
        self.footprints.order.place(task.into())
    }

    /// The step that runs is of a task of this class whose past is at `own`.
    #[inline]
    pub(crate) fn access_own(&mut self, own: Place, class: u8) {
        self.footprints.own = own;
        self.footprints.current.need_above(class);
        self.footprints.current.change_class(class);
    }

    /// The step that runs is over: what is touched from now on belongs to none, as when what is left
    /// of a run is dropped. The next scheduling point and the end of the run say so by themselves.
    #[inline]
    pub fn end_step(&mut self) {
        let footprints = &mut self.footprints;
        if footprints.action == 0 {
            return;
        }
        footprints.current.finish();
        let (data, own) = (footprints.data, footprints.own);
        let step = (footprints.label, footprints.action);
        footprints.action = 0;
        footprints.order.step(step, data, &footprints.current, own);
        if let Some(step) = footprints.candidate.take() {
            footprints.current.sort();
            self.strategy.step_ended(step, &footprints.current);
        }
        footprints.current.clear();
    }

    /// The step that runs touches `object`.
    #[inline]
    pub fn access(&mut self, object: Object, access: Access) {
        if self.footprints.on {
            self.footprints.current.add(object, access);
        }
    }

    /// What the step that runs has touched so far.
    pub(crate) fn footprint(&self) -> &Footprint {
        &self.footprints.current
    }

    /// The step that runs conflicts with every other, since nothing can follow it.
    pub fn access_everything(&mut self) {
        self.footprints.current.set_everything();
    }

    /// The step that runs has changed which tasks of a class of priority are ready (0 is the most
    /// urgent; at most 8 classes).
    #[inline]
    pub fn access_class(&mut self, class: u8) {
        self.footprints.current.change_class(class);
    }

    /// The step that runs was possible only because nobody of a more urgent class was ready.
    #[inline]
    pub fn access_needs_above(&mut self, class: u8) {
        self.footprints.current.need_above(class);
    }

    /// The partial order that the run stands for so far, as far as footprints tell.
    #[must_use]
    pub fn fingerprint(&self) -> u64 {
        self.footprints.order.fingerprint()
    }
}
