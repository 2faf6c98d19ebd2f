//! Oracle: what an `await` throws is the error with which its future ended: the same identifier and
//! message, its causes before any that a join added, and its frames before those that awaited.

use rustc_hash::FxHashMap;
use tourbillon_host::Event;
use tourbillon_value::{Namespace, ObjectId, RuntimeError};

/// The errors of the futures that have ended with one.
#[derive(Default)]
pub(super) struct ErrorIdentity {
    // Only ever looked up.
    errors: FxHashMap<ObjectId, RuntimeError>,
}

impl ErrorIdentity {
    pub fn reset(&mut self) {
        self.errors.clear();
    }

    pub fn look(&mut self, event: &Event<'_>) -> Option<String> {
        match *event {
            Event::FutureFailed { future, error } => {
                self.errors.insert(future, error.clone());
                None
            }
            Event::ErrorAwaited { future, error } => {
                let number = future.0;
                let Some(own) = self.errors.get(&future) else {
                    return Some(format!(
                        "an await of future object {number} threw \"{}\", but it has no error",
                        error.message()
                    ));
                };
                let (what, was, is) = difference(own, error)?;
                Some(format!(
                    "an await of future object {number} changed the {what} of its error: {was} \
                     became {is}"
                ))
            }
            _ => None,
        }
    }
}

/// What an error has lost on its way, what it was and what it is.
fn difference(own: &RuntimeError, thrown: &RuntimeError) -> Option<(&'static str, String, String)> {
    let mut work = vec![(own, thrown)];
    while let Some((own, thrown)) = work.pop() {
        if own.is_same(thrown) {
            continue;
        }
        if !is_same_identifier(own, thrown) {
            let identifiers = [own, thrown].map(|error| format!("\"{}\"", error.identifier()));
            let [was, is] = identifiers;
            return Some(("identifier", was, is));
        }
        if own.message() != thrown.message() {
            let [was, is] = [own, thrown].map(|error| format!("\"{}\"", error.message()));
            return Some(("message", was, is));
        }
        let stacks = [own, thrown].map(|error| &error.context().stack);
        if !stacks[1].starts_with(stacks[0]) {
            let [was, is] = stacks.map(|stack| frames(stack));
            return Some(("stack", was, is));
        }
        let causes = [own.causes(), thrown.causes()];
        if causes[1].len() < causes[0].len() {
            let [was, is] = causes.map(|causes| format!("{} of them", causes.len()));
            return Some(("causes", was, is));
        }
        work.extend(causes[0].iter().zip(causes[1]));
    }
    None
}

/// An identifier of the engine's own may have been fixed to a namespace in between.
fn is_same_identifier(own: &RuntimeError, thrown: &RuntimeError) -> bool {
    [Namespace::Matlab, Namespace::Octave, Namespace::RunMat]
        .into_iter()
        .any(|namespace| own.identifier_in(namespace) == thrown.identifier_in(namespace))
}

fn frames(stack: &[tourbillon_value::StackFrame]) -> String {
    let frames: Vec<String> = stack
        .iter()
        .map(|frame| format!("{}:{}", frame.name, frame.line))
        .collect();
    format!("[{}]", frames.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use tourbillon_value::{StackFrame, build_runtime_error, codes};

    const FUTURE: ObjectId = ObjectId(4);

    fn frame(name: &str) -> StackFrame {
        StackFrame {
            file: "main.m".into(),
            name: name.into(),
            line: 3,
            column: 1,
        }
    }

    fn error(identifier: &str, message: &str) -> RuntimeError {
        build_runtime_error(message)
            .identifier(identifier)
            .stack(vec![frame("inner")])
            .build()
    }

    fn check(own: Option<&RuntimeError>, thrown: &RuntimeError, expected: Option<&str>) {
        let mut oracle = ErrorIdentity::default();
        let future = FUTURE;
        if let Some(error) = own {
            assert_eq!(oracle.look(&Event::FutureFailed { future, error }), None);
        }
        let error = thrown;
        let complaint = oracle.look(&Event::ErrorAwaited { future, error });
        let expected = expected.map(|text| format!("an await of future object 4 {text}"));
        assert_eq!(complaint, expected);
    }

    #[test]
    fn an_error_only_gains_on_its_way() {
        let own = error("my:id", "went wrong");
        check(Some(&own), &own, None);
        let more = own.clone().with_appended_frames(vec![frame("outer")]);
        check(Some(&own), &more, None);
        check(Some(&own), &own.clone().with_cause(error("", "late")), None);
        check(Some(&own), &error("my:id", "went wrong"), None);
        check(
            Some(&own),
            &error("", "went wrong"),
            Some("changed the identifier of its error: \"my:id\" became \"\""),
        );
        check(
            Some(&own),
            &error("my:id", "my:id: went wrong"),
            Some("changed the message of its error: \"went wrong\" became \"my:id: went wrong\""),
        );
        check(
            Some(&own),
            &own.clone().without_place(),
            Some("changed the stack of its error: [inner:3] became []"),
        );
        check(
            None,
            &own,
            Some("threw \"went wrong\", but it has no error"),
        );
        let caused = own.clone().with_cause(error("my:cause", "first"));
        check(
            Some(&caused),
            &own,
            Some("changed the causes of its error: 1 of them became 0 of them"),
        );
        check(
            Some(&caused),
            &own.clone().with_cause(error("my:cause", "second")),
            Some("changed the message of its error: \"first\" became \"second\""),
        );
    }

    #[test]
    fn an_identifier_may_be_fixed_to_a_namespace() {
        let own = build_runtime_error("Unrecognized function or variable 'x'.")
            .code(&codes::UNDEFINED_FUNCTION)
            .build();
        for namespace in [Namespace::Matlab, Namespace::Octave, Namespace::RunMat] {
            check(Some(&own), &own.clone().in_namespace(namespace), None);
        }
    }
}
