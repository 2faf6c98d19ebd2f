//! `start:step:stop`, with the care for rounding that MATLAB takes.

use crate::fail::no_conversion;
use crate::{Array, Dims, Result, Value};

/// `1:Inf` is a loop that nobody sees the end of; beyond this, integers are no longer exact.
const MOST_INTERVALS: f64 = (1u64 << 53) as f64;

/// The elements of a range, each computed on its own: a loop needs no array.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Range {
    start: f64,
    step: f64,
    last: f64,
    count: usize,
}

impl Range {
    /// The range from `start` by `step` to `stop` at most. NaN anywhere gives one NaN.
    pub fn new(start: f64, step: f64, stop: f64) -> Range {
        let single = |number| Range {
            start: number,
            step: 0.0,
            last: number,
            count: 1,
        };
        if start.is_nan() || step.is_nan() || stop.is_nan() {
            return single(f64::NAN);
        }
        if step == 0.0 || (step > 0.0 && start > stop) || (step < 0.0 && start < stop) {
            return Range {
                count: 0,
                ..single(start)
            };
        }
        if step.is_infinite() {
            return single(start);
        }
        let intervals = intervals(start, step, stop);
        if intervals.is_nan() {
            return single(f64::NAN);
        }
        let intervals = intervals.min(MOST_INTERVALS);
        let mut last = start + intervals * step;
        // The last element never passes the end, and where it should hit the end it does.
        if step.signum() * (last - stop) > -tolerance(start, stop) {
            last = stop;
        }
        Range {
            start,
            step,
            last,
            count: intervals as usize + 1,
        }
    }

    /// Number of elements.
    pub fn count(&self) -> usize {
        self.count
    }

    /// The element at a place counted from 0. The first half counts up from the start, the second
    /// down from the end, so that the range is symmetric about its middle.
    pub fn get(&self, at: usize) -> f64 {
        let intervals = self.count - 1;
        if 2 * at < intervals {
            self.start + at as f64 * self.step
        } else if 2 * at == intervals && intervals > 0 {
            (self.start + self.last) / 2.0
        } else if intervals == 0 {
            self.start
        } else {
            self.last - (intervals - at) as f64 * self.step
        }
    }
}

fn tolerance(start: f64, stop: f64) -> f64 {
    2.0 * f64::EPSILON * start.abs().max(stop.abs())
}

/// The number of steps that fit.
fn intervals(start: f64, step: f64, stop: f64) -> f64 {
    if start.floor() == start && step.floor() == step && stop.is_finite() && start.is_finite() {
        // Integers are exact: no tolerance.
        return ((stop - start) / step).floor();
    }
    let intervals = ((stop - start) / step).round();
    if step.signum() * (start + intervals * step - stop) > tolerance(start, stop) {
        intervals - 1.0
    } else {
        intervals
    }
}

/// The numbers of a range from its operands.
///
/// An operand that is no scalar counts with its first element; an empty one gives an empty range.
pub fn range_of(start: &Value, step: Option<&Value>, stop: &Value) -> Result<Range> {
    let operands = [Some(start), step, Some(stop)];
    let mut numbers = [1.0; 3];
    for (number, operand) in numbers.iter_mut().zip(operands) {
        let Some(operand) = operand else { continue };
        match first(operand)? {
            Some(first) => *number = first,
            None => return Ok(Range::new(0.0, 0.0, 0.0)),
        }
    }
    Ok(Range::new(numbers[0], numbers[1], numbers[2]))
}

fn first(value: &Value) -> Result<Option<f64>> {
    match value {
        Value::Double(x) => Ok(Some(*x)),
        Value::Bool(x) => Ok(Some(f64::from(u8::from(*x)))),
        Value::DoubleArray(array) => Ok(array.data().first().copied()),
        Value::BoolArray(array) => Ok(array.data().first().map(|x| f64::from(u8::from(*x)))),
        Value::Char(array) => Ok(array.data().first().map(|x| f64::from(*x))),
        Value::Undefined
        | Value::Cell(_)
        | Value::Struct(_)
        | Value::Function(_)
        | Value::Exception(_)
        | Value::Object(_)
        | Value::Colon
        | Value::List(_) => Err(no_conversion("double", value)),
    }
}

/// The row `start:step:stop`; of chars when both ends are chars.
pub fn range(start: &Value, step: Option<&Value>, stop: &Value) -> Result<Value> {
    let range = range_of(start, step, stop)?;
    let dims = Dims::checked(&[1, range.count()])?;
    if let (Value::Char(_), Value::Char(_)) = (start, stop) {
        let units = (0..range.count()).map(|at| range.get(at) as u16).collect();
        return Ok(Value::chars(Array::new(dims, units)));
    }
    let data = (0..range.count()).map(|at| range.get(at)).collect();
    Ok(Value::doubles(Array::new(dims, data)))
}
