//! How far a run may go, how much trouble it may have, and why it must stop.

/// How far a run may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budgets {
    /// Steps, that is polls of tasks.
    pub steps: u64,
    /// Virtual time, in nanoseconds.
    pub nanoseconds: u64,
    /// After so many steps nothing is injected any more and scheduling is fair, and the run must come
    /// to its end within `steps` further ones; `None` lets the trouble go on.
    pub chaos_steps: Option<u64>,
}

impl Default for Budgets {
    fn default() -> Budgets {
        Budgets {
            steps: 1_000_000,
            nanoseconds: u64::MAX,
            chaos_steps: None,
        }
    }
}

/// Why a run must stop before its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Halt {
    /// All steps are spent.
    Steps,
    /// Virtual time has passed its budget.
    Time,
    /// The run has left the recording it was to follow: see [`super::Run::divergence`].
    Diverged,
    /// The trouble has stopped long ago, and the run still does not come to its end.
    Livelock,
    /// Another run has shown, or will show, all that this one could: it says nothing about the
    /// program.
    Redundant,
}

/// How often each injection has struck in a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Struck {
    pub(super) spurious: u32,
    pub(super) early: u32,
    pub(super) never: u32,
    pub(super) faults: u32,
    pub(super) cancels: u32,
    pub(super) drops: u32,
}
