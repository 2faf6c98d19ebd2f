//! The capacities of the embedded tier: how many tasks, futures and waiters there may be at once.
//!
//! What an instruction needs is looked for before it does anything, so that it gets all of it or nothing.
//! What takes a place holds it, and gives it back when it goes. Callbacks and cleanup code have slots of
//! their own: what they make and wait for is not counted, and so they always get on.

use crate::errors;
use crate::future::{Future, FutureState};
use crate::interpreter::Interpreter;
use crate::machine::{Machine, Tier};
use crate::wait::JoinKind;
use std::cell::Cell;
use std::rc::Rc;
use tourbillon_executor::{Capacities, CapacityExceeded, Resource};
use tourbillon_host::{Access, Entangled, Object, TaskId, Watch};
use tourbillon_value::Result;

/// The counts of a session of the embedded tier; there are none on the dynamic tier.
pub(crate) struct Capacity {
    tasks: Rc<Counter>,
    futures: Rc<Counter>,
    waiters: Rc<Counter>,
    /// What was refused first.
    refused: Cell<Option<CapacityExceeded>>,
}

/// How many of one kind there are.
pub(crate) struct Counter {
    resource: Resource,
    limit: usize,
    live: Cell<usize>,
    watch: Watch,
}

/// One of the counted; it is free again when this is dropped.
pub(crate) struct Place(Rc<Counter>);

/// What an instruction is about to make.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Need {
    pub tasks: usize,
    /// Started operations, each of which is a future as well.
    pub operations: usize,
    pub futures: usize,
    pub waiters: usize,
}

impl Need {
    /// One more future.
    pub(crate) const FUTURE: Need = Need {
        tasks: 0,
        operations: 0,
        futures: 1,
        waiters: 0,
    };
    /// One more started operation.
    pub(crate) const OPERATION: Need = Need {
        tasks: 0,
        operations: 1,
        futures: 0,
        waiters: 0,
    };
}

/// That there is room, and whether what is made takes a place.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Room {
    counts: bool,
}

impl Capacity {
    /// The counts of a new session.
    pub(crate) fn of_tier(tier: Tier, watch: &Watch) -> Option<Capacity> {
        let limits = match tier {
            Tier::Dynamic => return None,
            Tier::Embedded => Capacities::EMBEDDED,
        };
        let counter = |resource, limit| {
            Rc::new(Counter {
                resource,
                limit,
                live: Cell::new(0),
                watch: watch.clone(),
            })
        };
        Some(Capacity {
            tasks: counter(Resource::Tasks, limits.tasks),
            futures: counter(Resource::Futures, limits.futures),
            waiters: counter(Resource::Wakers, limits.wakers),
            refused: Cell::new(None),
        })
    }

    fn counter(&self, resource: Resource) -> &Rc<Counter> {
        match resource {
            Resource::Tasks => &self.tasks,
            Resource::Futures => &self.futures,
            Resource::Wakers => &self.waiters,
        }
    }

    /// The place of a task.
    pub(crate) fn task(&self) -> Place {
        self.tasks.enter()
    }

    /// Forgets what was refused: the session is as good as new.
    pub(crate) fn reset(&self) {
        self.refused.set(None);
    }
}

impl Counter {
    /// Takes a place, also one beyond the limit: who has no choice is let in.
    pub(crate) fn enter(self: &Rc<Self>) -> Place {
        self.live.set(self.live.get() + 1);
        self.touch(Access::Add);
        Place(self.clone())
    }

    fn has_room_for(&self, more: usize) -> bool {
        more == 0 || self.live.get() + more <= self.limit
    }

    /// Places are taken in any order, and given back in any order, but what is taken after another was
    /// given back may have needed it; and where one is refused, any other order may refuse another.
    fn touch(&self, access: Access) {
        self.watch.access(Object::Capacity(self.resource), access);
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.live.set(self.0.live.get() - 1);
        self.0.touch(Access::Read);
    }
}

impl Room {
    /// The place of a future that is made now.
    pub(crate) fn holds(self, machine: &Machine, future: &Future) {
        if let Some(place) = self.place(machine, Resource::Futures) {
            future.get().core.borrow_mut().place = Some(place);
        }
    }

    /// A place, where places are counted.
    pub(crate) fn place(self, machine: &Machine, resource: Resource) -> Option<Place> {
        self.counter(machine, resource).map(Counter::enter)
    }

    /// The count of the waiters that are registered now, where they are counted.
    pub(crate) fn counter(self, machine: &Machine, resource: Resource) -> Option<&Rc<Counter>> {
        let capacity = machine.capacity.as_ref().filter(|_| self.counts);
        capacity.map(|capacity| capacity.counter(resource))
    }
}

impl Machine {
    /// What was refused first for want of room since the session was made or reset.
    pub fn first_refusal(&self) -> Option<CapacityExceeded> {
        self.capacity
            .as_ref()
            .and_then(|capacity| capacity.refused.get())
    }

    /// Whether the running task has slots of its own.
    pub(crate) fn is_in_reserve(&self) -> bool {
        let current = self.current.borrow();
        current
            .as_ref()
            .is_some_and(|record| record.is_reserved.get())
    }

    /// Room for all that is needed, or an error and nothing has changed.
    pub(crate) fn make_room(&self, need: Need, is_reserved: bool) -> Result<Room> {
        let Some(capacity) = self.capacity.as_ref().filter(|_| !is_reserved) else {
            return Ok(Room { counts: false });
        };
        // Whoever waits for everything waits for each of these as well.
        let joined = (need.tasks + need.operations) * self.waiting_for_everything();
        let wanted = [
            (Resource::Tasks, need.tasks),
            (Resource::Futures, need.futures + need.operations),
            (Resource::Wakers, need.waiters + joined),
        ];
        for (resource, more) in wanted {
            let counter = capacity.counter(resource);
            if counter.has_room_for(more) {
                continue;
            }
            if resource == Resource::Futures && self.registry.collect() > 0 {
                // Futures that only cycles kept alive are none.
                self.watch.entangle(Entangled::Collection);
                if counter.has_room_for(more) {
                    continue;
                }
            }
            counter.touch(Access::Write);
            let exceeded = CapacityExceeded {
                resource,
                capacity: counter.limit,
            };
            if capacity.refused.get().is_none() {
                capacity.refused.set(Some(exceeded));
            }
            return Err(errors::capacity_exceeded(exceeded));
        }
        Ok(Room { counts: true })
    }
}

impl Interpreter {
    /// Room for all that the running code needs.
    pub(crate) fn room(&self, need: impl FnOnce() -> Need) -> Result<Room> {
        if self.machine.capacity.is_none() {
            return Ok(Room { counts: false });
        }
        let is_reserved = self.record.is_reserved.get() || self.is_in_cleanup();
        self.machine.make_room(need(), is_reserved)
    }
}

/// What a wait for futures needs, whose created members it starts as tasks.
pub(crate) fn need_of_join(kind: JoinKind, members: &[Future], task: TaskId) -> Need {
    let states: Vec<(bool, FutureState)> = members
        .iter()
        .map(|member| (member.is_settled_for(task), member.state()))
        .collect();
    let decides = |state: FutureState| match kind {
        JoinKind::Race => true,
        JoinKind::Any => state == FutureState::Success,
        JoinKind::All => state != FutureState::Success,
        JoinKind::Await | JoinKind::Everything => false,
    };
    let is_decided = states
        .iter()
        .any(|(is_settled, state)| *is_settled && decides(*state));
    let waiting = states.iter().filter(|(is_settled, _)| !is_settled).count();
    Need {
        tasks: match kind {
            JoinKind::Await => 0,
            JoinKind::All | JoinKind::Any | JoinKind::Race | JoinKind::Everything => {
                count_created(members)
            }
        },
        waiters: if is_decided { 0 } else { waiting },
        ..Need::default()
    }
}

/// How many different ones of them have not been started.
pub(crate) fn count_created(members: &[Future]) -> usize {
    let created = members
        .iter()
        .filter(|member| member.state() == FutureState::Created);
    let mut ids: Vec<_> = created.map(Future::id).collect();
    ids.sort_unstable();
    ids.dedup();
    ids.len()
}
