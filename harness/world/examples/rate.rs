//! How many simulated runs of a ten-line async program fit into a second: the parsed and compiled
//! program to the verdict.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use tourbillon_sim::strategy::{Random, Seeded, Strategy, Swarm};
use tourbillon_sim::{Report, Run};
use tourbillon_world::explore::{explore, failure, plan};
use tourbillon_world::{SessionConfig, Simulation, Target, WorldConfig};

const PROGRAM: &str = r"m = containers.Map('KeyType', 'char', 'ValueType', 'double');
m('n') = 0;
a = spawn(bump(m));
b = spawn(bump(m));
await_all(a, b);
fprintf('%d\n', m('n'));
async function bump(m)
  n = m('n');
  yield_now();
  m('n') = n + 1;
end";

/// Runs between two looks at the clock: two of them are repetitions.
const WINDOW: u64 = 128;

#[allow(
    clippy::disallowed_methods,
    reason = "an example that measures needs a clock"
)]
fn measure(name: &str, strategy: Box<dyn Strategy>, schedules: u64) {
    let run = Run::shared(strategy);
    let session = SessionConfig::default();
    let target = Target::script(PROGRAM, &session);
    let simulation = Simulation::new(target, session, WorldConfig::default(), &run);
    let mut simulation = simulation.expect("nothing that this version cannot do");
    let mut best = Duration::MAX;
    let mut since = Instant::now();
    let mut watch = |report: &Report| {
        if report.schedules.is_multiple_of(WINDOW) {
            best = best.min(since.elapsed());
            since = Instant::now();
        }
        ControlFlow::Continue(())
    };
    let found = explore(&mut simulation, &plan(schedules), &mut failure, &mut watch);
    let microseconds = best.as_secs_f64() * 1e6 / WINDOW as f64;
    // The one thing that an example may print.
    #[allow(clippy::print_stdout, reason = "the result")]
    {
        println!(
            "{name}: {microseconds:.2} µs for each schedule, {:.0} a second, in the best {WINDOW} of \
             {schedules}; {} outcomes; the last trace is {:016x}",
            1e6 / microseconds,
            found.outcomes.len(),
            run.borrow().hash()
        );
    }
}

fn main() {
    let schedules = std::env::args()
        .nth(1)
        .and_then(|text| text.parse().ok())
        .unwrap_or(20_000);
    // Both strategies, unless one is named.
    let only = std::env::args().nth(2);
    let is_wanted = |name: &str| only.as_deref().is_none_or(|only| only == name);
    if is_wanted("random") {
        measure("random", Box::new(Random::new(0)), schedules);
    }
    if is_wanted("swarm") {
        measure("swarm", Box::new(Seeded::new(0, Swarm::new())), schedules);
    }
}
