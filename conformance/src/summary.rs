//! The end of a run over many cases: counts for programs, a table for people.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Serialize;

use crate::engine::{CaseReport, Status};

/// How many cases ended how.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Cases that passed.
    pub passed: u64,
    /// Cases that failed.
    pub failed: u64,
    /// Cases that were not run.
    pub skipped: u64,
    /// Cases that failed, as is known.
    pub xfailed: u64,
    /// Cases that passed though they are known to fail.
    pub xpassed: u64,
    /// Cases whose exploration was cut short.
    pub incomplete: u64,
    /// Cases in which the engine broke.
    pub crashed: u64,
    /// Cases that took too long.
    pub timed_out: u64,
    /// Schedules of all cases together.
    pub schedules: u64,
}

impl Summary {
    /// Counts reports.
    pub fn of<'a>(reports: impl IntoIterator<Item = &'a CaseReport>) -> Self {
        let mut summary = Self::default();
        for report in reports {
            summary.schedules += report.schedules;
            *summary.count_of(report.status) += 1;
        }
        summary
    }

    fn count_of(&mut self, status: Status) -> &mut u64 {
        match status {
            Status::Pass => &mut self.passed,
            Status::Fail => &mut self.failed,
            Status::Skip => &mut self.skipped,
            Status::Xfail => &mut self.xfailed,
            Status::Xpass => &mut self.xpassed,
            Status::Incomplete => &mut self.incomplete,
            Status::Crash => &mut self.crashed,
            Status::Timeout => &mut self.timed_out,
        }
    }

    /// How many cases were run: those that were not skipped.
    pub fn ran(&self) -> u64 {
        self.passed
            + self.failed
            + self.xfailed
            + self.xpassed
            + self.incomplete
            + self.crashed
            + self.timed_out
    }

    /// Whether the whole run failed: something did, or nothing was run at all.
    pub fn is_failure(&self) -> bool {
        self.ran() == 0 || self.ran() != self.passed + self.xfailed
    }
}

/// The table for a person: one line for each suite, then each case that needs attention.
pub fn table(reports: &[CaseReport]) -> String {
    let mut suites: BTreeMap<&str, Vec<&CaseReport>> = BTreeMap::new();
    for report in reports {
        let suite = report.id.rsplit_once('/').map_or("", |(suite, _)| suite);
        suites.entry(suite).or_default().push(report);
    }
    let width = suites
        .keys()
        .map(|suite| suite.len())
        .max()
        .unwrap_or(0)
        .max("suite".len());
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = writeln!(
        text,
        "{:width$}  cases  passed  schedules  outcomes",
        "suite"
    );
    for (suite, reports) in &suites {
        let passed = reports
            .iter()
            .filter(|report| report.status == Status::Pass)
            .count();
        let schedules: u64 = reports.iter().map(|report| report.schedules).sum();
        let outcomes: usize = reports.iter().map(|report| report.outcomes.len()).sum();
        let _ = writeln!(
            text,
            "{suite:width$}  {:>5}  {passed:>6}  {schedules:>9}  {outcomes:>8}",
            reports.len()
        );
    }
    for report in reports
        .iter()
        .filter(|report| report.status != Status::Pass)
    {
        let reason = report.reason.as_deref().unwrap_or("no reason given");
        let _ = write!(
            text,
            "\n{} {}\n  {reason}\n",
            report.status.as_str(),
            report.id
        );
        if let Some(replay) = &report.replay {
            let _ = writeln!(text, "  see it again: {replay}");
        }
    }
    let summary = Summary::of(reports);
    let _ = write!(
        text,
        "\n{} of {} cases passed",
        summary.passed,
        reports.len()
    );
    for (count, word) in [
        (summary.failed, "failed"),
        (summary.incomplete, "incomplete"),
        (summary.crashed, "crashed"),
        (summary.timed_out, "timed out"),
        (summary.xfailed, "failed as known"),
        (summary.xpassed, "passed though known to fail"),
        (summary.skipped, "skipped"),
    ] {
        if count > 0 {
            let _ = write!(text, ", {count} {word}");
        }
    }
    let _ = writeln!(text, ", {} schedules", summary.schedules);
    if summary.ran() == 0 {
        text.push_str("no case was run: that is a failure\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(id: &str, status: Status, reason: Option<&str>) -> CaseReport {
        CaseReport {
            id: id.into(),
            status,
            schedules: 10,
            exhausted: true,
            outcomes: Vec::new(),
            reason: reason.map(Into::into),
            replay: status.is_failure().then(|| "tourbillon explore x".into()),
        }
    }

    #[test]
    fn nothing_run_is_a_failure() {
        assert!(Summary::of(&[]).is_failure());
        assert!(Summary::of(&[report("s/a", Status::Skip, Some("r"))]).is_failure());
        assert!(
            !Summary::of(&[
                report("s/a", Status::Pass, None),
                report("s/b", Status::Xfail, None)
            ])
            .is_failure()
        );
        for status in [
            Status::Fail,
            Status::Xpass,
            Status::Incomplete,
            Status::Crash,
            Status::Timeout,
        ] {
            assert!(
                Summary::of(&[
                    report("s/a", Status::Pass, None),
                    report("s/b", status, None)
                ])
                .is_failure()
            );
        }
    }

    #[test]
    fn the_table_names_what_needs_attention() {
        let reports = [
            report("group/suite/a", Status::Pass, None),
            report(
                "group/suite/b",
                Status::Fail,
                Some("outcome: stdout is wrong"),
            ),
            report("other/c", Status::Skip, Some("octave-cli is not installed")),
        ];
        let expected = "\
suite        cases  passed  schedules  outcomes
group/suite      2       1         20         0
other            1       0         10         0

fail group/suite/b
  outcome: stdout is wrong
  see it again: tourbillon explore x

skip other/c
  octave-cli is not installed

1 of 3 cases passed, 1 failed, 1 skipped, 30 schedules
";
        assert_eq!(table(&reports), expected);
    }
}
