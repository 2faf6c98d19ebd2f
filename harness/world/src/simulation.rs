//! Simulated runs of one program, from its start to a verdict, over and over.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use tourbillon_compiler::Program;
use tourbillon_host::{Host, Policy};
use tourbillon_session::{CapacityExceeded, Session, SessionOptions};
use tourbillon_sim::run::Halt;
use tourbillon_sim::trace::{Event, What};
use tourbillon_sim::{Label, SharedRun};
use tourbillon_value::{Namespace, RuntimeError};
use tourbillon_vm::{Execution, Machine};

use crate::config::{Seconds, WorldConfig};
use crate::host::Spent;
use crate::lent::LendingHost;
use crate::objects::{Entanglement, Names};
use crate::observer::WorldObserver;
use crate::oracles::{Ledger, Spinning, explain_livelock, leaks};
use crate::outcome::{Diagnostic, ErrorOutcome, Outcome, Values};
use crate::policy::WorldPolicy;
use crate::probe::Probe;
use crate::session_config::SessionConfig;
use crate::snapshot::snapshot;
use crate::stuck::StuckReport;
use crate::support::{Unsupported, unsupported};
use crate::target::Target;
use crate::world::{Injected, World};

const END: What = What::new("end");
const LEFT: What = What::new("left");

/// How a run was judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum VerdictKind {
    /// Everything held.
    Pass,
    /// The program failed.
    Error,
    /// It deadlocked, or nothing could ever happen again.
    Deadlock,
    /// Something was left after the session was closed.
    Leak,
    /// The budget was spent.
    Budget,
    /// The engine panicked.
    Panic,
    /// An oracle spoke.
    Oracle,
}

impl VerdictKind {
    /// Its name on the command line and in recordings.
    pub fn name(self) -> &'static str {
        match self {
            VerdictKind::Pass => "pass",
            VerdictKind::Error => "error",
            VerdictKind::Deadlock => "deadlock",
            VerdictKind::Leak => "leak",
            VerdictKind::Budget => "budget",
            VerdictKind::Panic => "panic",
            VerdictKind::Oracle => "oracle",
        }
    }

    /// Whether it condemns the engine, whatever outcomes a program may have.
    pub fn is_defect(self) -> bool {
        match self {
            VerdictKind::Leak | VerdictKind::Panic | VerdictKind::Oracle => true,
            VerdictKind::Pass
            | VerdictKind::Error
            | VerdictKind::Deadlock
            | VerdictKind::Budget => false,
        }
    }
}

/// The judgement of one run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Which.
    pub kind: VerdictKind,
    /// What is to say about it, in one line; empty for a pass.
    pub message: String,
}

impl Verdict {
    pub(crate) fn new(kind: VerdictKind, message: impl Into<String>) -> Verdict {
        let message = message.into();
        Verdict { kind, message }
    }
}

/// All that is known of one run.
#[derive(Clone, Debug)]
pub struct RunResult {
    /// What the program showed.
    pub outcome: Outcome,
    /// How it was judged.
    pub verdict: Verdict,
    /// What was left after the session was closed, by kind.
    pub ledger: Ledger,
    /// Steps of tasks.
    pub steps: u64,
    /// Choice points passed.
    pub choices: u64,
    /// The trace hash.
    pub trace_hash: u64,
    /// Whether the run was cut short, so that its continuation is unknown.
    pub is_cut_short: bool,
    /// How often each injection struck.
    pub injected: Injected,
    /// What was written to standard error.
    pub stderr: String,
    /// The error that nobody caught, with all its context, for diagnostics in full.
    pub error: Option<RuntimeError>,
    /// What the embedded tier refused first for want of room.
    pub refused: Option<CapacityExceeded>,
    /// Who took the last steps before a budget was spent; empty when none was.
    pub spinning: Vec<Spinning>,
    /// Why the execution was stuck, where the run is one that explains.
    pub stuck: Option<StuckReport>,
}

/// One program in one world, ready to run under the choices of one [`tourbillon_sim::Run`].
pub struct Simulation {
    target: Target,
    session: SessionConfig,
    world: Rc<WorldConfig>,
    run: SharedRun,
    bench: Option<(Bench, Rc<WorldPolicy>)>,
    probe: Probe,
    entanglement: Rc<Cell<Entanglement>>,
    /// What stands between session and world.
    through: Option<Box<Through>>,
}

/// Makes a host of a host.
type Through = dyn Fn(Rc<dyn Host>) -> Rc<dyn Host>;

/// A session and what is around it.
pub(crate) struct Bench {
    pub world: Rc<World>,
    pub observer: Rc<WorldObserver>,
    pub session: Session,
}

impl Simulation {
    /// A simulation whose choices `run` makes.
    ///
    /// # Errors
    /// When session or world ask for something that this version cannot do.
    pub fn new(
        target: Target,
        session: SessionConfig,
        world: WorldConfig,
        run: &SharedRun,
    ) -> Result<Simulation, Unsupported> {
        unsupported(&world)?;
        let probe = Probe::new(&session);
        Ok(Simulation {
            probe,
            target,
            session,
            world: Rc::new(world),
            run: run.clone(),
            bench: None,
            entanglement: Rc::default(),
            through: None,
        })
    }

    /// Puts a host of one's own between every session and its world: to test that, or what the engine
    /// makes of one that is wrong. It is asked for a new one with each session.
    #[must_use]
    pub fn through(mut self, host: impl Fn(Rc<dyn Host>) -> Rc<dyn Host> + 'static) -> Simulation {
        self.through = Some(Box::new(host));
        self.bench = None;
        self
    }

    /// The run that makes the choices.
    pub fn run(&self) -> &SharedRun {
        &self.run
    }

    /// The program.
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// How its session is set up.
    pub fn session(&self) -> &SessionConfig {
        &self.session
    }

    /// The world it runs in.
    pub fn world(&self) -> &WorldConfig {
        &self.world
    }

    /// Whether the program was found to depend on the order of steps that share nothing, so that there
    /// is less to leave out.
    pub fn is_entangled(&self) -> bool {
        self.entanglement.get().was_seen
    }

    /// Runs the program once. The run must have begun; the caller ends it.
    ///
    /// The session of the run before is used again when that ended clean; a run that repeats another
    /// gets a fresh one, so that nothing can leak from run to run unnoticed.
    pub fn run_once(&mut self) -> RunResult {
        let namespace = self.session.namespace.of_engine();
        let program = match &self.target {
            Target::Compiled { program, .. } => program.clone(),
            Target::Refused { errors, .. } => {
                let outcome = Outcome::of_compile_errors(errors, namespace);
                return self.refused(outcome, errors.first().cloned());
            }
        };
        let is_explaining = self.run.borrow().is_explaining();
        let is_repeating = self.run.borrow().is_repeating() || is_explaining;
        let kept = match is_repeating {
            true => None,
            false => self.bench.take(),
        };
        let (bench, policy) = match kept {
            Some((bench, policy)) => {
                bench.reset();
                policy.reset();
                (bench, policy)
            }
            None => {
                // Marks that no run passes are to be named, too.
                let mut run = self.run.borrow_mut();
                program
                    .marks
                    .iter()
                    .for_each(|mark| run.marks.pass(mark, false));
                drop(run);
                self.fresh_bench()
            }
        };
        let during = drive(&bench, &policy, &program, &self.probe);
        let is_clean = matches!(during.ending, Ending::Ended { .. });
        let result = judge(&bench, &self.run, namespace, during);
        if is_clean && result.verdict.kind != VerdictKind::Leak && !is_repeating {
            self.bench = Some((bench, policy));
        } else {
            // What is left of a broken run may break again while it is dropped; that is no news.
            let _ = catch_unwind(AssertUnwindSafe(|| drop((bench, policy))));
        }
        result
    }

    fn fresh_bench(&self) -> (Bench, Rc<WorldPolicy>) {
        let world = World::new(&self.world, &self.run);
        world.is_polled.set(self.session.poll_every > 0);
        *world.jobs.entanglement.borrow_mut() = self.entanglement.clone();
        let observer = WorldObserver::with(&self.run, Names::default(), &self.entanglement);
        let policy = WorldPolicy::new(&world, &observer);
        let options = self.session.options("main");
        let mut host: Rc<dyn Host> = world.clone();
        if let Some(through) = &self.through {
            host = through(host);
        }
        if self.run.borrow().is_explaining() {
            host = LendingHost::new(host, observer.journal());
        }
        let bench = Bench::new(world, host, observer, policy.clone(), options);
        (bench, policy)
    }

    fn refused(&self, outcome: Outcome, error: Option<RuntimeError>) -> RunResult {
        let run = self.run.borrow();
        let message = outcome.error.as_ref().map_or("", |error| &error.message);
        RunResult {
            verdict: Verdict::new(VerdictKind::Error, message),
            outcome,
            ledger: Ledger::new(),
            steps: 0,
            choices: run.length(),
            trace_hash: run.hash(),
            is_cut_short: false,
            injected: Injected::default(),
            stderr: String::new(),
            error,
            refused: None,
            spinning: Vec::new(),
            stuck: None,
        }
    }
}

impl Bench {
    pub fn new(
        world: Rc<World>,
        host: Rc<dyn Host>,
        observer: Rc<WorldObserver>,
        policy: Rc<dyn Policy>,
        options: SessionOptions,
    ) -> Bench {
        let session = Session::new(host, policy, Some(observer.clone()), options);
        observer.watches(session.machine());
        Bench {
            world,
            observer,
            session,
        }
    }

    /// Back to the start; the session must have been closed.
    pub fn reset(&self) {
        self.world.reset();
        self.observer.reset();
        self.session.reset();
    }
}

/// How far a run came.
pub(crate) enum Ending {
    /// The session was closed.
    Ended {
        execution: Execution,
        late: Vec<RuntimeError>,
    },
    /// Nothing can ever happen again.
    Stuck(Stuck),
    /// It had to stop.
    Halted(Halt),
    /// The engine panicked.
    Panicked(String),
    /// The session refused to execute or to close: a defect.
    Refused(RuntimeError),
}

/// Why nothing can ever happen again.
pub(crate) struct Stuck {
    /// Operations of which nothing comes.
    waiting: Vec<String>,
    /// Operations that were delivered to nobody.
    delivered: Vec<String>,
}

impl Stuck {
    /// The operations that a world has left.
    pub fn of(bench: &Bench) -> Stuck {
        let world = &bench.world;
        let stuck = Stuck {
            waiting: world.outstanding_labels(),
            delivered: world.delivered_labels(),
        };
        bench.observer.explain(&stuck.delivered);
        stuck
    }

    fn verdict(&self) -> Verdict {
        if !self.delivered.is_empty() {
            let message = format!(
                "{} was delivered, but nobody who waits for it ran: a wakeup was lost",
                self.delivered.join(", ")
            );
            return Verdict::new(VerdictKind::Oracle, message);
        }
        let message = match self.waiting.is_empty() {
            true => "nothing can ever happen again".to_string(),
            false => format!("nothing ever comes of {}", self.waiting.join(", ")),
        };
        Verdict::new(VerdictKind::Deadlock, message)
    }
}

/// What a run showed while it ran.
pub(crate) struct During {
    pub ending: Ending,
    pub at_end: AtEnd,
}

/// What is taken at the end of the execution, before the session is closed.
#[derive(Default)]
pub(crate) struct AtEnd {
    pub values: Values,
    pub nanoseconds: Option<u64>,
    /// Whether the end was that its future was dropped.
    pub is_dropped: bool,
}

/// A session's life, from its start until it was closed.
pub(crate) type Life = Pin<Box<dyn Future<Output = LifeResult>>>;

pub(crate) type LifeResult = Result<(Execution, Vec<RuntimeError>), RuntimeError>;

/// Executes and closes. What is taken in between goes to `at_end`.
pub(crate) fn live(bench: &Bench, program: &Arc<Program>, at_end: &Rc<RefCell<AtEnd>>) -> Life {
    let machine = bench.session.machine().clone();
    let (world, program, at_end) = (bench.world.clone(), program.clone(), at_end.clone());
    let observer = bench.observer.clone();
    Box::pin(async move {
        world.arm(machine.cancel_handle());
        let is_explaining = world.timeline().run.borrow().is_explaining();
        machine.set_explaining(is_explaining);
        let execution = machine.execute(&program).await;
        observer.nothing_was_left();
        world.disarm();
        at_end.replace(AtEnd::of(&world, &machine));
        let late = machine.close().await?;
        Ok((execution?, late))
    })
}

impl AtEnd {
    pub fn of(world: &World, machine: &Machine) -> AtEnd {
        let nanoseconds = world.timeline().run.borrow().clock.now();
        AtEnd {
            values: workspace(machine),
            nanoseconds: Some(nanoseconds),
            is_dropped: false,
        }
    }
}

/// The workspace in canonical form; nothing of it is held on to.
fn workspace(machine: &Machine) -> Values {
    let mut values = Values::with_capacity(machine.workspace_count());
    machine.visit_workspace(|name, value| {
        if !value.is_undefined() {
            // They come in the order of their names.
            let refused = values.try_append(name.to_string(), snapshot(value));
            debug_assert!(refused.is_none(), "{name} comes too late");
        }
    });
    values
}

/// Polls a session until it was closed or nothing can happen any more.
fn drive(bench: &Bench, policy: &WorldPolicy, program: &Arc<Program>, probe: &Probe) -> During {
    let at_end = Rc::<RefCell<AtEnd>>::default();
    let mut life = live(bench, program, &at_end);
    // The policy gives way only when nothing can happen any more, so one poll is all it takes; or when
    // the future is to be dropped.
    let mut ended = poll(&mut life);
    if ended.is_none() && policy.takes_drop() {
        life = match probe.drop_execution(bench, life, &at_end) {
            Ok(life) => life,
            Err(message) => {
                let (ending, at_end) = (Ending::Panicked(message), at_end.take());
                return During { ending, at_end };
            }
        };
        ended = poll(&mut life);
    }
    let ending = ended.unwrap_or_else(|| match policy.halted() {
        Some(halt) => Ending::Halted(halt),
        None => Ending::Stuck(Stuck::of(bench)),
    });
    let ending = end(life, ending);
    let at_end = at_end.take();
    During { ending, at_end }
}

/// Polls a session once; its ending, unless it gave way.
pub(crate) fn poll(life: &mut Life) -> Option<Ending> {
    let mut context = Context::from_waker(Waker::noop());
    match catch_unwind(AssertUnwindSafe(|| life.as_mut().poll(&mut context))) {
        Ok(Poll::Pending) => None,
        Ok(Poll::Ready(Ok((execution, late)))) => Some(Ending::Ended { execution, late }),
        Ok(Poll::Ready(Err(error))) => Some(Ending::Refused(error)),
        Err(payload) => Some(match payload.downcast::<Spent>() {
            Ok(spent) => Ending::Halted(spent.0),
            Err(payload) => Ending::Panicked(panic_message(&*payload)),
        }),
    }
}

/// Drops what is left of a life. A panic in it is the ending, unless one came before.
pub(crate) fn end(life: Life, ending: Ending) -> Ending {
    match (catch_unwind(AssertUnwindSafe(|| drop(life))), ending) {
        (
            Err(payload),
            Ending::Ended { .. } | Ending::Stuck(_) | Ending::Halted(_) | Ending::Refused(_),
        ) => Ending::Panicked(panic_message(&*payload)),
        (_, ending) => ending,
    }
}

pub(crate) fn panic_message(payload: &(dyn std::any::Any + Send)) -> String {
    match (
        payload.downcast_ref::<&str>(),
        payload.downcast_ref::<String>(),
    ) {
        (Some(text), _) => (*text).to_string(),
        (_, Some(text)) => text.clone(),
        (None, None) => "a panic without a message".to_string(),
    }
}

/// Puts everything together that is known of a run.
#[inline(never)] // `ci/profile` has a row for it.
pub(crate) fn judge(
    bench: &Bench,
    run: &SharedRun,
    namespace: Namespace,
    mut during: During,
) -> RunResult {
    let now = run.borrow().clock.now();
    let nanoseconds = during.at_end.nanoseconds.unwrap_or(now);
    let mut outcome = Outcome {
        stdout: bench.world.captured().output().to_string(),
        values: std::mem::take(&mut during.at_end.values),
        virtual_time_seconds: Seconds::from_nanoseconds(nanoseconds),
        ..Outcome::default()
    };
    let mut ledger = Ledger::new();
    let mut error = None;
    let (mut is_cut_short, mut is_stuck) = (false, false);
    let mut spinning = Vec::new();
    let verdict = match during.ending {
        Ending::Ended { execution, late } => {
            let reports = execution.diagnostics.iter().chain(&late);
            outcome.diagnostics = reports
                .map(|report| Diagnostic::of(report, namespace))
                .collect();
            outcome.diagnostics.sort();
            outcome.error = execution
                .error
                .as_ref()
                .map(|error| ErrorOutcome::of(error, namespace));
            outcome.dropped = during.at_end.is_dropped;
            ledger = bench.session.ledger();
            ledger.insert("host.operations".into(), bench.world.outstanding());
            ledger.insert("host.jobs".into(), bench.world.live_jobs());
            let leaks = leaks(&ledger);
            error = execution.error;
            let complaint = bench
                .observer
                .verdict()
                .or_else(|| bench.world.job_complaint());
            closed(&mut outcome, complaint, leaks)
        }
        Ending::Stuck(stuck) => {
            is_stuck = true;
            let verdict = stuck.verdict();
            outcome.deadlock = verdict.kind == VerdictKind::Deadlock;
            complained(bench, verdict)
        }
        Ending::Halted(halt) => {
            is_cut_short = true;
            outcome.budget = matches!(halt, Halt::Steps | Halt::Time | Halt::Livelock);
            let what = match halt {
                Halt::Steps => "all steps are spent",
                Halt::Time => "virtual time has passed its budget",
                Halt::Livelock => "nothing is injected any more, and the run does not end",
                Halt::Diverged => "the run has left its recording",
                Halt::Redundant => "others show what the run could",
            };
            if outcome.budget {
                spinning = bench.observer.spinning();
                let message = explain_livelock(what, &spinning);
                complained(bench, Verdict::new(VerdictKind::Budget, message))
            } else {
                Verdict::new(VerdictKind::Budget, what)
            }
        }
        Ending::Panicked(message) => Verdict::new(VerdictKind::Panic, message),
        Ending::Refused(error) => {
            let message = format!("the session refused to run: {}", error.message());
            Verdict::new(VerdictKind::Oracle, message)
        }
    };
    is_stuck |= verdict.kind == VerdictKind::Deadlock;
    let mut run = run.borrow_mut();
    for (what, value) in [
        (END, nanoseconds),
        (LEFT, ledger.values().map(|count| *count as u64).sum()),
    ] {
        let label = Label(0);
        run.event(Event { what, label, value });
    }
    RunResult {
        outcome,
        verdict,
        ledger,
        steps: run.steps(),
        choices: run.length(),
        trace_hash: run.hash(),
        is_cut_short,
        injected: bench.world.injected(),
        stderr: bench.world.captured().errors().to_string(),
        error,
        refused: bench.session.machine().first_refusal(),
        spinning,
        stuck: bench.observer.takes_stuck().filter(|_| is_stuck),
    }
}

/// The verdict of a run that did not come to its end, unless an oracle spoke before.
fn complained(bench: &Bench, verdict: Verdict) -> Verdict {
    match bench.observer.complaint() {
        Some(complaint) => Verdict::new(VerdictKind::Oracle, complaint),
        None => verdict,
    }
}

/// The verdict of a run whose session was closed. Defects of the engine come before failures of the
/// program.
fn closed(outcome: &mut Outcome, complaint: Option<String>, leaks: Option<String>) -> Verdict {
    if let Some(error) = &outcome.error {
        outcome.deadlock = error.identifier == "async:Deadlock";
    }
    if let Some(complaint) = complaint {
        return Verdict::new(VerdictKind::Oracle, complaint);
    }
    if let Some(leaks) = leaks {
        return Verdict::new(VerdictKind::Leak, leaks);
    }
    match &outcome.error {
        None => Verdict::new(VerdictKind::Pass, ""),
        Some(error) if outcome.deadlock => {
            Verdict::new(VerdictKind::Deadlock, error.message.as_str())
        }
        Some(error) => {
            let message = match &*error.identifier {
                "" => error.message.clone(),
                identifier => format!("{identifier}: {}", error.message),
            };
            Verdict::new(VerdictKind::Error, message)
        }
    }
}
