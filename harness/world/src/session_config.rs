//! How a session is set up, as cases and recordings state it.

use serde::{Deserialize, Serialize};

use crate::config::Seconds;

/// A session that never looks at the host between instructions is still counted there, or a loop
/// without end would have none: so many instructions at a time.
const UNPOLLED_INSTRUCTIONS: u32 = 10_000;

/// How many ordinary ticks one such count stands for in the budget of a run.
pub(crate) const UNPOLLED_WEIGHT: u64 = 100;

/// The scheduler's tier.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tier {
    /// Grows as needed.
    #[default]
    Dynamic,
    /// Fixed capacities, no heap.
    Embedded,
}

/// Whose identifiers the language's own errors carry.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Namespace {
    /// `MATLAB:UndefinedFunction` and its like.
    #[default]
    Matlab,
    /// `Octave:undefined-function` and its like.
    Octave,
    /// RunMat's.
    Runmat,
}

/// What happens to tasks that are left when the root task has ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OnExit {
    /// They are run to their ends.
    #[default]
    Drain,
    /// They are cancelled.
    Cancel,
}

/// What a failure that nobody observed does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Unhandled {
    /// It is reported as a diagnostic.
    #[default]
    Report,
    /// It makes the execution fail.
    Fail,
}

/// How a session is set up; the defaults are the host's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SessionConfig {
    /// The scheduler's tier.
    pub tier: Tier,
    /// Whose identifiers the language's own errors carry.
    pub namespace: Namespace,
    /// Strict compatibility: every async form is refused.
    pub strict: bool,
    /// Whether `await` is legal at top level.
    pub top_level_await: bool,
    /// Instructions between two looks at the host; 0 looks only at suspensions.
    pub poll_every: u32,
    /// What happens to tasks that are left.
    pub on_exit: OnExit,
    /// Seconds that cleanup may take after a cancellation.
    pub cleanup_budget: Seconds,
    /// What a failure that nobody observed does.
    pub unhandled: Unhandled,
}

impl Default for SessionConfig {
    fn default() -> Self {
        Self {
            tier: Tier::Dynamic,
            namespace: Namespace::Matlab,
            strict: false,
            top_level_await: true,
            poll_every: 100,
            on_exit: OnExit::Drain,
            cleanup_budget: Seconds::whole(5),
            unhandled: Unhandled::Report,
        }
    }
}

impl Namespace {
    /// The engine's name for it.
    pub fn of_engine(self) -> tourbillon_value::Namespace {
        match self {
            Namespace::Matlab => tourbillon_value::Namespace::Matlab,
            Namespace::Octave => tourbillon_value::Namespace::Octave,
            Namespace::Runmat => tourbillon_value::Namespace::RunMat,
        }
    }
}

impl SessionConfig {
    /// The same in the engine's own terms; `root_label` begins the label of every task.
    pub fn options(&self, root_label: &str) -> tourbillon_session::SessionOptions {
        let machine = tourbillon_session::Options {
            namespace: self.namespace.of_engine(),
            poll_every: match self.poll_every {
                0 => UNPOLLED_INSTRUCTIONS,
                instructions => instructions,
            },
            on_exit: match self.on_exit {
                OnExit::Drain => tourbillon_session::OnExit::Drain,
                OnExit::Cancel => tourbillon_session::OnExit::Cancel,
            },
            cleanup_budget_seconds: self.cleanup_budget.seconds(),
            unhandled: match self.unhandled {
                Unhandled::Report => tourbillon_session::Unhandled::Report,
                Unhandled::Fail => tourbillon_session::Unhandled::Fail,
            },
            root_label: root_label.into(),
            tier: match self.tier {
                Tier::Dynamic => tourbillon_session::Tier::Dynamic,
                Tier::Embedded => tourbillon_session::Tier::Embedded,
            },
            // The console of the world has it.
            capture_output: false,
            ..tourbillon_session::Options::default()
        };
        tourbillon_session::SessionOptions {
            strict: self.strict,
            top_level_await: self.top_level_await,
            tracing: false,
            machine,
        }
    }
}
