//! Changed texts: case, blanks, replacement.

use crate::inputs::{failure, text_or_texts, unsupported};
use crate::table::plain;
use crate::{Call, Entry, Outputs, one};
use tourbillon_value::{Array, Dims, Result, Value};

pub(crate) static TABLE: &[Entry] = &[
    plain(
        "deblank",
        1,
        1,
        1,
        |call| each_row(call, |text| text.trim_end_matches(is_blank).to_owned()),
        "s = deblank(text): without blanks at the end",
    ),
    plain(
        "do_string_escapes",
        1,
        1,
        1,
        escapes,
        "s = do_string_escapes(text): with \\n and its like resolved",
    ),
    plain(
        "erase",
        2,
        2,
        1,
        |call| replace(call, true, str_replace),
        "s = erase(text, part): without the part",
    ),
    plain(
        "lower",
        1,
        1,
        1,
        |call| case(call, str::to_lowercase),
        "s = lower(text): small letters",
    ),
    plain(
        "pad",
        2,
        4,
        1,
        pad,
        "s = pad(text, width, 'left', '0'): filled up to a width",
    ),
    plain(
        "regexptranslate",
        2,
        2,
        1,
        regexptranslate,
        "s = regexptranslate('escape', text): with special characters escaped",
    ),
    plain(
        "replace",
        3,
        3,
        1,
        |call| replace(call, false, str_replace),
        "s = replace(text, old, new): with old replaced by new",
    ),
    plain(
        "reverse",
        1,
        1,
        1,
        |call| each_row(call, |text| text.chars().rev().collect()),
        "s = reverse(text): the other way round",
    ),
    plain(
        "strip",
        1,
        1,
        1,
        |call| each_row(call, |text| text.trim_matches(is_blank).to_owned()),
        "s = strip(text): without blanks around it",
    ),
    plain(
        "strrep",
        3,
        3,
        1,
        |call| replace(call, false, replace_overlapping),
        "s = strrep(text, old, new): with old replaced by new",
    ),
    plain(
        "strtrim",
        1,
        1,
        1,
        strtrim,
        "s = strtrim(text): without blanks around it",
    ),
    plain(
        "tolower",
        1,
        1,
        1,
        |call| case(call, str::to_lowercase),
        "s = tolower(text): small letters",
    ),
    plain(
        "toupper",
        1,
        1,
        1,
        |call| case(call, str::to_uppercase),
        "s = toupper(text): capital letters",
    ),
    plain(
        "upper",
        1,
        1,
        1,
        |call| case(call, str::to_uppercase),
        "s = upper(text): capital letters",
    ),
];

fn is_blank(unit: char) -> bool {
    unit.is_ascii_whitespace() || unit == '\u{b}' || unit == '\0'
}

/// Changes a char row, or each of a cell.
fn each_row(call: &mut Call<'_>, change: impl Fn(&str) -> String) -> Result<Outputs> {
    let name = call.name;
    let changed = |value: &Value| {
        value
            .as_text()
            .map(|text| Value::text(&change(&text)))
            .ok_or_else(|| {
                failure(format!(
                    "{name}: the argument must be a character vector or a cell array of them."
                ))
            })
    };
    Ok(one(match &call.arguments[0] {
        Value::Cell(cell) => {
            let data = cell.data().iter().map(changed).collect::<Result<_>>()?;
            Value::cell(Array::new(cell.dims().clone(), data))
        }
        value => changed(value)?,
    }))
}

fn case(call: &mut Call<'_>, change: fn(&str) -> String) -> Result<Outputs> {
    // Letter by letter, so that the size stays: letters that become several are left alone.
    let changed = |array: &Array<u16>| {
        let data = array
            .data()
            .iter()
            .map(|unit| {
                let Some(letter) = char::from_u32(u32::from(*unit)) else {
                    return *unit;
                };
                let mut buffer = [0; 4];
                let mut units = change(letter.encode_utf8(&mut buffer))
                    .encode_utf16()
                    .collect::<Vec<u16>>();
                match (units.pop(), units.is_empty()) {
                    (Some(changed), true) => changed,
                    _ => *unit,
                }
            })
            .collect();
        Value::chars(Array::new(array.dims().clone(), data))
    };
    Ok(one(match &call.arguments[0] {
        Value::Char(array) => changed(array),
        value @ Value::Cell(cell) => {
            let data = cell
                .data()
                .iter()
                .map(|item| match item {
                    Value::Char(array) => Ok(changed(array)),
                    _ => Err(unsupported(call.name, value)),
                })
                .collect::<Result<_>>()?;
            Value::cell(Array::new(cell.dims().clone(), data))
        }
        // MATLAB gives numbers back as they are.
        value @ (Value::Double(_)
        | Value::DoubleArray(_)
        | Value::Bool(_)
        | Value::BoolArray(_)) => value.clone(),
        value => return Err(unsupported(call.name, value)),
    }))
}

fn strtrim(call: &mut Call<'_>) -> Result<Outputs> {
    match &call.arguments[0] {
        Value::Char(array) if array.dims().rows() > 1 => {
            // Of a matrix, the columns that are blank in every row go.
            let (rows, columns) = (array.dims().rows(), array.dims().columns());
            let blank = |column: usize| {
                array.data()[column * rows..(column + 1) * rows]
                    .iter()
                    .all(|unit| char::from_u32(u32::from(*unit)).is_some_and(is_blank))
            };
            let start = (0..columns)
                .find(|column| !blank(*column))
                .unwrap_or(columns);
            let end = (start..columns)
                .rev()
                .find(|column| !blank(*column))
                .map_or(start, |last| last + 1);
            let data = array.data()[start * rows..end * rows].to_vec();
            Ok(one(Value::chars(Array::new(
                Dims::new(rows, end - start),
                data,
            ))))
        }
        Value::Char(_) | Value::Cell(_) => {
            each_row(call, |text| text.trim_matches(is_blank).to_owned())
        }
        _ => Err(failure(
            "Input should be a string or a character array or a cell array of character arrays.",
        )),
    }
}

fn str_replace(text: &str, old: &str, new: &str) -> String {
    text.replace(old, new)
}

/// As `strrep` has it: every occurrence counts, also those that overlap, so that `aaa` becomes `bb`
/// when `aa` becomes `b`.
fn replace_overlapping(text: &str, old: &str, new: &str) -> String {
    let mut result = String::with_capacity(text.len());
    let mut done = 0;
    for (at, _) in text.char_indices() {
        if text[at..].starts_with(old) {
            result.push_str(text.get(done..at).unwrap_or_default());
            result.push_str(new);
            done = at + old.len();
        }
    }
    result.push_str(&text[done..]);
    result
}

fn replace(
    call: &mut Call<'_>,
    erases: bool,
    change: fn(&str, &str, &str) -> String,
) -> Result<Outputs> {
    let wrong = || {
        failure(
            "Inputs must be character vectors, cell arrays of character vectors, or string arrays.",
        )
    };
    let old = text_or_texts(&call.arguments[1]).ok_or_else(wrong)?;
    let new = match call.arguments.get(2) {
        None => vec![String::new(); old.len()],
        Some(new) => text_or_texts(new).ok_or_else(wrong)?,
    };
    if !erases && new.len() != 1 && new.len() != old.len() {
        return Err(failure(
            "The new texts must be one, or as many as the old ones.",
        ));
    }
    if text_or_texts(&call.arguments[0]).is_none() {
        return Err(wrong());
    }
    each_row(call, |text| {
        let mut text = text.to_owned();
        for (at, old) in old.iter().enumerate() {
            if !old.is_empty() {
                text = change(&text, old, new.get(at).unwrap_or(&new[0]));
            }
        }
        text
    })
}

fn escapes(call: &mut Call<'_>) -> Result<Outputs> {
    each_row(call, |text| {
        let units: Vec<u16> = text.encode_utf16().collect();
        String::from_utf16_lossy(&super::template::unescape(&units))
    })
}

fn regexptranslate(call: &mut Call<'_>) -> Result<Outputs> {
    let kind = crate::inputs::text(call.name, &call.arguments[0])?;
    if kind != "escape" {
        return Err(failure("regexptranslate: only 'escape' is supported."));
    }
    let text = crate::inputs::text(call.name, &call.arguments[1])?;
    let mut escaped = String::new();
    for unit in text.chars() {
        if "\\^$.|?*+()[]{}".contains(unit) {
            escaped.push('\\');
        }
        escaped.push(unit);
    }
    Ok(one(&*escaped))
}

fn pad(call: &mut Call<'_>) -> Result<Outputs> {
    let width = crate::inputs::whole(call.name, &call.arguments[1], 0.0)?.min(1 << 24);
    let mut side = "right".to_owned();
    let mut filler = ' ';
    for option in &call.arguments[2..] {
        let option = crate::inputs::text(call.name, option)?;
        let mut units = option.chars();
        match (units.next(), units.next()) {
            (Some(unit), None) => filler = unit,
            _ if ["left", "right", "both"].contains(&&*option) => side = option,
            _ => {
                return Err(failure(
                    "pad: the side must be 'left', 'right' or 'both', the filler one character.",
                ));
            }
        }
    }
    each_row(call, |text| {
        let missing = width.saturating_sub(text.chars().count());
        let before = match &*side {
            "left" => missing,
            "both" => missing / 2,
            _ => 0,
        };
        let fill = |count: usize| String::from(filler).repeat(count);
        format!("{}{text}{}", fill(before), fill(missing - before))
    })
}

#[cfg(test)]
mod tests {
    use crate::testing::check;

    #[test]
    fn texts_change() {
        check(&[
            ("upper('aBc1')", "'ABC1'"),
            ("lower({'AB' 'C'})", "{'ab' 'c'}"),
            ("upper(5)", "5"),
            ("strtrim('  a b  ')", "'a b'"),
            ("strtrim({' a' 'b '})", "{'a' 'b'}"),
            ("strtrim(['  a'; ' bc'])", "char[  a; b c]"),
            (
                "strtrim(5)",
                "error: Input should be a string or a character array or a cell array of character arrays.",
            ),
            ("deblank('a  ')", "'a'"),
            ("strrep('abcabc', 'b', 'XY')", "'aXYcaXYc'"),
            ("strrep('aaa', 'aa', 'b')", "'bb'"),
            ("strrep('ghi 222 jkl', '22', '*')", "'ghi ** jkl'"),
            ("strrep({'ab' 'b'}, 'b', '')", "{'a' ''}"),
            (
                "strrep(1, 'a', 'b')",
                "error: Inputs must be character vectors, cell arrays of character vectors, or string arrays.",
            ),
            ("erase('banana', 'an')", "'ba'"),
            ("reverse('abc')", "'cba'"),
            ("pad('7', 3, 'left', '0')", "'007'"),
            ("do_string_escapes('a\\tb')", r"'a\tb'"),
        ]);
    }
}
