//! Sessions on the native host: whoever answers them, and the host's cancel wherever they are.

use crate::runtime;
use std::cell::{Cell, RefCell};
use std::future::{Future, poll_fn};
use std::io::Write;
use std::pin::pin;
use std::rc::Rc;
use std::task::{Poll, Waker};
use tourbillon_host::{Fifo, Host};
use tourbillon_host_native::{
    InputAnswer, InputFuture, InputHandler, InputRequest, InputResult, NativeConsole, NativeHost,
    NativeHostBuilder, Runtime,
};
use tourbillon_session::{ExecutionResult, Session, SessionOptions};

/// What a program prints.
#[derive(Clone, Default)]
struct Screen(Rc<RefCell<Vec<u8>>>);

impl Screen {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.borrow()).into_owned()
    }
}

impl Write for Screen {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.borrow_mut().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// A session on a native host of its own.
struct Place {
    host: Rc<NativeHost>,
    session: Session,
    screen: Screen,
}

impl Place {
    fn new(
        runtime: &Runtime,
        set_up: impl FnOnce(NativeHostBuilder) -> NativeHostBuilder,
    ) -> Place {
        let screen = Screen::default();
        let console = NativeConsole::new(Box::new(screen.clone()), Box::new(std::io::sink()));
        let host = set_up(NativeHost::builder(runtime).console(console)).build();
        let host = Rc::new(host);
        let options = SessionOptions::default();
        let session = Session::new(host.clone(), Rc::new(Fifo), None, options);
        Place {
            host,
            session,
            screen,
        }
    }

    fn run(&self, program: &str) -> ExecutionResult {
        self.host.block_on(self.session.execute(program))
    }

    /// What the program prints; it must hold.
    fn prints(&self, program: &str) -> String {
        self.screen.0.borrow_mut().clear();
        let result = self.run(program);
        assert!(result.error.is_none(), "{:?}", result.error);
        self.host.native_console().flush();
        self.screen.text()
    }

    fn identifier(&self, program: &str) -> String {
        let result = self.run(program);
        let error = result.error.expect("the program fails");
        error.identifier().to_owned()
    }

    /// Closes the session; nothing may be left of it, or of what it asked for.
    fn close(self) {
        let late = self.host.block_on(self.session.close());
        assert_eq!(late.map(|late| late.len()).ok(), Some(0));
        let mut left = self.session.ledger();
        // The thread that woke the session last may not have let go of its waker yet.
        left.remove("wakers");
        left.retain(|_, count| *count > 0);
        assert!(left.is_empty(), "{left:?}");
        assert_eq!(self.host.outstanding(), 0);
    }
}

fn says(text: &'static str) -> impl Fn(&InputRequest) -> InputResult {
    move |_| Ok(InputAnswer::Line(text.to_owned()))
}

#[test]
fn a_handler_that_answers_at_once_suspends_nobody() {
    let runtime = runtime();
    let seen: Rc<RefCell<Vec<InputRequest>>> = Rc::default();
    let log = seen.clone();
    let handler = move |request: &InputRequest| -> InputResult {
        log.borrow_mut().push(request.clone());
        Ok(InputAnswer::Line("41".to_owned()))
    };
    let place = Place::new(&runtime, |host| host.input(handler));
    let result = place.run(
        "a = input('n? ');\nb = input('s? ', 's', 'Echo', false);\nc = await(input_async('f? '));\n",
    );
    assert!(result.error.is_none(), "{:?}", result.error);
    assert_eq!(result.values["a"].as_number(), Some(41.0));
    assert_eq!(
        (result.statistics.polls, result.statistics.suspensions),
        (1, 0)
    );
    let seen = seen.borrow();
    let seen: Vec<(&str, bool)> = seen.iter().map(|one| (&*one.prompt, one.echo)).collect();
    assert_eq!(seen, [("n? ", true), ("s? ", false), ("f? ", true)]);
    place.close();
}

/// Answers when somebody says so, and counts the requests that were given up.
#[derive(Clone, Default)]
struct Later(Rc<LaterState>);

#[derive(Default)]
struct LaterState {
    may_answer: Cell<bool>,
    waker: RefCell<Option<Waker>>,
    given_up: Cell<usize>,
}

/// Counts its own end, unless it came to it.
struct Waiting(Rc<LaterState>, bool);

impl Drop for Waiting {
    fn drop(&mut self) {
        if !self.1 {
            self.0.given_up.set(self.0.given_up.get() + 1);
        }
    }
}

impl InputHandler for Later {
    fn answer(&self, request: InputRequest) -> InputFuture {
        let mut waiting = Waiting(self.0.clone(), false);
        Box::pin(poll_fn(move |context| {
            if waiting.0.may_answer.get() {
                waiting.1 = true;
                return Poll::Ready(Ok(InputAnswer::Line(format!("to {}", request.prompt))));
            }
            *waiting.0.waker.borrow_mut() = Some(context.waker().clone());
            Poll::Pending
        }))
    }
}

#[test]
fn a_later_answer_blocks_nobody_and_answers_come_in_the_order_of_the_requests() {
    let runtime = runtime();
    let later = Later::default();
    let place = Place::new(&runtime, |host| host.input(later.clone()));
    let program = "t1 = spawn(asks('one'));\nt2 = spawn(asks('two'));\nfor k = 1:3\n  pause(0.001);\n  \
                   fprintf('%d\\n', k);\nend\nopen();\nawait(t2);\nawait(t1);\n\
                   async function asks(who)\n  disp([who ': ' input(who, 's')]);\nend\n\
                   function open()\n  disp('open');\nend\n";
    let mut execution = pin!(place.session.execute(program));
    let screen = place.screen.clone();
    let ended = place.host.block_on(poll_fn(|context| {
        let polled = execution.as_mut().poll(context);
        place.host.native_console().flush();
        // Nobody answers before the others have gone on.
        if screen.text().contains("open") && !later.0.may_answer.replace(true) {
            let waker = later.0.waker.take();
            waker.expect("the first request is under way").wake();
        }
        polled
    }));
    assert!(ended.error.is_none(), "{:?}", ended.error);
    place.host.native_console().flush();
    assert_eq!(screen.text(), "1\n2\n3\nopen\none: to one\ntwo: to two\n");
    drop(ended);
}

#[test]
fn handlers_fail_panic_and_are_replaced_without_harm_to_the_session() {
    let runtime = runtime();
    let handler = |request: &InputRequest| -> InputResult {
        match request.prompt.as_str() {
            "fail" => Err("out of paper".into()),
            "panic" => panic!("broken"),
            "end" => Ok(InputAnswer::End),
            "key" => Ok(InputAnswer::Key("k".to_owned())),
            _ => Ok(InputAnswer::Line("fine".to_owned())),
        }
    };
    let place = Place::new(&runtime, |host| host.input(handler));
    for _attempt in 0..3 {
        for (prompt, identifier) in [
            ("fail", "input:HandlerFailed"),
            ("panic", "input:HandlerFailed"),
            ("end", "input:EndOfInput"),
            ("key", "input:WrongKind"),
        ] {
            let program = format!("input('{prompt}', 's');\n");
            assert_eq!(place.identifier(&program), identifier, "{prompt}");
            let caught = format!("try, input('{prompt}'); catch e, disp(e.identifier), end\n");
            assert_eq!(place.prints(&caught), format!("{identifier}\n"));
        }
        assert_eq!(place.identifier("pause();\n"), "input:WrongKind");
        assert_eq!(place.prints("disp(input('', 's'));\n"), "fine\n");
    }
    let cause = "try, input('fail'); catch e, disp(e.cause{1}.message), end\n";
    assert_eq!(place.prints(cause), "out of paper\n");
    place.host.set_input(None);
    assert_eq!(place.identifier("input('?');\n"), "input:Unavailable");
    place.host.set_input(Some(Rc::new(says("another"))));
    assert_eq!(place.prints("disp(input('', 's'));\n"), "another\n");
    place.close();
}

/// Panics when it is asked, when it is polled, or when it is dropped.
struct Panics(&'static str);

struct Broken(&'static str);

impl Future for Broken {
    type Output = InputResult;

    fn poll(self: std::pin::Pin<&mut Self>, _: &mut std::task::Context<'_>) -> Poll<InputResult> {
        assert!(self.0 != "poll", "polled");
        Poll::Pending
    }
}

impl Drop for Broken {
    fn drop(&mut self) {
        assert!(self.0 != "drop" || std::thread::panicking(), "dropped");
    }
}

impl InputHandler for Panics {
    fn answer(&self, _: InputRequest) -> InputFuture {
        assert!(self.0 != "answer", "asked");
        Box::pin(Broken(self.0))
    }
}

#[test]
fn a_handler_that_panics_in_mid_request_fails_that_request_only() {
    let runtime = runtime();
    for at in ["answer", "poll"] {
        let place = Place::new(&runtime, |host| host.input(Panics(at)));
        assert_eq!(
            place.identifier("input('?');\n"),
            "input:HandlerFailed",
            "{at}"
        );
        place.host.set_input(Some(Rc::new(says("fine"))));
        assert_eq!(place.prints("disp(input('', 's'));\n"), "fine\n");
        place.close();
    }
    let place = Place::new(&runtime, |host| host.input(Panics("drop")));
    let given_up = "f = input_async('?');\ncancel(f);\ndisp(f.State);\n";
    assert_eq!(place.prints(given_up), "cancelled\n");
    place.close();
}

#[test]
fn a_handler_belongs_to_its_session() {
    let runtime = runtime();
    let one = Place::new(&runtime, |host| host.input(says("one")));
    let two = Place::new(&runtime, |host| host.input(says("two")));
    let none = Place::new(&runtime, |host| host);
    let ask = "disp(input('', 's'));\n";
    assert_eq!(
        (one.prints(ask), two.prints(ask)),
        ("one\n".into(), "two\n".into())
    );
    assert_eq!(none.identifier(ask), "input:Unavailable");
    one.host.set_input(Some(Rc::new(says("new"))));
    assert_eq!(
        (one.prints(ask), two.prints(ask)),
        ("new\n".into(), "two\n".into())
    );
    // Both wait at once on one thread.
    let both = "t = spawn(asks());\npause(0.001);\nawait(t);\nasync function asks()\n  \
                disp(input('', 's'));\nend\n";
    assert_eq!(
        (one.prints(both), two.prints(both)),
        ("new\n".into(), "two\n".into())
    );
}

#[test]
fn the_hosts_cancel_stops_a_session_wherever_it_is_and_cleanup_runs() {
    let runtime = runtime();
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("there.txt").display().to_string();
    let waits: &[(&str, String)] = &[
        ("a loop", "while true\n end".to_owned()),
        ("a call", "forever()".to_owned()),
        ("a sleep", "pause(1000)".to_owned()),
        ("an await of a sleep", "await(sleep_async(1000))".to_owned()),
        ("a line", "input('?')".to_owned()),
        ("a key", "pause()".to_owned()),
        ("a task", "await(spawn(naps()))".to_owned()),
        ("a transfer", "await(naps())".to_owned()),
        ("await_all", "await_all(naps(), naps())".to_owned()),
        ("await_any", "await_any(naps(), naps())".to_owned()),
        ("race", "race(naps(), naps())".to_owned()),
        (
            "join_next",
            "js = joinset(); add(js, naps()); join_next(js)".to_owned(),
        ),
        (
            "next",
            "fu = futures_unordered({spawn(naps())}); next(fu)".to_owned(),
        ),
        ("a timeout", "await(naps(), 'Timeout', 500)".to_owned()),
        ("files", format!("while true, fileread('{file}'); end")),
        (
            "writes",
            format!("while true, filewrite('{file}', 'x'); end"),
        ),
        ("turns", "while true, yield_now(); end".to_owned()),
        (
            "readbacks",
            "g = gpuArray(1); while true, gather(g); end".to_owned(),
        ),
        (
            "a callback",
            "f = async @() 1; on_complete(f, @(f) pause(1000)); await(f)".to_owned(),
        ),
    ];
    std::fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(&file)
        .and_then(|mut there| there.write_all(b"text"))
        .expect("it can be written");
    let later = Later::default();
    let place = Place::new(&runtime, |host| host.input(later.clone()));
    for (what, wait) in waits {
        let program = format!(
            "c = onCleanup(@() disp('cleaned'));\ndisp('there');\ntry\n  {wait};\ncatch\n  \
             disp('caught');\nend\ndisp('after');\nasync function naps()\n  pause(1000);\nend\n\
             function forever()\n  while true, k = 1; end\nend\n"
        );
        place.screen.0.borrow_mut().clear();
        let handle = place.session.cancel_handle();
        // From another thread, so that a loop hears it; the program has begun then, or never does.
        let (screen, host) = (place.screen.clone(), place.host.clone());
        let mut execution = pin!(place.session.execute(&program));
        let mut was_cancelled = false;
        let result = place.host.block_on(poll_fn(|context| {
            if !was_cancelled {
                let handle = handle.clone();
                let delay = std::time::Duration::from_millis(2);
                runtime.after(delay, move || handle.cancel());
                was_cancelled = true;
            }
            host.native_console().flush();
            execution.as_mut().poll(context)
        }));
        let error = result.error.as_ref().expect("it was cancelled");
        assert_eq!(error.identifier(), "async:ExecutionCancelled", "{what}");
        drop(result);
        // The variable `c` belongs to the workspace, which lives on.
        assert_eq!(place.prints("clear\n"), "cleaned\n", "{what}");
        assert!(!screen.text().contains("caught"), "{what}");
        assert_eq!(place.host.outstanding(), 0, "{what}");
        assert_eq!(
            place.prints("fprintf('%d\\n', 1 + 1);\n"),
            "2\n",
            "usable after {what}"
        );
    }
    assert_eq!(later.0.given_up.get(), 2, "a line and a key");
    place.close();
}

#[test]
fn a_cancel_before_the_start_is_kept_and_a_late_one_hits_nobody() {
    let runtime = runtime();
    let place = Place::new(&runtime, |host| host);
    let late = place.session.cancel_handle();
    assert_eq!(place.prints("fprintf('1\\n');\n"), "1\n");
    late.cancel();
    assert_eq!(place.prints("pause(0.001);\nfprintf('2\\n');\n"), "2\n");
    place.session.cancel_handle().cancel();
    assert_eq!(
        place.identifier("fprintf('3\\n');\n"),
        "async:ExecutionCancelled"
    );
    assert_eq!(place.prints("fprintf('4\\n');\n"), "4\n");
    place.close();
}

#[test]
fn thousands_of_sleeps_overlap_and_none_ends_early() {
    let runtime = runtime();
    let factor = std::num::NonZeroU32::new(20_000).expect("it is not 0");
    let place = Place::new(&runtime, |host| host.clock_factor(factor));
    let program = "n = 3000;\norder = containers.Map('KeyType', 'char', 'ValueType', 'any');\n\
                   order('ks') = zeros(1, 0);\ntasks = cell(1, n);\nfor k = 1:n\n  \
                   tasks{k} = spawn(sleeps(mod(k * 1117, n), order));\nend\nawait_all(tasks);\n\
                   fprintf('%d\\n', isequal(sort(order('ks')), 0:n - 1));\n\
                   async function sleeps(k, order)\n  began = tic;\n  pause(10 + k);\n  \
                   if toc(began) < 10 + k, disp('early'); end\n  order('ks') = [order('ks') k];\nend\n";
    let began = place.host.now();
    assert_eq!(place.prints(program), "1\n");
    // One after the other they would take some four and a half million seconds of this clock.
    let took = place.host.now().0 - began.0;
    assert!(took >= 3_009_000_000_000, "{took}");
    place.close();
}
