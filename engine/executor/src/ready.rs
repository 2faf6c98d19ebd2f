//! One ready queue: first come, first served, and any of them can be taken out.

use crate::storage::Queue;
use crate::tasks::TaskId;
use core::marker::PhantomData;

/// A task that can run.
#[derive(Clone, Debug)]
pub struct ReadyTask<L> {
    /// Which.
    pub id: TaskId,
    /// Where it came from.
    pub label: L,
}

/// The ready tasks of one class. Who is taken out of the middle leaves a gap, so that nobody moves; a
/// queue with more gaps than tasks is made dense again, which costs as much as the gaps that it had.
#[derive(Debug)]
pub struct ReadyQueue<L, Q> {
    places: Q,
    /// The ticket of the first place; tickets are given in order.
    first: u64,
    live: usize,
    /// The most places since memory was given back.
    most: usize,
    label: PhantomData<L>,
}

/// Fewer gaps than this are left.
const FEW_GAPS: usize = 16;
/// The memory of more places than this is given back when nobody is ready.
const MANY_PLACES: usize = 256;

impl<L, Q: Queue<Option<ReadyTask<L>>>> Default for ReadyQueue<L, Q> {
    fn default() -> Self {
        ReadyQueue {
            places: Q::default(),
            first: 0,
            live: 0,
            most: 0,
            label: PhantomData,
        }
    }
}

impl<L, Q: Queue<Option<ReadyTask<L>>>> ReadyQueue<L, Q> {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.live
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.live == 0
    }

    /// In order.
    pub fn iter(&self) -> impl Iterator<Item = &ReadyTask<L>> {
        (0..self.places.len()).filter_map(|at| self.places.get(at)?.as_ref())
    }

    /// Puts a task at the end; gives its ticket. The queue must not be crowded.
    pub fn push(&mut self, task: ReadyTask<L>) -> u64 {
        let ticket = self.first + self.places.len() as u64;
        self.places.push_back(Some(task));
        self.live += 1;
        self.most = self.most.max(self.places.len());
        ticket
    }

    /// Whether it is to be made dense before more is put in.
    pub(crate) fn is_crowded(&self) -> bool {
        let gaps = self.places.len() - self.live;
        gaps > self.live.max(FEW_GAPS) || (gaps > 0 && !self.places.has_room())
    }

    /// Closes the gaps; says of every task which ticket it has now.
    pub(crate) fn close_gaps(&mut self, mut moved: impl FnMut(TaskId, u64)) {
        let places = self.places.len();
        self.first += places as u64;
        let mut ticket = self.first;
        for _ in 0..places {
            if let Some(Some(task)) = self.places.pop_front() {
                moved(task.id, ticket);
                ticket += 1;
                self.places.push_back(Some(task));
            }
        }
    }

    /// Takes the task with that ticket out.
    pub(crate) fn take(&mut self, ticket: u64) -> Option<ReadyTask<L>> {
        let at = usize::try_from(ticket.checked_sub(self.first)?).ok()?;
        self.take_place(at)
    }

    /// Takes the task at a place of the order out, 0 for the first.
    pub(crate) fn take_nth(&mut self, nth: usize) -> Option<ReadyTask<L>> {
        if nth == 0 || self.places.len() == self.live {
            // The first place is never a gap.
            return self.take_place(nth);
        }
        let at = (0..self.places.len())
            .filter(|at| matches!(self.places.get(*at), Some(Some(_))))
            .nth(nth)?;
        self.take_place(at)
    }

    fn take_place(&mut self, at: usize) -> Option<ReadyTask<L>> {
        let task = self.places.get_mut(at)?.take()?;
        self.live -= 1;
        while let Some(None) = self.places.get(0) {
            self.places.pop_front();
            self.first += 1;
        }
        if self.live == 0 && self.most > MANY_PLACES {
            // Those who were ready may wait for long now.
            self.places.trim();
            self.most = 0;
        }
        Some(task)
    }
}
