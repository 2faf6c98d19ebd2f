//! How the library and the virtual machine talk: what a function is given, and what it may ask for.

use crate::{LibraryState, RandomStream};
use smallvec::SmallVec;
use std::cell::RefCell;
use std::num::NonZeroUsize;
use std::rc::Rc;
use tourbillon_host::{
    Access, Device, Event, Nanoseconds, Object, Outcome, Request, Response, Watch,
};
use tourbillon_value::{
    FunctionHandle, Namespace, ObjectId, ObjectRef, Result, RuntimeError, Value,
};

/// The results of a call, in order.
pub type Outputs = SmallVec<[Value; 1]>;

/// One result.
pub fn one(value: impl Into<Value>) -> Outputs {
    let mut outputs = Outputs::new();
    outputs.push(value.into());
    outputs
}

/// What a library function sees of its session. Implemented by the virtual machine.
pub trait Context {
    /// Writes program output.
    fn write(&self, text: &str);

    /// Writes to the error stream: `fprintf(2, …)`.
    fn write_error(&self, text: &str);

    /// What the library remembers in a session: the stopwatch, the state of warnings.
    fn state(&self) -> &LibraryState;

    /// Reports a warning: it goes to the diagnostics and to the error stream.
    fn warn(&self, warning: RuntimeError);

    /// Whose identifiers the session uses.
    fn namespace(&self) -> Namespace;

    /// A number for a new handle object; whoever watches hears of it here.
    fn new_object_id(&self) -> ObjectId;

    /// Makes a new handle object known to the session, so that it is counted and cycles through it
    /// are collected. Every new object passes through here exactly once.
    fn adopt(&self, object: &ObjectRef);

    /// Says that the running step touches something that tasks share.
    fn access(&self, object: Object<'_>, access: Access);

    /// Tells whoever watches of an event.
    fn event(&self, event: &Event<'_>);

    /// The end of whoever watches, for objects that tell of themselves.
    fn watch(&self) -> Watch;

    /// A number for the task that runs, the same under every schedule.
    fn task_hash(&self) -> u64;

    /// The function of that name: one of the program, else one of the library.
    fn resolve(&self, name: &str) -> Option<FunctionHandle>;

    /// The anonymous function that the text is.
    ///
    /// # Errors
    /// When it is none, or when it cannot be compiled.
    fn compile_function(&self, text: &str) -> Result<FunctionHandle>;

    /// The time on the host's clock.
    fn now(&self) -> Nanoseconds;

    /// The random numbers of the running task: a stream of its own, so that draws do not depend on the
    /// schedule.
    fn random(&self) -> Rc<RefCell<RandomStream>>;

    /// The seed of the session.
    fn session_seed(&self) -> u64;

    /// The device of `gpuArray`, when there is one.
    fn device(&self) -> Option<Rc<dyn Device>>;

    /// How many background jobs may run at once; none where there is no pool.
    fn workers(&self) -> Option<NonZeroUsize> {
        None
    }

    /// The last error that a `catch` saw, for `lasterr` and the bare `rethrow`.
    fn last_error(&self) -> Option<RuntimeError>;

    /// Replaces the last error.
    fn set_last_error(&self, error: Option<RuntimeError>);

    /// Queues the function of an `onCleanup` object whose last reference is gone; the machine runs it
    /// where the semantics say. Called from `Drop`, so it does nothing else.
    fn cleanup_queue(&self) -> Rc<CleanupQueue>;
}

/// The function of an `onCleanup` object that is due.
#[derive(Debug)]
pub struct DueCleanup {
    /// The object.
    pub object: ObjectId,
    /// The number of the task that made it.
    pub creator: u64,
    /// What is to be called.
    pub function: Value,
}

/// The cleanups that are due, in any order; the machine sorts them by creation.
#[derive(Debug, Default)]
pub struct CleanupQueue {
    due: std::cell::RefCell<Vec<DueCleanup>>,
}

impl CleanupQueue {
    /// Adds a cleanup.
    pub fn push(&self, due: DueCleanup) {
        self.due.borrow_mut().push(due);
    }

    /// Whether anything is due.
    pub fn is_empty(&self) -> bool {
        self.due.borrow().is_empty()
    }

    /// How many are due.
    pub fn len(&self) -> usize {
        self.due.borrow().len()
    }

    /// Takes what is due, oldest object first.
    pub fn take(&self) -> Vec<DueCleanup> {
        let mut due = std::mem::take(&mut *self.due.borrow_mut());
        due.sort_by_key(|due| due.object);
        due
    }
}

/// One call of a library function. The number of inputs and outputs was checked against its entry.
pub struct Call<'a> {
    /// The session.
    pub context: &'a dyn Context,
    /// The function's name, for messages.
    pub name: &'static str,
    /// The inputs; a function may take them out.
    pub arguments: &'a mut [Value],
    /// How many outputs the caller wants; 0 for a statement of its own, which still takes one for
    /// `ans` when there is one.
    pub outputs: usize,
}

/// A function of the library that calls back into the language: its frame on the machine's stack.
pub trait NativeFrame {
    /// Goes on: `results` are those of the last call, `None` at the start.
    fn step(&mut self, context: &dyn Context, results: Option<Outputs>) -> Result<Step>;

    /// The last call failed. The default lets the error through.
    fn failed(&mut self, context: &dyn Context, error: RuntimeError) -> Result<Step> {
        let _ = context;
        Err(error)
    }

    /// Shows every value that the frame holds, for the collection of cycles.
    fn trace(&self, visit: &mut dyn FnMut(&Value));
}

/// What a native frame wants next.
pub enum Step {
    /// To call a function value; `step` gets the results.
    Call {
        /// A function handle.
        function: Value,
        /// Its inputs.
        arguments: Vec<Value>,
        /// How many outputs are wanted.
        outputs: usize,
    },
    /// To end with these results.
    Return(Outputs),
}

/// Turns the response of the host into the function's value. Boxing a plain function allocates
/// nothing; only what has something to remember, such as the size of a device array, does.
pub type Finish = Box<dyn FnOnce(Response) -> Result<Value>>;

/// A request to the host and what to make of its response.
pub struct Operation {
    /// The request.
    pub request: Request,
    /// Turns the response into the function's value.
    pub finish: Finish,
}

/// What a function does that may need several requests, one after another, such as a download with
/// redirects and further attempts.
pub trait Sequence {
    /// Goes on: `outcome` is that of the last request.
    ///
    /// # Errors
    /// The call fails.
    fn next(self: Box<Self>, context: &dyn Context, outcome: Outcome) -> Result<Next>;
}

/// What comes after a request of a sequence.
pub enum Next {
    /// The function's value.
    Value(Value),
    /// Another request.
    Request(Request, Box<dyn Sequence>),
}

/// How a waiting function starts.
pub enum Start {
    /// There is nothing to wait for.
    Ready(Value),
    /// It has failed, and its future with it: there is nothing to ask the host for.
    Failed(RuntimeError),
    /// The task waits for the host.
    Operation(Operation),
    /// The task waits for the host, perhaps several times.
    Sequence(Request, Box<dyn Sequence>),
}

/// Functions that are the machine's own: they need its tasks and futures. The semantics page says
/// what each does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Intrinsic {
    /// `await(f)`, `await(f, 'Timeout', s)`.
    Await,
    /// `spawn(f, …)`.
    Spawn,
    /// `yield_now()`.
    YieldNow,
    /// `narginchk(least, most)`.
    InputCheck,
    /// `nargoutchk(least, most)`.
    OutputCheck,
    /// `nargin(f)`.
    InputsOf,
    /// `nargout(f)`.
    OutputsOf,
    /// `cancel(f)`.
    Cancel,
    /// `await_all(…)`.
    AwaitAll,
    /// `await_any(…)`.
    AwaitAny,
    /// `race(…)`.
    Race,
    /// `on_success(f, cb)`.
    OnSuccess,
    /// `on_failure(f, cb)`.
    OnFailure,
    /// `on_complete(f, cb)`.
    OnComplete,
    /// `then(f, cb)`.
    Then,
    /// `promise()`.
    Promise,
    /// `complete(p, v)`.
    Complete,
    /// `fail(p, err)`.
    Fail,
    /// `joinset()`.
    JoinSet,
    /// `add(js, f)`.
    Add,
    /// `join_next(js)`.
    JoinNext,
    /// `cancel_all(js)`.
    CancelAll,
    /// `futures_unordered(c)`.
    FuturesUnordered,
    /// `push(fu, f)`.
    Push,
    /// `next(fu)`.
    Next,
    /// `parfeval(pool, fcn, n, …)`.
    Parfeval,
    /// `fetchOutputs(F)`.
    FetchOutputs,
    /// `fetchNext(F)`.
    FetchNext,
    /// `wait(F)`.
    Wait,
    /// `afterEach(F, fcn, n)`.
    AfterEach,
    /// `afterAll(F, fcn, n)`.
    AfterAll,
    /// `parallel.FevalFuture`.
    FevalFuture,
}

/// The code behind a library function.
#[derive(Clone, Copy)]
pub enum Body {
    /// Returns at once.
    Plain(fn(&mut Call<'_>) -> Result<Outputs>),
    /// Calls back into the language.
    Frame(fn(&mut Call<'_>) -> Result<Box<dyn NativeFrame>>),
    /// Waits for the host; only the calling task is suspended.
    Waits(fn(&mut Call<'_>) -> Result<Start>),
    /// Starts a host operation and returns its future.
    Starts(fn(&mut Call<'_>) -> Result<Start>),
    /// The machine's own.
    Intrinsic(Intrinsic),
}

/// A shortcut for real double scalars that cannot fail and gives the same as the function's body.
#[derive(Clone, Copy)]
pub enum Scalar {
    /// There is none.
    None,
    /// Of one argument.
    One(fn(f64) -> f64),
    /// Of two arguments.
    Two(fn(f64, f64) -> f64),
}

/// One function of the library.
#[derive(Clone, Copy)]
pub struct Entry {
    /// Its name.
    pub name: &'static str,
    /// The fewest inputs.
    pub min_inputs: u8,
    /// The most inputs; `u8::MAX` for any number.
    pub max_inputs: u8,
    /// The most outputs; `u8::MAX` for any number.
    pub max_outputs: u8,
    /// The code.
    pub body: Body,
    /// The shortcut for scalars.
    pub scalar: Scalar,
    /// One line for the reference: the call and what it gives.
    pub help: &'static str,
}
