//! The operators by name: `plus(a, b)` is `a + b`.

use crate::table::plain;
use crate::{Call, Entry, Outputs, gpu, one};
use tourbillon_syntax::ast::{BinaryOp, PostfixOp, UnaryOp};
use tourbillon_value::{Result, Value, ops};

macro_rules! binary {
    ($name:literal, $operator:ident, $help:literal) => {
        plain(
            $name,
            2,
            2,
            1,
            |call| binary(call, BinaryOp::$operator),
            $help,
        )
    };
}

pub(crate) static TABLE: &[Entry] = &[
    binary!("and", And, "tf = and(a, b): a & b"),
    plain(
        "colon",
        2,
        3,
        1,
        colon,
        "r = colon(a, b), colon(a, step, b): a:b, a:step:b",
    ),
    plain(
        "ctranspose",
        1,
        1,
        1,
        |call| postfix(call, PostfixOp::ConjugateTranspose),
        "b = ctranspose(a): a'",
    ),
    binary!("eq", Equal, "tf = eq(a, b): a == b"),
    binary!("ge", GreaterEqual, "tf = ge(a, b): a >= b"),
    binary!("gt", Greater, "tf = gt(a, b): a > b"),
    binary!("ldivide", ElementLeftDivide, "c = ldivide(a, b): a .\\ b"),
    binary!("le", LessEqual, "tf = le(a, b): a <= b"),
    binary!("lt", Less, "tf = lt(a, b): a < b"),
    binary!("minus", Subtract, "c = minus(a, b): a - b"),
    binary!("mldivide", LeftDivide, "x = mldivide(a, b): a \\ b"),
    binary!("mpower", Power, "c = mpower(a, b): a ^ b"),
    binary!("mrdivide", RightDivide, "x = mrdivide(a, b): a / b"),
    binary!("mtimes", Multiply, "c = mtimes(a, b): a * b"),
    binary!("ne", NotEqual, "tf = ne(a, b): a ~= b"),
    plain(
        "not",
        1,
        1,
        1,
        |call| unary(call, UnaryOp::Not),
        "tf = not(a): ~a",
    ),
    binary!("or", Or, "tf = or(a, b): a | b"),
    binary!("plus", Add, "c = plus(a, b): a + b"),
    binary!("power", ElementPower, "c = power(a, b): a .^ b"),
    binary!("rdivide", ElementRightDivide, "c = rdivide(a, b): a ./ b"),
    binary!("times", ElementMultiply, "c = times(a, b): a .* b"),
    plain(
        "transpose",
        1,
        1,
        1,
        |call| postfix(call, PostfixOp::Transpose),
        "b = transpose(a): a.'",
    ),
    plain(
        "uminus",
        1,
        1,
        1,
        |call| unary(call, UnaryOp::Minus),
        "b = uminus(a): -a",
    ),
    plain(
        "uplus",
        1,
        1,
        1,
        |call| unary(call, UnaryOp::Plus),
        "b = uplus(a): +a",
    ),
    plain(
        "xor",
        2,
        2,
        1,
        xor,
        "tf = xor(a, b): one of the two, not both",
    ),
];

fn take(call: &mut Call<'_>, at: usize) -> Value {
    std::mem::take(&mut call.arguments[at])
}

fn binary(call: &mut Call<'_>, operator: BinaryOp) -> Result<Outputs> {
    let (left, right) = (take(call, 0), take(call, 1));
    Ok(one(
        match gpu::device_binary(call.context, operator, &left, &right) {
            Some(result) => result?,
            None => ops::binary(operator, left, right)?,
        },
    ))
}

fn unary(call: &mut Call<'_>, operator: UnaryOp) -> Result<Outputs> {
    let value = take(call, 0);
    Ok(one(
        match gpu::device_unary(call.context, operator, &value) {
            Some(result) => result?,
            None => ops::unary(operator, value)?,
        },
    ))
}

fn postfix(call: &mut Call<'_>, operator: PostfixOp) -> Result<Outputs> {
    Ok(one(ops::postfix(operator, take(call, 0))?))
}

fn colon(call: &mut Call<'_>) -> Result<Outputs> {
    let (step, stop) = match call.arguments.len() {
        2 => (None, 1),
        _ => (Some(&call.arguments[1]), 2),
    };
    Ok(one(ops::range(
        &call.arguments[0],
        step,
        &call.arguments[stop],
    )?))
}

/// `a ~= b` of the truths; the operators refuse what has none.
fn xor(call: &mut Call<'_>) -> Result<Outputs> {
    let left = ops::unary(UnaryOp::Not, take(call, 0))?;
    let right = ops::unary(UnaryOp::Not, take(call, 1))?;
    Ok(one(ops::binary(BinaryOp::NotEqual, left, right)?))
}

#[cfg(test)]
mod tests {
    use crate::testing::check;

    #[test]
    fn operators_have_names() {
        check(&[
            ("plus(1, [1 2])", "[2 3]"),
            ("mtimes([1 2; 3 4], [1; 1])", "[3; 7]"),
            ("power(2, [1 2 3])", "[2 4 8]"),
            ("colon(1, 3)", "[1 2 3]"),
            ("colon(3, -1, 1)", "[3 2 1]"),
            ("xor(true, [1 0])", "[false true]"),
            ("not([1 0])", "[false true]"),
            ("transpose([1 2 3])", "[1; 2; 3]"),
            ("eq('abc', 'abd')", "[true true false]"),
        ]);
    }
}
