//! Stuck executions are explained: one program for each class, with who has what and who let go of it.

use tourbillon_sim::strategy::{Fifo, Strategy, Tape};
use tourbillon_sim::{Injections, Run};
use tourbillon_world::{RunResult, SessionConfig, Simulation, StuckClass, StuckReport, Target};

fn run(program: &str, strategy: Box<dyn Strategy>, inject: &str, explaining: bool) -> RunResult {
    let session = SessionConfig::default();
    let target = Target::script(program, &session);
    let world = serde_yaml::from_str("{disk: {a: x}}").expect("a world");
    let run = Run::shared(strategy);
    run.borrow_mut()
        .set_injections(Injections::parse(inject).expect(inject));
    run.borrow_mut().set_explaining(explaining);
    let mut simulation = Simulation::new(target, session, world, &run).expect("supported");
    assert!(run.borrow_mut().begin(0));
    let result = simulation.run_once();
    run.borrow_mut().end(true);
    result
}

/// Explains the run, which is the same as one that is not explained.
fn explained(program: &str, strategy: fn() -> Box<dyn Strategy>, inject: &str) -> StuckReport {
    let plain = run(program, strategy(), inject, false);
    assert_eq!(plain.stuck, None);
    let slow = run(program, strategy(), inject, true);
    assert_eq!(plain.trace_hash, slow.trace_hash, "{program}");
    assert_eq!(plain.verdict, slow.verdict);
    slow.stuck
        .unwrap_or_else(|| panic!("{:?} of\n{program}", slow.verdict))
}

#[track_caller]
fn check(program: &str, class: StuckClass, summary: &str) -> StuckReport {
    let report = explained(program, || Box::new(Fifo::new()), "pending");
    assert_eq!(
        (report.class, &*report.summary),
        (class, summary),
        "{report}"
    );
    report
}

#[test]
fn a_cycle_through_a_promise_is_a_deadlock() {
    let report = check(
        "p = promise();
a = spawn(waits(p));
b = spawn(gives(p, a));
await(b);
async function waits(p)
  await(p);
end
async function gives(p, a)
  await(a);
  complete(p, 1);
end
",
        StuckClass::Deadlock,
        "main waits for main/gives#1, which waits for main/waits#1, which waits for promise #2 of main, which \
         main/gives#1 has, and that closes the cycle",
    );
    let names: Vec<&str> = report.tasks.iter().map(|task| &*task.task).collect();
    assert_eq!(names, ["main", "main/waits#1", "main/gives#1"]);
    let gives = &report.tasks[2];
    assert_eq!(gives.awaits, ["main/waits#1"]);
    assert_eq!(gives.site, ["main.m:9:3 in gives"]);
    assert_eq!(
        gives.waker,
        "its waker is with main/waits#1, which main/waits#1 runs"
    );
    assert!(
        gives.has.contains(&"promise #2 of main".to_string()),
        "{gives:?}"
    );
    assert_eq!(report.futures[0].future, "promise #2 of main");
    assert_eq!(
        report.futures[0].held_by,
        ["main", "main/waits#1", "main/gives#1"]
    );
}

#[test]
fn tasks_that_await_each_other_are_a_deadlock() {
    check(
        "m = containers.Map('KeyType', 'char', 'ValueType', 'any');
m('b') = 0;
a = spawn(first(m));
m('b') = spawn(second(a));
await(a);
async function first(m)
  yield_now();
  await(m('b'));
end
async function second(a)
  await(a);
end
",
        StuckClass::Deadlock,
        "main waits for main/first#1, which waits for main/second#1, which waits for main/first#1, which closes \
         the cycle",
    );
}

#[test]
fn a_future_that_would_go_on_and_that_nobody_starts_is_a_futurelock() {
    let report = check(
        "p = promise();
f = completes(p);
x = await(p);
async function completes(p)
  complete(p, 1);
end
",
        StuckClass::Futurelock,
        "main waits for promise #2 of main, which main/completes has, and nobody starts that",
    );
    let mut futures = report.futures.iter();
    let promise = futures.find(|one| one.future == "promise #2 of main");
    let held_by = &promise.expect("it is open").held_by;
    assert_eq!(
        held_by[..],
        ["main", "main/completes, which was not started,"]
    );
}

#[test]
fn a_promise_that_the_script_let_go_of_is_a_missing_completion() {
    let report = check(
        "p = promise();
t = spawn(waits(p));
clear p
await(t);
async function waits(p)
  await(p);
end
",
        StuckClass::MissingCompletion,
        "main waits for main/waits#1, which waits for promise #2 of main, which nobody completes: main let go of it \
         last after main.m:3:1 in main",
    );
    assert_eq!(report.futures[0].held_by, ["main/waits#1"]);
    let let_go = "main let go of it last after main.m:3:1 in main";
    assert_eq!(report.futures[0].let_go.as_deref(), Some(let_go));
}

#[test]
fn a_promise_that_ended_with_its_last_task_is_a_missing_completion() {
    check(
        "p = promise();
t = spawn(waits(p));
s = spawn(forgets(p, false));
clear p
await(t);
async function waits(p)
  await(p);
end
async function forgets(p, is_willing)
  yield_now();
  if is_willing
    complete(p, 1);
  end
  x = 1;
end
",
        StuckClass::MissingCompletion,
        "main waits for main/waits#1, which waits for promise #2 of main, which nobody completes: main/forgets#1 \
         let go of it last, when it ended after main.m:14:3 in forgets",
    );
}

#[test]
fn a_promise_that_nobody_but_its_waiter_ever_had_is_a_missing_completion() {
    let report = check(
        "await(promise());",
        StuckClass::MissingCompletion,
        "main waits for promise #2 of main, which nobody completes",
    );
    assert_eq!(report.tasks[0].site, ["main.m:1:1 in main"]);
    assert!(report.tasks[0].woken_by.is_none());
}

#[test]
fn an_operation_of_which_nothing_comes_is_a_missing_completion() {
    let never = || -> Box<dyn Strategy> { Box::new(Tape::new(vec![1])) };
    let program = "t = spawn(reads());  x = 1;
await(t);
async function t = reads()
  t = fileread('a');
end
";
    let report = explained(program, never, "none,never");
    assert_eq!(report.class, StuckClass::MissingCompletion);
    let summary =
        "main waits for main/reads#1, which waits for main/reads#1/read#1, of which nothing comes";
    assert_eq!(report.summary, summary);
    assert_eq!(
        report.tasks[1].waker,
        "the host has its waker, for main/reads#1/read#1"
    );
    assert_eq!(report.tasks[1].site, ["main.m:4:7 in reads"]);
}

#[test]
fn who_would_complete_it_in_a_callback_waits_too() {
    check(
        "p = promise();  q = promise();
on_complete(q, @(r) complete(p, 1));
t = spawn(waits(p));
clear p
await(t);
async function waits(p)
  await(p);
end
",
        StuckClass::Deadlock,
        "main waits for main/waits#1, which waits for promise #2 of main, which the callbacks of promise #3 of main \
         have, which main has, and that closes the cycle",
    );
}

#[test]
fn what_ended_well_is_not_explained() {
    let caught = "p = promise();  try, await(p); catch e, disp(e.identifier); end";
    let result = run(caught, Box::new(Fifo::new()), "pending", true);
    assert_eq!((result.verdict.kind.name(), result.stuck), ("pass", None));
}
