//! What is left of a run: the wait graph of one that is stuck, and the ledger of one that ended.

use std::fmt;

use crate::label::{Label, Labels};
use crate::sim::WaitOn;

/// The tasks that wait for what cannot come.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stuck {
    /// Every task that has not ended, in the order of their slots.
    pub tasks: Vec<StuckTask>,
    /// Tasks that wait for each other in a circle, if they do: indices into `tasks`.
    pub cycle: Vec<usize>,
}

/// One task that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StuckTask {
    /// Its label.
    pub label: String,
    /// The label of the task or operation it waits for, as far as the simulation knows.
    pub waits_for: Option<String>,
    /// How many clones of its waker somebody holds. Without any, nobody can ever wake it.
    pub wakers_held: usize,
}

impl StuckTask {
    pub(crate) fn new(
        labels: &Labels,
        label: Label,
        wakers_held: usize,
        on: Option<WaitOn>,
    ) -> StuckTask {
        let waits_for = on.map(|on| match on {
            WaitOn::Task(label) | WaitOn::Operation(label) => labels.text(label),
            WaitOn::Time(nanoseconds) => format!("{} s", nanoseconds as f64 / 1e9),
        });
        StuckTask {
            label: labels.text(label),
            waits_for,
            wakers_held,
        }
    }
}

impl Stuck {
    pub(crate) fn new(tasks: Vec<StuckTask>) -> Stuck {
        let next = |index: usize| {
            let waits_for = tasks[index].waits_for.as_ref()?;
            tasks.iter().position(|task| task.label == *waits_for)
        };
        let mut cycle = Vec::new();
        for start in 0..tasks.len() {
            let mut path = vec![start];
            while let Some(after) = path.last().copied().and_then(next) {
                if after == start {
                    cycle = path;
                    break;
                }
                if path.contains(&after) {
                    break;
                }
                path.push(after);
            }
            if !cycle.is_empty() {
                break;
            }
        }
        Stuck { tasks, cycle }
    }

    /// One line: what every stuck task waits for.
    #[must_use]
    pub fn summary(&self) -> String {
        let waits = self.tasks.iter().map(|task| match &task.waits_for {
            Some(waits_for) => format!("{} waits for {waits_for}", task.label),
            None if task.wakers_held == 0 => {
                format!("{} waits, and nobody can wake it", task.label)
            }
            None => format!("{} waits to be woken", task.label),
        });
        waits.collect::<Vec<_>>().join("; ")
    }
}

impl fmt::Display for Stuck {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for task in &self.tasks {
            write!(out, "  {} ", task.label)?;
            match &task.waits_for {
                Some(waits_for) => write!(out, "waits for {waits_for}")?,
                None => write!(out, "waits for something outside the simulation's view")?,
            }
            match task.wakers_held {
                0 => writeln!(out, "; nobody holds its waker: it can never be woken")?,
                1 => writeln!(out, "; its waker is held once")?,
                held => writeln!(out, "; its waker is held {held} times")?,
            }
        }
        if let Some(&first) = self.cycle.first() {
            let labels = self
                .cycle
                .iter()
                .chain([&first])
                .map(|index| &*self.tasks[*index].label);
            writeln!(out, "  cycle: {}", labels.collect::<Vec<_>>().join(" -> "))?;
        }
        Ok(())
    }
}

/// What a run left over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Left {
    /// Tasks that had not ended.
    pub tasks: usize,
    /// Timers that were outstanding after all tasks were dropped.
    pub timers: usize,
    /// Completions that nobody had taken after all tasks were dropped.
    pub deliveries: usize,
}

impl Left {
    /// Whether nothing was left.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Left::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn task(label: &str, waits_for: Option<&str>, wakers_held: usize) -> StuckTask {
        let waits_for = waits_for.map(str::to_string);
        StuckTask {
            label: label.to_string(),
            waits_for,
            wakers_held,
        }
    }

    #[test]
    fn a_circle_is_named_and_a_chain_is_none() {
        let stuck = Stuck::new(vec![
            task("main", Some("a"), 1),
            task("a", Some("b"), 1),
            task("b", Some("a"), 2),
            task("c", None, 0),
        ]);
        assert_eq!(stuck.cycle, [1, 2]);
        assert_eq!(
            stuck.to_string(),
            "  main waits for a; its waker is held once\n  a waits for b; its waker is held once\n  \
             b waits for a; its waker is held 2 times\n  c waits for something outside the \
             simulation's view; nobody holds its waker: it can never be woken\n  cycle: a -> b -> \
             a\n"
        );
        let chain = Stuck::new(vec![task("main", Some("a"), 1), task("a", None, 1)]);
        assert!(chain.cycle.is_empty());
        assert_eq!(chain.summary(), "main waits for a; a waits to be woken");
    }
}
