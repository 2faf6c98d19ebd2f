//! The ready tasks: one queue for each class of priority, in the order in which they became ready.

use crate::choice::Candidate;
use crate::label::Label;
use crate::sim::Priority;

/// All ready tasks of an executor.
#[derive(Debug, Default)]
pub(crate) struct Ready {
    queues: [Queue; Priority::COUNT],
    // One bit for each class that has ready tasks, the most urgent lowest. A whole word: bytes that
    // are read as words right after they were written stall the processor.
    classes: u32,
}

#[derive(Debug, Default)]
struct Queue {
    // Labels and slots of the same tasks. The first list is handed to choices as it is.
    candidates: Vec<Candidate>,
    slots: Vec<u32>,
}

impl Ready {
    /// Adds a task at the end of its class.
    #[inline]
    pub(crate) fn push(&mut self, priority: Priority, label: Label, slot: u32) {
        let queue = &mut self.queues[priority as usize];
        queue.candidates.push(Candidate::run(label));
        queue.slots.push(slot);
        self.classes |= 1 << priority as usize;
    }

    /// The most urgent class with ready tasks.
    #[inline]
    pub(crate) fn class(&self) -> Option<usize> {
        let class = self.classes.trailing_zeros() as usize;
        (class < Priority::COUNT).then_some(class)
    }

    /// The ready tasks of a class, as candidates.
    #[inline]
    pub(crate) fn candidates(&self, class: usize) -> &[Candidate] {
        &self.queues[class].candidates
    }

    /// The slot of the task at `index` of a class.
    #[inline]
    pub(crate) fn slot(&self, class: usize, index: usize) -> u32 {
        self.queues[class].slots[index]
    }

    /// Takes the task at `index` of a class out; returns its slot.
    #[inline]
    pub(crate) fn take(&mut self, class: usize, index: usize) -> u32 {
        let Queue { candidates, slots } = &mut self.queues[class];
        // Queues are short: moving a few entries by hand is faster than a call of memmove, into
        // which the compiler would turn a simpler loop.
        for later in index + 1..slots.len() {
            candidates[later - 1] = candidates[later];
        }
        candidates.pop();
        let slot = slots[index];
        for later in index + 1..slots.len() {
            slots[later - 1] = slots[later];
        }
        slots.pop();
        if slots.is_empty() {
            self.classes &= !(1 << class);
        }
        slot
    }

    /// Forgets everything, keeping capacity.
    pub(crate) fn clear(&mut self) {
        for queue in &mut self.queues {
            queue.candidates.clear();
            queue.slots.clear();
        }
        self.classes = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_urgent_class_comes_first_and_keeps_its_order() {
        let mut ready = Ready::default();
        for slot in 0..4 {
            ready.push(Priority::Low, Label(u64::from(slot)), slot);
        }
        ready.push(Priority::High, Label(9), 9);
        assert_eq!(ready.class(), Some(Priority::High as usize));
        assert_eq!(ready.take(Priority::High as usize, 0), 9);
        let low = Priority::Low as usize;
        assert_eq!(ready.class(), Some(low));
        assert_eq!(ready.take(low, 1), 1);
        let labels: Vec<Label> = ready.candidates(low).iter().map(|c| c.label).collect();
        assert_eq!(labels, [Label(0), Label(2), Label(3)]);
        assert_eq!(
            [ready.take(low, 0), ready.take(low, 1), ready.take(low, 0)],
            [0, 3, 2]
        );
        assert_eq!(ready.class(), None);
    }
}
