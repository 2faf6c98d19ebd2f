//! The templates of `sprintf` and `fprintf`: parsed once for a call, applied again and again until
//! the data is used up.

use super::number::{exponent, fixed, general, special};
use crate::inputs::{as_numbers, failure};
use smallvec::{SmallVec, smallvec};
use tourbillon_value::{Result, Value};

/// Writes the values into the template.
pub(crate) fn write(template: &[u16], values: &[Value]) -> Result<Vec<u16>> {
    for value in values {
        if as_numbers(value).is_none() {
            return Err(failure(format!(
                "Function is not defined for '{}' inputs.",
                value.class_name()
            )));
        }
    }
    let (pieces, literal) = parse(template);
    let mut data = Data::new(values);
    let mut output = Vec::with_capacity(literal.len() + 8 * values.len());
    let has_conversions = pieces
        .iter()
        .any(|piece| matches!(piece, Piece::Conversion(_)));
    loop {
        for piece in &pieces {
            match piece {
                Piece::Text(from, to) => output.extend_from_slice(&literal[*from..*to]),
                Piece::Conversion(conversion) => {
                    // Output stops at the first conversion that lacks data.
                    if data.is_used_up() {
                        return Ok(output);
                    }
                    conversion.write(&mut data, &mut output);
                }
            }
        }
        if !has_conversions || data.is_used_up() {
            return Ok(output);
        }
    }
}

enum Piece {
    /// Literal text, as places in what the template has of it.
    Text(usize, usize),
    Conversion(Conversion),
}

/// The pieces of a template; most have few.
type Pieces = SmallVec<[Piece; 4]>;

/// A width or a precision.
#[derive(Clone, Copy)]
enum Count {
    Absent,
    Fixed(usize),
    /// `*`: the next number of the data.
    FromData,
}

/// What a conversion writes, without its padding.
type Text = SmallVec<[u16; 24]>;

struct Conversion {
    left: bool,
    plus: bool,
    space: bool,
    zero: bool,
    alternate: bool,
    width: Count,
    precision: Count,
    kind: u8,
}

/// Wider fields than this are cut: nobody wants them, and they would eat the memory.
const MAX_COUNT: usize = 100_000;

/// The pieces of a template, and its literal text without its escapes.
fn parse(template: &[u16]) -> (Pieces, Vec<u16>) {
    let mut pieces = Pieces::new();
    let mut text = Vec::with_capacity(template.len());
    // Up to here the text is in the pieces.
    let mut done = 0;
    let mut at = 0;
    while at < template.len() {
        match u8::try_from(template[at]) {
            Ok(b'\\') => at = escape(template, at, &mut text),
            Ok(b'%') => {
                if template.get(at + 1) == Some(&u16::from(b'%')) {
                    text.push(u16::from(b'%'));
                    at += 2;
                } else if let Some((conversion, next)) = parse_conversion(template, at + 1) {
                    if done < text.len() {
                        pieces.push(Piece::Text(done, text.len()));
                        done = text.len();
                    }
                    pieces.push(Piece::Conversion(conversion));
                    at = next;
                } else {
                    // Not a conversion: it stands for itself.
                    text.push(template[at]);
                    at += 1;
                }
            }
            _ => {
                text.push(template[at]);
                at += 1;
            }
        }
    }
    if done < text.len() {
        pieces.push(Piece::Text(done, text.len()));
    }
    (pieces, text)
}

/// Resolves the escapes of a text, as `sprintf` does for its template.
pub(crate) fn unescape(text: &[u16]) -> Vec<u16> {
    let mut output = Vec::with_capacity(text.len());
    let mut at = 0;
    while at < text.len() {
        if text[at] == u16::from(b'\\') {
            at = escape(text, at, &mut output);
        } else {
            output.push(text[at]);
            at += 1;
        }
    }
    output
}

/// Resolves the escape at `at`; returns where the text goes on.
fn escape(text: &[u16], at: usize, output: &mut Vec<u16>) -> usize {
    let digit = |at: usize, radix: u32| {
        text.get(at)
            .and_then(|unit| char::from_u32(u32::from(*unit)))
            .and_then(|unit| unit.to_digit(radix))
    };
    let simple = match text.get(at + 1).map(|unit| u8::try_from(*unit)) {
        Some(Ok(b'n')) => b'\n',
        Some(Ok(b't')) => b'\t',
        Some(Ok(b'r')) => b'\r',
        Some(Ok(b'a')) => 7,
        Some(Ok(b'b')) => 8,
        Some(Ok(b'f')) => 12,
        Some(Ok(b'v')) => 11,
        Some(Ok(b'\\')) => b'\\',
        Some(Ok(b'x')) if digit(at + 2, 16).is_some() => {
            let mut end = at + 2;
            let mut unit = 0u32;
            while let Some(value) = digit(end, 16) {
                if end == at + 6 {
                    break;
                }
                unit = unit * 16 + value;
                end += 1;
            }
            output.push(unit as u16);
            return end;
        }
        Some(Ok(b'0'..=b'7')) => {
            let mut end = at + 1;
            let mut unit = 0u32;
            while let Some(value) = digit(end, 8) {
                if end == at + 4 {
                    break;
                }
                unit = unit * 8 + value;
                end += 1;
            }
            output.push(unit as u16);
            return end;
        }
        // An unknown escape stands for itself.
        _ => {
            output.push(text[at]);
            return at + 1;
        }
    };
    output.push(u16::from(simple));
    at + 2
}

/// Parses what follows a `%`; returns the conversion and where the template goes on.
fn parse_conversion(template: &[u16], mut at: usize) -> Option<(Conversion, usize)> {
    let byte = |at: usize| template.get(at).and_then(|unit| u8::try_from(*unit).ok());
    let mut conversion = Conversion {
        left: false,
        plus: false,
        space: false,
        zero: false,
        alternate: false,
        width: Count::Absent,
        precision: Count::Absent,
        kind: 0,
    };
    loop {
        match byte(at)? {
            b'-' => conversion.left = true,
            b'+' => conversion.plus = true,
            b' ' => conversion.space = true,
            b'0' => conversion.zero = true,
            b'#' => conversion.alternate = true,
            _ => break,
        }
        at += 1;
    }
    let count = |at: &mut usize| {
        if byte(*at) == Some(b'*') {
            *at += 1;
            return Count::FromData;
        }
        let mut count = None;
        while let Some(digit @ b'0'..=b'9') = byte(*at) {
            count = Some((count.unwrap_or(0) * 10 + usize::from(digit - b'0')).min(MAX_COUNT));
            *at += 1;
        }
        count.map_or(Count::Absent, Count::Fixed)
    };
    conversion.width = count(&mut at);
    if byte(at) == Some(b'.') {
        at += 1;
        conversion.precision = match count(&mut at) {
            Count::Absent => Count::Fixed(0),
            other => other,
        };
    }
    while matches!(byte(at), Some(b'l' | b'h')) {
        at += 1;
    }
    conversion.kind = byte(at)?;
    matches!(
        conversion.kind,
        b'd' | b'i'
            | b'u'
            | b'f'
            | b'F'
            | b'e'
            | b'E'
            | b'g'
            | b'G'
            | b'x'
            | b'X'
            | b'o'
            | b'c'
            | b's'
    )
    .then_some((conversion, at + 1))
}

/// The data of a call: the elements of all values in order.
struct Data<'a> {
    values: &'a [Value],
    value: usize,
    element: usize,
}

/// What a conversion is given.
enum Datum<'a> {
    Text(&'a [u16]),
    Number(f64),
    /// One unit of a char array.
    Unit(u16),
    /// An empty array: it takes up a conversion and shows as nothing.
    Nothing,
}

impl<'a> Data<'a> {
    fn new(values: &'a [Value]) -> Data<'a> {
        Data {
            values,
            value: 0,
            element: 0,
        }
    }

    fn is_used_up(&self) -> bool {
        self.value >= self.values.len()
    }

    /// The next datum. A whole char array goes to a conversion that takes text.
    fn next(&mut self, takes_text: bool) -> Datum<'a> {
        let Some(value) = self.values.get(self.value) else {
            return Datum::Nothing;
        };
        let count = value.count();
        if count == 0 {
            self.value += 1;
            return Datum::Nothing;
        }
        if let Value::Char(array) = value {
            if takes_text && self.element == 0 {
                self.value += 1;
                return Datum::Text(array.data());
            }
            let unit = array.data()[self.element];
            self.advance(count);
            return Datum::Unit(unit);
        }
        // One element at a time: to convert the whole array for each would be quadratic.
        let number = match value {
            Value::Double(number) => *number,
            Value::Bool(truth) => f64::from(u8::from(*truth)),
            Value::DoubleArray(array) => array.data()[self.element],
            Value::BoolArray(array) => f64::from(u8::from(array.data()[self.element])),
            _ => unreachable!("the values were checked"),
        };
        self.advance(count);
        Datum::Number(number)
    }

    fn advance(&mut self, count: usize) {
        self.element += 1;
        if self.element == count {
            self.element = 0;
            self.value += 1;
        }
    }

    /// The number of a `*`.
    fn next_count(&mut self) -> Option<i64> {
        match self.next(false) {
            Datum::Number(number) => Some(number as i64),
            Datum::Unit(unit) => Some(i64::from(unit)),
            Datum::Text(_) | Datum::Nothing => None,
        }
    }
}

impl Conversion {
    fn write(&self, data: &mut Data<'_>, output: &mut Vec<u16>) {
        let mut left = self.left;
        let width = match self.width {
            Count::Absent => 0,
            Count::Fixed(width) => width,
            Count::FromData => {
                let width = data.next_count().unwrap_or(0);
                // A negative width means: to the left.
                left |= width < 0;
                (width.unsigned_abs() as usize).min(MAX_COUNT)
            }
        };
        let precision = match self.precision {
            Count::Absent => None,
            Count::Fixed(precision) => Some(precision),
            Count::FromData => data
                .next_count()
                .and_then(|precision| usize::try_from(precision).ok())
                .map(|precision| precision.min(MAX_COUNT)),
        };
        let is_text = matches!(self.kind, b's' | b'c');
        let text: Text = match data.next(self.kind == b's') {
            Datum::Nothing => Text::new(),
            Datum::Text(text) => match precision {
                Some(precision) => Text::from_slice(&text[..precision.min(text.len())]),
                None => Text::from_slice(text),
            },
            Datum::Unit(unit) if is_text => smallvec![unit],
            Datum::Unit(unit) => self.number(f64::from(unit), precision, width, left),
            Datum::Number(number) if is_text => {
                if number.fract() == 0.0 && (0.0..65536.0).contains(&number) {
                    smallvec![number as u16]
                } else {
                    // MATLAB shows a number that is no character as %e, a large whole one in full.
                    let text = match special(number) {
                        Some(text) => text.to_owned(),
                        None if number.fract() == 0.0 && number.abs() < 1e10 => fixed(number, 0),
                        None => exponent(number, precision.unwrap_or(6)),
                    };
                    text.bytes().map(u16::from).collect()
                }
            }
            Datum::Number(number) => self.number(number, precision, width, left),
        };
        let padding = width.saturating_sub(text.len());
        let blanks = std::iter::repeat_n(u16::from(b' '), padding);
        if left {
            output.extend_from_slice(&text);
            output.extend(blanks);
        } else {
            output.extend(blanks);
            output.extend_from_slice(&text);
        }
    }

    /// A number with sign and leading zeros.
    fn number(&self, number: f64, precision: Option<usize>, width: usize, left: bool) -> Text {
        let negative = number.is_sign_negative() && !number.is_nan();
        let sign = if negative {
            "-"
        } else if self.plus {
            "+"
        } else if self.space {
            " "
        } else {
            ""
        };
        let size = number.abs();
        let (digits, zero_pads) = match special(size) {
            Some(text) => (text.to_owned(), false),
            None => self.digits(size, negative, precision),
        };
        let sign = if digits == "0" && negative && self.is_whole_kind() {
            // %d of -0 is 0.
            ""
        } else {
            sign
        };
        let zeros = match zero_pads && self.zero && !left {
            true => width.saturating_sub(sign.len() + digits.len()),
            false => 0,
        };
        let zeros = std::iter::repeat_n(b'0', zeros);
        let bytes = sign.bytes().chain(zeros).chain(digits.bytes());
        bytes.map(u16::from).collect()
    }

    fn is_whole_kind(&self) -> bool {
        matches!(self.kind, b'd' | b'i' | b'u')
    }

    /// The digits of a finite number without its sign, and whether zeros may pad them.
    fn digits(&self, size: f64, negative: bool, precision: Option<usize>) -> (String, bool) {
        let whole = |text: String| {
            let missing = precision.unwrap_or(0).saturating_sub(text.len());
            let padded = match missing {
                0 => text,
                missing => format!("{}{text}", "0".repeat(missing)),
            };
            (padded, precision.is_none())
        };
        let places = precision.unwrap_or(6);
        let fits = size.fract() == 0.0 && size < 1.8e19 && !negative;
        match self.kind {
            b'd' | b'i' | b'u' if size.fract() == 0.0 => whole(fixed(size, 0)),
            b'x' if fits => whole(format!(
                "{}{:x}",
                if self.alternate && size > 0.0 {
                    "0x"
                } else {
                    ""
                },
                size as u64
            )),
            b'X' if fits => whole(format!(
                "{}{:X}",
                if self.alternate && size > 0.0 {
                    "0X"
                } else {
                    ""
                },
                size as u64
            )),
            b'o' if fits => whole(format!(
                "{}{:o}",
                if self.alternate && size > 0.0 {
                    "0"
                } else {
                    ""
                },
                size as u64
            )),
            b'f' | b'F' => (fixed(size, places), true),
            b'g' => (general(size, places, self.alternate), true),
            b'G' => (general(size, places, self.alternate).to_uppercase(), true),
            b'E' => (exponent(size, places).to_uppercase(), true),
            // %e itself, and what the whole-number conversions make of other numbers.
            _ => (exponent(size, places), true),
        }
    }
}
