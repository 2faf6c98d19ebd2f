//! The real clock and the timers on it: in the order of their deadlines, never early.

use crate::lock::lock;
use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};
use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio::task::AbortHandle;
use tokio::time::timeout;
use tourbillon_host::{Nanoseconds, OperationId};

/// The timers of a host.
pub(crate) struct Timers {
    shared: Arc<Shared>,
    driver: AbortHandle,
}

struct Shared {
    began: Instant,
    /// How many seconds of this clock pass in one second.
    factor: u64,
    /// Those that have not fired. Ids grow, so equal deadlines stand in the order of creation.
    waiting: Mutex<Waiting>,
    /// The earliest deadline among them, or the end of time: told under the lock, read without it.
    earliest: AtomicU64,
    changed: Notify,
}

type Waiting = BTreeMap<(Nanoseconds, OperationId), Option<Waker>>;

impl Timers {
    /// Starts the clock at zero; it goes so many times as fast as the real one.
    #[allow(clippy::disallowed_methods, reason = "this is where time comes from")]
    pub(crate) fn start(runtime: &Handle, factor: NonZeroU32) -> Timers {
        let shared = Arc::new(Shared {
            began: Instant::now(),
            factor: u64::from(factor.get()),
            waiting: Mutex::default(),
            earliest: AtomicU64::new(u64::MAX),
            changed: Notify::new(),
        });
        let driver = runtime.spawn(drive(Arc::clone(&shared))).abort_handle();
        Timers { shared, driver }
    }

    /// The time since the start.
    pub(crate) fn now(&self) -> Nanoseconds {
        self.shared.now()
    }

    /// A moment as the runtime has it; `None` for the end of time, and what is as far away.
    pub(crate) fn instant(&self, deadline: Nanoseconds) -> Option<tokio::time::Instant> {
        const FAR_AWAY_SECONDS: f64 = 1e9;
        if deadline.as_seconds() > FAR_AWAY_SECONDS {
            return None;
        }
        let real = deadline.0.div_ceil(self.shared.factor);
        let moment = self.shared.began + Duration::from_nanos(real);
        Some(moment.into())
    }

    /// Sets a timer.
    pub(crate) fn add(&self, deadline: Nanoseconds, id: OperationId) {
        let mut waiting = lock(&self.shared.waiting);
        waiting.insert((deadline, id), None);
        self.shared.tell_earliest(&waiting);
        let is_first = waiting
            .first_key_value()
            .is_some_and(|(key, _)| *key == (deadline, id));
        drop(waiting);
        if is_first {
            self.shared.changed.notify_one();
        }
    }

    /// Whether a timer has fired; until then the waker is kept.
    pub(crate) fn poll(
        &self,
        deadline: Nanoseconds,
        id: OperationId,
        context: &mut Context<'_>,
    ) -> Poll<()> {
        self.fire_due();
        match lock(&self.shared.waiting).get_mut(&(deadline, id)) {
            Some(Some(waker)) => waker.clone_from(context.waker()),
            Some(empty) => *empty = Some(context.waker().clone()),
            None => return Poll::Ready(()),
        }
        Poll::Pending
    }

    /// Forgets a timer.
    pub(crate) fn remove(&self, deadline: Nanoseconds, id: OperationId) {
        let mut waiting = lock(&self.shared.waiting);
        let removed = waiting.remove(&(deadline, id));
        self.shared.tell_earliest(&waiting);
        drop(waiting);
        drop(removed);
    }

    /// Fires what is due, without waiting for the driver's turn. Without timers it looks at no clock.
    pub(crate) fn fire_due(&self) {
        let earliest = self.shared.earliest.load(Ordering::Acquire);
        if earliest != u64::MAX && earliest <= self.shared.now().0 {
            self.shared.fire_due();
        }
    }
}

impl Drop for Timers {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

impl Shared {
    fn now(&self) -> Nanoseconds {
        // 584 years after the start the clock stands still.
        let elapsed = u64::try_from(self.began.elapsed().as_nanos()).unwrap_or(u64::MAX);
        Nanoseconds(elapsed.saturating_mul(self.factor))
    }

    fn tell_earliest(&self, waiting: &Waiting) {
        let first = waiting.first_key_value();
        let deadline = first.map_or(u64::MAX, |((deadline, _), _)| deadline.0);
        self.earliest.store(deadline, Ordering::Release);
    }

    /// Fires what is due, and tells how long the next one has to wait.
    fn fire_due(&self) -> Option<Duration> {
        let mut waiting = lock(&self.waiting);
        let wait = self.fire_first(&mut waiting);
        self.tell_earliest(&waiting);
        wait
    }

    fn fire_first(&self, waiting: &mut Waiting) -> Option<Duration> {
        loop {
            let first = waiting.first_entry()?;
            // Looked at again for every timer, and under the lock: of two threads that fire, one is
            // first altogether, so that tasks become ready in the order of the deadlines. Wakers
            // only put their task into a queue; they do not come back here.
            let now = self.now();
            let deadline = first.key().0;
            if deadline > now {
                let wait = (deadline.0 - now.0).div_ceil(self.factor);
                return Some(Duration::from_nanos(wait));
            }
            if let Some(waker) = first.remove() {
                waker.wake();
            }
        }
    }
}

/// Fires timers while the session's thread is busy or waits.
async fn drive(shared: Arc<Shared>) {
    const LONGEST_WAIT: Duration = Duration::from_secs(24 * 60 * 60);
    loop {
        let wait = shared.fire_due().unwrap_or(LONGEST_WAIT);
        // Either the time has come, or an earlier timer was set: look again.
        let _either = timeout(wait.min(LONGEST_WAIT), shared.changed.notified()).await;
    }
}
