//! Anonymous functions made from a text at run time: `str2func('@(x) x + 1')`.

use crate::machine::Machine;
use std::sync::Arc;
use tourbillon_compiler::{CompileOptions, Instruction, compile as compile_program};
use tourbillon_syntax::ast::{ExpressionKind, StatementKind};
use tourbillon_syntax::{Source, parse};
use tourbillon_value::{Callee, FunctionHandle, Result, RuntimeError, build_runtime_error};

/// The name of the source that such a text is.
const SOURCE: &str = "str2func";

/// The handle of the anonymous function that the text is. It captures nothing, and calls the functions
/// of the session's programs by their names.
pub(crate) fn compile(machine: &Machine, text: &str) -> Result<FunctionHandle> {
    let known = {
        let programs = machine.programs.borrow();
        programs
            .iter()
            .rev()
            .find(|loaded| loaded.is_text && loaded.program.sources[0].text() == text)
            .cloned()
    };
    let loaded = match known {
        Some(loaded) => loaded,
        None => {
            check(text)?;
            let options = CompileOptions {
                strict: machine.options.strict,
                ..CompileOptions::default()
            };
            let program = compile_program(&[Source::new(SOURCE, text)], &options)
                .map_err(|errors| failure(text, errors.first()))?;
            machine.load_as(&Arc::new(program), true)
        }
    };
    let function = loaded.program.functions[0]
        .code
        .iter()
        .find_map(|instruction| match instruction {
            Instruction::Closure { function, .. } => Some(*function),
            _ => None,
        })
        .expect("the text is an anonymous function and nothing more");
    Ok(FunctionHandle {
        name: (&*loaded.program.functions[usize::from(function)].text).into(),
        callee: Callee::Program {
            program: loaded.number,
            function: u32::from(function),
        },
        captures: Vec::new(),
        is_anonymous: true,
    })
}

/// Checks that the text is one anonymous function. What is wrong inside it the compiler says.
fn check(text: &str) -> Result<()> {
    let file = parse(text).file;
    let is_anonymous = match file.body.statements.as_slice() {
        [only] => matches!(
            &only.kind,
            StatementKind::Expression(expression)
                if matches!(expression.kind, ExpressionKind::Anonymous { .. } | ExpressionKind::Error)
        ),
        _ => false,
    };
    if is_anonymous && file.functions.is_empty() {
        Ok(())
    } else {
        Err(failure(text, None))
    }
}

/// The text comes from the program, so what is wrong with it is an error that the program can catch.
fn failure(text: &str, reason: Option<&RuntimeError>) -> RuntimeError {
    let mut message = format!("str2func: '{text}' is no anonymous function.");
    if let Some(reason) = reason {
        message.push(' ');
        message.push_str(reason.message());
    }
    build_runtime_error(message)
        .identifier("MATLAB:str2func:invalidFunction")
        .build()
}
