//! Input: whoever answers requests for lines and keys, and the queue before them. Requests are
//! answered one at a time, in the order in which they were made.

use crate::lock::lock;
use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::error::Error;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use tourbillon_host::{InputFailure, InputKind, OperationId, Outcome, Response};
use tourbillon_value::{RuntimeError, build_runtime_error};

/// What a program asks its user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InputRequest {
    /// A line or a key.
    pub kind: InputKind,
    /// What to show first.
    pub prompt: String,
    /// Whether the answer is shown as it is typed.
    pub echo: bool,
}

/// What came of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InputAnswer {
    /// A line, without its end.
    Line(String),
    /// A key.
    Key(String),
    /// There is no more input.
    End,
}

/// Why a handler failed: any error of its own. The program sees `input:HandlerFailed` with it behind.
pub type InputError = Box<dyn Error + Send + Sync>;

/// How a handler answers.
pub type InputResult = Result<InputAnswer, InputError>;

/// An answer that comes later, on the session's thread.
pub type InputFuture = Pin<Box<dyn Future<Output = InputResult>>>;

/// Answers requests for input. A panic in it is a failure of the request and of nothing else.
///
/// A function from a request to a result is a handler that always answers at once.
pub trait InputHandler {
    /// The answer, when it can be had without waiting; otherwise [`InputHandler::answer`] is called
    /// for the same request.
    fn answer_now(&self, request: &InputRequest) -> Option<InputResult> {
        let _ = request;
        None
    }

    /// Begins to answer. Dropping the future gives the request up.
    fn answer(&self, request: InputRequest) -> InputFuture;
}

impl<F: Fn(&InputRequest) -> InputResult> InputHandler for F {
    fn answer_now(&self, request: &InputRequest) -> Option<InputResult> {
        Some(self(request))
    }

    fn answer(&self, request: InputRequest) -> InputFuture {
        Box::pin(std::future::ready(self(&request)))
    }
}

/// The requests under way.
pub(crate) struct InputQueue {
    handler: RefCell<Option<Rc<dyn InputHandler>>>,
    state: RefCell<State>,
    wakers: Arc<Wakers>,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<Entry>,
    answered: BTreeMap<OperationId, Outcome>,
}

struct Entry {
    id: OperationId,
    kind: InputKind,
    stage: Stage,
}

enum Stage {
    /// Not at the front yet. The handler is the one that was installed when the request came.
    Queued(Rc<dyn InputHandler>, InputRequest),
    /// The handler is at it.
    Asked(InputFuture),
    /// Taken out, to be worked on with the queue free.
    Taken,
}

impl InputQueue {
    pub(crate) fn new(handler: Option<Rc<dyn InputHandler>>) -> InputQueue {
        InputQueue {
            handler: RefCell::new(handler),
            state: RefCell::default(),
            wakers: Arc::default(),
        }
    }

    /// Who answers from now on; requests under way stay with whom they were made to.
    pub(crate) fn set_handler(&self, handler: Option<Rc<dyn InputHandler>>) {
        let before = self.handler.replace(handler);
        dropped(before);
    }

    /// The answer, when nobody stands before and it can be had at once.
    pub(crate) fn try_now(&self, request: &InputRequest) -> Option<Outcome> {
        let handler = self.handler.borrow().clone();
        let Some(handler) = handler else {
            return Some(Err(InputFailure::Unavailable.into()));
        };
        if !self.state.borrow().waiting.is_empty() {
            return None;
        }
        let answer = contained(|| handler.answer_now(request)).transpose()?;
        Some(outcome(request.kind, answer.and_then(|answer| answer)))
    }

    /// Puts a request at the end of the queue.
    pub(crate) fn submit(&self, id: OperationId, request: InputRequest) {
        let handler = self.handler.borrow().clone();
        let mut state = self.state.borrow_mut();
        match handler {
            Some(handler) => state.waiting.push_back(Entry {
                id,
                kind: request.kind,
                stage: Stage::Queued(handler, request),
            }),
            None => {
                let unavailable = Err(InputFailure::Unavailable.into());
                state.answered.insert(id, unavailable);
            }
        }
        drop(state);
        self.drive(None);
    }

    /// The outcome of a request, once.
    pub(crate) fn poll(&self, id: OperationId, context: &mut Context<'_>) -> Poll<Outcome> {
        self.wakers.keep(id, context.waker());
        self.drive(Some(id));
        match self.state.borrow_mut().answered.remove(&id) {
            Some(outcome) => {
                self.wakers.forget(id);
                Poll::Ready(outcome)
            }
            None => Poll::Pending,
        }
    }

    /// Gives a request up; the next one gets its turn.
    pub(crate) fn cancel(&self, id: OperationId) {
        let mut state = self.state.borrow_mut();
        let at = state.waiting.iter().position(|entry| entry.id == id);
        let given_up = at.and_then(|at| state.waiting.remove(at));
        let unseen = state.answered.remove(&id);
        drop(state);
        // The handler's future may do anything when it goes: the queue is free.
        dropped(given_up);
        drop(unseen);
        self.wakers.forget(id);
        self.drive(None);
    }

    /// Notices what a handler has made ready while nobody polled.
    pub(crate) fn tick(&self) {
        // A look first: it is cheaper than a swap, and most often it is all.
        let was_woken = &self.wakers.was_woken;
        if was_woken.load(Ordering::Acquire) && was_woken.swap(false, Ordering::AcqRel) {
            self.drive(None);
        }
    }

    /// Works on the front request, and on those behind it as it is answered. Whoever waits for one
    /// that was answered is woken, but for the one that asks.
    fn drive(&self, asking: Option<OperationId>) {
        loop {
            let mut state = self.state.borrow_mut();
            let Some(front) = state.waiting.front_mut() else {
                return;
            };
            let (id, kind) = (front.id, front.kind);
            let stage = std::mem::replace(&mut front.stage, Stage::Taken);
            drop(state);

            let polled = match stage {
                Stage::Queued(handler, request) => {
                    contained(|| handler.answer(request)).map(|future| self.poll_future(future))
                }
                Stage::Asked(future) => Ok(self.poll_future(future)),
                // A handler that comes back here while it is asked: its request is being worked on.
                Stage::Taken => return,
            };
            let answer = match polled {
                Ok(Ok(answer)) => answer,
                Ok(Err(future)) => {
                    let mut state = self.state.borrow_mut();
                    // The handler may have cancelled its own request.
                    if let Some(front) = state.waiting.front_mut()
                        && front.id == id
                    {
                        front.stage = Stage::Asked(future);
                    }
                    return;
                }
                Err(failed) => Err(failed),
            };

            let mut state = self.state.borrow_mut();
            if state.waiting.front().is_some_and(|front| front.id == id) {
                state.waiting.pop_front();
                state.answered.insert(id, outcome(kind, answer));
            }
            drop(state);
            if asking != Some(id) {
                self.wakers.wake_one(id);
            }
        }
    }

    /// The answer, or the future when there is none yet.
    fn poll_future(&self, mut future: InputFuture) -> Result<InputResult, InputFuture> {
        let waker = Waker::from(Arc::clone(&self.wakers));
        let mut context = Context::from_waker(&waker);
        match contained(|| future.as_mut().poll(&mut context)) {
            Ok(Poll::Ready(answer)) => Ok(answer),
            Ok(Poll::Pending) => Err(future),
            Err(panicked) => Ok(Err(panicked)),
        }
    }
}

/// Those that wait for input. Waking it wakes the first of them: in its poll, it works on the front.
#[derive(Default)]
struct Wakers {
    by_request: Mutex<BTreeMap<OperationId, Waker>>,
    was_woken: AtomicBool,
}

impl Wakers {
    fn keep(&self, id: OperationId, waker: &Waker) {
        lock(&self.by_request)
            .entry(id)
            .and_modify(|kept| kept.clone_from(waker))
            .or_insert_with(|| waker.clone());
    }

    fn forget(&self, id: OperationId) {
        let waker = lock(&self.by_request).remove(&id);
        drop(waker);
    }

    fn wake_one(&self, id: OperationId) {
        let waker = lock(&self.by_request).get(&id).cloned();
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl Wake for Wakers {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.was_woken.store(true, Ordering::Release);
        let first = lock(&self.by_request)
            .first_key_value()
            .map(|(_, waker)| waker.clone());
        if let Some(waker) = first {
            waker.wake();
        }
    }
}

/// What a program gets for an answer.
fn outcome(kind: InputKind, answer: InputResult) -> Outcome {
    match (kind, answer) {
        (InputKind::Line, Ok(InputAnswer::Line(line))) => Ok(Response::Line(line)),
        (InputKind::Key, Ok(InputAnswer::Key(key))) => Ok(Response::Key(key)),
        (InputKind::Line, Ok(InputAnswer::Key(_))) | (InputKind::Key, Ok(InputAnswer::Line(_))) => {
            Err(InputFailure::WrongKind(kind).into())
        }
        (_, Ok(InputAnswer::End)) => Err(InputFailure::EndOfInput.into()),
        (_, Err(error)) => Err(handler_failed(error)),
    }
}

/// The handler's own error is the cause that the program sees, and what is behind it the cause of that.
fn handler_failed(error: InputError) -> RuntimeError {
    InputFailure::HandlerFailed
        .error()
        .cause(described(&*error))
        .build()
}

fn described(error: &(dyn Error + 'static)) -> RuntimeError {
    let described = build_runtime_error(error.to_string());
    match error.source() {
        Some(behind) => described.cause(self::described(behind)).build(),
        None => described.build(),
    }
}

/// Lets go of what belongs to a handler. Nobody waits for it any more, so that a panic concerns nobody.
fn dropped<T>(of_handler: T) {
    let _panicked = contained(|| drop(of_handler));
}

/// Calls a handler; a panic becomes its failure. What the handler left half done is its own.
fn contained<T>(call: impl FnOnce() -> T) -> Result<T, InputError> {
    catch_unwind(AssertUnwindSafe(call)).map_err(|panic| {
        let message = panic
            .downcast_ref::<&str>()
            .map(|text| (*text).to_owned())
            .or_else(|| panic.downcast_ref::<String>().cloned())
            .unwrap_or_else(|| "no message".to_owned());
        InputError::from(format!("the handler panicked: {message}"))
    })
}
