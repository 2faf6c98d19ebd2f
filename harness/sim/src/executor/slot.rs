//! Slots: where the executor keeps its tasks, and how it polls them.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::footprint::{Classes, Place};
use crate::label::Label;
use crate::run::ReadyTask;
use crate::sim::{Priority, Shared};
use crate::task::Task;
use crate::wake::Bell;

/// What the task of a slot is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum State {
    /// Nothing: it has ended, or there is none.
    Ended,
    Suspended,
    Ready,
}

pub(super) struct Slot {
    // None for main, which lives outside.
    pub(super) task: Option<Box<dyn Task>>,
    pub(super) state: State,
    pub(super) bell: Bell,
    pub(super) label: Label,
    pub(super) priority: Priority,
    pub(super) polls: u64,
    // Where the run keeps the task's past, and what its steps have to do with priorities.
    pub(super) place: Place,
    pub(super) classes: Classes,
}

impl Slot {
    /// The task of this slot is the one that runs now.
    #[inline]
    pub(super) fn begin_poll(&mut self, shared: &Shared, index: u32) {
        debug_assert_ne!(self.state, State::Ended, "only tasks that live are polled");
        self.state = State::Suspended;
        let polls = shared.polls.get() + 1;
        shared.polls.set(polls);
        self.polls = polls;
        shared.current.set(self.label);
        shared.current_slot.set(index);
        shared.current_class.set(self.priority as u8);
    }

    #[inline]
    pub(super) fn poll(
        &mut self,
        shared: &Shared,
        index: u32,
        main: Pin<&mut dyn Future<Output = ()>>,
    ) -> Poll<()> {
        self.begin_poll(shared, index);
        let mut context = Context::from_waker(self.bell.waker());
        match &mut self.task {
            Some(task) => task.poll(&mut context, shared),
            None => main.poll(&mut context),
        }
    }

    #[inline]
    pub(super) fn ready_task(&self) -> ReadyTask {
        ReadyTask {
            label: self.label,
            place: self.place,
            classes: self.classes,
        }
    }
}
