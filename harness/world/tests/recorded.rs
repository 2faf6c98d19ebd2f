//! Recordings of every kind of choice that a world has: each replays, strictly and leniently, and a
//! recording of the replay is the same.

use tourbillon_sim::recording::Deed;
use tourbillon_sim::strategy::Random;
use tourbillon_sim::{Injections, Recording, Run, Witness};
use tourbillon_world::explore::{failure, record};
use tourbillon_world::replay::{Replay, ReplayOptions, replay};
use tourbillon_world::{SessionConfig, Simulation, Target, WorldConfig};

/// Reads, asks, waits, and has a task of its own.
const PROGRAM: &str = "t = spawn(work());
try, a = fileread('a'); catch e, a = e.identifier; end
try, b = input('? ', 's'); catch e, b = e.identifier; end
try, g = gather(gpuArray([1 2])); catch e, g = e.identifier; end
try, v = await(t, 'Timeout', 30); catch e, v = e.identifier; end
fprintf('%s|%s|%s|%s|%g', a, b, num2str(g), num2str(v), toc(tic));
async function r = work()
  c = onCleanup(@() fprintf('c'));
  pause(0.5);
  r = numel(fileread('a'));
end
";

const WORLD: &str = "{disk: {a: xyz}, latency: {read: 0.25}, input: [{line: l, after: 1}]";

/// A simulation, and what its runs may have injected.
fn simulation(world: &str, inject: &str) -> Simulation {
    let session = SessionConfig::default();
    let target = Target::script(PROGRAM, &session);
    let world: WorldConfig = serde_yaml::from_str(world).expect(world);
    let run = Run::shared(Box::new(Random::new(7)));
    let injections = Injections::parse(inject).expect(inject);
    run.borrow_mut().set_injections(injections);
    run.borrow_mut().set_recording(true);
    Simulation::new(target, session, world, &run).expect("supported")
}

/// A recording of the first run with such a choice in it.
fn recorded(world: &str, inject: &str, wanted: fn(&Deed) -> bool) -> Recording {
    let mut simulation = simulation(world, inject);
    let run = simulation.run().clone();
    for number in 0..2_000 {
        assert!(run.borrow_mut().begin(number));
        let result = simulation.run_once();
        let (witness, found, strategy) = {
            let mut run = run.borrow_mut();
            let hash = run.end(!result.is_cut_short);
            let strategy = run.strategy().describe();
            let found = Recording::of_run(&run, &strategy);
            let witness = Witness {
                run: number,
                tape: run.tape().to_vec(),
                hash,
                injections: *run.injections(),
            };
            (witness, found, strategy)
        };
        if found.choices.iter().any(|choice| wanted(&choice.deed)) {
            let made = record(&mut simulation, &strategy, &witness, &mut failure);
            return made.expect("it repeats");
        }
    }
    panic!("{inject}: no run has such a choice");
}

fn again(recording: &Recording, lenient: bool) -> Replay {
    let options = ReplayOptions {
        lenient,
        ..ReplayOptions::default()
    };
    let again = replay(recording, &options).expect("it runs");
    assert_eq!(again.replayed.divergence, None, "{recording}");
    assert!(again.replayed.skipped.is_empty(), "{recording}");
    assert!(!again.is_program_changed);
    again
}

#[track_caller]
fn check(world: &str, inject: &str, wanted: fn(&Deed) -> bool) {
    let recording = recorded(world, inject, wanted);
    let text = recording.to_string();
    let read: Recording = text.parse().expect("what is written is read");
    assert_eq!(read, recording, "{text}");
    let (strict, lenient) = (again(&read, false), again(&read, true));
    for replay in [&strict, &lenient] {
        assert_eq!(
            Some(replay.result.trace_hash),
            recording.trace_hash,
            "{text}"
        );
        assert_eq!(Some(replay.result.choices), recording.length, "{text}");
    }
    assert_eq!(strict.result.outcome.key(), lenient.result.outcome.key());
    // Without its choices it is production's run, which every recording of the program is about.
    let without = Recording {
        choices: Vec::new(),
        trace_hash: None,
        length: None,
        checkpoints: Default::default(),
        ..recording
    };
    again(&without, false);
}

#[test]
fn deliveries() {
    check(&format!("{WORLD}}}"), "pending=2", |deed| {
        *deed == Deed::Deliver
    });
}

#[test]
fn orders_of_tasks() {
    check(&format!("{WORLD}}}"), "pending,delay", |deed| {
        *deed == Deed::Run
    });
}

#[test]
fn delays() {
    check(&format!("{WORLD}}}"), "delay", |deed| {
        matches!(deed, Deed::Delay(_))
    });
}

#[test]
fn early_completions() {
    check(&format!("{WORLD}}}"), "pending,early", |deed| {
        *deed == Deed::Early
    });
}

#[test]
fn completions_that_never_come() {
    check(&format!("{WORLD}}}"), "pending,never=2", |deed| {
        *deed == Deed::Never
    });
}

#[test]
fn polls_for_nothing() {
    check(&format!("{WORLD}}}"), "spurious=3", |deed| {
        *deed == Deed::Spurious
    });
}

#[test]
fn faults_of_files_input_and_device() {
    let wanted: [fn(&Deed) -> bool; 6] = [
        |deed| is_fault(deed, "io:NotFound"),
        |deed| is_fault(deed, "io:PermissionDenied"),
        |deed| is_fault(deed, "io:Interrupted"),
        |deed| is_fault(deed, "input:HandlerFailed"),
        |deed| is_fault(deed, "input:EndOfInput"),
        |deed| is_fault(deed, "gpu:MapFailed"),
    ];
    for wanted in wanted {
        check(&format!("{WORLD}}}"), "pending,fault=3", wanted);
    }
}

fn is_fault(deed: &Deed, identifier: &str) -> bool {
    matches!(deed, Deed::Fault(error) if error == identifier)
}

#[test]
fn cancels_of_tasks_and_of_the_execution() {
    check(&format!("{WORLD}}}"), "pending,cancel=2", |deed| {
        *deed == Deed::Cancel
    });
}

#[test]
fn dropped_executions() {
    check(&format!("{WORLD}}}"), "pending,drop", |deed| {
        *deed == Deed::Drop
    });
}

#[test]
fn cancels_by_the_host_at_every_suspension() {
    let world = format!("{WORLD}, cancel: every_suspension}}");
    check(&world, "pending", |deed| *deed == Deed::Cancel);
}

#[test]
fn everything_together() {
    let all = "pending=2,delay,spurious,early,never,fault=2,cancel=2";
    check(&format!("{WORLD}}}"), all, |deed| *deed == Deed::Cancel);
}
