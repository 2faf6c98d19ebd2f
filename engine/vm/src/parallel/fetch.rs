//! `fetchOutputs` and `fetchNext`: calls that wait for background jobs and give what came of them.

use super::{deadline, futures, is_timeout, take_flag, timed, together};
use crate::calls::library_call;
use crate::errors;
use crate::feval::some_errored;
use crate::future::Future;
use crate::machine::Machine;
use std::rc::Rc;
use tourbillon_builtins::{Context, NativeFrame, Outputs, Step};
use tourbillon_host::{Access, Nanoseconds, Object};
use tourbillon_value::{Array, Result, RuntimeError, Value, build_runtime_error};

/// `fetchOutputs(F)`.
pub(super) struct FetchOutputs {
    machine: Rc<Machine>,
    futures: Vec<Future>,
    at: usize,
    wanted: usize,
    is_uniform: bool,
}

impl FetchOutputs {
    pub(super) fn new(
        machine: Rc<Machine>,
        mut arguments: Vec<Value>,
        wanted: usize,
    ) -> Result<FetchOutputs> {
        let is_uniform = take_flag("fetchOutputs", "UniformOutput", &mut arguments)?;
        let [array] = &arguments[..] else {
            return Err(errors::too_many_inputs(true));
        };
        Ok(FetchOutputs {
            futures: futures(&machine, "fetchOutputs", array)?,
            machine,
            at: 0,
            wanted,
            is_uniform: is_uniform.unwrap_or(true),
        })
    }

    fn next(&mut self) -> Result<Step> {
        if let Some(future) = self.futures.get(self.at) {
            return Ok(library_call("await", vec![future.value()]));
        }
        for future in &self.futures {
            read(&self.machine, future);
        }
        let failed = self
            .futures
            .iter()
            .filter_map(|future| future.result()?.err());
        let errors: Vec<RuntimeError> = failed.collect();
        if !errors.is_empty() {
            return Err(some_errored(errors));
        }
        let rows = self
            .futures
            .iter()
            .map(|future| outputs_of(future, self.wanted));
        let rows: Vec<Vec<Value>> = rows.collect::<Result<_>>()?;
        Ok(Step::Return(match (self.is_uniform, &rows[..]) {
            (true, [_]) => rows.into_iter().next().unwrap_or_default().into(),
            (true, _) => together(rows)?,
            (false, _) => {
                let count = rows.iter().map(Vec::len).min().unwrap_or(0);
                let column = |at: usize| rows.iter().map(|row| row[at].clone()).collect();
                (0..count)
                    .map(|at| Value::cell(Array::column(column(at))))
                    .collect()
            }
        }))
    }
}

impl NativeFrame for FetchOutputs {
    fn step(&mut self, _: &dyn Context, results: Option<Outputs>) -> Result<Step> {
        self.at += usize::from(results.is_some());
        self.next()
    }

    fn failed(&mut self, _: &dyn Context, error: RuntimeError) -> Result<Step> {
        match self.futures.get(self.at) {
            // It was the future's error, and not a request that this call stop.
            Some(future) if future.is_terminal() && error.is_catchable() => {
                self.at += 1;
                self.next()
            }
            Some(_) | None => Err(error),
        }
    }

    fn trace(&self, visit: &mut dyn FnMut(&Value)) {
        self.futures
            .iter()
            .for_each(|future| visit(&future.value()));
    }
}

/// `fetchNext(F)`, `fetchNext(F, timeout)`.
pub(super) struct FetchNext {
    machine: Rc<Machine>,
    futures: Vec<Future>,
    wanted: usize,
    deadline: Option<Nanoseconds>,
}

impl FetchNext {
    pub(super) fn new(
        machine: Rc<Machine>,
        arguments: &[Value],
        wanted: usize,
    ) -> Result<FetchNext> {
        let deadline = match arguments.get(1) {
            Some(value) => deadline(&machine, "fetchNext", 2, value)?,
            None => None,
        };
        Ok(FetchNext {
            futures: futures(&machine, "fetchNext", &arguments[0])?,
            machine,
            wanted,
            deadline,
        })
    }

    fn next(&mut self) -> Result<Step> {
        self.machine.touch(Object::Jobs, Access::Read);
        let is_unread = |future: &Future| future.feval().is_some_and(|feval| !feval.is_read.get());
        let unread = self.futures.iter().enumerate();
        let unread: Vec<(usize, &Future)> = unread.filter(|(_, f)| is_unread(f)).collect();
        if unread.is_empty() {
            return Err(build_runtime_error("There are no unread futures to fetch.")
                .identifier("parallel:fevalqueue:NoUnreadFutures")
                .build());
        }
        let Some(at) = first_ended(unread.iter().copied()) else {
            let all = unread.iter().map(|(_, future)| future.value()).collect();
            return Ok(library_call(
                "race",
                timed(all, &self.machine, self.deadline),
            ));
        };
        let future = self.futures[at].clone();
        read(&self.machine, &future);
        let outputs = match future.result() {
            Some(Err(error)) => return Err(some_errored(vec![error])),
            Some(Ok(_)) | None => outputs_of(&future, self.wanted.saturating_sub(1))?,
        };
        let index = Value::Double((at + 1) as f64);
        Ok(Step::Return(
            std::iter::once(index).chain(outputs).collect(),
        ))
    }
}

impl NativeFrame for FetchNext {
    fn step(&mut self, _: &dyn Context, _: Option<Outputs>) -> Result<Step> {
        self.next()
    }

    fn failed(&mut self, _: &dyn Context, error: RuntimeError) -> Result<Step> {
        let is_unread = |future: &&Future| future.feval().is_some_and(|one| !one.is_read.get());
        let mut unread = self.futures.iter().filter(is_unread);
        if unread.any(Future::is_terminal) && error.is_catchable() {
            return self.next();
        }
        if is_timeout(&error) {
            let nothing = vec![Value::empty(); self.wanted.max(1)];
            return Ok(Step::Return(nothing.into()));
        }
        Err(error)
    }

    fn trace(&self, visit: &mut dyn FnMut(&Value)) {
        self.futures
            .iter()
            .for_each(|future| visit(&future.value()));
    }
}

/// Marks a future as read; what its job wrote is shown with the first time.
fn read(machine: &Rc<Machine>, future: &Future) {
    machine.touch(Object::Jobs, Access::Write);
    if let Some(feval) = future.feval()
        && !feval.is_read.replace(true)
    {
        let diary = feval.diary.borrow().clone();
        if !diary.is_empty() {
            machine.print(&diary);
        }
    }
}

/// The outputs of one future for a caller who wants so many; at least those that are needed for `ans`.
fn outputs_of(future: &Future, wanted: usize) -> Result<Vec<Value>> {
    let result = future.result().expect("it has ended");
    let mut values = result?.into_vec();
    if values.len() < wanted {
        return Err(errors::too_many_outputs(true));
    }
    values.truncate(wanted.max(1));
    Ok(values)
}

/// The one of these that ended first.
pub(super) fn first_ended<'a>(futures: impl Iterator<Item = (usize, &'a Future)>) -> Option<usize> {
    let ended = futures.filter(|(_, future)| future.is_terminal());
    let order = |future: &Future| future.feval().map_or(0, |feval| feval.order.get());
    ended
        .min_by_key(|(at, future)| (order(future), *at))
        .map(|(at, _)| at)
}
