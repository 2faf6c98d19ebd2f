//! Tables of cases for the operators.

use super::*;
use crate::testing::{all, outcome, show, v};
use proptest::prelude::*;

const OPERATORS: &[BinaryOp] = &[
    BinaryOp::Add,
    BinaryOp::Subtract,
    BinaryOp::ElementMultiply,
    BinaryOp::Multiply,
    BinaryOp::ElementRightDivide,
    BinaryOp::RightDivide,
    BinaryOp::ElementLeftDivide,
    BinaryOp::LeftDivide,
    BinaryOp::ElementPower,
    BinaryOp::Power,
    BinaryOp::Less,
    BinaryOp::LessEqual,
    BinaryOp::Greater,
    BinaryOp::GreaterEqual,
    BinaryOp::Equal,
    BinaryOp::NotEqual,
    BinaryOp::And,
    BinaryOp::Or,
];

fn operator(symbol: &str) -> BinaryOp {
    *OPERATORS
        .iter()
        .find(|op| op.symbol() == symbol)
        .expect("an operator")
}

fn check(cases: &[(&str, &str, &str, &str)]) {
    for (left, symbol, right, expected) in cases {
        let got = outcome(binary(operator(symbol), v(left), v(right)));
        assert_eq!(&got, expected, "{left} {symbol} {right}");
    }
}

const SIZES: &str =
    "MATLAB:sizeDimensionsMustMatch: Arrays have incompatible sizes for this operation.";

#[test]
fn elements_combine_and_expand() {
    check(&[
        ("1", "+", "2", "3"),
        ("[1 2 3]", "+", "1", "[2 3 4]"),
        ("1", "-", "[1 2 3]", "[0 -1 -2]"),
        ("[1 2 3]", ".*", "[4 5 6]", "[4 10 18]"),
        ("[1 2 3]", "*", "2", "[2 4 6]"),
        ("[1;2]", "+", "[10 20 30]", "[11 21 31;12 22 32]"),
        ("[10 20 30]", "-", "[1;2]", "[9 19 29;8 18 28]"),
        ("[1 2;3 4]", "+", "[10 20]", "[11 22;13 24]"),
        ("[1 2;3 4]", "+", "[10;20]", "[11 12;23 24]"),
        ("true", "+", "true", "2"),
        ("L[1 0]", "+", "1", "[2 1]"),
        ("'AB'", "+", "1", "[66 67]"),
        ("'a'", "+", "'b'", "195"),
        ("[]", "+", "1", "[]"),
        ("1x0", "+", "[1;2;3]", "3x0"),
        ("0x3", "+", "1", "0x3"),
        ("[2 4]", "./", "[1 2]", "[2 2]"),
        ("[2 4]", ".\\", "4", "[2 1]"),
        ("1", "./", "[0 -0]", "[inf -inf]"),
        ("[2 3]", ".^", "2", "[4 9]"),
        ("2", ".^", "[1 2 3]", "[2 4 8]"),
        ("[1 2 3]", "+", "[1 2]", SIZES),
        ("[1 2 3]", "&", "[1 2]", SIZES),
        ("'abc'", "==", "'ab'", SIZES),
    ]);
}

#[test]
fn comparisons_and_logic_give_logicals() {
    check(&[
        ("1", "<", "2", "true"),
        ("[1 2 3]", ">=", "2", "L[0 1 1]"),
        ("'abc'", "==", "'abd'", "L[1 1 0]"),
        ("NaN", "==", "NaN", "false"),
        ("NaN", "~=", "NaN", "true"),
        ("[1 0]", "&", "1", "L[1 0]"),
        ("[1 0;0 0]", "|", "[0 1]", "L[1 1;0 1]"),
        ("L[1 0]", "|", "false", "L[1 0]"),
        ("[]", "==", "[]", "L[]"),
        (
            "NaN",
            "&",
            "1",
            "MATLAB:nologicalnan: NaN values cannot be converted to logicals.",
        ),
    ]);
}

#[test]
fn matrices_multiply_divide_and_have_powers() {
    check(&[
        ("[1 2;3 4]", "*", "[5 6;7 8]", "[19 22;43 50]"),
        ("[1 2 3]", "*", "[4;5;6]", "32"),
        ("[1;2]", "*", "[3 4]", "[3 4;6 8]"),
        ("2x0", "*", "0x3", "[0 0 0;0 0 0]"),
        ("1x0", "*", "0x1", "0"),
        ("[2 0;0 4]", "\\", "[2;4]", "[1;1]"),
        ("[0 1;1 0]", "\\", "[2;3]", "[3;2]"),
        ("[2 4]", "/", "[2 0;0 4]", "[1 1]"),
        ("[2 4]", "/", "2", "[1 2]"),
        ("2", "\\", "[2 4]", "[1 2]"),
        ("[2 4]", "/", "[1 2]", "2"),
        ("[1;1;1]", "\\", "[1;2;3]", "2"),
        ("2", "^", "10", "1024"),
        ("2", "^", "-1", "0.5"),
        ("[1 1;1 0]", "^", "10", "[89 55;55 34]"),
        ("[2 0;0 4]", "^", "-1", "[0.5 0;0 0.25]"),
        ("[1 2;3 4]", "^", "0", "[1 0;0 1]"),
        (
            "[1 2;3 4;5 6]",
            "^",
            "2",
            "MATLAB:square: Incorrect dimensions for raising a matrix to a power. Check that the \
             matrix is square and the power is a scalar. To operate on each element of the matrix \
             individually, use POWER (.^) for elementwise power.",
        ),
        (
            "[1 2 3]",
            "*",
            "[1 2 3]",
            "MATLAB:innerdim: Incorrect dimensions for matrix multiplication. Check that the \
             number of columns in the first matrix matches the number of rows in the second \
             matrix. To operate on each element of the matrix individually, use TIMES (.*) for \
             elementwise multiplication.",
        ),
        (
            "[1 2 3;4 5 6]",
            "\\",
            "[1;2;3]",
            "MATLAB:dimagree: Matrix dimensions must agree.",
        ),
        (
            "[1 2 3]",
            "/",
            "[1 2]",
            "MATLAB:dimagree: Matrix dimensions must agree.",
        ),
    ]);
    let error = binary(BinaryOp::Power, v("-8"), v("0.5")).unwrap_err();
    assert!(
        error
            .message()
            .starts_with("Complex numbers are not supported")
    );
    assert!(binary(BinaryOp::ElementPower, v("[4 -8]"), v("0.5")).is_err());
}

#[test]
fn operands_that_are_no_numbers_are_refused() {
    check(&[
        (
            "{1}",
            "+",
            "1",
            "MATLAB:UndefinedFunction: Operator '+' is not supported for operands of type 'cell'.",
        ),
        (
            "1",
            "==",
            "<a=1>",
            "MATLAB:UndefinedFunction: Operator '==' is not supported for operands of type \
             'struct'.",
        ),
        (
            "{1}",
            "&",
            "true",
            "MATLAB:UndefinedFunction: Operator '&' is not supported for operands of type 'cell'.",
        ),
    ]);
}

#[test]
fn prefix_and_postfix_operators() {
    let cases = [
        (UnaryOp::Minus, "[1 -2]", "[-1 2]"),
        (UnaryOp::Minus, "true", "-1"),
        (UnaryOp::Plus, "'a'", "97"),
        (UnaryOp::Plus, "L[1 0]", "[1 0]"),
        (UnaryOp::Not, "[0 2]", "L[1 0]"),
        (UnaryOp::Not, "true", "false"),
        (
            UnaryOp::Not,
            "NaN",
            "MATLAB:nologicalnan: NaN values cannot be converted to logicals.",
        ),
        (
            UnaryOp::Not,
            "<a=1>",
            "MATLAB:UndefinedFunction: Operator '~' is not supported for operands of type 'struct'.",
        ),
    ];
    for (op, operand, expected) in cases {
        assert_eq!(outcome(unary(op, v(operand))), expected, "{op:?} {operand}");
    }
    let cases = [
        ("[1 2 3]", "[1;2;3]"),
        ("[1 2;3 4;5 6]", "[1 3 5;2 4 6]"),
        ("{1,'a';2,'b'}", "{1,2;'a','b'}"),
        ("'abc'", "'a';'b';'c'"),
        ("L[1 0]", "L[1;0]"),
        ("0x3", "3x0"),
        ("<a=1>", "<a=1>"),
    ];
    for (operand, expected) in cases {
        assert_eq!(
            outcome(postfix(PostfixOp::Transpose, v(operand))),
            expected,
            "{operand}"
        );
    }
    let pair = crate::index::paren(&v("<a=1>"), &all("[1 1]")).unwrap();
    assert_eq!(
        outcome(postfix(PostfixOp::ConjugateTranspose, pair)),
        "S[<a=1>;<a=1>]"
    );
}

#[test]
fn ranges_take_care_of_rounding() {
    let cases = [
        ("1", "1", "5", "[1 2 3 4 5]"),
        ("5", "-2", "1", "[5 3 1]"),
        ("1", "1", "0", "1x0"),
        ("1", "0", "5", "1x0"),
        ("3", "1", "3", "3"),
        ("0", "0.25", "1", "[0 0.25 0.5 0.75 1]"),
        ("1", "2", "6", "[1 3 5]"),
        ("0.5", "1", "3", "[0.5 1.5 2.5]"),
        ("'a'", "1", "'e'", "'abcde'"),
        ("[2 9]", "1", "4", "[2 3 4]"),
        ("[]", "1", "4", "1x0"),
        ("1", "1", "NaN", "NaN"),
        ("1", "inf", "5", "1"),
        ("true", "1", "3", "[1 2 3]"),
        (
            "1",
            "1",
            "{2}",
            "MATLAB:invalidConversion: Conversion to double from cell is not possible.",
        ),
    ];
    for (start, step, stop, expected) in cases {
        let got = outcome(range(&v(start), Some(&v(step)), &v(stop)));
        assert_eq!(got, expected, "{start}:{step}:{stop}");
    }
    for (step, stop, count) in [
        (0.1, 1.0, 11),
        (0.1, 0.3, 4),
        (0.01, 1.0, 101),
        (0.1, 0.95, 10),
    ] {
        let range = Range::new(0.0, step, stop);
        assert_eq!(range.count(), count, "0:{step}:{stop}");
    }
    assert_eq!(
        Range::new(0.0, 0.1, 1.0).get(10),
        1.0,
        "the end is met exactly"
    );
    assert_eq!(
        Range::new(0.0, 0.1, 1.0).get(9),
        0.9,
        "the second half counts from the end"
    );
    let error = range(&v("1"), None, &v("1e12")).unwrap_err();
    assert_eq!(error.identifier(), "MATLAB:array:SizeLimitExceeded");
    assert!(range(&v("1"), None, &v("inf")).is_err());
}

#[test]
fn conditions() {
    let truth = |text: &str| match is_true(&v(text)) {
        Ok(truth) => truth.to_string(),
        Err(error) => format!("{}: {}", error.identifier(), error.message()),
    };
    for (value, expected) in [
        ("1", "true"),
        ("[]", "false"),
        ("[1 2]", "true"),
        ("[1 0]", "false"),
        ("'abc'", "true"),
        ("''", "false"),
        ("L[1 1]", "true"),
        (
            "NaN",
            "MATLAB:nologicalnan: NaN values cannot be converted to logicals.",
        ),
        (
            "{1}",
            "MATLAB:invalidConversion: Conversion to logical from cell is not possible.",
        ),
        (
            "<a=1>",
            "MATLAB:invalidConversion: Conversion to logical from struct is not possible.",
        ),
    ] {
        assert_eq!(truth(value), expected, "if {value}");
    }
    assert!(condition(&v("2"), "&&").unwrap());
    assert!(!condition(&v("false"), "||").unwrap());
    for bad in ["[1 0]", "[]", "'ab'"] {
        let error = condition(&v(bad), "&&").unwrap_err();
        assert_eq!(error.identifier(), "MATLAB:nonLogicalConditional", "{bad}");
    }
    let error = condition(&v("{1}"), "&&").unwrap_err();
    assert_eq!(
        error.message(),
        "Operator '&&' is not supported for operands of type 'cell'."
    );
}

#[test]
fn switches() {
    for (subject, case, expected) in [
        ("3", "3", true),
        ("3", "4", false),
        ("3", "{1,2,3}", true),
        ("'a'", "97", false),
        ("97", "'a'", false),
        ("'abc'", "'abc'", true),
        ("'abc'", "'abd'", false),
        ("'abc'", "'ab'", false),
        ("'b'", "{'a','b'}", true),
        ("''", "''", true),
        ("true", "1", true),
        ("1", "[1 2]", false),
        ("[]", "[]", true),
        ("[]", "1", false),
        ("NaN", "NaN", false),
    ] {
        assert_eq!(
            switch_matches(&v(subject), &v(case)).unwrap(),
            expected,
            "{subject} {case}"
        );
    }
    for bad in ["{1}", "[1 2]", "<a=1>"] {
        let error = switch_matches(&v(bad), &v("1")).unwrap_err();
        assert_eq!(
            error.message(),
            "SWITCH expression must be a scalar or a character vector."
        );
    }
}

#[test]
fn equality() {
    for (a, b, expected) in [
        ("1", "1", true),
        ("1", "true", true),
        ("97", "'a'", true),
        ("[1 2]", "[1;2]", false),
        ("[97 98]", "'ab'", true),
        ("L[1 0]", "[1 0]", true),
        ("NaN", "NaN", false),
        ("[]", "''", true),
        ("[]", "{}", false),
        ("[]", "1x0", false),
        ("{1,'a'}", "{1,'a'}", true),
        ("{1,'a'}", "{1,'b'}", false),
        ("<a=1,b=2>", "<b=2,a=1>", true),
        ("<a=1>", "<a=1,b=2>", false),
        ("<a=1>", "{1}", false),
    ] {
        assert_eq!(is_equal(&v(a), &v(b)), expected, "{a} and {b}");
        assert_eq!(is_equal(&v(b), &v(a)), expected, "{b} and {a}");
    }
}

#[test]
fn an_operand_that_nobody_else_holds_is_reused() {
    let place = |value: &Value| match value {
        Value::DoubleArray(array) => array.data().as_ptr(),
        _ => unreachable!("the case is an array"),
    };
    let left = v("[1 2 3]");
    let at = place(&left);
    let sum = binary(BinaryOp::Add, left, v("1")).unwrap();
    assert_eq!(place(&sum), at);
    let shared = sum.clone();
    let double = binary(BinaryOp::Multiply, sum, v("2")).unwrap();
    assert_ne!(place(&double), at);
    assert_eq!(show(&shared), "[2 3 4]");
}

fn matrix() -> impl Strategy<Value = Value> {
    (0usize..5, 0usize..5).prop_flat_map(|(rows, columns)| {
        prop::collection::vec(-9i32..10, rows * columns).prop_map(move |data| {
            let data = data.into_iter().map(f64::from).collect();
            Value::doubles(Array::new(Dims::new(rows, columns), data))
        })
    })
}

proptest! {
    #[test]
    fn transposed_twice_is_the_same(value in matrix()) {
        let once = postfix(PostfixOp::Transpose, value.clone()).unwrap();
        let twice = postfix(PostfixOp::Transpose, once).unwrap();
        prop_assert_eq!(show(&twice), show(&value));
    }

    #[test]
    fn sharing_does_not_change_results(a in matrix(), b in matrix(), op in 0usize..18) {
        let op = OPERATORS[op];
        let (kept_a, kept_b) = (show(&a), show(&b));
        let shared = outcome(binary(op, a.clone(), b.clone()));
        prop_assert_eq!(show(&a), kept_a);
        prop_assert_eq!(show(&b), kept_b);
        prop_assert_eq!(outcome(binary(op, a, b)), shared);
    }

    #[test]
    fn a_solution_solves(a in prop::collection::vec(-9i32..10, 9), x in prop::collection::vec(-9i32..10, 3)) {
        let mut a: Vec<f64> = a.into_iter().map(f64::from).collect();
        // A strong diagonal keeps the matrix far from singular.
        for at in 0..3 {
            a[at * 4] += 40.0;
        }
        let a = Value::doubles(Array::new(Dims::new(3, 3), a));
        let x: Vec<f64> = x.into_iter().map(f64::from).collect();
        let product =
            binary(BinaryOp::Multiply, a.clone(), Value::doubles(Array::column(x.clone()))).unwrap();
        let solution = binary(BinaryOp::LeftDivide, a, product).unwrap();
        let got = crate::convert::to_f64_vec(&solution).unwrap();
        prop_assert!(got.iter().zip(&x).all(|(got, x)| (got - x).abs() < 1e-9), "{got:?} {x:?}");
    }

    #[test]
    fn ranges_stay_between_their_ends(start in -50i32..50, step in 1i32..40, count in 0i32..60) {
        let (start, step) = (f64::from(start) / 7.0, f64::from(step) / 13.0);
        let stop = start + step * f64::from(count);
        let range = Range::new(start, step, stop);
        prop_assert_eq!(range.count(), count as usize + 1);
        for at in 0..range.count() {
            prop_assert!((start..=stop).contains(&range.get(at)));
            prop_assert!(at == 0 || range.get(at) > range.get(at - 1));
        }
    }
}

#[test]
fn objects_compare_by_identity() {
    let (a, b) = (crate::testing::slot(v("1")), crate::testing::slot(v("1")));
    assert_eq!(
        outcome(binary(BinaryOp::Equal, a.clone(), a.clone())),
        "true"
    );
    assert_eq!(
        outcome(binary(BinaryOp::Equal, a.clone(), b.clone())),
        "false"
    );
    assert_eq!(
        outcome(binary(BinaryOp::NotEqual, a.clone(), b.clone())),
        "true"
    );
    assert!(is_equal(&a, &a) && !is_equal(&a, &b));
    assert!(switch_matches(&a, &a).unwrap() && !switch_matches(&a, &b).unwrap());
    assert_eq!(
        outcome(binary(BinaryOp::Add, a, v("1"))),
        "MATLAB:UndefinedFunction: Operator '+' is not supported for operands of type 'slot'."
    );
}
