//! How operations of a world end: their time comes, they are delivered, they take effect, and
//! whoever waits for them is woken.

use tourbillon_host::{Request, Response};
use tourbillon_sim::clock::TimerId;
use tourbillon_sim::trace::What;
use tourbillon_sim::{Access, Candidate};

use crate::effects::delayed;
use crate::objects::Single;
use crate::operations::Stage;
use crate::timeline::Timeline;
use crate::world::{CANCEL_NUMBER, World};

const DELIVER: What = What::new("deliver");
const FIRE: What = What::new("fire");

impl World {
    /// Adds what can be delivered to the candidates of a choice.
    pub(crate) fn offered_into(&self, candidates: &mut Vec<Candidate>) {
        let mut operations = self.operations.borrow_mut();
        for at in 0..operations.offered.len() {
            let number = operations.offered[at];
            let entry = operations.get(number).expect("what is offered is there");
            candidates.push(Candidate::deliver(entry.label));
        }
    }

    /// Delivers the operation at `place` of what is offered.
    pub(crate) fn deliver(&self, place: usize) {
        let (number, label, left, waker) = {
            let mut operations = self.operations.borrow_mut();
            let number = operations.offered.remove(place);
            let entry = operations.get(number).expect("what is offered is there");
            entry.deliveries -= 1;
            let left = entry.deliveries;
            let waker = if left > 0 { entry.waker.take() } else { None };
            let label = entry.label;
            if left > 0 {
                // One of the polls that find the operation still pending.
                operations.offered.push(number);
                self.access(label.into(), Access::Wake);
            }
            (number, label, left, waker)
        };
        self.event(DELIVER, label, u64::from(left));
        if left == 0 {
            self.complete(number);
        } else if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// A timer of this world has fired.
    pub(crate) fn fire(&self, number: u64) {
        if number == CANCEL_NUMBER {
            return self.strike();
        }
        let (label, is_timer) = {
            let mut operations = self.operations.borrow_mut();
            let Some(entry) = operations.get(number) else {
                return;
            };
            let is_timer = matches!(entry.request, Request::Timer { .. });
            (entry.label, is_timer)
        };
        self.event(FIRE, label, 0);
        if is_timer {
            self.complete(number);
        } else {
            self.ripen(number);
        }
    }

    /// An operation's time has come: it can be delivered, or is at once when deliveries are no
    /// choice.
    fn ripen(&self, number: u64) {
        let (is_complete, waker) = {
            let mut operations = self.operations.borrow_mut();
            let is_first = operations.readbacks.front() == Some(&number);
            let entry = operations.get(number).expect("it is under way");
            let is_readback = matches!(entry.request, Request::Readback { .. });
            if is_readback {
                self.touch(Single::Readbacks, Access::Write);
            }
            if is_readback && !is_first {
                // Within one queue completions come in the order of submission.
                entry.stage = Stage::Ripe;
                return;
            }
            let is_complete = entry.deliveries == 0;
            entry.stage = Stage::Offered;
            self.access(entry.label.into(), Access::Wake);
            // Whoever waits finds out that the time is over, unless the delivery comes first.
            let waker = entry.or_else.as_ref().and_then(|_| entry.waker.take());
            if !is_complete {
                operations.offered.push(number);
            }
            (is_complete, waker)
        };
        if is_complete {
            self.complete(number);
        }
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// The operation takes effect, its outcome is kept, and whoever waits for it is woken.
    pub(crate) fn complete(&self, number: u64) {
        let (waker, next) = {
            let mut operations = self.operations.borrow_mut();
            let entry = operations.get(number).expect("it is under way");
            self.access(entry.label.into(), Access::Write);
            let outcome = match (entry.outcome.take(), &entry.buffer) {
                (Some(outcome), _) => {
                    if let Some(bytes) = entry.partial {
                        self.write_partly(&entry.request, bytes);
                    }
                    outcome
                }
                (None, Some(buffer)) => Ok(Response::Numbers(buffer.read())),
                (None, None) => self.perform(&entry.request),
            };
            entry.stage = Stage::Ended(outcome);
            entry.buffer = None;
            let waker = entry.waker.take();
            let is_input = matches!(entry.request, Request::Input { .. });
            let is_readback = matches!(entry.request, Request::Readback { .. });
            if is_input {
                // Also one that fails leaves its place to the next.
                self.touch(Single::Input, Access::Write);
            }
            if is_readback {
                self.touch(Single::Readbacks, Access::Write);
            }
            let next = if is_input {
                operations.inputs.retain(|other| *other != number);
                operations.inputs.front().copied()
            } else if is_readback {
                operations.readbacks.retain(|other| *other != number);
                operations.readbacks.front().copied()
            } else {
                None
            };
            (waker, next)
        };
        if let Some(waker) = waker {
            waker.wake();
        }
        if let Some(next) = next {
            self.step_forward(next);
        }
    }

    /// An operation has become the first of its queue.
    pub(crate) fn step_forward(&self, number: u64) {
        let stage = {
            let mut operations = self.operations.borrow_mut();
            let entry = operations.get(number).expect("it is under way");
            match entry.stage {
                Stage::Queued => Some((entry.asked_at, entry.delay)),
                Stage::Ripe => None,
                Stage::Waiting(_) | Stage::Offered | Stage::Never | Stage::Ended(_) => return,
            }
        };
        match stage {
            None => self.ripen(number),
            Some((asked_at, delay)) => {
                let latency = self.input_latency();
                self.start(number, asked_at, delayed(latency, delay));
            }
        }
    }

    /// An operation begins that takes so long from `asked_at` on.
    pub(crate) fn start(&self, number: u64, asked_at: u64, latency: u64) {
        let due = asked_at.saturating_add(latency);
        let is_later = due > self.timeline.run.borrow().clock.now();
        match is_later.then(|| self.set_timer(due, number)) {
            Some(timer) => self.wait(number, timer),
            None => self.ripen(number),
        }
    }

    /// Sets a timer that fires for an operation.
    pub(crate) fn set_timer(&self, due: u64, number: u64) -> TimerId {
        // Those that are due together fire in the order in which they were set.
        self.access(self.names.get().deadline(due), Access::Write);
        let mut run = self.timeline.run.borrow_mut();
        run.clock.add(due, Timeline::key(self.place, number))
    }

    pub(crate) fn wait(&self, number: u64, timer: TimerId) {
        let mut operations = self.operations.borrow_mut();
        let entry = operations.get(number).expect("it is under way");
        entry.stage = Stage::Waiting(timer);
    }
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;
    use std::task::{Context, Poll, Waker};

    use tourbillon_host::{Host, OperationLabel, TaskLabel};
    use tourbillon_sim::strategy::Fifo;
    use tourbillon_sim::{Run, SharedRun};

    use super::*;
    use crate::config::WorldConfig;

    fn world(config: &str) -> (Rc<World>, SharedRun) {
        let run = Run::shared(Box::new(Fifo::new()));
        assert!(run.borrow_mut().begin(0));
        let config: WorldConfig = serde_yaml::from_str(config).expect(config);
        (World::new(&Rc::new(config), &run), run)
    }

    fn label(name: &'static str) -> OperationLabel {
        OperationLabel {
            task: TaskLabel::root("main"),
            name,
            occurrence: 1,
        }
    }

    #[test]
    fn writes_take_effect_when_they_are_delivered() {
        let (world, _run) = world("{disk: {a: old}}");
        let write = Request::WriteFile {
            path: "a".into(),
            bytes: b"new".to_vec(),
        };
        let read = Request::ReadFile { path: "a".into() };
        assert!(world.try_now(&write, &label("write")).is_none());
        let write = world.submit(write, &label("write"));
        let read = world.submit(read, &label("read"));
        let mut context = Context::from_waker(Waker::noop());
        assert!(world.poll(write, &mut context).is_pending());
        // The read overtakes the write.
        world.deliver(1);
        world.deliver(0);
        let Poll::Ready(Ok(Response::Bytes(bytes))) = world.poll(read, &mut context) else {
            panic!("the read has ended");
        };
        assert_eq!(bytes, b"old");
        assert_eq!(world.disk()["a"], b"new");
        // Nobody has asked for the outcome of the write since.
        assert_eq!(world.delivered_labels(), ["main/write#1"]);
        assert_eq!(world.outstanding(), 1);
        world.cancel(write);
        world.cancel(write);
        assert_eq!(world.outstanding(), 0);
        world.reset();
        assert_eq!(world.disk()["a"], b"old");
    }

    #[test]
    fn an_operation_that_was_given_up_is_never_delivered() {
        let (world, run) = world("{latency: {write: 1}}");
        let write = Request::WriteFile {
            path: "a".into(),
            bytes: Vec::new(),
        };
        let write = world.submit(write, &label("write"));
        assert_eq!(world.timeline().next_due(), Some(1_000_000_000));
        world.cancel(write);
        assert_eq!(world.timeline().next_due(), None);
        assert_eq!(run.borrow().clock.outstanding(), 0);
        assert!(world.disk().is_empty());
    }
}
