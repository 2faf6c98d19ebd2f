//! Single simulated runs: what programs see of their world, and how runs are judged.

mod support;

use support::{once, once_with, run, simulation};
use tourbillon_sim::run::Budgets;
use tourbillon_sim::strategy::{Fifo, Random};
use tourbillon_world::{RunResult, SessionConfig, Simulation, Target, VerdictKind, WorldConfig};

fn shown(result: &RunResult) -> (&str, &'static str, f64) {
    let seconds = result.outcome.virtual_time_seconds.seconds();
    (&result.outcome.stdout, result.verdict.kind.name(), seconds)
}

/// Output, verdict and virtual time of one run in production's order.
#[track_caller]
fn check(program: &str, world: &str, stdout: &str, verdict: &str, seconds: f64) {
    for inject in ["none", "pending", "pending=3", "spurious"] {
        let result = once_with(program, world, inject);
        let expected = (stdout, verdict, seconds);
        assert_eq!(
            shown(&result),
            expected,
            "{inject}: {program}\n{:#?}",
            result.verdict
        );
    }
}

#[test]
fn the_workspace_is_part_of_the_outcome() {
    let program = "x = 1 + 2; y = {'a', true}; f = spawn(@() 7); z = await(f); g = promise();
m = containers.Map('KeyType', 'char', 'ValueType', 'double'); m('k') = 5;";
    let result = once(program, "{}");
    let values = result.outcome.values.iter();
    let values: Vec<String> = values
        .map(|(name, value)| format!("{name} = {value}"))
        .collect();
    assert_eq!(
        values,
        [
            "f = 1x1 future {state: 1x7 char \"success\", value: 1x1 double [7.0]}",
            "g = 1x1 future {state: 1x7 char \"pending\"}",
            "m = 1x1 containers.Map {k: 1x1 double [5.0]}",
            "x = 1x1 double [3.0]",
            "y = 1x2 cell {1x1 char \"a\", 1x1 logical [true]}",
            "z = 1x1 double [7.0]",
        ]
    );
    assert_eq!(
        result.verdict.kind,
        VerdictKind::Pass,
        "{:?}",
        result.verdict
    );
    assert!(
        result.ledger.values().all(|count| *count == 0),
        "{:?}",
        result.ledger
    );
}

#[test]
fn cleanups_of_the_workspace_belong_to_the_output_and_not_to_the_time() {
    let program = r"c = onCleanup(@() finish()); pause(1);
function finish()
  pause(2);
  fprintf('closed\n');
end";
    check(program, "{}", "closed\n", "pass", 1.0);
}

#[test]
fn time_moves_only_when_nothing_can_run() {
    let sleepers = r"a = spawn(naps(0.03)); b = spawn(naps(0.01)); c = spawn(naps(0.02));
await_all(a, b, c);
async function naps(s)
  pause(s);
  fprintf('%g\n', s);
end";
    check(sleepers, "{}", "0.01\n0.02\n0.03\n", "pass", 0.03);
    check(
        "pause(0); pause(-1); await(sleep_async(0));",
        "{}",
        "",
        "pass",
        0.0,
    );
    // A loop that never waits sees the timer after 1,000 polls of the host.
    let busy = r"f = sleep_async(5); n = 0;
while strcmp(f.State, 'pending'), n = n + 1; end
fprintf('%s\n', f.State);";
    check(busy, "{}", "success\n", "pass", 5.0);
}

#[test]
fn files_live_on_the_simulated_disk() {
    let world = "{disk: {a.txt: hello, b.bin: {bytes: AAH/}}, latency: {write: 0.5}}";
    check(
        "fprintf('%s', fileread('a.txt'));",
        world,
        "hello",
        "pass",
        0.0,
    );
    check(
        r"f = write_async('c.txt', 'new'); fprintf('%d', isfile('c.txt'));
await(f); fprintf('%d%s', isfile('c.txt'), fileread('c.txt'));
delete('a.txt'); fprintf('%d', isfile('a.txt'));",
        world,
        "01new0",
        "pass",
        0.5,
    );
    let missing = "try, fileread('none'); catch e, fprintf('%s', e.identifier); end";
    check(missing, world, "io:NotFound", "pass", 0.0);
    check("fileread('none');", world, "", "error", 0.0);
}

#[test]
fn a_run_finds_the_disk_as_it_was_at_first() {
    let run = run(Fifo::new(), "none");
    let program = "fprintf('%s', fileread('a')); filewrite('a', 'changed'); delete('b');";
    let mut simulation = simulation(program, "{disk: {a: first, b: second}}", &run);
    run.borrow_mut().replace_strategy(Box::new(Random::new(1)));
    for number in 0..3 {
        assert!(run.borrow_mut().begin(number));
        let result = simulation.run_once();
        assert_eq!(shown(&result), ("first", "pass", 0.0));
        run.borrow_mut().end(true);
    }
}

#[test]
fn answers_come_in_the_order_of_requests() {
    let two = r"a = input_async('? ', 's'); b = input_async('? ', 's');
y = await(b); x = await(a); fprintf('%s %s', x, y);";
    let world = "{input: [{line: one, after: 2}, {line: two, after: 1}]}";
    check(two, world, "one two", "pass", 2.0);
    let kinds = r"for i = 1:5
  try
    fprintf('%s ', input('? ', 's'));
  catch e
    fprintf('%s ', e.identifier);
  end
end";
    check(
        kinds,
        "{input: [{fail: broken}, {key: k}, {end: true}, {line: good}]}",
        "input:HandlerFailed input:WrongKind input:EndOfInput good input:EndOfInput ",
        "pass",
        0.0,
    );
    check("input('? ');", "{input_handler: none}", "", "error", 0.0);
    check(
        "fprintf('%s', input('? ', 's'));",
        "{input: [{line: now}], input_handler: sync}",
        "now",
        "pass",
        0.0,
    );
}

#[test]
fn device_values_are_read_back_when_their_time_has_come() {
    let program = "g = gpuArray([1 2 3]) * 2; fprintf('%d ', gather(g));";
    check(program, "{}", "2 4 6 ", "pass", 0.0);
    check(program, "{latency: {readback: 2}}", "2 4 6 ", "pass", 2.0);
    check(
        program,
        "{gpu: {readback_pending: 4}}",
        "2 4 6 ",
        "pass",
        0.0,
    );
    let none = "try, gpuArray(1); catch e, fprintf('%s', e.identifier); end";
    check(none, "{gpu: {device: none}}", "gpu:NoDevice", "pass", 0.0);
    let full = "try, gpuArray(ones(100)); catch e, fprintf('%s', e.identifier); end";
    check(
        full,
        "{gpu: {memory_bytes: 100}}",
        "gpu:OutOfMemory",
        "pass",
        0.0,
    );
}

#[test]
fn readbacks_end_in_the_order_of_submission() {
    // Whatever is delivered first, a has ended when b has.
    let watched = r"a = gather_async(gpuArray(1)); b = gather_async(gpuArray(2));
await(b); fprintf('%s', a.State);";
    for seed in 0..50 {
        let run = run(Random::new(seed), "pending=2,delay");
        assert!(run.borrow_mut().begin(0));
        let result = simulation(watched, "{}", &run).run_once();
        assert_eq!(result.outcome.stdout, "success", "seed {seed}");
    }
}

#[test]
fn runs_that_cannot_go_on_are_deadlocks() {
    let result = once("p = promise(); await(p);", "{}");
    assert_eq!(shown(&result), ("", "deadlock", 0.0));
    assert!(result.outcome.deadlock);
    let message = &result.verdict.message;
    assert!(message.contains("main"), "{message}");
    // Nothing ever comes of an endless sleep; the engine cannot know.
    let result = once("pause(Inf);", "{}");
    assert_eq!(shown(&result), ("", "deadlock", 0.0));
    assert_eq!(result.verdict.message, "nothing ever comes of main/timer#1");
    // A deadlock that was caught is an ordinary outcome.
    let caught = "try, await(promise()); catch e, fprintf('%s', e.identifier); end";
    let result = once(caught, "{}");
    assert_eq!(shown(&result), ("async:Deadlock", "pass", 0.0));
}

#[test]
fn a_violated_invariant_is_the_verdict_also_when_it_is_caught() {
    let broken = "invariant N does not hold, in main/a#1";
    let program = |rest: &str| {
        format!(
            "f = spawn(a()); {rest}
async function a()
  invariant(1 < 2, 'M');
  try, invariant(2 < 1, 'N'); catch, end
  fprintf('on');
end"
        )
    };
    for rest in [
        "await(f);",
        "await(f); await(promise());",
        "pause(1); pause(Inf);",
    ] {
        let result = once(&program(rest), "{}");
        assert_eq!(result.outcome.stdout, "on", "{rest}");
        assert_eq!(result.verdict.message, broken, "{rest}");
        assert_eq!(result.verdict.kind, VerdictKind::Oracle, "{rest}");
    }
}

#[test]
fn spent_budgets_end_a_run_and_the_next_is_sound() {
    let run = run(Random::new(0), "pending");
    let steps = 300;
    run.borrow_mut().set_budgets(Budgets {
        steps,
        ..Budgets::default()
    });
    let main = "all steps are spent, the last ones by main";
    let two = "all steps are spent, the last ones by main/a#1 and main/b#1";
    let pair = "f = spawn(a()); g = spawn(b()); await(f);
async function a(), while true, yield_now(); end, end
async function b(), while true, yield_now(); end, end";
    for (program, message) in [
        ("while true, end", main),
        ("while true, yield_now(); end", main),
        ("while true, pause(1); end", main),
        (pair, two),
    ] {
        let mut simulation = simulation(program, "{}", &run);
        for number in 0..2 {
            assert!(run.borrow_mut().begin(number));
            let result = simulation.run_once();
            assert_eq!(result.verdict.kind, VerdictKind::Budget, "{program}");
            assert!(result.outcome.budget && result.is_cut_short);
            assert!(result.steps <= steps, "{program}");
            assert_eq!(result.verdict.message, message, "{program}");
            let last: u64 = result.spinning.iter().map(|task| task.steps).sum();
            assert!((1..=steps).contains(&last), "{:?}", result.spinning);
            run.borrow_mut().end(false);
        }
    }
}

#[test]
fn a_session_that_never_polls_its_host_has_a_budget_all_the_same() {
    let run = run(Fifo::new(), "pending");
    let session: SessionConfig = serde_yaml::from_str("{poll_every: 0}").expect("a session");
    let check = |program: &str, verdict: &str, steps: u64| {
        let target = Target::script(program, &session);
        let world = WorldConfig::default();
        let simulation = Simulation::new(target, session.clone(), world, &run);
        run.borrow_mut().replace_strategy(Box::new(Fifo::new()));
        run.borrow_mut().set_budgets(Budgets {
            steps,
            ..Budgets::default()
        });
        assert!(run.borrow_mut().begin(0));
        let result = simulation.expect("nothing that cannot be done").run_once();
        assert_eq!(result.verdict.kind.name(), verdict, "{:?}", result.verdict);
    };
    check("while true, end", "budget", 1_000);
    // No tick looks at the clock, however long the loop.
    let busy = r"f = sleep_async(5); n = 0;
while n < 100000 && strcmp(f.State, 'pending'), n = n + 1; end
if n < 100000, error('a tick'); end";
    check(busy, "pass", 1_000_000);
}

#[test]
fn the_session_is_set_up_as_it_is_told() {
    let check = |session: &str, program: &str, stdout: &str, verdict: &str| {
        let run = run(Fifo::new(), "pending");
        let config: SessionConfig = serde_yaml::from_str(session).expect(session);
        let target = Target::script(program, &config);
        let simulation = Simulation::new(target, config, WorldConfig::default(), &run);
        assert!(run.borrow_mut().begin(0));
        let result = simulation.expect("nothing that cannot be done").run_once();
        let shown = (&*result.outcome.stdout, result.verdict.kind.name());
        assert_eq!(shown, (stdout, verdict), "{session}: {:?}", result.verdict);
    };
    let left = r"spawn(late()); yield_now();
async function late()
  pause(1);
  fprintf('late');
end";
    check("{}", left, "late", "pass");
    check("{on_exit: cancel}", left, "", "pass");
    let unhandled = "f = spawn(@() error('a:b', 'c')); yield_now();";
    check("{}", unhandled, "", "pass");
    check("{unhandled: fail}", unhandled, "", "error");
    let undefined = "try, no_such_thing(); catch e, fprintf('%s', e.identifier); end";
    check("{}", undefined, "MATLAB:UndefinedFunction", "pass");
    check(
        "{namespace: octave}",
        undefined,
        "Octave:undefined-function",
        "pass",
    );
    check("{top_level_await: false}", "await(1);", "", "error");
    check("{strict: true}", "f = spawn(@() 1);", "", "error");
}

#[test]
fn the_host_cancels_when_it_is_told_to() {
    let sleeps = r"c = onCleanup(@() fprintf('cleaned'));
try, pause(100); catch, fprintf('caught'); end";
    let error = |result: &RunResult| {
        let error = result.outcome.error.as_ref();
        error.map(|error| error.identifier.clone())
    };
    let cancelled = Some("async:ExecutionCancelled".to_string());
    let result = once(sleeps, "{cancel: {at_time: 0.5}}");
    assert_eq!(shown(&result), ("cleaned", "error", 0.5));
    assert_eq!(
        (error(&result), result.injected.cancel),
        (cancelled.clone(), 1)
    );
    let result = once(sleeps, "{cancel: {at_step: 1}}");
    assert_eq!(shown(&result), ("cleaned", "error", 0.0));
    assert_eq!(error(&result), cancelled);
    let busy = "while true, end";
    let result = once(busy, "{cancel: {at_time: 1}}");
    assert_eq!(
        (shown(&result), error(&result)),
        (("", "error", 1.0), cancelled)
    );
    // A cancel that comes too late strikes nobody.
    let result = once("pause(1);", "{cancel: {at_time: 2}}");
    assert_eq!(
        (shown(&result), result.injected.cancel),
        (("", "pass", 1.0), 0)
    );
}

#[test]
fn a_program_that_does_not_compile_has_an_outcome() {
    let result = once("x = (1;", "{}");
    let error = result.outcome.error.expect("it has an error");
    assert_eq!(result.verdict.kind, VerdictKind::Error);
    assert_eq!(format!("{:?}", error.phase), "Compile");
    assert_eq!(result.steps, 0);
}

#[test]
fn polls_for_nothing_leave_ready_tasks_to_their_class() {
    let program = r"p = promise();
a = spawn(urgent(p), 'Priority', 'high');
b = spawn(patient(p), 'Priority', 'low');
await_all(a, b);
async function urgent(p)
  await(p);
  fprintf('h');
  yield_now();
  fprintf('H');
end
async function patient(p)
  fprintf('1');
  complete(p, 1);
  yield_now();
  fprintf('2');
end";
    let mut polls = 0;
    for seed in 0..200 {
        let run = run(Random::new(seed), "spurious=5");
        assert!(run.borrow_mut().begin(0));
        let result = simulation(program, "{}", &run).run_once();
        assert_eq!(shown(&result), ("1hH2", "pass", 0.0), "seed {seed}");
        polls += result.injected.spurious;
    }
    assert!(polls > 200, "only {polls} polls for nothing");
}

#[test]
fn injections_are_counted() {
    let program = "a = fileread('a'); b = fileread('a');";
    let world = "{disk: {a: x}}";
    let result = once_with(program, world, "none");
    assert_eq!(result.injected.pending, 0);
    let result = once_with(program, world, "pending");
    assert_eq!(result.injected.pending, 2);
    let mut injected = (0, 0);
    for seed in 0..100 {
        let run = run(Random::new(seed), "delay,spurious");
        assert!(run.borrow_mut().begin(0));
        let result = simulation(program, world, &run).run_once();
        assert_eq!(result.verdict.kind, VerdictKind::Pass);
        injected.0 += result.injected.delay;
        injected.1 += result.injected.spurious;
    }
    // Three of four draws are late.
    assert!((100..200).contains(&injected.0), "{injected:?}");
    assert!(injected.1 > 0);
}
