//! How many simulated runs of a ten-line async program fit into a second: the parsed and compiled
//! program to the verdict.

use std::ops::ControlFlow;

use tourbillon_sim::strategy::Random;
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

#[allow(
    clippy::disallowed_methods,
    reason = "an example that measures needs a clock"
)]
fn main() {
    let schedules = 20_000;
    let run = Run::shared(Box::new(Random::new(0)));
    let session = SessionConfig::default();
    let target = Target::script(PROGRAM, &session);
    let simulation = Simulation::new(target, session, WorldConfig::default(), &run);
    let mut simulation = simulation.expect("nothing that this version cannot do");
    let mut watch = |_: &Report| ControlFlow::Continue(());
    explore(&mut simulation, &plan(100), &mut failure, &mut watch);
    let start = std::time::Instant::now();
    let found = explore(&mut simulation, &plan(schedules), &mut failure, &mut watch);
    let seconds = start.elapsed().as_secs_f64();
    let made = found.report.schedules + found.report.repeated;
    // The one thing that an example may print.
    #[allow(clippy::print_stdout, reason = "the result")]
    {
        println!(
            "{made} runs, {} outcomes: {:.1} µs each; the last trace is {:016x}",
            found.outcomes.len(),
            seconds * 1e6 / made as f64,
            run.borrow().hash()
        );
    }
}
