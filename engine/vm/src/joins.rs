//! What `await`, `await_all`, `await_any` and `race` make of the futures that they waited for.

use crate::future::{Future, FutureState};
use crate::wait::{FutureWait, JoinKind, Then};
use tourbillon_builtins::{Outputs, one};
use tourbillon_value::{Result, RuntimeError, Value, build_runtime_error};

/// The result of a wait that is met: the members that it started and that are to be stopped, and
/// what comes after that.
pub(crate) fn conclude(wait: &mut FutureWait) -> (Vec<Future>, Then) {
    let members = std::mem::take(&mut wait.members);
    let started: Vec<Future> = std::mem::take(&mut wait.started).into_iter().collect();
    let decided_by = wait.waiter.decided_by();
    match wait.kind {
        JoinKind::Await => (Vec::new(), Then::Awaited(members[0].clone())),
        JoinKind::All => match decided_by {
            Some(first) => {
                let failed = crate::wait::FailedMember { members, first };
                (started, Then::Failure(Box::new(failed)))
            }
            None => (Vec::new(), Then::Result(all_values(&members))),
        },
        JoinKind::Any => match decided_by {
            Some(winner) => {
                // The failures before the first success were waited for: they are observed.
                members.iter().for_each(Future::observe);
                (started, Then::Result(indexed(&members, winner)))
            }
            None => (Vec::new(), Then::Result(Err(all_failed(&members)))),
        },
        JoinKind::Race => {
            let winner = decided_by.expect("somebody won the race");
            (started, Then::Result(indexed(&members, winner)))
        }
        JoinKind::Everything => (
            Vec::new(),
            Then::Result(Ok(one(Value::cell_row(Vec::new())))),
        ),
    }
}

/// The values in argument order.
fn all_values(members: &[Future]) -> Result<Outputs> {
    let values: Result<Vec<Value>> = members.iter().map(value).collect();
    Ok(one(Value::cell_row(values?)))
}

fn value(member: &Future) -> Result<Value> {
    let values = member.result().expect("the future has ended")?;
    Ok(values.into_iter().next().unwrap_or_else(Value::empty))
}

/// `[value, index]` of a member.
fn indexed(members: &[Future], index: usize) -> Result<Outputs> {
    let value = value(&members[index])?;
    Ok(Outputs::from_iter([
        value,
        Value::Double(index as f64 + 1.0),
    ]))
}

/// The failure of the member that failed first; the others' failures are its causes, their
/// cancellations are not.
pub(crate) fn failure(members: &[Future], first: usize) -> RuntimeError {
    let error = match members[first].result() {
        Some(Err(error)) => error,
        Some(Ok(_)) | None => unreachable!("it was the first to fail"),
    };
    members
        .iter()
        .enumerate()
        .filter(|(at, member)| *at != first && member.state() == FutureState::Failure)
        .filter_map(|(_, member)| member.result().and_then(Result::err))
        .fold(error, RuntimeError::with_cause)
}

/// The error when no member succeeded.
pub(crate) fn all_failed(members: &[Future]) -> RuntimeError {
    let causes = members
        .iter()
        .filter_map(|member| member.result().and_then(Result::err));
    let error = build_runtime_error(match members.len() {
        0 => "There is no future to wait for.".to_owned(),
        count => format!("All of the {count} futures failed."),
    });
    causes.fold(
        error.identifier("async:AllFailed").build(),
        RuntimeError::with_cause,
    )
}
