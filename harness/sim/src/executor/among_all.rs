//! Scheduling points where more than ready tasks may be next, or nothing.

use std::rc::Rc;

use super::slot::State;
use super::{ADVANCE, CANCEL, DELIVER, DROP, Ending, Executor, Next, wake};
use crate::choice::{Action, Candidate, Kind};
use crate::run::POLL;
use crate::trace::Event;

impl Executor {
    /// A step where more than ready tasks may be next, or nothing.
    #[inline(never)]
    pub(super) fn choose_among_all(&mut self, class: Option<usize>) -> Next {
        if self.live == 0 {
            return Next::End(None);
        }
        let shared = Rc::clone(&self.shared);
        let mut run = shared.run.borrow_mut();
        if class.is_none() && self.collect_all(&mut run) {
            // Another thread has woken somebody.
            return Next::Look;
        }
        let mut candidates = std::mem::take(&mut self.candidates);
        candidates.clear();
        if let Some(class) = class {
            let slots = (0..self.ready.count(class)).map(|at| self.ready.slot(class, at));
            let labels = slots.map(|slot| self.slots[slot as usize].label);
            candidates.extend(labels.map(Candidate::run));
        }
        let ready = candidates.len();
        candidates.extend_from_slice(&shared.waits.borrow().deliverable);
        let due = if candidates.is_empty() {
            run.clock.next_due()
        } else {
            None
        };
        if due.is_some() {
            candidates.push(Candidate {
                label: self.time,
                action: Action::Advance,
            });
        }
        if candidates.is_empty() {
            // Stuck, unless some trouble comes: production has none, and the run ends.
            let action = Action::Keep;
            let label = self.end;
            candidates.push(Candidate { label, action });
        }
        let before_cancels = candidates.len();
        if run.cancels_left() > 0 {
            candidates.extend_from_slice(shared.cancels.borrow().candidates());
        }
        let before_drops = candidates.len();
        if run.drops_left() > 0 {
            candidates.extend_from_slice(shared.drops.borrow().candidates());
        }
        let before_suspended = candidates.len();
        self.suspended.clear();
        if run.spurious_left() > 0 {
            for (index, slot) in self.slots[..self.used].iter().enumerate() {
                if slot.state == State::Suspended {
                    candidates.push(Candidate {
                        label: slot.label,
                        action: Action::Spurious,
                    });
                    self.suspended.push(index as u32);
                }
            }
        }
        let pick = run.choose(Kind::Run, &candidates);
        let Candidate { label, action } = candidates[pick];
        let chosen = candidates.len() > 1;
        self.candidates = candidates;
        if action == Action::Keep {
            run.access_everything();
            if let Some(halt) = run.halt() {
                return Next::End(Some(Box::new(Ending::Halted(halt))));
            }
            drop(run);
            return Next::End(Some(Box::new(self.stuck())));
        }
        if let Err(halt) = run.step() {
            return Next::End(Some(Box::new(Ending::Halted(halt))));
        }
        match action {
            Action::Run => {
                let class = class.unwrap_or_default();
                run.access_own(class as u8);
                run.step_event(
                    chosen,
                    Event {
                        what: POLL,
                        label,
                        value: 0,
                    },
                );
                drop(run);
                Next::Poll(self.ready.take(class, pick))
            }
            Action::Cancel | Action::Drop => {
                let (what, list, first) = match action {
                    Action::Drop => (DROP, &shared.drops, before_drops),
                    _ => (CANCEL, &shared.cancels, before_cancels),
                };
                let value = 0;
                run.step_event(chosen, Event { what, label, value });
                drop(run);
                self.watch_begin(label);
                let struck = list.borrow_mut().strike(pick - first);
                if let Some(held) = struck.held {
                    // Nobody's step: what it asks for in its drop is named after it.
                    shared.current.set(label);
                    held.let_go();
                }
                wake(&shared, Some(struck.listener));
                self.watched();
                Next::Look
            }
            Action::Spurious => {
                run.step_event(
                    chosen,
                    Event {
                        what: POLL,
                        label,
                        value: 1,
                    },
                );
                Next::Poll(self.suspended[pick - before_suspended])
            }
            Action::Deliver => {
                run.step_event(
                    chosen,
                    Event {
                        what: DELIVER,
                        label,
                        value: 0,
                    },
                );
                drop(run);
                self.watch_begin(label);
                let listener = shared.waits.borrow_mut().deliver(pick - ready);
                wake(&shared, listener);
                self.watched();
                Next::Look
            }
            Action::Advance => {
                let due = due.unwrap_or_default();
                if let Err(halt) = run.advance_to(due) {
                    return Next::End(Some(Box::new(Ending::Halted(halt))));
                }
                run.event(Event {
                    what: ADVANCE,
                    label,
                    value: due,
                });
                drop(run);
                self.watch_begin(label);
                self.fire_due();
                self.watched();
                Next::Look
            }
            Action::Keep
            | Action::Delay(_)
            | Action::Fault(_)
            | Action::Early
            | Action::Never
            | Action::Pick(_) => unreachable!("a scheduling point does not offer {action:?}"),
        }
    }
}
