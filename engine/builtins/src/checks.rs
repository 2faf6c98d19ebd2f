//! What a program says of itself to whoever watches: invariants that must hold, marks to be reached.

use crate::table::plain;
use crate::{Call, Entry, Outputs};
use tourbillon_host::Event;
use tourbillon_value::{Result, build_runtime_error, ops};

pub(crate) static TABLE: &[Entry] = &[
    plain(
        "invariant",
        2,
        2,
        0,
        invariant,
        "invariant(tf, name): throws async:InvariantViolated when it is not true; a simulated run has then failed, whatever the program catches",
    ),
    plain(
        "sometimes",
        2,
        2,
        0,
        sometimes,
        "sometimes(tf, name): a mark for simulations, which report the marks that no run reached with a true condition; else it does nothing",
    ),
];

/// The condition and the name.
fn inputs(call: &Call<'_>) -> Result<(bool, String)> {
    let name = call.arguments[1]
        .as_text()
        .filter(|name| !name.is_empty())
        .ok_or_else(|| {
            build_runtime_error(format!(
                "{}: argument 2 must be a name: a character vector that is not empty.",
                call.name
            ))
            .identifier("async:InvalidArgument")
            .build()
        })?;
    Ok((ops::is_true(&call.arguments[0])?, name))
}

fn invariant(call: &mut Call<'_>) -> Result<Outputs> {
    let (holds, name) = inputs(call)?;
    if holds {
        return Ok(Outputs::new());
    }
    call.context.event(&Event::Invariant { name: &name });
    let message = format!("Invariant '{name}' does not hold.");
    Err(build_runtime_error(message)
        .identifier("async:InvariantViolated")
        .build())
}

fn sometimes(call: &mut Call<'_>) -> Result<Outputs> {
    let (reached, name) = inputs(call)?;
    let name = &*name;
    call.context.event(&Event::Mark { name, reached });
    Ok(Outputs::new())
}

#[cfg(test)]
mod tests {
    use crate::testing::{Session, check_in};

    #[test]
    fn invariants_throw_and_are_told_and_marks_are_told_only() {
        let unnamed = |function: &str| {
            format!(
                "error: async:InvalidArgument: {function}: argument 2 must be a name: a character \
                 vector that is not empty."
            )
        };
        let cases = [
            ("invariant(true, 'n')", String::new(), ""),
            ("invariant([1 1], 'n')", String::new(), ""),
            (
                "invariant(false, 'sum is kept')",
                "error: async:InvariantViolated: Invariant 'sum is kept' does not hold.".into(),
                "Invariant { name: \"sum is kept\" }",
            ),
            (
                "invariant([], 'n')",
                "error: async:InvariantViolated: Invariant 'n' does not hold.".into(),
                "Invariant { name: \"n\" }",
            ),
            ("invariant(true, '')", unnamed("invariant"), ""),
            ("invariant(false, 3)", unnamed("invariant"), ""),
            (
                "sometimes(true, 'both wait')",
                String::new(),
                "Mark { name: \"both wait\", reached: true }",
            ),
            (
                "sometimes(0, 'both wait')",
                String::new(),
                "Mark { name: \"both wait\", reached: false }",
            ),
            ("sometimes(true, {})", unnamed("sometimes"), ""),
        ];
        for (text, wanted, event) in cases {
            let session = Session::default();
            check_in(&session, text, &wanted);
            assert_eq!(session.seen.events.borrow().join(" "), event, "{text}");
        }
    }
}
