//! What MATLAB prints for values: `format short`, loose spacing.

mod containers;
mod numbers;

pub use numbers::{format_exponent, format_general, short_number};

use crate::{Array, Dims, RuntimeError, Value};
use std::fmt::Write;

/// What a statement without `;` prints: a blank line, `x =`, and the value between blank lines.
pub fn display_named(name: &str, value: &Value) -> String {
    let shown = match value {
        Value::DoubleArray(array) if array.dims().rank() > 2 && array.count() > 0 => {
            pages(name, array.dims(), |page| {
                numbers::double_rows(&page_of(array, page))
            })
        }
        Value::BoolArray(array) if array.dims().rank() > 2 && array.count() > 0 => {
            pages(name, array.dims(), |page| {
                numbers::logical_rows(&page_of(array, page))
            })
        }
        Value::Function(_) => format!(
            "{name} =\n\n  function_handle with value:\n\n{}\n",
            body(value)
        ),
        _ => format!("{name} =\n\n{}\n", body(value)),
    };
    format!("\n{shown}")
}

/// What `disp(x)` prints.
pub fn disp(value: &Value) -> String {
    match value {
        Value::Double(_) | Value::Bool(_) => numbers::scalar_line(value),
        Value::DoubleArray(array) if array.count() == 0 => {
            // `disp([])` prints nothing, but a size other than 0 × 0 is worth a line.
            if *array.dims() == Dims::new(0, 0) {
                String::new()
            } else {
                body(value)
            }
        }
        Value::DoubleArray(array) if array.dims().rank() > 2 => pages("", array.dims(), |page| {
            numbers::double_rows(&page_of(array, page))
        }),
        Value::DoubleArray(array) => numbers::double_rows(array),
        Value::BoolArray(array) if array.count() == 0 => body(value),
        Value::BoolArray(array) if array.dims().rank() > 2 => pages("", array.dims(), |page| {
            numbers::logical_rows(&page_of(array, page))
        }),
        Value::BoolArray(array) => numbers::logical_rows(array),
        Value::Char(array) if array.count() == 0 => "\n".to_owned(),
        Value::Char(array) => char_lines(array, "", ""),
        Value::Cell(array) if array.count() == 0 => body(value),
        Value::Cell(array) => containers::cell_rows(array),
        Value::Struct(array) if array.dims().is_scalar() => containers::struct_fields(array),
        Value::Struct(_) => body(value),
        Value::Function(_) | Value::Object(_) | Value::Exception(_) => body(value),
        Value::Undefined | Value::Colon | Value::List(_) => {
            unreachable!("internal values are not displayed")
        }
    }
}

/// What stands between the blank lines of a display.
fn body(value: &Value) -> String {
    match value {
        Value::Double(_) => numbers::scalar_line(value),
        Value::Bool(_) => format!("  logical\n\n{}", numbers::scalar_line(value)),
        Value::DoubleArray(array) if *array.dims() == Dims::new(0, 0) => "     []\n".to_owned(),
        Value::DoubleArray(array) if array.count() == 0 => {
            let kind = match array.dims().as_slice() {
                [1, _] => "row vector",
                [_, 1] => "column vector",
                [_, _] => "matrix",
                _ => "array",
            };
            format!("  {} empty double {kind}\n", by(array.dims()))
        }
        Value::DoubleArray(array) => numbers::double_rows(array),
        Value::BoolArray(array) if array.count() == 0 => {
            format!("  {} empty logical array\n", by(array.dims()))
        }
        Value::BoolArray(array) => {
            format!(
                "  {} logical array\n\n{}",
                by(array.dims()),
                numbers::logical_rows(array)
            )
        }
        Value::Char(array) if array.count() == 0 => {
            format!("  {} empty char array\n", by(array.dims()))
        }
        Value::Char(array) if array.dims().rank() == 2 && array.dims().rows() == 1 => {
            char_lines(array, "    '", "'")
        }
        Value::Char(array) => {
            format!(
                "  {} char array\n\n{}",
                by(array.dims()),
                char_lines(array, "    '", "'")
            )
        }
        Value::Cell(array) if array.count() == 0 => {
            format!("  {} empty cell array\n", by(array.dims()))
        }
        Value::Cell(array) => {
            format!(
                "  {} cell array\n\n{}",
                by(array.dims()),
                containers::cell_rows(array)
            )
        }
        Value::Struct(array) => containers::struct_body(array),
        Value::Function(function) => format!("    {}\n", containers::function_text(function)),
        Value::Exception(error) => exception_body(error),
        Value::Object(object) => {
            let mut text = object.display();
            if !text.ends_with('\n') {
                text.push('\n');
            }
            text
        }
        Value::Undefined | Value::Colon | Value::List(_) => {
            unreachable!("internal values are not displayed")
        }
    }
}

/// `2×3`, as displays write sizes.
pub(crate) fn by(dims: &Dims) -> String {
    let sizes: Vec<String> = dims.as_slice().iter().map(usize::to_string).collect();
    sizes.join("×")
}

fn char_lines(array: &Array<u16>, before: &str, after: &str) -> String {
    let mut out = String::new();
    for row in crate::convert::char_rows(array) {
        let _ = writeln!(out, "{before}{row}{after}");
    }
    out
}

fn exception_body(error: &RuntimeError) -> String {
    let causes = match error.causes().len() {
        0 => "{}".to_owned(),
        count => format!("{{{count}×1 cell}}"),
    };
    format!(
        "  MException with properties:\n\n    identifier: '{}'\n       message: '{}'\n         \
         cause: {causes}\n         stack: [{}×1 struct]\n",
        error.identifier(),
        error.message(),
        error.context().stack.len()
    )
}

/// The pages of an N-D array, each under its indices.
fn pages(name: &str, dims: &Dims, rows: impl Fn(usize) -> String) -> String {
    let outer = &dims.as_slice()[2..];
    let count: usize = outer.iter().product();
    let mut out = String::new();
    for page in 0..count {
        if page > 0 {
            out.push('\n');
        }
        let mut left = page;
        let _ = write!(out, "{name}(:,:");
        for size in outer {
            let _ = write!(out, ",{}", left % size + 1);
            left /= size;
        }
        let _ = write!(out, ") =\n\n{}\n", rows(page));
    }
    out
}

fn page_of<T: Clone>(array: &Array<T>, page: usize) -> Array<T> {
    let dims = Dims::new(array.dims().rows(), array.dims().columns());
    let count = dims.count();
    Array::new(
        dims,
        array.data()[page * count..(page + 1) * count].to_vec(),
    )
}

#[cfg(test)]
mod tests;
