//! One execution: the loop that asks the policy, drains what is left, and finds deadlocks.

use crate::callbacks;
use crate::errors;
use crate::fiber::{Frame, Start};
use crate::future::{Failure, Future, FutureState, Origin};
use crate::machine::{Machine, OnExit, StartedOperation, Unhandled};
use crate::spawn;
use crate::statistics::Statistics;
use crate::task::TaskRecord;
use std::future::poll_fn;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use tourbillon_builtins::Outputs;
use tourbillon_compiler::Program;
use tourbillon_host::{Access, Decision, Event, Object, ReadyTasks, TaskId};
use tourbillon_value::{Result, RuntimeError, Value};

/// How an execution ended.
#[derive(Clone, Debug)]
pub struct Execution {
    /// The error that nobody caught.
    pub error: Option<RuntimeError>,
    /// What was printed, unless the session does not capture it.
    pub output: String,
    /// Warnings and reports, in the order in which they came up.
    pub diagnostics: Vec<RuntimeError>,
    /// The counts so far.
    pub statistics: Statistics,
}

impl Machine {
    /// Runs a program to its end: the script, then every task it left behind.
    ///
    /// # Errors
    /// `async:SessionBusy` when an execution is under way.
    pub async fn execute(self: &Rc<Self>, program: &Arc<Program>) -> Result<Execution> {
        let loaded = self.load(program);
        let start = Start::Function {
            loaded,
            function: 0,
            arguments: Vec::new(),
        };
        Ok(self.execute_start(start).await?.0)
    }

    /// Calls a function value as a program of its own, for so many outputs.
    ///
    /// # Errors
    /// `async:SessionBusy` when an execution is under way.
    pub(crate) async fn call(
        self: &Rc<Self>,
        function: Value,
        arguments: Vec<Value>,
        outputs: u8,
    ) -> Result<(Execution, Outputs)> {
        let start = Start::Call {
            function,
            arguments,
            outputs,
        };
        self.execute_start(start).await
    }

    async fn execute_start(self: &Rc<Self>, start: Start) -> Result<(Execution, Outputs)> {
        let (mut execution, outputs) = self.run_root(start, true).await?;
        // What only cycles, or results that nobody took, kept alive belongs to this execution.
        while !self.cleanups.is_empty() {
            let (more, _) = self.run_root(self.due_cleanups(), false).await?;
            execution.output += &more.output;
            execution.diagnostics.extend(more.diagnostics);
            execution.error = execution.error.or(more.error);
            execution.statistics = more.statistics;
        }
        Ok((execution, outputs))
    }

    /// Closes the session: the workspace's values go, their cleanups run, cycles are collected. The
    /// ledger is empty afterwards, or something leaked.
    ///
    /// # Errors
    /// `async:SessionBusy` when an execution is under way.
    pub async fn close(self: &Rc<Self>) -> Result<Vec<RuntimeError>> {
        if self.is_executing.get() {
            return Err(errors::session_busy());
        }
        let mut diagnostics = Vec::new();
        // Variables go in the order of their names, then globals, then what only cycles keep alive.
        let workspace = std::mem::take(&mut *self.workspace.borrow_mut());
        drop(workspace);
        diagnostics.extend(self.run_cleanups().await?);
        let globals = std::mem::take(&mut *self.globals.borrow_mut());
        drop(globals);
        *self.last_error.borrow_mut() = None;
        self.failures.borrow_mut().clear();
        diagnostics.extend(self.run_cleanups().await?);
        loop {
            let objects = self.live_objects();
            if objects.is_empty() {
                break;
            }
            for object in &objects {
                object.clear();
            }
            let count = objects.len();
            drop(objects);
            diagnostics.extend(self.run_cleanups().await?);
            if self.live_objects().len() == count {
                break;
            }
        }
        Ok(diagnostics)
    }

    /// Runs the cleanups that are due, and those that become due by them.
    async fn run_cleanups(self: &Rc<Self>) -> Result<Vec<RuntimeError>> {
        let mut diagnostics = Vec::new();
        while !self.cleanups.is_empty() {
            let (execution, _) = self.run_root(self.due_cleanups(), true).await?;
            diagnostics.extend(execution.diagnostics);
            diagnostics.extend(execution.error);
        }
        Ok(diagnostics)
    }

    fn due_cleanups(&self) -> Start {
        Start::Cleanups(self.take_cleanups())
    }

    /// Runs a root task and all that it starts; `is_new` unless it still belongs to the execution
    /// before.
    async fn run_root(self: &Rc<Self>, start: Start, is_new: bool) -> Result<(Execution, Outputs)> {
        if self.is_executing.replace(true) {
            return Err(errors::session_busy());
        }
        self.execution.set(self.execution.get() + u64::from(is_new));
        self.is_cancelled.set(false);
        self.has_struck.set(false);
        self.ticks_in_a_row.set(0);
        self.diagnostics.borrow_mut().clear();
        self.failures.borrow_mut().clear();
        self.output.borrow_mut().clear();
        let mut guard = ExecutionGuard {
            machine: self.clone(),
            has_ended: false,
        };
        self.watch.start();
        let root = spawn::start_root(self, start);
        let root_task = root.get().core.borrow().runner;
        let record = root_task.and_then(|task| self.record(task));
        self.observe_cancel();
        let mut stage = Stage::Root;
        poll_fn(|context| self.poll_execution(&root, &mut stage, context)).await;
        self.watch.stop();
        let (outputs, error) = match root.result() {
            // It ended well, but something that it had started was stopped, or its cleanup was all it did.
            Some(Ok(_)) if is_new && self.has_struck.get() => {
                (Outputs::new(), Some(errors::execution_cancelled()))
            }
            Some(Ok(outputs)) => (outputs, None),
            Some(Err(error)) => (Outputs::new(), Some(error)),
            None => (Outputs::new(), None),
        };
        let error = self.report_unhandled(error);
        self.drop_unwatched_sleeps();
        drop(root);
        if let Some(record) = record {
            *self.last_error.borrow_mut() = record.last_error();
        }
        guard.has_ended = true;
        drop(guard);
        self.registry.collect();
        self.give_memory_back();
        let diagnostics = std::mem::take(&mut *self.diagnostics.borrow_mut());
        let statistics = self.statistics();
        let output = std::mem::take(&mut *self.output.borrow_mut());
        let execution = Execution {
            error,
            output,
            diagnostics,
            statistics,
        };
        Ok((execution, outputs))
    }

    /// What an execution had a great number of leaves no memory behind; a little is kept for the next.
    fn give_memory_back(&self) {
        self.registry.sweep();
        let mut records = self.records.borrow_mut();
        if records.capacity() > KEPT_RECORDS {
            *records = Vec::new();
        }
        let mut woken = self.woken.borrow_mut();
        if woken.capacity() > KEPT_RECORDS {
            *woken = Vec::new();
            self.scheduler.borrow().inbox().trim();
        }
    }

    /// Runs task steps until the execution has ended or has to wait.
    fn poll_execution(
        self: &Rc<Self>,
        root: &Future,
        stage: &mut Stage,
        context: &mut Context<'_>,
    ) -> Poll<()> {
        self.statistics.borrow_mut().polls += 1;
        loop {
            self.observe_cancel();
            self.collect_woken();
            if *stage == Stage::Root && root.peek_state().is_terminal() {
                *stage = Stage::Drain;
                let has_failed = root.peek_state() != FutureState::Success;
                if has_failed || self.options.on_exit == OnExit::Cancel {
                    self.cancel_what_is_left();
                    continue;
                }
            }
            let is_ready = self.scheduler.borrow().has_ready();
            if !is_ready {
                if self.is_idle(*stage) {
                    return Poll::Ready(());
                }
                if !self.has_outstanding() {
                    self.throw_deadlock(root);
                    continue;
                }
            }
            if !self.cleanups.is_empty() {
                // What was left over is run by whoever comes to a statement next.
                self.touch(Object::Cleanups, Access::Write);
            }
            let taken = self.scheduler.borrow_mut().take_queue();
            let decision = self.policy.next(ReadyTasks(&taken.1));
            self.scheduler.borrow_mut().give_queue(taken);
            match decision {
                Decision::Run(at) => {
                    let task = self.scheduler.borrow_mut().take_ready(at);
                    self.step(task);
                }
                Decision::Spurious(task) => self.step(task),
                Decision::Cancel(task) => self.cancel_task(task),
                Decision::Again => {}
                Decision::Return => {
                    // Ready tasks are left for the next turn: whoever polls us must come back.
                    if self.scheduler.borrow().has_ready() {
                        context.waker().wake_by_ref();
                        return Poll::Pending;
                    }
                    let (execution, is_known) = (self.execution.get(), self.is_cancelled.get());
                    if self.cancel.sleep(context.waker(), execution, is_known) {
                        return Poll::Pending;
                    }
                }
            }
        }
    }

    /// One step of a task.
    fn step(self: &Rc<Self>, task: TaskId) {
        let taken = self.scheduler.borrow_mut().take_future(task);
        let Some(mut future) = taken else {
            return;
        };
        let record = self.record(task).expect("a live task has a record");
        self.statistics.borrow_mut().steps += 1;
        self.ticks_in_a_row.set(0);
        self.fuel.set(record.fuel.get() - self.explaining.bias());
        self.event(&Event::TaskStep {
            task,
            label: &record.label,
        });
        let finds_cleanups = if self.cleanups.is_empty() {
            Access::Read
        } else {
            Access::Write
        };
        self.touch(Object::Cleanups, finds_cleanups);
        *self.current.borrow_mut() = Some(record.clone());
        // Its interpreter asks for the task's own waker when it waits for something outside.
        let mut context = Context::from_waker(Waker::noop());
        let poll = future.as_mut().poll(&mut context);
        record.fuel.set(self.fuel.get() + self.explaining.bias());
        *self.current.borrow_mut() = None;
        match poll {
            Poll::Ready(()) => drop(future),
            Poll::Pending => self.scheduler.borrow_mut().put_back(task, future),
        }
    }

    /// A task is over: its place is free.
    pub(crate) fn end_task(&self, task: TaskId) {
        let record = {
            let mut records = self.records.borrow_mut();
            records.get_mut(task.slot as usize).and_then(Option::take)
        };
        self.touch(Object::Tasks, Access::Add);
        let future = self.scheduler.borrow_mut().remove(task);
        drop(future);
        if let Some(record) = record {
            drop(record.take_place());
            if self.explaining.is_on() {
                self.lets_go_of_all(&record);
            }
            self.event(&Event::TaskEnded {
                task,
                label: &record.label,
            });
        }
    }

    /// Every task is over at once.
    fn forget_records(&self) {
        self.records.borrow_mut().clear();
    }

    /// Whether nothing is left to be done.
    fn is_idle(&self, stage: Stage) -> bool {
        stage == Stage::Drain
            && self.scheduler.borrow().live() == 0
            && !self.has_watched_operation()
    }

    /// Whether anything outside can still change something: an operation that a task waits for, or a
    /// started one that is not nobody's sleep.
    fn has_outstanding(&self) -> bool {
        self.outstanding.get() > 0 || self.has_watched_operation()
    }

    pub(crate) fn has_watched_operation(&self) -> bool {
        let started = self.started.borrow();
        let mut futures = started.values().filter_map(StartedOperation::future);
        futures.any(|future| {
            let core = future.get().core.borrow();
            match &core.origin {
                Origin::Operation(operation) => !operation.is_timer || core.is_watched(),
                Origin::Body | Origin::Manual => false,
            }
        })
    }

    /// A sleep that nobody waits for ends with the execution.
    fn drop_unwatched_sleeps(self: &Rc<Self>) {
        for future in self.sorted_operations() {
            crate::cancel::request(self, &future);
        }
    }

    /// The root task has failed, or the session cancels on exit: every other task is asked to stop.
    fn cancel_what_is_left(self: &Rc<Self>) {
        self.touch(Object::Tasks, Access::Read);
        for record in self.sorted_records() {
            // Callbacks that are due run also now.
            if record.is_native.get() {
                continue;
            }
            if let Some(future) = self.outermost_future(&record) {
                crate::cancel::request(self, &future);
            }
        }
        self.drop_unwatched_sleeps();
    }

    /// Asks the future of a task to stop.
    fn cancel_task(self: &Rc<Self>, task: TaskId) {
        let future = self
            .record(task)
            .and_then(|record| self.outermost_future(&record));
        if let Some(future) = future {
            crate::cancel::request(self, &future);
        }
    }

    /// The future of a task: that of its outermost body.
    pub(crate) fn outermost_future(&self, record: &TaskRecord) -> Option<Future> {
        record.outermost()
    }

    /// Keeps a failure in mind until somebody observes it: an execution may go on for days, and have any
    /// number of failures that somebody handles.
    pub(crate) fn note_failure(&self, failure: Rc<Failure>) {
        const FEW: usize = 64;
        let mut failures = std::mem::take(&mut *self.failures.borrow_mut());
        if failures.len() == failures.capacity() {
            let kept = failures.extract_if(.., |failure| !failure.is_observed.get());
            let mut kept: Vec<Rc<Failure>> = kept.collect();
            // Looked through again when there are twice as many, so that it costs little for each.
            kept.reserve(kept.len().max(FEW));
            failures = kept;
        }
        failures.push(failure);
        *self.failures.borrow_mut() = failures;
    }

    /// Reports failures that nobody observed, once each; by policy they fail the execution.
    fn report_unhandled(&self, error: Option<RuntimeError>) -> Option<RuntimeError> {
        let mut error = error;
        let mut failures = std::mem::take(&mut *self.failures.borrow_mut());
        // In the order of their tasks, not of time: then no order of steps shows where nobody looked.
        failures.sort_by(|a, b| a.cmp_origin(b));
        for failure in failures.iter().filter(|failure| !failure.is_observed.get()) {
            let report = callbacks::unhandled("A future failed", failure.error.clone());
            if error.is_none() && self.options.unhandled == Unhandled::Fail {
                error = Some(report.clone());
            }
            self.report(report);
        }
        error
    }
}

/// Room for so many tasks and wakes is kept from one execution to the next.
const KEPT_RECORDS: usize = 1024;

/// How far an execution is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// The root task runs.
    Root,
    /// It has ended; others may go on.
    Drain,
}

/// Leaves the session usable, also when the future of `execute` is dropped halfway: operations are
/// dropped, tasks become cancelled, no cleanup runs.
struct ExecutionGuard {
    machine: Rc<Machine>,
    /// Whether the execution came to its end.
    has_ended: bool,
}

impl Drop for ExecutionGuard {
    fn drop(&mut self) {
        let machine = &self.machine;
        machine.watch.stop();
        *machine.current.borrow_mut() = None;
        let has_runner = |future: &Future| future.get().core.borrow().runner.is_some();
        let orphans: Vec<Future> = machine.live_futures(has_runner);
        let futures = machine.scheduler.borrow_mut().take_all();
        machine.forget_records();
        drop(futures);
        for future in orphans {
            if !future.is_terminal() {
                future.settle_cancelled(machine);
            }
        }
        let started = std::mem::take(&mut *machine.started.borrow_mut());
        for future in started.values().filter_map(StartedOperation::future) {
            future.settle_cancelled(machine);
        }
        drop(started);
        // Callbacks of what was cancelled here never run.
        let late = machine.scheduler.borrow_mut().take_all();
        machine.forget_records();
        drop(late);
        if !self.has_ended {
            self.abandon();
        }
        machine.is_executing.set(false);
        machine.is_cancelled.set(false);
    }
}

impl ExecutionGuard {
    /// The future of `execute` was dropped: what would have run never does.
    fn abandon(&self) {
        let machine = &self.machine;
        for future in machine.live_futures(|_| true) {
            future.abandon();
            future.notify(machine);
        }
        // Dropping what a cleanup captured may make further ones due.
        while !machine.cleanups.is_empty() {
            drop(machine.cleanups.take());
        }
        machine.output.borrow_mut().clear();
    }
}

impl crate::interpreter::Interpreter {
    /// Runs frames until the innermost body has ended or has to wait.
    pub(crate) fn execute(&mut self) -> crate::interpreter::Stop {
        use crate::calls::Flow;
        use crate::interpreter::Stop;
        loop {
            // It waits, or control has gone to a body that it awaits.
            if self.top().pending.is_some() || self.top().start.is_some() {
                return Stop::Wait;
            }
            let stepped = match self.top().frames.last_mut() {
                None => {
                    if self.push_due_cleanups(None) {
                        continue;
                    }
                    let results = self.machine.results.take();
                    return Stop::Ended(Ok(results));
                }
                Some(Frame::Code(_)) => self.run_code(),
                Some(Frame::Native(_)) => self.step_native(),
                Some(Frame::Cleanup(cleanups)) => match cleanups.body.take() {
                    Some(body) => {
                        self.await_value(vec![body.into_value()], crate::fiber::Returns::NOWHERE)
                    }
                    None => match cleanups.queue.next() {
                        Some((cleanup, function)) => {
                            self.machine.event(&Event::CleanupCalled { cleanup });
                            self.call_value(function, Vec::new(), crate::fiber::Returns::NOWHERE)
                        }
                        None => {
                            if let Some(Frame::Cleanup(cleanups)) = self.top().frames.pop() {
                                self.machine.results.set(cleanups.kept);
                            }
                            // A stop that came meanwhile; the caller's code does not go on.
                            if matches!(self.top().frames.last(), Some(Frame::Code(_)))
                                && self.machine.is_cancelled.get()
                                && !self.is_in_cleanup()
                            {
                                let error = crate::errors::execution_cancelled();
                                self.stop_at(error, crate::fiber::Returns::NOWHERE);
                                return Stop::Wait;
                            }
                            continue;
                        }
                    },
                },
                Some(Frame::Unwind(error)) => {
                    let error = error.clone();
                    self.top().frames.pop();
                    Err(error)
                }
            };
            match stepped {
                Ok(Flow::Go) => {}
                Ok(Flow::Wait) => return Stop::Wait,
                Err(error) => {
                    if let Err(error) = self.throw(error) {
                        return Stop::Ended(Err(error));
                    }
                }
            }
        }
    }

    /// Lets the library function on top go on with the results of its last call.
    fn step_native(&mut self) -> Result<crate::calls::Flow> {
        let machine = self.machine.clone();
        let fiber = self.top();
        let frames = fiber.frames.len();
        let Some(Frame::Native(call)) = fiber.frames.last_mut() else {
            unreachable!("a library function is on top")
        };
        let name = call.name;
        let results = (call.has_started).then(|| machine.results.take());
        call.has_started = true;
        let stepped = call.native.step(&*machine, results);
        self.put_off_cleanups(frames);
        match stepped {
            Ok(step) => self.take_step(step).map(|()| crate::calls::Flow::Go),
            Err(error) => {
                self.top().frames.pop();
                Err(error.with_context(|context| context.builtin(name)))
            }
        }
    }
}
