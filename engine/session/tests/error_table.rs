//! What fails, and with which identifier and message: the statements of `error_table.tsv`, whose
//! columns are Octave's identifiers (`-` where Octave 7.3 has no such function or no error), and
//! MATLAB's identifiers and messages. In a message `\n` is a newline and `\\` a backslash.

use tourbillon_session::{Session, SessionOptions, testing};
use tourbillon_value::{Namespace, RuntimeError};

fn failure_of(program: &str, namespace: Namespace) -> Option<RuntimeError> {
    let (host, policy) = testing::offline();
    let mut options = SessionOptions::default();
    options.machine.namespace = namespace;
    let session = Session::new(host, policy, None, options);
    let result = testing::block_on(session.execute(program));
    testing::block_on(session.close()).expect("nothing runs");
    result.error
}

fn unescape(text: &str) -> String {
    let mut result = String::new();
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        if letter != '\\' {
            result.push(letter);
            continue;
        }
        match letters.next() {
            Some('n') => result.push('\n'),
            other => result.extend(other),
        }
    }
    result
}

#[test]
fn errors_have_the_identifiers_and_messages_of_matlab() {
    let mut wrong = Vec::new();
    let rows: Vec<&str> = include_str!("error_table.tsv").lines().skip(1).collect();
    assert!(rows.len() > 80, "the table has its rows");
    for row in rows {
        let columns: Vec<&str> = row.split('\t').collect();
        let [_case, statement, octave, identifier, message] = columns[..] else {
            panic!("five columns: {row}");
        };
        let Some(error) = failure_of(statement, Namespace::Matlab) else {
            wrong.push(format!("{statement}\n  no error"));
            continue;
        };
        let expected = (identifier, unescape(message));
        let got = (error.identifier(), error.message().to_string());
        if got != expected {
            wrong.push(format!(
                "{statement}\n  is       {got:?}\n  expected {expected:?}"
            ));
        }
        let in_octave = failure_of(statement, Namespace::Octave)
            .map_or("none".into(), |error| error.identifier().to_owned());
        if octave != "-" && in_octave != octave {
            wrong.push(format!(
                "{statement}\n  is       {in_octave:?} in Octave\n  expected {octave:?}"
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
