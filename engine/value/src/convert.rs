//! Reading the arguments of library functions: numbers, texts, sizes and flags.

use crate::fail::{class_of, fail, nan_to_logical, no_conversion};
use crate::{Array, Result, Value, codes};
use std::rc::Rc;

/// All elements of a numeric, logical or char array as doubles.
pub fn to_f64_vec(value: &Value) -> Result<Vec<f64>> {
    match value {
        Value::Double(number) => Ok(vec![*number]),
        Value::Bool(truth) => Ok(vec![f64::from(u8::from(*truth))]),
        Value::DoubleArray(array) => Ok(array.data().to_vec()),
        Value::BoolArray(array) => Ok(array
            .data()
            .iter()
            .map(|x| f64::from(u8::from(*x)))
            .collect()),
        Value::Char(array) => Ok(array.data().iter().map(|x| f64::from(*x)).collect()),
        Value::Undefined
        | Value::Cell(_)
        | Value::Struct(_)
        | Value::Function(_)
        | Value::Exception(_)
        | Value::Object(_)
        | Value::Colon
        | Value::List(_) => Err(no_conversion("double", value)),
    }
}

/// A numeric, logical or char array as an array of doubles, 1 × 1 ones included; the value's own
/// array where it has one.
pub fn to_doubles(value: &Value) -> Result<Rc<Array<f64>>> {
    match value {
        Value::DoubleArray(array) => Ok(array.clone()),
        _ => Ok(Rc::new(Array::new(value.dims(), to_f64_vec(value)?))),
    }
}

/// `double(x)`.
pub fn double(value: &Value) -> Result<Value> {
    match value {
        Value::DoubleArray(_) => Ok(value.clone()),
        _ => Ok(Value::doubles(Rc::unwrap_or_clone(to_doubles(value)?))),
    }
}

/// `logical(x)`: everything but zero is true, and NaN is an error.
pub fn logical(value: &Value) -> Result<Value> {
    match value {
        Value::Bool(_) | Value::BoolArray(_) => Ok(value.clone()),
        Value::Double(_) | Value::DoubleArray(_) | Value::Char(_) => {
            let data = to_f64_vec(value)?;
            if data.iter().any(|x| x.is_nan()) {
                return Err(nan_to_logical());
            }
            let data = data.into_iter().map(|x| x != 0.0).collect();
            Ok(Value::bools(Array::new(value.dims(), data)))
        }
        Value::Undefined
        | Value::Cell(_)
        | Value::Struct(_)
        | Value::Function(_)
        | Value::Exception(_)
        | Value::Object(_)
        | Value::Colon
        | Value::List(_) => Err(no_conversion("logical", value)),
    }
}

/// The text of a char row; `what` names the argument in the error, as in `The file name`.
pub fn to_text(value: &Value, what: &str) -> Result<String> {
    value.as_text().ok_or_else(|| {
        fail(
            &codes::INVALID_INPUT,
            format!(
                "{what} must be a character vector, not {}.",
                described(value)
            ),
        )
    })
}

/// The texts of a cell of char rows, or of one char array row by row.
pub fn to_text_list(value: &Value, what: &str) -> Result<Vec<String>> {
    match value {
        Value::Cell(array) => array
            .data()
            .iter()
            .map(|element| to_text(element, what))
            .collect(),
        Value::Char(array) if array.dims().rank() == 2 => Ok(char_rows(array)),
        _ => Err(fail(
            &codes::INVALID_INPUT,
            format!(
                "{what} must be a character vector or a cell array of character vectors, not {}.",
                described(value)
            ),
        )),
    }
}

/// The rows of a char matrix as texts; an empty one is one empty text.
pub fn char_rows(array: &Array<u16>) -> Vec<String> {
    let (rows, columns) = (array.dims().rows(), array.dims().columns());
    if array.count() == 0 {
        return vec![String::new(); rows.max(1)];
    }
    let row = |row: usize| {
        let units: Vec<u16> = (0..columns)
            .map(|column| array.data()[column * rows + row])
            .collect();
        String::from_utf16_lossy(&units)
    };
    (0..rows).map(row).collect()
}

/// A cell column of texts.
pub fn cell_of_texts(texts: &[String]) -> Value {
    Value::cell(Array::column(
        texts.iter().map(|text| Value::text(text)).collect(),
    ))
}

/// The number of a real scalar; `what` names the argument in the error.
pub fn real_scalar(value: &Value, what: &str) -> Result<f64> {
    value.as_number().ok_or_else(|| {
        fail(
            &codes::INVALID_INPUT,
            format!("{what} must be a real scalar, not {}.", described(value)),
        )
    })
}

/// A count, size or index: a scalar that is an integer and not negative.
pub fn to_index(value: &Value, what: &str) -> Result<usize> {
    const LARGEST: f64 = (1u64 << 53) as f64;
    match value.as_number() {
        Some(number) if number >= 0.0 && number.floor() == number && number <= LARGEST => {
            Ok(number as usize)
        }
        _ => Err(fail(
            &codes::INVALID_INPUT,
            format!("{what} must be a nonnegative integer scalar."),
        )),
    }
}

/// The truth of a flag such as the value of an option.
pub fn to_flag(value: &Value, what: &str) -> Result<bool> {
    match value.as_number() {
        Some(number) if !number.is_nan() => Ok(number != 0.0),
        _ => Err(fail(
            &codes::INVALID_INPUT,
            format!("{what} must be true or false, not {}.", described(value)),
        )),
    }
}

/// `a 2x3 double`: size and class, for messages.
pub fn described(value: &Value) -> String {
    match value {
        Value::Undefined | Value::Colon | Value::List(_) => class_of(value).to_owned(),
        _ => format!("a {} {}", value.dims(), class_of(value)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_from_every_array_class() {
        let text = Value::text("AB");
        assert_eq!(to_f64_vec(&text).unwrap(), [65.0, 66.0]);
        assert_eq!(to_f64_vec(&Value::Bool(true)).unwrap(), [1.0]);
        let error = to_f64_vec(&Value::cell_row(vec![])).unwrap_err();
        assert_eq!(
            error.message(),
            "Conversion to double from cell is not possible."
        );
        assert_eq!(error.identifier(), "MATLAB:invalidConversion");
    }

    #[test]
    fn logical_refuses_nan() {
        assert!(matches!(
            logical(&Value::Double(3.0)),
            Ok(Value::Bool(true))
        ));
        let error = logical(&Value::Double(f64::NAN)).unwrap_err();
        assert_eq!(error.identifier(), "MATLAB:nologicalnan");
    }

    #[test]
    fn texts_come_from_rows_and_cells() {
        let matrix = Value::chars(Array::new(crate::Dims::new(2, 2), vec![97, 99, 98, 100]));
        assert_eq!(to_text_list(&matrix, "It").unwrap(), ["ab", "cd"]);
        let cell = Value::cell_row(vec!["x".into(), "yz".into()]);
        assert_eq!(to_text_list(&cell, "It").unwrap(), ["x", "yz"]);
        let error = to_text(&Value::Double(1.0), "The name").unwrap_err();
        assert_eq!(
            error.message(),
            "The name must be a character vector, not a 1x1 double."
        );
    }

    #[test]
    fn sizes_are_integers() {
        assert_eq!(to_index(&Value::Double(3.0), "n").unwrap(), 3);
        for bad in [-1.0, 0.5, f64::NAN, f64::INFINITY] {
            assert!(to_index(&Value::Double(bad), "n").is_err(), "{bad}");
        }
    }
}
