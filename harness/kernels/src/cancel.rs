//! Cancelling by an explicit canceller, for runtimes that know no cancels of their own.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

/// A future that somebody else may strike while it is suspended.
pub(crate) struct Cancellable<F> {
    // None once it has ended or was dropped.
    future: Option<Pin<Box<F>>>,
    canceller: Option<Strike>,
    target: Rc<Target>,
}

/// Starts a canceller for a target, once the target is suspended.
pub(crate) struct Strike(Box<dyn FnOnce(Rc<Target>)>);

impl Strike {
    pub(crate) fn new(start: impl FnOnce(Rc<Target>) + 'static) -> Strike {
        Strike(Box::new(start))
    }
}

/// What the canceller sees of the future.
#[derive(Default)]
pub(crate) struct Target {
    struck: Cell<bool>,
    // Who polls the future while it is suspended.
    suspended: RefCell<Option<Waker>>,
}

impl Target {
    /// Strikes the future if it is suspended: it will not be polled again. Says whether it was.
    pub(crate) fn strike(&self) -> bool {
        let Some(waker) = self.suspended.take() else {
            return false;
        };
        self.struck.set(true);
        waker.wake();
        true
    }
}

impl<F: Future> Cancellable<F> {
    pub(crate) fn new(future: F, canceller: Strike) -> Cancellable<F> {
        Cancellable {
            future: Some(Box::pin(future)),
            canceller: Some(canceller),
            target: Rc::default(),
        }
    }
}

impl<F: Future> Future for Cancellable<F> {
    type Output = Option<F::Output>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        self.target.suspended.take();
        if self.target.struck.get() {
            self.future = None;
        }
        let Some(future) = &mut self.future else {
            return Poll::Ready(None);
        };
        if let Poll::Ready(value) = future.as_mut().poll(context) {
            self.future = None;
            return Poll::Ready(Some(value));
        }
        self.target.suspended.replace(Some(context.waker().clone()));
        if let Some(Strike(start)) = self.canceller.take() {
            start(Rc::clone(&self.target));
        }
        Poll::Pending
    }
}

impl<F> Drop for Cancellable<F> {
    fn drop(&mut self) {
        // A canceller that comes too late finds nobody.
        self.target.suspended.take();
    }
}
