//! What a future of `parfeval`, `afterEach` or `afterAll` has beyond other futures.

use crate::future::{Future, FutureState};
use crate::machine::Machine;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use tourbillon_host::{Access, Object as Shared};
use tourbillon_value::{RuntimeError, Value, build_runtime_error};

/// The kinds of such futures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FevalKind {
    /// `parfeval`.
    Job,
    /// `afterEach`.
    Each,
    /// `afterAll`.
    All,
    /// None yet: what arrays of futures are filled with.
    Unavailable,
}

impl FevalKind {
    pub(crate) fn class_name(self) -> &'static str {
        match self {
            FevalKind::Job | FevalKind::Unavailable => "parallel.FevalFuture",
            FevalKind::Each => "parallel.AfterEachFuture",
            FevalKind::All => "parallel.AfterAllFuture",
        }
    }
}

/// The further properties of such a future.
pub(crate) struct Feval {
    pub kind: FevalKind,
    pub function: Value,
    pub inputs: Vec<Value>,
    pub outputs: usize,
    pub is_read: Cell<bool>,
    pub diary: RefCell<String>,
    /// How manyeth it ended, from 1.
    pub order: Cell<u64>,
    /// With `afterEach`, what went wrong: one for each future that failed, or whose call did.
    pub errors: RefCell<Vec<RuntimeError>>,
    /// Who wants to know when it begins.
    pub begun: RefCell<Option<Future>>,
}

impl Feval {
    pub(crate) fn new(
        kind: FevalKind,
        function: Value,
        inputs: Vec<Value>,
        outputs: usize,
    ) -> Feval {
        Feval {
            kind,
            function,
            inputs,
            outputs,
            is_read: Cell::new(false),
            diary: RefCell::default(),
            order: Cell::new(0),
            errors: RefCell::default(),
            begun: RefCell::default(),
        }
    }

    /// Its future has ended: it is the next in the order of completion.
    pub(crate) fn note_end(&self, machine: &Rc<Machine>) {
        machine.touch(Shared::Jobs, Access::Write);
        machine.jobs_ended.set(machine.jobs_ended.get() + 1);
        self.order.set(machine.jobs_ended.get());
        self.note_begin(machine);
    }

    /// It has begun, or will not any more.
    pub(crate) fn note_begin(&self, machine: &Rc<Machine>) {
        let begun = self.begun.borrow_mut().take();
        if let Some(begun) = begun {
            begun.settle(machine, Ok(tourbillon_builtins::Outputs::new()));
        }
    }

    /// What `f.State` gives.
    pub(crate) fn state_name(&self, state: FutureState, has_begun: bool) -> &'static str {
        if self.kind == FevalKind::Unavailable {
            return "unavailable";
        }
        match state {
            FutureState::Created => "pending",
            FutureState::Pending => match (self.kind, has_begun) {
                (FevalKind::Job, false) => "queued",
                (FevalKind::Job, true) => "running",
                (FevalKind::Each | FevalKind::All | FevalKind::Unavailable, _) => "pending",
            },
            FutureState::Success | FutureState::Failure | FutureState::Cancelled => "finished",
        }
    }
}

/// The error of a future whose job was cancelled.
pub(crate) fn execution_cancelled() -> RuntimeError {
    build_runtime_error("Execution of the future was cancelled.")
        .identifier("parallel:fevalqueue:ExecutionCancelled")
        .build()
}

/// Several futures, some of which ended with errors.
pub(crate) fn some_errored(errors: Vec<RuntimeError>) -> RuntimeError {
    let is_cancelled =
        |error: &RuntimeError| error.identifier() == "parallel:fevalqueue:ExecutionCancelled";
    if let [only] = &errors[..]
        && is_cancelled(only)
    {
        return only.clone().without_place();
    }
    let builder = match errors.iter().all(is_cancelled) {
        true => build_runtime_error("Execution of the futures was cancelled.")
            .identifier("parallel:fevalqueue:ExecutionCancelled"),
        false => build_runtime_error("One or more futures resulted in an error.")
            .identifier("parallel:fevalqueue:ExecutionErrored"),
    };
    let builder = errors
        .into_iter()
        .fold(builder, |builder, error| builder.cause(error));
    builder.build()
}
