//! The console of a world: it keeps what was written.

use std::cell::{Ref, RefCell};

use tourbillon_host::{Console, Stream};

/// Keeps both streams as text.
#[derive(Debug, Default)]
pub struct CapturingConsole {
    output: RefCell<String>,
    errors: RefCell<String>,
}

impl CapturingConsole {
    /// What the program printed.
    pub fn output(&self) -> Ref<'_, str> {
        Ref::map(self.output.borrow(), String::as_str)
    }

    /// Warnings and reports.
    pub fn errors(&self) -> Ref<'_, str> {
        Ref::map(self.errors.borrow(), String::as_str)
    }

    /// Empty again.
    pub(crate) fn reset(&self) {
        self.output.borrow_mut().clear();
        self.errors.borrow_mut().clear();
    }
}

impl Console for CapturingConsole {
    fn write(&self, stream: Stream, text: &str) {
        let kept = match stream {
            Stream::Output => &self.output,
            Stream::Error => &self.errors,
        };
        kept.borrow_mut().push_str(text);
    }
}
