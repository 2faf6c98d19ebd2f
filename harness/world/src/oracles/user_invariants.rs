//! Oracle: what the program itself says must hold, with `invariant(cond, name)`, does.

use tourbillon_host::Event;

use super::tasks::Task;

/// Looks at an event of the task that runs.
pub(super) fn look(event: &Event<'_>, running: Option<&Task>) -> Option<String> {
    let Event::Invariant { name } = *event else {
        return None;
    };
    Some(match running {
        Some(task) => format!("invariant {name} does not hold, in {}", task.label),
        None => format!("invariant {name} does not hold"),
    })
}

#[cfg(test)]
mod tests {
    use super::super::tasks::testing::{id, spawned};
    use super::*;
    use tourbillon_host::Priority;

    #[test]
    fn a_violation_is_told_with_its_task() {
        let (tasks, _) = spawned(&[("main", Priority::Normal)]);
        let violated = Event::Invariant { name: "one owner" };
        assert_eq!(
            look(&violated, tasks.get(id(0))).as_deref(),
            Some("invariant one owner does not hold, in main")
        );
        let reached = Event::Mark {
            name: "one owner",
            reached: false,
        };
        assert_eq!(look(&reached, tasks.get(id(0))), None);
    }
}
