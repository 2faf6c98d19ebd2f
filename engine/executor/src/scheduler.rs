//! The scheduler of one session: the task table and the ready queues, and wakers for those who ask.

use crate::priority::Priority;
use crate::storage::Growing;
use crate::tasks::{QueueIn, TaskId, Tasks};
use crate::wake::{Inbox, WakeSlot};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Waker;

/// A task's future.
pub type LocalFuture = Pin<Box<dyn Future<Output = ()>>>;

/// All tasks of a session, with a label each. Every operation is O(1), but what takes a task by its place
/// from the middle of a ready queue, which only a policy other than FIFO does.
pub struct Scheduler<L, F = LocalFuture> {
    tasks: Tasks<L, F, Growing>,
    /// By slot. Most tasks wait for other tasks and never need one.
    wakers: Vec<Option<Arc<WakeSlot<Target>>>>,
    inbox: Arc<Inbox<Target>>,
}

/// What a wake is meant for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// A task is to be polled.
    Task(TaskId),
    /// An operation that no task waits for by itself is to be looked at.
    Operation(OperationNumber),
}

/// The number of an operation, in two halves: a wake slot is smaller so, and there may be many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OperationNumber([u32; 2]);

impl From<u64> for OperationNumber {
    fn from(number: u64) -> OperationNumber {
        OperationNumber([(number >> 32) as u32, number as u32])
    }
}

impl From<OperationNumber> for u64 {
    fn from(OperationNumber([high, low]): OperationNumber) -> u64 {
        u64::from(high) << 32 | u64::from(low)
    }
}

impl<L: Clone, F> Default for Scheduler<L, F> {
    fn default() -> Self {
        Scheduler::new()
    }
}

impl<L: Clone, F> Scheduler<L, F> {
    /// No tasks.
    pub fn new() -> Self {
        Scheduler {
            tasks: Tasks::default(),
            wakers: Vec::new(),
            inbox: Inbox::new(),
        }
    }

    /// Where this scheduler's wakers report.
    pub fn inbox(&self) -> &Arc<Inbox<Target>> {
        &self.inbox
    }

    /// Makes a task without a future; it is not ready yet. Give it its future with
    /// [`Scheduler::put_back`].
    pub fn insert(&mut self, label: L, priority: Priority) -> TaskId {
        let id = self.tasks.insert(label, priority);
        id.expect("there is room for any number of tasks")
    }

    /// Whether the task is there.
    pub fn contains(&self, id: TaskId) -> bool {
        self.tasks.contains(id)
    }

    /// Puts a task into the ready queue of its class; nothing happens when it is there already or when
    /// the task is gone (a stale wake is harmless). Says whether it was put.
    pub fn make_ready(&mut self, id: TaskId) -> bool {
        self.tasks.make_ready(id)
    }

    /// Says that a woken task was taken out of the inbox and makes it ready; says whether it was not.
    pub fn woken(&mut self, id: TaskId) -> bool {
        if !self.contains(id) {
            return false;
        }
        if let Some(Some(wake)) = self.wakers.get(id.slot as usize) {
            wake.taken();
        }
        self.make_ready(id)
    }

    /// Takes the queue of the highest class that has a ready task out, so that a policy can look at
    /// it while nothing of the scheduler is borrowed; give it back with [`Scheduler::give_queue`].
    pub fn take_queue(&mut self) -> (usize, QueueIn<L, Growing>) {
        self.tasks.take_queue()
    }

    /// Gives a queue back that [`Scheduler::take_queue`] took.
    pub fn give_queue(&mut self, taken: (usize, QueueIn<L, Growing>)) {
        self.tasks.give_queue(taken);
    }

    /// Whether any task is ready.
    pub fn has_ready(&self) -> bool {
        self.tasks.has_ready()
    }

    /// Takes the ready task at a place of the highest class's queue.
    ///
    /// # Panics
    /// When there is none: the policy named a task that it was not shown.
    pub fn take_ready(&mut self, at: usize) -> TaskId {
        let task = self.tasks.take_ready(at);
        task.expect("a policy names a task that it was shown")
    }

    /// Takes a task's future for a poll; `None` for a task that is gone or being polled.
    pub fn take_future(&mut self, id: TaskId) -> Option<F> {
        self.tasks.take_future(id)
    }

    /// The waker of a task, made when it is asked for; `None` for a task that is gone.
    pub fn waker(&mut self, id: TaskId) -> Option<Waker> {
        if !self.contains(id) {
            return None;
        }
        let slot = id.slot as usize;
        if self.wakers.len() <= slot {
            self.wakers.resize(slot + 1, None);
        }
        let wake = match &mut self.wakers[slot] {
            Some(wake) => {
                wake.make_that_of(Target::Task(id), &self.inbox);
                wake.clone()
            }
            empty => empty
                .insert(WakeSlot::new(Target::Task(id), &self.inbox))
                .clone(),
        };
        Some(Waker::from(wake))
    }

    /// Gives a task its future, at first or after a poll.
    pub fn put_back(&mut self, id: TaskId, future: F) {
        self.tasks.put_back(id, future);
    }

    /// The label of a task.
    pub fn label(&self, id: TaskId) -> Option<&L> {
        self.tasks.label(id)
    }

    /// Removes a task. Its place is given out again, its number is not. Gives its future, to be dropped
    /// with nothing borrowed.
    pub fn remove(&mut self, id: TaskId) -> Option<F> {
        let future = self.tasks.remove(id);
        if self.tasks.slots() == 0 && !self.wakers.is_empty() {
            self.wakers = Vec::new();
        }
        future
    }

    /// Takes every future out, in slot order, and removes the tasks: whoever calls drops the futures
    /// with nothing borrowed.
    pub fn take_all(&mut self) -> Vec<F> {
        let mut futures = Vec::new();
        for slot in 0..self.tasks.slots() as u32 {
            if let Some(id) = self.tasks.at(slot) {
                futures.extend(self.remove(id));
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
        self.tasks.reset();
        self.inbox.clear();
        for place in &mut self.wakers {
            match place {
                Some(wake) if Arc::strong_count(wake) == 1 => wake.taken(),
                // Who still holds it must not wake a task that gets the same number.
                other => *other = None,
            }
        }
    }

    /// Number of tasks.
    pub fn live(&self) -> usize {
        self.tasks.live()
    }

    /// The largest number of tasks that were there at once.
    pub fn peak(&self) -> usize {
        self.tasks.peak()
    }

    /// Number of wakers that somebody else still holds.
    pub fn foreign_wakers(&self) -> usize {
        self.wakers
            .iter()
            .flatten()
            .map(|wake| Arc::strong_count(wake) - 1)
            .sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::task::{Context, Poll};

    type Name = &'static str;

    fn scheduler_with(names: &[(Name, Priority)]) -> (Scheduler<Name>, Vec<TaskId>) {
        let mut scheduler = Scheduler::new();
        let ids = names
            .iter()
            .map(|(name, priority)| scheduler.insert(*name, *priority))
            .collect();
        (scheduler, ids)
    }

    /// Takes in what was woken and says how many tasks became ready.
    fn collect(scheduler: &mut Scheduler<Name>) -> usize {
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
        let mut future = scheduler.take_future(ids[0]).expect("it is there");
        let waker = scheduler.waker(ids[0]).expect("the task is there");
        assert_eq!(
            future.as_mut().poll(&mut Context::from_waker(&waker)),
            Poll::Pending
        );
        scheduler.remove(ids[0]);
        let again = scheduler.insert("other", Priority::Normal);
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
        let waker = scheduler.waker(ids[0]).expect("it is there");
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
        let again = scheduler.insert("main", Priority::Normal);
        assert_eq!(again, ids[0]);
        assert_eq!(scheduler.foreign_wakers(), 0);
    }

    #[test]
    fn a_wake_after_a_reset_finds_its_task_though_the_slot_had_several() {
        let (mut scheduler, ids) = scheduler_with(&[("a", Priority::Normal)]);
        scheduler.remove(ids[0]);
        let label = "main";
        let second = scheduler.insert(label, Priority::Normal);
        assert_eq!((second.slot, second.generation), (ids[0].slot, 1));
        scheduler.remove(second);
        scheduler.reset();
        let again = scheduler.insert(label, Priority::Normal);
        scheduler.put_back(again, Box::pin(std::future::pending()));
        let waker = scheduler.waker(again).expect("it is there");
        waker.wake_by_ref();
        assert_eq!(collect(&mut scheduler), 1);
    }

    #[test]
    fn memory_of_many_tasks_is_given_back_and_no_number_comes_twice() {
        let mut scheduler: Scheduler<Name> = Scheduler::new();
        let ids: Vec<TaskId> = (0..5_000)
            .map(|_| scheduler.insert("task", Priority::Normal))
            .collect();
        for id in &ids {
            scheduler.make_ready(*id);
        }
        ids.iter().for_each(|id| drop(scheduler.remove(*id)));
        assert_eq!(scheduler.wakers.capacity(), 0);
        let again = scheduler.insert("task", Priority::Normal);
        assert!(!ids.contains(&again));
        assert!(!scheduler.has_ready());
    }

    #[test]
    fn tasks_that_are_taken_from_the_middle_leave_the_order_of_the_others() {
        let mut scheduler: Scheduler<Name> = Scheduler::new();
        let ids: Vec<TaskId> = (0..200)
            .map(|_| scheduler.insert("task", Priority::Normal))
            .collect();
        for id in &ids {
            scheduler.make_ready(*id);
        }
        // Every third by its number, then two by their places, then those that come back.
        for id in ids.iter().step_by(3) {
            scheduler.remove(*id);
        }
        let mut left: Vec<TaskId> = (0..200)
            .filter(|at| at % 3 != 0)
            .map(|at| ids[at])
            .collect();
        for at in [50, 7] {
            assert_eq!(scheduler.take_ready(at), left.remove(at));
        }
        scheduler.make_ready(ids[1]);
        assert_ne!(scheduler.make_ready(ids[152]), left.contains(&ids[152]));
        let (class, queue) = scheduler.take_queue();
        assert_eq!(
            queue.len(),
            left.len() + usize::from(!left.contains(&ids[152]))
        );
        scheduler.give_queue((class, queue));
        for id in left {
            assert_eq!(scheduler.take_ready(0), id);
        }
    }
}
