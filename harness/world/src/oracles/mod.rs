//! What must hold of every run, whatever the program: one oracle in each file.

mod callback_order;
mod cancellation_delivered;
mod cleanup_complete;
mod deadlock_graph;
mod dropped_execution;
mod empty_ledger;
mod error_identity;
mod futures;
mod livelock;
mod no_lost_wakeup;
mod priority_respected;
mod single_transition;
mod tasks;
mod user_invariants;

use tourbillon_host::Event;

use callback_order::CallbackOrder;
use cancellation_delivered::CancellationDelivered;
use cleanup_complete::CleanupComplete;
use dropped_execution::DroppedExecution;
pub(crate) use empty_ledger::leaks;
use error_identity::ErrorIdentity;
use futures::Futures;
use livelock::LastSteps;
pub use livelock::Spinning;
pub(crate) use livelock::explain as explain_livelock;
use tasks::Tasks;

/// The oracles over the events of one session.
#[derive(Default)]
pub(crate) struct Oracles {
    // What all of them know; an event is noted here after they have looked at it.
    tasks: Tasks,
    futures: Futures,
    callback_order: CallbackOrder,
    cancellation_delivered: CancellationDelivered,
    cleanup_complete: CleanupComplete,
    dropped_execution: DroppedExecution,
    error_identity: ErrorIdentity,
    last_steps: LastSteps,
    complaint: Option<String>,
}

pub use tourbillon_session::Ledger;

impl Oracles {
    /// A new run begins.
    pub fn reset(&mut self) {
        self.tasks.reset();
        self.futures.reset();
        self.callback_order.reset();
        self.cancellation_delivered.reset();
        self.cleanup_complete.reset();
        self.dropped_execution.reset();
        self.error_identity.reset();
        self.last_steps.reset();
        self.complaint = None;
    }

    /// Looks at an event. The first complaint of a run stands.
    pub fn look(&mut self, event: &Event<'_>) {
        if let Some(complaint) = self.complaint_about(event) {
            self.complaint.get_or_insert(complaint);
        }
        self.note(event);
    }

    /// What is wrong with an event. Each goes to the oracles that have something to say of its kind and
    /// to no other: most kinds come often, and most oracles wait for one that is rare.
    #[inline]
    fn complaint_about(&mut self, event: &Event<'_>) -> Option<String> {
        let (tasks, futures) = (&self.tasks, &self.futures);
        let (callbacks, dropped) = (&mut self.callback_order, &self.dropped_execution);
        let cancellation = &mut self.cancellation_delivered;
        match event {
            Event::TaskStep { .. } => priority_respected::look(event, tasks)
                .or_else(|| cancellation.look(event, futures))
                .or_else(|| dropped.look(event)),
            Event::FutureState { .. } => single_transition::look(event, futures)
                .or_else(|| cancellation.look(event, futures)),
            Event::CancelRequested { .. } => cancellation.look(event, futures),
            Event::CallbackRegistered { .. } | Event::ExecutionStopped => {
                callbacks.look(event, futures)
            }
            Event::CallbackRun { .. } => {
                let complaint = callbacks.look(event, futures);
                complaint.or_else(|| dropped.look(event))
            }
            Event::CleanupRegistered { .. } => self.cleanup_complete.look(event),
            Event::CleanupCalled { .. } => {
                let complaint = self.cleanup_complete.look(event);
                complaint.or_else(|| dropped.look(event))
            }
            Event::Output { .. } => dropped.look(event),
            Event::FutureFailed { .. } | Event::ErrorAwaited { .. } => {
                self.error_identity.look(event)
            }
            Event::Invariant { .. } => user_invariants::look(event, self.last_steps.running(tasks)),
            Event::Deadlock { .. } => {
                let has_callbacks = |future| callbacks.has_any(future, futures);
                deadlock_graph::look(event, tasks, futures, has_callbacks)
            }
            Event::TaskSpawned { .. }
            | Event::TaskReady { .. }
            | Event::TaskWoken { .. }
            | Event::TaskEnded { .. }
            | Event::BodyRuns { .. }
            | Event::FutureAdopted { .. }
            | Event::OperationSubmitted { .. }
            | Event::OperationEnded { .. }
            | Event::OperationDropped { .. }
            | Event::CleanupRun { .. }
            | Event::Mark { .. }
            | Event::Entangled { .. } => None,
        }
    }

    /// Takes note of an event that all have looked at.
    #[inline]
    fn note(&mut self, event: &Event<'_>) {
        match event {
            Event::TaskStep { .. } => {
                self.last_steps.look(event);
                self.tasks.note(event);
            }
            Event::TaskSpawned { .. } | Event::TaskReady { .. } | Event::TaskEnded { .. } => {
                self.tasks.note(event);
            }
            Event::FutureState { .. } | Event::BodyRuns { .. } | Event::FutureAdopted { .. } => {
                self.futures.note(event);
            }
            _ => {}
        }
    }

    /// The future of the execution is about to be dropped: nothing that it promised is to be expected.
    pub fn execution_dropped(&mut self) {
        self.tasks.reset();
        self.callback_order.execution_dropped();
        self.cancellation_delivered.reset();
        self.cleanup_complete.execution_dropped();
        self.dropped_execution.begin();
    }

    /// The execution was dropped and has left that many operations under way.
    pub fn execution_is_gone(&mut self, operations: usize) {
        if let Some(complaint) = self.dropped_execution.end(operations) {
            self.complain(complaint);
        }
    }

    /// Something is wrong with the run. The first complaint stands.
    pub fn complain(&mut self, complaint: String) {
        self.complaint.get_or_insert(complaint);
    }

    /// What an oracle had to say while the program ran.
    pub fn complaint(&mut self) -> Option<String> {
        self.complaint.take()
    }

    /// The session was closed: what the oracles have to say of the run.
    pub fn finish(&mut self) -> Option<String> {
        self.complaint()
            .or_else(|| no_lost_wakeup::finish(&self.tasks))
            .or_else(|| self.callback_order.finish(&self.futures))
            .or_else(|| self.cancellation_delivered.finish(&self.futures))
            .or_else(|| self.cleanup_complete.finish())
    }

    /// The tasks that took the last steps.
    pub fn spinning(&self) -> Vec<Spinning> {
        self.last_steps.spinning(&self.tasks)
    }
}
