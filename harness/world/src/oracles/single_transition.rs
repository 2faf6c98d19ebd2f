//! Oracle: a future becomes terminal once and stays so, and every transition starts where the one
//! before ended.

use rustc_hash::FxHashMap;
use tourbillon_host::{Event, EventState};
use tourbillon_value::ObjectId;

/// The last known state of each future that ever changed.
#[derive(Default)]
pub(crate) struct SingleTransition {
    // Only ever looked up.
    states: FxHashMap<ObjectId, EventState>,
}

impl SingleTransition {
    pub fn reset(&mut self) {
        self.states.clear();
    }

    pub fn look(&mut self, event: &Event<'_>) -> Option<String> {
        let Event::FutureState { future, from, to } = *event else {
            return None;
        };
        let before = self.states.insert(future, to).unwrap_or(from);
        let number = future.0;
        if is_terminal(before) {
            return Some(format!(
                "future object {number} went from {before:?} to {to:?}: a terminal state is final"
            ));
        }
        (before != from)
            .then(|| format!("future object {number} was {before:?}, but left {from:?} for {to:?}"))
    }
}

pub(super) fn is_terminal(state: EventState) -> bool {
    match state {
        EventState::Created | EventState::Pending => false,
        EventState::Success | EventState::Failure | EventState::Cancelled => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(changes: &[(u64, EventState, EventState)], expected: Option<&str>) {
        let mut oracle = SingleTransition::default();
        let complaints: Vec<String> = changes
            .iter()
            .filter_map(|&(number, from, to)| {
                let future = ObjectId(number);
                oracle.look(&Event::FutureState { future, from, to })
            })
            .collect();
        assert_eq!(complaints.first().map(String::as_str), expected);
    }

    #[test]
    fn one_way_into_one_terminal_state() {
        use EventState::{Cancelled, Created, Failure, Pending, Success};
        check(
            &[
                (1, Created, Pending),
                (2, Pending, Failure),
                (1, Pending, Success),
            ],
            None,
        );
        check(
            &[(1, Pending, Success), (1, Success, Cancelled)],
            Some("future object 1 went from Success to Cancelled: a terminal state is final"),
        );
        check(
            &[(1, Pending, Success), (1, Pending, Success)],
            Some("future object 1 went from Success to Success: a terminal state is final"),
        );
        check(
            &[(1, Created, Pending), (1, Created, Success)],
            Some("future object 1 was Pending, but left Created for Success"),
        );
    }
}
