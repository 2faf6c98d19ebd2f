//! Values as text: `sprintf`, `num2str`, `mat2str`, `int2str`.

use super::number::{fixed, shortest, special};
use super::template;
use crate::inputs::{Numbers, as_numbers, coded, failure, scalar, unsupported, whole};
use crate::table::plain;
use crate::{Call, Entry, Outputs, codes, one};
use tourbillon_value::{Array, Dims, Result, Value, text_of};

pub(crate) static TABLE: &[Entry] = &[
    plain(
        "int2str",
        1,
        1,
        1,
        int2str,
        "s = int2str(x): rounded, as text",
    ),
    plain(
        "mat2str",
        1,
        2,
        1,
        mat2str,
        "s = mat2str(x, digits): as text that evaluates to x",
    ),
    plain(
        "num2str",
        1,
        2,
        1,
        num2str,
        "s = num2str(x), num2str(x, digits), num2str(x, template)",
    ),
    plain(
        "sprintf",
        1,
        u8::MAX,
        1,
        sprintf,
        "s = sprintf(template, values…): formatted text",
    ),
];

/// The text of a template with values: what `fprintf`, `error` and `warning` make of it.
pub(crate) fn message(template: &Value, values: &[Value]) -> Result<String> {
    Ok(text_of(&written(template, values)?))
}

/// The units of a template with values.
fn written(template: &Value, values: &[Value]) -> Result<Vec<u16>> {
    let Value::Char(units) = template else {
        return Err(failure("Format must be a character vector."));
    };
    template::write(units.data(), values)
}

/// A char row; an empty one is `''`.
fn row(units: Vec<u16>) -> Value {
    let dims = if units.is_empty() {
        Dims::new(0, 0)
    } else {
        Dims::new(1, units.len())
    };
    Value::chars(Array::new(dims, units))
}

fn sprintf(call: &mut Call<'_>) -> Result<Outputs> {
    let units = written(&call.arguments[0], &call.arguments[1..])?;
    Ok(one(row(units)))
}

/// Rows of text as a char matrix, padded with blanks on the right, without the blanks that all rows
/// begin with.
fn lines(rows: &[String]) -> Value {
    let lead = rows
        .iter()
        .map(|row| row.len() - row.trim_start_matches(' ').len())
        .min()
        .unwrap_or(0);
    let rows: Vec<Vec<u16>> = rows
        .iter()
        .map(|row| row[lead..].trim_end_matches(' ').encode_utf16().collect())
        .collect();
    matrix(&rows)
}

/// Takes away the columns that are blank in every row, on the left and on the right.
fn trim(rows: &mut [Vec<u16>]) {
    let is_blank = |unit: &u16| matches!(unit, 9..=13 | 32);
    let leading = |row: &Vec<u16>| row.iter().take_while(|unit| is_blank(unit)).count();
    let lead = rows.iter().map(leading).min().unwrap_or(0);
    for row in rows {
        row.drain(..lead);
        let kept = row.iter().rposition(|unit| !is_blank(unit));
        row.truncate(kept.map_or(0, |last| last + 1));
    }
}

/// A char matrix of rows, padded with blanks.
pub(super) fn matrix(rows: &[Vec<u16>]) -> Value {
    let width = rows.iter().map(Vec::len).max().unwrap_or(0);
    if rows.len() == 1 {
        return row(rows[0].clone());
    }
    let mut data = Vec::with_capacity(width * rows.len());
    for column in 0..width {
        for row in rows {
            data.push(row.get(column).copied().unwrap_or(u16::from(b' ')));
        }
    }
    Value::chars(Array::new(Dims::new(rows.len(), width), data))
}

/// Each row of the matrix by `write`, each number in a field of `width`.
fn grid(numbers: &Numbers<'_>, width: usize, write: impl Fn(f64) -> String) -> Value {
    let rows = numbers.dims.rows();
    let columns = numbers.data.len() / rows.max(1);
    let rows: Vec<String> = (0..rows)
        .map(|row| {
            (0..columns)
                .map(|column| format!("{:>width$}", write(numbers.data[column * rows + row])))
                .collect()
        })
        .collect();
    lines(&rows)
}

/// The largest finite size of a number; 0 without any.
fn largest(numbers: &[f64]) -> f64 {
    numbers
        .iter()
        .map(|number| number.abs())
        .filter(|size| size.is_finite())
        .fold(0.0, f64::max)
}

/// Whole numbers in columns of one width, two blanks apart.
fn whole_numbers(numbers: &Numbers<'_>) -> Value {
    let text = |number: f64| {
        // The sum turns -0 into 0.
        special(number).map_or_else(|| fixed(number + 0.0, 0), str::to_owned)
    };
    if let [only] = &*numbers.data {
        return Value::text(&text(*only));
    }
    let digits = fixed(largest(&numbers.data), 0).len();
    // `Inf` and `NaN` need their room too.
    let digits = if numbers.data.iter().all(|number| number.is_finite()) {
        digits
    } else {
        digits.max(3)
    };
    grid(numbers, digits + 2, text)
}

fn int2str(call: &mut Call<'_>) -> Result<Outputs> {
    let value = &call.arguments[0];
    let numbers = crate::inputs::numbers(call.name, value)?;
    let rounded = Numbers {
        dims: numbers.dims,
        data: numbers
            .data
            .iter()
            .map(|number| libm::round(*number))
            .collect(),
    };
    Ok(one(if rounded.data.is_empty() {
        Value::text("")
    } else {
        whole_numbers(&rounded)
    }))
}

fn num2str(call: &mut Call<'_>) -> Result<Outputs> {
    let value = &call.arguments[0];
    if let Value::Char(_) = value {
        return Ok(one(value.clone()));
    }
    let numbers = as_numbers(value)
        .ok_or_else(|| coded(&codes::NUM2STR_INPUT, "Input to num2str must be numeric."))?;
    if numbers.data.is_empty() {
        return Ok(one(""));
    }
    let is_whole = numbers
        .data
        .iter()
        .all(|number| number.fract() == 0.0 || !number.is_finite());
    let (width, digits) = match call.arguments.get(1) {
        None if is_whole => return Ok(one(whole_numbers(&numbers))),
        None => {
            let largest = largest(&numbers.data);
            let before = if largest == 0.0 {
                0.0
            } else {
                libm::floor(libm::log10(largest))
            };
            let digits = (before + 5.0).clamp(5.0, 16.0) as usize;
            (digits + 7, digits)
        }
        Some(Value::Char(template)) => {
            let rows = numbers.dims.rows();
            let columns = numbers.data.len() / rows;
            let mut texts = Vec::with_capacity(rows);
            for at in 0..rows {
                let values: Vec<Value> = (0..columns)
                    .map(|column| Value::Double(numbers.data[column * rows + at]))
                    .collect();
                texts.push(template::write(template.data(), &values)?);
            }
            // What is blank in all rows on either side goes, whatever the template says.
            trim(&mut texts);
            if let [only] = &texts[..] {
                return Ok(one(row(only.clone())));
            }
            return Ok(one(matrix(&texts)));
        }
        Some(digits) => {
            let digits = whole(call.name, digits, 0.0)?.min(100);
            (digits + 7, digits)
        }
    };
    if let [only] = &*numbers.data {
        return Ok(one(&*shortest(*only, digits)));
    }
    Ok(one(grid(&numbers, width, |number| {
        shortest(number, digits)
    })))
}

fn mat2str(call: &mut Call<'_>) -> Result<Outputs> {
    let value = &call.arguments[0];
    let digits = match call.arguments.get(1) {
        Some(digits) => (scalar(call.name, digits)?.max(1.0) as usize).min(100),
        None => 15,
    };
    let dims = value.dims();
    if dims.rank() > 2 {
        return Err(failure("Input matrix must be 2-D."));
    }
    if let Value::Char(array) = value {
        let rows: Vec<String> = (0..dims.rows())
            .map(|row| {
                let units: Vec<u16> = (0..dims.columns())
                    .map(|column| array.data()[column * dims.rows() + row])
                    .collect();
                format!("'{}'", String::from_utf16_lossy(&units).replace('\'', "''"))
            })
            .collect();
        return Ok(one(&*match &rows[..] {
            [] => "''".to_owned(),
            [only] => only.clone(),
            several => format!("[{}]", several.join(";")),
        }));
    }
    let is_logical = matches!(value, Value::Bool(_) | Value::BoolArray(_));
    let numbers = as_numbers(value).ok_or_else(|| unsupported(call.name, value))?;
    if numbers.data.is_empty() {
        return Ok(one(&*if is_logical {
            format!("false({},{})", dims.rows(), dims.columns())
        } else {
            format!("zeros({},{})", dims.rows(), dims.columns())
        }));
    }
    let text = |number: f64| {
        if is_logical {
            if number == 0.0 { "false" } else { "true" }.to_owned()
        } else {
            shortest(number + 0.0, digits)
        }
    };
    let rows: Vec<String> = (0..dims.rows())
        .map(|row| {
            (0..dims.columns())
                .map(|column| text(numbers.data[column * dims.rows() + row]))
                .collect::<Vec<_>>()
                .join(" ")
        })
        .collect();
    Ok(one(&*if numbers.data.len() == 1 {
        rows[0].clone()
    } else {
        format!("[{}]", rows.join(";"))
    }))
}

#[cfg(test)]
mod tests {
    use crate::testing::check;

    #[test]
    fn sprintf_follows_matlab() {
        check(&[
            ("sprintf('%d,%d|', [], 5)", "',5|'"),
            ("sprintf('%s,%s|', 'a', '')", "'a,|'"),
            ("sprintf('%d|')", "''"),
            ("sprintf('a%sb%dc')", "'a'"),
            ("sprintf('%d\\n', [])", r"'\n'"),
            ("sprintf('%s|%s|', 'a')", "'a|'"),
            ("sprintf('%d %s|', 1, 'abc', 2, 'de')", "'1 abc|2 de|'"),
            ("sprintf('%d,', [1 2 3])", "'1,2,3,'"),
            ("sprintf('%d,%s|', 'ab')", "'97,b|'"),
            ("sprintf('%5s|%-5s|', 'ab', 'cd')", "'   ab|cd   |'"),
            ("sprintf('%s|', 65)", "'A|'"),
            ("sprintf('%s|', pi)", "'3.141593e+00|'"),
            ("sprintf('%d|', 1.5)", "'1.500000e+00|'"),
            ("sprintf('%x %X %o|', 255, 255, 8)", "'ff FF 10|'"),
            ("sprintf('%5.1f|%+d|%05d|', pi, 5, 42)", "'  3.1|+5|00042|'"),
            ("sprintf('%05d|%5.1f|', Inf, NaN)", "'  Inf|  NaN|'"),
            (
                "sprintf('%g %g %g', 1e10, 100000, 1e-5)",
                "'1e+10 100000 1e-05'",
            ),
            ("sprintf('%#o %#x', 8, 255)", "'010 0xff'"),
            ("num2str(42.67, '% 10.2f')", "'42.67'"),
            ("num2str([1 2 3], '%d ')", "'1 2 3'"),
            ("sprintf('%*d|', 5, 3)", "'    3|'"),
            ("sprintf('%c%c|', 'abc')", "'ab|c'"),
            ("sprintf('%s|', 'abc', 'def')", "'abc|def|'"),
            ("sprintf('%d', true)", "'1'"),
            ("sprintf('%d', 1e20)", "'100000000000000000000'"),
            ("sprintf('%i', 123456789012)", "'123456789012'"),
            ("sprintf('%6.3s|%.3d|', 'abcdef', 5)", "'   abc|005|'"),
            ("sprintf('%%|%d', 5)", "'%|5'"),
            ("sprintf('hello', 1, 2)", "'hello'"),
            ("sprintf('%s %s\\n', 'a', 'b', 'c')", r"'a b\nc '"),
            (
                "sprintf('%d %f\\n', [1 2; 3 4])",
                r"'1 3.000000\n2 4.000000\n'",
            ),
            ("sprintf('%s', [72 105])", "'Hi'"),
            ("sprintf('%d', 'abc')", "'979899'"),
            ("sprintf('\\x41\\101\\\\n%')", r"'AA\\n%'"),
            ("sprintf('%d|', -0)", "'0|'"),
            (
                "sprintf('%0+6d|%-8d|:% d', 3, -3, 5)",
                "'+00003|-3      |: 5'",
            ),
            ("sprintf('%.0f %.0f', 0.5, 2.5)", "'0 2'"),
            (
                "sprintf('%d', {1})",
                "error: Function is not defined for 'cell' inputs.",
            ),
        ]);
    }

    #[test]
    fn num2str_has_matlabs_digits_and_columns() {
        check(&[
            ("num2str(pi)", "'3.1416'"),
            ("num2str(123.456)", "'123.456'"),
            ("num2str([1 2 3])", "'1  2  3'"),
            ("num2str([1.5 -2.5])", "'1.5        -2.5'"),
            ("num2str([1 -2 3])", "'1 -2  3'"),
            (
                "num2str([10 200; 3 4])",
                "char[1 0     2 0 0;   3         4]",
            ),
            ("num2str(0.1)", "'0.1'"),
            ("num2str(1e10)", "'10000000000'"),
            ("num2str(123456789.123)", "'123456789.123'"),
            ("num2str(-pi)", "'-3.1416'"),
            ("num2str(NaN)", "'NaN'"),
            ("num2str([1 NaN 3])", "'1  NaN    3'"),
            ("num2str([1.5 NaN Inf])", "'1.5         NaN         Inf'"),
            ("num2str([true false])", "'1  0'"),
            ("num2str('abc')", "'abc'"),
            ("num2str([])", "''"),
            ("num2str(pi, 8)", "'3.1415927'"),
            ("num2str([pi 2], 3)", "'3.14         2'"),
            ("num2str(5, '%08.3f')", "'0005.000'"),
            ("num2str([1 2 3], '%d,')", "'1,2,3,'"),
            ("num2str(1.23e-5)", "'1.23e-05'"),
            ("num2str(99999.5)", "'99999.5'"),
            ("num2str(1234.5678, 4)", "'1235'"),
            ("num2str([Inf -Inf])", "'Inf -Inf'"),
            (
                "num2str({1})",
                "error: MATLAB:num2str:nonNumericInput: Input to num2str must be numeric.",
            ),
        ]);
    }

    #[test]
    fn mat2str_evaluates_to_its_input() {
        check(&[
            ("mat2str(pi)", "'3.14159265358979'"),
            ("mat2str([1 2; 3 4])", "'[1 2;3 4]'"),
            ("mat2str([])", "'zeros(0,0)'"),
            ("mat2str(zeros(1,0))", "'zeros(1,0)'"),
            ("mat2str(true)", "'true'"),
            ("mat2str([true false])", "'[true false]'"),
            ("mat2str('a''b')", "''a''b''"),
            ("mat2str('')", "''''"),
            ("mat2str([NaN -Inf])", "'[NaN -Inf]'"),
            ("mat2str([pi 1], 4)", "'[3.142 1]'"),
            (
                "mat2str({})",
                "error: MATLAB:UndefinedFunction: Undefined function 'mat2str' for input arguments of type 'cell'.",
            ),
            ("int2str(2.5)", "'3'"),
            ("int2str([1.2 3.7])", "'1  4'"),
        ]);
    }
}
