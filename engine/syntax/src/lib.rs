//! From text to a syntax tree with diagnostics. Nothing here runs or resolves anything.

pub mod ast;
mod diagnostic;
mod source;

pub use diagnostic::{Diagnostic, Severity};
pub use source::{Position, Source, Span};
