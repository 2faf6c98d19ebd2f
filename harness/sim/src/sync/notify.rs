//! Waking one task, or all that wait.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use super::resource::{Awaited, Hold, Place, Resource, Site};
use crate::footprint::Object;
use crate::label::Label;
use crate::sim::Sim;

/// Wakes one task, or all that wait; its clones are the same object. Made by [`Sim::notify`].
///
/// [`Notify::notify_one`] is remembered, once, when nobody waits; [`Notify::notify_waiters`] is not.
#[derive(Clone, Debug)]
pub struct Notify {
    resource: Resource,
    state: Rc<State>,
}

#[derive(Debug, Default)]
struct State {
    is_remembered: Cell<bool>,
    /// How often all were woken.
    rounds: Cell<u64>,
    queue: RefCell<VecDeque<Rc<Waiting>>>,
}

#[derive(Debug)]
struct Waiting {
    place: Place,
    answer: Cell<Option<Answer>>,
    task: Label,
    site: Site,
}

/// Which call woke a future: what was for one is passed on when nobody took it.
#[derive(Clone, Copy, Debug)]
enum Answer {
    One(Hold),
    All,
}

const PLACE: u64 = 2;

impl Notify {
    pub(super) fn new(sim: &Sim, name: &str) -> Notify {
        Notify {
            resource: Resource::new(sim, name),
            state: Rc::default(),
        }
    }

    /// Lets one future go on: the first that waits, or else the next to wait.
    pub fn notify_one(&self) {
        self.resource.write();
        let first = self.state.queue.borrow_mut().pop_front();
        match first {
            None => self.state.is_remembered.set(true),
            Some(waiting) => {
                let hold = self.resource.hold(waiting.task, waiting.site, false);
                self.answer(&waiting, Answer::One(hold));
            }
        }
    }

    /// Lets all futures go on that were made before, by [`Notify::notified`], and no others.
    pub fn notify_waiters(&self) {
        self.resource.write();
        self.resource.signal();
        self.state.rounds.set(self.state.rounds.get() + 1);
        let queue = self.state.queue.take();
        for waiting in queue {
            self.answer(&waiting, Answer::All);
        }
    }

    /// Waits to be notified. Counts for [`Notify::notify_waiters`] from now on, and for
    /// [`Notify::notify_one`] from the first poll on.
    #[track_caller]
    pub fn notified(&self) -> Notified {
        self.resource.read();
        Notified {
            notify: self.clone(),
            rounds: self.state.rounds.get(),
            step: Step::Fresh,
            site: Location::caller(),
        }
    }

    fn answer(&self, waiting: &Waiting, answer: Answer) {
        self.resource.write_part(self.place(waiting));
        waiting.answer.set(Some(answer));
        self.resource.wake(waiting.place.take());
    }

    fn place(&self, waiting: &Waiting) -> Object {
        self.resource.part(PLACE, waiting.task.0)
    }
}

/// Waits to be notified: see [`Notify::notified`].
#[derive(Debug)]
#[must_use = "futures do nothing unless awaited"]
pub struct Notified {
    notify: Notify,
    rounds: u64,
    step: Step,
    site: Site,
}

#[derive(Debug)]
enum Step {
    Fresh,
    Waiting(Rc<Waiting>),
    Done,
}

impl Future for Notified {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        let Notify { resource, state } = &this.notify;
        let waiting = match &this.step {
            Step::Done => return Poll::Ready(()),
            Step::Waiting(waiting) => {
                resource.read_part(this.notify.place(waiting));
                if let Some(answer) = waiting.answer.get() {
                    if let Answer::One(hold) = answer {
                        resource.claim(hold);
                        resource.release(hold);
                    }
                    this.step = Step::Done;
                    return Poll::Ready(());
                }
                Rc::clone(waiting)
            }
            Step::Fresh => {
                resource.write();
                if this.rounds != state.rounds.get() || state.is_remembered.replace(false) {
                    this.step = Step::Done;
                    return Poll::Ready(());
                }
                let waiting = Rc::new(Waiting {
                    place: Place::default(),
                    answer: Cell::new(None),
                    task: resource.task(),
                    site: this.site,
                });
                state.queue.borrow_mut().push_back(Rc::clone(&waiting));
                this.step = Step::Waiting(Rc::clone(&waiting));
                waiting
            }
        };
        waiting.place.listen(resource.listener(context.waker()));
        resource.wait(Awaited::Notification, this.site);
        Poll::Pending
    }
}

impl Drop for Notified {
    fn drop(&mut self) {
        let Step::Waiting(waiting) = std::mem::replace(&mut self.step, Step::Done) else {
            return;
        };
        let Notify { resource, state } = &self.notify;
        match waiting.answer.get() {
            Some(Answer::All) => {}
            Some(Answer::One(hold)) => {
                resource.release(hold);
                self.notify.notify_one();
            }
            None => {
                resource.write();
                let is_other = |other: &Rc<Waiting>| !Rc::ptr_eq(other, &waiting);
                state.queue.borrow_mut().retain(is_other);
                drop(waiting.place.take());
            }
        }
    }
}
