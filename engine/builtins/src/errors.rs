//! Errors: thrown, made, thrown again, looked at.

use crate::inputs::{coded, failure, text};
use crate::strings::message;
use crate::table::plain;
use crate::{Call, Context, Entry, Outputs, codes, one};
use tourbillon_value::{Result, RuntimeError, StackFrame, Value, build_runtime_error, ops};

pub(crate) static TABLE: &[Entry] = &[
    plain(
        "MException",
        2,
        u8::MAX,
        1,
        mexception,
        "e = MException(id, template, values…): an error, not yet thrown",
    ),
    plain(
        "addCause",
        2,
        2,
        1,
        add_cause,
        "e = addCause(e, cause): the error with one more cause",
    ),
    plain(
        "assert",
        1,
        u8::MAX,
        0,
        assert,
        "assert(tf, message…): throws when it is not true",
    ),
    plain(
        "error",
        1,
        u8::MAX,
        0,
        error,
        "error(message), error(template, values…), error(id, template, values…), error(s): throws",
    ),
    plain(
        "getReport",
        1,
        3,
        1,
        get_report,
        "s = getReport(e): the error with its calls and causes, as text",
    ),
    plain(
        "lasterr",
        0,
        2,
        2,
        lasterr,
        "[message, id] = lasterr(): the last error",
    ),
    plain(
        "rethrow",
        0,
        1,
        0,
        rethrow,
        "rethrow(e), rethrow(): throws an error again, its calls kept; alone the last one caught",
    ),
    plain(
        "throw",
        1,
        1,
        0,
        throw,
        "throw(e): throws an error from here",
    ),
    plain(
        "throwAsCaller",
        1,
        1,
        0,
        throw_as_caller,
        "throwAsCaller(e): throws an error from where the running function was called",
    ),
];

/// Whether a text has the form of an identifier: words with colons between them, the first of which
/// begins with a letter, and no white space.
pub(crate) fn is_identifier(text: &str) -> bool {
    let is_word = |word: &str| {
        !word.is_empty()
            && word
                .chars()
                .all(|unit| unit.is_ascii_alphanumeric() || unit == '_' || unit == '-')
    };
    text.contains(':')
        && text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.split(':').all(is_word)
}

/// An error or warning from `(message)`, `(template, values…)` or `(id, template, values…)`. One
/// argument is the message as it stands; an identifier is one only when something follows it.
pub(crate) fn from_arguments(name: &str, arguments: &[Value]) -> Result<RuntimeError> {
    let first = arguments[0]
        .as_text()
        .ok_or_else(|| failure(format!("{name}: the message must be a character vector.")))?;
    let (identifier, text) = match arguments {
        [_] => (None, first),
        [_, rest @ ..] if is_identifier(&first) => (Some(first), message(&rest[0], &rest[1..])?),
        [template, values @ ..] => (None, message(template, values)?),
        [] => unreachable!("there is at least one input"),
    };
    let builder = build_runtime_error(text);
    Ok(match identifier {
        Some(identifier) => builder.identifier(identifier).build(),
        None => builder.build(),
    })
}

/// The error that a struct describes; it needs one of the fields `message` and `identifier`.
fn from_struct(value: &Value) -> Option<RuntimeError> {
    let Value::Struct(array) = value else {
        return None;
    };
    let field = |name: &str| {
        array
            .get(name)
            .and_then(|values| values.first())
            .and_then(Value::as_text)
    };
    let (message, identifier) = (field("message"), field("identifier"));
    if message.is_none() && identifier.is_none() {
        return None;
    }
    Some(
        build_runtime_error(message.unwrap_or_default())
            .identifier(identifier.unwrap_or_default())
            .stack(array.get("stack").map(frames_of).unwrap_or_default())
            .build(),
    )
}

/// The call frames that a struct array such as `e.stack` describes; what is no such array is none.
fn frames_of(values: &[Value]) -> Vec<StackFrame> {
    let [Value::Struct(stack)] = values else {
        return Vec::new();
    };
    let (Some(names), Some(lines)) = (stack.get("name"), stack.get("line")) else {
        return Vec::new();
    };
    let (files, columns) = (stack.get("file"), stack.get("column"));
    let text = |value: Option<&Value>| value.and_then(Value::as_text).unwrap_or_default();
    let number = |value: Option<&Value>| value.and_then(Value::as_number).unwrap_or_default();
    let frame = |at: usize| StackFrame {
        file: text(files.and_then(|files| files.get(at))).into(),
        name: text(names.get(at)).into(),
        line: number(lines.get(at)) as u32,
        column: number(columns.and_then(|columns| columns.get(at))) as u32,
    };
    (0..names.len().min(lines.len())).map(frame).collect()
}

fn error(call: &mut Call<'_>) -> Result<Outputs> {
    if let [Value::Struct(_)] = &*call.arguments {
        return match from_struct(&call.arguments[0]) {
            Some(error) if error.message().is_empty() => Ok(Outputs::new()),
            Some(error) => Err(error),
            None => Err(failure(
                "The struct must have the field 'message' or 'identifier'.",
            )),
        };
    }
    let error = from_arguments(call.name, call.arguments)?;
    // An empty message is no error: programs build messages that stay empty when all is well.
    if error.message().is_empty() {
        return Ok(Outputs::new());
    }
    Err(error)
}

fn mexception(call: &mut Call<'_>) -> Result<Outputs> {
    let identifier = text(call.name, &call.arguments[0])?;
    if !identifier.is_empty() && !is_identifier(&identifier) {
        return Err(coded(
            &codes::BAD_IDENTIFIER,
            "First argument must be an error identifier: words with colons between them.",
        ));
    }
    let message = message(&call.arguments[1], &call.arguments[2..])?;
    let error = build_runtime_error(message).identifier(identifier).build();
    Ok(one(Value::Exception(error)))
}

fn exception<'a>(call: &'a Call<'_>, at: usize) -> Result<&'a RuntimeError> {
    match &call.arguments[at] {
        Value::Exception(error) => Ok(error),
        other => Err(crate::inputs::unsupported(call.name, other)),
    }
}

fn throw(call: &mut Call<'_>) -> Result<Outputs> {
    Err(exception(call, 0)?.clone().without_place())
}

fn throw_as_caller(call: &mut Call<'_>) -> Result<Outputs> {
    Err(exception(call, 0)?.clone().thrown_as_caller())
}

fn rethrow(call: &mut Call<'_>) -> Result<Outputs> {
    match call.arguments.first() {
        None => {
            let context: &dyn Context = call.context;
            Err(context
                .last_error()
                .unwrap_or_else(|| failure("rethrow: no error was caught before.")))
        }
        Some(Value::Exception(error)) => Err(error.clone()),
        Some(other) => Err(from_struct(other).unwrap_or_else(|| {
            failure("rethrow: the argument must be an MException or a struct with the field 'message' or 'identifier'.")
        })),
    }
}

fn add_cause(call: &mut Call<'_>) -> Result<Outputs> {
    let base = exception(call, 0)?.clone();
    let cause = exception(call, 1)?.clone();
    Ok(one(Value::Exception(base.with_cause(cause))))
}

fn get_report(call: &mut Call<'_>) -> Result<Outputs> {
    let error = exception(call, 0)?;
    let mut report = String::new();
    let mut frames = error
        .context()
        .stack
        .iter()
        .filter(|frame| !frame.name.is_empty());
    match frames.next() {
        Some(frame) => {
            report.push_str(&format!(
                "Error using {} (line {})\n",
                frame.name, frame.line
            ));
            report.push_str(error.message());
            for frame in frames {
                report.push_str(&format!(
                    "\n\nError in {} (line {})",
                    frame.name, frame.line
                ));
            }
        }
        None => report.push_str(&format!("Error: {}", error.message())),
    }
    // Causes can nest to any depth, so they are walked with a list and not by recursion.
    let mut pending: Vec<(&RuntimeError, usize)> = error
        .causes()
        .iter()
        .rev()
        .map(|cause| (cause, 1))
        .collect();
    if !pending.is_empty() {
        report.push_str("\n\nCaused by:");
    }
    while let Some((cause, depth)) = pending.pop() {
        let indent = "    ".repeat(depth.min(12));
        report.push_str(&format!("\n{indent}{}", cause.message()));
        pending.extend(cause.causes().iter().rev().map(|cause| (cause, depth + 1)));
    }
    Ok(one(&*report))
}

fn lasterr(call: &mut Call<'_>) -> Result<Outputs> {
    let context: &dyn Context = call.context;
    let last = context.last_error();
    if let Some(new) = call.arguments.first() {
        let message = text(call.name, new)?;
        let identifier = match call.arguments.get(1) {
            Some(identifier) => text(call.name, identifier)?,
            None => String::new(),
        };
        let error = build_runtime_error(message).identifier(identifier).build();
        context.set_last_error((!error.message().is_empty()).then_some(error));
        if call.outputs == 0 {
            return Ok(Outputs::new());
        }
    }
    let (message, identifier) = match &last {
        Some(error) => (error.message(), error.identifier_in(context.namespace())),
        None => ("", ""),
    };
    let mut outputs = one(message);
    if call.outputs > 1 {
        outputs.push(Value::text(identifier));
    }
    Ok(outputs)
}

fn assert(call: &mut Call<'_>) -> Result<Outputs> {
    // `assert(observed, expected)` is Octave's; a text is always a message.
    if ops::is_true(&call.arguments[0])? {
        return Ok(Outputs::new());
    }
    match &call.arguments[1..] {
        [] => Err(coded(&codes::ASSERTION_FAILED, "Assertion failed.")),
        rest => Err(from_arguments(call.name, rest)?),
    }
}

#[cfg(test)]
mod tests {
    use super::is_identifier;
    use crate::testing::{Session, check, check_in};

    #[test]
    fn an_identifier_is_never_guessed() {
        let cases = [
            ("a:b", true),
            ("MATLAB:some_thing:else", true),
            ("a-b:c", true),
            ("nocolon", false),
            ("id: x", false),
            ("http://x", false),
            ("a:", false),
            (":a", false),
            ("1:2", false),
            ("Value:%d", false),
        ];
        for (text, wanted) in cases {
            assert_eq!(is_identifier(text), wanted, "{text}");
        }
    }

    #[test]
    fn error_has_many_forms() {
        check(&[
            ("error('id:x', 'fmt %d', 3)", "error: id:x: fmt 3"),
            ("error('id:x')", "error: id:x"),
            ("error('only fmt %d', 3)", "error: only fmt 3"),
            ("error('http://x: y')", "error: http://x: y"),
            ("error('http://x: %s', 'y')", "error: http://x: y"),
            ("error('100% done\\n')", "error: 100% done\\n"),
            ("error('a:b', 'x\\ty 100%% z')", "error: a:b: x\ty 100% z"),
            ("error('a:b', 'v %d and %s', 3)", "error: a:b: v 3 and "),
            ("error('a:b', 'v %d;', 1, 2, 3)", "error: a:b: v 1;v 2;v 3;"),
            (
                "error(struct('message', 'from struct', 'identifier', 's:t'))",
                "error: s:t: from struct",
            ),
            ("error(struct('message', 'only msg'))", "error: only msg"),
            ("error('')", ""),
            (
                "rethrow(struct('message', 'mm', 'identifier', 'r:s'))",
                "error: r:s: mm",
            ),
            ("rethrow(MException('a:b', 'm %s', 'x'))", "error: a:b: m x"),
            ("throw(MException('a:b', 'm %s', 'x'))", "error: a:b: m x"),
            (
                "MException('nocolon', 'm')",
                "error: MATLAB:MException:InvalidIdentifier: First argument must be an error identifier: words with colons between them.",
            ),
            ("assert(true)", ""),
            (
                "assert(false)",
                "error: MATLAB:assertion:failed: Assertion failed.",
            ),
            ("assert(false, 'my msg %d', 3)", "error: my msg 3"),
            (
                "assert(false, 'a:b', 'my msg %d', 3)",
                "error: a:b: my msg 3",
            ),
            (
                "getReport(addCause(MException('a:b', 'base'), MException('c:d', 'why')))",
                r"'Error: base\n\nCaused by:\n    why'",
            ),
        ]);
    }

    #[test]
    fn lasterr_gives_and_sets() {
        let session = Session::default();
        check_in(&session, "lasterr()", "'' | ''");
        session
            .call("lasterr", &["m".into(), "a:b".into()], 0)
            .unwrap();
        check_in(&session, "lasterr()", "'m' | 'a:b'");
    }

    #[test]
    fn a_bare_rethrow_throws_the_last_error() {
        let session = Session::default();
        check_in(
            &session,
            "rethrow()",
            "error: rethrow: no error was caught before.",
        );
        session
            .call("lasterr", &["m".into(), "a:b".into()], 0)
            .unwrap();
        check_in(&session, "rethrow()", "error: a:b: m");
    }

    #[test]
    fn rethrow_keeps_the_calls_and_throw_does_not() {
        use tourbillon_value::{StackFrame, Value, build_runtime_error};
        let frame = StackFrame {
            file: "f.m".into(),
            name: "f".into(),
            line: 3,
            column: 1,
        };
        let error = build_runtime_error("m").stack(vec![frame]).build();
        let session = Session::default();
        let value = [Value::Exception(error)];
        assert_eq!(
            session
                .call("rethrow", &value, 0)
                .unwrap_err()
                .context()
                .stack
                .len(),
            1
        );
        assert_eq!(
            session
                .call("throw", &value, 0)
                .unwrap_err()
                .context()
                .stack
                .len(),
            0
        );
    }
}
