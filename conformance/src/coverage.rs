//! Which requirement is covered by what: cases of the corpus, and artefacts named in a list.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::guard;
use crate::load::{Corpus, read_text};
use crate::load_error::LoadError;
use crate::requirements::RequirementId;

/// What covers each requirement of the catalogue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Coverage {
    rows: Vec<CoverageRow>,
}

/// What covers one requirement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CoverageRow {
    /// The requirement.
    pub id: RequirementId,
    /// Its line in the catalogue.
    pub title: &'static str,
    /// Full ids of the cases that cite it.
    pub cases: Vec<String>,
    /// Tests, models, fuzz targets and benches that cover it, as paths from the root of the project.
    pub elsewhere: Vec<String>,
}

impl CoverageRow {
    /// Whether anything covers the requirement.
    pub fn is_covered(&self) -> bool {
        !self.cases.is_empty() || !self.elsewhere.is_empty()
    }
}

/// What other artefacts cover: requirement to paths from the root of the project.
pub type Elsewhere = BTreeMap<RequirementId, Vec<String>>;

/// Reads the list of artefacts outside the corpus, and looks whether they are there.
///
/// # Errors
///
/// What is wrong with the list, and every path in it that names no file below `project`.
pub fn load_elsewhere(list: &Path, project: &Path) -> Result<Elsewhere, Vec<LoadError>> {
    let text = read_text(list).map_err(|error| vec![error])?;
    parse_elsewhere(&text, list, &|path| project.join(path).is_file())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ElsewhereFile {
    covered: Vec<ElsewhereItem>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ElsewhereItem {
    by: String,
    requires: Vec<RequirementId>,
}

fn parse_elsewhere(
    text: &str,
    list: &Path,
    is_there: &dyn Fn(&str) -> bool,
) -> Result<Elsewhere, Vec<LoadError>> {
    guard::walk(text)
        .map_err(|(error, place)| vec![LoadError::from_yaml(list, text, &error, place)])?;
    let file: ElsewhereFile = serde_yaml::from_str(text)
        .map_err(|error| vec![LoadError::from_yaml(list, text, &error, (1, 1))])?;
    let mut covered = Elsewhere::new();
    let mut errors = Vec::new();
    for (index, item) in file.covered.into_iter().enumerate() {
        let at = |key: &str, message: String, help: &str| {
            let (line, column) = guard::locate(text, "covered", index, key).unwrap_or((1, 1));
            LoadError::at(list, text, line, column, message).with_help(help)
        };
        if !is_there(&item.by) {
            let message = format!("there is no file `{}`", item.by);
            errors.push(at(
                "by",
                message,
                "paths count from the root of the project",
            ));
        }
        if item.requires.is_empty() {
            errors.push(at(
                "requires",
                "`requires` is empty".into(),
                "name what the file covers",
            ));
        }
        for id in item.requires {
            covered.entry(id).or_default().push(item.by.clone());
        }
    }
    if errors.is_empty() {
        Ok(covered)
    } else {
        Err(errors)
    }
}

impl Coverage {
    /// Counts what the corpus and the other artefacts cover.
    pub fn count(corpus: &Corpus, elsewhere: &Elsewhere) -> Self {
        let rows = RequirementId::all()
            .map(|id| CoverageRow {
                id,
                title: id.title(),
                cases: corpus
                    .cases()
                    .filter(|case| case.requires.contains(&id))
                    .map(crate::schema::Case::full_id)
                    .collect(),
                elsewhere: elsewhere.get(&id).cloned().unwrap_or_default(),
            })
            .collect();
        Self { rows }
    }

    /// One row for each requirement, in the catalogue's order.
    pub fn rows(&self) -> &[CoverageRow] {
        &self.rows
    }

    /// The requirements that nothing covers.
    pub fn uncovered(&self) -> impl Iterator<Item = RequirementId> {
        self.rows
            .iter()
            .filter(|row| !row.is_covered())
            .map(|row| row.id)
    }

    /// The report for a person, in Markdown.
    pub fn to_markdown(&self) -> String {
        let covered = self.rows.iter().filter(|row| row.is_covered()).count();
        let mut report = format!(
            "# Coverage of the requirements\n\n{covered} of {} requirements are covered.\n",
            self.rows.len()
        );
        report.push_str("\n## Not covered yet\n\n");
        if covered == self.rows.len() {
            report.push_str("None.\n");
        }
        for row in self.rows.iter().filter(|row| !row.is_covered()) {
            // Writing to a string cannot fail.
            let _ = writeln!(report, "- **{}** {}", row.id, row.title);
        }
        report.push_str("\n## Covered\n");
        for row in self.rows.iter().filter(|row| row.is_covered()) {
            let _ = writeln!(report, "\n**{}** {}\n", row.id, row.title);
            for case in &row.cases {
                let _ = writeln!(report, "- `{case}`");
            }
            for path in &row.elsewhere {
                let _ = writeln!(report, "- {path}");
            }
        }
        report
    }

    /// The report for a program: `{covered, total, uncovered, requirements}`.
    pub fn to_json(&self) -> serde_json::Value {
        serde_json::json!({
            "covered": self.rows.iter().filter(|row| row.is_covered()).count(),
            "total": self.rows.len(),
            "uncovered": self.uncovered().collect::<Vec<_>>(),
            "requirements": self.rows,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Result<usize, &str>) {
        let found = parse_elsewhere(text, Path::new("list.yaml"), &|path| {
            path == "engine/there.rs"
        });
        let found = found
            .map(|covered| covered.values().map(Vec::len).sum())
            .map_err(|errors| {
                errors
                    .iter()
                    .map(|e| format!("{}:{}: {}", e.line, e.column, e.message))
                    .collect::<Vec<_>>()
                    .join("\n")
            });
        assert_eq!(found, expected.map_err(String::from), "{text}");
    }

    #[test]
    fn the_list_names_files_that_are_there() {
        check(
            "covered:\n  - {by: engine/there.rs, requires: [A2, A3]}\n",
            Ok(2),
        );
        check(
            "covered:\n  - by: engine/there.rs\n    requires: [A2]\n  - by: engine/gone.rs\n    requires: [A3]\n",
            Err("4:9: there is no file `engine/gone.rs`"),
        );
        check(
            "covered:\n  - by: engine/there.rs\n    requires: [A2, A99]\n",
            Err("3:20: covered[0].requires[1]: unknown requirement id `A99`"),
        );
        check(
            "covered:\n  - by: engine/there.rs\n    requires: []\n",
            Err("3:15: `requires` is empty"),
        );
    }

    #[test]
    fn the_report_lists_what_is_covered_and_what_is_not() {
        let text = "cases:\n  - id: one\n    title: t\n    requires: [A1, C3]\n    program: x = 1;\n    \
                    expect: {values: {x: 1}}\n";
        let suite =
            crate::load::parse_suite(text, Path::new("s.yaml"), "group/s").expect("a good suite");
        let corpus = Corpus {
            suites: vec![suite],
        };
        let elsewhere =
            Elsewhere::from([("A2".parse().expect("an id"), vec!["ci/lint".to_string()])]);
        let coverage = Coverage::count(&corpus, &elsewhere);
        let json = coverage.to_json();
        assert_eq!(json["covered"], 3);
        assert_eq!(json["requirements"][0]["cases"][0], "group/s/one");
        let markdown = coverage.to_markdown();
        assert!(markdown.contains("\n- **A3** "), "{markdown}");
        assert!(markdown.contains("\n- ci/lint\n"), "{markdown}");
        assert!(!coverage.uncovered().any(|id| id.as_str() == "C3"));
    }
}
