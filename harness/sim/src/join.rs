//! Waiting for tasks: join handles, and waiting for several at once.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use crate::footprint::{Access, Object};
use crate::label::{Label, mix};
use crate::listener::Listener;
use crate::sim::{Shared, Site, WaitOn};

/// The result of a task, once there is one, and who waits for it.
pub(crate) struct Join<T> {
    label: Cell<Label>,
    value: Cell<Option<T>>,
    finished: Cell<bool>,
    // Whether anybody has asked whether it has ended.
    is_asked: Cell<bool>,
    waiter: RefCell<Waiter>,
}

#[derive(Debug)]
enum Waiter {
    Nobody,
    Task(Listener),
    Latch(Rc<Latch>),
}

/// Opens when as many tasks have ended as it was set to.
#[derive(Debug)]
struct Latch {
    object: Object,
    class: u8,
    left: Cell<usize>,
    waiting: RefCell<Option<Listener>>,
}

impl<T> Join<T> {
    pub(crate) fn new(label: Label) -> Join<T> {
        Join {
            label: Cell::new(label),
            value: Cell::new(None),
            finished: Cell::new(false),
            is_asked: Cell::new(false),
            waiter: RefCell::new(Waiter::Nobody),
        }
    }

    /// As new, for another task. Nobody may have a handle on it any more.
    pub(crate) fn renew(&self, label: Label) {
        self.label.set(label);
        self.finished.set(false);
        self.is_asked.set(false);
    }

    /// The task's end as an object: not the task itself, whose every step is of no interest to who
    /// waits for its end.
    fn object(&self) -> Object {
        Object(mix(self.label.get().0 ^ 0x6a6f_696e))
    }

    fn access(&self, shared: &Shared, access: Access) {
        shared.run.borrow_mut().access(self.object(), access);
    }

    /// The task, which holds this once, has ended with a value.
    #[inline]
    pub(crate) fn finish(self: &Rc<Self>, value: T, shared: &Shared) {
        self.finished.set(true);
        if Rc::strong_count(self) == 1 && !self.is_asked.get() {
            // Nobody has asked, and nobody can: no order of this and something else matters.
            return;
        }
        self.tell(value, shared);
    }

    fn tell(self: &Rc<Self>, value: T, shared: &Shared) {
        if Rc::strong_count(self) > 1 {
            self.value.set(Some(value));
        }
        self.access(shared, Access::Arrive);
        // The waker is called with nothing borrowed: it may be foreign.
        match self.waiter.replace(Waiter::Nobody) {
            Waiter::Nobody => {}
            Waiter::Task(listener) => listener.wake(shared),
            Waiter::Latch(latch) => {
                let mut run = shared.run.borrow_mut();
                // Where tasks can be polled for nothing, the last to arrive ends that for the one that
                // waits: then it matters who it is.
                // So it does where the waiting future is woken on its own.
                let is_own = |listener: &Listener| listener.own_task().is_some();
                let is_plain = latch.waiting.borrow().as_ref().is_none_or(is_own);
                let access = match run.injections().spurious_polls {
                    0 if is_plain => Access::Gather,
                    _ => Access::Write,
                };
                run.access(latch.object, access);
                // Each of them may be the last and make the waiting task ready.
                run.access_class(latch.class);
                drop(run);
                latch.left.set(latch.left.get() - 1);
                if latch.left.get() == 0
                    && let Some(waiting) = latch.waiting.take()
                {
                    if let Some(task) = waiting.own_task() {
                        shared.note_woken_by_join(task);
                    }
                    waiting.wake(shared);
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
        let is_finished = self.join.finished.get();
        self.join.is_asked.set(true);
        let access = if is_finished {
            Access::Pass
        } else {
            Access::Read
        };
        self.join.access(&self.shared, access);
        is_finished
    }
}

impl<T> Drop for JoinHandle<T> {
    fn drop(&mut self) {
        if self.join.finished.get() {
            // The task keeps the place for the next one, and not what nobody took from it.
            drop(self.join.value.take());
        }
    }
}

impl<T> fmt::Debug for JoinHandle<T> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("JoinHandle")
            .field("label", &self.join.label.get())
            .finish_non_exhaustive()
    }
}

impl<T> Future for JoinHandle<T> {
    type Output = T;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        let is_finished = self.is_finished();
        if let Some(value) = self.join.value.take() {
            return Poll::Ready(value);
        }
        assert!(
            !is_finished,
            "a join handle was awaited after it gave its value"
        );
        self.shared
            .note_wait(WaitOn::Task(self.join.label.get()), None);
        let waiter = Waiter::Task(Listener::new(&self.shared, context.waker()));
        let before = self.join.waiter.replace(waiter);
        drop(before);
        Poll::Pending
    }
}

/// Waits until all these tasks have ended and gets their values in the order of the handles.
///
/// The waiting task is woken once, by the last of them, so that joining adds no choices that are
/// not the program's.
#[track_caller]
pub fn join_all<T>(
    handles: impl IntoIterator<Item = JoinHandle<T>>,
) -> impl Future<Output = Vec<T>> {
    join_all_at(handles.into_iter().collect(), Location::caller())
}

async fn join_all_at<T>(handles: Vec<JoinHandle<T>>, site: Site) -> Vec<T> {
    // Which of them have ended already makes no difference, only whether all have: no access yet.
    let open = |handle: &&JoinHandle<T>| !handle.join.finished.get();
    let left = handles.iter().filter(open).count();
    let labels = handles.iter().map(|handle| handle.join.label.get().0);
    let object = Object(labels.fold(0x6c61_7463, |hash, label| mix(hash ^ label)));
    let latch = Rc::new(Latch {
        object,
        class: handles
            .first()
            .map_or(0, |handle| handle.shared.current_class.get()),
        left: Cell::new(left),
        waiting: RefCell::new(None),
    });
    for handle in handles.iter().filter(open) {
        handle.join.waiter.replace(Waiter::Latch(Rc::clone(&latch)));
    }
    AllFinished {
        handles: &handles,
        latch: &latch,
        site,
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
    site: Site,
}

impl<T> Future for AllFinished<'_, T> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        // Looks at all, also beyond the first that has not ended: a poll that comes for another
        // reason than the latch can no longer come once all have, whoever is the last.
        let mut waited = None;
        for handle in self.handles {
            if !handle.is_finished() {
                waited.get_or_insert(handle);
            }
        }
        let Some(waited) = waited else {
            return Poll::Ready(());
        };
        let shared = &waited.shared;
        shared.note_wait(WaitOn::Task(waited.join.label.get()), Some(self.site));
        let waiting = Listener::new(shared, context.waker());
        let before = self.latch.waiting.replace(Some(waiting));
        drop(before);
        Poll::Pending
    }
}
