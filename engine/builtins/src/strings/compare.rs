//! Comparing texts, and looking for one in another.

use crate::inputs::{failure, text, text_or_texts};
use crate::table::plain;
use crate::{Call, Entry, Outputs, one};
use tourbillon_value::{Array, Dims, Result, Value};

pub(crate) static TABLE: &[Entry] = &[
    plain(
        "contains",
        2,
        4,
        1,
        |call| holds(call, |text, part| text.contains(part)),
        "tf = contains(text, part, 'IgnoreCase', tf): whether the part stands in it",
    ),
    plain(
        "count",
        2,
        2,
        1,
        count,
        "n = count(text, part): how often the part stands in it",
    ),
    plain(
        "endsWith",
        2,
        4,
        1,
        |call| holds(call, |text, part| text.ends_with(part)),
        "tf = endsWith(text, part)",
    ),
    plain(
        "index",
        2,
        3,
        1,
        |call| index(call, false),
        "i = index(text, part, 'last'): where the part stands, 0 when nowhere",
    ),
    plain(
        "rindex",
        2,
        2,
        1,
        |call| index(call, true),
        "i = rindex(text, part): where the part stands last",
    ),
    plain(
        "startsWith",
        2,
        4,
        1,
        |call| holds(call, |text, part| text.starts_with(part)),
        "tf = startsWith(text, part)",
    ),
    plain(
        "strcmp",
        2,
        2,
        1,
        |call| compare(call, |a, b| a == b),
        "tf = strcmp(a, b): the same text",
    ),
    plain(
        "strcmpi",
        2,
        2,
        1,
        |call| compare(call, same_letters),
        "tf = strcmpi(a, b): the same text but for case",
    ),
    plain(
        "strfind",
        2,
        2,
        1,
        strfind,
        "i = strfind(text, part): all places where the part begins",
    ),
    plain(
        "strncmp",
        3,
        3,
        1,
        |call| compare_first(call, |a, b| a == b),
        "tf = strncmp(a, b, n): the same first n characters",
    ),
    plain(
        "strncmpi",
        3,
        3,
        1,
        |call| compare_first(call, same_letters),
        "tf = strncmpi(a, b, n): the same first n characters but for case",
    ),
];

type Test = fn(&[u16], &[u16]) -> bool;

fn same_letters(a: &[u16], b: &[u16]) -> bool {
    String::from_utf16_lossy(a).to_lowercase() == String::from_utf16_lossy(b).to_lowercase()
}

/// The characters of a char array with its size; `None` for anything else.
fn characters(value: &Value) -> Option<(&Dims, &[u16])> {
    match value {
        Value::Char(array) => Some((array.dims(), array.data())),
        _ => None,
    }
}

fn same(a: &Value, b: &Value, test: &dyn Fn(&[u16], &[u16]) -> bool) -> bool {
    match (characters(a), characters(b)) {
        (Some((a_dims, a)), Some((b_dims, b))) => {
            (a_dims == b_dims || a.is_empty() && b.is_empty()) && test(a, b)
        }
        _ => false,
    }
}

/// Compares two values, or each element of cells.
fn pairs(a: &Value, b: &Value, test: &dyn Fn(&Value, &Value) -> bool) -> Result<Value> {
    let results = |cell: &Array<Value>, test: &dyn Fn(&Value) -> bool| {
        let data = cell.data().iter().map(test).collect();
        Value::bools(Array::new(cell.dims().clone(), data))
    };
    Ok(match (a, b) {
        (Value::Cell(a), Value::Cell(b)) if a.count() == 1 => {
            results(b, &|b| test(&a.data()[0], b))
        }
        (Value::Cell(a), Value::Cell(b)) if b.count() == 1 => {
            results(a, &|a| test(a, &b.data()[0]))
        }
        (Value::Cell(a), Value::Cell(b)) => {
            if a.dims() != b.dims() {
                return Err(failure(
                    "Inputs must be the same size or either one can be a scalar.",
                ));
            }
            let data = a
                .data()
                .iter()
                .zip(b.data())
                .map(|(a, b)| test(a, b))
                .collect();
            Value::bools(Array::new(a.dims().clone(), data))
        }
        (Value::Cell(cell), other) => results(cell, &|item| test(item, other)),
        (other, Value::Cell(cell)) => results(cell, &|item| test(other, item)),
        (a, b) => Value::Bool(test(a, b)),
    })
}

fn compare(call: &mut Call<'_>, test: Test) -> Result<Outputs> {
    let [a, b] = &*call.arguments else {
        unreachable!("two inputs")
    };
    Ok(one(pairs(a, b, &|a, b| same(a, b, &test))?))
}

fn compare_first(call: &mut Call<'_>, test: Test) -> Result<Outputs> {
    let count = crate::inputs::whole(call.name, &call.arguments[2], 0.0)?;
    let first = |a: &Value, b: &Value| match (characters(a), characters(b)) {
        (Some((_, a)), Some((_, b))) => {
            a.len() >= count && b.len() >= count && test(&a[..count], &b[..count])
        }
        _ => false,
    };
    Ok(one(pairs(&call.arguments[0], &call.arguments[1], &first)?))
}

/// Applies a question to one text or to each of a cell.
fn each_text(call: &Call<'_>, ask: impl Fn(&str) -> Value) -> Result<Value> {
    let value = &call.arguments[0];
    let wrong = || failure("First argument must be text.");
    if let Value::Cell(cell) = value {
        let texts = text_or_texts(value).ok_or_else(wrong)?;
        let answers: Vec<Value> = texts.iter().map(|text| ask(text)).collect();
        return Ok(match answers.first() {
            Some(Value::Bool(_)) => Value::bools(Array::new(
                cell.dims().clone(),
                answers
                    .iter()
                    .map(|answer| matches!(answer, Value::Bool(true)))
                    .collect(),
            )),
            _ => Value::doubles(Array::new(
                cell.dims().clone(),
                answers.iter().filter_map(Value::as_number).collect(),
            )),
        });
    }
    Ok(ask(&value.as_text().ok_or_else(wrong)?))
}

fn holds(call: &mut Call<'_>, test: fn(&str, &str) -> bool) -> Result<Outputs> {
    let parts =
        text_or_texts(&call.arguments[1]).ok_or_else(|| failure("Search term must be text."))?;
    let (rest, options) = crate::inputs::split_options(&call.arguments[2..], &["IgnoreCase"])?;
    if !rest.is_empty() {
        return Err(failure(format!(
            "{}: expected the option 'IgnoreCase'.",
            call.name
        )));
    }
    let ignores_case = match options.last() {
        Some((_, tf)) => tourbillon_value::ops::is_true(tf)?,
        None => false,
    };
    let answer = each_text(call, |text| {
        Value::Bool(parts.iter().any(|part| {
            if ignores_case {
                test(&text.to_lowercase(), &part.to_lowercase())
            } else {
                test(text, part)
            }
        }))
    })?;
    Ok(one(answer))
}

fn count(call: &mut Call<'_>) -> Result<Outputs> {
    let parts =
        text_or_texts(&call.arguments[1]).ok_or_else(|| failure("Search term must be text."))?;
    let answer = each_text(call, |text| {
        let count: usize = parts
            .iter()
            .filter(|part| !part.is_empty())
            .map(|part| text.matches(part.as_str()).count())
            .sum();
        Value::Double(count as f64)
    })?;
    Ok(one(answer))
}

/// All places where `part` begins in `text`, also overlapping ones; from 0.
pub(super) fn places(text: &[u16], part: &[u16]) -> Vec<usize> {
    if part.is_empty() || part.len() > text.len() {
        return Vec::new();
    }
    (0..=text.len() - part.len())
        .filter(|at| text[*at..].starts_with(part))
        .collect()
}

fn strfind(call: &mut Call<'_>) -> Result<Outputs> {
    let part: Vec<u16> = text(call.name, &call.arguments[1])?
        .encode_utf16()
        .collect();
    let found = |value: &Value| -> Result<Value> {
        let Some((_, text)) = characters(value) else {
            return Err(failure("First argument must be text."));
        };
        let places: Vec<f64> = places(text, &part)
            .iter()
            .map(|at| (at + 1) as f64)
            .collect();
        Ok(if places.is_empty() {
            Value::empty()
        } else {
            Value::doubles(Array::row(places))
        })
    };
    Ok(one(match &call.arguments[0] {
        Value::Cell(cell) => {
            let data = cell.data().iter().map(found).collect::<Result<_>>()?;
            Value::cell(Array::new(cell.dims().clone(), data))
        }
        value => found(value)?,
    }))
}

fn index(call: &mut Call<'_>, from_last: bool) -> Result<Outputs> {
    let last = match call.arguments.get(2).map(Value::as_text) {
        None => from_last,
        Some(Some(side)) if side == "first" => false,
        Some(Some(side)) if side == "last" => true,
        Some(_) => return Err(failure("index: the direction must be 'first' or 'last'.")),
    };
    let text: Vec<u16> = text(call.name, &call.arguments[0])?
        .encode_utf16()
        .collect();
    let part: Vec<u16> = crate::inputs::text(call.name, &call.arguments[1])?
        .encode_utf16()
        .collect();
    let places = places(&text, &part);
    let place = if last { places.last() } else { places.first() };
    Ok(one(place.map_or(0.0, |at| (at + 1) as f64)))
}

#[cfg(test)]
mod tests {
    use crate::testing::check;

    #[test]
    fn texts_compare() {
        check(&[
            ("strcmp('a', 'a')", "true"),
            ("strcmp('a', 'A')", "false"),
            ("strcmp('a', 1)", "false"),
            ("strcmp('', '')", "true"),
            ("strcmp({'a' 'b'}, 'b')", "[false true]"),
            ("strcmp({'a' 'b'}, {'a' 'c'})", "[true false]"),
            (
                "strcmp({'a' 'b'}, {'a' 'b' 'c'})",
                "error: Inputs must be the same size or either one can be a scalar.",
            ),
            ("strcmpi('aB', 'Ab')", "true"),
            ("strncmp('abc', 'abd', 2)", "true"),
            ("strncmp('abc', 'abd', 3)", "false"),
            ("strncmp('a', 'abc', 2)", "false"),
            ("strncmpi('ABc', 'abd', 2)", "true"),
            ("contains('hello', 'ell')", "true"),
            ("contains({'ab' 'cd'}, 'c')", "[false true]"),
            ("contains('Hello', 'hell', 'IgnoreCase', true)", "true"),
            ("contains('abc', {'x' 'b'})", "true"),
            ("startsWith('hello', 'he')", "true"),
            ("endsWith('hello', 'lo')", "true"),
            ("count('banana', 'an')", "2"),
            ("strfind('abcabc', 'bc')", "[2 5]"),
            ("strfind('aaa', 'aa')", "[1 2]"),
            ("strfind('abc', 'x')", "[0x0]"),
            ("strfind({'ab' 'b'}, 'b')", "{2 1}"),
            ("index('abcb', 'b')", "2"),
            ("rindex('abcb', 'b')", "4"),
        ]);
    }
}
