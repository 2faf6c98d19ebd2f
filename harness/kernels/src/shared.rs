//! State that the tasks of a kernel share; every access is known to the runtime.

use std::cell::RefCell;
use std::fmt;
use std::rc::Rc;

use crate::runtime::Runtime;

/// A value that tasks share. Clones are the same value.
pub struct Shared<R: Runtime, T> {
    runtime: R,
    object: R::Object,
    value: Rc<RefCell<T>>,
}

impl<R: Runtime, T> Shared<R, T> {
    /// A shared value under a name.
    pub fn new(runtime: &R, name: &str, value: T) -> Shared<R, T> {
        Shared {
            runtime: runtime.clone(),
            object: runtime.object(name),
            value: Rc::new(RefCell::new(value)),
        }
    }

    /// Looks at the value. `look` must not come back to it.
    pub fn with<U>(&self, look: impl FnOnce(&T) -> U) -> U {
        self.runtime.reads(&self.object);
        look(&self.value.borrow())
    }

    /// Changes the value. `change` must not come back to it, nor wake or drop what may.
    pub fn update<U>(&self, change: impl FnOnce(&mut T) -> U) -> U {
        self.runtime.writes(&self.object);
        change(&mut self.value.borrow_mut())
    }

    /// Puts another value in its place.
    pub fn set(&self, value: T) {
        let before = self.update(|place| std::mem::replace(place, value));
        drop(before);
    }

    /// The value.
    #[must_use]
    pub fn get(&self) -> T
    where
        T: Copy,
    {
        self.with(|value| *value)
    }
}

impl<R: Runtime, T> Clone for Shared<R, T> {
    fn clone(&self) -> Shared<R, T> {
        Shared {
            runtime: self.runtime.clone(),
            object: self.object.clone(),
            value: Rc::clone(&self.value),
        }
    }
}

impl<R: Runtime, T: fmt::Debug> fmt::Debug for Shared<R, T> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_tuple("Shared").field(&self.value).finish()
    }
}
