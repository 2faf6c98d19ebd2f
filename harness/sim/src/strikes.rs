//! Futures that the exploration may strike while they are suspended: what can be struck, and what was.

use std::cell::RefCell;
use std::rc::Rc;
use std::task::Waker;

use crate::choice::{Action, Candidate};
use crate::footprint::Access;
use crate::label::Label;
use crate::listener::Listener;
use crate::sim::Shared;

/// Something that is let go of at the strike itself, not in the next poll of its task.
pub(crate) trait Held {
    /// Drops what is held.
    fn let_go(&self);
}

/// All futures that can be struck in one way now: they are suspended, and not struck yet.
#[derive(Debug)]
pub(crate) struct Strikes {
    action: Action,
    // In the order in which they were suspended first; the others belong to the same futures.
    candidates: Vec<Candidate>,
    keys: Vec<u64>,
    entries: Vec<Entry>,
    struck: Vec<u64>,
    next_key: u64,
}

/// Whom a strike wakes, and what goes with it.
pub(crate) struct Entry {
    pub(crate) listener: Listener,
    pub(crate) held: Option<Rc<dyn Held>>,
}

impl std::fmt::Debug for Entry {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Entry")
            .field("listener", &self.listener)
            .finish_non_exhaustive()
    }
}

impl Strikes {
    /// Nothing that can be struck by `action`.
    pub(crate) fn new(action: Action) -> Strikes {
        Strikes {
            action,
            candidates: Vec::new(),
            keys: Vec::new(),
            entries: Vec::new(),
            struck: Vec::new(),
            next_key: 0,
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.candidates.is_empty()
    }

    pub(crate) fn candidates(&self) -> &[Candidate] {
        &self.candidates
    }

    fn add(&mut self, label: Label, entry: Entry) -> u64 {
        let key = self.next_key;
        self.next_key += 1;
        let action = self.action;
        self.candidates.push(Candidate { label, action });
        self.keys.push(key);
        self.entries.push(entry);
        key
    }

    /// Strikes the future at `index` of the candidates. What is held is to be let go of, then whoever
    /// listens to be woken, with nothing borrowed.
    pub(crate) fn strike(&mut self, index: usize) -> Entry {
        self.candidates.remove(index);
        self.struck.push(self.keys.remove(index));
        self.entries.remove(index)
    }

    /// Stores who is to be woken; returns who was stored before, to be dropped outside.
    #[must_use]
    fn listen(&mut self, key: u64, shared: &Shared, waker: &Waker) -> Option<Listener> {
        let index = self.keys.iter().position(|known| *known == key)?;
        let stored = &mut self.entries[index].listener;
        let is_new = !stored.will_wake(waker);
        is_new.then(|| std::mem::replace(stored, Listener::new(shared, waker)))
    }

    #[must_use]
    fn remove(&mut self, key: u64) -> Option<Entry> {
        self.struck.retain(|struck| *struck != key);
        let index = self.keys.iter().position(|known| *known == key)?;
        self.candidates.remove(index);
        self.keys.remove(index);
        Some(self.entries.remove(index))
    }

    /// Forgets everything but the count, which keeps keys of earlier runs from meaning anything.
    #[must_use]
    pub(crate) fn reset(&mut self) -> Vec<Entry> {
        self.candidates.clear();
        self.keys.clear();
        self.struck.clear();
        std::mem::take(&mut self.entries)
    }
}

/// A future's place among those that can be struck, while it is suspended.
pub(crate) struct Registration {
    shared: Rc<Shared>,
    list: fn(&Shared) -> &RefCell<Strikes>,
    label: Label,
    key: Option<u64>,
}

impl Registration {
    /// None yet; the label is the current task's, `name` and the occurrence there.
    pub(crate) fn new(
        shared: &Rc<Shared>,
        name: &str,
        list: fn(&Shared) -> &RefCell<Strikes>,
    ) -> Registration {
        Registration {
            label: shared.next_label(name),
            shared: Rc::clone(shared),
            list,
            key: None,
        }
    }

    pub(crate) fn label(&self) -> Label {
        self.label
    }

    /// Whether the future was struck: that decides what the step does in which it is asked.
    pub(crate) fn is_struck(&self) -> bool {
        let Some(key) = self.key else {
            return false;
        };
        let is_struck = (self.list)(&self.shared).borrow().struck.contains(&key);
        let run = &self.shared.run;
        run.borrow_mut().access(self.label.into(), Access::Read);
        is_struck
    }

    /// The future is suspended, and can be struck from now on; `held` is asked for the first time.
    pub(crate) fn suspend(&mut self, waker: &Waker, held: impl FnOnce() -> Option<Rc<dyn Held>>) {
        let list = (self.list)(&self.shared);
        match self.key {
            Some(key) => {
                let before = list.borrow_mut().listen(key, &self.shared, waker);
                drop(before);
            }
            None => {
                let listener = Listener::new(&self.shared, waker);
                let held = held();
                let key = list.borrow_mut().add(self.label, Entry { listener, held });
                let run = &self.shared.run;
                run.borrow_mut().access(self.label.into(), Access::Wake);
                self.key = Some(key);
            }
        }
    }

    /// The future cannot be struck any more.
    pub(crate) fn withdraw(&mut self) {
        if let Some(key) = self.key.take() {
            let entry = (self.list)(&self.shared).borrow_mut().remove(key);
            drop(entry);
            let mut run = self.shared.run.borrow_mut();
            run.access(self.label.into(), Access::Write);
        }
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        self.withdraw();
    }
}
