//! Virtual time of one simulated process: one clock, whose timers belong to its worlds.

use std::cell::RefCell;
use std::rc::{Rc, Weak};

use tourbillon_sim::run::Halt;
use tourbillon_sim::trace::{Event, What};
use tourbillon_sim::{Label, SharedRun};

use crate::world::World;

const ADVANCE: What = What::new("advance");

/// Timers carry the place of their world in the upper bits.
const WORLD_SHIFT: u32 = 48;
const NUMBER_MASK: u64 = (1 << WORLD_SHIFT) - 1;

/// What the sessions of a simulated process share: the run with its clock and choices.
pub(crate) struct Timeline {
    pub run: SharedRun,
    /// What stands for time among the candidates of a choice.
    pub label: Label,
    worlds: RefCell<Vec<Weak<World>>>,
}

impl Timeline {
    pub fn new(run: &SharedRun) -> Rc<Timeline> {
        let label = run.borrow_mut().labels.root("time");
        Rc::new(Timeline {
            run: run.clone(),
            label,
            worlds: RefCell::default(),
        })
    }

    /// Adds a world; gives its place.
    pub fn join(&self, world: &Weak<World>) -> u64 {
        let mut worlds = self.worlds.borrow_mut();
        // Places of worlds that are gone are given out again; the world that joins does not live yet.
        let free = worlds.iter().position(|place| place.strong_count() == 0);
        match free {
            Some(place) => worlds[place] = world.clone(),
            None => worlds.push(world.clone()),
        }
        free.unwrap_or(worlds.len() - 1) as u64
    }

    /// The key of a timer of the world at `place`.
    pub fn key(place: u64, number: u64) -> u64 {
        debug_assert!(number <= NUMBER_MASK);
        place << WORLD_SHIFT | number
    }

    /// When something is due next, in nanoseconds.
    pub fn next_due(&self) -> Option<u64> {
        self.run.borrow_mut().clock.next_due()
    }

    /// Moves time on and fires all that is due then, in order.
    pub fn advance_to(&self, due: u64) -> Result<(), Halt> {
        {
            let mut run = self.run.borrow_mut();
            run.advance_to(due)?;
            run.event(Event {
                what: ADVANCE,
                label: self.label,
                value: due,
            });
        }
        loop {
            let Some(due) = self.run.borrow_mut().clock.pop_due() else {
                return Ok(());
            };
            let place = (due.key >> WORLD_SHIFT) as usize;
            let world = self.worlds.borrow()[place].upgrade();
            if let Some(world) = world {
                world.fire(due.key & NUMBER_MASK);
            }
        }
    }
}
