//! Order: `sort`, `unique` and what goes with them.

use crate::inputs::{cell_texts, dimension, failure, numbers, unsupported};
use crate::shape::{Axis, first_dimension, pick};
use crate::table::plain;
use crate::{Call, Entry, Outputs, one};
use std::cmp::Ordering;
use tourbillon_value::{Array, Dims, Result, Value};

pub(crate) static TABLE: &[Entry] = &[
    plain(
        "issorted",
        1,
        1,
        1,
        issorted,
        "tf = issorted(x): whether a vector is in ascending order",
    ),
    plain(
        "sort",
        1,
        3,
        2,
        sort,
        "[y, i] = sort(x, dim, 'descend'): in order",
    ),
    plain(
        "sortrows",
        1,
        2,
        2,
        sortrows,
        "[y, i] = sortrows(x, columns): rows in order; negative columns descend",
    ),
    plain(
        "unique",
        1,
        3,
        3,
        unique,
        "[u, i, j] = unique(x, 'stable'): each element once, sorted",
    ),
];

/// Ascending; NaN after everything.
pub(crate) fn ascending(a: &f64, b: &f64) -> Ordering {
    a.partial_cmp(b)
        .unwrap_or_else(|| a.is_nan().cmp(&b.is_nan()))
}

/// Descending; NaN before everything.
fn descending(a: &f64, b: &f64) -> Ordering {
    ascending(b, a)
}

fn by_units(a: &str, b: &str) -> Ordering {
    a.encode_utf16().cmp(b.encode_utf16())
}

fn sort(call: &mut Call<'_>) -> Result<Outputs> {
    let mut at = None;
    let mut descends = false;
    for argument in &call.arguments[1..] {
        match argument.as_text() {
            Some(mode) if mode.eq_ignore_ascii_case("ascend") => descends = false,
            Some(mode) if mode.eq_ignore_ascii_case("descend") => descends = true,
            Some(_) => {
                return Err(failure("Sorting direction must be 'ascend' or 'descend'."));
            }
            None => at = Some(dimension(argument)?),
        }
    }
    let value = &call.arguments[0];
    let dims = value.dims();
    let axis = Axis::new(&dims, at.unwrap_or_else(|| first_dimension(&dims)));
    let mut places: Vec<usize> = (0..dims.count()).collect();
    let mut indices = vec![0.0; dims.count()];
    let mut lane_order = |compare: &dyn Fn(usize, usize) -> Ordering| {
        for lane in 0..axis.lanes() {
            let mut order: Vec<usize> = (0..axis.length).collect();
            // Equal elements keep their order, also when the order is descending.
            order.sort_by(|a, b| compare(axis.place(lane, *a), axis.place(lane, *b)));
            for (index, from) in order.into_iter().enumerate() {
                places[axis.place(lane, index)] = axis.place(lane, from);
                indices[axis.place(lane, index)] = (from + 1) as f64;
            }
        }
    };
    if let Value::Cell(_) = value {
        let texts = cell_texts(value)
            .ok_or_else(|| failure("Argument must be a cell array of character vectors."))?;
        lane_order(&|a, b| {
            if descends {
                by_units(&texts[b], &texts[a])
            } else {
                by_units(&texts[a], &texts[b])
            }
        });
    } else {
        let numbers = numbers(call.name, value)?;
        lane_order(&|a, b| {
            if descends {
                descending(&numbers.data[a], &numbers.data[b])
            } else {
                ascending(&numbers.data[a], &numbers.data[b])
            }
        });
    }
    let mut outputs = one(pick(value, dims.clone(), &places)?);
    if call.outputs > 1 {
        outputs.push(Value::doubles(Array::new(dims, indices)));
    }
    Ok(outputs)
}

fn issorted(call: &mut Call<'_>) -> Result<Outputs> {
    let value = &call.arguments[0];
    Ok(one(match cell_texts(value) {
        Some(texts) => texts.is_sorted_by(|a, b| by_units(a, b) != Ordering::Greater),
        None => numbers(call.name, value)?
            .data
            .is_sorted_by(|a, b| ascending(a, b) != Ordering::Greater),
    }))
}

fn sortrows(call: &mut Call<'_>) -> Result<Outputs> {
    let value = &call.arguments[0];
    let dims = value.dims();
    if dims.rank() > 2 {
        return Err(failure("X must be a 2-D array."));
    }
    let (rows, columns) = (dims.rows(), dims.columns());
    let keys: Vec<(usize, bool)> = match call.arguments.get(1) {
        None => (0..columns).map(|column| (column, false)).collect(),
        Some(wanted) => {
            let mut keys = Vec::new();
            for key in numbers(call.name, wanted)?.data.iter() {
                let column = key.abs();
                if column.fract() != 0.0 || column < 1.0 || column > columns as f64 {
                    return Err(failure(
                        "Column sorting vector must contain valid columns of X.",
                    ));
                }
                keys.push((column as usize - 1, *key < 0.0));
            }
            keys
        }
    };
    let texts = cell_texts(value);
    let numbers = match &texts {
        Some(_) => None,
        None => Some(numbers(call.name, value)?),
    };
    let compare = |a: usize, b: usize| match (&texts, &numbers) {
        (Some(texts), _) => by_units(&texts[a], &texts[b]),
        (None, Some(numbers)) => ascending(&numbers.data[a], &numbers.data[b]),
        (None, None) => unreachable!("one of the two was read"),
    };
    let mut order: Vec<usize> = (0..rows).collect();
    order.sort_by(|a, b| {
        keys.iter()
            .map(|(column, descends)| {
                let order = compare(column * rows + a, column * rows + b);
                if *descends { order.reverse() } else { order }
            })
            .find(|order| *order != Ordering::Equal)
            .unwrap_or(Ordering::Equal)
    });
    let places: Vec<usize> = (0..columns)
        .flat_map(|column| order.iter().map(move |row| column * rows + row))
        .collect();
    let mut outputs = one(pick(value, dims, &places)?);
    if call.outputs > 1 {
        let indices = order.iter().map(|row| (row + 1) as f64).collect();
        outputs.push(Value::doubles(Array::column(indices)));
    }
    Ok(outputs)
}

fn unique(call: &mut Call<'_>) -> Result<Outputs> {
    let mut stable = false;
    let mut last = false;
    for option in &call.arguments[1..] {
        match option.as_text().as_deref() {
            Some("stable") => stable = true,
            Some("sorted" | "first") => {}
            Some("last") => last = true,
            _ => {
                return Err(failure(
                    "unique: the option must be 'sorted', 'stable', 'first' or 'last'.",
                ));
            }
        }
    }
    let value = &call.arguments[0];
    let dims = value.dims();
    let count = dims.count();
    let compare: Box<dyn Fn(usize, usize) -> Ordering> = match value {
        Value::Cell(_) => {
            let texts = cell_texts(value).ok_or_else(|| {
                failure("Cell array input must be a cell array of character vectors.")
            })?;
            Box::new(move |a, b| by_units(&texts[a], &texts[b]))
        }
        _ => {
            let numbers = numbers(call.name, value).map_err(|_| unsupported("unique", value))?;
            let data = numbers.data.into_owned();
            Box::new(move |a, b| ascending(&data[a], &data[b]))
        }
    };
    // NaN is not equal to itself: each stands alone.
    let is_nan = |place: usize| match value {
        Value::Double(number) => number.is_nan(),
        Value::DoubleArray(array) => array.data()[place].is_nan(),
        _ => false,
    };
    let mut order: Vec<usize> = (0..count).collect();
    order.sort_by(|a, b| compare(*a, *b));
    // Groups of equal elements, each in order of its places.
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for place in order {
        match groups.last_mut() {
            Some(group) if compare(group[0], place) == Ordering::Equal && !is_nan(place) => {
                group.push(place);
            }
            _ => groups.push(vec![place]),
        }
    }
    if stable {
        groups.sort_by_key(|group| group[0]);
    }
    let chosen: Vec<usize> = groups
        .iter()
        .map(|group| {
            if last {
                group[group.len() - 1]
            } else {
                group[0]
            }
        })
        .collect();
    let is_row = dims.rank() == 2 && dims.rows() == 1 && dims.columns() != 1;
    let shape = if is_row {
        Dims::new(1, chosen.len())
    } else if dims.as_slice() == [0, 0] {
        Dims::new(0, 0)
    } else {
        Dims::new(chosen.len(), 1)
    };
    let mut outputs = one(pick(value, shape, &chosen)?);
    if call.outputs > 1 {
        let places = chosen.iter().map(|place| (place + 1) as f64).collect();
        outputs.push(Value::doubles(Array::column(places)));
    }
    if call.outputs > 2 {
        let mut group_of = vec![0.0; count];
        for (number, group) in groups.iter().enumerate() {
            for place in group {
                group_of[*place] = (number + 1) as f64;
            }
        }
        outputs.push(Value::doubles(Array::column(group_of)));
    }
    Ok(outputs)
}

#[cfg(test)]
mod tests {
    use crate::testing::check;

    #[test]
    fn sort_is_stable_and_puts_nan_last() {
        check(&[
            ("sort([3 1 2])", "[1 2 3] | [2 3 1]"),
            ("sort([3 1 2], 'descend')", "[3 2 1] | [1 3 2]"),
            ("sort([3 NaN 1])", "[1 3 NaN]"),
            ("sort([3 NaN 1], 'descend')", "[NaN 3 1]"),
            ("sort([3 1; 2 4])", "[2 1; 3 4]"),
            ("sort([3 1; 2 4], 2)", "[1 3; 2 4]"),
            ("sort([1 1 1])", "[1 1 1] | [1 2 3]"),
            ("sort('hello')", "'ehllo'"),
            ("sort({'b' 'a' 'C'})", "{'C' 'a' 'b'} | [3 2 1]"),
            ("sort([true false])", "[false true]"),
            (
                "sort({1 2})",
                "error: Argument must be a cell array of character vectors.",
            ),
            ("issorted([1 2 2])", "true"),
            ("issorted([2 1])", "false"),
            ("sortrows([2 1; 1 5; 1 2])", "[1 2; 1 5; 2 1] | [3; 2; 1]"),
            ("sortrows([2 1; 1 5; 1 2], -2)", "[1 5; 1 2; 2 1]"),
        ]);
    }

    #[test]
    fn unique_gives_each_once() {
        check(&[
            ("unique([3 1 3 2])", "[1 2 3] | [2; 4; 1] | [3; 1; 3; 2]"),
            ("unique([3 1 3 2], 'stable')", "[3 1 2]"),
            ("unique([3; 1; 3])", "[1; 3]"),
            ("unique({'b' 'a' 'b'})", "{'a' 'b'}"),
            ("unique([NaN NaN 1])", "[1 NaN NaN]"),
            ("unique([])", "[0x0]"),
            ("unique([1 2; 2 1])", "[1; 2]"),
        ]);
    }
}
