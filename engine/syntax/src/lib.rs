//! From text to a syntax tree with diagnostics. Nothing here runs or resolves anything.

pub mod ast;
mod diagnostic;
mod lexer;
mod parser;
mod print;
mod source;
mod token;

pub use diagnostic::{Diagnostic, Severity};
pub use parser::{Parsed, parse, parse_with_variables};
pub use print::{print, print_expression};
pub use source::{Position, Source, Span};
