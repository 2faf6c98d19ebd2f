//! Shortcuts for real double scalars, the common case of every loop.

use super::window::Window;
use super::*;

/// Carries out an operator on two real double scalars, where that is simple; says whether it was.
#[inline(always)]
pub(super) fn scalar_binary(
    window: &mut Window<'_>,
    op: BinaryOp,
    dst: Register,
    a: f64,
    b: f64,
) -> bool {
    let number = match op {
        BinaryOp::Add => a + b,
        BinaryOp::Subtract => a - b,
        BinaryOp::Multiply | BinaryOp::ElementMultiply => a * b,
        BinaryOp::RightDivide | BinaryOp::ElementRightDivide => a / b,
        BinaryOp::LeftDivide | BinaryOp::ElementLeftDivide => b / a,
        // Negative bases and NaN have rules of their own.
        BinaryOp::Power | BinaryOp::ElementPower | BinaryOp::And | BinaryOp::Or => return false,
        BinaryOp::Less
        | BinaryOp::LessEqual
        | BinaryOp::Greater
        | BinaryOp::GreaterEqual
        | BinaryOp::Equal
        | BinaryOp::NotEqual => {
            window.set_bool(dst, compare(op, a, b));
            return true;
        }
    };
    window.set_double(dst, number);
    true
}

#[inline(always)]
pub(super) fn compare(op: BinaryOp, a: f64, b: f64) -> bool {
    match op {
        BinaryOp::Less => a < b,
        BinaryOp::LessEqual => a <= b,
        BinaryOp::Greater => a > b,
        BinaryOp::GreaterEqual => a >= b,
        BinaryOp::Equal => a == b,
        _ => a != b,
    }
}

/// An element of an array by one scalar index, where that needs no error.
#[inline]
pub(super) fn scalar_index(base: &Value, at: f64) -> Option<Value> {
    let place = at as usize;
    if place as f64 != at || place == 0 {
        return None;
    }
    match base {
        Value::DoubleArray(array) => array.data().get(place - 1).copied().map(Value::Double),
        Value::BoolArray(array) => array.data().get(place - 1).copied().map(Value::Bool),
        _ => None,
    }
}

/// `variable(index) = value` of a double into an element that is there, in place.
#[inline]
pub(super) fn store_scalar(
    window: &mut Window<'_>,
    variable: Register,
    index: Register,
    value: Register,
) -> bool {
    let (Value::Double(at), Value::Double(number)) = (
        &window.registers[usize::from(index)],
        &window.registers[usize::from(value)],
    ) else {
        return false;
    };
    let (at, number) = (*at, *number);
    let place = at as usize;
    if place as f64 != at || place == 0 {
        return false;
    }
    let Value::DoubleArray(array) = &mut window.registers[usize::from(variable)] else {
        return false;
    };
    match Rc::get_mut(array).and_then(|array| array.data_mut().get_mut(place - 1)) {
        Some(element) => {
            *element = number;
            true
        }
        None => false,
    }
}
