//! Whole numbers: divisors, factorials, primes.

use crate::inputs::{failure, numbers, scalar, whole};
use crate::shape::broadcast;
use crate::table::plain;
use crate::{Call, Entry, Outputs, one};
use tourbillon_value::{Array, Result, Value};

pub(crate) static TABLE: &[Entry] = &[
    plain(
        "factor",
        1,
        1,
        1,
        factor,
        "f = factor(n): the prime factors of n",
    ),
    plain("factorial", 1, 1, 1, factorial, "y = factorial(n): 1·2·…·n"),
    plain(
        "gcd",
        2,
        2,
        1,
        gcd,
        "d = gcd(a, b): the greatest common divisor",
    ),
    plain(
        "isprime",
        1,
        1,
        1,
        isprime,
        "tf = isprime(n): prime numbers",
    ),
    plain(
        "lcm",
        2,
        2,
        1,
        lcm,
        "m = lcm(a, b): the least common multiple",
    ),
    plain(
        "nchoosek",
        2,
        2,
        1,
        nchoosek,
        "c = nchoosek(n, k): the number of ways to choose k of n",
    ),
    plain(
        "primes",
        1,
        1,
        1,
        primes,
        "p = primes(n): the prime numbers up to n",
    ),
];

fn check_whole(name: &str, data: &[f64]) -> Result<()> {
    if data
        .iter()
        .all(|number| number.fract() == 0.0 && number.abs() < 9e15)
    {
        Ok(())
    } else {
        Err(failure(format!("{name}: the arguments must be integers.")))
    }
}

fn divisor(a: f64, b: f64) -> f64 {
    let (mut a, mut b) = (a.abs(), b.abs());
    while b != 0.0 {
        (a, b) = (b, libm::fmod(a, b));
    }
    a
}

fn gcd(call: &mut Call<'_>) -> Result<Outputs> {
    let left = numbers(call.name, &call.arguments[0])?;
    let right = numbers(call.name, &call.arguments[1])?;
    check_whole(call.name, &left.data)?;
    check_whole(call.name, &right.data)?;
    Ok(one(Value::doubles(broadcast(&left, &right, divisor)?)))
}

fn lcm(call: &mut Call<'_>) -> Result<Outputs> {
    let left = numbers(call.name, &call.arguments[0])?;
    let right = numbers(call.name, &call.arguments[1])?;
    check_whole(call.name, &left.data)?;
    check_whole(call.name, &right.data)?;
    Ok(one(Value::doubles(broadcast(&left, &right, |a, b| {
        if a == 0.0 || b == 0.0 {
            0.0
        } else {
            (a / divisor(a, b) * b).abs()
        }
    })?)))
}

fn factorial(call: &mut Call<'_>) -> Result<Outputs> {
    let numbers = numbers(call.name, &call.arguments[0])?;
    if numbers
        .data
        .iter()
        .any(|number| number.fract() != 0.0 || *number < 0.0)
    {
        return Err(failure("N must be an array of real non-negative integers."));
    }
    let data = numbers
        .data
        .iter()
        .map(|number| {
            (2..=number.min(171.0) as u32).fold(1.0, |product, factor| product * f64::from(factor))
        })
        .collect();
    Ok(one(Value::doubles(Array::new(numbers.dims, data))))
}

fn nchoosek(call: &mut Call<'_>) -> Result<Outputs> {
    let n = scalar(call.name, &call.arguments[0])?;
    let k = whole(call.name, &call.arguments[1], 0.0)? as f64;
    if n.fract() != 0.0 || n < 0.0 {
        return Err(failure(
            "nchoosek: the first argument must be a non-negative integer.",
        ));
    }
    if k > n {
        return Ok(one(0.0));
    }
    let k = k.min(n - k);
    let mut ways = 1.0;
    let mut at = 1.0;
    // Beyond the largest number the result stays infinite.
    while at <= k && f64::is_finite(ways) {
        ways = libm::round(ways * (n - k + at) / at);
        at += 1.0;
    }
    Ok(one(ways))
}

/// Trial division up to the root.
fn is_prime(number: f64) -> bool {
    if number < 2.0 || number.fract() != 0.0 {
        return false;
    }
    let number = number as u64;
    let mut divisor = 2;
    while divisor * divisor <= number {
        if number.is_multiple_of(divisor) {
            return false;
        }
        divisor += 1 + divisor % 2;
    }
    true
}

fn isprime(call: &mut Call<'_>) -> Result<Outputs> {
    let numbers = numbers(call.name, &call.arguments[0])?;
    check_whole(call.name, &numbers.data)?;
    let data = numbers
        .data
        .iter()
        .map(|number| is_prime(*number))
        .collect();
    Ok(one(Value::bools(Array::new(numbers.dims, data))))
}

fn primes(call: &mut Call<'_>) -> Result<Outputs> {
    let most = scalar(call.name, &call.arguments[0])?;
    if most > 1e8 {
        return Err(failure("primes: the limit must be at most 1e8."));
    }
    let most = most.max(0.0) as usize;
    let mut is_composite = vec![false; most + 1];
    let mut found = Vec::new();
    for number in 2..=most {
        if is_composite[number] {
            continue;
        }
        found.push(number as f64);
        let mut multiple = number * number;
        while multiple <= most {
            is_composite[multiple] = true;
            multiple += number;
        }
    }
    Ok(one(Value::doubles(Array::row(found))))
}

fn factor(call: &mut Call<'_>) -> Result<Outputs> {
    let mut rest = whole(call.name, &call.arguments[0], 1.0)? as u64;
    let mut factors = Vec::new();
    let mut divisor = 2;
    while divisor * divisor <= rest {
        if rest.is_multiple_of(divisor) {
            factors.push(divisor as f64);
            rest /= divisor;
        } else {
            divisor += 1;
        }
    }
    if rest > 1 || factors.is_empty() {
        factors.push(rest as f64);
    }
    Ok(one(Value::doubles(Array::row(factors))))
}

#[cfg(test)]
mod tests {
    use crate::testing::check;

    #[test]
    fn whole_numbers_divide() {
        check(&[
            ("gcd(12, [18 7])", "[6 1]"),
            ("lcm(4, 6)", "12"),
            ("gcd(1.5, 2)", "error: gcd: the arguments must be integers."),
            ("factorial([0 5])", "[1 120]"),
            ("factorial(171)", "Inf"),
            (
                "factorial(-1)",
                "error: N must be an array of real non-negative integers.",
            ),
            ("nchoosek(5, 2)", "10"),
            ("isprime([1 2 9 97])", "[false true false true]"),
            ("primes(20)", "[2 3 5 7 11 13 17 19]"),
            ("factor(60)", "[2 2 3 5]"),
            ("factor(1)", "1"),
        ]);
    }
}
