//! Matrices and polynomials: what needs more than one pass over the elements.

use crate::inputs::{Numbers, failure, numbers, whole};
use crate::table::plain;
use crate::{Call, Entry, Outputs, one};
use tourbillon_syntax::ast::BinaryOp;
use tourbillon_value::{Array, Dims, Result, Value, ops};

pub(crate) static TABLE: &[Entry] = &[
    plain(
        "accumarray",
        2,
        3,
        1,
        accumarray,
        "a = accumarray(places, values, size): values summed up by place",
    ),
    plain(
        "conv",
        2,
        2,
        1,
        conv,
        "c = conv(a, b): the product of two polynomials",
    ),
    plain(
        "cumtrapz",
        1,
        2,
        1,
        cumtrapz,
        "q = cumtrapz(y), cumtrapz(x, y): the trapezoidal integral so far",
    ),
    plain(
        "det",
        1,
        1,
        1,
        det,
        "d = det(a): the determinant of a square matrix",
    ),
    plain(
        "histc",
        2,
        2,
        1,
        histc,
        "n = histc(x, edges): how many fall between the edges",
    ),
    plain(
        "inv",
        1,
        1,
        1,
        inv,
        "b = inv(a): the inverse of a square matrix",
    ),
    plain(
        "polyfit",
        3,
        3,
        1,
        polyfit,
        "p = polyfit(x, y, n): the best polynomial of degree n",
    ),
    plain(
        "polyval",
        2,
        2,
        1,
        polyval,
        "y = polyval(p, x): the value of a polynomial",
    ),
    plain(
        "trace",
        1,
        1,
        1,
        trace,
        "t = trace(a): the sum of the diagonal",
    ),
    plain(
        "trapz",
        1,
        2,
        1,
        trapz,
        "q = trapz(y), trapz(x, y): the trapezoidal integral",
    ),
];

fn square(call: &Call<'_>) -> Result<usize> {
    let dims = call.arguments[0].dims();
    if dims.rank() == 2 && dims.rows() == dims.columns() {
        Ok(dims.rows())
    } else {
        Err(failure("Matrix must be square."))
    }
}

fn trace(call: &mut Call<'_>) -> Result<Outputs> {
    let side = square(call)?;
    let numbers = numbers(call.name, &call.arguments[0])?;
    Ok(one((0..side)
        .map(|at| numbers.data[at * side + at])
        .fold(0.0, |sum, x| sum + x)))
}

/// By elimination with the largest pivot of each column.
fn det(call: &mut Call<'_>) -> Result<Outputs> {
    let side = square(call)?;
    let mut data = numbers(call.name, &call.arguments[0])?.data.into_owned();
    let mut product = 1.0;
    for column in 0..side {
        let pivot = (column..side)
            .max_by(|a, b| {
                data[column * side + a]
                    .abs()
                    .total_cmp(&data[column * side + b].abs())
            })
            .unwrap_or(column);
        if data[column * side + pivot] == 0.0 {
            return Ok(one(0.0));
        }
        if pivot != column {
            for at in 0..side {
                data.swap(at * side + column, at * side + pivot);
            }
            product = -product;
        }
        let head = data[column * side + column];
        product *= head;
        for row in column + 1..side {
            let factor = data[column * side + row] / head;
            for at in column + 1..side {
                data[at * side + row] -= factor * data[at * side + column];
            }
        }
    }
    Ok(one(product))
}

fn inv(call: &mut Call<'_>) -> Result<Outputs> {
    let side = square(call)?;
    let matrix = numbers(call.name, &call.arguments[0])?;
    let mut unit = vec![0.0; side * side];
    for at in 0..side {
        unit[at * side + at] = 1.0;
    }
    let left = Value::doubles(Array::new(matrix.dims.clone(), matrix.data.into_owned()));
    let unit = Value::doubles(Array::new(Dims::new(side, side), unit));
    Ok(one(ops::binary(BinaryOp::LeftDivide, left, unit)?))
}

fn conv(call: &mut Call<'_>) -> Result<Outputs> {
    let a = numbers(call.name, &call.arguments[0])?;
    let b = numbers(call.name, &call.arguments[1])?;
    if !a.dims.is_vector() || !b.dims.is_vector() || a.data.is_empty() || b.data.is_empty() {
        return Err(failure("A and B must be vectors."));
    }
    let mut product = vec![0.0; a.data.len() + b.data.len() - 1];
    for (i, x) in a.data.iter().enumerate() {
        for (j, y) in b.data.iter().enumerate() {
            product[i + j] += x * y;
        }
    }
    Ok(one(Value::doubles(
        if a.dims.columns() == 1 && a.data.len() > 1 {
            Array::column(product)
        } else {
            Array::row(product)
        },
    )))
}

fn polyval(call: &mut Call<'_>) -> Result<Outputs> {
    let coefficients = numbers(call.name, &call.arguments[0])?;
    let x = numbers(call.name, &call.arguments[1])?;
    let data = x
        .data
        .iter()
        .map(|x| coefficients.data.iter().fold(0.0, |sum, c| sum * x + c))
        .collect();
    Ok(one(Value::doubles(Array::new(x.dims, data))))
}

/// The least squares solution over the powers of x.
fn polyfit(call: &mut Call<'_>) -> Result<Outputs> {
    let x = numbers(call.name, &call.arguments[0])?;
    let y = numbers(call.name, &call.arguments[1])?;
    let degree = whole(call.name, &call.arguments[2], 0.0)?;
    if x.data.len() != y.data.len() {
        return Err(failure("X and Y vectors must be the same size."));
    }
    if degree >= x.data.len() {
        return Err(failure(
            "polyfit: there must be more points than the degree.",
        ));
    }
    let count = x.data.len();
    let powers = (0..=degree)
        .rev()
        .flat_map(|power| x.data.iter().map(move |x| libm::pow(*x, power as f64)))
        .collect();
    let left = Value::doubles(Array::new(Dims::new(count, degree + 1), powers));
    let right = Value::doubles(Array::column(y.data.into_owned()));
    let solution = ops::binary(BinaryOp::LeftDivide, left, right)?;
    Ok(one(ops::postfix(
        tourbillon_syntax::ast::PostfixOp::Transpose,
        solution,
    )?))
}

/// The points of an integral: x counts from 1 when it is not given.
fn points<'a>(call: &'a Call<'_>) -> Result<(Vec<f64>, Numbers<'a>)> {
    let (x, y) = match &*call.arguments {
        [y] => (None, numbers(call.name, y)?),
        [x, y, ..] => (Some(numbers(call.name, x)?), numbers(call.name, y)?),
        [] => unreachable!("there is at least one input"),
    };
    if !y.dims.is_vector() && !y.data.is_empty() {
        return Err(failure(format!(
            "{}: only vectors are supported.",
            call.name
        )));
    }
    let x = match x {
        Some(x) if x.data.len() == y.data.len() => x.data.into_owned(),
        Some(_) => return Err(failure("Point spacing must be a vector of the size of Y.")),
        None => (0..y.data.len()).map(|at| at as f64).collect(),
    };
    Ok((x, y))
}

fn areas(x: &[f64], y: &[f64]) -> Vec<f64> {
    x.windows(2)
        .zip(y.windows(2))
        .map(|(x, y)| (x[1] - x[0]) * (y[0] + y[1]) / 2.0)
        .collect()
}

fn trapz(call: &mut Call<'_>) -> Result<Outputs> {
    let (x, y) = points(call)?;
    Ok(one(areas(&x, &y.data)
        .iter()
        .fold(0.0, |sum, area| sum + area)))
}

fn cumtrapz(call: &mut Call<'_>) -> Result<Outputs> {
    let (x, y) = points(call)?;
    let mut sum = 0.0;
    let mut data = Vec::with_capacity(x.len());
    data.extend(y.data.first().map(|_| 0.0));
    for area in areas(&x, &y.data) {
        sum += area;
        data.push(sum);
    }
    Ok(one(Value::doubles(Array::new(y.dims.clone(), data))))
}

fn accumarray(call: &mut Call<'_>) -> Result<Outputs> {
    let places = numbers(call.name, &call.arguments[0])?;
    let values = numbers(call.name, &call.arguments[1])?;
    let (count, rank) = match places.dims.as_slice() {
        // A row is a list of places as a column is.
        [1, count] => (*count, 1),
        [rows, columns] => (*rows, *columns),
        _ => return Err(failure("First input must be a matrix of subscripts.")),
    };
    if values.data.len() != 1 && values.data.len() != count {
        return Err(failure(
            "Second input must be a vector with one element for each row of the first input, or a scalar.",
        ));
    }
    if places
        .data
        .iter()
        .any(|place| place.fract() != 0.0 || *place < 1.0 || *place > 1e9)
    {
        return Err(failure(
            "First input must contain positive integer subscripts.",
        ));
    }
    let reach = |at: usize| {
        let column = &places.data[at * count..(at + 1) * count];
        column.iter().fold(0.0, |most: f64, place| most.max(*place)) as usize
    };
    let mut sizes: Vec<usize> = (0..rank).map(reach).collect();
    if let Some(wanted) = call.arguments.get(2).filter(|wanted| !wanted.is_empty()) {
        let wanted = crate::inputs::sizes(call.name, std::slice::from_ref(wanted))?;
        if sizes
            .iter()
            .enumerate()
            .any(|(at, size)| *size > wanted.get(at))
        {
            return Err(failure(
                "Third input must be at least as large as the largest subscripts.",
            ));
        }
        sizes = wanted.as_slice().to_vec();
    }
    let dims = Dims::checked(&sizes)?;
    let mut data = vec![0.0; dims.count()];
    for row in 0..count {
        let mut stride = 1;
        let mut place = 0;
        for at in 0..rank {
            place += (places.data[at * count + row] as usize - 1) * stride;
            stride *= dims.get(at);
        }
        let sum = data.get_mut(place).ok_or_else(|| {
            failure("Third input must be at least as large as the largest subscripts.")
        })?;
        *sum += values.data.get(row).unwrap_or(&values.data[0]);
    }
    Ok(one(Value::doubles(Array::new(dims, data))))
}

fn histc(call: &mut Call<'_>) -> Result<Outputs> {
    let x = numbers(call.name, &call.arguments[0])?;
    let edges = numbers(call.name, &call.arguments[1])?;
    if !edges.data.is_sorted() {
        return Err(failure(
            "Edges vector must be monotonically non-decreasing.",
        ));
    }
    let mut counts = vec![0.0; edges.data.len()];
    for x in x.data.iter() {
        // The last bin holds what is equal to the last edge.
        let below = edges.data.partition_point(|edge| edge <= x);
        if below > 0 && (below < edges.data.len() || edges.data.last() == Some(x)) {
            counts[below - 1] += 1.0;
        }
    }
    Ok(one(Value::doubles(Array::new(edges.dims.clone(), counts))))
}

#[cfg(test)]
mod tests {
    use crate::testing::check;

    #[test]
    fn matrices_and_polynomials() {
        check(&[
            ("trace([1 2; 3 4])", "5"),
            ("det([2 0; 0 3])", "6"),
            ("det([0 1; 1 0])", "-1"),
            ("det([1 2; 2 4])", "0"),
            ("det([1 2 3])", "error: Matrix must be square."),
            ("inv([2 0; 0 4])", "[0.5 0; 0 0.25]"),
            ("conv([1 2], [1 3])", "[1 5 6]"),
            ("polyval([1 2 3], [0 2])", "[3 11]"),
            ("round(polyfit([0 1 2], [1 3 5], 1), 10)", "[2 1]"),
            ("trapz([1 2 3])", "4"),
            ("trapz([0 2], [1 3])", "4"),
            ("cumtrapz([1 2 3])", "[0 1.5 4]"),
            ("accumarray([1; 2; 1], [10; 20; 30])", "[40; 20]"),
            ("accumarray([1 1; 2 2], 5)", "[5 0; 0 5]"),
            ("accumarray([1; 2], 1, [3 1])", "[1; 1; 0]"),
            ("histc([1 2 2 3 5], [1 2 3])", "[1 2 1]"),
        ]);
    }
}
