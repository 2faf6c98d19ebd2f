//! The operators over values: arithmetic, comparisons, logic, transposition, ranges and tests.

mod elementwise;
mod linear;
mod operand;
mod range;
mod truth;

pub use range::{Range, range, range_of};
pub use truth::{condition, is_equal, is_true, switch_matches};

use crate::fail::{fail, unsupported_operand};
use crate::{Array, Dims, Result, StructArray, Value, codes};
use elementwise::{combine, compare, logic};
use operand::{Operand, numbers, truths};
use std::rc::Rc;
use tourbillon_syntax::ast::{BinaryOp, PostfixOp, UnaryOp};

/// Applies an operator to two values. Operands come by value: the array of one that nobody else
/// holds is reused for the result.
pub fn binary(op: BinaryOp, left: Value, right: Value) -> Result<Value> {
    if let (Value::Object(a), Value::Object(b)) = (&left, &right) {
        // Handle objects compare by identity.
        match op {
            BinaryOp::Equal => return Ok(Value::Bool(a.is_same(b))),
            BinaryOp::NotEqual => return Ok(Value::Bool(!a.is_same(b))),
            _ => {}
        }
    }
    let symbol = op.symbol();
    if matches!(op, BinaryOp::And | BinaryOp::Or) {
        let (a, b) = (truths(symbol, left)?, truths(symbol, right)?);
        return match op {
            BinaryOp::And => logic(a, b, |x, y| x & y),
            _ => logic(a, b, |x, y| x | y),
        };
    }
    let a = numbers(symbol, left)?;
    let b = numbers(symbol, right)?;
    match op {
        BinaryOp::Add => combine(a, b, |x, y| x + y),
        BinaryOp::Subtract => combine(a, b, |x, y| x - y),
        BinaryOp::ElementMultiply => combine(a, b, |x, y| x * y),
        BinaryOp::ElementRightDivide => combine(a, b, |x, y| x / y),
        BinaryOp::ElementLeftDivide => combine(a, b, |x, y| y / x),
        BinaryOp::ElementPower => element_power(a, b),
        BinaryOp::Multiply => linear::multiply(a, b),
        BinaryOp::RightDivide => linear::right_divide(a, b),
        BinaryOp::LeftDivide => linear::left_divide(a, b),
        BinaryOp::Power => linear::power(a, b),
        BinaryOp::Less => compare(a, b, |x, y| x < y),
        BinaryOp::LessEqual => compare(a, b, |x, y| x <= y),
        BinaryOp::Greater => compare(a, b, |x, y| x > y),
        BinaryOp::GreaterEqual => compare(a, b, |x, y| x >= y),
        BinaryOp::Equal => compare(a, b, |x, y| x == y),
        BinaryOp::NotEqual => compare(a, b, |x, y| x != y),
        BinaryOp::And | BinaryOp::Or => unreachable!("handled above"),
    }
}

/// `x ^ y` of two real numbers; an error where the result would be complex.
pub fn power(x: f64, y: f64) -> Result<f64> {
    if x < 0.0 && y.is_finite() && y.floor() != y {
        return Err(fail(
            &codes::UNSUPPORTED,
            "Complex numbers are not supported: a negative base needs an integer exponent.",
        ));
    }
    Ok(power_unchecked(x, y))
}

fn power_unchecked(x: f64, y: f64) -> f64 {
    if y == 2.0 { x * x } else { libm::pow(x, y) }
}

fn element_power(a: Operand<f64>, b: Operand<f64>) -> Result<Value> {
    if let Operand::Scalar(2.0) = b {
        return Ok(a.map(|x| x * x).into_value());
    }
    let mut is_complex = false;
    let result = combine(a, b, |x, y| {
        // The check is per pair because broadcasting pairs them.
        power(x, y).unwrap_or_else(|_| {
            is_complex = true;
            f64::NAN
        })
    })?;
    if is_complex {
        return Err(power(-1.0, 0.5).expect_err("this power is complex"));
    }
    Ok(result)
}

/// Applies a prefix operator.
pub fn unary(op: UnaryOp, value: Value) -> Result<Value> {
    match op {
        UnaryOp::Plus => Ok(numbers("+", value)?.into_value()),
        UnaryOp::Minus => Ok(numbers("-", value)?.map(|x| -x).into_value()),
        UnaryOp::Not => Ok(truths("~", value)?.map(|x| !x).into_value()),
    }
}

/// Applies a postfix operator. There are no complex numbers, so both transpose.
pub fn postfix(op: PostfixOp, value: Value) -> Result<Value> {
    match value {
        Value::Double(_) | Value::Bool(_) | Value::Exception(_) => Ok(value),
        Value::DoubleArray(array) => Ok(Value::doubles(transposed(array)?)),
        Value::BoolArray(array) => Ok(Value::bools(transposed(array)?)),
        Value::Char(array) => Ok(Value::chars(transposed(array)?)),
        Value::Cell(array) => Ok(Value::cell(transposed(array)?)),
        Value::Struct(array) => {
            let dims = transposed_dims(array.dims())?;
            if array.dims().is_vector() {
                let (_, fields) = Rc::unwrap_or_clone(array).into_parts();
                return Ok(Value::Struct(Rc::new(StructArray::new(dims, fields))));
            }
            let mut fields = Vec::with_capacity(array.fields().len());
            for (name, values) in array.fields() {
                fields.push((name.clone(), transposed_data(array.dims(), values)));
            }
            Ok(Value::Struct(Rc::new(StructArray::new(dims, fields))))
        }
        Value::Object(ref object) if object.dims().is_scalar() => Ok(value),
        Value::Object(_)
        | Value::Function(_)
        | Value::Undefined
        | Value::Colon
        | Value::List(_) => Err(unsupported_operand(postfix_symbol(op), &value)),
    }
}

fn postfix_symbol(op: PostfixOp) -> &'static str {
    match op {
        PostfixOp::ConjugateTranspose => "'",
        PostfixOp::Transpose => ".'",
    }
}

fn transposed_dims(dims: &Dims) -> Result<Dims> {
    if dims.rank() > 2 {
        return Err(fail(
            &codes::NOT_A_MATRIX,
            "TRANSPOSE does not support N-D arrays. Use PAGETRANSPOSE/PAGECTRANSPOSE to transpose \
             pages or PERMUTE to reorder dimensions of N-D arrays.",
        ));
    }
    Ok(Dims::new(dims.columns(), dims.rows()))
}

fn transposed<T: Clone>(array: Rc<Array<T>>) -> Result<Array<T>> {
    let dims = transposed_dims(array.dims())?;
    if array.dims().is_vector() {
        // The elements of a vector lie the same way in both orientations.
        return Ok(Rc::unwrap_or_clone(array).reshaped(dims));
    }
    let data = transposed_data(array.dims(), array.data());
    Ok(Array::new(dims, data))
}

fn transposed_data<T: Clone>(dims: &Dims, data: &[T]) -> Vec<T> {
    let (rows, columns) = (dims.rows(), dims.columns());
    let mut out = Vec::with_capacity(data.len());
    for row in 0..rows {
        for column in 0..columns {
            out.push(data[column * rows + row].clone());
        }
    }
    out
}

#[cfg(test)]
mod tests;
