//! The task table and the ready queues: the part that both tiers share.

use crate::capacity::{CapacityExceeded, Resource};
use crate::priority::Priority;
use crate::ready::{ReadyQueue, ReadyTask};
use crate::storage::{Storage, Table};

/// Number of a task; the slot is reused, the generation is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TaskId {
    /// Place in the task table.
    pub slot: u32,
    /// How often that place was given out before.
    pub generation: u32,
}

/// A queue of ready tasks in some storage.
pub(crate) type QueueIn<L, S> = ReadyQueue<L, <S as Storage>::Queue<Option<ReadyTask<L>>>>;

/// Tasks with a label each, and the queues of those that are ready. Every operation takes the same time
/// however many there are, but for a look at a queue, and for a task that is taken from the middle of a
/// queue by its place and not by its number.
pub struct Tasks<L, F, S: Storage> {
    slots: S::Table<Slot<L, F>>,
    /// The first of the free slots, each of which names the next.
    free: u32,
    ready: [QueueIn<L, S>; Priority::ALL.len()],
    /// One bit for each class that has a ready task, bit 0 for the most urgent.
    ready_classes: u8,
    live: usize,
    peak: usize,
    /// The generation that a new slot begins with: above all of the slots that were forgotten.
    first_generation: u32,
}

/// The end of the list of free slots.
const NONE: u32 = u32::MAX;
/// The ticket of a task that is not ready.
const NOT_READY: u64 = u64::MAX;
/// So many slots are kept when no task is left.
const KEPT_SLOTS: usize = 1024;

struct Slot<L, F> {
    generation: u32,
    /// Its place in the ready queue; of a free slot the next free one.
    ticket: u64,
    priority: Priority,
    label: Option<L>,
    future: Option<F>,
}

impl<L, F> Slot<L, F> {
    /// Of a free slot.
    fn next_free(&self) -> u32 {
        self.ticket as u32
    }
}

impl<L: Clone, F, S: Storage> Default for Tasks<L, F, S> {
    fn default() -> Self {
        Tasks {
            slots: S::Table::default(),
            free: NONE,
            ready: Default::default(),
            ready_classes: 0,
            live: 0,
            peak: 0,
            first_generation: 0,
        }
    }
}

impl<L: Clone, F, S: Storage> Tasks<L, F, S> {
    /// Makes a task without a future; it is not ready yet. Give it its future with [`Tasks::put_back`].
    ///
    /// # Errors
    /// When every slot is taken; nothing has changed then.
    pub fn insert(&mut self, label: L, priority: Priority) -> Result<TaskId, CapacityExceeded> {
        let id = if self.free == NONE {
            let slot = self.slots.len() as u32;
            let generation = self.first_generation;
            let new = Slot {
                generation,
                ticket: NOT_READY,
                priority,
                label: Some(label),
                future: None,
            };
            if self.slots.push(new).is_err() {
                return Err(CapacityExceeded {
                    resource: Resource::Tasks,
                    capacity: self.slots.capacity(),
                });
            }
            TaskId { slot, generation }
        } else {
            let slot = self.free;
            let vacant = self.slot_mut(slot);
            let generation = vacant.generation;
            let next = vacant.next_free();
            vacant.ticket = NOT_READY;
            vacant.label = Some(label);
            vacant.priority = priority;
            self.free = next;
            TaskId { slot, generation }
        };
        self.live += 1;
        self.peak = self.peak.max(self.live);
        Ok(id)
    }

    /// Whether the task is there.
    pub fn contains(&self, id: TaskId) -> bool {
        self.find(id).is_some()
    }

    /// Puts a task into the ready queue of its class; nothing happens when it is there already or when
    /// the task is gone (a stale wake is harmless). Says whether it was put.
    pub fn make_ready(&mut self, id: TaskId) -> bool {
        let Some(slot) = self.find(id) else {
            return false;
        };
        if slot.ticket != NOT_READY {
            return false;
        }
        let class = slot.priority.index();
        let label = slot.label.clone().expect("a live task has a label");
        self.make_dense(class);
        let ticket = self.ready[class].push(ReadyTask { id, label });
        self.slot_mut(id.slot).ticket = ticket;
        self.ready_classes |= 1 << class;
        true
    }

    fn make_dense(&mut self, class: usize) {
        if !self.ready[class].is_crowded() {
            return;
        }
        let slots = &mut self.slots;
        self.ready[class].close_gaps(|id, ticket| {
            slots
                .get_mut(id.slot as usize)
                .expect("a ready task has a slot")
                .ticket = ticket;
        });
    }

    /// Takes the queue of the highest class that has a ready task out, so that a policy can look at
    /// it while nothing of the table is borrowed; give it back with [`Tasks::give_queue`].
    pub fn take_queue(&mut self) -> (usize, QueueIn<L, S>) {
        let class = (self.ready_classes.trailing_zeros() as usize).min(Priority::ALL.len() - 1);
        (class, core::mem::take(&mut self.ready[class]))
    }

    /// Gives a queue back that [`Tasks::take_queue`] took.
    pub fn give_queue(&mut self, (class, queue): (usize, QueueIn<L, S>)) {
        debug_assert!(self.ready[class].is_empty());
        self.ready[class] = queue;
    }

    /// Whether any task is ready.
    pub fn has_ready(&self) -> bool {
        self.ready_classes != 0
    }

    /// Takes the ready task at a place of the highest class's queue.
    pub fn take_ready(&mut self, at: usize) -> Option<TaskId> {
        if !self.has_ready() {
            return None;
        }
        let class = self.ready_classes.trailing_zeros() as usize;
        let task = self.ready[class].take_nth(at)?;
        if self.ready[class].is_empty() {
            self.ready_classes &= !(1 << class);
        }
        self.slot_mut(task.id.slot).ticket = NOT_READY;
        Some(task.id)
    }

    /// Takes a task's future for a poll; `None` for a task that is gone or being polled.
    pub fn take_future(&mut self, id: TaskId) -> Option<F> {
        self.find_mut(id)?.future.take()
    }

    /// Gives a task its future, at first or after a poll.
    pub fn put_back(&mut self, id: TaskId, future: F) {
        let slot = self.find_mut(id);
        slot.expect("a task that is gone gets no future").future = Some(future);
    }

    /// The label of a task.
    pub fn label(&self, id: TaskId) -> Option<&L> {
        self.find(id)?.label.as_ref()
    }

    /// Removes a task. Its place is given out again, its number is not. Gives its future, to be dropped
    /// with nothing borrowed.
    pub fn remove(&mut self, id: TaskId) -> Option<F> {
        let free = self.free;
        let slot = self.find_mut(id)?;
        let future = slot.future.take();
        let (ticket, class) = (slot.ticket, slot.priority.index());
        slot.generation = slot.generation.wrapping_add(1);
        slot.label = None;
        slot.ticket = u64::from(free);
        if ticket != NOT_READY {
            let queue = &mut self.ready[class];
            let taken = queue.take(ticket);
            debug_assert!(taken.is_some_and(|task| task.id == id));
            if queue.is_empty() {
                self.ready_classes &= !(1 << class);
            }
        }
        self.free = id.slot;
        self.live -= 1;
        if self.live == 0 && self.slots.len() > KEPT_SLOTS {
            self.forget_slots();
        }
        future
    }

    /// Gives the memory of a great number of tasks back. Those that come later have other numbers still.
    fn forget_slots(&mut self) {
        let newest = (0..self.slots.len())
            .filter_map(|at| self.slots.get(at))
            .map(|slot| slot.generation)
            .max();
        self.first_generation = newest.map_or(0, |newest| newest.wrapping_add(1));
        self.slots.clear();
        self.free = NONE;
    }

    /// The task that has a slot now.
    pub fn at(&self, slot: u32) -> Option<TaskId> {
        let generation = self.slots.get(slot as usize)?.generation;
        let id = TaskId { slot, generation };
        self.contains(id).then_some(id)
    }

    /// Number of slots, free ones included.
    pub fn slots(&self) -> usize {
        self.slots.len()
    }

    /// Forgets everything but the capacity: afterwards the table gives the same numbers as a new one.
    ///
    /// # Panics
    /// When a task is left.
    pub fn reset(&mut self) {
        assert_eq!(self.live, 0, "tasks are forgotten when none is left");
        self.peak = 0;
        self.first_generation = 0;
        // Numbers are given out from the lowest slot up.
        self.free = NONE;
        for slot in (0..self.slots.len() as u32).rev() {
            let next = self.free;
            let vacant = self.slot_mut(slot);
            vacant.generation = 0;
            vacant.ticket = u64::from(next);
            self.free = slot;
        }
    }

    /// Number of tasks.
    pub fn live(&self) -> usize {
        self.live
    }

    /// The largest number of tasks that were there at once.
    pub fn peak(&self) -> usize {
        self.peak
    }

    fn find(&self, id: TaskId) -> Option<&Slot<L, F>> {
        self.slots
            .get(id.slot as usize)
            .filter(|slot| slot.generation == id.generation && slot.label.is_some())
    }

    fn find_mut(&mut self, id: TaskId) -> Option<&mut Slot<L, F>> {
        self.slots
            .get_mut(id.slot as usize)
            .filter(|slot| slot.generation == id.generation && slot.label.is_some())
    }

    fn slot_mut(&mut self, slot: u32) -> &mut Slot<L, F> {
        self.slots
            .get_mut(slot as usize)
            .expect("the slot is in the table")
    }
}
