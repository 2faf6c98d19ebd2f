//! Who waits for a future, and when they are told.

use super::*;
use crate::capacity::Counter;

/// Somebody who waits for a future: told when it is terminal and `mark` callbacks have run.
pub(super) struct Registration {
    pub(super) listener: Listener,
    pub(super) index: u32,
    pub(super) mark: u32,
    /// Its place among the waiters of the embedded tier.
    pub(super) _place: Option<Place>,
}

/// Who is told of a transition.
#[derive(Clone)]
pub(crate) enum Listener {
    /// A task that waits.
    Waiter(Rc<Waiter>),
    /// A join set; it does not keep itself alive by its members.
    Set(Box<SetListener>),
}

/// A set as a listener.
#[derive(Clone)]
pub(crate) struct SetListener {
    pub set: std::rc::Weak<crate::sets::SetCore>,
    pub id: ObjectId,
    /// Where its registrations are counted, on the embedded tier.
    pub charge: Option<Rc<Counter>>,
}

impl Listener {
    fn is_waiter(&self, waiter: &Rc<Waiter>) -> bool {
        matches!(self, Listener::Waiter(own) if Rc::ptr_eq(own, waiter))
    }

    fn place(&self) -> Option<Place> {
        match self {
            Listener::Waiter(waiter) => waiter.place(),
            Listener::Set(listener) => listener.charge.as_ref().map(Counter::enter),
        }
    }

    fn arrive(&self, machine: &Machine, index: u32, state: FutureState) {
        match self {
            Listener::Waiter(waiter) => {
                let access = waiter.arrival(state);
                machine.touch(Shared::Wait(waiter.task()), access);
                if waiter.arrive(index, state) {
                    machine.wake_as(waiter.task(), access == Access::Add);
                }
            }
            Listener::Set(listener) => {
                // Also of a set that is gone: whoever let go of it may have looked into it before.
                machine.touch(Shared::Handle(listener.id), Access::Write);
                if let Some(set) = listener.set.upgrade() {
                    set.arrive(machine, index);
                }
            }
        }
    }
}

impl Future {
    /// Whether more than so many wait for it.
    pub(crate) fn has_waiters_beyond(&self, count: usize) -> bool {
        let object = self.get();
        object.touch(Access::Read);
        object.touch_waiters(Access::Read);
        let core = object.core.borrow();
        let waiting = core.registrations().filter(|entry| match &entry.listener {
            Listener::Waiter(_) => true,
            Listener::Set(listener) => {
                let set = Shared::Waiters(listener.id);
                object.session.watch.access(set, Access::Read);
                listener.set.strong_count() > 0
            }
        });
        waiting.count() + core.followers().len() > count
    }

    /// Tells the listener when the future is terminal and the callbacks registered so far have run.
    /// Inside the future's own callbacks the wait is for the transition only.
    pub(crate) fn register(&self, machine: &Machine, listener: Listener, index: u32) {
        let mark = {
            let core = self.get().core.borrow();
            let current = machine.current.borrow().as_ref().map(|record| record.id);
            let in_own_callback = core.callback_task().is_some() && core.callback_task() == current;
            if in_own_callback {
                0
            } else {
                core.callbacks().len()
            }
        };
        self.register_at(machine, listener, index, mark);
    }

    /// Tells the listener when the future is terminal, whatever its callbacks do.
    pub(crate) fn register_for_end(&self, machine: &Machine, listener: Listener, index: u32) {
        self.register_at(machine, listener, index, 0);
    }

    fn register_at(&self, machine: &Machine, listener: Listener, index: u32, mark: usize) {
        let object = self.get();
        object.touch(Access::Read);
        let arrived = {
            let mut core = object.core.borrow_mut();
            if core.state.kind().is_terminal() && core.callbacks_done() >= mark {
                Some((core.state.kind(), listener))
            } else {
                object.touch_waiters(Access::Add);
                let place = listener.place();
                let registrations = core.registrations.get_or_insert_default();
                registrations.push_back(Registration {
                    listener,
                    index,
                    mark: mark as u32,
                    _place: place,
                });
                None
            }
        };
        if let Some((state, listener)) = arrived {
            listener.arrive(machine, index, state);
        }
    }

    /// Whether an `await` of the running task would return at once.
    pub(crate) fn is_settled_for(&self, task: TaskId) -> bool {
        self.touch(Access::Read);
        let core = self.get().core.borrow();
        core.state.kind().is_terminal()
            && (core.callbacks_left().is_empty() || core.callback_task() == Some(task))
    }

    /// Forgets one registration of a waiter that does not wait any more.
    pub(crate) fn unregister(&self, waiter: &Rc<Waiter>) {
        let mut core = self.get().core.borrow_mut();
        // From both ends: those who give up in great numbers do so in order, one way or the other.
        let Some(waiting) = &mut core.registrations else {
            return;
        };
        let place = (0..waiting.len().div_ceil(2))
            .flat_map(|at| [at, waiting.len() - 1 - at])
            .find(|at| waiting[*at].listener.is_waiter(waiter));
        if let Some(at) = place {
            self.touch(Access::Read);
            self.touch_waiters(Access::Add);
            waiting.remove(at);
        }
    }

    /// Tells everybody whose time has come.
    pub(crate) fn notify(&self, machine: &Machine) {
        let (due, state) = {
            let mut core = self.get().core.borrow_mut();
            let state = core.state.kind();
            if !state.is_terminal() {
                return;
            }
            let done = core.callbacks_done();
            let Some(all) = core.registrations.take() else {
                return;
            };
            let is_due = |entry: &Registration| entry.mark as usize <= done;
            if all.iter().all(is_due) {
                (*all, state)
            } else {
                let (due, rest): (VecDeque<_>, VecDeque<_>) = all.into_iter().partition(is_due);
                core.registrations = Some(Box::new(rest));
                (due, state)
            }
        };
        for entry in due {
            entry.listener.arrive(machine, entry.index, state);
        }
    }
}
