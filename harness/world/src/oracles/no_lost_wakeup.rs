//! Oracle: a task that became ready takes a step, or ends, before its execution ends.

use std::rc::Rc;

use tourbillon_host::{Event, TaskId, TaskLabel};

/// Every live task, and whether it is ready. Slots are reused, so a table of slots does.
#[derive(Default)]
pub(crate) struct NoLostWakeup {
    tasks: Vec<Option<Task>>,
}

struct Task {
    id: TaskId,
    label: Rc<TaskLabel>,
    is_ready: bool,
}

impl NoLostWakeup {
    pub fn reset(&mut self) {
        self.tasks.clear();
    }

    pub fn look(&mut self, event: &Event<'_>) {
        match event {
            Event::TaskSpawned { task, label, .. } => {
                let slot = task.slot as usize;
                if self.tasks.len() <= slot {
                    self.tasks.resize_with(slot + 1, || None);
                }
                self.tasks[slot] = Some(Task {
                    id: *task,
                    label: Rc::clone(label),
                    is_ready: false,
                });
            }
            Event::TaskReady { task } => self.set_ready(*task, true),
            Event::TaskStep { task, .. } => self.set_ready(*task, false),
            Event::TaskEnded { task, .. } => {
                if let Some(place) = self.tasks.get_mut(task.slot as usize)
                    && place.as_ref().is_some_and(|known| known.id == *task)
                {
                    *place = None;
                }
            }
            _ => {}
        }
    }

    pub fn finish(&mut self) -> Option<String> {
        let mut waiting = self.tasks.iter().flatten().filter(|task| task.is_ready);
        let task = waiting.next()?;
        Some(format!(
            "{} became ready and never ran: a wakeup was lost",
            task.label
        ))
    }

    fn set_ready(&mut self, id: TaskId, is_ready: bool) {
        if let Some(Some(task)) = self.tasks.get_mut(id.slot as usize)
            && task.id == id
        {
            task.is_ready = is_ready;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tourbillon_host::Priority;

    #[test]
    fn a_ready_task_that_never_runs_is_named() {
        let label = TaskLabel::root("main");
        let (slot, generation) = (3, 1);
        let task = TaskId { slot, generation };
        let mut oracle = NoLostWakeup::default();
        oracle.look(&Event::TaskSpawned {
            task,
            label: &label,
            priority: Priority::Normal,
        });
        assert_eq!(oracle.finish(), None);
        oracle.look(&Event::TaskReady { task });
        assert_eq!(
            oracle.finish().as_deref(),
            Some("main became ready and never ran: a wakeup was lost")
        );
        let label = &label;
        for end in [
            Event::TaskStep { task, label },
            Event::TaskEnded { task, label },
        ] {
            oracle.look(&Event::TaskReady { task });
            oracle.look(&end);
            assert_eq!(oracle.finish(), None);
        }
    }
}
