//! Constants, each also as an array: `NaN(2, 3)`.

use crate::inputs::{as_numbers, failure, sizes};
use crate::table::plain;
use crate::{Call, Entry, Outputs, one};
use tourbillon_value::{Array, Result, Value};

pub(crate) static TABLE: &[Entry] = &[
    plain(
        "Inf",
        0,
        u8::MAX,
        1,
        |call| filled(call, f64::INFINITY),
        "x = Inf, Inf(2, 3): infinity",
    ),
    plain(
        "NaN",
        0,
        u8::MAX,
        1,
        |call| filled(call, f64::NAN),
        "x = NaN, NaN(2, 3): not a number",
    ),
    plain(
        "eps",
        0,
        1,
        1,
        eps,
        "d = eps, eps(x): the distance to the next larger number",
    ),
    plain(
        "false",
        0,
        u8::MAX,
        1,
        |call| truths(call, false),
        "tf = false, false(2, 3): logical 0",
    ),
    plain(
        "flintmax",
        0,
        0,
        1,
        |_| Ok(one(9_007_199_254_740_992.0)),
        "x = flintmax: up to here every whole number is exact",
    ),
    plain(
        "inf",
        0,
        u8::MAX,
        1,
        |call| filled(call, f64::INFINITY),
        "x = inf, inf(2, 3): infinity",
    ),
    plain(
        "nan",
        0,
        u8::MAX,
        1,
        |call| filled(call, f64::NAN),
        "x = nan, nan(2, 3): not a number",
    ),
    plain(
        "ones",
        0,
        u8::MAX,
        1,
        |call| filled(call, 1.0),
        "x = ones(2, 3): all ones",
    ),
    plain(
        "pi",
        0,
        0,
        1,
        |_| Ok(one(std::f64::consts::PI)),
        "x = pi: the circle's number",
    ),
    plain(
        "realmax",
        0,
        0,
        1,
        |_| Ok(one(f64::MAX)),
        "x = realmax: the largest finite number",
    ),
    plain(
        "realmin",
        0,
        0,
        1,
        |_| Ok(one(f64::MIN_POSITIVE)),
        "x = realmin: the smallest normal number",
    ),
    plain(
        "true",
        0,
        u8::MAX,
        1,
        |call| truths(call, true),
        "tf = true, true(2, 3): logical 1",
    ),
    plain(
        "zeros",
        0,
        u8::MAX,
        1,
        |call| filled(call, 0.0),
        "x = zeros(2, 3): all zeros",
    ),
];

/// Drops a class name at the end: `zeros(2, 'double')`.
fn without_class<'a>(call: &Call<'a>, class: &str) -> Result<usize> {
    let count = call.arguments.len();
    match call.arguments.last().and_then(Value::as_text) {
        Some(name) if name == class => Ok(count - 1),
        Some(name) if name == "like" || count > 0 => Err(failure(format!(
            "{}: the class '{name}' is not supported.",
            call.name
        ))),
        _ => Ok(count),
    }
}

fn filled(call: &mut Call<'_>, number: f64) -> Result<Outputs> {
    let count = without_class(call, "double")?;
    let dims = sizes(call.name, &call.arguments[..count])?;
    let data = vec![number; dims.count()];
    Ok(one(Value::doubles(Array::new(dims, data))))
}

fn truths(call: &mut Call<'_>, truth: bool) -> Result<Outputs> {
    let count = without_class(call, "logical")?;
    let dims = sizes(call.name, &call.arguments[..count])?;
    let data = vec![truth; dims.count()];
    Ok(one(Value::bools(Array::new(dims, data))))
}

fn eps(call: &mut Call<'_>) -> Result<Outputs> {
    let Some(value) = call.arguments.first() else {
        return Ok(one(f64::EPSILON));
    };
    if value.as_text().as_deref() == Some("double") {
        return Ok(one(f64::EPSILON));
    }
    let numbers = as_numbers(value).ok_or_else(|| crate::inputs::unsupported("eps", value))?;
    let data = numbers
        .data
        .iter()
        .map(|number| {
            let size = number.abs();
            if size.is_finite() {
                size.next_up() - size
            } else {
                f64::NAN
            }
        })
        .collect();
    Ok(one(Value::doubles(Array::new(numbers.dims, data))))
}

#[cfg(test)]
mod tests {
    use crate::testing::check;

    #[test]
    fn constants_fill_arrays() {
        check(&[
            ("zeros(2)", "[0 0; 0 0]"),
            ("zeros(1, 3)", "[0 0 0]"),
            ("zeros([2 1])", "[0; 0]"),
            ("zeros(0, 3)", "[0x3]"),
            ("zeros(-1, 3)", "[0x3]"),
            ("zeros", "0"),
            ("zeros(1, 2, 'double')", "[0 0]"),
            ("ones(2, 2, 2)", "[2x2x2[1 1 1 1 1 1 1 1]]"),
            ("true(1, 2)", "[true true]"),
            ("eps(1000)", "1.13686837721616e-13"),
            ("NaN(1, 2)", "[NaN NaN]"),
            ("zeros(1.5)", "error: Size inputs must be integers."),
            (
                "zeros(1e6, 1e6)",
                "error: MATLAB:array:SizeLimitExceeded: Requested 1000000x1000000 (7450.6GB) array exceeds maximum array size preference (2.0GB).",
            ),
            (
                "zeros({})",
                "error: MATLAB:UndefinedFunction: Undefined function 'zeros' for input arguments of type 'cell'.",
            ),
        ]);
    }
}
