//! What must hold of every run, whatever the program: one oracle in each file.

mod callback_order;
mod empty_ledger;
mod livelock;
mod no_lost_wakeup;
mod priority_respected;
mod single_transition;
mod tasks;

use std::collections::BTreeMap;

use tourbillon_host::Event;

use callback_order::CallbackOrder;
pub(crate) use empty_ledger::leaks;
use livelock::LastSteps;
pub use livelock::Spinning;
pub(crate) use livelock::explain as explain_livelock;
use single_transition::SingleTransition;
use tasks::Tasks;

/// The oracles over the events of one session.
#[derive(Default)]
pub(crate) struct Oracles {
    tasks: Tasks,
    single_transition: SingleTransition,
    callback_order: CallbackOrder,
    last_steps: LastSteps,
    complaint: Option<String>,
}

/// What is left of a session, by kind.
pub type Ledger = BTreeMap<String, usize>;

impl Oracles {
    /// A new run begins.
    pub fn reset(&mut self) {
        self.tasks.reset();
        self.single_transition.reset();
        self.callback_order.reset();
        self.last_steps.reset();
        self.complaint = None;
    }

    /// Looks at an event. The first complaint of a run stands.
    pub fn look(&mut self, event: &Event<'_>) {
        let complaint = priority_respected::look(event, &self.tasks)
            .or_else(|| self.single_transition.look(event))
            .or_else(|| self.callback_order.look(event));
        self.last_steps.look(event);
        self.tasks.note(event);
        if self.complaint.is_none() {
            self.complaint = complaint;
        }
    }

    /// The session was closed: what the oracles have to say of the run.
    pub fn finish(&mut self) -> Option<String> {
        let complaint = self.complaint.take();
        complaint.or_else(|| no_lost_wakeup::finish(&self.tasks))
    }

    /// The tasks that took the last steps.
    pub fn spinning(&self) -> Vec<Spinning> {
        self.last_steps.spinning(&self.tasks)
    }
}
