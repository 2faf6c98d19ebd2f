//! The engine of this repository, under simulation, as a laboratory for cases.

use tourbillon_sim::SharedRun;
use tourbillon_sim::campaign::{Failure, FailureKind};
use tourbillon_world::{
    ErrorOutcome, Outcome, OutcomePhase, ProgramText, Simulation, Target, VerdictKind,
};

use crate::expect::Phase;
use crate::matching::{Observed, ObservedError};
use crate::run::{Laboratory, Once, Subject};
use crate::schema::Case;

/// Sessions of the engine in the simulated world that their case describes.
#[derive(Clone, Copy, Debug, Default)]
pub struct SimulatedWorld;

impl Laboratory for SimulatedWorld {
    fn prepare<'a>(
        &'a self,
        case: &'a Case,
        run: &SharedRun,
    ) -> Result<Box<dyn Subject + 'a>, String> {
        Ok(Box::new(simulation(case, run)?))
    }
}

/// The simulation of a case, for those who want more of it than a verdict: commands that trace,
/// record and replay.
///
/// # Errors
///
/// When the case asks for something that this version of the world cannot do.
pub fn simulation(case: &Case, run: &SharedRun) -> Result<Simulation, String> {
    let text = ProgramText {
        name: "main.m".into(),
        source: case.program.clone(),
        files: case.files.clone(),
    };
    let target = Target::compile(text, &case.session);
    Simulation::new(target, case.session.clone(), case.world.clone(), run)
        .map_err(|unsupported| unsupported.to_string())
}

impl Subject for Simulation {
    fn run_once(&mut self) -> Once {
        let result = Simulation::run_once(self);
        let defect = |kind: FailureKind| {
            Some(Failure {
                kind,
                summary: result.verdict.message.clone(),
            })
        };
        let failure = match result.verdict.kind {
            VerdictKind::Leak => defect(FailureKind::Leak),
            VerdictKind::Panic => defect(FailureKind::Panic),
            VerdictKind::Oracle => defect(FailureKind::Oracle),
            // These are outcomes, which the case judges.
            VerdictKind::Pass
            | VerdictKind::Error
            | VerdictKind::Deadlock
            | VerdictKind::Budget => None,
        };
        Once {
            observed: observed(result.outcome),
            failure,
            is_cut_short: result.is_cut_short,
            refused: result.refused.map(|refused| refused.to_string()),
        }
    }
}

/// What a run of the engine showed, as cases compare it.
pub fn observed(outcome: Outcome) -> Observed {
    Observed {
        stdout: outcome.stdout,
        values: outcome.values.into_iter().collect(),
        error: outcome.error.map(error),
        diagnostics: outcome
            .diagnostics
            .into_iter()
            .map(|diagnostic| diagnostic.identifier)
            .collect(),
        virtual_time: Some(outcome.virtual_time_seconds),
        deadlock: outcome.deadlock,
        budget: outcome.budget,
        dropped: outcome.dropped,
    }
}

fn error(error_outcome: ErrorOutcome) -> ObservedError {
    ObservedError {
        identifier: error_outcome.identifier,
        message: error_outcome.message,
        causes: error_outcome.causes.into_iter().map(error).collect(),
        stack: error_outcome.stack,
        phase: Some(match error_outcome.phase {
            OutcomePhase::Compile => Phase::Compile,
            OutcomePhase::Run => Phase::Run,
        }),
    }
}
