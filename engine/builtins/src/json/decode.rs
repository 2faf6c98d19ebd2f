//! JSON texts as values.

use crate::inputs::failure;
use crate::types::{is_keyword, is_name};
use serde_json::{Map, Value as Json};
use std::rc::Rc;
use tourbillon_value::{Array, Dims, Result, StructArray, StructFields, Value};

/// The value that a text stands for.
pub(crate) fn decode(text: &str) -> Result<Value> {
    // The reader refuses what nests deeper than 128, so that nothing below runs out of stack.
    let json: Json = serde_json::from_str(text)
        .map_err(|error| failure(format!("JSON syntax error: {error}")))?;
    Ok(value(&json))
}

fn value(json: &Json) -> Value {
    match json {
        Json::Null => Value::empty(),
        Json::Bool(truth) => Value::Bool(*truth),
        Json::Number(number) => Value::Double(number.as_f64().unwrap_or(f64::NAN)),
        Json::String(text) => Value::text(text),
        Json::Object(members) => {
            let names = names(members);
            let values = members.values().map(|member| vec![value(member)]);
            let fields: StructFields = names.into_iter().zip(values).collect();
            Value::Struct(Rc::new(StructArray::new(Dims::scalar(), fields)))
        }
        Json::Array(items) => list(items),
    }
}

fn list(items: &[Json]) -> Value {
    if items.is_empty() {
        return Value::empty();
    }
    if let Some(numbers) = numbers(items) {
        return Value::doubles(Array::column(numbers));
    }
    let truths: Option<Vec<bool>> = items.iter().map(Json::as_bool).collect();
    if let Some(truths) = truths {
        return Value::bools(Array::column(truths));
    }
    if let Some(objects) = objects(items) {
        return objects;
    }
    let values: Vec<Value> = items.iter().map(value).collect();
    if items.iter().all(Json::is_array)
        && let Some(stacked) = stacked(&values)
    {
        return stacked;
    }
    Value::cell(Array::column(values))
}

/// Numbers among which a null is no number; nulls alone are no numbers.
fn numbers(items: &[Json]) -> Option<Vec<f64>> {
    if !items.iter().any(Json::is_number) {
        return None;
    }
    items
        .iter()
        .map(|item| match item {
            Json::Null => Some(f64::NAN),
            other => other.as_f64(),
        })
        .collect()
}

/// Objects with the same members in the same order are a struct array.
fn objects(items: &[Json]) -> Option<Value> {
    let objects: Vec<&Map<String, Json>> =
        items.iter().map(Json::as_object).collect::<Option<_>>()?;
    let first = objects[0];
    if objects.iter().any(|object| !object.keys().eq(first.keys())) {
        return None;
    }
    let columns = first.keys().map(|key| {
        let column = objects.iter().map(|object| value(&object[key]));
        column.collect::<Vec<Value>>()
    });
    let fields: StructFields = names(first).into_iter().zip(columns).collect();
    let dims = Dims::new(objects.len(), 1);
    Some(Value::Struct(Rc::new(StructArray::new(dims, fields))))
}

/// Arrays of one kind and size become one array with a dimension more, which comes first.
fn stacked(values: &[Value]) -> Option<Value> {
    let inner = inner_sizes(&values[0])?;
    let sizes: Vec<usize> = [values.len()].into_iter().chain(inner.clone()).collect();
    let dims = Dims::from_slice(&sizes);
    let count = dims.count();
    let place = |outer: usize, at: usize| outer + at * values.len();
    if values
        .iter()
        .all(|value| matches!(value, Value::Double(_) | Value::DoubleArray(_)))
    {
        let mut data = vec![0.0; count];
        for (outer, value) in values.iter().enumerate() {
            if inner_sizes(value)? != inner {
                return None;
            }
            match value {
                Value::Double(number) => data[outer] = *number,
                Value::DoubleArray(array) => {
                    for (at, number) in array.data().iter().enumerate() {
                        data[place(outer, at)] = *number;
                    }
                }
                _ => return None,
            }
        }
        return Some(Value::doubles(Array::new(dims, data)));
    }
    let mut data = vec![false; count];
    for (outer, value) in values.iter().enumerate() {
        if inner_sizes(value)? != inner {
            return None;
        }
        match value {
            Value::Bool(truth) => data[outer] = *truth,
            Value::BoolArray(array) => {
                for (at, truth) in array.data().iter().enumerate() {
                    data[place(outer, at)] = *truth;
                }
            }
            _ => return None,
        }
    }
    Some(Value::bools(Array::new(dims, data)))
}

/// The sizes of a list within a list: a column has one. Empty ones do not stack.
fn inner_sizes(value: &Value) -> Option<Vec<usize>> {
    match value {
        Value::Double(_) | Value::Bool(_) => Some(vec![1]),
        Value::DoubleArray(_) | Value::BoolArray(_) if !value.is_empty() => {
            let dims = value.dims();
            Some(match dims.as_slice() {
                [rows, 1] => vec![*rows],
                sizes => sizes.to_vec(),
            })
        }
        _ => None,
    }
}

/// The names of members as names of fields, each once.
fn names(members: &Map<String, Json>) -> Vec<Rc<str>> {
    let mut taken: Vec<Rc<str>> = Vec::with_capacity(members.len());
    for key in members.keys() {
        let name = field_name(key);
        let mut unique: Rc<str> = name.as_str().into();
        let mut number = 0;
        while taken.contains(&unique) {
            number += 1;
            unique = format!("{name}_{number}").into();
        }
        taken.push(unique);
    }
    taken
}

/// The nearest name that a field can have, as `matlab.lang.makeValidName` finds it.
pub(crate) fn field_name(text: &str) -> String {
    if is_name(text) && !is_keyword(text) {
        return text.to_owned();
    }
    let mut name = String::with_capacity(text.len() + 1);
    let mut is_after_blank = false;
    for letter in text.trim().chars() {
        if letter.is_whitespace() {
            is_after_blank = true;
        } else if std::mem::take(&mut is_after_blank) {
            name.extend(letter.to_uppercase());
        } else {
            name.push(letter);
        }
    }
    if is_keyword(&name) {
        name[..1].make_ascii_uppercase();
        return format!("x{name}");
    }
    let name: String = name
        .chars()
        .map(|letter| {
            if letter.is_ascii_alphanumeric() || letter == '_' {
                letter
            } else {
                '_'
            }
        })
        .collect();
    if name.starts_with(|first: char| first.is_ascii_alphabetic()) {
        name
    } else {
        format!("x{name}")
    }
}
