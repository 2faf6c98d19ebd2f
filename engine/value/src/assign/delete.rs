//! `a(…) = []`.

use crate::fail::{class_of, fail};
use crate::subscript::{Deletion, plan_deletion, quick};
use crate::{Array, ObjectArray, Result, StructArray, Value, codes};
use std::rc::Rc;

/// Deletes the selected elements of an array; what is left closes up.
pub fn delete(target: &mut Value, arguments: &[Value]) -> Result<()> {
    if arguments.is_empty() {
        return Err(fail(
            &codes::DELETE_SHAPE,
            "A null assignment must have at least one index.",
        ));
    }
    if let Some(array) = ObjectArray::of(target) {
        let mut array = Rc::new(array);
        delete_from(&mut array, arguments)?;
        *target = ObjectArray::value(class_of(target), Rc::unwrap_or_clone(array));
        return Ok(());
    }
    match target {
        Value::Double(number) => {
            let mut array = Rc::new(Array::row(vec![*number]));
            delete_from(&mut array, arguments)?;
            *target = Value::doubles(Rc::unwrap_or_clone(array));
        }
        Value::Bool(truth) => {
            let mut array = Rc::new(Array::row(vec![*truth]));
            delete_from(&mut array, arguments)?;
            *target = Value::bools(Rc::unwrap_or_clone(array));
        }
        Value::DoubleArray(array) => {
            delete_from(array, arguments)?;
            if let [only] = array.data() {
                *target = Value::Double(*only);
            }
        }
        Value::BoolArray(array) => {
            delete_from(array, arguments)?;
            if let [only] = array.data() {
                *target = Value::Bool(*only);
            }
        }
        Value::Char(array) => delete_from(array, arguments)?,
        Value::Cell(array) => delete_from(array, arguments)?,
        Value::Struct(array) => {
            let Some(Deletion { gone, dims }) = plan_deletion(array.dims(), arguments)? else {
                return Ok(());
            };
            let own = std::mem::replace(array, Rc::new(StructArray::scalar()));
            let (_, mut fields) = Rc::unwrap_or_clone(own).into_parts();
            for (_, values) in &mut fields {
                remove(values, &gone);
            }
            *array = Rc::new(StructArray::new(dims, fields));
        }
        Value::Undefined
        | Value::Function(_)
        | Value::Exception(_)
        | Value::Object(_)
        | Value::Colon
        | Value::List(_) => {
            return Err(fail(
                &codes::DELETE_SHAPE,
                format!(
                    "Elements of a value of class '{}' cannot be deleted.",
                    class_of(target)
                ),
            ));
        }
    }
    Ok(())
}

fn delete_from<T: Clone>(array: &mut Rc<Array<T>>, arguments: &[Value]) -> Result<()> {
    let is_row = array.dims().rank() == 2 && array.dims().rows() == 1;
    if let [Value::Double(at)] = arguments
        && is_row
        && let Some(at) = quick(*at, array.count())
    {
        // One element of a row: no flags are needed.
        let own = std::mem::replace(array, Rc::new(Array::empty()));
        let (_, mut data) = Rc::unwrap_or_clone(own).into_parts();
        data.remove(at);
        *array = Rc::new(Array::row(data));
        return Ok(());
    }
    let Some(Deletion { gone, dims }) = plan_deletion(array.dims(), arguments)? else {
        return Ok(());
    };
    let own = std::mem::replace(array, Rc::new(Array::empty()));
    let (_, mut data) = Rc::unwrap_or_clone(own).into_parts();
    remove(&mut data, &gone);
    *array = Rc::new(Array::new(dims, data));
    Ok(())
}

fn remove<T>(data: &mut Vec<T>, gone: &[bool]) {
    let mut flags = gone.iter();
    data.retain(|_| !flags.next().copied().unwrap_or(false));
}
