//! Background jobs as programs use them: `parfeval` and what waits for its futures.

mod after;
mod fetch;
mod wait;

use fetch::{FetchNext, FetchOutputs};
use wait::WaitForState;

use crate::calls::Flow;
use crate::capacity::Need;
use crate::errors;
use crate::feval::{Feval, FevalKind};
use crate::fiber::{Frame, Returns};
use crate::future::Future;
use crate::interpreter::Interpreter;
use crate::job;
use crate::machine::Machine;
use crate::spawn::{self, StartedJob};
use std::rc::Rc;
use tourbillon_builtins::{Context, Finish, Intrinsic, NativeFrame, Outputs, PoolObject, one};
use tourbillon_host::{Nanoseconds, Request};
use tourbillon_value::{ObjectArray, Result, RuntimeError, Value, build_runtime_error, concat};

/// More outputs than any function has.
const MOST_OUTPUTS: f64 = 200.0;

impl Interpreter {
    /// Calls one of the functions of background jobs.
    pub(crate) fn call_parallel(
        &mut self,
        intrinsic: Intrinsic,
        arguments: Vec<Value>,
        returns: Returns,
    ) -> Result<Flow> {
        let machine = self.machine.clone();
        let wanted = match returns.outputs {
            crate::fiber::ALL => 0,
            outputs => usize::from(outputs),
        };
        let (name, native): (&'static str, Box<dyn NativeFrame>) = match intrinsic {
            Intrinsic::Parfeval => {
                let future = self.parfeval(arguments)?;
                self.finish_call(returns, one(future.into_value()))?;
                return Ok(Flow::Go);
            }
            Intrinsic::AfterEach => {
                let future = self.after("afterEach", FevalKind::Each, arguments)?;
                self.finish_call(returns, one(future.into_value()))?;
                return Ok(Flow::Go);
            }
            Intrinsic::AfterAll => {
                let future = self.after("afterAll", FevalKind::All, arguments)?;
                self.finish_call(returns, one(future.into_value()))?;
                return Ok(Flow::Go);
            }
            Intrinsic::FetchOutputs => (
                "fetchOutputs",
                Box::new(FetchOutputs::new(machine, arguments, wanted)?),
            ),
            Intrinsic::FetchNext => (
                "fetchNext",
                Box::new(FetchNext::new(machine, &arguments, wanted)?),
            ),
            Intrinsic::Wait => ("wait", Box::new(WaitForState::new(machine, &arguments)?)),
            _ => unreachable!("no function of background jobs"),
        };
        if let Some(error) = self.cancellation() {
            return Ok(self.stop_at(error, returns));
        }
        self.top().frames.push(Frame::native(native, name, returns));
        Ok(Flow::Go)
    }

    /// `parfeval(backgroundPool, fcn, n, …)` and `parfeval(fcn, n, …)`.
    fn parfeval(&mut self, mut arguments: Vec<Value>) -> Result<Future> {
        let wrong = |at: usize, wanted: &str| errors::wrong_argument("parfeval", at, wanted);
        let has_pool = arguments[0].as_object::<PoolObject>().is_some();
        if has_pool {
            arguments.remove(0);
        }
        let first = 1 + usize::from(has_pool);
        if arguments.len() < 2 {
            return Err(errors::not_enough_inputs());
        }
        let inputs = arguments.split_off(2);
        let function = match &arguments[0] {
            Value::Function(_) => arguments[0].clone(),
            text => {
                let name = text
                    .as_text()
                    .ok_or_else(|| wrong(first, "a function handle or a name"))?;
                match self.machine.resolve(&name) {
                    Some(handle) => Value::Function(Rc::new(handle)),
                    None => return Err(errors::undefined(&name)),
                }
            }
        };
        let outputs =
            output_count(&arguments[1]).ok_or_else(|| wrong(first + 1, "the number of outputs"))?;
        if self.machine.host.workers().is_none() {
            return Err(build_runtime_error(
                "There is no background pool here: a background job starts no others.",
            )
            .identifier("parallel:fevalqueue:NoPool")
            .build());
        }
        let room = self.room(|| Need::OPERATION)?;
        let label = self.record.next_child(&"parfeval".into());
        let job = job::call_elsewhere(&self.machine, &function, &inputs, outputs as u8, &label)?;
        let feval = Rc::new(Feval::new(FevalKind::Job, function, inputs, outputs));
        let (machine, told) = (self.machine.clone(), feval.clone());
        let finish: Finish = Box::new(move |response| {
            let tourbillon_host::Response::Job(end) = response else {
                unreachable!("a job ends as one")
            };
            let returned = job::returned(&machine, &end);
            *told.diary.borrow_mut() = returned.diary;
            for report in returned.reports {
                machine.report(report);
            }
            returned.result.map(|values| Value::List(Rc::new(values)))
        });
        let operation = (Request::Job { job }, finish);
        let parent = self.top().future.clone();
        let started = StartedJob { label, feval, room };
        Ok(spawn::start_job(&self.machine, operation, started, &parent))
    }
}

fn output_count(value: &Value) -> Option<usize> {
    let count = match value {
        Value::Char(_) => None,
        value => value.as_number(),
    }?;
    let is_count = count >= 0.0 && count.fract() == 0.0 && count <= MOST_OUTPUTS;
    is_count.then_some(count as usize)
}

/// Takes `'Name', tf` off the end of the arguments.
fn take_flag(function: &str, name: &str, arguments: &mut Vec<Value>) -> Result<Option<bool>> {
    let Some(at) = arguments.len().checked_sub(2) else {
        return Ok(None);
    };
    match arguments[at].as_text() {
        Some(text) if text.eq_ignore_ascii_case(name) => {}
        Some(_) | None => return Ok(None),
    }
    let truth = match &arguments[at + 1] {
        Value::Bool(truth) => Some(*truth),
        Value::Double(number) => Some(*number != 0.0),
        _ => None,
    };
    let truth = truth.ok_or_else(|| errors::wrong_argument(function, at + 2, "true or false"))?;
    arguments.truncate(at);
    Ok(Some(truth))
}

/// The futures of an array, none of which is unavailable.
fn futures(machine: &Machine, function: &str, array: &Value) -> Result<Vec<Future>> {
    let mut futures = Vec::new();
    for value in ObjectArray::elements(array) {
        let future = Future::from_value(machine, &value)?;
        let is_feval = |future: &Future| future.feval().is_some();
        let Some(future) = future.filter(is_feval) else {
            return Err(errors::wrong_argument(
                function,
                1,
                "an array of futures of parfeval",
            ));
        };
        if future
            .feval()
            .is_some_and(|feval| feval.kind == FevalKind::Unavailable)
        {
            return Err(build_runtime_error(format!(
                "{function} cannot operate on Futures in state 'unavailable'."
            ))
            .identifier("parallel:fevalqueue:FutureUnavailable")
            .build());
        }
        futures.push(future);
    }
    Ok(futures)
}

fn timed(
    mut arguments: Vec<Value>,
    machine: &Machine,
    deadline: Option<Nanoseconds>,
) -> Vec<Value> {
    if let Some(deadline) = deadline {
        let left = deadline.0.saturating_sub(machine.host.now().0);
        arguments.push(Value::text("Timeout"));
        arguments.push(Value::Double(Nanoseconds(left).as_seconds()));
    }
    arguments
}

fn deadline(
    machine: &Machine,
    function: &str,
    at: usize,
    value: &Value,
) -> Result<Option<Nanoseconds>> {
    let seconds = match value {
        Value::Char(_) => None,
        value => value.as_number(),
    };
    match seconds {
        Some(seconds) if seconds >= 0.0 && seconds.is_infinite() => Ok(None),
        Some(seconds) if seconds >= 0.0 => Ok(Some(
            machine.host.now() + Nanoseconds::from_seconds(seconds),
        )),
        Some(_) | None => Err(errors::wrong_argument(
            function,
            at,
            "a number of seconds that is not negative",
        )),
    }
}

fn is_timeout(error: &RuntimeError) -> bool {
    error.identifier() == "async:Timeout"
}

/// The outputs of several futures, each put together along the first dimension.
fn together(rows: Vec<Vec<Value>>) -> Result<Outputs> {
    let count = rows.iter().map(Vec::len).min().unwrap_or(0);
    let column = |at: usize| concat::vertcat(rows.iter().map(|row| row[at].clone()).collect());
    (0..count).map(column).collect()
}

impl Future {
    /// What makes it one of `parfeval`, `afterEach` or `afterAll`.
    pub(crate) fn feval(&self) -> Option<Rc<Feval>> {
        self.get().core.borrow().feval().cloned()
    }
}
