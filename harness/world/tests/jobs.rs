//! Background jobs in simulation: every order of their steps is seen, with and without reduction.

use tourbillon_sim::Injections;
use tourbillon_world::audit::Subject;

/// Both searches of a program come to the same outcomes; how many there are.
#[track_caller]
fn audited(program: &str, injections: Injections) -> usize {
    let audit = Subject::script(program, injections)
        .audit(20_000)
        .expect("nothing special is asked for");
    assert_eq!(audit.difference(), None, "{audit}");
    assert!(audit.reduced.report.exhausted, "{audit}");
    assert!(audit.reduced.report.failures.is_empty(), "{audit}");
    audit.reduced.report.outcomes.len()
}

const PROGRAMS: &[(&str, usize)] = &[
    // Jobs that share nothing end in either order.
    (
        "for i = 1:2, f(i) = parfeval(@(x) x, 1, i); end, k = fetchNext(f); fprintf('%d', k); clear k f",
        2,
    ),
    // One file.
    (
        "filewrite('n', '0'); f(1) = parfeval(@bump, 0); f(2) = parfeval(@bump, 0); wait(f);
         fprintf('%s', fileread('n')); clear f
         function bump(), n = str2double(fileread('n')); filewrite('n', num2str(n + 1)); end",
        2,
    ),
    // A job beside a task.
    (
        "f = parfeval(@() 1, 1); t = spawn(say()); await(f); fprintf('j'); await(t); clear f t
         async function say(), yield_now(); fprintf('t'); end",
        2,
    ),
    // A job is asked to stop wherever it is.
    (
        "f = parfeval(@job, 0); yield_now(); yield_now(); cancel(f); c = onCleanup(@() show()); clear f
         function job(), filewrite('a', ''); yield_now(); filewrite('b', ''); end
         function show(), await_all(); fprintf('%d%d', isfile('a'), isfile('b')); end",
        0,
    ),
    // What is looked at without a wait.
    (
        "f = parfeval(@() 1, 1); yield_now(); fprintf('%s', f.State); clear f",
        0,
    ),
    // Callbacks of the session.
    (
        "for i = 1:2, f(i) = parfeval(@(x) x, 1, i); end, wait(afterEach(f, @(x) fprintf('%d', x), 0)); clear f",
        2,
    ),
    // Tasks within jobs.
    (
        "f(1) = parfeval(@two, 1); f(2) = parfeval(@() 3, 1); fprintf('%d', fetchOutputs(f)); clear f
         function y = two(), global g, g = 0; await_all(add(), add()); y = g; end
         async function add(), global g, x = g; yield_now(); g = x + 1; end",
        2,
    ),
];

#[test]
fn reduction_leaves_nothing_out() {
    for (program, outcomes) in PROGRAMS {
        let found = audited(program, Injections::default());
        if *outcomes > 0 {
            assert_eq!(found, *outcomes, "{program}");
        }
    }
}

#[test]
fn reduction_leaves_nothing_out_where_operations_take_their_time() {
    let injections = Injections {
        pending_polls: 1,
        ..Injections::default()
    };
    for (program, _) in &PROGRAMS[..3] {
        audited(program, injections);
    }
}

#[test]
fn a_job_survives_polls_for_nothing() {
    let injections = Injections {
        spurious_polls: 1,
        ..Injections::default()
    };
    audited(PROGRAMS[0].0, injections);
}
