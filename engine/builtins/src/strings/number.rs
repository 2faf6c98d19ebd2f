//! One number as text, as C's `printf` writes it.

/// `%f`.
pub(crate) fn fixed(number: f64, precision: usize) -> String {
    // Most numbers are small and whole, and the digits of an integer are far cheaper.
    if precision == 0 && number.is_sign_positive() && number < 9e15 && number.fract() == 0.0 {
        return (number as u64).to_string();
    }
    format!("{number:.precision$}")
}

/// `%e`: at least two digits of exponent.
pub(crate) fn exponent(number: f64, precision: usize) -> String {
    let text = format!("{number:.precision$e}");
    let (mantissa, exponent) = text.split_once('e').expect("the format writes an exponent");
    match exponent.strip_prefix('-') {
        Some(digits) => format!("{mantissa}e-{digits:0>2}"),
        None => format!("{mantissa}e+{exponent:0>2}"),
    }
}

/// `%g`; with `keeps_zeros` as `%#g`.
pub(crate) fn general(number: f64, precision: usize, keeps_zeros: bool) -> String {
    let precision = precision.max(1);
    if number == 0.0 {
        let zero = if number.is_sign_negative() { "-0" } else { "0" };
        return if keeps_zeros && precision > 1 {
            format!("{zero}.{}", "0".repeat(precision - 1))
        } else {
            zero.to_owned()
        };
    }
    let scientific = exponent(number, precision - 1);
    let at: i64 = scientific
        .split_once('e')
        .and_then(|(_, exponent)| exponent.parse().ok())
        .expect("the exponent is a number");
    if at < -4 || at >= precision as i64 {
        if keeps_zeros {
            return scientific;
        }
        let (mantissa, exponent) = scientific.split_once('e').expect("checked above");
        return format!("{}e{exponent}", without_zeros(mantissa));
    }
    let decimals = (precision as i64 - 1 - at) as usize;
    let text = fixed(number, decimals);
    if keeps_zeros {
        text
    } else {
        without_zeros(&text).to_owned()
    }
}

fn without_zeros(digits: &str) -> &str {
    if digits.contains('.') {
        digits.trim_end_matches('0').trim_end_matches('.')
    } else {
        digits
    }
}

/// `Inf`, `-Inf` and `NaN` have one text in every format.
pub(crate) fn special(number: f64) -> Option<&'static str> {
    if number.is_nan() {
        Some("NaN")
    } else if number.is_infinite() {
        Some(if number > 0.0 { "Inf" } else { "-Inf" })
    } else {
        None
    }
}

/// `%.{precision}g`, with the special numbers.
pub(crate) fn shortest(number: f64, precision: usize) -> String {
    special(number).map_or_else(|| general(number, precision, false), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_c_writes_them() {
        let cases = [
            (exponent(12345.678, 6), "1.234568e+04"),
            (exponent(1.5e-300, 1), "1.5e-300"),
            (exponent(0.0, 2), "0.00e+00"),
            (fixed(2.5, 0), "2"),
            (fixed(0.5, 0), "0"),
            (general(1e10, 6, false), "1e+10"),
            (general(100_000.0, 6, false), "100000"),
            (general(0.0001, 6, false), "0.0001"),
            (general(0.00001, 6, false), "1e-05"),
            (general(999_999.5, 6, false), "1e+06"),
            (general(-0.0, 6, false), "-0"),
            (general(1.5, 4, true), "1.500"),
        ];
        for (got, wanted) in cases {
            assert_eq!(got, wanted);
        }
    }
}
