//! Oracle: a reported deadlock is one. No task is ready, every task that the report names waits for
//! what has not ended, and the next one named runs it; the last link closes a cycle, or ends at what no
//! living task runs.

use tourbillon_host::{Event, TaskId};
use tourbillon_value::ObjectId;

use super::futures::Futures;
use super::tasks::Tasks;

/// Looks at an event. `has_callbacks` says whether callbacks of a future are called: who waits for it
/// waits for those.
pub(super) fn look(
    event: &Event<'_>,
    tasks: &Tasks,
    futures: &Futures,
    has_callbacks: impl Fn(ObjectId) -> bool,
) -> Option<String> {
    let Event::Deadlock { report, waits } = *event else {
        return None;
    };
    let problem = match tasks.ready().next() {
        Some(ready) => format!("{} was ready", ready.label),
        None => (0..waits.len())
            .find_map(|at| link_problem(waits, at, tasks, futures, &has_callbacks))?,
    };
    Some(format!("a deadlock that is none: {problem} ({report})"))
}

/// What is wrong with one link of the chain of waits.
fn link_problem(
    waits: &[(TaskId, ObjectId)],
    at: usize,
    tasks: &Tasks,
    futures: &Futures,
    has_callbacks: &impl Fn(ObjectId) -> bool,
) -> Option<String> {
    let (task, future) = waits[at];
    let number = future.0;
    let Some(waiting) = tasks.get(task) else {
        return Some(format!("who waits for future object {number} has ended"));
    };
    let label = &waiting.label;
    if futures.is_terminal(future) {
        // Its callbacks run in a task of their own, which no event connects with it.
        let is_due = has_callbacks(future);
        return (!is_due)
            .then(|| format!("{label} waits for future object {number}, which has ended"));
    }
    let runner = futures.body_task(future).and_then(|task| tasks.get(task));
    match (waits.get(at + 1), runner) {
        (Some((next, _)), Some(runner)) if runner.id == *next => None,
        (Some(_), _) => Some(format!(
            "the task named after {label} does not run future object {number}"
        )),
        (None, Some(runner)) if waits.iter().any(|(task, _)| *task == runner.id) => None,
        (None, Some(runner)) => Some(format!(
            "{label} waits for future object {number}, which {} runs",
            runner.label
        )),
        (None, None) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::futures::testing::{ends, runs};
    use super::super::tasks::testing::{id, spawned};
    use super::*;
    use tourbillon_host::{EventState, Priority};

    /// Tasks `main`, `a` and `b` run the futures 1, 2 and 3; the future 4 is a promise.
    fn check(before: &[Event<'_>], waits: &[(u32, u64)], due: u64, expected: Option<&str>) {
        let (mut tasks, _) = spawned(&["main", "a", "b"].map(|name| (name, Priority::Normal)));
        let mut futures = Futures::default();
        for event in [runs(1, 0), runs(2, 1), runs(3, 2)].iter().chain(before) {
            tasks.note(event);
            futures.note(event);
        }
        let waits: Vec<(TaskId, ObjectId)> = waits
            .iter()
            .map(|(slot, number)| (id(*slot), ObjectId(*number)))
            .collect();
        let event = Event::Deadlock {
            report: "stuck",
            waits: &waits,
        };
        let complaint = look(&event, &tasks, &futures, |future| future.0 == due);
        let expected = expected.map(|text| format!("a deadlock that is none: {text} (stuck)"));
        assert_eq!(complaint, expected, "{waits:?}");
    }

    #[test]
    fn the_chain_of_waits_is_followed() {
        // A cycle, a promise that nobody completes, and nothing at all.
        check(&[], &[(0, 2), (1, 3), (2, 2)], 0, None);
        check(&[], &[(0, 3), (2, 4)], 0, None);
        check(&[], &[], 0, None);
        let task = id(2);
        check(
            &[Event::TaskReady { task }],
            &[(0, 2), (1, 1)],
            0,
            Some("b was ready"),
        );
        check(
            &[],
            &[(0, 2), (2, 1)],
            0,
            Some("the task named after main does not run future object 2"),
        );
        check(
            &[],
            &[(0, 4), (2, 4)],
            0,
            Some("the task named after main does not run future object 4"),
        );
        check(
            &[],
            &[(0, 2), (1, 3)],
            0,
            Some("a waits for future object 3, which b runs"),
        );
        check(
            &[],
            &[(7, 4)],
            0,
            Some("who waits for future object 4 has ended"),
        );
        let ended = [ends(4, EventState::Success)];
        check(
            &ended,
            &[(0, 4)],
            0,
            Some("main waits for future object 4, which has ended"),
        );
        check(&ended, &[(0, 4)], 4, None);
    }
}
