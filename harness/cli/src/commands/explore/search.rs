//! One exploration, on one thread or several.

use crate::choosing::{self, Choosing};
use crate::clock::Stopwatch;
use crate::judge::Judge;
use crate::progress::Progress;
use crate::subject::{Obstacle, Refusal, Subject};
use crate::threads;
use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::time::Duration;
use tourbillon_sim::campaign::{Plan, Report};
use tourbillon_sim::{Difference, Failure, FailureKind, Injections, Recording, Witness};
use tourbillon_world::config::CancelPlan;
use tourbillon_world::explore::{explain, explore, plan, record, run_for};
use tourbillon_world::{Outcome, Simulation, StuckReport};

/// What to explore, and how.
pub struct Search<'a> {
    /// What is run.
    pub subject: &'a Subject,
    /// Name of the strategy; it exists.
    pub strategy: String,
    /// Its seed and whatever else was said about the choices.
    pub choosing: &'a Choosing,
    /// At most so many schedules, over all shards.
    pub schedules: u64,
    /// What may be injected.
    pub injections: Injections,
    /// The part to run, from 0.
    pub shard: u64,
    /// How many parts there are.
    pub shards: u64,
}

/// What was found.
#[derive(Default)]
pub struct Found {
    /// Counts and witnesses.
    pub report: Report,
    /// What the outcomes of the report are.
    pub outcomes: BTreeMap<String, Outcome>,
    /// The failures of the runs with an outcome.
    pub failures: BTreeMap<String, BTreeSet<Failure>>,
    /// Which allowed outcomes of a case came up.
    pub seen: BTreeSet<usize>,
    /// The trace hashes of all runs in one number, whatever the order in which they were made.
    pub traces: u64,
}

impl Search<'_> {
    /// Whether a tree is searched, and not schedules that are numbered.
    pub fn is_exhaustive(&self) -> bool {
        choosing::is_exhaustive(&self.strategy)
    }

    /// Whether a run is made again by its number: a sweep of cancels goes from run to run.
    pub fn is_by_number(&self) -> bool {
        choosing::is_by_number(&self.strategy) && !self.is_sweep()
    }

    /// The seed of the strategy.
    pub fn seed(&self) -> u64 {
        self.choosing.seed
    }

    fn is_sweep(&self) -> bool {
        self.subject.world().cancel == Some(CancelPlan::EverySuspension)
    }

    /// Explores on so many threads, for at most so long. What is found does not depend on the number
    /// of threads.
    ///
    /// # Errors
    /// When the subject cannot be run.
    pub fn run(
        &self,
        jobs: NonZeroUsize,
        limit: Option<Duration>,
        progress: &Progress,
    ) -> Result<Found, Obstacle> {
        let threads = match self.is_exhaustive() || self.is_sweep() {
            false => jobs,
            // What is run next depends on the runs before.
            true => NonZeroUsize::MIN,
        };
        let watch = Stopwatch::start();
        let parts = threads::map(threads, threads.get(), |part| {
            self.run_part(part as u64, threads.get() as u64, (watch, limit), progress)
        });
        let mut whole: Option<Found> = None;
        for part in parts {
            let part = part?;
            match &mut whole {
                None => whole = Some(part),
                // Every part made the one run that there is.
                Some(whole) if whole.report.choices == 0 => break,
                Some(whole) => whole.merge(part),
            }
        }
        Ok(whole.unwrap_or_default())
    }

    fn run_part(
        &self,
        part: u64,
        parts: u64,
        (watch, limit): (Stopwatch, Option<Duration>),
        progress: &Progress,
    ) -> Result<Found, Obstacle> {
        let mut simulation = self.simulation()?;
        let mut judge = Judge::new(self.subject);
        let mut failures: BTreeMap<String, BTreeSet<Failure>> = BTreeMap::new();
        let plan = Plan {
            shard: self.shard + self.shards * part,
            shards: self.shards * parts,
            ..plan(self.schedules)
        };
        let mut judge_run = |result: &tourbillon_world::RunResult| {
            let failure = judge.failure(result);
            if let Some(failure) = &failure {
                let of_outcome = failures.entry(result.outcome.key()).or_default();
                of_outcome.insert(failure.clone());
            }
            failure
        };
        let run = simulation.run().clone();
        let mut traces = 0_u64;
        let mut watch_run = |report: &Report| {
            let run = run.borrow();
            traces = traces.wrapping_add(mixed(run.number(), run.hash()));
            progress.schedule(report);
            // A run without a choice point is the only one there is.
            let is_only_one = report.choices == 0 && report.schedules > 0;
            if is_only_one || limit.is_some_and(|limit| watch.elapsed() >= limit) {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        };
        let found = explore(&mut simulation, &plan, &mut judge_run, &mut watch_run);
        Ok(Found {
            report: found.report,
            outcomes: found.outcomes,
            failures,
            seen: judge.seen,
            traces,
        })
    }

    fn simulation(&self) -> Result<Simulation, Obstacle> {
        let strategy = self.choosing.strategy(&self.strategy);
        let strategy = strategy.map_err(Obstacle::Refused)?;
        let run = run_for(strategy, self.subject.world().cancel);
        run.borrow_mut().set_injections(self.injections);
        self.choosing.set_budgets(&run, self.subject);
        self.subject.simulation(&run)
    }

    /// Why the run of a witness is stuck.
    ///
    /// # Errors
    /// When the subject cannot be run.
    pub fn explain(&self, witness: &Witness) -> Result<Option<StuckReport>, Refusal> {
        Ok(explain(&mut self.simulation()?, witness))
    }

    /// Recordings of runs that were found.
    ///
    /// # Errors
    /// When the subject cannot be run, or did not repeat itself.
    pub fn record(&self, found: &Found, witness: &Witness) -> Result<Recording, Refusal> {
        let mut simulation = self.simulation()?;
        let mut judge = Judge::new(self.subject);
        let mut judge_run = |result: &tourbillon_world::RunResult| judge.failure(result);
        let strategy = &found.report.strategy;
        let recording = record(&mut simulation, strategy, witness, &mut judge_run);
        let mut recording = recording.map_err(|difference| {
            let target = &self.subject.target;
            vec![format!(
                "{target}: error: the run does not repeat itself: {difference}"
            )]
        })?;
        recording.case = self.subject.case.as_ref().map(|case| case.full_id());
        Ok(recording)
    }
}

impl Found {
    /// Where the run of this failure and its repetition part, when that is what failed.
    pub fn difference_of(&self, failure: &Failure, witness: &Witness) -> Option<&Difference> {
        let difference = self.report.difference.as_ref()?;
        let is_its = failure.kind == FailureKind::Nondeterminism && difference.run == witness.run;
        is_its.then_some(difference)
    }

    fn merge(&mut self, other: Found) {
        for (key, outcome) in other.outcomes {
            // The details of an outcome are those of its witness.
            let first = |report: &Report| report.outcomes.get(&key).map(|stats| stats.witness.run);
            let is_earlier = match (first(&self.report), first(&other.report)) {
                (Some(own), Some(others)) => others < own,
                (None, _) => true,
                (Some(_), None) => false,
            };
            if is_earlier {
                self.outcomes.insert(key, outcome);
            }
        }
        self.report.merge(other.report);
        for (key, failures) in other.failures {
            self.failures.entry(key).or_default().extend(failures);
        }
        self.seen.extend(other.seen);
        self.traces = self.traces.wrapping_add(other.traces);
    }
}

/// The trace hash of a numbered run, so that two runs that change places change the sum.
fn mixed(number: u64, hash: u64) -> u64 {
    // The constants are those of the finalizer of SplitMix64.
    let mut word = hash ^ number.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    word = (word ^ (word >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    word = (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    word ^ (word >> 31)
}
