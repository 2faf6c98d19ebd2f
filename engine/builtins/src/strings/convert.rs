//! Between texts, characters, numbers and cells of text.

use super::format::matrix;
use crate::inputs::{as_numbers, cell_texts, coded, failure, numbers, text, unsupported, whole};
use crate::table::plain;
use crate::{Call, Entry, Outputs, codes, one};
use tourbillon_value::{Array, Dims, Result, Value};

pub(crate) static TABLE: &[Entry] = &[
    plain(
        "bin2dec",
        1,
        1,
        1,
        |call| from_digits(call, 2),
        "n = bin2dec(text): a number from its binary digits",
    ),
    plain("blanks", 1, 1, 1, blanks, "s = blanks(n): n blanks"),
    plain(
        "cellstr",
        1,
        1,
        1,
        cellstr,
        "c = cellstr(x): the rows of a char matrix as a cell",
    ),
    plain(
        "char",
        1,
        u8::MAX,
        1,
        char,
        "s = char(codes), char(cell), char(a, b, …): characters; rows padded with blanks",
    ),
    plain(
        "dec2bin",
        1,
        2,
        1,
        |call| digits(call, 2),
        "s = dec2bin(n, width): binary digits",
    ),
    plain(
        "dec2hex",
        1,
        2,
        1,
        |call| digits(call, 16),
        "s = dec2hex(n, width): hexadecimal digits",
    ),
    plain("double", 1, 1, 1, double, "x = double(x): as numbers"),
    plain(
        "hex2dec",
        1,
        1,
        1,
        |call| from_digits(call, 16),
        "n = hex2dec(text): a number from its hexadecimal digits",
    ),
    plain(
        "isdigit",
        1,
        1,
        1,
        |call| classify(call, |unit| unit.is_ascii_digit()),
        "tf = isdigit(text): decimal digits",
    ),
    plain(
        "isletter",
        1,
        1,
        1,
        |call| classify(call, char::is_alphabetic),
        "tf = isletter(text): letters",
    ),
    plain(
        "isspace",
        1,
        1,
        1,
        |call| classify(call, |unit| unit.is_ascii_whitespace() || unit == '\u{b}'),
        "tf = isspace(text): white space",
    ),
    plain(
        "logical",
        1,
        1,
        1,
        logical,
        "tf = logical(x): whether each is not zero",
    ),
    plain(
        "str2double",
        1,
        1,
        1,
        str2double,
        "x = str2double(text): the number, NaN when it is none",
    ),
];

fn double(call: &mut Call<'_>) -> Result<Outputs> {
    let value = std::mem::take(&mut call.arguments[0]);
    if let Value::Double(_) | Value::DoubleArray(_) = value {
        return Ok(one(value));
    }
    let numbers = as_numbers(&value).ok_or_else(|| {
        coded(
            &codes::UNDEFINED_FUNCTION,
            format!(
                "Conversion to double from {} is not possible.",
                value.class_name()
            ),
        )
    })?;
    Ok(one(Value::doubles(Array::new(
        numbers.dims,
        numbers.data.into_owned(),
    ))))
}

fn logical(call: &mut Call<'_>) -> Result<Outputs> {
    let value = &call.arguments[0];
    if let Value::Char(_) = value {
        return Err(unsupported(call.name, value));
    }
    let numbers = numbers(call.name, value)?;
    if numbers.data.iter().any(|number| number.is_nan()) {
        return Err(coded(
            &codes::NAN_TO_LOGICAL,
            "NaN values cannot be converted to logicals.",
        ));
    }
    let data = numbers.data.iter().map(|number| *number != 0.0).collect();
    Ok(one(Value::bools(Array::new(numbers.dims, data))))
}

fn unit(number: f64) -> u16 {
    // `as` saturates: what is no character becomes the nearest one, as in MATLAB.
    number as u16
}

/// The rows of a value as text.
fn text_rows(value: &Value, rows: &mut Vec<Vec<u16>>) -> Result<()> {
    match value {
        Value::Char(array) if array.count() == 0 => rows.push(Vec::new()),
        Value::Char(array) => {
            let count = array.dims().rows();
            for row in 0..count {
                let units = array.data().iter().skip(row).step_by(count);
                rows.push(units.copied().collect());
            }
        }
        Value::Cell(cell) => {
            for item in cell.data() {
                text_rows(item, rows)?;
            }
        }
        value => {
            let numbers = as_numbers(value).ok_or_else(|| {
                failure(format!(
                    "Conversion to char from {} is not possible.",
                    value.class_name()
                ))
            })?;
            let count = numbers.dims.rows();
            for row in 0..count {
                let units = numbers.data.iter().skip(row).step_by(count);
                rows.push(units.map(|number| unit(*number)).collect());
            }
        }
    }
    Ok(())
}

fn char(call: &mut Call<'_>) -> Result<Outputs> {
    if let [only] = &*call.arguments {
        match only {
            Value::Char(_) => return Ok(one(only.clone())),
            Value::Cell(_) => {}
            only => {
                if let Some(numbers) = as_numbers(only) {
                    let data = numbers.data.iter().map(|number| unit(*number)).collect();
                    return Ok(one(Value::chars(Array::new(numbers.dims, data))));
                }
            }
        }
    }
    let mut rows = Vec::new();
    for argument in call.arguments.iter() {
        text_rows(argument, &mut rows)?;
    }
    Ok(one(matrix(&rows)))
}

fn cellstr(call: &mut Call<'_>) -> Result<Outputs> {
    let value = &call.arguments[0];
    if let Value::Cell(_) = value {
        if cell_texts(value).is_none() {
            return Err(failure(
                "Element of the input cell array is not a character vector.",
            ));
        }
        return Ok(one(value.clone()));
    }
    let Value::Char(_) = value else {
        return Err(failure("Input must be a string."));
    };
    let mut rows = Vec::new();
    text_rows(value, &mut rows)?;
    let texts = rows
        .iter()
        .map(|row| Value::text(String::from_utf16_lossy(row).trim_end_matches([' ', '\0'])))
        .collect();
    Ok(one(Value::cell(Array::column(texts))))
}

fn blanks(call: &mut Call<'_>) -> Result<Outputs> {
    let count = whole(call.name, &call.arguments[0], 0.0)?;
    let dims = crate::inputs::checked(Dims::new(1, count))?;
    Ok(one(Value::chars(Array::new(
        dims,
        vec![u16::from(b' '); count],
    ))))
}

fn classify(call: &mut Call<'_>, test: fn(char) -> bool) -> Result<Outputs> {
    let value = &call.arguments[0];
    if let Value::Cell(cell) = value {
        let mut items = Vec::new();
        for item in cell.data() {
            let mut item = [item.clone()];
            let mut inner = Call {
                context: call.context,
                name: call.name,
                arguments: &mut item,
                outputs: 1,
            };
            items.push(classify(&mut inner, test)?.swap_remove(0));
        }
        return Ok(one(Value::cell(Array::new(cell.dims().clone(), items))));
    }
    let dims = value.dims();
    let data = match value {
        Value::Char(array) => array
            .data()
            .iter()
            .map(|unit| char::from_u32(u32::from(*unit)).is_some_and(test))
            .collect(),
        // Numbers are no characters.
        _ => vec![false; dims.count()],
    };
    Ok(one(Value::bools(Array::new(dims, data))))
}

/// A number as people write it: signs, decimals, exponents, thousands commas, Inf and NaN.
pub(crate) fn parse_number(text: &str) -> Option<f64> {
    let text = text.trim();
    let (sign, digits) = match text.as_bytes().first()? {
        b'-' => (-1.0, text[1..].trim_start()),
        b'+' => (1.0, text[1..].trim_start()),
        _ => (1.0, text),
    };
    match digits.to_ascii_lowercase().as_str() {
        "inf" | "infinity" => return Some(sign * f64::INFINITY),
        "nan" => return Some(f64::NAN),
        _ => {}
    }
    let starts_well = digits.starts_with(|first: char| first.is_ascii_digit() || first == '.');
    let clean: String = digits
        .chars()
        .filter(|unit| *unit != ',')
        .map(|unit| match unit {
            'd' | 'D' | 'E' => 'e',
            other => other,
        })
        .collect();
    let is_number = clean
        .chars()
        .all(|unit| unit.is_ascii_digit() || matches!(unit, '.' | 'e' | '+' | '-'));
    if !starts_well || !is_number || !clean.contains(|unit: char| unit.is_ascii_digit()) {
        return None;
    }
    clean.parse::<f64>().ok().map(|number| sign * number)
}

fn str2double(call: &mut Call<'_>) -> Result<Outputs> {
    let number = |value: &Value| {
        value
            .as_text()
            .and_then(|text| parse_number(&text))
            .unwrap_or(f64::NAN)
    };
    Ok(one(match &call.arguments[0] {
        Value::Cell(cell) => Value::doubles(Array::new(
            cell.dims().clone(),
            cell.data().iter().map(number).collect(),
        )),
        Value::Char(array) if array.dims().rows() > 1 => {
            let mut rows = Vec::new();
            text_rows(&call.arguments[0], &mut rows)?;
            let numbers = rows
                .iter()
                .map(|row| parse_number(&String::from_utf16_lossy(row)).unwrap_or(f64::NAN));
            Value::doubles(Array::column(numbers.collect()))
        }
        value => Value::Double(number(value)),
    }))
}

fn digits(call: &mut Call<'_>, radix: u64) -> Result<Outputs> {
    let numbers = numbers(call.name, &call.arguments[0])?;
    let least = match call.arguments.get(1) {
        Some(width) => whole(call.name, width, 0.0)?.min(10_000),
        None => 1,
    };
    let mut rows = Vec::new();
    for number in numbers.data.iter() {
        if number.fract() != 0.0 || *number < 0.0 || *number > 9_007_199_254_740_992.0 {
            return Err(failure(format!(
                "{}: the input must be a non-negative integer of at most flintmax.",
                call.name
            )));
        }
        let number = *number as u64;
        rows.push(if radix == 2 {
            format!("{number:b}")
        } else {
            format!("{number:X}")
        });
    }
    let width = rows.iter().map(String::len).max().unwrap_or(0).max(least);
    let rows: Vec<Vec<u16>> = rows
        .iter()
        .map(|row| format!("{row:0>width$}").encode_utf16().collect())
        .collect();
    Ok(one(matrix(&rows)))
}

fn from_digits(call: &mut Call<'_>, radix: u32) -> Result<Outputs> {
    let read = |text: &str| -> Result<f64> {
        let mut number = 0.0;
        for unit in text.chars().filter(|unit| *unit != ' ') {
            let digit = unit.to_digit(radix).ok_or_else(|| {
                failure(format!("{}: the text has a digit that is none.", call.name))
            })?;
            number = number * f64::from(radix) + f64::from(digit);
        }
        Ok(number)
    };
    Ok(one(match &call.arguments[0] {
        value @ Value::Cell(cell) => {
            let texts = cell_texts(value).ok_or_else(|| unsupported(call.name, value))?;
            let data = texts.iter().map(|text| read(text)).collect::<Result<_>>()?;
            Value::doubles(Array::new(cell.dims().clone(), data))
        }
        value => {
            let text = text(call.name, value)?;
            Value::Double(read(&text)?)
        }
    }))
}

#[cfg(test)]
mod tests {
    use crate::testing::check;

    #[test]
    fn texts_and_numbers_convert() {
        check(&[
            ("double('ab')", "[97 98]"),
            ("double(true)", "1"),
            ("char([72 105])", "'Hi'"),
            ("char('a', 'bcd')", "char[a    ; b c d]"),
            ("char({'ab' 'c'})", "char[a b; c  ]"),
            ("char('abc')", "'abc'"),
            ("logical([2 0])", "[true false]"),
            (
                "logical(NaN)",
                "error: MATLAB:nologicalnan: NaN values cannot be converted to logicals.",
            ),
            (
                "logical({})",
                "error: MATLAB:UndefinedFunction: Undefined function 'logical' for input arguments of type 'cell'.",
            ),
            ("cellstr('ab')", "{'ab'}"),
            ("cellstr(['ab ' ; 'cde'])", "{'ab'; 'cde'}"),
            ("blanks(3)", "'   '"),
            ("isspace('a b')", "[false true false]"),
            ("isletter('a1')", "[true false]"),
            ("isdigit('a1')", "[false true]"),
            ("str2double('3.5')", "3.5"),
            ("str2double('  -1e3 ')", "-1000"),
            ("str2double('1,234.5')", "1234.5"),
            ("str2double('abc')", "NaN"),
            ("str2double('')", "NaN"),
            ("str2double('-Inf')", "-Inf"),
            ("str2double({1 '2' 'x'})", "[NaN 2 NaN]"),
            ("str2double(3)", "NaN"),
            ("str2double('1 2')", "NaN"),
            ("str2double('infx')", "NaN"),
            ("dec2bin(5)", "'101'"),
            ("dec2bin(5, 8)", "'00000101'"),
            ("dec2bin([1 2])", "char[0 1; 1 0]"),
            ("dec2hex(255)", "'FF'"),
            ("bin2dec('101')", "5"),
            ("hex2dec('fF')", "255"),
            (
                "hex2dec('xyz')",
                "error: hex2dec: the text has a digit that is none.",
            ),
        ]);
    }
}
