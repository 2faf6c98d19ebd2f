//! Bits of whole numbers that are held as doubles.

use crate::inputs::{failure, numbers};
use crate::shape::broadcast;
use crate::table::plain;
use crate::{Call, Entry, Outputs, one};
use tourbillon_value::{Result, Value};

pub(crate) static TABLE: &[Entry] = &[
    plain(
        "bitand",
        2,
        2,
        1,
        |call| bits(call, |a, b| a & b),
        "c = bitand(a, b): the bits of both",
    ),
    plain(
        "bitor",
        2,
        2,
        1,
        |call| bits(call, |a, b| a | b),
        "c = bitor(a, b): the bits of either",
    ),
    plain(
        "bitshift",
        2,
        2,
        1,
        bitshift,
        "c = bitshift(a, k): a·2^k, without the bits that fall off",
    ),
    plain(
        "bitxor",
        2,
        2,
        1,
        |call| bits(call, |a, b| a ^ b),
        "c = bitxor(a, b): the bits of one only",
    ),
];

/// Bits above this do not fit a double.
const MASK: u64 = (1 << 53) - 1;

fn check(data: &[f64]) -> Result<()> {
    if data
        .iter()
        .all(|number| number.fract() == 0.0 && (0.0..=MASK as f64).contains(number))
    {
        Ok(())
    } else {
        Err(failure(
            "Double inputs must have integer values in the range of ASSUMEDTYPE.",
        ))
    }
}

fn bits(call: &mut Call<'_>, combine: fn(u64, u64) -> u64) -> Result<Outputs> {
    let left = numbers(call.name, &call.arguments[0])?;
    let right = numbers(call.name, &call.arguments[1])?;
    check(&left.data)?;
    check(&right.data)?;
    let result = broadcast(&left, &right, |a, b| combine(a as u64, b as u64) as f64)?;
    Ok(one(Value::doubles(result)))
}

fn bitshift(call: &mut Call<'_>) -> Result<Outputs> {
    let left = numbers(call.name, &call.arguments[0])?;
    let right = numbers(call.name, &call.arguments[1])?;
    check(&left.data)?;
    if right.data.iter().any(|count| count.fract() != 0.0) {
        return Err(failure("bitshift: the second argument must be an integer."));
    }
    let result = broadcast(&left, &right, |number, count| {
        let number = number as u64;
        let shifted = if count >= 64.0 || count <= -64.0 {
            0
        } else if count >= 0.0 {
            number << count as u32
        } else {
            number >> (-count) as u32
        };
        (shifted & MASK) as f64
    })?;
    Ok(one(Value::doubles(result)))
}

#[cfg(test)]
mod tests {
    use crate::testing::check;

    #[test]
    fn bits_combine_and_shift() {
        check(&[
            ("bitand(12, [10 4])", "[8 4]"),
            ("bitor(12, 10)", "14"),
            ("bitxor(12, 10)", "6"),
            ("bitshift(1, 3)", "8"),
            ("bitshift(16, -2)", "4"),
            ("bitshift(1, 100)", "0"),
            (
                "bitand(1.5, 1)",
                "error: Double inputs must have integer values in the range of ASSUMEDTYPE.",
            ),
        ]);
    }
}
