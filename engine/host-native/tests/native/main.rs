//! The native host against the real clock, real files and scripted terminals.

mod files;
mod input;
mod jobs;
mod readback;
mod session;
mod threads;
mod timers;
mod web;

use std::error::Error;
use std::future::poll_fn;
use std::rc::Rc;
use tourbillon_host::{Host, OperationId, OperationLabel, Outcome, Request, Response, TaskLabel};
use tourbillon_host_native::{NativeHost, Runtime};

fn label(request: &Request) -> OperationLabel {
    OperationLabel {
        task: TaskLabel::root("main"),
        name: request.name(),
        occurrence: 1,
    }
}

fn submit(host: &NativeHost, request: Request) -> OperationId {
    let label = label(&request);
    host.submit(request, &label)
}

/// What a test looks at in an error.
#[derive(Debug, PartialEq)]
struct Failure {
    identifier: String,
    message: String,
    source: Option<String>,
}

type Ended = Result<Response, Failure>;

fn ended(outcome: Outcome) -> Ended {
    outcome.map_err(|error| Failure {
        identifier: error.identifier().to_owned(),
        message: error.message().to_owned(),
        source: error.source().map(ToString::to_string),
    })
}

fn try_now(host: &NativeHost, request: &Request) -> Option<Ended> {
    host.try_now(request, &label(request)).map(ended)
}

fn wait(host: &NativeHost, operation: OperationId) -> Ended {
    ended(host.block_on(poll_fn(|context| host.poll(operation, context))))
}

fn run(host: &NativeHost, request: Request) -> Ended {
    let operation = submit(host, request);
    wait(host, operation)
}

fn runtime() -> Runtime {
    Runtime::start().expect("the machine has a thread to spare")
}

#[test]
fn ids_are_never_reused() {
    let runtime = runtime();
    let host = NativeHost::builder(&runtime).build();
    let request = || Request::FileExists {
        path: "nowhere".to_owned(),
    };
    let first = submit(&host, request());
    host.cancel(first);
    host.cancel(first);
    let second = submit(&host, request());
    assert!(wait(&host, second).is_ok());
    host.cancel(second);
    let third = submit(&host, request());
    assert!(first < second && second < third);
    assert_eq!(host.outstanding(), 1);
    host.cancel(third);
    assert_eq!(host.outstanding(), 0);
}

#[test]
fn a_host_is_seeded_and_has_a_device() {
    let runtime = runtime();
    let plain = NativeHost::builder(&runtime).build();
    assert_eq!(plain.seed(), 0);
    let device = plain.device().expect("the reference device is there");
    assert!(device.info().has_double);
    let bare = NativeHost::builder(&runtime).seed(7).device(None).build();
    assert_eq!(bare.seed(), 7);
    assert!(bare.device().is_none());
}

#[cfg(unix)]
#[test]
fn an_interrupt_calls_its_handler_and_does_not_end_the_process() {
    use std::process::{Command, id};
    use std::sync::mpsc;
    use std::time::Duration;

    let runtime = runtime();
    let (sender, receiver) = mpsc::channel();
    runtime
        .on_interrupt(move |count| sender.send(count).expect("the test waits"))
        .expect("signals can be handled");
    for count in 1..=2 {
        let status = Command::new("kill")
            .args(["-INT", &id().to_string()])
            .status()
            .expect("there is a kill command");
        assert!(status.success());
        // The limit is only there to end a test that failed.
        assert_eq!(receiver.recv_timeout(Duration::from_secs(60)), Ok(count));
    }
}

#[test]
fn what_was_printed_is_written_out_before_waiting() {
    use std::cell::RefCell;
    use std::io::{self, Write};
    use tourbillon_host::{Nanoseconds, Stream};
    use tourbillon_host_native::NativeConsole;

    #[derive(Clone, Default)]
    struct Shown(Rc<RefCell<String>>);

    impl Write for Shown {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0
                .borrow_mut()
                .push_str(std::str::from_utf8(bytes).map_err(io::Error::other)?);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    let runtime = runtime();
    let shown = Shown::default();
    let console = NativeConsole::new(Box::new(shown.clone()), Box::new(io::sink()));
    let host = NativeHost::builder(&runtime).console(console).build();
    let deadline = host.now() + Nanoseconds(1_000_000);
    let timer = submit(&host, Request::Timer { deadline });
    host.block_on(async {
        host.console().write(Stream::Output, "before");
        assert_eq!(*shown.0.borrow(), "");
        let outcome = poll_fn(|context| host.poll(timer, context)).await;
        assert!(outcome.is_ok());
        assert_eq!(*shown.0.borrow(), "before");
        host.console().write(Stream::Output, " after");
    });
    assert_eq!(*shown.0.borrow(), "before after");
}
