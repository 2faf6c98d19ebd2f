//! Which cases can run natively: those with one outcome, in a world that the real one can be.

use std::fmt;

use crate::schema::{Case, EngineName, Injection, Strategy};
use crate::world::{CancelPlan, GpuDevice, HttpReply, WorldConfig};

/// Why a case is left to the simulator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum NotNative {
    /// It is for other engines only.
    OtherEngines,
    /// Which of its outcomes comes up depends on the schedule.
    SeveralOutcomes,
    /// It spends a budget of steps, which only a simulated run has.
    Budget,
    /// Faults, cancels or operations without end are put in its way.
    Trouble,
    /// Its world states faults.
    Faults,
    /// The host cancels at a step.
    CancelAtStep,
    /// A server of its world is out of reach in a way that nobody here can be.
    Web,
    /// It wants a graphics card.
    GraphicsCard,
    /// It shows what a clock says, which is exact only where time is virtual.
    ReadsTheClock,
    /// Its background jobs use files: on the native host only the session's own are in the case's folder.
    FilesOfJobs,
    /// It states the order of things that are done outside, and holds in production's order only.
    OneSchedule,
}

impl fmt::Display for NotNative {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            NotNative::OtherEngines => "it is for other engines",
            NotNative::SeveralOutcomes => "it has several outcomes",
            NotNative::Budget => "it spends a budget of steps",
            NotNative::Trouble => "faults or cancels are put in its way",
            NotNative::Faults => "its world states faults",
            NotNative::CancelAtStep => "the host cancels at a step",
            NotNative::Web => "a server of its world cannot be reached, and nobody says so",
            NotNative::GraphicsCard => "it wants a graphics card",
            NotNative::ReadsTheClock => "it shows what the clock says",
            NotNative::FilesOfJobs => "its background jobs use files",
            NotNative::OneSchedule => "it states one schedule of operations outside",
        })
    }
}

/// The first reason why a case cannot run natively; none when it can.
pub fn not_native(case: &Case) -> Option<NotNative> {
    let world = &case.world;
    let gpu = world.gpu.as_ref().map(|gpu| gpu.device);
    let is_trouble = |kind: Injection| match kind {
        Injection::Never | Injection::Drop | Injection::Fault | Injection::Cancel => true,
        Injection::Pending | Injection::Delay | Injection::Spurious | Injection::Early => false,
    };
    let reasons = [
        (
            !case.engines.contains(&EngineName::Own),
            NotNative::OtherEngines,
        ),
        (case.expect.allowed.len() != 1, NotNative::SeveralOutcomes),
        (
            case.expect.allowed.iter().any(|outcome| outcome.budget),
            NotNative::Budget,
        ),
        (
            case.explore.inject.iter().any(|one| is_trouble(one.kind)),
            NotNative::Trouble,
        ),
        (!world.faults.is_empty(), NotNative::Faults),
        (
            match world.cancel {
                Some(CancelPlan::AtStep(_) | CancelPlan::EverySuspension) => true,
                Some(CancelPlan::AtTime(_)) | None => false,
            },
            NotNative::CancelAtStep,
        ),
        (finds_no_way(world), NotNative::Web),
        (gpu == Some(GpuDevice::Wgpu), NotNative::GraphicsCard),
        (reads_the_clock(case), NotNative::ReadsTheClock),
        (has_jobs_with_files(case), NotNative::FilesOfJobs),
        (
            case.explore.strategy == Strategy::Fifo && goes_outside(case),
            NotNative::OneSchedule,
        ),
    ];
    reasons
        .into_iter()
        .find_map(|(applies, reason)| applies.then_some(reason))
}

/// Whether a connection hangs before it is made.
fn finds_no_way(world: &WorldConfig) -> bool {
    let mut replies = world.http.iter().flat_map(|route| &route.replies);
    replies.any(|reply| *reply == HttpReply::Unreachable)
}

/// Whether the program names a function that says what time it is.
fn reads_the_clock(case: &Case) -> bool {
    names_any(case, &["tic", "toc", "now", "clock", "cputime", "datetime"])
}

fn has_jobs_with_files(case: &Case) -> bool {
    let files = ["fileread", "filewrite", "isfile", "delete"];
    names_any(case, &["parfeval"]) && names_any(case, &files)
}

/// Whether the world has anything whose deliveries have an order.
fn goes_outside(case: &Case) -> bool {
    let world = &case.world;
    !world.disk.is_empty()
        || !world.latency.is_empty()
        || !world.input.is_empty()
        || !world.http.is_empty()
}

fn names_any(case: &Case, names: &[&str]) -> bool {
    let texts = std::iter::once(&case.program).chain(case.files.values());
    texts
        .flat_map(|text| text.split(|c: char| !c.is_alphanumeric() && c != '_' && c != '\''))
        .any(|word| names.contains(&word))
}
