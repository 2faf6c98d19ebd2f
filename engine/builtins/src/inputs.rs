//! Inputs of library functions as Rust values, with MATLAB's errors for those that do not fit.

use crate::codes;
use smallvec::SmallVec;
use std::borrow::Cow;
use tourbillon_value::{Code, Dims, Result, RuntimeError, Value, build_runtime_error};

/// An error without an identifier: MATLAB's own has none, or none that is known for sure.
pub(crate) fn failure(message: impl Into<std::rc::Rc<str>>) -> RuntimeError {
    build_runtime_error(message).build()
}

/// An error with one of MATLAB's identifiers.
pub(crate) fn coded(code: &'static Code, message: impl Into<std::rc::Rc<str>>) -> RuntimeError {
    build_runtime_error(message).code(code).build()
}

/// What MATLAB says when a function has no method for a class.
pub(crate) fn unsupported(name: &str, value: &Value) -> RuntimeError {
    coded(
        &codes::UNDEFINED_FUNCTION,
        format!(
            "Undefined function '{name}' for input arguments of type '{}'.",
            value.class_name()
        ),
    )
}

/// The numbers of a double, logical or char array.
pub(crate) struct Numbers<'a> {
    pub(crate) dims: Dims,
    pub(crate) data: Cow<'a, [f64]>,
}

/// The value as numbers; `None` for what has none.
pub(crate) fn as_numbers(value: &Value) -> Option<Numbers<'_>> {
    let (dims, data) = match value {
        Value::Double(number) => (Dims::scalar(), Cow::Borrowed(std::slice::from_ref(number))),
        Value::Bool(truth) => (
            Dims::scalar(),
            Cow::Owned(vec![f64::from(u8::from(*truth))]),
        ),
        Value::DoubleArray(array) => (array.dims().clone(), Cow::Borrowed(array.data())),
        Value::BoolArray(array) => (
            array.dims().clone(),
            Cow::Owned(
                array
                    .data()
                    .iter()
                    .map(|truth| f64::from(u8::from(*truth)))
                    .collect(),
            ),
        ),
        Value::Char(array) => (
            array.dims().clone(),
            Cow::Owned(array.data().iter().map(|unit| f64::from(*unit)).collect()),
        ),
        Value::Cell(_)
        | Value::Struct(_)
        | Value::Function(_)
        | Value::Exception(_)
        | Value::Object(_)
        | Value::Undefined
        | Value::Colon
        | Value::List(_) => return None,
    };
    Some(Numbers { dims, data })
}

/// The value as numbers, or the error of the function `name`.
pub(crate) fn numbers<'a>(name: &str, value: &'a Value) -> Result<Numbers<'a>> {
    as_numbers(value).ok_or_else(|| unsupported(name, value))
}

/// A char row, or the error of the function `name`.
pub(crate) fn text(name: &str, value: &Value) -> Result<String> {
    value
        .as_text()
        .ok_or_else(|| failure(format!("{name}: the argument must be a character vector.")))
}

/// A real scalar, or the error of the function `name`.
pub(crate) fn scalar(name: &str, value: &Value) -> Result<f64> {
    match as_numbers(value) {
        Some(numbers) if numbers.data.len() == 1 => Ok(numbers.data[0]),
        Some(_) => Err(failure(format!("{name}: the argument must be a scalar."))),
        None => Err(unsupported(name, value)),
    }
}

/// A whole number of at least `least`, or the error of the function `name`.
pub(crate) fn whole(name: &str, value: &Value, least: f64) -> Result<usize> {
    let number = scalar(name, value)?;
    if number.fract() == 0.0 && number >= least && number < 9e15 {
        Ok(number as usize)
    } else {
        Err(failure(format!(
            "{name}: the argument must be an integer of at least {least}."
        )))
    }
}

/// A dimension argument, counted from 0.
pub(crate) fn dimension(value: &Value) -> Result<usize> {
    match value.as_number() {
        Some(number) if number.fract() == 0.0 && (1.0..1e6).contains(&number) => {
            Ok(number as usize - 1)
        }
        _ => Err(failure(
            "Dimension argument must be a positive integer scalar within indexing range.",
        )),
    }
}

/// Checks that an array of that size can be made.
pub(crate) fn checked(dims: Dims) -> Result<Dims> {
    Dims::checked(dims.as_slice())
}

/// Sizes as `zeros` takes them: none, one for a square, several, or one row of sizes.
pub(crate) fn sizes(name: &str, arguments: &[Value]) -> Result<Dims> {
    let clamp = |number: f64| -> Result<usize> {
        if number.is_nan() {
            return Err(failure("NaN and Inf not allowed."));
        }
        if number.fract() != 0.0 {
            return Err(failure("Size inputs must be integers."));
        }
        // `as` saturates, so that infinity is refused as too large.
        Ok(number.max(0.0) as usize)
    };
    let dims = match arguments {
        [] => Dims::scalar(),
        [only] => {
            let sizes = numbers(name, only)?;
            match &*sizes.data {
                [side] => Dims::new(clamp(*side)?, clamp(*side)?),
                [] => return Err(failure("Size vector should have at least two elements.")),
                several => Dims::from_slice(
                    &several
                        .iter()
                        .map(|size| clamp(*size))
                        .collect::<Result<Vec<_>>>()?,
                ),
            }
        }
        several => {
            let mut all = Vec::with_capacity(several.len());
            for size in several {
                let size = numbers(name, size)?;
                match &*size.data {
                    [size] => all.push(clamp(*size)?),
                    _ => return Err(failure("Size inputs must be scalar.")),
                }
            }
            Dims::from_slice(&all)
        }
    };
    checked(dims)
}

/// The texts of a cell array of char rows, or `None`.
pub(crate) fn cell_texts(value: &Value) -> Option<Vec<String>> {
    match value {
        Value::Cell(cell) => cell.data().iter().map(Value::as_text).collect(),
        _ => None,
    }
}

/// A char row as one text, a cell of char rows as several.
pub(crate) fn text_or_texts(value: &Value) -> Option<Vec<String>> {
    match value.as_text() {
        Some(text) => Some(vec![text]),
        None => cell_texts(value),
    }
}

/// Named options in the order they were given, each under the name that was asked for.
pub(crate) type Options<'a> = SmallVec<[(&'static str, &'a Value); 2]>;

/// Splits trailing `'Name', value` options off: everything from the first text among `names` on.
pub(crate) fn split_options<'a>(
    arguments: &'a [Value],
    names: &[&'static str],
) -> Result<(&'a [Value], Options<'a>)> {
    let named = |argument: &Value| {
        let is_named = |name: &&&str| is_text_ignoring_case(argument, name);
        names.iter().find(is_named).copied()
    };
    let start = arguments
        .iter()
        .position(|argument| named(argument).is_some())
        .unwrap_or(arguments.len());
    let mut options = Options::new();
    let mut rest = arguments[start..].iter();
    while let Some(name) = rest.next() {
        let name = named(name).ok_or_else(|| failure("Expected an option name."))?;
        let value = rest
            .next()
            .ok_or_else(|| failure(format!("The option '{name}' has no value.")))?;
        options.push((name, value));
    }
    Ok((&arguments[..start], options))
}

/// Whether a value is that text, which is ASCII.
pub(crate) fn is_text(value: &Value, text: &str) -> bool {
    is_ascii_text(value, text, |unit, byte| unit == byte)
}

/// The same, in upper or lower case.
fn is_text_ignoring_case(value: &Value, text: &str) -> bool {
    is_ascii_text(value, text, |unit, byte| unit.eq_ignore_ascii_case(&byte))
}

fn is_ascii_text(value: &Value, text: &str, is_alike: impl Fn(u8, u8) -> bool) -> bool {
    let Value::Char(array) = value else {
        return false;
    };
    let units = array.data();
    let mut pairs = units.iter().zip(text.bytes());
    units.len() == text.len()
        && pairs.all(|(unit, byte)| u8::try_from(*unit).is_ok_and(|unit| is_alike(unit, byte)))
        && (text.is_empty() || array.dims().rows() == 1)
}
