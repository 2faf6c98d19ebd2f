//! Correct parts whose futures may be dropped half-way: a bell, a mailbox, a turn, a race.

use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use crate::runtime::Runtime;
use crate::shared::Shared;

/// Those who wait, by ticket, the first first.
#[derive(Debug, Default)]
pub(crate) struct Waiters {
    waiting: VecDeque<(u64, Waker)>,
    tickets: u64,
}

impl Waiters {
    /// A ticket that nobody else has.
    pub(crate) fn ticket(&mut self) -> u64 {
        self.tickets += 1;
        self.tickets
    }

    /// Queues up; who stands there already keeps the place.
    pub(crate) fn enter(&mut self, ticket: u64, waker: &Waker) {
        match self.waiting.iter_mut().find(|one| one.0 == ticket) {
            Some(place) => place.1.clone_from(waker),
            None => self.waiting.push_back((ticket, waker.clone())),
        }
    }

    /// Leaves the queue; false for who was not in it.
    pub(crate) fn leave(&mut self, ticket: u64) -> bool {
        let before = self.waiting.len();
        self.waiting.retain(|one| one.0 != ticket);
        self.waiting.len() < before
    }

    /// Takes the first out of the queue.
    pub(crate) fn next(&mut self) -> Option<(u64, Waker)> {
        self.waiting.pop_front()
    }

    /// Takes all out of the queue.
    pub(crate) fn all(&mut self) -> Vec<Waker> {
        self.waiting.drain(..).map(|one| one.1).collect()
    }
}

/// Tells those who wait, one at a time, to look again. A ring that nobody waits for is not kept: who
/// comes looks first.
#[derive(Clone, Debug)]
pub(crate) struct Bell<R: Runtime> {
    waiters: Shared<R, Waiters>,
}

impl<R: Runtime> Bell<R> {
    pub(crate) fn new(runtime: &R, name: &str) -> Bell<R> {
        Bell {
            waiters: Shared::new(runtime, name, Waiters::default()),
        }
    }

    /// Tells the first.
    pub(crate) fn ring(&self) {
        let next = self.waiters.update(Waiters::next);
        if let Some((_, waker)) = next {
            waker.wake();
        }
    }

    /// Looks until something is found. Dropped when the bell has just rung for it, it lets the bell
    /// ring for the next.
    pub(crate) async fn wait_until<T>(&self, mut look: impl FnMut() -> Option<T>) -> T {
        let mut place = Place {
            bell: self,
            ticket: None,
        };
        poll_fn(|context| match look() {
            Some(found) => {
                place.leave();
                Poll::Ready(found)
            }
            None => {
                place.enter(context.waker());
                Poll::Pending
            }
        })
        .await
    }
}

/// Where somebody waits for a bell.
struct Place<'a, R: Runtime> {
    bell: &'a Bell<R>,
    ticket: Option<u64>,
}

impl<R: Runtime> Place<'_, R> {
    fn enter(&mut self, waker: &Waker) {
        self.bell.waiters.update(|waiters| {
            let ticket = *self.ticket.get_or_insert_with(|| waiters.ticket());
            waiters.enter(ticket, waker);
        });
    }

    /// Whether it waits no more because the bell rang.
    fn leave(&mut self) -> bool {
        let waiters = &self.bell.waiters;
        self.ticket
            .take()
            .is_some_and(|ticket| !waiters.update(|waiters| waiters.leave(ticket)))
    }
}

impl<R: Runtime> Drop for Place<'_, R> {
    fn drop(&mut self) {
        if self.leave() {
            self.bell.ring();
        }
    }
}

/// A channel without an end: whoever takes waits until something is there. Nothing is lost when a
/// taker is dropped.
#[derive(Clone, Debug)]
pub(crate) struct Mailbox<R: Runtime, T> {
    items: Shared<R, VecDeque<T>>,
    bell: Bell<R>,
}

impl<R: Runtime, T> Mailbox<R, T> {
    pub(crate) fn new(runtime: &R, name: &str) -> Mailbox<R, T> {
        Mailbox {
            items: Shared::new(runtime, name, VecDeque::new()),
            bell: Bell::new(runtime, name),
        }
    }

    pub(crate) fn put(&self, item: T) {
        self.items.update(|items| items.push_back(item));
        self.bell.ring();
    }

    pub(crate) async fn take(&self) -> T {
        let look = || self.items.update(VecDeque::pop_front);
        self.bell.wait_until(look).await
    }
}

/// One thing that goes from hand to hand: whoever is done with it passes it to the first who waits.
#[derive(Clone, Debug)]
pub(crate) struct Turn<R: Runtime> {
    state: Shared<R, TurnState>,
}

#[derive(Debug, Default)]
struct TurnState {
    holder: Option<u64>,
    waiters: Waiters,
}

impl<R: Runtime> Turn<R> {
    pub(crate) fn new(runtime: &R, name: &str) -> Turn<R> {
        Turn {
            state: Shared::new(runtime, name, TurnState::default()),
        }
    }

    /// A ticket to wait with.
    pub(crate) fn ticket(&self) -> u64 {
        self.state.update(|state| state.waiters.ticket())
    }

    /// Whether it is this ticket's turn; queues up if not.
    pub(crate) fn poll(&self, ticket: u64, context: &Context<'_>) -> Poll<()> {
        self.state.update(|state| {
            if *state.holder.get_or_insert(ticket) == ticket {
                return Poll::Ready(());
            }
            state.waiters.enter(ticket, context.waker());
            Poll::Pending
        })
    }

    /// Leaves the queue; false for who was not in it.
    pub(crate) fn leave(&self, ticket: u64) -> bool {
        self.state.update(|state| state.waiters.leave(ticket))
    }

    /// Passes the turn on, if it is this ticket's.
    pub(crate) fn pass(&self, ticket: u64) {
        let next = self.state.update(|state| {
            if state.holder != Some(ticket) {
                return None;
            }
            let next = state.waiters.next();
            state.holder = next.as_ref().map(|one| one.0);
            next
        });
        if let Some((_, waker)) = next {
            waker.wake();
        }
    }

    /// Waits for the turn and holds it until what comes out is dropped.
    pub(crate) async fn take(&self) -> Held<R> {
        let held = Held {
            turn: self.clone(),
            ticket: self.ticket(),
        };
        poll_fn(|context| held.turn.poll(held.ticket, context)).await;
        held
    }
}

/// A place in the queue for a turn, and then the turn.
#[derive(Debug)]
pub(crate) struct Held<R: Runtime> {
    turn: Turn<R>,
    ticket: u64,
}

impl<R: Runtime> Drop for Held<R> {
    fn drop(&mut self) {
        self.turn.leave(self.ticket);
        self.turn.pass(self.ticket);
    }
}

/// Which of two came first.
pub(crate) enum Winner<A, B> {
    First(A),
    Second(B),
}

/// Waits for the first of two to come; the other is dropped where it is. The first is polled first.
pub(crate) async fn race<A, B>(
    first: impl Future<Output = A>,
    second: impl Future<Output = B>,
) -> Winner<A, B> {
    let (mut first, mut second) = (pin!(first), pin!(second));
    poll_fn(|context| {
        if let Poll::Ready(value) = first.as_mut().poll(context) {
            return Poll::Ready(Winner::First(value));
        }
        second.as_mut().poll(context).map(Winner::Second)
    })
    .await
}
