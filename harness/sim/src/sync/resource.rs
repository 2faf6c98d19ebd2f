//! What all objects of this module have in common: a label, accesses, and who waits for them.

use std::cell::RefCell;
use std::fmt;
use std::rc::Rc;
use std::task::Waker;

use crate::explain::Notes;
use crate::footprint::{Access, Object};
use crate::label::{Label, mix};
pub(crate) use crate::listener::Listener;
pub(crate) use crate::sim::{Awaited, Site};
use crate::sim::{Shared, Sim, WaitOn};

/// An object with a label, in the simulation that it was made in.
#[derive(Clone)]
pub(crate) struct Resource {
    shared: Rc<Shared>,
    label: Label,
}

impl Resource {
    pub(crate) fn new(sim: &Sim, name: &str) -> Resource {
        Resource {
            shared: Rc::clone(&sim.shared),
            label: sim.shared.next_label(name),
        }
    }

    fn access(&self, object: Object, access: Access) {
        self.shared.run.borrow_mut().access(object, access);
    }

    pub(crate) fn read(&self) {
        self.access(self.label.into(), Access::Read);
    }

    pub(crate) fn write(&self) {
        self.access(self.label.into(), Access::Write);
    }

    /// A part of the object with accesses of its own.
    pub(crate) fn part(&self, kind: u64, index: u64) -> Object {
        Object(mix(self.label.0 ^ mix(kind ^ index.rotate_left(8))))
    }

    pub(crate) fn read_part(&self, part: Object) {
        self.access(part, Access::Read);
    }

    pub(crate) fn write_part(&self, part: Object) {
        self.access(part, Access::Write);
    }

    /// The current task is suspended until this object lets it go on.
    pub(crate) fn wait(&self, awaited: Awaited, site: Site) {
        let on = WaitOn::Object(self.label, awaited);
        self.shared.note_wait(on, Some(site));
    }

    /// The current task.
    pub(crate) fn task(&self) -> Label {
        self.shared.current.get()
    }

    pub(crate) fn listener(&self, waker: &Waker) -> Listener {
        Listener::new(&self.shared, waker)
    }

    /// Wakes whoever listens. Nothing may be borrowed: the waker may be foreign.
    pub(crate) fn wake(&self, listener: Option<Listener>) {
        if let Some(listener) = listener {
            listener.wake(&self.shared);
        }
    }

    /// `task` has it from now on, by what it asked for at `site`; unless `is_claimed`, the future
    /// that asked does not know yet.
    pub(crate) fn hold(&self, task: Label, site: Site, is_claimed: bool) -> Hold {
        let note = |notes: &mut Notes| notes.hold(self.label, task, site, is_claimed);
        self.shared.explain(note).unwrap_or(Hold::NONE)
    }

    /// The future that asked for it knows now that it was given.
    pub(crate) fn claim(&self, hold: Hold) {
        let task = self.shared.current.get();
        self.shared.explain(|notes| notes.claim(hold, task));
    }

    /// Nobody has it any more.
    pub(crate) fn release(&self, hold: Hold) {
        self.shared.explain(|notes| notes.release(hold));
    }

    /// The object was signalled, and whoever waits later will not hear of it.
    pub(crate) fn signal(&self) {
        self.shared.explain(|notes| notes.signal(self.label));
    }

    /// The object only holds data.
    pub(crate) fn is_cell(&self) {
        self.shared.explain(|notes| notes.cell(self.label));
    }
}

impl fmt::Debug for Resource {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.shared.run.try_borrow() {
            Ok(run) => out.write_str(&run.labels.text(self.label)),
            Err(_) => write!(out, "{:?}", self.label),
        }
    }
}

/// That somebody has an object, for reports: nothing unless the run is to be explained.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Hold(pub(crate) u32);

impl Hold {
    pub(crate) const NONE: Hold = Hold(u32::MAX);
}

/// The place of a future that waits, where its waker is found.
#[derive(Debug, Default)]
pub(crate) struct Place(RefCell<Option<Listener>>);

impl Place {
    /// Stores who is to be woken. The waker that was stored before is dropped with nothing borrowed.
    pub(crate) fn listen(&self, listener: Listener) {
        let before = self.0.replace(Some(listener));
        drop(before);
    }

    #[must_use]
    pub(crate) fn take(&self) -> Option<Listener> {
        self.0.take()
    }
}
