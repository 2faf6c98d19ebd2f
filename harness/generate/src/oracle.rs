//! The oracle of race-free programs: their outcome is that of the production schedule under any other.

use std::fmt;
use std::ops::ControlFlow;

use tourbillon_sim::campaign::{FailureKind, Plan};
use tourbillon_sim::run::Budgets;
use tourbillon_sim::strategy::{Bytes, Fifo};
use tourbillon_sim::{Injections, Recording, Run, SharedRun};
use tourbillon_world::{
    Outcome, RunResult, SessionConfig, Simulation, Target, WorldConfig, explore,
};

use crate::Program;

/// Everything that must not change what a race-free program means.
pub const INJECTIONS: Injections = Injections {
    pending_polls: 1,
    delay_multiples: Injections::DELAY_MULTIPLES,
    spurious_polls: 4,
};

/// Generated programs make some hundred steps; what makes so many does not end.
const BUDGETS: Budgets = Budgets {
    steps: 100_000,
    nanoseconds: 3_600_000_000_000,
};

/// How many programs are tried while a failing one is made smaller.
const SHRINK_TRIALS: u32 = 600;

/// How many schedules each of them gets.
const SHRINK_SCHEDULES: u64 = 12;

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
        };
        let outcome = trial.judged(&run, &mut |_| None)?;
        trial.expected_key = outcome.key();
        trial.expected = outcome;
        Ok(trial)
    }

    /// What came of it under the production schedule.
    #[must_use]
    pub fn expected(&self) -> &Outcome {
        &self.expected
    }

    /// Runs it under the schedule that `choices` stand for, with [`INJECTIONS`], twice: the second
    /// time in a fresh session, which must make no difference.
    ///
    /// # Errors
    /// When another outcome comes of it, or the run fails in some other way.
    pub fn check(&mut self, choices: Vec<u8>) -> Result<(), Box<Failure>> {
        let run = self.simulation.run().clone();
        run.borrow_mut()
            .replace_strategy(Box::new(Bytes::new(choices)));
        run.borrow_mut().set_injections(INJECTIONS);
        let expected = std::mem::take(&mut self.expected_key);
        let found = self.judged(&run, &mut |result| {
            let key = result.outcome.key();
            (key != expected).then(|| difference(&expected, &key))
        });
        self.expected_key = expected;
        found.map(|_| ())
    }

    /// Runs once under the strategy of the run and again for comparison. `differs` says what is wrong
    /// with a run in which all oracles were silent.
    fn judged(
        &mut self,
        run: &SharedRun,
        differs: &mut dyn FnMut(&RunResult) -> Option<String>,
    ) -> Result<Outcome, Box<Failure>> {
        let plan = Plan {
            repeat_every: 1,
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
        run.borrow_mut().set_repeating(false);
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

/// Makes a program of `bytes` and checks that its outcome under the schedule that they also stand for
/// is that of the production schedule. The schedule is read from the end, so that mutations of the
/// one leave the other alone.
///
/// # Errors
/// When it is not. The program in the failure is a smaller one that fails in the same way, where one
/// was found.
pub fn same_outcome_as_fifo(bytes: &[u8]) -> Result<(), Box<Failure>> {
    let program = Program::from_bytes(bytes);
    let choices: Vec<u8> = bytes.iter().rev().copied().collect();
    let Err(mut smallest) = same_outcome(&program.to_string(), &choices) else {
        return Ok(());
    };
    let kind = smallest.kind;
    let _ = program.shrink(SHRINK_TRIALS, &mut |candidate| {
        let Some(failure) = fails(candidate, &choices, kind) else {
            return false;
        };
        smallest = failure;
        true
    });
    Err(smallest)
}

/// A failure of that kind under the choices given or some others: in a changed program the same
/// bytes mean another schedule.
fn fails(program: &Program, choices: &[u8], kind: FailureKind) -> Option<Box<Failure>> {
    let same_kind = |failure: &Box<Failure>| failure.kind == kind;
    let mut trial = match Trial::new(&program.to_string()) {
        Ok(trial) => trial,
        Err(failure) => return Some(failure).filter(same_kind),
    };
    let others = (0..SHRINK_SCHEDULES).map(|seed| crate::pseudorandom(seed, choices.len()));
    std::iter::once(choices.to_vec())
        .chain(others)
        .find_map(|choices| trial.check(choices).err().filter(same_kind))
}
