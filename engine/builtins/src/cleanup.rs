//! `onCleanup`: an object whose end calls a function.

use crate::inputs::coded;
use crate::table::plain;
use crate::{Call, CleanupQueue, DueCleanup, Entry, Outputs, codes, one};
use std::cell::RefCell;
use std::rc::Rc;
use tourbillon_host::{Event, Watch};
use tourbillon_value::{Object, ObjectId, ObjectRef, Result, Value};

pub(crate) static TABLE: &[Entry] = &[plain(
    "onCleanup",
    1,
    1,
    1,
    on_cleanup,
    "c = onCleanup(f): f is called when the last reference to c goes",
)];

/// The object of `onCleanup`. Its end only queues the function; the machine runs it.
pub struct CleanupObject {
    id: ObjectId,
    /// The task that made it.
    creator: u64,
    watch: Watch,
    queue: Rc<CleanupQueue>,
    function: RefCell<Option<Value>>,
}

impl CleanupObject {
    fn queue_function(&self) {
        let function = self.function.borrow_mut().take();
        if let Some(function) = function {
            self.watch.cleanup_due();
            self.queue.push(DueCleanup {
                object: self.id,
                creator: self.creator,
                function,
            });
        }
    }
}

impl Object for CleanupObject {
    fn class_name(&self) -> &str {
        "onCleanup"
    }

    fn id(&self) -> ObjectId {
        self.id
    }

    fn property(&self, name: &str) -> Option<Result<Value>> {
        match name {
            "task" => Some(Ok(self
                .function
                .borrow()
                .clone()
                .unwrap_or_else(Value::empty))),
            _ => None,
        }
    }

    fn trace(&self, visit: &mut dyn FnMut(&Value)) {
        if let Some(function) = &*self.function.borrow() {
            visit(function);
        }
    }

    fn clear(&self) {
        // A cleanup in a cycle that nothing reaches is due as any other.
        self.queue_function();
    }
}

impl Drop for CleanupObject {
    fn drop(&mut self) {
        self.queue_function();
    }
}

fn on_cleanup(call: &mut Call<'_>) -> Result<Outputs> {
    let function = call.arguments[0].clone();
    if !matches!(function, Value::Function(_)) {
        return Err(coded(
            &codes::ON_CLEANUP_INPUT,
            "onCleanup: argument must be a function handle",
        ));
    }
    let watch = call.context.watch();
    watch.cleanup_made();
    let object = ObjectRef::new(CleanupObject {
        id: call.context.new_object_id(),
        creator: call.context.task_hash(),
        watch,
        queue: call.context.cleanup_queue(),
        function: RefCell::new(Some(function)),
    });
    call.context.adopt(&object);
    let cleanup = object.id();
    call.context.event(&Event::CleanupRegistered { cleanup });
    Ok(one(Value::Object(object)))
}

#[cfg(test)]
mod tests {
    use crate::testing::Session;

    #[test]
    fn cleanups_are_queued_once_when_the_last_reference_goes_oldest_first() {
        let session = Session::default();
        let first = session.evaluate("onCleanup(@sin)", 1).unwrap();
        let second = session.evaluate("onCleanup(@cos)", 1).unwrap();
        let kept = second.clone();
        drop(second);
        assert!(session.cleanups.is_empty());
        drop(kept);
        drop(first);
        let due = session.cleanups.take();
        let names: Vec<String> = due
            .iter()
            .map(|due| crate::testing::show(&due.function))
            .collect();
        assert_eq!(names, ["@sin", "@cos"]);
        assert!(session.cleanups.is_empty());
    }

    #[test]
    fn only_functions_clean_up() {
        crate::testing::check(&[(
            "onCleanup(3)",
            "error: MATLAB:onCleanup:invalidInput: onCleanup: argument must be a function handle",
        )]);
    }
}
