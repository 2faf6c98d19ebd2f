//! What the events say of each live task: its label, its class, and whether it is ready.

use std::rc::Rc;

use tourbillon_host::{Event, Priority, TaskId, TaskLabel};

/// Every live task. Slots are reused, so a table of slots does.
#[derive(Default)]
pub(super) struct Tasks {
    slots: Vec<Option<Task>>,
    /// How many are ready in each class.
    ready: [u32; Priority::ALL.len()],
}

/// A live task.
pub(super) struct Task {
    pub id: TaskId,
    pub label: Rc<TaskLabel>,
    pub priority: Priority,
    pub is_ready: bool,
}

impl Tasks {
    pub fn reset(&mut self) {
        self.slots.clear();
        self.ready = [0; Priority::ALL.len()];
    }

    /// Takes note of an event. Oracles look at it before, and see what was true until then.
    pub fn note(&mut self, event: &Event<'_>) {
        match event {
            Event::TaskSpawned {
                task,
                label,
                priority,
            } => {
                let slot = task.slot as usize;
                if self.slots.len() <= slot {
                    self.slots.resize_with(slot + 1, || None);
                }
                self.remove(slot);
                self.slots[slot] = Some(Task {
                    id: *task,
                    label: Rc::clone(label),
                    priority: *priority,
                    is_ready: false,
                });
            }
            Event::TaskReady { task } => self.set_ready(*task, true),
            Event::TaskStep { task, .. } => self.set_ready(*task, false),
            Event::TaskEnded { task, .. } if self.get(*task).is_some() => {
                self.remove(task.slot as usize);
            }
            _ => {}
        }
    }

    /// A live task.
    pub fn get(&self, id: TaskId) -> Option<&Task> {
        let task = self.slots.get(id.slot as usize)?.as_ref()?;
        (task.id == id).then_some(task)
    }

    /// Every ready task, in the order of their slots.
    pub fn ready(&self) -> impl Iterator<Item = &Task> {
        self.slots.iter().flatten().filter(|task| task.is_ready)
    }

    /// The highest class in which a task is ready.
    pub fn highest_ready(&self) -> Option<Priority> {
        let place = self.ready.iter().position(|count| *count > 0)?;
        Some(Priority::ALL[place])
    }

    fn set_ready(&mut self, id: TaskId, is_ready: bool) {
        if let Some(Some(task)) = self.slots.get_mut(id.slot as usize)
            && task.id == id
            && task.is_ready != is_ready
        {
            task.is_ready = is_ready;
            let count = &mut self.ready[task.priority.index()];
            *count = if is_ready { *count + 1 } else { *count - 1 };
        }
    }

    fn remove(&mut self, slot: usize) {
        if let Some(task) = self.slots[slot].take()
            && task.is_ready
        {
            self.ready[task.priority.index()] -= 1;
        }
    }
}

#[cfg(test)]
pub(super) mod testing {
    //! Tasks for the tests of the oracles.

    use super::*;

    /// The task in a slot.
    pub fn id(slot: u32) -> TaskId {
        let generation = 0;
        TaskId { slot, generation }
    }

    /// A live task for each of these names, in the slots from 0.
    pub fn spawned(names: &[(&str, Priority)]) -> (Tasks, Vec<Rc<TaskLabel>>) {
        let mut tasks = Tasks::default();
        let labels: Vec<Rc<TaskLabel>> = names
            .iter()
            .map(|(name, _)| TaskLabel::root(name))
            .collect();
        for (slot, (label, (_, priority))) in labels.iter().zip(names).enumerate() {
            tasks.note(&Event::TaskSpawned {
                task: id(slot as u32),
                label,
                priority: *priority,
            });
        }
        (tasks, labels)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_highest_ready_class_is_counted() {
        let names = [("main", Priority::Normal), ("a", Priority::High)];
        let (mut tasks, labels) = testing::spawned(&names);
        let ready = |slot| Event::TaskReady {
            task: testing::id(slot),
        };
        assert_eq!(tasks.highest_ready(), None);
        for event in [ready(0), ready(1), ready(1)] {
            tasks.note(&event);
        }
        assert_eq!(tasks.highest_ready(), Some(Priority::High));
        assert_eq!(tasks.ready().count(), 2);
        let (task, label) = (testing::id(1), &labels[1]);
        tasks.note(&Event::TaskStep { task, label });
        assert_eq!(tasks.highest_ready(), Some(Priority::Normal));
        tasks.note(&ready(1));
        tasks.note(&Event::TaskEnded { task, label });
        assert_eq!(tasks.highest_ready(), Some(Priority::Normal));
        assert!(tasks.get(task).is_none());
        let stale = TaskId {
            slot: 0,
            generation: 9,
        };
        tasks.note(&Event::TaskStep { task: stale, label });
        assert_eq!(tasks.ready().count(), 1);
    }
}
