//! Campaigns: one program run under many schedules, whoever executes it, and what came out.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::ControlFlow;

use crate::distinct::Distinct;
use crate::inject::Injections;
use crate::recording::{FailureNote, Recording};
use crate::run::{Halt, SharedRun};
use crate::strategy::{Description, Strategy, Tape};

/// How one run was judged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// What failed, if anything did.
    pub failure: Option<Failure>,
    /// True when the run was cut short by a budget, so that its continuation is unknown.
    pub cut_short: bool,
}

impl Verdict {
    /// Everything held.
    pub const PASS: Verdict = Verdict {
        failure: None,
        cut_short: false,
    };

    /// A run that ended by itself and failed.
    #[must_use]
    pub fn failed(kind: FailureKind, summary: impl Into<String>) -> Verdict {
        let failure = Some(Failure {
            kind,
            summary: summary.into(),
        });
        Verdict {
            failure,
            cut_short: false,
        }
    }
}

/// What failed in a run. Two failures that are equal count as the same.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Failure {
    /// The kind.
    pub kind: FailureKind,
    /// What failed, in one line without schedule-dependent detail.
    pub summary: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {}", self.kind, self.summary)
    }
}

/// The kinds of failure, as command line and recordings spell them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FailureKind {
    /// The program failed.
    Error,
    /// The outcome is not one of those allowed.
    Outcome,
    /// An oracle spoke.
    Oracle,
    /// Something waits and nothing can wake it.
    Deadlock,
    /// Something was left over.
    Leak,
    /// A budget was spent.
    Budget,
    /// The trouble had stopped, and the run still did not come to its end.
    Livelock,
    /// A task panicked.
    Panic,
    /// The same choices led to another run.
    Nondeterminism,
}

impl FailureKind {
    /// All of them.
    pub const ALL: [FailureKind; 9] = [
        FailureKind::Error,
        FailureKind::Outcome,
        FailureKind::Oracle,
        FailureKind::Deadlock,
        FailureKind::Leak,
        FailureKind::Budget,
        FailureKind::Livelock,
        FailureKind::Panic,
        FailureKind::Nondeterminism,
    ];

    /// The kind of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<FailureKind> {
        FailureKind::ALL
            .into_iter()
            .find(|kind| kind.name() == name)
    }

    /// The kind's name in recordings and reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            FailureKind::Error => "error",
            FailureKind::Outcome => "outcome",
            FailureKind::Oracle => "oracle",
            FailureKind::Deadlock => "deadlock",
            FailureKind::Leak => "leak",
            FailureKind::Budget => "budget",
            FailureKind::Livelock => "livelock",
            FailureKind::Panic => "panic",
            FailureKind::Nondeterminism => "nondeterminism",
        }
    }
}

impl fmt::Display for FailureKind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}

/// Which runs a campaign makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    /// At most so many runs, over all shards.
    pub schedules: u64,
    /// This campaign makes the runs whose number is `shard` modulo `shards`.
    pub shard: u64,
    /// Into how many campaigns the runs are split. Strategies that search a tree cannot be split.
    pub shards: u64,
    /// Every so many runs one is made twice and compared; 0 is never.
    pub repeat_every: u64,
    /// The campaign ends after so many failing runs; 0 is never.
    pub stop_after_failures: u64,
    /// Of the runs from number 4,096 on, one in so many tells its footprints; 1 is all. Strategies
    /// that need them get them of every run.
    pub footprints_every: u64,
}

/// So many runs tell their footprints in any case.
const FIRST_FOOTPRINTS: u64 = 4_096;

impl Plan {
    /// A plan of so many runs in one shard.
    #[must_use]
    pub fn new(schedules: u64) -> Plan {
        Plan {
            schedules,
            shard: 0,
            shards: 1,
            repeat_every: 1_000,
            stop_after_failures: 0,
            footprints_every: 1,
        }
    }

    fn wants_footprints(&self, number: u64) -> bool {
        number < FIRST_FOOTPRINTS || number.is_multiple_of(self.footprints_every.max(1))
    }
}

/// How a run can be made again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Witness {
    /// Its number in the exploration.
    pub run: u64,
    /// The index that each of its choice points took.
    pub tape: Vec<u32>,
    /// Its trace hash.
    pub hash: u64,
    /// What could be injected in it.
    pub injections: Injections,
}

/// Where a run and its repetition part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The number of the run.
    pub run: u64,
    /// The last events that both have in common.
    pub before: Vec<String>,
    /// What came next in the one; none at its end.
    pub one: Option<String>,
    /// What came next in the other; none at its end.
    pub other: Option<String>,
}

impl fmt::Display for Difference {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "  run {}, after", self.run)?;
        for line in &self.before {
            writeln!(out, "  {line}")?;
        }
        for (which, next) in [("once", &self.one), ("then", &self.other)] {
            let next = next.as_deref().unwrap_or("       the end");
            writeln!(out, "  {which}\n  {next}")?;
        }
        Ok(())
    }
}

/// How often something came out, and the first run in which it did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stats {
    /// In how many runs.
    pub count: u64,
    /// The first of them.
    pub witness: Witness,
}

/// What a campaign has found so far.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Report {
    /// How many runs were made, repetitions not counted.
    pub schedules: u64,
    /// How many steps they made.
    pub steps: u64,
    /// How many choice points they passed.
    pub choices: u64,
    /// How many runs were given up because others show all that they could; they are not among the
    /// schedules.
    pub redundant: u64,
    /// The different partial orders among the runs: as many runs as differ in more than the order of
    /// independent steps, as far as footprints tell.
    pub partial_orders: Distinct,
    /// How many of the schedules told their footprints, and so count there.
    pub ordered: u64,
    /// The marks that the program names, with the number of runs that reached each.
    pub marks: BTreeMap<String, u64>,
    /// Which part of all schedules was run, from 0 to 1, as far as the strategy can estimate it.
    pub progress: Option<f64>,
    /// Whether every schedule there is was run, each to its end, or another of its partial order.
    pub exhausted: bool,
    /// How many runs were repeated and compared.
    pub repeated: u64,
    /// What came out.
    pub outcomes: BTreeMap<String, Stats>,
    /// What failed.
    pub failures: BTreeMap<Failure, Stats>,
    /// The first run that its repetition was not like, if there was one.
    pub difference: Option<Difference>,
    /// What chose.
    pub strategy: Description,
}

impl Report {
    /// The outcomes without their counts.
    #[must_use]
    pub fn outcome_names(&self) -> Vec<&str> {
        self.outcomes.keys().map(String::as_str).collect()
    }

    /// Adds what another shard of the same exploration found.
    pub fn merge(&mut self, other: Report) {
        self.schedules += other.schedules;
        self.steps += other.steps;
        self.choices += other.choices;
        self.repeated += other.repeated;
        self.redundant += other.redundant;
        self.partial_orders.merge(&other.partial_orders);
        self.ordered += other.ordered;
        for (mark, count) in other.marks {
            *self.marks.entry(mark).or_default() += count;
        }
        self.progress = None;
        self.exhausted &= other.exhausted;
        merge_stats(&mut self.outcomes, other.outcomes);
        merge_stats(&mut self.failures, other.failures);
        let first = |difference: &Difference| difference.run;
        self.difference = match (self.difference.take(), other.difference) {
            (Some(mine), Some(theirs)) => Some(std::cmp::min_by_key(mine, theirs, first)),
            (mine, theirs) => mine.or(theirs),
        };
    }
}

fn merge_stats<K: Ord>(into: &mut BTreeMap<K, Stats>, from: BTreeMap<K, Stats>) {
    for (key, stats) in from {
        match into.get_mut(&key) {
            None => {
                into.insert(key, stats);
            }
            Some(known) => {
                known.count += stats.count;
                if stats.witness.run < known.witness.run {
                    known.witness = stats.witness;
                }
            }
        }
    }
}

/// Something that can be run under a [`crate::Run`] again and again.
///
/// It finds the run begun, executes the program, and writes the outcome to the text it is given
/// (empty at first). It must not begin or end the run itself.
pub type Body<'a> = dyn FnMut(&mut String) -> Verdict + 'a;

/// Runs `body` under the strategy of `run` as `plan` says; `watch` sees the report after every run
/// and may end the campaign, for instance when time is up.
pub fn explore(
    run: &SharedRun,
    plan: &Plan,
    body: &mut Body<'_>,
    watch: &mut dyn FnMut(&Report) -> ControlFlow<()>,
) -> Report {
    let mut report = Report {
        strategy: run.borrow().strategy().describe(),
        ..Report::default()
    };
    let mut outcome = String::new();
    let mut failing = 0;
    let mut number = plan.shard;
    // Runs until the next that is repeated: the first is, if any.
    let mut until_repeated = plan.repeat_every.min(1);
    if number != 0 && run.borrow().strategy().wants_trial() {
        try_out(run, body);
    }
    let marks_before = run.borrow().marks.counts();
    while number < plan.schedules {
        run.borrow_mut()
            .set_footprints(plan.wants_footprints(number));
        if !run.borrow_mut().begin(number) {
            break;
        }
        outcome.clear();
        let verdict = body(&mut outcome);
        let hash = {
            let mut run = run.borrow_mut();
            let hash = run.end(!verdict.cut_short);
            report.steps += run.steps();
            if run.halt() == Some(Halt::Redundant) {
                report.redundant += 1;
                report.progress = run.strategy().progress();
                drop(run);
                let bound = plan.schedules.saturating_mul(MAX_REDUNDANT);
                if watch(&report).is_break() || report.redundant >= bound {
                    break;
                }
                continue;
            }
            report.schedules += 1;
            report.choices += run.length();
            if run.keeps_footprints() {
                report.ordered += 1;
                report.partial_orders.insert(run.fingerprint());
            }
            hash
        };
        // A strategy that finds the program changed under it says so by a divergence.
        let mut changed = run
            .borrow()
            .divergence_text()
            .map(|text| first_line(&text).to_string());
        let mut first = None;
        let is_repeated = until_repeated == 1;
        until_repeated = match is_repeated {
            true => plan.repeat_every,
            false => until_repeated.saturating_sub(1),
        };
        if changed.is_none() && is_repeated {
            report.repeated += 1;
            // The repetition overwrites the tape.
            let first = first.insert(witness(run, number, hash));
            let repeated = repeat(run, first, &outcome, body);
            if let Some((summary, difference)) = repeated {
                changed = Some(summary);
                report.difference = report.difference.take().or(difference);
            }
        }
        let witness = || first.clone().unwrap_or_else(|| witness(run, number, hash));
        count(&mut report.outcomes, &outcome, witness);
        let kind = FailureKind::Nondeterminism;
        let changed = changed.map(|summary| Failure { kind, summary });
        let failures = [verdict.failure, changed];
        failing += u64::from(failures.iter().any(Option::is_some));
        for failure in failures.into_iter().flatten() {
            count_owned(&mut report.failures, failure, witness);
        }
        number += plan.shards;
        if report.schedules.is_multiple_of(PROGRESS_EVERY) {
            report.progress = run.borrow().strategy().progress();
        }
        if finished(plan, failing, &report, watch) {
            break;
        }
    }
    run.borrow_mut().set_footprints(true);
    let run = run.borrow();
    report.progress = run.strategy().progress();
    report.exhausted = run.strategy().exhausted();
    report.marks = run.marks.counts();
    for (mark, before) in marks_before {
        if let Some(count) = report.marks.get_mut(&mark) {
            *count -= before;
        }
    }
    drop(run);
    report
}

/// A campaign gives up at most so many runs for each that it may make.
const MAX_REDUNDANT: u64 = 4;

/// The estimate of what is left is made anew every so many runs.
const PROGRESS_EVERY: u64 = 256;

fn finished(
    plan: &Plan,
    failing: u64,
    report: &Report,
    watch: &mut dyn FnMut(&Report) -> ControlFlow<()>,
) -> bool {
    let enough = plan.stop_after_failures > 0 && failing >= plan.stop_after_failures;
    enough || watch(report).is_break()
}

/// Makes run 0 and counts it nowhere: for whoever makes one later run of a strategy alone (see
/// [`Strategy::wants_trial`]).
pub fn try_out(run: &SharedRun, body: &mut Body<'_>) {
    run.borrow_mut().set_repeating(true);
    if run.borrow_mut().begin(0) {
        let verdict = body(&mut String::new());
        run.borrow_mut().end(!verdict.cut_short);
    }
    run.borrow_mut().set_repeating(false);
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or(text)
}

pub(crate) fn witness(run: &SharedRun, number: u64, hash: u64) -> Witness {
    Witness {
        run: number,
        tape: run.borrow().tape().to_vec(),
        hash,
        injections: *run.borrow().injections(),
    }
}

fn count(stats: &mut BTreeMap<String, Stats>, key: &str, witness: impl FnOnce() -> Witness) {
    match stats.get_mut(key) {
        Some(known) => known.count += 1,
        None => {
            stats.insert(
                key.to_string(),
                Stats {
                    count: 1,
                    witness: witness(),
                },
            );
        }
    }
}

fn count_owned<K: Ord>(stats: &mut BTreeMap<K, Stats>, key: K, witness: impl FnOnce() -> Witness) {
    stats
        .entry(key)
        .and_modify(|known| known.count += 1)
        .or_insert_with(|| Stats {
            count: 1,
            witness: witness(),
        });
}

/// Runs under `strategy` once and puts the run's own strategy back.
pub(crate) fn once(
    run: &SharedRun,
    number: u64,
    strategy: Box<dyn Strategy>,
    body: &mut Body<'_>,
) -> (String, Verdict, Box<dyn Strategy>) {
    let own = run.borrow_mut().replace_strategy(strategy);
    let began = run.borrow_mut().begin(number);
    assert!(began, "strategies that repeat a run always begin");
    let mut outcome = String::new();
    let verdict = body(&mut outcome);
    let mut shared = run.borrow_mut();
    shared.end(!verdict.cut_short);
    let used = shared.replace_strategy(own);
    drop(shared);
    (outcome, verdict, used)
}

/// Makes a run again and compares; a difference is described, with the place if there is one.
fn repeat(
    run: &SharedRun,
    witness: &Witness,
    outcome: &str,
    body: &mut Body<'_>,
) -> Option<(String, Option<Difference>)> {
    let fingerprint = run.borrow().fingerprint();
    let tape = Tape::of(witness).expecting(witness.hash);
    // As in the run that is repeated, whoever wanted them there.
    let keeps_footprints = run.borrow().keeps_footprints();
    run.borrow_mut().set_footprints(keeps_footprints);
    run.borrow_mut().set_repeating(true);
    let (again, _, used) = once(run, witness.run, Box::new(tape), body);
    let text = used
        .divergence()
        .map(|divergence| divergence.text(&run.borrow().labels));
    let touches_other = run.borrow().fingerprint() != fingerprint;
    let differs = text.is_some() || again != outcome || touches_other;
    let description = differs.then(|| match first_difference(run, witness, body) {
        Some((line, difference)) => (line, Some(difference)),
        None if text.is_none() && again == outcome => {
            let line = "the same steps touched other objects, or in another way";
            (line.to_string(), None)
        }
        None => {
            let line = || "the same choices led to another outcome".to_string();
            (text.unwrap_or_else(line), None)
        }
    });
    run.borrow_mut().set_repeating(false);
    description
}

/// So many events are shown of those that a run and its repetition have in common.
const EVENTS_BEFORE: usize = 8;

/// Makes the run twice with all events and finds the first that differs.
fn first_difference(
    run: &SharedRun,
    witness: &Witness,
    body: &mut Body<'_>,
) -> Option<(String, Difference)> {
    let mut traces = Vec::new();
    run.borrow_mut().set_keep_events(true);
    for _ in 0..2 {
        once(run, witness.run, Box::new(Tape::of(witness)), body);
        traces.push(run.borrow().event_lines());
    }
    run.borrow_mut().set_keep_events(false);
    let longest = traces[0].len().max(traces[1].len());
    let at = (0..longest).find(|index| traces[0].get(*index) != traces[1].get(*index))?;
    let short = |line: Option<&String>| match line {
        Some(line) => line.split_whitespace().collect::<Vec<_>>().join(" "),
        None => "the end".to_string(),
    };
    let [one, other] = [0, 1].map(|trace| traces[trace].get(at).cloned());
    let summary = format!(
        "the same choices led to another run: event {at} is `{}`, then `{}`",
        short(one.as_ref()),
        short(other.as_ref())
    );
    let before = traces[0][at.saturating_sub(EVENTS_BEFORE)..at].to_vec();
    let difference = Difference {
        run: witness.run,
        before,
        one,
        other,
    };
    Some((summary, difference))
}

/// Makes the run of `witness` again so that its report, if it is stuck, says all that can be found
/// out; false when it was not the same run. For hosts whose tasks run in an [`crate::Executor`].
pub fn explain(run: &SharedRun, witness: &Witness, body: &mut Body<'_>) -> bool {
    let tape = Tape::of(witness).expecting(witness.hash);
    run.borrow_mut().set_explaining(true);
    run.borrow_mut().set_repeating(true);
    let (_, _, used) = once(run, witness.run, Box::new(tape), body);
    run.borrow_mut().set_repeating(false);
    run.borrow_mut().set_explaining(false);
    used.divergence().is_none()
}

/// Makes the run of `witness` again and returns its recording, for the caller to complete with what
/// it knows of program, session and world. An error when the program did not repeat itself.
pub fn record(
    run: &SharedRun,
    strategy: &Description,
    witness: &Witness,
    body: &mut Body<'_>,
) -> Result<Recording, String> {
    let tape = Tape::of(witness).expecting(witness.hash);
    run.borrow_mut().set_recording(true);
    let (_, verdict, used) = once(run, witness.run, Box::new(tape), body);
    let mut recording = Recording::of_run(&run.borrow(), strategy);
    let step = run.borrow().steps();
    run.borrow_mut().set_recording(false);
    recording.failure = verdict.failure.map(|failure| FailureNote {
        kind: failure.kind.name().to_string(),
        summary: failure.summary,
        step: Some(step),
    });
    match used.divergence() {
        None => Ok(recording),
        Some(divergence) => Err(divergence.text(&run.borrow().labels)),
    }
}

/// What a replay showed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replayed {
    /// What came out.
    pub outcome: String,
    /// How it was judged.
    pub verdict: Verdict,
    /// The first step where the run left the recording, in words; only of a strict replay.
    pub divergence: Option<String>,
    /// What a lenient replay could not make, in words.
    pub skipped: Vec<String>,
    /// Who waits for what and why, of a run of plain futures that is stuck.
    pub explanation: Option<String>,
}

/// Runs `body` once under a replaying strategy. The injections must be those of the recording.
pub fn replay(run: &SharedRun, strategy: Box<dyn Strategy>, body: &mut Body<'_>) -> Replayed {
    let (outcome, verdict, used) = once(run, 0, strategy, body);
    let labels = &run.borrow().labels;
    let divergence = used.divergence().map(|divergence| divergence.text(labels));
    let skipped = used
        .skipped()
        .iter()
        .map(|skipped| skipped.text(labels))
        .collect();
    Replayed {
        outcome,
        verdict,
        divergence,
        skipped,
        explanation: None,
    }
}
