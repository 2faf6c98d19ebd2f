//! Oracle: callbacks of a future run in the order of their registration, at most once each, and not
//! before the future is terminal.

use rustc_hash::FxHashMap;
use tourbillon_host::Event;
use tourbillon_value::ObjectId;

use super::single_transition::is_terminal;

/// What is known of each future that has callbacks or is terminal.
#[derive(Default)]
pub(crate) struct CallbackOrder {
    // Only ever looked up.
    futures: FxHashMap<ObjectId, Callbacks>,
}

#[derive(Default)]
struct Callbacks {
    registered: usize,
    /// The number after that of the one that ran last.
    next: usize,
    is_terminal: bool,
}

impl CallbackOrder {
    pub fn reset(&mut self) {
        self.futures.clear();
    }

    pub fn look(&mut self, event: &Event<'_>) -> Option<String> {
        match *event {
            Event::FutureState { future, to, .. } => {
                if is_terminal(to) {
                    self.futures.entry(future).or_default().is_terminal = true;
                }
                None
            }
            Event::CallbackRegistered { future, number } => {
                let callbacks = self.futures.entry(future).or_default();
                let expected = std::mem::replace(&mut callbacks.registered, number + 1);
                (number != expected).then(|| {
                    format!(
                        "future object {}: a callback was registered as number {number} after \
                         {expected} others",
                        future.0
                    )
                })
            }
            Event::CallbackRun { future, number } => {
                let callbacks = self.futures.entry(future).or_default();
                let next = std::mem::replace(&mut callbacks.next, number + 1);
                let problem = if number < next {
                    format!("ran again or out of order, after number {}", next - 1)
                } else if number >= callbacks.registered {
                    "ran without having been registered".to_string()
                } else if !callbacks.is_terminal {
                    "ran before its future had ended".to_string()
                } else {
                    return None;
                };
                Some(format!(
                    "future object {}: callback {number} {problem}",
                    future.0
                ))
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tourbillon_host::EventState;

    const FUTURE: ObjectId = ObjectId(4);

    fn ended() -> Event<'static> {
        let (from, to) = (EventState::Pending, EventState::Success);
        Event::FutureState {
            future: FUTURE,
            from,
            to,
        }
    }

    fn registered(number: usize) -> Event<'static> {
        Event::CallbackRegistered {
            future: FUTURE,
            number,
        }
    }

    fn run(number: usize) -> Event<'static> {
        Event::CallbackRun {
            future: FUTURE,
            number,
        }
    }

    fn check(events: &[Event<'_>], expected: Option<&str>) {
        let mut oracle = CallbackOrder::default();
        let complaint = events.iter().find_map(|event| oracle.look(event));
        assert_eq!(complaint.as_deref(), expected);
    }

    #[test]
    fn in_order_once_and_not_before_the_end() {
        let (first, second) = (registered(0), registered(1));
        check(
            &[first.clone(), second.clone(), ended(), run(0), run(1)],
            None,
        );
        check(&[first.clone(), second.clone(), ended(), run(1)], None);
        check(
            &[first.clone(), second.clone(), ended(), run(1), run(0)],
            Some("future object 4: callback 0 ran again or out of order, after number 1"),
        );
        check(
            &[first.clone(), ended(), run(0), run(0)],
            Some("future object 4: callback 0 ran again or out of order, after number 0"),
        );
        check(
            &[first.clone(), run(0)],
            Some("future object 4: callback 0 ran before its future had ended"),
        );
        check(
            &[first.clone(), ended(), run(1)],
            Some("future object 4: callback 1 ran without having been registered"),
        );
        check(
            &[second],
            Some("future object 4: a callback was registered as number 1 after 0 others"),
        );
    }
}
