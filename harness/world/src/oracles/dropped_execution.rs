//! Oracle: dropping the future of `execute` runs no code of the program, and takes every operation
//! with it.

use tourbillon_host::Event;

/// Where an execution that is dropped is.
#[derive(Default)]
pub(super) struct DroppedExecution {
    is_going: bool,
}

impl DroppedExecution {
    pub fn reset(&mut self) {
        self.is_going = false;
    }

    /// The future is about to be dropped.
    pub fn begin(&mut self) {
        self.is_going = true;
    }

    /// The future is gone; so many operations are still under way.
    pub fn end(&mut self, operations: usize) -> Option<String> {
        self.is_going = false;
        (operations > 0).then(|| {
            format!("the execution was dropped, but {operations} of its operations were not")
        })
    }

    pub fn look(&self, event: &Event<'_>) -> Option<String> {
        if !self.is_going {
            return None;
        }
        let what = match event {
            Event::TaskStep { label, .. } => format!("{label} took a step"),
            Event::CleanupCalled { cleanup } => format!("the cleanup of object {} ran", cleanup.0),
            Event::CallbackRun { future, .. } => format!("a callback of object {} ran", future.0),
            Event::Output { text } => format!("{text:?} was printed"),
            _ => return None,
        };
        Some(format!("{what} while the execution was dropped"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tourbillon_value::ObjectId;

    #[test]
    fn nothing_of_the_program_runs_and_no_operation_is_left() {
        let mut oracle = DroppedExecution::default();
        let cleanup = ObjectId(3);
        let called = Event::CleanupCalled { cleanup };
        let made = Event::CleanupRegistered { cleanup };
        assert_eq!(oracle.look(&called), None);
        oracle.begin();
        assert_eq!(oracle.look(&made), None);
        let complaint = "the cleanup of object 3 ran while the execution was dropped";
        assert_eq!(oracle.look(&called).as_deref(), Some(complaint));
        let complaint = "the execution was dropped, but 2 of its operations were not";
        assert_eq!(oracle.end(2).as_deref(), Some(complaint));
        assert_eq!(oracle.look(&called), None);
        oracle.begin();
        assert_eq!(oracle.end(0), None);
    }
}
