//! `RuntimeError`: the one error of the engine, a value until the host boundary.

pub(crate) mod parts;

use crate::codes::{Code, Namespace};
use std::fmt;
use std::rc::Rc;
use tourbillon_syntax::{Source, Span};

/// The engine's result.
pub type Result<T, E = RuntimeError> = std::result::Result<T, E>;

/// A place in a named source text.
#[derive(Clone, Debug)]
pub struct SourceSpan {
    /// The text.
    pub source: Source,
    /// The place.
    pub span: Span,
}

/// When an error came up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Phase {
    /// Before anything ran: lexer, parser, compiler.
    Compile,
    /// While the program ran.
    #[default]
    Run,
}

/// One call frame of `e.stack`, innermost first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StackFrame {
    /// Name of the source text.
    pub file: Rc<str>,
    /// Name of the function; empty for the script's own code.
    pub name: Rc<str>,
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
}

/// Where an error came up.
#[derive(Clone, Debug, Default)]
pub struct ErrorContext {
    /// The library function that failed.
    pub builtin: Option<Rc<str>>,
    /// Call frames, innermost first.
    pub stack: Vec<StackFrame>,
    /// When it came up.
    pub phase: Phase,
    /// Label of the task in which it came up.
    pub task: Option<Rc<str>>,
}

#[derive(Clone, Debug)]
enum Identifier {
    None,
    Text(Rc<str>),
    Code(&'static Code),
}

#[derive(Clone, Debug)]
struct Inner {
    message: Rc<str>,
    identifier: Identifier,
    span: Option<SourceSpan>,
    source: Option<Rc<dyn std::error::Error>>,
    causes: Vec<RuntimeError>,
    context: ErrorContext,
    catchable: bool,
    cancellation: Option<crate::ObjectId>,
    is_of_caller: bool,
}

/// Causes may nest to any depth: they are dropped one after another, not one within another.
impl Drop for Inner {
    fn drop(&mut self) {
        let mut pending = std::mem::take(&mut self.causes);
        while let Some(mut cause) = pending.pop() {
            if let Some(inner) = Rc::get_mut(&mut cause.0) {
                pending.append(&mut inner.causes);
            }
        }
    }
}

/// An error of the engine. Cheap to clone; changes copy on write.
#[derive(Clone, Debug)]
pub struct RuntimeError(Rc<Inner>);

/// Starts an error with its message.
pub fn build_runtime_error(message: impl Into<Rc<str>>) -> RuntimeErrorBuilder {
    RuntimeErrorBuilder(Inner {
        message: message.into(),
        identifier: Identifier::None,
        span: None,
        source: None,
        causes: Vec::new(),
        context: ErrorContext::default(),
        catchable: true,
        cancellation: None,
        is_of_caller: false,
    })
}

/// The only way to make an error.
#[derive(Clone, Debug)]
pub struct RuntimeErrorBuilder(Inner);

impl RuntimeErrorBuilder {
    /// An identifier that is the same in every namespace. An empty one is none.
    pub fn identifier(mut self, identifier: impl Into<Rc<str>>) -> Self {
        let identifier = identifier.into();
        self.0.identifier = if identifier.is_empty() {
            Identifier::None
        } else {
            Identifier::Text(identifier)
        };
        self
    }

    /// One of the engine's own identifiers, which follow the session's namespace.
    pub fn code(mut self, code: &'static Code) -> Self {
        self.0.identifier = Identifier::Code(code);
        self
    }

    /// Where it came up.
    pub fn span(mut self, source: &Source, span: Span) -> Self {
        self.0.span = Some(SourceSpan {
            source: source.clone(),
            span,
        });
        self
    }

    /// The foreign error behind it, such as the provider's or the operating system's.
    pub fn source(mut self, source: impl std::error::Error + 'static) -> Self {
        self.0.source = Some(Rc::new(source));
        self
    }

    /// Adds an `MException` cause.
    pub fn cause(mut self, cause: RuntimeError) -> Self {
        self.0.causes.push(cause);
        self
    }

    /// The library function that failed.
    pub fn builtin(mut self, name: impl Into<Rc<str>>) -> Self {
        self.0.context.builtin = Some(name.into());
        self
    }

    /// When it came up.
    pub fn phase(mut self, phase: Phase) -> Self {
        self.0.context.phase = phase;
        self
    }

    /// The call frames, innermost first.
    pub fn stack(mut self, stack: Vec<StackFrame>) -> Self {
        self.0.context.stack = stack;
        self
    }

    /// An error that `catch` does not see: the host's own cancellation.
    pub fn uncatchable(mut self) -> Self {
        self.0.catchable = false;
        self
    }

    /// An error that asks the body of that future to stop. What a program makes itself under the same
    /// identifier is no request.
    pub fn cancellation(mut self, future: crate::ObjectId) -> Self {
        self.0.cancellation = Some(future);
        self
    }

    /// The error.
    pub fn build(self) -> RuntimeError {
        RuntimeError(Rc::new(self.0))
    }
}

impl RuntimeError {
    /// The message.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The identifier in the given namespace; empty when there is none.
    pub fn identifier_in(&self, namespace: Namespace) -> &str {
        match &self.0.identifier {
            Identifier::None => "",
            Identifier::Text(text) => text,
            Identifier::Code(code) => code.in_namespace(namespace),
        }
    }

    /// The identifier as thrown; MATLAB's where no session has fixed it yet.
    pub fn identifier(&self) -> &str {
        self.identifier_in(Namespace::Matlab)
    }

    /// Whether `catch` sees it.
    pub fn is_catchable(&self) -> bool {
        self.0.catchable
    }

    /// The future whose body this error asks to stop.
    pub fn cancellation(&self) -> Option<crate::ObjectId> {
        self.0.cancellation
    }

    /// Where it came up.
    pub fn span(&self) -> Option<&SourceSpan> {
        self.0.span.as_ref()
    }

    /// The foreign error behind it.
    pub fn foreign_source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source.as_deref()
    }

    /// The causes that `e.cause` shows.
    pub fn causes(&self) -> &[RuntimeError] {
        &self.0.causes
    }

    /// The context.
    pub fn context(&self) -> &ErrorContext {
        &self.0.context
    }

    /// Whether both are the very same error, not only equal ones.
    pub fn is_same(&self, other: &RuntimeError) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }

    /// The same error with one more cause.
    #[must_use]
    pub fn with_cause(mut self, cause: RuntimeError) -> RuntimeError {
        Rc::make_mut(&mut self.0).causes.push(cause);
        self
    }

    /// The same error with its identifier fixed to the session's namespace.
    #[must_use]
    pub fn in_namespace(mut self, namespace: Namespace) -> RuntimeError {
        if let Identifier::Code(code) = self.0.identifier {
            let text = code.in_namespace(namespace);
            Rc::make_mut(&mut self.0).identifier = if text.is_empty() {
                Identifier::None
            } else {
                Identifier::Text(text.into())
            };
        }
        self
    }

    /// Adds what is not yet known: an outer layer never overwrites what an inner one said.
    #[must_use]
    pub fn with_context(mut self, add: impl FnOnce(&mut ContextAdder<'_>)) -> RuntimeError {
        let inner = Rc::make_mut(&mut self.0);
        add(&mut ContextAdder(inner));
        self
    }

    /// The same error with further call frames after the ones it has: those that awaited.
    #[must_use]
    pub fn with_appended_frames(mut self, frames: Vec<StackFrame>) -> RuntimeError {
        if !frames.is_empty() {
            Rc::make_mut(&mut self.0).context.stack.extend(frames);
        }
        self
    }

    /// The same error as if thrown afresh: without frames, span and task.
    #[must_use]
    pub fn without_place(mut self) -> RuntimeError {
        let inner = Rc::make_mut(&mut self.0);
        inner.context.stack.clear();
        inner.context.task = None;
        inner.span = None;
        self
    }

    /// The same error as if whoever called the running function had thrown it.
    #[must_use]
    pub fn thrown_as_caller(self) -> RuntimeError {
        let mut error = self.without_place();
        Rc::make_mut(&mut error.0).is_of_caller = true;
        error
    }

    /// Whether the frame of whoever throws it is to be left out. Asked once, when the frames are known.
    pub fn take_is_of_caller(&mut self) -> bool {
        self.0.is_of_caller && std::mem::replace(&mut Rc::make_mut(&mut self.0).is_of_caller, false)
    }
}

/// Fills the gaps of an error's context.
pub struct ContextAdder<'a>(&'a mut Inner);

impl ContextAdder<'_> {
    /// The place, when none is known.
    pub fn span(&mut self, source: &Source, span: Span) {
        if self.0.span.is_none() {
            self.0.span = Some(SourceSpan {
                source: source.clone(),
                span,
            });
        }
    }

    /// The library function, when none is known.
    pub fn builtin(&mut self, name: &str) {
        if self.0.context.builtin.is_none() {
            self.0.context.builtin = Some(name.into());
        }
    }

    /// The call frames, when none are known.
    pub fn stack(&mut self, stack: impl FnOnce() -> Vec<StackFrame>) {
        if self.0.context.stack.is_empty() {
            self.0.context.stack = stack();
        }
    }

    /// The task, when none is known.
    pub fn task(&mut self, task: impl FnOnce() -> Rc<str>) {
        if self.0.context.task.is_none() {
            self.0.context.task = Some(task());
        }
    }
}

impl fmt::Display for RuntimeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.message())
    }
}

impl std::error::Error for RuntimeError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.0.source {
            Some(source) => Some(&**source),
            None => self
                .0
                .causes
                .first()
                .map(|cause| cause as &(dyn std::error::Error + 'static)),
        }
    }
}
