//! `afterEach` and `afterAll`: a body that calls a function for futures that have ended.

use super::fetch::first_ended;
use super::{futures, output_count, take_flag, together};
use crate::calls::library_call;
use crate::capacity::Need;
use crate::errors;
use crate::feval::{Feval, FevalKind, some_errored};
use crate::fiber::Start;
use crate::future::{Future, Origin, State};
use crate::interpreter::Interpreter;
use crate::machine::Machine;
use crate::spawn;
use std::rc::Rc;
use tourbillon_builtins::{Context, NativeFrame, Outputs, Step};
use tourbillon_host::{Access, Object};
use tourbillon_value::{Result, RuntimeError, Value};

impl Interpreter {
    /// `afterEach(F, fcn, n)` and `afterAll(F, fcn, n)`, with `'PassFuture', tf`.
    pub(super) fn after(
        &mut self,
        name: &'static str,
        kind: FevalKind,
        mut arguments: Vec<Value>,
    ) -> Result<Future> {
        let passes_future = take_flag(name, "PassFuture", &mut arguments)?.unwrap_or(false);
        let [array, function, count] = &arguments[..] else {
            return Err(errors::not_enough_inputs());
        };
        let futures = futures(&self.machine, name, array)?;
        if !matches!(function, Value::Function(_)) {
            return Err(errors::wrong_argument(name, 2, "a function handle"));
        }
        let outputs = output_count(count)
            .ok_or_else(|| errors::wrong_argument(name, 3, "the number of outputs"))?;
        let need = || Need {
            tasks: 1,
            futures: 1,
            ..Need::default()
        };
        let room = self.room(need)?;
        let feval = Rc::new(Feval::new(kind, function.clone(), Vec::new(), outputs));
        let count = futures.len();
        let frame = After {
            machine: self.machine.clone(),
            array: array.clone(),
            function: function.clone(),
            outputs,
            passes_future,
            feval: feval.clone(),
            left: (0..count).collect(),
            futures,
            running: None,
            results: vec![None; count],
            errors: vec![None; count],
            is_called: false,
        };
        let start = Start::Native {
            native: Box::new(frame),
            name,
        };
        let label = self.record.label.clone();
        let state = State::Created(Some(Box::new(start)));
        let future = Future::new(&self.machine, state, Origin::Body, label, name.into());
        future.get().core.borrow_mut().set_feval(feval);
        room.holds(&self.machine, &future);
        let parent = self.top().future.clone();
        let is_in_cleanup = self.is_in_cleanup();
        spawn::start_task(&self.machine, &future, None, Some(&parent), is_in_cleanup);
        Ok(future)
    }
}

/// The body of `afterEach` and `afterAll`.
struct After {
    machine: Rc<Machine>,
    array: Value,
    function: Value,
    outputs: usize,
    passes_future: bool,
    feval: Rc<Feval>,
    futures: Vec<Future>,
    /// Those whose turn has not come.
    left: Vec<usize>,
    /// The one whose turn it is.
    running: Option<usize>,
    results: Vec<Option<Vec<Value>>>,
    errors: Vec<Option<RuntimeError>>,
    /// Whether the function of `afterAll` runs.
    is_called: bool,
}

impl After {
    fn is_each(&self) -> bool {
        self.feval.kind == FevalKind::Each
    }

    fn call(&self, arguments: Vec<Value>) -> Step {
        Step::Call {
            function: self.function.clone(),
            arguments,
            outputs: self.outputs,
        }
    }

    fn next(&mut self) -> Result<Step> {
        self.machine.touch(Object::Jobs, Access::Read);
        loop {
            let left = self.left.iter().map(|at| (*at, &self.futures[*at]));
            let Some(at) = first_ended(left) else {
                if self.left.is_empty() {
                    return self.finish();
                }
                let all = self.left.iter().map(|at| self.futures[*at].value());
                return Ok(library_call("race", all.collect()));
            };
            self.left.retain(|other| *other != at);
            let future = &self.futures[at];
            match (future.result(), self.is_each()) {
                (Some(_), true) if self.passes_future => {
                    self.running = Some(at);
                    return Ok(self.call(vec![future.value()]));
                }
                (Some(Ok(outputs)), true) => {
                    self.running = Some(at);
                    return Ok(self.call(outputs.into_vec()));
                }
                (Some(Ok(outputs)), false) => self.results[at] = Some(outputs.into_vec()),
                (Some(Err(error)), _) => self.errors[at] = Some(error),
                (None, _) => {}
            }
        }
    }

    /// Every future has had its turn.
    fn finish(&mut self) -> Result<Step> {
        let errors: Vec<RuntimeError> = self.errors.iter_mut().filter_map(Option::take).collect();
        let results: Vec<Vec<Value>> = self.results.iter_mut().filter_map(Option::take).collect();
        if self.is_each() {
            *self.feval.errors.borrow_mut() = errors.clone();
        } else if self.passes_future {
            self.is_called = true;
            return Ok(self.call(vec![self.array.clone()]));
        }
        if let [only] = &errors[..] {
            return Err(only.clone());
        }
        if !errors.is_empty() {
            return Err(some_errored(errors));
        }
        if self.is_each() {
            return Ok(Step::Return(together(results)?));
        }
        self.is_called = true;
        let arguments = together(results)?;
        Ok(self.call(arguments.into_vec()))
    }
}

impl NativeFrame for After {
    fn step(&mut self, _: &dyn Context, results: Option<Outputs>) -> Result<Step> {
        match (results, self.running.take()) {
            (Some(results), _) if self.is_called => {
                let mut results = results;
                results.truncate(self.outputs);
                return Ok(Step::Return(results));
            }
            (Some(mut results), Some(at)) => {
                results.truncate(self.outputs);
                self.results[at] = Some(results.into_vec());
            }
            (Some(_) | None, _) => {}
        }
        self.next()
    }

    fn failed(&mut self, _: &dyn Context, error: RuntimeError) -> Result<Step> {
        if self.is_called || !error.is_catchable() || error.cancellation().is_some() {
            return Err(error);
        }
        match self.running.take() {
            Some(at) => self.errors[at] = Some(error),
            None if self.left.iter().any(|at| self.futures[*at].is_terminal()) => {}
            None => return Err(error),
        }
        self.next()
    }

    fn trace(&self, visit: &mut dyn FnMut(&Value)) {
        visit(&self.array);
        visit(&self.function);
        self.futures
            .iter()
            .for_each(|future| visit(&future.value()));
        self.results.iter().flatten().flatten().for_each(visit);
    }
}
