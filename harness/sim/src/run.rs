//! One simulated run: everything it decides, everything that is remembered of it.

mod budget;
mod steps;

use std::cell::RefCell;
use std::rc::Rc;

use rustc_hash::FxHashMap;

use budget::Struck;
pub use budget::{Budgets, Halt};
use steps::Footprints;

use crate::choice::{Action, Candidate, Kind, Point};
use crate::clock::Clock;
use crate::divergence::Divergence;
use crate::inject::Injections;
use crate::label::{Label, Labels, mix};
use crate::marks::Marks;
use crate::recording::Recording;
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
    // What the caller allows, and what the strategy took of it for this run.
    allowed: Injections,
    injections: Injections,
    struck: Struck,
    budgets: Budgets,
    number: u64,
    steps: u64,
    repeating: bool,
    explaining: bool,
    halt: Option<Halt>,
    // Whether the budget of chaos is spent: the rest of the run is fair and without trouble.
    quiet: bool,
    footprints: Footprints,
    /// Marks that the program under test may reach.
    pub marks: Marks,
    violation: Option<String>,
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
            allowed: Injections::DEFAULT,
            injections: Injections::DEFAULT,
            struck: Struck::default(),
            budgets: Budgets::default(),
            number: 0,
            steps: 0,
            repeating: false,
            explaining: false,
            halt: None,
            quiet: false,
            footprints: Footprints {
                asked: true,
                on: true,
                ..Footprints::default()
            },
            marks: Marks::default(),
            violation: None,
        }
    }

    /// The same, shared.
    #[must_use]
    pub fn shared(strategy: Box<dyn Strategy>) -> SharedRun {
        Rc::new(RefCell::new(Run::new(strategy)))
    }

    /// What may be injected, from the next [`Run::begin`] on.
    pub fn set_injections(&mut self, injections: Injections) {
        self.allowed = injections;
    }

    /// Allows what a recording allowed, and lets runs go as far as it did.
    pub fn prepare_for(&mut self, recording: &Recording) {
        self.set_injections(recording.injections());
        self.budgets.chaos_steps = recording.strategy.chaos;
        if let Some(steps) = recording.strategy.steps {
            self.budgets.steps = steps;
        }
    }

    /// What may be injected at all; the strategy may take less of it for a run.
    #[must_use]
    pub fn allowed_injections(&self) -> Injections {
        self.allowed
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

    /// Whether runs that are stuck are to be explained in full. The run is the same, but slow.
    pub fn set_explaining(&mut self, on: bool) {
        self.explaining = on;
    }

    /// Whether runs that are stuck are to be explained in full.
    #[must_use]
    pub fn is_explaining(&self) -> bool {
        self.explaining
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
        self.halt = None;
        self.struck = Struck::default();
        self.quiet = self.budgets.chaos_steps == Some(0);
        self.injections = self.strategy.injections(self.allowed);
        self.marks.begin(self.repeating);
        self.violation = None;
        let footprints = &mut self.footprints;
        footprints.wanted = self.strategy.wants_footprints();
        footprints.every_step = self.strategy.wants_every_step();
        footprints.on = footprints.asked || footprints.wanted || self.strategy.wants_fingerprints();
        footprints.action = 0;
        footprints.current.clear();
        footprints.order.reset();
        true
    }

    /// The run is over; `complete` is false when it was cut short. Returns its trace hash.
    pub fn end(&mut self, complete: bool) -> u64 {
        self.end_step();
        let hash = self.trace.hash();
        let length = self.tape.len() as u64;
        self.strategy.end(&Ended {
            length,
            hash,
            fingerprint: self.footprints.order.fingerprint(),
            tape: &self.tape,
            marks: self.marks.reached(),
            complete: complete && self.halt.is_none(),
        });
        hash
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
            0 | 1 if self.footprints.every_step => self.put_single(candidates),
            0 | 1 => 0,
            _ => self.decide(kind, candidates),
        };
        if keeps_footprints {
            self.begin_step(candidates[pick]);
        }
        pick
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
        self.halt.get_or_insert(if is_redundant {
            Halt::Redundant
        } else {
            Halt::Diverged
        });
    }

    fn decide(&mut self, kind: Kind, candidates: &[Candidate]) -> usize {
        let at = self.tape.len() as u64;
        let mut pick = if self.quiet && !self.strategy.repeats() {
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

        let shape = (candidates.len() as u64) << 8 | kind as u64;
        let word = match taken.action {
            // By far the most frequent one, spared the table of all.
            Action::Run => 1,
            other => other.word(),
        };
        let word = word.rotate_left(16) ^ shape.rotate_left(40);
        self.trace.fold(taken.label.0 ^ word);
        if kind != Kind::Run && taken.action != Action::Keep {
            self.footprints.data = mix(self.footprints.data ^ taken.label.0 ^ taken.action.word());
        }
        match taken.action {
            Action::Run
            | Action::Deliver
            | Action::Advance
            | Action::Keep
            | Action::Delay(_)
            | Action::Drop
            | Action::Pick(_) => {}
            Action::Spurious => self.struck.spurious += 1,
            Action::Early => self.struck.early += 1,
            Action::Never => self.struck.never += 1,
            Action::Fault(_) => self.struck.faults += 1,
            Action::Cancel => self.struck.cancels += 1,
        }
        if self.detail.is_some() {
            self.note_detail(kind, at, pick, candidates);
        }
        if (at + 1).is_multiple_of(CHECKPOINT_EVERY) {
            let hash = self.trace.checkpoint();
            self.strategy.checkpoint(at + 1, hash);
            if self.strategy.divergence().is_some() {
                self.halt.get_or_insert(Halt::Diverged);
            }
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

    /// Why a run that has made so many steps must stop, if it must: for hosts that count more than
    /// steps. The budget of chaos comes on top of the other.
    #[must_use]
    pub fn spent(&self, steps: u64) -> Option<Halt> {
        let Budgets {
            steps: most,
            chaos_steps,
            ..
        } = self.budgets;
        if steps <= most.saturating_add(chaos_steps.unwrap_or(0)) {
            return None;
        }
        Some(match chaos_steps {
            None => Halt::Steps,
            Some(_) => Halt::Livelock,
        })
    }

    /// Why the run must stop, if it must: for hosts whose steps are not all counted.
    #[inline]
    #[must_use]
    pub fn halt(&self) -> Option<Halt> {
        self.halt
    }

    /// Moves time to `nanoseconds`; an error when that is past the budget.
    pub fn advance_to(&mut self, nanoseconds: u64) -> Result<(), Halt> {
        if nanoseconds > self.budgets.nanoseconds {
            return Err(Halt::Time);
        }
        self.clock.advance_to(nanoseconds);
        Ok(())
    }

    /// The injections that are on in this run.
    #[inline]
    #[must_use]
    pub fn injections(&self) -> &Injections {
        &self.injections
    }

    /// How many spurious polls may still be made in this run.
    #[inline]
    #[must_use]
    pub fn spurious_left(&self) -> u32 {
        self.left(self.injections.spurious_polls, self.struck.spurious)
    }

    /// How many completions may still arrive early in this run.
    #[must_use]
    pub fn early_left(&self) -> u32 {
        self.left(self.injections.early_completions, self.struck.early)
    }

    /// How many operations may still be left without a completion in this run.
    #[must_use]
    pub fn never_left(&self) -> u32 {
        self.left(self.injections.never_completions, self.struck.never)
    }

    /// How many faults may still strike in this run.
    #[inline]
    #[must_use]
    pub fn faults_left(&self) -> u32 {
        self.left(self.injections.faults, self.struck.faults)
    }

    /// How many cancels may still strike in this run.
    #[inline]
    #[must_use]
    pub fn cancels_left(&self) -> u32 {
        self.left(self.injections.cancels, self.struck.cancels)
    }

    /// How many injections of all kinds with a budget have struck in this run.
    #[must_use]
    pub fn struck(&self) -> u32 {
        let struck = &self.struck;
        struck.spurious + struck.early + struck.never + struck.faults + struck.cancels
    }

    #[inline]
    fn left(&self, budget: u32, struck: u32) -> u32 {
        if self.quiet {
            return 0;
        }
        budget.saturating_sub(struck)
    }

    /// Whether nothing is injected any more, since the budget of chaos is spent.
    #[must_use]
    pub fn is_quiet(&self) -> bool {
        self.quiet
    }

    /// Something that must hold of every run does not. The first of a run stands; the run goes on.
    pub fn violate(&mut self, text: impl FnOnce(&Labels) -> String) {
        if self.violation.is_none() {
            self.violation = Some(text(&self.labels));
        }
    }

    /// What was violated in this run, if anything was.
    #[must_use]
    pub fn violation(&self) -> Option<&str> {
        self.violation.as_deref()
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
