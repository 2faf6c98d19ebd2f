//! Runs whole programs on the offline host and says what they did, word for word.

use tourbillon_session::{ExecutionResult, Session, SessionOptions, testing};

/// A session on the offline host.
pub fn session(options: SessionOptions) -> (std::rc::Rc<testing::OfflineHost>, Session) {
    let (host, policy) = testing::offline();
    let session = Session::new(host.clone(), policy, None, options);
    (host, session)
}

/// What a result has to say, one line each: diagnostics, then the error.
pub fn outcome(result: &ExecutionResult) -> String {
    let mut text = String::new();
    for diagnostic in &result.diagnostics {
        text += &format!("[{}: {}]\n", diagnostic.identifier(), diagnostic.message());
    }
    if let Some(error) = &result.error {
        text += &format!("error {}: {}\n", error.identifier(), error.message());
    }
    text
}

/// Closes a session; nothing may be left of it.
pub fn close(session: &Session, program: &str) {
    testing::block_on(session.close()).expect("nothing runs");
    let mut left = session.ledger();
    left.retain(|_, count| *count > 0);
    assert!(left.is_empty(), "left over: {left:?}\n{program}");
}

/// Runs a program under the given options; gives its output, its diagnostics and its error. Parts
/// after a line `%%` are executions of their own in the same session.
pub fn run_with(program: &str, options: SessionOptions) -> String {
    let (host, session) = session(options);
    let mut said = String::new();
    for part in program.split("\n%%\n") {
        said += &outcome(&testing::block_on(session.execute(part)));
    }
    close(&session, program);
    host.output() + &said
}

/// Checks programs against what they do.
pub fn check(cases: &[(&str, &str)]) {
    for (program, expected) in cases {
        let found = run_with(program, SessionOptions::default());
        assert_eq!(found, *expected, "{program}");
    }
}
