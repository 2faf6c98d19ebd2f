//! The result of a run over the corpus, for somebody who sees it for the first time.

use super::needs_attention;
use crate::output::{BAD, FAINT, GOOD, ODD, STRONG};
use std::collections::BTreeMap;
use std::fmt::Write;
use tourbillon_conformance::engine::{CaseReport, Status};
use tourbillon_conformance::summary::Summary;

/// One line for each suite, and what the columns mean.
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
        .max(5);
    let mut text = String::new();
    // Writing to a string does not fail, here and below.
    let _ = writeln!(
        text,
        "{STRONG}{:width$}  cases  passed  failed  known  schedules  outcomes{STRONG:#}",
        "suite"
    );
    for (suite, reports) in &suites {
        let passed = reports
            .iter()
            .filter(|report| report.status == Status::Pass)
            .count();
        let failed = reports
            .iter()
            .filter(|report| report.status.is_failure())
            .count();
        let known = reports
            .iter()
            .filter(|report| report.status == Status::Xfail)
            .count();
        let known = if known == 0 {
            "-".to_string()
        } else {
            known.to_string()
        };
        let schedules: u64 = reports.iter().map(|report| report.schedules).sum();
        let outcomes: usize = reports.iter().map(|report| report.outcomes.len()).sum();
        let (style, shown) = match failed {
            0 => (FAINT, "-".to_string()),
            failed => (BAD, failed.to_string()),
        };
        let _ = writeln!(
            text,
            "{suite:width$}  {:>5}  {passed:>6}  {style}{shown:>6}{style:#}  {known:>5}  {schedules:>9}  {outcomes:>8}",
            reports.len()
        );
    }
    let _ = writeln!(
        text,
        "{FAINT}A case is a program with the outcomes it may have; a schedule is one simulated run of it\nin \
         an order of its own; an outcome is what a run printed, left and threw.\nKnown failures have their \
         reasons in `known/`.{FAINT:#}"
    );
    text
}

/// Each case that did not simply pass, with the command that shows it again.
pub fn attention(reports: &[CaseReport]) -> String {
    let mut text = String::new();
    for report in reports
        .iter()
        .filter(|report| needs_attention(report.status))
    {
        let style = if report.status.is_failure() { BAD } else { ODD };
        let (word, id) = (report.status.as_str(), &report.id);
        let reason = report.reason.as_deref().unwrap_or("no reason given");
        let _ = writeln!(text, "\n{style}{word}{style:#} {STRONG}{id}{STRONG:#}");
        for line in reason.lines() {
            let _ = writeln!(text, "  {line}");
        }
        if let Some(replay) = &report.replay {
            let _ = writeln!(text, "  see it again: {STRONG}{replay}{STRONG:#}");
        }
    }
    text
}

/// The last line.
pub fn total(summary: &Summary, cases: usize, seconds: f64) -> String {
    let style = if summary.is_failure() { BAD } else { GOOD };
    let mut text = format!(
        "\n{style}{} of {cases} cases passed{style:#}",
        summary.passed
    );
    for (count, words) in [
        (summary.failed, "failed"),
        (summary.incomplete, "cut short"),
        (summary.crashed, "crashed"),
        (summary.timed_out, "timed out"),
        (summary.xfailed, "failed as is known"),
        (summary.xpassed, "passed though known to fail"),
        (summary.skipped, "skipped"),
    ] {
        if count > 0 {
            let _ = write!(text, ", {count} {words}");
        }
    }
    let _ = writeln!(text, "; {} schedules in {seconds} s", summary.schedules);
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
    fn the_table_counts_and_names_what_failed() {
        let reports = [
            report("group/suite/a", Status::Pass, None),
            report("group/suite/b", Status::Fail, Some("stdout is wrong")),
            report("other/c", Status::Xfail, Some("not built")),
        ];
        let plain = |text: String| anstream::adapter::strip_str(&text).to_string();
        let text = plain(table(&reports));
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(
            lines[1],
            "group/suite      2       1       1      -         20         0"
        );
        assert_eq!(
            lines[2],
            "other            1       0       -      1         10         0"
        );
        assert_eq!(
            plain(attention(&reports)),
            "\nfail group/suite/b\n  stdout is wrong\n  see it again: tourbillon explore x\n"
        );
        assert_eq!(
            plain(total(&Summary::of(&reports), 3, 1.5)),
            "\n1 of 3 cases passed, 1 failed, 1 failed as is known; 30 schedules in 1.5 s\n"
        );
    }
}
