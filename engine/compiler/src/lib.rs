//! From the syntax tree to verified register bytecode.

pub mod bytecode;
mod captures;
mod lower;
mod names;
mod nesting;
mod operands;
mod print;
mod registers;
mod scope;
mod unit;
mod verify;

pub use bytecode::{
    CleanupRange, Constant, ConstantCallee, Function, FunctionKind, Handler, HandlerKind,
    Instruction, PathShape, Program, Register,
};
pub use verify::verify;

use std::rc::Rc;
use tourbillon_syntax::Source;
use tourbillon_value::RuntimeError;

/// How to compile.
#[derive(Clone, Debug)]
pub struct CompileOptions {
    /// Strict compatibility: every async form and `finally` is an error.
    pub strict: bool,
    /// Whether the script's own code may `await`.
    pub top_level_await: bool,
    /// Variables that exist in the session's workspace; the script sees them.
    pub workspace: Vec<Rc<str>>,
}

impl Default for CompileOptions {
    fn default() -> CompileOptions {
        CompileOptions {
            strict: false,
            top_level_await: true,
            workspace: Vec::new(),
        }
    }
}

/// Compiles a program. `sources[0]` is the main script; the others are function files: the first
/// function of each is visible everywhere, its other functions only in their own file.
///
/// All errors have phase `Compile`, an identifier and a span; they come in the order of places.
///
/// # Panics
/// When `sources` is empty.
pub fn compile(sources: &[Source], options: &CompileOptions) -> Result<Program, Vec<RuntimeError>> {
    assert!(!sources.is_empty(), "there is always a main script");
    let program = unit::compile_unit(sources, options)?;
    if let Err(problem) = verify(&program) {
        panic!("the compiler made bytecode that breaks its rules: {problem}\n{program}");
    }
    Ok(program)
}
