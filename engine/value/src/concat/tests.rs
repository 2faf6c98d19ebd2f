//! Tables of cases for concatenation.

use super::*;
use crate::testing::{all, outcome, show, v};
use crate::{Callee, FunctionHandle};

const SIZES: &str = "MATLAB:catenate:dimensionMismatch: Dimensions of arrays being concatenated \
                     are not consistent.";

fn check(join: fn(Vec<Value>) -> Result<Value>, cases: &[(&str, &str)]) {
    for (parts, expected) in cases {
        assert_eq!(&outcome(join(all(parts))), expected, "{parts}");
    }
}

#[test]
fn side_by_side() {
    check(
        horzcat,
        &[
            ("", "[]"),
            ("1", "1"),
            ("1 2 3", "[1 2 3]"),
            ("[1 2] 3", "[1 2 3]"),
            ("[1;2] [3;4]", "[1 3;2 4]"),
            ("[1;2] [3 4;5 6]", "[1 3 4;2 5 6]"),
            ("[] 1", "1"),
            ("1x0 1", "1"),
            ("0x1 1", "1"),
            ("[] 1x0", "1x0"),
            ("0x3 0x2", "0x5"),
            ("0x3 [1 2]", SIZES),
            ("[1;2] [1;2;3]", SIZES),
            ("true false", "L[1 0]"),
            ("true 2", "[1 2]"),
            ("[] true", "1"),
            ("'ab' 'cd'", "'abcd'"),
            ("'a' 66", "'aB'"),
            ("'a' '' 'b'", "'ab'"),
            ("'a' []", "'a'"),
            ("'' []", "''"),
            ("{1} 5", "{1,5}"),
            ("5 {1}", "{5,1}"),
            ("{1} {2,3}", "{1,2,3}"),
            ("{1} []", "{1}"),
            ("{1} {}", "{1}"),
            ("{1} 'abc'", "{1,'abc'}"),
            ("{1} <a=1>", "{1,<a=1>}"),
            ("{} {}", "{}"),
            ("<a=1> <a=2>", "S[<a=1> <a=2>]"),
            ("<a=1> []", "<a=1>"),
            ("<a=1,b=2> <b=3,a=4>", "S[<a=1,b=2> <a=4,b=3>]"),
            (
                "<a=1> <b=1>",
                "MATLAB:catenate:structFieldBad: Names of fields in structure arrays being \
                 concatenated do not match. Concatenation of structure arrays requires that these \
                 arrays have the same set of field names.",
            ),
            (
                "<a=1> 1",
                "MATLAB:invalidConversion: Conversion to struct from double is not possible.",
            ),
        ],
    );
}

#[test]
fn one_above_the_other() {
    check(
        vertcat,
        &[
            ("1 2", "[1;2]"),
            ("[1 2] [3 4]", "[1 2;3 4]"),
            ("[1 2;3 4] [5 6]", "[1 2;3 4;5 6]"),
            ("1x0 [1 2]", "[1 2]"),
            ("[] 0x3", "0x3"),
            ("1x0 1x0", "2x0"),
            ("2x0 1x0", "3x0"),
            ("1x0 2x0", "3x0"),
            ("[1 2] [3 4 5]", SIZES),
            ("'ab' 'cd'", "'ab';'cd'"),
            ("'abc' 'de'", SIZES),
            ("'a' 66", "'a';'B'"),
            ("{1} {2}", "{1;2}"),
            ("{1} 2", "{1;2}"),
            ("<a=1> <a=2>", "S[<a=1>;<a=2>]"),
        ],
    );
}

#[test]
fn along_further_dimensions() {
    let pages = cat(2, all("[1 2;3 4] [5 6;7 8]")).unwrap();
    assert_eq!(show(&pages), "2x2x2 1 3 2 4 5 7 6 8");
    let wide = cat(1, vec![pages.clone(), pages]).unwrap();
    assert_eq!(show(&wide), "2x4x2 1 3 2 4 1 3 2 4 5 7 6 8 5 7 6 8");
}

fn rows(text: &str) -> Vec<Vec<Value>> {
    text.split(';').map(all).collect()
}

#[test]
fn brackets_and_braces() {
    for (text, matrix, cell) in [
        ("1 2 ; 3 4", "[1 2;3 4]", "{1,2;3,4}"),
        ("1 true", "[1 1]", "{1,true}"),
        ("'ab' ; 'cd'", "'ab';'cd'", "{'ab';'cd'}"),
        ("1 2 ; 3", SIZES, SIZES),
        ("{1} 2 ; 3 4", "{1,2;3,4}", "{{1},2;3,4}"),
        ("", "[]", "{}"),
        ("[] ; 1 2", "[1 2]", SIZES),
        ("[] {}", "{}", "{[],{}}"),
    ] {
        assert_eq!(outcome(build_matrix(rows(text))), matrix, "[{text}]");
        assert_eq!(outcome(build_cell(rows(text))), cell, "{{{text}}}");
    }
}

#[test]
fn handles_make_no_arrays() {
    let handle = Value::Function(Rc::new(FunctionHandle {
        name: "sin".into(),
        callee: Callee::Builtin(0),
        captures: Vec::new(),
        is_anonymous: false,
    }));
    assert_eq!(outcome(horzcat(vec![handle.clone()])), "sin");
    assert_eq!(
        outcome(horzcat(vec![handle.clone(), Value::empty()])),
        "sin"
    );
    assert_eq!(outcome(horzcat(vec![v("{1}"), handle.clone()])), "{1,sin}");
    let error = horzcat(vec![handle.clone(), handle]).unwrap_err();
    assert_eq!(
        error.message(),
        "Nonscalar arrays of function handles are not allowed; use cell arrays instead."
    );
}

#[test]
fn a_first_part_that_nobody_else_holds_is_extended() {
    let row = v("[1 2 3]");
    let shared = row.clone();
    assert_eq!(outcome(horzcat(vec![row, v("4")])), "[1 2 3 4]");
    assert_eq!(show(&shared), "[1 2 3]");
    assert_eq!(
        outcome(horzcat(vec![shared, v("[4 5]"), v("6")])),
        "[1 2 3 4 5 6]"
    );
}
