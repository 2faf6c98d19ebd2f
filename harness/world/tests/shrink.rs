//! Recordings made smaller: the same failure, replayed to the letter, and nothing more to take away.

use std::ops::ControlFlow;

use proptest::prelude::*;
use tourbillon_sim::strategy::Random;
use tourbillon_sim::{Failure, FailureKind, Injections, Recording, Run};
use tourbillon_world::explore::{explore, failure, plan, record};
use tourbillon_world::shrink::{ShrinkError, ShrinkOptions, Shrunk, shrink};
use tourbillon_world::{
    ReplayOptions, RunResult, SessionConfig, Simulation, Target, WorldConfig, replay,
};

const LOST: &str = "\
% Two of these tasks share a counter.
m = containers.Map('KeyType', 'char', 'ValueType', 'double');
m('n') = 0;
m('unused') = 7;
text = fileread('a.txt');
a = spawn(bump(m, 1));
b = spawn(bump(m, 2)); % the second
c = spawn(idle(3));
try
  await_all(a, b, c);
finally
  x = 1;
end
if m('n') == 3
  ok = true;
else
  error('bank:Lost', 'lost');
end

async function bump(m, by)
  seen = m('n');
  if by == 2
    yield_now();
  end
  m('n') = seen + by;
end

% Never in the way.
async function idle(rounds)
  for k = 1:rounds
    yield_now();
  end
end
";

const WORLD: &str = "disk: {a.txt: abc, b.txt: unused}\nlatency: {read: 2}\n";

/// The recording of the first run that fails as `judge` says.
fn recorded(
    program: &str,
    world: &str,
    inject: &str,
    seed: u64,
    judge: &mut dyn FnMut(&RunResult) -> Option<Failure>,
) -> Option<Recording> {
    let session = SessionConfig {
        poll_every: 50,
        ..SessionConfig::default()
    };
    let world: WorldConfig = serde_yaml::from_str(world).expect("a world");
    let run = Run::shared(Box::new(Random::new(seed)));
    let inject = Injections::parse(inject).expect("injections");
    run.borrow_mut().set_injections(inject);
    let target = Target::script(program, &session);
    let mut simulation = Simulation::new(target, session, world, &run).expect("supported");
    let found = explore(
        &mut simulation,
        &plan(300),
        judge,
        &mut |report| match report.failures.is_empty() {
            true => ControlFlow::Continue(()),
            false => ControlFlow::Break(()),
        },
    );
    let stats = found.report.failures.values().next()?;
    let made = record(
        &mut simulation,
        &found.report.strategy,
        &stats.witness,
        judge,
    );
    Some(made.expect("it repeats itself"))
}

fn shrunk(recording: &Recording) -> Result<Shrunk, ShrinkError> {
    shrink(recording, &ShrinkOptions::default(), None, &mut |_| {
        ControlFlow::Continue(())
    })
}

/// Two requests to one server, of which the second must not overtake the first.
const ASKS: &str = "\
o = weboptions('Backoff', 1);
a = spawn(asks(1, o));
b = spawn(asks(2, o));
r = await_all(a, b);
x = webread('http://s/other');
if ~strcmp(r{1}, 'first')
  error('web:Turned', 'turned');
end

async function t = asks(n, o)
  yield_now();
  t = webread('http://s/a', o).body;
end
";

const SERVERS: &str = "
http:
  - {method: GET, url: 'http://s/a', replies: [{status: 200, body: first, headers: {X: y}}, {refuse: true}, {status: 200, body: second}]}
  - {method: GET, url: 'http://s/other', replies: [{status: 200, after: 2}]}
";

#[test]
fn what_servers_say_is_made_smaller() {
    let recording = recorded(ASKS, SERVERS, "pending", 1, &mut failure).expect("they turn round");
    let text = recording.to_string();
    let read = Recording::parse("web.yaml", &text).expect("what we write, we read");
    let replayed = replay(&read, &ReplayOptions::default()).expect("it can be replayed");
    assert_eq!(replayed.replayed.divergence, None, "{text}");
    let small = check(&recording).recording.to_string();
    assert!(
        !small.contains("s/other") && !small.contains("X: y"),
        "{small}"
    );
}

/// What must hold of everything that was shrunk.
#[track_caller]
fn check(recording: &Recording) -> Shrunk {
    let small = shrunk(recording).expect("it fails as recorded");
    assert!(small.is_finished);
    let (proof, after) = (small.proof.expect("proven"), small.after);
    assert_eq!(proof.choices, after.choices);
    assert_eq!(after.choices, small.recording.choices.len() as u64);
    assert!(after.statements <= small.before.statements);
    let text = small.recording.to_string();
    let read = Recording::parse("small.yaml", &text).expect("what we write, we read");
    assert_eq!(read.to_string(), text);
    let replayed = replay(&read, &ReplayOptions::default()).expect("it can be replayed");
    assert_eq!(replayed.replayed.divergence, None, "{text}");
    assert!(!replayed.is_program_changed);
    let note = recording.failure.as_ref().expect("a failure");
    assert_eq!(small.failure.kind.name(), note.kind, "{text}");
    // A second time there is nothing left to do.
    let again = shrunk(&read).expect("it fails as recorded");
    assert_eq!(again.recording.to_string(), text);
    small
}

fn source(small: &Shrunk) -> &str {
    let program = small.recording.program.as_ref();
    program
        .and_then(|program| program.source.as_deref())
        .expect("a program")
}

#[test]
fn a_program_shrinks_to_its_race() {
    let recording = recorded(LOST, WORLD, "pending", 1, &mut failure).expect("it fails");
    let small = check(&recording);
    let text = source(&small);
    assert!(
        small.after.choices <= 1 && small.after.statements <= 14,
        "{text}"
    );
    assert_eq!(small.after.entries, 0, "{:?}", small.recording.world);
    for gone in ["idle", "unused", "fileread", "finally", "in the way"] {
        assert!(!text.contains(gone), "{text}");
    }
    // What is left reads as it did.
    for kept in [
        "% Two of these tasks share a counter.\n",
        "  error('bank:Lost', 'lost');\n",
    ] {
        assert!(text.contains(kept), "{text}");
    }
    assert_eq!(small.failure.summary, "bank:Lost: lost");
}

#[test]
fn the_tape_alone_leaves_the_program() {
    let recording = recorded(LOST, WORLD, "pending", 1, &mut failure).expect("it fails");
    let options = ShrinkOptions {
        tape_only: true,
        ..ShrinkOptions::default()
    };
    let small = shrink(&recording, &options, None, &mut |_| {
        ControlFlow::Continue(())
    });
    let small = small.expect("it fails as recorded");
    assert_eq!(source(&small), LOST);
    assert_eq!(small.recording.world, recording.world);
    assert!(small.after.choices < small.before.choices, "{small:#?}");
    assert!(small.is_finished);
}

/// Nobody but the judge knows that 1 is wrong: the program that prints it, and 2 in production's
/// order, is what is left, and not one that prints 1 and nothing else.
#[test]
fn a_refused_outcome_stays_one_of_the_schedule() {
    let program = "\
        m = containers.Map();  m('n') = 0;  z = 5;\n\
        a = spawn(bump(m));  b = spawn(slow(m));\n\
        await_all(a, b);\n\
        fprintf('%d\\n', m('n'));\n\
        async function bump(m)\n  s = m('n');\n  m('n') = s + 1;\nend\n\
        async function slow(m)\n  s = m('n');\n  yield_now();\n  m('n') = s + 1;\nend\n";
    let mut judge = |result: &RunResult| {
        let is_wrong = result.outcome.stdout != "2\n";
        is_wrong.then(|| Failure {
            kind: FailureKind::Outcome,
            summary: format!("stdout {:?} is not allowed", result.outcome.stdout),
        })
    };
    let recording = recorded(program, "{}", "none", 3, &mut judge).expect("it fails");
    let small = check(&recording);
    assert_eq!(small.after.choices, 1, "{}", source(&small));
    assert!(!source(&small).contains("z = 5"), "{}", source(&small));
    let result = replay(&small.recording, &ReplayOptions::default()).expect("a program");
    assert_eq!(result.result.outcome.stdout, "1\n");
    // With the judge itself, the same.
    let judged = shrink(
        &recording,
        &ShrinkOptions::default(),
        Some(&mut judge),
        &mut |_| ControlFlow::Continue(()),
    );
    let judged = judged.expect("it fails as recorded");
    assert_eq!(judged.after.choices, 1);
    assert_eq!(judged.failure.summary, "stdout \"1\\n\" is not allowed");
}

#[test]
fn a_failure_of_every_schedule_needs_no_choice() {
    let program = "x = 3;\ny = spawn(f(x));\np = promise();\nawait(p);\n\
                   async function f(x)\n  yield_now();\nend\n";
    let recording = recorded(program, "{}", "pending", 0, &mut failure).expect("it fails");
    let small = check(&recording);
    assert_eq!(small.failure.kind, FailureKind::Deadlock);
    assert_eq!(small.after.choices, 0);
    assert!(small.after.statements <= 2, "{}", source(&small));
    let said = small.proof.expect("proven").to_string();
    assert!(said.contains("production's own order fails"), "{said}");
}

#[test]
fn an_error_of_the_world_keeps_what_makes_it() {
    let program = "a = fileread('a.txt');\nb = fileread('b.txt');\nif numel(a) > 1\n  \
                   error('x:long', 'too long');\nend\n";
    let world = "disk: {a.txt: abcdefgh, b.txt: other}\nlatency: {read: 3}\n";
    let recording = recorded(program, world, "delay", 0, &mut failure).expect("it fails");
    let small = check(&recording);
    assert_eq!(small.after.statements, 1, "{}", source(&small));
    assert_eq!(source(&small).trim(), "error('x:long', 'too long');");
    assert_eq!(small.after.entries, 0);
}

#[test]
fn what_does_not_fail_as_recorded_is_refused() {
    let recording = recorded(LOST, WORLD, "pending", 1, &mut failure).expect("it fails");
    let edited = |edit: &dyn Fn(&mut Recording)| {
        let mut recording = recording.clone();
        edit(&mut recording);
        shrunk(&recording).expect_err("it cannot be shrunk")
    };
    let none = edited(&|recording| recording.failure = None);
    assert_eq!(none, ShrinkError::NoFailure);
    let unreplayable = edited(&|recording| recording.program = None);
    assert!(
        matches!(unreplayable, ShrinkError::Unreplayable(_)),
        "{unreplayable}"
    );
    let diverged = edited(&|recording| recording.choices[0].label = "main/other#9".into());
    assert!(matches!(diverged, ShrinkError::Diverged(_)), "{diverged}");
    let other = edited(&|recording| {
        recording.failure.as_mut().expect("a failure").summary = "bank:Lost: found".into();
    });
    let said = other.to_string();
    assert!(said.contains("instead: error: bank:Lost: lost"), "{said}");
    let passes = edited(&|recording| {
        recording.choices.clear();
        recording.checkpoints.clear();
        (recording.trace_hash, recording.length) = (None, None);
    });
    assert!(
        passes
            .to_string()
            .ends_with("did not come again: error: bank:Lost: lost"),
        "{passes}"
    );
}

#[test]
fn a_watch_that_has_seen_enough_gets_the_smallest_so_far() {
    let recording = recorded(LOST, WORLD, "pending", 1, &mut failure).expect("it fails");
    for enough in [1, 20, 200] {
        let mut watch =
            |progress: &tourbillon_world::shrink::Progress| match progress.runs >= enough {
                true => ControlFlow::Break(()),
                false => ControlFlow::Continue(()),
            };
        let small = shrink(&recording, &ShrinkOptions::default(), None, &mut watch);
        let small = small.expect("it fails as recorded");
        assert!(!small.is_finished);
        let replayed = replay(&small.recording, &ReplayOptions::default()).expect("a program");
        assert_eq!(replayed.replayed.divergence, None);
        assert_eq!(replayed.result.verdict.message, "bank:Lost: lost");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_fails_shrinks_to_what_fails_so(seed in any::<u64>(), which in 0_usize..3) {
        let programs = [
            (LOST, "pending,spurious=1"),
            (
                "m = containers.Map();  m('x') = 0;\na = spawn(f(m, 1));  b = spawn(f(m, 2));\n\
                 await_all(a, b);\nif m('x') == 1\n  error('o:o', 'order %d', m('x'));\nend\n\
                 async function f(m, k)\n  for i = 1:2\n    yield_now();\n    m('x') = k;\n  end\nend\n",
                "pending",
            ),
            (
                "r = race(work(1), work(2));\nif r == 2\n  error('r:second', 'second');\nend\n\
                 async function r = work(n)\n  text = fileread('a.txt');\n  r = n;\nend\n",
                "pending,delay",
            ),
        ];
        let (program, inject) = programs[which];
        if let Some(recording) = recorded(program, WORLD, inject, seed, &mut failure) {
            check(&recording);
        }
    }
}

/// A thousand choices of a small program, one of which matters.
#[test]
fn a_thousand_choices_take_few_runs() {
    let program = "\
        m = containers.Map();\n\
        m('n') = 0;\n\
        tasks = {};\n\
        for i = 1:10\n  tasks{i} = spawn(work(m, i));\nend\n\
        await_all(tasks{:});\n\
        if m('n') ~= 2\n  error('k:lost', 'lost');\nend\n\
        async function work(m, i)\n  for k = 1:100\n    if i <= 2 && k == 60\n      \
        seen = m('n');\n      if i == 2\n        yield_now();\n        yield_now();\n      end\n      \
        m('n') = seen + 1;\n    end\n    yield_now();\n  end\nend\n";
    let recording = recorded(program, "{}", "pending", 5, &mut failure).expect("it fails");
    let options = ShrinkOptions {
        tape_only: true,
        ..ShrinkOptions::default()
    };
    let tape = shrink(&recording, &options, None, &mut |_| {
        ControlFlow::Continue(())
    });
    let tape = tape.expect("it fails as recorded");
    assert!(tape.before.points >= 1_000, "{:?}", tape.before);
    assert!(
        tape.runs <= 1_000 && tape.after.choices == 1,
        "{} runs",
        tape.runs
    );
    let whole = shrunk(&recording).expect("it fails as recorded");
    assert!(
        whole.is_finished && whole.runs <= 20_000,
        "{} runs",
        whole.runs
    );
    assert!(whole.after.points <= 10, "{}", source(&whole));
    assert!(whole.after.statements <= 14, "{}", source(&whole));
}
