//! Single simulated runs: what programs see of their world, and how runs are judged.

use tourbillon_sim::strategy::{Fifo, Random};
use tourbillon_sim::{Injections, Run, SharedRun};
use tourbillon_world::{RunResult, SessionConfig, Simulation, Target, WorldConfig};

fn fifo() -> SharedRun {
    Run::shared(Box::new(Fifo::new()))
}

fn simulation(program: &str, world: &str, run: &SharedRun) -> Simulation {
    let session = SessionConfig::default();
    let world: WorldConfig = serde_yaml::from_str(world).expect("a world");
    let target = Target::script(program, &session);
    Simulation::new(target, session, world, run).expect("nothing that this version cannot do")
}

fn once(program: &str, world: &str) -> RunResult {
    let run = fifo();
    assert!(run.borrow_mut().begin(0));
    simulation(program, world, &run).run_once()
}

/// Output, verdict and virtual time of one run in production's order.
fn check(program: &str, world: &str, stdout: &str, verdict: &str, seconds: f64) {
    let result = once(program, world);
    let shown = (
        result.outcome.stdout.as_str(),
        result.verdict.kind.name(),
        result.outcome.virtual_time_seconds.seconds(),
    );
    assert_eq!(shown, (stdout, verdict, seconds), "{program}\n{result:?}");
}

#[test]
fn a_program_prints_and_passes() {
    check("x = 1 + 2; fprintf('%d\n', x);", "{}", "3\n", "pass", 0.0);
    let result = once("x = 1 + 2; y = {'a', true};", "{}");
    let values: Vec<String> = result
        .outcome
        .values
        .iter()
        .map(|(name, value)| format!("{name} = {value}"))
        .collect();
    assert_eq!(
        values,
        [
            "x = 1x1 double [3.0]",
            "y = 1x2 cell {1x1 char \"a\", 1x1 logical [true]}"
        ]
    );
}
