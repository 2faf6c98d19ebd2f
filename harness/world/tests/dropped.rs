//! The injection `drop`: the future of an execution is dropped wherever it is suspended. What it showed
//! until then stands, no cleanup of its tasks runs, no operation is left, the session is usable.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use tourbillon_sim::strategy::{Reduced, Seeded, Swarm};
use tourbillon_sim::{Injections, Recording, Run};
use tourbillon_world::audit::{Audit, Subject};
use tourbillon_world::explore::{Exploration, explore, failure, plan, record};
use tourbillon_world::replay::{ReplayOptions, replay};
use tourbillon_world::{Outcome, SessionConfig, Simulation, Target};

fn audit(program: &str, world: &str, inject: &str) -> Audit {
    let injections = Injections::parse(inject).expect(inject);
    let mut subject = Subject::script(program, injections);
    subject.world = serde_yaml::from_str(world).expect(world);
    let audit = subject.audit(200_000).expect("nothing unsupported");
    assert_eq!(audit.difference(), None, "{inject}: {audit}\n{program}");
    assert!(audit.plain.report.exhausted, "{inject}: {audit}");
    let failures = &audit.reduced.report.failures;
    assert!(failures.is_empty(), "{inject}: {failures:?}\n{program}");
    audit
}

/// What was shown, with `!` before what a dropped execution had shown.
fn shown(outcomes: &Exploration) -> BTreeSet<String> {
    let text = |outcome: &Outcome| {
        let mark = if outcome.dropped { "!" } else { "" };
        format!("{mark}{}", outcome.stdout)
    };
    outcomes.outcomes.values().map(text).collect()
}

#[track_caller]
fn check(program: &str, world: &str, inject: &str, expected: &[&str]) {
    let audit = audit(program, world, inject);
    let expected: BTreeSet<String> = expected.iter().map(ToString::to_string).collect();
    assert_eq!(
        shown(&audit.reduced),
        expected,
        "{inject}: {audit}\n{program}"
    );
}

#[test]
fn no_cleanup_of_a_task_runs_and_those_of_the_workspace_do() {
    let program = "t = spawn(work());  w = onCleanup(@() fprintf('w'));  await(t);  fprintf('e');
async function work()
  c = onCleanup(@() fprintf('c'));
  fprintf('1');
  yield_now();
  try, yield_now(); finally, fprintf('f'); end
end
";
    check(program, "{}", "pending", &["1fcew"]);
    // The workspace outlives its execution: what is in it is cleaned up when the session is closed.
    check(
        program,
        "{}",
        "pending,drop",
        &["!w", "!1w", "!1fcw", "1fcew"],
    );
}

#[test]
fn operations_go_with_it() {
    let program = "r = read_async('a');  filewrite('b', 'new');  g = gpuArray([1 2]);
s = spawn(asks());  fprintf('%s', await(r));  fprintf('%d', gather(g));  fprintf('%s', await(s));
async function t = asks(), t = input('? ', 's'); end
";
    let world = "{disk: {a: x}, input: [{line: l}], latency: {read: 1, write: 2}}";
    check(program, world, "pending,drop", &["!", "!x", "!x12", "x12l"]);
}

#[test]
fn callbacks_and_children_do_not_go_on() {
    let program = "f = spawn(outer());  on_complete(f, @(r) fprintf('b'));  await(f);
async function outer()
  g = spawn(inner());
  fprintf('o');
  await(g);
end
async function inner()
  yield_now();
  fprintf('i');
end
";
    check(
        program,
        "{}",
        "pending,drop",
        &["!", "!o", "!oi", "!oib", "oib"],
    );
}

#[test]
fn a_session_of_any_kind_is_usable_afterwards() {
    for session in [
        "{strict: true}",
        "{top_level_await: false}",
        "{on_exit: cancel}",
    ] {
        let session: SessionConfig = serde_yaml::from_str(session).expect(session);
        let mut subject =
            Subject::script("", Injections::parse("pending,drop").expect("it is one"));
        subject.target = Target::script("fprintf('%s', fileread('a'));", &session);
        subject.session = session;
        subject.world = serde_yaml::from_str("{disk: {a: x}}").expect("a world");
        let audit = subject.audit(1_000).expect("nothing unsupported");
        assert_eq!(audit.difference(), None);
        assert!(
            audit.reduced.report.failures.is_empty(),
            "{:?}",
            audit.reduced.report
        );
        let expected: BTreeSet<String> = ["!", "x"].map(str::to_string).into();
        assert_eq!(shown(&audit.reduced), expected);
    }
}

#[test]
fn together_with_other_trouble_nothing_is_left() {
    let program = "a = spawn(work('a'));  b = spawn(work('b'));
try, await_all(a, b); catch e, fprintf('%s', e.identifier); end
async function work(name)
  c = onCleanup(@() pause(0.5));
  fprintf('%d', numel(fileread(name)));
  pause(1);
end
";
    let session = SessionConfig::default();
    let target = Target::script(program, &session);
    let world = serde_yaml::from_str("{disk: {a: x, b: yy}, latency: {read: 0.5}}");
    let run = Run::shared(Box::new(Seeded::new(5, Swarm::new())));
    let all = "pending,delay,spurious,early,never,fault,cancel=2,drop";
    run.borrow_mut()
        .set_injections(Injections::parse(all).expect(all));
    let world = world.expect("a world");
    let mut simulation = Simulation::new(target, session, world, &run).expect("supported");
    let mut judge = |result: &tourbillon_world::RunResult| {
        failure(result).filter(|_| result.verdict.kind.is_defect())
    };
    let found = explore(&mut simulation, &plan(3_000), &mut judge, &mut |_| {
        ControlFlow::Continue(())
    });
    assert!(
        found.report.failures.is_empty(),
        "{:?}",
        found.report.failures
    );
    assert!(found.injected.drop > 300, "{:?}", found.injected);
}

#[test]
fn a_recording_of_it_replays() {
    let session = SessionConfig::default();
    let program = "yield_now();  fprintf('1');  yield_now();  fprintf('2');";
    let target = Target::script(program, &session);
    let run = Run::shared(Box::new(Reduced::new()));
    let injections = Injections::parse("pending,drop").expect("these are injections");
    run.borrow_mut().set_injections(injections);
    let world = tourbillon_world::WorldConfig::default();
    let mut simulation = Simulation::new(target, session, world, &run).expect("supported");
    let found = explore(&mut simulation, &plan(100), &mut failure, &mut |_| {
        ControlFlow::Continue(())
    });
    let is_it = |outcome: &Outcome| outcome.dropped && outcome.stdout == "1";
    let mut outcomes = found.outcomes.iter();
    let (key, _) = outcomes
        .find(|(_, outcome)| is_it(outcome))
        .expect("it is seen");
    let witness = &found.report.outcomes[key].witness;
    let strategy = &found.report.strategy;
    let recording = record(&mut simulation, strategy, witness, &mut failure).expect("it repeats");
    let text = recording.to_string();
    assert!(
        text.contains("{at: 1, drop: main}") || text.contains("drop: main"),
        "{text}"
    );
    let read: Recording = text.parse().expect("what is written is read");
    for lenient in [false, true] {
        let options = ReplayOptions {
            lenient,
            ..ReplayOptions::default()
        };
        let again = replay(&read, &options).expect("it runs");
        assert_eq!(again.replayed.divergence, None);
        assert!(is_it(&again.result.outcome), "{:?}", again.result.outcome);
        assert_eq!(again.result.injected.drop, 1);
    }
}
