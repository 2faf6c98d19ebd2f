//! Futures whose last handle the exploration may drop while they are under way.

use std::cell::RefCell;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use crate::sim::Shared;
use crate::strikes::{Held, Registration, Strikes};

/// A future was dropped before it had a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dropped;

impl fmt::Display for Dropped {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("the future was dropped")
    }
}

impl std::error::Error for Dropped {}

/// A future that the exploration may drop: see [`crate::Sim::droppable`].
#[must_use = "futures do nothing unless awaited"]
pub struct Droppable<F> {
    slot: Rc<Slot<F>>,
    registration: Registration,
}

/// The one handle of the future, which both its task and the exploration reach.
struct Slot<F>(RefCell<Option<Pin<Box<F>>>>);

impl<F> Held for Slot<F> {
    fn let_go(&self) {
        // Dropped with nothing borrowed, since futures may do anything in their drop.
        let future = self.0.borrow_mut().take();
        drop(future);
    }
}

impl<F: Future + 'static> Droppable<F> {
    pub(crate) fn new(shared: &Rc<Shared>, name: &str, future: F) -> Droppable<F> {
        Droppable {
            slot: Rc::new(Slot(RefCell::new(Some(Box::pin(future))))),
            registration: Registration::new(shared, name, drops),
        }
    }
}

fn drops(shared: &Shared) -> &RefCell<Strikes> {
    &shared.drops
}

impl<F: Future + 'static> Future for Droppable<F> {
    type Output = Result<F::Output, Dropped>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        if self.registration.is_struck() {
            self.registration.withdraw();
            return Poll::Ready(Err(Dropped));
        }
        let future = self.slot.0.borrow_mut().take();
        let mut future = future.expect("a droppable future was polled after its end");
        match future.as_mut().poll(context) {
            Poll::Ready(value) => {
                self.registration.withdraw();
                drop(future);
                Poll::Ready(Ok(value))
            }
            Poll::Pending => {
                *self.slot.0.borrow_mut() = Some(future);
                let slot = Rc::clone(&self.slot);
                self.registration
                    .suspend(context.waker(), || Some(slot as Rc<dyn Held>));
                Poll::Pending
            }
        }
    }
}

impl<F> fmt::Debug for Droppable<F> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Droppable")
            .field("label", &self.registration.label())
            .finish_non_exhaustive()
    }
}
