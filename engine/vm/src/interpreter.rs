//! The interpreter of one task: it runs the innermost body until that ends or has to wait, and the
//! wait is the one `.await` of the machine.

use crate::cancel;
use crate::capacity::Room;
use crate::errors;
use crate::fiber::{Fiber, Frame, Returns, Start};
use crate::future::{Future, Listener};
use crate::joins;
use crate::machine::Machine;
use crate::operation::{Advance, OperationGuard};
use crate::sets::SetObject;
use crate::task::TaskRecord;
use crate::wait::{FutureWait, Goal, JoinKind, Members, Pending, Settling, Then, Wait, Waiter};
use std::future::poll_fn;
use std::rc::Rc;
use std::task::Poll;
use thin_vec::ThinVec;
use tourbillon_builtins::{Outputs, one};
use tourbillon_executor::Resource;
use tourbillon_host::{Access, Event, Nanoseconds, Object, Request};
use tourbillon_value::{Result, RuntimeError};

/// One task: a stack of bodies, each awaiting the next by transfer.
pub(crate) struct Interpreter {
    pub machine: Rc<Machine>,
    pub record: Rc<TaskRecord>,
    /// While it runs.
    pub fibers: ThinVec<Fiber>,
}

/// What ended a run of instructions.
pub(crate) enum Stop {
    /// The innermost body has ended.
    Ended(Result<Outputs>),
    /// It must wait; what for is in its `pending`.
    Wait,
}

impl Interpreter {
    pub(crate) fn new(machine: Rc<Machine>, record: Rc<TaskRecord>) -> Interpreter {
        Interpreter {
            machine,
            record,
            fibers: ThinVec::new(),
        }
    }

    /// The task, from its first instruction to its last.
    #[allow(
        clippy::manual_async_fn,
        reason = "an async function would keep itself twice, and there are many of them"
    )]
    pub(crate) fn run(mut self) -> impl std::future::Future<Output = ()> + 'static {
        async move {
            self.touch_wait();
            self.take_fibers();
            self.record.has_run.set(true);
            while !self.fibers.is_empty() {
                if self.top().pending.is_some() {
                    let result = poll_fn(|_| self.poll_wait()).await;
                    self.deliver(result);
                }
                match self.run_top() {
                    Stop::Ended(result) => self.end_top(result),
                    Stop::Wait => {}
                }
            }
            let machine = self.machine.clone();
            machine.end_task(self.record.id);
        }
    }

    /// Every step changes what the task waits for.
    fn touch_wait(&self) {
        let wait = Object::Wait(self.record.id);
        self.machine.touch(wait, Access::Write);
    }

    pub(crate) fn top(&mut self) -> &mut Fiber {
        self.fibers.last_mut().expect("a running task has a body")
    }

    /// Starts the body on top if it has not begun, then runs its instructions.
    fn run_top(&mut self) -> Stop {
        match self.top().start.take() {
            None => self.execute(),
            Some(start) => match self.begin_unless_stopped(*start) {
                Ok(()) => self.execute(),
                Err(error) => match self.throw(error) {
                    Ok(()) => self.execute(),
                    Err(error) => Stop::Ended(Err(error)),
                },
            },
        }
    }

    /// Begins a task's first body, unless the host has stopped the execution: then it never runs.
    fn begin_unless_stopped(&mut self, start: Start) -> Result<()> {
        let is_first = self.fibers.len() == 1 && !self.record.is_of_cleanup.get();
        let is_stopped = self.machine.is_cancelled.get() && is_first;
        match start {
            Start::Call { .. } | Start::Function { .. } if is_stopped => {
                Err(errors::execution_cancelled())
            }
            Start::Native { .. } if is_stopped => {
                // It hears of it, since somebody may wait for what it would have done.
                self.begin(start)?;
                Err(errors::execution_cancelled())
            }
            start => self.begin(start),
        }
    }

    /// Pushes the first frame of a body.
    fn begin(&mut self, start: Start) -> Result<()> {
        let (future, task) = (self.top().future.id(), self.record.id);
        self.machine.event(&Event::BodyRuns { future, task });
        match start {
            Start::Call {
                function,
                arguments,
                outputs,
            } => self
                .call_value(function, arguments, Returns::of_body(outputs))
                .map(|_| ()),
            Start::Function {
                loaded,
                function,
                arguments,
            } => self.push_function(loaded, function, arguments, Returns::BODY),
            Start::Native { native, name } => {
                let frame = Frame::native(native, name, Returns::NOWHERE);
                self.top().frames.push(frame);
                Ok(())
            }
            Start::Cleanups(queue) => {
                let frame = Frame::cleanups(queue, Outputs::new());
                self.top().frames.push(frame);
                Ok(())
            }
        }
    }

    /// The innermost body has ended: its future settles, and the body below goes on.
    fn end_top(&mut self, result: Result<Outputs>) {
        let mut fiber = self.fibers.pop().expect("a body has ended");
        let frames = std::mem::take(&mut fiber.frames);
        let registers = std::mem::take(&mut fiber.registers);
        self.machine.return_stacks(frames, registers);
        let future = fiber.future.clone();
        let gave_few = fiber.aside.as_mut().and_then(|aside| aside.gave_few.take());
        if let (Ok(_), Some(shortfall)) = (&result, gave_few) {
            future.get().core.borrow_mut().set_shortfall(shortfall);
        }
        drop(fiber);
        if self.fibers.is_empty() {
            // The task is over; what its result leads to may need its place.
            drop(self.record.take_place());
        }
        future.settle(&self.machine, result);
    }

    /// Gives the result of a wait to the instruction that waited.
    fn deliver(&mut self, result: Result<Outputs>) {
        let pending = self.top().pending.take().expect("a wait has ended");
        let returns = pending.returns;
        let written = match result {
            Ok(values) => match pending.wait.awaited() {
                Some(future) => self.finish_values(future, values, returns),
                None => self.finish_call(returns, values),
            },
            Err(error) if pending.wait.is_of_futures() => {
                let error = self.awaited(error);
                if let Some(future) = pending.wait.failed() {
                    self.tell_awaited(future, &error);
                }
                Err(error)
            }
            Err(error) => Err(error),
        };
        drop(pending);
        if let Err(error) = written {
            // An error that no handler takes ends the body when its frames have run out.
            if let Err(error) = self.throw(error) {
                self.top().frames.push(Frame::Unwind(error));
            }
        }
    }

    /// An error that comes out of an awaited future: the frames that awaited go after its own.
    pub(crate) fn awaited(&mut self, error: RuntimeError) -> RuntimeError {
        if error.context().stack.is_empty() {
            return error;
        }
        let frames = self.stack();
        error.with_appended_frames(frames)
    }

    /// Tells who watches that a wait throws the error of a future.
    pub(crate) fn tell_awaited(&self, future: &Future, error: &RuntimeError) {
        self.machine.event(&Event::ErrorAwaited {
            future: future.id(),
            error,
        });
    }

    /// The cancellation that the innermost body has to see at a suspension point.
    pub(crate) fn cancellation(&mut self) -> Option<RuntimeError> {
        // A body that others wait for is handed over when the task waits, not here: the running
        // instruction belongs to it.
        let _ = self.carry_requests_down();
        if self.machine.is_cancelled.get() && !self.is_in_cleanup() {
            return Some(errors::execution_cancelled());
        }
        let top = self.top();
        let is_asked = top.future.is_asked();
        (is_asked && !top.is_shielded()).then(|| cancel::error_for(&top.future))
    }

    /// Whether cleanup code is at work, in the innermost body or in one that awaits it; the host's
    /// cancel leaves all of it its time.
    pub(crate) fn is_in_cleanup(&self) -> bool {
        self.record.is_of_cleanup.get() || self.fibers.iter().any(Fiber::is_shielded)
    }

    /// Carries requests to stop from outer bodies to those that they await by transfer. Gives the
    /// place of a body that others wait for as well: it is left to them.
    fn carry_requests_down(&mut self) -> Option<usize> {
        for place in 0..self.fibers.len() - 1 {
            let fiber = &self.fibers[place];
            let is_asked = fiber.future.is_asked();
            if !is_asked || fiber.is_shielded() {
                continue;
            }
            let inner = &self.fibers[place + 1];
            if inner.future.has_waiters_beyond(1) {
                return Some(place + 1);
            }
            cancel::mark(&self.machine, &inner.future, inner.is_shielded());
        }
        None
    }

    /// Hands the bodies from `place` on over to a task of their own.
    fn split(&mut self, place: usize) {
        let mut fibers = self.fibers.split_off(place);
        let depth = fibers[0].depth_below();
        for fiber in &mut fibers {
            fiber.rise(depth);
        }
        crate::spawn::detach(&self.machine, &self.record, fibers);
    }

    /// Begins to stop the innermost body: what it waited for is dropped, its children are asked and
    /// awaited, then the error is thrown.
    pub(crate) fn begin_cancellation(&mut self, error: RuntimeError) {
        let future = self.top().future.clone();
        let returns = match self.top().pending.take() {
            Some(pending) => {
                let returns = pending.returns;
                self.dispose(pending);
                returns
            }
            None => Returns::NOWHERE,
        };
        cancel::ask_children(&self.machine, &future);
        let children = pending_children(&future);
        self.settle_first(children, Then::Cancellation(error), returns);
    }

    /// Waits for futures that were asked to stop before it goes on.
    pub(crate) fn settle_first(&mut self, futures: Vec<Future>, then: Then, returns: Returns) {
        let waiter = Waiter::new(self.record.id, Goal::All, futures.len());
        for (index, future) in futures.iter().enumerate() {
            let listener = Listener::Waiter(waiter.clone());
            future.register_for_end(&self.machine, listener, index as u32);
        }
        self.top().pending = Some(Pending {
            wait: Wait::Settling(Settling {
                waiter,
                futures: futures.into_iter().collect(),
                then,
            }),
            returns,
        });
    }

    /// Drops a wait.
    fn dispose(&mut self, pending: Pending) {
        match pending.wait {
            Wait::Next { set, waiter } => {
                let set = set
                    .downcast_ref::<SetObject>()
                    .expect("a set is waited for");
                set.forget(&self.machine, &waiter);
            }
            Wait::Operation { guard, .. } => guard.give_up(),
            Wait::Yield { .. } | Wait::Futures(_) | Wait::Settling(_) => {}
        }
    }

    /// Looks whether the wait of the innermost body is over; otherwise publishes what it waits for.
    fn poll_wait(&mut self) -> Poll<Result<Outputs>> {
        self.touch_wait();
        self.take_fibers();
        let injected = self.record.take_injected();
        if let Some(error) = injected {
            if let Some(pending) = self.top().pending.take() {
                let returns = pending.returns;
                self.dispose(pending);
                let waiter = Waiter::new(self.record.id, Goal::All, 0);
                let then = Then::Result(Ok(Outputs::new()));
                let wait = Wait::Settling(Settling {
                    waiter,
                    futures: ThinVec::new(),
                    then,
                });
                self.top().pending = Some(Pending { wait, returns });
            }
            return Poll::Ready(Err(error));
        }
        loop {
            if let Some(result) = self.poll_outer_timeouts() {
                return Poll::Ready(result);
            }
            if let Some(place) = self.carry_requests_down() {
                self.split(place);
            }
            let is_final = matches!(
                &self.top().pending,
                Some(Pending { wait: Wait::Settling(settling), .. })
                    if matches!(settling.then, Then::Cancellation(_))
            );
            if !is_final && let Some(error) = self.cancellation() {
                self.begin_cancellation(error);
                continue;
            }
            if self.cut_off_cleanup() {
                continue;
            }
            match self.poll_top() {
                Progress::Done(result) => return Poll::Ready(result),
                Progress::Changed => {}
                Progress::Waits => {
                    self.publish();
                    return Poll::Pending;
                }
            }
        }
    }

    /// Cleanup after a cancellation has a budget; when it is spent, the cleanup is cut off. Says whether
    /// that happened just now.
    fn cut_off_cleanup(&mut self) -> bool {
        let is_cancelled = self.machine.is_cancelled.get();
        (0..self.fibers.len()).any(|place| {
            let fiber = &self.fibers[place];
            let is_asked = fiber.future.is_asked();
            let is_of_cleanup = place == 0 && self.record.is_of_cleanup.get();
            let is_running =
                (is_asked || is_cancelled) && fiber.is_shielded() || is_cancelled && is_of_cleanup;
            is_running && self.spend_cleanup_budget(place)
        })
    }

    /// The budget of the cleanup of one body; says whether it was spent just now.
    fn spend_cleanup_budget(&mut self, place: usize) -> bool {
        let aside = self.fibers[place].aside.get_or_insert_default();
        if aside.cleanup_budget.is_none() {
            let budget = Nanoseconds::from_seconds(self.machine.options.cleanup_budget_seconds);
            let deadline = self.machine.host.now() + budget;
            let label = self.record.next_operation("timer");
            let request = Request::Timer { deadline };
            let guard = OperationGuard::submit(&self.machine, request, label, false);
            let aside = self.fibers[place].aside.get_or_insert_default();
            aside.cleanup_budget = Some(guard);
        }
        let aside = self.fibers[place].aside.as_ref();
        let budget = aside.and_then(|aside| aside.cleanup_budget.clone());
        let is_spent = budget.expect("it runs").poll_for(self.record.id).is_ready();
        if is_spent {
            let is_cleanup = self.fibers[place].is_shielded();
            self.fibers[place].is_cut_off = true;
            if place == 0 {
                self.record.is_of_cleanup.set(false);
            }
            if !is_cleanup {
                // Only started by one, which says so itself.
                return true;
            }
            self.machine.report(
                tourbillon_value::build_runtime_error(format!(
                    "The cleanup of {} took longer than its budget of {} s and was cut off.",
                    self.record.label, self.machine.options.cleanup_budget_seconds
                ))
                .identifier("async:CleanupCutOff")
                .build(),
            );
        }
        is_spent
    }

    /// Timeouts of bodies that await an inner one by transfer. A timed-out inner body is stopped and
    /// its cleanup awaited, unless others wait for it: then it goes on without us.
    fn poll_outer_timeouts(&mut self) -> Option<Result<Outputs>> {
        let task = self.record.id;
        for place in 0..self.fibers.len() - 1 {
            let Some(Pending {
                wait: Wait::Futures(wait),
                ..
            }) = &mut self.fibers[place].pending
            else {
                continue;
            };
            let Some(timeout) = &mut wait.timeout else {
                continue;
            };
            if timeout.has_fired || !timeout.is_over(task) {
                continue;
            }
            timeout.has_fired = true;
            let seconds = timeout.seconds;
            let inner = self.fibers[place + 1].future.clone();
            if inner.has_waiters_beyond(1) {
                self.split(place + 1);
                return Some(Err(errors::timeout(seconds)));
            }
            let is_shielded = self.fibers[place + 1].is_shielded();
            cancel::mark(&self.machine, &inner, is_shielded);
        }
        None
    }

    /// The wait of the innermost body itself.
    fn poll_top(&mut self) -> Progress {
        let machine = self.machine.clone();
        let task = self.record.id;
        let pending = self.top().pending.as_mut().expect("it waits");
        let returns = pending.returns;
        match &mut pending.wait {
            Wait::Yield { has_yielded } => {
                if std::mem::replace(has_yielded, true) {
                    return Progress::Done(Ok(Outputs::new()));
                }
                let by_last = false;
                machine.event(&Event::TaskWoken { task, by_last });
                let is_new = machine.scheduler.borrow_mut().make_ready(task);
                if is_new {
                    machine.event(&Event::TaskReady { task });
                }
                Progress::Waits
            }
            Wait::Operation {
                guard,
                sequel,
                builtin,
            } => loop {
                let Poll::Ready(outcome) = guard.poll_for(task) else {
                    return Progress::Waits;
                };
                let ended = sequel.take().expect("an operation ends once");
                match ended.resume(&machine, outcome, true) {
                    Ok(Advance::Waits(next, rest)) => (*guard, *sequel) = (next, Some(rest)),
                    Ok(Advance::Value(value)) => return Progress::Done(Ok(one(value))),
                    Err(error) => {
                        let error = error.with_context(|context| context.builtin(builtin));
                        return Progress::Done(Err(error));
                    }
                }
            },
            Wait::Next { set, waiter } => {
                machine.touch(Object::Handle(set.id()), Access::Read);
                if !waiter.is_met() {
                    return Progress::Waits;
                }
                let set = set
                    .downcast_ref::<SetObject>()
                    .expect("a set is waited for");
                Progress::Done(set.finish(&machine, waiter))
            }
            Wait::Settling(settling) => {
                if !settling.waiter.is_met() {
                    return Progress::Waits;
                }
                Progress::Done(match &settling.then {
                    Then::Result(result) => result.clone(),
                    Then::Awaited(future) => future.result().expect("the future has ended"),
                    Then::Failure(failed) => Err(joins::failure(&failed.members, failed.first)),
                    Then::Cancellation(error) => Err(error.clone()),
                })
            }
            Wait::Futures(wait) => {
                if wait
                    .timeout
                    .as_ref()
                    .is_some_and(|timeout| timeout.has_fired)
                {
                    let seconds = wait.timeout.as_ref().expect("it has one").seconds;
                    return Progress::Done(Err(errors::timeout(seconds)));
                }
                if wait.waiter.is_met() {
                    let (losers, then) = joins::conclude(wait);
                    return self.stop_losers(losers, then, returns);
                }
                let Some(timeout) = &mut wait.timeout else {
                    return Progress::Waits;
                };
                if !timeout.is_over(task) {
                    return Progress::Waits;
                }
                let error = errors::timeout(timeout.seconds);
                let started = std::mem::take(&mut wait.started);
                let mut started: Vec<Future> = started.into_iter().collect();
                // A single `await` leaves what others wait for to them. It comes here only when the
                // body it started has ended and follows another future.
                if wait.kind == JoinKind::Await {
                    started.retain(|future| !future.has_waiters_beyond(1));
                }
                self.stop_losers(started, Then::Result(Err(error)), returns)
            }
        }
    }

    /// Asks futures to stop and waits for them, if there are any that go on.
    fn stop_losers(&mut self, losers: Vec<Future>, mut then: Then, returns: Returns) -> Progress {
        let losers: Vec<Future> = losers
            .into_iter()
            .filter(|loser| !loser.is_terminal())
            .collect();
        for loser in &losers {
            cancel::request(&self.machine, loser);
        }
        if losers.is_empty()
            && let Then::Result(result) = then
        {
            if self.lets_go_of_nothing() {
                return Progress::Done(result);
            }
            then = Then::Result(result);
        }
        let old = self.top().pending.take();
        drop(old);
        self.settle_first(losers, then, returns);
        Progress::Changed
    }

    /// Whether the innermost body's wait for futures ends without anything to be given up with it: no
    /// timer, and no registration with what came after it began.
    fn lets_go_of_nothing(&mut self) -> bool {
        match &self.top().pending {
            Some(Pending {
                wait: Wait::Futures(wait),
                ..
            }) => wait.timeout.is_none() && wait.members.is_empty() && !wait.waiter.has_late(),
            Some(_) | None => false,
        }
    }

    /// Leaves the bodies in the record, so that others see what the task waits for and can cancel it.
    fn publish(&mut self) {
        let frames = self.top().frames.len();
        self.put_off_cleanups(frames);
        if self.machine.explaining.is_on() {
            self.look_around();
        }
        self.machine.statistics.borrow_mut().suspensions += 1;
        if self.machine.is_crowded() {
            self.fibers.shrink_to_fit();
            self.fibers.iter_mut().for_each(Fiber::trim);
        }
        let stack_bytes = self.fibers.iter().map(Fiber::stack_bytes).sum();
        self.machine.token.task_bytes.add(stack_bytes);
        self.record.fibers.replace(std::mem::take(&mut self.fibers));
    }

    /// Takes the bodies back from the record, where they are when the task was suspended.
    fn take_fibers(&mut self) {
        if self.fibers.is_empty() {
            self.fibers = self.record.fibers.take();
            if self.record.has_run.get() {
                let stack_bytes = self.fibers.iter().map(Fiber::stack_bytes).sum();
                self.machine.token.task_bytes.remove(stack_bytes);
            }
            self.fibers.iter_mut().for_each(Fiber::restore);
        }
    }
}

/// A session whose execution is dropped halfway keeps its workspace.
impl Drop for Interpreter {
    fn drop(&mut self) {
        self.take_fibers();
        if let Some(fiber) = self.fibers.first_mut()
            && let Some(Frame::Code(frame)) = fiber.frames.first()
        {
            crate::unwind::save_workspace(&self.machine, frame, &mut fiber.registers);
        }
    }
}

/// What a look at a wait showed.
enum Progress {
    Done(Result<Outputs>),
    /// The body waits for something else now; look again.
    Changed,
    Waits,
}

/// The children of a body that have not ended.
fn pending_children(future: &Future) -> Vec<Future> {
    future.touch_family(Access::Read);
    let children = future.get().core.borrow().children.clone();
    children
        .iter()
        .filter_map(Future::upgrade)
        .filter(|child| !child.is_terminal())
        .collect()
}

/// A wait for futures by the running task.
pub(crate) fn wait_for(
    machine: &Machine,
    record: &TaskRecord,
    kind: JoinKind,
    members: Members,
    started: Vec<Future>,
    room: Room,
) -> FutureWait {
    let goal = match kind {
        JoinKind::Await | JoinKind::Race => Goal::First,
        JoinKind::All => Goal::AllOrFailure,
        JoinKind::Any => Goal::AnySuccess,
        JoinKind::Everything => Goal::All,
    };
    let charge = room.counter(machine, Resource::Wakers);
    let waiter = Waiter::charged(record.id, goal, members.len(), charge);
    for (index, member) in members.iter().enumerate() {
        member.register(machine, Listener::Waiter(waiter.clone()), index as u32);
    }
    if kind == JoinKind::Everything {
        machine.waits_for_everything(&waiter);
    }
    FutureWait {
        members,
        started: started.into_iter().collect(),
        waiter,
        timeout: None,
        kind,
    }
}
