//! What the lexer and the parser have to say about a text.

use crate::Span;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// The program cannot run.
    Error,
    /// The program runs; it may not mean what it seems to.
    Warning,
}

/// One remark about a place in a source text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// Identifier that programs see, such as `MATLAB:m_missing_end`; stable.
    pub identifier: &'static str,
    /// One sentence.
    pub message: String,
    /// Where.
    pub span: Span,
    /// How to mend it, where that is known.
    pub help: Option<String>,
}
