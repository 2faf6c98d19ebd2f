//! One simulated run: everything it decides, everything that is remembered of it.

mod budget;
mod choices;
mod steps;

use std::cell::RefCell;
use std::rc::Rc;

use rustc_hash::FxHashMap;

use budget::Struck;
pub use budget::{Budgets, Halt};
pub(crate) use choices::{POLL, ReadyTask};
use steps::Footprints;

use crate::choice::{Candidate, Kind};
use crate::clock::Clock;
use crate::divergence::Divergence;
use crate::inject::Injections;
use crate::label::{Label, Labels};
use crate::marks::Marks;
use crate::recording::Recording;
use crate::strategy::{Ended, Strategy};
use crate::trace::{Event, KeptEvent, Trace};

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
    // Candidates of a scheduling point, for strategies that look at them.
    offered: Vec<Candidate>,
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
    // Up to so many steps, nothing is kept, wanted or limited that most runs do without: see
    // `Run::choose_task`.
    plain_steps: u64,
    // Whether spurious polls or cancels may be among the candidates of scheduling points.
    has_trouble: bool,
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
            offered: Vec::new(),
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
            plain_steps: 0,
            has_trouble: false,
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
        footprints.step = 0;
        footprints.candidate = None;
        footprints.order.reset();
        let Injections {
            spurious_polls,
            cancels,
            drops,
            ..
        } = self.injections;
        self.has_trouble = spurious_polls > 0 || cancels > 0 || drops > 0;
        let is_special = self.detail.is_some()
            || self.kept.is_some()
            || self.budgets.chaos_steps.is_some()
            || self.explaining
            || footprints.wanted
            || footprints.every_step;
        self.plain_steps = if is_special { 0 } else { self.budgets.steps };
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

    /// The run stops before its next step, unless it is to stop already.
    fn halt_for(&mut self, halt: Halt) {
        self.halt.get_or_insert(halt);
        self.plain_steps = 0;
    }

    /// Whether nothing is kept, wanted or limited now that most runs do without: where only ready
    /// tasks are candidates, [`Run::choose_task`] may do.
    #[inline]
    pub(crate) fn is_plain(&self) -> bool {
        self.steps < self.plain_steps
    }

    /// Whether spurious polls or cancels may be among the candidates of scheduling points.
    #[inline]
    pub(crate) fn has_trouble(&self) -> bool {
        self.has_trouble
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

    /// How many futures may still be dropped under way in this run.
    #[inline]
    #[must_use]
    pub fn drops_left(&self) -> u32 {
        self.left(self.injections.drops, self.struck.drops)
    }

    /// How many injections of all kinds with a budget have struck in this run.
    #[must_use]
    pub fn struck(&self) -> u32 {
        let struck = &self.struck;
        struck.spurious
            + struck.early
            + struck.never
            + struck.faults
            + struck.cancels
            + struck.drops
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

    /// The trace hash after every 64 choice points (`CHECKPOINT_EVERY`).
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
