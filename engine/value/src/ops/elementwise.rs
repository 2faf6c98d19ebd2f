//! Element by element, with implicit expansion: sizes match where they are equal or one is 1.

use super::operand::Operand;
use crate::fail::size_mismatch;
use crate::{Array, Dims, Result, Value};
use std::rc::Rc;

/// Numbers from numbers.
pub(super) fn combine(
    a: Operand<f64>,
    b: Operand<f64>,
    f: impl FnMut(f64, f64) -> f64,
) -> Result<Value> {
    Ok(same_type(a, b, f)?.into_value())
}

/// Truths from truths.
pub(super) fn logic(
    a: Operand<bool>,
    b: Operand<bool>,
    f: impl FnMut(bool, bool) -> bool,
) -> Result<Value> {
    Ok(same_type(a, b, f)?.into_value())
}

/// Truths from numbers.
pub(super) fn compare(
    a: Operand<f64>,
    b: Operand<f64>,
    f: impl Fn(f64, f64) -> bool,
) -> Result<Value> {
    let array = match (a, b) {
        (Operand::Scalar(x), Operand::Scalar(y)) => return Ok(Value::Bool(f(x, y))),
        (Operand::Scalar(x), Operand::Array(b)) => {
            let data = b.data().iter().map(|y| f(x, *y)).collect();
            Array::new(b.dims().clone(), data)
        }
        (Operand::Array(a), Operand::Scalar(y)) => {
            let data = a.data().iter().map(|x| f(*x, y)).collect();
            Array::new(a.dims().clone(), data)
        }
        (Operand::Array(a), Operand::Array(b)) if a.dims() == b.dims() => {
            let data = a
                .data()
                .iter()
                .zip(b.data())
                .map(|(x, y)| f(*x, *y))
                .collect();
            Array::new(a.dims().clone(), data)
        }
        (Operand::Array(a), Operand::Array(b)) => expand(&a, &b, f)?,
    };
    Ok(Value::bools(array))
}

/// The result has the operands' type, so that an operand nobody else holds takes it.
fn same_type<T: Copy>(
    a: Operand<T>,
    b: Operand<T>,
    mut f: impl FnMut(T, T) -> T,
) -> Result<Operand<T>> {
    let array = match (a, b) {
        (Operand::Scalar(x), Operand::Scalar(y)) => return Ok(Operand::Scalar(f(x, y))),
        (Operand::Scalar(x), Operand::Array(mut b)) => {
            if let Some(own) = Rc::get_mut(&mut b) {
                own.data_mut().iter_mut().for_each(|y| *y = f(x, *y));
                return Ok(Operand::Array(b));
            }
            let data = b.data().iter().map(|y| f(x, *y)).collect();
            Array::new(b.dims().clone(), data)
        }
        (Operand::Array(mut a), Operand::Scalar(y)) => {
            if let Some(own) = Rc::get_mut(&mut a) {
                own.data_mut().iter_mut().for_each(|x| *x = f(*x, y));
                return Ok(Operand::Array(a));
            }
            let data = a.data().iter().map(|x| f(*x, y)).collect();
            Array::new(a.dims().clone(), data)
        }
        (Operand::Array(mut a), Operand::Array(mut b)) if a.dims() == b.dims() => {
            if let Some(own) = Rc::get_mut(&mut a) {
                own.data_mut()
                    .iter_mut()
                    .zip(b.data())
                    .for_each(|(x, y)| *x = f(*x, *y));
                return Ok(Operand::Array(a));
            }
            if let Some(own) = Rc::get_mut(&mut b) {
                own.data_mut()
                    .iter_mut()
                    .zip(a.data())
                    .for_each(|(y, x)| *y = f(*x, *y));
                return Ok(Operand::Array(b));
            }
            let data = a
                .data()
                .iter()
                .zip(b.data())
                .map(|(x, y)| f(*x, *y))
                .collect();
            Array::new(a.dims().clone(), data)
        }
        (Operand::Array(a), Operand::Array(b)) => expand(&a, &b, f)?,
    };
    Ok(Operand::Array(Rc::new(array)))
}

/// The size of the result, when the sizes match.
fn expanded_dims(a: &Dims, b: &Dims) -> Result<Dims> {
    let rank = a.rank().max(b.rank());
    let mut sizes = Vec::with_capacity(rank);
    for at in 0..rank {
        sizes.push(match (a.get(at), b.get(at)) {
            (m, n) if m == n => m,
            (1, n) => n,
            (m, 1) => m,
            _ => return Err(size_mismatch()),
        });
    }
    Dims::checked(&sizes)
}

fn expand<T: Copy, U>(
    a: &Array<T>,
    b: &Array<T>,
    mut f: impl FnMut(T, T) -> U,
) -> Result<Array<U>> {
    let dims = expanded_dims(a.dims(), b.dims())?;
    let count = dims.count();
    let mut data = Vec::with_capacity(count);
    if count == 0 {
        return Ok(Array::new(dims, data));
    }
    // One pass over the columns; the counters of the outer dimensions turn like an odometer.
    let rows = dims.rows();
    let mut at = vec![0usize; dims.rank()];
    while data.len() < count {
        let x = column(a, &at, rows);
        let y = column(b, &at, rows);
        match (x.len() == rows, y.len() == rows) {
            (true, true) => data.extend(x.iter().zip(y).map(|(x, y)| f(*x, *y))),
            (true, false) => data.extend(x.iter().map(|x| f(*x, y[0]))),
            (false, true) => data.extend(y.iter().map(|y| f(x[0], *y))),
            (false, false) => unreachable!("a row count comes from one of the operands"),
        }
        for (dimension, counter) in at.iter_mut().enumerate().skip(1) {
            *counter += 1;
            if *counter < dims.get(dimension) {
                break;
            }
            *counter = 0;
        }
    }
    Ok(Array::new(dims, data))
}

/// The column of an operand that stands under the odometer: all rows, or the one that is repeated.
fn column<'a, T>(array: &'a Array<T>, at: &[usize], rows: usize) -> &'a [T] {
    let dims = array.dims();
    let mut offset = 0;
    let mut stride = dims.rows();
    for (dimension, counter) in at.iter().enumerate().skip(1) {
        if dims.get(dimension) > 1 {
            offset += counter * stride;
        }
        stride *= dims.get(dimension);
    }
    let length = if dims.rows() == 1 { 1 } else { rows };
    &array.data()[offset..offset + length]
}
