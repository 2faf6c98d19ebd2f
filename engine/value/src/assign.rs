//! Writing with an index: `a(…) = v`, `a{…} = v`, `a.name = v`, chains of them, and deletion.
//! Whatever fails leaves the target as it was.

mod delete;
mod store;

pub use delete::delete;

use crate::fail::{class_of, fail, no_conversion};
use crate::subscript::{Plan, plan, quick};
use crate::{Array, Dims, ObjectArray, ObjectRef, Result, RuntimeError, StructArray, Value, codes};
use std::rc::Rc;
use store::{Source, store, store_struct};

/// One step from a variable to the place that is assigned.
#[derive(Clone, Debug)]
pub enum PathStep {
    /// `(…)`
    Paren(Vec<Value>),
    /// `{…}`
    Brace(Vec<Value>),
    /// `.name`
    Field(Rc<str>),
}

/// Assigns to the place that `path` leads to from `target`, in place where nobody else holds the
/// values on the way. `Undefined` and `[]` become what the path needs.
pub fn assign(target: &mut Value, path: &[PathStep], value: Value) -> Result<()> {
    match path {
        [] => {
            *target = value;
            Ok(())
        }
        [PathStep::Paren(arguments)] => paren(target, arguments, value),
        [PathStep::Paren(arguments), rest @ ..] => assign_element(target, arguments, rest, value),
        [PathStep::Brace(arguments), rest @ ..] => assign_brace(target, arguments, rest, value),
        [PathStep::Field(name), rest @ ..] => assign_field(target, name, rest, value),
    }
}

/// `Undefined` and empty double arrays stand for anything that is to be created.
fn is_blank(value: &Value) -> bool {
    match value {
        Value::Undefined => true,
        Value::DoubleArray(array) => array.count() == 0,
        _ => false,
    }
}

/// Assigns to what does not exist yet and returns it.
fn created(rest: &[PathStep], value: Value) -> Result<Value> {
    let mut child = Value::Undefined;
    assign(&mut child, rest, value)?;
    Ok(child)
}

// ---- target.name… = value

fn assign_field(target: &mut Value, name: &Rc<str>, rest: &[PathStep], value: Value) -> Result<()> {
    match target {
        Value::Struct(array) if array.dims().is_scalar() => {
            assign_field_at(array, 0, name, rest, value)
        }
        Value::Struct(array) if array.count() == 0 && array.fields().is_empty() => {
            *target = new_struct(name, created(rest, value)?);
            Ok(())
        }
        Value::Struct(_) => Err(fail(
            &codes::SCALAR_STRUCT_REQUIRED,
            "Scalar structure required for this assignment.",
        )),
        // `object.property(…) = v` reaches into a handle that the property holds.
        Value::Object(object) if !rest.is_empty() => match object.property(name) {
            Some(property) => match property? {
                mut inner @ Value::Object(_) => assign(&mut inner, rest, value),
                _ => Err(read_only(object, name)),
            },
            None => Err(read_only(object, name)),
        },
        Value::Object(object) => Err(read_only(object, name)),
        _ if is_blank(target) => {
            *target = new_struct(name, created(rest, value)?);
            Ok(())
        }
        _ => Err(dot_write()),
    }
}

fn new_struct(name: &str, value: Value) -> Value {
    Value::structure(&[(name, value)])
}

fn assign_field_at(
    array: &mut Rc<StructArray>,
    at: usize,
    name: &Rc<str>,
    rest: &[PathStep],
    value: Value,
) -> Result<()> {
    if let Some(values) = Rc::make_mut(array).get_mut(name) {
        return assign(&mut values[at], rest, value);
    }
    let child = created(rest, value)?;
    Rc::make_mut(array).set_at(at, name, child);
    Ok(())
}

fn dot_write() -> RuntimeError {
    fail(
        &codes::DOT_WRITE,
        "Unable to perform assignment because dot indexing is not supported for variables of this \
         type.",
    )
}

fn read_only(object: &ObjectRef, name: &str) -> RuntimeError {
    fail(
        &codes::DOT_WRITE,
        format!(
            "Unable to set the '{name}' property of class '{}' because it is read-only.",
            object.class_name()
        ),
    )
}

// ---- target{…}… = value

fn assign_brace(
    target: &mut Value,
    arguments: &[Value],
    rest: &[PathStep],
    value: Value,
) -> Result<()> {
    match target {
        Value::Cell(array) => assign_in_cell(array, arguments, rest, value),
        _ if is_blank(target) => {
            let mut array = Rc::new(Array::empty().of_cells());
            assign_in_cell(&mut array, arguments, rest, value)?;
            *target = Value::Cell(array);
            Ok(())
        }
        _ => Err(fail(
            &codes::BRACE_WRITE,
            "Unable to perform assignment because brace indexing is not supported for variables \
             of this type.",
        )),
    }
}

fn assign_in_cell(
    array: &mut Rc<Array<Value>>,
    arguments: &[Value],
    rest: &[PathStep],
    value: Value,
) -> Result<()> {
    if let [Value::Double(at)] = arguments
        && let Some(at) = quick(*at, array.count())
    {
        return assign(&mut Rc::make_mut(array).data_mut()[at], rest, value);
    }
    if let [Value::Double(at)] = arguments
        && is_next(array, *at)
    {
        let child = created(rest, value)?;
        Rc::make_mut(array).push_to_row(child);
        return Ok(());
    }
    if arguments.is_empty() {
        return Err(one_place(array.count()));
    }
    let Plan { grown, places } = plan(array.dims(), arguments, &Dims::scalar())?;
    if places.count() != 1 {
        return Err(one_place(places.count()));
    }
    let at = places.get(0);
    match grown {
        None => assign(&mut Rc::make_mut(array).data_mut()[at], rest, value),
        Some(dims) => {
            let child = created(rest, value)?;
            let array = Rc::make_mut(array);
            array.grow(dims, Value::empty());
            array.data_mut()[at] = child;
            Ok(())
        }
    }
}

/// Whether an index is that of the element after the last one of a row.
fn is_next<T>(array: &Array<T>, index: f64) -> bool {
    let dims = array.dims();
    dims.rank() == 2
        && dims.rows() == 1
        && array.count() < crate::MAX_ELEMENTS
        && index == (array.count() + 1) as f64
}

/// An assignment of one value to several places, or to none.
fn one_place(count: usize) -> RuntimeError {
    fail(
        &codes::NEED_MORE_VALUES,
        format!(
            "Assigning to {count} elements using a simple assignment statement is not supported."
        ),
    )
}

// ---- target(…).name… = value

fn assign_element(
    target: &mut Value,
    arguments: &[Value],
    rest: &[PathStep],
    value: Value,
) -> Result<()> {
    let [PathStep::Field(name), inner @ ..] = rest else {
        return Err(bad_chain(target));
    };
    match target {
        Value::Struct(array) => assign_struct_element(array, arguments, name, inner, value),
        Value::Object(_) => Err(bad_chain(target)),
        _ if is_blank(target) => {
            let mut array = Rc::new(StructArray::new(Dims::new(0, 0), Vec::new()));
            assign_struct_element(&mut array, arguments, name, inner, value)?;
            *target = Value::Struct(array);
            Ok(())
        }
        _ => Err(dot_write()),
    }
}

fn bad_chain(target: &Value) -> RuntimeError {
    match target {
        Value::Object(object) => fail(
            &codes::MAP_ONE_LEVEL,
            format!(
                "Only one level of indexing is supported by a {}.",
                object.class_name()
            ),
        ),
        _ => fail(
            &codes::BAD_INDEX_CHAIN,
            "()-indexing must appear last in an index expression.",
        ),
    }
}

fn assign_struct_element(
    array: &mut Rc<StructArray>,
    arguments: &[Value],
    name: &Rc<str>,
    rest: &[PathStep],
    value: Value,
) -> Result<()> {
    if let [Value::Double(at)] = arguments
        && let Some(at) = quick(*at, array.count())
    {
        return assign_field_at(array, at, name, rest, value);
    }
    let scalar = Dims::scalar();
    if arguments.is_empty() && !array.dims().is_scalar() {
        return Err(one_place(array.count()));
    }
    let Plan { grown, places } = match arguments {
        [] => plan(array.dims(), &[Value::Double(1.0)], &scalar)?,
        _ => plan(array.dims(), arguments, &scalar)?,
    };
    if places.count() != 1 {
        return Err(one_place(places.count()));
    }
    let at = places.get(0);
    match grown {
        None => assign_field_at(array, at, name, rest, value),
        Some(dims) => {
            let child = created(rest, value)?;
            let array = Rc::make_mut(array);
            array.grow(dims);
            array.set_at(at, name, child);
            Ok(())
        }
    }
}

// ---- target(…) = value

/// `target(index) = number` where the target is an array of doubles and the element exists or is the
/// next one of a row: the fast path, which makes no lists. `false` when it is something else, and
/// then nothing changed.
#[inline]
pub fn set_element(target: &mut Value, index: f64, number: f64) -> bool {
    let Value::DoubleArray(array) = target else {
        return false;
    };
    if let Some(at) = quick(index, array.count()) {
        Rc::make_mut(array).data_mut()[at] = number;
        return true;
    }
    // A single element is no array, so there are two at least after the push.
    if array.count() > 0 && is_next(array, index) {
        Rc::make_mut(array).push_to_row(number);
        return true;
    }
    false
}

/// `target(row, column) = number` in the same way, where the element exists.
#[inline]
pub fn set_element_at(target: &mut Value, row: f64, column: f64, number: f64) -> bool {
    let Value::DoubleArray(array) = target else {
        return false;
    };
    let dims = array.dims();
    let rows = dims.rows();
    match (quick(row, rows), quick(column, dims.columns())) {
        (Some(row), Some(column)) if dims.rank() == 2 => {
            Rc::make_mut(array).data_mut()[row + column * rows] = number;
            true
        }
        _ => false,
    }
}

/// `target(arguments) = value`, in place where nobody else holds the target.
pub fn paren(target: &mut Value, arguments: &[Value], value: Value) -> Result<()> {
    let is_done = match (arguments, &value) {
        ([Value::Double(at)], Value::Double(number)) => set_element(target, *at, *number),
        ([Value::Double(row), Value::Double(column)], Value::Double(number)) => {
            set_element_at(target, *row, *column, *number)
        }
        _ => false,
    };
    if is_done {
        return Ok(());
    }
    assign_paren_general(target, arguments, value)
}

fn assign_paren_general(target: &mut Value, arguments: &[Value], value: Value) -> Result<()> {
    if let Value::Object(object) = target
        && let Some(result) = object.assign_index(arguments, value.clone())
    {
        return result;
    }
    if arguments.is_empty() {
        *target = value;
        return Ok(());
    }
    if is_blank(target) && takes_class_of(target, &value) {
        let dims = match target {
            Value::DoubleArray(array) => array.dims().clone(),
            _ => Dims::new(0, 0),
        };
        *target = assigned_anew(dims, arguments, value)?;
        return Ok(());
    }
    match target {
        Value::DoubleArray(array) => {
            store(array, arguments, doubles_of(&value)?, || 0.0)?;
            if let [only] = array.data() {
                *target = Value::Double(*only);
            }
        }
        Value::Double(number) => {
            let mut array = Rc::new(Array::row(vec![*number]));
            store(&mut array, arguments, doubles_of(&value)?, || 0.0)?;
            *target = canonical_doubles(array);
        }
        Value::BoolArray(array) => {
            store(array, arguments, bools_of(&value)?, || false)?;
            if let [only] = array.data() {
                *target = Value::Bool(*only);
            }
        }
        Value::Bool(truth) => {
            let mut array = Rc::new(Array::row(vec![*truth]));
            store(&mut array, arguments, bools_of(&value)?, || false)?;
            *target = canonical_bools(array);
        }
        Value::Char(array) => store(array, arguments, chars_of(&value)?, || 0)?,
        Value::Cell(array) => store(array, arguments, cells_of(value), Value::empty)?,
        Value::Struct(array) => match &value {
            Value::Struct(source) => store_struct(array, arguments, source)?,
            _ => return Err(no_conversion("struct", &value)),
        },
        Value::Function(_) | Value::Exception(_) | Value::Object(_) => {
            if class_of(target) != class_of(&value) {
                return Err(no_conversion(class_of(target), &value));
            }
            if let (Some(array), Some(source)) = (ObjectArray::of(target), ObjectArray::of(&value))
            {
                *target = stored_objects(array, arguments, source, &value)?;
                return Ok(());
            }
            *target = only_one(&Dims::scalar(), arguments, value)?;
        }
        Value::Undefined | Value::Colon | Value::List(_) => {
            unreachable!("blank targets were handled above")
        }
    }
    Ok(())
}

/// Whether a blank target takes the class of the value: `[]` stays double for logicals and chars.
fn takes_class_of(target: &Value, value: &Value) -> bool {
    match value {
        Value::Double(_) | Value::DoubleArray(_) => matches!(target, Value::Undefined),
        Value::Bool(_) | Value::BoolArray(_) | Value::Char(_) => {
            matches!(target, Value::Undefined)
        }
        Value::Cell(_)
        | Value::Struct(_)
        | Value::Function(_)
        | Value::Exception(_)
        | Value::Object(_) => true,
        Value::Undefined | Value::Colon | Value::List(_) => false,
    }
}

/// The result of an assignment to an array of the value's class without elements.
fn assigned_anew(dims: Dims, arguments: &[Value], value: Value) -> Result<Value> {
    fn blank<T>(dims: Dims) -> Rc<Array<T>> {
        Rc::new(Array::new(dims, Vec::new()))
    }
    Ok(match value {
        Value::Double(_) | Value::DoubleArray(_) => {
            let mut array = blank(dims);
            store(&mut array, arguments, doubles_of(&value)?, || 0.0)?;
            canonical_doubles(array)
        }
        Value::Bool(_) | Value::BoolArray(_) => {
            let mut array = blank(dims);
            store(&mut array, arguments, bools_of(&value)?, || false)?;
            canonical_bools(array)
        }
        Value::Char(_) => {
            let mut array = blank(dims);
            store(&mut array, arguments, chars_of(&value)?, || 0)?;
            Value::Char(array)
        }
        Value::Cell(_) => {
            let mut array = blank(dims);
            store(&mut array, arguments, cells_of(value), Value::empty)?;
            Value::cell(Rc::unwrap_or_clone(array))
        }
        Value::Struct(source) => {
            let mut array = Rc::new(StructArray::new(dims, Vec::new()));
            store_struct(&mut array, arguments, &source)?;
            Value::Struct(array)
        }
        Value::Function(_) | Value::Exception(_) | Value::Object(_) => {
            match ObjectArray::of(&value) {
                Some(source) => {
                    let array = Array::new(dims, Vec::new());
                    stored_objects(array, arguments, source, &value)?
                }
                None => only_one(&dims, arguments, value)?,
            }
        }
        Value::Undefined | Value::Colon | Value::List(_) => {
            unreachable!("internal values are not assigned")
        }
    })
}

/// An array of objects with others of their class in it.
fn stored_objects(
    array: Array<Value>,
    arguments: &[Value],
    source: Array<Value>,
    value: &Value,
) -> Result<Value> {
    let mut array = Rc::new(array);
    store(&mut array, arguments, Source::of(Rc::new(source)), || {
        ObjectArray::filler(value)
    })?;
    Ok(ObjectArray::value(
        class_of(value),
        Rc::unwrap_or_clone(array),
    ))
}

/// A value that makes no arrays, assigned to its only possible place.
fn only_one(dims: &Dims, arguments: &[Value], value: Value) -> Result<Value> {
    let Plan { grown, places } = plan(dims, arguments, &Dims::scalar())?;
    if places.count() == 1 && grown.as_ref().unwrap_or(dims).is_scalar() {
        return Ok(value);
    }
    Err(match value {
        Value::Function(_) => fail(
            &codes::CONCAT_HANDLES,
            "Nonscalar arrays of function handles are not allowed; use cell arrays instead.",
        ),
        _ => fail(
            &codes::CONCAT_HANDLES,
            format!(
                "Nonscalar arrays of class '{}' are not allowed; use cell arrays instead.",
                class_of(&value)
            ),
        ),
    })
}

fn canonical_doubles(array: Rc<Array<f64>>) -> Value {
    match array.data() {
        [only] => Value::Double(*only),
        _ => Value::DoubleArray(array),
    }
}

fn canonical_bools(array: Rc<Array<bool>>) -> Value {
    match array.data() {
        [only] => Value::Bool(*only),
        _ => Value::BoolArray(array),
    }
}

fn doubles_of(value: &Value) -> Result<Source<f64>> {
    match value {
        Value::Double(number) => Ok(Source::One(*number)),
        Value::DoubleArray(array) => Ok(Source::of(array.clone())),
        Value::Bool(truth) => Ok(Source::One(f64::from(u8::from(*truth)))),
        Value::BoolArray(array) => Ok(Source::converted(array, |x| f64::from(u8::from(*x)))),
        Value::Char(array) => Ok(Source::converted(array, |x| f64::from(*x))),
        _ => Err(no_conversion("double", value)),
    }
}

fn bools_of(value: &Value) -> Result<Source<bool>> {
    let is_nan = match value {
        Value::Double(number) => number.is_nan(),
        Value::DoubleArray(array) => array.data().iter().any(|x| x.is_nan()),
        _ => false,
    };
    if is_nan {
        return Err(crate::fail::nan_to_logical());
    }
    match value {
        Value::Double(number) => Ok(Source::One(*number != 0.0)),
        Value::DoubleArray(array) => Ok(Source::converted(array, |x| *x != 0.0)),
        Value::Bool(truth) => Ok(Source::One(*truth)),
        Value::BoolArray(array) => Ok(Source::of(array.clone())),
        Value::Char(array) => Ok(Source::converted(array, |x| *x != 0)),
        _ => Err(no_conversion("logical", value)),
    }
}

fn chars_of(value: &Value) -> Result<Source<u16>> {
    match value {
        Value::Double(number) => Ok(Source::One(*number as u16)),
        Value::DoubleArray(array) => Ok(Source::converted(array, |x| *x as u16)),
        Value::Bool(truth) => Ok(Source::One(u16::from(*truth))),
        Value::BoolArray(array) => Ok(Source::converted(array, |x| u16::from(*x))),
        Value::Char(array) => Ok(Source::of(array.clone())),
        _ => Err(no_conversion("char", value)),
    }
}

fn cells_of(value: Value) -> Source<Value> {
    match value {
        Value::Cell(array) => Source::of(array),
        other => Source::One(other),
    }
}

#[cfg(test)]
mod tests;
