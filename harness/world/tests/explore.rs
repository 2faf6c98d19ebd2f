//! Explorations: the outcomes of races, their witnesses, recordings and replays.

mod support;

use std::ops::ControlFlow;

use support::simulation;
use tourbillon_sim::recording::Deed;
use tourbillon_sim::strategy::{Exhaustive, Fifo, Random, Strategy};
use tourbillon_sim::{Injections, Recording, SharedRun};
use tourbillon_world::config::CancelPlan;
use tourbillon_world::explore::{failure, plan, run_for};
use tourbillon_world::{Exploration, ReplayOptions, Simulation, explore, record, replay};

const LOST_UPDATE: &str = r"m = containers.Map('KeyType', 'char', 'ValueType', 'double');
m('n') = 0;
a = spawn(bump(m)); b = spawn(bump(m));
await_all(a, b);
fprintf('%d\n', m('n'));
async function bump(m)
  n = m('n');
  yield_now();
  m('n') = n + 1;
end";

const ATOMIC: &str = r"m = containers.Map('KeyType', 'char', 'ValueType', 'double');
m('n') = 0;
a = spawn(bump(m)); b = spawn(bump(m));
await_all(a, b);
fprintf('%d\n', m('n'));
async function bump(m)
  yield_now();
  m('n') = m('n') + 1;
end";

fn explored(
    strategy: impl Strategy + 'static,
    program: &str,
    world: &str,
    inject: &str,
) -> (Simulation, Exploration) {
    let cancel = if world.contains("every_suspension") {
        Some(CancelPlan::EverySuspension)
    } else {
        None
    };
    let run: SharedRun = run_for(Box::new(strategy), cancel);
    run.borrow_mut()
        .set_injections(Injections::parse(inject).expect(inject));
    let mut simulation = simulation(program, world, &run);
    let mut watch = |_: &_| ControlFlow::Continue(());
    let found = explore(&mut simulation, &plan(2_000), &mut failure, &mut watch);
    (simulation, found)
}

fn outputs(found: &Exploration) -> Vec<&str> {
    let mut outputs: Vec<&str> = found
        .outcomes
        .values()
        .map(|outcome| &*outcome.stdout)
        .collect();
    outputs.sort_unstable();
    outputs
}

#[test]
fn a_lost_update_has_two_outcomes_and_an_atomic_one_has_one() {
    let (_, found) = explored(Exhaustive::new(), LOST_UPDATE, "{}", "pending");
    assert!(found.report.exhausted, "{:?}", found.report);
    assert_eq!(outputs(&found), ["1\n", "2\n"]);
    assert!(
        found.report.failures.is_empty(),
        "{:?}",
        found.report.failures
    );
    assert!(found.report.repeated > 0);
    let (_, found) = explored(Exhaustive::new(), ATOMIC, "{}", "pending");
    assert!(found.report.exhausted);
    assert_eq!(outputs(&found), ["2\n"]);
    let (_, found) = explored(Fifo::new(), LOST_UPDATE, "{}", "pending");
    assert_eq!((outputs(&found), found.report.schedules), (vec!["1\n"], 1));
}

/// Every outcome has a witness; its recording is text that replays from nothing else.
fn check_recordings(strategy: impl Strategy + 'static, program: &str, world: &str, inject: &str) {
    let (mut simulation, found) = explored(strategy, program, world, inject);
    assert!(found.outcomes.len() > 1, "{:?}", outputs(&found));
    for (key, stats) in &found.report.outcomes {
        let description = &found.report.strategy;
        let recording = record(&mut simulation, description, &stats.witness, &mut failure);
        let text = recording.expect("it repeats itself").to_string();
        let recording = Recording::parse("a.yaml", &text).expect("what was written can be read");
        for lenient in [false, true] {
            let options = ReplayOptions {
                lenient,
                ..ReplayOptions::default()
            };
            let replay = replay(&recording, &options).expect("it can be replayed");
            assert_eq!(replay.replayed.outcome, *key, "{text}");
            assert_eq!(replay.replayed.divergence, None, "{text}");
            assert!(replay.replayed.skipped.is_empty(), "{:?}", replay.replayed);
            assert!(!replay.is_program_changed);
            assert_eq!(replay.result.trace_hash, stats.witness.hash);
        }
    }
}

#[test]
fn witnesses_become_recordings_that_replay() {
    check_recordings(Exhaustive::new(), LOST_UPDATE, "{}", "pending");
    check_recordings(Random::new(3), LOST_UPDATE, "{}", "pending,spurious");
    let race = r"[v, i] = race(write_async('a', 'x'), sleep_async(0.003), read_async('b'));
fprintf('%d', i);";
    check_recordings(Random::new(1), race, "{disk: {b: text}}", "pending=2,delay");
    let cancelled =
        "c = onCleanup(@() fprintf('c')); fprintf('1'); yield_now(); fprintf('2'); pause(1);";
    check_recordings(
        Random::new(1),
        cancelled,
        "{cancel: every_suspension}",
        "pending",
    );
}

fn lost_update_recording() -> Recording {
    let (mut simulation, found) = explored(Random::new(7), LOST_UPDATE, "{}", "pending");
    let (_, stats) = found
        .report
        .outcomes
        .iter()
        .find(|(key, stats)| key.contains("2\\n") && !stats.witness.tape.is_empty())
        .expect("it comes up");
    record(
        &mut simulation,
        &found.report.strategy,
        &stats.witness,
        &mut failure,
    )
    .expect("it repeats itself")
}

#[test]
fn an_impossible_choice_is_named_with_its_step() {
    let mut recording = lost_update_recording();
    let choice = recording.choices.first_mut().expect("it left the default");
    choice.label = "main/bump#9".to_string();
    choice.deed = Deed::Run;
    let at = choice.at;
    let replay = replay(&recording, &ReplayOptions::default()).expect("it can be tried");
    let divergence = replay.replayed.divergence.expect("it is impossible");
    let expected = format!("choice {at}: the recording runs main/bump#9, but only ");
    assert!(divergence.starts_with(&expected), "{divergence}");
}

#[test]
fn a_recording_survives_an_edit_of_its_program() {
    let recording = lost_update_recording();
    let source = LOST_UPDATE.replace("m('n') = 0;", "m('n') = 0; x = 1 + 1; yield_now();");
    let lenient = ReplayOptions {
        lenient: true,
        source: Some(source),
        ..ReplayOptions::default()
    };
    let replay = replay(&recording, &lenient).expect("it can be tried");
    assert!(replay.is_program_changed);
    assert_eq!(replay.result.outcome.stdout, "2\n", "{:?}", replay.replayed);
}

#[test]
fn what_cannot_be_replayed_says_why() {
    let check = |spoil: &dyn Fn(&mut Recording), part: &str| {
        let mut recording = lost_update_recording();
        spoil(&mut recording);
        let error = replay(&recording, &ReplayOptions::default()).expect_err(part);
        assert!(error.to_string().contains(part), "{error}");
    };
    check(
        &|recording| recording.program = None,
        "there is nothing to run",
    );
    let value = |text: &str| serde_yaml::from_str(text).ok();
    check(
        &|recording| recording.session = value("{tear: dynamic}"),
        "unknown field `tear`",
    );
    check(
        &|recording| recording.world = value("{latency: {read: -1}}"),
        "no time in seconds",
    );
    check(
        &|recording| recording.world = value("{latency: {upload: 1}}"),
        "`world.latency.upload` is not part of this version",
    );
}

#[test]
fn a_sweep_cancels_at_every_suspension_once() {
    let program = r"for i = 1:3
  fprintf('%d', i);
  yield_now();
end";
    let (_, found) = explored(
        Fifo::new(),
        program,
        "{cancel: every_suspension}",
        "pending",
    );
    // The loop has three suspension points; the fourth run is not cancelled.
    assert_eq!(found.report.schedules, 4);
    assert_eq!(outputs(&found), ["1", "12", "123", "123"]);
    let (_, found) = explored(
        Exhaustive::new(),
        program,
        "{cancel: every_suspension}",
        "pending",
    );
    assert!(found.report.exhausted);
    assert_eq!(outputs(&found), ["1", "12", "123", "123"]);
}
