//! One simulated run: everything it decides, everything that is remembered of it.

use std::cell::RefCell;
use std::rc::Rc;

use rustc_hash::FxHashMap;

use crate::choice::{Action, Candidate, Kind, Point};
use crate::clock::Clock;
use crate::divergence::Divergence;
use crate::inject::Injections;
use crate::label::{Label, Labels};
use crate::strategy::{Ended, Strategy, replay_key};
use crate::trace::{CHECKPOINT_EVERY, Event, KeptEvent, Trace};

/// A run that a host, a scheduling policy and a driver share.
pub type SharedRun = Rc<RefCell<Run>>;

/// The state of one simulated run; [`Run::begin`] makes it ready for the next, keeping capacity.
///
/// This is the hot path of all exploration: in steady state no call allocates, and nothing makes
/// text before somebody asks for it.
#[derive(Debug)]
pub struct Run {
    strategy: Box<dyn Strategy>,
    /// The texts of labels, shared by all runs.
    pub labels: Labels,
    /// Virtual time and its timers.
    pub clock: Clock,
    trace: Trace,
    tape: Vec<u32>,
    detail: Option<Detail>,
    kept: Option<Vec<KeptEvent>>,
    injections: Injections,
    budgets: Budgets,
    number: u64,
    steps: u64,
    spurious_polls: u32,
    repeating: bool,
    diverged: bool,
}

/// How far a run may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budgets {
    /// Steps, that is polls of tasks.
    pub steps: u64,
    /// Virtual time, in nanoseconds.
    pub nanoseconds: u64,
}

impl Default for Budgets {
    fn default() -> Budgets {
        Budgets {
            steps: 1_000_000,
            nanoseconds: u64::MAX,
        }
    }
}

/// Why a run must stop before its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Halt {
    /// All steps are spent.
    Steps,
    /// Virtual time has passed its budget.
    Time,
    /// The run has left the recording it was to follow: see [`Run::divergence`].
    Diverged,
}

/// What a run keeps only when it is recorded.
#[derive(Debug, Default)]
struct Detail {
    deviations: Vec<Deviation>,
    seen: FxHashMap<(u64, u8), (u32, u64)>,
}

/// A choice that left the default, with all that a recording says of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deviation {
    /// How many choice points came before.
    pub at: u64,
    /// What was chosen.
    pub kind: Kind,
    /// What was taken.
    pub candidate: Candidate,
    /// What it was taken from.
    pub of: Vec<Candidate>,
    /// How often the label was a candidate for such an action before.
    pub nth: u32,
}

impl Run {
    /// A run that takes its choices from `strategy`; call [`Run::begin`] before the first choice.
    #[must_use]
    pub fn new(strategy: Box<dyn Strategy>) -> Run {
        Run {
            strategy,
            labels: Labels::new(),
            clock: Clock::new(),
            trace: Trace::new(),
            tape: Vec::new(),
            detail: None,
            kept: None,
            injections: Injections::DEFAULT,
            budgets: Budgets::default(),
            number: 0,
            steps: 0,
            spurious_polls: 0,
            repeating: false,
            diverged: false,
        }
    }

    /// The same, shared.
    #[must_use]
    pub fn shared(strategy: Box<dyn Strategy>) -> SharedRun {
        Rc::new(RefCell::new(Run::new(strategy)))
    }

    /// What may be injected, from the next [`Run::begin`] on.
    pub fn set_injections(&mut self, injections: Injections) {
        self.injections = injections;
    }

    /// How far runs may go.
    pub fn set_budgets(&mut self, budgets: Budgets) {
        self.budgets = budgets;
    }

    /// How far runs may go.
    #[must_use]
    pub fn budgets(&self) -> Budgets {
        self.budgets
    }

    /// Whether what a recording needs is kept: [`Run::deviations`].
    pub fn set_recording(&mut self, on: bool) {
        self.detail = on.then(Detail::default);
    }

    /// Whether events are kept.
    #[must_use]
    pub fn keeps_events(&self) -> bool {
        self.kept.is_some()
    }

    /// Whether events are kept: [`Run::events`]. The trace hash does not depend on it.
    pub fn set_keep_events(&mut self, on: bool) {
        self.kept = on.then(Vec::new);
    }

    /// Marks the next runs as repetitions of others: hosts should start from fresh state then.
    pub fn set_repeating(&mut self, on: bool) {
        self.repeating = on;
    }

    /// Takes choices from `strategy` from now on; returns the one before.
    pub fn replace_strategy(&mut self, strategy: Box<dyn Strategy>) -> Box<dyn Strategy> {
        std::mem::replace(&mut self.strategy, strategy)
    }

    /// Prepares run number `number`; false when the strategy has nothing left to explore.
    pub fn begin(&mut self, number: u64) -> bool {
        if !self.strategy.begin(number) {
            return false;
        }
        self.number = number;
        self.clock.reset();
        self.trace.reset();
        self.tape.clear();
        if let Some(detail) = &mut self.detail {
            detail.deviations.clear();
            detail.seen.clear();
        }
        if let Some(kept) = &mut self.kept {
            kept.clear();
        }
        self.steps = 0;
        self.spurious_polls = 0;
        self.diverged = false;
        true
    }

    /// The run is over; `complete` is false when it was cut short. Returns its trace hash.
    pub fn end(&mut self, complete: bool) -> u64 {
        let hash = self.trace.hash();
        let length = self.tape.len() as u64;
        self.strategy.end(&Ended {
            length,
            hash,
            complete: complete && !self.diverged,
        });
        self.diverged |= self.strategy.divergence().is_some();
        hash
    }

    /// Picks one of the candidates by its index. With one candidate there is no choice: nothing is
    /// counted or remembered. Candidate 0 must be what production does.
    #[inline]
    pub fn choose(&mut self, kind: Kind, candidates: &[Candidate]) -> usize {
        debug_assert!(!candidates.is_empty(), "a choice without candidates");
        if candidates.len() < 2 {
            return 0;
        }
        self.decide(kind, candidates)
    }

    fn decide(&mut self, kind: Kind, candidates: &[Candidate]) -> usize {
        let at = self.tape.len() as u64;
        let mut pick = self.strategy.choose(&Point {
            kind,
            at,
            candidates,
        }) as usize;
        if pick >= candidates.len() {
            // A strategy that cannot go on says so by an index that is not there.
            self.diverged = true;
            pick = 0;
        }
        let taken = candidates[pick];
        self.tape.push(pick as u32);

        let shape = (candidates.len() as u64) << 8 | kind as u64;
        let word = match taken.action {
            // By far the most frequent one, spared the table of all.
            Action::Run => 1,
            other => other.word(),
        };
        let word = word.rotate_left(16) ^ shape.rotate_left(40);
        self.trace.fold(taken.label.0 ^ word);
        if taken.action == Action::Spurious {
            self.spurious_polls += 1;
        }
        if self.detail.is_some() {
            self.note_detail(kind, at, pick, candidates);
        }
        if (at + 1).is_multiple_of(CHECKPOINT_EVERY) {
            let hash = self.trace.checkpoint();
            self.strategy.checkpoint(at + 1, hash);
            self.diverged |= self.strategy.divergence().is_some();
        }
        pick
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

    /// Remembers that something happened.
    #[inline]
    pub fn event(&mut self, event: Event) {
        self.trace.event(event);
        if self.kept.is_some() {
            self.keep(event);
        }
    }

    /// Remembers something that follows from the events, for reports only: the trace hash does not
    /// contain it.
    #[inline]
    pub fn note(&mut self, event: Event) {
        if self.kept.is_some() {
            self.keep(event);
        }
    }

    #[cold]
    fn keep(&mut self, event: Event) {
        let (step, at, time) = (self.steps, self.tape.len() as u64, self.clock.now());
        if let Some(kept) = &mut self.kept {
            kept.push(KeptEvent {
                step,
                at,
                time,
                event,
            });
        }
    }

    /// Counts one step; an error when the run must stop instead.
    #[inline]
    pub fn step(&mut self) -> Result<(), Halt> {
        if self.steps >= self.budgets.steps || self.diverged {
            return Err(if self.diverged {
                Halt::Diverged
            } else {
                Halt::Steps
            });
        }
        self.steps += 1;
        Ok(())
    }

    /// Moves time to `nanoseconds`; an error when that is past the budget.
    pub fn advance_to(&mut self, nanoseconds: u64) -> Result<(), Halt> {
        if nanoseconds > self.budgets.nanoseconds {
            return Err(Halt::Time);
        }
        self.clock.advance_to(nanoseconds);
        Ok(())
    }

    /// The injections that are on.
    #[inline]
    #[must_use]
    pub fn injections(&self) -> &Injections {
        &self.injections
    }

    /// How many spurious polls may still be made in this run.
    #[inline]
    #[must_use]
    pub fn spurious_left(&self) -> u32 {
        self.injections
            .spurious_polls
            .saturating_sub(self.spurious_polls)
    }

    /// The number of this run in its exploration.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.number
    }

    /// Whether this run repeats another, to be compared with it.
    #[must_use]
    pub fn is_repeating(&self) -> bool {
        self.repeating
    }

    /// How many steps the run has made.
    #[must_use]
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// How many choice points the run has passed.
    #[must_use]
    pub fn length(&self) -> u64 {
        self.tape.len() as u64
    }

    /// The index that each choice point took.
    #[must_use]
    pub fn tape(&self) -> &[u32] {
        &self.tape
    }

    /// The trace hash so far.
    #[must_use]
    pub fn hash(&self) -> u64 {
        self.trace.hash()
    }

    /// The trace hash after each [`CHECKPOINT_EVERY`] choice points.
    #[must_use]
    pub fn checkpoints(&self) -> &[u64] {
        self.trace.checkpoints()
    }

    /// Where the run left the default; empty unless [`Run::set_recording`] is on.
    #[must_use]
    pub fn deviations(&self) -> &[Deviation] {
        self.detail
            .as_ref()
            .map_or(&[], |detail| &detail.deviations)
    }

    /// What happened; empty unless [`Run::set_keep_events`] is on.
    #[must_use]
    pub fn events(&self) -> &[KeptEvent] {
        self.kept.as_deref().unwrap_or(&[])
    }

    /// The strategy that chooses.
    #[must_use]
    pub fn strategy(&self) -> &dyn Strategy {
        &*self.strategy
    }

    /// Where this run left the recording it was to follow, if it did.
    #[must_use]
    pub fn divergence(&self) -> Option<&Divergence> {
        self.strategy.divergence()
    }

    /// The divergence in words.
    #[must_use]
    pub fn divergence_text(&self) -> Option<String> {
        self.divergence()
            .map(|divergence| divergence.text(&self.labels))
    }

    /// One line for each kept event: step, time, label, what happened.
    #[must_use]
    pub fn event_lines(&self) -> Vec<String> {
        self.events()
            .iter()
            .map(|kept| self.event_line(kept))
            .collect()
    }

    fn event_line(&self, kept: &KeptEvent) -> String {
        let KeptEvent {
            step,
            at,
            time,
            event,
        } = *kept;
        let seconds = time as f64 / 1e9;
        let value = if event.value == 0 {
            String::new()
        } else {
            format!(" {}", event.value)
        };
        let label = match event.label {
            Label(0) => String::new(),
            label => format!(" {}", self.labels.text(label)),
        };
        format!(
            "{step:>6} {at:>6} {seconds:>12.6} s  {}{label}{value}",
            event.what.name()
        )
    }
}
