//! The table of operations: requests, their ids, and what comes of them.

use crate::{
    BufferId, Console, Device, HttpRequest, HttpResponse, Job, JobEnd, Nanoseconds, OperationLabel,
};
use std::num::NonZeroUsize;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};
use tourbillon_value::RuntimeError;

/// What a program wants from the outside.
#[derive(Clone, Debug)]
pub enum Request {
    /// To be told when a point in time has come.
    Timer {
        /// When, on the host's clock.
        deadline: Nanoseconds,
    },
    /// The bytes of a file.
    ReadFile {
        /// As the program wrote it.
        path: String,
    },
    /// To make or replace a file.
    WriteFile {
        /// As the program wrote it.
        path: String,
        /// The new content.
        bytes: Vec<u8>,
    },
    /// Whether there is such a file.
    FileExists {
        /// As the program wrote it.
        path: String,
    },
    /// To remove a file.
    DeleteFile {
        /// As the program wrote it.
        path: String,
    },
    /// A line or a key from the user.
    Input {
        /// Which of the two.
        kind: InputKind,
        /// What to show first; it goes to the input handler and not to the output.
        prompt: String,
        /// Whether the answer is shown as it is typed.
        echo: bool,
    },
    /// The numbers of a device buffer.
    Readback {
        /// The buffer; the host keeps it alive until the operation has ended.
        buffer: BufferId,
    },
    /// One exchange with a server of the web.
    Http(Box<HttpRequest>),
    /// A function call to be run beside the session, in one of its own.
    Job {
        /// What is to be run.
        job: Arc<dyn Job>,
    },
}

/// What kind of input is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InputKind {
    /// A line, without its end.
    Line,
    /// One key.
    Key,
}

impl Request {
    /// The name that labels, latencies and faults go by.
    pub fn name(&self) -> &'static str {
        match self {
            Request::Timer { .. } => "timer",
            Request::ReadFile { .. } => "read",
            Request::WriteFile { .. } => "write",
            Request::FileExists { .. } => "exists",
            Request::DeleteFile { .. } => "delete",
            Request::Input { .. } => "input",
            Request::Readback { .. } => "readback",
            Request::Http(_) => "http",
            Request::Job { .. } => "parfeval",
        }
    }
}

/// What an operation brought.
#[derive(Clone, Debug, PartialEq)]
pub enum Response {
    /// Nothing but the fact: a timer, a write, a removal.
    Done,
    /// The content of a file.
    Bytes(Vec<u8>),
    /// Whether a file exists.
    Exists(bool),
    /// A line of input.
    Line(String),
    /// A key.
    Key(String),
    /// The elements of a device buffer, column by column.
    Numbers(Vec<f64>),
    /// The answer of a server, whatever its status.
    Http(Box<HttpResponse>),
    /// How a background job ended.
    Job(JobEnd),
}

/// How an operation ended. The errors carry the identifiers of the language (`io:NotFound`, …).
pub type Outcome = Result<Response, RuntimeError>;

/// Number of an operation, never reused by its host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OperationId(pub u64);

/// The outside of a session. Every method may be called while an operation is in flight; none blocks.
pub trait Host {
    /// The time on the host's clock. It never goes back.
    fn now(&self) -> Nanoseconds;

    /// The outcome, when it can be had at once and without waiting.
    fn try_now(&self, request: &Request, label: &OperationLabel) -> Option<Outcome>;

    /// Starts an operation.
    fn submit(&self, request: Request, label: &OperationLabel) -> OperationId;

    /// The outcome of an operation that has ended, once; until then the waker of `context` is kept
    /// and called when it ends. Asking again after the outcome was given is a bug of the caller.
    fn poll(&self, operation: OperationId, context: &mut Context<'_>) -> Poll<Outcome>;

    /// Gives an operation up. Nothing of it is left afterwards; a late completion is harmless, and
    /// so is a call for one that has ended.
    fn cancel(&self, operation: OperationId);

    /// Asks a background job to stop. True when it has begun: then the operation goes on until its cleanup
    /// has run. One that has not begun, or anything else, is given up with [`Host::cancel`].
    fn stop(&self, operation: OperationId) -> bool {
        let _ = operation;
        false
    }

    /// Whether a background job has begun, or ended.
    fn has_begun(&self, operation: OperationId) -> bool {
        let _ = operation;
        true
    }

    /// How many background jobs may run at once; none where there is nobody to run any.
    fn workers(&self) -> Option<NonZeroUsize> {
        None
    }

    /// Called every so many instructions: lets what has finished outside be noticed, without
    /// waiting for anything. `in_a_row` counts the ticks since a task was last suspended.
    fn tick(&self, in_a_row: u32);

    /// Where output goes.
    fn console(&self) -> &dyn Console;

    /// The device of `gpuArray`, when there is one.
    fn device(&self) -> Option<Rc<dyn Device>>;

    /// How many buffers are alive on the device; a host that makes its device when it is asked for need
    /// not make it for this.
    fn live_buffers(&self) -> usize {
        self.device().map_or(0, |device| device.live_buffers())
    }

    /// The seed that the session's random numbers derive from.
    fn seed(&self) -> u64;
}
