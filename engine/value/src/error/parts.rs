//! An error taken apart, so that any thread may have it.

use super::{ErrorContext, Identifier, Inner, Phase, RuntimeError, SourceSpan, StackFrame};
use crate::Code;
use std::fmt;
use std::rc::Rc;

/// Everything of an error but its causes. The foreign error behind it becomes its text, and a request to
/// stop is none any more.
#[derive(Clone, Debug)]
pub(crate) struct ErrorParts {
    message: String,
    identifier: PortableIdentifier,
    span: Option<SourceSpan>,
    source: Option<String>,
    builtin: Option<String>,
    stack: Vec<PortableFrame>,
    phase: Phase,
    task: Option<String>,
}

#[derive(Clone, Debug)]
enum PortableIdentifier {
    None,
    Text(String),
    Code(&'static Code),
}

#[derive(Clone, Debug)]
struct PortableFrame {
    file: String,
    name: String,
    line: u32,
    column: u32,
}

/// What a foreign error said.
#[derive(Debug)]
struct Told(String);

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Told {}

impl ErrorParts {
    pub(crate) fn of(error: &RuntimeError) -> ErrorParts {
        let inner = &*error.0;
        let context = &inner.context;
        let frame = |frame: &StackFrame| PortableFrame {
            file: frame.file.to_string(),
            name: frame.name.to_string(),
            line: frame.line,
            column: frame.column,
        };
        ErrorParts {
            message: inner.message.to_string(),
            identifier: match &inner.identifier {
                Identifier::None => PortableIdentifier::None,
                Identifier::Text(text) => PortableIdentifier::Text(text.to_string()),
                Identifier::Code(code) => PortableIdentifier::Code(code),
            },
            span: inner.span.clone(),
            source: inner.source.as_ref().map(ToString::to_string),
            builtin: context.builtin.as_deref().map(str::to_owned),
            stack: context.stack.iter().map(frame).collect(),
            phase: context.phase,
            task: context.task.as_deref().map(str::to_owned),
        }
    }

    pub(crate) fn whole(&self, causes: Vec<RuntimeError>) -> RuntimeError {
        let frame = |frame: &PortableFrame| StackFrame {
            file: frame.file.as_str().into(),
            name: frame.name.as_str().into(),
            line: frame.line,
            column: frame.column,
        };
        let told = |text: &String| -> Rc<dyn std::error::Error> { Rc::new(Told(text.clone())) };
        RuntimeError(Rc::new(Inner {
            message: self.message.as_str().into(),
            identifier: match &self.identifier {
                PortableIdentifier::None => Identifier::None,
                PortableIdentifier::Text(text) => Identifier::Text(text.as_str().into()),
                PortableIdentifier::Code(code) => Identifier::Code(code),
            },
            span: self.span.clone(),
            source: self.source.as_ref().map(told),
            causes,
            context: ErrorContext {
                builtin: self.builtin.as_deref().map(Into::into),
                stack: self.stack.iter().map(frame).collect(),
                phase: self.phase,
                task: self.task.as_deref().map(Into::into),
            },
            catchable: true,
            cancellation: None,
            is_of_caller: false,
        }))
    }
}
