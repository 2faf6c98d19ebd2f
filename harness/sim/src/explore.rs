//! Exploring plain Rust futures: the entry points of the library.

use std::any::Any;
use std::fmt::{Debug, Write};
use std::future::Future;
use std::ops::ControlFlow;

use crate::campaign::{self, Body, Failure, FailureKind, Plan, Replayed, Report, Verdict, Witness};
use crate::executor::{Ending, Executor};
use crate::inject::Injections;
use crate::label::LabelError;
use crate::recording::Recording;
use crate::report::Stuck;
use crate::run::{Budgets, Halt, Run, SharedRun};
use crate::shrink::{self, Limits, Minimal, QuietPanics, ShrinkError, Signature, tell};
use crate::sim::Sim;
use crate::strategy::{
    CancelSweep, Exhaustive, Fifo, Lenient, Random, Reduced, Seeded, Strategy, Strict, Swarm,
};

/// Of the later runs of random explorers, one in so many tells its footprints: they take a fifth of
/// the time of a short run.
const FOOTPRINTS_EVERY: u64 = 16;

/// How to explore: which schedules, how many, and what may be injected.
#[derive(Debug)]
pub struct Explorer {
    strategy: Box<dyn Strategy>,
    plan: Plan,
    injections: Injections,
    // What was said of these alone; it goes before what `injections` say, in whatever order.
    faults: Option<u32>,
    cancels: Option<u32>,
    budgets: Budgets,
    leaks_allowed: bool,
}

impl Default for Explorer {
    fn default() -> Explorer {
        Explorer::swarm(0)
    }
}

impl Explorer {
    /// A thousand schedules of `seed` by a mixture of all strategies that draw at random.
    #[must_use]
    pub fn swarm(seed: u64) -> Explorer {
        let strategy = Seeded::new(seed, Swarm::new());
        Explorer::new(Box::new(strategy), 1_000).footprints_every(FOOTPRINTS_EVERY)
    }

    /// A thousand random schedules of `seed`.
    #[must_use]
    pub fn random(seed: u64) -> Explorer {
        let strategy = Random::new(seed);
        Explorer::new(Box::new(strategy), 1_000).footprints_every(FOOTPRINTS_EVERY)
    }

    /// Every schedule there is.
    #[must_use]
    pub fn exhaustive() -> Explorer {
        Explorer::new(Box::new(Exhaustive::new()), u64::MAX)
    }

    /// One schedule of each partial order of dependent steps: as much of a proof as
    /// [`Explorer::exhaustive`] in far fewer runs, for programs whose tasks share nothing but what
    /// footprints tell of. Wakes, joins, timers and operations of the simulation do by themselves, as
    /// do the types of [`crate::sync`]; other shared state needs [`Sim::access`] where it is touched.
    #[must_use]
    pub fn reduced() -> Explorer {
        Explorer::new(Box::new(Reduced::new()), u64::MAX)
    }

    /// At most so many faults strike in one run, whatever [`Explorer::injections`] say.
    #[must_use]
    pub fn faults(mut self, faults: u32) -> Explorer {
        self.faults = Some(faults);
        self
    }

    /// At most so many cancels strike in one run, whatever [`Explorer::injections`] say.
    #[must_use]
    pub fn cancels(mut self, cancels: u32) -> Explorer {
        self.cancels = Some(cancels);
        self
    }

    /// The last handle of at most so many futures goes in one run while they are under way: see
    /// [`Sim::droppable`].
    #[must_use]
    pub fn drops(mut self, drops: u32) -> Explorer {
        self.injections.drops = drops;
        self
    }

    /// The one schedule of production.
    #[must_use]
    pub fn fifo() -> Explorer {
        Explorer::new(Box::new(Fifo::new()), 1)
    }

    /// The schedule of production, and then with one cancel, at every step for every future that is
    /// suspended there and can be cancelled: see [`Sim::cancellable`]. For cancels in other schedules
    /// there is [`Explorer::cancels`], with any strategy.
    #[must_use]
    pub fn cancel_sweep() -> Explorer {
        Explorer::new(Box::new(CancelSweep::new()), u64::MAX)
    }

    /// Schedules of any strategy, at most so many.
    #[must_use]
    pub fn new(strategy: Box<dyn Strategy>, schedules: u64) -> Explorer {
        Explorer {
            strategy,
            plan: Plan::new(schedules),
            injections: Injections::DEFAULT,
            faults: None,
            cancels: None,
            budgets: Budgets::default(),
            leaks_allowed: false,
        }
    }

    /// At most so many schedules.
    #[must_use]
    pub fn schedules(mut self, schedules: u64) -> Explorer {
        self.plan.schedules = schedules;
        self
    }

    /// What may be injected; `pending` when nothing is said.
    #[must_use]
    pub fn injections(mut self, injections: Injections) -> Explorer {
        self.injections = injections;
        self
    }

    /// How far each run may go.
    #[must_use]
    pub fn budgets(mut self, budgets: Budgets) -> Explorer {
        self.budgets = budgets;
        self
    }

    /// Every so many runs one is made twice and compared; 0 is never.
    #[must_use]
    pub fn repeat_every(mut self, runs: u64) -> Explorer {
        self.plan.repeat_every = runs;
        self
    }

    /// Of the runs from number 4,096 on, one in so many tells its footprints, for the count of partial
    /// orders; 1 is all, and 16 what random explorers do. Searches that need them have them anyway.
    #[must_use]
    pub fn footprints_every(mut self, runs: u64) -> Explorer {
        self.plan.footprints_every = runs;
        self
    }

    /// Stops after so many failing runs; 0 is never.
    #[must_use]
    pub fn stop_after_failures(mut self, failures: u64) -> Explorer {
        self.plan.stop_after_failures = failures;
        self
    }

    /// Tasks that still wait when main has ended are dropped and no failure.
    #[must_use]
    pub fn leaks_allowed(mut self) -> Explorer {
        self.leaks_allowed = true;
        self
    }

    /// Runs `program` under many schedules. The outcome of a run is main's value, as `Debug` prints
    /// it.
    pub fn explore<F, M>(self, program: M) -> Report
    where
        M: Fn(Sim) -> F,
        F: Future + 'static,
        F::Output: Debug,
    {
        let (bench, plan, strategy) = self.bench();
        bench.run.borrow_mut().replace_strategy(strategy);
        let mut executor = Executor::new(&bench.run);
        let mut body = |outcome: &mut String| bench.judge(&mut executor, &program, outcome);
        campaign::explore(&bench.run, &plan, &mut body, &mut |_| {
            ControlFlow::Continue(())
        })
    }

    /// The recording of a run that [`Explorer::explore`] found under the same options. An error
    /// when the program did not repeat itself.
    pub fn record<F, M>(
        self,
        report: &Report,
        witness: &Witness,
        program: M,
    ) -> Result<Recording, String>
    where
        M: Fn(Sim) -> F,
        F: Future + 'static,
        F::Output: Debug,
    {
        let (bench, _, _) = self.bench();
        let mut executor = Executor::new(&bench.run);
        let mut body = |outcome: &mut String| bench.judge(&mut executor, &program, outcome);
        campaign::record(&bench.run, &report.strategy, witness, &mut body)
    }

    /// The smallest run that fails as that of `witness` does, which [`Explorer::explore`] found under
    /// the same options.
    ///
    /// # Errors
    /// When the run of the witness does not fail so.
    pub fn shrink<F, M>(
        self,
        failure: &Failure,
        witness: &Witness,
        program: M,
    ) -> Result<Minimal, ShrinkError>
    where
        M: Fn(Sim) -> F,
        F: Future + 'static,
        F::Output: Debug,
    {
        let (bench, _, _) = self.bench();
        let mut executor = Executor::new(&bench.run);
        let mut body = |outcome: &mut String| bench.judge(&mut executor, &program, outcome);
        let _quiet = QuietPanics::begin();
        shrink::shrink_tape(
            &bench.run,
            witness,
            &Signature::of(failure),
            &Limits::default(),
            &mut body,
            &mut |_| ControlFlow::Continue(()),
        )
    }

    /// Explores until the first failure, shrinks it, and panics with a report, the timeline of what is
    /// left, and its recording on one line to paste.
    pub fn check<F, M>(self, program: M)
    where
        M: Fn(Sim) -> F,
        F: Future + 'static,
        F::Output: Debug,
    {
        let (bench, mut plan, strategy) = self.bench();
        bench.run.borrow_mut().replace_strategy(strategy);
        plan.stop_after_failures = 1;
        let mut executor = Executor::new(&bench.run);
        let mut body = |outcome: &mut String| bench.judge(&mut executor, &program, outcome);
        let report = campaign::explore(&bench.run, &plan, &mut body, &mut |_| {
            ControlFlow::Continue(())
        });
        let Some((failure, stats)) = report.failures.first_key_value() else {
            return;
        };
        let found = format!("run {} of {}", stats.witness.run, report.schedules);
        let detail = |failure: &Failure, witness: &Witness, body: &mut Body<'_>| {
            let difference = report.difference.as_ref();
            match difference.filter(|_| failure.kind == FailureKind::Nondeterminism) {
                Some(difference) => difference.to_string(),
                None => bench.explain(failure.kind, witness, body),
            }
        };
        let told = tell(
            &bench.run,
            failure,
            &stats.witness,
            &found,
            &mut body,
            detail,
        );
        panic!("{told}");
    }

    /// Why a run is stuck that [`Explorer::explore`] found under the same options: who waits for what,
    /// who has it, and who handled the wakers. Nothing if it is not stuck.
    pub fn explain<F, M>(self, witness: &Witness, program: M) -> Option<String>
    where
        M: Fn(Sim) -> F,
        F: Future + 'static,
        F::Output: Debug,
    {
        let (bench, _, _) = self.bench();
        let mut executor = Executor::new(&bench.run);
        let mut body = |outcome: &mut String| bench.judge(&mut executor, &program, outcome);
        let text = bench.explain(FailureKind::Deadlock, witness, &mut body);
        (!text.is_empty()).then_some(text)
    }

    /// Parts the strategy and the plan from what judges a single run.
    pub(crate) fn bench(self) -> (Bench, Plan, Box<dyn Strategy>) {
        let run = Run::shared(Box::new(Fifo::new()));
        let injections = Injections {
            faults: self.faults.unwrap_or(self.injections.faults),
            cancels: self.cancels.unwrap_or(self.injections.cancels),
            ..self.injections
        };
        run.borrow_mut().set_injections(injections);
        run.borrow_mut().set_budgets(self.budgets);
        let leaks_allowed = self.leaks_allowed;
        let detail = std::cell::Cell::new(String::new());
        (
            Bench {
                run,
                leaks_allowed,
                detail,
            },
            self.plan,
            self.strategy,
        )
    }
}

/// Judges single runs.
pub(crate) struct Bench {
    pub run: SharedRun,
    leaks_allowed: bool,
    // The report of the last run that was stuck, if it was to be explained.
    detail: std::cell::Cell<String>,
}

impl Bench {
    /// The report on a run that is stuck, empty for any other.
    fn explain(&self, kind: FailureKind, witness: &Witness, body: &mut Body<'_>) -> String {
        if !matches!(kind, FailureKind::Deadlock | FailureKind::Leak) {
            return String::new();
        }
        let is_same = campaign::explain(&self.run, witness, body);
        let text = self.detail.take();
        if is_same { text } else { String::new() }
    }

    fn keep(&self, stuck: &Stuck) {
        if self.run.borrow().is_explaining() {
            self.detail.set(stuck.to_string());
        }
    }

    pub fn judge<F, M>(&self, executor: &mut Executor, program: &M, outcome: &mut String) -> Verdict
    where
        M: Fn(Sim) -> F,
        F: Future + 'static,
        F::Output: Debug,
    {
        let (ending, value) = executor.execute(program);
        if let Some(value) = value {
            if (&value as &dyn Any).is::<()>() {
                // Most programs give nothing, and are spared the formatting.
                outcome.push_str("()");
            } else {
                // Writing to a string does not fail.
                let _ = write!(outcome, "{value:?}");
            }
        }
        let failed = |kind: FailureKind, summary: String| Verdict::failed(kind, summary);
        match ending {
            Ending::Done => {}
            Ending::Leak(_) if self.leaks_allowed => {}
            Ending::Deadlock(stuck) => {
                outcome.push_str("deadlock");
                self.keep(&stuck);
                return failed(FailureKind::Deadlock, stuck.summary());
            }
            Ending::Leak(stuck) => {
                self.keep(&stuck);
                return failed(FailureKind::Leak, stuck.summary());
            }
            Ending::Panic { task, message } => {
                let _ = write!(outcome, "panic: {message}");
                return failed(FailureKind::Panic, format!("{task}: {message}"));
            }
            Ending::Halted(halt) => {
                let summary = match halt {
                    Halt::Steps => "all steps are spent",
                    Halt::Time => "virtual time has passed its budget",
                    Halt::Diverged | Halt::Redundant => {
                        return Verdict {
                            failure: None,
                            cut_short: true,
                        };
                    }
                    Halt::Livelock => {
                        outcome.push_str("livelock");
                        let summary = "nothing is injected any more, and the run does not end";
                        return Verdict {
                            cut_short: true,
                            ..failed(FailureKind::Livelock, summary.into())
                        };
                    }
                };
                outcome.push_str("budget");
                return Verdict {
                    cut_short: true,
                    ..failed(FailureKind::Budget, summary.into())
                };
            }
        }
        if let Some(violation) = self.run.borrow().violation() {
            return failed(FailureKind::Oracle, violation.to_string());
        }
        let left = executor.left();
        if left.timers + left.deliveries == 0 {
            return Verdict::PASS;
        }
        let (timers, deliveries) = (left.timers, left.deliveries);
        let summary = format!("{timers} timers and {deliveries} completions were left");
        failed(FailureKind::Leak, summary)
    }
}

/// Runs `program` under a thousand schedules of [`Explorer::swarm`] and panics at the first that fails, with a
/// report, the timeline of the shrunk run and a line to paste. See [`Explorer::check`] for other
/// strategies.
pub fn check<F, M>(program: M)
where
    M: Fn(Sim) -> F,
    F: Future + 'static,
    F::Output: Debug,
{
    Explorer::default().check(program);
}

/// Runs `program` under a thousand schedules of [`Explorer::swarm`] and reports what came out.
pub fn explore<F, M>(program: M) -> Report
where
    M: Fn(Sim) -> F,
    F: Future + 'static,
    F::Output: Debug,
{
    Explorer::default().explore(program)
}

/// Makes the run of a recording again, checking every step.
pub fn replay<F, M>(recording: &Recording, program: M) -> Result<Replayed, LabelError>
where
    M: Fn(Sim) -> F,
    F: Future + 'static,
    F::Output: Debug,
{
    replay_as(recording, program, |script| Box::new(Strict::new(script)))
}

/// Makes what is left of a recorded run after the program was changed: choices are found by label.
pub fn replay_lenient<F, M>(recording: &Recording, program: M) -> Result<Replayed, LabelError>
where
    M: Fn(Sim) -> F,
    F: Future + 'static,
    F::Output: Debug,
{
    replay_as(recording, program, |script| Box::new(Lenient::new(script)))
}

fn replay_as<F, M>(
    recording: &Recording,
    program: M,
    strategy: impl FnOnce(crate::strategy::Script) -> Box<dyn Strategy>,
) -> Result<Replayed, LabelError>
where
    M: Fn(Sim) -> F,
    F: Future + 'static,
    F::Output: Debug,
{
    let (bench, _, _) = Explorer::default().bench();
    bench.run.borrow_mut().prepare_for(recording);
    let script = recording.script(&mut bench.run.borrow_mut().labels)?;
    let mut executor = Executor::new(&bench.run);
    let mut body = |outcome: &mut String| bench.judge(&mut executor, &program, outcome);
    let mut replayed = campaign::replay(&bench.run, strategy(script), &mut body);
    if let Some(failure) = &replayed.verdict.failure {
        let hash = bench.run.borrow().hash();
        let witness = campaign::witness(&bench.run, 0, hash);
        let text = bench.explain(failure.kind, &witness, &mut body);
        replayed.explanation = (!text.is_empty()).then_some(text);
    }
    Ok(replayed)
}
