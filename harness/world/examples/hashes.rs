//! Prints the trace hashes of 500 seeds of a program with timers, files and input. `ci/determinism`
//! compares what two processes print, in debug and in release builds.

use std::io::Write;

use tourbillon_sim::strategy::Random;
use tourbillon_sim::{Injections, Run};
use tourbillon_world::{SessionConfig, Simulation, Target, WorldConfig};

const PROGRAM: &str = include_str!("../tests/support/determinism.m");
const WORLD: &str = include_str!("../tests/support/determinism.yaml");
const SEEDS: u64 = 500;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let session = SessionConfig::default();
    let world: WorldConfig = serde_yaml::from_str(WORLD)?;
    let run = Run::shared(Box::new(Random::new(0)));
    let injections: Injections = Injections::parse("pending,delay,spurious")?;
    run.borrow_mut().set_injections(injections);
    let target = Target::script(PROGRAM, &session);
    let mut simulation = Simulation::new(target, session, world, &run)?;
    let mut output = std::io::stdout().lock();
    for seed in 0..SEEDS {
        run.borrow_mut()
            .replace_strategy(Box::new(Random::new(seed)));
        run.borrow_mut().begin(0);
        let result = simulation.run_once();
        run.borrow_mut().end(true);
        let verdict = result.verdict.kind.name();
        writeln!(output, "{seed} {:016x} {verdict}", result.trace_hash)?;
    }
    Ok(())
}
