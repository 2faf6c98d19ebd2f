//! Cells and structs, with their contents in one line each.

use super::by;
use super::numbers::{LINE, alone, write_heading};
use crate::{Array, Dims, FunctionHandle, StructArray, Value};
use std::fmt::Write;

/// Longer rows are shown by their size only.
const LONGEST_ROW: usize = 10;

/// A function handle as it was written.
pub(super) fn function_text(function: &FunctionHandle) -> String {
    if function.name.starts_with('@') {
        function.name.to_string()
    } else {
        format!("@{}", function.name)
    }
}

/// `1 2 3` for a short row of numbers or logicals.
fn row_text(value: &Value) -> Option<String> {
    let is_row = |dims: &Dims| dims.rank() == 2 && dims.rows() == 1;
    let texts: Vec<String> = match value {
        Value::DoubleArray(array) if is_row(array.dims()) => {
            let all_integers = array
                .data()
                .iter()
                .all(|x| !x.is_finite() || x.floor() == *x);
            let text = |x: &f64| {
                if !all_integers && *x != 0.0 && x.floor() == *x && x.abs() < 1000.0 {
                    format!("{x:.4}")
                } else {
                    alone(*x)
                }
            };
            array.data().iter().map(text).collect()
        }
        Value::BoolArray(array) if is_row(array.dims()) => array
            .data()
            .iter()
            .map(|x| u8::from(*x).to_string())
            .collect(),
        _ => return None,
    };
    (1..=LONGEST_ROW)
        .contains(&texts.len())
        .then(|| texts.join(" "))
}

fn size_and_class(value: &Value) -> String {
    format!("{} {}", by(&value.dims()), value.class_name())
}

/// A value as the content of a cell, without the braces. `width` pads numbers on the left.
fn cell_content(value: &Value, width: usize) -> String {
    match value {
        Value::Double(number) => format!("[{:>width$}]", alone(*number)),
        Value::Bool(truth) => format!("[{:>width$}]", u8::from(*truth)),
        Value::Char(array) if array.count() > 0 && array.dims().rows() == 1 => {
            format!("'{}'", String::from_utf16_lossy(array.data()))
        }
        Value::Function(function) => function_text(function),
        Value::DoubleArray(_) | Value::BoolArray(_) => match row_text(value) {
            Some(text) => format!("[{text}]"),
            None => size_and_class(value),
        },
        Value::Char(_)
        | Value::Cell(_)
        | Value::Struct(_)
        | Value::Exception(_)
        | Value::Object(_) => size_and_class(value),
        Value::Undefined | Value::Colon | Value::List(_) => {
            unreachable!("internal values are not displayed")
        }
    }
}

/// The rows of a cell array: columns as wide as their widest content.
pub(super) fn cell_rows(array: &Array<Value>) -> String {
    let rows = array.dims().rows();
    // Further dimensions follow to the right.
    let columns = array.count() / rows.max(1);
    let mut texts = Vec::with_capacity(array.count());
    let mut widths = Vec::with_capacity(columns);
    for column in 0..columns {
        let values = &array.data()[column * rows..(column + 1) * rows];
        let length = |value| cell_content(value, 0).chars().count();
        let width = values.iter().map(length).max().unwrap_or(0);
        // Numbers are padded inside their brackets, everything else inside the braces.
        texts.extend(values.iter().map(|value| {
            format!(
                "{{{:<width$}}}",
                cell_content(value, width.saturating_sub(2))
            )
        }));
        widths.push(width + 2);
    }
    let mut out = String::new();
    let mut start = 0;
    while start < columns {
        let mut end = start + 1;
        let mut used = widths[start] + 4;
        while end < columns && used + widths[end] + 4 <= LINE {
            used += widths[end] + 4;
            end += 1;
        }
        if start > 0 {
            out.push('\n');
        }
        if start > 0 || end < columns {
            write_heading(&mut out, start, end);
        }
        for row in 0..rows {
            for column in start..end {
                let text = &texts[column * rows + row];
                let _ = write!(out, "    {text}");
            }
            out.push('\n');
        }
        start = end;
    }
    out
}

/// A value as the content of a struct's field.
fn field_content(value: &Value) -> String {
    match value {
        Value::Double(number) => alone(*number),
        Value::Bool(truth) => u8::from(*truth).to_string(),
        Value::Char(array) if *array.dims() == Dims::new(0, 0) => "''".to_owned(),
        Value::Char(array) if array.dims().rank() == 2 && array.dims().rows() == 1 => {
            format!("'{}'", String::from_utf16_lossy(array.data()))
        }
        Value::Function(function) => function_text(function),
        Value::Cell(array) if *array.dims() == Dims::new(0, 0) => "{}".to_owned(),
        Value::Cell(_) => format!("{{{}}}", size_and_class(value)),
        Value::DoubleArray(array) if *array.dims() == Dims::new(0, 0) => "[]".to_owned(),
        Value::DoubleArray(_) | Value::BoolArray(_) => match row_text(value) {
            Some(text) => format!("[{text}]"),
            None => format!("[{}]", size_and_class(value)),
        },
        Value::Char(_) | Value::Struct(_) | Value::Exception(_) | Value::Object(_) => {
            format!("[{}]", size_and_class(value))
        }
        Value::Undefined | Value::Colon | Value::List(_) => {
            unreachable!("internal values are not displayed")
        }
    }
}

/// The fields of a scalar struct, names flush right.
pub(super) fn struct_fields(array: &StructArray) -> String {
    let width = array
        .fields()
        .iter()
        .map(|(name, _)| name.chars().count())
        .max()
        .unwrap_or(0)
        + 4;
    let mut out = String::new();
    for (name, values) in array.fields() {
        let _ = writeln!(out, "{name:>width$}: {}", field_content(&values[0]));
    }
    out
}

/// What a display of a struct shows.
pub(super) fn struct_body(array: &StructArray) -> String {
    let has_fields = !array.fields().is_empty();
    if array.dims().is_scalar() {
        return if has_fields {
            format!("  struct with fields:\n\n{}", struct_fields(array))
        } else {
            "  struct with no fields.\n".to_owned()
        };
    }
    let empty = if array.count() == 0 { "empty " } else { "" };
    let size = by(array.dims());
    if !has_fields {
        return format!("  {size} {empty}struct array with no fields.\n");
    }
    let mut out = format!("  {size} {empty}struct array with fields:\n\n");
    for (name, _) in array.fields() {
        let _ = writeln!(out, "    {name}");
    }
    out
}
