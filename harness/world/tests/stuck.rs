//! Stuck executions are explained: one program for each class, with who has what and who let go of it.

use std::cell::RefCell;
use std::num::NonZeroUsize;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use tourbillon_host::{
    Console, Device, Host, Nanoseconds, OperationId, OperationLabel, Outcome, Request,
};
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

/// What a broken host does with the waker of the one file that it is asked to read.
#[derive(Clone, Copy, Debug)]
enum Breach {
    /// It does not take the waker at all.
    IgnoresIt,
    /// It takes the waker, and drops it when it is asked for something else.
    DropsItLater,
    /// It keeps the waker, and calls nobody when the file is there.
    SleepsOverIt,
}

/// A host with a bug that programs really meet: it loses the wakeup of one operation.
struct LosingHost {
    world: Rc<dyn Host>,
    breach: Breach,
    read: RefCell<Option<OperationId>>,
    kept: RefCell<Option<Waker>>,
}

impl Host for LosingHost {
    fn now(&self) -> Nanoseconds {
        self.world.now()
    }

    fn try_now(&self, request: &Request, label: &OperationLabel) -> Option<Outcome> {
        self.world.try_now(request, label)
    }

    fn submit(&self, request: Request, label: &OperationLabel) -> OperationId {
        let is_read = matches!(request, Request::ReadFile { .. });
        let operation = self.world.submit(request, label);
        if is_read {
            self.read.replace(Some(operation));
        } else if matches!(self.breach, Breach::DropsItLater) {
            self.kept.take();
        }
        operation
    }

    fn poll(&self, operation: OperationId, context: &mut Context<'_>) -> Poll<Outcome> {
        if *self.read.borrow() != Some(operation) {
            return self.world.poll(operation, context);
        }
        if !matches!(self.breach, Breach::IgnoresIt) {
            self.kept.replace(Some(context.waker().clone()));
        }
        let deaf = &mut Context::from_waker(Waker::noop());
        self.world.poll(operation, deaf)
    }

    fn cancel(&self, operation: OperationId) {
        self.world.cancel(operation);
    }

    fn workers(&self) -> Option<NonZeroUsize> {
        self.world.workers()
    }

    fn tick(&self, in_a_row: u32) {
        self.world.tick(in_a_row);
    }

    fn console(&self) -> &dyn Console {
        self.world.console()
    }

    fn device(&self) -> Option<Rc<dyn Device>> {
        self.world.device()
    }

    fn seed(&self) -> u64 {
        self.world.seed()
    }
}

const READS: &str = "t = spawn(reads());
yield_now();
filewrite('b', 'y');
await(t);
async function t = reads()
  t = fileread('a');
end
";

/// The program in a host with a bug, in production's order, with the file delivered or never.
fn lost(breach: Breach, is_delivered: bool) -> RunResult {
    let session = SessionConfig::default();
    let target = Target::script(READS, &session);
    let world = serde_yaml::from_str("{disk: {a: x}}").expect("a world");
    let strategy: Box<dyn Strategy> = match is_delivered {
        true => Box::new(Fifo::new()),
        false => Box::new(Tape::new(vec![0, 1])),
    };
    let run = Run::shared(strategy);
    let inject = if is_delivered {
        "pending"
    } else {
        "none,never"
    };
    run.borrow_mut()
        .set_injections(Injections::parse(inject).expect(inject));
    let simulation = Simulation::new(target, session, world, &run).expect("supported");
    let mut simulation = simulation.through(move |world| {
        Rc::new(LosingHost {
            world,
            breach,
            read: RefCell::default(),
            kept: RefCell::default(),
        })
    });
    run.borrow_mut().set_explaining(true);
    assert!(run.borrow_mut().begin(0));
    let result = simulation.run_once();
    run.borrow_mut().end(true);
    result
}

/// `why`: what keeps the reader from going on; `waker`: what is said of its waker.
#[track_caller]
fn check_lost(breach: Breach, is_delivered: bool, class: StuckClass, why: &str, waker: &str) {
    let result = lost(breach, is_delivered);
    let report = result
        .stuck
        .unwrap_or_else(|| panic!("{:?}", result.verdict));
    let text = report.to_string();
    let since = if is_delivered {
        "since step 4; its waker is with main/reads#1, which main/reads#1 runs\n    \
         woken last by main/write#1 in step 3"
    } else {
        "since step 3; its waker is with main/reads#1, which main/reads#1 runs\n    \
         woken last by main in step 1"
    };
    assert_eq!(
        text,
        format!(
            "{}: main waits for main/reads#1, which waits for main/reads#1/read#1, {why}\n  \
             main awaits main/reads#1\n    at main.m:4:1 in main\n    {since}\n    has main/reads#1\n  \
             main/reads#1 awaits main/reads#1/read#1\n    at main.m:6:7 in reads\n    \
             since step 2; {waker}\n    woken last by main in step 1\n",
            class.name()
        )
    );
    assert_eq!(report.class, class);
    let verdict = (result.verdict.kind.name(), &*result.verdict.message);
    if is_delivered {
        let message =
            "main/reads#1/read#1 was delivered, but nobody who waits for it ran: a wakeup was lost";
        assert_eq!(verdict, ("oracle", message));
    } else {
        let message = "nothing ever comes of main/reads#1/read#1";
        assert_eq!(verdict, ("deadlock", message));
    }
}

#[test]
fn a_waker_that_the_host_does_not_take_is_a_lost_wakeup() {
    check_lost(
        Breach::IgnoresIt,
        true,
        StuckClass::LostWakeup,
        "which has ended, and was not woken by that",
        "nobody has its waker for main/reads#1/read#1",
    );
}

#[test]
fn a_waker_that_the_host_drops_is_a_lost_wakeup() {
    let waker = "nobody has its waker for main/reads#1/read#1; taken last by main/reads#1 in step 2; \
                 dropped or used up last by main in step 3";
    check_lost(
        Breach::DropsItLater,
        true,
        StuckClass::LostWakeup,
        "which has ended, and was not woken by that",
        waker,
    );
    check_lost(
        Breach::DropsItLater,
        false,
        StuckClass::LostWakeup,
        "which cannot wake it: nobody has its waker",
        waker,
    );
}

#[test]
fn a_host_that_does_not_call_the_waker_it_has_loses_the_wakeup() {
    check_lost(
        Breach::SleepsOverIt,
        true,
        StuckClass::LostWakeup,
        "which has ended, and was not woken by that",
        "the host has its waker, for main/reads#1/read#1; taken last by main/reads#1 in step 2",
    );
}

#[test]
fn a_host_that_has_the_waker_and_of_which_nothing_comes_owes_a_completion() {
    check_lost(
        Breach::SleepsOverIt,
        false,
        StuckClass::MissingCompletion,
        "of which nothing comes",
        "the host has its waker, for main/reads#1/read#1; taken last by main/reads#1 in step 2",
    );
}
