//! What a session is told when it is made.

use std::rc::Rc;
use tourbillon_value::Namespace;

/// What happens to tasks that are left when the root task has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum OnExit {
    /// They run to their end.
    #[default]
    Drain,
    /// They are cancelled.
    Cancel,
}

/// What a failure that nobody observed does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Unhandled {
    /// It is reported.
    #[default]
    Report,
    /// It also fails the execution, unless the root task has failed by itself.
    Fail,
}

/// Which tier of the scheduler a session is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Tier {
    /// Any number of tasks, futures and waiters.
    #[default]
    Dynamic,
    /// The capacities of a small device: [`tourbillon_executor::Capacities::EMBEDDED`].
    Embedded,
}

/// The options of a session.
#[derive(Clone, Debug)]
pub struct Options {
    /// Whose identifiers MATLAB's own errors carry.
    pub namespace: Namespace,
    /// Instructions between two polls of the host; 0 for none.
    pub poll_every: u32,
    /// What happens to tasks that are left.
    pub on_exit: OnExit,
    /// How long cleanup may take after a cancellation, in seconds.
    pub cleanup_budget_seconds: f64,
    /// What a failure that nobody observed does.
    pub unhandled: Unhandled,
    /// The deepest nesting of calls.
    pub recursion_limit: usize,
    /// The name of the root task.
    pub root_label: Rc<str>,
    /// Whether the result of an execution carries a copy of its output.
    pub capture_output: bool,
    /// Strict compatibility, for what is compiled at run time.
    pub strict: bool,
    /// The scheduler's tier.
    pub tier: Tier,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            namespace: Namespace::Matlab,
            poll_every: 100,
            on_exit: OnExit::Drain,
            cleanup_budget_seconds: 5.0,
            unhandled: Unhandled::Report,
            recursion_limit: 500,
            root_label: "main".into(),
            capture_output: true,
            strict: false,
            tier: Tier::Dynamic,
        }
    }
}
