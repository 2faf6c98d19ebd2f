//! Putting values together: `[a, b]`, `[a; b]` and `{a, b}`.

use crate::fail::{class_of, fail, no_conversion};
use crate::{Array, Dims, ObjectArray, Result, RuntimeError, StructArray, Value, codes};
use std::rc::Rc;

/// `[a, b, …]`.
pub fn horzcat(parts: Vec<Value>) -> Result<Value> {
    concatenate(parts, 1)
}

/// `[a; b; …]`.
pub fn vertcat(parts: Vec<Value>) -> Result<Value> {
    concatenate(parts, 0)
}

/// `cat(dimension, a, b, …)`, the dimension counted from 0.
pub fn cat(dimension: usize, parts: Vec<Value>) -> Result<Value> {
    concatenate(parts, dimension)
}

/// `[a, b; c, d]`: each row by itself, then the rows. A cell anywhere makes every row one of cells.
pub fn build_matrix(rows: Vec<Vec<Value>>) -> Result<Value> {
    if let Some(matrix) = matrix_of_scalars(&rows) {
        return Ok(matrix);
    }
    let mut rows = rows;
    if rows.len() == 1 {
        return horzcat(rows.pop().unwrap_or_default());
    }
    let has_cell = rows
        .iter()
        .flatten()
        .any(|part| matches!(part, Value::Cell(_)));
    let mut parts = Vec::with_capacity(rows.len());
    for mut row in rows {
        if has_cell && !row.iter().any(|part| matches!(part, Value::Cell(_))) {
            row.retain(|part| !is_nothing(part));
            row = row
                .into_iter()
                .map(|part| Value::cell(Array::row(vec![part])))
                .collect();
        }
        parts.push(horzcat(row)?);
    }
    vertcat(parts)
}

/// The common case: nothing but double scalars.
fn matrix_of_scalars(rows: &[Vec<Value>]) -> Option<Value> {
    let columns = rows.first()?.len();
    let is_plain = rows
        .iter()
        .all(|row| row.len() == columns && row.iter().all(|part| matches!(part, Value::Double(_))));
    if !is_plain || columns == 0 {
        return None;
    }
    let mut data = Vec::with_capacity(rows.len() * columns);
    for column in 0..columns {
        data.extend(rows.iter().filter_map(|row| row[column].as_number()));
    }
    Some(Value::doubles(Array::new(
        Dims::new(rows.len(), columns),
        data,
    )))
}

/// `{a, b; c, d}`: every part becomes one cell, cells among them too.
pub fn build_cell(rows: Vec<Vec<Value>>) -> Result<Value> {
    let mut rows: Vec<Vec<Value>> = rows.into_iter().filter(|row| !row.is_empty()).collect();
    if rows.len() <= 1 {
        return Ok(Value::cell_row(rows.pop().unwrap_or_default()));
    }
    let columns = rows[0].len();
    if rows.iter().any(|row| row.len() != columns) {
        return Err(size_error());
    }
    let dims = Dims::checked(&[rows.len(), columns])?;
    let mut data = Vec::with_capacity(dims.count());
    for column in 0..columns {
        data.extend(rows.iter_mut().map(|row| std::mem::take(&mut row[column])));
    }
    Ok(Value::cell(Array::new(dims, data)))
}

fn size_error() -> RuntimeError {
    fail(
        &codes::CONCAT_SIZE,
        "Dimensions of arrays being concatenated are not consistent.",
    )
}

/// The class of the result, strongest last.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Class {
    Logical,
    Double,
    Char,
    Struct,
    /// Values that make no arrays.
    Single,
    Cell,
}

fn class(value: &Value) -> Class {
    match value {
        Value::Bool(_) | Value::BoolArray(_) => Class::Logical,
        Value::Double(_) | Value::DoubleArray(_) => Class::Double,
        Value::Char(_) => Class::Char,
        Value::Struct(_) => Class::Struct,
        Value::Cell(_) => Class::Cell,
        Value::Function(_) | Value::Exception(_) | Value::Object(_) => Class::Single,
        Value::Undefined | Value::Colon | Value::List(_) => {
            unreachable!("internal values are not concatenated")
        }
    }
}

/// Whether it is `[]`, which vanishes between values of any class.
fn is_nothing(value: &Value) -> bool {
    matches!(value, Value::DoubleArray(array) if *array.dims() == Dims::new(0, 0))
}

fn concatenate(mut parts: Vec<Value>, dimension: usize) -> Result<Value> {
    if parts.len() == 1 {
        return Ok(parts.pop().unwrap_or_default());
    }
    let Some(result) = parts.iter().map(class).max() else {
        return Ok(Value::empty());
    };
    match result {
        Class::Logical => {
            let arrays = arrays_of(parts, |part| match part {
                Value::Bool(truth) => Piece::One(truth),
                Value::BoolArray(array) => Piece::Many(array),
                _ => unreachable!("the strongest class is logical"),
            });
            Ok(Value::bools(joined(arrays, dimension)?))
        }
        Class::Double => {
            let arrays = arrays_of(parts, |part| match part {
                Value::Double(number) => Piece::One(number),
                Value::DoubleArray(array) => Piece::Many(array),
                Value::Bool(truth) => Piece::One(f64::from(u8::from(truth))),
                Value::BoolArray(array) => converted(&array, |x| f64::from(u8::from(*x))),
                _ => unreachable!("the strongest class is double"),
            });
            Ok(Value::doubles(joined(arrays, dimension)?))
        }
        Class::Char => {
            let arrays = arrays_of(parts, |part| match part {
                Value::Double(number) => Piece::One(number as u16),
                Value::DoubleArray(array) => converted(&array, |x| *x as u16),
                Value::Bool(truth) => Piece::One(u16::from(truth)),
                Value::BoolArray(array) => converted(&array, |x| u16::from(*x)),
                Value::Char(array) => Piece::Many(array),
                _ => unreachable!("the strongest class is char"),
            });
            Ok(Value::chars(joined(arrays, dimension)?))
        }
        Class::Cell => {
            // `[c, []]` is c, but `[c, '']` appends a cell.
            parts.retain(|part| !matches!(part, Value::DoubleArray(array) if array.count() == 0));
            let arrays = arrays_of(parts, |part| match part {
                Value::Cell(array) => Piece::Many(array),
                other => Piece::One(other),
            });
            Ok(Value::cell(joined(arrays, dimension)?))
        }
        Class::Struct => join_structs(parts, dimension),
        Class::Single => {
            parts.retain(|part| !is_nothing(part));
            if parts.len() == 1 {
                return Ok(parts.pop().unwrap_or_default());
            }
            let class = parts[0].class_name();
            if parts.iter().all(|part| part.class_name() == class)
                && let Some(arrays) = parts
                    .iter()
                    .map(ObjectArray::of)
                    .collect::<Option<Vec<_>>>()
            {
                let pieces = arrays.into_iter().map(|array| Piece::Many(Rc::new(array)));
                return Ok(ObjectArray::value(
                    class,
                    joined(pieces.collect(), dimension)?,
                ));
            }
            Err(no_arrays(&parts))
        }
    }
}

fn no_arrays(parts: &[Value]) -> RuntimeError {
    let single = parts
        .iter()
        .find(|part| class(part) == Class::Single)
        .unwrap_or(&parts[0]);
    let message = match single {
        Value::Function(_) => {
            "Nonscalar arrays of function handles are not allowed; use cell arrays instead.".into()
        }
        _ => format!(
            "Nonscalar arrays of class '{}' are not allowed; use cell arrays instead.",
            class_of(single)
        ),
    };
    fail(&codes::CONCAT_HANDLES, message)
}

/// A part of a concatenation.
enum Piece<T> {
    One(T),
    Many(Rc<Array<T>>),
}

impl<T> Piece<T> {
    fn dims(&self) -> Dims {
        match self {
            Piece::One(_) => Dims::scalar(),
            Piece::Many(array) => array.dims().clone(),
        }
    }

    fn data(&self) -> &[T] {
        match self {
            Piece::One(element) => std::slice::from_ref(element),
            Piece::Many(array) => array.data(),
        }
    }
}

fn arrays_of<T>(parts: Vec<Value>, piece: impl Fn(Value) -> Piece<T>) -> Vec<Piece<T>> {
    parts.into_iter().map(piece).collect()
}

fn converted<T, U>(array: &Array<U>, f: impl Fn(&U) -> T) -> Piece<T> {
    let data = array.data().iter().map(f).collect();
    Piece::Many(Rc::new(Array::new(array.dims().clone(), data)))
}

fn joined<T: Clone>(mut pieces: Vec<Piece<T>>, dimension: usize) -> Result<Array<T>> {
    let sizes: Vec<Dims> = pieces.iter().map(Piece::dims).collect();
    let (dims, taken) = joined_dims(&sizes, dimension)?;
    // `[a, x]` with an `a` that nobody else holds appends to it.
    if let [first, rest @ ..] = &taken[..]
        && is_contiguous(&sizes[*first], dimension)
        && let Piece::Many(array) = &mut pieces[*first]
        && Rc::get_mut(array).is_some()
    {
        let own = std::mem::replace(array, Rc::new(Array::empty()));
        let (_, mut data) = Rc::unwrap_or_clone(own).into_parts();
        rest.iter()
            .for_each(|at| data.extend_from_slice(pieces[*at].data()));
        return Ok(Array::new(dims, data));
    }
    let chunks: Vec<(usize, &[T])> = taken
        .iter()
        .map(|at| {
            // Elements that lie together in this piece, up to and with the dimension.
            let chunk = (0..=dimension).map(|d| sizes[*at].get(d)).product();
            (chunk, pieces[*at].data())
        })
        .collect();
    let blocks: usize = (dimension + 1..dims.rank()).map(|d| dims.get(d)).product();
    let mut data = Vec::with_capacity(dims.count());
    for block in 0..blocks {
        for (chunk, elements) in &chunks {
            data.extend_from_slice(&elements[block * chunk..(block + 1) * chunk]);
        }
    }
    Ok(Array::new(dims, data))
}

/// Whether all elements of a piece, and so of every piece that fits it, lie together in the result.
fn is_contiguous(dims: &Dims, dimension: usize) -> bool {
    (dimension + 1..dims.rank()).all(|at| dims.get(at) == 1)
}

/// The dimensions of the result and the pieces that take part: `[]`, and rows or columns without
/// elements, give way to pieces that have some.
fn joined_dims(sizes: &[Dims], dimension: usize) -> Result<(Dims, Vec<usize>)> {
    let gives_way = |dims: &Dims| {
        dims.rank() == 2 && dims.count() == 0 && dims.as_slice().iter().all(|size| *size <= 1)
    };
    let has_elements = sizes.iter().any(|dims| !gives_way(dims));
    let nothing = Dims::new(0, 0);
    let all: Vec<usize> = (0..sizes.len())
        .filter(|at| sizes[*at] != nothing)
        .collect();
    // Those that fit need not give way: `[zeros(2, 0); zeros(1, 0)]` is 3 × 0.
    if let Some(dims) = fitting_dims(sizes, &all, dimension) {
        return Ok((Dims::checked(&dims)?, all));
    }
    let mut taken: Vec<usize> = (0..sizes.len())
        .filter(|at| {
            if has_elements {
                !gives_way(&sizes[*at])
            } else {
                sizes[*at] != nothing
            }
        })
        .collect();
    if !has_elements && !taken.is_empty() {
        // Only empty rows and columns: the first kind stands for all.
        let first = sizes[taken[0]].clone();
        taken.retain(|at| sizes[*at] == first);
    }
    if taken.is_empty() {
        return Ok((nothing, taken));
    }
    let dims = fitting_dims(sizes, &taken, dimension).ok_or_else(size_error)?;
    Ok((Dims::checked(&dims)?, taken))
}

/// The dimensions of the pieces put together, where they differ in no other dimension.
fn fitting_dims(sizes: &[Dims], taken: &[usize], dimension: usize) -> Option<Vec<usize>> {
    let first = &sizes[*taken.first()?];
    let ranks = sizes.iter().map(Dims::rank);
    let rank = ranks.max().unwrap_or(2).max(dimension + 1);
    let mut result: Vec<usize> = (0..rank).map(|at| first.get(at)).collect();
    result[dimension] = 0;
    for at in taken {
        let dims = &sizes[*at];
        if (0..rank).any(|d| d != dimension && dims.get(d) != first.get(d)) {
            return None;
        }
        result[dimension] += dims.get(dimension);
    }
    Some(result)
}

fn join_structs(mut parts: Vec<Value>, dimension: usize) -> Result<Value> {
    parts.retain(|part| !is_nothing(part));
    let mut arrays = Vec::with_capacity(parts.len());
    for part in parts {
        match part {
            Value::Struct(array) => arrays.push(array),
            other => return Err(no_conversion("struct", &other)),
        }
    }
    // An empty struct array without fields is nothing, too.
    if arrays
        .iter()
        .any(|array| !array.fields().is_empty() || array.count() > 0)
    {
        arrays.retain(|array| !array.fields().is_empty() || array.count() > 0);
    }
    let Some(first) = arrays.first().cloned() else {
        return Ok(Value::empty());
    };
    let sizes: Vec<Dims> = arrays.iter().map(|array| array.dims().clone()).collect();
    let (dims, _) = joined_dims(&sizes, dimension)?;
    let mut fields = Vec::with_capacity(first.fields().len());
    for (name, _) in first.fields() {
        let mut pieces = Vec::with_capacity(arrays.len());
        for array in &arrays {
            match array.get(name) {
                Some(values) if array.fields().len() == first.fields().len() => pieces.push(
                    Piece::Many(Rc::new(Array::new(array.dims().clone(), values.to_vec()))),
                ),
                _ => return Err(fields_differ()),
            }
        }
        fields.push((name.clone(), joined(pieces, dimension)?.into_parts().1));
    }
    if arrays
        .iter()
        .any(|array| array.fields().len() != first.fields().len())
    {
        return Err(fields_differ());
    }
    Ok(Value::Struct(Rc::new(StructArray::new(dims, fields))))
}

fn fields_differ() -> RuntimeError {
    fail(
        &codes::CONCAT_FIELDS,
        "Names of fields in structure arrays being concatenated do not match. Concatenation of \
         structure arrays requires that these arrays have the same set of field names.",
    )
}

#[cfg(test)]
mod tests;
