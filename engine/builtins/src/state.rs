//! What the library remembers in a session between two calls.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use tourbillon_host::Nanoseconds;
use tourbillon_value::RuntimeError;

/// The stopwatch of `tic`, the state of warnings. One for each session; `reset` makes it as new.
#[derive(Debug, Default)]
pub struct LibraryState {
    stopwatch: Cell<Option<Nanoseconds>>,
    last_warning: RefCell<Option<RuntimeError>>,
    all_warnings_off: Cell<bool>,
    warnings_off: RefCell<BTreeSet<String>>,
}

impl LibraryState {
    /// Forgets everything.
    pub fn reset(&self) {
        self.stopwatch.set(None);
        self.last_warning.replace(None);
        self.all_warnings_off.set(false);
        self.warnings_off.borrow_mut().clear();
    }

    /// When `tic` was called last.
    pub(crate) fn stopwatch(&self) -> Option<Nanoseconds> {
        self.stopwatch.get()
    }

    /// Starts the stopwatch.
    pub(crate) fn start_stopwatch(&self, now: Nanoseconds) {
        self.stopwatch.set(Some(now));
    }

    /// The last warning, shown or not.
    pub(crate) fn last_warning(&self) -> Option<RuntimeError> {
        self.last_warning.borrow().clone()
    }

    /// Replaces the last warning.
    pub(crate) fn set_last_warning(&self, warning: Option<RuntimeError>) {
        self.last_warning.replace(warning);
    }

    /// Whether a warning with that identifier is shown.
    pub(crate) fn shows_warning(&self, identifier: &str) -> bool {
        !self.all_warnings_off.get() && !self.warnings_off.borrow().contains(identifier)
    }

    /// Switches warnings on or off: those with that identifier, or with `all` every one.
    pub(crate) fn switch_warnings(&self, identifier: &str, on: bool) {
        if identifier == "all" {
            self.all_warnings_off.set(!on);
            self.warnings_off.borrow_mut().clear();
        } else if on {
            self.warnings_off.borrow_mut().remove(identifier);
        } else {
            self.warnings_off.borrow_mut().insert(identifier.to_owned());
        }
    }
}
