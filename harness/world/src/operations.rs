//! The operations under way in one world: what each wants, how far it is, and who is to be woken.

use std::collections::VecDeque;
use std::task::Waker;

use tourbillon_gpu::RetainedBuffer;
use tourbillon_host::{OperationId, Outcome, Request};
use tourbillon_sim::Label;
use tourbillon_sim::clock::TimerId;
use tourbillon_value::RuntimeError;

/// One operation.
pub(crate) struct Entry {
    pub request: Request,
    /// The buffer of a readback, kept alive until the operation has ended.
    pub buffer: Option<RetainedBuffer>,
    pub label: Label,
    /// When it was asked for, in nanoseconds.
    pub asked_at: u64,
    /// The multiple of its latency that was drawn for it; 0 for none.
    pub delay: u32,
    /// What it ends with, when that was settled at its start.
    pub outcome: Option<Outcome>,
    /// What it ends with as well, when its deadline is the moment at which its outcome comes.
    pub or_else: Option<RuntimeError>,
    /// How many bytes a write that fails leaves in its file.
    pub partial: Option<u64>,
    /// How many deliveries it takes; all but the last only wake its task.
    pub deliveries: u32,
    pub stage: Stage,
    pub waker: Option<Waker>,
}

/// How far an operation is.
pub(crate) enum Stage {
    /// Others of its kind go first.
    Queued,
    /// It takes until its timer fires.
    Waiting(TimerId),
    /// Its time has come, but others of its kind go first.
    Ripe,
    /// It can be delivered.
    Offered,
    /// Nothing will ever come of it.
    Never,
    /// It has ended; nobody has asked for the outcome since.
    Ended(Outcome),
}

/// Operations by number, oldest first; the numbers count up and are not used again.
#[derive(Default)]
pub(crate) struct Operations {
    entries: VecDeque<Option<Entry>>,
    /// Number of the first entry.
    first: u64,
    live: usize,
    /// What can be delivered, in the order in which it came due.
    pub offered: Vec<u64>,
    /// Requests for input that have not ended, in order.
    pub inputs: VecDeque<u64>,
    /// Readbacks that have not ended, in order.
    pub readbacks: VecDeque<u64>,
}

impl Operations {
    /// Forgets everything; the next number is 0 again. Capacity stays.
    pub fn reset(&mut self) {
        self.entries.clear();
        self.first = 0;
        self.live = 0;
        self.offered.clear();
        self.inputs.clear();
        self.readbacks.clear();
    }

    /// Adds an operation.
    pub fn add(&mut self, entry: Entry) -> u64 {
        let number = self.first + self.entries.len() as u64;
        self.entries.push_back(Some(entry));
        self.live += 1;
        number
    }

    /// An operation that has not been taken or given up.
    pub fn get(&mut self, number: u64) -> Option<&mut Entry> {
        let at = number.checked_sub(self.first)?;
        self.entries.get_mut(at as usize)?.as_mut()
    }

    /// Takes an operation out, wherever it stands.
    pub fn remove(&mut self, number: u64) -> Option<Entry> {
        let at = number.checked_sub(self.first)?;
        let entry = self.entries.get_mut(at as usize)?.take()?;
        self.live -= 1;
        while matches!(self.entries.front(), Some(None)) {
            self.entries.pop_front();
            self.first += 1;
        }
        if matches!(entry.stage, Stage::Offered) {
            self.offered.retain(|other| *other != number);
        }
        match entry.request {
            Request::Input { .. } => self.inputs.retain(|other| *other != number),
            Request::Readback { .. } => self.readbacks.retain(|other| *other != number),
            Request::Timer { .. }
            | Request::ReadFile { .. }
            | Request::WriteFile { .. }
            | Request::FileExists { .. }
            | Request::DeleteFile { .. }
            | Request::Http(_)
            | Request::Job { .. } => {}
        }
        Some(entry)
    }

    /// How many operations there are.
    pub fn live(&self) -> usize {
        self.live
    }

    /// All of them, oldest first.
    pub fn iter(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().flatten()
    }
}

/// The number of an operation as the engine sees it.
pub(crate) fn id(number: u64) -> OperationId {
    OperationId(number + 1)
}

/// The other way round.
pub(crate) fn number(id: OperationId) -> u64 {
    id.0 - 1
}
