//! Who spun when a budget was spent: the last steps of the run, by task.

use tourbillon_host::{Event, TaskId};

use super::tasks::{Task, Tasks};

/// How many steps are looked back at.
const LAST_STEPS: usize = 256;

/// The last steps of a run.
#[derive(Default)]
pub(super) struct LastSteps {
    /// A ring, once it is full.
    steps: Vec<TaskId>,
    next: usize,
}

/// A task that had a part in the last steps before a budget was spent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spinning {
    /// Its label.
    pub label: String,
    /// How many of those steps it took.
    pub steps: u64,
}

impl LastSteps {
    pub fn reset(&mut self) {
        self.steps.clear();
        self.next = 0;
    }

    pub fn look(&mut self, event: &Event<'_>) {
        let Event::TaskStep { task, .. } = event else {
            return;
        };
        if self.steps.len() < LAST_STEPS {
            self.steps.push(*task);
        } else {
            self.steps[self.next] = *task;
            self.next = (self.next + 1) % LAST_STEPS;
        }
    }

    /// The task that took the last step, while it lives.
    pub fn running<'a>(&self, tasks: &'a Tasks) -> Option<&'a Task> {
        let last = match self.next {
            0 => self.steps.last(),
            next => self.steps.get(next - 1),
        };
        tasks.get(*last?)
    }

    /// The tasks that took the last steps and still live, by label: who has ended does not spin.
    pub fn spinning(&self, tasks: &Tasks) -> Vec<Spinning> {
        let mut sorted = self.steps.clone();
        sorted.sort_unstable();
        let mut spinning: Vec<Spinning> = sorted
            .chunk_by(|one, other| one == other)
            .filter_map(|steps| {
                let task = tasks.get(steps[0])?;
                Some(Spinning {
                    label: task.label.to_string(),
                    steps: steps.len() as u64,
                })
            })
            .collect();
        spinning.sort_by(|one, other| one.label.cmp(&other.label));
        spinning
    }
}

/// What there is to say of a run whose budget is spent. It names the tasks without their counts: the
/// same livelock under another schedule is the same failure.
pub(crate) fn explain(what: &str, spinning: &[Spinning]) -> String {
    let labels: Vec<&str> = spinning.iter().map(|task| &*task.label).collect();
    match &*labels {
        [] => what.to_string(),
        [one] => format!("{what}, the last ones by {one}"),
        [first @ .., last] => format!("{what}, the last ones by {} and {last}", first.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tasks::testing;
    use super::*;
    use tourbillon_host::Priority;

    #[test]
    fn those_that_took_the_last_steps_are_named_and_counted() {
        let names = ["main", "b", "a"].map(|name| (name, Priority::Normal));
        let (mut tasks, labels) = testing::spawned(&names);
        let mut last = LastSteps::default();
        assert!(last.running(&tasks).is_none());
        let mut step = |slot: u32| {
            let (task, label) = (testing::id(slot), &labels[slot as usize]);
            last.look(&Event::TaskStep { task, label });
            let running = last.running(&tasks).expect("a step was taken");
            assert_eq!(running.id, task);
        };
        // Main began, and the two others took turns, two of one for each of the other.
        step(0);
        for turn in 0..LAST_STEPS as u32 {
            step(1 + u32::from(turn % 4 == 0));
        }
        let counted = |label: &str, steps| Spinning {
            label: label.into(),
            steps,
        };
        let (quarter, rest) = (LAST_STEPS as u64 / 4, LAST_STEPS as u64 * 3 / 4);
        assert_eq!(
            last.spinning(&tasks),
            [counted("a", quarter), counted("b", rest)]
        );
        let (task, label) = (testing::id(1), &labels[1]);
        tasks.note(&Event::TaskEnded { task, label });
        assert_eq!(last.spinning(&tasks), [counted("a", quarter)]);
        last.reset();
        assert_eq!(last.spinning(&tasks), []);
    }

    #[test]
    fn the_text_does_not_depend_on_the_counts() {
        let tasks = |labels: &[&str]| -> Vec<Spinning> {
            let labels = labels.iter().zip(1..);
            labels
                .map(|(label, steps)| Spinning {
                    label: (*label).into(),
                    steps,
                })
                .collect()
        };
        let check = |labels: &[&str], expected: &str| {
            assert_eq!(explain("all steps are spent", &tasks(labels)), expected);
        };
        check(&[], "all steps are spent");
        check(&["main"], "all steps are spent, the last ones by main");
        check(
            &["a", "b", "c"],
            "all steps are spent, the last ones by a, b and c",
        );
    }
}
