//! How large a value is, and whether values are equal.

use crate::inputs::{dimension, numbers};
use crate::table::plain;
use crate::{Call, Entry, Outputs, one};
use tourbillon_value::{Array, Dims, Result, Value, ops};

pub(crate) static TABLE: &[Entry] = &[
    plain(
        "columns",
        1,
        1,
        1,
        |call| sized(call, Dims::columns),
        "n = columns(x): the second size",
    ),
    plain("isempty", 1, 1, 1, isempty, "tf = isempty(x): no elements"),
    plain(
        "isequal",
        2,
        u8::MAX,
        1,
        isequal,
        "tf = isequal(a, b, …): the same size and content",
    ),
    plain(
        "length",
        1,
        1,
        1,
        length,
        "n = length(x): the largest size, 0 when empty",
    ),
    plain(
        "ndims",
        1,
        1,
        1,
        |call| sized(call, Dims::rank),
        "n = ndims(x): number of dimensions",
    ),
    plain(
        "numel",
        1,
        1,
        1,
        |call| sized(call, Dims::count),
        "n = numel(x): number of elements",
    ),
    plain(
        "rows",
        1,
        1,
        1,
        |call| sized(call, Dims::rows),
        "n = rows(x): the first size",
    ),
    plain(
        "size",
        1,
        u8::MAX,
        u8::MAX,
        size,
        "d = size(x), [r, c] = size(x), n = size(x, dim): the size",
    ),
];

/// The size of the first argument.
fn dims(call: &Call<'_>) -> Dims {
    call.arguments[0].dims()
}

fn sized(call: &mut Call<'_>, measure: fn(&Dims) -> usize) -> Result<Outputs> {
    Ok(one(measure(&dims(call)) as f64))
}

fn isempty(call: &mut Call<'_>) -> Result<Outputs> {
    Ok(one(dims(call).count() == 0))
}

fn length(call: &mut Call<'_>) -> Result<Outputs> {
    let dims = dims(call);
    let longest = if dims.count() == 0 {
        0
    } else {
        dims.as_slice().iter().copied().max().unwrap_or(0)
    };
    Ok(one(longest as f64))
}

fn size(call: &mut Call<'_>) -> Result<Outputs> {
    let dims = dims(call);
    let all: Vec<f64> = if call.arguments.len() > 1 {
        let mut all = Vec::new();
        for wanted in &call.arguments[1..] {
            for number in numbers(call.name, wanted)?.data.iter() {
                all.push(dims.get(dimension(&Value::Double(*number))?) as f64);
            }
        }
        all
    } else if call.outputs > 1 {
        // The last output takes the product of all that is left.
        let mut all: Vec<f64> = (0..call.outputs).map(|at| dims.get(at) as f64).collect();
        for more in dims.as_slice().iter().skip(call.outputs) {
            all[call.outputs - 1] *= *more as f64;
        }
        all
    } else {
        dims.as_slice().iter().map(|size| *size as f64).collect()
    };
    Ok(if call.outputs > 1 {
        all.into_iter()
            .take(call.outputs)
            .map(Value::Double)
            .collect()
    } else {
        one(Value::doubles(Array::row(all)))
    })
}

fn isequal(call: &mut Call<'_>) -> Result<Outputs> {
    let (first, rest) = call.arguments.split_first().expect("at least two inputs");
    Ok(one(rest.iter().all(|other| ops::is_equal(first, other))))
}

#[cfg(test)]
mod tests {
    use crate::testing::check;

    #[test]
    fn sizes() {
        check(&[
            ("size([1 2 3])", "[1 3]"),
            ("size(ones(2, 3), 2)", "3"),
            ("size(ones(2, 3), 3)", "1"),
            ("size(ones(2, 3))", "2 | 3"),
            ("size(ones(2, 3, 4))", "2 | 12"),
            ("size(ones(2, 3), [1 2])", "[2 3]"),
            ("size('abc')", "[1 3]"),
            (
                "size(1, 0)",
                "error: Dimension argument must be a positive integer scalar within indexing range.",
            ),
            ("numel({1 2; 3 4})", "4"),
            ("length(ones(2, 5))", "5"),
            ("length(zeros(0, 5))", "0"),
            ("ndims(1)", "2"),
            ("isequal([1 2], [1 2], [1 2])", "true"),
            ("isequal('a', 'b')", "false"),
            ("isequal(struct('a', 1), struct('a', 1))", "true"),
        ]);
    }
}
