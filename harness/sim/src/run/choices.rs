//! The choices of a run: what is asked of the strategy, and what is remembered of the answers.

use super::steps::ACTION_RUN;
use super::{Deviation, Halt, Run};
use crate::choice::{Action, Candidate, Kind, Point};
use crate::footprint::{Classes, Place};
use crate::label::Label;
use crate::strategy::replay_key;
use crate::trace::{CHECKPOINT_EVERY, Event, What};

/// A task takes its next step.
pub(crate) const POLL: What = What::new("poll");

/// A ready task, as a scheduling point needs it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ReadyTask {
    pub(crate) label: Label,
    /// Where the run keeps its past.
    pub(crate) place: Place,
    /// What its step has to do with classes of priority.
    pub(crate) classes: Classes,
}

impl Run {
    /// A scheduling point of a plain run whose candidates are so many ready tasks of one class of
    /// priority and nothing else: picks one by its index, unless the strategy has to look at them, and
    /// [`Run::choose_task`] is to be asked. The step that was picked is begun with
    /// [`Run::begin_task`]. Together they are [`Run::choose`], [`Run::access_own`], [`Run::step`] and the
    /// step's event, without what most runs do without.
    #[inline]
    pub(crate) fn draw_task(&mut self, count: usize) -> Option<usize> {
        debug_assert!(self.is_plain(), "something is kept, wanted or limited");
        if count == 1 {
            return Some(0);
        }
        let pick = self.strategy.draw(count as u32)?;
        Some(pick as usize)
    }

    /// Picks one of these tasks by its index, whose step is begun with [`Run::begin_task`].
    pub(crate) fn choose_task(&mut self, ready: impl Iterator<Item = Label>) -> usize {
        self.offered.clear();
        self.offered.extend(ready.map(Candidate::run));
        let pick = self.strategy.choose(&Point {
            kind: Kind::Run,
            at: self.tape.len() as u64,
            candidates: &self.offered,
        }) as usize;
        if pick >= self.offered.len() {
            self.abandoned();
            return 0;
        }
        pick
    }

    /// The step before ends, and the one begins that was picked out of so many. The caller looks whether
    /// the run has to stop.
    #[inline]
    pub(crate) fn begin_task(&mut self, pick: usize, count: usize, picked: ReadyTask) {
        if count > 1 {
            self.tape.push(pick as u32);
            let word = word_of(ACTION_RUN, Kind::Run, count);
            self.trace.fold(picked.label.0 ^ word);
            let length = self.tape.len() as u64;
            if length.is_multiple_of(CHECKPOINT_EVERY) {
                self.check_point(length);
            }
        } else {
            self.trace.event(poll_of(picked.label));
        }
        if self.footprints.on {
            self.next_plain_step(picked);
        }
        self.steps += 1;
    }

    /// The same in one for a run that is not plain.
    pub(crate) fn choose_task_specially(
        &mut self,
        count: usize,
        task: impl Fn(usize) -> ReadyTask,
    ) -> Result<usize, Halt> {
        let mut offered = std::mem::take(&mut self.offered);
        let labels = (0..count).map(|index| task(index).label);
        offered.clear();
        offered.extend(labels.map(Candidate::run));
        let pick = self.choose(Kind::Run, &offered);
        self.offered = offered;
        let picked = task(pick);
        self.footprints.order.add_classes(picked.classes);
        self.step()?;
        self.step_event(count > 1, poll_of(picked.label));
        Ok(pick)
    }

    /// Remembers a step. Where it was chosen, the choice is in the trace hash already.
    #[inline]
    pub(crate) fn step_event(&mut self, is_chosen: bool, event: Event) {
        if is_chosen {
            self.note(event);
        } else {
            self.event(event);
        }
    }

    /// Picks one of the candidates by its index. With one candidate there is no choice: nothing is
    /// counted or remembered. Candidate 0 must be what production does.
    #[inline]
    pub fn choose(&mut self, kind: Kind, candidates: &[Candidate]) -> usize {
        debug_assert!(!candidates.is_empty(), "a choice without candidates");
        if kind != Kind::Run {
            return match candidates.len() {
                0 | 1 => 0,
                _ => self.decide(kind, candidates),
            };
        }
        let keeps_footprints = self.footprints.on;
        if keeps_footprints {
            self.end_step();
        }
        let pick = match candidates.len() {
            0 | 1 if self.footprints.every_step && !self.is_fair() => self.put_single(candidates),
            0 | 1 => 0,
            _ => self.decide(kind, candidates),
        };
        if keeps_footprints {
            self.begin_step(candidates[pick]);
        }
        pick
    }

    /// Whether nobody chooses any more, since the budget of chaos is spent.
    #[inline]
    fn is_fair(&self) -> bool {
        self.quiet && !self.strategy.repeats()
    }

    /// A scheduling point that is no choice, but that the strategy wants to see.
    fn put_single(&mut self, candidates: &[Candidate]) -> usize {
        let (kind, at) = (Kind::Run, self.tape.len() as u64);
        let point = Point {
            kind,
            at,
            candidates,
        };
        if self.strategy.choose(&point) != 0 {
            self.abandoned();
        }
        0
    }

    /// The strategy cannot or need not go on.
    #[cold]
    fn abandoned(&mut self) {
        let is_redundant = self.strategy.is_redundant();
        self.halt_for(match is_redundant {
            true => Halt::Redundant,
            false => Halt::Diverged,
        });
    }

    fn decide(&mut self, kind: Kind, candidates: &[Candidate]) -> usize {
        let at = self.tape.len() as u64;
        let mut pick = if self.is_fair() {
            // Fair: whatever stays a candidate has its turn.
            (match kind {
                Kind::Run => (self.steps % candidates.len() as u64) as usize,
                _ => 0,
            }) as u32
        } else {
            self.strategy.choose(&Point {
                kind,
                at,
                candidates,
            })
        } as usize;
        if pick >= candidates.len() {
            self.abandoned();
            pick = 0;
        }
        let taken = candidates[pick];
        self.tape.push(pick as u32);

        let word = match taken.action {
            // By far the most frequent one, spared the table of all.
            Action::Run => ACTION_RUN,
            other => other.word(),
        };
        let word = word_of(word, kind, candidates.len());
        self.trace.fold(taken.label.0 ^ word);
        if kind != Kind::Run && taken.action != Action::Keep {
            self.footprints.add_data(taken);
        }
        match taken.action {
            Action::Run
            | Action::Deliver
            | Action::Advance
            | Action::Keep
            | Action::Delay(_)
            | Action::Pick(_) => {}
            Action::Spurious => self.struck.spurious += 1,
            Action::Early => self.struck.early += 1,
            Action::Never => self.struck.never += 1,
            Action::Fault(_) => self.struck.faults += 1,
            Action::Cancel => self.struck.cancels += 1,
            Action::Drop => self.struck.drops += 1,
        }
        if self.detail.is_some() {
            self.note_detail(kind, at, pick, candidates);
        }
        if (at + 1).is_multiple_of(CHECKPOINT_EVERY) {
            self.check_point(at + 1);
        }
        pick
    }

    #[cold]
    fn check_point(&mut self, at: u64) {
        let hash = self.trace.checkpoint();
        self.strategy.checkpoint(at, hash);
        if self.strategy.divergence().is_some() {
            self.halt_for(Halt::Diverged);
        }
    }

    #[cold]
    fn note_detail(&mut self, kind: Kind, at: u64, pick: usize, candidates: &[Candidate]) {
        let Some(detail) = &mut self.detail else {
            return;
        };
        for candidate in candidates {
            let seen = detail.seen.entry(replay_key(*candidate)).or_insert((0, at));
            if seen.1 != at {
                *seen = (seen.0 + 1, at);
            }
        }
        if pick != 0 {
            let candidate = candidates[pick];
            let (nth, _) = detail.seen[&replay_key(candidate)];
            let of = candidates.to_vec();
            detail.deviations.push(Deviation {
                at,
                kind,
                candidate,
                of,
                nth,
            });
        }
    }

    /// Counts one step; an error when the run must stop instead.
    #[inline]
    pub fn step(&mut self) -> Result<(), Halt> {
        if let Some(halt) = self.halt {
            return Err(halt);
        }
        if self.steps >= self.budgets.steps
            && let Some(halt) = self.spent(self.steps + 1)
        {
            return Err(halt);
        }
        self.steps += 1;
        if self.budgets.chaos_steps == Some(self.steps) {
            self.quiet = true;
        }
        Ok(())
    }
}

fn poll_of(label: Label) -> Event {
    let (what, value) = (POLL, 0);
    Event { what, label, value }
}

/// What the trace hash takes in of a choice besides the label: the word of the action that was taken,
/// and what it was taken from.
#[inline]
fn word_of(action: u64, kind: Kind, count: usize) -> u64 {
    let shape = (count as u64) << 8 | kind as u64;
    action.rotate_left(16) ^ shape.rotate_left(40)
}
