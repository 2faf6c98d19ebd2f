//! Oracle: the function of every `onCleanup` object is called exactly once before the session is
//! closed.

use std::collections::{BTreeMap, BTreeSet};

use tourbillon_host::Event;
use tourbillon_value::ObjectId;

/// The `onCleanup` objects of a session, and whether their functions were called.
#[derive(Default)]
pub(super) struct CleanupComplete {
    is_called: BTreeMap<ObjectId, bool>,
    /// Those of a dropped execution: they need not be called, since some of them are gone with it.
    excused: BTreeSet<ObjectId>,
}

impl CleanupComplete {
    pub fn reset(&mut self) {
        self.is_called.clear();
        self.excused.clear();
    }

    /// What was made so far need not be called: dropping an execution runs no cleanup.
    pub fn execution_dropped(&mut self) {
        self.excused.extend(self.is_called.keys());
    }

    pub fn look(&mut self, event: &Event<'_>) -> Option<String> {
        match *event {
            Event::CleanupRegistered { cleanup } => {
                self.is_called.insert(cleanup, false);
                None
            }
            Event::CleanupCalled { cleanup } => {
                let problem = match self.is_called.insert(cleanup, true) {
                    Some(false) => return None,
                    Some(true) => "was called a second time",
                    None => "was called, but never made",
                };
                Some(format!("the cleanup of object {} {problem}", cleanup.0))
            }
            _ => None,
        }
    }

    /// What is to say at the end of a run.
    pub fn finish(&self) -> Option<String> {
        let mut left = self.is_called.iter().filter(|(_, is_called)| !**is_called);
        let (cleanup, _) = left.find(|(cleanup, _)| !self.excused.contains(cleanup))?;
        Some(format!(
            "the cleanup of object {} was never called",
            cleanup.0
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(events: &[Event<'_>], expected: Option<&str>) {
        let mut oracle = CleanupComplete::default();
        let complaint = events.iter().find_map(|event| oracle.look(event));
        let complaint = complaint.or_else(|| oracle.finish());
        let expected = expected.map(|text| format!("the cleanup of object {text}"));
        assert_eq!(complaint, expected, "{events:?}");
    }

    #[test]
    fn every_cleanup_is_called_once() {
        let made = |number| Event::CleanupRegistered {
            cleanup: ObjectId(number),
        };
        let called = |number| Event::CleanupCalled {
            cleanup: ObjectId(number),
        };
        check(&[made(7), made(8), called(8), called(7)], None);
        check(&[made(7), made(8), called(8)], Some("7 was never called"));
        check(
            &[made(7), called(7), called(7)],
            Some("7 was called a second time"),
        );
        check(&[called(7)], Some("7 was called, but never made"));
    }
}
