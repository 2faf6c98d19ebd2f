//! Oracle: a task that became ready takes a step, or ends, before its execution ends.

use super::tasks::Tasks;

/// What is to say at the end of a run.
pub(super) fn finish(tasks: &Tasks) -> Option<String> {
    let task = tasks.ready().next()?;
    Some(format!(
        "{} became ready and never ran: a wakeup was lost",
        task.label
    ))
}

#[cfg(test)]
mod tests {
    use super::super::tasks::testing;
    use super::*;
    use tourbillon_host::{Event, Priority};

    #[test]
    fn a_ready_task_that_never_runs_is_named() {
        let (mut tasks, labels) = testing::spawned(&[("main", Priority::Normal)]);
        let (task, label) = (testing::id(0), &labels[0]);
        assert_eq!(finish(&tasks), None);
        tasks.note(&Event::TaskReady { task });
        assert_eq!(
            finish(&tasks).as_deref(),
            Some("main became ready and never ran: a wakeup was lost")
        );
        for end in [
            Event::TaskStep { task, label },
            Event::TaskEnded { task, label },
        ] {
            tasks.note(&Event::TaskReady { task });
            tasks.note(&end);
            assert_eq!(finish(&tasks), None);
        }
    }
}
