//! Matrix products, quotients and powers. Loops run in a fixed order, so that results are the same
//! on every machine.

use super::elementwise::combine;
use super::operand::Operand;
use super::{power as scalar_power, transposed};
use crate::fail::fail;
use crate::{Array, Dims, Result, RuntimeError, Value, codes};
use std::rc::Rc;

/// `a * b`.
pub(super) fn multiply(a: Operand<f64>, b: Operand<f64>) -> Result<Value> {
    let (Operand::Array(x), Operand::Array(y)) = (&a, &b) else {
        return combine(a, b, |x, y| x * y);
    };
    Ok(Value::doubles(product(x, y)?))
}

/// `a / b`.
pub(super) fn right_divide(a: Operand<f64>, b: Operand<f64>) -> Result<Value> {
    let Operand::Array(divisor) = &b else {
        return combine(a, b, |x, y| x / y);
    };
    let dividend = matrix_of(&a);
    if dividend.dims().rank() > 2
        || divisor.dims().rank() > 2
        || dividend.dims().columns() != divisor.dims().columns()
    {
        return Err(disagree());
    }
    // a / b is the transpose of b' \ a'.
    let solution = solve(&transposed(divisor.clone())?, &transposed(dividend)?)?;
    Ok(Value::doubles(transposed(Rc::new(solution))?))
}

/// `a \ b`.
pub(super) fn left_divide(a: Operand<f64>, b: Operand<f64>) -> Result<Value> {
    let Operand::Array(divisor) = &a else {
        return combine(a, b, |x, y| y / x);
    };
    let dividend = matrix_of(&b);
    if dividend.dims().rank() > 2
        || divisor.dims().rank() > 2
        || dividend.dims().rows() != divisor.dims().rows()
    {
        return Err(disagree());
    }
    Ok(Value::doubles(solve(divisor, &dividend)?))
}

/// `a ^ b`: two numbers, or a square matrix and an integer.
pub(super) fn power(a: Operand<f64>, b: Operand<f64>) -> Result<Value> {
    let (base, exponent) = match (a, b) {
        (Operand::Scalar(x), Operand::Scalar(y)) => return Ok(Value::Double(scalar_power(x, y)?)),
        (Operand::Array(base), Operand::Scalar(exponent)) if is_square(&base) => (base, exponent),
        (Operand::Scalar(_), Operand::Array(exponent)) if is_square(&exponent) => {
            return Err(fail(
                &codes::UNSUPPORTED,
                "Raising a number to a power that is a matrix is not supported.",
            ));
        }
        _ => {
            return Err(fail(
                &codes::NOT_SQUARE,
                "Incorrect dimensions for raising a matrix to a power. Check that the matrix is \
                 square and the power is a scalar. To operate on each element of the matrix \
                 individually, use POWER (.^) for elementwise power.",
            ));
        }
    };
    if exponent.floor() != exponent || exponent.abs() > f64::from(u32::MAX) {
        return Err(fail(
            &codes::UNSUPPORTED,
            "Raising a matrix to a power that is no integer is not supported.",
        ));
    }
    let identity = identity(base.dims().rows());
    let mut square = if exponent < 0.0 {
        solve(&base, &identity)?
    } else {
        Rc::unwrap_or_clone(base)
    };
    let mut left = exponent.abs() as u32;
    let mut result = identity;
    while left > 0 {
        if left & 1 == 1 {
            result = product(&result, &square)?;
        }
        left >>= 1;
        if left > 0 {
            square = product(&square, &square)?;
        }
    }
    Ok(Value::doubles(result))
}

fn disagree() -> RuntimeError {
    fail(&codes::DIMENSIONS_DISAGREE, "Matrix dimensions must agree.")
}

fn is_square(array: &Array<f64>) -> bool {
    array.dims().rank() == 2 && array.dims().rows() == array.dims().columns()
}

fn matrix_of(operand: &Operand<f64>) -> Rc<Array<f64>> {
    match operand {
        Operand::Scalar(x) => Rc::new(Array::row(vec![*x])),
        Operand::Array(array) => array.clone(),
    }
}

fn identity(size: usize) -> Array<f64> {
    let mut data = vec![0.0; size * size];
    for at in 0..size {
        data[at * size + at] = 1.0;
    }
    Array::new(Dims::new(size, size), data)
}

fn product(a: &Array<f64>, b: &Array<f64>) -> Result<Array<f64>> {
    if a.dims().rank() > 2 || b.dims().rank() > 2 {
        return Err(fail(
            &codes::INNER_DIMENSIONS,
            "Arguments must be 2-D, or at least one argument must be scalar. Use TIMES (.*) for \
             elementwise multiplication, or use PAGEMTIMES to apply matrix multiplication to the \
             pages of an N-D array.",
        ));
    }
    let (rows, inner, columns) = (a.dims().rows(), a.dims().columns(), b.dims().columns());
    if inner != b.dims().rows() {
        return Err(fail(
            &codes::INNER_DIMENSIONS,
            "Incorrect dimensions for matrix multiplication. Check that the number of columns in \
             the first matrix matches the number of rows in the second matrix. To operate on each \
             element of the matrix individually, use TIMES (.*) for elementwise multiplication.",
        ));
    }
    let dims = Dims::checked(&[rows, columns])?;
    let mut data = vec![0.0; rows * columns];
    if rows == 1 {
        for (column, sum) in data.iter_mut().enumerate() {
            let y = &b.data()[column * inner..(column + 1) * inner];
            *sum = a.data().iter().zip(y).map(|(x, y)| x * y).sum::<f64>() + 0.0;
        }
        return Ok(Array::new(dims, data));
    }
    if rows > 0 {
        for (column, out) in data.chunks_exact_mut(rows).enumerate() {
            for at in 0..inner {
                let factor = b.data()[column * inner + at];
                let x = &a.data()[at * rows..(at + 1) * rows];
                for (sum, x) in out.iter_mut().zip(x) {
                    *sum += x * factor;
                }
            }
        }
    }
    Ok(Array::new(dims, data))
}

/// The solution of `a * x = b`: by LU for a square matrix, in the sense of least squares otherwise.
fn solve(a: &Array<f64>, b: &Array<f64>) -> Result<Array<f64>> {
    let (rows, columns) = (a.dims().rows(), a.dims().columns());
    let dims = Dims::checked(&[columns, b.dims().columns()])?;
    if rows == 0 || columns == 0 {
        let count = dims.count();
        return Ok(Array::new(dims, vec![0.0; count]));
    }
    let data = if rows == columns {
        solve_square(rows, a.data().to_vec(), b.data().to_vec())
    } else {
        solve_least_squares(rows, columns, a.data().to_vec(), b.data().to_vec())
    };
    Ok(Array::new(dims, data))
}

/// LU with partial pivoting. A singular matrix gives infinities or NaN, as in MATLAB.
fn solve_square(size: usize, mut a: Vec<f64>, mut b: Vec<f64>) -> Vec<f64> {
    for step in 0..size {
        let mut pivot = step;
        for row in step + 1..size {
            if a[step * size + row].abs() > a[step * size + pivot].abs() {
                pivot = row;
            }
        }
        if pivot != step {
            for column in a.chunks_exact_mut(size).chain(b.chunks_exact_mut(size)) {
                column.swap(step, pivot);
            }
        }
        let (left, right) = a.split_at_mut((step + 1) * size);
        let multipliers = &mut left[step * size..];
        let divisor = multipliers[step];
        for multiplier in &mut multipliers[step + 1..] {
            // Below a zero pivot there are only zeros.
            *multiplier = if divisor == 0.0 {
                0.0
            } else {
                *multiplier / divisor
            };
        }
        for column in right.chunks_exact_mut(size).chain(b.chunks_exact_mut(size)) {
            let factor = column[step];
            for (x, multiplier) in column[step + 1..].iter_mut().zip(&multipliers[step + 1..]) {
                *x -= multiplier * factor;
            }
        }
    }
    for x in b.chunks_exact_mut(size) {
        back_substitute(size, size, &a, x);
    }
    b
}

/// Solves with the upper triangle of the first `count` columns, in place.
fn back_substitute(rows: usize, count: usize, a: &[f64], x: &mut [f64]) {
    for at in (0..count).rev() {
        let column = &a[at * rows..];
        x[at] /= column[at];
        let factor = x[at];
        for (x, above) in x[..at].iter_mut().zip(column) {
            *x -= above * factor;
        }
    }
}

/// QR by Householder reflections with column pivoting; the basic solution when the rank is short.
fn solve_least_squares(rows: usize, columns: usize, mut a: Vec<f64>, mut b: Vec<f64>) -> Vec<f64> {
    let mut order: Vec<usize> = (0..columns).collect();
    let mut rank = 0;
    let mut first_norm = 0.0;
    while rank < rows.min(columns) {
        let tail = |column: usize| norm(&a[column * rows + rank..(column + 1) * rows]);
        let mut best = rank;
        let mut best_norm = tail(rank);
        for column in rank + 1..columns {
            let norm = tail(column);
            if norm > best_norm {
                (best, best_norm) = (column, norm);
            }
        }
        if rank == 0 {
            first_norm = best_norm;
        }
        if best_norm <= first_norm * f64::EPSILON * rows.max(columns) as f64 {
            break;
        }
        if best != rank {
            order.swap(best, rank);
            for row in 0..rows {
                a.swap(best * rows + row, rank * rows + row);
            }
        }
        let (left, right) = a.split_at_mut((rank + 1) * rows);
        let column = &mut left[rank * rows + rank..];
        let diagonal = if column[0] > 0.0 {
            -best_norm
        } else {
            best_norm
        };
        let mut reflector = column.to_vec();
        reflector[0] -= diagonal;
        column.fill(0.0);
        column[0] = diagonal;
        let square: f64 = reflector.iter().map(|x| x * x).sum();
        for other in right.chunks_exact_mut(rows).chain(b.chunks_exact_mut(rows)) {
            let other = &mut other[rank..];
            let dot: f64 = reflector.iter().zip(&*other).map(|(x, y)| x * y).sum();
            let factor = 2.0 * dot / square;
            for (y, x) in other.iter_mut().zip(&reflector) {
                *y -= factor * x;
            }
        }
        rank += 1;
    }
    let mut solution = Vec::with_capacity(columns * b.len() / rows);
    for x in b.chunks_exact_mut(rows) {
        back_substitute(rows, rank, &a, x);
        let mut placed = vec![0.0; columns];
        for (at, column) in order.iter().enumerate().take(rank) {
            placed[*column] = x[at];
        }
        solution.extend(placed);
    }
    solution
}

fn norm(data: &[f64]) -> f64 {
    let scale = data.iter().fold(0.0f64, |scale, x| scale.max(x.abs()));
    if scale == 0.0 || !scale.is_finite() {
        return scale;
    }
    scale
        * data
            .iter()
            .map(|x| (x / scale) * (x / scale))
            .sum::<f64>()
            .sqrt()
}
