//! What the tests of simulated runs share.

use tourbillon_sim::strategy::{Fifo, Strategy};
use tourbillon_sim::{Injections, Run, SharedRun};
use tourbillon_world::{RunResult, SessionConfig, Simulation, Target, WorldConfig};

/// A run under a strategy, with these injections.
pub fn run(strategy: impl Strategy + 'static, inject: &str) -> SharedRun {
    let run = Run::shared(Box::new(strategy));
    let injections = Injections::parse(inject).expect(inject);
    run.borrow_mut().set_injections(injections);
    run
}

/// A script in a world written as YAML.
pub fn simulation(program: &str, world: &str, run: &SharedRun) -> Simulation {
    let session = SessionConfig::default();
    let world: WorldConfig = serde_yaml::from_str(world).expect(world);
    let target = Target::script(program, &session);
    Simulation::new(target, session, world, run).expect("nothing that this version cannot do")
}

/// One run in production's order.
#[allow(dead_code, reason = "not every test file makes single runs")]
pub fn once(program: &str, world: &str) -> RunResult {
    once_with(program, world, "pending")
}

/// One run in production's order, with these injections.
#[allow(dead_code, reason = "not every test file makes single runs")]
pub fn once_with(program: &str, world: &str, inject: &str) -> RunResult {
    let run = run(Fifo::new(), inject);
    assert!(run.borrow_mut().begin(0));
    simulation(program, world, &run).run_once()
}
