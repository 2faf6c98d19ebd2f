//! Somebody who types what a case says, when it says so.

use std::cell::{Cell, OnceCell};
use std::future::Future;
use std::pin::Pin;
use std::rc::{Rc, Weak};
use std::task::{Context, Poll};

use tourbillon_host::{Host, Nanoseconds, OperationId, OperationLabel, Request, TaskLabel};
use tourbillon_host_native::{
    InputAnswer, InputFuture, InputHandler, InputRequest, InputResult, NativeHost,
};

use crate::world::{self, Answer, WorldConfig};

/// The input handler of a case. An answer is used up when it is given.
#[derive(Clone)]
pub(super) struct Typist(Rc<Script>);

struct Script {
    answers: Vec<world::InputAnswer>,
    given: Cell<usize>,
    is_sync: bool,
    host: OnceCell<Weak<NativeHost>>,
}

impl Typist {
    /// Who answers in this world; nobody where it has no handler.
    pub(super) fn of(world: &WorldConfig) -> Option<Typist> {
        let is_sync = match world.input_handler {
            world::InputHandler::Async => false,
            world::InputHandler::Sync => true,
            world::InputHandler::None => return None,
        };
        Some(Typist(Rc::new(Script {
            answers: world.input.clone(),
            given: Cell::new(0),
            is_sync,
            host: OnceCell::new(),
        })))
    }

    /// Takes the host by whose clock the answers come.
    pub(super) fn sit_at(&self, host: &Rc<NativeHost>) {
        let first = self.0.host.set(Rc::downgrade(host));
        assert!(first.is_ok(), "a typist sits at one host");
    }
}

impl Script {
    fn next(&self) -> Option<&world::InputAnswer> {
        self.answers.get(self.given.get())
    }

    fn give(&self) -> InputResult {
        let answer = self.next().map(|answer| answer.answer.clone());
        self.given.set(self.given.get() + 1);
        match answer {
            Some(Answer::Line(line)) => Ok(InputAnswer::Line(line)),
            Some(Answer::Key(key)) => Ok(InputAnswer::Key(key)),
            Some(Answer::Fail(message)) => Err(message.into()),
            Some(Answer::End(_)) | None => Ok(InputAnswer::End),
        }
    }
}

impl InputHandler for Typist {
    fn answer_now(&self, _: &InputRequest) -> Option<InputResult> {
        let is_at_once = self.0.is_sync
            && self
                .0
                .next()
                .is_none_or(|next| next.after.nanoseconds() == 0);
        is_at_once.then(|| self.0.give())
    }

    fn answer(&self, _: InputRequest) -> InputFuture {
        Box::pin(Typing {
            script: self.0.clone(),
            timer: None,
        })
    }
}

/// One answer on its way.
struct Typing {
    script: Rc<Script>,
    timer: Option<OperationId>,
}

impl Typing {
    fn host(&self) -> Option<Rc<NativeHost>> {
        self.script.host.get().and_then(Weak::upgrade)
    }
}

impl Future for Typing {
    type Output = InputResult;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<InputResult> {
        let Some(host) = self.host() else {
            return Poll::Ready(Err("the host has gone".into()));
        };
        let timer = match self.timer {
            Some(timer) => timer,
            None => {
                let after = self
                    .script
                    .next()
                    .map_or(0, |next| next.after.nanoseconds());
                if after == 0 {
                    return Poll::Ready(self.script.give());
                }
                let label = OperationLabel {
                    task: TaskLabel::root("typist"),
                    name: "timer",
                    occurrence: 1,
                };
                let deadline = host.now() + Nanoseconds(after);
                let timer = host.submit(Request::Timer { deadline }, &label);
                self.timer = Some(timer);
                timer
            }
        };
        if host.poll(timer, context).is_pending() {
            return Poll::Pending;
        }
        self.timer = None;
        Poll::Ready(self.script.give())
    }
}

impl Drop for Typing {
    fn drop(&mut self) {
        if let (Some(timer), Some(host)) = (self.timer, self.host()) {
            host.cancel(timer);
        }
    }
}
