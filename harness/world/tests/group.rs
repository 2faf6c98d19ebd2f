//! Two sessions in one simulated process never meet.

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use support::{once, run};
use tourbillon_sim::campaign;
use tourbillon_sim::strategy::{Exhaustive, Random, Reduced, Strategy};
use tourbillon_sim::{Injections, Plan, Report, Run, Verdict};
use tourbillon_world::explore::failure;
use tourbillon_world::{MemberConfig, SessionConfig, Target, VerdictKind, WorldGroup};

const FIRST: &str = r"global g; g = 1;
m = containers.Map('KeyType', 'char', 'ValueType', 'double'); m('n') = 0;
a = spawn(work(m, 'a.txt')); b = spawn(work(m, 'b.txt'));
await_all(a, b);
fprintf('%d %d %s', m('n'), g, input('? ', 's'));
async function work(m, path)
  text = fileread(path);
  pause(0.01);
  m('n') = m('n') + numel(text);
  yield_now();
end";

const SECOND: &str = r"global g; g = 2; c = onCleanup(@() fprintf('closed'));
f = spawn(slow()); on_success(f, @(v) fprintf('%d ', v));
try, await(f, 'Timeout', 0.001); catch e, fprintf('%s ', e.identifier); end
filewrite('a.txt', 'other'); fprintf('%s ', fileread('a.txt'));
await(f); x = gather(gpuArray([g 3]) * 2); fprintf('%d ', x);
async function y = slow()
  pause(0.02);
  y = 5;
end";

fn member(source: &str, world: &str) -> MemberConfig {
    let session = SessionConfig::default();
    MemberConfig {
        target: Target::script(source, &session),
        session,
        world: serde_yaml::from_str(world).expect(world),
    }
}

#[test]
fn sessions_interleaved_have_the_outcomes_they_have_alone() {
    let worlds = [
        "{disk: {a.txt: one, b.txt: four}, input: [{line: first}]}",
        "{disk: {a.txt: two}, latency: {write: 0.005}}",
    ];
    let alone = [FIRST, SECOND].map(|source| source.to_string());
    let alone: Vec<String> = alone
        .iter()
        .zip(worlds)
        .map(|(source, world)| {
            let result = once(source, world);
            assert_eq!(result.verdict.kind.name(), "pass", "{:?}", result.verdict);
            result.outcome.key()
        })
        .collect();
    let run = run(Random::new(11), "pending,spurious");
    let members = vec![member(FIRST, worlds[0]), member(SECOND, worlds[1])];
    let mut group = WorldGroup::new(members, &run).expect("nothing that cannot be done");
    let mut hashes = std::collections::BTreeSet::new();
    for number in 0..10_000 {
        assert!(run.borrow_mut().begin(number));
        let results = group.run_once();
        for (result, alone) in results.iter().zip(&alone) {
            assert_eq!(result.verdict.kind.name(), "pass", "{:?}", result.verdict);
            assert_eq!(result.outcome.key(), *alone, "schedule {number}");
        }
        hashes.insert(run.borrow_mut().end(true));
    }
    assert!(
        hashes.len() > 5_000,
        "only {} different schedules",
        hashes.len()
    );
}

/// Searches all schedules of a group. An outcome is what all sessions showed.
fn search(strategy: Box<dyn Strategy>, members: &[(&str, &str)], inject: &str) -> Report {
    let run = Run::shared(strategy);
    run.borrow_mut()
        .set_injections(Injections::parse(inject).expect(inject));
    let members = members.iter().map(|(source, world)| member(source, world));
    let mut group = WorldGroup::new(members.collect(), &run).expect("nothing that cannot be done");
    let mut body = |key: &mut String| {
        let results = group.run_once();
        let mut verdict = Verdict::PASS;
        for result in &results {
            key.push_str(&format!("-- {}\n", result.verdict.kind.name()));
            result.outcome.write_key(key);
            if result.verdict.kind.is_defect() {
                verdict.failure = verdict.failure.or_else(|| failure(result));
            }
            verdict.cut_short |= result.is_cut_short;
        }
        verdict
    };
    let plan = Plan {
        repeat_every: 64,
        ..Plan::new(400_000)
    };
    campaign::explore(&run, &plan, &mut body, &mut |_| ControlFlow::Continue(()))
}

/// Both searches find the same; gives the outcomes.
#[track_caller]
fn both(members: &[(&str, &str)], inject: &str) -> BTreeSet<String> {
    let plain = search(Box::new(Exhaustive::new()), members, inject);
    let reduced = search(Box::new(Reduced::new()), members, inject);
    for report in [&plain, &reduced] {
        let failures = &report.failures;
        assert!(
            report.exhausted && failures.is_empty(),
            "{inject}: {failures:?}"
        );
    }
    assert_eq!(
        plain.outcome_names(),
        reduced.outcome_names(),
        "{inject}: {members:?}"
    );
    assert!(
        reduced.schedules <= plain.schedules && reduced.schedules >= plain.outcomes.len() as u64,
        "{inject}: {} of {}: {members:?}",
        reduced.schedules,
        plain.schedules
    );
    plain.outcomes.into_keys().collect()
}

const RACES: &str = "a = spawn(says('1'));  b = spawn(says('2'));  await_all(a, b);
async function says(text), yield_now();  fprintf(text); end";

const CLASSES: &str =
    "a = spawn(says('h'), 'Priority', 'high');  b = spawn(says('n'));  await_all(a, b);
async function says(text), fprintf(text);  yield_now();  fprintf(text); end";

const READS: &str = "fprintf('%s', fileread('a'));  pause(1);  fprintf('%g', toc(tic));";

const WAITS: &str = "t = spawn(work());
try, await(t); catch e, fprintf('%s', e.identifier(end)); end
async function work(), c = onCleanup(@() fprintf('c'));  yield_now();  fprintf('1'); end";

const DISK: &str = "{disk: {a: x}}";

#[test]
fn reduction_loses_no_outcome_of_a_group() {
    for (members, inject, outcomes) in [
        ([(RACES, "{}"), (RACES, "{}")], "pending", 4),
        ([(RACES, "{}"), (READS, DISK)], "pending", 2),
        ([(CLASSES, "{}"), (CLASSES, "{}")], "pending", 1),
        ([(CLASSES, "{}"), (RACES, "{}")], "pending", 2),
        (
            [(READS, DISK), (READS, "{disk: {a: x}, latency: {read: 1}}")],
            "pending",
            1,
        ),
        (
            [(READS, DISK), ("yield_now();  fprintf('y');", "{}")],
            "pending,spurious=1",
            1,
        ),
        ([(READS, DISK), (READS, DISK)], "pending,fault", 7),
    ] {
        let found = both(&members, inject);
        assert_eq!(found.len(), outcomes, "{inject}: {members:?}: {found:#?}");
    }
}

#[test]
fn cancels_strike_in_each_session_and_no_other() {
    for inject in [
        "pending,cancel",
        "pending,cancel=2",
        "pending,drop",
        "none,cancel,drop",
    ] {
        let alone = ["pending", inject].map(|inject| both(&[(WAITS, "{}")], inject));
        let [untouched, struck] = alone;
        assert_eq!(untouched.len(), 1);
        assert!(struck.len() > 2, "{inject}: {struck:#?}");
        let found = both(
            &[(WAITS, "{}"), ("yield_now();  fprintf('y');", "{}")],
            inject,
        );
        let untouched = untouched.first().expect("there is one");
        // Whatever strikes the one, the other may be as it is alone.
        let mut others: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for outcome in &found {
            let at = outcome.rfind("-- ").expect("two sessions");
            let (first, second) = outcome.split_at(at);
            others.entry(second).or_default().insert(first);
        }
        let undisturbed = "-- pass\nstdout \"y\"\n";
        let seen: BTreeSet<&str> = struck.iter().map(String::as_str).collect();
        assert_eq!(others[undisturbed], seen, "{inject}");
        assert!(others.len() > 1, "{inject}: {found:#?}");
        for (second, firsts) in others {
            let is_struck = second != undisturbed;
            assert!(
                !is_struck || firsts.contains(&**untouched),
                "{inject}: {second}"
            );
        }
    }
}

#[test]
fn a_stuck_session_and_one_that_goes_on() {
    let stuck = "{disk: {a: x}}";
    let found = both(&[(READS, stuck), (RACES, "{}")], "none,never");
    let is_stuck = |outcome: &String| outcome.contains(VerdictKind::Deadlock.name());
    let (stuck, others): (Vec<_>, Vec<_>) = found.iter().partition(|one| is_stuck(one));
    assert_eq!((stuck.len(), others.len()), (2, 2), "{found:#?}");
    // Where the first is stuck, a cancel ends it.
    let found = both(
        &[(READS, "{disk: {a: x}}"), ("1;", "{}")],
        "none,never,cancel",
    );
    assert!(found.iter().any(is_stuck));
    let is_cancelled = |outcome: &String| outcome.contains("async:ExecutionCancelled");
    assert!(found.iter().any(is_cancelled), "{found:#?}");
}
