//! Spans and events of `tracing`, for sessions that are watched in production.
//!
//! All have the target `tourbillon`. An execution is a span at level `info` that ends with its counts; in
//! it every task is a span at level `debug`, and in that every operation is one. What happens on the way
//! are events: failures and requests to stop at `debug`, deadlocks and broken invariants at `warn`, steps
//! and changes of futures at `trace`.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use tourbillon_host::{Access, Event, Object, Observer, OperationId, TaskId};
use tourbillon_value::RuntimeError;
use tourbillon_vm::Statistics;
use tracing::{Level, Span, debug, debug_span, enabled, info, info_span, trace, warn};

/// The target of every span and event.
const TARGET: &str = "tourbillon";

/// Tells subscribers of `tracing` what happens in a session, and passes everything on to another observer
/// where there is one.
pub(crate) struct Traced {
    next: Option<Rc<dyn Observer>>,
    spans: RefCell<Spans>,
}

#[derive(Default)]
struct Spans {
    execution: Option<Span>,
    executions: u64,
    // Ordered: what is left at the end goes in this order, and subscribers see it go.
    tasks: BTreeMap<TaskId, Span>,
    operations: BTreeMap<OperationId, Span>,
    /// The task whose step began last.
    running: Option<TaskId>,
}

impl Traced {
    pub(crate) fn new(next: Option<Rc<dyn Observer>>) -> Rc<Traced> {
        Rc::new(Traced {
            next,
            spans: RefCell::default(),
        })
    }

    /// An execution of a program begins; none does while another one is under way.
    pub(crate) fn begin(self: &Rc<Self>, program: &str) -> Option<TracedExecution> {
        let mut spans = self.spans.borrow_mut();
        if spans.execution.is_some() {
            return None;
        }
        spans.executions += 1;
        let execution = spans.executions;
        let span = info_span!(target: TARGET, "execution", program, execution);
        spans.execution = Some(span);
        Some(TracedExecution(self.clone()))
    }
    /// The span of a task, or of the execution when it has none.
    fn of_task(&self, task: Option<TaskId>) -> Span {
        let spans = self.spans.borrow();
        let span = task.and_then(|task| spans.tasks.get(&task));
        span.or(spans.execution.as_ref())
            .cloned()
            .unwrap_or_else(Span::none)
    }

    fn of_running(&self) -> Span {
        let running = self.spans.borrow().running;
        self.of_task(running)
    }

    /// The span of an operation, which has ended.
    fn ended(&self, operation: OperationId) -> Option<Span> {
        self.spans.borrow_mut().operations.remove(&operation)
    }
}

/// The execution under way. It goes also when the future that runs it is dropped halfway.
pub(crate) struct TracedExecution(Rc<Traced>);

impl TracedExecution {
    /// It has come to its end.
    pub(crate) fn end(self, statistics: &Statistics, error: Option<&RuntimeError>) {
        let execution = self.0.of_task(None);
        info!(
            target: TARGET,
            parent: &execution,
            error = error.map(RuntimeError::identifier),
            polls = statistics.polls,
            steps = statistics.steps,
            tasks = statistics.tasks,
            peak_tasks = statistics.peak_tasks,
            futures = statistics.futures,
            pending = statistics.pending,
            peak_pending = statistics.peak_pending,
            operations = statistics.operations,
            callbacks = statistics.callbacks,
            ticks = statistics.ticks,
            tick_nanoseconds = statistics.tick_nanoseconds,
            peak_task_bytes = statistics.peak_task_bytes,
            value_bytes = statistics.value_bytes,
            "ended"
        );
    }
}

impl Drop for TracedExecution {
    fn drop(&mut self) {
        let gone = {
            let mut spans = self.0.spans.borrow_mut();
            spans.running = None;
            (
                spans.execution.take(),
                std::mem::take(&mut spans.tasks),
                std::mem::take(&mut spans.operations),
            )
        };
        // Subscribers hear of it with nothing borrowed.
        drop(gone);
    }
}

impl Observer for Traced {
    fn wants_accesses(&self) -> bool {
        self.next.as_ref().is_some_and(|next| next.wants_accesses())
    }

    fn access(&self, object: Object<'_>, access: Access) {
        if let Some(next) = &self.next {
            next.access(object, access);
        }
    }

    fn event(&self, event: &Event<'_>) {
        if let Some(next) = &self.next {
            next.event(event);
        }
        match event {
            Event::TaskSpawned {
                task,
                label,
                priority,
            } => {
                if enabled!(target: TARGET, Level::DEBUG) {
                    let execution = self.of_task(None);
                    let span = debug_span!(
                        target: TARGET, parent: &execution, "task", task = %label, ?priority
                    );
                    self.spans.borrow_mut().tasks.insert(*task, span);
                }
            }
            Event::TaskStep { task, .. } => {
                self.spans.borrow_mut().running = Some(*task);
                trace!(target: TARGET, parent: &self.of_task(Some(*task)), "step");
            }
            Event::TaskEnded { task, .. } => {
                let span = self.spans.borrow_mut().tasks.remove(task);
                if let Some(span) = span {
                    debug!(target: TARGET, parent: &span, "ended");
                }
            }
            Event::OperationSubmitted { operation, label } => {
                if enabled!(target: TARGET, Level::DEBUG) {
                    let task = self.of_running();
                    let span = debug_span!(
                        target: TARGET, parent: &task, "operation", kind = label.name, operation = %label
                    );
                    self.spans.borrow_mut().operations.insert(*operation, span);
                }
            }
            Event::OperationEnded { operation } => {
                if let Some(span) = self.ended(*operation) {
                    debug!(target: TARGET, parent: &span, "ended");
                }
            }
            Event::OperationDropped { operation } => {
                if let Some(span) = self.ended(*operation) {
                    debug!(target: TARGET, parent: &span, "given up");
                }
            }
            Event::FutureState { future, from, to } => trace!(
                target: TARGET, parent: &self.of_running(), future = future.0, ?from, ?to, "future"
            ),
            Event::FutureFailed { future, error } => debug!(
                target: TARGET,
                parent: &self.of_running(),
                future = future.0,
                identifier = error.identifier(),
                error = error.message(),
                "failed"
            ),
            Event::CallbackRun { future, number } => trace!(
                target: TARGET, parent: &self.of_running(), future = future.0, number, "callback"
            ),
            Event::CancelRequested { future } => debug!(
                target: TARGET, parent: &self.of_running(), future = future.0, "asked to stop"
            ),
            Event::ExecutionStopped => {
                info!(target: TARGET, parent: &self.of_task(None), "stopped by the host");
            }
            Event::CleanupRun { task } => {
                debug!(target: TARGET, parent: &self.of_task(Some(*task)), "cleanup");
            }
            Event::Deadlock { report, .. } => {
                warn!(target: TARGET, parent: &self.of_task(None), report, "deadlock");
            }
            Event::Invariant { name } => {
                warn!(target: TARGET, parent: &self.of_running(), name, "invariant broken");
            }
            // What the simulator needs to know tells a person nothing.
            Event::TaskReady { .. }
            | Event::TaskWoken { .. }
            | Event::BodyRuns { .. }
            | Event::FutureAdopted { .. }
            | Event::ErrorAwaited { .. }
            | Event::CallbackRegistered { .. }
            | Event::CleanupRegistered { .. }
            | Event::CleanupCalled { .. }
            | Event::Output { .. }
            | Event::Mark { .. }
            | Event::Entangled { .. } => {}
        }
    }
}
