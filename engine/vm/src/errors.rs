//! The errors of the machine itself, each in one place.

use crate::future::Future;
use tourbillon_executor::CapacityExceeded;
use tourbillon_value::{ObjectId, RuntimeError, Value, build_runtime_error, codes};

pub(crate) fn undefined(name: &str) -> RuntimeError {
    build_runtime_error(format!("Unrecognized function or variable '{name}'."))
        .code(&codes::UNDEFINED_FUNCTION)
        .build()
}

/// A function that is not there was called; MATLAB names the class of what it was given.
pub(crate) fn undefined_call(name: &str, arguments: &[Value]) -> RuntimeError {
    let Some(first) = arguments.first() else {
        return undefined(name);
    };
    let class = first.class_name();
    build_runtime_error(format!(
        "Undefined function '{name}' for input arguments of type '{class}'."
    ))
    .code(&codes::UNDEFINED_FUNCTION)
    .build()
}

pub(crate) fn not_enough_inputs() -> RuntimeError {
    build_runtime_error("Not enough input arguments.")
        .code(&codes::NOT_ENOUGH_INPUTS)
        .build()
}

/// An input that was not given is used: to Octave a variable that is not there.
pub(crate) fn missing_input() -> RuntimeError {
    build_runtime_error("Not enough input arguments.")
        .code(&codes::MISSING_INPUT)
        .build()
}

pub(crate) fn too_many_inputs(of_library: bool) -> RuntimeError {
    let code = if of_library {
        &codes::MAX_INPUTS
    } else {
        &codes::TOO_MANY_INPUTS
    };
    build_runtime_error("Too many input arguments.")
        .code(code)
        .build()
}

pub(crate) fn too_many_outputs(of_library: bool) -> RuntimeError {
    let code = if of_library {
        &codes::MAX_OUTPUTS
    } else {
        &codes::TOO_MANY_OUTPUTS
    };
    build_runtime_error("Too many output arguments.")
        .code(code)
        .build()
}

/// `narginchk` and `nargoutchk`.
pub(crate) fn wrong_count(is_of_inputs: bool, is_few: bool) -> RuntimeError {
    let (code, message) = match (is_of_inputs, is_few) {
        (true, true) => (&codes::NARGINCHK_FEW, "Not enough input arguments."),
        (true, false) => (&codes::NARGINCHK_MANY, "Too many input arguments."),
        (false, true) => (&codes::NARGOUTCHK_FEW, "Not enough output arguments."),
        (false, false) => (&codes::NARGOUTCHK_MANY, "Too many output arguments."),
    };
    build_runtime_error(message).code(code).build()
}

pub(crate) fn unassigned_output(output: &str, function: &str) -> RuntimeError {
    build_runtime_error(format!(
        "Output argument \"{output}\" (and possibly others) not assigned a value in the execution \
         with \"{function}\" function."
    ))
    .code(&codes::UNASSIGNED_OUTPUT)
    .build()
}

pub(crate) fn recursion_limit(limit: usize) -> RuntimeError {
    build_runtime_error(format!("Maximum recursion limit of {limit} reached."))
        .code(&codes::RECURSION_LIMIT)
        .build()
}

pub(crate) fn cancelled(future: ObjectId) -> RuntimeError {
    build_runtime_error("The future was cancelled.")
        .identifier("async:Cancelled")
        .cancellation(future)
        .build()
}

pub(crate) fn execution_cancelled() -> RuntimeError {
    build_runtime_error("The execution was cancelled by the host.")
        .identifier("async:ExecutionCancelled")
        .uncatchable()
        .build()
}

pub(crate) fn timeout(seconds: f64) -> RuntimeError {
    build_runtime_error(format!("The wait timed out after {seconds} s."))
        .identifier("async:Timeout")
        .build()
}

pub(crate) fn invalid_timeout() -> RuntimeError {
    build_runtime_error("A timeout must be a real number of seconds that is not negative.")
        .identifier("async:InvalidTimeout")
        .build()
}

pub(crate) fn already_completed(future: &Future) -> RuntimeError {
    build_runtime_error(format!(
        "The future is already complete; its state is '{}'.",
        future.state().name()
    ))
    .identifier("async:AlreadyCompleted")
    .build()
}

pub(crate) fn self_resolution() -> RuntimeError {
    build_runtime_error("A future cannot be resolved with itself.")
        .identifier("async:SelfResolution")
        .build()
}

pub(crate) fn invalid_await(what: &str) -> RuntimeError {
    build_runtime_error(what)
        .identifier("async:InvalidAwait")
        .build()
}

pub(crate) fn deadlock(report: &str) -> RuntimeError {
    build_runtime_error(format!("Deadlock: {report}"))
        .identifier("async:Deadlock")
        .build()
}

pub(crate) fn capacity_exceeded(exceeded: CapacityExceeded) -> RuntimeError {
    build_runtime_error(exceeded.to_string())
        .identifier("async:CapacityExceeded")
        .build()
}

pub(crate) fn session_busy() -> RuntimeError {
    build_runtime_error("The session is executing already.")
        .identifier("async:SessionBusy")
        .build()
}

pub(crate) fn wrong_argument(function: &str, position: usize, wanted: &str) -> RuntimeError {
    build_runtime_error(format!("{function}: argument {position} must be {wanted}."))
        .identifier("async:InvalidArgument")
        .build()
}
