//! An operand as numbers or truths, whatever class it had.

use crate::fail::{nan_to_logical, unsupported_operand};
use crate::{Array, Result, Value};
use std::rc::Rc;

/// A scalar or a shared array of one element type.
pub(super) enum Operand<T> {
    /// 1 × 1.
    Scalar(T),
    /// Anything else.
    Array(Rc<Array<T>>),
}

impl<T: Copy> Operand<T> {
    /// Every element changed, in place where nobody else holds the array.
    pub fn map(self, f: impl Fn(T) -> T) -> Operand<T> {
        match self {
            Operand::Scalar(x) => Operand::Scalar(f(x)),
            Operand::Array(mut array) => {
                if let Some(own) = Rc::get_mut(&mut array) {
                    for x in own.data_mut() {
                        *x = f(*x);
                    }
                    return Operand::Array(array);
                }
                let data = array.data().iter().map(|x| f(*x)).collect();
                Operand::Array(Rc::new(Array::new(array.dims().clone(), data)))
            }
        }
    }
}

impl Operand<f64> {
    /// The operand as a value.
    pub fn into_value(self) -> Value {
        match self {
            Operand::Scalar(x) => Value::Double(x),
            Operand::Array(array) if array.dims().is_scalar() => Value::Double(array.data()[0]),
            Operand::Array(array) => Value::DoubleArray(array),
        }
    }
}

impl Operand<bool> {
    /// The operand as a value.
    pub fn into_value(self) -> Value {
        match self {
            Operand::Scalar(x) => Value::Bool(x),
            Operand::Array(array) if array.dims().is_scalar() => Value::Bool(array.data()[0]),
            Operand::Array(array) => Value::BoolArray(array),
        }
    }
}

fn converted<T, U: Copy>(array: &Array<T>, f: impl Fn(&T) -> U) -> Operand<U> {
    match array.data() {
        [only] if array.dims().is_scalar() => Operand::Scalar(f(only)),
        data => {
            let data = data.iter().map(f).collect();
            Operand::Array(Rc::new(Array::new(array.dims().clone(), data)))
        }
    }
}

/// The operand of an arithmetic operator or comparison: logicals and chars count as numbers.
pub(super) fn numbers(symbol: &str, value: Value) -> Result<Operand<f64>> {
    match value {
        Value::Double(x) => Ok(Operand::Scalar(x)),
        Value::Bool(x) => Ok(Operand::Scalar(f64::from(u8::from(x)))),
        Value::DoubleArray(array) if array.dims().is_scalar() => {
            Ok(Operand::Scalar(array.data()[0]))
        }
        Value::DoubleArray(array) => Ok(Operand::Array(array)),
        Value::BoolArray(array) => Ok(converted(&array, |x| f64::from(u8::from(*x)))),
        Value::Char(array) => Ok(converted(&array, |x| f64::from(*x))),
        Value::Undefined
        | Value::Cell(_)
        | Value::Struct(_)
        | Value::Function(_)
        | Value::Exception(_)
        | Value::Object(_)
        | Value::Colon
        | Value::List(_) => Err(unsupported_operand(symbol, &value)),
    }
}

/// The operand of a logical operator: everything but zero is true, and NaN is an error.
pub(super) fn truths(symbol: &str, value: Value) -> Result<Operand<bool>> {
    match value {
        Value::Bool(x) => Ok(Operand::Scalar(x)),
        Value::BoolArray(array) => Ok(Operand::Array(array)),
        Value::Double(x) if x.is_nan() => Err(nan_to_logical()),
        Value::Double(x) => Ok(Operand::Scalar(x != 0.0)),
        Value::DoubleArray(array) => {
            if array.data().iter().any(|x| x.is_nan()) {
                return Err(nan_to_logical());
            }
            Ok(converted(&array, |x| *x != 0.0))
        }
        Value::Char(array) => Ok(converted(&array, |x| *x != 0)),
        Value::Undefined
        | Value::Cell(_)
        | Value::Struct(_)
        | Value::Function(_)
        | Value::Exception(_)
        | Value::Object(_)
        | Value::Colon
        | Value::List(_) => Err(unsupported_operand(symbol, &value)),
    }
}
