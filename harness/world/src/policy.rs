//! The scheduling policy of a simulated session: every decision is a choice of the run.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use tourbillon_host::{Decision, Policy, ReadyTasks, TaskId};
use tourbillon_sim::run::Halt;
use tourbillon_sim::{Action, Candidate, Kind, Label};

use crate::config::CancelPlan;
use crate::jobs::{JobMove, Trouble};
use crate::observer::WorldObserver;
use crate::world::World;

/// Decides for one session that is alone in its process.
pub struct WorldPolicy {
    world: Rc<World>,
    observer: Rc<WorldObserver>,
    // Kept for their capacity.
    candidates: RefCell<Vec<Candidate>>,
    suspended: RefCell<Vec<TaskId>>,
    moves: RefCell<Vec<JobMove>>,
    halted: Cell<Option<Halt>>,
    /// Whether the future of the execution is to be dropped now.
    is_dropping: Cell<bool>,
}

impl WorldPolicy {
    /// A policy over a world and what is seen of its session.
    pub fn new(world: &Rc<World>, observer: &Rc<WorldObserver>) -> Rc<WorldPolicy> {
        Rc::new(WorldPolicy {
            world: world.clone(),
            observer: observer.clone(),
            candidates: RefCell::default(),
            suspended: RefCell::default(),
            moves: RefCell::default(),
            halted: Cell::new(None),
            is_dropping: Cell::new(false),
        })
    }

    /// A new run begins.
    pub(crate) fn reset(&self) {
        self.halted.set(None);
        self.is_dropping.set(false);
    }

    /// Why the run had to stop, if it had to.
    pub(crate) fn halted(&self) -> Option<Halt> {
        self.halted.get()
    }

    /// Whether it gave way so that the future of the execution is dropped; once.
    pub(crate) fn takes_drop(&self) -> bool {
        self.is_dropping.take()
    }

    fn halt(&self, halt: Halt) -> Decision {
        self.halted.set(Some(halt));
        Decision::Return
    }

    /// Makes the choice among everything that may happen next.
    fn decide(&self, ready: ReadyTasks<'_>) -> Decision {
        let timeline = self.world.timeline();
        let mut candidates = self.candidates.borrow_mut();
        let mut suspended = self.suspended.borrow_mut();
        let mut moves = self.moves.borrow_mut();
        candidates.clear();
        suspended.clear();
        let tasks = ready.iter().map(|task| Label(task.label.hash()));
        candidates.extend(tasks.map(Candidate::run));
        let runs = candidates.len();
        self.world.offered_into(&mut candidates);
        let delivered = candidates.len();
        moves.clear();
        self.world.job_moves_into(&mut candidates, &mut moves);
        let mut due = None;
        let mut kind = Kind::Run;
        if candidates.is_empty() {
            due = timeline.next_due();
            match due {
                Some(_) => {
                    let (label, action) = (timeline.label, Action::Advance);
                    candidates.push(Candidate { label, action });
                }
                None => {
                    // Nothing can ever happen again, unless a cancel strikes: production has none.
                    candidates.push(Candidate::keep(self.observer.first()));
                    kind = Kind::Cancel;
                }
            }
        }
        let mut run = timeline.run.borrow_mut();
        let (regular, trouble_from) = (moves.len(), candidates.len());
        let trouble = Trouble {
            spurious: kind == Kind::Run && run.spurious_left() > 0,
            cancels: run.cancels_left() > 0
                && self.world.is_armed()
                && self.world.config().cancel.is_none(),
        };
        self.world
            .job_trouble_into(trouble, &mut candidates, &mut moves);
        let others = candidates.len();
        if trouble.spurious {
            self.observer
                .suspended_into(&mut candidates, &mut suspended);
        }
        if trouble.cancels {
            self.observer.cancels_into(&mut candidates, &mut suspended);
        }
        if run.drops_left() > 0 && self.world.is_executing() && self.observer.steps() > 0 {
            let (label, action) = (self.observer.first(), Action::Drop);
            candidates.push(Candidate { label, action });
        }
        if kind == Kind::Cancel && candidates.len() > trouble_from {
            // That nothing else could happen is what makes it the time for this choice.
            run.access_everything();
        }
        let pick = run.choose(kind, &candidates);
        let action = candidates[pick].action;
        let job_move = match pick {
            _ if (delivered..delivered + regular).contains(&pick) => Some(moves[pick - delivered]),
            _ if (trouble_from..others).contains(&pick) => {
                Some(moves[regular + pick - trouble_from])
            }
            _ => None,
        };
        if let Some(chosen) = job_move {
            let halt = run.halt();
            drop(run);
            drop((candidates, suspended, moves));
            return match halt.map_or_else(|| self.world.make_job_move(chosen), Err) {
                Ok(()) => Decision::Again,
                Err(halt) => self.halt(halt),
            };
        }
        let stepped = match action {
            Action::Run | Action::Spurious => run.step(),
            _ => run.halt().map_or(Ok(()), Err),
        };
        if let Err(halt) = stepped {
            return self.halt(halt);
        }
        match ready.iter().nth(pick) {
            Some(task) => self.observer.begin_step(&mut run, task.id),
            None => self.observer.begin_other_step(&mut run),
        }
        if self.world.counts_steps() || action == Action::Drop {
            // Which step comes before the strike and which after it is a matter of their number.
            run.access_everything();
        }
        drop(run);
        match action {
            Action::Run => Decision::Run(pick),
            Action::Deliver => {
                self.world.deliver(pick - runs);
                Decision::Again
            }
            Action::Spurious => {
                self.world.count(|injected| injected.spurious += 1);
                Decision::Spurious(suspended[pick - others])
            }
            Action::Advance => match timeline.advance_to(due.unwrap_or_default()) {
                Ok(()) => {
                    self.world.poll_jobs();
                    Decision::Again
                }
                Err(halt) => self.halt(halt),
            },
            Action::Cancel => match suspended.get(pick - others) {
                Some(task) => {
                    self.world.count(|injected| injected.cancel += 1);
                    self.observer.strike(*task);
                    Decision::Cancel(*task)
                }
                None => {
                    self.observer.note_strike();
                    self.world.strike();
                    Decision::Again
                }
            },
            Action::Keep => Decision::Return,
            Action::Drop => {
                self.is_dropping.set(true);
                Decision::Return
            }
            Action::Delay(_)
            | Action::Fault(_)
            | Action::Early
            | Action::Never
            | Action::Pick(_) => unreachable!("a scheduling point does not offer {action:?}"),
        }
    }
}

impl Policy for WorldPolicy {
    fn next(&self, ready: ReadyTasks<'_>) -> Decision {
        if self.halted.get().is_some() {
            return Decision::Return;
        }
        if is_cancel_due(&self.world, &self.observer) {
            self.world.strike();
            return Decision::Again;
        }
        self.decide(ready)
    }
}

/// Whether the host's cancel strikes before the next step: by count, or by choice.
pub(crate) fn is_cancel_due(world: &World, observer: &WorldObserver) -> bool {
    if !world.is_armed() {
        return false;
    }
    let suspended = observer.take_suspended();
    let suspended = suspended.or_else(|| world.take_suspended_job());
    match (world.config().cancel, suspended) {
        (Some(CancelPlan::AtStep(step)), _) => observer.steps() >= step,
        (Some(CancelPlan::EverySuspension), Some(label)) => {
            let action = Action::Cancel;
            let candidates = [Candidate::keep(label), Candidate { label, action }];
            let mut run = world.timeline().run.borrow_mut();
            run.choose(Kind::Cancel, &candidates) == 1
        }
        (Some(CancelPlan::AtTime(_) | CancelPlan::EverySuspension) | None, _) => false,
    }
}
