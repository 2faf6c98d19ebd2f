//! The engine on its own and under simulation: the scalar loop beside GNU Octave, allocations per turn,
//! one simulated run of a ten-line async program from the compiled program to its verdict, and whole
//! explorations of it, repetitions at the usual rate included.
//!
//! `cargo bench -p tourbillon-benches --bench engine` prints a table, measured in one process (Octave
//! in processes of its own, its start subtracted), and then criterion's estimates. Without
//! `octave-cli` its column says so.

#![allow(
    clippy::disallowed_methods,
    reason = "a bench reads the clock and starts octave-cli"
)]
#![allow(clippy::print_stdout, reason = "the table is what this program is for")]
#![allow(missing_docs, reason = "criterion's macros make public items")]

use std::ops::ControlFlow;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use criterion::{Criterion, Throughput, criterion_group};
use tourbillon_session::{Session, SessionOptions, testing};
use tourbillon_sim::strategy::{Random, Seeded, Strategy, Swarm};
use tourbillon_sim::{Report, Run};
use tourbillon_world::explore::{explore, failure, plan};
use tourbillon_world::{SessionConfig, Simulation, Target, WorldConfig};

/// The loop of the project's bar: at least ten times faster than Octave.
const LOOP: &str = "s = 0; for i = 1:1000000, s = s + mod(i, 7) * 2; end";
const LOOP_TURNS: f64 = 1e6;

/// A ten-line async program: the bar is 50 µs from the compiled program to its verdict.
const TEN_LINES: &str = "\
m = containers.Map('KeyType', 'char', 'ValueType', 'double');
m('n') = 0;
a = spawn(bump(m));
b = spawn(bump(m));
await_all(a, b);
fprintf('%d\\n', m('n'));
async function bump(m)
  n = m('n');  yield_now();
  m('n') = n + 1;
end
";

const SAMPLES: usize = 15;

fn main() {
    let quiet = ["--test", "--profile-time"];
    if !std::env::args().any(|argument| quiet.contains(&argument.as_str())) {
        table();
    }
    benches();
    Criterion::default().configure_from_args().final_summary();
}

criterion_group!(benches, engine);

fn engine(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("engine");
    group.sample_size(10);
    group.bench_function("scalar loop, 1e6 turns", |bencher| bencher.iter(run_loop));
    let mut simulated = Simulated::new();
    group.bench_function("simulated run, ten lines", |bencher| {
        bencher.iter(|| simulated.run());
    });
    group.throughput(Throughput::Elements(1));
    for (name, strategy) in [("random", random()), ("swarm", swarm())] {
        let mut simulation = simulation(strategy);
        group.bench_function(
            format!("explore lost-update schedules, {name}"),
            |bencher| {
                bencher.iter_custom(|schedules| {
                    let begin = Instant::now();
                    exploration(&mut simulation, schedules, &mut || {});
                    begin.elapsed()
                });
            },
        );
    }
    group.finish();
}

fn random() -> Box<dyn Strategy> {
    Box::new(Random::new(1))
}

fn swarm() -> Box<dyn Strategy> {
    Box::new(Seeded::new(1, Swarm::new()))
}

/// Explores so many schedules of the ten lines, whose update may be lost; both outcomes must come out
/// of more than a few. `done` is called after every schedule.
fn exploration(simulation: &mut Simulation, schedules: u64, done: &mut dyn FnMut()) {
    let mut watch = |_: &Report| {
        done();
        ControlFlow::Continue(())
    };
    let found = explore(simulation, &plan(schedules), &mut failure, &mut watch);
    assert_eq!(found.report.schedules, schedules);
    assert!(found.report.failures.is_empty(), "{:?}", found.report);
    assert!(schedules < 100 || found.outcomes.len() == 2);
}

/// The best time of a schedule, over windows of [`WINDOW`] of them: two in each are repeated.
fn best_exploration(strategy: Box<dyn Strategy>) -> f64 {
    let mut simulation = simulation(strategy);
    let (mut best, mut schedules) = (Duration::MAX, 0);
    let mut since = Instant::now();
    exploration(&mut simulation, 100 * WINDOW, &mut || {
        schedules += 1;
        if schedules % WINDOW == 0 {
            best = best.min(since.elapsed());
            since = Instant::now();
        }
    });
    best.as_secs_f64() / WINDOW as f64
}

/// Short enough to find a moment in which nobody else wants the core.
const WINDOW: u64 = 128;

/// The loop once, on a new session; the result is checked.
fn run_loop() {
    let (host, policy) = testing::offline();
    let session = Session::new(host, policy, None, SessionOptions::default());
    let result = testing::block_on(session.execute(LOOP));
    assert_eq!(result.values["s"].as_number(), Some(5_999_996.0));
}

/// Runs of one compiled program on one session, as an exploration makes them.
struct Simulated {
    simulation: Simulation,
    next: u64,
}

impl Simulated {
    fn new() -> Simulated {
        Simulated {
            simulation: simulation(random()),
            next: 0,
        }
    }

    fn run(&mut self) {
        let run = self.simulation.run().clone();
        run.borrow_mut().begin(self.next);
        let result = self.simulation.run_once();
        run.borrow_mut().end(true);
        self.next += 1;
        assert!(result.outcome.error.is_none(), "{:?}", result.verdict);
    }
}

/// The ten lines in a world of their own.
fn simulation(strategy: Box<dyn Strategy>) -> Simulation {
    let session = SessionConfig::default();
    let target = Target::script(TEN_LINES, &session);
    let run = Run::shared(strategy);
    Simulation::new(target, session, WorldConfig::default(), &run)
        .expect("the program asks for nothing special")
}

fn table() {
    let ours: Vec<f64> = (0..SAMPLES).map(|_| seconds(run_loop)).collect();
    let (best, median) = (quantile(&ours, 0.0), quantile(&ours, 0.5));
    println!("scalar loop, one million turns of s = s + mod(i, 7) * 2");
    println!(
        "  tourbillon  best {:.1} ms, median {:.1} ms",
        best * 1e3,
        median * 1e3
    );
    match octave_seconds() {
        Some(octave) => println!(
            "  octave-cli  best {:.1} ms without its start: {:.1} times as long",
            octave * 1e3,
            octave / best
        ),
        None => println!("  octave-cli  is not installed"),
    }
    println!("  {:.1} ns a turn", best / LOOP_TURNS * 1e9);

    let mut simulated = Simulated::new();
    for _ in 0..1000 {
        simulated.run();
    }
    let mut runs = Vec::new();
    for _ in 0..SAMPLES {
        let count = 1000;
        let took = seconds(|| (0..count).for_each(|_| simulated.run()));
        runs.push(took / f64::from(count));
    }
    println!("one simulated run of a ten-line async program, compiled program to verdict");
    println!(
        "  best {:.1} µs, median {:.1} µs",
        quantile(&runs, 0.0) * 1e6,
        quantile(&runs, 0.5) * 1e6
    );

    println!("schedules of the same program explored, every 64th of them repeated");
    for (name, strategy) in [("random", random()), ("swarm", swarm())] {
        let took = best_exploration(strategy);
        println!(
            "  {name:<6}  best {:.1} µs, {:.0} a second",
            took * 1e6,
            1.0 / took
        );
    }
}

/// The loop's time in Octave: with it less without it, the best of a few.
fn octave_seconds() -> Option<f64> {
    let run = |program: &str| -> Option<f64> {
        let begin = Instant::now();
        let status = Command::new("octave-cli")
            .args(["--no-init-file", "--quiet", "--eval", program])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .ok()?;
        status.success().then(|| begin.elapsed().as_secs_f64())
    };
    let best = |program: &str| -> Option<f64> {
        let times: Option<Vec<f64>> = (0..3).map(|_| run(program)).collect();
        times.map(|times| quantile(&times, 0.0))
    };
    Some(best(LOOP)? - best("s = 0;")?)
}

fn seconds(work: impl FnOnce()) -> f64 {
    let begin = Instant::now();
    work();
    begin.elapsed().as_secs_f64()
}

fn quantile(times: &[f64], q: f64) -> f64 {
    let mut sorted = times.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[((sorted.len() - 1) as f64 * q) as usize]
}
