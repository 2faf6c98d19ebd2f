//! What a value is.

use crate::inputs::{failure, text, text_or_texts};
use crate::table::plain;
use crate::{Call, Entry, Outputs, one};
use tourbillon_value::{Dims, Result, Value};

/// A yes-or-no question about a value.
macro_rules! question {
    ($name:literal, $test:expr, $help:literal) => {
        plain(
            $name,
            1,
            1,
            1,
            |call| {
                let test: fn(&Value) -> bool = $test;
                Ok(one(test(&call.arguments[0])))
            },
            $help,
        )
    };
}

pub(crate) static TABLE: &[Entry] = &[
    plain(
        "class",
        1,
        1,
        1,
        class,
        "name = class(x): the name of the class",
    ),
    plain(
        "isa",
        2,
        2,
        1,
        isa,
        "tf = isa(x, name): whether x is of a class or category",
    ),
    question!("iscell", |x| matches!(x, Value::Cell(_)), "tf = iscell(x)"),
    question!(
        "iscellstr",
        |x| crate::inputs::cell_texts(x).is_some(),
        "tf = iscellstr(x): a cell array of text"
    ),
    question!("ischar", |x| matches!(x, Value::Char(_)), "tf = ischar(x)"),
    question!(
        "iscolumn",
        |x| {
            let d = x.dims();
            d.rank() == 2 && d.columns() == 1
        },
        "tf = iscolumn(x): n-by-1"
    ),
    question!("isfloat", is_double, "tf = isfloat(x)"),
    question!(
        "isinteger",
        |_| false,
        "tf = isinteger(x): of an integer class, of which there are none"
    ),
    question!("islogical", is_logical, "tf = islogical(x)"),
    question!(
        "ismatrix",
        |x| x.dims().rank() == 2,
        "tf = ismatrix(x): two dimensions"
    ),
    question!("isnumeric", is_double, "tf = isnumeric(x)"),
    question!(
        "isobject",
        |x| matches!(x, Value::Object(_) | Value::Exception(_)),
        "tf = isobject(x)"
    ),
    question!(
        "isreal",
        |x| is_double(x) || is_logical(x) || matches!(x, Value::Char(_)),
        "tf = isreal(x)"
    ),
    question!(
        "isrow",
        |x| {
            let d = x.dims();
            d.rank() == 2 && d.rows() == 1
        },
        "tf = isrow(x): 1-by-n"
    ),
    question!(
        "isscalar",
        |x| x.dims().is_scalar(),
        "tf = isscalar(x): 1-by-1"
    ),
    question!(
        "issquare",
        |x| {
            let d = x.dims();
            d.rank() == 2 && d.rows() == d.columns()
        },
        "tf = issquare(x): n-by-n"
    ),
    question!(
        "isstring",
        |_| false,
        "tf = isstring(x): of class string, of which there are none"
    ),
    question!(
        "isstruct",
        |x| matches!(x, Value::Struct(_)),
        "tf = isstruct(x)"
    ),
    plain(
        "isvarname",
        1,
        1,
        1,
        isvarname,
        "tf = isvarname(text): whether it can be a name",
    ),
    question!(
        "isvector",
        |x| is_vector(&x.dims()),
        "tf = isvector(x): 1-by-n or n-by-1"
    ),
    plain(
        "validatestring",
        2,
        4,
        1,
        validatestring,
        "s = validatestring(text, choices): the choice that it begins",
    ),
];

fn is_double(value: &Value) -> bool {
    matches!(value, Value::Double(_) | Value::DoubleArray(_))
        || value.as_object::<crate::GpuArrayObject>().is_some()
}

fn is_logical(value: &Value) -> bool {
    matches!(value, Value::Bool(_) | Value::BoolArray(_))
}

fn is_vector(dims: &Dims) -> bool {
    dims.is_vector()
}

fn class(call: &mut Call<'_>) -> Result<Outputs> {
    Ok(one(call.arguments[0].class_name()))
}

fn isa(call: &mut Call<'_>) -> Result<Outputs> {
    let value = &call.arguments[0];
    let wanted = text_or_texts(&call.arguments[1])
        .ok_or_else(|| failure("isa: the class must be a character vector."))?;
    let is = |name: &String| match &name[..] {
        "numeric" | "float" => is_double(value),
        "handle" => matches!(value, Value::Object(_)),
        name => value.class_name() == name,
    };
    if let Value::Cell(cell) = &call.arguments[1] {
        let data = wanted.iter().map(is).collect();
        return Ok(one(Value::bools(tourbillon_value::Array::new(
            cell.dims().clone(),
            data,
        ))));
    }
    Ok(one(wanted.iter().all(is)))
}

/// Letters, digits and underscores, beginning with a letter.
pub(crate) fn is_name(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text
            .chars()
            .all(|unit| unit.is_ascii_alphanumeric() || unit == '_')
}

/// Whether it is a word of the language.
pub(crate) fn is_keyword(text: &str) -> bool {
    KEYWORDS.contains(&text)
}

/// The words of the language that cannot be names.
const KEYWORDS: &[&str] = &[
    "break",
    "case",
    "catch",
    "classdef",
    "continue",
    "else",
    "elseif",
    "end",
    "for",
    "function",
    "global",
    "if",
    "otherwise",
    "parfor",
    "persistent",
    "return",
    "spmd",
    "switch",
    "try",
    "while",
];

fn isvarname(call: &mut Call<'_>) -> Result<Outputs> {
    let is = call.arguments[0]
        .as_text()
        .is_some_and(|text| is_name(&text) && !KEYWORDS.contains(&&*text));
    Ok(one(is))
}

fn validatestring(call: &mut Call<'_>) -> Result<Outputs> {
    let given = text(call.name, &call.arguments[0])?;
    let choices = crate::inputs::cell_texts(&call.arguments[1]).ok_or_else(|| {
        failure("validatestring: the choices must be a cell array of character vectors.")
    })?;
    let start = given.to_lowercase();
    let mut fitting: Vec<&String> = choices
        .iter()
        .filter(|choice| choice.to_lowercase().starts_with(&start))
        .collect();
    if let Some(exact) = fitting
        .iter()
        .find(|choice| choice.eq_ignore_ascii_case(&given))
    {
        return Ok(one(&***exact));
    }
    fitting.sort_by_key(|choice| choice.len());
    // Several fit only when each begins with the shortest of them.
    match fitting.first() {
        Some(shortest)
            if fitting
                .iter()
                .all(|choice| choice.starts_with(&***shortest)) =>
        {
            Ok(one(&***shortest))
        }
        _ => Err(crate::inputs::coded(
            &crate::codes::STRING_CHOICE,
            format!(
                "Expected input to match one of these values:\n\n{}\n\nThe input, '{given}', did not match any of the valid values.",
                choices
                    .iter()
                    .map(|choice| format!("'{choice}'"))
                    .collect::<Vec<_>>()
                    .join(", ")
            ),
        )),
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::check;

    #[test]
    fn questions_have_matlabs_answers() {
        check(&[
            ("class(1)", "'double'"),
            ("class('a')", "'char'"),
            ("class({})", "'cell'"),
            ("class(true)", "'logical'"),
            ("class(@sin)", "'function_handle'"),
            ("class(struct())", "'struct'"),
            ("class(containers.Map())", "'containers.Map'"),
            ("class(MException('a:b', 'm'))", "'MException'"),
            ("isa(1, 'numeric')", "true"),
            ("isa(1, 'float')", "true"),
            ("isa(true, 'numeric')", "false"),
            ("isa(containers.Map(), 'handle')", "true"),
            ("isa(1, {'double' 'char'})", "[true false]"),
            ("isempty([])", "true"),
            ("isempty('')", "true"),
            ("isempty(0)", "false"),
            ("isempty(containers.Map())", "true"),
            ("isvector([1 2])", "true"),
            ("isvector(5)", "true"),
            ("isvector([])", "false"),
            ("isscalar('ab')", "false"),
            ("isrow([1 2])", "true"),
            ("iscolumn([1; 2])", "true"),
            ("iscellstr({'a' 'b'})", "true"),
            ("iscellstr({1})", "false"),
            ("isnumeric('a')", "false"),
            ("isreal({})", "false"),
            ("isvarname('a1')", "true"),
            ("isvarname('end')", "false"),
            ("validatestring('app', {'apple' 'pear'})", "'apple'"),
            (
                "validatestring('z', {'apple' 'pear'})",
                r"error: MATLAB:unrecognizedStringChoice: Expected input to match one of these values:

'apple', 'pear'

The input, 'z', did not match any of the valid values.",
            ),
        ]);
    }
}
