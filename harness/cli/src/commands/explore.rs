//! `tourbillon explore`: many schedules of each target, and every distinct outcome with a witness.

mod report;
mod search;

use crate::choosing::{Choosing, is_exhaustive};
use crate::clock::Stopwatch;
use crate::exit::Exit;
use crate::output::Output;
use crate::progress::Progress;
use crate::recordings;
use crate::subject::{self, Obstacle, Refusal, Subject};
use clap::Args;
use report::{Campaign, Totals};
use search::Search;
use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;
use tourbillon_conformance::schema::Strategy as CaseStrategy;
use tourbillon_world::config::CancelPlan;

/// The arguments of `explore`.
#[derive(Debug, Args)]
#[command(after_help = "\
TARGET is a program (`FILE.m`, or `-`), a suite (`FILE.yaml`), a case (`FILE.yaml#id`) or a folder of \
them. A case brings its own world, strategy and injections, which options here replace (but \
for the strategy of a case about production's order, unless it is named by its id), and says what may \
come out; of a program every failure counts.\n\n\
A random schedule depends on the seed and its number alone: `--jobs` and `--shard` change who runs it, \
never what is run; `tourbillon merge` puts the reports of shards together. An exhaustive search is one \
piece, and runs one schedule of each partial order of dependent steps (`plain` runs them all); in a \
guided one each thread and shard learns for itself. Without `--strategy`, `swarm` draws one for each \
run. `--out` gets a recording of each distinct outcome and failure. An exhaustive search \
that was cut short, by `--schedules` (default 20,000) or `--time`, exits 1.")]
pub struct ExploreArguments {
    /// Programs, suites, cases or folders
    #[arg(required = true, value_name = "TARGET")]
    targets: Vec<String>,

    #[command(flatten)]
    choosing: Choosing,

    /// At most so many schedules of each target
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    schedules: Option<u64>,

    /// Stop after so many seconds in all
    #[arg(long, value_name = "SECONDS", value_parser = super::seconds, allow_negative_numbers = true)]
    time: Option<Duration>,

    /// Explore on so many threads
    #[arg(long, value_name = "N", default_value_t = NonZeroUsize::MIN, value_parser = super::jobs)]
    jobs: NonZeroUsize,

    /// Run only part I of N
    #[arg(long, value_name = "I/N", value_parser = shard)]
    shard: Option<Shard>,

    /// Where recordings go
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// Part `index` (from 0) of `count`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Shard {
    index: u64,
    count: u64,
}

fn shard(text: &str) -> Result<Shard, String> {
    let numbers = text.split_once('/').and_then(|(index, count)| {
        let (index, count) = (index.parse::<u64>().ok()?, count.parse::<u64>().ok()?);
        (1..=count).contains(&index).then(|| (index - 1, count))
    });
    let (index, count) = numbers
        .ok_or_else(|| "two whole numbers, such as 1/4 for the first of four".to_string())?;
    Ok(Shard { index, count })
}

/// Explores every target.
pub fn run(arguments: &ExploreArguments, output: &mut Output) -> Exit {
    match explore(arguments, output) {
        Ok(exit) => exit,
        Err(refusal) => output.refuse(&refusal),
    }
}

fn explore(arguments: &ExploreArguments, output: &mut Output) -> Result<Exit, Refusal> {
    let watch = Stopwatch::start();
    if let Some(name) = &arguments.choosing.strategy {
        arguments.choosing.strategy(name)?;
    }
    let subjects = subject::subjects(&arguments.targets)?;
    let shard = arguments.shard.unwrap_or(Shard { index: 0, count: 1 });
    let mut totals = Totals::new(Campaign {
        shard: format!("{}/{}", shard.index + 1, shard.count),
        strategy: arguments.choosing.strategy.clone(),
        seed: arguments.choosing.seed,
    });
    let mut searches = Vec::new();
    for subject in &subjects {
        match search(arguments, subject) {
            Ok(search) => searches.push(search),
            Err(obstacle) => skip(output, obstacle, subject, subjects.len(), &mut totals)?,
        }
    }
    if let Some(folder) = &arguments.out {
        recordings::make_folder(folder).map_err(|error| vec![error.to_string()])?;
    }
    let mut names = BTreeSet::new();
    for (at, search) in searches.iter().enumerate() {
        let limit = arguments.time.map(|limit| {
            // What is left is shared by those that are left.
            limit.saturating_sub(watch.elapsed()) / (searches.len() - at) as u32
        });
        let bounded = search.schedules < u64::MAX;
        let progress = Progress::new(output, bounded.then_some(search.schedules));
        let found = search.run(arguments.jobs, limit, &progress);
        progress.finish();
        let found = match found {
            Ok(found) => found,
            Err(obstacle) => {
                skip(
                    output,
                    obstacle,
                    search.subject,
                    subjects.len(),
                    &mut totals,
                )?;
                continue;
            }
        };
        let out = arguments.out.as_deref();
        report::report(output, search, found, out, &mut names, &mut totals)?;
    }
    totals.conclude(output, watch.seconds(), subjects.len());
    Ok(if totals.is_failure() {
        Exit::Failed
    } else {
        Exit::Held
    })
}

/// Passes over what is beyond this version, when it is one of several.
fn skip(
    output: &mut Output,
    obstacle: Obstacle,
    subject: &Subject,
    targets: usize,
    totals: &mut Totals,
) -> Result<(), Refusal> {
    match obstacle {
        Obstacle::Unsupported(text) if targets > 1 => {
            output.json(&serde_json::json!({"target": subject.target, "skipped": text}));
            output.aside(text.replacen(": error: ", ": skipped: ", 1));
            totals.skipped += 1;
            Ok(())
        }
        obstacle => Err(obstacle.into()),
    }
}

/// How one subject is explored: its case says it, unless the arguments do.
fn search<'a>(
    arguments: &'a ExploreArguments,
    subject: &'a Subject,
) -> Result<Search<'a>, Obstacle> {
    const EXHAUSTIVE_SCHEDULES: u64 = 20_000;
    const RANDOM_SCHEDULES: u64 = 1_000;
    let of_case = subject.case.as_ref().map(|case| &case.explore);
    let own = of_case.map(|explore| match explore.strategy {
        CaseStrategy::Fifo => "fifo",
        CaseStrategy::Random => "random",
        CaseStrategy::Exhaustive => "exhaustive",
    });
    let strategy = match (arguments.choosing.strategy.as_deref(), own) {
        // Such a case is about production's order, and means nothing under another.
        (Some(_), Some("fifo")) if !subject.is_by_id => "fifo",
        (Some(name), _) => name,
        (None, own) => own.unwrap_or("swarm"),
    };
    let is_sweep = subject.world().cancel == Some(CancelPlan::EverySuspension);
    let is_exhaustive = is_exhaustive(strategy);
    if is_exhaustive && arguments.shard.is_some_and(|shard| shard.count > 1) {
        return Err(Obstacle::Refused(vec![one_search("--shard")]));
    }
    if is_exhaustive && arguments.jobs.get() > 1 && arguments.choosing.strategy.is_some() {
        return Err(Obstacle::Refused(vec![one_search("--jobs")]));
    }
    let schedules = match (arguments.schedules, arguments.time, strategy) {
        (Some(schedules), _, _) => schedules,
        (None, Some(_), _) => u64::MAX,
        (None, None, "exhaustive" | "plain") => {
            of_case.map_or(EXHAUSTIVE_SCHEDULES, |explore| explore.max_schedules.into())
        }
        (None, None, _) => of_case.map_or(RANDOM_SCHEDULES, |explore| explore.schedules.into()),
    };
    Ok(Search {
        subject,
        strategy: strategy.to_string(),
        choosing: &arguments.choosing,
        // A sweep of cancels makes one run for each suspension point, and ends by itself.
        schedules: if strategy == "fifo" && !is_sweep {
            schedules.min(1)
        } else {
            schedules
        },
        injections: arguments.choosing.injections(subject)?,
        shard: arguments.shard.map_or(0, |shard| shard.index),
        shards: arguments.shard.map_or(1, |shard| shard.count),
    })
}

fn one_search(option: &str) -> String {
    format!(
        "error: `{option}` splits numbered schedules, and an exhaustive search is one piece\nhelp: leave \
         `{option}` out, or use `--strategy swarm`"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shards_are_counted_from_one() {
        assert_eq!(shard("1/4"), Ok(Shard { index: 0, count: 4 }));
        assert_eq!(shard("4/4"), Ok(Shard { index: 3, count: 4 }));
        for wrong in ["0/4", "5/4", "1", "a/b", "1/0", "-1/2", ""] {
            assert!(shard(wrong).is_err(), "{wrong}");
        }
    }
}
