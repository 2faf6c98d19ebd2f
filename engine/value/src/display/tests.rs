//! Tables of cases for displays.

use super::*;
use crate::testing::{all, v};
use crate::{Callee, FunctionHandle, build_runtime_error};
use std::rc::Rc;

fn check(cases: &[(&str, &str)]) {
    for (value, expected) in cases {
        let got = display_named("x", &v(value));
        assert_eq!(got, format!("\nx =\n\n{expected}\n\n"), "{value}");
    }
}

#[test]
fn scalars() {
    check(&[
        ("5", "     5"),
        ("-5", "    -5"),
        ("0", "     0"),
        ("-0", "     0"),
        ("100", "   100"),
        ("1000", "        1000"),
        ("12345", "       12345"),
        ("123456789", "   123456789"),
        ("1e9", "   1.0000e+09"),
        ("0.5", "    0.5000"),
        ("3.14159265", "    3.1416"),
        ("-3.14159265", "   -3.1416"),
        ("123.456", "  123.4560"),
        ("1234.5", "   1.2345e+03"),
        ("0.001", "   1.0000e-03"),
        ("0.0012", "    0.0012"),
        ("0.0001234", "   1.2340e-04"),
        ("NaN", "   NaN"),
        ("inf", "   Inf"),
        ("-inf", "  -Inf"),
        ("true", "  logical\n\n   1"),
    ]);
}

#[test]
fn matrices() {
    check(&[
        ("[1 2 3]", "     1     2     3"),
        ("[1 -2;30 4]", "     1    -2\n    30     4"),
        ("[1000 2]", "        1000           2"),
        ("[1 NaN -inf]", "     1   NaN  -Inf"),
        ("[1.5 0 -2]", "    1.5000         0   -2.0000"),
        ("[1.5 NaN]", "    1.5000       NaN"),
        ("[1000.5 2]", "   1.0e+03 *\n\n    1.0005    0.0020"),
        ("[0.0001 0.0002]", "   1.0e-04 *\n\n    1.0000    2.0000"),
        ("[1e10 1]", "   1.0e+10 *\n\n    1.0000    0.0000"),
        ("L[1 0;0 1]", "  2×2 logical array\n\n   1   0\n   0   1"),
        ("[]", "     []"),
        ("0x3", "  0×3 empty double matrix"),
        ("1x0", "  1×0 empty double row vector"),
        ("0x1", "  0×1 empty double column vector"),
    ]);
    let wide = Value::doubles(Array::row((1..=20).map(f64::from).collect()));
    let text = display_named("x", &wide);
    assert!(
        text.starts_with("\nx =\n\n  Columns 1 through 13\n\n     1     2"),
        "{text}"
    );
    assert!(
        text.contains("    13\n\n  Columns 14 through 20\n\n    14"),
        "{text}"
    );
    let pages = crate::index::paren(&v("[1 2]"), &all(": : [1 1]")).unwrap();
    assert_eq!(
        display_named("x", &pages),
        "\nx(:,:,1) =\n\n     1     2\n\n\nx(:,:,2) =\n\n     1     2\n\n"
    );
}

#[test]
fn texts() {
    check(&[("'abc'", "    'abc'"), ("''", "  0×0 empty char array")]);
    let lines = crate::concat::vertcat(all("'ab' 'cd'")).unwrap();
    assert_eq!(
        display_named("x", &lines),
        "\nx =\n\n  2×2 char array\n\n    'ab'\n    'cd'\n\n"
    );
    assert_eq!(disp(&lines), "ab\ncd\n");
}

#[test]
fn containers() {
    check(&[
        (
            "{1,'a',[]}",
            "  1×3 cell array\n\n    {[1]}    {'a'}    {0×0 double}",
        ),
        ("{1;100}", "  2×1 cell array\n\n    {[  1]}\n    {[100]}"),
        (
            "{1,'a';'bcd',2}",
            "  2×2 cell array\n\n    {[  1]}    {'a'}\n    {'bcd'}    {[2]}",
        ),
        ("{}", "  0×0 empty cell array"),
        (
            "{{1,2},<a=1>,[1 2 3],0.5}",
            "  1×4 cell array\n\n    {1×2 cell}    {1×1 struct}    {[1 2 3]}    {[0.5000]}",
        ),
        (
            "<a=1,bcd='x',c={1},d=[],e={},f=[1.5 2],g=[1 2;3 4]>",
            "  struct with fields:\n\n      a: 1\n    bcd: 'x'\n      c: {1×1 cell}\n      d: []\n      \
             e: {}\n      f: [1.5000 2.0000]\n      g: [2×2 double]",
        ),
        ("<>", "  struct with no fields."),
    ]);
    let pair = crate::index::paren(&v("<a=1,b=2>"), &all("[1 1]")).unwrap();
    assert_eq!(
        display_named("s", &pair),
        "\ns =\n\n  1×2 struct array with fields:\n\n    a\n    b\n\n"
    );
}

#[test]
fn functions_and_exceptions() {
    let function = |name: &str| {
        Value::Function(Rc::new(FunctionHandle {
            name: name.into(),
            callee: Callee::Unresolved,
            captures: Vec::new(),
            is_anonymous: name.starts_with('@'),
        }))
    };
    assert_eq!(
        display_named("f", &function("@(x)x+1")),
        "\nf =\n\n  function_handle with value:\n\n    @(x)x+1\n\n"
    );
    assert_eq!(
        display_named("f", &function("sin")),
        "\nf =\n\n  function_handle with value:\n\n    @sin\n\n"
    );
    let cell = Value::cell_row(vec![function("sin")]);
    assert_eq!(disp(&cell), "    {@sin}\n");
    let error = build_runtime_error("m").identifier("a:b").build();
    let text = display_named("e", &Value::Exception(error));
    assert!(
        text.contains("    identifier: 'a:b'\n       message: 'm'\n"),
        "{text}"
    );
}

#[test]
fn disp_shows_the_value_alone() {
    for (value, expected) in [
        ("5", "     5\n"),
        ("true", "   1\n"),
        ("[1 2]", "     1     2\n"),
        ("'abc'", "abc\n"),
        ("''", "\n"),
        ("[]", ""),
        ("{1}", "    {[1]}\n"),
        ("<a=1>", "    a: 1\n"),
    ] {
        assert_eq!(disp(&v(value)), expected, "{value}");
    }
}

#[test]
fn numbers_alone() {
    for (number, short, general, exponent) in [
        (0.0, "0", "0", "0.00e+00"),
        (5.0, "5", "5", "5.00e+00"),
        (-12.0, "-12", "-12", "-1.20e+01"),
        (3.1234567, "3.1235", "3.12", "3.12e+00"),
        (100000.0, "100000", "1e+05", "1.00e+05"),
        (123456.5, "1.2346e+05", "1.23e+05", "1.23e+05"),
        (0.0001, "0.0001", "0.0001", "1.00e-04"),
        (0.00001, "1e-05", "1e-05", "1.00e-05"),
        (1e100, "1e+100", "1e+100", "1.00e+100"),
        (f64::NAN, "NaN", "NaN", "NaN"),
        (f64::NEG_INFINITY, "-Inf", "-Inf", "-Inf"),
    ] {
        assert_eq!(short_number(number), short, "{number}");
        assert_eq!(format_general(number, 3), general, "{number}");
        assert_eq!(format_exponent(number, 2), exponent, "{number}");
    }
}
