//! Warnings: given, switched off and on, looked at.

use crate::errors::{from_arguments, is_identifier};
use crate::inputs::{failure, text};
use crate::table::plain;
use crate::{Call, Context, Entry, Outputs, one};
use tourbillon_host::{Access, Object};
use tourbillon_value::{Result, RuntimeError, Value, build_runtime_error};

pub(crate) static TABLE: &[Entry] = &[
    plain(
        "lastwarn",
        0,
        2,
        2,
        lastwarn,
        "[message, id] = lastwarn(): the last warning",
    ),
    plain(
        "warning",
        1,
        u8::MAX,
        1,
        warning,
        "warning(message), warning(id, template, values…), warning('off', id): warns, or switches warnings",
    ),
];

fn state(identifier: &str, on: bool) -> Value {
    Value::structure(&[
        ("identifier", Value::text(identifier)),
        ("state", Value::text(if on { "on" } else { "off" })),
    ])
}

fn warning(call: &mut Call<'_>) -> Result<Outputs> {
    let library = call.context.state();
    let switches = |access| call.context.access(Object::WarningState, access);
    if let Value::Struct(array) = &call.arguments[0] {
        // What `warning('off', id)` gave back: puts it as it was.
        for at in 0..array.count() {
            let field = |name: &str| {
                array
                    .get(name)
                    .and_then(|values| values[at].as_text())
                    .ok_or_else(|| {
                        failure(
                            "warning: the struct must have the fields 'identifier' and 'state'.",
                        )
                    })
            };
            switches(Access::Write);
            library.switch_warnings(&field("identifier")?, field("state")? == "on");
        }
        return Ok(Outputs::new());
    }
    let first = text(call.name, &call.arguments[0])?;
    if matches!(&*first, "on" | "off" | "query") && call.arguments.len() <= 2 {
        let identifier = match call.arguments.get(1) {
            Some(identifier) => text(call.name, identifier)?,
            None => "all".to_owned(),
        };
        if identifier != "all" && !is_identifier(&identifier) {
            return Err(failure(format!(
                "warning: '{identifier}' is no identifier."
            )));
        }
        switches(Access::Read);
        let before = state(&identifier, library.shows_warning(&identifier));
        if first != "query" {
            switches(Access::Write);
            library.switch_warnings(&identifier, first == "on");
        }
        return Ok(if call.outputs > 0 || first == "query" {
            one(before)
        } else {
            Outputs::new()
        });
    }
    let warning = from_arguments(call.name, call.arguments)?;
    if warning.message().is_empty() {
        return Ok(Outputs::new());
    }
    warn(call.context, warning);
    Ok(Outputs::new())
}

/// Warns as `warning` does: `lastwarn` gives it from now on, and it is shown unless it is switched off.
/// The machine's own warnings come this way too.
pub fn warn(context: &dyn Context, warning: RuntimeError) {
    let library = context.state();
    context.access(Object::LastWarning, Access::Write);
    library.set_last_warning(Some(warning.clone()));
    context.access(Object::WarningState, Access::Read);
    if library.shows_warning(warning.identifier_in(context.namespace())) {
        context.warn(warning);
    }
}

fn lastwarn(call: &mut Call<'_>) -> Result<Outputs> {
    let library = call.context.state();
    call.context.access(Object::LastWarning, Access::Read);
    let last = library.last_warning();
    if let Some(new) = call.arguments.first() {
        let message = text(call.name, new)?;
        let identifier = match call.arguments.get(1) {
            Some(identifier) => text(call.name, identifier)?,
            None => String::new(),
        };
        let warning = build_runtime_error(message).identifier(identifier).build();
        call.context.access(Object::LastWarning, Access::Write);
        library.set_last_warning((!warning.message().is_empty()).then_some(warning));
        if call.outputs == 0 {
            return Ok(Outputs::new());
        }
    }
    let (message, identifier) = match &last {
        Some(warning) => (
            warning.message(),
            warning.identifier_in(call.context.namespace()),
        ),
        None => ("", ""),
    };
    let mut outputs = one(message);
    if call.outputs > 1 {
        outputs.push(Value::text(identifier));
    }
    Ok(outputs)
}

#[cfg(test)]
mod tests {
    use crate::testing::{Session, check_in};

    #[test]
    fn warnings_are_given_remembered_and_switched() {
        let session = Session::default();
        let shown = || {
            session
                .warnings
                .borrow()
                .iter()
                .map(|w| w.message().to_owned())
                .collect::<Vec<_>>()
        };
        check_in(&session, "warning('w:x', 'warn %d', 3)", "");
        assert_eq!(shown(), ["warn 3"]);
        check_in(&session, "lastwarn()", "'warn 3' | 'w:x'");
        check_in(
            &session,
            "warning('off', 'w:x')",
            "<identifier=w:x,state=on>"
                .replace("w:x", "'w:x'")
                .replace("=on", "='on'")
                .as_str(),
        );
        check_in(&session, "warning('w:x', 'again')", "");
        check_in(&session, "lastwarn()", "'again'");
        assert_eq!(shown(), ["warn 3"]);
        check_in(
            &session,
            "warning(struct('identifier', 'w:x', 'state', 'on'))",
            "",
        );
        check_in(&session, "warning('w:x', 'back')", "");
        check_in(&session, "warning('100%')", "");
        assert_eq!(shown(), ["warn 3", "back", "100%"]);
    }
}
