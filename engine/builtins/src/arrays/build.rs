//! Arrays made from sizes, limits or other arrays.

use crate::inputs::{checked, dimension, failure, numbers, scalar, sizes, whole};
use crate::shape::pick;
use crate::table::plain;
use crate::{Call, Entry, Outputs, one};
use tourbillon_value::{Array, Dims, Result, Value, concat, ops};

pub(crate) static TABLE: &[Entry] = &[
    plain(
        "cat",
        1,
        u8::MAX,
        1,
        cat,
        "x = cat(dim, a, b, …): joined along a dimension",
    ),
    plain(
        "diag",
        1,
        2,
        1,
        diag,
        "d = diag(x, k): the k-th diagonal, or a matrix that has it",
    ),
    plain(
        "eye",
        0,
        2,
        1,
        eye,
        "x = eye(n), eye(m, n): ones on the diagonal",
    ),
    plain(
        "horzcat",
        0,
        u8::MAX,
        1,
        horzcat,
        "x = horzcat(a, b, …): [a, b, …]",
    ),
    plain(
        "ind2sub",
        2,
        2,
        u8::MAX,
        ind2sub,
        "[r, c] = ind2sub(size, i): subscripts of a linear index",
    ),
    plain(
        "kron",
        2,
        2,
        1,
        kron,
        "x = kron(a, b): the Kronecker product",
    ),
    plain(
        "linspace",
        2,
        3,
        1,
        linspace,
        "x = linspace(a, b, n): n numbers from a to b, evenly",
    ),
    plain(
        "logspace",
        2,
        3,
        1,
        logspace,
        "x = logspace(a, b, n): n numbers from 10^a to 10^b",
    ),
    plain("magic", 1, 1, 1, magic, "x = magic(n): a magic square"),
    plain(
        "meshgrid",
        1,
        2,
        2,
        meshgrid,
        "[X, Y] = meshgrid(x, y): the coordinates of a grid",
    ),
    plain(
        "repmat",
        2,
        u8::MAX,
        1,
        repmat,
        "x = repmat(a, m, n): copies side by side",
    ),
    plain(
        "sub2ind",
        2,
        u8::MAX,
        1,
        sub2ind,
        "i = sub2ind(size, r, c): the linear index of subscripts",
    ),
    plain(
        "tril",
        1,
        2,
        1,
        |call| triangle(call, |row, column, k| column <= row + k),
        "x = tril(a, k): the part on and below a diagonal",
    ),
    plain(
        "triu",
        1,
        2,
        1,
        |call| triangle(call, |row, column, k| column >= row + k),
        "x = triu(a, k): the part on and above a diagonal",
    ),
    plain(
        "vertcat",
        0,
        u8::MAX,
        1,
        vertcat,
        "x = vertcat(a, b, …): [a; b; …]",
    ),
];

fn horzcat(call: &mut Call<'_>) -> Result<Outputs> {
    Ok(one(concat::horzcat(call.arguments.to_vec())?))
}

fn vertcat(call: &mut Call<'_>) -> Result<Outputs> {
    Ok(one(concat::vertcat(call.arguments.to_vec())?))
}

fn cat(call: &mut Call<'_>) -> Result<Outputs> {
    let at = dimension(&call.arguments[0])?;
    Ok(one(concat::cat(at, call.arguments[1..].to_vec())?))
}

fn eye(call: &mut Call<'_>) -> Result<Outputs> {
    let dims = sizes(call.name, call.arguments)?;
    if dims.rank() > 2 {
        return Err(failure("N-dimensional arrays are not supported."));
    }
    let mut data = vec![0.0; dims.count()];
    for at in 0..dims.rows().min(dims.columns()) {
        data[at * dims.rows() + at] = 1.0;
    }
    Ok(one(Value::doubles(Array::new(dims, data))))
}

fn repmat(call: &mut Call<'_>) -> Result<Outputs> {
    let times = sizes(call.name, &call.arguments[1..])?;
    let value = &call.arguments[0];
    let from = value.dims();
    let rank = from.rank().max(times.rank());
    let mut all = Vec::with_capacity(rank);
    for at in 0..rank {
        all.push(
            from.get(at)
                .checked_mul(times.get(at))
                .ok_or_else(|| failure("The result of repmat is too large."))?,
        );
    }
    let dims = checked(Dims::from_slice(&all))?;
    let count = dims.count();
    let mut places = Vec::with_capacity(count);
    let mut at = vec![0usize; rank];
    for _ in 0..count {
        let mut stride = 1;
        let mut place = 0;
        for (dimension, index) in at.iter().enumerate() {
            let size = from.get(dimension);
            place += index % size * stride;
            stride *= size;
        }
        places.push(place);
        for (index, size) in at.iter_mut().zip(&all) {
            *index += 1;
            if *index < *size {
                break;
            }
            *index = 0;
        }
    }
    Ok(one(pick(value, dims, &places)?))
}

fn spaced(call: &Call<'_>, count: f64) -> Result<Vec<f64>> {
    let start = scalar(call.name, &call.arguments[0])?;
    let stop = scalar(call.name, &call.arguments[1])?;
    let count = match call.arguments.get(2) {
        Some(count) => libm::floor(scalar(call.name, count)?),
        None => count,
    };
    if count.is_nan() || count > 1e8 {
        return Err(failure(format!(
            "{}: the number of points is too large.",
            call.name
        )));
    }
    let count = count.max(0.0) as usize;
    // Of one point, the last is there.
    let steps = count.saturating_sub(1);
    Ok((0..count)
        .map(|at| {
            if at == steps {
                stop
            } else {
                start + (stop - start) * at as f64 / steps as f64
            }
        })
        .collect())
}

fn linspace(call: &mut Call<'_>) -> Result<Outputs> {
    Ok(one(Value::doubles(Array::row(spaced(call, 100.0)?))))
}

fn logspace(call: &mut Call<'_>) -> Result<Outputs> {
    let mut points = spaced(call, 50.0)?;
    for point in &mut points {
        *point = libm::pow(10.0, *point);
    }
    Ok(one(Value::doubles(Array::row(points))))
}

/// The usual three constructions: siamese for odd sizes, crossed for multiples of four, Strachey's
/// for the rest.
fn magic(call: &mut Call<'_>) -> Result<Outputs> {
    let n = whole(call.name, &call.arguments[0], 0.0)?;
    let dims = checked(Dims::new(n, n))?;
    if n == 2 {
        return Ok(one(Value::doubles(Array::new(
            dims,
            vec![4.0, 3.0, 1.0, 2.0],
        ))));
    }
    let mut data = vec![0.0; dims.count()];
    let odd = |n: usize, row: usize, column: usize| {
        // One more n keeps the first sum positive.
        let high = (row + column + 2 + n - n.div_ceil(2) - 1) % n;
        let low = (row + 2 * column + 1) % n;
        (high * n + low + 1) as f64
    };
    if n % 2 == 1 {
        for column in 0..n {
            for row in 0..n {
                data[column * n + row] = odd(n, row, column);
            }
        }
    } else if n.is_multiple_of(4) {
        for column in 0..n {
            for row in 0..n {
                let straight = (row * n + column + 1) as f64;
                let crossed = (row % 4).div_ceil(2) % 2 == (column % 4).div_ceil(2) % 2;
                data[column * n + row] = if crossed {
                    (n * n + 1) as f64 - straight
                } else {
                    straight
                };
            }
        }
    } else {
        let half = n / 2;
        let quarter = (n - 2) / 4;
        let square = (half * half) as f64;
        for column in 0..half {
            for row in 0..half {
                let base = odd(half, row, column);
                data[column * n + row] = base;
                data[(column + half) * n + row] = base + 2.0 * square;
                data[column * n + row + half] = base + 3.0 * square;
                data[(column + half) * n + row + half] = base + square;
            }
        }
        for row in 0..half {
            for column in 0..n {
                let swaps = if column < half {
                    // The middle row begins one column further in.
                    if row == quarter {
                        (1..=quarter).contains(&column)
                    } else {
                        column < quarter
                    }
                } else {
                    column > n - quarter
                };
                if swaps {
                    data.swap(column * n + row, column * n + row + half);
                }
            }
        }
    }
    Ok(one(Value::doubles(Array::new(dims, data))))
}

fn diag(call: &mut Call<'_>) -> Result<Outputs> {
    let k = match call.arguments.get(1) {
        Some(k) => scalar(call.name, k)?,
        None => 0.0,
    };
    if k.fract() != 0.0 || k.abs() > 1e6 {
        return Err(failure("K-th diagonal input must be an integer scalar."));
    }
    let (down, right) = (((-k).max(0.0)) as usize, (k.max(0.0)) as usize);
    let numbers = numbers(call.name, &call.arguments[0])?;
    let (rows, columns) = (numbers.dims.rows(), numbers.dims.columns());
    if numbers.dims.is_vector() {
        let side = numbers.data.len() + down + right;
        let dims = checked(Dims::new(side, side))?;
        let mut data = vec![0.0; dims.count()];
        for (at, number) in numbers.data.iter().enumerate() {
            data[(at + right) * side + at + down] = *number;
        }
        return Ok(one(Value::doubles(Array::new(dims, data))));
    }
    let data: Vec<f64> = (0..)
        .map(|at| (at + down, at + right))
        .take_while(|(row, column)| *row < rows && *column < columns)
        .map(|(row, column)| numbers.data[column * rows + row])
        .collect();
    Ok(one(Value::doubles(Array::column(data))))
}

fn triangle(call: &mut Call<'_>, keeps: fn(f64, f64, f64) -> bool) -> Result<Outputs> {
    let k = match call.arguments.get(1) {
        Some(k) => scalar(call.name, k)?,
        None => 0.0,
    };
    let numbers = numbers(call.name, &call.arguments[0])?;
    if numbers.dims.rank() > 2 {
        return Err(failure("The first input must be 2-D."));
    }
    let rows = numbers.dims.rows();
    let data = numbers
        .data
        .iter()
        .enumerate()
        .map(|(at, number)| {
            let (row, column) = ((at % rows) as f64, (at / rows) as f64);
            if keeps(row, column, k) { *number } else { 0.0 }
        })
        .collect();
    Ok(one(Value::doubles(Array::new(numbers.dims, data))))
}

fn kron(call: &mut Call<'_>) -> Result<Outputs> {
    let a = numbers(call.name, &call.arguments[0])?;
    let b = numbers(call.name, &call.arguments[1])?;
    if a.dims.rank() > 2 || b.dims.rank() > 2 {
        return Err(failure("Inputs must be 2-D."));
    }
    let (rows, columns) = (b.dims.rows(), b.dims.columns());
    let dims = checked(Dims::new(a.dims.rows() * rows, a.dims.columns() * columns))?;
    let mut data = Vec::with_capacity(dims.count());
    for column in 0..dims.columns() {
        for row in 0..dims.rows() {
            data.push(
                a.data[column / columns * a.dims.rows() + row / rows]
                    * b.data[column % columns * rows + row % rows],
            );
        }
    }
    Ok(one(Value::doubles(Array::new(dims, data))))
}

fn meshgrid(call: &mut Call<'_>) -> Result<Outputs> {
    let x = numbers(call.name, &call.arguments[0])?;
    let y = match call.arguments.get(1) {
        Some(y) => numbers(call.name, y)?,
        None => numbers(call.name, &call.arguments[0])?,
    };
    let dims = checked(Dims::new(y.data.len(), x.data.len()))?;
    let wide = x
        .data
        .iter()
        .flat_map(|x| y.data.iter().map(move |_| *x))
        .collect();
    let high = x.data.iter().flat_map(|_| y.data.iter().copied()).collect();
    Ok([wide, high]
        .into_iter()
        .take(call.outputs.max(1))
        .map(|data| Value::doubles(Array::new(dims.clone(), data)))
        .collect())
}

fn sub2ind(call: &mut Call<'_>) -> Result<Outputs> {
    let size = sizes(call.name, &call.arguments[..1])?;
    let mut result = Value::Double(1.0);
    let mut stride = 1.0;
    for (at, subscripts) in call.arguments[1..].iter().enumerate() {
        let limit = size.get(at) as f64;
        for subscript in numbers(call.name, subscripts)?.data.iter() {
            if subscript.fract() != 0.0 || *subscript < 1.0 || *subscript > limit {
                return Err(failure("Out of range subscript."));
            }
        }
        let offset = ops::binary(
            tourbillon_syntax::ast::BinaryOp::Subtract,
            subscripts.clone(),
            Value::Double(1.0),
        )?;
        let offset = ops::binary(
            tourbillon_syntax::ast::BinaryOp::ElementMultiply,
            offset,
            Value::Double(stride),
        )?;
        result = ops::binary(tourbillon_syntax::ast::BinaryOp::Add, result, offset)?;
        stride *= limit;
    }
    Ok(one(result))
}

fn ind2sub(call: &mut Call<'_>) -> Result<Outputs> {
    let size = sizes(call.name, &call.arguments[..1])?;
    let places = numbers(call.name, &call.arguments[1])?;
    let count = size.count() as f64;
    if places
        .data
        .iter()
        .any(|place| place.fract() != 0.0 || *place < 1.0 || *place > count)
    {
        return Err(failure("Index out of range."));
    }
    let mut rest: Vec<usize> = places
        .data
        .iter()
        .map(|place| *place as usize - 1)
        .collect();
    let wanted = call.outputs.max(1);
    let mut outputs = Outputs::new();
    for at in 0..wanted {
        // The last output takes all dimensions that are left.
        let length = if at + 1 == wanted {
            usize::MAX
        } else {
            size.get(at)
        };
        let data = rest.iter().map(|rest| (rest % length + 1) as f64).collect();
        for rest in &mut rest {
            *rest /= length;
        }
        outputs.push(Value::doubles(Array::new(places.dims.clone(), data)));
    }
    Ok(outputs)
}

#[cfg(test)]
mod tests {
    use crate::testing::check;

    #[test]
    fn arrays_are_built() {
        check(&[
            ("eye(2)", "[1 0; 0 1]"),
            ("eye(1, 2)", "[1 0]"),
            ("repmat([1 2], 2, 2)", "[1 2 1 2; 1 2 1 2]"),
            ("repmat('ab', 1, 2)", "'abab'"),
            ("repmat({1}, 1, 2)", "{1 1}"),
            ("repmat(5, 2)", "[5 5; 5 5]"),
            (
                "repmat(@sin, 1, 2)",
                "error: Nonscalar arrays of function handles are not allowed; use cell arrays instead.",
            ),
            ("linspace(0, 1, 3)", "[0 0.5 1]"),
            ("linspace(0, 1, 1)", "1"),
            ("linspace(0, 1, 0)", "[1x0]"),
            ("magic(3)", "[8 1 6; 3 5 7; 4 9 2]"),
            ("magic(4)", "[16 2 3 13; 5 11 10 8; 9 7 6 12; 4 14 15 1]"),
            (
                "magic(6)",
                "[35 1 6 26 19 24; 3 32 7 21 23 25; 31 9 2 22 27 20; 8 28 33 17 10 15; 30 5 34 12 14 16; 4 36 29 13 18 11]",
            ),
            (
                "magic(5)",
                "[17 24 1 8 15; 23 5 7 14 16; 4 6 13 20 22; 10 12 19 21 3; 11 18 25 2 9]",
            ),
            ("diag([1 2])", "[1 0; 0 2]"),
            ("diag([1 2], 1)", "[0 1 0; 0 0 2; 0 0 0]"),
            ("diag([1 2; 3 4])", "[1; 4]"),
            ("diag([1 2; 3 4], -1)", "3"),
            ("tril([1 2; 3 4])", "[1 0; 3 4]"),
            ("triu([1 2; 3 4], 1)", "[0 2; 0 0]"),
            ("kron([1 2], [1; 1])", "[1 2; 1 2]"),
            ("meshgrid([1 2], [3 4])", "[1 2; 1 2] | [3 3; 4 4]"),
            ("horzcat([1 2], 3)", "[1 2 3]"),
            ("vertcat([1 2], [3 4])", "[1 2; 3 4]"),
            ("cat(1, 1, 2)", "[1; 2]"),
            ("size(cat(3, [1 2], [3 4]))", "[1 2 2]"),
            (
                "cat(3, ones(2), ones(3))",
                "error: MATLAB:catenate:dimensionMismatch: Dimensions of arrays being concatenated are not consistent.",
            ),
            ("sub2ind([2 3], 2, 3)", "6"),
            ("sub2ind([2 3], [1 2], [1 2])", "[1 4]"),
            ("sub2ind([2 3], 3, 1)", "error: Out of range subscript."),
            ("ind2sub([2 3], 4)", "2 | 2"),
            ("ind2sub([2 3], [1 6])", "[1 2] | [1 3]"),
        ]);
    }
}
