//! Measures one kernel: campaigns of every strategy and of shuttle's, in turns.
#![allow(clippy::disallowed_methods, reason = "a measurement reads the clock")]

use std::cell::Cell as Counter;
use std::mem::ManuallyDrop;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::time::Instant;

use shuttle::scheduler::{
    PctScheduler, RandomScheduler, Schedule, Scheduler, Task, TaskId, UrwRandomScheduler,
};
use shuttle::{Config, FailurePersistence, Runner};
use tourbillon_kernels::{Kernel, Variant};
use tourbillon_sim::strategy::{self, named};
use tourbillon_sim::{Explorer, Report};

use crate::arguments::Arguments;
use crate::row::{Cell, Row, SHUTTLE};

/// What explores when no strategy is named.
pub const DEFAULT_STRATEGY: &str = "swarm";
/// A campaign gives up after so many schedules.
pub const CAP: u64 = 10_000;
/// The search with reduction gives up after so many schedules of a corrected kernel.
pub const PROOF_CAP: u64 = 100_000;
/// A cell ends early when so many of its campaigns have found nothing.
pub const MISSES: u64 = 20;
/// The depth of bugs that shuttle's PCT looks for.
pub const DEPTH: usize = 3;

/// Whether it found the defect, after how many schedules, and nanoseconds.
type Campaign = (bool, u64, u64);

/// One column: how to make a campaign of it.
struct Column<'a> {
    name: String,
    campaigns: Vec<Campaign>,
    // Strategies that draw nothing need but one.
    wanted: u64,
    make: Box<dyn Fn(u64) -> Campaign + 'a>,
}

/// Puts a silent panic hook where shuttle's talking one would be.
pub fn prepare() {
    Runner::new(RandomScheduler::new_from_seed(0, 0), config()).run(|| {});
    Runner::new(Quiet::new(RandomScheduler::new_from_seed(0, 1)), config()).run(|| {});
    std::panic::set_hook(Box::new(|_| {}));
}

/// Measures one kernel in one size.
pub fn row(kernel: &Kernel, size: u32, arguments: &Arguments) -> Result<Row, String> {
    let mut columns = columns(kernel, size, arguments.seeds);
    // The tools take turns, so that a change of the machine's pace meets all.
    for seed in 0..arguments.seeds {
        for column in &mut columns {
            let found = column.campaigns.iter().filter(|one| one.0).count() as u64;
            if seed < column.wanted && seed - found < MISSES {
                let campaign = (column.make)(seed);
                column.campaigns.push(campaign);
            }
        }
    }
    let mut corrected = (0, 0);
    for name in strategy::NAMES {
        let report = explore(
            kernel,
            (Variant::Corrected, size),
            (name, 0),
            arguments.passes,
        )?;
        corrected.0 += report.schedules;
        corrected.1 += report
            .failures
            .values()
            .map(|stats| stats.count)
            .sum::<u64>();
    }
    let reduced = Explorer::reduced()
        .injections(kernel.injections)
        .schedules(PROOF_CAP)
        .repeat_every(0)
        .explore(kernel.program(Variant::Corrected, size));
    corrected.1 += u64::from(!reduced.failures.is_empty());
    let cells = columns
        .iter()
        .map(|column| Cell::of(&column.name, &column.campaigns));
    Ok(Row {
        number: kernel.number,
        label: kernel.label(size),
        cells: cells.collect(),
        corrected,
        proof: (reduced.schedules, reduced.exhausted.into()),
        shrunk: shrunk(kernel, size)?,
    })
}

fn columns(kernel: &Kernel, size: u32, seeds: u64) -> Vec<Column<'_>> {
    let mut columns = Vec::new();
    for name in strategy::NAMES {
        let Ok(made) = named(name, 0) else { continue };
        // Production's own schedule finds nothing; that is tested elsewhere.
        if name == "fifo" {
            continue;
        }
        columns.push(Column {
            name: name.to_string(),
            campaigns: Vec::new(),
            wanted: if made.describe().seed.is_some() {
                seeds
            } else {
                1
            },
            make: Box::new(move |seed| ours(kernel, size, (name, seed))),
        });
    }
    if kernel.shuttled(Variant::Faulty, size).is_some() {
        let mut add = |name: &str, make: fn(&Kernel, u32, u64) -> Campaign| {
            columns.push(Column {
                name: format!("{SHUTTLE}{name}"),
                campaigns: Vec::new(),
                wanted: seeds,
                make: Box::new(move |seed| make(kernel, size, seed)),
            });
        };
        add("random", |kernel, size, seed| {
            theirs(
                kernel,
                size,
                RandomScheduler::new_from_seed(seed, CAP as usize),
            )
        });
        add("pct", |kernel, size, seed| {
            let scheduler = PctScheduler::new_from_seed(seed, DEPTH, CAP as usize);
            theirs(kernel, size, scheduler)
        });
        add("urw", |kernel, size, seed| {
            theirs(
                kernel,
                size,
                UrwRandomScheduler::new_from_seed(seed, CAP as usize),
            )
        });
    }
    columns
}

fn explore(
    kernel: &Kernel,
    (variant, size): (Variant, u32),
    (name, seed): (&str, u64),
    schedules: u64,
) -> Result<Report, String> {
    let strategy = named(name, seed).map_err(|error| error.to_string())?;
    let explorer = Explorer::new(strategy, schedules)
        .injections(kernel.injections)
        // Shuttle compares no repetitions either.
        .repeat_every(0)
        .stop_after_failures(1);
    Ok(explorer.explore(kernel.program(variant, size)))
}

/// Shrinks the first failing run that the default strategy finds.
fn shrunk(kernel: &Kernel, size: u32) -> Result<[u64; 3], String> {
    let report = explore(kernel, (Variant::Faulty, size), (DEFAULT_STRATEGY, 0), CAP)?;
    let Some((failure, stats)) = report.failures.first_key_value() else {
        return Ok([0; 3]);
    };
    let minimal = Explorer::default()
        .injections(kernel.injections)
        .shrink(
            failure,
            &stats.witness,
            kernel.program(Variant::Faulty, size),
        )
        .map_err(|error| format!("{}: {error}", kernel.label(size)))?;
    let is_least = minimal.proof.is_some_and(|proof| proof.is_least);
    Ok([
        minimal.before.choices,
        minimal.after.choices,
        is_least.into(),
    ])
}

fn ours(kernel: &Kernel, size: u32, (name, seed): (&str, u64)) -> Campaign {
    let begin = Instant::now();
    let report = explore(kernel, (Variant::Faulty, size), (name, seed), CAP);
    let nanoseconds = begin.elapsed().as_nanos() as u64;
    match report {
        Ok(report) => (!report.failures.is_empty(), report.schedules, nanoseconds),
        Err(_) => (false, 0, nanoseconds),
    }
}

fn theirs<S: Scheduler + 'static>(kernel: &Kernel, size: u32, scheduler: S) -> Campaign {
    let Some(program) = kernel.shuttled(Variant::Faulty, size) else {
        return (false, 0, 0);
    };
    let begin = Instant::now();
    let scheduler = Quiet::new(scheduler);
    let schedules = Rc::clone(&scheduler.schedules);
    let runner = Runner::new(scheduler, config());
    let found = catch_unwind(AssertUnwindSafe(|| runner.run(program))).is_err();
    (found, schedules.get(), begin.elapsed().as_nanos() as u64)
}

/// A scheduler that counts its schedules and is never dropped: some print when they are.
struct Quiet<S> {
    scheduler: ManuallyDrop<S>,
    schedules: Rc<Counter<u64>>,
}

impl<S> Quiet<S> {
    fn new(scheduler: S) -> Quiet<S> {
        Quiet {
            scheduler: ManuallyDrop::new(scheduler),
            schedules: Rc::default(),
        }
    }
}

impl<S: Scheduler> Scheduler for Quiet<S> {
    fn new_execution(&mut self) -> Option<Schedule> {
        let schedule = self.scheduler.new_execution()?;
        self.schedules.set(self.schedules.get() + 1);
        Some(schedule)
    }

    fn next_task(
        &mut self,
        runnable: &[&Task],
        current: Option<TaskId>,
        is_yielding: bool,
    ) -> Option<TaskId> {
        self.scheduler.next_task(runnable, current, is_yielding)
    }

    fn next_u64(&mut self) -> u64 {
        self.scheduler.next_u64()
    }
}

fn config() -> Config {
    let mut config = Config::new();
    config.failure_persistence = FailurePersistence::None;
    config.silence_warnings = true;
    config
}
