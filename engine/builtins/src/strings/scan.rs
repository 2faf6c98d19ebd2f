//! `sscanf`: numbers and words out of a text.

use super::convert::parse_number;
use crate::inputs::{failure, text};
use crate::table::plain;
use crate::{Call, Entry, Outputs, one};
use tourbillon_value::{Array, Dims, Result, Value};

pub(crate) static TABLE: &[Entry] = &[plain(
    "sscanf",
    2,
    3,
    2,
    sscanf,
    "[x, n] = sscanf(text, template, size): what the template finds, again and again, as a column",
)];

/// One part of a template.
enum Piece {
    /// White space: any amount of it, also none.
    Blank,
    /// A character that must stand there.
    Literal(char),
    /// A conversion.
    Conversion {
        /// The letter.
        kind: char,
        /// At most so many characters.
        width: usize,
        /// `%*d`: read and thrown away.
        skipped: bool,
    },
}

fn parse(template: &str) -> Result<Vec<Piece>> {
    let mut pieces = Vec::new();
    let mut units = template.chars().peekable();
    while let Some(unit) = units.next() {
        if unit.is_whitespace() {
            pieces.push(Piece::Blank);
            continue;
        }
        if unit != '%' {
            pieces.push(Piece::Literal(unit));
            continue;
        }
        let skipped = units.next_if_eq(&'*').is_some();
        let mut width = None;
        while let Some(digit) = units.peek().and_then(|unit| unit.to_digit(10)) {
            width = Some((width.unwrap_or(0usize) * 10 + digit as usize).min(1 << 24));
            units.next();
        }
        while units.next_if(|unit| matches!(unit, 'l' | 'h')).is_some() {}
        match units.next() {
            Some('%') => pieces.push(Piece::Literal('%')),
            Some(kind @ ('d' | 'i' | 'u' | 'f' | 'g' | 'e' | 'x' | 's' | 'c')) => {
                let width = width.unwrap_or(if kind == 'c' { 1 } else { usize::MAX });
                pieces.push(Piece::Conversion {
                    kind,
                    width,
                    skipped,
                });
            }
            other => {
                return Err(failure(format!(
                    "sscanf: the conversion %{} is not supported.",
                    other.map(String::from).unwrap_or_default()
                )));
            }
        }
    }
    Ok(pieces)
}

/// The length of the longest start of the text that is a number of that kind.
fn number_length(kind: char, units: &[char]) -> usize {
    let mut end = 0;
    let digit = |at: usize, radix: u32| units.get(at).is_some_and(|unit| unit.is_digit(radix));
    if matches!(units.first(), Some('+' | '-')) {
        end = 1;
    }
    let digits_from = |mut at: usize, radix: u32| {
        while digit(at, radix) {
            at += 1;
        }
        at
    };
    let start = end;
    if kind == 'x' {
        if units.get(end) == Some(&'0') && matches!(units.get(end + 1), Some('x' | 'X')) {
            end += 2;
        }
        let last = digits_from(end, 16);
        return if last > end { last } else { 0 };
    }
    let is_whole = matches!(kind, 'd' | 'i' | 'u');
    if !is_whole {
        let word: String = units.iter().skip(end).take(3).collect();
        if matches!(&*word.to_lowercase(), "inf" | "nan") {
            return end + 3;
        }
    }
    end = digits_from(end, 10);
    let mut has_digits = end > start;
    if !is_whole {
        if units.get(end) == Some(&'.') {
            let last = digits_from(end + 1, 10);
            has_digits |= last > end + 1;
            end = last;
        }
        if has_digits && matches!(units.get(end), Some('e' | 'E')) {
            let sign = usize::from(matches!(units.get(end + 1), Some('+' | '-')));
            let last = digits_from(end + 1 + sign, 10);
            if last > end + 1 + sign {
                end = last;
            }
        }
    }
    if has_digits { end } else { 0 }
}

fn sscanf(call: &mut Call<'_>) -> Result<Outputs> {
    let subject: Vec<char> = text(call.name, &call.arguments[0])?.chars().collect();
    let template = text(call.name, &call.arguments[1])?;
    let units: Vec<u16> = template.encode_utf16().collect();
    let pieces = parse(&String::from_utf16_lossy(&super::template::unescape(
        &units,
    )))?;
    let limit = match call.arguments.get(2) {
        Some(size) => crate::inputs::numbers(call.name, size)?.data.to_vec(),
        None => vec![f64::INFINITY],
    };
    let most = limit.iter().product::<f64>();
    let mut found: Vec<f64> = Vec::new();
    let mut conversions = 0.0;
    let mut all_text = true;
    let mut at = 0;
    let skip_blanks = |mut at: usize| {
        while subject.get(at).is_some_and(|unit| unit.is_whitespace()) {
            at += 1;
        }
        at
    };
    'passes: loop {
        let before = at;
        for piece in &pieces {
            if found.len() as f64 >= most {
                break 'passes;
            }
            match piece {
                Piece::Blank => at = skip_blanks(at),
                Piece::Literal(unit) => {
                    at = skip_blanks(at);
                    if subject.get(at) != Some(unit) {
                        break 'passes;
                    }
                    at += 1;
                }
                Piece::Conversion {
                    kind,
                    width,
                    skipped,
                } => {
                    if *kind != 'c' {
                        at = skip_blanks(at);
                    }
                    let rest = &subject[at..subject.len().min(at.saturating_add(*width))];
                    let length = match kind {
                        'c' => rest.len(),
                        's' => rest.iter().take_while(|unit| !unit.is_whitespace()).count(),
                        kind => number_length(*kind, rest),
                    };
                    if length == 0 {
                        break 'passes;
                    }
                    let word: String = rest[..length].iter().collect();
                    at += length;
                    if *skipped {
                        continue;
                    }
                    conversions += 1.0;
                    match kind {
                        'c' | 's' => found.extend(word.encode_utf16().map(f64::from)),
                        'x' => {
                            all_text = false;
                            let digits = word.trim_start_matches(['+', '-']);
                            let digits = digits
                                .strip_prefix("0x")
                                .or_else(|| digits.strip_prefix("0X"))
                                .unwrap_or(digits);
                            let number = digits
                                .chars()
                                .filter_map(|unit| unit.to_digit(16))
                                .fold(0.0, |sum, digit| sum * 16.0 + f64::from(digit));
                            found.push(if word.starts_with('-') {
                                -number
                            } else {
                                number
                            });
                        }
                        _ => {
                            all_text = false;
                            found.push(parse_number(&word).unwrap_or(f64::NAN));
                        }
                    }
                }
            }
        }
        // A pass that took nothing would go on for ever.
        if at == before || at >= subject.len() {
            break;
        }
    }
    if most.is_finite() {
        found.truncate(most.max(0.0) as usize);
    }
    let dims = match &limit[..] {
        [rows, _] if *rows >= 1.0 && rows.is_finite() && !found.is_empty() => {
            let rows = *rows as usize;
            let dims = crate::inputs::checked(Dims::new(rows, found.len().div_ceil(rows)))?;
            found.resize(dims.count(), 0.0);
            dims
        }
        _ if found.is_empty() => Dims::new(0, 0),
        _ if all_text => Dims::new(1, found.len()),
        _ => Dims::new(found.len(), 1),
    };
    let value = if all_text && !found.is_empty() {
        Value::chars(Array::new(
            dims,
            found.iter().map(|unit| *unit as u16).collect(),
        ))
    } else {
        Value::doubles(Array::new(dims, found))
    };
    let mut outputs = one(value);
    if call.outputs > 1 {
        outputs.push(Value::Double(conversions));
    }
    Ok(outputs)
}

#[cfg(test)]
mod tests {
    use crate::testing::check;

    #[test]
    fn texts_are_scanned() {
        check(&[
            ("sscanf('3 4 5', '%d')", "[3; 4; 5] | 3"),
            ("sscanf('10,20', '%d,%d')", "[10; 20]"),
            ("sscanf('10,20,30', '%d,')", "[10; 20; 30]"),
            ("sscanf('x=3.5e1', 'x=%f')", "35"),
            ("sscanf('abc def', '%s')", "'abcdef'"),
            ("sscanf('ff', '%x')", "255"),
            ("sscanf('12 abc', '%d')", "12"),
            ("sscanf('abc', '%d')", "[0x0] | 0"),
            ("sscanf('1 2 3 4', '%d', [2 2])", "[1 3; 2 4]"),
            ("sscanf('1 2 3 4', '%d', 2)", "[1; 2]"),
            ("sscanf('a1', '%c%d')", "[97; 1]"),
            ("size(sscanf('1 2 3', '%d', [2 Inf]))", "[2 2]"),
            (
                "sscanf('1 2', '%d', [1e300 1])",
                "error: MATLAB:array:SizeLimitExceeded: Requested 18446744073709551615x1 (137438953472.0GB) array exceeds maximum array size preference (2.0GB).",
            ),
            ("sscanf('5 6', '%*d %d')", "6"),
            (
                "sscanf('1', '%q')",
                "error: sscanf: the conversion %q is not supported.",
            ),
        ]);
    }
}
