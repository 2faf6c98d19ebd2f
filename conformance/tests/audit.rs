//! The corpus searched with reduction and without: what comes out is the same. In release builds each
//! case has 200,000 schedules of the plain search, else a sample.

use std::path::Path;

use tourbillon_conformance::load_corpus;
use tourbillon_conformance::schema::{EngineName, Strategy};
use tourbillon_sim::Injections;
use tourbillon_world::ProgramText;
use tourbillon_world::Target;
use tourbillon_world::audit::Subject;

/// Plain schedules of a case that is searched exhaustively, and of any other.
const SCHEDULES: (u64, u64) = if cfg!(debug_assertions) {
    (3_000, 100)
} else {
    (200_000, 2_000)
};

#[test]
fn reduction_loses_no_outcome_of_the_corpus() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    let corpus = load_corpus(&root).expect("the corpus loads");
    let mut differences = Vec::new();
    let (mut cases, mut proven) = (0, 0);
    for case in corpus.cases() {
        // Runs that do not end are as long as their budget, and no search comes to its end with them; that
        // both agree on what comes after a chaos is shown where the searches are.
        if !case.engines.contains(&EngineName::Own) || case.explore.chaos.is_some() {
            continue;
        }
        let entries: Vec<String> = case.explore.inject.iter().map(|one| one.entry()).collect();
        let injections = Injections::from_names(entries.iter().map(String::as_str));
        let text = ProgramText {
            name: "main.m".into(),
            source: case.program.clone(),
            files: case.files.clone(),
        };
        let subject = Subject {
            target: Target::compile(text, &case.session),
            session: case.session.clone(),
            world: case.world.clone(),
            injections: injections.expect("the case loads"),
        };
        let is_searched = case.explore.strategy == Strategy::Exhaustive;
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
        proven += usize::from(audit.plain.report.exhausted && audit.reduced.report.exhausted);
        if let Some(difference) = audit.difference() {
            differences.push(format!("{}: {audit}: {difference}", case.full_id()));
        }
    }
    assert!(proven > 100, "proves {proven} of {cases} cases");
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}
