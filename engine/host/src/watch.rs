//! The engine's end of an observer: what tells of accesses holds one. Natively it is empty.

use crate::{Access, Entangled, Event, Object, Observer};
use std::cell::Cell;
use std::rc::Rc;
use tourbillon_value::ObjectId;

/// The session's end of an observer. Clones are the same; the default has nobody to tell.
#[derive(Clone, Default)]
pub struct Watch(Option<Rc<Watched>>);

struct Watched {
    observer: Rc<dyn Observer>,
    /// Whether accesses are told now: between executions they are nobody's.
    is_on: Cell<bool>,
    /// `onCleanup` objects whose function has not become due.
    cleanups: Cell<usize>,
    /// What was said already of the ways in which the execution is entangled.
    said: Cell<[bool; Entangled::COUNT]>,
}

impl Watch {
    /// The end of an observer, if there is one.
    pub fn new(observer: Option<Rc<dyn Observer>>) -> Watch {
        Watch(observer.map(|observer| {
            Rc::new(Watched {
                observer,
                is_on: Cell::new(false),
                cleanups: Cell::new(0),
                said: Cell::default(),
            })
        }))
    }

    /// An execution begins: accesses are told from here on, if the observer wants to hear of them.
    pub fn start(&self) {
        if let Some(watched) = &self.0 {
            watched.is_on.set(watched.observer.wants_accesses());
            watched.said.set(Default::default());
        }
    }

    /// The steps of an execution are over.
    pub fn stop(&self) {
        if let Some(watched) = &self.0 {
            watched.is_on.set(false);
        }
    }

    /// Whether accesses are told now.
    #[inline]
    pub fn is_on(&self) -> bool {
        matches!(&self.0, Some(watched) if watched.is_on.get())
    }

    /// Tells of an access.
    #[inline]
    pub fn access(&self, object: Object<'_>, access: Access) {
        if let Some(watched) = &self.0
            && watched.is_on.get()
        {
            watched.observer.access(object, access);
        }
    }

    /// Tells of an access to a handle object.
    #[inline]
    pub fn handle(&self, object: ObjectId, access: Access) {
        self.access(Object::Handle(object), access);
    }

    /// Tells of an event.
    #[inline]
    pub fn event(&self, event: &Event<'_>) {
        if let Some(watched) = &self.0 {
            watched.observer.event(event);
        }
    }

    /// Tells, once in an execution, that it depends on the order of steps that share no object.
    pub fn entangle(&self, why: Entangled) {
        if let Some(watched) = &self.0
            && watched.is_on.get()
        {
            let mut said = watched.said.get();
            if !std::mem::replace(&mut said[why as usize], true) {
                watched.said.set(said);
                watched.observer.event(&Event::Entangled { why });
            }
        }
    }

    /// Counts an `onCleanup` object that was made.
    pub fn cleanup_made(&self) {
        if let Some(watched) = &self.0 {
            watched.cleanups.set(watched.cleanups.get() + 1);
        }
    }

    /// Counts an `onCleanup` object whose function has become due.
    pub fn cleanup_due(&self) {
        if let Some(watched) = &self.0 {
            watched
                .cleanups
                .set(watched.cleanups.get().saturating_sub(1));
        }
    }

    /// Whether it has to be found out who can let go of a value last: there is a cleanup that is not due
    /// yet, and nobody has said that several tasks reach one.
    #[inline]
    pub fn looks_for_cleanups(&self) -> bool {
        matches!(&self.0, Some(watched) if watched.is_on.get()
            && watched.cleanups.get() > 0
            && !watched.said.get()[Entangled::Cleanup as usize])
    }
}
