//! Arrays as sets: who is a member of which, and what several have or have not in common.

use super::order::ascending;
use crate::inputs::{as_numbers, cell_texts, failure, numbers, text_or_texts, unsupported};
use crate::table::plain;
use crate::{Call, Entry, Outputs, one};
use std::cmp::Ordering;
use tourbillon_value::{Array, Dims, Result, Value};

pub(crate) static TABLE: &[Entry] = &[
    plain(
        "intersect",
        2,
        3,
        3,
        |call| sets(call, Operation::Intersect),
        "[c, ia, ib] = intersect(a, b, 'stable'): what is in both, sorted",
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
        "setdiff",
        2,
        3,
        2,
        |call| sets(call, Operation::Difference),
        "[c, ia] = setdiff(a, b, 'stable'): what is in a only, sorted",
    ),
    plain(
        "setxor",
        2,
        3,
        3,
        |call| sets(call, Operation::Exclusive),
        "[c, ia, ib] = setxor(a, b, 'stable'): what is in one of them only, sorted",
    ),
    plain(
        "union",
        2,
        3,
        3,
        |call| sets(call, Operation::Union),
        "[c, ia, ib] = union(a, b, 'stable'): what is in either, sorted",
    ),
];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Operation {
    Intersect,
    Difference,
    Exclusive,
    Union,
}

/// A member of a set, as it is compared.
enum Key {
    Number(f64),
    Text(Vec<u16>),
}

impl Key {
    fn order(&self, other: &Key) -> Ordering {
        match (self, other) {
            (Key::Number(a), Key::Number(b)) => ascending(a, b),
            (Key::Text(a), Key::Text(b)) => a.cmp(b),
            (Key::Number(_), Key::Text(_)) => Ordering::Less,
            (Key::Text(_), Key::Number(_)) => Ordering::Greater,
        }
    }

    /// NaN is no member of anything, not even of the set that it comes from.
    fn is_nan(&self) -> bool {
        matches!(self, Key::Number(number) if number.is_nan())
    }
}

/// The elements of an array, and the places of the first of each kind in order of their values.
struct Set {
    keys: Vec<Key>,
    firsts: Vec<usize>,
}

impl Set {
    fn new(keys: Vec<Key>) -> Set {
        let mut firsts: Vec<usize> = (0..keys.len()).collect();
        // Stable, so that of equal elements the first stays.
        firsts.sort_by(|a, b| keys[*a].order(&keys[*b]));
        firsts.dedup_by(|b, a| keys[*a].order(&keys[*b]) == Ordering::Equal && !keys[*a].is_nan());
        Set { keys, firsts }
    }

    fn of_numbers(data: &[f64]) -> Set {
        Set::new(data.iter().map(|number| Key::Number(*number)).collect())
    }

    fn of_texts(texts: &[String]) -> Set {
        let units = |text: &String| Key::Text(text.encode_utf16().collect());
        Set::new(texts.iter().map(units).collect())
    }

    /// The first place of an element that equals the key.
    fn place(&self, key: &Key) -> Option<usize> {
        if key.is_nan() {
            return None;
        }
        let at = self
            .firsts
            .binary_search_by(|place| self.keys[*place].order(key))
            .ok()?;
        Some(self.firsts[at])
    }
}

fn ismember(call: &mut Call<'_>) -> Result<Outputs> {
    let (wanted, set, dims) = match &call.arguments[1] {
        set @ Value::Cell(_) => {
            let set = cell_texts(set).ok_or_else(|| {
                failure("ismember: the set must be a cell array of character vectors.")
            })?;
            let wanted = text_or_texts(&call.arguments[0]).ok_or_else(|| {
                failure("ismember: the first argument must be text when the set is.")
            })?;
            let dims = match &call.arguments[0] {
                Value::Cell(cell) => cell.dims().clone(),
                _ => Dims::scalar(),
            };
            (Set::of_texts(&wanted), Set::of_texts(&set), dims)
        }
        set => {
            let set = numbers(call.name, set)?;
            let wanted = numbers(call.name, &call.arguments[0])?;
            (
                Set::of_numbers(&wanted.data),
                Set::of_numbers(&set.data),
                wanted.dims,
            )
        }
    };
    let places: Vec<Option<usize>> = wanted.keys.iter().map(|key| set.place(key)).collect();
    let mut outputs = one(Value::bools(Array::new(
        dims.clone(),
        places.iter().map(Option::is_some).collect(),
    )));
    if call.outputs > 1 {
        let places = places
            .iter()
            .map(|place| place.map_or(0.0, |place| (place + 1) as f64))
            .collect();
        outputs.push(Value::doubles(Array::new(dims, places)));
    }
    Ok(outputs)
}

fn sets(call: &mut Call<'_>, operation: Operation) -> Result<Outputs> {
    let stable = match call.arguments.get(2).map(Value::as_text) {
        None => false,
        Some(Some(option)) if option == "sorted" => false,
        Some(Some(option)) if option == "stable" => true,
        Some(_) => {
            return Err(failure(format!(
                "{}: the option must be 'sorted' or 'stable'.",
                call.name
            )));
        }
    };
    let (a, b) = (&call.arguments[0], &call.arguments[1]);
    let is_cell = matches!(a, Value::Cell(_)) || matches!(b, Value::Cell(_));
    let set = |value: &Value| -> Result<Set> {
        if is_cell {
            let texts = text_or_texts(value)
                .ok_or_else(|| failure(format!("{}: the sets must be text.", call.name)))?;
            Ok(Set::of_texts(&texts))
        } else {
            let numbers = as_numbers(value).ok_or_else(|| unsupported(call.name, value))?;
            Ok(Set::of_numbers(&numbers.data))
        }
    };
    let (left, right) = (set(a)?, set(b)?);
    let (from_left, from_right) = chosen(&left, &right, operation, stable);
    let mut members: Vec<&Key> = from_left.iter().map(|at| &left.keys[*at]).collect();
    if operation != Operation::Intersect {
        members.extend(from_right.iter().map(|at| &right.keys[*at]));
    }
    if !stable {
        members.sort_by(|a, b| a.order(b));
    }
    let is_text = matches!((a, b), (Value::Char(_), Value::Char(_)));
    let shape = shape(&members, a, b, operation, is_cell);
    let mut outputs = one(value(&members, shape, is_cell, is_text));
    for places in [from_left, from_right]
        .iter()
        .take(call.outputs.saturating_sub(1))
    {
        let places = places.iter().map(|place| (place + 1) as f64).collect();
        outputs.push(Value::doubles(Array::column(places)));
    }
    Ok(outputs)
}

/// The places in the left and in the right set whose elements the result has.
fn chosen(left: &Set, right: &Set, operation: Operation, stable: bool) -> (Vec<usize>, Vec<usize>) {
    let in_right = |place: &usize| right.place(&left.keys[*place]);
    let in_left = |place: &usize| left.place(&right.keys[*place]).is_some();
    let mut lefts: Vec<usize> = match operation {
        Operation::Union => left.firsts.clone(),
        Operation::Intersect => keep(&left.firsts, |at| in_right(at).is_some()),
        Operation::Difference | Operation::Exclusive => {
            keep(&left.firsts, |at| in_right(at).is_none())
        }
    };
    if stable {
        lefts.sort_unstable();
    }
    let mut rights = match operation {
        // In the order of the left ones, which they equal.
        Operation::Intersect => {
            return (lefts.clone(), lefts.iter().filter_map(in_right).collect());
        }
        Operation::Difference => Vec::new(),
        Operation::Union | Operation::Exclusive => keep(&right.firsts, |at| !in_left(at)),
    };
    if stable {
        rights.sort_unstable();
    }
    (lefts, rights)
}

fn keep(places: &[usize], likes: impl Fn(&usize) -> bool) -> Vec<usize> {
    places.iter().copied().filter(likes).collect()
}

/// A row when both are rows, for `setdiff` when the first is; otherwise a column.
fn shape(members: &[&Key], a: &Value, b: &Value, operation: Operation, is_cell: bool) -> Dims {
    let count = members.len();
    let nothing = Dims::new(0, 0);
    let (a_dims, b_dims) = (a.dims(), b.dims());
    let is_text = |value: &Value| is_cell && matches!(value, Value::Char(_));
    let is_row = |value: &Value, dims: &Dims| {
        is_text(value) || *dims == nothing || (dims.rank() == 2 && dims.rows() == 1)
    };
    let is_nothing = if operation == Operation::Difference {
        a_dims == nothing
    } else {
        a_dims == nothing && b_dims == nothing
    };
    if count == 0 && is_nothing {
        return nothing;
    }
    let row = is_row(a, &a_dims) && (operation == Operation::Difference || is_row(b, &b_dims));
    if row {
        Dims::new(1, count)
    } else {
        Dims::new(count, 1)
    }
}

fn value(members: &[&Key], dims: Dims, is_cell: bool, is_text: bool) -> Value {
    if is_cell {
        let text = |key: &&Key| match key {
            Key::Text(units) => Value::text(&String::from_utf16_lossy(units)),
            Key::Number(number) => Value::Double(*number),
        };
        return Value::cell(Array::new(dims, members.iter().map(text).collect()));
    }
    let numbers = members.iter().map(|key| match key {
        Key::Number(number) => *number,
        Key::Text(_) => unreachable!("texts come from cells"),
    });
    if is_text {
        Value::chars(Array::new(dims, numbers.map(|unit| unit as u16).collect()))
    } else {
        Value::doubles(Array::new(dims, numbers.collect()))
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::check;

    #[test]
    fn sets_have_members_in_common() {
        check(&[
            ("intersect([3 1 2], [2 3])", "[2 3] | [3; 1] | [1; 2]"),
            ("intersect([5 1 3 3], [3 5 7])", "[3 5] | [3; 1] | [1; 2]"),
            ("intersect([5 1 3], [3 5], 'stable')", "[5 3]"),
            ("setdiff([3 1 2], 2)", "[1 3] | [2; 1]"),
            ("setdiff([3 1 2 1], 2, 'stable')", "[3 1]"),
            ("setdiff([3; 1], 1)", "3"),
            ("setdiff([1 2], [1 2])", "[1x0]"),
            ("setdiff([NaN 1], NaN)", "[1 NaN]"),
            ("setdiff({'a' 'b'}, {'a'})", "{'b'} | 2"),
            ("setxor([1 2 3], [2 5])", "[1 3 5] | [1; 3] | 2"),
            ("union([3 1], [2 1])", "[1 2 3] | [2; 1] | 1"),
            ("union([], [2 1])", "[1 2]"),
            ("union([], [])", "[0x0]"),
            ("union([1; 2], [3; 4])", "[1; 2; 3; 4]"),
            ("union([1 2], [3; 4])", "[1; 2; 3; 4]"),
            ("union({'b'}, {'a' 'b'})", "{'a' 'b'}"),
            ("union('ba', 'cb')", "'abc'"),
        ]);
    }

    #[test]
    fn membership() {
        check(&[
            (
                "ismember([1 5 2], [2 1 0 1])",
                "[true false true] | [2 0 1]",
            ),
            ("ismember('b', {'a' 'b'})", "true | 2"),
            ("ismember({'z' 'a'}, {'a' 'b'})", "[false true] | [0 1]"),
            ("ismember('abz', 'ab')", "[true true false] | [1 2 0]"),
            ("ismember(NaN, [1 NaN])", "false | 0"),
            ("ismember([1; 2], 2)", "[false; true]"),
        ]);
    }
}
