//! The tree of a generated program: small, typed, and race-free by construction.
//!
//! Every form either touches what one task alone can reach, or changes shared state in one step by an
//! operation that commutes, or orders its tasks by awaiting. So the outcome is the same under every
//! schedule, and all printing happens in the main program after everything was joined.

use crate::litmus::Litmus;

/// A whole program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    /// The async functions `t0`, `t1`, …; each calls only those after it, so that every program ends.
    pub functions: Vec<Function>,
    /// The main program.
    pub main: Block,
}

/// Statements in order.
pub type Block = Vec<Statement>;

/// An async function. It gets the shared map and a number, and gives a number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Function {
    /// Its statements.
    pub body: Block,
    /// Whether it may end with an error: then every await of it is in a `try`.
    pub may_fail: bool,
    /// What it leaves to an `onCleanup` of its own.
    pub cleanup: Option<Cleanup>,
}

/// An `onCleanup` that adds to a shared counter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cleanup {
    /// The counter.
    pub key: Key,
    /// Whether it gives way before it adds.
    pub is_slow: bool,
}

/// A local number; every body has three.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Local {
    /// `a`, which is also the argument.
    A,
    /// `b`
    B,
    /// `c`
    C,
}

/// One of the counters in the map that all tasks share: `k0` to `k2`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key(pub u8);

/// How many shared counters there are.
pub const KEYS: u8 = 3;

/// A computation on locals: `mod(left * factor + right + plus, 1009)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Formula {
    /// The first operand.
    pub left: Local,
    /// What multiplies it.
    pub factor: u8,
    /// The second operand.
    pub right: Local,
    /// What is added.
    pub plus: u8,
}

/// A call of an async function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Call {
    /// The index of the function.
    pub callee: usize,
    /// The number it gets.
    pub argument: Formula,
}

/// One statement; those with tasks in them join all that they start, except [`Statement::Detach`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Statement {
    /// A local gets a new value.
    Compute {
        /// Which.
        to: Local,
        /// The value.
        formula: Formula,
    },
    /// An atomic, commutative change of a shared counter.
    Add {
        /// The counter.
        key: Key,
        /// What is added.
        formula: Formula,
        /// Whether a function does it.
        by_function: bool,
    },
    /// `yield_now()`
    Yield,
    /// A sleep.
    Sleep {
        /// How long; 0 is ready at once.
        milliseconds: u8,
        /// Whether as a future that is awaited, else by `pause`.
        is_awaited: bool,
    },
    /// A branch on the parity of a local.
    If {
        /// The local.
        on: Local,
        /// When it is even.
        then: Block,
        /// When it is odd.
        otherwise: Block,
    },
    /// A loop.
    Loop {
        /// How often at most.
        times: u8,
        /// Whether it is a `while` loop.
        is_while: bool,
        /// Where it leaves the body early.
        exit: Option<Exit>,
        /// The body.
        body: Block,
        /// Runs after each body, also after one that was left.
        finally: Block,
    },
    /// `try`, with an error at the end of its body when a local is even.
    Try {
        /// The body.
        body: Block,
        /// The local.
        on: Local,
        /// The error.
        error: Throw,
        /// Runs after the error.
        caught: Block,
        /// Runs in any case.
        finally: Block,
    },
    /// `unwind_protect`
    Unwind {
        /// The body.
        body: Block,
        /// The cleanup.
        cleanup: Block,
    },
    /// A function with an `onCleanup`, which fails when its number is odd.
    Guarded {
        /// The counter its cleanup adds to.
        key: Key,
        /// Its number.
        formula: Formula,
    },
    /// Data that one task alone has, built in a loop.
    Own {
        /// The kind of data.
        kind: OwnKind,
        /// How many elements.
        count: u8,
        /// Whether the loop gives way in between.
        yields: bool,
        /// What gets the sum.
        to: Local,
    },
    /// One call of an async function.
    Call {
        /// The call.
        call: Call,
        /// How it is made and awaited.
        form: CallForm,
        /// What gets the result.
        to: Local,
    },
    /// A spawned call with callbacks, and statements before it is awaited.
    Spawn {
        /// The call.
        call: Call,
        /// Its priority: an index into [`PRIORITIES`], when one is given.
        priority: Option<u8>,
        /// The callbacks, registered in order.
        callbacks: Vec<Callback>,
        /// What the caller does meanwhile.
        between: Block,
        /// What gets the result.
        to: Local,
    },
    /// Several calls that cannot fail, joined by `await_all`.
    All {
        /// The calls.
        calls: Vec<Call>,
        /// How they are given.
        form: AllForm,
        /// What gets the sum.
        to: Local,
    },
    /// Several calls, taken as they complete, by a sum that does not depend on the order.
    Set {
        /// The calls.
        calls: Vec<Call>,
        /// Whether the set is `futures_unordered`, else a join set.
        is_unordered: bool,
        /// What gets the sum.
        to: Local,
    },
    /// A race among sleeps of different lengths, so that the winner is certain.
    Race {
        /// The lengths; all different.
        milliseconds: Vec<u8>,
        /// Which function decides.
        form: RaceForm,
        /// What gets the result.
        to: Local,
    },
    /// A sleep awaited with a timeout of another length.
    Timeout {
        /// The length of the sleep.
        sleep_milliseconds: u8,
        /// The timeout; another length.
        limit_milliseconds: u8,
        /// What gets the result.
        to: Local,
    },
    /// A task that sleeps and is cancelled.
    Cancel {
        /// Whether it had begun.
        has_begun: bool,
        /// Whether it catches the cancellation and returns all the same.
        swallows: bool,
        /// What gets a number that tells how it ended.
        to: Local,
    },
    /// A chain of tasks, each waiting for the promise that the one before completes.
    Relay {
        /// How many tasks.
        length: u8,
        /// What goes in.
        formula: Formula,
        /// What gets the result.
        to: Local,
    },
    /// A promise that another task fails.
    FailedPromise {
        /// What gets the result.
        to: Local,
    },
    /// Tasks that count down together; the last one completes a promise.
    Latch {
        /// How many tasks.
        count: u8,
        /// What gets the result.
        to: Local,
    },
    /// A map that is handed to a task and read after it was joined.
    Handoff {
        /// How many steps the task takes.
        count: u8,
        /// What the caller does meanwhile.
        between: Block,
        /// What gets the result.
        to: Local,
    },
    /// A file with a name of its own: written, read, perhaps deleted.
    File {
        /// Whether by the async forms.
        is_async: bool,
        /// Whether it is deleted in the end.
        is_deleted: bool,
        /// What is written.
        formula: Formula,
        /// What gets what was read.
        to: Local,
    },
    /// A file that is not there.
    MissingFile {
        /// Whether by the async form.
        is_async: bool,
        /// What gets a number that tells the error.
        to: Local,
    },
    /// Async recursion.
    Deep {
        /// How deep.
        depth: u8,
        /// What gets the result.
        to: Local,
    },
    /// A fixed situation.
    Litmus {
        /// Which.
        litmus: Litmus,
        /// What gets the result.
        to: Local,
    },
    /// A call that cannot fail and that only the end of the program joins.
    Detach {
        /// The call.
        call: Call,
    },
    /// A failure that nobody looks at; only in the main program.
    Unobserved,
}

/// Where a loop leaves its body early.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exit {
    /// In which round, from 1.
    pub round: u8,
    /// Whether the loop ends, else it goes on with the next round.
    pub is_break: bool,
}

/// How an error is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Throw {
    /// `error` with an identifier.
    Error,
    /// An index past the end.
    Index,
    /// A name that means nothing.
    Undefined,
    /// An error caught and thrown again.
    Rethrow,
    /// An error thrown in an async block that is awaited.
    Awaited,
}

/// Data of one task alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OwnKind {
    /// A `containers.Map`.
    Map,
    /// A cell row that grows.
    Cell,
    /// A numeric row that grows.
    Row,
    /// A struct with nested fields.
    Struct,
}

/// How a single call is made and awaited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallForm {
    /// `await(f)`
    Await,
    /// `await(f, 'Timeout', s)` with more time than there is.
    LongTimeout,
    /// Inside an async block with an expression body.
    ExpressionBlock,
    /// Inside an async block with a statement body.
    StatementBlock,
    /// Through `then`; the function given to it adds 1.
    Then,
    /// One future that so many tasks and the caller await.
    Shared(u8),
}

/// How `await_all` gets its members.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AllForm {
    /// Created futures as arguments.
    Arguments,
    /// A cell of created futures.
    Cell,
    /// As arguments, under a deadline that is far away.
    LongTimeout,
    /// Spawned one by one beforehand.
    Spawned,
}

/// Which function decides a race.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RaceForm {
    /// `race`: the shortest sleep wins.
    Race,
    /// `await_any`, where the first member fails: the shortest of the others wins.
    Any,
    /// `await_all`, where the first member fails: its failure is thrown, unless all else is over.
    AllFails,
}

/// A callback of a spawned call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Callback {
    /// `on_success`: adds to a counter what the value says.
    Success(Key),
    /// `on_failure`: adds to a counter.
    Failure(Key),
    /// `on_complete`: adds to a counter, after giving way.
    Complete(Key),
    /// `on_complete` with a function that throws.
    Throws,
}

/// The priorities of [`Statement::Spawn`].
pub const PRIORITIES: [&str; 5] = ["critical", "high", "normal", "low", "idle"];

impl Statement {
    /// The blocks inside it.
    #[must_use]
    pub fn blocks(&self) -> Vec<&Block> {
        match self {
            Statement::If {
                then, otherwise, ..
            } => vec![then, otherwise],
            Statement::Loop { body, finally, .. } => vec![body, finally],
            Statement::Try {
                body,
                caught,
                finally,
                ..
            } => vec![body, caught, finally],
            Statement::Unwind { body, cleanup } => vec![body, cleanup],
            Statement::Spawn { between, .. } | Statement::Handoff { between, .. } => vec![between],
            Statement::Compute { .. }
            | Statement::Add { .. }
            | Statement::Yield
            | Statement::Sleep { .. }
            | Statement::Guarded { .. }
            | Statement::Own { .. }
            | Statement::Call { .. }
            | Statement::All { .. }
            | Statement::Set { .. }
            | Statement::Race { .. }
            | Statement::Timeout { .. }
            | Statement::Cancel { .. }
            | Statement::Relay { .. }
            | Statement::FailedPromise { .. }
            | Statement::Latch { .. }
            | Statement::File { .. }
            | Statement::MissingFile { .. }
            | Statement::Deep { .. }
            | Statement::Litmus { .. }
            | Statement::Detach { .. }
            | Statement::Unobserved => Vec::new(),
        }
    }

    /// The same, to be changed.
    pub fn blocks_mut(&mut self) -> Vec<&mut Block> {
        match self {
            Statement::If {
                then, otherwise, ..
            } => vec![then, otherwise],
            Statement::Loop { body, finally, .. } => vec![body, finally],
            Statement::Try {
                body,
                caught,
                finally,
                ..
            } => vec![body, caught, finally],
            Statement::Unwind { body, cleanup } => vec![body, cleanup],
            Statement::Spawn { between, .. } | Statement::Handoff { between, .. } => vec![between],
            Statement::Compute { .. }
            | Statement::Add { .. }
            | Statement::Yield
            | Statement::Sleep { .. }
            | Statement::Guarded { .. }
            | Statement::Own { .. }
            | Statement::Call { .. }
            | Statement::All { .. }
            | Statement::Set { .. }
            | Statement::Race { .. }
            | Statement::Timeout { .. }
            | Statement::Cancel { .. }
            | Statement::Relay { .. }
            | Statement::FailedPromise { .. }
            | Statement::Latch { .. }
            | Statement::File { .. }
            | Statement::MissingFile { .. }
            | Statement::Deep { .. }
            | Statement::Litmus { .. }
            | Statement::Detach { .. }
            | Statement::Unobserved => Vec::new(),
        }
    }

    /// The calls it makes itself, those of its blocks not counted.
    #[must_use]
    pub fn calls(&self) -> &[Call] {
        match self {
            Statement::Call { call, .. }
            | Statement::Spawn { call, .. }
            | Statement::Detach { call } => std::slice::from_ref(call),
            Statement::All { calls, .. } | Statement::Set { calls, .. } => calls,
            Statement::Compute { .. }
            | Statement::Add { .. }
            | Statement::Yield
            | Statement::Sleep { .. }
            | Statement::If { .. }
            | Statement::Loop { .. }
            | Statement::Try { .. }
            | Statement::Unwind { .. }
            | Statement::Guarded { .. }
            | Statement::Own { .. }
            | Statement::Race { .. }
            | Statement::Timeout { .. }
            | Statement::Cancel { .. }
            | Statement::Relay { .. }
            | Statement::FailedPromise { .. }
            | Statement::Latch { .. }
            | Statement::Handoff { .. }
            | Statement::File { .. }
            | Statement::MissingFile { .. }
            | Statement::Deep { .. }
            | Statement::Litmus { .. }
            | Statement::Unobserved => &[],
        }
    }
}

impl Program {
    /// Which functions the main program reaches.
    #[must_use]
    pub fn reached(&self) -> Vec<bool> {
        let mut reached = vec![false; self.functions.len()];
        mark(&self.main, &mut reached);
        for index in 0..self.functions.len() {
            // Calls go to later functions only, so that one pass is enough.
            if reached[index] {
                mark(&self.functions[index].body, &mut reached);
            }
        }
        reached
    }

    /// Whether any statement that can run holds.
    #[must_use]
    pub fn any(&self, holds: &mut dyn FnMut(&Statement) -> bool) -> bool {
        let reached = self.reached();
        let functions = self.functions.iter().zip(reached);
        any_in(&self.main, holds)
            || functions
                .filter(|(_, is_reached)| *is_reached)
                .any(|(function, _)| any_in(&function.body, holds))
    }
}

fn mark(block: &Block, reached: &mut [bool]) {
    for statement in block {
        for call in statement.calls() {
            reached[call.callee] = true;
        }
        for inner in statement.blocks() {
            mark(inner, reached);
        }
    }
}

fn any_in(block: &Block, holds: &mut dyn FnMut(&Statement) -> bool) -> bool {
    block.iter().any(|statement| {
        holds(statement)
            || statement
                .blocks()
                .into_iter()
                .any(|inner| any_in(inner, holds))
    })
}
