//! Regular expressions: `regexp`, `regexpi`, `regexprep`.

use crate::inputs::{failure, text};
use crate::table::plain;
use crate::{Call, Entry, Outputs, one};
use regex::{Captures, Regex};
use std::rc::Rc;
use tourbillon_value::{Array, Dims, Result, StructArray, Value};

pub(crate) static TABLE: &[Entry] = &[
    plain(
        "regexp",
        2,
        u8::MAX,
        7,
        regexp,
        "[start, end, extents, match, tokens, names, split] = regexp(text, pattern, options)",
    ),
    plain(
        "regexpi",
        2,
        u8::MAX,
        7,
        regexp,
        "[start, …] = regexpi(text, pattern, options): as regexp, upper and lower case alike",
    ),
    plain(
        "regexprep",
        3,
        u8::MAX,
        1,
        regexprep,
        "s = regexprep(text, pattern, replacement, options): what matches is replaced",
    ),
];

/// What can be asked about the matches, in the order of the outputs.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Answer {
    Start,
    End,
    Extents,
    Match,
    Tokens,
    Names,
    Split,
}

const ANSWERS: [(&str, Answer); 7] = [
    ("start", Answer::Start),
    ("end", Answer::End),
    ("tokenExtents", Answer::Extents),
    ("match", Answer::Match),
    ("tokens", Answer::Tokens),
    ("names", Answer::Names),
    ("split", Answer::Split),
];

/// The options of a call.
struct Options {
    answers: Vec<Answer>,
    once: bool,
    ignore_case: bool,
    keep_empty: bool,
    /// Flags of the pattern.
    flags: String,
}

fn options(name: &str, arguments: &[Value]) -> Result<Options> {
    let mut options = Options {
        answers: Vec::new(),
        once: false,
        ignore_case: name == "regexpi",
        keep_empty: false,
        flags: String::from("s"),
    };
    for argument in arguments {
        let word = text(name, argument)?;
        if let Some((_, answer)) = ANSWERS
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(&word))
        {
            options.answers.push(*answer);
            continue;
        }
        match word.to_ascii_lowercase().as_str() {
            "once" => options.once = true,
            "ignorecase" => options.ignore_case = true,
            "matchcase" => options.ignore_case = false,
            "emptymatch" => options.keep_empty = true,
            "lineanchors" => options.flags.push('m'),
            "freespacing" => options.flags.push('x'),
            "dotexceptnewline" => options.flags.retain(|flag| flag != 's'),
            // These are what is done anyway.
            "all" | "noemptymatch" | "stringanchors" | "literalspacing" | "dotall" => {}
            _ => return Err(failure(format!("{name}: there is no option '{word}'."))),
        }
    }
    if options.ignore_case {
        options.flags.push('i');
    }
    Ok(options)
}

/// The pattern in the notation of the matcher.
fn compile(name: &str, pattern: &str, options: &Options) -> Result<Regex> {
    let mut out = String::new();
    if !options.flags.is_empty() {
        out = format!("(?{})", options.flags);
    }
    let mut characters = pattern.chars().peekable();
    let mut in_class = false;
    while let Some(character) = characters.next() {
        match character {
            '\\' => match (characters.next(), in_class) {
                (Some('w'), false) => out.push_str("[0-9A-Za-z_]"),
                (Some('w'), true) => out.push_str("0-9A-Za-z_"),
                (Some('W'), false) => out.push_str("[^0-9A-Za-z_]"),
                (Some('d'), false) => out.push_str("[0-9]"),
                (Some('d'), true) => out.push_str("0-9"),
                (Some(next), _) => {
                    // A backslash before a letter means something, before others the character.
                    if next.is_ascii() {
                        out.push('\\');
                    }
                    out.push(next);
                }
                (None, _) => out.push_str("\\\\"),
            },
            '[' if !in_class => {
                in_class = true;
                out.push('[');
                if characters.next_if_eq(&'^').is_some() {
                    out.push('^');
                }
                if characters.next_if_eq(&']').is_some() {
                    out.push_str("\\]");
                }
            }
            '[' if characters.peek() == Some(&':') => {
                // `[:alpha:]` goes up to its own bracket.
                out.push('[');
                for inner in characters.by_ref() {
                    out.push(inner);
                    if inner == ']' {
                        break;
                    }
                }
            }
            '[' | '&' | '~' if in_class => {
                out.push('\\');
                out.push(character);
            }
            ']' if in_class => {
                in_class = false;
                out.push(']');
            }
            ']' => out.push_str("\\]"),
            other => out.push(other),
        }
    }
    Regex::new(&out).map_err(|error| {
        let full = error.to_string();
        let reason = full.lines().last().unwrap_or_default();
        let reason = reason.trim_start_matches("error: ");
        failure(format!(
            "{name}: the pattern '{pattern}' cannot be used: {reason}."
        ))
    })
}

fn matches<'t>(regex: &Regex, text: &'t str, options: &Options) -> Vec<Captures<'t>> {
    let found = regex
        .captures_iter(text)
        .filter(|captures| options.keep_empty || !captures[0].is_empty());
    if options.once {
        found.take(1).collect()
    } else {
        found.collect()
    }
}

/// How many UTF-16 units stand before a place of the text.
fn units(text: &str, place: usize) -> f64 {
    text[..place].encode_utf16().count() as f64
}

fn row(values: Vec<Value>) -> Value {
    if values.is_empty() {
        Value::cell(Array::empty())
    } else {
        Value::cell_row(values)
    }
}

/// The groups of a match; a pattern without groups has the match as its only token.
fn groups(captures: &Captures<'_>) -> Vec<(usize, usize)> {
    let from = usize::from(captures.len() > 1);
    let groups = captures.iter().skip(from);
    groups
        .map(|group| group.map_or((0, 0), |group| (group.start(), group.end())))
        .collect()
}

fn answer(regex: &Regex, text: &str, found: &[Captures<'_>], answer: Answer, once: bool) -> Value {
    let whole: Vec<(usize, usize)> = found
        .iter()
        .filter_map(|captures| captures.get(0))
        .map(|whole| (whole.start(), whole.end()))
        .collect();
    let numbers = |numbers: Vec<f64>| match (numbers.as_slice(), once) {
        ([only], true) => Value::Double(*only),
        ([], _) => Value::empty(),
        _ => Value::doubles(Array::row(numbers)),
    };
    // One of each match, or the only one when once is asked for.
    let each = |values: Vec<Value>, none: Value| {
        if once {
            values.into_iter().next().unwrap_or(none)
        } else {
            row(values)
        }
    };
    match answer {
        Answer::Start => numbers(whole.iter().map(|at| units(text, at.0) + 1.0).collect()),
        Answer::End => numbers(whole.iter().map(|at| units(text, at.1)).collect()),
        Answer::Match => {
            let texts = whole.iter().map(|at| Value::text(&text[at.0..at.1]));
            each(texts.collect(), Value::text(""))
        }
        Answer::Tokens => {
            let tokens = found.iter().map(|captures| {
                let groups = groups(captures);
                row(groups
                    .iter()
                    .map(|at| Value::text(&text[at.0..at.1]))
                    .collect())
            });
            each(tokens.collect(), row(Vec::new()))
        }
        Answer::Extents => {
            let extents = found.iter().map(|captures| {
                let groups = groups(captures);
                let starts = groups.iter().map(|at| units(text, at.0) + 1.0);
                let ends = groups.iter().map(|at| units(text, at.1));
                let data = starts.chain(ends).collect();
                Value::doubles(Array::new(Dims::new(groups.len(), 2), data))
            });
            each(extents.collect(), Value::empty())
        }
        Answer::Names => {
            let count = if once { 1 } else { found.len().max(1) };
            let fields = regex.capture_names().flatten().map(|name| {
                let values = (0..count).map(|at| {
                    let group = found.get(at).and_then(|captures| captures.name(name));
                    Value::text(group.map_or("", |group| group.as_str()))
                });
                (Rc::from(name), values.collect())
            });
            Value::Struct(Rc::new(StructArray::new(
                Dims::new(1, count),
                fields.collect(),
            )))
        }
        Answer::Split => {
            let mut pieces = Vec::new();
            let mut from = 0;
            for (start, end) in &whole {
                pieces.push(Value::text(&text[from..*start]));
                from = *end;
            }
            pieces.push(Value::text(&text[from..]));
            Value::cell_row(pieces)
        }
    }
}

fn regexp(call: &mut Call<'_>) -> Result<Outputs> {
    let pattern = text(call.name, &call.arguments[1])?;
    let options = options(call.name, &call.arguments[2..])?;
    let regex = compile(call.name, &pattern, &options)?;
    let rest = ANSWERS.iter().map(|(_, answer)| *answer);
    let asked: Vec<Answer> = options
        .answers
        .iter()
        .copied()
        .chain(rest.filter(|answer| !options.answers.contains(answer)))
        .take(call.outputs.max(1))
        .collect();
    let answers = |text: &str| -> Vec<Value> {
        let found = matches(&regex, text, &options);
        let answers = asked.iter();
        answers
            .map(|asked| answer(&regex, text, &found, *asked, options.once))
            .collect()
    };
    let Value::Cell(cell) = &call.arguments[0] else {
        let subject = text(call.name, &call.arguments[0])?;
        return Ok(answers(&subject).into_iter().collect());
    };
    let mut columns: Vec<Vec<Value>> = vec![Vec::new(); asked.len()];
    for element in cell.data() {
        let subject = text(call.name, element)?;
        for (column, value) in columns.iter_mut().zip(answers(&subject)) {
            column.push(value);
        }
    }
    let dims = cell.dims();
    let cells = columns.into_iter();
    Ok(cells
        .map(|column| Value::cell(Array::new(dims.clone(), column)))
        .collect())
}

/// A replacement with `$1` and escapes, for one match.
fn replaced(template: &str, captures: &Captures<'_>) -> String {
    let mut out = String::new();
    let mut characters = template.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\\' => match characters.next() {
                Some('n') => out.push('\n'),
                Some('t') => out.push('\t'),
                Some('r') => out.push('\r'),
                Some(other) => out.push(other),
                None => out.push('\\'),
            },
            '$' => match characters.next_if(char::is_ascii_digit) {
                Some(digit) => {
                    let group = digit as usize - '0' as usize;
                    out.push_str(captures.get(group).map_or("", |group| group.as_str()));
                }
                None => out.push('$'),
            },
            other => out.push(other),
        }
    }
    out
}

fn regexprep(call: &mut Call<'_>) -> Result<Outputs> {
    let pattern = text(call.name, &call.arguments[1])?;
    let template = text(call.name, &call.arguments[2])?;
    let options = options(call.name, &call.arguments[3..])?;
    let regex = compile(call.name, &pattern, &options)?;
    let replace = |value: &Value| -> Result<Value> {
        let subject = text(call.name, value)?;
        let mut out = String::new();
        let mut from = 0;
        for captures in matches(&regex, &subject, &options) {
            let whole = captures.get(0).expect("a match is a group");
            out.push_str(&subject[from..whole.start()]);
            out.push_str(&replaced(&template, &captures));
            from = whole.end();
        }
        out.push_str(&subject[from..]);
        Ok(Value::text(&out))
    };
    match &call.arguments[0] {
        Value::Cell(cell) => {
            let values = cell
                .data()
                .iter()
                .map(replace)
                .collect::<Result<Vec<_>>>()?;
            Ok(one(Value::cell(Array::new(cell.dims().clone(), values))))
        }
        single => Ok(one(replace(single)?)),
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::check;

    #[test]
    fn matches_are_found() {
        check(&[
            ("regexp('one two', '[a-z]+')", "[1 5]"),
            ("regexp('one two', '\\w+', 'match')", "{'one' 'two'}"),
            ("regexp('one two', '\\w+', 'match', 'once')", "'one'"),
            (
                "regexp('a1b22', '([a-z])(\\d+)', 'tokens')",
                "{{'a' '1'} {'b' '22'}}",
            ),
            (
                "regexp('k=v', '(?<key>\\w)=(?<value>\\w)', 'names')",
                "<key='k',value='v'>",
            ),
            ("regexp('a,b', ',', 'split')", "{'a' 'b'}"),
            ("regexp('abab', 'b', 'end')", "[2 4]"),
            ("regexp('xyz', 'q', 'match', 'once')", "''"),
            ("regexp('xyz', 'q')", "[0x0]"),
            (
                "regexp('ab', '(a)(b)', 'tokenExtents', 'once')",
                "[1 1; 2 2]",
            ),
            (
                "regexp('ab12', '\\d', 'match', 'start')",
                "{'1' '2'} | [3 4]",
            ),
            ("regexp({'a1' 'b'}, '\\d', 'match', 'once')", "{'1' ''}"),
            ("regexp('a[b', '[[]')", "2"),
            ("regexpi('ABC', 'b', 'match')", "{'B'}"),
            ("regexp('é1', '\\d', 'start', 'once')", "2"),
        ]);
    }

    #[test]
    fn matches_are_replaced() {
        check(&[
            ("regexprep('hello', 'l+', 'L')", "'heLo'"),
            ("regexprep('ab', '(a)(b)', '$2$1')", "'ba'"),
            ("regexprep('aaa', 'a', 'b', 'once')", "'baa'"),
            ("regexprep('A', 'a', 'x', 'ignorecase')", "'x'"),
            ("regexprep({'a' 'b'}, 'a', '\\$')", "{'$' 'b'}"),
        ]);
    }

    #[test]
    fn what_the_matcher_cannot_do_is_said() {
        check(&[
            (
                "regexp('a', '(?=a)')",
                "error: regexp: the pattern '(?=a)' cannot be used: look-around, including look-ahead and look-behind, is not supported.",
            ),
            (
                "regexp('a', 'a', 'often')",
                "error: regexp: there is no option 'often'.",
            ),
        ]);
    }
}
