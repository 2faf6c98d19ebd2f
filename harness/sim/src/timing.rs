//! Futures of virtual time: sleeps, and operations that take a while and may be injected into.

use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use crate::choice::{Action, Candidate, Kind};
use crate::clock::TimerId;
use crate::footprint::Access;
use crate::label::Label;
use crate::listener::Listener;
use crate::sim::{Shared, Site, WaitOn};

/// Everything that waits for time or for a delivery, by its key.
#[derive(Debug, Default)]
pub(crate) struct Waits {
    entries: Vec<Wait>,
    free: Vec<usize>,
    /// What may be delivered now, in the order in which it came due.
    pub(crate) deliverable: Vec<Candidate>,
    deliverable_keys: Vec<usize>,
    // Whoever belongs to an earlier run must not touch this one's entries.
    generation: u64,
}

#[derive(Debug)]
struct Wait {
    listener: Option<Listener>,
    done: bool,
    early: bool,
    /// The operation, and how many deliveries it still needs; `None` for a sleep.
    operation: Option<(Label, u32)>,
}

/// Names one entry of [`Waits`].
#[derive(Clone, Copy, Debug)]
struct Ticket {
    key: usize,
    generation: u64,
}

impl Waits {
    /// Forgets everything; returns the wakers that were left, to be dropped with nothing borrowed:
    /// dropping a foreign waker may run code that comes back here.
    #[must_use]
    pub(crate) fn reset(&mut self) -> Vec<Listener> {
        self.generation += 1;
        if self.entries.is_empty() {
            return Vec::new();
        }
        let wakers = self
            .entries
            .iter_mut()
            .filter_map(|wait| wait.listener.take())
            .collect();
        self.entries.clear();
        self.free.clear();
        self.deliverable.clear();
        self.deliverable_keys.clear();
        wakers
    }

    fn add(&mut self, operation: Option<(Label, u32)>) -> Ticket {
        let wait = Wait {
            listener: None,
            done: false,
            early: false,
            operation,
        };
        let key = match self.free.pop() {
            Some(key) => {
                self.entries[key] = wait;
                key
            }
            None => {
                self.entries.push(wait);
                self.entries.len() - 1
            }
        };
        Ticket {
            key,
            generation: self.generation,
        }
    }

    fn set_early(&mut self, ticket: Ticket, is_early: bool) {
        self.entries[ticket.key].early = is_early;
    }

    /// Completes what is to complete within the poll that asks for it; whether it was so.
    fn complete_early(&mut self, ticket: Ticket) -> bool {
        if ticket.generation != self.generation || !self.entries[ticket.key].early {
            return false;
        }
        let wait = &mut self.entries[ticket.key];
        wait.early = false;
        wait.done = true;
        true
    }

    fn is_done(&self, ticket: Ticket) -> bool {
        ticket.generation == self.generation && self.entries[ticket.key].done
    }

    /// Stores who is to be woken; returns who was stored before, to be dropped outside.
    #[must_use]
    fn listen(&mut self, ticket: Ticket, shared: &Shared, waker: &Waker) -> Option<Listener> {
        if ticket.generation != self.generation {
            return None;
        }
        let stored = &mut self.entries[ticket.key].listener;
        if stored
            .as_ref()
            .is_some_and(|stored| stored.will_wake(waker))
        {
            return None;
        }
        stored.replace(Listener::new(shared, waker))
    }

    #[must_use]
    fn remove(&mut self, ticket: Ticket) -> Option<Listener> {
        if ticket.generation != self.generation {
            return None;
        }
        if let Some(index) = self
            .deliverable_keys
            .iter()
            .position(|key| *key == ticket.key)
        {
            self.deliverable.remove(index);
            self.deliverable_keys.remove(index);
        }
        self.free.push(ticket.key);
        self.entries[ticket.key].listener.take()
    }

    /// The timer of entry `key` has fired: completes it, or makes it deliverable when completions
    /// are choices. Returns whom to wake.
    pub(crate) fn fire(&mut self, key: u64) -> Option<Listener> {
        let key = key as usize;
        match self.entries[key].operation {
            Some((label, deliveries)) if deliveries > 0 => {
                self.offer(key, label);
                None
            }
            Some(_) | None => {
                self.entries[key].done = true;
                self.entries[key].listener.take()
            }
        }
    }

    fn offer(&mut self, key: usize, label: Label) {
        self.deliverable.push(Candidate::deliver(label));
        self.deliverable_keys.push(key);
    }

    /// Delivers the completion at `index` of the deliverable ones. Returns whom to wake.
    pub(crate) fn deliver(&mut self, index: usize) -> Option<Listener> {
        self.deliverable.remove(index);
        let key = self.deliverable_keys.remove(index);
        let wait = &mut self.entries[key];
        let (label, deliveries) = wait.operation.unwrap_or((Label(0), 1));
        if deliveries > 1 {
            // One of the polls that find the operation still pending.
            wait.operation = Some((label, deliveries - 1));
            let listener = wait.listener.take();
            self.offer(key, label);
            return listener;
        }
        wait.done = true;
        wait.listener.take()
    }
}

/// Waits for a moment of virtual time: see [`crate::Sim::sleep`].
#[derive(Debug)]
#[must_use = "futures do nothing unless awaited"]
pub struct Sleep {
    shared: Rc<Shared>,
    deadline: u64,
    site: Site,
    started: Option<(Ticket, TimerId)>,
}

impl Sleep {
    pub(crate) fn new(shared: Rc<Shared>, deadline: u64, site: Site) -> Sleep {
        Sleep {
            shared,
            deadline,
            site,
            started: None,
        }
    }
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let deadline = self.deadline;
        let (ticket, _) = match self.started {
            Some(started) => started,
            None => {
                let mut run = self.shared.run.borrow_mut();
                if run.clock.now() >= deadline {
                    return Poll::Ready(());
                }
                let ticket = self.shared.waits.borrow_mut().add(None);
                let timer = run.clock.add(deadline, ticket.key as u64);
                drop(run);
                *self.started.insert((ticket, timer))
            }
        };
        if self.shared.waits.borrow().is_done(ticket) {
            return Poll::Ready(());
        }
        let before = self
            .shared
            .waits
            .borrow_mut()
            .listen(ticket, &self.shared, context.waker());
        drop(before);
        self.shared
            .note_wait(WaitOn::Time(deadline), Some(self.site));
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        if let Some((ticket, timer)) = self.started.take() {
            give_up(&self.shared, ticket, Some(timer));
        }
    }
}

/// An operation with the outside: see [`crate::Sim::operation`].
#[derive(Debug)]
#[must_use = "futures do nothing unless awaited"]
pub struct Operation {
    shared: Rc<Shared>,
    label: Label,
    latency: u64,
    site: Site,
    started: Option<(Ticket, Option<TimerId>)>,
}

impl Operation {
    pub(crate) fn new(shared: Rc<Shared>, label: Label, latency: u64, site: Site) -> Operation {
        Operation {
            shared,
            label,
            latency,
            site,
            started: None,
        }
    }

    /// Submits the operation; `None` when it is complete at once.
    fn start(&self) -> Option<(Ticket, Option<TimerId>)> {
        let mut run = self.shared.run.borrow_mut();
        let injections = *run.injections();
        let mut latency = self.latency;
        if injections.delay_multiples > 0 && latency > 0 {
            let mut candidates = vec![Candidate::keep(self.label)];
            for power in 1..=injections.delay_multiples {
                let action = Action::Delay(1 << power);
                candidates.push(Candidate {
                    label: self.label,
                    action,
                });
            }
            let taken = run.choose(Kind::Delay, &candidates);
            if let Action::Delay(multiple) = candidates[taken].action {
                latency = latency.saturating_mul(u64::from(multiple));
            }
        }
        let deliveries = injections.pending_polls;
        if latency == 0 && deliveries == 0 {
            return None;
        }
        let trouble = [
            (Kind::Early, Action::Early, run.early_left()),
            (Kind::Never, Action::Never, run.never_left()),
        ];
        for (kind, action, left) in trouble {
            let label = self.label;
            let candidates = [Candidate::keep(label), Candidate { label, action }];
            if left > 0 && run.choose(kind, &candidates) == 1 {
                let mut waits = self.shared.waits.borrow_mut();
                let ticket = waits.add(Some((label, 0)));
                // Whoever asked is woken in the poll that asks, or never.
                waits.set_early(ticket, action == Action::Early);
                return Some((ticket, None));
            }
        }
        run.access(self.label.into(), Access::Wake);
        let mut waits = self.shared.waits.borrow_mut();
        let ticket = waits.add(Some((self.label, deliveries)));
        if latency == 0 {
            waits.offer(ticket.key, self.label);
            return Some((ticket, None));
        }
        let deadline = run.clock.now().saturating_add(latency);
        Some((ticket, Some(run.clock.add(deadline, ticket.key as u64))))
    }
}

impl Future for Operation {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if self.started.is_none() {
            self.started = self.start();
        }
        let Some((ticket, _)) = self.started else {
            return Poll::Ready(());
        };
        let object = self.label.into();
        self.shared.run.borrow_mut().access(object, Access::Read);
        if self.shared.waits.borrow().is_done(ticket) {
            return Poll::Ready(());
        }
        let mut waits = self.shared.waits.borrow_mut();
        let before = waits.listen(ticket, &self.shared, context.waker());
        let is_early = waits.complete_early(ticket);
        drop(waits);
        drop(before);
        self.shared
            .note_wait(WaitOn::Operation(self.label), Some(self.site));
        if is_early {
            context.waker().wake_by_ref();
        }
        Poll::Pending
    }
}

impl Drop for Operation {
    fn drop(&mut self) {
        if let Some((ticket, timer)) = self.started.take() {
            give_up(&self.shared, ticket, timer);
        }
    }
}

fn give_up(shared: &Shared, ticket: Ticket, timer: Option<TimerId>) {
    // A future that outlives its run has nothing to give up in this one.
    if shared.waits.borrow().generation != ticket.generation {
        return;
    }
    let operation = shared.waits.borrow().entries[ticket.key].operation;
    if let Some((label, _)) = operation {
        shared.run.borrow_mut().access(label.into(), Access::Write);
    }
    if let Some(timer) = timer {
        shared.run.borrow_mut().clock.cancel(timer);
    }
    let waker = shared.waits.borrow_mut().remove(ticket);
    drop(waker);
}
