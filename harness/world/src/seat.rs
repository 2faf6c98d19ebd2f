//! The policy of a session that shares its process with others: it says what is ready, gives way, and
//! does what it is told.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use tourbillon_host::{Decision, Policy, ReadyTasks, TaskId};
use tourbillon_sim::{Candidate, Label};

use crate::observer::WorldObserver;
use crate::policy::is_cancel_due;
use crate::world::World;

/// Where a session sits that others decide for.
pub(crate) struct Seat {
    pub world: Rc<World>,
    pub observer: Rc<WorldObserver>,
    /// What was ready when it gave way.
    pub ready: RefCell<Vec<(Candidate, TaskId)>>,
    /// What it is to do next.
    pub order: Cell<Option<Decision>>,
}

impl Seat {
    pub fn new(world: &Rc<World>, observer: &Rc<WorldObserver>) -> Rc<Seat> {
        Rc::new(Seat {
            world: world.clone(),
            observer: observer.clone(),
            ready: RefCell::default(),
            order: Cell::new(None),
        })
    }
}

impl Policy for Seat {
    fn next(&self, ready: ReadyTasks<'_>) -> Decision {
        if let Some(order) = self.order.take() {
            return order;
        }
        if is_cancel_due(&self.world, &self.observer) {
            self.world.strike();
            return Decision::Again;
        }
        let mut reported = self.ready.borrow_mut();
        reported.clear();
        reported.extend(ready.iter().map(|task| {
            let label = Label(task.label.hash());
            (Candidate::run(label), task.id)
        }));
        Decision::Return
    }
}
