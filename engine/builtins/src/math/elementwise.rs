//! Functions of each element. All digits come from `libm`, so that they are the same everywhere.

use crate::inputs::{failure, numbers};
use crate::shape::broadcast;
use crate::table::plain;
use crate::{Body, Call, Entry, Outputs, Scalar, gpu, one};
use tourbillon_value::{Array, Result, Value};

/// A total function of one number: its body and its shortcut are the same function.
macro_rules! of_one {
    ($name:literal, $function:expr, $help:literal) => {
        Entry {
            name: $name,
            min_inputs: 1,
            max_inputs: 1,
            max_outputs: 1,
            body: Body::Plain(|call| map(call, $function)),
            scalar: Scalar::One($function),
            help: $help,
        }
    };
}

/// A function of one number that is real only between two limits: no shortcut, since it can fail.
macro_rules! between {
    ($name:literal, $function:expr, $least:expr, $most:expr, $help:literal) => {
        Entry {
            name: $name,
            min_inputs: 1,
            max_inputs: 1,
            max_outputs: 1,
            body: Body::Plain(|call| map_between(call, $least, $most, $function)),
            scalar: Scalar::None,
            help: $help,
        }
    };
}

/// A total function of two numbers.
macro_rules! of_two {
    ($name:literal, $function:expr, $help:literal) => {
        Entry {
            name: $name,
            min_inputs: 2,
            max_inputs: 2,
            max_outputs: 1,
            body: Body::Plain(|call| map_two(call, $function)),
            scalar: Scalar::Two($function),
            help: $help,
        }
    };
}

/// A test of each number.
macro_rules! test {
    ($name:literal, $function:expr, $help:literal) => {
        Entry {
            name: $name,
            min_inputs: 1,
            max_inputs: 1,
            max_outputs: 1,
            body: Body::Plain(|call| test_each(call, $function)),
            scalar: Scalar::None,
            help: $help,
        }
    };
}

pub(crate) static TABLE: &[Entry] = &[
    Entry {
        name: "abs",
        min_inputs: 1,
        max_inputs: 1,
        max_outputs: 1,
        body: Body::Plain(|call| on_device(call, tourbillon_host::DeviceUnary::Absolute, abs)),
        scalar: Scalar::One(f64::abs),
        help: "y = abs(x): the size of each number",
    },
    between!(
        "acos",
        libm::acos,
        -1.0,
        1.0,
        "y = acos(x): inverse cosine, in radians"
    ),
    between!(
        "acosh",
        libm::acosh,
        1.0,
        f64::INFINITY,
        "y = acosh(x): inverse hyperbolic cosine"
    ),
    between!(
        "asin",
        libm::asin,
        -1.0,
        1.0,
        "y = asin(x): inverse sine, in radians"
    ),
    of_one!(
        "asinh",
        libm::asinh,
        "y = asinh(x): inverse hyperbolic sine"
    ),
    of_one!(
        "atan",
        libm::atan,
        "y = atan(x): inverse tangent, in radians"
    ),
    of_two!(
        "atan2",
        libm::atan2,
        "a = atan2(y, x): the angle of the point (x, y), in radians"
    ),
    between!(
        "atanh",
        libm::atanh,
        -1.0,
        1.0,
        "y = atanh(x): inverse hyperbolic tangent"
    ),
    of_one!("cbrt", libm::cbrt, "y = cbrt(x): cube root"),
    of_one!(
        "ceil",
        libm::ceil,
        "y = ceil(x): the next whole number towards infinity"
    ),
    of_one!(
        "conj",
        identity,
        "y = conj(x): the number itself, since numbers are real"
    ),
    of_one!("cos", libm::cos, "y = cos(x): cosine of radians"),
    of_one!("cosh", libm::cosh, "y = cosh(x): hyperbolic cosine"),
    of_one!(
        "deg2rad",
        f64::to_radians,
        "y = deg2rad(x): degrees as radians"
    ),
    of_one!("erf", libm::erf, "y = erf(x): the error function"),
    of_one!("erfc", libm::erfc, "y = erfc(x): 1 - erf(x)"),
    of_one!("exp", libm::exp, "y = exp(x): e to the power of x"),
    of_one!(
        "expm1",
        libm::expm1,
        "y = expm1(x): exp(x) - 1, exact near 0"
    ),
    of_one!(
        "fix",
        libm::trunc,
        "y = fix(x): the next whole number towards zero"
    ),
    of_one!(
        "floor",
        libm::floor,
        "y = floor(x): the next whole number towards minus infinity"
    ),
    of_one!("gamma", gamma, "y = gamma(x): the gamma function"),
    between!(
        "gammaln",
        libm::lgamma,
        0.0,
        f64::INFINITY,
        "y = gammaln(x): the logarithm of gamma(x)"
    ),
    of_two!(
        "hypot",
        libm::hypot,
        "c = hypot(a, b): the square root of a² + b²"
    ),
    of_one!("imag", |_| 0.0, "y = imag(x): zero, since numbers are real"),
    test!(
        "isfinite",
        f64::is_finite,
        "tf = isfinite(x): neither infinite nor NaN"
    ),
    test!("isinf", f64::is_infinite, "tf = isinf(x): infinite"),
    test!("isnan", f64::is_nan, "tf = isnan(x): NaN"),
    between!(
        "log",
        libm::log,
        0.0,
        f64::INFINITY,
        "y = log(x): natural logarithm"
    ),
    between!(
        "log10",
        libm::log10,
        0.0,
        f64::INFINITY,
        "y = log10(x): logarithm to base 10"
    ),
    between!(
        "log1p",
        libm::log1p,
        -1.0,
        f64::INFINITY,
        "y = log1p(x): log(1 + x), exact near 0"
    ),
    between!(
        "log2",
        libm::log2,
        0.0,
        f64::INFINITY,
        "y = log2(x): logarithm to base 2"
    ),
    of_two!(
        "mod",
        modulo,
        "y = mod(a, b): a - b*floor(a/b), with the sign of b"
    ),
    plain(
        "nthroot",
        2,
        2,
        1,
        nthroot,
        "y = nthroot(x, n): the real n-th root",
    ),
    of_one!(
        "rad2deg",
        f64::to_degrees,
        "y = rad2deg(x): radians as degrees"
    ),
    of_one!(
        "real",
        identity,
        "y = real(x): the number itself, since numbers are real"
    ),
    of_two!(
        "rem",
        remainder,
        "y = rem(a, b): a - b*fix(a/b), with the sign of a"
    ),
    Entry {
        name: "round",
        min_inputs: 1,
        max_inputs: 2,
        max_outputs: 1,
        body: Body::Plain(round),
        scalar: Scalar::One(libm::round),
        help: "y = round(x), round(x, n): the nearest whole number, or to n decimals; halves go away from zero",
    },
    of_one!("sign", sign, "y = sign(x): -1, 0 or 1"),
    of_one!("sin", libm::sin, "y = sin(x): sine of radians"),
    of_one!("sinh", libm::sinh, "y = sinh(x): hyperbolic sine"),
    Entry {
        name: "sqrt",
        min_inputs: 1,
        max_inputs: 1,
        max_outputs: 1,
        body: Body::Plain(|call| on_device(call, tourbillon_host::DeviceUnary::SquareRoot, sqrt)),
        scalar: Scalar::None,
        help: "y = sqrt(x): square root",
    },
    of_one!("tan", libm::tan, "y = tan(x): tangent of radians"),
    of_one!("tanh", libm::tanh, "y = tanh(x): hyperbolic tangent"),
];

/// `mod` as MATLAB defines it: `mod(a, 0)` is `a`, and the result has the sign of `b`.
fn modulo(a: f64, b: f64) -> f64 {
    if b == 0.0 {
        return a;
    }
    if b.is_infinite() && a.is_finite() {
        return if a == 0.0 || (a < 0.0) == (b < 0.0) {
            a
        } else {
            b
        };
    }
    // `fmod` is exact, and for whole numbers in range this is the fast way to the same.
    let rest = if fits_integer(a) && fits_integer(b) {
        ((a as i64) % (b as i64)) as f64
    } else {
        let rest = libm::fmod(a, b);
        if is_rounding(a, b) { 0.0 } else { rest }
    };
    if rest != 0.0 && (rest < 0.0) != (b < 0.0) {
        rest + b
    } else if rest == 0.0 {
        0.0
    } else {
        rest
    }
}

/// `rem` as MATLAB defines it: `rem(a, 0)` is NaN, and the result has the sign of `a`.
fn remainder(a: f64, b: f64) -> f64 {
    if b == 0.0 {
        return f64::NAN;
    }
    if fits_integer(a) && fits_integer(b) {
        return ((a as i64) % (b as i64)) as f64;
    }
    if is_rounding(a, b) {
        return 0.0;
    }
    libm::fmod(a, b)
}

fn fits_integer(number: f64) -> bool {
    number.abs() < 9e15 && number as i64 as f64 == number
}

/// Whether a/b is a whole number but for rounding: MATLAB then gives 0, as for `mod(0.3, 0.1)`.
fn is_rounding(a: f64, b: f64) -> bool {
    if b.fract() == 0.0 {
        return false;
    }
    let quotient = a / b;
    let nearest = libm::round(quotient);
    quotient.is_finite()
        && (quotient - nearest).abs() <= f64::EPSILON * quotient.abs()
        && nearest != 0.0
}

/// The gamma function; infinite at zero and the negative whole numbers, as in MATLAB.
fn gamma(number: f64) -> f64 {
    if number <= 0.0 && number.fract() == 0.0 {
        f64::INFINITY
    } else {
        libm::tgamma(number)
    }
}

fn nthroot(call: &mut Call<'_>) -> Result<Outputs> {
    let numbers = numbers(call.name, &call.arguments[0])?;
    let degree = crate::inputs::numbers(call.name, &call.arguments[1])?;
    let is_odd = |degree: f64| libm::fmod(degree, 2.0).abs() == 1.0;
    let has_even = degree.data.iter().any(|degree| !is_odd(*degree));
    if has_even && numbers.data.iter().any(|number| *number < 0.0) {
        return Err(failure("If X is negative, N must be an odd integer."));
    }
    let roots = broadcast(&numbers, &degree, |number, degree| {
        let root = libm::pow(number.abs(), 1.0 / degree);
        // One step of Newton's method makes exact roots exact.
        let power = libm::pow(root, degree - 1.0);
        let better = if root != 0.0 && root.is_finite() && power.is_finite() && power != 0.0 {
            root - (root * power - number.abs()) / (degree * power)
        } else {
            root
        };
        better.copysign(number)
    })?;
    Ok(one(Value::doubles(roots)))
}

fn sign(number: f64) -> f64 {
    if number > 0.0 {
        1.0
    } else if number < 0.0 {
        -1.0
    } else {
        // NaN stays, both zeros become 0.
        number + 0.0
    }
}

fn identity(number: f64) -> f64 {
    number
}

fn map(call: &mut Call<'_>, function: fn(f64) -> f64) -> Result<Outputs> {
    // The input is ours: an array that nobody else holds is changed in place.
    let value = std::mem::take(&mut call.arguments[0]);
    if let Value::DoubleArray(mut array) = value {
        for number in std::rc::Rc::make_mut(&mut array).data_mut() {
            *number = function(*number);
        }
        return Ok(one(Value::DoubleArray(array)));
    }
    let numbers = numbers(call.name, &value)?;
    let data = numbers
        .data
        .iter()
        .map(|number| function(*number))
        .collect();
    Ok(one(Value::doubles(Array::new(numbers.dims, data))))
}

fn map_between(
    call: &mut Call<'_>,
    least: f64,
    most: f64,
    function: fn(f64) -> f64,
) -> Result<Outputs> {
    let inputs = numbers(call.name, &call.arguments[0])?;
    if inputs
        .data
        .iter()
        .any(|number| *number < least || *number > most)
    {
        return Err(failure(format!(
            "The result of {} is complex; complex numbers are not supported.",
            call.name
        )));
    }
    map(call, function)
}

fn map_two(call: &mut Call<'_>, function: fn(f64, f64) -> f64) -> Result<Outputs> {
    let left = numbers(call.name, &call.arguments[0])?;
    let right = numbers(call.name, &call.arguments[1])?;
    Ok(one(Value::doubles(broadcast(&left, &right, function)?)))
}

fn test_each(call: &mut Call<'_>, test: fn(f64) -> bool) -> Result<Outputs> {
    let value = &call.arguments[0];
    // Of a cell or a struct no element is NaN, infinite or finite: MATLAB refuses them.
    let numbers = numbers(call.name, value)?;
    let data = numbers.data.iter().map(|number| test(*number)).collect();
    Ok(one(Value::bools(Array::new(numbers.dims, data))))
}

fn abs(call: &mut Call<'_>) -> Result<Outputs> {
    map(call, f64::abs)
}

fn sqrt(call: &mut Call<'_>) -> Result<Outputs> {
    map_between(call, 0.0, f64::INFINITY, f64::sqrt)
}

fn on_device(
    call: &mut Call<'_>,
    operation: tourbillon_host::DeviceUnary,
    otherwise: fn(&mut Call<'_>) -> Result<Outputs>,
) -> Result<Outputs> {
    match gpu::apply(call.context, operation, &call.arguments[0]) {
        Some(result) => Ok(one(result?)),
        None => otherwise(call),
    }
}

fn round(call: &mut Call<'_>) -> Result<Outputs> {
    let Some(decimals) = call.arguments.get(1) else {
        return map(call, libm::round);
    };
    let decimals = crate::inputs::scalar(call.name, decimals)?;
    if decimals.fract() != 0.0 || decimals.abs() > 300.0 {
        return Err(failure("Number of digits must be an integer scalar."));
    }
    let scale = libm::pow(10.0, decimals.abs());
    let numbers = numbers(call.name, &call.arguments[0])?;
    let data = numbers
        .data
        .iter()
        .map(|number| {
            let rounded = if decimals >= 0.0 {
                libm::round(number * scale) / scale
            } else {
                libm::round(number / scale) * scale
            };
            // Too large to have such decimals at all.
            if rounded.is_finite() {
                rounded
            } else {
                *number
            }
        })
        .collect();
    Ok(one(Value::doubles(Array::new(numbers.dims, data))))
}

#[cfg(test)]
mod tests {
    use crate::testing::check;

    #[test]
    fn elementwise_functions_give_what_matlab_gives() {
        check(&[
            ("mod(5, 3)", "2"),
            ("mod(-1, 3)", "2"),
            ("mod(5, -3)", "-1"),
            ("mod(5, 0)", "5"),
            ("mod(5.5, 2)", "1.5"),
            ("mod(0.3, 0.1)", "0"),
            ("mod(-3, 3)", "0"),
            ("mod(5, Inf)", "5"),
            ("mod(-5, Inf)", "Inf"),
            ("mod([5 6; 7 8], [2 3])", "[1 0; 1 2]"),
            ("rem(-5, 3)", "-2"),
            ("rem(5, 0)", "NaN"),
            ("rem(5, Inf)", "5"),
            ("floor([1.5 -1.5])", "[1 -2]"),
            ("fix(-1.5)", "-1"),
            ("round(2.5)", "3"),
            ("round(-2.5)", "-3"),
            ("round(pi, 2)", "3.14"),
            ("round(1234, -2)", "1200"),
            ("abs('a')", "97"),
            ("sign([-2 0 3 NaN])", "[-1 0 1 NaN]"),
            ("sqrt([4 9])", "[2 3]"),
            (
                "sqrt(-1)",
                "error: The result of sqrt is complex; complex numbers are not supported.",
            ),
            ("log(0)", "-Inf"),
            ("exp(1)", "2.71828182845905"),
            ("isnan([1 NaN])", "[false true]"),
            ("isinf('a')", "false"),
            ("atan2(1, [1 -1])", "[0.785398163397448 2.35619449019234]"),
            ("hypot(3, 4)", "5"),
            ("cbrt(-8)", "-2"),
            ("nthroot([27 -8], 3)", "[3 -2]"),
            (
                "nthroot(-4, 2)",
                "error: If X is negative, N must be an odd integer.",
            ),
            ("gamma([5 0.5 0 -1])", "[24 1.77245385090552 Inf Inf]"),
            ("rad2deg(pi)", "180"),
            ("erf(0.5)", "0.520499877813047"),
            (
                "sin({1})",
                "error: MATLAB:UndefinedFunction: Undefined function 'sin' for input arguments of type 'cell'.",
            ),
            (
                "mod([1 2 3], [1 2])",
                "error: MATLAB:sizeDimensionsMustMatch: Arrays have incompatible sizes for this operation.",
            ),
        ]);
    }
}
