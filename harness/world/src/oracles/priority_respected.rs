//! Oracle: no task takes a step while one of a higher class is ready.

use tourbillon_host::Event;

use super::tasks::Tasks;

/// Looks at an event, before it is noted in the table of tasks.
pub(super) fn look(event: &Event<'_>, tasks: &Tasks) -> Option<String> {
    let Event::TaskStep { task, label } = event else {
        return None;
    };
    let highest = tasks.highest_ready()?;
    // A task that is not ready is polled for nothing: an injection, which asks no class.
    let own = tasks.get(*task).filter(|own| own.is_ready)?;
    if own.priority <= highest {
        return None;
    }
    let waiting = tasks.ready().find(|other| other.priority == highest)?;
    Some(format!(
        "{label} of class {} took a step while {} of class {} was ready",
        own.priority.name(),
        waiting.label,
        highest.name()
    ))
}

#[cfg(test)]
mod tests {
    use super::super::tasks::testing;
    use super::*;
    use tourbillon_host::Priority;

    fn check(ready: &[u32], step: u32, expected: Option<&str>) {
        let (mut tasks, labels) = testing::spawned(&[
            ("main", Priority::Normal),
            ("reader", Priority::High),
            ("writer", Priority::High),
            ("sweeper", Priority::Idle),
        ]);
        for slot in ready {
            let task = testing::id(*slot);
            tasks.note(&Event::TaskReady { task });
        }
        let (task, label) = (testing::id(step), &labels[step as usize]);
        let complaint = look(&Event::TaskStep { task, label }, &tasks);
        assert_eq!(complaint.as_deref(), expected, "{ready:?}, {step}");
    }

    #[test]
    fn a_higher_class_goes_first() {
        check(&[0, 1, 2, 3], 1, None);
        check(&[0, 1, 2, 3], 2, None);
        check(
            &[0, 1, 2, 3],
            0,
            Some("main of class normal took a step while reader of class high was ready"),
        );
        check(
            &[2, 3],
            3,
            Some("sweeper of class idle took a step while writer of class high was ready"),
        );
        check(&[3], 3, None);
        // Polled for nothing.
        check(&[1], 3, None);
    }
}
