//! `for` loops: over ranges that are never made, and over the columns of arrays.

use super::window::Window;
use super::*;

/// Begins a loop over a range without making the array: the state is start, step, count and the
/// number of the next element.
pub(super) fn begin_range(
    window: &mut Window<'_>,
    state: Register,
    base: Register,
    has_step: bool,
) -> Result<()> {
    let start = window.read(base)?;
    let second = window.read(base + 1)?;
    let third = if has_step {
        Some(window.read(base + 2)?)
    } else {
        None
    };
    let (step, stop) = match &third {
        Some(stop) => (Some(&second), stop),
        None => (None, &second),
    };
    if let (Value::Double(first), Some(Value::Double(by)), Value::Double(last)) =
        (&start, step.or(Some(&Value::Double(1.0))), stop)
    {
        // Counting up is exact for integers only; other ranges have elements that depend on both ends.
        if first.fract() == 0.0 && by.fract() == 0.0 {
            let count = ops::Range::new(*first, *by, *last).count();
            window.set(state, Value::Double(*first));
            window.set(state + 1, Value::Double(*by));
            window.set(state + 2, Value::Double(count as f64));
            window.set(state + 3, Value::Double(0.0));
            return Ok(());
        }
    }
    let value = ops::range(&start, step, stop)?;
    begin_columns(window, state, value);
    Ok(())
}

/// Begins a loop over columns: the state is the array, nothing, the number of columns and the number
/// of the next one.
pub(super) fn begin_columns(window: &mut Window<'_>, state: Register, value: Value) {
    let dims = value.dims();
    // An array without rows has columns of no elements, and the loop runs over them; only `[]` itself
    // and arrays without columns give no turn.
    let columns: usize = dims.as_slice()[1..].iter().product();
    window.set(state, value);
    window.set(state + 1, Value::Undefined);
    window.set(state + 2, Value::Double(columns as f64));
    window.set(state + 3, Value::Double(0.0));
}

/// Puts the next element into `dst`; at the end clears the state and says so.
pub(super) fn next_element(
    window: &mut Window<'_>,
    state: Register,
    dst: Register,
) -> Result<bool> {
    let place = usize::from(state);
    let (Value::Double(count), Value::Double(at)) =
        (&window.registers[place + 2], &window.registers[place + 3])
    else {
        unreachable!("the loop state was begun")
    };
    let (count, at) = (*count, *at);
    if at >= count {
        for register in &mut window.registers[place..place + 4] {
            *register = Value::Undefined;
        }
        return Ok(false);
    }
    if let (Value::Double(first), Value::Double(by)) =
        (&window.registers[place], &window.registers[place + 1])
    {
        let element = first + at * by;
        window.set_double(state + 3, at + 1.0);
        window.set_double(dst, element);
        return Ok(true);
    }
    window.registers[place + 3] = Value::Double(at + 1.0);
    let element = column(&window.registers[place], at as usize)?;
    window.set(dst, element);
    Ok(true)
}

/// One column of an array.
pub(super) fn column(array: &Value, at: usize) -> Result<Value> {
    match array {
        Value::DoubleArray(array) if array.dims().rows() == 1 => {
            Ok(Value::Double(array.data()[at]))
        }
        Value::Cell(array) if array.dims().rows() == 1 => {
            Ok(Value::cell(Array::row(vec![array.data()[at].clone()])))
        }
        Value::Function(_) | Value::Exception(_) | Value::Object(_) => Ok(array.clone()),
        other => index::paren(other, &[Value::Colon, Value::Double(at as f64 + 1.0)]),
    }
}
