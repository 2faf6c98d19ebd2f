//! The value: sixteen bytes, scalars inside, everything else shared and copied on write.

use crate::text::{text_of, units_of};
use crate::{Array, Dims, FunctionHandle, ObjectRef, RuntimeError, StructArray};
use std::rc::Rc;

/// Any value of the language. Canonical: a 1 × 1 real double is always `Double`, a 1 × 1 logical
/// always `Bool`, so that code may match on them.
#[derive(Clone, Debug, Default)]
pub enum Value {
    /// No value: a variable that was never assigned, an output that was not set. Programs never see it.
    #[default]
    Undefined,
    /// A real double scalar.
    Double(f64),
    /// A logical scalar.
    Bool(bool),
    /// A double array that is not 1 × 1.
    DoubleArray(Rc<Array<f64>>),
    /// A logical array that is not 1 × 1.
    BoolArray(Rc<Array<bool>>),
    /// A char array: UTF-16 units, as in MATLAB.
    Char(Rc<Array<u16>>),
    /// A cell array.
    Cell(Rc<Array<Value>>),
    /// A struct or struct array.
    Struct(Rc<StructArray>),
    /// A function handle.
    Function(Rc<FunctionHandle>),
    /// An `MException`.
    Exception(RuntimeError),
    /// A handle object: future, map, join set, cleanup object, device array.
    Object(ObjectRef),
    /// `:` as an index; only ever an argument of an index.
    Colon,
    /// A comma list under construction: arguments whose number is known only at run time.
    List(Rc<Vec<Value>>),
}

impl Value {
    /// `[]`.
    pub fn empty() -> Value {
        Value::DoubleArray(Rc::new(Array::empty()))
    }

    /// A char row.
    pub fn text(text: &str) -> Value {
        let units = units_of(text);
        let columns = units.len();
        // The empty text '' is 0 × 0, every other row is 1 × n.
        let dims = if columns == 0 {
            Dims::new(0, 0)
        } else {
            Dims::new(1, columns)
        };
        Value::Char(Rc::new(Array::new(dims, units)))
    }

    /// Doubles; a 1 × 1 array becomes a scalar.
    pub fn doubles(array: Array<f64>) -> Value {
        match array.data() {
            [only] if array.dims().is_scalar() => Value::Double(*only),
            _ => Value::DoubleArray(Rc::new(array)),
        }
    }

    /// Logicals; a 1 × 1 array becomes a scalar.
    pub fn bools(array: Array<bool>) -> Value {
        match array.data() {
            [only] if array.dims().is_scalar() => Value::Bool(*only),
            _ => Value::BoolArray(Rc::new(array)),
        }
    }

    /// Chars.
    pub fn chars(array: Array<u16>) -> Value {
        Value::Char(Rc::new(array))
    }

    /// A cell array.
    pub fn cell(array: Array<Value>) -> Value {
        Value::Cell(Rc::new(array.of_cells()))
    }

    /// A cell row; `{}` is 0 × 0.
    pub fn cell_row(values: Vec<Value>) -> Value {
        if values.is_empty() {
            Value::cell(Array::empty())
        } else {
            Value::cell(Array::row(values))
        }
    }

    /// A scalar struct.
    pub fn structure(fields: &[(&str, Value)]) -> Value {
        let mut array = StructArray::scalar();
        for (name, value) in fields {
            array.set(name, value.clone());
        }
        Value::Struct(Rc::new(array))
    }

    /// Name of the class, as `class(x)` gives it.
    ///
    /// # Panics
    /// For the internal variants `Undefined`, `Colon` and `List`.
    pub fn class_name(&self) -> &str {
        match self {
            Value::Double(_) | Value::DoubleArray(_) => "double",
            Value::Bool(_) | Value::BoolArray(_) => "logical",
            Value::Char(_) => "char",
            Value::Cell(_) => "cell",
            Value::Struct(_) => "struct",
            Value::Function(_) => "function_handle",
            Value::Exception(_) => "MException",
            Value::Object(object) => object.class_name(),
            Value::Undefined | Value::Colon | Value::List(_) => {
                unreachable!("internal values have no class")
            }
        }
    }

    /// The size. Handles, objects and exceptions are 1 × 1, but an object may say otherwise.
    pub fn dims(&self) -> Dims {
        match self {
            Value::DoubleArray(array) => array.dims().clone(),
            Value::BoolArray(array) => array.dims().clone(),
            Value::Char(array) => array.dims().clone(),
            Value::Cell(array) => array.dims().clone(),
            Value::Struct(array) => array.dims().clone(),
            Value::Object(object) => object.dims(),
            Value::Double(_)
            | Value::Bool(_)
            | Value::Function(_)
            | Value::Exception(_)
            | Value::Undefined
            | Value::Colon
            | Value::List(_) => Dims::scalar(),
        }
    }

    /// Number of elements.
    pub fn count(&self) -> usize {
        match self {
            Value::Double(_) | Value::Bool(_) => 1,
            _ => self.dims().count(),
        }
    }

    /// Whether there are no elements.
    pub fn is_empty(&self) -> bool {
        self.count() == 0
    }

    /// Whether no value was ever assigned.
    pub fn is_undefined(&self) -> bool {
        matches!(self, Value::Undefined)
    }

    /// The text of a char row (or of an empty char array); `None` for anything else.
    pub fn as_text(&self) -> Option<String> {
        match self {
            Value::Char(array) if array.count() == 0 || array.dims().rows() == 1 => {
                Some(text_of(array.data()))
            }
            _ => None,
        }
    }

    /// The real number of a scalar double, logical or char; `None` for anything else.
    pub fn as_number(&self) -> Option<f64> {
        match self {
            Value::Double(number) => Some(*number),
            Value::Bool(truth) => Some(f64::from(u8::from(*truth))),
            Value::Char(array) if array.count() == 1 => Some(f64::from(array.data()[0])),
            _ => None,
        }
    }

    /// The handle object of that Rust type, when it is one.
    pub fn as_object<T: crate::Object>(&self) -> Option<&T> {
        match self {
            Value::Object(object) => object.downcast_ref::<T>(),
            _ => None,
        }
    }
}

impl From<f64> for Value {
    fn from(number: f64) -> Value {
        Value::Double(number)
    }
}

impl From<bool> for Value {
    fn from(truth: bool) -> Value {
        Value::Bool(truth)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Value {
        Value::text(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_sixteen_bytes() {
        assert_eq!(std::mem::size_of::<Value>(), 16);
    }
}
