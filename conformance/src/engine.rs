//! What can run cases, and what it says about each.

use serde::Serialize;

use crate::matching::Observed;
use crate::schema::{Case, EngineName};

/// Something that can run cases.
pub trait Engine {
    /// The name by which cases, options and known failures call it.
    fn name(&self) -> EngineName;

    /// Runs one case and judges it. A case that has no meaning for the engine is skipped.
    fn run(&self, case: &Case) -> CaseReport;
}

/// How a case ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Everything held.
    Pass,
    /// An outcome was not allowed, one was missing, or an oracle spoke.
    Fail,
    /// The case was not run, for the reason given.
    Skip,
    /// It failed, as is known.
    Xfail,
    /// It passed although it is known to fail: the entry must go.
    Xpass,
    /// The exploration was cut short.
    Incomplete,
    /// The engine itself broke.
    Crash,
    /// The engine took too long.
    Timeout,
}

impl Status {
    /// The word for it in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Skip => "skip",
            Self::Xfail => "xfail",
            Self::Xpass => "xpass",
            Self::Incomplete => "incomplete",
            Self::Crash => "crash",
            Self::Timeout => "timeout",
        }
    }

    /// Whether the whole run fails because of it.
    pub fn is_failure(self) -> bool {
        match self {
            Self::Pass | Self::Skip | Self::Xfail => false,
            Self::Fail | Self::Xpass | Self::Incomplete | Self::Crash | Self::Timeout => true,
        }
    }
}

/// One distinct outcome of a case, and how often it came.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SeenOutcome {
    /// What was seen.
    pub outcome: Observed,
    /// In how many runs.
    pub count: u64,
    /// The command or recording that shows it again, where there is one.
    pub witness: Option<String>,
}

/// What an engine says about one case.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CaseReport {
    /// The full id of the case.
    pub id: String,
    /// How it ended.
    pub status: Status,
    /// How many schedules were run.
    pub schedules: u64,
    /// Whether these were all there are.
    pub exhausted: bool,
    /// The distinct outcomes.
    pub outcomes: Vec<SeenOutcome>,
    /// Why it did not pass.
    pub reason: Option<String>,
    /// The one command that shows the failure again.
    pub replay: Option<String>,
}

impl CaseReport {
    /// A report that says only how the case ended and why.
    pub fn without_runs(case: &Case, status: Status, reason: impl Into<String>) -> Self {
        Self {
            id: case.full_id(),
            status,
            schedules: 0,
            exhausted: false,
            outcomes: Vec::new(),
            reason: Some(reason.into()),
            replay: None,
        }
    }
}
