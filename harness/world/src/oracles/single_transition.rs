//! Oracle: a future becomes terminal once and stays so, and every transition starts where the one
//! before ended.

use tourbillon_host::Event;

use super::futures::{Futures, is_terminal, state_name};

/// Looks at an event, before it is noted in the table of futures.
pub(super) fn look(event: &Event<'_>, futures: &Futures) -> Option<String> {
    let Event::FutureState { future, from, to } = *event else {
        return None;
    };
    let before = futures.state(future).unwrap_or(from);
    let names = (state_name(before), state_name(from), state_name(to));
    let (number, (before_name, from_name, to_name)) = (future.0, names);
    if is_terminal(before) {
        return Some(format!(
            "future object {number} went from {before_name} to {to_name}: a terminal state is final"
        ));
    }
    (before != from).then(|| {
        format!("future object {number} was {before_name}, but left {from_name} for {to_name}")
    })
}

#[cfg(test)]
mod tests {
    use super::super::futures::testing::changes;
    use super::*;
    use tourbillon_host::EventState::{self, Cancelled, Created, Failure, Pending, Success};

    fn check(all: &[(u64, EventState, EventState)], expected: Option<&str>) {
        let mut futures = Futures::default();
        let complaint = all.iter().find_map(|&(number, from, to)| {
            let event = changes(number, from, to);
            let complaint = look(&event, &futures);
            futures.note(&event);
            complaint
        });
        assert_eq!(complaint.as_deref(), expected);
    }

    #[test]
    fn one_way_into_one_terminal_state() {
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
            Some("future object 1 went from success to cancelled: a terminal state is final"),
        );
        check(
            &[(1, Pending, Success), (1, Pending, Success)],
            Some("future object 1 went from success to success: a terminal state is final"),
        );
        check(
            &[(1, Created, Pending), (1, Created, Success)],
            Some("future object 1 was pending, but left created for success"),
        );
    }
}
