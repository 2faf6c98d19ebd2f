//! A cell that tasks share.

use std::cell::RefCell;
use std::rc::Rc;

use super::resource::Resource;
use crate::sim::Sim;

/// A cell that tasks share; its clones are the same cell. Made by [`Sim::shared`].
#[derive(Debug)]
pub struct Shared<T> {
    resource: Resource,
    value: Rc<RefCell<T>>,
}

impl<T> Clone for Shared<T> {
    fn clone(&self) -> Shared<T> {
        Shared {
            resource: self.resource.clone(),
            value: Rc::clone(&self.value),
        }
    }
}

impl<T> Shared<T> {
    pub(super) fn new(sim: &Sim, name: &str, value: T) -> Shared<T> {
        let resource = Resource::new(sim, name);
        resource.is_cell();
        Shared {
            resource,
            value: Rc::new(RefCell::new(value)),
        }
    }

    /// Looks at the value. `look` must not change this cell.
    pub fn with<R>(&self, look: impl FnOnce(&T) -> R) -> R {
        self.resource.read();
        look(&self.value.borrow())
    }

    /// Changes the value. `change` must not use this cell.
    pub fn update<R>(&self, change: impl FnOnce(&mut T) -> R) -> R {
        self.resource.write();
        change(&mut self.value.borrow_mut())
    }

    /// A copy of the value.
    #[must_use]
    pub fn get(&self) -> T
    where
        T: Clone,
    {
        self.with(T::clone)
    }

    /// Puts another value in its place.
    pub fn set(&self, value: T) {
        drop(self.replace(value));
    }

    /// Puts another value in its place; returns the one before.
    #[must_use]
    pub fn replace(&self, value: T) -> T {
        self.update(|known| std::mem::replace(known, value))
    }

    /// Leaves the default in its place; returns the one before.
    #[must_use]
    pub fn take(&self) -> T
    where
        T: Default,
    {
        self.replace(T::default())
    }
}
