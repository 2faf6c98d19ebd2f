//! What instructions do with values that are no scalars: members, literals, deletion, devices.

use super::*;
use tourbillon_value::ObjectArray;

/// `x(1)` of what is always one.
pub(super) fn is_only_one(arguments: &[Value]) -> bool {
    arguments
        .iter()
        .all(|argument| matches!(argument, Value::Colon) || argument.as_number() == Some(1.0))
}

pub(super) fn not_indexable(value: &Value) -> RuntimeError {
    build_runtime_error(format!(
        "A value of class '{}' cannot be indexed.",
        value.class_name()
    ))
    .code(&codes::BAD_SUBSCRIPT)
    .build()
}

pub(super) fn no_member(value: &Value, name: &str) -> RuntimeError {
    build_runtime_error(format!(
        "Unrecognized method, property, or field '{name}' for class '{}'.",
        value.class_name()
    ))
    .identifier("MATLAB:noSuchMethodOrField")
    .build()
}

pub(super) fn field_name(value: &Value) -> Result<String> {
    value.as_text().ok_or_else(|| {
        build_runtime_error(
            "Argument to dynamic structure reference must evaluate to a valid field name.",
        )
        .identifier("MATLAB:structRefBadFieldName")
        .build()
    })
}

/// `value.name` where no call is needed: `None` when an object has a method of that name instead.
pub(super) fn member(machine: &Machine, value: &Value, name: &str) -> Result<Option<Vec<Value>>> {
    match value {
        Value::Exception(error) => {
            match exception::property(error, name, machine.options.namespace) {
                Some(value) => Ok(Some(vec![value])),
                None if tourbillon_builtins::lookup(name).is_some() => Ok(None),
                None => Err(no_member(value, name)),
            }
        }
        Value::Object(object) if object.downcast_ref::<ObjectArray>().is_some() => {
            match tourbillon_builtins::lookup(name) {
                Some(_) => Ok(None),
                None => index::field(value, name).map(Some),
            }
        }
        Value::Object(object) => match object.property(name) {
            Some(value) => Ok(Some(vec![value?])),
            None if tourbillon_builtins::lookup(name).is_some() => Ok(None),
            None => Err(no_member(value, name)),
        },
        _ => index::field(value, name).map(Some),
    }
}

pub(super) fn one_of(mut values: Vec<Value>) -> Result<Value> {
    match values.len() {
        1 => Ok(values.pop().expect("there is one")),
        0 => Err(build_runtime_error(
            "Insufficient number of outputs from right hand side of equal sign to satisfy assignment.",
        )
        .code(&codes::NEED_MORE_VALUES)
        .build()),
        _ => Ok(values.swap_remove(0)),
    }
}

/// How many results an assignment may ask for.
pub(super) fn wanted_results(count: f64) -> Result<u8> {
    if count > 250.0 {
        return Err(build_runtime_error("An assignment has more than 250 targets.").build());
    }
    Ok(count as u8)
}

/// How many elements of a value the indices address; a value that does not exist has none.
pub(super) fn addressed(value: &Value, indices: &[Value]) -> usize {
    indices
        .iter()
        .enumerate()
        .map(|(position, index)| match index {
            Value::Colon if value.is_undefined() => 0,
            Value::Colon => index::end_of(value, position, indices.len()),
            Value::BoolArray(truths) => truths.data().iter().filter(|truth| **truth).count(),
            Value::Bool(truth) => usize::from(*truth),
            other => other.count(),
        })
        .product()
}

/// Spreads lists among the elements of a literal and cuts them into rows.
pub(super) fn rows(elements: Vec<Value>, shape: &[u16]) -> Vec<Vec<Value>> {
    let mut elements = elements.into_iter();
    shape
        .iter()
        .map(|count| {
            let mut row = Vec::with_capacity(usize::from(*count));
            for element in elements.by_ref().take(usize::from(*count)) {
                match element {
                    Value::List(list) => row.extend(list.iter().cloned()),
                    single => row.push(single),
                }
            }
            row
        })
        .collect()
}

/// `place(…) = []` at the end of a path: the place is read, shortened and written back, so that a
/// failure leaves everything as it was.
pub(super) fn delete(target: &mut Value, steps: &[PathStep]) -> Result<()> {
    let Some((PathStep::Paren(arguments), prefix)) = steps.split_last() else {
        unreachable!("the compiler ends a deletion with (…)")
    };
    if prefix.is_empty() {
        return assign::delete(target, arguments);
    }
    let mut place = target.clone();
    for step in prefix {
        place = match step {
            PathStep::Paren(arguments) => index::paren(&place, arguments)?,
            PathStep::Brace(arguments) => one_of(index::brace(&place, arguments)?)?,
            PathStep::Field(name) => one_of(index::field(&place, name)?)?,
        };
    }
    assign::delete(&mut place, arguments)?;
    assign::assign(target, prefix, place)
}

/// Operators on device arrays are the device's.
pub(super) fn device_binary(
    machine: &Machine,
    op: BinaryOp,
    left: &Value,
    right: &Value,
) -> Option<Result<Value>> {
    match (left, right) {
        (Value::Object(_), _) | (_, Value::Object(_)) => {
            tourbillon_builtins::device_binary(machine, op, left, right)
        }
        _ => None,
    }
}

pub(super) fn device_unary(
    machine: &Machine,
    op: UnaryOp,
    operand: &Value,
) -> Option<Result<Value>> {
    match operand {
        Value::Object(_) => tourbillon_builtins::device_unary(machine, op, operand),
        _ => None,
    }
}
