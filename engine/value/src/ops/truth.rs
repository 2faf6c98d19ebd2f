//! Values as conditions, and whether two values are equal.

use super::operand::truths;
use crate::convert::to_doubles;
use crate::fail::{fail, nan_to_logical, no_conversion};
use crate::{Result, Value, codes};
use std::rc::Rc;

/// Whether an `if` or `while` takes the value as true: not empty, and no element zero.
pub fn is_true(value: &Value) -> Result<bool> {
    match value {
        Value::Bool(truth) => Ok(*truth),
        Value::Double(number) if number.is_nan() => Err(nan_to_logical()),
        Value::Double(number) => Ok(*number != 0.0),
        Value::DoubleArray(array) => {
            if array.data().iter().any(|x| x.is_nan()) {
                return Err(nan_to_logical());
            }
            Ok(array.count() > 0 && array.data().iter().all(|x| *x != 0.0))
        }
        Value::BoolArray(array) => Ok(array.count() > 0 && array.data().iter().all(|x| *x)),
        Value::Char(array) => Ok(array.count() > 0 && array.data().iter().all(|x| *x != 0)),
        Value::Undefined
        | Value::Cell(_)
        | Value::Struct(_)
        | Value::Function(_)
        | Value::Exception(_)
        | Value::Object(_)
        | Value::Colon
        | Value::List(_) => Err(no_conversion("logical", value)),
    }
}

/// The truth of an operand of `&&` or `||`, which must be a scalar. `operator` is the one whose
/// operand it is.
pub fn condition(value: &Value, operator: &str) -> Result<bool> {
    match value {
        Value::Bool(truth) => Ok(*truth),
        Value::Double(number) if number.is_nan() => Err(nan_to_logical()),
        Value::Double(number) => Ok(*number != 0.0),
        Value::Char(array) if array.count() == 1 => Ok(array.data()[0] != 0),
        Value::DoubleArray(_) | Value::BoolArray(_) | Value::Char(_) => Err(fail(
            &codes::NOT_LOGICAL_SCALAR,
            "Operands to the logical AND (&&) and OR (||) operators must be convertible to \
             logical scalar values. Use the ANY or ALL functions to reduce operands to logical \
             scalar values.",
        )),
        Value::Undefined
        | Value::Cell(_)
        | Value::Struct(_)
        | Value::Function(_)
        | Value::Exception(_)
        | Value::Object(_)
        | Value::Colon
        | Value::List(_) => Err(truths(operator, value.clone())
            .err()
            .unwrap_or_else(nan_to_logical)),
    }
}

/// Whether a `switch` over `subject` takes that `case`: numbers by `==`, texts by `strcmp`, a cell
/// by any of its members. A char never matches a number.
pub fn switch_matches(subject: &Value, case: &Value) -> Result<bool> {
    let is_text = matches!(subject, Value::Char(array) if array.dims().rows() <= 1);
    let is_scalar = match subject {
        Value::Cell(_) | Value::Struct(_) | Value::Function(_) => false,
        Value::Undefined | Value::Colon | Value::List(_) => false,
        Value::Double(_)
        | Value::Bool(_)
        | Value::DoubleArray(_)
        | Value::BoolArray(_)
        | Value::Char(_)
        | Value::Exception(_)
        | Value::Object(_) => subject.count() <= 1,
    };
    if !is_text && !is_scalar {
        return Err(fail(
            &codes::BAD_SWITCH,
            "SWITCH expression must be a scalar or a character vector.",
        ));
    }
    if let Value::Cell(cases) = case {
        return Ok(cases.data().iter().any(|case| matches_one(subject, case)));
    }
    Ok(matches_one(subject, case))
}

fn matches_one(subject: &Value, case: &Value) -> bool {
    match (subject, case) {
        (Value::Char(a), Value::Char(b)) => {
            (a.count() == 0 && b.count() == 0) || (a.dims() == b.dims() && a.data() == b.data())
        }
        (Value::Char(_), _) | (_, Value::Char(_)) => false,
        (Value::Object(a), Value::Object(b)) => a.is_same(b),
        _ => match (subject.as_number(), case.as_number()) {
            (Some(a), Some(b)) => a == b,
            _ => is_numeric(subject) && is_numeric(case) && subject.is_empty() && case.is_empty(),
        },
    }
}

fn is_numeric(value: &Value) -> bool {
    matches!(
        value,
        Value::Double(_) | Value::Bool(_) | Value::DoubleArray(_) | Value::BoolArray(_)
    )
}

/// `isequal`: same size and equal elements, whatever the numeric class; NaN equals nothing.
/// Objects are equal to themselves, functions when they call the same with the same captures.
pub fn is_equal(a: &Value, b: &Value) -> bool {
    // Values may nest to any depth, so the pairs to compare wait here and not on the stack.
    let mut pending = vec![(a, b)];
    while let Some((a, b)) = pending.pop() {
        if !matches_outside(a, b, &mut pending) {
            return false;
        }
    }
    true
}

/// Compares two values but for what they contain: that goes to `pending`, pair by pair.
fn matches_outside<'a>(
    a: &'a Value,
    b: &'a Value,
    pending: &mut Vec<(&'a Value, &'a Value)>,
) -> bool {
    match (a, b) {
        (Value::Double(a), Value::Double(b)) => a == b,
        (Value::DoubleArray(a), Value::DoubleArray(b)) => a == b,
        (Value::BoolArray(a), Value::BoolArray(b)) => a == b,
        (Value::Char(a), Value::Char(b)) => a == b,
        (Value::Cell(a), Value::Cell(b)) => {
            pending.extend(a.data().iter().zip(b.data()));
            a.dims() == b.dims()
        }
        (Value::Struct(a), Value::Struct(b)) => {
            for (name, values) in a.fields() {
                let Some(others) = b.get(name) else {
                    return false;
                };
                pending.extend(values.iter().zip(others));
            }
            a.dims() == b.dims() && a.fields().len() == b.fields().len()
        }
        (Value::Function(a), Value::Function(b)) => {
            if Rc::ptr_eq(a, b) {
                return true;
            }
            pending.extend(a.captures.iter().zip(&b.captures));
            a.name == b.name
                && a.callee == b.callee
                && a.is_anonymous == b.is_anonymous
                && a.captures.len() == b.captures.len()
        }
        (Value::Object(a), Value::Object(b)) => a.is_same(b),
        (Value::Exception(a), Value::Exception(b)) => {
            a.is_same(b) || (a.message() == b.message() && a.identifier() == b.identifier())
        }
        _ => equal_as_numbers(a, b),
    }
}

/// Arrays of different classes, number by number.
fn equal_as_numbers(a: &Value, b: &Value) -> bool {
    if a.dims() != b.dims() {
        return false;
    }
    match (to_doubles(a), to_doubles(b)) {
        (Ok(a), Ok(b)) => a == b,
        _ => false,
    }
}
