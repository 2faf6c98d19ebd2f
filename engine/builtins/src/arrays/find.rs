//! Where elements are that are not zero.

use crate::inputs::{failure, numbers, whole};
use crate::table::plain;
use crate::{Call, Entry, Outputs, one};
use tourbillon_value::{Array, Dims, Result, Value};

pub(crate) static TABLE: &[Entry] = &[
    plain(
        "find",
        1,
        3,
        3,
        find,
        "i = find(x, n, 'last'), [r, c] = find(x): places that are not zero",
    ),
    plain(
        "nnz",
        1,
        1,
        1,
        nnz,
        "n = nnz(x): number of elements that are not zero",
    ),
];

fn find(call: &mut Call<'_>) -> Result<Outputs> {
    let numbers = numbers(call.name, &call.arguments[0])?;
    let limit = match call.arguments.get(1) {
        Some(limit) => whole(call.name, limit, 1.0)?,
        None => usize::MAX,
    };
    let last = match call.arguments.get(2).map(|side| side.as_text()) {
        None => false,
        Some(Some(side)) if side == "first" => false,
        Some(Some(side)) if side == "last" => true,
        Some(_) => return Err(failure("Search direction must be 'first' or 'last'.")),
    };
    let is_found = |place: &usize| numbers.data[*place] != 0.0;
    let count = numbers.data.len();
    let places: Vec<usize> = if last {
        let mut places: Vec<usize> = (0..count).rev().filter(is_found).take(limit).collect();
        places.reverse();
        places
    } else {
        (0..count).filter(is_found).take(limit).collect()
    };
    let shaped = |data: Vec<f64>| {
        let dims = if numbers.dims.as_slice() == [0, 0] {
            Dims::new(0, 0)
        } else if numbers.dims.rank() == 2 && numbers.dims.rows() == 1 && count != 1 {
            Dims::new(1, data.len())
        } else if numbers.dims.is_scalar() && data.is_empty() {
            Dims::new(0, 0)
        } else {
            Dims::new(data.len(), 1)
        };
        Value::doubles(Array::new(dims, data))
    };
    if call.outputs < 2 {
        return Ok(one(shaped(
            places.iter().map(|place| (place + 1) as f64).collect(),
        )));
    }
    let rows = numbers.dims.rows();
    let mut outputs = Outputs::new();
    outputs.push(shaped(
        places
            .iter()
            .map(|place| (place % rows + 1) as f64)
            .collect(),
    ));
    outputs.push(shaped(
        places
            .iter()
            .map(|place| (place / rows + 1) as f64)
            .collect(),
    ));
    if call.outputs == 3 {
        outputs.push(shaped(
            places.iter().map(|place| numbers.data[*place]).collect(),
        ));
    }
    Ok(outputs)
}

fn nnz(call: &mut Call<'_>) -> Result<Outputs> {
    let numbers = numbers(call.name, &call.arguments[0])?;
    Ok(one(
        numbers.data.iter().filter(|number| **number != 0.0).count() as f64,
    ))
}

#[cfg(test)]
mod tests {
    use crate::testing::check;

    #[test]
    fn places() {
        check(&[
            ("find([0 1 0 1])", "[2 4]"),
            ("find([0; 1])", "2"),
            ("find([0 1; 1 1])", "[2; 3; 4]"),
            ("find([0 1; 1 0])", "[2; 1] | [1; 2]"),
            ("find([0 5; 6 0])", "[2; 1] | [1; 2] | [6; 5]"),
            ("find([1 1 1], 2)", "[1 2]"),
            ("find([1 1 1], 1, 'last')", "3"),
            ("find([])", "[0x0]"),
            ("find(0)", "[0x0]"),
            ("find([0 0])", "[1x0]"),
            ("nnz([1 0 2])", "2"),
        ]);
    }
}
