//! Input: answered in request order, by whoever is installed, and never left hanging.

use crate::{Ended, run, runtime, submit, try_now, wait};
use std::cell::Cell;
use std::future::poll_fn;
use std::io::{self, BufReader, Cursor, Read, Write};
use std::rc::Rc;
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::task::Poll;
use tourbillon_host::{Host, InputKind, Request, Response};
use tourbillon_host_native::{
    InputAnswer, InputFuture, InputHandler, InputRequest, InputResult, NativeHost, TerminalInput,
};

fn ask(kind: InputKind, prompt: &str) -> Request {
    Request::Input {
        kind,
        prompt: prompt.to_owned(),
        echo: true,
    }
}

fn line(text: &str) -> Ended {
    Ok(Response::Line(text.to_owned()))
}

fn key(text: &str) -> Ended {
    Ok(Response::Key(text.to_owned()))
}

fn identifier(outcome: Ended) -> String {
    match outcome {
        Ok(response) => format!("{response:?}"),
        Err(error) => error.identifier,
    }
}

#[derive(Clone, Default)]
struct Prompts(Arc<Mutex<Vec<u8>>>);

impl Prompts {
    fn shown(&self) -> String {
        let bytes = self.0.lock().expect("no test panics in here");
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

impl Write for Prompts {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut shown = self.0.lock().expect("no test panics in here");
        shown.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn terminal(typed: &[u8]) -> (TerminalInput, Prompts) {
    let prompts = Prompts::default();
    let input = TerminalInput::new(Cursor::new(typed.to_vec()), prompts.clone());
    (input, prompts)
}

#[test]
fn without_a_handler_input_is_unavailable() {
    let runtime = runtime();
    let host = NativeHost::builder(&runtime).build();
    let request = ask(InputKind::Line, "? ");
    let at_once = try_now(&host, &request).expect("there is nothing to wait for");
    assert_eq!(identifier(at_once), "input:Unavailable");
    assert_eq!(identifier(run(&host, request)), "input:Unavailable");
    assert_eq!(host.outstanding(), 0);
}

#[test]
fn lines_and_keys_come_from_a_terminal() {
    let runtime = runtime();
    let (input, prompts) = terminal(b"one\r\n\n\nxyz\nlast \xc3\xa9");
    let host = NativeHost::builder(&runtime).input(input).build();
    for (kind, expected) in [
        (InputKind::Line, line("one")),
        (InputKind::Line, line("")),
        (InputKind::Key, key("\n")),
        (InputKind::Key, key("x")),
        (InputKind::Line, line("last é")),
    ] {
        assert_eq!(try_now(&host, &ask(kind, "not shown")), None);
        assert_eq!(run(&host, ask(kind, ">")), expected);
    }
    assert_eq!(prompts.shown(), ">>>>>");
    for kind in [InputKind::Line, InputKind::Key, InputKind::Line] {
        assert_eq!(identifier(run(&host, ask(kind, ""))), "input:EndOfInput");
    }
}

#[test]
fn what_is_no_text_is_a_failure_of_the_handler() {
    let runtime = runtime();
    let (input, _) = terminal(b"\xff\nnext\n");
    let host = NativeHost::builder(&runtime).input(input).build();
    let error = run(&host, ask(InputKind::Line, "")).expect_err("the line is no text");
    assert_eq!(error.identifier, "input:HandlerFailed");
    let source = error.source.expect("the reason is behind it");
    assert!(source.contains("utf-8"), "{source}");
    assert_eq!(run(&host, ask(InputKind::Line, "")), line("next"));
}

#[test]
fn requests_are_answered_in_order_whoever_asks_first() {
    let runtime = runtime();
    let (input, prompts) = terminal(b"a\nb\nc\n");
    let host = NativeHost::builder(&runtime).input(input).build();
    let ask = |prompt| submit(&host, ask(InputKind::Line, prompt));
    let (first, second, third) = (ask("1"), ask("2"), ask("3"));
    // The answers are there already: how far the reader has come is a matter of luck.
    assert!(prompts.shown().starts_with('1'));
    assert_eq!(wait(&host, third), line("c"));
    assert_eq!(prompts.shown(), "123");
    assert_eq!(wait(&host, first), line("a"));
    assert_eq!(wait(&host, second), line("b"));
    assert_eq!(host.outstanding(), 0);
}

/// Somebody who types when the test says so.
struct Typist(Receiver<&'static [u8]>);

impl Read for Typist {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let typed = self.0.recv().unwrap_or_default();
        buffer[..typed.len()].copy_from_slice(typed);
        Ok(typed.len())
    }
}

#[test]
fn a_line_typed_for_a_request_that_was_given_up_answers_the_next() {
    let runtime = runtime();
    let (keyboard, typist) = channel();
    let prompts = Prompts::default();
    let input = TerminalInput::new(BufReader::new(Typist(typist)), prompts.clone());
    let host = NativeHost::builder(&runtime).input(input).build();
    let ask = |prompt| submit(&host, ask(InputKind::Line, prompt));
    let (given_up, behind, next) = (ask("1"), ask("2"), ask("3"));
    host.cancel(given_up);
    host.cancel(behind);
    assert_eq!(prompts.shown(), "123");
    keyboard.send(b"typed\n").expect("the terminal reads");
    assert_eq!(wait(&host, next), line("typed"));
    assert_eq!(host.outstanding(), 0);
}

#[test]
fn handlers_that_fail_have_identifiers_each_time() {
    fn failing(request: &InputRequest) -> InputResult {
        match request.prompt.as_str() {
            "fail" => Err("out of order".into()),
            "panic" => panic!("broken"),
            "end" => Ok(InputAnswer::End),
            "line" => Ok(InputAnswer::Line("text".to_owned())),
            _ => Ok(InputAnswer::Key("k".to_owned())),
        }
    }
    let runtime = runtime();
    let host = NativeHost::builder(&runtime).input(failing).build();
    for _attempt in 0..3 {
        for (kind, prompt, expected) in [
            (InputKind::Line, "fail", "input:HandlerFailed"),
            (InputKind::Line, "panic", "input:HandlerFailed"),
            (InputKind::Key, "end", "input:EndOfInput"),
            (InputKind::Key, "line", "input:WrongKind"),
            (InputKind::Line, "key", "input:WrongKind"),
            (InputKind::Line, "line", "Line(\"text\")"),
            (InputKind::Key, "key", "Key(\"k\")"),
        ] {
            let request = ask(kind, prompt);
            let at_once = try_now(&host, &request).expect("the handler answers at once");
            assert_eq!(identifier(at_once), expected);
            assert_eq!(identifier(run(&host, request)), expected);
        }
    }
    let request = |prompt| try_now(&host, &ask(InputKind::Line, prompt));
    for (prompt, reason) in [
        ("fail", "out of order"),
        ("panic", "the handler panicked: broken"),
    ] {
        let error = request(prompt)
            .expect("the handler answers at once")
            .expect_err("the handler fails");
        assert_eq!(error.source.as_deref(), Some(reason));
    }
}

/// Never answers.
struct Silent;

impl InputHandler for Silent {
    fn answer(&self, _: InputRequest) -> InputFuture {
        Box::pin(std::future::pending())
    }
}

#[test]
fn a_handler_can_be_replaced_while_a_request_is_under_way() {
    let runtime = runtime();
    let host = NativeHost::builder(&runtime).input(Silent).build();
    let silent = submit(&host, ask(InputKind::Line, ""));
    host.set_input(Some(Rc::new(|_: &InputRequest| -> InputResult {
        Ok(InputAnswer::Line("new".to_owned()))
    })));
    let request = ask(InputKind::Line, "");
    assert_eq!(try_now(&host, &request), None, "another stands before");
    let behind = submit(&host, request);
    assert_eq!(host.outstanding(), 2);
    host.cancel(silent);
    assert_eq!(wait(&host, behind), line("new"));
    host.set_input(None);
    let gone = run(&host, ask(InputKind::Key, ""));
    assert_eq!(identifier(gone), "input:Unavailable");
    assert_eq!(host.outstanding(), 0);
}

/// Waits for the test, then panics instead of an answer.
struct Broken(Rc<Cell<bool>>);

impl InputHandler for Broken {
    fn answer(&self, _: InputRequest) -> InputFuture {
        let may_break = self.0.clone();
        Box::pin(poll_fn(move |_| {
            assert!(!may_break.get(), "broken in mid-request");
            Poll::Pending
        }))
    }
}

/// The known defect elsewhere: one place for the handler of the whole process.
#[test]
fn sessions_on_one_thread_have_handlers_of_their_own() {
    fn says(text: &'static str) -> impl InputHandler {
        move |_: &InputRequest| -> InputResult { Ok(InputAnswer::Line(text.to_owned())) }
    }
    let runtime = runtime();
    let may_break = Rc::new(Cell::new(false));
    let [first, second] =
        ["first", "second"].map(|text| NativeHost::builder(&runtime).input(says(text)).build());
    let broken = NativeHost::builder(&runtime)
        .input(Broken(may_break.clone()))
        .build();
    let none = NativeHost::builder(&runtime).build();
    let asked = || ask(InputKind::Line, "?");

    let breaks = submit(&broken, asked());
    // With one place for all this would wait for ever.
    assert_eq!(try_now(&first, &asked()), Some(line("first")));
    assert_eq!(run(&first, asked()), line("first"));
    assert_eq!(run(&second, asked()), line("second"));
    assert_eq!(identifier(run(&none, asked())), "input:Unavailable");
    // Replacing one, taking one away and a panic concern nobody else.
    first.set_input(Some(Rc::new(says("other"))));
    assert_eq!(run(&second, asked()), line("second"));
    second.set_input(None);
    assert_eq!(identifier(run(&second, asked())), "input:Unavailable");
    assert_eq!(run(&first, asked()), line("other"));
    may_break.set(true);
    assert_eq!(identifier(wait(&broken, breaks)), "input:HandlerFailed");
    assert_eq!(run(&first, asked()), line("other"));
    assert_eq!(broken.outstanding(), 0);
}
