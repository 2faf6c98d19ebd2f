//! Known failures of an engine: each has its reason, and one that passes must be removed.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use crate::engine::{CaseReport, Status};
use crate::guard;
use crate::load::{Corpus, read_text};
use crate::load_error::LoadError;

/// The known failures of one engine: full case id to reason.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Known {
    reasons: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct KnownFile {
    known: Vec<KnownItem>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct KnownItem {
    case: String,
    reason: String,
}

impl Known {
    /// Reads `known/ENGINE.yaml`; an engine without the file has no known failures.
    ///
    /// # Errors
    ///
    /// What is wrong with the file, and every entry for a case that the corpus lacks.
    pub fn load(path: &Path, corpus: &Corpus) -> Result<Self, Vec<LoadError>> {
        if !path.exists() {
            return Ok(Self::default());
        }
        let text = read_text(path).map_err(|error| vec![error])?;
        Self::parse(&text, path, corpus)
    }

    fn parse(text: &str, path: &Path, corpus: &Corpus) -> Result<Self, Vec<LoadError>> {
        guard::walk(text)
            .map_err(|(error, place)| vec![LoadError::from_yaml(path, text, &error, place)])?;
        let file: KnownFile = serde_yaml::from_str(text)
            .map_err(|error| vec![LoadError::from_yaml(path, text, &error, (1, 1))])?;
        let mut known = Self::default();
        let mut errors = Vec::new();
        for (index, item) in file.known.into_iter().enumerate() {
            let mut refuse = |key: &str, message: String, help: &str| {
                let (line, column) = guard::locate(text, "known", index, key).unwrap_or((1, 1));
                errors.push(LoadError::at(path, text, line, column, message).with_help(help));
            };
            if corpus.find(&item.case).is_none() {
                let message = format!("the corpus has no case `{}`", item.case);
                refuse("case", message, "write suite/id, or remove the entry");
            }
            if item.reason.trim().is_empty() {
                refuse(
                    "reason",
                    "a known failure needs its reason".into(),
                    "say why it fails",
                );
            }
            if known
                .reasons
                .insert(item.case.clone(), item.reason)
                .is_some()
            {
                refuse(
                    "case",
                    format!("`{}` is listed twice", item.case),
                    "keep one entry",
                );
            }
        }
        if errors.is_empty() {
            Ok(known)
        } else {
            Err(errors)
        }
    }

    /// Why the case with this full id fails, when that is known.
    pub fn reason(&self, id: &str) -> Option<&str> {
        self.reasons.get(id).map(String::as_str)
    }

    /// Turns a failure that is known into `xfail`, and a pass that should have failed into `xpass`.
    pub fn apply(&self, mut report: CaseReport) -> CaseReport {
        let Some(reason) = self.reasons.get(&report.id) else {
            return report;
        };
        match report.status {
            Status::Pass => {
                report.status = Status::Xpass;
                report.reason = Some(format!(
                    "passes now; remove it from the known failures ({reason})"
                ));
            }
            Status::Fail | Status::Incomplete | Status::Crash | Status::Timeout => {
                report.status = Status::Xfail;
                report.reason = Some(reason.clone());
            }
            Status::Skip | Status::Xfail | Status::Xpass => {}
        }
        report
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn corpus() -> Corpus {
        let text = "cases:\n  - id: one\n    title: t\n    requires: [A1]\n    program: x = 1;\n    \
                    expect: {values: {x: 1}}\n";
        Corpus {
            suites: vec![
                crate::load::parse_suite(text, Path::new("s.yaml"), "s").expect("a good suite"),
            ],
        }
    }

    #[test]
    fn known_failures_change_the_status() {
        let corpus = corpus();
        let text = "known:\n  - case: s/one\n    reason: not built\n";
        let known = Known::parse(text, Path::new("self.yaml"), &corpus).expect("a good list");
        let case = corpus.find("s/one").expect("the case");
        let table = [
            (Status::Pass, Status::Xpass),
            (Status::Fail, Status::Xfail),
            (Status::Incomplete, Status::Xfail),
            (Status::Skip, Status::Skip),
        ];
        for (before, after) in table {
            assert_eq!(
                known
                    .apply(CaseReport::without_runs(case, before, "r"))
                    .status,
                after
            );
        }
    }

    #[test]
    fn entries_name_cases_that_are_there() {
        let text = "known:\n  - case: s/one\n    reason: r\n  - case: s/two\n    reason: r\n";
        let errors =
            Known::parse(text, Path::new("self.yaml"), &corpus()).expect_err("no such case");
        let shown: Vec<_> = errors
            .iter()
            .map(|e| (e.line, e.column, e.message.as_str()))
            .collect();
        assert_eq!(shown, [(4, 11, "the corpus has no case `s/two`")]);
    }
}
