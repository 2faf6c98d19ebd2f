//! Sessions from outside: cancels by the host, executions that are dropped, several sessions at once.

mod common;

use common::{close, outcome, session};
use std::future::Future;
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use tourbillon_host::{Access, Decision, Event, Object, Observer, Policy, ReadyTasks};
use tourbillon_session::{
    CancelHandle, OnExit, Options, Session, SessionOptions, Unhandled, testing,
};

/// The policy of the offline host, but the host cancels before the given step.
struct CancelsAt {
    inner: Rc<dyn Policy>,
    step: std::cell::Cell<u32>,
    handle: std::cell::RefCell<Option<CancelHandle>>,
}

impl Policy for CancelsAt {
    fn next(&self, ready: ReadyTasks<'_>) -> Decision {
        let left = self.step.get();
        if left == 0
            && let Some(handle) = self.handle.borrow_mut().take()
        {
            handle.cancel();
            return Decision::Again;
        }
        self.step.set(left.saturating_sub(1));
        self.inner.next(ready)
    }
}

/// Runs a program that the host cancels before the given choice; the session is used once more.
fn cancelled_at(step: u32, program: &str) -> String {
    let (host, inner) = testing::offline();
    let policy = Rc::new(CancelsAt {
        inner,
        step: std::cell::Cell::new(step),
        handle: std::cell::RefCell::default(),
    });
    let session = Session::new(
        host.clone(),
        policy.clone(),
        None,
        SessionOptions::default(),
    );
    *policy.handle.borrow_mut() = Some(session.cancel_handle());
    let mut said = outcome(&testing::block_on(session.execute(program)));
    policy.handle.borrow_mut().take();
    said += &outcome(&testing::block_on(session.execute("disp('usable')")));
    close(&session, program);
    host.output() + &said
}

const STOPPED: &str = "error async:ExecutionCancelled: The execution was cancelled by the host.\n";

fn check_cancelled(cases: &[(u32, &str, &str)]) {
    for (step, program, printed) in cases {
        let expected = format!("{printed}usable\n{STOPPED}");
        assert_eq!(cancelled_at(*step, program), expected, "{step}: {program}");
    }
}

#[test]
fn a_cancel_before_the_start_lets_nothing_run() {
    check_cancelled(&[
        (0, "disp('never')", ""),
        (
            1,
            "async function w(), disp('never'); end\nspawn(w()); spawn(@() disp('never')); yield_now(); disp('never')",
            "",
        ),
    ]);
}

#[test]
fn a_cancel_reaches_every_kind_of_wait_and_is_not_caught() {
    for wait in [
        "pause(10)",
        "yield_now()",
        "p = promise(); s = sleep_async(50); on_complete(s, @(f) 1); await(p)",
        "await(sleep_async(10))",
        "await(slow())",
        "await(outer())",
        "await(spawn(slow()))",
        "await_all(slow(), slow())",
        "race(slow(), slow())",
        "await_any(slow())",
        "spawn(slow()); await_all()",
        "js = joinset(); add(js, slow()); join_next(js)",
        "fu = futures_unordered({slow()}); next(fu)",
        "await(slow(), 'Timeout', 5)",
        "cellfun(@(x) pause(x), {5})",
    ] {
        let program = format!(
            "async function slow(), try, pause(10); catch, disp('caught'); end, disp('after'); end\nasync function outer(), await(slow()); end\ntry\n disp('body'); {wait}; disp('after')\ncatch\n disp('caught')\nfinally\n disp('cleaned')\nend\ndisp('after')"
        );
        check_cancelled(&[(1, &program, "body\ncleaned\n")]);
    }
}

#[test]
fn cleanup_after_the_hosts_cancel_may_wait_for_anything() {
    for cleanup in [
        "pause(1)",
        "await(log())",
        "await(outer_log())",
        "await(spawn(log()))",
        "await_all(log(), log())",
        "await(sleep_async(1))",
    ] {
        let program = format!(
            "async function log(), pause(1); end\nasync function outer_log(), await(spawn(log())); await(log()); end\ntry\n pause(100);\nfinally\n {cleanup}; disp('logged')\nend"
        );
        check_cancelled(&[(1, &program, "logged\n")]);
    }
    // The cancel comes while the cleanup waits.
    for step in 1..6 {
        check_cancelled(&[(
            step,
            "async function log(), yield_now(); yield_now(); await(sleep_async(1)); end\ntry\n x = 1;\nfinally\n await(log()); disp('logged')\nend\nfor i = 1:9, yield_now(); end",
            "logged\n",
        )]);
    }
}

#[test]
fn cleanup_is_cut_off_when_its_budget_is_spent() {
    let cut_off = |task: &str| {
        format!(
            "[async:CleanupCutOff: The cleanup of {task} took longer than its budget of 5 s and was cut off.]\n"
        )
    };
    for forever in ["pause(1000)", "await(forever())", "await(spawn(forever()))"] {
        let program = format!(
            "async function forever(), pause(1000); end\ntry\n pause(100);\nfinally\n disp('cleaning'); {forever}; disp('never')\nend"
        );
        let expected = format!("cleaning\nusable\n{}{STOPPED}", cut_off("main"));
        assert_eq!(cancelled_at(1, &program), expected, "{program}");
    }
}

#[test]
fn an_error_in_cleanup_does_not_take_the_place_of_the_hosts_cancel() {
    let program = "try\n try, pause(10); finally, error('f:f', 'mine'); end\ncatch\n disp('caught')\nend\ndisp('after')";
    check_cancelled(&[(1, program, "")]);
}

#[test]
fn library_functions_that_catch_do_not_catch_the_hosts_cancel() {
    let program =
        "cellfun(@(x) pause(x), {9}, 'ErrorHandler', @(e, x) disp('caught')); disp('after')";
    check_cancelled(&[(1, program, "")]);
}

/// Cancels when the program prints.
struct CancelsOnOutput(std::cell::RefCell<Option<CancelHandle>>);

impl Observer for CancelsOnOutput {
    fn access(&self, _object: Object<'_>, _access: Access) {}

    fn event(&self, event: &Event<'_>) {
        if let (Event::Output { .. }, Some(handle)) = (event, &*self.0.borrow()) {
            handle.cancel();
        }
    }
}

#[test]
fn a_cancel_ends_a_loop_that_never_waits_within_a_tick() {
    let (host, policy) = testing::offline();
    let observer = Rc::new(CancelsOnOutput(std::cell::RefCell::default()));
    let session = Session::new(
        host.clone(),
        policy,
        Some(observer.clone()),
        SessionOptions::default(),
    );
    *observer.0.borrow_mut() = Some(session.cancel_handle());
    let program = "disp('go'); k = 0; while true, k = k + 1; end";
    let result = testing::block_on(session.execute(program));
    assert_eq!(outcome(&result), STOPPED);
    assert!(result.values["k"].as_number().expect("a number") <= 100.0);
    drop(result);
    close(&session, program);
}

#[test]
fn a_late_cancel_never_hits_the_next_execution() {
    let (_, session) = session(SessionOptions::default());
    let handle = session.cancel_handle();
    assert_eq!(outcome(&testing::block_on(session.execute("x = 1;"))), "");
    handle.cancel();
    let next = testing::block_on(session.execute("pause(1); y = x + 1;"));
    assert_eq!(outcome(&next), "");
    assert_eq!(next.values["y"].as_number(), Some(2.0));
    drop(next);
    close(&session, "late");
}

/// Runs what it is given until the offline time would have to move, and then gives way.
struct NeverMoves;

impl Policy for NeverMoves {
    fn next(&self, ready: ReadyTasks<'_>) -> Decision {
        if ready.is_empty() {
            Decision::Return
        } else {
            Decision::Run(0)
        }
    }
}

/// Polls an execution of the program until it waits for the outside, then drops it.
fn drop_halfway(session: &Session, program: &str) {
    let mut execution = pin!(session.execute(program));
    let mut context = Context::from_waker(Waker::noop());
    assert!(matches!(
        execution.as_mut().poll(&mut context),
        Poll::Pending
    ));
    let busy = outcome(&testing::block_on(session.execute("disp('never')")));
    assert_eq!(
        busy,
        "error async:SessionBusy: The session is executing already.\n"
    );
}

#[test]
fn a_dropped_execution_leaves_the_session_usable() {
    for wait in [
        "pause(10)",
        "await(slow())",
        "await(spawn(slow()))",
        "await_all(slow(), slow())",
        "js = joinset(); add(js, slow()); join_next(js)",
        "s = sleep_async(9); on_complete(s, @(f) disp('never')); await(s)",
        "q = promise(); complete(q, 1); on_success(q, @(v) pause(10)); await(q)",
        "spawn(slow())",
    ] {
        let (host, _) = testing::offline();
        let policy = Rc::new(NeverMoves);
        let session = Session::new(host.clone(), policy, None, SessionOptions::default());
        let first = testing::block_on(session.execute("kept = 5; p = promise();"));
        drop(first);
        let program = format!(
            "async function slow(), c = onCleanup(@() disp('never')); pause(10); end\nt = spawn(slow()); new = 6; {wait};"
        );
        drop_halfway(&session, &program);
        let result = testing::block_on(session.execute(
            "disp(kept); disp(new); disp(t.State); complete(p, 7); disp(await(p)); yield_now(); try, await(t); catch e, disp(e.identifier), end",
        ));
        assert_eq!(outcome(&result), "", "{program}");
        drop(result);
        close(&session, &program);
        assert_eq!(
            host.output(),
            "     5\n     6\ncancelled\n     7\nasync:Cancelled\n",
            "{program}"
        );
    }
}

#[test]
fn a_future_of_another_session_cannot_be_awaited() {
    let (_, one) = session(SessionOptions::default());
    let (_, other) = session(SessionOptions::default());
    let result = testing::block_on(one.execute("p = promise(); complete(p, 1);"));
    let foreign = result.values["p"].clone();
    drop(result);
    other.set_value("p", foreign).expect("nothing runs");
    let program = "try, await(p); catch e, disp(e.identifier), end\ntry, spawn(p); catch e, disp(e.identifier), end\ntry, await_all(p); catch e, disp(e.identifier), end\ntry, cancel(p); catch e, disp(e.identifier), end\nc = {p}; m = containers.Map(); m('c') = c; m('m') = m; clear m;";
    let result = testing::block_on(other.execute(program));
    assert_eq!(result.output, "async:InvalidAwait\n".repeat(4));
    drop(result);
    close(&other, program);
    let result = testing::block_on(one.execute("disp(await(p))"));
    assert_eq!(result.output, "     1\n");
    drop(result);
    close(&one, program);
}

#[test]
fn on_exit_and_unhandled_failures_are_the_hosts_choice() {
    let with = |machine: Options, program: &str| {
        common::run_with(
            program,
            SessionOptions {
                machine,
                ..SessionOptions::default()
            },
        )
    };
    let cancels = Options {
        on_exit: OnExit::Cancel,
        ..Options::default()
    };
    let program = "async function w(), c = onCleanup(@() disp('clean')); pause(9); disp('never'); end\nspawn(w()); yield_now(); yield_now(); disp('end');";
    assert_eq!(with(cancels, program), "end\nclean\n");
    let fails = Options {
        unhandled: Unhandled::Fail,
        ..Options::default()
    };
    let program = "async function w(), error('w:w', 'bad'); end\nspawn(w());";
    let report = "async:UnhandledFailure: A future failed and nobody handled it: bad";
    assert_eq!(
        with(fails, program),
        format!("[{report}]\nerror {report}\n")
    );
}

#[test]
fn the_workspace_and_its_futures_last_from_one_execution_to_the_next() {
    common::check(&[
        (
            "x = 1;\n%%\ny = x + 1; clear x\n%%\ndisp(y); try, x, catch e, disp(e.identifier), end",
            "     2\nMATLAB:UndefinedFunction\n",
        ),
        (
            "async function y = asks(), disp('asks'); y = 5; end\nf = asks(); disp(f.State)\n%%\ndisp(await(f)); disp(await(f))",
            "created\nasks\n     5\n     5\n",
        ),
        (
            "p = promise(); on_success(p, @(v) fprintf('got %d\\n', v));\n%%\ncomplete(p, 3);\n%%\ndisp(p.State)",
            "got 3\nsuccess\n",
        ),
        (
            "x = onCleanup(@() disp('closed'));\n%%\ndisp('still')\n%%\nx = 1; disp('overwritten')",
            "still\nclosed\noverwritten\n",
        ),
        (
            "x = onCleanup(@() disp('closed'));\n%%\ndisp('last')",
            "last\nclosed\n",
        ),
        (
            "error('a:b', 'c')\n%%\ndisp('goes on')",
            "goes on\nerror a:b: c\n",
        ),
        (
            "try, error('a:b', 'first'); catch, end\n%%\ndisp(lasterr())",
            "first\n",
        ),
    ]);
}
