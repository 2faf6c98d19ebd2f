//! The options that say who makes the choices and what may be injected: the same for all commands.

use crate::subject::{Obstacle, Refusal, Subject};
use clap::Args;
use tourbillon_sim::run::Budgets;
use tourbillon_sim::strategy::{self, NAMES, Options, Strategy};
use tourbillon_sim::{Injections, SharedRun};

/// Who makes the choices, and what trouble there may be.
#[derive(Debug, Args)]
pub struct Choosing {
    /// Who makes the choices: fifo, random, urw, pct, pctcp, pos, delay, preempt, swarm, guided, exhaustive, plain
    #[arg(long, value_name = "NAME")]
    pub strategy: Option<String>,

    /// The depth of the bugs that pct and pctcp look for, or the bound of delay and preempt
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=64))]
    pub depth: Option<u32>,

    /// The seed of a strategy that draws at random
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub seed: u64,

    /// What may be injected: pending, delay, spurious, early, never, fault, cancel, drop, or none
    #[arg(long, value_name = "KIND,…")]
    pub inject: Option<Injections>,

    /// At most so many faults strike in one run
    #[arg(long, value_name = "N")]
    pub faults: Option<u32>,

    /// At most so many cancels strike in one run
    #[arg(long, value_name = "N")]
    pub cancels: Option<u32>,

    /// After so many steps the trouble stops, and the run must come to its end
    #[arg(long, value_name = "STEPS")]
    pub chaos: Option<u64>,
}

impl Choosing {
    /// The strategy called `name`, with the seed and depth of the options.
    ///
    /// # Errors
    /// When there is none of that name, or it has no depth.
    pub fn strategy(&self, name: &str) -> Result<Box<dyn Strategy>, Refusal> {
        let options = Options { depth: self.depth };
        let made = strategy::named_with(name, self.seed, &options)
            .map_err(|error| vec![format!("error: {error}")])?;
        if self.depth.is_some() && made.describe().depth.is_none() {
            let has_depth = |name: &&&str| {
                let made = strategy::named(name, 0);
                made.is_ok_and(|made| made.describe().depth.is_some())
            };
            let names: Vec<&str> = NAMES.iter().filter(has_depth).copied().collect();
            return Err(vec![format!(
                "error: `--depth` means nothing to the strategy `{name}`\nhelp: these have one: `{}`",
                names.join("`, `")
            )]);
        }
        Ok(made)
    }

    /// What may be injected into a subject: what it brings with it, unless the options say otherwise.
    ///
    /// # Errors
    /// When its case asks for an injection that this version has not.
    pub fn injections(&self, subject: &Subject) -> Result<Injections, Obstacle> {
        let mut injections = match self.inject {
            Some(injections) => injections,
            None => subject.injections()?,
        };
        injections.faults = self.faults.unwrap_or(injections.faults);
        injections.cancels = self.cancels.unwrap_or(injections.cancels);
        Ok(injections)
    }

    /// Sets the budgets of a run of a subject, which may bring one of chaos with it.
    pub fn set_budgets(&self, run: &SharedRun, subject: &Subject) {
        let own = subject.case.as_ref().and_then(|case| case.explore.chaos);
        run.borrow_mut().set_budgets(Budgets {
            chaos_steps: self.chaos.or(own),
            ..Budgets::default()
        });
    }
}

/// Whether the strategy called `name` makes any run from its number alone.
pub fn is_by_number(name: &str) -> bool {
    !is_exhaustive(name) && name != "guided"
}

/// Whether the strategy called `name` searches all there is.
pub fn is_exhaustive(name: &str) -> bool {
    matches!(name, "exhaustive" | "plain")
}
