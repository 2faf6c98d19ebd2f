//! Futures that the exploration may cancel, wherever they are suspended.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use crate::choice::{Action, Candidate};
use crate::footprint::Access;
use crate::label::Label;
use crate::listener::Listener;
use crate::sim::Shared;

/// All futures that can be cancelled now: they are suspended, and not cancelled yet.
#[derive(Debug, Default)]
pub(crate) struct Cancels {
    // In the order in which they were suspended first; labels and keys of the same futures.
    candidates: Vec<Candidate>,
    keys: Vec<u64>,
    listeners: Vec<Listener>,
    struck: Vec<u64>,
    next_key: u64,
}

impl Cancels {
    pub(crate) fn is_empty(&self) -> bool {
        self.candidates.is_empty()
    }

    pub(crate) fn candidates(&self) -> &[Candidate] {
        &self.candidates
    }

    fn add(&mut self, label: Label, listener: Listener) -> u64 {
        let key = self.next_key;
        self.next_key += 1;
        let action = Action::Cancel;
        self.candidates.push(Candidate { label, action });
        self.keys.push(key);
        self.listeners.push(listener);
        key
    }

    /// Cancels the future at `index` of the candidates. Returns whom to wake.
    pub(crate) fn strike(&mut self, index: usize) -> Option<Listener> {
        self.candidates.remove(index);
        self.struck.push(self.keys.remove(index));
        Some(self.listeners.remove(index))
    }

    /// Whether the future was cancelled.
    fn is_struck(&self, key: u64) -> bool {
        self.struck.contains(&key)
    }

    /// Stores who is to be woken; returns who was stored before, to be dropped outside.
    #[must_use]
    fn listen(&mut self, key: u64, shared: &Shared, waker: &Waker) -> Option<Listener> {
        let index = self.keys.iter().position(|known| *known == key)?;
        let stored = &mut self.listeners[index];
        let is_new = !stored.will_wake(waker);
        is_new.then(|| std::mem::replace(stored, Listener::new(shared, waker)))
    }

    #[must_use]
    fn remove(&mut self, key: u64) -> Option<Listener> {
        self.struck.retain(|struck| *struck != key);
        let index = self.keys.iter().position(|known| *known == key)?;
        self.candidates.remove(index);
        self.keys.remove(index);
        Some(self.listeners.remove(index))
    }

    /// Forgets everything but the count, which keeps keys of earlier runs from meaning anything.
    #[must_use]
    pub(crate) fn reset(&mut self) -> Vec<Listener> {
        self.candidates.clear();
        self.keys.clear();
        self.struck.clear();
        std::mem::take(&mut self.listeners)
    }
}

/// A future was cancelled before it had a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cancelled;

impl fmt::Display for Cancelled {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("the future was cancelled")
    }
}

impl std::error::Error for Cancelled {}

/// A future that the exploration may cancel: see [`crate::Sim::cancellable`].
#[must_use = "futures do nothing unless awaited"]
pub struct Cancellable<F> {
    // Boxed so that it can be dropped in place of its next poll.
    future: Option<Pin<Box<F>>>,
    shared: Rc<Shared>,
    label: Label,
    key: Option<u64>,
}

impl<F: Future> Cancellable<F> {
    pub(crate) fn new(shared: Rc<Shared>, name: &str, future: F) -> Cancellable<F> {
        let label = shared.next_label(name);
        Cancellable {
            future: Some(Box::pin(future)),
            shared,
            label,
            key: None,
        }
    }
}

impl<F> Cancellable<F> {
    fn withdraw(&mut self) {
        if let Some(key) = self.key.take() {
            let waker = self.shared.cancels.borrow_mut().remove(key);
            drop(waker);
            let mut run = self.shared.run.borrow_mut();
            run.access(self.label.into(), Access::Write);
        }
    }
}

impl<F: Future> Future for Cancellable<F> {
    type Output = Result<F::Output, Cancelled>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        if let Some(key) = self.key {
            let (label, is_struck) = {
                let cancels = self.shared.cancels.borrow();
                (self.label, cancels.is_struck(key))
            };
            // Whether a cancel has struck decides what this step does.
            let run = &self.shared.run;
            run.borrow_mut().access(label.into(), Access::Read);
            if is_struck {
                self.withdraw();
                // Whatever the future does in its drop is part of being cancelled.
                drop(self.future.take());
                return Poll::Ready(Err(Cancelled));
            }
        }
        let future = self.future.as_mut();
        let future = future.expect("a cancellable future was polled after its end");
        match future.as_mut().poll(context) {
            Poll::Ready(value) => {
                self.withdraw();
                self.future = None;
                Poll::Ready(Ok(value))
            }
            Poll::Pending => {
                let mut cancels = self.shared.cancels.borrow_mut();
                match self.key {
                    Some(key) => {
                        let before = cancels.listen(key, &self.shared, context.waker());
                        drop(cancels);
                        drop(before);
                    }
                    None => {
                        let key =
                            cancels.add(self.label, Listener::new(&self.shared, context.waker()));
                        drop(cancels);
                        let run = &self.shared.run;
                        run.borrow_mut().access(self.label.into(), Access::Wake);
                        self.key = Some(key);
                    }
                }
                Poll::Pending
            }
        }
    }
}

impl<F> Drop for Cancellable<F> {
    fn drop(&mut self) {
        self.withdraw();
    }
}

impl<F> fmt::Debug for Cancellable<F> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Cancellable")
            .field("label", &self.label)
            .finish_non_exhaustive()
    }
}
