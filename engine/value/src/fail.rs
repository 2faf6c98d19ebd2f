//! The errors that several modules raise, with MATLAB's words.

use crate::{Code, Dims, RuntimeError, Value, build_runtime_error, codes};

/// An error of the engine with one of its own identifiers.
pub(crate) fn fail(code: &'static Code, message: impl Into<std::rc::Rc<str>>) -> RuntimeError {
    build_runtime_error(message).code(code).build()
}

/// `2-by-3`, as in the messages of assignments.
pub(crate) fn by(dims: &Dims) -> String {
    let sizes: Vec<String> = dims.as_slice().iter().map(usize::to_string).collect();
    sizes.join("-by-")
}

/// Name of a value's class also where an internal value got through to a message.
pub(crate) fn class_of(value: &Value) -> &str {
    match value {
        Value::Undefined => "undefined",
        Value::Colon => "char",
        Value::List(_) => "comma-separated list",
        _ => value.class_name(),
    }
}

/// `Conversion to double from cell is not possible.`
pub(crate) fn no_conversion(to: &str, from: &Value) -> RuntimeError {
    fail(
        &codes::INVALID_CONVERSION,
        format!(
            "Conversion to {to} from {} is not possible.",
            class_of(from)
        ),
    )
}

/// Element by element, sizes that do not match.
pub(crate) fn size_mismatch() -> RuntimeError {
    fail(
        &codes::SIZE_MISMATCH,
        "Arrays have incompatible sizes for this operation.",
    )
}

/// NaN where a truth is wanted.
pub(crate) fn nan_to_logical() -> RuntimeError {
    fail(
        &codes::NAN_TO_LOGICAL,
        "NaN values cannot be converted to logicals.",
    )
}

/// An operator that does not take operands of that class.
pub(crate) fn unsupported_operand(symbol: &str, operand: &Value) -> RuntimeError {
    fail(
        &codes::UNSUPPORTED_OPERANDS,
        format!(
            "Operator '{symbol}' is not supported for operands of type '{}'.",
            class_of(operand)
        ),
    )
}
