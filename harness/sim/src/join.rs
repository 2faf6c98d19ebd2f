//! Waiting for tasks: join handles, and waiting for several at once.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use crate::label::Label;
use crate::sim::{Shared, WaitOn};

/// The result of a task, once there is one, and who waits for it.
pub(crate) struct Join<T> {
    label: Label,
    value: Cell<Option<T>>,
    finished: Cell<bool>,
    waiter: RefCell<Waiter>,
}

#[derive(Debug)]
enum Waiter {
    Nobody,
    Task(Waker),
    Latch(Rc<Latch>),
}

/// Opens when as many tasks have ended as it was set to.
#[derive(Debug)]
struct Latch {
    left: Cell<usize>,
    waker: RefCell<Option<Waker>>,
}

impl<T> Join<T> {
    pub(crate) fn new(label: Label) -> Join<T> {
        Join {
            label,
            value: Cell::new(None),
            finished: Cell::new(false),
            waiter: RefCell::new(Waiter::Nobody),
        }
    }

    pub(crate) fn finish(&self, value: T) {
        self.value.set(Some(value));
        self.finished.set(true);
        // The waker is called with nothing borrowed: it may be foreign.
        match self.waiter.replace(Waiter::Nobody) {
            Waiter::Nobody => {}
            Waiter::Task(waker) => waker.wake(),
            Waiter::Latch(latch) => {
                latch.left.set(latch.left.get() - 1);
                if latch.left.get() == 0
                    && let Some(waker) = latch.waker.take()
                {
                    waker.wake();
                }
            }
        }
    }
}

/// Waits for a task and gets its value. Dropping it lets the task run on.
pub struct JoinHandle<T> {
    join: Rc<Join<T>>,
    shared: Rc<Shared>,
}

impl<T> JoinHandle<T> {
    pub(crate) fn new(join: Rc<Join<T>>, shared: Rc<Shared>) -> JoinHandle<T> {
        JoinHandle { join, shared }
    }

    /// Whether the task has ended.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.join.finished.get()
    }
}

impl<T> fmt::Debug for JoinHandle<T> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("JoinHandle")
            .field("label", &self.join.label)
            .finish_non_exhaustive()
    }
}

impl<T> Future for JoinHandle<T> {
    type Output = T;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        if let Some(value) = self.join.value.take() {
            return Poll::Ready(value);
        }
        assert!(
            !self.is_finished(),
            "a join handle was awaited after it gave its value"
        );
        self.shared.note_wait(WaitOn::Task(self.join.label));
        self.join
            .waiter
            .replace(Waiter::Task(context.waker().clone()));
        Poll::Pending
    }
}

/// Waits until all these tasks have ended and gets their values in the order of the handles.
///
/// The waiting task is woken once, by the last of them, so that joining adds no choices that are
/// not the program's.
pub async fn join_all<T>(handles: impl IntoIterator<Item = JoinHandle<T>>) -> Vec<T> {
    let handles: Vec<JoinHandle<T>> = handles.into_iter().collect();
    let left = handles
        .iter()
        .filter(|handle| !handle.is_finished())
        .count();
    let latch = Rc::new(Latch {
        left: Cell::new(left),
        waker: RefCell::new(None),
    });
    for handle in handles.iter().filter(|handle| !handle.is_finished()) {
        handle.join.waiter.replace(Waiter::Latch(Rc::clone(&latch)));
    }
    AllFinished {
        handles: &handles,
        latch: &latch,
    }
    .await;
    let values = handles
        .into_iter()
        .filter_map(|handle| handle.join.value.take());
    values.collect()
}

struct AllFinished<'a, T> {
    handles: &'a [JoinHandle<T>],
    latch: &'a Latch,
}

impl<T> Future for AllFinished<'_, T> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let Some(waited) = self.handles.iter().find(|handle| !handle.is_finished()) else {
            return Poll::Ready(());
        };
        waited.shared.note_wait(WaitOn::Task(waited.join.label));
        self.latch.waker.replace(Some(context.waker().clone()));
        Poll::Pending
    }
}
