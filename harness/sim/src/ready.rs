//! The ready tasks: one queue for each class of priority, in the order in which they became ready.

use crate::sim::Priority;

/// All ready tasks of an executor, by their slots.
#[derive(Debug, Default)]
pub(crate) struct Ready {
    queues: [Queue; Priority::COUNT],
    // One bit for each class that has ready tasks, and perhaps for others, the most urgent lowest. A whole
    // word: bytes that are read as words right after they were written stall the processor.
    classes: u32,
}

/// Slots in order. While they are few they are the bytes of a word, from which any can be taken without
/// a loop, whose number of turns no processor foresees.
#[derive(Debug, Default)]
struct Queue {
    few: u64,
    count: usize,
    // All of them, from when they were not few until there are none.
    many: Vec<u32>,
}

/// So many slots are few, if all of them are bytes.
const FEW: usize = 8;

impl Ready {
    /// Adds a task at the end of its class.
    #[inline]
    pub(crate) fn push(&mut self, priority: Priority, slot: u32) {
        self.queues[priority as usize].push(slot);
        self.classes |= 1 << priority as usize;
    }

    /// The most urgent class with ready tasks.
    #[inline]
    pub(crate) fn class(&mut self) -> Option<usize> {
        loop {
            let class = self.classes.trailing_zeros() as usize;
            if self.queues.get(class)?.count > 0 {
                return Some(class);
            }
            self.classes &= !(1 << class);
        }
    }

    /// How many tasks of a class are ready.
    #[inline]
    pub(crate) fn count(&self, class: usize) -> usize {
        self.queues[class].count
    }

    /// The slot of the task at `index` of a class.
    #[inline]
    pub(crate) fn slot(&self, class: usize, index: usize) -> u32 {
        self.queues[class].slot(index)
    }

    /// Takes the task at `index` of a class out; returns its slot.
    #[inline]
    pub(crate) fn take(&mut self, class: usize, index: usize) -> u32 {
        self.queues[class].take(index)
    }

    /// Forgets everything, keeping capacity.
    pub(crate) fn clear(&mut self) {
        while let Some(class) = self.class() {
            let queue = &mut self.queues[class];
            queue.many.clear();
            (queue.few, queue.count) = (0, 0);
            self.classes &= !(1 << class);
        }
    }
}

impl Queue {
    #[inline]
    fn push(&mut self, slot: u32) {
        if self.count >= FEW || slot > 0xff || !self.many.is_empty() {
            return self.push_to_many(slot);
        }
        self.few |= u64::from(slot) << (8 * self.count);
        self.count += 1;
    }

    #[inline(never)]
    fn push_to_many(&mut self, slot: u32) {
        if self.many.is_empty() {
            let bytes = self.few.to_le_bytes();
            let few = bytes[..self.count].iter().copied();
            self.many.extend(few.map(u32::from));
            self.few = 0;
        }
        self.many.push(slot);
        self.count = self.many.len();
    }

    #[inline]
    fn slot(&self, index: usize) -> u32 {
        match self.many.get(index) {
            Some(slot) => *slot,
            None => u32::from((self.few >> (8 * (index % FEW))) as u8),
        }
    }

    #[inline]
    fn take(&mut self, index: usize) -> u32 {
        if !self.many.is_empty() {
            return self.take_of_many(index);
        }
        let at = 8 * (index % FEW);
        let before = (1_u64 << at) - 1;
        let slot = (self.few >> at) as u8;
        self.few = (self.few & before) | ((self.few >> 8) & !before);
        self.count -= 1;
        u32::from(slot)
    }

    #[inline(never)]
    fn take_of_many(&mut self, index: usize) -> u32 {
        let slot = self.many[index];
        // Moving a few entries by hand is faster than a call of memmove, into which the compiler would
        // turn a simpler loop.
        for later in index + 1..self.many.len() {
            self.many[later - 1] = self.many[later];
        }
        self.many.pop();
        self.count = self.many.len();
        slot
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_urgent_class_comes_first_and_keeps_its_order() {
        let mut ready = Ready::default();
        for slot in 0..4 {
            ready.push(Priority::Low, slot);
        }
        ready.push(Priority::High, 9);
        let (high, low) = (Priority::High as usize, Priority::Low as usize);
        assert_eq!((ready.class(), ready.take(high, 0)), (Some(high), 9));
        assert_eq!((ready.class(), ready.take(low, 1)), (Some(low), 1));
        let left = [0, 1, 2].map(|index| ready.slot(low, index));
        assert_eq!(left, [0, 2, 3]);
        let taken = [0, 1, 0].map(|index| ready.take(low, index));
        assert_eq!((taken, ready.class()), ([0, 3, 2], None));
        ready.push(Priority::Idle, 1);
        ready.clear();
        assert_eq!((ready.class(), ready.count(4)), (None, 0));
    }

    #[test]
    fn many_tasks_are_kept_in_order_as_few_are() {
        let mut random = crate::rng::Rng::new(1);
        for slots in [3, 16, 40, 300] {
            let mut queue = Queue::default();
            let mut expected = Vec::new();
            for _ in 0..5_000 {
                // Up to twice as many as are few, and down to none again and again.
                if expected.is_empty() || expected.len() < 32 && random.below(5) < 3 {
                    let slot = random.below(slots);
                    queue.push(slot);
                    expected.push(slot);
                } else {
                    let index = random.below(expected.len() as u32) as usize;
                    assert_eq!(queue.take(index), expected.remove(index));
                }
                assert_eq!(queue.count, expected.len());
                let all = (0..queue.count).map(|index| queue.slot(index));
                assert_eq!(all.collect::<Vec<_>>(), expected);
            }
        }
    }
}
