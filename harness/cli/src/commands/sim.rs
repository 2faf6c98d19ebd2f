//! `tourbillon sim`: one simulated run.

use crate::choosing::{Choosing, is_by_number};
use crate::exit::Exit;
use crate::judge::Judge;
use crate::output::{BAD, GOOD, Output, STRONG};
use crate::recordings;
use crate::show_again::{self, parse_tape};
use crate::subject::{self, Refusal, Subject};
use clap::Args;
use std::collections::BTreeMap;
use std::path::PathBuf;
use tourbillon_sim::campaign::try_out;
use tourbillon_sim::strategy::{Strategy, Tape};
use tourbillon_sim::{Failure, Injections, Run, SharedRun, Verdict, Witness};
use tourbillon_world::explore::{explain, record};
use tourbillon_world::{RunResult, Simulation, VerdictKind};

/// The arguments of `sim`.
#[derive(Debug, Args)]
#[command(after_help = "\
TARGET is a program (`FILE.m`, or `-` for standard input) or a case (`FILE.yaml#id`). A case brings its \
own world and injections, and says what may come out.")]
pub struct SimArguments {
    /// The program or case
    target: String,

    #[command(flatten)]
    choosing: Choosing,

    /// Which of the seed's schedules
    #[arg(long, value_name = "N", default_value_t = 0)]
    run: u64,

    /// Make these choices, and production's everywhere else
    #[arg(
        long,
        value_name = "AT=PICK,…",
        value_parser = parse_tape_argument,
        conflicts_with = "strategy"
    )]
    tape: Option<TapeArgument>,

    /// Write a recording of the run
    #[arg(long, value_name = "OUT")]
    record: Option<PathBuf>,

    /// Print every event of the run
    #[arg(long)]
    trace: bool,
}

/// The picks of `--tape`.
#[derive(Clone, Debug)]
struct TapeArgument(Vec<u32>);

fn parse_tape_argument(text: &str) -> Result<TapeArgument, String> {
    parse_tape(text).map(TapeArgument)
}

/// Runs the target once.
pub fn run(arguments: &SimArguments, output: &mut Output) -> Exit {
    match simulate(arguments, output) {
        Ok(exit) => exit,
        Err(refusal) => output.refuse(&refusal),
    }
}

fn simulate(arguments: &SimArguments, output: &mut Output) -> Result<Exit, Refusal> {
    let strategy = chosen(arguments)?;
    let subject = subject::subject(&arguments.target)?;
    let injections = arguments.choosing.injections(&subject)?;
    let run = Run::shared(strategy);
    run.borrow_mut().set_injections(injections);
    arguments.choosing.set_budgets(&run, &subject);
    run.borrow_mut().set_keep_events(arguments.trace);
    let mut simulation = subject.simulation(&run)?;
    let mut judge = Judge::new(&subject);

    if arguments.run > 0 && run.borrow().strategy().wants_trial() {
        try_out(&run, &mut |_| {
            let is_cut_short = simulation.run_once().is_cut_short;
            Verdict {
                cut_short: is_cut_short,
                ..Verdict::PASS
            }
        });
    }
    if !run.borrow_mut().begin(arguments.run) {
        let message = format!("error: the strategy has no schedule {}", arguments.run);
        return Err(vec![message]);
    }
    let mut result = simulation.run_once();
    let witness = {
        let mut run = run.borrow_mut();
        let hash = run.end(!result.is_cut_short);
        Witness {
            run: arguments.run,
            tape: run.tape().to_vec(),
            hash,
            injections: *run.injections(),
        }
    };
    if let Some(text) = run.borrow().divergence_text() {
        return Err(vec![format!(
            "error: the program has no such schedule: {text}"
        )]);
    }
    let failure = judge.failure(&result);
    let events = run.borrow().event_lines();
    // An oracle may speak of a lost wakeup.
    if matches!(
        result.verdict.kind,
        VerdictKind::Deadlock | VerdictKind::Oracle
    ) {
        result.stuck = explain(&mut simulation, &witness);
    }
    show(
        output,
        &simulation,
        &result,
        failure.as_ref(),
        &witness,
        &events,
    );
    if let Some(path) = &arguments.record {
        let description = run.borrow().strategy().describe();
        let mut recording = record(&mut simulation, &description, &witness, &mut |result| {
            judge.failure(result)
        })
        .map_err(|difference| {
            vec![format!(
                "error: the run does not repeat itself: {difference}"
            )]
        })?;
        recording.case = subject.case.as_ref().map(|case| case.full_id());
        recordings::write(path, &recording.to_string()).map_err(|error| vec![error.to_string()])?;
    }
    if failure.is_none() {
        return Ok(Exit::Held);
    }
    if let Some(command) = again(arguments, &subject, &run, &witness, &injections) {
        output.again(&command);
    }
    Ok(Exit::Failed)
}

fn chosen(arguments: &SimArguments) -> Result<Box<dyn Strategy>, Refusal> {
    if let Some(TapeArgument(picks)) = &arguments.tape {
        return Ok(Box::new(Tape::new(picks.clone())));
    }
    let name = arguments.choosing.strategy.as_deref().unwrap_or("random");
    let strategy = arguments.choosing.strategy(name)?;
    if arguments.run > 0 && (!is_by_number(name) || name == "fifo") {
        return Err(vec![format!(
            "error: `--run` numbers schedules that are drawn at random, and the strategy is `{name}`\n\
             help: leave one of the two out"
        )]);
    }
    Ok(strategy)
}

/// The command that makes this run again.
fn again(
    arguments: &SimArguments,
    subject: &Subject,
    run: &SharedRun,
    witness: &Witness,
    injections: &Injections,
) -> Option<String> {
    if let Some(path) = &arguments.record {
        let path = path.display().to_string();
        return Some(format!("tourbillon replay {}", show_again::quoted(&path)));
    }
    let by_number = arguments.tape.is_none();
    let strategy = run.borrow().strategy().describe();
    let by_number = by_number && is_by_number(&strategy.name);
    let unlike = |injections| subject.unlike_own(injections);
    let target = &subject.target;
    let chaos = arguments.choosing.chaos;
    show_again::command(
        target,
        &strategy,
        by_number,
        witness,
        *injections,
        chaos,
        unlike,
    )
}

/// What the run showed.
fn show(
    output: &mut Output,
    simulation: &Simulation,
    result: &RunResult,
    failure: Option<&Failure>,
    witness: &Witness,
    events: &[String],
) {
    output.text(&result.outcome.stdout);
    let namespace = simulation.session().namespace.of_engine();
    if !output.is_json() {
        say_what_went_wrong(output, result, namespace);
    }
    for line in events {
        output.text(format_args!("{line}\n"));
    }
    if output.is_json() {
        let mut object = result_json(result, failure);
        if !events.is_empty() {
            object["trace"] = events.into();
        }
        output.json(&object);
    }
    let verdict = verdict_name(result, failure);
    let style = if failure.is_none() { GOOD } else { BAD };
    output.aside(format_args!(
        "verdict {style}{verdict}{style:#}: {} steps, {} choices, {}, trace {STRONG}{:016x}{STRONG:#}",
        result.steps, result.choices, result.outcome.virtual_time_seconds, witness.hash
    ));
    if let Some(failure) = failure {
        output.failed(failure.kind.name(), &failure.summary);
    }
    if let Some(stuck) = &result.stuck {
        output.aside(stuck.to_string().trim_end());
    }
    for task in &result.spinning {
        let (label, steps) = (&task.label, task.steps);
        output.aside(format_args!("  {label} took {steps} of the last steps"));
    }
}

/// What the program and its session had to say beside the output.
pub fn say_what_went_wrong(
    output: &mut Output,
    result: &RunResult,
    namespace: tourbillon_value::Namespace,
) {
    if !result.stderr.is_empty() {
        output.verbatim(&result.stderr);
    }
    for diagnostic in &result.outcome.diagnostics {
        // Warnings stand on the program's standard error already.
        if diagnostic.identifier.starts_with("async:") {
            let (identifier, message) = (&diagnostic.identifier, &diagnostic.message);
            output.error(format_args!(
                "warning: {message}\n  identifier: {identifier}"
            ));
        }
    }
    if let Some(error) = &result.error {
        output.error(error.format_diagnostic(namespace));
    }
}

/// The word for how a run was judged.
pub fn verdict_name(result: &RunResult, failure: Option<&Failure>) -> &'static str {
    match failure {
        Some(failure) => failure.kind.name(),
        None if result.is_cut_short => "budget",
        None => "pass",
    }
}

/// A run for programs.
pub fn result_json(result: &RunResult, failure: Option<&Failure>) -> serde_json::Value {
    let outcome = &result.outcome;
    let mut object = serde_json::json!({
        "stdout": outcome.stdout,
        "error": outcome.error,
        "diagnostics": outcome.diagnostics,
        "values": outcome.values.iter().collect::<BTreeMap<_, _>>(),
        "virtual_time": outcome.virtual_time_seconds,
        "steps": result.steps,
        "choices": result.choices,
        "trace_hash": format!("{:016x}", result.trace_hash),
        "verdict": verdict_name(result, failure),
        "ledger": result.ledger.iter().collect::<BTreeMap<_, _>>(),
    });
    if let Some(stuck) = &result.stuck {
        object["stuck"] = serde_json::json!(stuck);
    }
    object
}
