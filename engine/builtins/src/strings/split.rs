//! Texts taken apart and put together.

use crate::inputs::{failure, text, text_or_texts};
use crate::table::plain;
use crate::{Call, Entry, Outputs, one};
use tourbillon_value::{Array, Result, Value};

pub(crate) static TABLE: &[Entry] = &[
    plain(
        "join",
        1,
        2,
        1,
        strjoin,
        "s = join(c, delimiter): the texts with a delimiter between them",
    ),
    plain(
        "ostrsplit",
        2,
        3,
        1,
        ostrsplit,
        "c = ostrsplit(text, characters): split at each of the characters",
    ),
    plain(
        "split",
        1,
        2,
        1,
        split,
        "c = split(text, delimiter): the parts, as a column",
    ),
    plain(
        "splitlines",
        1,
        1,
        1,
        splitlines,
        "c = splitlines(text): the lines, as a column",
    ),
    plain(
        "strcat",
        1,
        u8::MAX,
        1,
        strcat,
        "s = strcat(a, b, …): one text; blanks at the ends of char inputs go",
    ),
    plain(
        "strjoin",
        1,
        2,
        1,
        strjoin,
        "s = strjoin(c, delimiter): the texts with a delimiter between them",
    ),
    plain(
        "strjust",
        2,
        2,
        1,
        strjust,
        "s = strjust(text, 'right'): blanks moved to the other end",
    ),
    plain(
        "strsplit",
        1,
        6,
        1,
        strsplit,
        "c = strsplit(text, delimiter, 'CollapseDelimiters', tf): the parts",
    ),
    plain(
        "strtok",
        1,
        2,
        2,
        strtok,
        "[token, rest] = strtok(text, delimiters): the first word and the rest",
    ),
    plain(
        "strvcat",
        1,
        u8::MAX,
        1,
        strvcat,
        "s = strvcat(a, b, …): rows padded with blanks",
    ),
];

fn resolved(delimiter: &str) -> String {
    let units: Vec<u16> = delimiter.encode_utf16().collect();
    String::from_utf16_lossy(&super::template::unescape(&units))
}

/// The parts between delimiters; the longest delimiter that fits counts.
fn parts(text: &str, delimiters: &[String], collapses: bool) -> Vec<String> {
    let mut delimiters: Vec<&String> = delimiters.iter().filter(|one| !one.is_empty()).collect();
    delimiters.sort_by_key(|delimiter| std::cmp::Reverse(delimiter.len()));
    let mut parts = Vec::new();
    let mut part = String::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        match delimiters
            .iter()
            .find(|delimiter| rest.starts_with(delimiter.as_str()))
        {
            Some(delimiter) => {
                parts.push(std::mem::take(&mut part));
                rest = &rest[delimiter.len()..];
                while collapses
                    && let Some(next) = delimiters
                        .iter()
                        .find(|next| rest.starts_with(next.as_str()))
                {
                    rest = &rest[next.len()..];
                }
            }
            None => {
                part.push(first);
                rest = &rest[first.len_utf8()..];
            }
        }
    }
    parts.push(part);
    parts
}

fn texts(parts: &[String]) -> Vec<Value> {
    parts
        .iter()
        .map(|part| {
            // An empty part is 1 × 0, as MATLAB cuts it out.
            if part.is_empty() {
                Value::chars(Array::row(Vec::new()))
            } else {
                Value::text(part)
            }
        })
        .collect()
}

fn strsplit(call: &mut Call<'_>) -> Result<Outputs> {
    let (rest, options) = crate::inputs::split_options(
        &call.arguments[1..],
        &["CollapseDelimiters", "DelimiterType"],
    )?;
    let mut collapses = true;
    for (name, value) in options {
        if name == "CollapseDelimiters" {
            collapses = tourbillon_value::ops::is_true(value)?;
        } else if value
            .as_text()
            .is_none_or(|kind| !kind.eq_ignore_ascii_case("simple"))
        {
            return Err(failure(
                "strsplit: only the delimiter type 'Simple' is supported.",
            ));
        }
    }
    let subject = text(call.name, &call.arguments[0])?;
    let delimiters = match rest {
        [] => [" ", "\u{c}", "\n", "\r", "\t", "\u{b}"]
            .map(str::to_owned)
            .to_vec(),
        [given] => text_or_texts(given)
            .ok_or_else(|| failure("strsplit: the delimiter must be text."))?
            .iter()
            .map(|delimiter| resolved(delimiter))
            .collect(),
        _ => return Err(failure("strsplit: too many delimiters; use a cell array.")),
    };
    let parts = parts(&subject, &delimiters, collapses);
    Ok(one(Value::cell(Array::row(texts(&parts)))))
}

fn split(call: &mut Call<'_>) -> Result<Outputs> {
    let subject = text(call.name, &call.arguments[0])?;
    let parts = match call.arguments.get(1) {
        Some(delimiter) => {
            let delimiters = text_or_texts(delimiter)
                .ok_or_else(|| failure("split: the delimiter must be text."))?;
            parts(&subject, &delimiters, false)
        }
        None => subject.split_whitespace().map(str::to_owned).collect(),
    };
    Ok(one(Value::cell(Array::column(texts(&parts)))))
}

fn splitlines(call: &mut Call<'_>) -> Result<Outputs> {
    let text = text(call.name, &call.arguments[0])?.replace("\r\n", "\n");
    let lines: Vec<String> = text.split(['\n', '\r']).map(str::to_owned).collect();
    Ok(one(Value::cell(Array::column(texts(&lines)))))
}

fn ostrsplit(call: &mut Call<'_>) -> Result<Outputs> {
    let subject = text(call.name, &call.arguments[0])?;
    let delimiters: Vec<String> = text(call.name, &call.arguments[1])?
        .chars()
        .map(String::from)
        .collect();
    let strips = match call.arguments.get(2) {
        Some(strips) => tourbillon_value::ops::is_true(strips)?,
        None => false,
    };
    let mut parts = parts(&subject, &delimiters, false);
    if strips {
        parts.retain(|part| !part.is_empty());
    }
    Ok(one(Value::cell(Array::row(texts(&parts)))))
}

fn strjoin(call: &mut Call<'_>) -> Result<Outputs> {
    let value = &call.arguments[0];
    let parts = crate::inputs::cell_texts(value)
        .ok_or_else(|| failure("First input must be a cell array of character vectors."))?;
    let delimiter = match call.arguments.get(1) {
        Some(delimiter) => resolved(&text(call.name, delimiter)?),
        None => " ".to_owned(),
    };
    Ok(one(&*parts.join(&delimiter)))
}

fn strcat(call: &mut Call<'_>) -> Result<Outputs> {
    // With a cell among the inputs the result is a cell of that size, and no blanks go.
    let shape = call
        .arguments
        .iter()
        .filter_map(|argument| match argument {
            Value::Cell(cell) => Some(cell.dims().clone()),
            _ => None,
        })
        .max_by_key(|dims| dims.count());
    let Some(dims) = shape else {
        let mut joined = String::new();
        for argument in call.arguments.iter() {
            let text = text(call.name, argument)?;
            joined.push_str(text.trim_end_matches([' ', '\t', '\n', '\u{b}', '\u{c}', '\r', '\0']));
        }
        return Ok(one(&*joined));
    };
    let count = dims.count();
    let mut joined = vec![String::new(); count];
    for argument in call.arguments.iter() {
        let parts = text_or_texts(argument)
            .ok_or_else(|| failure("Inputs must be character vectors or cell arrays of them."))?;
        if parts.len() != 1 && parts.len() != count {
            return Err(failure("All the inputs must be the same size or scalars."));
        }
        for (at, text) in joined.iter_mut().enumerate() {
            text.push_str(parts.get(at).unwrap_or(&parts[0]));
        }
    }
    let data = joined.iter().map(|text| Value::text(text)).collect();
    Ok(one(Value::cell(Array::new(dims, data))))
}

fn strtok(call: &mut Call<'_>) -> Result<Outputs> {
    let subject = text(call.name, &call.arguments[0])?;
    let delimiters = match call.arguments.get(1) {
        Some(delimiters) => text(call.name, delimiters)?,
        None => " \t\n\u{b}\u{c}\r\0".to_owned(),
    };
    let is_delimiter = |unit: char| delimiters.contains(unit);
    let start = subject.trim_start_matches(is_delimiter);
    let end = start.find(is_delimiter).unwrap_or(start.len());
    let mut outputs = one(&start[..end]);
    if call.outputs > 1 {
        outputs.push(Value::text(&start[end..]));
    }
    Ok(outputs)
}

fn strvcat(call: &mut Call<'_>) -> Result<Outputs> {
    let mut rows: Vec<Vec<u16>> = Vec::new();
    for argument in call.arguments.iter() {
        let texts = text_or_texts(argument)
            .ok_or_else(|| failure("strvcat: the arguments must be character vectors."))?;
        // Unlike with `char`, empty texts make no row.
        rows.extend(
            texts
                .iter()
                .filter(|text| !text.is_empty())
                .map(|text| text.encode_utf16().collect()),
        );
    }
    Ok(one(super::format::matrix(&rows)))
}

fn strjust(call: &mut Call<'_>) -> Result<Outputs> {
    let subject = text(call.name, &call.arguments[0])?;
    let width = subject.chars().count();
    let inner = subject.trim_matches(' ');
    Ok(one(&*match &*text(call.name, &call.arguments[1])? {
        "left" => format!("{:<width$}", subject.trim_start_matches(' ')),
        "right" => format!("{:>width$}", subject.trim_end_matches(' ')),
        "center" => format!("{inner:^width$}"),
        _ => {
            return Err(failure(
                "strjust: the side must be 'left', 'right' or 'center'.",
            ));
        }
    }))
}

#[cfg(test)]
mod tests {
    use crate::testing::check;

    #[test]
    fn texts_split_and_join() {
        check(&[
            ("strsplit('a b  c')", "{'a' 'b' 'c'}"),
            ("strsplit('a,b,,c', ',')", "{'a' 'b' 'c'}"),
            (
                "strsplit('a,b,,c', ',', 'CollapseDelimiters', false)",
                "{'a' 'b' '' 'c'}",
            ),
            ("strsplit('a,b;c', {',' ';'})", "{'a' 'b' 'c'}"),
            ("strsplit('a\tb', '\\t')", "{'a' 'b'}"),
            ("strsplit('', ',')", "{''}"),
            ("split('a-b', '-')", "{'a'; 'b'}"),
            ("splitlines(sprintf('a\\nb\\r\\nc'))", "{'a'; 'b'; 'c'}"),
            ("ostrsplit('a:b;c', ':;')", "{'a' 'b' 'c'}"),
            ("strjoin({'a' 'b'}, ', ')", "'a, b'"),
            ("strjoin({'a' 'b'})", "'a b'"),
            ("strjoin({'a' 'b'}, '\\n')", r"'a\nb'"),
            ("strjoin({}, ',')", "''"),
            (
                "strjoin({1}, ',')",
                "error: First input must be a cell array of character vectors.",
            ),
            ("strcat('a ', 'b')", "'ab'"),
            ("strcat({'a '}, 'b')", "{'a b'}"),
            ("strcat({'a' 'b'}, 'x')", "{'ax' 'bx'}"),
            ("strtok('hello world')", "'hello' | ' world'"),
            ("strtok('a,b', ',')", "'a' | ',b'"),
            ("strjust(' a ', 'right')", "'  a'"),
        ]);
    }
}
