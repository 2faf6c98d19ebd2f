//! Background jobs in simulation: every order of their steps is seen, with and without reduction.

use std::collections::BTreeSet;

use tourbillon_sim::Injections;
use tourbillon_sim::campaign::FailureKind;
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

/// Cancels that may strike: of the session, of a job, of a task of either.
fn one_cancel() -> Injections {
    Injections {
        cancels: 1,
        ..Injections::default()
    }
}

/// Both searches agree where a cancel strikes at every place, and nothing is left in any run.
#[test]
fn reduction_leaves_nothing_out_where_a_cancel_strikes() {
    for (program, _) in PROGRAMS {
        let audit = Subject::script(program, one_cancel())
            .audit(20_000)
            .expect("nothing special is asked for");
        assert_eq!(audit.difference(), None, "{audit} of\n{program}");
        assert!(audit.reduced.report.exhausted, "{audit} of\n{program}");
        let failures = audit.reduced.report.failures.keys();
        let defects = failures.filter(|failure| {
            matches!(
                failure.kind,
                FailureKind::Leak | FailureKind::Panic | FailureKind::Oracle
            )
        });
        assert_eq!(defects.count(), 0, "{:?}", audit.reduced.report.failures);
    }
}

/// What the program prints and its error, of every run with one cancel.
fn cancelled(program: &str) -> BTreeSet<(String, Option<String>)> {
    let audit = Subject::script(program, one_cancel())
        .audit(20_000)
        .expect("nothing special is asked for");
    assert_eq!(audit.difference(), None, "{audit}");
    assert!(audit.reduced.report.exhausted, "{audit}");
    let outcomes = audit.reduced.outcomes.values();
    let shown = outcomes.map(|outcome| {
        let error = outcome.error.as_ref();
        (
            outcome.stdout.clone(),
            error.map(|error| error.identifier.clone()),
        )
    });
    shown.collect()
}

#[test]
fn a_job_is_cancelled_wherever_it_is_and_cleans_up() {
    let found = cancelled(
        "f = parfeval(@work, 0);
         try
           fetchOutputs(f);
           fprintf('whole %d', isfile('clean'));
         catch e
           fprintf('%s %d%d', e.cause{1}.identifier, isfile('clean'), isfile('x'));
         end
         function work()
           c = onCleanup(@() filewrite('clean', ''));
           yield_now();
           filewrite('x', '');
         end",
    );
    let of = |stdout: &str, error: Option<&str>| (stdout.to_string(), error.map(str::to_string));
    let expected = [
        // The whole execution; nothing of the job is seen any more.
        of("", Some("async:ExecutionCancelled")),
        // The job before and after it has written, and neither of them.
        of("async:ExecutionCancelled 10", None),
        of("async:ExecutionCancelled 11", None),
        of("whole 1", None),
    ];
    assert_eq!(found, BTreeSet::from(expected));
}

#[test]
fn a_task_of_a_job_is_cancelled() {
    let found = cancelled(
        "f = parfeval(@work, 1);
         fprintf('%s', fetchOutputs(f));
         async function y = work()
           t = spawn(naps());
           try
             await(t);
             y = 'done';
           catch e
             y = e.identifier;
           end
         end
         async function naps()
           yield_now();
         end",
    );
    let of = |stdout: &str, error: Option<&str>| (stdout.to_string(), error.map(str::to_string));
    let expected = [
        of("", Some("async:ExecutionCancelled")),
        // The job as a whole, its task, and neither.
        of("", Some("parallel:fevalqueue:ExecutionErrored")),
        of("async:Cancelled", None),
        of("done", None),
    ];
    assert_eq!(found, BTreeSet::from(expected));
}
