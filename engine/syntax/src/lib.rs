//! From text to a syntax tree with diagnostics. Nothing here runs or resolves anything.
//!
//! ```
//! let parsed = tourbillon_syntax::parse("x = [1 -2]';\nif x(1 == 1, disp ok, end");
//! assert_eq!(parsed.diagnostics.len(), 1);
//! assert_eq!(parsed.diagnostics[0].identifier, "MATLAB:m_syntax_error");
//! ```

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
