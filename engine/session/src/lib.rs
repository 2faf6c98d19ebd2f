//! The public API of the engine: a session, its executions and their results.
//!
//! ```
//! # use std::rc::Rc;
//! # use tourbillon_session::{Session, SessionOptions, testing};
//! let (host, policy) = testing::offline();
//! let session = Session::new(host, policy, None, SessionOptions::default());
//! let result = testing::block_on(session.execute("y = 1 + 1;"));
//! assert!(result.error.is_none());
//! assert_eq!(result.values["y"].as_number(), Some(2.0));
//! ```
//!
//! A session can be watched: by its counts, and by subscribers of `tracing`.
//!
//! ```
//! use tourbillon_session::{Session, SessionOptions, testing};
//!
//! let (host, policy) = testing::offline();
//! let options = SessionOptions {
//!     tracing: true,
//!     ..SessionOptions::default()
//! };
//! let session = Session::new(host, policy, None, options);
//! let result = testing::block_on(session.execute("await(sleep_async(1));"));
//! let counts = result.statistics;
//! assert_eq!((counts.operations, counts.pending, counts.peak_pending), (1, 0, 2));
//! ```

pub mod testing;
mod traced;

use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;
use tourbillon_compiler::{CompileOptions, Program};
use tourbillon_host::{Host, Observer, Policy};
use tourbillon_syntax::Source;
use tourbillon_value::{RuntimeError, Value};
use tourbillon_vm::Machine;
use traced::Traced;

pub use tourbillon_executor::{Capacities, CapacityExceeded};
pub use tourbillon_vm::{
    CancelHandle, FutureState, FutureView, Ledger, OnExit, Options, Statistics, Tier, Unhandled,
    future_view,
};

/// The options of a session: those of its machine, and those of its compiler.
#[derive(Clone, Debug)]
pub struct SessionOptions {
    /// Strict compatibility: every async form is refused before anything runs.
    pub strict: bool,
    /// Whether `await` is allowed at top level.
    pub top_level_await: bool,
    /// Whether subscribers of `tracing` hear of executions, tasks and operations. Without it nothing of
    /// that is computed.
    pub tracing: bool,
    /// The machine's options.
    pub machine: Options,
}

impl Default for SessionOptions {
    fn default() -> SessionOptions {
        SessionOptions {
            strict: false,
            top_level_await: true,
            tracing: false,
            machine: Options::default(),
        }
    }
}

/// How an execution ended.
#[derive(Clone, Debug)]
pub struct ExecutionResult {
    /// The workspace's variables afterwards.
    pub values: BTreeMap<String, Value>,
    /// What was printed, unless the session does not capture it.
    pub output: String,
    /// Warnings and reports.
    pub diagnostics: Vec<RuntimeError>,
    /// The error that nobody caught.
    pub error: Option<RuntimeError>,
    /// Counts since the session was made or reset, and what is there now.
    pub statistics: Statistics,
}

/// One session: a workspace and the programs that run in it. It stays on its thread.
pub struct Session {
    machine: Rc<Machine>,
    traced: Option<Rc<Traced>>,
    options: SessionOptions,
}

impl Session {
    /// A session over a host, scheduled by a policy, and watched if wanted.
    pub fn new(
        host: Rc<dyn Host>,
        policy: Rc<dyn Policy>,
        observer: Option<Rc<dyn Observer>>,
        options: SessionOptions,
    ) -> Session {
        let mut machine = options.machine.clone();
        machine.strict |= options.strict;
        let traced = options.tracing.then(|| Traced::new(observer.clone()));
        let observer = match &traced {
            Some(traced) => Some(traced.clone() as Rc<dyn Observer>),
            None => observer,
        };
        let machine = Machine::new(host, policy, observer, machine);
        Session {
            machine,
            traced,
            options,
        }
    }

    /// Compiles a program against the session's workspace. The first source is the script; others are
    /// function files.
    ///
    /// # Errors
    /// All that is wrong with it, in the order of the text.
    pub fn compile(&self, sources: &[Source]) -> Result<Arc<Program>, Vec<RuntimeError>> {
        compile(sources, &self.options, self.machine.workspace_names())
    }

    /// Compiles and runs a text under the name `main.m`.
    pub async fn execute(&self, text: &str) -> ExecutionResult {
        self.execute_sources(&[Source::new("main.m", text)]).await
    }

    /// Compiles and runs a program of several texts.
    pub async fn execute_sources(&self, sources: &[Source]) -> ExecutionResult {
        match self.compile(sources) {
            Ok(program) => self.execute_program(&program).await,
            Err(errors) => {
                let mut errors = errors.into_iter();
                let error = errors.next();
                self.failed(error, errors.collect())
            }
        }
    }

    /// Runs a compiled program to its end: the script, then every task it left behind.
    pub async fn execute_program(&self, program: &Arc<Program>) -> ExecutionResult {
        let main = program.sources.first();
        let name = main.map_or("", |source| source.name());
        let traced = self.traced.as_ref().and_then(|traced| traced.begin(name));
        let ended = self.machine.execute(program).await;
        let statistics = self.statistics();
        let (error, output, diagnostics) = match ended {
            Ok(execution) => (execution.error, execution.output, execution.diagnostics),
            Err(error) => return self.failed(Some(error), Vec::new()),
        };
        if let Some(traced) = traced {
            traced.end(&statistics, error.as_ref());
        }
        ExecutionResult {
            values: self.values(),
            output,
            diagnostics,
            error,
            statistics,
        }
    }

    /// The counts up to now, also while an execution is under way. Looking at what the values hold costs
    /// as much as there is.
    pub fn statistics(&self) -> Statistics {
        Statistics {
            value_bytes: self.machine.value_bytes(),
            ..self.machine.statistics()
        }
    }

    /// A handle that stops the current execution, or the next when none runs.
    pub fn cancel_handle(&self) -> CancelHandle {
        self.machine.cancel_handle()
    }

    /// Closes the session: the workspace's cleanups run and everything goes. Gives what they reported.
    ///
    /// # Errors
    /// `async:SessionBusy` when an execution is under way.
    pub async fn close(&self) -> Result<Vec<RuntimeError>, RuntimeError> {
        self.machine.close().await
    }

    /// Makes a closed session as good as new; capacity and loaded programs are kept.
    ///
    /// # Panics
    /// When an execution is under way.
    pub fn reset(&self) {
        self.machine.reset();
    }

    /// What is left, by kind; all zero after the session was closed.
    pub fn ledger(&self) -> Ledger {
        self.machine.ledger()
    }

    /// The workspace's variables.
    pub fn values(&self) -> BTreeMap<String, Value> {
        self.machine
            .workspace()
            .into_iter()
            .map(|(name, value)| (name.to_string(), value))
            .collect()
    }

    /// Puts a variable into the workspace.
    ///
    /// # Errors
    /// `async:SessionBusy` when an execution is under way: the variables are its own then.
    pub fn set_value(&self, name: &str, value: Value) -> Result<(), RuntimeError> {
        self.machine.set_variable(name, value)
    }

    /// The machine, for hosts that drive it themselves.
    pub fn machine(&self) -> &Rc<Machine> {
        &self.machine
    }

    /// The options.
    pub fn options(&self) -> &SessionOptions {
        &self.options
    }

    fn failed(&self, error: Option<RuntimeError>, rest: Vec<RuntimeError>) -> ExecutionResult {
        ExecutionResult {
            values: self.values(),
            output: String::new(),
            diagnostics: rest,
            error,
            statistics: self.statistics(),
        }
    }
}

/// Compiles a program that any number of sessions can share.
///
/// # Errors
/// All that is wrong with it, in the order of the text.
pub fn compile(
    sources: &[Source],
    options: &SessionOptions,
    workspace: Vec<Rc<str>>,
) -> Result<Arc<Program>, Vec<RuntimeError>> {
    let options = CompileOptions {
        strict: options.strict,
        top_level_await: options.top_level_await,
        workspace,
    };
    tourbillon_compiler::compile(sources, &options).map(Arc::new)
}
