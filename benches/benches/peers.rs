//! Schedules per second beside the bare loop, tokio and shuttle, on the same workloads.
//!
//! `cargo bench -p tourbillon-benches --bench peers` prints a table for each workload, measured in
//! turns in the same process, and the ratios with their bars; then what a second job brings. Options
//! after `--`: `--quick` takes fewer and shorter samples, `--check` exits 1 when a ratio misses its bar.
//! Compare ratios of one run, never the figures of two machines. The time is that on a core, so that a
//! busy machine spoils little; of the jobs it is that on the wall, and two cores must be idle.
//!
//! Tokio explores nothing: it is what running the tasks costs. Shuttle runs the same tasks, whose lock
//! and channel are no scheduling points to it, and then its own types, as its users write them.
//!
//! The bar beside the bare loop is on the time of whole schedules, with every footprint told: ours spawn,
//! draw, keep the tape and the trace hash (the witness, from which a recording is made), fold what each
//! step touches into the partial order, judge, and count outcomes and partial orders. The workloads' lock
//! and channel are the standard library's, which tell nothing: what is told are steps, spawns, wakes and
//! ends.

#![allow(clippy::disallowed_methods, reason = "two jobs are two threads")]
#![allow(clippy::print_stdout, reason = "the table is what this program is for")]

use std::hint::black_box;
use std::ops::ControlFlow;
use std::process::ExitCode;
use std::sync::Arc;

use shuttle::scheduler::RandomScheduler;
use shuttle::{Config, FailurePersistence, MaxSteps, Runner};
use tourbillon_benches::bare::BareLoop;
use tourbillon_benches::samples::{Clock, Contender, Figure, measure};
use tourbillon_benches::workloads::Workload;
use tourbillon_sim::campaign::{self, Plan};
use tourbillon_sim::strategy::Random;
use tourbillon_sim::{Ending, Executor, Explorer, Run, Verdict};

/// A workload and the ratios it has to reach.
struct Match {
    name: &'static str,
    workload: Workload,
    /// Against shuttle on the same tasks.
    same_bar: f64,
    /// Against shuttle on its own types.
    own_bar: f64,
    /// At most so many times the bare loop's time.
    bare_bar: Option<f64>,
}

const MATCHES: [Match; 3] = [
    Match {
        name: "W1: 3 tasks, 5 yields each, a lock",
        workload: Workload::W1,
        same_bar: 4.0,
        own_bar: 8.0,
        // 45 nanoseconds where the bare loop takes 25.
        bare_bar: Some(1.8),
    },
    Match {
        name: "W2: 10 tasks, 20 yields each, a lock",
        workload: Workload::W2,
        same_bar: 2.5,
        own_bar: 10.0,
        bare_bar: None,
    },
    Match {
        name: "W3: 100 messages, capacity 8",
        workload: Workload::W3,
        same_bar: 2.0,
        own_bar: 4.5,
        bare_bar: None,
    },
];

/// What two jobs have to bring on two idle cores.
const JOBS_BAR: f64 = 1.9;

/// When the bare loop itself gets less out of two threads, the cores are not idle.
const IDLE: f64 = 1.95;

/// How long to measure.
#[derive(Clone, Copy)]
struct Pace {
    rounds: usize,
    sample_nanoseconds: f64,
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let has = |name: &str| arguments.iter().any(|argument| argument == name);
    if !has("--bench") {
        // `cargo test` runs benches once, to see that they work.
        try_everything();
        return ExitCode::SUCCESS;
    }
    let pace = match has("--quick") {
        true => Pace {
            rounds: 9,
            sample_nanoseconds: 4e6,
        },
        false => Pace {
            rounds: 60,
            sample_nanoseconds: 15e6,
        },
    };
    let mut missed = 0;
    for one in &MATCHES {
        missed += side_by_side(one, pace);
    }
    missed += two_jobs(pace);
    println!();
    match missed {
        0 => println!("every bar is held"),
        count => println!("{count} below the bar"),
    }
    match has("--check") && missed > 0 {
        true => ExitCode::FAILURE,
        false => ExitCode::SUCCESS,
    }
}

/// Places of the contenders.
const BARE: usize = 0;
const OURS: usize = 2;
const EVERY: usize = 3;
const SHUTTLE_SAME: usize = 4;
const SHUTTLE_OWN: usize = 5;

fn contenders(workload: Workload) -> [Contender<'static>; 6] {
    let mut bare = BareLoop::default();
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    let runtime = runtime.expect("a runtime without drivers needs nothing of the system");
    [
        Contender::new("bare loop", move |schedules| {
            for _ in 0..schedules {
                black_box(bare.run(&mut workload.boxed()));
            }
        }),
        Contender::new("tokio, runtime reused", move |schedules| {
            for _ in 0..schedules {
                runtime.block_on(on_tokio(workload));
            }
        }),
        Contender::new("tourbillon, random", move |schedules| {
            simulate(Explorer::random(1), workload, schedules);
        }),
        Contender::new("tourbillon, every footprint", move |schedules| {
            simulate(Explorer::random(1).footprints_every(1), workload, schedules);
        }),
        Contender::new("shuttle random, same tasks", move |schedules| {
            shuttled(schedules, move || on_shuttle(workload));
        }),
        Contender::new("shuttle random, its own types", move |schedules| {
            shuttled(schedules, move || on_shuttle_types(workload));
        }),
    ]
}

/// Measures one workload and prints its table; gives the number of bars that were missed.
fn side_by_side(one: &Match, pace: Pace) -> usize {
    let mut all = contenders(one.workload);
    measure(&mut all, Clock::Core, pace.rounds, pace.sample_nanoseconds);
    let polls = polls_of(one.workload);
    println!("\n{}", one.name);
    println!(
        "{:32} {:>12} {:>12} {:>10} {:>17}",
        "", "schedules/s", "best", "ns/poll", "8 of 10 samples"
    );
    for contender in &all {
        let each = contender.nanoseconds();
        println!(
            "{:32} {:>12} {:>12} {:>10.1} {:>+8.0}% {:>+6.0}%",
            contender.name,
            rate(each.median),
            rate(contender.best()),
            each.median / polls,
            100.0 * (each.low / each.median - 1.0),
            100.0 * (each.high / each.median - 1.0),
        );
    }
    let ratio = |at: usize| {
        let ratio = all[at].ratio_to(&all[OURS]);
        (ratio, all[at].best() / all[OURS].best())
    };
    let mut missed = 0;
    for (name, at, bar) in [
        ("times shuttle, same tasks", SHUTTLE_SAME, one.same_bar),
        ("times shuttle, its own types", SHUTTLE_OWN, one.own_bar),
    ] {
        let (figure, best) = ratio(at);
        let is_held = figure.median >= bar;
        missed += usize::from(!is_held);
        print_ratio(name, figure, best, "at least", bar, is_held);
    }
    if let Some(bar) = one.bare_bar {
        let figure = all[EVERY].ratio_to(&all[BARE]);
        let best = all[EVERY].best() / all[BARE].best();
        let is_held = figure.median <= bar;
        missed += usize::from(!is_held);
        print_ratio(
            "times the bare loop's time",
            figure,
            best,
            "at most",
            bar,
            is_held,
        );
    }
    missed
}

fn print_ratio(name: &str, ratio: Figure, best: f64, word: &str, bar: f64, is_held: bool) {
    let Figure { median, low, high } = ratio;
    let judgement = if is_held { "held" } else { "MISSED" };
    println!(
        "  {name:30} {median:>8.2} (8 of 10 in {low:.2} to {high:.2}, of the best {best:.2}), \
         {word} {bar}: {judgement}"
    );
}

fn rate(nanoseconds: f64) -> String {
    match 1e9 / nanoseconds {
        rate if rate >= 1e6 => format!("{:.2} M", rate / 1e6),
        rate => format!("{:.1} k", rate / 1e3),
    }
}

/// Polls of the workload's tasks in one schedule: exact for the counters, the mean for the channel.
fn polls_of(workload: Workload) -> f64 {
    let mut bare = BareLoop::default();
    let polls: u64 = (0..1_000).map(|_| bare.run(&mut workload.boxed())).sum();
    polls as f64 / 1e3
}

/// Explores so many random schedules, as a user does: recorded, with the footprints of the first 4,096
/// runs and of one in sixteen after them, unless the explorer wants all.
fn simulate(explorer: Explorer, workload: Workload, schedules: u64) {
    let report = explorer
        .schedules(schedules)
        .explore(|sim| async move { workload.spawn(&sim) });
    assert_eq!(report.schedules, schedules);
    assert!(report.failures.is_empty(), "{:?}", report.failures);
}

async fn on_tokio(workload: Workload) {
    let handles: Vec<_> = workload.boxed().into_iter().map(tokio::spawn).collect();
    for handle in handles {
        handle.await.expect("no task panics");
    }
}

fn shuttled(schedules: u64, program: impl Fn() + Send + Sync + 'static) {
    let mut config = Config::new();
    config.failure_persistence = FailurePersistence::None;
    config.max_steps = MaxSteps::None;
    config.silence_warnings = true;
    let scheduler = RandomScheduler::new_from_seed(1, schedules as usize);
    let made = Runner::new(scheduler, config).run(program);
    assert_eq!(made as u64, schedules);
}

/// The same tasks under shuttle.
fn on_shuttle(workload: Workload) {
    let tasks = workload.boxed().into_iter();
    let handles: Vec<_> = tasks.map(shuttle::future::spawn).collect();
    shuttle::future::block_on(async {
        for handle in handles {
            handle.await.expect("no task panics");
        }
    });
}

/// The same program with shuttle's lock, yield and channel.
fn on_shuttle_types(workload: Workload) {
    let handles = match workload {
        Workload::Counter { tasks, yields } => {
            let counter = Arc::new(shuttle::sync::Mutex::new(0_u64));
            let bump = |_| {
                let counter = Arc::clone(&counter);
                shuttle::future::spawn(async move {
                    for _ in 0..yields {
                        *counter.lock().expect("no task panics") += 1;
                        shuttle::future::yield_now().await;
                    }
                })
            };
            (0..tasks).map(bump).collect()
        }
        Workload::Channel { messages, capacity } => {
            let (sender, receiver) = shuttle::sync::mpsc::sync_channel(capacity);
            let produce = shuttle::future::spawn(async move {
                for number in 0..messages {
                    sender.send(number).expect("the receiver lives");
                }
            });
            let consume = shuttle::future::spawn(async move {
                let received = (0..messages).map(|_| receiver.recv().expect("the sender lives"));
                assert_eq!(received.sum::<u32>(), messages * (messages - 1) / 2);
            });
            vec![produce, consume]
        }
    };
    shuttle::future::block_on(async {
        for handle in handles {
            handle.await.expect("no task panics");
        }
    });
}

/// Prints what a second job brings, beside what the machine gives; gives the number of bars missed.
///
/// On the wall that needs two idle cores. The first thread's own time on its core tells on any machine
/// whether the two get in each other's way.
fn two_jobs(pace: Pace) -> usize {
    let workload = Workload::W1;
    let mut all = [
        Contender::new("bare loop, one thread", |schedules| {
            bare_on_threads(1, workload, schedules);
        }),
        Contender::new("bare loop, two threads", |schedules| {
            bare_on_threads(2, workload, schedules);
        }),
        Contender::new("tourbillon, one job", |schedules| {
            explore_on_threads(1, workload, schedules);
        }),
        Contender::new("tourbillon, two jobs", |schedules| {
            explore_on_threads(2, workload, schedules);
        }),
    ];
    // A thread starts in some 50 microseconds; they must not count.
    let sample_nanoseconds = 4.0 * pace.sample_nanoseconds;
    println!("\nTwo jobs, W1: schedules a second in the middle and at best");
    let mut missed = 0;
    for (clock, name) in [
        (Clock::Wall, "on the wall"),
        (Clock::Core, "on the first core"),
    ] {
        measure(&mut all, clock, pace.rounds, sample_nanoseconds);
        for contender in &all {
            let (median, best) = (contender.nanoseconds().median, contender.best());
            let name = format!("{}, {name}", contender.name);
            println!("{name:44} {:>12} {:>12}", rate(median), rate(best));
        }
        let machine = all[0].ratio_to(&all[1]).median;
        let is_idle = clock == Clock::Core || machine >= IDLE;
        let figure = all[2].ratio_to(&all[3]);
        let is_held = figure.median >= JOBS_BAR;
        let best = all[2].best() / all[3].best();
        print_ratio("times one job", figure, best, "at least", JOBS_BAR, is_held);
        if !is_idle && !is_held {
            println!(
                "  not counted: the bare loop got {machine:.2} times, so the cores are not idle"
            );
        }
        missed += usize::from(is_idle && !is_held);
    }
    missed
}

fn bare_on_threads(threads: u64, workload: Workload, schedules: u64) {
    on_threads(threads, |part| {
        let mut bare = BareLoop::default();
        for _ in (part..schedules).step_by(threads as usize) {
            black_box(bare.run(&mut workload.boxed()));
        }
    });
}

/// Explores on so many threads, each with its own simulator and its share of the numbered schedules.
fn explore_on_threads(threads: u64, workload: Workload, schedules: u64) {
    on_threads(threads, |part| {
        let run = Run::shared(Box::new(Random::new(1)));
        let mut executor = Executor::new(&run);
        let plan = Plan {
            shard: part,
            shards: threads,
            ..Plan::new(schedules)
        };
        let mut body = |_: &mut String| {
            let (ending, _) = executor.execute(|sim| async move { workload.spawn(&sim) });
            assert!(matches!(ending, Ending::Done), "{ending:?}");
            Verdict::PASS
        };
        let report = campaign::explore(&run, &plan, &mut body, &mut |_| ControlFlow::Continue(()));
        black_box(report);
    });
}

fn on_threads(threads: u64, work: impl Fn(u64) + Sync) {
    std::thread::scope(|scope| {
        for part in 1..threads {
            let work = &work;
            scope.spawn(move || work(part));
        }
        work(0);
    });
}

fn try_everything() {
    for one in &MATCHES {
        for mut contender in contenders(one.workload) {
            contender.warm_up(2);
        }
    }
    for threads in [1, 2] {
        bare_on_threads(threads, Workload::W1, 4);
        explore_on_threads(threads, Workload::W1, 4);
    }
}
