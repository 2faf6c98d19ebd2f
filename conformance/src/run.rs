//! From a case to its verdict: every run of an exploration is judged, and what was seen is counted.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use tourbillon_sim::campaign::{self, Failure, FailureKind, Report};
use tourbillon_sim::run::{Budgets, Halt, SharedRun};
use tourbillon_sim::{Injections, strategy};
use tourbillon_world::config::CancelPlan;
use tourbillon_world::explore::{plan, run_for};
use tourbillon_world::session_config::Tier;

use crate::engine::{CaseReport, Engine, SeenOutcome, Status};
use crate::matching::{Observed, ObservedError, Verdict, judge, not_observed};
use crate::schema::{Case, EngineName, Strategy};

/// What one simulated run of a case showed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Once {
    /// The outcome, taken after the session was closed.
    pub observed: Observed,
    /// What an oracle, the ledger or a panic said, whatever the outcome was.
    pub failure: Option<Failure>,
    /// Whether the run was cut short, so that its continuation is unknown.
    pub is_cut_short: bool,
    /// What the embedded tier had no room for.
    pub refused: Option<String>,
}

/// A case that is compiled and set up, and can run again and again.
pub trait Subject {
    /// Runs once under the simulated run that it was made with and that has begun.
    fn run_once(&mut self) -> Once;
}

/// Makes subjects: the engine under simulation.
pub trait Laboratory {
    /// Compiles and sets up a case. The text says why it cannot be run at all.
    fn prepare<'a>(
        &'a self,
        case: &'a Case,
        run: &SharedRun,
    ) -> Result<Box<dyn Subject + 'a>, String>;
}

/// Departures from what a case says of its exploration, as the command line asks for them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RunOptions {
    /// The seed of random strategies.
    pub seed: u64,
    /// Another number of random schedules.
    pub schedules: Option<u64>,
    /// Another budget of steps for each run.
    pub steps: Option<u64>,
    /// Another tier of the scheduler. A case that was not written for the embedded tier and needs more
    /// room than there is on it is skipped there.
    pub tier: Option<Tier>,
}

/// The engine of this repository: every case is explored in a laboratory.
#[derive(Clone, Debug)]
pub struct Simulated<L> {
    laboratory: L,
    options: RunOptions,
}

impl<L: Laboratory> Simulated<L> {
    /// An engine that explores as the cases say, with the departures given.
    pub fn new(laboratory: L, options: RunOptions) -> Self {
        Self {
            laboratory,
            options,
        }
    }
}

impl<L: Laboratory> Engine for Simulated<L> {
    fn name(&self) -> EngineName {
        EngineName::Own
    }

    fn run(&self, case: &Case) -> CaseReport {
        if !case.engines.contains(&EngineName::Own) {
            return CaseReport::without_runs(
                case,
                Status::Skip,
                "the case has no meaning for self",
            );
        }
        if let Some(tier) = self.options.tier.filter(|tier| *tier != case.session.tier) {
            let mut moved = case.clone();
            moved.session.tier = tier;
            return self.run_on_its_tier(&moved, true);
        }
        self.run_on_its_tier(case, false)
    }
}

impl<L: Laboratory> Simulated<L> {
    /// Runs a case on the tier that it states; `is_moved` when it was written for another.
    fn run_on_its_tier(&self, case: &Case, is_moved: bool) -> CaseReport {
        let entries: Vec<String> = case
            .explore
            .inject
            .iter()
            .map(|inject| inject.entry())
            .collect();
        let injections = match Injections::from_names(entries.iter().map(String::as_str)) {
            Ok(injections) => injections,
            Err(error) => return CaseReport::without_runs(case, Status::Skip, error.to_string()),
        };
        let run = run_for(
            chooser(case.explore.strategy, self.options.seed),
            case.world.cancel,
        );
        run.borrow_mut().set_injections(injections);
        let budgets = run.borrow().budgets();
        run.borrow_mut().set_budgets(Budgets {
            steps: self.options.steps.unwrap_or(budgets.steps),
            chaos_steps: case.explore.chaos,
            ..budgets
        });
        match self.laboratory.prepare(case, &run) {
            Err(reason) => CaseReport::without_runs(case, Status::Fail, reason),
            Ok(mut subject) => {
                let exploration = explore(case, &self.options, &run, subject.as_mut(), is_moved);
                match &exploration.refused {
                    Some(refused) => CaseReport::without_runs(
                        case,
                        Status::Skip,
                        format!("it needs more room than the tier has: {refused}"),
                    ),
                    None => report(case, exploration),
                }
            }
        }
    }
}

fn chooser(strategy: Strategy, seed: u64) -> Box<dyn strategy::Strategy> {
    match strategy {
        Strategy::Fifo => Box::new(strategy::Fifo::new()),
        Strategy::Random => Box::new(strategy::Random::new(seed)),
        Strategy::Exhaustive => Box::new(strategy::Reduced::new()),
    }
}

/// What an exploration of a case has found.
struct Exploration {
    found: Report,
    /// What the outcomes of the report are, by their text.
    outcomes: BTreeMap<String, Observed>,
    /// Which allowed outcomes came up.
    seen: BTreeSet<usize>,
    /// What there was no room for, in a case that was not written for that.
    refused: Option<String>,
}

fn explore(
    case: &Case,
    options: &RunOptions,
    run: &SharedRun,
    subject: &mut dyn Subject,
    is_moved: bool,
) -> Exploration {
    let schedules = match case.explore.strategy {
        // One run, or one for each suspension point at which the host cancels.
        Strategy::Fifo if case.world.cancel == Some(CancelPlan::EverySuspension) => {
            u64::from(case.explore.max_schedules)
        }
        Strategy::Fifo => 1,
        Strategy::Random => options
            .schedules
            .unwrap_or(u64::from(case.explore.schedules)),
        Strategy::Exhaustive => u64::from(case.explore.max_schedules),
    };
    let mut outcomes = BTreeMap::new();
    let mut seen = BTreeSet::new();
    let refused = RefCell::new(None);
    let mut body = |text: &mut String| {
        let mut once = subject.run_once();
        if is_moved && once.refused.is_some() {
            refused.replace(once.refused.take());
            return campaign::Verdict::PASS;
        }
        if run.borrow().halt() == Some(Halt::Redundant) {
            // It was given up halfway, since others show what it could.
            return campaign::Verdict::PASS;
        }
        let (failure, allowed) = verdict(case, &once);
        seen.extend(allowed);
        let cut_short = once.is_cut_short;
        let outcome = reduced(case, once.observed);
        text.push_str(&key(&outcome));
        outcomes.entry(text.clone()).or_insert(outcome);
        campaign::Verdict { failure, cut_short }
    };
    let mut watch = |report: &Report| {
        // A run that passed no choice point is the only one there is.
        let is_only = report.choices == 0 && report.schedules > 0;
        if is_only || refused.borrow().is_some() {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    };
    let mut found = campaign::explore(run, &plan(schedules), &mut body, &mut watch);
    found.exhausted |= found.choices == 0 && found.schedules > 0;
    Exploration {
        found,
        outcomes,
        seen,
        refused: refused.into_inner(),
    }
}

fn verdict(case: &Case, once: &Once) -> (Option<Failure>, Option<usize>) {
    let failed = |kind: FailureKind, summary: String| (Some(Failure { kind, summary }), None);
    if let Some(failure) = &once.failure {
        return (Some(failure.clone()), None);
    }
    let observed = &once.observed;
    let kind = if observed.deadlock {
        FailureKind::Deadlock
    } else if observed.budget {
        FailureKind::Budget
    } else {
        FailureKind::Outcome
    };
    match judge(&case.expect, observed) {
        Verdict::Allowed(index) => (None, Some(index)),
        Verdict::NotAllowed(text) => failed(kind, text),
        Verdict::Forbidden(name) => failed(kind, format!("the forbidden outcome `{name}`")),
        Verdict::Ambiguous(first, second) => failed(
            kind,
            format!("the run matches both `{first}` and `{second}`"),
        ),
    }
}

/// The outcome without what the case does not state: runs that differ only there are alike.
fn reduced(case: &Case, mut observed: Observed) -> Observed {
    let specs = || case.expect.allowed.iter().chain(&case.expect.forbidden);
    if !case.expect.states_virtual_time() {
        observed.virtual_time = None;
    }
    let states_stack = |spec: &crate::expect::OutcomeSpec| {
        spec.error
            .as_ref()
            .is_some_and(crate::expect::ErrorSpec::states_stack)
    };
    if !specs().any(states_stack)
        && let Some(error) = &mut observed.error
    {
        without_stack(error);
    }
    observed.diagnostics.sort();
    observed
}

fn without_stack(error: &mut ObservedError) {
    error.stack.clear();
    error.causes.iter_mut().for_each(without_stack);
}

fn key(observed: &Observed) -> String {
    serde_json::to_string(observed).expect("an outcome has only text keys")
}

fn report(case: &Case, exploration: Exploration) -> CaseReport {
    let Exploration {
        found,
        mut outcomes,
        seen,
        refused: _,
    } = exploration;
    let outcomes = found
        .outcomes
        .iter()
        .filter_map(|(text, stats)| {
            let outcome = outcomes.remove(text)?;
            Some(SeenOutcome {
                outcome,
                count: stats.count,
                witness: Some(stats.witness.run.to_string()),
            })
        })
        .collect();
    let missing = not_observed(&case.expect, case.explore.strategy, &seen);
    let cut_short = case.explore.strategy == Strategy::Exhaustive && !found.exhausted;
    let (status, reason) = if let Some((failure, stats)) = found.failures.iter().next() {
        let status = match failure.kind {
            FailureKind::Panic => Status::Crash,
            FailureKind::Error
            | FailureKind::Outcome
            | FailureKind::Oracle
            | FailureKind::Deadlock
            | FailureKind::Leak
            | FailureKind::Budget
            | FailureKind::Livelock
            | FailureKind::Nondeterminism => Status::Fail,
        };
        let often = format!("in {} of {} schedules", stats.count, found.schedules);
        (
            status,
            Some(format!(
                "{failure} ({often}, first in run {})",
                stats.witness.run
            )),
        )
    } else if cut_short {
        (
            Status::Incomplete,
            Some(format!("cut short after {} schedules", found.schedules)),
        )
    } else if !missing.is_empty() {
        (
            Status::Fail,
            Some(format!("never seen: {}", missing.join(", "))),
        )
    } else {
        (Status::Pass, None)
    };
    CaseReport {
        id: case.full_id(),
        status,
        schedules: found.schedules,
        exhausted: found.exhausted,
        outcomes,
        reason,
        replay: status.is_failure().then(|| {
            format!(
                "tourbillon explore 'conformance/corpus/{}.yaml#{}' --out recordings",
                case.suite, case.id
            )
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tourbillon_sim::choice::{Action, Candidate, Kind};

    /// A program that picks one of its outcomes at one choice point, if it has several.
    struct Picks<'a> {
        run: SharedRun,
        outcomes: &'a [&'a str],
        failure: Option<Failure>,
        refused: Option<String>,
    }

    impl Subject for Picks<'_> {
        fn run_once(&mut self) -> Once {
            let candidates: Vec<Candidate> = (0..self.outcomes.len() as u32)
                .map(|index| {
                    let label = self.run.borrow_mut().labels.root(&format!("task{index}"));
                    Candidate {
                        action: Action::Run,
                        label,
                    }
                })
                .collect();
            let index = match candidates.len() {
                1 => 0,
                _ => self.run.borrow_mut().choose(Kind::Run, &candidates),
            };
            let stdout = self.outcomes[index].to_string();
            Once {
                observed: Observed {
                    stdout,
                    ..Observed::default()
                },
                failure: self.failure.clone(),
                is_cut_short: false,
                refused: self.refused.clone(),
            }
        }
    }

    struct Bench<'a>(&'a [&'a str], Option<Failure>);

    impl Laboratory for Bench<'_> {
        fn prepare<'a>(
            &'a self,
            case: &'a Case,
            run: &SharedRun,
        ) -> Result<Box<dyn Subject + 'a>, String> {
            let Bench(outcomes, failure) = self;
            Ok(Box::new(Picks {
                run: run.clone(),
                outcomes,
                failure: failure.clone(),
                // It wants more than the embedded tier has.
                refused: (case.session.tier == Tier::Embedded).then(|| "one more".to_string()),
            }))
        }
    }

    fn case(explore: &str, expect: &str) -> Case {
        let text = format!(
            "cases:\n  - id: one\n    title: t\n    requires: [J3]\n    program: x\n    \
             explore: {explore}\n    expect: {expect}\n"
        );
        let suite = crate::load::parse_suite(&text, std::path::Path::new("s.yaml"), "s");
        suite.expect("a good suite").cases.remove(0)
    }

    fn check(
        bench: Bench<'_>,
        explore: &str,
        expect: &str,
        status: Status,
        reason: &str,
    ) -> CaseReport {
        let report = Simulated::new(bench, RunOptions::default()).run(&case(explore, expect));
        assert_eq!(report.status, status, "{:?}", report.reason);
        let found = report.reason.as_deref().unwrap_or_default();
        assert!(found.contains(reason), "{found:?} lacks {reason:?}");
        report
    }

    const BOTH: &str = "{allowed: [{name: x, stdout: x}, {name: y, stdout: y}]}";
    const EVERY: &str = "{strategy: exhaustive}";

    #[test]
    fn an_exhaustive_search_sees_all_and_no_other() {
        let report = check(Bench(&["x", "y"], None), EVERY, BOTH, Status::Pass, "");
        assert_eq!(
            (report.schedules, report.exhausted, report.outcomes.len()),
            (2, true, 2)
        );
        check(
            Bench(&["x", "x"], None),
            EVERY,
            BOTH,
            Status::Fail,
            "never seen: y",
        );
        check(
            Bench(&["x", "y", "z"], None),
            EVERY,
            BOTH,
            Status::Fail,
            "in 1 of 3 schedules",
        );
        let bound = "{strategy: exhaustive, max_schedules: 1}";
        check(
            Bench(&["x", "y"], None),
            bound,
            BOTH,
            Status::Incomplete,
            "cut short after 1",
        );
    }

    #[test]
    fn what_needs_more_room_than_its_new_tier_has_is_skipped() {
        let options = RunOptions {
            tier: Some(Tier::Embedded),
            ..RunOptions::default()
        };
        let engine = Simulated::new(Bench(&["x", "y"], None), options);
        let report = engine.run(&case(EVERY, BOTH));
        assert_eq!(report.status, Status::Skip);
        assert!(
            report
                .reason
                .is_some_and(|reason| reason.ends_with(": one more"))
        );
        // A case that was written for the tier may well be about that.
        let mut own = case(EVERY, BOTH);
        own.session.tier = Tier::Embedded;
        assert_eq!(engine.run(&own).status, Status::Pass);
    }

    #[test]
    fn a_program_without_choices_runs_once() {
        let report = check(Bench(&["x"], None), "{}", "{stdout: x}", Status::Pass, "");
        assert_eq!((report.schedules, report.exhausted), (1, true));
        assert_eq!(report.replay, None);
    }

    #[test]
    fn random_schedules_need_not_see_everything() {
        let report = check(
            Bench(&["x", "x"], None),
            "{schedules: 20}",
            BOTH,
            Status::Pass,
            "",
        );
        assert_eq!((report.schedules, report.exhausted), (20, false));
    }

    #[test]
    fn what_an_oracle_says_fails_an_allowed_outcome() {
        let leak = Failure {
            kind: FailureKind::Leak,
            summary: "a timer is left".into(),
        };
        let report = check(
            Bench(&["x"], Some(leak)),
            "{}",
            "{stdout: x}",
            Status::Fail,
            "a timer is left",
        );
        assert!(
            report
                .replay
                .is_some_and(|command| command.contains("corpus/s.yaml#one"))
        );
    }
}
