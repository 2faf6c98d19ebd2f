//! Audits: the search with reduction against the plain one, which needs no footprints.
//!
//! What the reduction leaves out is only as sound as what engine and world say that steps touch. So
//! both searches are made of the same program, and must show the same outcomes.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::ControlFlow;

use tourbillon_sim::run::Budgets;
use tourbillon_sim::strategy::{Exhaustive, Reduced, Strategy};
use tourbillon_sim::{Injections, Plan, Report, Run};

use crate::config::WorldConfig;
use crate::explore::{Exploration, explore, failure, plan};
use crate::session_config::SessionConfig;
use crate::simulation::{RunResult, Simulation};
use crate::support::Unsupported;
use crate::target::Target;

/// What is searched twice.
#[derive(Clone, Debug)]
pub struct Subject {
    /// The program.
    pub target: Target,
    /// How its session is set up.
    pub session: SessionConfig,
    /// The world it runs in.
    pub world: WorldConfig,
    /// What may be injected.
    pub injections: Injections,
    /// How far each run may go, and how long the trouble lasts.
    pub budgets: Budgets,
}

/// What both searches found.
#[derive(Clone, Debug)]
pub struct Audit {
    /// The plain search, perhaps cut short.
    pub plain: Exploration,
    /// The search with reduction.
    pub reduced: Exploration,
    /// Two outcomes of the plain search in runs that are the same partial order, if there are such.
    pub torn: Option<(String, String)>,
}

/// Steps for each schedule of an audit, in the mean.
const STEPS: u64 = 100;

impl Subject {
    /// A script in an empty world with the usual session.
    #[must_use]
    pub fn script(source: &str, injections: Injections) -> Subject {
        let session = SessionConfig::default();
        Subject {
            target: Target::script(source, &session),
            session,
            world: WorldConfig::default(),
            injections,
            budgets: Budgets::default(),
        }
    }

    /// Searches twice, each at most so many schedules, and so many steps as those have where each has a
    /// hundred: of long runs there are fewer.
    ///
    /// # Errors
    /// When session or world ask for something that this version cannot do.
    pub fn audit(&self, schedules: u64) -> Result<Audit, Unsupported> {
        let (plain, torn) = self.search(Box::new(Exhaustive::new()), schedules)?;
        let (reduced, _) = self.search(Box::new(Reduced::new()), schedules)?;
        Ok(Audit {
            plain,
            reduced,
            torn,
        })
    }

    /// Searches once; with it, two outcomes of one partial order.
    fn search(
        &self,
        strategy: Box<dyn Strategy>,
        schedules: u64,
    ) -> Result<(Exploration, Option<(String, String)>), Unsupported> {
        let run = Run::shared(strategy);
        run.borrow_mut().set_injections(self.injections);
        run.borrow_mut().set_budgets(self.budgets);
        let (target, session) = (self.target.clone(), self.session.clone());
        let mut simulation = Simulation::new(target, session, self.world.clone(), &run)?;
        let key = RefCell::new(String::new());
        let mut by_order: BTreeMap<u64, String> = BTreeMap::new();
        let mut torn = None;
        let mut judge = |result: &RunResult| {
            let mut key = key.borrow_mut();
            key.clear();
            result.outcome.write_key(&mut key);
            failure(result)
        };
        let mut seen = 0;
        let mut watch = |report: &Report| {
            if report.schedules > seen && torn.is_none() {
                seen = report.schedules;
                let key = key.borrow();
                let known = by_order.entry(run.borrow().fingerprint());
                let known = known.or_insert_with(|| key.clone());
                if *known != *key {
                    torn = Some((known.clone(), key.clone()));
                }
            }
            match report.steps > schedules.saturating_mul(STEPS) {
                true => ControlFlow::Break(()),
                false => ControlFlow::Continue(()),
            }
        };
        let found = {
            // Every run is looked at for what its partial order showed.
            let plan = Plan {
                footprints_every: 1,
                ..plan(schedules)
            };
            explore(&mut simulation, &plan, &mut judge, &mut watch)
        };
        let is_entangled = simulation.is_entangled();
        Ok((found, torn.filter(|_| !is_entangled)))
    }
}

impl Audit {
    /// How the two differ, if they do: in what came out or failed, or in how often it takes.
    #[must_use]
    pub fn difference(&self) -> Option<String> {
        if let Some((one, other)) = &self.torn {
            return Some(format!(
                "one partial order has two outcomes:\n{one}\n{other}"
            ));
        }
        let (plain, reduced) = (&self.plain.report, &self.reduced.report);
        let all = |report: &Report| -> BTreeSet<String> {
            let failures = report.failures.keys().map(ToString::to_string);
            failures.chain(report.outcomes.keys().cloned()).collect()
        };
        let (known, found) = (all(plain), all(reduced));
        let missed: Vec<&String> = known.difference(&found).collect();
        let invented: Vec<&String> = found.difference(&known).collect();
        if !missed.is_empty() && (reduced.exhausted || plain.exhausted) {
            return Some(format!("the reduced search misses {missed:#?}"));
        }
        if !invented.is_empty() && plain.exhausted {
            return Some(format!("the plain search misses {invented:#?}"));
        }
        if plain.exhausted && !reduced.exhausted {
            return Some("only the plain search is exhausted".to_string());
        }
        if plain.exhausted && reduced.schedules > plain.schedules {
            return Some("the reduced search runs more schedules".to_string());
        }
        None
    }
}

impl fmt::Display for Audit {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (plain, reduced) = (&self.plain.report, &self.reduced.report);
        let more = if plain.exhausted { "" } else { " and more" };
        write!(
            out,
            "{} outcomes; plain {}{more}, reduced {} and {} given up, {} partial orders{}",
            reduced.outcomes.len(),
            plain.schedules,
            reduced.schedules,
            reduced.redundant,
            reduced.partial_orders.count(),
            if reduced.exhausted { "" } else { ", cut short" },
        )
    }
}
