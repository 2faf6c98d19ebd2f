//! `cellfun`, `arrayfun`, `structfun`: a function called for each element, as a frame of the machine.

use crate::inputs::{coded, failure, split_options};
use crate::shape::element;
use crate::table::frame;
use crate::{Call, Context, Entry, NativeFrame, Outputs, Step, codes};
use std::rc::Rc;
use tourbillon_value::{Array, Code, Dims, Result, RuntimeError, StructArray, Value, ops};

pub(crate) static TABLE: &[Entry] = &[
    frame(
        "arrayfun",
        2,
        u8::MAX,
        u8::MAX,
        |call| start(call, Kind::Array),
        "[y, …] = arrayfun(f, x, …, 'UniformOutput', tf, 'ErrorHandler', h): f of each element",
    ),
    frame(
        "cellfun",
        2,
        u8::MAX,
        u8::MAX,
        |call| start(call, Kind::Cell),
        "[y, …] = cellfun(f, c, …, 'UniformOutput', tf, 'ErrorHandler', h): f of each cell's content",
    ),
    frame(
        "structfun",
        2,
        u8::MAX,
        u8::MAX,
        |call| start(call, Kind::Struct),
        "[y, …] = structfun(f, s, 'UniformOutput', tf, 'ErrorHandler', h): f of each field's value",
    ),
];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Array,
    Cell,
    Struct,
}

impl Kind {
    fn not_scalar(self) -> &'static Code {
        match self {
            Kind::Array => &codes::ARRAYFUN_NOT_SCALAR,
            Kind::Cell | Kind::Struct => &codes::CELLFUN_NOT_SCALAR,
        }
    }

    fn class_mismatch(self) -> &'static Code {
        match self {
            Kind::Array => &codes::ARRAYFUN_CLASS_MISMATCH,
            Kind::Cell | Kind::Struct => &codes::CELLFUN_CLASS_MISMATCH,
        }
    }

    fn size_mismatch(self) -> &'static Code {
        match self {
            Kind::Array => &codes::ARRAYFUN_SIZE_MISMATCH,
            Kind::Cell | Kind::Struct => &codes::CELLFUN_SIZE_MISMATCH,
        }
    }
}

struct Apply {
    kind: Kind,
    function: Value,
    inputs: Vec<Value>,
    /// Arguments after those of the elements: those of `cellfun('size', c, k)`.
    constants: Vec<Value>,
    handler: Option<Value>,
    uniform: bool,
    outputs: usize,
    dims: Dims,
    count: usize,
    at: usize,
    handles_error: bool,
    /// The results, one list for each output.
    results: Vec<Vec<Value>>,
}

fn start(call: &mut Call<'_>, kind: Kind) -> Result<Box<dyn NativeFrame>> {
    let (rest, options) = split_options(&call.arguments[1..], &["UniformOutput", "ErrorHandler"])?;
    let mut uniform = true;
    let mut handler = None;
    for (name, value) in options {
        if name == "UniformOutput" {
            uniform = ops::is_true(value)?;
        } else {
            handler = Some(function_of(call.context, value)?);
        }
    }
    let mut inputs = rest.to_vec();
    let mut constants = Vec::new();
    let function = match (kind, call.arguments[0].as_text().as_deref()) {
        // The old names, from before there were handles.
        (Kind::Cell, Some(name @ ("size" | "isclass"))) if inputs.len() == 2 => {
            constants.extend(inputs.pop());
            let name = if name == "size" { "size" } else { "isa" };
            function_of(call.context, &Value::text(name))?
        }
        (Kind::Cell, Some("prodofsize")) => function_of(call.context, &Value::text("numel"))?,
        _ => function_of(call.context, &call.arguments[0])?,
    };
    let Some(first) = inputs.first() else {
        return Err(coded(
            &codes::NOT_ENOUGH_INPUTS,
            "Not enough input arguments.",
        ));
    };
    match kind {
        Kind::Cell => {
            for (at, input) in inputs.iter().enumerate() {
                if !matches!(input, Value::Cell(_)) {
                    return Err(coded(
                        &codes::CELLFUN_NOT_CELL,
                        format!(
                            "Input #{} expected to be a cell array, was {} instead.",
                            at + 2,
                            input.class_name()
                        ),
                    ));
                }
            }
        }
        Kind::Struct => {
            if !matches!(first, Value::Struct(array) if array.dims().is_scalar())
                || inputs.len() > 1
            {
                return Err(failure("Inputs to STRUCTFUN must be scalar structures."));
            }
        }
        Kind::Array => {}
    }
    let (dims, count) = match first {
        Value::Struct(array) if kind == Kind::Struct => {
            let count = array.fields().len();
            (Dims::new(count, 1), count)
        }
        first => (size(first), size(first).count()),
    };
    if kind != Kind::Struct && inputs.iter().any(|input| size(input) != dims) {
        return Err(coded(
            kind.size_mismatch(),
            "All of the input arguments must be of the same size and shape.",
        ));
    }
    Ok(Box::new(Apply {
        kind,
        function,
        inputs,
        constants,
        handler,
        uniform,
        outputs: call.outputs,
        dims,
        count,
        at: 0,
        handles_error: false,
        results: vec![Vec::with_capacity(count); call.outputs.max(1)],
    }))
}

/// The size of what is gone through; an object is one element, whatever size it says it has.
fn size(value: &Value) -> Dims {
    match value {
        Value::Object(_) => Dims::scalar(),
        value => value.dims(),
    }
}

/// A function handle, or the function of that name.
pub(crate) fn function_of(context: &dyn Context, value: &Value) -> Result<Value> {
    if let Value::Function(_) = value {
        return Ok(value.clone());
    }
    let name = value.as_text().ok_or_else(|| {
        coded(
            &codes::FEVAL_INPUT,
            "First argument must be a function name or handle",
        )
    })?;
    context
        .resolve(&name)
        .map(|handle| Value::Function(Rc::new(handle)))
        .ok_or_else(|| {
            coded(
                &codes::UNDEFINED_FUNCTION,
                format!("Unrecognized function or variable '{name}'."),
            )
        })
}

impl Apply {
    fn arguments(&self) -> Result<Vec<Value>> {
        let mut arguments = Vec::with_capacity(self.inputs.len() + self.constants.len());
        for input in &self.inputs {
            arguments.push(match (self.kind, input) {
                (Kind::Cell, Value::Cell(cell)) => cell.data()[self.at].clone(),
                (Kind::Struct, Value::Struct(array)) => array.fields()[self.at].1[0].clone(),
                (_, object @ Value::Object(_)) => object.clone(),
                (_, input) => element(input, self.at)?,
            });
        }
        arguments.extend(self.constants.iter().cloned());
        Ok(arguments)
    }

    fn next(&mut self) -> Result<Step> {
        if self.at == self.count {
            return self.finish();
        }
        self.handles_error = false;
        Ok(Step::Call {
            function: self.function.clone(),
            arguments: self.arguments()?,
            outputs: self.outputs,
        })
    }

    /// Keeps the results of one call.
    fn take(&mut self, results: Outputs) -> Result<()> {
        if self.outputs == 0 && results.first().is_none_or(Value::is_undefined) {
            // A function without value, called for what it does.
            return Ok(());
        }
        let wanted = self.outputs.max(1);
        if results.len() < wanted {
            return Err(coded(&codes::MAX_OUTPUTS, "Too many output arguments."));
        }
        for (number, value) in results.into_iter().take(wanted).enumerate() {
            if self.uniform {
                self.check_uniform(number, &value)?;
            }
            self.results[number].push(value);
        }
        Ok(())
    }

    fn check_uniform(&self, number: usize, value: &Value) -> Result<()> {
        let is_plain = match value {
            Value::Double(_) | Value::Bool(_) => true,
            Value::Char(array) => array.dims().is_scalar(),
            _ => false,
        };
        let (index, output) = (self.at + 1, number + 1);
        if !is_plain {
            return Err(coded(
                self.kind.not_scalar(),
                format!(
                    "Non-scalar in Uniform output, at index {index}, output {output}.\nSet 'UniformOutput' to false."
                ),
            ));
        }
        match self.results[number].first() {
            Some(first) if first.class_name() != value.class_name() => Err(coded(
                self.kind.class_mismatch(),
                format!(
                    "Mismatch at index {index} in vector of output {output} (class {} vs {})",
                    first.class_name(),
                    value.class_name()
                ),
            )),
            _ => Ok(()),
        }
    }

    fn finish(&mut self) -> Result<Step> {
        let mut outputs = Outputs::new();
        let results = std::mem::take(&mut self.results);
        // Nothing was given back although there was something to call: there is no value.
        if self.outputs == 0 && self.count > 0 && results[0].len() < self.count {
            return Ok(Step::Return(outputs));
        }
        for values in results {
            outputs.push(if self.uniform {
                uniform(&self.dims, &values)
            } else if let (Kind::Struct, Some(Value::Struct(array))) =
                (self.kind, self.inputs.first())
            {
                let names = array.fields().iter().map(|(name, _)| name.clone());
                let fields = names
                    .zip(values.into_iter().map(|value| vec![value]))
                    .collect();
                Value::Struct(Rc::new(StructArray::new(Dims::scalar(), fields)))
            } else {
                Value::cell(Array::new(self.dims.clone(), values))
            });
        }
        Ok(Step::Return(outputs))
    }
}

/// Scalars of one class as an array; without any, doubles.
fn uniform(dims: &Dims, values: &[Value]) -> Value {
    let number = |value: &Value| value.as_number().unwrap_or(f64::NAN);
    match values.first() {
        Some(Value::Bool(_)) => Value::bools(Array::new(
            dims.clone(),
            values
                .iter()
                .map(|value| matches!(value, Value::Bool(true)))
                .collect(),
        )),
        Some(Value::Char(_)) => Value::chars(Array::new(
            dims.clone(),
            values.iter().map(|value| number(value) as u16).collect(),
        )),
        _ => Value::doubles(Array::new(
            dims.clone(),
            values.iter().map(number).collect(),
        )),
    }
}

impl NativeFrame for Apply {
    fn step(&mut self, _context: &dyn Context, results: Option<Outputs>) -> Result<Step> {
        if let Some(results) = results {
            self.take(results)?;
            self.at += 1;
        }
        self.next()
    }

    fn failed(&mut self, context: &dyn Context, error: RuntimeError) -> Result<Step> {
        let Some(handler) = self.handler.clone() else {
            return Err(error);
        };
        // The handler's own errors go through, and so does what no `catch` sees.
        if self.handles_error || !error.is_catchable() {
            return Err(error);
        }
        self.handles_error = true;
        let report = Value::structure(&[
            (
                "identifier",
                Value::text(error.identifier_in(context.namespace())),
            ),
            ("message", Value::text(error.message())),
            ("index", Value::Double((self.at + 1) as f64)),
        ]);
        let mut arguments = vec![report];
        arguments.extend(self.arguments()?);
        Ok(Step::Call {
            function: handler,
            arguments,
            outputs: self.outputs,
        })
    }

    fn trace(&self, visit: &mut dyn FnMut(&Value)) {
        visit(&self.function);
        self.inputs
            .iter()
            .chain(&self.constants)
            .for_each(&mut *visit);
        self.handler.iter().for_each(&mut *visit);
        self.results.iter().flatten().for_each(visit);
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::check;

    #[test]
    fn functions_are_applied_to_each() {
        check(&[
            ("cellfun(@numel, {'ab' 'c' ''})", "[2 1 0]"),
            ("cellfun('isempty', {1 []})", "[false true]"),
            ("cellfun('length', {'ab' 1})", "[2 1]"),
            ("cellfun('size', {ones(2, 3) 1}, 2)", "[3 1]"),
            ("cellfun('isclass', {1 'a'}, 'char')", "[false true]"),
            (
                "cellfun(@upper, {'a' 'b'}, 'UniformOutput', false)",
                "{'A' 'B'}",
            ),
            ("cellfun(@upper, {'a' 'b'})", "'AB'"),
            ("cellfun(@max, {[1 5] [7 2]})", "[5 7] | [2 1]"),
            ("cellfun(@plus, {1 2}, {10 20})", "[11 22]"),
            ("cellfun(@numel, {})", "[0x0]"),
            ("cellfun(@upper, {}, 'UniformOutput', false)", "{0x0}"),
            (
                "cellfun(@upper, {'ab'})",
                "error: MATLAB:cellfun:NotAScalarOutput: Non-scalar in Uniform output, at index 1, output 1.\nSet 'UniformOutput' to false.",
            ),
            (
                "cellfun(@numel, [1 2])",
                "error: MATLAB:cellfun:NotACell: Input #2 expected to be a cell array, was double instead.",
            ),
            (
                "cellfun(@plus, {1 2}, {1})",
                "error: MATLAB:cellfun:InputsSizeMismatch: All of the input arguments must be of the same size and shape.",
            ),
            (
                "cellfun(@lower, {1 'a'})",
                "error: MATLAB:cellfun:MismatchInOutputTypes: Mismatch at index 2 in vector of output 1 (class double vs char)",
            ),
            (
                "cellfun(@keys, {'q' 'w'})",
                "error: MATLAB:UndefinedFunction: Undefined function 'keys' for input arguments of type 'char'.",
            ),
            ("arrayfun(@abs, [-1 2])", "[1 2]"),
            ("arrayfun(@plus, [1 2; 3 4], [1 1; 1 1])", "[2 3; 4 5]"),
            ("arrayfun(@upper, 'ab')", "'AB'"),
            (
                "arrayfun(@zeros, [1 2], 'UniformOutput', false)",
                "{0 [0 0; 0 0]}",
            ),
            (
                "arrayfun(@zeros, [1 2])",
                "error: MATLAB:arrayfun:NotAScalarOutput: Non-scalar in Uniform output, at index 2, output 1.\nSet 'UniformOutput' to false.",
            ),
            (
                "arrayfun(@fieldnames, struct('a', {1 2}), 'UniformOutput', false)",
                "{{'a'} {'a'}}",
            ),
            ("structfun(@abs, struct('a', -1, 'b', 2))", "[1; 2]"),
            (
                "structfun(@abs, struct('a', -1, 'b', 2), 'UniformOutput', false)",
                "<a=1,b=2>",
            ),
            (
                "structfun(@abs, 3)",
                "error: Inputs to STRUCTFUN must be scalar structures.",
            ),
        ]);
    }

    #[test]
    fn the_error_handler_gets_a_report_and_the_inputs() {
        check(&[
            (
                "cellfun(@keys, {'index' 'index'}, 'ErrorHandler', @getfield)",
                "[1 2]",
            ),
            (
                "cellfun(@keys, {'message' 'index'}, 'ErrorHandler', @getfield, 'UniformOutput', false)",
                "{'Undefined function 'keys' for input arguments of type 'char'.' 2}",
            ),
            (
                "arrayfun(@sqrt, [4 -1], 'ErrorHandler', @getfield)",
                "error: getfield: the argument must be a character vector.",
            ),
        ]);
    }
}
