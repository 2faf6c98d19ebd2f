//! When `onCleanup` functions run: at the exit of a function, else at the end of the statement that let go
//! of the object, in the task that did.

use crate::fiber::Frame;
use crate::interpreter::Interpreter;
use tourbillon_builtins::DueCleanup;
use tourbillon_value::RuntimeError;

/// Cleanups that wait for the end of a statement which calls or waits meanwhile.
pub(crate) struct PutOff {
    /// How many frames the body had when they became due: the statement is that of the last of these.
    frames: usize,
    due: Vec<DueCleanup>,
}

impl Interpreter {
    /// What became due in the midst of a statement waits for its end: control goes elsewhere now, and the
    /// statements there are others. The body has so many frames of its own then.
    #[inline]
    pub(crate) fn put_off_cleanups(&mut self, frames: usize) {
        if !self.machine.cleanups.is_empty() {
            let due = self.machine.cleanups.take();
            let aside = self.top().aside.get_or_insert_default();
            aside.put_off.push(PutOff { frames, due });
        }
    }

    /// Control is back where the body has so many frames, or an error has taken it there: what was put off
    /// by these or later frames is due.
    #[inline]
    pub(crate) fn take_up_cleanups(&mut self, frames: usize) {
        let fiber = self.fibers.last_mut().expect("a running task has a body");
        let Some(aside) = &mut fiber.aside else {
            return;
        };
        while let Some(last) = aside.put_off.pop_if(|last| last.frames >= frames) {
            let due = last.due.into_iter();
            due.for_each(|due| self.machine.cleanups.push(due));
        }
    }

    /// Pushes a frame that runs the cleanups that are due, and below it the error that waits for
    /// them; says whether there were any.
    pub(crate) fn push_due_cleanups(&mut self, waiting: Option<&RuntimeError>) -> bool {
        let frames = self.top().frames.len();
        self.take_up_cleanups(frames + 1);
        if self.machine.cleanups.is_empty() {
            return false;
        }
        let queue = self.machine.take_cleanups();
        self.machine.event(&tourbillon_host::Event::CleanupRun {
            task: self.record.id,
        });
        let kept = self.machine.results.take();
        let fiber = self.top();
        if let Some(error) = waiting {
            fiber.frames.push(Frame::Unwind(error.clone()));
        }
        fiber.frames.push(Frame::cleanups(queue, kept));
        true
    }

    /// An error of an `onCleanup` function becomes a warning.
    pub(crate) fn cleanup_failed(&mut self, error: RuntimeError) {
        let warning = tourbillon_value::build_runtime_error(format!(
            "The following error was caught while executing an onCleanup function: {}",
            error.message()
        ))
        .identifier("MATLAB:class:DestructorError")
        .cause(error)
        .build();
        tourbillon_builtins::warn(&*self.machine, warning);
    }
}
