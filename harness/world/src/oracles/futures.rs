//! What the events say of each future: its state, the task that runs its body, and whose child it is.

use tourbillon_host::{Event, EventState, TaskId};
use tourbillon_value::ObjectId;

/// Every future of which an event spoke.
#[derive(Default)]
pub(super) struct Futures {
    /// By the numbers of the objects, which count up from 1 in every run. Kept from run to run for
    /// their capacity.
    known: Vec<Known>,
    /// How many of them this run has used.
    used: usize,
}

#[derive(Default)]
struct Known {
    state: Option<EventState>,
    body_task: Option<TaskId>,
    parent: Option<ObjectId>,
    /// All that were ever its children.
    adopted: Vec<ObjectId>,
}

impl Futures {
    pub fn reset(&mut self) {
        for known in &mut self.known[..self.used] {
            known.state = None;
            known.body_task = None;
            known.parent = None;
            known.adopted.clear();
        }
        self.used = 0;
    }

    fn known(&self, future: ObjectId) -> Option<&Known> {
        self.known.get(future.0 as usize)
    }

    fn known_mut(&mut self, future: ObjectId) -> &mut Known {
        let place = future.0 as usize;
        if place >= self.known.len() {
            self.known.resize_with(place + 1, Known::default);
        }
        self.used = self.used.max(place + 1);
        &mut self.known[place]
    }

    /// Takes note of an event. Oracles look at it before, and see what was true until then.
    pub fn note(&mut self, event: &Event<'_>) {
        match *event {
            Event::FutureState { future, to, .. } => {
                self.known_mut(future).state = Some(to);
            }
            Event::BodyRuns { future, task } => {
                self.known_mut(future).body_task = Some(task);
            }
            Event::FutureAdopted { future, parent } => {
                self.known_mut(future).parent = parent;
                if let Some(parent) = parent {
                    self.known_mut(parent).adopted.push(future);
                }
            }
            _ => {}
        }
    }

    /// The state, once an event has told it.
    pub fn state(&self, future: ObjectId) -> Option<EventState> {
        self.known(future)?.state
    }

    /// Whether it is known to have ended.
    pub fn is_terminal(&self, future: ObjectId) -> bool {
        self.state(future).is_some_and(is_terminal)
    }

    /// The task that runs its body, or ran it last.
    pub fn body_task(&self, future: ObjectId) -> Option<TaskId> {
        self.known(future)?.body_task
    }

    /// A child of its body that has not ended.
    pub fn live_child(&self, future: ObjectId) -> Option<ObjectId> {
        self.live_children(future).next()
    }

    /// All of them.
    pub fn live_children(&self, future: ObjectId) -> impl Iterator<Item = ObjectId> {
        let is_live_child = move |child: &ObjectId| {
            let known = self.known(*child);
            known.is_some_and(|known| {
                known.parent == Some(future) && !known.state.is_some_and(is_terminal)
            })
        };
        let adopted = self.known(future).into_iter();
        let adopted = adopted.flat_map(|known| known.adopted.iter().copied());
        adopted.filter(is_live_child)
    }
}

/// Whether a future stays in that state.
pub(super) fn is_terminal(state: EventState) -> bool {
    match state {
        EventState::Created | EventState::Pending => false,
        EventState::Success | EventState::Failure | EventState::Cancelled => true,
    }
}

/// The state as programs read it.
pub(super) fn state_name(state: EventState) -> &'static str {
    match state {
        EventState::Created => "created",
        EventState::Pending => "pending",
        EventState::Success => "success",
        EventState::Failure => "failure",
        EventState::Cancelled => "cancelled",
    }
}

#[cfg(test)]
pub(super) mod testing {
    //! Events of futures for the tests of the oracles.

    use super::*;

    /// The future with that number leaves `'pending'`.
    pub fn ends(number: u64, to: EventState) -> Event<'static> {
        changes(number, EventState::Pending, to)
    }

    /// The future with that number changes its state.
    pub fn changes(number: u64, from: EventState, to: EventState) -> Event<'static> {
        let future = ObjectId(number);
        Event::FutureState { future, from, to }
    }

    /// The body of the future with that number runs in the task in a slot.
    pub fn runs(number: u64, slot: u32) -> Event<'static> {
        Event::BodyRuns {
            future: ObjectId(number),
            task: super::super::tasks::testing::id(slot),
        }
    }

    /// The body of the second future has the first one.
    pub fn adopted(number: u64, parent: Option<u64>) -> Event<'static> {
        Event::FutureAdopted {
            future: ObjectId(number),
            parent: parent.map(ObjectId),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::testing::{adopted, changes, ends, runs};
    use super::*;
    use EventState::{Created, Pending, Success};

    #[test]
    fn a_child_is_one_until_it_ends_or_goes_to_another() {
        let mut futures = Futures::default();
        let parent = ObjectId(1);
        for event in [changes(1, Created, Pending), runs(1, 0)] {
            futures.note(&event);
        }
        assert_eq!(futures.live_child(parent), None);
        futures.note(&adopted(2, Some(1)));
        futures.note(&adopted(3, Some(1)));
        assert_eq!(futures.live_child(parent), Some(ObjectId(2)));
        futures.note(&ends(2, Success));
        assert_eq!(futures.live_child(parent), Some(ObjectId(3)));
        futures.note(&adopted(3, None));
        assert_eq!(futures.live_child(parent), None);
        assert!(futures.is_terminal(ObjectId(2)) && !futures.is_terminal(parent));
        assert!(futures.body_task(parent).is_some() && futures.body_task(ObjectId(2)).is_none());
    }
}
