//! `wait`: a call that waits until background jobs have begun or ended.

use super::{deadline, futures, is_timeout, timed};
use crate::calls::library_call;
use crate::errors;
use crate::future::{Future, FutureState, Origin, State};
use crate::machine::Machine;
use std::rc::Rc;
use tourbillon_builtins::{Context, NativeFrame, Outputs, Step, one};
use tourbillon_host::Nanoseconds;
use tourbillon_value::{Result, RuntimeError, Value};

/// `wait(F)`, `wait(F, state)`, `tf = wait(F, state, timeout)`.
pub(super) struct WaitForState {
    machine: Rc<Machine>,
    futures: Vec<Future>,
    at: usize,
    is_for_begin: bool,
    deadline: Option<Nanoseconds>,
}

impl WaitForState {
    pub(super) fn new(machine: Rc<Machine>, arguments: &[Value]) -> Result<WaitForState> {
        let state = arguments
            .get(1)
            .map(|state| state.as_text().unwrap_or_default());
        let is_for_begin = match state.as_deref() {
            None | Some("finished") => false,
            Some("running") => true,
            Some(_) => {
                return Err(errors::wrong_argument("wait", 2, "'finished' or 'running'"));
            }
        };
        let deadline = match arguments.get(2) {
            Some(value) => deadline(&machine, "wait", 3, value)?,
            None => None,
        };
        Ok(WaitForState {
            futures: futures(&machine, "wait", &arguments[0])?,
            machine,
            at: 0,
            is_for_begin,
            deadline,
        })
    }

    fn next(&mut self) -> Step {
        let Some(future) = self.futures.get(self.at) else {
            return Step::Return(one(true));
        };
        let awaited = match self.is_for_begin {
            true => future.begun(&self.machine),
            false => future.value(),
        };
        library_call("await", timed(vec![awaited], &self.machine, self.deadline))
    }
}

impl NativeFrame for WaitForState {
    fn step(&mut self, _: &dyn Context, results: Option<Outputs>) -> Result<Step> {
        self.at += usize::from(results.is_some());
        Ok(self.next())
    }

    fn failed(&mut self, _: &dyn Context, error: RuntimeError) -> Result<Step> {
        match self.futures.get(self.at) {
            Some(future) if future.is_terminal() && error.is_catchable() => {
                self.at += 1;
                Ok(self.next())
            }
            _ if is_timeout(&error) && self.deadline.is_some() => Ok(Step::Return(one(false))),
            Some(_) | None => Err(error),
        }
    }

    fn trace(&self, visit: &mut dyn FnMut(&Value)) {
        self.futures
            .iter()
            .for_each(|future| visit(&future.value()));
    }
}

impl Future {
    /// A future that ends when the job has begun; a value that is none when it has already.
    fn begun(&self, machine: &Rc<Machine>) -> Value {
        let feval = self.feval();
        let Some(feval) =
            feval.filter(|_| self.state() == FutureState::Pending && !self.has_begun())
        else {
            return Value::empty();
        };
        let known = feval.begun.borrow().clone();
        let begun = known.unwrap_or_else(|| {
            let label = machine.current().label.clone();
            Future::new(
                machine,
                State::Pending,
                Origin::Manual,
                label,
                "begin".into(),
            )
        });
        *feval.begun.borrow_mut() = Some(begun.clone());
        begun.into_value()
    }
}
