//! Background jobs as hosts see them: work for any thread, which runs in a session of its own over a
//! host of its own.

use crate::{Host, Observer, Policy};
use std::any::Any;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};

/// A function call that waits for somebody to run it. It is data only, so that any thread may have it.
pub trait Job: Send + Sync {
    /// Makes a session for it. Nothing of it runs before the first poll.
    fn begin(self: Arc<Self>, outside: Outside) -> Box<dyn RunningJob>;
}

/// What is around the session of a job.
pub struct Outside {
    /// Its host: nobody answers its requests for input, and what it writes is shown by whoever asked
    /// for it.
    pub host: Rc<dyn Host>,
    /// Who schedules its tasks.
    pub policy: Rc<dyn Policy>,
    /// Who watches it.
    pub observer: Option<Rc<dyn Observer>>,
}

/// A job under way. It stays on the thread where it began.
pub trait RunningJob {
    /// Runs it until it has to wait, or to its end: then its session is closed as well. Asking again
    /// after the end was given is a bug of the caller.
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<JobEnd>;

    /// What asks it to stop: its cleanup runs, and then it ends. For any thread, as often as one likes.
    fn stopper(&self) -> Box<dyn Fn() + Send + Sync>;

    /// What is left of its session, by kind; all zero after its end.
    fn ledger(&self) -> BTreeMap<Cow<'static, str>, usize>;
}

/// How a job ended: for whoever asked for it, and opaque to hosts.
#[derive(Clone)]
pub struct JobEnd(pub Arc<dyn Any + Send + Sync>);

impl fmt::Debug for JobEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JobEnd")
    }
}

impl PartialEq for JobEnd {
    fn eq(&self, other: &JobEnd) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl fmt::Debug for dyn Job {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Job")
    }
}
