//! Structs: made, and their fields named, set, taken away.

use crate::inputs::{coded, failure, text, text_or_texts};
use crate::table::plain;
use crate::types::is_name;
use crate::{Call, Entry, Outputs, codes, one};
use std::rc::Rc;
use tourbillon_value::{Array, Dims, Result, StructArray, StructFields, Value, index};

pub(crate) static TABLE: &[Entry] = &[
    plain(
        "cell2struct",
        2,
        3,
        1,
        cell2struct,
        "s = cell2struct(c, names, dim): a struct array from cells and field names",
    ),
    plain(
        "fieldnames",
        1,
        1,
        1,
        fieldnames,
        "c = fieldnames(s): the names of the fields, as a column",
    ),
    plain(
        "getfield",
        2,
        u8::MAX,
        1,
        getfield,
        "v = getfield(s, name, …): the value of a field, also nested",
    ),
    plain(
        "isfield",
        2,
        2,
        1,
        isfield,
        "tf = isfield(s, name), isfield(s, cell): whether there is such a field",
    ),
    plain(
        "numfields",
        1,
        1,
        1,
        numfields,
        "n = numfields(s): number of fields",
    ),
    plain(
        "orderfields",
        1,
        1,
        1,
        orderfields,
        "s = orderfields(s): fields in alphabetical order",
    ),
    plain(
        "rmfield",
        2,
        2,
        1,
        rmfield,
        "s = rmfield(s, name), rmfield(s, cell): without a field",
    ),
    plain(
        "setfield",
        3,
        u8::MAX,
        1,
        setfield,
        "s = setfield(s, name, …, v): with a field set, also nested",
    ),
    plain(
        "struct",
        0,
        u8::MAX,
        1,
        structure,
        "s = struct(name, value, …): a struct; cells make a struct array",
    ),
    plain(
        "struct2cell",
        1,
        1,
        1,
        struct2cell,
        "c = struct2cell(s): the values of the fields, as a column",
    ),
];

fn structure(call: &mut Call<'_>) -> Result<Outputs> {
    match &*call.arguments {
        [] => return Ok(one(Value::structure(&[]))),
        [only @ Value::Struct(_)] => return Ok(one(only.clone())),
        [Value::DoubleArray(array)] if array.count() == 0 => {
            let none = StructArray::new(Dims::new(0, 0), Vec::new());
            return Ok(one(Value::Struct(Rc::new(none))));
        }
        _ => {}
    }
    if call.arguments.len() % 2 == 1 {
        return Err(coded(
            &codes::STRUCT_PAIRS,
            "Field and value input arguments must come in pairs.",
        ));
    }
    // The first cell that is not 1 × 1 gives the size; all others must have it.
    let mut dims = Dims::scalar();
    let mut sized_by = 0;
    for (pair, arguments) in call.arguments.chunks(2).enumerate() {
        if let Value::Cell(cell) = &arguments[1]
            && !cell.dims().is_scalar()
        {
            if sized_by == 0 {
                dims = cell.dims().clone();
                sized_by = 2 * pair + 2;
            } else if *cell.dims() != dims {
                return Err(coded(
                    &codes::STRUCT_SIZE_MISMATCH,
                    format!(
                        "Array dimensions of input {} must match those of input {sized_by} or be scalar.",
                        2 * pair + 2
                    ),
                ));
            }
        }
    }
    let count = dims.count();
    let mut fields = StructFields::new();
    for arguments in call.arguments.chunks(2) {
        let name = text(call.name, &arguments[0])?;
        if !is_name(&name) {
            return Err(coded(
                &codes::BAD_FIELD_NAME,
                format!("Invalid field name \"{name}\"."),
            ));
        }
        let values = match &arguments[1] {
            Value::Cell(cell) if cell.dims().is_scalar() => vec![cell.data()[0].clone(); count],
            Value::Cell(cell) => cell.data().to_vec(),
            value => vec![value.clone(); count],
        };
        match fields.iter_mut().find(|(field, _)| **field == *name) {
            // The last of several values stays, as Octave has it.
            Some((_, old)) => *old = values,
            None => fields.push((name.into(), values)),
        }
    }
    Ok(one(Value::Struct(Rc::new(StructArray::new(dims, fields)))))
}

/// The names of the fields that a value has.
fn names(value: &Value) -> Option<Vec<String>> {
    match value {
        Value::Struct(array) => Some(
            array
                .fields()
                .iter()
                .map(|(name, _)| name.to_string())
                .collect(),
        ),
        Value::Exception(_) => Some(
            ["identifier", "message", "cause", "stack"]
                .map(str::to_owned)
                .to_vec(),
        ),
        Value::Object(object) if object.downcast_ref::<crate::MapObject>().is_some() => Some(
            ["Count", "KeyType", "ValueType"]
                .map(str::to_owned)
                .to_vec(),
        ),
        _ => None,
    }
}

fn fieldnames(call: &mut Call<'_>) -> Result<Outputs> {
    let value = &call.arguments[0];
    let names = names(value).ok_or_else(|| {
        coded(
            &codes::FIELDNAMES_INPUT,
            format!(
                "Invalid input argument of type '{}'. Input must be a structure or a Java or COM object.",
                value.class_name()
            ),
        )
    })?;
    let names = names.iter().map(|name| Value::text(name)).collect();
    Ok(one(Value::cell(Array::column(names))))
}

fn numfields(call: &mut Call<'_>) -> Result<Outputs> {
    let count = match &call.arguments[0] {
        Value::Struct(array) => array.fields().len(),
        _ => 0,
    };
    Ok(one(count as f64))
}

fn isfield(call: &mut Call<'_>) -> Result<Outputs> {
    let has = |name: &Value| match (&call.arguments[0], name.as_text()) {
        (Value::Struct(array), Some(name)) => array.get(&name).is_some(),
        _ => false,
    };
    Ok(one(match &call.arguments[1] {
        Value::Cell(cell) => Value::bools(Array::new(
            cell.dims().clone(),
            cell.data().iter().map(has).collect(),
        )),
        name => Value::Bool(has(name)),
    }))
}

/// The first argument as a struct that may be changed.
fn take_struct(call: &mut Call<'_>) -> Result<(Dims, StructFields)> {
    match std::mem::take(&mut call.arguments[0]) {
        Value::Struct(array) => Ok(Rc::unwrap_or_clone(array).into_parts()),
        _ => Err(failure(format!(
            "{}: the first argument must be a struct.",
            call.name
        ))),
    }
}

fn rmfield(call: &mut Call<'_>) -> Result<Outputs> {
    let gone = text_or_texts(&call.arguments[1])
        .ok_or_else(|| failure("FIELDNAMES must be a character vector or a cell array of them."))?;
    let (dims, mut fields) = take_struct(call)?;
    for name in gone {
        let at = fields
            .iter()
            .position(|(field, _)| **field == *name)
            .ok_or_else(|| {
                coded(
                    &codes::RMFIELD_NAME,
                    format!("A field named '{name}' doesn't exist."),
                )
            })?;
        fields.remove(at);
    }
    Ok(one(Value::Struct(Rc::new(StructArray::new(dims, fields)))))
}

fn orderfields(call: &mut Call<'_>) -> Result<Outputs> {
    let (dims, mut fields) = take_struct(call)?;
    fields.sort_by(|(a, _), (b, _)| a.cmp(b));
    Ok(one(Value::Struct(Rc::new(StructArray::new(dims, fields)))))
}

fn getfield(call: &mut Call<'_>) -> Result<Outputs> {
    let mut value = call.arguments[0].clone();
    for step in &call.arguments[1..] {
        value = match step {
            Value::Cell(place) => index::paren(&value, place.data())?,
            name => {
                let name = text(call.name, name)?;
                index::field(&value, &name)?
                    .into_iter()
                    .next()
                    .ok_or_else(|| failure("getfield: the struct array is empty."))?
            }
        };
    }
    Ok(one(value))
}

fn set(value: Value, path: &[String], new: Value) -> Result<Value> {
    let Some((name, rest)) = path.split_first() else {
        return Ok(new);
    };
    if !is_name(name) {
        return Err(coded(
            &codes::BAD_FIELD_NAME,
            format!("Invalid field name \"{name}\"."),
        ));
    }
    let mut array = match value {
        Value::Struct(array) if array.dims().is_scalar() => Rc::unwrap_or_clone(array),
        value if value.is_empty() => StructArray::scalar(),
        Value::Struct(_) => {
            return Err(coded(
                &codes::SCALAR_STRUCT_REQUIRED,
                "Scalar structure required for this assignment.",
            ));
        }
        _ => {
            return Err(coded(
                &codes::DOT_WRITE,
                "Unable to perform assignment because dot indexing is not supported for variables of this type.",
            ));
        }
    };
    let inner = match array.get_mut(name) {
        Some(values) => std::mem::take(&mut values[0]),
        None => Value::empty(),
    };
    let inner = set(inner, rest, new)?;
    array.set(name, inner);
    Ok(Value::Struct(Rc::new(array)))
}

fn setfield(call: &mut Call<'_>) -> Result<Outputs> {
    let last = call.arguments.len() - 1;
    let path = call.arguments[1..last]
        .iter()
        .map(|name| text(call.name, name))
        .collect::<Result<Vec<_>>>()?;
    let value = std::mem::take(&mut call.arguments[0]);
    let new = std::mem::take(&mut call.arguments[last]);
    Ok(one(set(value, &path, new)?))
}

fn struct2cell(call: &mut Call<'_>) -> Result<Outputs> {
    let (dims, fields) = take_struct(call)?;
    let mut sizes = vec![fields.len()];
    // Of a struct array: one column of values for each element.
    if !dims.is_scalar() {
        sizes.extend_from_slice(dims.as_slice());
    } else {
        sizes.push(1);
    }
    let mut data = Vec::new();
    for at in 0..dims.count() {
        data.extend(fields.iter().map(|(_, values)| values[at].clone()));
    }
    Ok(one(Value::cell(Array::new(Dims::from_slice(&sizes), data))))
}

fn cell2struct(call: &mut Call<'_>) -> Result<Outputs> {
    let Value::Cell(cell) = &call.arguments[0] else {
        return Err(failure(
            "cell2struct: the first argument must be a cell array.",
        ));
    };
    let names = text_or_texts(&call.arguments[1])
        .ok_or_else(|| failure("cell2struct: the field names must be character vectors."))?;
    let along = match call.arguments.get(2) {
        Some(at) => crate::inputs::dimension(at)?,
        None => 0,
    };
    let dims = cell.dims();
    if dims.rank() > 2 || along > 1 {
        return Err(failure("cell2struct: only two dimensions are supported."));
    }
    if dims.get(along) != names.len() {
        return Err(failure(
            "Number of field names must match number of fields in new structure.",
        ));
    }
    if let Some(name) = names.iter().find(|name| !is_name(name)) {
        return Err(coded(
            &codes::BAD_FIELD_NAME,
            format!("Invalid field name \"{name}\"."),
        ));
    }
    let count = dims.get(1 - along);
    let fields = names
        .iter()
        .enumerate()
        .map(|(field, name)| {
            let values = (0..count)
                .map(|at| {
                    let (row, column) = if along == 0 { (field, at) } else { (at, field) };
                    cell.data()[column * dims.rows() + row].clone()
                })
                .collect();
            (Rc::from(name.as_str()), values)
        })
        .collect();
    let array = StructArray::new(Dims::new(count, 1), fields);
    Ok(one(Value::Struct(Rc::new(array))))
}

#[cfg(test)]
mod tests {
    use crate::testing::check;

    #[test]
    fn structs_are_made_and_changed() {
        check(&[
            ("struct('a', 1, 'b', 'x')", "<a=1,b='x'>"),
            ("struct('a', {1 2})", "struct[<a=1> <a=2>]"),
            ("struct('a', {1 2}, 'b', 5)", "struct[<a=1,b=5> <a=2,b=5>]"),
            ("struct('a', {{1 2}})", "<a={1 2}>"),
            ("struct('a', {})", "struct[0x0]"),
            (
                "struct('a')",
                "error: MATLAB:structPairs: Field and value input arguments must come in pairs.",
            ),
            (
                "struct('a', {1 2}, 'b', {1 2 3})",
                "error: MATLAB:structSizeMismatch: Array dimensions of input 4 must match those of input 2 or be scalar.",
            ),
            (
                "struct('1a', 1)",
                "error: MATLAB:AddField:InvalidFieldName: Invalid field name \"1a\".",
            ),
            ("fieldnames(struct('a', 1, 'b', 2))", "{'a'; 'b'}"),
            (
                "fieldnames(3)",
                "error: MATLAB:fieldnames:InvalidInput: Invalid input argument of type 'double'. Input must be a structure or a Java or COM object.",
            ),
            ("isfield(struct('a', 1), 'a')", "true"),
            ("isfield(struct('a', 1), {'a' 'b'})", "[true false]"),
            ("isfield(5, 'a')", "false"),
            ("rmfield(struct('a', 1, 'b', 2), 'a')", "<b=2>"),
            (
                "rmfield(struct('a', 1), 'b')",
                "error: MATLAB:rmfield:InvalidFieldname: A field named 'b' doesn't exist.",
            ),
            ("setfield(struct('a', 1), 'b', 2)", "<a=1,b=2>"),
            ("setfield(struct('a', 1), 'b', 'c', 2)", "<a=1,b=<c=2>>"),
            ("getfield(struct('a', struct('b', 7)), 'a', 'b')", "7"),
            (
                "getfield(struct('a', 1), 'b')",
                "error: MATLAB:nonExistentField: Unrecognized field name \"b\".",
            ),
            ("orderfields(struct('b', 1, 'a', 2))", "<a=2,b=1>"),
            ("struct2cell(struct('a', 1, 'b', 'x'))", "{1; 'x'}"),
            ("cell2struct({1; 2}, {'a' 'b'}, 1)", "<a=1,b=2>"),
            (
                "cell2struct({1 2; 3 4}, {'a' 'b'}, 2)",
                "struct[<a=1,b=2>; <a=3,b=4>]",
            ),
            ("numfields(struct('a', 1))", "1"),
        ]);
    }
}
