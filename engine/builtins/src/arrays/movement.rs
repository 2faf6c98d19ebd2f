//! The same elements in other places.

use crate::inputs::{coded, dimension, failure, numbers};
use crate::shape::{Axis, first_dimension, pick};
use crate::table::plain;
use crate::{Call, Entry, Outputs, codes, one};
use tourbillon_value::{Dims, Result, Value};

pub(crate) static TABLE: &[Entry] = &[
    plain(
        "circshift",
        2,
        3,
        1,
        circshift,
        "x = circshift(a, k, dim): moved round by k places",
    ),
    plain(
        "flip",
        1,
        2,
        1,
        |call| flip(call, None),
        "x = flip(a, dim): the other way round",
    ),
    plain(
        "fliplr",
        1,
        1,
        1,
        |call| flip(call, Some(1)),
        "x = fliplr(a): columns the other way round",
    ),
    plain(
        "flipud",
        1,
        1,
        1,
        |call| flip(call, Some(0)),
        "x = flipud(a): rows the other way round",
    ),
    plain(
        "permute",
        2,
        2,
        1,
        permute,
        "x = permute(a, order): dimensions in another order",
    ),
    plain(
        "reshape",
        2,
        u8::MAX,
        1,
        reshape,
        "x = reshape(a, m, n), reshape(a, [], n): the same elements in another size",
    ),
    plain(
        "rot90",
        1,
        2,
        1,
        rot90,
        "x = rot90(a, k): turned left by k quarters",
    ),
    plain(
        "squeeze",
        1,
        1,
        1,
        squeeze,
        "x = squeeze(a): without dimensions of size 1",
    ),
];

fn all(count: usize) -> Vec<usize> {
    (0..count).collect()
}

fn reshape(call: &mut Call<'_>) -> Result<Outputs> {
    let count = call.arguments[0].count();
    let wanted = &call.arguments[1..];
    let mismatch = || {
        coded(
            &codes::RESHAPE_COUNT,
            "Number of elements must not change. Use [] as one of the size inputs to automatically calculate the appropriate size for that dimension.",
        )
    };
    let free = wanted.iter().filter(|size| size.is_empty()).count();
    let dims = if wanted.len() == 1 {
        if wanted[0].count() < 2 {
            return Err(failure("Size vector must have at least two elements."));
        }
        crate::inputs::sizes(call.name, wanted)?
    } else if free == 0 {
        crate::inputs::sizes(call.name, wanted)?
    } else if free == 1 {
        let known: Vec<Value> = wanted
            .iter()
            .filter(|size| !size.is_empty())
            .cloned()
            .collect();
        let mut sizes = Vec::new();
        for size in &known {
            sizes.push(crate::inputs::whole(call.name, size, 0.0)?);
        }
        let product = sizes
            .iter()
            .try_fold(1usize, |product, size| product.checked_mul(*size))
            .ok_or_else(mismatch)?;
        if product == 0 || !count.is_multiple_of(product) {
            return Err(mismatch());
        }
        let at = wanted
            .iter()
            .position(Value::is_empty)
            .expect("one is free");
        sizes.insert(at, count / product);
        Dims::from_slice(&sizes)
    } else {
        return Err(failure("Size can only have one unknown dimension."));
    };
    if dims.count() != count {
        return Err(mismatch());
    }
    // The elements stay where they are: the array is taken over when nobody else holds it.
    let value = std::mem::take(&mut call.arguments[0]);
    Ok(one(match value {
        Value::DoubleArray(array) => {
            Value::doubles(std::rc::Rc::unwrap_or_clone(array).reshaped(dims))
        }
        Value::BoolArray(array) => Value::bools(std::rc::Rc::unwrap_or_clone(array).reshaped(dims)),
        Value::Char(array) => Value::chars(std::rc::Rc::unwrap_or_clone(array).reshaped(dims)),
        Value::Cell(array) => Value::cell(std::rc::Rc::unwrap_or_clone(array).reshaped(dims)),
        other => pick(&other, dims, &all(count))?,
    }))
}

fn flip(call: &mut Call<'_>, at: Option<usize>) -> Result<Outputs> {
    let value = &call.arguments[0];
    let dims = value.dims();
    let at = match (at, call.arguments.get(1)) {
        (Some(at), _) => at,
        (None, Some(at)) => dimension(at)?,
        (None, None) => first_dimension(&dims),
    };
    let axis = Axis::new(&dims, at);
    let mut places = all(dims.count());
    for lane in 0..axis.lanes() {
        for index in 0..axis.length {
            places[axis.place(lane, index)] = axis.place(lane, axis.length - 1 - index);
        }
    }
    Ok(one(pick(value, dims, &places)?))
}

fn circshift(call: &mut Call<'_>) -> Result<Outputs> {
    let value = &call.arguments[0];
    let dims = value.dims();
    let shifts = numbers(call.name, &call.arguments[1])?;
    if shifts
        .data
        .iter()
        .any(|shift| shift.fract() != 0.0 || shift.abs() > 9e15)
    {
        return Err(failure("circshift: the shift must be an integer."));
    }
    let steps: Vec<(usize, f64)> = match call.arguments.get(2) {
        Some(at) => match &*shifts.data {
            [shift] => vec![(dimension(at)?, *shift)],
            _ => return Err(failure("circshift: the shift must be a scalar.")),
        },
        None if shifts.data.len() == 1 => vec![(first_dimension(&dims), shifts.data[0])],
        None => shifts.data.iter().copied().enumerate().collect(),
    };
    let mut places = all(dims.count());
    for (at, shift) in steps {
        let axis = Axis::new(&dims, at);
        if axis.length == 0 {
            continue;
        }
        let before = places.clone();
        let shift = (shift as i64).rem_euclid(axis.length as i64) as usize;
        for lane in 0..axis.lanes() {
            for index in 0..axis.length {
                places[axis.place(lane, (index + shift) % axis.length)] =
                    before[axis.place(lane, index)];
            }
        }
    }
    Ok(one(pick(value, dims, &places)?))
}

fn permuted(value: &Value, order: &[usize]) -> Result<Value> {
    let dims = value.dims();
    let sizes: Vec<usize> = order.iter().map(|at| dims.get(*at)).collect();
    let strides: Vec<usize> = order
        .iter()
        .map(|at| Axis::new(&dims, *at).stride)
        .collect();
    let mut at = vec![0usize; order.len()];
    let count = dims.count();
    let mut places = Vec::with_capacity(count);
    for _ in 0..count {
        places.push(
            at.iter()
                .zip(&strides)
                .map(|(index, stride)| index * stride)
                .sum(),
        );
        for (index, size) in at.iter_mut().zip(&sizes) {
            *index += 1;
            if *index < *size {
                break;
            }
            *index = 0;
        }
    }
    pick(value, Dims::from_slice(&sizes), &places)
}

fn permute(call: &mut Call<'_>) -> Result<Outputs> {
    let order = numbers(call.name, &call.arguments[1])?;
    let mut all: Vec<usize> = Vec::new();
    for number in order.data.iter() {
        let at = dimension(&Value::Double(*number))?;
        if at >= order.data.len() || all.contains(&at) {
            return Err(failure("ORDER contains an invalid permutation index."));
        }
        all.push(at);
    }
    if all.len() < call.arguments[0].dims().rank() {
        return Err(failure(
            "ORDER must have at least N elements for an N-D array.",
        ));
    }
    Ok(one(permuted(&call.arguments[0], &all)?))
}

fn squeeze(call: &mut Call<'_>) -> Result<Outputs> {
    let dims = call.arguments[0].dims();
    if dims.rank() <= 2 {
        return Ok(one(call.arguments[0].clone()));
    }
    let sizes: Vec<usize> = dims
        .as_slice()
        .iter()
        .copied()
        .filter(|size| *size != 1)
        .collect();
    let places = all(dims.count());
    Ok(one(pick(
        &call.arguments[0],
        Dims::from_slice(&sizes),
        &places,
    )?))
}

fn rot90(call: &mut Call<'_>) -> Result<Outputs> {
    let quarters = match call.arguments.get(1) {
        Some(k) => crate::inputs::scalar(call.name, k)?,
        None => 1.0,
    };
    if quarters.fract() != 0.0 || quarters.abs() > 9e15 {
        return Err(failure("rot90: the second argument must be an integer."));
    }
    let value = &call.arguments[0];
    let dims = value.dims();
    if dims.rank() > 2 {
        return Err(failure("rot90: the first argument must be a matrix."));
    }
    let (rows, columns) = (dims.rows(), dims.columns());
    let quarters = (quarters as i64).rem_euclid(4);
    let turned = if quarters % 2 == 0 {
        Dims::new(rows, columns)
    } else {
        Dims::new(columns, rows)
    };
    let mut places = Vec::with_capacity(dims.count());
    for column in 0..turned.columns() {
        for row in 0..turned.rows() {
            let (from_row, from_column) = match quarters {
                0 => (row, column),
                1 => (column, columns - 1 - row),
                2 => (rows - 1 - row, columns - 1 - column),
                _ => (rows - 1 - column, row),
            };
            places.push(from_column * rows + from_row);
        }
    }
    Ok(one(pick(value, turned, &places)?))
}

#[cfg(test)]
mod tests {
    use crate::testing::check;

    #[test]
    fn elements_move() {
        check(&[
            ("reshape([1 2 3 4], 2, 2)", "[1 3; 2 4]"),
            ("reshape([1 2 3 4], [], 1)", "[1; 2; 3; 4]"),
            ("reshape([1 2 3 4], [4 1])", "[1; 2; 3; 4]"),
            ("reshape('abcd', 2, [])", "char[a c; b d]"),
            (
                "reshape([1 2 3 4 5 6], 4, 2)",
                "error: MATLAB:getReshapeDims:notSameNumel: Number of elements must not change. Use [] as one of the size inputs to automatically calculate the appropriate size for that dimension.",
            ),
            ("fliplr([1 2; 3 4])", "[2 1; 4 3]"),
            ("flipud([1 2; 3 4])", "[3 4; 1 2]"),
            ("flip('abc')", "'cba'"),
            ("flip({1 2})", "{2 1}"),
            ("circshift([1 2 3 4], 1)", "[4 1 2 3]"),
            ("circshift([1 2; 3 4; 5 6], -1)", "[3 4; 5 6; 1 2]"),
            ("circshift([1 2 3; 4 5 6], 1, 2)", "[3 1 2; 6 4 5]"),
            ("permute([1 2 3], [2 1])", "[1; 2; 3]"),
            ("size(permute(ones(2, 3, 4), [3 1 2]))", "[4 2 3]"),
            (
                "permute([1 2], [1 1])",
                "error: ORDER contains an invalid permutation index.",
            ),
            ("rot90([1 2; 3 4])", "[2 4; 1 3]"),
            ("rot90([1 2; 3 4], 2)", "[4 3; 2 1]"),
            ("size(squeeze(ones(1, 1, 3)))", "[3 1]"),
        ]);
    }
}
