//! Strategies: the different sources of one tape of choices.

mod bytes;
mod changes;
mod delay;
mod exhaustive;
mod fifo;
mod guided;
mod pct;
mod pctcp;
mod per_label;
mod pos;
mod preempt;
mod random;
mod reduced;
mod replay;
mod seeded;
mod swarm;
mod sweep;
mod tape;
mod trial;
mod trouble;
mod urw;

use std::fmt;

pub use bytes::Bytes;
pub use delay::Delay;
pub use exhaustive::Exhaustive;
pub use fifo::Fifo;
pub use guided::Guided;
pub use pct::Pct;
pub use pctcp::PctCp;
pub use pos::Pos;
pub use preempt::Preempt;
pub use random::Random;
pub use reduced::Reduced;
pub(crate) use replay::key as replay_key;
pub use replay::{Lenient, Script, ScriptChoice, Skipped, Strict};
pub use seeded::{Policy, Seeded};
pub use swarm::Swarm;
pub use sweep::CancelSweep;
pub use tape::Tape;
pub use trial::Trial;
pub use urw::Urw;

use crate::choice::{Candidate, Point};
use crate::divergence::Divergence;
use crate::footprint::Footprint;
use crate::inject::Injections;

/// A source of choices for one run after another.
pub trait Strategy: fmt::Debug {
    /// Prepares run number `run` (from 0); false when nothing is left to explore.
    ///
    /// Strategies that draw at random depend on nothing but their seed and `run`, so that one run
    /// can be made again alone.
    fn begin(&mut self, run: u64) -> bool;

    /// Picks one of the point's candidates (there are at least two) by its index.
    fn choose(&mut self, point: &Point<'_>) -> u32;

    /// Picks one of so many ready tasks, at least two, without looking at them; `None` when it has to look:
    /// then [`Strategy::choose`] is asked. A strategy that draws picks the same in both.
    fn draw(&mut self, _count: u32) -> Option<u32> {
        None
    }

    /// The run has passed `at` choice points, and its trace hash is `hash`.
    fn checkpoint(&mut self, _at: u64, _hash: u64) {}

    /// The run is over.
    fn end(&mut self, _ended: &Ended<'_>) {}

    /// Whether run 0, from which the others take what they have to know of the program, has still to
    /// be made: a campaign without it makes it all the same, and does not count it.
    fn wants_trial(&self) -> bool {
        false
    }

    /// Whether a run can be made again from the strategy's seed and the run's number; where it depends
    /// on the runs before it, only its tape makes it again.
    fn is_repeatable(&self) -> bool {
        true
    }

    /// Whether it wants the footprint of every step: [`Strategy::step_ended`].
    fn wants_footprints(&self) -> bool {
        false
    }

    /// Whether scheduling points with a single candidate are put to [`Strategy::choose`] too. They
    /// are no choices all the same, and what is answered must be 0 or [`ABANDON`].
    fn wants_every_step(&self) -> bool {
        self.wants_footprints()
    }

    /// Whether it wants to know the partial order that each run stands for: [`Ended::fingerprint`].
    fn wants_fingerprints(&self) -> bool {
        false
    }

    /// The step that was chosen at the last scheduling point has ended, and has touched this.
    fn step_ended(&mut self, _step: Candidate, _footprint: &Footprint) {}

    /// What may be injected in the run that has just begun, out of what is `allowed`.
    fn injections(&self, allowed: Injections) -> Injections {
        allowed
    }

    /// Whether it makes a run again, and so is asked also where scheduling is fair and nobody
    /// chooses any more.
    fn repeats(&self) -> bool {
        false
    }

    /// Footprints did not tell everything so far: whether the search forgets what it knows and begins
    /// anew with the next run.
    fn search_anew(&mut self) -> bool {
        false
    }

    /// Whether the run was abandoned because another has shown, or will show, all that it could.
    fn is_redundant(&self) -> bool {
        false
    }

    /// Which part of all schedules has been run, from 0 to 1, as far as can be estimated.
    fn progress(&self) -> Option<f64> {
        None
    }

    /// Whether every schedule there is has been run, and each to its end.
    fn exhausted(&self) -> bool {
        false
    }

    /// Where this run left what it was to follow, if it did.
    fn divergence(&self) -> Option<&Divergence> {
        None
    }

    /// What the strategy was to do and could not, when it may skip: see [`Lenient`].
    fn skipped(&self) -> Vec<Skipped> {
        Vec::new()
    }

    /// What a recording says about the strategy.
    fn describe(&self) -> Description;
}

/// The answer of a strategy that wants the run to end here. It then says why: by a divergence, or
/// by [`Strategy::is_redundant`].
pub const ABANDON: u32 = u32::MAX;

/// How a run ended, for its strategy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ended<'a> {
    /// How many choice points it passed.
    pub length: u64,
    /// Its trace hash.
    pub hash: u64,
    /// The partial order it stands for, as far as footprints tell.
    pub fingerprint: u64,
    /// The index that each choice point took.
    pub tape: &'a [u32],
    /// Hashes of the names of the marks it reached, each once.
    pub marks: &'a [u64],
    /// False when it was cut short, so that what would have followed is unknown.
    pub complete: bool,
}

/// The name and parameters of a strategy.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Description {
    /// The name, as the command line spells it.
    pub name: String,
    /// The seed, of one that draws at random.
    pub seed: Option<u64>,
    /// The depth of the bugs it looks for, of one that has such a bound.
    pub depth: Option<u32>,
}

impl Description {
    /// A strategy without parameters.
    #[must_use]
    pub fn named(name: &str) -> Description {
        Description {
            name: name.to_string(),
            ..Description::default()
        }
    }
}

/// The strategies that explore, by the names of the command line.
pub const NAMES: [&str; 11] = [
    "fifo",
    "random",
    "urw",
    "pct",
    "pctcp",
    "pos",
    "delay",
    "preempt",
    "swarm",
    "guided",
    "exhaustive",
];

/// What strategies can be told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// The depth of the bugs that `pct` and `pctcp` look for, or the bound of `delay` and `preempt`;
    /// each has its own when none is given. It means nothing to the others.
    pub depth: Option<u32>,
}

/// Makes the strategy called `name`, one of [`NAMES`] or `plain`, the exhaustive search without
/// reduction that audits the other; the message of the error lists the names there are.
pub fn named(name: &str, seed: u64) -> Result<Box<dyn Strategy>, UnknownStrategy> {
    named_with(name, seed, &Options::default())
}

/// Makes the strategy called `name` with these options.
pub fn named_with(
    name: &str,
    seed: u64,
    options: &Options,
) -> Result<Box<dyn Strategy>, UnknownStrategy> {
    let depth = |usual: u32| options.depth.unwrap_or(usual);
    Ok(match name {
        "fifo" => Box::new(Fifo::new()),
        "random" => Box::new(Random::new(seed)),
        "urw" => Box::new(Seeded::new(seed, Urw::new())),
        "pct" => Box::new(Seeded::new(seed, Pct::new(depth(Pct::DEPTH)))),
        "pctcp" => Box::new(Seeded::new(seed, PctCp::new(depth(PctCp::DEPTH)))),
        "pos" => Box::new(Seeded::new(seed, Pos::new())),
        "delay" => Box::new(Seeded::new(seed, Delay::new(depth(Delay::BOUND)))),
        "preempt" => Box::new(Seeded::new(seed, Preempt::new(depth(Preempt::BOUND)))),
        "swarm" => Box::new(Seeded::new(seed, Swarm::new())),
        "guided" => Box::new(Guided::new(seed)),
        "exhaustive" => Box::new(Reduced::new()),
        "plain" => Box::new(Exhaustive::new()),
        _ => {
            return Err(UnknownStrategy {
                name: name.to_string(),
            });
        }
    })
}

/// There is no strategy of that name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownStrategy {
    name: String,
}

impl fmt::Display for UnknownStrategy {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "there is no strategy `{}`; there are `{}`, and `plain`, the audit of the last",
            self.name,
            NAMES.join("`, `")
        )
    }
}

impl std::error::Error for UnknownStrategy {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_makes_its_strategy() {
        for name in NAMES.into_iter().chain(["plain"]) {
            assert_eq!(named(name, 1).expect(name).describe().name, name);
        }
        let error = named("pcp", 1).expect_err("a slip").to_string();
        assert!(
            error.starts_with("there is no strategy `pcp`; there are `fifo`, `random`, `urw`"),
            "{error}"
        );
    }

    #[test]
    fn depths_are_described() {
        let options = Options { depth: Some(5) };
        for name in NAMES {
            let made = named_with(name, 1, &options).expect(name).describe();
            let has_depth = ["pct", "pctcp", "delay", "preempt"].contains(&name);
            assert_eq!(made.depth, has_depth.then_some(5), "{name}");
        }
    }
}
