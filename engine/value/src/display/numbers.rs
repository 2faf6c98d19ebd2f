//! Numbers as `format short` prints them: one by one, and in columns with a common width or factor.

use crate::{Array, Value};
use std::fmt::Write;

/// How many characters a line of columns may have.
pub(super) const LINE: usize = 80;

/// Up to this, integers are printed in full.
const LARGEST_INTEGER: f64 = 999_999_999.0;

/// A number as C's `%.*e` prints it: `1.2346e+09`.
pub fn format_exponent(number: f64, decimals: usize) -> String {
    if !number.is_finite() {
        return special(number).to_owned();
    }
    let text = format!("{number:.decimals$e}");
    let Some((mantissa, exponent)) = text.split_once('e') else {
        return text;
    };
    let (sign, digits) = match exponent.strip_prefix('-') {
        Some(digits) => ('-', digits),
        None => ('+', exponent),
    };
    format!("{mantissa}e{sign}{digits:0>2}")
}

/// A number as C's `%.*g` prints it: the shorter of plain and exponent form, without trailing zeros.
pub fn format_general(number: f64, significant: usize) -> String {
    if !number.is_finite() {
        return special(number).to_owned();
    }
    let significant = significant.max(1);
    let text = format!("{number:.*e}", significant - 1);
    let exponent = text
        .split_once('e')
        .and_then(|(_, exponent)| exponent.parse::<i32>().ok())
        .unwrap_or(0);
    if exponent < -4 || exponent >= significant as i32 {
        let text = format_exponent(number, significant - 1);
        return match text.split_once('e') {
            Some((mantissa, exponent)) => format!("{}e{exponent}", trimmed(mantissa)),
            None => text,
        };
    }
    let decimals = (significant as i32 - 1 - exponent).max(0) as usize;
    trimmed(&format!("{number:.decimals$}")).to_owned()
}

fn trimmed(text: &str) -> &str {
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.')
    } else {
        text
    }
}

fn special(number: f64) -> &'static str {
    if number.is_nan() {
        "NaN"
    } else if number > 0.0 {
        "Inf"
    } else {
        "-Inf"
    }
}

/// A number in at most five significant digits, integers in full: `3.1416`, `100`, `1.2346e+09`.
pub fn short_number(number: f64) -> String {
    if is_integer(number) && number.abs() <= LARGEST_INTEGER {
        return integer(number);
    }
    format_general(number, 5)
}

fn is_integer(number: f64) -> bool {
    number.is_finite() && number.floor() == number
}

/// Without a sign before zero.
fn integer(number: f64) -> String {
    format!("{}", number as i64)
}

/// A number on its own, without padding: `5`, `0.5000`, `1.2346e+09`.
pub(super) fn alone(number: f64) -> String {
    let size = number.abs();
    if !number.is_finite() {
        special(number).to_owned()
    } else if is_integer(number) && size <= LARGEST_INTEGER {
        integer(number)
    } else if size > 0.001 && size < 999.999_95 {
        format!("{number:.4}")
    } else {
        format_exponent(number, 4)
    }
}

/// A line with a scalar.
pub(super) fn scalar_line(value: &Value) -> String {
    match value {
        Value::Bool(truth) => format!("{:>4}\n", u8::from(*truth)),
        _ => {
            let number = value.as_number().unwrap_or(f64::NAN);
            let text = alone(number);
            let width = if !number.is_finite() || (is_integer(number) && number.abs() < 1000.0) {
                6
            } else if text.contains('e') {
                text.len() + 3
            } else if is_integer(number) {
                12
            } else {
                10
            };
            format!("{text:>width$}\n")
        }
    }
}

/// How the numbers of an array share a column.
struct Layout {
    /// The power of ten that stands before the array; 0 for none.
    exponent: i32,
    width: usize,
    decimals: usize,
}

impl Layout {
    fn of(data: &[f64]) -> Layout {
        let finite = || data.iter().copied().filter(|x| x.is_finite());
        let largest = finite().fold(0.0f64, |largest, x| largest.max(x.abs()));
        if finite().all(is_integer) && largest <= LARGEST_INTEGER {
            let width = if largest < 1000.0 { 6 } else { 12 };
            return Layout {
                exponent: 0,
                width,
                decimals: 0,
            };
        }
        let exponent = if (0.001..1000.0).contains(&largest) {
            0
        } else {
            decimal_exponent(largest)
        };
        Layout {
            exponent,
            width: 10,
            decimals: 4,
        }
    }

    fn write(&self, out: &mut String, number: f64) {
        let width = self.width;
        let _ = if !number.is_finite() {
            write!(out, "{:>width$}", special(number))
        } else if number == 0.0 {
            write!(out, "{:>width$}", 0)
        } else if self.decimals == 0 {
            write!(out, "{:>width$}", integer(number))
        } else {
            let scaled = scaled(number, self.exponent);
            write!(out, "{scaled:>width$.*}", self.decimals)
        };
    }
}

fn decimal_exponent(number: f64) -> i32 {
    let text = format!("{number:e}");
    text.split_once('e')
        .and_then(|(_, exponent)| exponent.parse().ok())
        .unwrap_or(0)
}

fn scaled(number: f64, exponent: i32) -> f64 {
    // Powers of ten beyond the range of doubles would be infinite or zero: two steps reach further.
    let half = exponent / 2;
    number / 10f64.powi(half) / 10f64.powi(exponent - half)
}

/// The rows of a matrix, in as many blocks of columns as its width takes.
pub(super) fn double_rows(array: &Array<f64>) -> String {
    let layout = Layout::of(array.data());
    let mut out = String::new();
    if layout.exponent != 0 {
        let sign = if layout.exponent < 0 { '-' } else { '+' };
        let _ = write!(out, "   1.0e{sign}{:02} *\n\n", layout.exponent.abs());
    }
    let (rows, columns) = (array.dims().rows(), array.dims().columns());
    blocks(
        &mut out,
        columns,
        (LINE / layout.width).max(1),
        |out, range| {
            for row in 0..rows {
                for column in range.clone() {
                    layout.write(out, array.data()[column * rows + row]);
                }
                out.push('\n');
            }
        },
    );
    out
}

/// The rows of a logical matrix.
pub(super) fn logical_rows(array: &Array<bool>) -> String {
    const WIDTH: usize = 4;
    let mut out = String::new();
    let (rows, columns) = (array.dims().rows(), array.dims().columns());
    blocks(&mut out, columns, LINE / WIDTH, |out, range| {
        for row in 0..rows {
            for column in range.clone() {
                let _ = write!(
                    out,
                    "{:>WIDTH$}",
                    u8::from(array.data()[column * rows + row])
                );
            }
            out.push('\n');
        }
    });
    out
}

/// Writes the columns in blocks of `per_block`, each under its heading when there are several.
fn blocks(
    out: &mut String,
    columns: usize,
    per_block: usize,
    write_block: impl Fn(&mut String, std::ops::Range<usize>),
) {
    if columns <= per_block {
        return write_block(out, 0..columns);
    }
    let mut start = 0;
    while start < columns {
        let end = (start + per_block).min(columns);
        if start > 0 {
            out.push('\n');
        }
        write_heading(out, start, end);
        write_block(out, start..end);
        start = end;
    }
}

/// `  Columns 1 through 8`, counted from 1 from the half-open range.
pub(super) fn write_heading(out: &mut String, start: usize, end: usize) {
    let _ = if end - start == 1 {
        write!(out, "  Column {end}\n\n")
    } else {
        write!(out, "  Columns {} through {end}\n\n", start + 1)
    };
}
