//! Where elements are, and which sets they belong to.

use crate::inputs::{as_numbers, cell_texts, failure, numbers, unsupported, whole};
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
        "intersect",
        2,
        2,
        1,
        |call| sets(call, |in_other| in_other, false),
        "c = intersect(a, b): what is in both, sorted",
    ),
    plain(
        "ismember",
        2,
        2,
        2,
        ismember,
        "[tf, place] = ismember(x, set): whether each is in the set",
    ),
    plain(
        "nnz",
        1,
        1,
        1,
        nnz,
        "n = nnz(x): number of elements that are not zero",
    ),
    plain(
        "setdiff",
        2,
        2,
        1,
        |call| sets(call, |in_other| !in_other, false),
        "c = setdiff(a, b): what is in a only, sorted",
    ),
    plain(
        "union",
        2,
        2,
        1,
        |call| sets(call, |_| true, true),
        "c = union(a, b): what is in either, sorted",
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

fn ismember(call: &mut Call<'_>) -> Result<Outputs> {
    let (found, dims): (Vec<Option<usize>>, Dims) = match &call.arguments[1] {
        set @ Value::Cell(_) => {
            let set = cell_texts(set).ok_or_else(|| {
                failure("ismember: the set must be a cell array of character vectors.")
            })?;
            let wanted = crate::inputs::text_or_texts(&call.arguments[0]).ok_or_else(|| {
                failure("ismember: the first argument must be text when the set is.")
            })?;
            let dims = match &call.arguments[0] {
                Value::Cell(cell) => cell.dims().clone(),
                _ => Dims::scalar(),
            };
            let found = wanted
                .iter()
                .map(|wanted| set.iter().position(|member| member == wanted))
                .collect();
            (found, dims)
        }
        set => {
            let set = numbers(call.name, set)?;
            let wanted = numbers(call.name, &call.arguments[0])?;
            let found = wanted
                .data
                .iter()
                .map(|wanted| set.data.iter().position(|member| member == wanted))
                .collect();
            (found, wanted.dims)
        }
    };
    let mut outputs = one(Value::bools(Array::new(
        dims.clone(),
        found.iter().map(Option::is_some).collect(),
    )));
    if call.outputs > 1 {
        let places = found
            .iter()
            .map(|place| place.map_or(0.0, |place| (place + 1) as f64))
            .collect();
        outputs.push(Value::doubles(Array::new(dims, places)));
    }
    Ok(outputs)
}

/// The members of the first set that `keeps` likes, and those of the second when `both`: sorted, once
/// each.
fn sets(call: &mut Call<'_>, keeps: fn(bool) -> bool, both: bool) -> Result<Outputs> {
    let [a, b] = &*call.arguments else {
        unreachable!("two inputs")
    };
    if matches!(a, Value::Cell(_)) || matches!(b, Value::Cell(_)) {
        let texts = |value: &Value| {
            crate::inputs::text_or_texts(value)
                .ok_or_else(|| failure(format!("{}: the sets must be text.", call.name)))
        };
        let (left, right) = (texts(a)?, texts(b)?);
        let mut kept: Vec<String> = left
            .into_iter()
            .filter(|member| keeps(right.contains(member)))
            .collect();
        if both {
            kept.extend(right);
        }
        kept.sort_by(|a, b| a.encode_utf16().cmp(b.encode_utf16()));
        kept.dedup();
        let column = [a, b].iter().all(|value| value.dims().columns() == 1);
        let values: Vec<Value> = kept.iter().map(|text| Value::text(text)).collect();
        return Ok(one(Value::cell(if column {
            Array::column(values)
        } else {
            Array::row(values)
        })));
    }
    let (left, right) = (
        as_numbers(a).ok_or_else(|| unsupported(call.name, a))?,
        as_numbers(b).ok_or_else(|| unsupported(call.name, b))?,
    );
    let mut kept: Vec<f64> = left
        .data
        .iter()
        .copied()
        .filter(|member| keeps(right.data.contains(member)))
        .collect();
    if both {
        kept.extend_from_slice(&right.data);
    }
    kept.sort_by(super::order::ascending);
    kept.dedup();
    let is_column = |dims: &Dims| dims.columns() == 1 && dims.rows() > 1;
    let column = is_column(&left.dims) && (is_column(&right.dims) || !both);
    let is_text = matches!((a, b), (Value::Char(_), Value::Char(_)));
    let array = if column {
        Array::column(kept)
    } else {
        Array::row(kept)
    };
    Ok(one(if is_text {
        let (dims, data) = array.into_parts();
        Value::chars(Array::new(
            dims,
            data.iter().map(|unit| *unit as u16).collect(),
        ))
    } else {
        Value::doubles(array)
    }))
}

#[cfg(test)]
mod tests {
    use crate::testing::check;

    #[test]
    fn places_and_sets() {
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
            ("ismember(2, [1 2 3])", "true | 2"),
            ("ismember([1 5], [1 2 3])", "[true false] | [1 0]"),
            ("ismember('a', {'b' 'a'})", "true | 2"),
            ("ismember({'a' 'z'}, {'b' 'a'})", "[true false]"),
            ("union([3 1], [2 1])", "[1 2 3]"),
            ("intersect([3 1 2], [2 3])", "[2 3]"),
            ("setdiff([3 1 2], 2)", "[1 3]"),
            ("union({'b'}, {'a' 'b'})", "{'a' 'b'}"),
            ("setdiff({'a' 'b'}, {'a'})", "{'b'}"),
        ]);
    }
}
