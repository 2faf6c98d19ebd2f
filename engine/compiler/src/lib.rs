//! From the syntax tree to verified register bytecode.

pub mod bytecode;
mod print;

pub use bytecode::{
    CleanupRange, Constant, ConstantCallee, Function, FunctionKind, Handler, HandlerKind,
    Instruction, PathShape, Program, Register,
};
