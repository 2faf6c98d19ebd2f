//! The end of a run over many cases, in counts.

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
}
