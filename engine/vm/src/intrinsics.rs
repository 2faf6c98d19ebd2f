//! The functions that need the machine's tasks and futures.

use crate::calls::Flow;
use crate::capacity::{Need, Room, count_created, need_of_join};
use crate::errors;
use crate::fiber::{ALL, Returns};
use crate::future::{CallbackKind, Future, FutureState, Origin, State};
use crate::interpreter::{Interpreter, wait_for};
use crate::joins;
use crate::operation::OperationGuard;
use crate::sets::SetObject;
use crate::spawn::{self, SpawnOptions};
use crate::wait::{JoinKind, Timeout, Wait};
use crate::{callbacks, cancel};
use smallvec::smallvec;
use std::rc::Rc;
use tourbillon_builtins::{Intrinsic, Outputs, one};
use tourbillon_host::{Access, Nanoseconds, Object, Priority, Request};
use tourbillon_value::{ObjectArray, ObjectRef, Result, RuntimeError, Value, build_runtime_error};

/// One more task.
const ONE_TASK: Need = Need {
    tasks: 1,
    operations: 0,
    futures: 0,
    waiters: 0,
};

impl Interpreter {
    /// Calls one of the machine's own functions.
    pub(crate) fn call_intrinsic(
        &mut self,
        intrinsic: Intrinsic,
        arguments: Vec<Value>,
        returns: Returns,
    ) -> Result<Flow> {
        let values = match intrinsic {
            Intrinsic::Await => return self.await_value(arguments, returns),
            Intrinsic::YieldNow => {
                if let Some(error) = self.cancellation() {
                    return Ok(self.stop_at(error, returns));
                }
                return Ok(self.wait(Wait::Yield { has_yielded: false }, returns));
            }
            Intrinsic::AwaitAll => return self.join(JoinKind::All, arguments, returns),
            Intrinsic::AwaitAny => return self.join(JoinKind::Any, arguments, returns),
            Intrinsic::Race => return self.join(JoinKind::Race, arguments, returns),
            Intrinsic::JoinNext => return self.next_member("join_next", &arguments, returns),
            Intrinsic::Next => return self.next_member("next", &arguments, returns),
            Intrinsic::Spawn => one(self.spawn(&arguments)?.value()),
            Intrinsic::Cancel => {
                let mut is_new = false;
                for value in ObjectArray::elements(&arguments[0]) {
                    let future = self.future("cancel", &[value], 0)?;
                    is_new |= cancel::request(&self.machine, &future);
                }
                one(is_new)
            }
            Intrinsic::Parfeval
            | Intrinsic::FetchOutputs
            | Intrinsic::FetchNext
            | Intrinsic::Wait
            | Intrinsic::AfterEach
            | Intrinsic::AfterAll => return self.call_parallel(intrinsic, arguments, returns),
            Intrinsic::FevalFuture => one(Future::unavailable(&self.machine)),
            Intrinsic::OnSuccess => {
                self.register("on_success", arguments, CallbackKind::Success)?
            }
            Intrinsic::OnFailure => {
                let values = self.register("on_failure", arguments, CallbackKind::Failure)?;
                if let Some(future) = Future::from_value(&self.machine, &values[0])? {
                    future.observe();
                }
                values
            }
            Intrinsic::OnComplete => {
                self.register("on_complete", arguments, CallbackKind::Complete)?
            }
            Intrinsic::Then => {
                let room = self.room(|| Need::FUTURE)?;
                let derived = self.manual_future("then", room);
                self.register("then", arguments, CallbackKind::Then(derived.clone()))?;
                one(derived.value())
            }
            Intrinsic::Promise => {
                let room = self.room(|| Need::FUTURE)?;
                one(self.manual_future("promise", room).value())
            }
            Intrinsic::Complete => {
                let future = self.promise("complete", &arguments)?;
                let value = arguments[1].clone();
                self.room_to_follow(&value)?;
                future.settle(&self.machine, Ok(one(value)));
                Outputs::new()
            }
            Intrinsic::Fail => {
                let future = self.promise("fail", &arguments)?;
                let error = error_argument(&arguments[1])?;
                future.settle(&self.machine, Err(error));
                Outputs::new()
            }
            Intrinsic::JoinSet => one(Value::Object(SetObject::create(&self.machine, "joinset"))),
            Intrinsic::FuturesUnordered => one(self.futures_unordered(&arguments)?),
            Intrinsic::Add => self.add("add", &arguments)?,
            Intrinsic::Push => self.add("push", &arguments)?,
            Intrinsic::CancelAll => {
                let set = set_argument("cancel_all", &arguments)?;
                for member in set_of(&set).members() {
                    cancel::request(&self.machine, &member);
                }
                Outputs::new()
            }
            Intrinsic::InputsOf => one(self.declared("nargin", true, &arguments[0])?),
            Intrinsic::OutputsOf => one(self.declared("nargout", false, &arguments[0])?),
            Intrinsic::InputCheck | Intrinsic::OutputCheck => {
                self.check_count(intrinsic == Intrinsic::InputCheck, &arguments)?;
                Outputs::new()
            }
        };
        self.finish_call(returns, values)?;
        Ok(Flow::Go)
    }

    /// `await(x)` and `await(f, 'Timeout', s)`.
    pub(crate) fn await_value(
        &mut self,
        mut arguments: Vec<Value>,
        returns: Returns,
    ) -> Result<Flow> {
        let timeout = take_timeout("await", &mut arguments, 1)?;
        let [value] = &arguments[..] else {
            return Err(if arguments.is_empty() {
                errors::not_enough_inputs()
            } else {
                errors::too_many_inputs(true)
            });
        };
        let Some(future) = Future::from_value(&self.machine, value)? else {
            let value = value.clone();
            self.finish_call(returns, one(value))?;
            return Ok(Flow::Go);
        };
        drop(arguments);
        if future.is_settled_for(self.record.id) {
            let result = future.result().expect("it has ended");
            let is_error = result.is_err();
            let finished = self.finish_awaited(&future, result, returns);
            if is_error && let Err(error) = &finished {
                self.tell_awaited(&future, error);
            }
            return finished;
        }
        if let Some(error) = self.cancellation() {
            return Ok(self.stop_at(error, returns));
        }
        let is_created = future.state() == FutureState::Created;
        let need = || Need {
            waiters: 1,
            ..Need::default()
        };
        let room = self.room(need)?;
        let started = if is_created {
            vec![future.clone()]
        } else {
            Vec::new()
        };
        let mut wait = wait_for(
            &self.machine,
            &self.record,
            JoinKind::Await,
            smallvec![future.clone()],
            started,
            room,
        );
        wait.timeout = timeout.and_then(|seconds| self.start_timeout(seconds));
        self.wait(Wait::Futures(wait), returns);
        if is_created {
            self.transfer(&future)?;
        }
        Ok(Flow::Wait)
    }

    /// Control goes to the body of a created future; the body that awaits it waits below.
    fn transfer(&mut self, future: &Future) -> Result<()> {
        let depth = self.top().depth();
        let limit = self.machine.options.recursion_limit;
        if depth >= limit {
            let pending = self.top().pending.take();
            drop(pending);
            return Err(errors::recursion_limit(limit));
        }
        // The chain of bodies carries a request to stop; only what the body spawns is its child.
        let parent = self.top().future.downgrade();
        future.get().core.borrow_mut().parent = Some(parent);
        let frames = self.top().frames.len();
        self.put_off_cleanups(frames);
        let start = future.begin(&self.machine, self.record.id);
        let fiber = crate::fiber::Fiber::new(&self.machine, future.clone(), start, depth);
        self.fibers.push(fiber);
        Ok(())
    }

    /// Gives the result of a future that has ended.
    fn finish_awaited(
        &mut self,
        future: &Future,
        result: Result<Outputs>,
        returns: Returns,
    ) -> Result<Flow> {
        match result {
            Ok(values) => {
                self.finish_values(future, values, returns)?;
                Ok(Flow::Go)
            }
            Err(error) => Err(self.awaited(error)),
        }
    }

    /// Gives the values of a future that was awaited; it may have fewer than are wanted.
    pub(crate) fn finish_values(
        &mut self,
        future: &Future,
        values: Outputs,
        returns: Returns,
    ) -> Result<()> {
        if returns.outputs != ALL && values.len() < usize::from(returns.outputs) {
            return Err(future.too_many_wanted(values.len()));
        }
        self.finish_call(returns, values)
    }

    /// A patience without end is none.
    fn start_timeout(&self, seconds: f64) -> Option<Box<Timeout>> {
        if seconds.is_infinite() {
            return None;
        }
        let guard = (seconds > 0.0).then(|| self.start_timer(seconds));
        Some(Box::new(Timeout {
            guard,
            seconds,
            has_fired: false,
        }))
    }

    fn start_timer(&self, seconds: f64) -> Rc<OperationGuard> {
        let deadline = self.machine.host.now() + Nanoseconds::from_seconds(seconds);
        let label = self.record.next_operation("timer");
        let request = Request::Timer { deadline };
        OperationGuard::submit(&self.machine, request, label, true)
    }

    /// The joins.
    fn join(
        &mut self,
        kind: JoinKind,
        mut arguments: Vec<Value>,
        returns: Returns,
    ) -> Result<Flow> {
        let name = match kind {
            JoinKind::Any => "await_any",
            JoinKind::Race => "race",
            JoinKind::Await | JoinKind::All | JoinKind::Everything => "await_all",
        };
        let timeout = take_timeout(name, &mut arguments, 0)?;
        let kind = match kind {
            JoinKind::All if arguments.is_empty() => JoinKind::Everything,
            other => other,
        };
        let values = match &arguments[..] {
            [Value::Cell(cell)] => cell.data().to_vec(),
            _ => arguments,
        };
        if let Some(error) = self.cancellation() {
            return Ok(self.stop_at(error, returns));
        }
        let mut members = Vec::with_capacity(values.len());
        for value in &values {
            members.push(match Future::from_value(&self.machine, value)? {
                Some(future) => future,
                // As with `await`, a value that is no future is its own result.
                None => spawn::ready(&self.machine, value.clone()),
            });
        }
        let mut started = Vec::new();
        if kind == JoinKind::Everything {
            members = self.everything_pending();
        }
        let room = self.room(|| need_of_join(kind, &members, self.record.id))?;
        if kind != JoinKind::Everything {
            let parent = self.top().future.clone();
            let in_cleanup = self.is_in_cleanup();
            for member in &members {
                if member.state() == FutureState::Created {
                    spawn::start_task(&self.machine, member, None, Some(&parent), in_cleanup);
                    started.push(member.clone());
                }
            }
        }
        if members.is_empty() && matches!(kind, JoinKind::Any | JoinKind::Race) {
            return Err(joins::all_failed(&members));
        }
        let members = members.into();
        let mut wait = wait_for(&self.machine, &self.record, kind, members, started, room);
        if !wait.waiter.is_met() {
            wait.timeout = timeout.and_then(|seconds| self.start_timeout(seconds));
        }
        Ok(self.wait(Wait::Futures(wait), returns))
    }

    /// Every pending task and operation of the session but those that wait for all of them too, and
    /// those that wait for the calling task.
    fn everything_pending(&self) -> Vec<Future> {
        self.machine.touch(Object::Tasks, Access::Read);
        let records = self.machine.sorted_records();
        let mut members = Vec::new();
        for record in records {
            let is_live = self.machine.scheduler.borrow().contains(record.id);
            if !is_live || record.id == self.record.id {
                continue;
            }
            let outermost = self.machine.outermost_future(&record);
            if let Some(future) = outermost
                && !future.is_terminal()
                && !self.machine.waits_for_task(&record, self.record.id)
            {
                members.push(future);
            }
        }
        members.extend(self.machine.sorted_operations());
        members
    }

    /// `spawn(f, 'Name', n, 'Priority', p)`.
    fn spawn(&mut self, arguments: &[Value]) -> Result<Future> {
        let options = spawn_options(&arguments[1..])?;
        let future = match &arguments[0] {
            Value::Function(handle) => {
                let need = || Need {
                    futures: 1,
                    ..ONE_TASK
                };
                let room = self.room(need)?;
                let future = spawn::create_call(&self.machine, handle);
                room.holds(&self.machine, &future);
                future
            }
            value => Future::from_value(&self.machine, value)?.ok_or_else(|| {
                errors::wrong_argument("spawn", 1, "a future or a function handle")
            })?,
        };
        if future.state() == FutureState::Created {
            self.room(|| ONE_TASK)?;
            let parent = self.top().future.clone();
            spawn::start_task(
                &self.machine,
                &future,
                Some(options),
                Some(&parent),
                self.is_in_cleanup(),
            );
        }
        Ok(future)
    }

    fn future(&self, function: &str, arguments: &[Value], at: usize) -> Result<Future> {
        Future::from_value(&self.machine, &arguments[at])?
            .ok_or_else(|| errors::wrong_argument(function, at + 1, "a future"))
    }

    fn manual_future(&self, name: &'static str, room: Room) -> Future {
        let label = self.record.label.clone();
        let future = Future::new(
            &self.machine,
            State::Pending,
            Origin::Manual,
            label,
            name.into(),
        );
        room.holds(&self.machine, &future);
        future
    }

    /// Room for the task of a created future whose result another is to take over.
    fn room_to_follow(&self, value: &Value) -> Result<()> {
        let inner = Future::from_value(&self.machine, value).ok().flatten();
        if inner.is_some_and(|inner| inner.peek_state() == FutureState::Created) {
            self.room(|| ONE_TASK)?;
        }
        Ok(())
    }

    /// A promise that can still be settled by hand.
    fn promise(&self, function: &str, arguments: &[Value]) -> Result<Future> {
        let future = self.future(function, arguments, 0)?;
        let (is_manual, is_following) = {
            let core = future.get().core.borrow();
            (
                matches!(core.origin, Origin::Manual),
                core.follows().is_some(),
            )
        };
        if future.is_terminal() || is_following {
            return Err(errors::already_completed(&future));
        }
        if !is_manual {
            return Err(errors::wrong_argument(function, 1, "a promise"));
        }
        Ok(future)
    }

    fn register(
        &mut self,
        function: &'static str,
        arguments: Vec<Value>,
        kind: CallbackKind,
    ) -> Result<Outputs> {
        let future = self.future(function, &arguments, 0)?;
        let callback = arguments
            .into_iter()
            .nth(1)
            .expect("the number of inputs was checked");
        callbacks::register(&self.machine, &future, kind, callback)?;
        Ok(one(future.value()))
    }

    /// `futures_unordered(c)`.
    fn futures_unordered(&mut self, arguments: &[Value]) -> Result<Value> {
        let set = SetObject::create(&self.machine, "futures_unordered");
        if let Some(list) = arguments.first() {
            let Value::Cell(cell) = list else {
                return Err(errors::wrong_argument(
                    "futures_unordered",
                    1,
                    "a cell of futures",
                ));
            };
            self.room(|| self.need_of_members(cell.data()))?;
            for member in cell.data() {
                self.add(
                    "futures_unordered",
                    &[Value::Object(set.clone()), member.clone()],
                )?;
            }
        }
        Ok(Value::Object(set))
    }

    /// `add(js, f)` and `push(fu, f)`; a created member is started.
    fn add(&mut self, function: &'static str, arguments: &[Value]) -> Result<Outputs> {
        let set = set_argument(function, arguments)?;
        let future = self.future(function, arguments, 1)?;
        let room = self.room(|| self.need_of_members(&arguments[1..2]))?;
        if future.state() == FutureState::Created {
            let parent = self.top().future.clone();
            spawn::start_task(
                &self.machine,
                &future,
                None,
                Some(&parent),
                self.is_in_cleanup(),
            );
        }
        set_of(&set).add(&self.machine, &future, room);
        Ok(Outputs::new())
    }

    /// What new members of a set need.
    fn need_of_members(&self, values: &[Value]) -> Need {
        let members = values
            .iter()
            .filter_map(|value| Future::from_value(&self.machine, value).ok().flatten());
        let members: Vec<Future> = members.collect();
        // Each is told of by itself: none decides for the others.
        let waits = |member: &&Future| !member.is_settled_for(self.record.id);
        Need {
            tasks: count_created(&members),
            waiters: members.iter().filter(waits).count(),
            ..Need::default()
        }
    }

    /// `join_next(js)` and `next(fu)`.
    fn next_member(
        &mut self,
        function: &'static str,
        arguments: &[Value],
        returns: Returns,
    ) -> Result<Flow> {
        let set = set_argument(function, arguments)?;
        if let Some(error) = self.cancellation() {
            return Ok(self.stop_at(error, returns));
        }
        if let Some(result) = set_of(&set).try_next() {
            let values = result.map_err(|error| self.awaited(error))?;
            self.finish_call(returns, values)?;
            return Ok(Flow::Go);
        }
        let waiter = set_of(&set).wait(&self.machine, self.record.id);
        Ok(self.wait(Wait::Next { set, waiter }, returns))
    }
}

fn set_argument(function: &str, arguments: &[Value]) -> Result<ObjectRef> {
    match &arguments[0] {
        Value::Object(object) if object.downcast_ref::<SetObject>().is_some() => Ok(object.clone()),
        _ => Err(errors::wrong_argument(function, 1, "a join set")),
    }
}

fn set_of(object: &ObjectRef) -> &SetObject {
    object
        .downcast_ref::<SetObject>()
        .expect("it was checked to be a set")
}

/// Takes `'Timeout', s` off the end of the arguments, in seconds; the first `keep` are no options.
fn take_timeout(function: &str, arguments: &mut Vec<Value>, keep: usize) -> Result<Option<f64>> {
    let Some(at) = arguments.len().checked_sub(2).filter(|at| *at >= keep) else {
        return Ok(None);
    };
    match arguments[at].as_text() {
        Some(name) if name.eq_ignore_ascii_case("timeout") => {}
        Some(name) if keep > 0 => {
            return Err(build_runtime_error(format!(
                "{function}: unknown option '{name}'; the option is 'Timeout'."
            ))
            .identifier("async:InvalidArgument")
            .build());
        }
        Some(_) | None => return Ok(None),
    }
    let seconds = Some(&arguments[at + 1])
        .filter(|value| !matches!(value, Value::Char(_)))
        .and_then(Value::as_number)
        .ok_or_else(errors::invalid_timeout)?;
    if seconds.is_nan() || seconds < 0.0 {
        return Err(errors::invalid_timeout());
    }
    arguments.truncate(at);
    Ok(Some(seconds))
}

fn spawn_options(arguments: &[Value]) -> Result<SpawnOptions> {
    let mut options = SpawnOptions::default();
    if !arguments.len().is_multiple_of(2) {
        return Err(errors::wrong_argument(
            "spawn",
            arguments.len() + 1,
            "given a value",
        ));
    }
    for (at, pair) in arguments.chunks(2).enumerate() {
        let position = 2 + 2 * at;
        let name = pair[0].as_text().unwrap_or_default();
        if name.eq_ignore_ascii_case("priority") {
            options.priority = Some(match (&pair[1].as_text(), pair[1].as_number()) {
                (Some(text), _) => Priority::from_name(text).ok_or_else(|| {
                    errors::wrong_argument(
                        "spawn",
                        position + 1,
                        "'critical', 'high', 'normal', 'low', 'idle' or a number from 0 to 4",
                    )
                })?,
                (None, Some(number)) if !number.is_nan() => Priority::from_number(number),
                (None, _) => {
                    return Err(errors::wrong_argument("spawn", position + 1, "a priority"));
                }
            });
        } else if name.eq_ignore_ascii_case("name") {
            let text = pair[1]
                .as_text()
                .ok_or_else(|| errors::wrong_argument("spawn", position + 1, "a name"))?;
            options.name = Some(text.as_str().into());
        } else {
            return Err(errors::wrong_argument(
                "spawn",
                position,
                "'Priority' or 'Name'",
            ));
        }
    }
    Ok(options)
}

/// The error that `fail(p, err)` takes: an exception, or a text.
fn error_argument(value: &Value) -> Result<RuntimeError> {
    match (value, value.as_text()) {
        (Value::Exception(error), _) => Ok(error.clone()),
        (_, Some(message)) => Ok(build_runtime_error(message).build()),
        _ => Err(errors::wrong_argument(
            "fail",
            2,
            "an MException or a message",
        )),
    }
}
