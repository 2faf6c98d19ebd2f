//! The engine on its native host as an engine for cases: real files, real tokio, and the real clock,
//! faster.

mod outside;
mod rule;
mod servers;
mod typist;

pub use outside::Outside;
pub use rule::{NotNative, not_native};

use std::cell::RefCell;
use std::future::poll_fn;
use std::num::NonZeroU32;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tourbillon_gpu::CpuDevice;
use tourbillon_host::{Fifo, Host, Nanoseconds, OperationLabel, Request, TaskLabel};
use tourbillon_host_native::{NativeConsole, NativeHost, Runtime};
use tourbillon_session::{ExecutionResult, Session};
use tourbillon_sim::Run;
use tourbillon_sim::strategy::Fifo as ProductionOrder;
use tourbillon_value::RuntimeError;
use tourbillon_world::{Diagnostic, ErrorOutcome, Outcome, ProgramText, Target, snapshot};

use crate::engine::{CaseReport, Engine, SeenOutcome, Status};
use crate::laboratory::{observed, simulation};
use crate::matching::{Observed, Verdict, judge};
use crate::schema::{Case, EngineName};
use crate::world::{CancelPlan, GpuDevice, Seconds};
use servers::Servers;
use typist::Typist;

/// How long a case should take on the real clock, one attempt after the other. What a program does
/// takes real time, and the faster the clock goes the more of the program's own time that is: where two
/// things that should happen one after the other happened at once, it is tried again more slowly.
const PACES: [Duration; 4] = [
    Duration::from_millis(1),
    Duration::from_millis(50),
    Duration::from_millis(500),
    Duration::from_secs(5),
];

/// At the first attempt a second of the program takes no longer than a millisecond.
const FIRST_FACTOR: u64 = 1_000;

/// Nothing in the corpus takes so long: whatever does is stuck.
const PATIENCE: Duration = Duration::from_secs(60);

/// Runs the cases that have one outcome and need nothing that only the simulator can do.
#[derive(Clone, Copy, Debug, Default)]
pub struct Native;

impl Engine for Native {
    fn name(&self) -> EngineName {
        EngineName::Own
    }

    fn run(&self, case: &Case) -> CaseReport {
        if let Some(reason) = not_native(case) {
            return CaseReport::without_runs(case, Status::Skip, reason.to_string());
        }
        let takes = match duration(case) {
            Ok(takes) => takes,
            Err(reason) => return CaseReport::without_runs(case, Status::Skip, reason),
        };
        let mut factors: Vec<u64> = PACES
            .iter()
            .map(|pace| takes.nanoseconds() / pace.as_nanos() as u64)
            .collect();
        factors[0] = factors[0].max(FIRST_FACTOR);
        factors.dedup();
        let mut report: Option<CaseReport> = None;
        for (attempt, factor) in factors.into_iter().enumerate() {
            let factor = u32::try_from(factor).unwrap_or(u32::MAX);
            let factor = NonZeroU32::new(factor).unwrap_or(NonZeroU32::MIN);
            let tried = attempt_at(case, factor, attempt as u64 + 1);
            let is_over = tried.status != Status::Fail;
            report = Some(tried);
            if is_over {
                break;
            }
        }
        report.expect("there is a pace")
    }
}

/// How long the program takes in its own time, in production's order.
fn duration(case: &Case) -> Result<Seconds, String> {
    let run = Run::shared(Box::new(ProductionOrder::new()));
    let mut simulation = simulation(case, &run)?;
    run.borrow_mut().begin(0);
    Ok(simulation.run_once().outcome.virtual_time_seconds)
}

/// One run of a case on a clock that is so many times as fast as the real one.
fn attempt_at(case: &Case, factor: NonZeroU32, attempt: u64) -> CaseReport {
    let shown = match run_once(case, factor) {
        Ok(shown) => shown,
        Err(reason) => return CaseReport::without_runs(case, Status::Crash, reason),
    };
    let mut expect = case.expect.clone();
    let mut complaint = shown.complaint;
    for spec in &mut expect.allowed {
        // Work takes time: it ends then at the earliest.
        if let Some(due) = spec.virtual_time.take()
            && shown.ended_at < due
        {
            let text = format!("it ended after {}, before {due}", shown.ended_at);
            complaint = complaint.or(Some(text));
        }
    }
    let reason = complaint.or_else(|| match judge(&expect, &shown.observed) {
        Verdict::Allowed(_) => None,
        Verdict::NotAllowed(text) => Some(text),
        Verdict::Forbidden(name) => Some(format!("the forbidden outcome `{name}`")),
        Verdict::Ambiguous(first, second) => {
            Some(format!("the run matches both `{first}` and `{second}`"))
        }
    });
    CaseReport {
        id: case.full_id(),
        status: match (&reason, shown.is_stuck) {
            (_, true) => Status::Timeout,
            (Some(_), false) => Status::Fail,
            (None, false) => Status::Pass,
        },
        schedules: attempt,
        exhausted: false,
        outcomes: vec![SeenOutcome {
            outcome: shown.observed,
            count: 1,
            witness: None,
        }],
        reason: reason
            .map(|reason| format!("natively, with a clock {factor} times as fast: {reason}")),
        replay: None,
    }
}

/// What one native run showed.
struct Shown {
    observed: Observed,
    /// The time on the host's clock when the execution had ended.
    ended_at: Seconds,
    /// What was left, although the session was closed.
    complaint: Option<String>,
    is_stuck: bool,
}

fn run_once(case: &Case, factor: NonZeroU32) -> Result<Shown, String> {
    let namespace = case.session.namespace.of_engine();
    let text = ProgramText {
        name: "main.m".into(),
        source: case.program.clone(),
        files: case.files.clone(),
    };
    let program = match Target::compile(text, &case.session) {
        Target::Compiled { program, .. } => program,
        Target::Refused { errors, .. } => {
            return Ok(Shown {
                observed: natively(Outcome::of_compile_errors(&errors, namespace)),
                ended_at: Seconds::default(),
                complaint: None,
                is_stuck: false,
            });
        }
    };
    let told = |error: std::io::Error| error.to_string();
    let runtime = Runtime::with_workers(case.world.workers.0).map_err(told)?;
    let folder = tempfile::tempdir().map_err(told)?;
    fill(folder.path(), case).map_err(told)?;
    let printed = Printed::default();
    let typist = Typist::of(&case.world);
    let mut builder =
        NativeHost::builder(&runtime)
            .clock_factor(factor)
            .console(NativeConsole::new(
                Box::new(printed.clone()),
                Box::new(std::io::sink()),
            ));
    if let Some(typist) = &typist {
        builder = builder.input(typist.clone());
    }
    let gpu = case.world.gpu.clone().unwrap_or_default();
    builder = builder.device(match gpu.device {
        GpuDevice::None | GpuDevice::Wgpu => None,
        GpuDevice::Simulated => {
            let memory = gpu.memory_bytes.unwrap_or(CpuDevice::DEFAULT_MEMORY_BYTES);
            Some(Rc::new(CpuDevice::new(memory)))
        }
    });
    let native = Rc::new(builder.build());
    if let Some(typist) = &typist {
        typist.sit_at(&native);
    }
    let servers = Servers::of(&case.world).map_err(told)?;
    let outside = Outside::new(&native, folder.path(), &case.world).with_servers(servers);
    let outside = Rc::new(outside);
    let session = Session::new(
        outside.clone(),
        Rc::new(Fifo),
        None,
        case.session.options("main"),
    );
    if let Some(CancelPlan::AtTime(time)) = case.world.cancel {
        let handle = session.cancel_handle();
        let real = time.nanoseconds().div_ceil(u64::from(factor.get()));
        runtime.after(Duration::from_nanos(real), move || handle.cancel());
    }
    let is_stuck = Arc::new(AtomicBool::new(false));
    let (handle, flag) = (session.cancel_handle(), is_stuck.clone());
    runtime.after(PATIENCE, move || {
        flag.store(true, Ordering::Release);
        handle.cancel();
    });

    let (ended, ended_at, closed) = native.block_on(async {
        let ended = session.execute_program(&program).await;
        let ended_at = native.now();
        let shown = outcome(ended, namespace);
        (shown, ended_at, session.close().await)
    });
    native.native_console().flush();
    let mut outcome = ended;
    match closed {
        Ok(late) => {
            let late = late.iter().map(|report| Diagnostic::of(report, namespace));
            outcome.diagnostics.extend(late);
            outcome.diagnostics.sort();
        }
        Err(error) => return Err(format!("the session was not closed: {}", error.message())),
    }
    outcome.stdout = printed.text();
    Ok(Shown {
        observed: natively(outcome),
        ended_at: Seconds::from_nanoseconds(ended_at.0),
        complaint: still_left(&session, &native, &outside, factor),
        is_stuck: is_stuck.load(Ordering::Acquire),
    })
}

/// Lays the files of the case's disk into its folder.
#[expect(
    clippy::disallowed_methods,
    reason = "the files of a native case are real"
)]
fn fill(folder: &Path, case: &Case) -> std::io::Result<()> {
    for (path, content) in &case.world.disk {
        let path = outside::inside(folder, path);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent)?;
        }
        std::fs::write(path, content.as_bytes())?;
    }
    Ok(())
}

/// What an execution showed; the output is read later, when the session is closed.
fn outcome(result: ExecutionResult, namespace: tourbillon_value::Namespace) -> Outcome {
    let error = |error: &RuntimeError| ErrorOutcome::of(error, namespace);
    let values = result.values.iter();
    let mut outcome = Outcome {
        values: values
            .filter(|(_, value)| !value.is_undefined())
            .map(|(name, value)| (name.clone(), snapshot(value)))
            .collect(),
        error: result.error.as_ref().map(error),
        diagnostics: result
            .diagnostics
            .iter()
            .map(|report| Diagnostic::of(report, namespace))
            .collect(),
        ..Outcome::default()
    };
    let deadlock = |error: &ErrorOutcome| error.identifier == "async:Deadlock";
    outcome.deadlock = outcome.error.as_ref().is_some_and(deadlock);
    outcome
}

/// As cases compare it, without the virtual time that there is not.
fn natively(outcome: Outcome) -> Observed {
    Observed {
        virtual_time: None,
        ..observed(outcome)
    }
}

/// What is left, also when the threads that woke the session have had the time to let go of its wakers.
pub(crate) fn still_left(
    session: &Session,
    native: &NativeHost,
    outside: &Outside,
    factor: NonZeroU32,
) -> Option<String> {
    const LOOKS: u32 = 1_000;
    const MILLISECOND: u64 = 1_000_000;
    let label = OperationLabel {
        task: TaskLabel::root("left"),
        name: "timer",
        occurrence: 1,
    };
    for _ in 0..LOOKS {
        left(session, native, outside)?;
        let deadline = native.now() + Nanoseconds(MILLISECOND * u64::from(factor.get()));
        let timer = native.submit(Request::Timer { deadline }, &label);
        let waited = native.block_on(poll_fn(|context| native.poll(timer, context)));
        if waited.is_err() {
            break;
        }
    }
    left(session, native, outside)
}

/// What is left of a session that was closed, in words.
fn left(session: &Session, native: &NativeHost, outside: &Outside) -> Option<String> {
    let mut ledger = session.ledger();
    ledger.insert("host.operations".into(), native.outstanding());
    ledger.insert("outside.operations".into(), outside.outstanding());
    let left: Vec<String> = ledger
        .iter()
        .filter(|(_, count)| **count > 0)
        .map(|(kind, count)| format!("{count} {kind}"))
        .collect();
    (!left.is_empty()).then(|| format!("left after the session was closed: {}", left.join(", ")))
}

/// What a program printed.
#[derive(Clone, Default)]
struct Printed(Rc<RefCell<Vec<u8>>>);

impl Printed {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.borrow()).into_owned()
    }
}

impl std::io::Write for Printed {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.borrow_mut().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
