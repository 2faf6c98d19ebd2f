//! Oracle: a future that was asked to stop ends. One whose body has run no instruction becomes
//! cancelled at once, any other not before everything that its body started.

use std::collections::BTreeSet;

use tourbillon_host::{Event, EventState};
use tourbillon_value::ObjectId;

use super::futures::{Futures, is_terminal, state_name};

/// The futures that were asked to stop.
#[derive(Default)]
pub(super) struct CancellationDelivered {
    asked: BTreeSet<ObjectId>,
    /// The children that they had then.
    children: BTreeSet<ObjectId>,
    /// Those that have to be cancelled before any task goes on.
    at_once: Vec<ObjectId>,
}

impl CancellationDelivered {
    pub fn reset(&mut self) {
        self.asked.clear();
        self.children.clear();
        self.at_once.clear();
    }

    pub fn look(&mut self, event: &Event<'_>, futures: &Futures) -> Option<String> {
        let (future, problem) = match *event {
            Event::CancelRequested { future } => {
                let has_body = futures.body_task(future).is_some();
                // One that follows a future of its own ends when that has.
                if !has_body && futures.live_child(future).is_none() {
                    self.at_once.push(future);
                }
                let is_new = self.asked.insert(future);
                self.children.extend(futures.live_children(future));
                let problem = match futures.state(future) {
                    Some(state) if is_terminal(state) => {
                        format!("was asked to stop when it was {}", state_name(state))
                    }
                    _ if !is_new => "was asked to stop twice".to_string(),
                    _ => return None,
                };
                (future, problem)
            }
            Event::TaskStep { .. } if !self.at_once.is_empty() => {
                let asked = std::mem::take(&mut self.at_once);
                let late = asked
                    .into_iter()
                    .find(|asked| !futures.is_terminal(*asked))?;
                let problem = "had not begun, but was not cancelled at once when asked to stop";
                (late, problem.to_string())
            }
            Event::FutureState { future, to, .. } if is_terminal(to) => {
                let problem = self.end_problem(future, to, futures)?;
                (future, problem)
            }
            _ => return None,
        };
        Some(format!("future object {} {problem}", future.0))
    }

    /// What is to say at the end of a run.
    pub fn finish(&self, futures: &Futures) -> Option<String> {
        let left = |future: &&ObjectId| !futures.is_terminal(**future);
        let future = self.asked.iter().find(left)?;
        let number = future.0;
        Some(format!(
            "future object {number} was asked to stop and never ended"
        ))
    }

    /// What is wrong with ending like this now.
    fn end_problem(&self, future: ObjectId, to: EventState, futures: &Futures) -> Option<String> {
        if !self.asked.contains(&future) {
            return None;
        }
        if futures.body_task(future).is_none() {
            let is_wrong = to != EventState::Cancelled && self.at_once.contains(&future);
            return is_wrong.then(|| {
                let name = state_name(to);
                format!("had not begun when it was asked to stop, but ended as {name}")
            });
        }
        // What its cleanup starts after the request may outlive it.
        let is_awaited =
            |child: &ObjectId| self.children.contains(child) || self.asked.contains(child);
        let child = futures.live_children(future).find(is_awaited)?;
        (to == EventState::Cancelled).then(|| {
            let child = child.0;
            format!("was cancelled before object {child}, which its body had started, had ended")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::futures::testing::{adopted, changes, ends, runs};
    use super::super::tasks::testing::id;
    use super::*;
    use EventState::{Cancelled, Created, Failure, Pending, Success};
    use tourbillon_host::TaskLabel;

    fn asked(number: u64) -> Event<'static> {
        Event::CancelRequested {
            future: ObjectId(number),
        }
    }

    fn check(events: &[Event<'_>], expected: Option<&str>) {
        let (mut oracle, mut futures) = (CancellationDelivered::default(), Futures::default());
        let complaint = events.iter().find_map(|event| {
            let complaint = oracle.look(event, &futures);
            futures.note(event);
            complaint
        });
        let complaint = complaint.or_else(|| oracle.finish(&futures));
        let expected = expected.map(|text| format!("future object {text}"));
        assert_eq!(complaint, expected, "{events:?}");
    }

    #[test]
    fn a_body_that_runs_ends_in_any_way_but_it_ends() {
        let begun = [changes(1, Created, Pending), runs(1, 0), asked(1)];
        for to in [Success, Failure, Cancelled] {
            check(&[&begun[..], &[ends(1, to)]].concat(), None);
        }
        check(&begun, Some("1 was asked to stop and never ended"));
        check(
            &[&begun[..], &[ends(1, Success), asked(1)]].concat(),
            Some("1 was asked to stop when it was success"),
        );
        check(
            &[&begun[..], &[asked(1)]].concat(),
            Some("1 was asked to stop twice"),
        );
    }

    #[test]
    fn what_has_not_begun_is_cancelled_at_once() {
        let label = TaskLabel::root("main");
        let (task, label) = (id(0), &label);
        let step = Event::TaskStep { task, label };
        for state in [Created, Pending] {
            let cancelled = changes(1, state, Cancelled);
            check(&[asked(1), cancelled, step.clone()], None);
        }
        check(
            &[asked(1), step.clone(), ends(1, Cancelled)],
            Some("1 had not begun, but was not cancelled at once when asked to stop"),
        );
        check(
            &[asked(1), ends(1, Success)],
            Some("1 had not begun when it was asked to stop, but ended as success"),
        );
        // A promise that follows what it started waits for that.
        check(
            &[
                adopted(2, Some(1)),
                asked(1),
                asked(2),
                step,
                ends(2, Cancelled),
                ends(1, Cancelled),
            ],
            Some("2 had not begun, but was not cancelled at once when asked to stop"),
        );
    }

    #[test]
    fn children_end_first() {
        let begun = [
            runs(1, 0),
            runs(2, 1),
            adopted(2, Some(1)),
            asked(1),
            asked(2),
        ];
        let then = |rest: &[Event<'static>]| [&begun[..], rest].concat();
        check(&then(&[ends(2, Cancelled), ends(1, Cancelled)]), None);
        check(&then(&[ends(2, Success), ends(1, Cancelled)]), None);
        check(
            &then(&[ends(1, Cancelled), ends(2, Cancelled)]),
            Some("1 was cancelled before object 2, which its body had started, had ended"),
        );
        // What it starts afterwards, in its cleanup, may outlive it.
        check(
            &[
                runs(1, 0),
                asked(1),
                runs(2, 1),
                adopted(2, Some(1)),
                ends(1, Cancelled),
                adopted(2, None),
                ends(2, Success),
            ],
            None,
        );
        // One that caught the request may end as it likes; the child goes to the session.
        check(
            &then(&[ends(1, Success), adopted(2, None), ends(2, Cancelled)]),
            None,
        );
    }
}
