//! The simulator's executor passes the suite of the engine's: in production's order it shows the same.

use tourbillon_executor::testing::{Log, SCENARIOS};
use tourbillon_sim::{Ending, Executor, Priority, Run, strategy};

fn of_sim(priority: tourbillon_executor::Priority) -> Priority {
    match priority {
        tourbillon_executor::Priority::Critical => Priority::Critical,
        tourbillon_executor::Priority::High => Priority::High,
        tourbillon_executor::Priority::Normal => Priority::Normal,
        tourbillon_executor::Priority::Low => Priority::Low,
        tourbillon_executor::Priority::Idle => Priority::Idle,
    }
}

#[test]
fn the_simulator_passes_the_suite_of_both_tiers() {
    let run = Run::shared(Box::new(strategy::Fifo::new()));
    let mut executor = Executor::new(&run);
    for (number, scenario) in SCENARIOS.iter().enumerate() {
        let log = Log::default();
        run.borrow_mut().begin(number as u64);
        let (ending, _) = executor.execute(|sim| {
            let log = log.clone();
            async move {
                (scenario.start)(
                    &mut |priority, future| {
                        sim.spawn_with("task", of_sim(priority), future);
                    },
                    &log,
                );
            }
        });
        run.borrow_mut().end(false);
        let pending = match ending {
            Ending::Done => 0,
            Ending::Leak(stuck) => stuck.tasks.len(),
            other => panic!("{}: {other:?}", scenario.name),
        };
        scenario.check(&log, pending);
    }
}
