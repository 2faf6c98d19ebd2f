//! The corpus searched with reduction and without: what comes out is the same. In release builds each
//! case has 200,000 schedules of the plain search, else a sample.

use std::path::Path;

use tourbillon_conformance::load_corpus;
use tourbillon_conformance::schema::{EngineName, Strategy};
use tourbillon_sim::Injections;
use tourbillon_sim::run::Budgets;
use tourbillon_world::ProgramText;
use tourbillon_world::Target;
use tourbillon_world::audit::Subject;

/// Plain schedules of a case that is searched exhaustively, and of any other.
const SCHEDULES: (u64, u64) = if cfg!(debug_assertions) {
    (3_000, 100)
} else {
    (200_000, 2_000)
};

/// Steps after a chaos, and faults in it.
const CHAOTIC_STEPS: u64 = 200;
const CHAOTIC_FAULTS: u32 = 2;

#[test]
fn reduction_loses_no_outcome_of_the_corpus() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    let corpus = load_corpus(&root).expect("the corpus loads");
    let mut differences = Vec::new();
    let (mut cases, mut proven, mut chaotic) = (0, 0, 0);
    for case in corpus.cases() {
        if !case.engines.contains(&EngineName::Own) {
            continue;
        }
        let entries: Vec<String> = case.explore.inject.iter().map(|one| one.entry()).collect();
        let injections = Injections::from_names(entries.iter().map(String::as_str));
        let mut injections = injections.expect("the case loads");
        let mut budgets = Budgets {
            chaos_steps: case.explore.chaos,
            ..Budgets::default()
        };
        if budgets.chaos_steps.is_some() {
            // A run that does not end is as long as its budget. With less of it, and with fewer faults,
            // both searches come to their end.
            budgets.steps = CHAOTIC_STEPS;
            injections.faults = injections.faults.min(CHAOTIC_FAULTS);
        }
        let text = ProgramText {
            name: "main.m".into(),
            source: case.program.clone(),
            files: case.files.clone(),
        };
        let subject = Subject {
            target: Target::compile(text, &case.session),
            session: case.session.clone(),
            world: case.world.clone(),
            injections,
            budgets,
        };
        let is_chaotic = case.explore.chaos.is_some();
        let is_searched = is_chaotic || case.explore.strategy == Strategy::Exhaustive;
        let schedules = if is_searched {
            SCHEDULES.0
        } else {
            SCHEDULES.1
        };
        let Ok(audit) = subject.audit(schedules) else {
            // What the world cannot do has no schedules.
            continue;
        };
        cases += 1;
        let both = audit.plain.report.exhausted && audit.reduced.report.exhausted;
        proven += usize::from(both);
        chaotic += usize::from(is_chaotic && both);
        if let Some(difference) = audit.difference() {
            differences.push(format!("{}: {audit}: {difference}", case.full_id()));
        }
    }
    assert!(proven > 100, "proves {proven} of {cases} cases");
    // Of some the runs end by their budget, which proves nothing.
    assert!(chaotic > 0, "no case with a chaos is searched to its end");
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}
