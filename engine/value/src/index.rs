//! Reading with an index: `a(…)`, `a{…}`, `a.name` and `end`.

use crate::fail::fail;
use crate::subscript::{Selection, quick, select};
use crate::{Array, Dims, ObjectArray, Result, StructArray, Value, codes};
use std::rc::Rc;

/// `base(index)` where that is one number or logical in range: the fast path, which makes no lists.
#[inline]
pub fn element(base: &Value, index: f64) -> Option<Value> {
    match base {
        Value::DoubleArray(array) => {
            quick(index, array.count()).map(|at| Value::Double(array.data()[at]))
        }
        Value::BoolArray(array) => {
            quick(index, array.count()).map(|at| Value::Bool(array.data()[at]))
        }
        Value::Double(number) if index == 1.0 => Some(Value::Double(*number)),
        _ => None,
    }
}

/// `base(row, column)` in the same way.
#[inline]
pub fn element_at(base: &Value, row: f64, column: f64) -> Option<Value> {
    let place = |dims: &Dims| {
        let rows = dims.rows();
        match (quick(row, rows), quick(column, dims.columns())) {
            (Some(row), Some(column)) if dims.rank() == 2 => Some(row + column * rows),
            _ => None,
        }
    };
    match base {
        Value::DoubleArray(array) => place(array.dims()).map(|at| Value::Double(array.data()[at])),
        Value::BoolArray(array) => place(array.dims()).map(|at| Value::Bool(array.data()[at])),
        _ => None,
    }
}

/// `base(arguments)`. Without arguments it is the whole value. Functions are called elsewhere: here a
/// handle, like any value that makes no arrays, is a 1 × 1 array of itself.
pub fn paren(base: &Value, arguments: &[Value]) -> Result<Value> {
    let quick = match arguments {
        [] => Some(base.clone()),
        [Value::Double(at)] => element(base, *at),
        [Value::Double(row), Value::Double(column)] => element_at(base, *row, *column),
        _ => None,
    };
    match quick {
        Some(value) => Ok(value),
        None => paren_general(base, arguments),
    }
}

fn paren_general(base: &Value, arguments: &[Value]) -> Result<Value> {
    match base {
        Value::DoubleArray(array) => Ok(Value::doubles(gather(array, arguments)?)),
        Value::BoolArray(array) => Ok(Value::bools(gather(array, arguments)?)),
        Value::Char(array) => Ok(Value::chars(gather(array, arguments)?)),
        Value::Cell(array) => Ok(Value::cell(gather(array, arguments)?)),
        Value::Struct(array) => {
            let Selection { places, dims } = select(array.dims(), arguments)?;
            let fields = array
                .fields()
                .iter()
                .map(|(name, values)| (name.clone(), places.pick(values)))
                .collect();
            Ok(Value::Struct(Rc::new(StructArray::new(dims, fields))))
        }
        Value::Double(number) => {
            let Selection { dims, .. } = select(&base.dims(), arguments)?;
            let count = dims.count();
            Ok(Value::doubles(Array::new(dims, vec![*number; count])))
        }
        Value::Bool(truth) => {
            let Selection { dims, .. } = select(&base.dims(), arguments)?;
            let count = dims.count();
            Ok(Value::bools(Array::new(dims, vec![*truth; count])))
        }
        Value::Object(object) => match object.index(arguments) {
            Some(result) => result,
            None => itself(base, arguments),
        },
        Value::Function(_) | Value::Exception(_) => itself(base, arguments),
        Value::Undefined | Value::Colon | Value::List(_) => {
            unreachable!("internal values are not indexed")
        }
    }
}

/// A value that makes no arrays, indexed as the 1 × 1 array of itself.
fn itself(base: &Value, arguments: &[Value]) -> Result<Value> {
    let Selection { dims, .. } = select(&base.dims(), arguments)?;
    if dims.is_scalar() {
        return Ok(base.clone());
    }
    Err(fail(
        &codes::BAD_SUBSCRIPT,
        format!(
            "Arrays of class '{}' are not supported; use a cell array.",
            base.class_name()
        ),
    ))
}

fn gather<T: Clone>(array: &Array<T>, arguments: &[Value]) -> Result<Array<T>> {
    let Selection { places, dims } = select(array.dims(), arguments)?;
    Ok(Array::new(dims, places.pick(array.data())))
}

/// `base{arguments}`: the contents of the selected cells, in order.
pub fn brace(base: &Value, arguments: &[Value]) -> Result<Vec<Value>> {
    let Value::Cell(array) = base else {
        return Err(fail(
            &codes::BRACE_READ,
            "Brace indexing is not supported for variables of this type.",
        ));
    };
    match arguments {
        [Value::Double(at)] => {
            if let Some(at) = quick(*at, array.count()) {
                return Ok(vec![array.data()[at].clone()]);
            }
        }
        [] => return Ok(array.data().to_vec()),
        _ => {}
    }
    Ok(select(array.dims(), arguments)?.places.pick(array.data()))
}

/// `base{index}` where that is one cell in range: the fast path, which makes no list.
#[inline]
pub fn brace_one(base: &Value, index: f64) -> Option<&Value> {
    match base {
        Value::Cell(array) => quick(index, array.count()).map(|at| &array.data()[at]),
        _ => None,
    }
}

/// `base.name`: the field's value in each element, or an object's property.
pub fn field(base: &Value, name: &str) -> Result<Vec<Value>> {
    match base {
        Value::Struct(array) => match array.get(name) {
            Some(values) => Ok(values.to_vec()),
            None => Err(no_field(name)),
        },
        Value::Object(object) if object.downcast_ref::<ObjectArray>().is_some() => {
            let elements = ObjectArray::elements(base);
            let properties = elements.iter().map(|element| field(element, name));
            Ok(properties.collect::<Result<Vec<_>>>()?.concat())
        }
        Value::Object(object) => match object.property(name) {
            Some(result) => Ok(vec![result?]),
            None => Err(fail(
                &codes::NO_FIELD,
                format!(
                    "Unrecognized method, property, or field '{name}' for class '{}'.",
                    object.class_name()
                ),
            )),
        },
        Value::Undefined
        | Value::Double(_)
        | Value::Bool(_)
        | Value::DoubleArray(_)
        | Value::BoolArray(_)
        | Value::Char(_)
        | Value::Cell(_)
        | Value::Function(_)
        | Value::Exception(_)
        | Value::Colon
        | Value::List(_) => Err(fail(
            &codes::DOT_READ,
            "Dot indexing is not supported for variables of this type.",
        )),
    }
}

fn no_field(name: &str) -> crate::RuntimeError {
    fail(
        &codes::NO_FIELD,
        format!("Unrecognized field name \"{name}\"."),
    )
}

/// `end` in the argument at `position` (counted from 0) of `count` arguments: the last one stands for
/// all dimensions that are left.
pub fn end_of(base: &Value, position: usize, count: usize) -> usize {
    match base {
        Value::Double(_) | Value::Bool(_) => 1,
        Value::DoubleArray(array) => end_in(array.dims(), position, count),
        Value::BoolArray(array) => end_in(array.dims(), position, count),
        Value::Char(array) => end_in(array.dims(), position, count),
        Value::Cell(array) => end_in(array.dims(), position, count),
        Value::Struct(array) => end_in(array.dims(), position, count),
        Value::Undefined => 0,
        Value::Function(_)
        | Value::Exception(_)
        | Value::Object(_)
        | Value::Colon
        | Value::List(_) => end_in(&base.dims(), position, count),
    }
}

fn end_in(dims: &Dims, position: usize, count: usize) -> usize {
    if count <= 1 {
        dims.count()
    } else if position + 1 < count {
        dims.get(position)
    } else {
        (position..dims.rank()).map(|at| dims.get(at)).product()
    }
}

#[cfg(test)]
mod tests;
