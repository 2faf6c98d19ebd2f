//! A future as a value: its properties, what it holds, and how it goes.

use super::{CallbackKind, Core, Future, FutureObject, Origin, State};
use crate::feval::{Feval, FevalKind};
use crate::fiber::Start;
use crate::machine::Token;
use std::cell::RefCell;
use std::rc::Rc;
use tourbillon_host::{Access, Entangled, Object as Shared, TaskLabel};
use tourbillon_value::{
    Array, Object, ObjectId, ObjectRef, Result, Value, build_runtime_error, release,
};

impl FutureObject {
    /// See [`Future::touch`].
    #[inline]
    pub(super) fn touch(&self, access: Access) {
        self.session.watch.handle(self.id, access);
    }

    /// See [`Future::touch_waiters`].
    #[inline]
    pub(super) fn touch_waiters(&self, access: Access) {
        self.session.watch.access(Shared::Waiters(self.id), access);
    }

    /// See [`Future::touch_family`].
    #[inline]
    pub(crate) fn touch_family(&self, access: Access) {
        self.session.watch.access(Shared::Family(self.id), access);
    }

    pub(super) fn has_begun(&self) -> bool {
        let guard = match &self.core.borrow().origin {
            Origin::Operation(operation) => Some(operation.guard.clone()),
            Origin::Body | Origin::Manual => None,
        };
        guard.is_none_or(|guard| guard.has_begun())
    }

    /// A property that only futures of background jobs have.
    fn feval_property(&self, feval: &Feval, name: &str) -> Option<Value> {
        let state = self.core.borrow().state.kind();
        Some(match name {
            "State" => Value::text(feval.state_name(state, self.has_begun())),
            "ID" => match feval.kind {
                FevalKind::Unavailable => Value::Double(-1.0),
                FevalKind::Job | FevalKind::Each | FevalKind::All => {
                    self.session.watch.entangle(Entangled::Numbers);
                    Value::Double(self.number as f64)
                }
            },
            "Read" => {
                self.session.watch.access(Shared::Jobs, Access::Read);
                Value::Bool(feval.is_read.get())
            }
            "Diary" => Value::text(&feval.diary.borrow()),
            "Function" => feval.function.clone(),
            "InputArguments" => Value::cell_row(feval.inputs.clone()),
            "Error" if feval.kind == FevalKind::Each && state.is_terminal() => {
                let core = self.core.borrow();
                if let Some(failure) = core.failure() {
                    failure.is_observed.set(true);
                }
                match &core.state {
                    // One for each call that failed or never was, in the order of the futures before.
                    State::Failure(_) if !feval.errors.borrow().is_empty() => {
                        let errors = feval.errors.borrow();
                        let errors = errors.iter().cloned().map(Value::Exception).collect();
                        Value::cell(Array::column(errors))
                    }
                    State::Failure(error) | State::Cancelled(error) => {
                        Value::cell_row(vec![Value::Exception(error.clone())])
                    }
                    State::Created(_) | State::Pending | State::Success(_) => Value::empty(),
                }
            }
            "NumOutputArguments" => Value::Double(feval.outputs as f64),
            "OutputArguments" => Value::cell_row(match &self.core.borrow().state {
                State::Success(outputs) => outputs.to_vec(),
                State::Created(_) | State::Pending | State::Failure(_) | State::Cancelled(_) => {
                    Vec::new()
                }
            }),
            _ => return None,
        })
    }
}

impl Object for FutureObject {
    fn class_name(&self) -> &str {
        match self.core.borrow().feval() {
            Some(feval) => feval.kind.class_name(),
            None => "future",
        }
    }

    fn makes_arrays(&self) -> bool {
        self.core.borrow().feval().is_some()
    }

    fn filler(&self) -> Option<Value> {
        let label = self.core.borrow().label.clone();
        Some(unavailable(&self.session, label))
    }

    fn id(&self) -> ObjectId {
        self.id
    }

    fn property(&self, name: &str) -> Option<Result<Value>> {
        self.session.watch.handle(self.id, Access::Read);
        let feval = self.core.borrow().feval().cloned();
        if let Some(value) = feval.and_then(|feval| self.feval_property(&feval, name)) {
            return Some(Ok(value));
        }
        if name == "ID" {
            self.session.watch.entangle(Entangled::Numbers);
        }
        let core = self.core.borrow();
        Some(Ok(match name {
            "State" => Value::text(core.state.kind().name()),
            "ID" => Value::Double(self.number as f64),
            "Name" => Value::text(core.name().map_or("", |name| name)),
            "Priority" => Value::text(core.priority.name()),
            "Error" => match &core.state {
                State::Failure(error) | State::Cancelled(error) => {
                    if let Some(failure) = core.failure() {
                        failure.is_observed.set(true);
                    }
                    Value::Exception(error.clone())
                }
                State::Created(_) | State::Pending | State::Success(_) => Value::empty(),
            },
            "Value" => {
                return Some(Err(build_runtime_error(
                    "A future has no property 'Value'; await(f) gives its value.",
                )
                .identifier("MATLAB:noSuchMethodOrField")
                .build()));
            }
            _ => return None,
        }))
    }

    fn trace(&self, visit: &mut dyn FnMut(&Value)) {
        let core = self.core.borrow();
        match &core.state {
            State::Created(Some(start)) => start.trace(visit),
            State::Created(None) | State::Pending => {}
            State::Success(outputs) => outputs.iter().for_each(&mut *visit),
            State::Failure(_) | State::Cancelled(_) => {}
        }
        if let Some(feval) = core.feval() {
            visit(&feval.function);
            feval.inputs.iter().for_each(&mut *visit);
        }
        for callback in core.callbacks() {
            visit(&callback.function);
            if let CallbackKind::Then(derived) = &callback.kind {
                visit(&derived.value());
            }
        }
        let futures = core.followers().iter().chain(core.follows());
        for follower in futures.chain(core.held_back()) {
            visit(&follower.value());
        }
    }

    fn clear(&self) {
        // The parts are dropped after the borrow: their own drops may come back here.
        let parts = {
            let mut core = self.core.borrow_mut();
            let state = match &mut core.state {
                State::Created(start) => State::Created(start.take()),
                State::Success(outputs) => State::Success(std::mem::take(outputs)),
                State::Pending | State::Failure(_) | State::Cancelled(_) => State::Pending,
            };
            (
                state,
                core.take_extra(|extras| &mut extras.callbacks),
                core.take_extra(|extras| &mut extras.followers),
                core.take_extra(|extras| &mut extras.follows),
                core.take_extra(|extras| &mut extras.held_back),
                core.registrations.take(),
            )
        };
        drop(parts);
    }

    fn give_up(&self, values: &mut Vec<Value>) {
        let mut core = self.core.borrow_mut();
        match &mut core.state {
            State::Created(start) => match start.take().map(|start| *start) {
                Some(Start::Call {
                    function,
                    arguments,
                    ..
                }) => {
                    values.push(function);
                    values.extend(arguments);
                }
                Some(Start::Function { arguments, .. }) => values.extend(arguments),
                Some(Start::Cleanups(queue)) => {
                    values.extend(queue.into_iter().map(|(_, function)| function));
                }
                Some(Start::Native { .. }) | None => {}
            },
            State::Success(outputs) => values.extend(outputs.drain(..)),
            State::Pending | State::Failure(_) | State::Cancelled(_) => {}
        }
        for callback in core.take_extra(|extras| &mut extras.callbacks) {
            values.push(callback.function);
            if let CallbackKind::Then(derived) = callback.kind {
                values.push(derived.into_value());
            }
        }
        let followers = core.take_extra(|extras| &mut extras.followers);
        values.extend(followers.into_iter().map(Future::into_value));
        let follows = core.take_extra(|extras| &mut extras.follows);
        values.extend(follows.map(Future::into_value));
        let held_back = core.take_extra(|extras| &mut extras.held_back);
        values.extend(held_back.into_iter().map(Future::into_value));
    }

    fn display(&self) -> String {
        self.session.watch.handle(self.id, Access::Read);
        self.session.watch.entangle(Entangled::Numbers);
        let state = self.core.borrow().state.kind();
        format!("  future #{} ({})", self.number, state.name())
    }
}

impl Drop for FutureObject {
    fn drop(&mut self) {
        if matches!(self.core.borrow().state, State::Pending) {
            self.session.pending.remove(1);
            let left = match &self.core.borrow().origin {
                Origin::Operation(operation) => Some((operation.guard.clone(), operation.number)),
                Origin::Body | Origin::Manual => None,
            };
            if let Some((guard, number)) = left {
                self.session.watch.handle(self.id, Access::Write);
                guard.forget_started(number);
            }
        }
        let mut held = Vec::new();
        self.give_up(&mut held);
        release(&mut held);
    }
}

/// A future of no job.
pub(super) fn unavailable(session: &Rc<Token>, label: Rc<TaskLabel>) -> Value {
    let error = build_runtime_error("The future is unavailable: it stands for no job.")
        .identifier("parallel:fevalqueue:FutureUnavailable")
        .build();
    let state = State::Failure(error);
    let mut core = Core::new(state, Origin::Manual, label, "unavailable".into());
    let kind = FevalKind::Unavailable;
    core.set_feval(Rc::new(Feval::new(kind, Value::empty(), Vec::new(), 0)));
    Value::Object(ObjectRef::new(FutureObject {
        id: ObjectId(0),
        number: 0,
        ordinal: 0,
        session: session.clone(),
        core: RefCell::new(core),
    }))
}
