//! Function handles.

use crate::Value;
use std::rc::Rc;

/// What a handle calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Callee {
    /// A library function, by its number in the library's table.
    Builtin(u16),
    /// A function of a program that the session has loaded.
    Program {
        /// Number of the program in its session.
        program: u32,
        /// Number of the function in the program.
        function: u32,
    },
    /// A name that stood for nothing when the handle was made; calling it is the error.
    Unresolved,
}

/// A function handle: what it calls, and the values an anonymous function captured.
#[derive(Clone, Debug)]
pub struct FunctionHandle {
    /// `sin` for `@sin`; for an anonymous function its text, `@(x)x+1`.
    pub name: Rc<str>,
    /// What it calls.
    pub callee: Callee,
    /// Values of the captured variables; they go before the arguments. Empty for named functions.
    pub captures: Vec<Value>,
    /// Whether it was written as `@(…) …`.
    pub is_anonymous: bool,
}

impl Drop for FunctionHandle {
    fn drop(&mut self) {
        crate::release::release(&mut self.captures);
    }
}
