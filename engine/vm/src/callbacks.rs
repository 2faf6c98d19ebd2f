//! Callbacks: they run in a task of their own for each future, in the order of registration.

use crate::calls::library_call;
use crate::errors;
use crate::future::{Callback, CallbackKind, Future, FutureState};
use crate::machine::Machine;
use std::rc::Rc;
use tourbillon_builtins::{Context, NativeFrame, Outputs, Step, note_escape};
use tourbillon_host::{Access, CallbackTrigger, Event};
use tourbillon_value::{Result, RuntimeError, Value, build_runtime_error};

/// Registers a callback.
pub(crate) fn register(
    machine: &Rc<Machine>,
    future: &Future,
    kind: CallbackKind,
    function: Value,
) -> Result<()> {
    if !matches!(function, Value::Function(_)) {
        let name = match kind {
            CallbackKind::Success => "on_success",
            CallbackKind::Failure => "on_failure",
            CallbackKind::Complete => "on_complete",
            CallbackKind::Then(_) => "then",
        };
        return Err(errors::wrong_argument(name, 2, "a function handle"));
    }
    future.touch(Access::Write);
    note_escape(&machine.watch, [&function]);
    let trigger = match kind {
        CallbackKind::Success => CallbackTrigger::Success,
        CallbackKind::Failure => CallbackTrigger::Failure,
        CallbackKind::Complete => CallbackTrigger::Complete,
        // What else becomes of the future goes to the derived one without a call.
        CallbackKind::Then(_) => CallbackTrigger::Success,
    };
    let number = {
        let mut core = future.get().core.borrow_mut();
        let extras = core.extras();
        if extras.callback_label.is_none() {
            extras.callback_label = Some(machine.current().next_child(&"callbacks".into()));
        }
        extras.callbacks.push(Callback { kind, function });
        extras.callbacks.len() - 1
    };
    future.keep(machine);
    machine.event(&Event::CallbackRegistered {
        future: future.id(),
        number,
        trigger,
    });
    run_due(machine, future);
    Ok(())
}

/// Starts the task that runs the callbacks of a terminal future, when some are due and none runs yet.
pub(crate) fn run_due(machine: &Rc<Machine>, future: &Future) {
    let (label, priority) = {
        let mut core = future.get().core.borrow_mut();
        let is_due = !core.callbacks_left().is_empty() && core.callback_task().is_none();
        let is_terminal = !matches!(
            core.state,
            crate::future::State::Created(_) | crate::future::State::Pending
        );
        if !is_due || !is_terminal {
            return;
        }
        (core.extras().callback_label.take(), core.priority)
    };
    let label = label.expect("whoever registers a callback gives a label");
    let runner = CallbackRunner {
        machine: machine.clone(),
        future: future.clone(),
        is_running: false,
    };
    let task = crate::spawn::start_native(machine, label, priority, "callbacks", Box::new(runner));
    future.get().core.borrow_mut().extras().callback_task = Some(task);
}

/// The body of the task that runs the callbacks of one future.
struct CallbackRunner {
    machine: Rc<Machine>,
    future: Future,
    is_running: bool,
}

impl CallbackRunner {
    /// The callback that ran is done; those who waited for it are told.
    fn finish_one(&mut self) {
        self.is_running = false;
        let done = {
            let mut core = self.future.get().core.borrow_mut();
            let extras = core.extras();
            let number = extras.callbacks_done;
            extras.callbacks_done += 1;
            // What it captured goes now: it is never called again.
            let done = Callback {
                kind: CallbackKind::Complete,
                function: Value::Undefined,
            };
            std::mem::replace(&mut extras.callbacks[number], done)
        };
        drop(done);
        self.future.notify(&self.machine);
    }

    /// The future that the running callback's result goes to.
    fn derived(&self) -> Option<Future> {
        let core = self.future.get().core.borrow();
        match &core.callbacks()[core.callbacks_done()].kind {
            CallbackKind::Then(derived) => Some(derived.clone()),
            CallbackKind::Success | CallbackKind::Failure | CallbackKind::Complete => None,
        }
    }

    /// Goes to the next callback that wants this future's state.
    fn next(&mut self) -> Step {
        loop {
            let number = {
                let mut core = self.future.get().core.borrow_mut();
                if core.callbacks_left().is_empty() {
                    core.extras().callback_task = None;
                    return Step::Return(Outputs::new());
                }
                core.callbacks_done()
            };
            if let Some(step) = self.call(number) {
                self.is_running = true;
                self.machine.statistics.borrow_mut().callbacks += 1;
                self.machine.event(&Event::CallbackRun {
                    future: self.future.id(),
                    number,
                });
                return step;
            }
            self.finish_one();
        }
    }

    /// The call of a callback; `None` when the state is not the one it wants.
    fn call(&self, number: usize) -> Option<Step> {
        let state = self.future.state();
        let (function, derived, wants) = {
            let core = self.future.get().core.borrow();
            let callback = &core.callbacks()[number];
            let (derived, wants) = match &callback.kind {
                CallbackKind::Success => (None, state == FutureState::Success),
                CallbackKind::Failure => (None, state == FutureState::Failure),
                CallbackKind::Complete => (None, true),
                CallbackKind::Then(derived) => {
                    (Some(derived.clone()), state == FutureState::Success)
                }
            };
            let takes_future = matches!(callback.kind, CallbackKind::Complete);
            ((callback.function.clone(), takes_future), derived, wants)
        };
        if !wants {
            if let Some(derived) = derived {
                derived.follow(&self.machine, &self.future);
            }
            return None;
        }
        let (function, takes_future) = function;
        let argument = if takes_future {
            self.future.value()
        } else {
            match self.future.result().expect("its future is terminal") {
                Ok(values) => values.first().cloned().unwrap_or_else(Value::empty),
                Err(error) => Value::Exception(error),
            }
        };
        // With no outputs wanted the call still gives one when the function has one.
        Some(Step::Call {
            function,
            arguments: vec![argument],
            outputs: 0,
        })
    }
}

impl NativeFrame for CallbackRunner {
    fn step(&mut self, _context: &dyn Context, results: Option<Outputs>) -> Result<Step> {
        self.future.touch(Access::Write);
        if self.is_running {
            let results = results.unwrap_or_default();
            if let Some(derived) = self.derived() {
                derived.settle(&self.machine, Ok(results));
            } else if let Some(body) = Future::not_begun(&self.machine, &results) {
                // The callback is an async function: it is over when its body is.
                return Ok(library_call("await", vec![body.into_value()]));
            }
            self.finish_one();
        }
        Ok(self.next())
    }

    fn failed(&mut self, _context: &dyn Context, error: RuntimeError) -> Result<Step> {
        self.future.touch(Access::Write);
        if !error.is_catchable() {
            // The execution is being stopped: the rest never runs, and nobody may wait for it.
            {
                let mut core = self.future.get().core.borrow_mut();
                let extras = core.extras();
                extras.callbacks_done = extras.callbacks.len();
                extras.callback_task = None;
            }
            self.future.notify(&self.machine);
            return Err(error);
        }
        match self.derived() {
            Some(derived) => derived.settle(&self.machine, Err(error)),
            None => self.machine.report(unhandled("A callback failed", error)),
        }
        self.finish_one();
        Ok(self.next())
    }

    fn trace(&self, visit: &mut dyn FnMut(&Value)) {
        visit(&self.future.value());
    }
}

/// The diagnostic for a failure that nobody saw.
pub(crate) fn unhandled(what: &str, error: RuntimeError) -> RuntimeError {
    build_runtime_error(format!("{what} and nobody handled it: {}", error.message()))
        .identifier("async:UnhandledFailure")
        .cause(error)
        .build()
}
