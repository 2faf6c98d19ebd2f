//! JSON: texts become values and values become texts, as MATLAB maps them.

mod decode;
mod encode;

pub(crate) use decode::{decode, field_name};
pub(crate) use encode::{Style, encode};

use crate::inputs::{failure, split_options, text};
use crate::table::plain;
use crate::{Call, Entry, Outputs, one};
use tourbillon_value::{Result, Value, ops};

pub(crate) static TABLE: &[Entry] = &[
    plain(
        "jsondecode",
        1,
        1,
        1,
        jsondecode,
        "v = jsondecode(text): the value that a JSON text stands for",
    ),
    plain(
        "jsonencode",
        1,
        5,
        1,
        jsonencode,
        "s = jsonencode(v), jsonencode(…, 'ConvertInfAndNaN', tf), jsonencode(…, 'PrettyPrint', tf): a value as JSON",
    ),
];

fn jsondecode(call: &mut Call<'_>) -> Result<Outputs> {
    Ok(one(decode(&text(call.name, &call.arguments[0])?)?))
}

fn jsonencode(call: &mut Call<'_>) -> Result<Outputs> {
    const OPTIONS: [&str; 2] = ["ConvertInfAndNaN", "PrettyPrint"];
    let (rest, options) = split_options(&call.arguments[1..], &OPTIONS)?;
    if !rest.is_empty() {
        return Err(failure(format!(
            "{}: the options are 'ConvertInfAndNaN' and 'PrettyPrint'.",
            call.name
        )));
    }
    let mut style = Style::default();
    for (name, value) in options {
        let is_on = ops::is_true(value)?;
        match name {
            "ConvertInfAndNaN" => style.converts_special = is_on,
            _ => style.is_pretty = is_on,
        }
    }
    Ok(one(Value::text(&encode(&call.arguments[0], style)?)))
}

#[cfg(test)]
mod tests {
    use crate::testing::check;

    #[test]
    fn texts_become_values() {
        check(&[
            ("jsondecode('3')", "3"),
            ("jsondecode('\"a\\u00e9\"')", "'aé'"),
            ("jsondecode('null')", "[0x0]"),
            ("jsondecode('true')", "true"),
            ("jsondecode('[]')", "[0x0]"),
            ("jsondecode('{}')", "<>"),
            ("jsondecode('[1,2,3]')", "[1; 2; 3]"),
            ("jsondecode('[1,null,3]')", "[1; NaN; 3]"),
            ("jsondecode('[true,false]')", "[true; false]"),
            ("jsondecode('[[1,2],[3,4]]')", "[1 2; 3 4]"),
            ("jsondecode('[[1,2],[3]]')", "{[1; 2]; 3}"),
            ("size(jsondecode('[[[1,2,3],[4,5,6]]]'))", "[1 2 3]"),
            ("jsondecode('[1,true]')", "{1; true}"),
            ("jsondecode('[\"a\",\"bc\"]')", "{'a'; 'bc'}"),
            ("jsondecode('[null,null]')", "{[0x0]; [0x0]}"),
            ("jsondecode('[\"a\",null,{}]')", "{'a'; [0x0]; <>}"),
            (
                "jsondecode('{\"a\":{\"b\":[1]},\"c\":\"d\"}')",
                "<a=<b=1>,c='d'>",
            ),
            ("size(jsondecode('[{\"a\":1},{\"a\":2}]'))", "[2 1]"),
            ("jsondecode('[{\"a\":1},{\"b\":2}]')", "{<a=1>; <b=2>}"),
            (
                "jsondecode('{\"a b\":1,\"1\":2,\"x-y\":3,\"end\":4,\"x_y\":5,\"\":6}')",
                "<aB=1,x1=2,x_y=3,xEnd=4,x_y_1=5,x=6>",
            ),
        ]);
    }

    #[test]
    fn what_is_no_json_is_said_with_its_place() {
        let deep = format!("jsondecode('{}')", "[".repeat(5_000));
        check(&[
            (
                "jsondecode('[1,')",
                "error: JSON syntax error: EOF while parsing a value at line 1 column 3",
            ),
            (
                "jsondecode('{\"a\" 1}')",
                "error: JSON syntax error: expected `:` at line 1 column 6",
            ),
            (
                &deep,
                "error: JSON syntax error: recursion limit exceeded at line 1 column 128",
            ),
        ]);
    }

    #[test]
    fn values_become_texts() {
        for (source, expected) in [
            ("jsonencode(3)", "3"),
            ("jsonencode(0.1)", "0.1"),
            ("jsonencode(pi)", "3.1415926535897931"),
            ("jsonencode(1e100)", "1e+100"),
            ("jsonencode(NaN)", "null"),
            (
                "jsonencode([1 Inf], 'ConvertInfAndNaN', false)",
                "[1,Infinity]",
            ),
            ("jsonencode(true)", "true"),
            ("jsonencode([1 2 3])", "[1,2,3]"),
            ("jsonencode([1 2; 3 4])", "[[1,2],[3,4]]"),
            ("jsonencode([])", "[]"),
            ("jsonencode('')", "\"\""),
            ("jsonencode('a\"b')", "\"a\\\"b\""),
            ("jsonencode({})", "[]"),
            ("jsonencode({1, 'a', {}})", "[1,\"a\",[]]"),
            (
                "jsonencode(struct('a', 1, 'b', 'x'))",
                "{\"a\":1,\"b\":\"x\"}",
            ),
            ("jsonencode(struct('a', {1, 2}))", "[{\"a\":1},{\"a\":2}]"),
            ("jsonencode(zeros(2, 0))", "[[],[]]"),
            (
                "jsonencode(cat(3, [1 2; 3 4], [5 6; 7 8]))",
                "[[[1,5],[2,6]],[[3,7],[4,8]]]",
            ),
            (
                "jsonencode(struct('a', [1 2]), 'PrettyPrint', true)",
                "{\n  \"a\": [\n    1,\n    2\n  ]\n}",
            ),
        ] {
            let session = crate::testing::Session::default();
            let text = match session.evaluate(source, 1) {
                Ok(outputs) => outputs[0].as_text(),
                Err(error) => panic!("{source}: {}", error.message()),
            };
            assert_eq!(text.as_deref(), Some(expected), "{source}");
        }
    }
}
