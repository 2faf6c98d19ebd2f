//! A channel of many senders and one receiver that holds a bounded number of messages.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use super::permits::{Asking, Permits};
use super::resource::{Awaited, Hold, Place, Resource, Site};
use crate::sim::Sim;

#[derive(Debug)]
struct State<T> {
    /// Room for messages.
    room: Permits,
    messages: RefCell<VecDeque<T>>,
    senders: Cell<usize>,
    receiver: Place,
}

impl<T> State<T> {
    fn resource(&self) -> &Resource {
        &self.room.resource
    }

    fn push(&self, message: T) {
        self.messages.borrow_mut().push_back(message);
        self.resource().wake(self.receiver.take());
    }
}

pub(super) fn channel<T>(sim: &Sim, name: &str, capacity: usize) -> (Sender<T>, Receiver<T>) {
    assert!(capacity > 0, "a channel has room for one message at least");
    let resource = Resource::new(sim, name);
    let state = Rc::new(State {
        room: Permits::new(resource, Awaited::Room, capacity),
        messages: RefCell::default(),
        senders: Cell::new(1),
        receiver: Place::default(),
    });
    let sender = Sender {
        state: Rc::clone(&state),
    };
    (sender, Receiver { state })
}

/// Sends messages; its clones send to the same receiver. Made by [`Sim::channel`].
#[derive(Debug)]
pub struct Sender<T> {
    state: Rc<State<T>>,
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Sender<T> {
        // How many there are matters to nobody but the last.
        self.state.senders.set(self.state.senders.get() + 1);
        Sender {
            state: Rc::clone(&self.state),
        }
    }
}

impl<T> Sender<T> {
    /// Waits for room and sends the message; an error when the receiver is gone or closed. Dropped
    /// while it waits, it sends nothing.
    #[track_caller]
    pub fn send(&self, message: T) -> Send<T> {
        Send {
            asking: self.state.room.ask(1, Location::caller()),
            message: Some(message),
            state: Rc::clone(&self.state),
        }
    }

    /// Sends the message if there is room and nobody waits for it.
    #[track_caller]
    pub fn try_send(&self, message: T) -> Result<(), TrySendError<T>> {
        match self.state.room.take(1, Location::caller()) {
            Ok(Some(hold)) => {
                self.state.resource().release(hold);
                self.state.push(message);
                Ok(())
            }
            Ok(None) => Err(TrySendError::Full(message)),
            Err(_) => Err(TrySendError::Closed(message)),
        }
    }

    /// Whether the receiver is gone or closed.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.state.room.is_closed()
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        let left = self.state.senders.get() - 1;
        self.state.senders.set(left);
        self.state.resource().write();
        if left == 0 {
            self.state.resource().wake(self.state.receiver.take());
        }
    }
}

/// Sends a message: see [`Sender::send`].
#[must_use = "futures do nothing unless awaited"]
pub struct Send<T> {
    asking: Asking,
    message: Option<T>,
    state: Rc<State<T>>,
}

impl<T> Unpin for Send<T> {}

impl<T> Future for Send<T> {
    type Output = Result<(), SendError<T>>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let Poll::Ready(given) = self.asking.poll(context) else {
            return Poll::Pending;
        };
        let message = self.message.take();
        let message = message.expect("a message was sent twice");
        let state = &self.state;
        state.resource().write();
        Poll::Ready(match given {
            Ok(hold) if state.room.is_closed() => {
                state.room.give(1, hold);
                Err(SendError(message))
            }
            Ok(hold) => {
                state.resource().release(hold);
                state.push(message);
                Ok(())
            }
            Err(_) => Err(SendError(message)),
        })
    }
}

impl<T> fmt::Debug for Send<T> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Send({:?})", self.state.resource())
    }
}

/// Receives messages in the order in which they were sent. Made by [`Sim::channel`].
#[derive(Debug)]
pub struct Receiver<T> {
    state: Rc<State<T>>,
}

impl<T> Receiver<T> {
    /// Waits for the next message; `None` once there is none left and none can come. Dropped while
    /// it waits, it takes nothing.
    #[track_caller]
    pub fn recv(&mut self) -> Recv<'_, T> {
        let site = Location::caller();
        Recv {
            receiver: self,
            site,
        }
    }

    /// The next message if there is one.
    pub fn try_recv(&mut self) -> Result<T, TryRecvError> {
        let state = &self.state;
        state.resource().write();
        let message = state.messages.borrow_mut().pop_front();
        match message {
            Some(message) => {
                state.room.give(1, Hold::NONE);
                Ok(message)
            }
            None if state.senders.get() == 0 || state.room.is_closed() => Err(TryRecvError::Closed),
            None => Err(TryRecvError::Empty),
        }
    }

    /// Lets nobody send any more; what was sent before can still be received.
    pub fn close(&mut self) {
        self.state.room.close();
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        self.state.room.close();
        drop(self.state.receiver.take());
        let messages = self.state.messages.take();
        drop(messages);
    }
}

/// Waits for a message: see [`Receiver::recv`].
#[derive(Debug)]
#[must_use = "futures do nothing unless awaited"]
pub struct Recv<'a, T> {
    receiver: &'a mut Receiver<T>,
    site: Site,
}

impl<T> Future for Recv<'_, T> {
    type Output = Option<T>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<T>> {
        match self.receiver.try_recv() {
            Ok(message) => return Poll::Ready(Some(message)),
            Err(TryRecvError::Closed) => return Poll::Ready(None),
            Err(TryRecvError::Empty) => {}
        }
        let state = &self.receiver.state;
        let resource = state.resource();
        state.receiver.listen(resource.listener(context.waker()));
        resource.wait(Awaited::Message, self.site);
        Poll::Pending
    }
}

impl<T> Drop for Recv<'_, T> {
    fn drop(&mut self) {
        let state = &self.receiver.state;
        if let Some(listener) = state.receiver.take() {
            state.resource().write();
            drop(listener);
        }
    }
}

/// The message could not be sent: here it is again.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct SendError<T>(pub T);

impl<T> fmt::Debug for SendError<T> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("SendError")
    }
}

impl<T> fmt::Display for SendError<T> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("nobody receives any more")
    }
}

impl<T> std::error::Error for SendError<T> {}

/// The message could not be sent at once: here it is again.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum TrySendError<T> {
    /// There is no room, or others wait for it.
    Full(T),
    /// Nobody receives any more.
    Closed(T),
}

impl<T> fmt::Debug for TrySendError<T> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            TrySendError::Full(_) => "Full",
            TrySendError::Closed(_) => "Closed",
        })
    }
}

impl<T> fmt::Display for TrySendError<T> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            TrySendError::Full(_) => "there is no room",
            TrySendError::Closed(_) => "nobody receives any more",
        })
    }
}

impl<T> std::error::Error for TrySendError<T> {}

/// Nothing could be received at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TryRecvError {
    /// Nothing is there yet.
    Empty,
    /// Nothing is there, and nothing can come.
    Closed,
}

impl fmt::Display for TryRecvError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            TryRecvError::Empty => "nothing is there yet",
            TryRecvError::Closed => "closed",
        })
    }
}

impl std::error::Error for TryRecvError {}
