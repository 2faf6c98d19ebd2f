//! Futures that the exploration may cancel, wherever they are suspended.

use std::cell::RefCell;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use crate::sim::Shared;
use crate::strikes::{Registration, Strikes};

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
    registration: Registration,
}

impl<F: Future> Cancellable<F> {
    pub(crate) fn new(shared: &Rc<Shared>, name: &str, future: F) -> Cancellable<F> {
        Cancellable {
            future: Some(Box::pin(future)),
            registration: Registration::new(shared, name, cancels),
        }
    }
}

fn cancels(shared: &Shared) -> &RefCell<Strikes> {
    &shared.cancels
}

impl<F: Future> Future for Cancellable<F> {
    type Output = Result<F::Output, Cancelled>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        if self.registration.is_struck() {
            self.registration.withdraw();
            // Whatever the future does in its drop is part of being cancelled.
            drop(self.future.take());
            return Poll::Ready(Err(Cancelled));
        }
        let future = self.future.as_mut();
        let future = future.expect("a cancellable future was polled after its end");
        match future.as_mut().poll(context) {
            Poll::Ready(value) => {
                self.registration.withdraw();
                self.future = None;
                Poll::Ready(Ok(value))
            }
            Poll::Pending => {
                self.registration.suspend(context.waker(), || None);
                Poll::Pending
            }
        }
    }
}

impl<F> fmt::Debug for Cancellable<F> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Cancellable")
            .field("label", &self.registration.label())
            .finish_non_exhaustive()
    }
}
