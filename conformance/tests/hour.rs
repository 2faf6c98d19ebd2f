//! An hour of virtual time: the mix of everything that waits, watched minute by minute. And the beginning of
//! a soak on the native host.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::{Rc, Weak};
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll};

use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};
use tourbillon_conformance::soak::{Samples, Soak, mix};
use tourbillon_host::{
    Console, Decision, Device, FileFailure, Host, Nanoseconds, OperationId, OperationLabel,
    Outcome, Policy, ReadyTasks, Request, Response,
};
use tourbillon_session::testing::{OfflineHost, block_on, offline};
use tourbillon_session::{Session, SessionOptions};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<std::alloc::System> = &INSTRUMENTED_SYSTEM;

/// The tests of this file take turns: they count the bytes of one allocator.
static TURN: Mutex<()> = Mutex::new(());

/// Bytes that are alive in this process.
fn live_bytes() -> u64 {
    let stats = ALLOCATOR.stats();
    stats
        .bytes_allocated
        .saturating_sub(stats.bytes_deallocated) as u64
}

/// A host whose time moves only when nothing can run, and whose files take their time: it keeps nothing of
/// what was, unlike the simulator, which can tell of every choice.
struct Virtual {
    clock: Rc<OfflineHost>,
    files: RefCell<BTreeMap<String, Vec<u8>>>,
    delayed: RefCell<BTreeMap<OperationId, Request>>,
}

impl Virtual {
    fn perform(&self, request: &Request) -> Outcome {
        let mut files = self.files.borrow_mut();
        match request {
            Request::ReadFile { path } => match files.get(path) {
                Some(bytes) => Ok(Response::Bytes(bytes.clone())),
                None => Err(FileFailure::NotFound.error(request).build()),
            },
            Request::WriteFile { path, bytes } => {
                files.insert(path.clone(), bytes.clone());
                Ok(Response::Done)
            }
            Request::FileExists { path } => Ok(Response::Exists(files.contains_key(path))),
            Request::DeleteFile { path } => match files.remove(path) {
                Some(_) => Ok(Response::Done),
                None => Err(FileFailure::NotFound.error(request).build()),
            },
            other => panic!("the mix has no {}", other.name()),
        }
    }
}

impl Host for Virtual {
    fn now(&self) -> Nanoseconds {
        self.clock.now()
    }

    fn try_now(&self, request: &Request, label: &OperationLabel) -> Option<Outcome> {
        match request {
            Request::FileExists { .. } => Some(self.perform(request)),
            Request::Timer { .. } => self.clock.try_now(request, label),
            _ => None,
        }
    }

    fn submit(&self, request: Request, label: &OperationLabel) -> OperationId {
        let milliseconds = match &request {
            Request::Timer { .. } => return self.clock.submit(request, label),
            Request::ReadFile { .. } => 20,
            _ => 50,
        };
        let deadline = self.now() + Nanoseconds(milliseconds * 1_000_000);
        let id = self.clock.submit(Request::Timer { deadline }, label);
        self.delayed.borrow_mut().insert(id, request);
        id
    }

    fn poll(&self, operation: OperationId, context: &mut Context<'_>) -> Poll<Outcome> {
        let polled = self.clock.poll(operation, context);
        if polled.is_pending() {
            return polled;
        }
        let delayed = self.delayed.borrow_mut().remove(&operation);
        match delayed {
            Some(request) => Poll::Ready(self.perform(&request)),
            None => polled,
        }
    }

    fn cancel(&self, operation: OperationId) {
        self.clock.cancel(operation);
        self.delayed.borrow_mut().remove(&operation);
    }

    fn tick(&self, in_a_row: u32) {
        self.clock.tick(in_a_row);
    }

    fn console(&self) -> &dyn Console {
        self.clock.console()
    }

    fn device(&self) -> Option<Rc<dyn Device>> {
        None
    }

    fn seed(&self) -> u64 {
        0
    }
}

/// Looks once a minute, when nothing can run, at how much is alive.
struct Watching {
    inner: Rc<dyn Policy>,
    host: Rc<Virtual>,
    minute: Cell<u64>,
    /// Of the process, of the session's own count, and of pending futures.
    samples: RefCell<[Samples; 3]>,
    session: RefCell<Weak<Session>>,
}

impl Policy for Watching {
    fn next(&self, ready: ReadyTasks<'_>) -> Decision {
        let minute = self.host.now().0 / 60_000_000_000;
        if ready.is_empty()
            && minute > self.minute.replace(minute)
            && let Some(session) = self.session.borrow().upgrade()
        {
            let mut samples = self.samples.borrow_mut();
            let now = session.statistics();
            samples[0].add(live_bytes());
            samples[1].add(now.task_bytes + now.value_bytes);
            samples[2].add(now.pending);
        }
        self.inner.next(ready)
    }
}

#[test]
fn an_hour_of_virtual_time_keeps_flat_memory_and_leaves_nothing() {
    const HOUR_NANOSECONDS: u64 = 3_600_000_000_000;
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let program = mix(3_600);
    let (clock, inner) = offline();
    let host = Rc::new(Virtual {
        clock,
        files: RefCell::default(),
        delayed: RefCell::default(),
    });
    let policy = Rc::new(Watching {
        inner,
        host: host.clone(),
        minute: Cell::new(0),
        samples: RefCell::default(),
        session: RefCell::default(),
    });
    let options = SessionOptions::default();
    let session = Rc::new(Session::new(host.clone(), policy.clone(), None, options));
    *policy.session.borrow_mut() = Rc::downgrade(&session);
    let result = block_on(session.execute_program(&program));
    assert!(result.error.is_none(), "{:?}", result.error);
    assert_eq!(result.output, "mixed\n");
    let counts = result.statistics;
    drop(result);
    assert!(host.now().0 >= HOUR_NANOSECONDS, "{:?}", host.now());
    assert!(
        counts.tasks > 30_000 && counts.callbacks > 6_000,
        "{counts:?}"
    );
    assert!(counts.operations > 50_000, "{counts:?}");
    assert!(counts.peak_tasks < 100, "{counts:?}");

    let samples = policy.samples.take();
    assert!(samples[0].count() >= 59, "a sample for each minute");
    for (what, samples, slack) in [
        ("bytes of the process", &samples[0], 16 << 10),
        ("bytes that the session counts", &samples[1], 1 << 10),
        ("pending futures", &samples[2], 0),
    ] {
        assert_eq!(samples.judge(slack), Ok(()), "{what}: {samples:?}");
    }
    let closed = block_on(session.close());
    assert_eq!(closed.map(|late| late.len()).ok(), Some(0));
    let mut left = session.ledger();
    left.retain(|_, count| *count > 0);
    assert!(left.is_empty(), "{left:?}");
    assert!(host.delayed.borrow().is_empty());
}

#[test]
fn rounds_on_the_native_host_keep_flat_memory() {
    const SLACK_BYTES: u64 = 32 << 10;
    let _turn = TURN
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    let mut soak = Soak::new(2).expect("threads and a folder");
    let mut samples = Samples::default();
    for round in 0..60 {
        soak.round(round % 10 == 9).expect("the mix holds");
        samples.add(live_bytes());
    }
    assert_eq!(samples.judge(SLACK_BYTES), Ok(()), "{samples:?}");
}
