//! The one transition of a future into a terminal state, and futures that follow another.

use super::*;
use crate::capacity::Need;
use crate::feval;
use smallvec::{SmallVec, smallvec};
use tourbillon_builtins::note_escape;

/// A part of the one transition.
enum Transition {
    /// The state changes.
    Begin(Future, State),
    /// Callbacks and waiters hear of it.
    Tell(Future),
}

impl Future {
    /// The one transition. A value that is a future is followed instead.
    ///
    /// Nothing happens when the future is terminal already: whoever came first has won.
    pub(crate) fn settle(&self, machine: &Rc<Machine>, result: Result<Outputs>) {
        if self.is_terminal() {
            return;
        }
        if let Ok(outputs) = &result {
            let inner = outputs
                .first()
                .map(|value| Future::from_value(machine, value));
            if let Some(Ok(Some(inner))) = inner {
                self.follow(machine, &inner);
                return;
            }
        }
        let state = match result {
            Ok(outputs) => State::Success(outputs),
            Err(error) if error.cancellation() == Some(self.id()) && self.feval().is_some() => {
                State::Cancelled(feval::execution_cancelled())
            }
            Err(error) if error.cancellation() == Some(self.id()) || !error.is_catchable() => {
                State::Cancelled(error)
            }
            Err(error) => State::Failure(error),
        };
        self.finish(machine, state);
    }

    /// The transition to `'cancelled'` of a future that has no body to ask.
    pub(crate) fn settle_cancelled(&self, machine: &Rc<Machine>) {
        if !self.is_terminal() {
            let error = match self.feval() {
                Some(_) => feval::execution_cancelled(),
                None => errors::cancelled(self.id()),
            };
            self.finish(machine, State::Cancelled(error));
        }
    }

    /// The transition, and those of the futures that follow, one after another: they may follow each
    /// other further than the stack of the machine reaches.
    fn finish(&self, machine: &Rc<Machine>, state: State) {
        // Most futures have no followers: then the work fits without an allocation.
        let mut work: SmallVec<[Transition; 2]> = smallvec![Transition::Begin(self.clone(), state)];
        while let Some(next) = work.pop() {
            match next {
                Transition::Begin(future, _) if future.is_terminal() => {}
                Transition::Begin(future, _) if future.is_held_back(machine) => {}
                Transition::Begin(future, state) => {
                    let followers = future.change(machine, state);
                    let mut core = future.get().core.borrow_mut();
                    let held_back = core.take_extra(|extras| &mut extras.held_back);
                    drop(core);
                    work.extend(held_back.into_iter().map(Future::let_go));
                    work.push(Transition::Tell(future.clone()));
                    let takers = followers.into_iter().rev();
                    work.extend(takers.map(|f| Transition::Begin(f, future.taken_over())));
                }
                Transition::Tell(future) => {
                    crate::callbacks::run_due(machine, &future);
                    future.notify(machine);
                }
            }
        }
    }

    /// Whether the end of a future whose body has ended has to wait: it was asked to stop, and so were its
    /// children, which end first. The child that it waits for keeps it.
    fn is_held_back(&self, machine: &Machine) -> bool {
        let children = {
            let core = self.get().core.borrow();
            if !core.cancel_requested || core.runner.is_some() {
                return false;
            }
            core.children.clone()
        };
        self.touch_family(Access::Read);
        let child = (children.iter().filter_map(Future::upgrade)).find(Future::goes_on);
        if let Some(child) = &child {
            child.touch_waiters(Access::Add);
            let mut core = child.get().core.borrow_mut();
            core.extras().held_back.push(self.clone());
            drop(core);
            child.keep(machine);
        }
        child.is_some()
    }

    /// A child has ended that held the end back.
    fn let_go(self) -> Transition {
        let follows = self.get().core.borrow().follows().cloned();
        let state = match follows {
            Some(inner) if inner.is_terminal() => inner.taken_over(),
            Some(_) | None => State::Cancelled(errors::cancelled(self.id())),
        };
        Transition::Begin(self, state)
    }

    /// Puts the terminal state in; gives the futures that take it over.
    fn change(&self, machine: &Rc<Machine>, state: State) -> ThinVec<Future> {
        let object = self.get();
        object.touch(Access::Write);
        if let State::Success(outputs) = &state {
            note_escape(&machine.watch, outputs);
        }
        let error = match &state {
            State::Failure(error) | State::Cancelled(error) => Some(error.clone()),
            State::Created(_) | State::Pending | State::Success(_) => None,
        };
        let (from, to, followers, left, place) = {
            let mut core = object.core.borrow_mut();
            let (from, to) = (core.state.kind(), state.kind());
            if let State::Failure(error) = &state {
                let failure = Rc::new(Failure {
                    error: error.clone(),
                    task: core.label.clone(),
                    is_manual: matches!(core.origin, Origin::Manual),
                    ordinal: object.ordinal,
                    // A follower passes it on; a callback for failures sees it.
                    is_observed: std::cell::Cell::new(
                        !core.followers().is_empty()
                            || core.callbacks().iter().any(|callback| {
                                matches!(
                                    callback.kind,
                                    CallbackKind::Failure | CallbackKind::Then(_)
                                )
                            }),
                    ),
                });
                machine.note_failure(failure.clone());
                core.extras().failure = Some(failure);
            }
            let followed = core.follows().and_then(Future::shortfall);
            if let Some(shortfall) = followed {
                core.set_shortfall(shortfall);
            }
            let left = (
                std::mem::replace(&mut core.state, state),
                std::mem::replace(&mut core.origin, Origin::Body),
                core.take_extra(|extras| &mut extras.follows),
            );
            if matches!(left.1, Origin::Manual) {
                core.origin = Origin::Manual;
            }
            core.runner = None;
            let followers = core.take_extra(|extras| &mut extras.followers);
            (from, to, followers, left, core.place.take())
        };
        // What the body began with, and an operation, end here and with nothing borrowed.
        drop((left, place));
        if from == FutureState::Pending {
            machine.token.pending.remove(1);
        }
        if let Some(error) = &error {
            machine.event(&Event::FutureFailed {
                future: self.id(),
                error,
            });
        }
        machine.event(&Event::FutureState {
            future: object.id,
            from: from.for_event(),
            to: to.for_event(),
        });
        if let Some(feval) = self.feval() {
            feval.note_end(machine);
        }
        self.hand_children_over(machine);
        followers
    }

    /// Tasks that outlive the body that spawned them belong to its parent from now on.
    fn hand_children_over(&self, machine: &Machine) {
        let (parent, children) = {
            let mut core = self.get().core.borrow_mut();
            (core.parent.take(), std::mem::take(&mut core.children))
        };
        // Without a parent the session has them now.
        let parent = parent.and_then(|parent| Future::upgrade(&parent));
        if let Some(parent) = &parent {
            parent.touch_family(Access::Add);
        }
        let alive = children.iter().filter_map(Future::upgrade);
        for child in alive.filter(Future::goes_on) {
            if let Some(parent) = &parent {
                parent.get().core.borrow_mut().add_child(&child);
            }
            child.get().core.borrow_mut().parent = parent.as_ref().map(Future::downgrade);
            machine.event(&Event::FutureAdopted {
                future: child.id(),
                parent: parent.as_ref().map(Future::id),
            });
        }
    }

    /// This future takes over the result of another one, at once or when it comes.
    pub(crate) fn follow(&self, machine: &Rc<Machine>, inner: &Future) {
        let mut at = Some(inner.clone());
        while let Some(next) = at {
            if next.is_same(self) {
                self.finish(machine, State::Failure(errors::self_resolution()));
                return;
            }
            next.touch(Access::Read);
            at = next.get().core.borrow().follows().cloned();
        }
        if inner.state() == FutureState::Created {
            let need = Need {
                tasks: 1,
                ..Need::default()
            };
            if let Err(error) = machine.make_room(need, machine.is_in_reserve()) {
                self.finish(machine, State::Failure(error));
                return;
            }
            crate::spawn::start_task(machine, inner, None, Some(self), false);
        }
        if inner.is_terminal() {
            self.take_over(machine, inner);
            return;
        }
        self.touch(Access::Write);
        let parent = {
            let mut core = self.get().core.borrow_mut();
            core.extras().follows = Some(inner.clone());
            core.runner = None;
            core.parent.as_ref().and_then(Future::upgrade)
        };
        if let Some(parent) = parent {
            // A body awaited by transfer was asked to stop through the chain of its task. It has left
            // that chain and is a child like others.
            parent.touch_family(Access::Add);
            parent.get().core.borrow_mut().add_child(self);
            machine.event(&Event::FutureAdopted {
                future: self.id(),
                parent: Some(parent.id()),
            });
        }
        inner.touch_waiters(Access::Write);
        let mut core = inner.get().core.borrow_mut();
        core.extras().followers.push(self.clone());
        drop(core);
        inner.keep(machine);
    }

    fn take_over(&self, machine: &Rc<Machine>, inner: &Future) {
        if !self.is_terminal() {
            if let Some(shortfall) = inner.shortfall() {
                self.get().core.borrow_mut().set_shortfall(shortfall);
            }
            self.finish(machine, inner.taken_over());
        }
    }

    fn shortfall(&self) -> Option<Shortfall> {
        let core = self.get().core.borrow();
        core.extras.as_ref()?.shortfall.clone()
    }

    /// The terminal state as a follower takes it over.
    fn taken_over(&self) -> State {
        self.touch(Access::Read);
        let core = self.get().core.borrow();
        if let Some(failure) = core.failure() {
            failure.is_observed.set(true);
        }
        match &core.state {
            State::Success(outputs) => State::Success(outputs.clone()),
            State::Failure(error) => State::Failure(error.clone()),
            State::Cancelled(error) => State::Cancelled(error.clone()),
            State::Created(_) | State::Pending => unreachable!("it is terminal"),
        }
    }

    /// Whether that body started it, or had it handed over.
    pub(crate) fn is_child_of(&self, parent: &Future) -> bool {
        let core = self.get().core.borrow();
        let own = core.parent.as_ref().and_then(Future::upgrade);
        own.is_some_and(|own| own.is_same(parent))
    }

    /// Forgets what a dropped execution has left: who waited, and callbacks that never run.
    pub(crate) fn abandon(&self) {
        let passed_over = {
            let mut core = self.get().core.borrow_mut();
            if let Some(extras) = &mut core.extras {
                extras.callback_task = None;
                extras.callback_label = None;
                extras.callbacks_done = 0;
            }
            if let Some(waiting) = &mut core.registrations {
                waiting.retain(|entry| matches!(entry.listener, Listener::Set(_)));
                waiting.iter_mut().for_each(|entry| entry.mark = 0);
            }
            core.take_extra(|extras| &mut extras.callbacks)
        };
        drop(passed_over);
    }

    /// Stops following: this future was cancelled by itself.
    pub(crate) fn stop_following(&self) {
        let mut core = self.get().core.borrow_mut();
        let inner = core.take_extra(|extras| &mut extras.follows);
        drop(core);
        if let Some(inner) = inner {
            self.touch(Access::Write);
            inner.touch(Access::Read);
            inner.touch_waiters(Access::Write);
            inner
                .get()
                .core
                .borrow_mut()
                .extras()
                .followers
                .retain(|follower| !follower.is_same(self));
        }
    }
}
