//! What must hold of every run, whatever the program: one oracle in each file.

mod callback_order;
mod empty_ledger;
mod no_lost_wakeup;
mod single_transition;

use std::collections::BTreeMap;

use tourbillon_host::Event;

use callback_order::CallbackOrder;
pub(crate) use empty_ledger::leaks;
use no_lost_wakeup::NoLostWakeup;
use single_transition::SingleTransition;

/// The oracles over the events of one session.
#[derive(Default)]
pub(crate) struct Oracles {
    single_transition: SingleTransition,
    callback_order: CallbackOrder,
    no_lost_wakeup: NoLostWakeup,
    complaint: Option<String>,
}

/// What is left of a session, by kind.
pub type Ledger = BTreeMap<String, usize>;

impl Oracles {
    /// A new run begins.
    pub fn reset(&mut self) {
        self.single_transition.reset();
        self.callback_order.reset();
        self.no_lost_wakeup.reset();
        self.complaint = None;
    }

    /// Looks at an event. The first complaint of a run stands.
    pub fn look(&mut self, event: &Event<'_>) {
        let complaint = self
            .single_transition
            .look(event)
            .or_else(|| self.callback_order.look(event));
        self.no_lost_wakeup.look(event);
        if self.complaint.is_none() {
            self.complaint = complaint;
        }
    }

    /// The session was closed: what the oracles have to say of the run.
    pub fn finish(&mut self) -> Option<String> {
        self.complaint
            .take()
            .or_else(|| self.no_lost_wakeup.finish())
    }
}
