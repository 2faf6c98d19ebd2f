//! How many inputs and outputs functions declare, and checks of how many they were given.

use crate::errors;
use crate::fiber::{ALL, Frame};
use crate::interpreter::Interpreter;
use tourbillon_builtins::{BuiltinId, entry};
use tourbillon_compiler::FunctionKind;
use tourbillon_value::{Callee, Result, Value};

impl Interpreter {
    /// `nargin(f)` and `nargout(f)`.
    pub(crate) fn declared(&self, name: &str, is_of_inputs: bool, function: &Value) -> Result<f64> {
        let callee = match function {
            Value::Function(handle) => self.resolve_callee(handle, &[])?,
            text => {
                let function = text.as_text().ok_or_else(|| {
                    errors::wrong_argument(name, 1, "a function handle or a name")
                })?;
                let callee = self.machine.resolve_name(&function);
                callee.ok_or_else(|| errors::undefined(&function))?
            }
        };
        let (count, is_open) = match callee {
            Callee::Program { program, function } => {
                let loaded = self.machine.program(program);
                let code = &loaded.program.functions[function as usize];
                match (is_of_inputs, code.kind) {
                    (true, _) => (usize::from(code.inputs), code.has_varargin),
                    // It gives whatever its body gives.
                    (false, FunctionKind::Anonymous) => (0, true),
                    (false, _) => (code.outputs.len(), code.varargout.is_some()),
                }
            }
            Callee::Builtin(id) => {
                let entry = entry(BuiltinId(id));
                let (least, most) = match is_of_inputs {
                    true => (entry.min_inputs, entry.max_inputs),
                    false => (0, entry.max_outputs),
                };
                match most {
                    u8::MAX => (usize::from(least), true),
                    most => (usize::from(most), false),
                }
            }
            Callee::Unresolved => unreachable!("an unresolved name is an error"),
        };
        let count = count as f64;
        Ok(if is_open { -count - 1.0 } else { count })
    }

    /// `narginchk(least, most)` and `nargoutchk(least, most)`: of the function that calls it.
    pub(crate) fn check_count(&mut self, is_of_inputs: bool, arguments: &[Value]) -> Result<()> {
        let name = if is_of_inputs {
            "narginchk"
        } else {
            "nargoutchk"
        };
        let limit = |at: usize| match &arguments[at] {
            Value::Double(limit) if *limit >= 0.0 => Ok(*limit),
            _ => Err(errors::wrong_argument(
                name,
                at + 1,
                "a number of arguments",
            )),
        };
        let (least, most) = (limit(0)?, limit(1)?);
        let Some(Frame::Code(frame)) = self.top().frames.last() else {
            return Ok(());
        };
        let count = match (is_of_inputs, frame.returns().outputs) {
            (true, _) => frame.inputs(),
            (false, ALL) => frame.code().outputs.len(),
            (false, outputs) => usize::from(outputs),
        } as f64;
        if count < least || count > most {
            return Err(errors::wrong_count(is_of_inputs, count < least));
        }
        Ok(())
    }
}
