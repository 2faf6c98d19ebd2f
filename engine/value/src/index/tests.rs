//! Tables of cases for reading with an index.

use super::*;
use crate::testing::{all, outcome, show, slot, v};
use proptest::prelude::*;

fn check(cases: &[(&str, &str, &str)]) {
    for (base, arguments, expected) in cases {
        let got = outcome(paren(&v(base), &all(arguments)));
        assert_eq!(&got, expected, "({base})({arguments})");
    }
}

#[test]
fn shapes_are_those_of_matlab() {
    check(&[
        ("[10 20 30]", "2", "20"),
        ("[10 20 30]", "", "[10 20 30]"),
        ("[10 20 30]", ":", "[10;20;30]"),
        ("[10 20 30]", "':'", "[10;20;30]"),
        ("[10 20 30]", "[3 1]", "[30 10]"),
        ("[10 20 30]", "[3;1]", "[30 10]"),
        ("[10;20;30]", "[3 1]", "[30;10]"),
        ("[10 20 30]", "[3 1;1 2]", "[30 10;10 20]"),
        ("[1 2;3 4]", "[1 2]", "[1 3]"),
        ("[1 2;3 4]", "[1;2]", "[1;3]"),
        ("[1 2;3 4]", "[4 3;2 1]", "[4 2;3 1]"),
        ("[10 20 30]", "[]", "[]"),
        ("[10 20 30]", "1x0", "1x0"),
        ("[10;20;30]", "1x0", "0x1"),
        ("[]", "1x0", "1x0"),
        ("[]", "0x1", "0x1"),
        ("5", "[1;1]", "[5;5]"),
        ("5", "[1 1]", "[5 5]"),
        ("5", ":", "5"),
        ("5", "1 1 1", "5"),
        ("true", "[1 1]", "L[1 1]"),
        ("[1 2;3 4]", "1 2", "2"),
        ("[1 2;3 4]", ": 2", "[2;4]"),
        ("[1 2;3 4]", "2 :", "[3 4]"),
        ("[1 2;3 4]", ": :", "[1 2;3 4]"),
        ("[1 2;3 4]", "[2 1] [2 2 1]", "[4 4 3;2 2 1]"),
        ("[1 2;3 4]", "[] :", "0x2"),
        ("[1 2;3 4]", "1 2 1", "2"),
        ("[1 2;3 4]", ": : [1 1]", "2x2x2 1 3 2 4 1 3 2 4"),
        ("'hello'", "[1 2]", "'he'"),
        ("'hello'", "1", "'h'"),
        ("'hello'", "1x0", "C1x0"),
        ("{1,'a',[]}", "2", "{'a'}"),
        ("{1,'a',[]}", "[1 3]", "{1,[]}"),
        ("{1,'a';2,'b'}", ": 2", "{'a';'b'}"),
        ("<a=1,b='x'>", "1", "<a=1,b='x'>"),
        ("<a=1>", "[1 1]", "S[<a=1> <a=1>]"),
        ("<a=1>", "[]", "S[]"),
    ]);
}

#[test]
fn masks_select_where_they_are_true() {
    check(&[
        ("[10 20 30]", "L[1 0 1]", "[10 30]"),
        ("[10 20 30]", "L[1;0;1]", "[10 30]"),
        ("[10 20 30]", "L[0 0 0]", "1x0"),
        ("[10 20 30]", "L[0 1]", "20"),
        ("[10 20 30]", "false", "[]"),
        ("[10 20 30]", "true", "10"),
        ("[1 2;3 4]", "L[0 1;1 1]", "[3;2;4]"),
        ("[1 2;3 4]", "L[1 0] :", "[1 2]"),
        ("[1 2;3 4]", ": L[0 1]", "[2;4]"),
        ("[1 2 3 4]", "L[1 0;0 1]", "[1 4]"),
        (
            "[10 20 30]",
            "L[0 0 0 1]",
            "MATLAB:badsubscript: The logical indices contain a true value outside of the array \
             bounds.",
        ),
    ]);
}

#[test]
fn errors_are_those_of_matlab() {
    const NOT_POSITIVE: &str =
        "MATLAB:badsubscript: Array indices must be positive integers or logical values.";
    check(&[
        ("[1 2 3]", "0", NOT_POSITIVE),
        ("[1 2 3]", "-1", NOT_POSITIVE),
        ("[1 2 3]", "1.5", NOT_POSITIVE),
        ("[1 2 3]", "NaN", NOT_POSITIVE),
        ("[1 2 3]", "[1 0]", NOT_POSITIVE),
        (
            "[1 2 3;4 5 6]",
            "1 0",
            "MATLAB:badsubscript: Index in position 2 is invalid. Array indices must be positive \
             integers or logical values.",
        ),
        (
            "[1 2 3]",
            "4",
            "MATLAB:badsubscript: Index exceeds the number of array elements. Index must not \
             exceed 3.",
        ),
        (
            "5",
            "2",
            "MATLAB:badsubscript: Index exceeds the number of array elements. Index must not \
             exceed 1.",
        ),
        (
            "5",
            "'x'",
            "MATLAB:badsubscript: Index exceeds the number of array elements. Index must not \
             exceed 1.",
        ),
        (
            "[1 2 3;4 5 6]",
            "1 4",
            "MATLAB:badsubscript: Index in position 2 exceeds array bounds. Index must not exceed \
             3.",
        ),
        (
            "[1 2 3;4 5 6]",
            "3 1",
            "MATLAB:badsubscript: Index in position 1 exceeds array bounds. Index must not exceed \
             2.",
        ),
        (
            "[1 2 3;4 5 6]",
            "1 1 2",
            "MATLAB:badsubscript: Index in position 3 exceeds array bounds. Index must not exceed \
             1.",
        ),
        (
            "[1 2 3]",
            "{1}",
            "MATLAB:badsubscript: Unable to use a value of type cell as an index.",
        ),
        (
            "[1 2 3]",
            "<x=1>",
            "MATLAB:badsubscript: Unable to use a value of type struct as an index.",
        ),
    ]);
}

#[test]
fn octave_tells_invalid_indices_from_far_ones() {
    let octave = |arguments: &str| {
        let error = paren(&v("[1 2 3]"), &all(arguments)).unwrap_err();
        error.identifier_in(crate::Namespace::Octave).to_owned()
    };
    assert_eq!(octave("0"), "Octave:invalid-index");
    assert_eq!(octave("4"), "Octave:index-out-of-bounds");
}

#[test]
fn braces_give_the_contents() {
    let list = |base: &str, arguments: &str| match brace(&v(base), &all(arguments)) {
        Ok(values) => values.iter().map(show).collect::<Vec<_>>().join(" | "),
        Err(error) => format!("{}: {}", error.identifier(), error.message()),
    };
    assert_eq!(list("{1,'a';[],{2}}", ":"), "1 | [] | 'a' | {2}");
    assert_eq!(list("{1,'a';[],{2}}", "2 2"), "{2}");
    assert_eq!(list("{1,'a'}", "[]"), "");
    assert_eq!(list("{1,'a'}", "L[0 1]"), "'a'");
    assert_eq!(
        list("{1,2}", "3"),
        "MATLAB:badsubscript: Index exceeds the number of array elements. Index must not exceed 2."
    );
    assert_eq!(
        list("5", "1"),
        "MATLAB:cellRefFromNonCell: Brace indexing is not supported for variables of this type."
    );
    assert_eq!(
        brace_one(&v("{1,'a'}"), 2.0).map(show).as_deref(),
        Some("'a'")
    );
    assert!(brace_one(&v("{1,'a'}"), 3.0).is_none());
}

#[test]
fn fields_give_one_value_for_each_element() {
    let twice = paren(&v("<a=1,b=2>"), &all("[1 1]")).unwrap();
    let values = field(&twice, "b").unwrap();
    assert_eq!(values.iter().map(show).collect::<Vec<_>>(), ["2", "2"]);
    let error = field(&v("<a=1>"), "b").unwrap_err();
    assert_eq!(error.identifier(), "MATLAB:nonExistentField");
    assert_eq!(error.message(), "Unrecognized field name \"b\".");
    for base in ["5", "{1}", "'x'", "true"] {
        let error = field(&v(base), "b").unwrap_err();
        assert_eq!(
            error.identifier(),
            "MATLAB:structRefFromNonStruct",
            "{base}"
        );
    }
}

#[test]
fn end_is_the_last_index() {
    let matrix = v("[1 2 3;4 5 6]");
    assert_eq!(end_of(&matrix, 0, 1), 6);
    assert_eq!(end_of(&matrix, 0, 2), 2);
    assert_eq!(end_of(&matrix, 1, 2), 3);
    assert_eq!(end_of(&matrix, 2, 3), 1);
    let pages = paren(&matrix, &all(": : [1 1]")).unwrap();
    assert_eq!(end_of(&pages, 1, 2), 6);
    assert_eq!(end_of(&v("7"), 0, 1), 1);
    assert_eq!(end_of(&Value::Undefined, 0, 1), 0);
}

proptest! {
    #[test]
    fn one_index_is_column_by_column(rows in 1usize..6, columns in 1usize..6, at in 0usize..36) {
        let count = rows * columns;
        let at = at % count;
        let data: Vec<f64> = (0..count).map(|x| x as f64).collect();
        let base = Value::doubles(Array::new(crate::Dims::new(rows, columns), data));
        let linear = paren(&base, &[Value::Double((at + 1) as f64)]).unwrap();
        let pair = [Value::Double((at % rows + 1) as f64), Value::Double((at / rows + 1) as f64)];
        let both = paren(&base, &pair).unwrap();
        prop_assert_eq!(linear.as_number(), Some(at as f64));
        prop_assert_eq!(both.as_number(), Some(at as f64));
    }
}

#[test]
fn objects_answer_for_themselves() {
    let object = slot(v("[1 2]"));
    assert_eq!(outcome(paren(&object, &all("'k'"))), "[1 2]");
    assert_eq!(outcome(paren(&object, &all("1 1"))), "slot#1");
    assert_eq!(
        field(&object, "Inner")
            .map(|values| show(&values[0]))
            .unwrap(),
        "[1 2]"
    );
    let error = field(&object, "Nothing").unwrap_err();
    assert_eq!(
        error.message(),
        "Unrecognized method, property, or field 'Nothing' for class 'slot'."
    );
    assert_eq!(end_of(&object, 0, 1), 1);
}
