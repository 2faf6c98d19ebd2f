//! Bytecode as text, for people and for snapshots.

use crate::Program;
use std::fmt::Write;

/// The whole program.
pub fn print(program: &Program) -> String {
    let mut text = String::new();
    for function in &program.functions {
        let _ = writeln!(text, "function {}", function.name);
        for (at, instruction) in function.code.iter().enumerate() {
            let _ = writeln!(text, "{at:4}  {instruction:?}");
        }
    }
    text
}
