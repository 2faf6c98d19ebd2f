//! Background jobs as programs use them: `parfeval` and what waits for its futures.

use crate::calls::Flow;
use crate::capacity::Need;
use crate::errors;
use crate::feval::{Feval, FevalKind, some_errored};
use crate::fiber::{Frame, Returns, Start};
use crate::future::{Future, FutureState, Origin, State};
use crate::interpreter::Interpreter;
use crate::job;
use crate::machine::Machine;
use crate::spawn::{self, StartedJob};
use std::rc::Rc;
use tourbillon_builtins::{
    Context, Finish, Intrinsic, NativeFrame, Outputs, PoolObject, Step, lookup, one,
};
use tourbillon_host::{Access, Nanoseconds, Object, Request};
use tourbillon_value::{
    Array, Callee, FunctionHandle, ObjectArray, Result, RuntimeError, Value, build_runtime_error,
    concat,
};

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
        self.top().frames.push(Frame::Native {
            native,
            has_started: false,
            name,
            returns,
        });
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

    /// `afterEach(F, fcn, n)` and `afterAll(F, fcn, n)`, with `'PassFuture', tf`.
    fn after(
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
            is_each: kind == FevalKind::Each,
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

/// A call of a function of the library.
fn library_call(name: &'static str, arguments: Vec<Value>) -> Step {
    let callee = Callee::Builtin(lookup(name).expect("a function of the library").0);
    let function = FunctionHandle {
        name: name.into(),
        callee,
        captures: Vec::new(),
        is_anonymous: false,
    };
    Step::Call {
        function: Value::Function(Rc::new(function)),
        arguments,
        outputs: 0,
    }
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

/// The outputs of several futures, each put together along the first dimension.
fn together(rows: Vec<Vec<Value>>) -> Result<Outputs> {
    let count = rows.iter().map(Vec::len).min().unwrap_or(0);
    let column = |at: usize| concat::vertcat(rows.iter().map(|row| row[at].clone()).collect());
    (0..count).map(column).collect()
}

/// `fetchOutputs(F)`.
struct FetchOutputs {
    machine: Rc<Machine>,
    futures: Vec<Future>,
    at: usize,
    wanted: usize,
    is_uniform: bool,
}

impl FetchOutputs {
    fn new(machine: Rc<Machine>, mut arguments: Vec<Value>, wanted: usize) -> Result<FetchOutputs> {
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
struct FetchNext {
    machine: Rc<Machine>,
    futures: Vec<Future>,
    wanted: usize,
    deadline: Option<Nanoseconds>,
}

/// The one of these that ended first.
fn first_ended<'a>(futures: impl Iterator<Item = (usize, &'a Future)>) -> Option<usize> {
    let ended = futures.filter(|(_, future)| future.is_terminal());
    let order = |future: &Future| future.feval().map_or(0, |feval| feval.order.get());
    ended
        .min_by_key(|(at, future)| (order(future), *at))
        .map(|(at, _)| at)
}

impl FetchNext {
    fn new(machine: Rc<Machine>, arguments: &[Value], wanted: usize) -> Result<FetchNext> {
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

/// `wait(F)`, `wait(F, state)`, `tf = wait(F, state, timeout)`.
struct WaitForState {
    machine: Rc<Machine>,
    futures: Vec<Future>,
    at: usize,
    is_for_begin: bool,
    deadline: Option<Nanoseconds>,
}

impl WaitForState {
    fn new(machine: Rc<Machine>, arguments: &[Value]) -> Result<WaitForState> {
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

/// The body of `afterEach` and `afterAll`.
struct After {
    machine: Rc<Machine>,
    array: Value,
    function: Value,
    outputs: usize,
    passes_future: bool,
    is_each: bool,
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
            match (future.result(), self.is_each) {
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
        if !self.is_each && self.passes_future {
            self.is_called = true;
            return Ok(self.call(vec![self.array.clone()]));
        }
        if let [only] = &errors[..] {
            return Err(only.clone());
        }
        if !errors.is_empty() {
            return Err(some_errored(errors));
        }
        if self.is_each {
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

impl Future {
    /// What makes it one of `parfeval`, `afterEach` or `afterAll`.
    pub(crate) fn feval(&self) -> Option<Rc<Feval>> {
        self.get().core.borrow().feval().cloned()
    }

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
