//! Faults, cancels, early and never completions: every placement is tried, each outcome is right, and
//! both searches see the same.

use tourbillon_sim::Injections;
use tourbillon_world::audit::{Audit, Subject};

fn audit(program: &str, world: &str, inject: &str) -> Audit {
    let injections = Injections::parse(inject).expect(inject);
    let mut subject = Subject::script(program, injections);
    subject.world = serde_yaml::from_str(world).expect(world);
    let audit = subject.audit(200_000).expect("nothing unsupported");
    let difference = audit.difference();
    assert_eq!(difference, None, "{inject}: {audit}\n{program}");
    assert!(audit.plain.report.exhausted, "{inject}: {audit}");
    audit
}

/// What is printed in all runs of an exhaustive search, each text once.
#[track_caller]
fn check(program: &str, world: &str, inject: &str, expected: &[&str]) {
    let audit = audit(program, world, inject);
    let outcomes = audit.reduced.outcomes.values();
    let mut shown: Vec<&str> = outcomes.map(|outcome| &*outcome.stdout).collect();
    shown.sort_unstable();
    shown.dedup();
    assert_eq!(shown, expected, "{inject}: {audit}\n{program}");
}

const READS: &str = "a = reads('a');  b = reads('b');  fprintf('%s%s', a, b);
function t = reads(name)
  try
    t = fileread(name);
  catch e
    t = e.identifier(4);
  end
end
";

#[test]
fn faults_strike_each_operation_in_every_way_it_can_fail() {
    let disk = "{disk: {a: x, b: y}}";
    check(READS, disk, "pending", &["xy"]);
    let one = ["Iy", "Ny", "Py", "xI", "xN", "xP", "xy"];
    check(READS, disk, "pending,fault", &one);
    check(READS, disk, "none,fault", &one);
    let mut two = one.to_vec();
    two.extend(["II", "IN", "IP", "NI", "NN", "NP", "PI", "PN", "PP"]);
    two.sort_unstable();
    check(READS, disk, "pending,fault=2", &two);
}

const ASKS: &str = "a = asks();  b = asks();  fprintf('%s%s', a, b);
function t = asks()
  try
    t = input('? ', 's');
  catch e
    t = e.identifier(7);
  end
end
";

#[test]
fn faults_strike_each_request_for_input() {
    let world = "{input: [{line: x}, {line: y}]}";
    check(ASKS, world, "pending", &["xy"]);
    // Who does not get an answer leaves it to the next.
    let one = ["Ex", "Hx", "xE", "xH", "xy"];
    for inject in ["pending,fault", "none,fault", "pending=2,fault,spurious"] {
        check(ASKS, world, inject, &one);
    }
    let two = ["EE", "EH", "Ex", "HE", "HH", "Hx", "xE", "xH", "xy"];
    check(ASKS, world, "pending,fault=2", &two);
    let sync = "{input: [{line: x}, {line: y}], input_handler: sync}";
    check(ASKS, sync, "pending,fault", &one);
    // An end of the input stays one.
    check(
        ASKS,
        "{input: [{line: x}]}",
        "pending,fault",
        &["Ex", "Hx", "xE", "xH"],
    );
}

#[test]
fn faults_strike_each_readback_and_others_come_all_the_same() {
    let program = "a = spawn(gathers(1));  b = spawn(gathers(2));
fprintf('%s%s', await(a), await(b));
async function t = gathers(n)
  try
    t = char('0' + gather(gpuArray(n)));
  catch e
    t = e.identifier(5);
  end
end
";
    check(program, "{}", "pending", &["12"]);
    check(program, "{}", "pending,fault", &["12", "1M", "M2"]);
    check(program, "{}", "none,fault=2", &["12", "1M", "M2", "MM"]);
    let slow = "{latency: {readback: 1}, gpu: {device: simulated, readback_pending: 2}}";
    check(program, slow, "pending,fault", &["12", "1M", "M2"]);
}

#[test]
fn faults_strike_writes_looks_and_deletes_which_then_change_nothing() {
    let program =
        "w = does(@() filewrite('a', 'y'));  l = does(@() isfile('a'));  d = does(@() delete('a'));
fprintf('%s%s%s%s', w, l, d, does(@() isfile('a')));
function t = does(f)
  t = '.';
  try
    f();
  catch e
    t = e.identifier(4);
  end
end
";
    let disk = "{disk: {a: x}}";
    check(program, disk, "pending", &["...."]);
    let one = [
        "....", "...I", "...P", "..I.", "..N.", "..P.", ".I..", ".P..", "I...", "P...",
    ];
    check(program, disk, "pending,fault", &one);
    // What failed did not happen.
    let kept = "try, filewrite('a', 'y'); catch, end, fprintf('%s', fileread('a'));";
    let found = audit(kept, disk, "pending,fault");
    let shown: Vec<&str> = found
        .reduced
        .outcomes
        .values()
        .map(|one| &*one.stdout)
        .collect();
    assert!(
        shown.contains(&"x") && shown.contains(&"y") && shown.contains(&""),
        "{shown:?}"
    );
    let gone = "try, delete('a'); catch, end, fprintf('%d', isfile('a'));";
    let found = audit(gone, disk, "pending,fault");
    let shown: Vec<&str> = found
        .reduced
        .outcomes
        .values()
        .map(|one| &*one.stdout)
        .collect();
    assert!(shown.contains(&"0") && shown.contains(&"1"), "{shown:?}");
}

const WAITS: &str = "t = spawn(work());
try
  fprintf('%d', await(t));
catch e
  fprintf('-');
end
async function r = work()
  c = onCleanup(@() fprintf('c'));
  yield_now();
  fprintf('1');
  yield_now();
  fprintf('2');
  r = 3;
end
";

#[test]
fn cancels_strike_tasks_and_the_execution_wherever_they_are_suspended() {
    check(WAITS, "{}", "pending", &["12c3"]);
    let audit = audit(WAITS, "{}", "pending,cancel");
    let shown: Vec<&str> = audit
        .reduced
        .outcomes
        .values()
        .map(|outcome| &*outcome.stdout)
        .collect();
    assert!(shown.contains(&"12c3"), "{shown:?}");
    // The host's cancel at the first and the second wait of the task.
    for part in ["c", "1c"] {
        assert!(shown.contains(&part), "{shown:?}");
    }
}

#[test]
fn a_task_that_waits_can_be_cancelled_alone() {
    let program =
        "p = promise();  t = spawn(waits(p));  yield_now();  yield_now();  complete(p, 1);
try, fprintf('%d', await(t)); catch, fprintf('cancelled'); end
async function r = waits(p), r = await(p); end
";
    check(program, "{}", "pending", &["1"]);
    check(program, "{}", "pending,cancel", &["", "1", "cancelled"]);
}

/// What a request gives, or two letters of how it failed.
fn asks(options: &str) -> String {
    format!(
        "try
  fprintf('%s', webread('http://s/a', 'Timeout', 1{options}).body);
catch e
  fprintf('%s', e.identifier(6:7));
end
"
    )
}

const SERVER: &str =
    "{http: [{method: GET, url: 'http://s/a', replies: [{status: 200, body: ok}]}]}";

#[test]
fn faults_strike_attempts_of_requests() {
    let (once, often) = (
        asks(", 'Retries', 0"),
        asks(", 'Retries', 1, 'Backoff', 0.25"),
    );
    check(&once, SERVER, "pending", &["ok"]);
    check(
        &once,
        SERVER,
        "pending,fault",
        &["Co", "Fa", "St", "Ti", "ok"],
    );
    check(&once, SERVER, "none,fault", &["Co", "Fa", "St", "Ti", "ok"]);
    // One more attempt makes good what can be made good; two faults are too many for it.
    check(&often, SERVER, "pending,fault", &["Ti", "ok"]);
    check(
        &often,
        SERVER,
        "pending,fault=2",
        &["Co", "Fa", "St", "Ti", "ok"],
    );
}

#[test]
fn what_is_late_or_never_comes_meets_its_deadline() {
    let slow = SERVER.replace("body: ok", "body: ok, after: 0.5");
    check(&asks(""), &slow, "pending", &["ok"]);
    // Twice as late is the very deadline, and later is too late.
    check(&asks(""), &slow, "pending,delay=1", &["Ti", "ok"]);
    check(&asks(""), &slow, "pending,delay", &["Ti", "ok"]);
    check(&asks(""), &slow, "pending,never", &["Ti", "ok"]);
    check(&asks(""), SERVER, "pending,early", &["ok"]);
    check(&asks(""), &slow, "pending,cancel", &["", "ok"]);
}

#[test]
fn completions_within_the_poll_change_nothing() {
    let disk = "{disk: {a: x, b: y}}";
    for inject in ["none,early", "pending,early", "pending=2,early=1"] {
        check(READS, disk, inject, &["xy"]);
    }
}

#[test]
fn what_never_completes_is_waited_for_until_something_else_ends_the_wait() {
    let disk = "{disk: {a: x}}";
    check("disp(fileread('a'))", disk, "pending,never", &["", "x\n"]);
    let patient = "try
  disp(await(f(), 'Timeout', 1))
catch e
  disp(e.identifier)
end
async function t = f(), t = fileread('a'); end
";
    let audit = audit(patient, disk, "pending,never");
    assert_eq!(audit.reduced.outcomes.len(), 2, "{audit}");
    assert!(audit.reduced.report.failures.is_empty(), "{audit}");
}
