//! A cancel everywhere: every case of the corpus in production's order, with one cancel at every place
//! where something is suspended, of each task there and of the whole execution. Cleanup ran, nothing is
//! left, no oracle speaks, and a cancelled execution ends. `SEEDS=N` looks at N schedules more for each;
//! `PART=I/N` looks at every N-th case only, from the I-th on, counted from 0; `PLACES=N` at N places of a
//! case at most.

use std::path::Path;

use tourbillon_conformance::laboratory::simulation;
use tourbillon_conformance::load_corpus;
use tourbillon_conformance::schema::{Case, EngineName};
use tourbillon_sim::run::{Budgets, Halt};
use tourbillon_sim::strategy::{CancelSweep, Random, Strategy};
use tourbillon_sim::{Action, Injections, Run};
use tourbillon_world::{RunResult, VerdictKind};

/// At most so many places of one case; the corpus has few cases with more.
const MOST_PLACES: u64 = if cfg!(debug_assertions) { 120 } else { 20_000 };

/// So many steps are enough for every case that comes to an end.
const STEPS: u64 = 20_000;

#[derive(Default)]
struct Seen {
    cases: u64,
    tasks: u64,
    executions: u64,
    wrong: Vec<String>,
}

/// What is wrong with a run in which a cancel struck, if anything is.
fn wrong(case: &Case, result: &RunResult, is_of_execution: bool) -> Option<String> {
    let ends = |is_so: bool, what: &str| is_so.then(|| what.to_string());
    let specs = || case.expect.allowed.iter().chain(&case.expect.forbidden);
    match result.verdict.kind {
        VerdictKind::Leak | VerdictKind::Panic | VerdictKind::Oracle => {
            let (kind, message) = (result.verdict.kind.name(), &result.verdict.message);
            Some(format!("{kind}: {message}"))
        }
        // Whoever waits for a cancelled task may wait for ever; nobody does when all are stopped, unless
        // the deadlock was there before and has ended the execution.
        VerdictKind::Deadlock => ends(
            is_of_execution && result.outcome.error.is_none(),
            "the cancelled execution is stuck",
        ),
        VerdictKind::Budget => {
            let is_endless = specs().any(|outcome| outcome.budget);
            ends(is_of_execution || !is_endless, "it does not end")
        }
        VerdictKind::Pass | VerdictKind::Error => None,
    }
}

fn sweep(case: &Case, strategy: Box<dyn Strategy>, most: u64, seen: &mut Seen) {
    let mut case = case.clone();
    // The host's own plan would leave no room for others.
    case.world.cancel = None;
    let run = Run::shared(strategy);
    run.borrow_mut()
        .set_injections(Injections::parse("pending,cancel").expect("these are injections"));
    run.borrow_mut().set_recording(true);
    run.borrow_mut().set_budgets(Budgets {
        steps: STEPS,
        ..Budgets::default()
    });
    let Ok(mut simulation) = simulation(&case, &run) else {
        // What the world cannot do has no schedules.
        return;
    };
    seen.cases += 1;
    for number in 0..most {
        if !run.borrow_mut().begin(number) {
            break;
        }
        let result = simulation.run_once();
        run.borrow_mut().end(!result.is_cut_short);
        let struck = {
            let mut run = run.borrow_mut();
            let main = run.labels.root("main");
            let mut strikes = run.deviations().iter().map(|one| one.candidate);
            let strike = strikes.find(|one| one.action == Action::Cancel);
            assert_ne!(run.halt(), Some(Halt::Diverged));
            strike.map(|one| (run.labels.text(one.label), one.label == main))
        };
        let Some((label, is_of_execution)) = struck else {
            continue;
        };
        match is_of_execution {
            true => seen.executions += 1,
            false => seen.tasks += 1,
        }
        if let Some(text) = wrong(&case, &result, is_of_execution) {
            let id = case.full_id();
            seen.wrong
                .push(format!("{id}, run {number}, cancel of {label}: {text}"));
            return;
        }
    }
}

/// What a variable asks for.
///
/// # Panics
/// When it is set and means nothing.
#[expect(
    clippy::disallowed_methods,
    reason = "how many schedules are looked at is no part of a run"
)]
fn asked<T>(name: &str, read: impl FnOnce(&str) -> Option<T>) -> Option<T> {
    let text = std::env::var(name).ok()?;
    Some(read(&text).unwrap_or_else(|| panic!("{name}={text} means nothing")))
}

/// `I/N`, where I is less than N.
fn part(text: &str) -> Option<(usize, usize)> {
    let (part, of) = text.split_once('/')?;
    let (part, of) = (part.parse().ok()?, of.parse().ok()?);
    (part < of).then_some((part, of))
}

#[test]
fn a_cancel_everywhere_leaves_nothing_behind() {
    let seeds: u64 = asked("SEEDS", |text| text.parse().ok()).unwrap_or(0);
    let (part, of) = asked("PART", part).unwrap_or((0, 1));
    let places = asked("PLACES", |text| text.parse().ok()).unwrap_or(MOST_PLACES);
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    let corpus = load_corpus(&root).expect("the corpus loads");
    let mut seen = Seen::default();
    for case in corpus.cases().skip(part).step_by(of) {
        if case.engines.contains(&EngineName::Own) {
            sweep(case, Box::new(CancelSweep::new()), places, &mut seen);
            if seeds > 0 {
                sweep(case, Box::new(Random::new(seeds)), seeds, &mut seen);
            }
        }
    }
    let Seen {
        cases,
        tasks,
        executions,
        wrong,
    } = seen;
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let found = format!("{tasks} cancels of tasks and {executions} of executions in {cases} cases");
    let least = |of_all: u64| {
        if of == 1 && places >= MOST_PLACES {
            of_all
        } else {
            1
        }
    };
    assert!(
        cases >= least(200) && tasks >= least(150) && executions >= least(1_000),
        "{found}"
    );
}
