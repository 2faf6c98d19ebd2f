//! A channel for one value.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use super::resource::{Awaited, Place, Resource, Site};
use super::{Closed, TryRecvError};
use crate::sim::Sim;

#[derive(Debug)]
struct State<T> {
    resource: Resource,
    value: RefCell<Option<T>>,
    has_sender: Cell<bool>,
    has_receiver: Cell<bool>,
    place: Place,
}

/// Sends the value. Made by [`Sim::oneshot`].
#[derive(Debug)]
pub struct OneshotSender<T> {
    state: Rc<State<T>>,
}

/// Waits for the value; an error when the sender was dropped. Made by [`Sim::oneshot`].
#[derive(Debug)]
#[must_use = "futures do nothing unless awaited"]
pub struct OneshotReceiver<T> {
    state: Rc<State<T>>,
    site: Site,
}

#[track_caller]
pub(super) fn oneshot<T>(sim: &Sim, name: &str) -> (OneshotSender<T>, OneshotReceiver<T>) {
    let state = Rc::new(State {
        resource: Resource::new(sim, name),
        value: RefCell::new(None),
        has_sender: Cell::new(true),
        has_receiver: Cell::new(true),
        place: Place::default(),
    });
    let sender = OneshotSender {
        state: Rc::clone(&state),
    };
    let site = Location::caller();
    (sender, OneshotReceiver { state, site })
}

impl<T> OneshotSender<T> {
    /// Sends the value; gives it back when nobody waits for it any more.
    pub fn send(self, value: T) -> Result<(), T> {
        let state = &self.state;
        state.resource.write();
        if !state.has_receiver.get() {
            return Err(value);
        }
        state.value.replace(Some(value));
        Ok(())
    }

    /// Whether the receiver was dropped.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.state.resource.read();
        !self.state.has_receiver.get()
    }
}

impl<T> Drop for OneshotSender<T> {
    fn drop(&mut self) {
        let state = &self.state;
        state.resource.write();
        state.has_sender.set(false);
        state.resource.wake(state.place.take());
    }
}

impl<T> OneshotReceiver<T> {
    /// Takes the value if it is there.
    pub fn try_recv(&mut self) -> Result<T, TryRecvError> {
        let state = &self.state;
        state.resource.write();
        match state.value.take() {
            Some(value) => Ok(value),
            None if state.has_sender.get() => Err(TryRecvError::Empty),
            None => Err(TryRecvError::Closed),
        }
    }
}

impl<T> Future for OneshotReceiver<T> {
    type Output = Result<T, Closed>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match self.try_recv() {
            Ok(value) => return Poll::Ready(Ok(value)),
            Err(TryRecvError::Closed) => return Poll::Ready(Err(Closed)),
            Err(TryRecvError::Empty) => {}
        }
        let state = &self.state;
        state.place.listen(state.resource.listener(context.waker()));
        state.resource.wait(Awaited::Value, self.site);
        Poll::Pending
    }
}

impl<T> Drop for OneshotReceiver<T> {
    fn drop(&mut self) {
        let state = &self.state;
        state.resource.write();
        state.has_receiver.set(false);
        drop(state.place.take());
        let value = state.value.take();
        drop(value);
    }
}
