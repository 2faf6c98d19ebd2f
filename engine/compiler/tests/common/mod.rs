//! What the snapshots of bytecode share.

use expect_test::Expect;
use tourbillon_compiler::{CompileOptions, compile};
use tourbillon_syntax::Source;

/// Compiles a script and compares its printed bytecode.
pub fn check(text: &str, expected: Expect) {
    let program = match compile(&[Source::new("main.m", text)], &CompileOptions::default()) {
        Ok(program) => program,
        Err(errors) => panic!("{errors:?}"),
    };
    expected.assert_eq(&program.to_string());
}
