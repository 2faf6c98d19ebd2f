//! Explorations of one program: many schedules, their distinct outcomes, and recordings of runs.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use sha2::{Digest, Sha256};
use tourbillon_sim::campaign::{self, Failure, FailureKind, Plan, Report, Witness};
use tourbillon_sim::recording::Program;
use tourbillon_sim::run::Halt;
use tourbillon_sim::strategy::{Description, Strategy, Tape};
use tourbillon_sim::{Recording, Run, SharedRun, Verdict};

use crate::config::CancelPlan;
use crate::outcome::Outcome;
use crate::simulation::{RunResult, Simulation, VerdictKind};
use crate::stuck::StuckReport;
use crate::sweep::CancelSweep;
use crate::world::Injected;

/// Every so many runs one is made again on a fresh session and compared.
pub const REPEAT_EVERY: u64 = 64;

/// With more distinct outcomes than this, a run is not compared with all of them.
const COMPARED_OUTCOMES: usize = 8;

/// Says what failed in a run, if anything did.
pub type Judge<'a> = dyn FnMut(&RunResult) -> Option<Failure> + 'a;

/// Sees the report after every run, and may end the exploration.
pub type Watch<'a> = dyn FnMut(&Report) -> ControlFlow<()> + 'a;

/// What an exploration found.
#[derive(Clone, Debug)]
pub struct Exploration {
    /// Counts, witnesses and failures.
    pub report: Report,
    /// The outcomes by the keys of the report.
    pub outcomes: BTreeMap<String, Outcome>,
    /// How often each injection struck, repetitions included.
    pub injected: Injected,
}

/// Of the later runs, one in so many tells its footprints where the strategy needs none: they take a
/// fifth of a run's time.
pub const FOOTPRINTS_EVERY: u64 = 16;

/// A plan of so many schedules, with repetitions and footprints at the usual rates.
#[must_use]
pub fn plan(schedules: u64) -> Plan {
    Plan {
        repeat_every: REPEAT_EVERY,
        footprints_every: FOOTPRINTS_EVERY,
        ..Plan::new(schedules)
    }
}

/// A run that takes its choices from `strategy`, prepared for `world`: a host's cancel that strikes
/// everywhere needs its sweep, unless the strategy visits every choice anyway.
pub fn run_for(strategy: Box<dyn Strategy>, cancel: Option<CancelPlan>) -> SharedRun {
    let visits_all = matches!(&*strategy.describe().name, "exhaustive" | "plain");
    Run::shared(match cancel {
        Some(CancelPlan::EverySuspension) if !visits_all => Box::new(CancelSweep::new(strategy)),
        Some(CancelPlan::EverySuspension | CancelPlan::AtTime(_) | CancelPlan::AtStep(_))
        | None => strategy,
    })
}

/// What failed in a run when nothing is known about what it should do: everything but a pass.
pub fn failure(result: &RunResult) -> Option<Failure> {
    let kind = match result.verdict.kind {
        VerdictKind::Pass => return None,
        VerdictKind::Error => FailureKind::Error,
        VerdictKind::Deadlock => FailureKind::Deadlock,
        VerdictKind::Leak => FailureKind::Leak,
        VerdictKind::Budget => FailureKind::Budget,
        VerdictKind::Panic => FailureKind::Panic,
        VerdictKind::Oracle => FailureKind::Oracle,
    };
    let summary = result.verdict.message.clone();
    Some(Failure { kind, summary })
}

/// Runs the program under many schedules, chosen by the strategy of the simulation's run.
pub fn explore(
    simulation: &mut Simulation,
    plan: &Plan,
    judge: &mut Judge<'_>,
    watch: &mut Watch<'_>,
) -> Exploration {
    let run = simulation.run().clone();
    let mut outcomes: BTreeMap<String, Outcome> = BTreeMap::new();
    let mut injected = Injected::default();
    let mut body = |key: &mut String| {
        let result = simulation.run_once();
        if simulation.run().borrow().halt() == Some(Halt::Redundant) {
            // It was given up halfway, since others show what it could.
            return Verdict::PASS;
        }
        let verdict = verdict(&result, judge);
        injected.add(result.injected);
        // Most runs show what another has shown: to compare is cheaper than to write.
        let mut known = outcomes.iter().take(COMPARED_OUTCOMES);
        match known.find(|(_, known)| known.is_shown_alike(&result.outcome)) {
            Some((known, _)) => key.push_str(known),
            None => {
                result.outcome.write_key(key);
                if !outcomes.contains_key(key.as_str()) {
                    outcomes.insert(key.clone(), result.outcome);
                }
            }
        }
        verdict
    };
    let mut report = campaign::explore(&run, plan, &mut body, watch);
    // Without a choice point the one schedule that was run is all there is.
    let is_only_one = report.choices == 0 && report.schedules > 0;
    report.exhausted |= is_only_one
        && report
            .failures
            .keys()
            .all(|f| f.kind != FailureKind::Budget);
    Exploration {
        report,
        outcomes,
        injected,
    }
}

/// The verdict of a run under a judge.
pub(crate) fn verdict(result: &RunResult, judge: &mut Judge<'_>) -> Verdict {
    Verdict {
        failure: judge(result).filter(|_| result.outcome.budget || !result.is_cut_short),
        cut_short: result.is_cut_short,
    }
}

/// Makes the run of a witness again and records it, with all that a replay needs.
///
/// # Errors
/// When the program did not repeat itself; the text names the first step that differs.
pub fn record(
    simulation: &mut Simulation,
    strategy: &Description,
    witness: &Witness,
    judge: &mut Judge<'_>,
) -> Result<Recording, String> {
    let run = simulation.run().clone();
    let mut body = |key: &mut String| {
        let result = simulation.run_once();
        result.outcome.write_key(key);
        verdict(&result, judge)
    };
    let mut recording = campaign::record(&run, strategy, witness, &mut body)?;
    describe(&mut recording, simulation)?;
    Ok(recording)
}

/// Makes the run of a witness again, slowly, and says why its execution is stuck, if it is.
pub fn explain(simulation: &mut Simulation, witness: &Witness) -> Option<StuckReport> {
    let run = simulation.run().clone();
    let before = {
        let mut run = run.borrow_mut();
        let allowed = run.allowed_injections();
        run.set_injections(witness.injections);
        run.set_explaining(true);
        let strategy = run.replace_strategy(Box::new(Tape::of(witness)));
        (strategy, allowed)
    };
    let has_begun = run.borrow_mut().begin(witness.run);
    let result = has_begun.then(|| simulation.run_once());
    let mut run = run.borrow_mut();
    run.end(true);
    run.set_explaining(false);
    run.set_injections(before.1);
    run.replace_strategy(before.0);
    result?.stuck
}

/// Adds program, session and world to a recording.
///
/// # Errors
/// When they cannot be written as YAML.
pub fn describe(recording: &mut Recording, simulation: &Simulation) -> Result<(), String> {
    let text = simulation.target().text();
    recording.program = Some(Program {
        name: text.name.clone(),
        sha256: Some(sha256(&text.source)),
        source: Some(text.source.clone()),
        files: text.files.clone(),
    });
    let session = serde_yaml::to_value(simulation.session());
    let world = serde_yaml::to_value(simulation.world());
    recording.session = Some(session.map_err(|error| error.to_string())?);
    recording.world = Some(world.map_err(|error| error.to_string())?);
    Ok(())
}

/// The SHA-256 of a text, in hexadecimal.
#[must_use]
pub fn sha256(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}
