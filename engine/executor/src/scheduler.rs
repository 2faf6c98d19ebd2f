//! The task table and the ready queues of one session.

use crate::wake::{Inbox, WakeSlot};
use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::Waker;
use tourbillon_host::{Priority, ReadyTask, TaskId, TaskLabel};

/// A task's future.
pub type LocalFuture = Pin<Box<dyn Future<Output = ()>>>;

/// All tasks of a session. Every operation is O(1), but taking a task from the middle of a ready
/// queue, which only a policy other than FIFO does.
pub struct Scheduler {
    slots: Vec<Slot>,
    free: Vec<u32>,
    ready: [VecDeque<ReadyTask>; Priority::ALL.len()],
    /// One bit for each class that has a ready task, bit 0 for the most urgent.
    ready_classes: u8,
    live: usize,
    peak: usize,
    inbox: Arc<Inbox<Target>>,
}

/// What a wake is meant for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// A task is to be polled.
    Task(TaskId),
    /// An operation that no task waits for by itself is to be looked at; its number.
    Operation(u64),
}

struct Slot {
    generation: u32,
    is_ready: bool,
    priority: Priority,
    label: Option<Rc<TaskLabel>>,
    future: Option<LocalFuture>,
    wake: Arc<WakeSlot<Target>>,
    waker: Waker,
}

impl Default for Scheduler {
    fn default() -> Scheduler {
        Scheduler::new()
    }
}

impl Scheduler {
    /// No tasks.
    pub fn new() -> Scheduler {
        Scheduler {
            slots: Vec::new(),
            free: Vec::new(),
            ready: Default::default(),
            ready_classes: 0,
            live: 0,
            peak: 0,
            inbox: Inbox::new(),
        }
    }

    /// Where this scheduler's wakers report.
    pub fn inbox(&self) -> &Arc<Inbox<Target>> {
        &self.inbox
    }

    /// Makes a task without a future; it is not ready yet. Give it its future with
    /// [`Scheduler::put_back`].
    pub fn insert(&mut self, label: Rc<TaskLabel>, priority: Priority) -> TaskId {
        self.live += 1;
        self.peak = self.peak.max(self.live);
        match self.free.pop() {
            Some(slot) => {
                let vacant = &mut self.slots[slot as usize];
                let id = TaskId {
                    slot,
                    generation: vacant.generation,
                };
                // The old waker may still be held somewhere; waking it must not wake the new task.
                vacant.renew(id, &self.inbox);
                vacant.label = Some(label);
                vacant.priority = priority;
                id
            }
            None => {
                let slot = u32::try_from(self.slots.len()).expect("fewer than 2^32 tasks");
                let id = TaskId {
                    slot,
                    generation: 0,
                };
                let wake = WakeSlot::new(Target::Task(id), &self.inbox);
                let waker = Waker::from(wake.clone());
                self.slots.push(Slot {
                    generation: 0,
                    is_ready: false,
                    priority,
                    label: Some(label),
                    future: None,
                    wake,
                    waker,
                });
                id
            }
        }
    }

    /// Whether the task is there.
    pub fn contains(&self, id: TaskId) -> bool {
        self.slots
            .get(id.slot as usize)
            .is_some_and(|slot| slot.generation == id.generation && slot.label.is_some())
    }

    /// Puts a task into the ready queue of its class; nothing happens when it is there already or when
    /// the task is gone (a stale wake is harmless). Says whether it was put.
    pub fn make_ready(&mut self, id: TaskId) -> bool {
        if !self.contains(id) {
            return false;
        }
        let slot = &mut self.slots[id.slot as usize];
        if slot.is_ready {
            return false;
        }
        slot.is_ready = true;
        let label = slot.label.clone().expect("a live task has a label");
        let class = slot.priority.index();
        self.ready[class].push_back(ReadyTask { id, label });
        self.ready_classes |= 1 << class;
        true
    }

    /// Says that a woken task was taken out of the inbox and makes it ready; says whether it was not.
    pub fn woken(&mut self, id: TaskId) -> bool {
        if !self.contains(id) {
            return false;
        }
        self.slots[id.slot as usize].wake.taken();
        self.make_ready(id)
    }

    /// Takes the queue of the highest class that has a ready task out, so that a policy can look at
    /// it while nothing of the scheduler is borrowed; give it back with [`Scheduler::give_queue`].
    pub fn take_queue(&mut self) -> (usize, VecDeque<ReadyTask>) {
        let class = (self.ready_classes.trailing_zeros() as usize).min(Priority::ALL.len() - 1);
        (class, std::mem::take(&mut self.ready[class]))
    }

    /// Gives a queue back that [`Scheduler::take_queue`] took.
    pub fn give_queue(&mut self, (class, queue): (usize, VecDeque<ReadyTask>)) {
        debug_assert!(self.ready[class].is_empty());
        self.ready[class] = queue;
    }

    /// Whether any task is ready.
    pub fn has_ready(&self) -> bool {
        self.ready_classes != 0
    }

    /// Takes the ready task at a place of the highest class's queue.
    ///
    /// # Panics
    /// When there is none: the policy named a task that it was not shown.
    pub fn take_ready(&mut self, at: usize) -> TaskId {
        let class = self.ready_classes.trailing_zeros() as usize;
        let queue = &mut self.ready[class];
        let task = if at == 0 {
            queue.pop_front()
        } else {
            queue.remove(at)
        };
        let task = task.expect("a policy names a task that it was shown");
        if queue.is_empty() {
            self.ready_classes &= !(1 << class);
        }
        self.slots[task.id.slot as usize].is_ready = false;
        task.id
    }

    /// Takes a task's future and waker for a poll; `None` for a task that is gone or being polled.
    pub fn take_future(&mut self, id: TaskId) -> Option<(LocalFuture, Waker)> {
        if !self.contains(id) {
            return None;
        }
        let slot = &mut self.slots[id.slot as usize];
        slot.future
            .take()
            .map(|future| (future, slot.waker.clone()))
    }

    /// Gives a task its future, at first or after a poll.
    pub fn put_back(&mut self, id: TaskId, future: LocalFuture) {
        debug_assert!(self.contains(id));
        self.slots[id.slot as usize].future = Some(future);
    }

    /// The label of a task.
    pub fn label(&self, id: TaskId) -> Option<&Rc<TaskLabel>> {
        if self.contains(id) {
            self.slots[id.slot as usize].label.as_ref()
        } else {
            None
        }
    }

    /// Removes a task. Its place is given out again, its number is not.
    pub fn remove(&mut self, id: TaskId) {
        if !self.contains(id) {
            return;
        }
        let slot = &mut self.slots[id.slot as usize];
        slot.generation = slot.generation.wrapping_add(1);
        slot.label = None;
        slot.future = None;
        if slot.is_ready {
            slot.is_ready = false;
            let class = slot.priority.index();
            // From both ends: those who remove many do so in order, one way or the other.
            let queue = &mut self.ready[class];
            let place = (0..queue.len().div_ceil(2))
                .flat_map(|at| [at, queue.len() - 1 - at])
                .find(|at| queue[*at].id == id);
            if let Some(at) = place {
                queue.remove(at);
            }
            if queue.is_empty() {
                self.ready_classes &= !(1 << class);
            }
        }
        self.free.push(id.slot);
        self.live -= 1;
    }

    /// Takes every future out, in slot order, and removes the tasks: whoever calls drops the futures
    /// with nothing borrowed.
    pub fn take_all(&mut self) -> Vec<LocalFuture> {
        let mut futures = Vec::new();
        for slot in 0..self.slots.len() as u32 {
            let id = TaskId {
                slot,
                generation: self.slots[slot as usize].generation,
            };
            if self.contains(id) {
                futures.extend(self.slots[slot as usize].future.take());
                self.remove(id);
            }
        }
        self.inbox.clear();
        futures
    }

    /// Forgets everything but the capacity: afterwards the scheduler gives the same numbers as a new
    /// one.
    ///
    /// # Panics
    /// When a task is left.
    pub fn reset(&mut self) {
        assert_eq!(self.live, 0, "a scheduler is reset when its tasks are gone");
        self.inbox.clear();
        self.free.clear();
        self.peak = 0;
        for (at, slot) in self.slots.iter_mut().enumerate() {
            slot.generation = 0;
            slot.renew(
                TaskId {
                    slot: at as u32,
                    generation: 0,
                },
                &self.inbox,
            );
        }
        // Numbers are given out from the lowest slot up.
        self.free.extend((0..self.slots.len() as u32).rev());
    }

    /// Number of tasks.
    pub fn live(&self) -> usize {
        self.live
    }

    /// The largest number of tasks that were there at once.
    pub fn peak(&self) -> usize {
        self.peak
    }

    /// Number of wakers that somebody else still holds.
    pub fn foreign_wakers(&self) -> usize {
        self.slots
            .iter()
            .map(|slot| Arc::strong_count(&slot.wake) - 2)
            .sum()
    }
}

impl Slot {
    fn renew(&mut self, id: TaskId, inbox: &Arc<Inbox<Target>>) {
        // Two counts are ours: the slot's and its waker's. Nobody else means nobody can wake late.
        if Arc::strong_count(&self.wake) == 2 && self.wake.target() == Target::Task(id) {
            self.wake.taken();
            return;
        }
        self.wake = WakeSlot::new(Target::Task(id), inbox);
        self.waker = Waker::from(self.wake.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::task::{Context, Poll};

    fn scheduler_with(names: &[(&str, Priority)]) -> (Scheduler, Vec<TaskId>) {
        let mut scheduler = Scheduler::new();
        let root = TaskLabel::root("main");
        let ids = names
            .iter()
            .map(|(name, priority)| {
                scheduler.insert(TaskLabel::child(&root, (*name).into(), 1), *priority)
            })
            .collect();
        (scheduler, ids)
    }

    /// Takes in what was woken and says how many tasks became ready.
    fn collect(scheduler: &mut Scheduler) -> usize {
        let mut woken = Vec::new();
        scheduler.inbox().clone().drain(&mut woken);
        let ready = woken.iter().filter(|target| match target {
            Target::Task(id) => scheduler.woken(*id),
            Target::Operation(_) => false,
        });
        ready.count()
    }

    #[test]
    fn the_most_urgent_class_goes_first_and_is_first_come_first_served() {
        let (mut scheduler, ids) = scheduler_with(&[
            ("a", Priority::Idle),
            ("b", Priority::Normal),
            ("c", Priority::Normal),
            ("d", Priority::Critical),
        ]);
        for id in &ids {
            assert!(scheduler.make_ready(*id));
            assert!(!scheduler.make_ready(*id));
        }
        let order: Vec<TaskId> = (0..4).map(|_| scheduler.take_ready(0)).collect();
        assert_eq!(order, [ids[3], ids[1], ids[2], ids[0]]);
        assert!(!scheduler.has_ready());
    }

    #[test]
    fn a_stale_waker_wakes_nobody() {
        let (mut scheduler, ids) = scheduler_with(&[("a", Priority::Normal)]);
        scheduler.put_back(ids[0], Box::pin(std::future::pending()));
        let (mut future, waker) = scheduler.take_future(ids[0]).expect("it is there");
        assert_eq!(
            future.as_mut().poll(&mut Context::from_waker(&waker)),
            Poll::Pending
        );
        scheduler.remove(ids[0]);
        let again = scheduler.insert(TaskLabel::root("other"), Priority::Normal);
        assert_eq!(again.slot, ids[0].slot);
        waker.wake_by_ref();
        assert_eq!(collect(&mut scheduler), 0);
        assert!(!scheduler.has_ready());
        assert_eq!(scheduler.live(), 1);
    }

    #[test]
    fn a_wake_counts_once_until_it_is_taken() {
        let (mut scheduler, ids) = scheduler_with(&[("a", Priority::Normal)]);
        scheduler.put_back(ids[0], Box::pin(std::future::pending()));
        let (future, waker) = scheduler.take_future(ids[0]).expect("it is there");
        scheduler.put_back(ids[0], future);
        waker.wake_by_ref();
        waker.wake_by_ref();
        assert_eq!(collect(&mut scheduler), 1);
        assert_eq!(scheduler.take_ready(0), ids[0]);
        waker.wake();
        assert_eq!(collect(&mut scheduler), 1);
    }

    #[test]
    fn a_reset_scheduler_gives_the_numbers_of_a_new_one() {
        let (mut scheduler, ids) =
            scheduler_with(&[("a", Priority::Normal), ("b", Priority::Normal)]);
        for id in &ids {
            scheduler.remove(*id);
        }
        scheduler.reset();
        let again = scheduler.insert(TaskLabel::root("main"), Priority::Normal);
        assert_eq!(again, ids[0]);
        assert_eq!(scheduler.foreign_wakers(), 0);
    }

    #[test]
    fn a_wake_after_a_reset_finds_its_task_though_the_slot_had_several() {
        let (mut scheduler, ids) = scheduler_with(&[("a", Priority::Normal)]);
        scheduler.remove(ids[0]);
        let label = TaskLabel::root("main");
        let second = scheduler.insert(label.clone(), Priority::Normal);
        assert_eq!((second.slot, second.generation), (ids[0].slot, 1));
        scheduler.remove(second);
        scheduler.reset();
        let again = scheduler.insert(label, Priority::Normal);
        scheduler.put_back(again, Box::pin(std::future::pending()));
        let (_future, waker) = scheduler.take_future(again).expect("it has a future");
        waker.wake_by_ref();
        assert_eq!(collect(&mut scheduler), 1);
    }
}
