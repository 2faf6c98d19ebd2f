//! The oracle of race-free programs: their outcome is that of the production schedule under any other.

use std::fmt;
use std::ops::ControlFlow;

use tourbillon_sim::campaign::{FailureKind, Plan};
use tourbillon_sim::run::Budgets;
use tourbillon_sim::strategy::{Bytes, Fifo};
use tourbillon_sim::{Injections, Recording, Run};
use tourbillon_world::{
    Outcome, RunResult, SessionConfig, Simulation, Target, WorldConfig, explore,
};

use crate::Program;

/// Everything that must not change what a race-free program means.
pub const INJECTIONS: Injections = Injections {
    pending_polls: 1,
    delay_multiples: Injections::DELAY_MULTIPLES,
    spurious_polls: 4,
    ..Injections::NONE
};

/// Generated programs make some hundred steps; what makes so many does not end.
const BUDGETS: Budgets = Budgets {
    steps: 100_000,
    nanoseconds: 3_600_000_000_000,
    chaos_steps: None,
};

/// Of so many runs under other schedules one is made again and compared.
const REPEAT_EVERY: u64 = 16;

/// How many programs are tried while a failing one is made smaller.
const SHRINK_TRIALS: u32 = 600;

/// How many schedules each of them gets.
const SHRINK_SCHEDULES: u64 = 16;

/// How many schedules a program gets beside the one that the bytes stand for.
const MORE_SCHEDULES: u64 = 3;

/// How many bytes follow those given.
const TAIL: usize = 400;

/// A program whose outcome depends on its schedule, or that fails in some other way.
#[derive(Clone, Debug)]
pub struct Failure {
    /// What failed: one line, or a few where two outcomes differ.
    pub summary: String,
    /// The kind, as recordings spell it.
    pub kind: FailureKind,
    /// The text of the program.
    pub program: String,
    /// The failing run, for `tourbillon replay`; or why it could not be recorded.
    pub recording: Result<Box<Recording>, String>,
}

impl fmt::Display for Failure {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "{}: {}", self.kind, self.summary)?;
        writeln!(out, "\nthe program:\n\n{}", self.program)?;
        match &self.recording {
            Ok(recording) => {
                writeln!(out, "its recording:\n\n{recording}")?;
                write!(
                    out,
                    "saved as recording.yaml, this command shows it again:\n  \
                     tourbillon replay recording.yaml --trace"
                )
            }
            Err(reason) => write!(out, "there is no recording: {reason}"),
        }
    }
}

impl std::error::Error for Failure {}

/// A program that ran to its end under the production schedule, ready to run under others.
pub struct Trial {
    simulation: Simulation,
    expected: Outcome,
    expected_key: String,
    checks: u64,
}

impl Trial {
    /// Compiles a program and runs it under the production schedule, with nothing injected.
    ///
    /// # Errors
    /// When it does not compile, throws, deadlocks, leaves anything behind, or does not end.
    pub fn new(source: &str) -> Result<Trial, Box<Failure>> {
        let run = Run::shared(Box::new(Fifo::new()));
        run.borrow_mut().set_injections(Injections::NONE);
        run.borrow_mut().set_budgets(BUDGETS);
        let session = SessionConfig::default();
        let target = Target::script(source, &session);
        let simulation = Simulation::new(target, session, WorldConfig::default(), &run);
        let mut trial = Trial {
            simulation: simulation.expect("the default session and world are supported"),
            expected: Outcome::default(),
            expected_key: String::new(),
            checks: 0,
        };
        let outcome = trial.judged(false, &mut |_| None)?;
        trial.expected_key = outcome.key();
        trial.expected = outcome;
        Ok(trial)
    }

    /// What came of it under the production schedule.
    #[must_use]
    pub fn expected(&self) -> &Outcome {
        &self.expected
    }

    /// Runs it under the schedule that `choices` stand for, with [`INJECTIONS`]. Some runs are made
    /// again in a fresh session, the first among them, which must make no difference.
    ///
    /// # Errors
    /// When another outcome comes of it, or the run fails in some other way.
    pub fn check(&mut self, choices: Vec<u8>) -> Result<(), Box<Failure>> {
        let run = self.simulation.run().clone();
        run.borrow_mut()
            .replace_strategy(Box::new(Bytes::new(choices)));
        run.borrow_mut().set_injections(INJECTIONS);
        let expected = std::mem::take(&mut self.expected_key);
        let is_repeated = self.checks.is_multiple_of(REPEAT_EVERY);
        self.checks += 1;
        let found = self.judged(is_repeated, &mut |result| {
            let key = result.outcome.key();
            (key != expected).then(|| difference(&expected, &key))
        });
        self.expected_key = expected;
        found.map(|_| ())
    }

    /// Runs once under the strategy of the run, and again for comparison if it is to be repeated.
    /// `differs` says what is wrong with a run in which all oracles were silent.
    fn judged(
        &mut self,
        is_repeated: bool,
        differs: &mut dyn FnMut(&RunResult) -> Option<String>,
    ) -> Result<Outcome, Box<Failure>> {
        let plan = Plan {
            repeat_every: u64::from(is_repeated),
            ..Plan::new(1)
        };
        let mut judge = |result: &RunResult| {
            explore::failure(result).or_else(|| {
                let kind = FailureKind::Outcome;
                differs(result).map(|summary| tourbillon_sim::Failure { kind, summary })
            })
        };
        let found = explore::explore(&mut self.simulation, &plan, &mut judge, &mut |_| {
            ControlFlow::Continue(())
        });
        let Some((failure, stats)) = found.report.failures.into_iter().next() else {
            let outcome = found.outcomes.into_values().next();
            return Ok(outcome.expect("the plan makes one run"));
        };
        let strategy = &found.report.strategy;
        let witness = &stats.witness;
        let recording = explore::record(&mut self.simulation, strategy, witness, &mut judge);
        Err(Box::new(Failure {
            summary: failure.summary,
            kind: failure.kind,
            program: self.simulation.target().text().source.clone(),
            recording: recording.map(Box::new),
        }))
    }
}

/// The lines in which two outcomes differ.
fn difference(expected: &str, found: &str) -> String {
    let only = |lines: &str, others: &str, head: &str| {
        let lines = lines.lines();
        let missing = lines.filter(|line| !others.lines().any(|other| other == *line));
        let listed: Vec<&str> = missing.collect();
        match listed.is_empty() {
            true => format!("{head} nothing more"),
            false => format!("{head} {}", listed.join("; ")),
        }
    };
    format!(
        "{}, but {}",
        only(expected, found, "the production schedule gives"),
        only(found, expected, "this one gives")
    )
}

/// Runs a program under the production schedule and under the one that `choices` stand for.
///
/// # Errors
/// When the outcomes differ, or either run fails in some other way.
pub fn same_outcome(source: &str, choices: &[u8]) -> Result<(), Box<Failure>> {
    Trial::new(source)?.check(choices.to_vec())
}

/// Makes a program of `bytes` and checks that its outcome under the schedule that they also stand for,
/// and under a few more, is that of the production schedule.
///
/// The first four bytes are a seed for what follows when the others are used up, so that short inputs
/// make programs of full size too. The program reads the others from the start and the schedule from
/// the end, so that a mutation of the one leaves the other alone.
///
/// # Errors
/// When it is not. The program in the failure is a smaller one that fails in the same way, where one
/// was found.
pub fn same_outcome_as_fifo(bytes: &[u8]) -> Result<(), Box<Failure>> {
    let (seed, rest) = bytes.split_at(bytes.len().min(4));
    let seed = seed
        .iter()
        .fold(0, |seed, byte| seed << 8 | u64::from(*byte));
    let tail = |number: u64| crate::pseudorandom(seed << 8 | number, TAIL);
    let program = Program::from_bytes(&[rest, &tail(0)].concat());
    let mut schedules = vec![[rest.iter().rev().copied().collect(), tail(1)].concat()];
    schedules.extend((2..=MORE_SCHEDULES + 1).map(tail));
    let Some(mut smallest) = first_failure(&program, &schedules) else {
        return Ok(());
    };
    let kind = smallest.kind;
    schedules.extend((MORE_SCHEDULES + 2..SHRINK_SCHEDULES).map(tail));
    let _ = program.shrink(SHRINK_TRIALS, &mut |candidate| {
        // In a smaller program the same bytes mean another schedule.
        match first_failure(candidate, &schedules).filter(|failure| failure.kind == kind) {
            Some(failure) => {
                smallest = failure;
                true
            }
            None => false,
        }
    });
    Err(smallest)
}

fn first_failure(program: &Program, schedules: &[Vec<u8>]) -> Option<Box<Failure>> {
    match Trial::new(&program.to_string()) {
        Ok(mut trial) => {
            let mut schedules = schedules.iter().cloned();
            schedules.find_map(|choices| trial.check(choices).err())
        }
        Err(failure) => Some(failure),
    }
}
