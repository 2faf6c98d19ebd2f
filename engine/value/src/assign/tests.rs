//! Tables of cases for writing with an index.

use super::*;
use crate::index::{brace, paren};
use crate::testing::{all, outcome, show, slot, v};
use proptest::prelude::*;

/// A path such as `(1 2)`, `{3}`, `.a(2).b`.
fn path(text: &str) -> Vec<PathStep> {
    let mut steps = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        rest = &rest[1..];
        let close = match first {
            '(' => ')',
            '{' => '}',
            '.' => {
                let end = rest.find(['.', '(', '{']).unwrap_or(rest.len());
                steps.push(PathStep::Field(rest[..end].into()));
                rest = &rest[end..];
                continue;
            }
            _ => panic!("no step: {text}"),
        };
        let end = rest.find(close).expect("a step ends");
        let arguments = all(&rest[..end]);
        rest = &rest[end + 1..];
        steps.push(match first {
            '(' => PathStep::Paren(arguments),
            _ => PathStep::Brace(arguments),
        });
    }
    steps
}

/// The target after the assignment; after a failure it must be what it was.
fn assigned(target: &str, steps: &str, value: &str) -> String {
    let mut place = v(target);
    let shared = place.clone();
    let result = assign(&mut place, &path(steps), v(value));
    assert_eq!(
        show(&shared),
        show(&v(target)),
        "the copy stays: {target} {steps} = {value}"
    );
    if result.is_err() {
        assert_eq!(
            show(&place),
            show(&v(target)),
            "unchanged: {target} {steps} = {value}"
        );
    }
    outcome(result.map(|()| place))
}

fn check(cases: &[(&str, &str, &str, &str)]) {
    for (target, steps, value, expected) in cases {
        assert_eq!(
            &assigned(target, steps, value),
            expected,
            "{target} {steps} = {value}"
        );
    }
}

#[test]
fn elements_are_replaced_and_arrays_grow() {
    check(&[
        ("[1 2 3]", "(2)", "9", "[1 9 3]"),
        ("[1 2 3]", "(4)", "9", "[1 2 3 9]"),
        ("[1 2 3]", "(6)", "9", "[1 2 3 0 0 9]"),
        ("[1;2]", "(3)", "9", "[1;2;9]"),
        ("5", "(1)", "9", "9"),
        ("5", "(3)", "9", "[5 0 9]"),
        ("5", "(2 1)", "9", "[5;9]"),
        ("-", "(1)", "9", "9"),
        ("-", "(3)", "1", "[0 0 1]"),
        ("[]", "(3)", "1", "[0 0 1]"),
        ("[]", "(1)", "5", "5"),
        ("[]", "(2 3)", "1", "[0 0 0;0 0 1]"),
        ("1x0", "(2)", "1", "[0 1]"),
        ("0x1", "(2)", "1", "[0 1]"),
        ("[1 2;3 4]", "(2 1)", "9", "[1 2;9 4]"),
        ("[1 2;3 4]", "(3 3)", "9", "[1 2 0;3 4 0;0 0 9]"),
        ("[1 2;3 4]", "(: 3)", "9", "[1 2 9;3 4 9]"),
        ("[1 2;3 4]", "(3 :)", "[5 6]", "[1 2;3 4;5 6]"),
        ("[1 2;3 4]", "(1 :)", "[5;6]", "[5 6;3 4]"),
        ("[1 2;3 4]", "(:)", "0", "[0 0;0 0]"),
        ("[1 2;3 4]", "(:)", "[5 6 7 8]", "[5 7;6 8]"),
        ("[1 2;3 4]", "(: :)", "[5 6;7 8]", "[5 6;7 8]"),
        ("[1 2;3 4]", "(: : 2)", "[5 6;7 8]", "2x2x2 1 3 2 4 5 7 6 8"),
        ("[1 2 3]", "([1 3])", "[8 9]", "[8 2 9]"),
        ("[1 2 3]", "([1 3])", "[8;9]", "[8 2 9]"),
        ("[1 2 3]", "(L[1 0 1])", "0", "[0 2 0]"),
        ("[1 2 3]", "([])", "5", "[1 2 3]"),
        ("[1 2 3]", "([])", "[]", "[1 2 3]"),
        ("[]", "(: 1)", "[1;2;3]", "[1;2;3]"),
        ("[]", "(: 2)", "[1 2]", "[0 1;0 2]"),
        ("[]", "(1 :)", "[1 2 3]", "[1 2 3]"),
        ("[]", "(: 1)", "5", "5"),
        ("-", "(2 :)", "[1 2]", "[0 0;1 2]"),
        ("0x3", "(1 :)", "[1 2 3]", "[1 2 3]"),
        ("[1 2 3]", "", "{1}", "{1}"),
    ]);
}

#[test]
fn the_target_keeps_its_class() {
    check(&[
        ("[1 2]", "(1)", "true", "[1 2]"),
        ("[1 2]", "(1)", "'a'", "[97 2]"),
        ("[]", "(2)", "true", "[0 1]"),
        ("[]", "(1)", "'a'", "97"),
        ("-", "(2)", "true", "L[0 1]"),
        ("-", "(1)", "'a'", "'a'"),
        ("L[1 0]", "(2)", "5", "L[1 1]"),
        ("L[1 0]", "(3)", "5", "L[1 0 1]"),
        ("true", "(2)", "false", "L[1 0]"),
        (
            "L[1 0]",
            "(2)",
            "NaN",
            "MATLAB:nologicalnan: NaN values cannot be converted to logicals.",
        ),
        ("'abc'", "(2)", "65", "'aAc'"),
        ("'abc'", "([1 2])", "'xy'", "'xyc'"),
        ("{1,2}", "(3)", "5", "{1,2,5}"),
        ("{1,2}", "(1)", "{'x'}", "{'x',2}"),
        ("{1,2}", "([1 2])", "{'x'}", "{'x','x'}"),
        ("{1,2}", "(4)", "{3}", "{1,2,[],3}"),
        ("[]", "(2)", "{3}", "{[],3}"),
        ("-", "(2)", "<a=1>", "S[<a=[]> <a=1>]"),
        ("<a=1>", "(2)", "<a=5>", "S[<a=1> <a=5>]"),
        (
            "[1 2]",
            "(1)",
            "{5}",
            "MATLAB:invalidConversion: Conversion to double from cell is not possible.",
        ),
        (
            "<a=1>",
            "(2)",
            "5",
            "MATLAB:invalidConversion: Conversion to struct from double is not possible.",
        ),
        (
            "<a=1>",
            "(2)",
            "<b=5>",
            "MATLAB:heterogeneousStrucAssignment: Subscripted assignment between dissimilar \
             structures.",
        ),
    ]);
}

#[test]
fn nested_levels_come_into_being() {
    check(&[
        ("-", ".a", "1", "<a=1>"),
        ("[]", ".a", "1", "<a=1>"),
        ("<a=1>", ".b", "2", "<a=1,b=2>"),
        ("<a=1>", ".a", "'x'", "<a='x'>"),
        ("-", ".a.b(2).c{3}", "7", "<a=<b=S[<c=[]> <c={[],[],7}>]>>"),
        ("-", "{3}", "1", "{[],[],1}"),
        ("[]", "{2}.a", "1", "{[],<a=1>}"),
        ("{1,2}", "{2}", "[]", "{1,[]}"),
        ("{1,2}", "{2}(3)", "5", "{1,[2 0 5]}"),
        ("{1}", "{2 2}", "5", "{1,[];[],5}"),
        ("-", "(3).a", "1", "S[<a=[]> <a=[]> <a=1>]"),
        ("<a=1>", "(2).b", "7", "S[<a=1,b=[]> <a=[],b=7>]"),
        ("<a=1>", "(1).a", "7", "<a=7>"),
        ("<a=[1 2 3]>", ".a(2)", "9", "<a=[1 9 3]>"),
        ("<a={1,[]}>", ".a{2}.b", "9", "<a={1,<b=9>}>"),
    ]);
}

#[test]
fn errors_are_those_of_matlab() {
    const NUMEL: &str = "MATLAB:matrix:singleSubscriptNumelMismatch: Unable to perform assignment \
                         because the left and right sides have a different number of elements.";
    const NOT_POSITIVE: &str =
        "MATLAB:badsubscript: Array indices must be positive integers or logical values.";
    const DOT: &str = "MATLAB:structAssToNonStruct: Unable to perform assignment because dot \
                       indexing is not supported for variables of this type.";
    const GROW: &str = "MATLAB:indexed_matrix_cannot_be_resized: Attempt to grow array along \
                        ambiguous dimension.";
    check(&[
        ("[1 2 3 4 5]", "([1 2 3])", "[1 2]", NUMEL),
        ("[1 2 3]", "(:)", "[1 2]", NUMEL),
        ("[1 2 3]", "(2)", "[1 2]", NUMEL),
        ("[1 2 3]", "(2)", "[]", NUMEL),
        (
            "[0 0 0;0 0 0;0 0 0]",
            "([1 2] [1 2])",
            "[1 2 3]",
            "MATLAB:subsassigndimmismatch: Unable to perform assignment because the size of the \
             left side is 2-by-2 and the size of the right side is 1-by-3.",
        ),
        (
            "[0 0 0;0 0 0]",
            "(1 :)",
            "[1 2]",
            "MATLAB:subsassigndimmismatch: Unable to perform assignment because the size of the \
             left side is 1-by-3 and the size of the right side is 1-by-2.",
        ),
        ("[1 2;3 4]", "(7)", "1", GROW),
        ("2x0", "(3)", "1", GROW),
        ("[1 2 3]", "(0)", "1", NOT_POSITIVE),
        ("[1 2 3]", "(1.2)", "1", NOT_POSITIVE),
        ("5", ".x", "1", DOT),
        ("{1}", ".x", "1", DOT),
        ("<a={1,2}>", ".a{1}.b", "9", DOT),
        (
            "5",
            "{1}",
            "1",
            "MATLAB:cellAssToNonCell: Unable to perform assignment because brace indexing is not \
             supported for variables of this type.",
        ),
        ("<a=1,b={1,2}>", ".b{4}.c{0}", "9", NOT_POSITIVE),
        ("<a=1>", "(3).b{0}", "9", NOT_POSITIVE),
        (
            "[1 2 3]",
            "(1)(2)",
            "9",
            "MATLAB:index:parensMustBeLast: ()-indexing must appear last in an index expression.",
        ),
    ]);
    let error = assigned("[1]", "(1e9 1e9)", "1");
    assert!(
        error.starts_with("MATLAB:array:SizeLimitExceeded: Requested 1000000000x"),
        "{error}"
    );
    let mut pair = paren(&v("<a=1>"), &all("[1 1]")).unwrap();
    let error = assign(&mut pair, &path(".a"), v("1")).unwrap_err();
    assert_eq!(
        error.message(),
        "Scalar structure required for this assignment."
    );
    assert_eq!(show(&pair), "S[<a=1> <a=1>]");
}

#[test]
fn deletion_closes_up() {
    const RANGE: &str = "MATLAB:subsdeldimmismatch: Matrix index is out of range for deletion.";
    for (target, arguments, expected) in [
        ("[1 2 3]", "2", "[1 3]"),
        ("[1;2;3]", "2", "[1;3]"),
        ("[1 2 3]", "[1 3]", "2"),
        ("[1 2 3]", "L[1 0 1]", "2"),
        ("[1 2 3]", "[]", "[1 2 3]"),
        ("[1 2 3]", ":", "[]"),
        ("5", "1", "1x0"),
        ("true", "1", "L1x0"),
        ("[1 2;3 4]", ": 1", "[2;4]"),
        ("[1 2;3 4]", "2 :", "[1 2]"),
        ("[1 2;3 4]", "[1 2] 2", "[1;3]"),
        ("[1 2;3 4]", ": :", "0x2"),
        ("[1 2;3 4]", ": [1 2]", "2x0"),
        ("[1 2;3 4]", "2", "[1 2 4]"),
        ("3x0", "2 :", "2x0"),
        ("2x0", ":", "[]"),
        ("[1 2;3 4]", "[] 7", "[1 2;3 4]"),
        ("{1,2,3}", "2", "{1,3}"),
        ("{1,2;3,4}", "1 :", "{3,4}"),
        ("'abc'", "2", "'ac'"),
        ("<a=1>", "1", "S1x0"),
        ("[1 2 3]", "5", RANGE),
        ("[1 2;3 4]", ": 3", RANGE),
        (
            "[1 2;3 4]",
            "1 1",
            "MATLAB:subsdeldimmismatch: A null assignment can have only one non-colon index.",
        ),
    ] {
        let mut place = v(target);
        let shared = place.clone();
        let result = delete(&mut place, &all(arguments));
        assert_eq!(
            show(&shared),
            show(&v(target)),
            "the copy stays: {target}({arguments}) = []"
        );
        assert_eq!(
            outcome(result.map(|()| place)),
            expected,
            "{target}({arguments}) = []"
        );
    }
}

#[test]
fn appending_moves_the_data_rarely() {
    let mut row = v("[1 2]");
    let mut moves = 0;
    let mut last = std::ptr::null();
    for at in 3..=5000 {
        assign(
            &mut row,
            &[PathStep::Paren(vec![Value::Double(f64::from(at))])],
            v("7"),
        )
        .unwrap();
        let Value::DoubleArray(array) = &row else {
            unreachable!("it stays a row")
        };
        moves += usize::from(array.data().as_ptr() != last);
        last = array.data().as_ptr();
    }
    assert!(moves < 30, "{moves} moves");
    assert_eq!(row.count(), 5000);
}

fn target() -> impl Strategy<Value = Value> {
    prop::sample::select(vec![
        "-",
        "[]",
        "5",
        "[1 2 3]",
        "[1;2]",
        "[1 2;3 4]",
        "L[1 0]",
        "true",
        "'abc'",
        "{1,'a'}",
        "{}",
        "<a=1>",
        "0x3",
        "[1 2 3;4 5 6]",
        "<a={1},b=[1 2]>",
    ])
    .prop_map(v)
}

fn index_argument() -> impl Strategy<Value = Value> {
    prop::sample::select(vec![
        "1", "2", "3", "5", ":", "[1 2]", "[3;1]", "[]", "L[1 0 1]", "true", "0", "1.5", "[2 2]",
    ])
    .prop_map(v)
}

fn step() -> impl Strategy<Value = PathStep> {
    let arguments = || prop::collection::vec(index_argument(), 1..4);
    prop_oneof![
        arguments().prop_map(PathStep::Paren),
        arguments().prop_map(PathStep::Brace),
        prop::sample::select(vec!["a", "b"]).prop_map(|name| PathStep::Field(name.into())),
    ]
}

fn content() -> impl Strategy<Value = Value> {
    prop::sample::select(vec![
        "7", "[7 8]", "[7;8]", "[]", "'x'", "{9}", "{8,9}", "<a=2>", "true", "NaN",
    ])
    .prop_map(v)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn a_failed_assignment_changes_nothing(
        target in target(),
        path in prop::collection::vec(step(), 1..4),
        value in content(),
        is_shared in any::<bool>(),
    ) {
        let before = show(&target);
        let mut place = target;
        let shared = is_shared.then(|| place.clone());
        if assign(&mut place, &path, value).is_err() {
            prop_assert_eq!(show(&place), &before[..]);
        }
        if let Some(shared) = shared {
            prop_assert_eq!(show(&shared), before);
        }
    }

    #[test]
    fn what_was_assigned_is_read(
        target in target(),
        arguments in prop::collection::vec(index_argument(), 1..4),
        value in content(),
    ) {
        let mut place = target;
        let path = [PathStep::Paren(arguments.clone())];
        // Where nothing is selected nothing grows, and the place need not exist.
        prop_assume!(arguments.iter().all(|argument| !argument.is_empty()));
        if matches!(value, Value::Double(x) if !x.is_nan())
            && matches!(place, Value::Double(_) | Value::DoubleArray(_))
            && assign(&mut place, &path, value.clone()).is_ok()
        {
            let read = paren(&place, &arguments).unwrap();
            let read = crate::convert::to_f64_vec(&read).unwrap();
            prop_assert!(read.iter().all(|x| Some(*x) == value.as_number()), "{:?}", read);
        }
    }

    #[test]
    fn what_was_stored_in_a_cell_is_read(
        arguments in prop::collection::vec(index_argument(), 1..4),
        value in content(),
    ) {
        let mut place = v("{1,'a'}");
        if assign(&mut place, &[PathStep::Brace(arguments.clone())], value.clone()).is_ok() {
            let read = brace(&place, &arguments).unwrap();
            prop_assert_eq!(read.len(), 1);
            prop_assert_eq!(show(&read[0]), show(&value));
        }
    }

    #[test]
    fn a_failed_deletion_changes_nothing(
        target in target(),
        arguments in prop::collection::vec(index_argument(), 1..4),
    ) {
        let before = show(&target);
        let mut place = target;
        if delete(&mut place, &arguments).is_err() {
            prop_assert_eq!(show(&place), before);
        }
    }
}

#[test]
fn handle_objects_take_their_own_assignments() {
    let content = |value: &Value| {
        let slot = value.as_object::<crate::testing::Slot>().expect("a slot");
        show(&slot.content.borrow())
    };
    let inner = slot(v("1"));
    let mut place = inner.clone();
    assign(&mut place, &path("('k')"), v("7")).unwrap();
    assert_eq!(content(&inner), "7");

    let mut nested = Value::structure(&[("m", Value::cell_row(vec![inner.clone()]))]);
    assign(&mut nested, &path(".m{1}('k')"), v("8")).unwrap();
    assert_eq!(content(&inner), "8");

    let mut outer = slot(inner.clone());
    assign(&mut outer, &path(".Inner('k')"), v("9")).unwrap();
    assert_eq!(content(&inner), "9");

    for (steps, message) in [
        (
            ".Inner",
            "Unable to set the 'Inner' property of class 'slot' because it is read-only.",
        ),
        (
            ".Other(1)",
            "Unable to set the 'Other' property of class 'slot' because it is read-only.",
        ),
        (
            "('k').x",
            "Only one level of indexing is supported by a slot.",
        ),
        ("(1 2)", "Conversion to slot from double is not possible."),
        (
            "{1}",
            "Unable to perform assignment because brace indexing is not supported for variables \
             of this type.",
        ),
    ] {
        let error = assign(&mut outer, &path(steps), v("1")).unwrap_err();
        assert_eq!(error.message(), message, "{steps}");
    }
    assert!(delete(&mut outer, &[v("1")]).is_err());
    let mut list = Value::Undefined;
    assign(&mut list, &path("(1)"), inner.clone()).unwrap();
    assert_eq!(content(&list), "9");
    let error = assign(&mut list, &path("(1 2)"), inner).unwrap_err();
    assert_eq!(
        error.message(),
        "Nonscalar arrays of class 'slot' are not allowed; use cell arrays instead."
    );
}
