//! `tourbillon run`: one program on the native host, now.

use crate::exit::Exit;
use crate::input::{read_program, shown_name};
use crate::output::{Format, Output};
use clap::{Args, ValueEnum};
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::future::{Future, poll_fn};
use std::io::{self, ErrorKind, IsTerminal, Write};
use std::path::PathBuf;
use std::pin::pin;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Poll, Waker};
use std::time::Duration;
use tourbillon_host::Fifo;
use tourbillon_host_native::{NativeConsole, NativeHost, Runtime, TerminalInput};
use tourbillon_session::{CancelHandle, Session, SessionOptions};
use tourbillon_syntax::Source;
use tourbillon_value::{Namespace, RuntimeError, Value};
use tourbillon_world::{CanonicalValue, snapshot};

/// The arguments of `run`.
#[derive(Debug, Args)]
#[command(after_help = "\
The first FILE is the script; further ones are function files that it may call. `-` reads the script \
from standard input.\n\n\
Ctrl-C cancels the program: its cleanup runs, and it exits 1 with async:ExecutionCancelled. A second \
Ctrl-C ends it at once. A program that does not compile exits 2, one that fails exits 1.")]
pub struct RunArguments {
    /// The script, then function files
    #[arg(required = true, value_name = "FILE.m")]
    files: Vec<PathBuf>,

    /// The device of gpuArray
    #[arg(long, value_enum, default_value_t = Gpu::Auto)]
    gpu: Gpu,

    /// Whose identifiers the language's own errors carry
    #[arg(long, value_enum, default_value_t = NamespaceName::Matlab)]
    namespace: NamespaceName,

    /// Strict compatibility: refuse every async form
    #[arg(long)]
    strict: bool,

    /// The scheduler's tier
    #[arg(long, value_enum, default_value_t = Tier::Dynamic)]
    tier: Tier,

    /// Cancel the program after so many seconds
    #[arg(long, value_name = "SECONDS", value_parser = super::seconds)]
    timeout: Option<Duration>,
}

/// Devices that can be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Gpu {
    /// The best there is
    Auto,
    /// A graphics card
    Wgpu,
    /// The reference device, which computes on the processor
    Simulated,
    /// No device: gpuArray fails with gpu:NoDevice
    None,
}

/// The tiers of the scheduler.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Tier {
    /// Grows as needed
    Dynamic,
    /// Fixed capacities, no heap
    Embedded,
}

/// The namespaces of identifiers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum NamespaceName {
    /// MATLAB:UndefinedFunction and its like
    Matlab,
    /// Octave:undefined-function and its like
    Octave,
    /// RunMat's
    Runmat,
}

impl From<NamespaceName> for Namespace {
    fn from(name: NamespaceName) -> Namespace {
        match name {
            NamespaceName::Matlab => Namespace::Matlab,
            NamespaceName::Octave => Namespace::Octave,
            NamespaceName::Runmat => Namespace::RunMat,
        }
    }
}

/// Runs the program.
pub fn run(arguments: &RunArguments, output: &mut Output) -> Exit {
    if let Some(refusal) = refusal(arguments) {
        output.error(refusal);
        return Exit::Usage;
    }
    let mut sources = Vec::new();
    for path in &arguments.files {
        match read_program(path) {
            Ok(text) => sources.push(Source::new(shown_name(path), text)),
            Err(error) => {
                output.error(error);
                return Exit::Usage;
            }
        }
    }
    match Runtime::start() {
        Ok(runtime) => run_on(&runtime, arguments, &sources, output),
        Err(error) => {
            output.error(format!(
                "error: the operating system gives no thread: {error}"
            ));
            Exit::Failed
        }
    }
}

/// What is asked for and not there.
fn refusal(arguments: &RunArguments) -> Option<&'static str> {
    match arguments.gpu {
        Gpu::Wgpu => {
            return Some(
                "error: this build has no wgpu provider\nhelp: leave `--gpu` out, or use `--gpu simulated`",
            );
        }
        Gpu::Auto | Gpu::Simulated | Gpu::None => {}
    }
    match arguments.tier {
        Tier::Dynamic => None,
        Tier::Embedded => {
            Some("error: the embedded tier is not part of this version\nhelp: leave `--tier` out")
        }
    }
}

fn run_on(
    runtime: &Runtime,
    arguments: &RunArguments,
    sources: &[Source],
    output: &mut Output,
) -> Exit {
    let format = if output.is_json() {
        Format::Json
    } else {
        Format::Text
    };
    let reader = Rc::new(Reader::default());
    let captured: Rc<RefCell<Vec<u8>>> = Rc::default();
    let console = match format {
        Format::Json => {
            NativeConsole::new(Box::new(Captured(captured.clone())), Box::new(io::stderr()))
        }
        Format::Text if io::stdout().is_terminal() => NativeConsole::of_process(),
        Format::Text => NativeConsole::new(Box::new(Piped(reader.clone())), Box::new(io::stderr())),
    };
    let input = TerminalInput::of_process();
    let restore_terminal = input.restorer();
    let mut host = NativeHost::builder(runtime).console(console).input(input);
    if arguments.gpu == Gpu::None {
        host = host.device(None);
    }
    let host = Rc::new(host.build());
    let mut options = SessionOptions {
        strict: arguments.strict,
        ..SessionOptions::default()
    };
    let namespace = arguments.namespace.into();
    options.machine.namespace = namespace;
    options.machine.capture_output = false;
    let session = Session::new(host.clone(), Rc::new(Fifo), None, options);

    let program = match session.compile(sources) {
        Ok(program) => program,
        Err(errors) => {
            for error in errors {
                output.error(error.format_diagnostic(namespace));
            }
            return Exit::Usage;
        }
    };
    let interrupts = Interrupts::new(session.cancel_handle());
    reader.stop.replace(Some(session.cancel_handle()));
    // Kept to the end: when it goes, a second Ctrl-C knows that nothing is left to end.
    let _running = match interrupts.listen(runtime, restore_terminal) {
        Ok(running) => Some(running),
        Err(error) => {
            output.aside(format!("warning: Ctrl-C will not run cleanup: {error}"));
            None
        }
    };
    let timed_out = Arc::new(AtomicBool::new(false));
    if let Some(delay) = arguments.timeout {
        let (handle, timed_out) = (session.cancel_handle(), timed_out.clone());
        runtime.after(delay, move || {
            timed_out.store(true, Ordering::Release);
            handle.cancel();
        });
    }

    let ended = host.block_on(interrupts.unless_abandoned(async {
        let result = session.execute_program(&program).await;
        interrupts.aim(session.cancel_handle());
        let mut diagnostics = result.diagnostics;
        // What the workspace holds must have no other owner when the session closes it.
        let values = shown_values(format, result.values);
        match session.close().await {
            Ok(more) => diagnostics.extend(more),
            Err(error) => diagnostics.push(error),
        }
        (result.error, diagnostics, values)
    }));
    host.native_console().flush();
    let Some((error, diagnostics, values)) = ended else {
        output.error("error: stopped by a second Ctrl-C, before cleanup had ended");
        return Exit::Failed;
    };
    if reader.has_gone.get() {
        // Whoever read has what was wanted of it: being stopped for that is no failure.
        return Exit::Held;
    }
    let lost = host.native_console().lost();
    for diagnostic in diagnostics
        .iter()
        .filter(|diagnostic| !was_shown(diagnostic))
    {
        output.error(
            diagnostic
                .format_diagnostic(namespace)
                .replacen("error:", "warning:", 1),
        );
    }
    if format == Format::Json {
        output.json(&serde_json::json!({
            "stdout": String::from_utf8_lossy(&captured.borrow()),
            "error": error.as_ref().map(|error| error_json(error, namespace)),
            "diagnostics": diagnostics.iter().map(|diagnostic| serde_json::json!({
                "identifier": diagnostic.identifier_in(namespace),
                "message": diagnostic.message(),
            })).collect::<Vec<_>>(),
            "values": values,
        }));
    }
    if let Some(lost) = lost {
        output.error(format_args!("error: the program's output was lost: {lost}"));
    }
    match error {
        None if lost.is_some() => Exit::Failed,
        None => Exit::Held,
        Some(error) => {
            output.error(error.format_diagnostic(namespace));
            if let (true, Some(delay)) = (timed_out.load(Ordering::Acquire), arguments.timeout) {
                output.aside(format!(
                    "stopped after {} s, as `--timeout` says",
                    delay.as_secs_f64()
                ));
            }
            Exit::Failed
        }
    }
}

/// The workspace for programs, when they are to see it.
fn shown_values(format: Format, values: BTreeMap<String, Value>) -> serde_json::Value {
    match format {
        Format::Text => serde_json::Value::Null,
        Format::Json => {
            let set = values.iter().filter(|(_, value)| !value.is_undefined());
            let shown: BTreeMap<&String, CanonicalValue> =
                set.map(|(name, value)| (name, snapshot(value))).collect();
            serde_json::json!(shown)
        }
    }
}

/// Warnings are written when they come up; reports of the engine itself are only kept.
fn was_shown(diagnostic: &RuntimeError) -> bool {
    !diagnostic.identifier().starts_with("async:")
}

/// An error for programs.
pub fn error_json(error: &RuntimeError, namespace: Namespace) -> serde_json::Value {
    serde_json::json!({
        "identifier": error.identifier_in(namespace),
        "message": error.message(),
        "stack": error.context().stack.iter().map(|frame| serde_json::json!({
            "file": &*frame.file,
            "name": &*frame.name,
            "line": frame.line,
            "column": frame.column,
        })).collect::<Vec<_>>(),
        "cause": error.causes().iter().map(|cause| error_json(cause, namespace)).collect::<Vec<_>>(),
    })
}

/// Collects what the program prints, to be one field of the result.
struct Captured(Rc<RefCell<Vec<u8>>>);

impl Write for Captured {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Who reads the output at the other end of a pipe.
#[derive(Default)]
struct Reader {
    stop: RefCell<Option<CancelHandle>>,
    has_gone: Cell<bool>,
}

/// Standard output that stops the program when its reader has gone: a program that prints for ever
/// ends with the `head` that it was piped into.
struct Piped(Rc<Reader>);

impl Piped {
    fn noted<T>(&self, result: io::Result<T>) -> io::Result<T> {
        if let Err(error) = &result
            && error.kind() == ErrorKind::BrokenPipe
        {
            self.0.has_gone.set(true);
            if let Some(handle) = &*self.0.stop.borrow() {
                handle.cancel();
            }
        }
        result
    }
}

impl Write for Piped {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.noted(io::stdout().write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.noted(io::stdout().flush())
    }
}

/// Ctrl-C: the first cancels the execution, the second ends the program at once.
struct Interrupts(Arc<InterruptState>);

struct InterruptState {
    handle: Mutex<CancelHandle>,
    is_abandoned: AtomicBool,
    waker: Mutex<Option<Waker>>,
}

impl Interrupts {
    fn new(handle: CancelHandle) -> Interrupts {
        Interrupts(Arc::new(InterruptState {
            handle: Mutex::new(handle),
            is_abandoned: AtomicBool::new(false),
            waker: Mutex::new(None),
        }))
    }

    /// What the first Ctrl-C cancels from now on.
    fn aim(&self, handle: CancelHandle) {
        *lock(&self.0.handle) = handle;
    }

    /// Hears Ctrl-C. What it returns is dropped when the program has ended.
    fn listen(
        &self,
        runtime: &Runtime,
        restore_terminal: impl Fn() + Send + 'static,
    ) -> io::Result<Sender<()>> {
        let (running, has_ended) = channel();
        let state = self.0.clone();
        runtime.on_interrupt(move |count| {
            state.interrupted(count, &has_ended, &restore_terminal);
        })?;
        Ok(running)
    }

    /// The future's output; nothing once Ctrl-C was pressed twice.
    async fn unless_abandoned<F: Future>(&self, future: F) -> Option<F::Output> {
        let mut future = pin!(future);
        poll_fn(|context| {
            *lock(&self.0.waker) = Some(context.waker().clone());
            if self.0.is_abandoned.load(Ordering::Acquire) {
                return Poll::Ready(None);
            }
            future.as_mut().poll(context).map(Some)
        })
        .await
    }
}

impl InterruptState {
    fn interrupted(&self, count: u32, has_ended: &Receiver<()>, restore_terminal: &dyn Fn()) {
        if count == 1 {
            lock(&self.handle).cancel();
            return;
        }
        self.is_abandoned.store(true, Ordering::Release);
        if let Some(waker) = lock(&self.waker).take() {
            waker.wake();
        }
        end_at_once(has_ended, restore_terminal);
    }
}

/// Gives the main thread a moment to leave in good order, which it cannot when it computes.
#[expect(
    clippy::disallowed_methods,
    reason = "a program that never gives way leaves no other way to end it at once"
)]
fn end_at_once(has_ended: &Receiver<()>, restore_terminal: &dyn Fn()) {
    const PATIENCE: Duration = Duration::from_millis(250);
    match has_ended.recv_timeout(PATIENCE) {
        Ok(()) | Err(RecvTimeoutError::Disconnected) => {}
        Err(RecvTimeoutError::Timeout) => {
            restore_terminal();
            std::process::exit(1)
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
