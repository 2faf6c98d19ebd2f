//! Oracle: the callbacks of a future run in the order of their registration, each that wants the state
//! in which it ended exactly once and no other, and none before it has ended.

use std::collections::BTreeMap;

use tourbillon_host::{CallbackTrigger, Event, EventState};
use tourbillon_value::ObjectId;

use super::futures::{Futures, state_name};

/// What is known of each future that has callbacks.
#[derive(Default)]
pub(super) struct CallbackOrder {
    futures: BTreeMap<ObjectId, Callbacks>,
    /// Whether the host has stopped the execution: callbacks that have not run then never do.
    is_stopped: bool,
}

#[derive(Default)]
struct Callbacks {
    triggers: Vec<CallbackTrigger>,
    /// The number after that of the one that ran last.
    next: usize,
}

impl CallbackOrder {
    pub fn reset(&mut self) {
        self.futures.clear();
        self.is_stopped = false;
    }

    /// Callbacks of a dropped execution never run.
    pub fn execution_dropped(&mut self) {
        self.is_stopped = true;
    }

    pub fn look(&mut self, event: &Event<'_>, futures: &Futures) -> Option<String> {
        let (future, problem) = match *event {
            Event::ExecutionStopped => {
                self.is_stopped = true;
                return None;
            }
            Event::CallbackRegistered {
                future,
                number,
                trigger,
            } => {
                let callbacks = self.futures.entry(future).or_default();
                let expected = callbacks.triggers.len();
                callbacks.triggers.push(trigger);
                if number == expected {
                    return None;
                }
                (
                    future,
                    format!("registered as number {number} after {expected} others"),
                )
            }
            Event::CallbackRun { future, number } => {
                let callbacks = self.futures.entry(future).or_default();
                let problem = callbacks.problem(number, futures.state(future));
                callbacks.next = number + 1;
                (future, problem?)
            }
            _ => return None,
        };
        Some(format!(
            "a callback of future object {} {problem}",
            future.0
        ))
    }

    /// Whether callbacks of a future are called: one that has begun is no less to be waited for, and
    /// no event tells its end.
    pub fn has_any(&self, future: ObjectId, futures: &Futures) -> bool {
        let (callbacks, state) = (self.futures.get(&future), futures.state(future));
        callbacks.zip(state).is_some_and(|(callbacks, state)| {
            let all = 0..callbacks.triggers.len();
            callbacks.wanted(all, state).is_some()
        })
    }

    /// What is to say at the end of a run.
    pub fn finish(&self, futures: &Futures) -> Option<String> {
        if self.is_stopped {
            return None;
        }
        self.futures.iter().find_map(|(future, callbacks)| {
            let state = futures.state(*future)?;
            let left = callbacks.wanted(callbacks.next..callbacks.triggers.len(), state)?;
            Some(format!(
                "a callback of future object {} never ran: number {left}, though it ended as {}",
                future.0,
                state_name(state)
            ))
        })
    }
}

impl Callbacks {
    /// What is wrong with running that one now.
    fn problem(&self, number: usize, state: Option<EventState>) -> Option<String> {
        if number < self.next {
            let last = self.next - 1;
            return Some(format!("ran again or out of order: {number} after {last}"));
        }
        let Some(trigger) = self.triggers.get(number) else {
            return Some(format!("ran without having been registered: {number}"));
        };
        let state = state.unwrap_or(EventState::Created);
        if !super::futures::is_terminal(state) {
            return Some(format!("ran before its future had ended: {number}"));
        }
        if !is_wanted(*trigger, state) {
            let name = state_name(state);
            return Some(format!("ran, though its future ended as {name}: {number}"));
        }
        let skipped = self.wanted(self.next..number, state)?;
        Some(format!("ran out of order: {number} before {skipped}"))
    }

    /// The first of those that is called for that state.
    fn wanted(&self, mut numbers: std::ops::Range<usize>, state: EventState) -> Option<usize> {
        numbers.find(|number| is_wanted(self.triggers[*number], state))
    }
}

fn is_wanted(trigger: CallbackTrigger, state: EventState) -> bool {
    match state {
        EventState::Created | EventState::Pending => false,
        EventState::Success => trigger != CallbackTrigger::Failure,
        EventState::Failure => trigger != CallbackTrigger::Success,
        EventState::Cancelled => trigger == CallbackTrigger::Complete,
    }
}

#[cfg(test)]
mod tests {
    use super::super::futures::testing::ends;
    use super::*;
    use CallbackTrigger::{Complete, Failure, Success};

    const FUTURE: ObjectId = ObjectId(4);

    fn registered(number: usize, trigger: CallbackTrigger) -> Event<'static> {
        Event::CallbackRegistered {
            future: FUTURE,
            number,
            trigger,
        }
    }

    fn run(number: usize) -> Event<'static> {
        Event::CallbackRun {
            future: FUTURE,
            number,
        }
    }

    fn check(events: &[Event<'_>], expected: Option<&str>) {
        let (mut oracle, mut futures) = (CallbackOrder::default(), Futures::default());
        let complaint = events.iter().find_map(|event| {
            let complaint = oracle.look(event, &futures);
            futures.note(event);
            complaint
        });
        let complaint = complaint.or_else(|| oracle.finish(&futures));
        let expected = expected.map(|text| format!("a callback of future object 4 {text}"));
        assert_eq!(complaint, expected, "{events:?}");
    }

    #[test]
    fn in_order_once_and_not_before_the_end() {
        let (first, second) = (registered(0, Success), registered(1, Complete));
        let ended = ends(4, EventState::Success);
        let three = [first.clone(), second.clone(), ended.clone()];
        let then = |rest: &[Event<'static>]| [&three[..], rest].concat();
        check(&then(&[run(0), run(1)]), None);
        check(&then(&[run(1)]), Some("ran out of order: 1 before 0"));
        check(
            &then(&[run(0), run(1), run(0)]),
            Some("ran again or out of order: 0 after 1"),
        );
        check(
            &then(&[run(0), run(0)]),
            Some("ran again or out of order: 0 after 0"),
        );
        check(
            &then(&[run(0), run(1), run(2)]),
            Some("ran without having been registered: 2"),
        );
        check(
            &[first, run(0), ended],
            Some("ran before its future had ended: 0"),
        );
        check(&[second], Some("registered as number 1 after 0 others"));
    }

    #[test]
    fn each_that_wants_the_state_and_no_other() {
        let all = [Success, Failure, Complete];
        let all = [0, 1, 2].map(|number| registered(number, all[number]));
        let ended = |to| [&all[..], &[ends(4, to)]].concat();
        let then = |to, numbers: &[usize]| {
            let runs: Vec<Event<'static>> = numbers.iter().map(|number| run(*number)).collect();
            [ended(to), runs].concat()
        };
        check(&then(EventState::Success, &[0, 2]), None);
        check(&then(EventState::Failure, &[1, 2]), None);
        check(&then(EventState::Cancelled, &[2]), None);
        check(
            &then(EventState::Success, &[0, 1, 2]),
            Some("ran, though its future ended as success: 1"),
        );
        check(
            &then(EventState::Success, &[0]),
            Some("never ran: number 2, though it ended as success"),
        );
        check(
            &then(EventState::Cancelled, &[]),
            Some("never ran: number 2, though it ended as cancelled"),
        );
        // It never ends, or the host has stopped everything.
        check(&all, None);
        let stopped = [ended(EventState::Failure), vec![Event::ExecutionStopped]].concat();
        check(&stopped, None);
    }
}
