//! Permits and the queue of those who wait for them: what locks, semaphores and channels are made of.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use std::task::{Context, Poll};

use super::Closed;
use super::resource::{Awaited, Hold, Listener, Place, Resource, Site};
use crate::footprint::Object;
use crate::label::Label;

/// Permits that are given in the order of asking, to each as soon as there are enough.
#[derive(Clone, Debug)]
pub(crate) struct Permits {
    pub(crate) resource: Resource,
    awaited: Awaited,
    state: Rc<State>,
}

#[derive(Debug)]
struct State {
    free: Cell<usize>,
    is_closed: Cell<bool>,
    queue: RefCell<VecDeque<Rc<Waiting>>>,
}

/// A future in the queue.
#[derive(Debug)]
struct Waiting {
    count: usize,
    place: Place,
    answer: Cell<Option<Result<Hold, Closed>>>,
    task: Label,
    site: Site,
}

/// What a future that asks for permits keeps.
#[derive(Debug)]
pub(crate) struct Asking {
    permits: Permits,
    count: usize,
    site: Site,
    waiting: Option<Rc<Waiting>>,
}

const PLACE: u64 = 1;

impl Permits {
    pub(crate) fn new(resource: Resource, awaited: Awaited, free: usize) -> Permits {
        Permits {
            resource,
            awaited,
            state: Rc::new(State {
                free: Cell::new(free),
                is_closed: Cell::new(false),
                queue: RefCell::default(),
            }),
        }
    }

    pub(crate) fn free(&self) -> usize {
        self.resource.read();
        self.state.free.get()
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.resource.read();
        self.state.is_closed.get()
    }

    pub(crate) fn ask(&self, count: usize, site: Site) -> Asking {
        Asking {
            permits: self.clone(),
            count,
            site,
            waiting: None,
        }
    }

    /// Takes permits if that needs no waiting; `Ok(None)` if it does.
    pub(crate) fn take(&self, count: usize, site: Site) -> Result<Option<Hold>, Closed> {
        self.resource.write();
        let state = &self.state;
        if state.is_closed.get() {
            return Err(Closed);
        }
        let free = state.free.get();
        if count > free || !state.queue.borrow().is_empty() {
            return Ok(None);
        }
        state.free.set(free - count);
        let task = self.resource.task();
        Ok(Some(self.resource.hold(task, site, true)))
    }

    /// Gives permits back, to those in the queue first.
    pub(crate) fn give(&self, count: usize, hold: Hold) {
        self.resource.write();
        self.resource.release(hold);
        let state = &self.state;
        state.free.set(state.free.get() + count);
        self.pass_on();
    }

    /// Whoever waits now or asks later is refused.
    pub(crate) fn close(&self) {
        self.resource.write();
        self.state.is_closed.set(true);
        let queue = self.state.queue.take();
        for waiting in queue {
            self.answer(&waiting, Err(Closed));
        }
    }

    fn pass_on(&self) {
        let state = &self.state;
        loop {
            let free = state.free.get();
            let mut queue = state.queue.borrow_mut();
            let is_served = |waiting: &Rc<Waiting>| waiting.count <= free;
            if !queue.front().is_some_and(is_served) {
                return;
            }
            let Some(waiting) = queue.pop_front() else {
                return;
            };
            drop(queue);
            state.free.set(free - waiting.count);
            let hold = self.resource.hold(waiting.task, waiting.site, false);
            self.answer(&waiting, Ok(hold));
        }
    }

    fn answer(&self, waiting: &Waiting, answer: Result<Hold, Closed>) {
        self.resource.write_part(self.place(waiting));
        waiting.answer.set(Some(answer));
        self.resource.wake(waiting.place.take());
    }

    /// The answer as an object: what a future in the queue looks at is this and not the whole queue.
    fn place(&self, waiting: &Waiting) -> Object {
        self.resource.part(PLACE, waiting.task.0)
    }
}

impl Asking {
    /// Where the asking future goes on.
    pub(crate) fn poll(&mut self, context: &mut Context<'_>) -> Poll<Result<Hold, Closed>> {
        let permits = &self.permits;
        let resource = &permits.resource;
        let listener: Listener = match &self.waiting {
            Some(waiting) => {
                resource.read_part(permits.place(waiting));
                if let Some(answer) = waiting.answer.get() {
                    if let Ok(hold) = answer {
                        resource.claim(hold);
                    }
                    self.waiting = None;
                    return Poll::Ready(answer);
                }
                resource.listener(context.waker())
            }
            None => {
                match permits.take(self.count, self.site) {
                    Ok(Some(hold)) => return Poll::Ready(Ok(hold)),
                    Ok(None) => {}
                    Err(closed) => return Poll::Ready(Err(closed)),
                }
                let waiting = Rc::new(Waiting {
                    count: self.count,
                    place: Place::default(),
                    answer: Cell::new(None),
                    task: resource.task(),
                    site: self.site,
                });
                let mut queue = permits.state.queue.borrow_mut();
                queue.push_back(Rc::clone(&waiting));
                self.waiting = Some(waiting);
                resource.listener(context.waker())
            }
        };
        if let Some(waiting) = &self.waiting {
            waiting.place.listen(listener);
        }
        resource.wait(permits.awaited, self.site);
        Poll::Pending
    }
}

impl Drop for Asking {
    fn drop(&mut self) {
        let Some(waiting) = self.waiting.take() else {
            return;
        };
        let permits = &self.permits;
        match waiting.answer.get() {
            // It was given and never came to know: whoever is next has it.
            Some(Ok(hold)) => permits.give(waiting.count, hold),
            Some(Err(Closed)) => {}
            None => {
                permits.resource.write();
                let is_other = |other: &Rc<Waiting>| !Rc::ptr_eq(other, &waiting);
                permits.state.queue.borrow_mut().retain(is_other);
                drop(waiting.place.take());
                // It may have been the first, and ask for more than the next.
                permits.pass_on();
            }
        }
    }
}
