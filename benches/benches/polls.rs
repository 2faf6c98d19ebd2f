//! Polls and schedules per second of `harness/sim`, recording on, beside the bare loop.
//!
//! `cargo bench -p tourbillon-benches --bench polls` prints a table of both, measured in turns in
//! the same process (the best of a hundred short samples), and then criterion's own estimates. Compare the two columns of one run, never
//! the figures of two machines.

#![allow(clippy::disallowed_methods, reason = "a bench reads the clock")]
#![allow(clippy::print_stdout, reason = "the table is what this program is for")]
#![allow(missing_docs, reason = "criterion's macros make public items")]

use std::hint::black_box;
use std::time::Instant;

use criterion::{Criterion, Throughput, criterion_group};
use tourbillon_benches::bare::BareLoop;
use tourbillon_benches::workloads::Workload;
use tourbillon_sim::Explorer;

/// Short samples of each, in turns; the best counts, since what else the machine does can only make
/// a sample longer.
const SAMPLES: usize = 100;
const SAMPLE_NANOSECONDS: f64 = 5e6;

fn main() {
    // `cargo test` runs benches once, to see that they work, and profilers want nothing else.
    let quiet = ["--test", "--profile-time"];
    if !std::env::args().any(|argument| quiet.contains(&argument.as_str())) {
        side_by_side();
    }
    benches();
    Criterion::default().configure_from_args().final_summary();
}

criterion_group!(benches, polls);

fn polls(criterion: &mut Criterion) {
    for (name, workload) in Workload::ALL {
        let mut group = criterion.benchmark_group(name);
        let mut bare = BareLoop::default();
        group.throughput(Throughput::Elements(polls_of(workload)));
        group.bench_function("bare", |bencher| {
            bencher.iter(|| bare.run(&mut workload.boxed()));
        });
        group.bench_function("sim", |bencher| {
            bencher.iter_custom(|schedules| {
                let begin = Instant::now();
                simulate(workload, schedules);
                begin.elapsed()
            });
        });
        group.finish();
    }
}

/// Explores so many random schedules, as a user would; returns the steps. Main spawns in its only
/// poll, so that the choices are those of the workload's tasks.
fn simulate(workload: Workload, schedules: u64) -> u64 {
    let report = Explorer::random(1)
        .schedules(schedules)
        .explore(|sim| async move { workload.spawn(&sim) });
    assert!(report.failures.is_empty(), "{:?}", report.failures);
    report.steps
}

/// Polls of the workload's tasks in one schedule: exact for the counters, the mean for the channel.
fn polls_of(workload: Workload) -> u64 {
    let mut bare = BareLoop::default();
    let polls: u64 = (0..100).map(|_| bare.run(&mut workload.boxed())).sum();
    polls / 100
}

fn side_by_side() {
    println!(
        "nanoseconds per poll of the workload's tasks (schedules per second), best of {SAMPLES}"
    );
    println!(
        "{:<4} {:>22} {:>22} {:>7}",
        "", "bare loop", "sim, recording on", "ratio"
    );
    for (name, workload) in Workload::ALL {
        let mut bare = BareLoop::default();
        let mut run_bare = |schedules: u64| {
            for _ in 0..schedules {
                black_box(bare.run(&mut workload.boxed()));
            }
        };
        let mut run_sim = |schedules: u64| {
            black_box(simulate(workload, schedules));
        };
        let bare_count = calibrate(&mut run_bare);
        let sim_count = calibrate(&mut run_sim);
        let mut bare_times = Vec::new();
        let mut sim_times = Vec::new();
        for _ in 0..SAMPLES {
            bare_times.push(time(&mut run_bare, bare_count));
            sim_times.push(time(&mut run_sim, sim_count));
        }
        let (bare, sim) = (best(bare_times), best(sim_times));
        let polls = polls_of(workload) as f64;
        let column = |time: f64| format!("{:.1} ({:.0} k/s)", time / polls, 1e6 / time);
        println!(
            "{name:<4} {:>22} {:>22} {:>7.2}",
            column(bare),
            column(sim),
            sim / bare
        );
    }
}

/// How many schedules fill one sample.
fn calibrate(run: &mut dyn FnMut(u64)) -> u64 {
    let mut schedules = 64;
    loop {
        let per_schedule = time(run, schedules);
        if per_schedule * schedules as f64 > SAMPLE_NANOSECONDS / 4.0 {
            return (SAMPLE_NANOSECONDS / per_schedule).ceil() as u64;
        }
        schedules *= 2;
    }
}

/// Nanoseconds per schedule.
fn time(run: &mut dyn FnMut(u64), schedules: u64) -> f64 {
    let begin = Instant::now();
    run(schedules);
    begin.elapsed().as_nanos() as f64 / schedules as f64
}

fn best(times: Vec<f64>) -> f64 {
    times.into_iter().fold(f64::INFINITY, f64::min)
}
