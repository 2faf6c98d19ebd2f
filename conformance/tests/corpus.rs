//! The corpus loads, is large enough, and its coverage is known.

use std::path::{Path, PathBuf};

use tourbillon_conformance::coverage::{Coverage, load_elsewhere};
use tourbillon_conformance::{Corpus, load_corpus};

fn crate_root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn corpus() -> Corpus {
    match load_corpus(&crate_root().join("corpus")) {
        Ok(corpus) => corpus,
        Err(errors) => {
            let shown: Vec<String> = errors.iter().map(ToString::to_string).collect();
            panic!("the corpus does not load:\n{}", shown.join("\n\n"));
        }
    }
}

#[test]
fn the_corpus_loads_and_is_large_enough() {
    let corpus = corpus();
    let count = corpus.cases().count();
    assert!(count >= 60, "{count} cases");
    for group in ["A", "B", "C", "D", "E", "F"] {
        let cited = corpus
            .cases()
            .filter(|case| {
                case.requires
                    .iter()
                    .any(|id| id.as_str().starts_with(group))
            })
            .count();
        assert!(cited >= 5, "group {group} has {cited} cases");
    }
}

#[test]
fn the_coverage_report_is_up_to_date() {
    let project: PathBuf = crate_root().join("..");
    let elsewhere = load_elsewhere(&crate_root().join("covered-elsewhere.yaml"), &project)
        .unwrap_or_else(|errors| {
            let shown: Vec<String> = errors.iter().map(ToString::to_string).collect();
            panic!("{}", shown.join("\n\n"));
        });
    let expected = Coverage::count(&corpus(), &elsewhere).to_markdown();
    assert!(
        include_str!("../COVERAGE.md") == expected,
        "COVERAGE.md is out of date; write it again with\n  \
         cargo run -q -p tourbillon-conformance --example coverage > conformance/COVERAGE.md"
    );
}
