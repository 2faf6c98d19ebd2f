//! Function handles: made, named, called.

use crate::inputs::{coded, failure, text};
use crate::table::{frame, intrinsic, plain};
use crate::{Call, Context, Entry, Intrinsic, NativeFrame, Outputs, Step, codes, one};
use std::rc::Rc;
use tourbillon_value::{Callee, FunctionHandle, Result, Value};

pub(crate) static TABLE: &[Entry] = &[
    frame(
        "bsxfun",
        3,
        3,
        1,
        bsxfun,
        "y = bsxfun(f, a, b): f(a, b); sizes of 1 stretch by themselves",
    ),
    plain(
        "deal",
        1,
        u8::MAX,
        u8::MAX,
        deal,
        "[a, b] = deal(x, y), [a, b] = deal(x): the inputs as outputs",
    ),
    frame(
        "feval",
        1,
        u8::MAX,
        u8::MAX,
        feval,
        "[y, …] = feval(f, x, …): calls a function by handle or name",
    ),
    plain(
        "func2str",
        1,
        1,
        1,
        func2str,
        "s = func2str(f): the text of a function handle",
    ),
    plain(
        "functions",
        1,
        1,
        1,
        functions,
        "s = functions(f): what a function handle is",
    ),
    plain(
        "is_function_handle",
        1,
        1,
        1,
        is_function_handle,
        "tf = is_function_handle(x)",
    ),
    intrinsic(
        "nargin",
        1,
        1,
        1,
        Intrinsic::InputsOf,
        "n = nargin(f): how many inputs a function declares, -n - 1 when any number may follow; alone, how many it was given",
    ),
    intrinsic(
        "narginchk",
        2,
        2,
        0,
        Intrinsic::InputCheck,
        "narginchk(least, most): fails unless the running function was given so many inputs",
    ),
    intrinsic(
        "nargout",
        1,
        1,
        1,
        Intrinsic::OutputsOf,
        "n = nargout(f): how many outputs a function declares, -n - 1 when any number may follow; alone, how many are wanted",
    ),
    intrinsic(
        "nargoutchk",
        2,
        2,
        0,
        Intrinsic::OutputCheck,
        "nargoutchk(least, most): fails unless so many outputs of the running function are wanted",
    ),
    plain(
        "str2func",
        1,
        1,
        1,
        str2func,
        "f = str2func(name), str2func('@(x) …'): the function handle that a text names or is",
    ),
];

fn deal(call: &mut Call<'_>) -> Result<Outputs> {
    let wanted = call.outputs.max(1);
    match call.arguments.len() {
        1 => Ok(std::iter::repeat_n(call.arguments[0].clone(), wanted).collect()),
        count if count == wanted => Ok(call.arguments.iter_mut().map(std::mem::take).collect()),
        _ => Err(coded(
            &codes::DEAL_MISMATCH,
            "The number of outputs should match the number of inputs.",
        )),
    }
}

/// One call, and its results are the results.
struct Feval {
    function: Value,
    arguments: Vec<Value>,
    outputs: usize,
}

impl NativeFrame for Feval {
    fn step(&mut self, _context: &dyn Context, results: Option<Outputs>) -> Result<Step> {
        Ok(match results {
            Some(results) => Step::Return(results),
            None => Step::Call {
                function: self.function.clone(),
                arguments: std::mem::take(&mut self.arguments),
                outputs: self.outputs,
            },
        })
    }

    fn trace(&self, visit: &mut dyn FnMut(&Value)) {
        visit(&self.function);
        self.arguments.iter().for_each(visit);
    }
}

fn feval(call: &mut Call<'_>) -> Result<Box<dyn NativeFrame>> {
    let function = match &call.arguments[0] {
        Value::Function(_) => call.arguments[0].clone(),
        other => {
            let name = other.as_text().ok_or_else(|| {
                coded(
                    &codes::FEVAL_INPUT,
                    "First argument must be a function name or handle",
                )
            })?;
            let handle = call.context.resolve(&name).ok_or_else(|| {
                // MATLAB names the class of the first input, when there is one.
                let message = match call.arguments.get(1) {
                    Some(first) => format!(
                        "Undefined function '{name}' for input arguments of type '{}'.",
                        first.class_name()
                    ),
                    None => format!("Unrecognized function or variable '{name}'."),
                };
                coded(&codes::UNDEFINED_FUNCTION, message)
            })?;
            Value::Function(Rc::new(handle))
        }
    };
    Ok(Box::new(Feval {
        function,
        arguments: call.arguments[1..].to_vec(),
        outputs: call.outputs,
    }))
}

/// Elementwise functions stretch sizes of 1 by themselves, so this is a plain call.
fn bsxfun(call: &mut Call<'_>) -> Result<Box<dyn NativeFrame>> {
    feval(call)
}

fn handle<'a>(call: &'a Call<'_>) -> Result<&'a FunctionHandle> {
    match &call.arguments[0] {
        Value::Function(handle) => Ok(handle),
        other => Err(crate::inputs::unsupported(call.name, other)),
    }
}

fn func2str(call: &mut Call<'_>) -> Result<Outputs> {
    Ok(one(&*handle(call)?.name))
}

fn functions(call: &mut Call<'_>) -> Result<Outputs> {
    let handle = handle(call)?;
    let kind = if handle.is_anonymous {
        "anonymous"
    } else {
        "simple"
    };
    Ok(one(Value::structure(&[
        ("function", Value::text(&handle.name)),
        ("type", Value::text(kind)),
        ("file", Value::text("")),
    ])))
}

fn is_function_handle(call: &mut Call<'_>) -> Result<Outputs> {
    Ok(one(matches!(call.arguments[0], Value::Function(_))))
}

fn str2func(call: &mut Call<'_>) -> Result<Outputs> {
    let given = text(call.name, &call.arguments[0])?;
    let name = given.strip_prefix('@').unwrap_or(&given).trim();
    if name.starts_with('(') {
        let handle = call.context.compile_function(given.trim())?;
        return Ok(one(Value::Function(Rc::new(handle))));
    }
    if !name.split('.').all(crate::types::is_name) {
        return Err(failure(format!("str2func: '{given}' is no function name.")));
    }
    // A name that nothing has is an error only when the handle is called.
    let handle = call
        .context
        .resolve(name)
        .unwrap_or_else(|| FunctionHandle {
            name: name.into(),
            callee: Callee::Unresolved,
            captures: Vec::new(),
            is_anonymous: false,
        });
    Ok(one(Value::Function(Rc::new(handle))))
}

#[cfg(test)]
mod tests {
    use crate::testing::check;

    #[test]
    fn functions_are_values() {
        check(&[
            ("deal(1, 2)", "1 | 2"),
            ("deal(7)", "7 | 7"),
            (
                "deal(1, 2, 3)",
                "error: MATLAB:deal:narginNargoutMismatch: The number of outputs should match the number of inputs.",
            ),
            ("feval(@max, [3 9])", "9 | 2"),
            ("feval('numel', 'abc')", "3"),
            (
                "feval('nonexistent_q', 1)",
                "error: MATLAB:UndefinedFunction: Undefined function 'nonexistent_q' for input arguments of type 'double'.",
            ),
            (
                "feval(3)",
                "error: MATLAB:feval:invalidFunctionName: First argument must be a function name or handle",
            ),
            ("bsxfun(@plus, [1 2], [10; 20])", "[11 12; 21 22]"),
            ("func2str(@sin)", "'sin'"),
            ("str2func('sin')", "@sin"),
            ("str2func('@sin')", "@sin"),
            ("str2func('nonexistent_q')", "@nonexistent_q"),
            ("is_function_handle(@sin)", "true"),
        ]);
    }
}
