//! One program on a native host: from its text to what is said of it.

use super::interrupts::Interrupts;
use super::outlets::Outlets;
use super::stats;
use super::{Gpu, Tier};
use crate::exit::Exit;
use crate::output::{Format, Output};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tourbillon_host::Fifo;
use tourbillon_host_native::{NativeHost, Threads};
use tourbillon_session::{Session, SessionOptions};
use tourbillon_syntax::Source;
use tourbillon_value::{Namespace, RuntimeError, Value};
use tourbillon_world::{CanonicalValue, snapshot};

/// What programs are run with.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// The device of `gpuArray`.
    pub gpu: Gpu,
    /// Whose identifiers the language's own errors carry.
    pub namespace: Namespace,
    /// Whether every async form is refused.
    pub strict: bool,
    /// Whether subscribers of `tracing` hear of it.
    pub is_logged: bool,
    /// Whether what was counted is said.
    pub stats: bool,
    /// The scheduler's tier.
    pub tier: Tier,
    /// When a program is cancelled.
    pub timeout: Option<Duration>,
    /// How results are written.
    pub format: Format,
}

/// How a program ended: what is left to be said of it.
#[derive(Debug)]
pub struct Ended {
    /// What was printed, unless it was shown at once.
    pub stdout: Vec<u8>,
    /// What was written to its standard error, unless it was shown at once.
    pub stderr: Vec<u8>,
    /// Whether the reader of its output has gone.
    pub has_no_reader: bool,
    /// Its result for programs, but for what was printed.
    json: Option<serde_json::Value>,
    remarks: Vec<Remark>,
    /// The verdict.
    pub exit: Exit,
}

#[derive(Debug)]
enum Remark {
    Error(String),
    Aside(String),
}

impl Ended {
    /// A program that a defect of the engine ended.
    pub fn panicked() -> Ended {
        Ended {
            remarks: vec![Remark::Error(
                "error: the engine panicked; this is a defect of it".to_owned(),
            )],
            ..Ended::new(Exit::Failed)
        }
    }

    fn new(exit: Exit) -> Ended {
        Ended {
            stdout: Vec::new(),
            stderr: Vec::new(),
            has_no_reader: false,
            json: None,
            remarks: Vec::new(),
            exit,
        }
    }

    fn error(&mut self, text: impl Into<String>) {
        self.remarks.push(Remark::Error(text.into()));
    }

    /// Says what is left to be said, and gives the verdict. With a name, the result for programs
    /// carries it.
    pub fn say(self, name: Option<&str>, output: &mut Output) -> Exit {
        if let Some(mut json) = self.json {
            json["stdout"] = String::from_utf8_lossy(&self.stdout).into();
            if let Some(name) = name {
                json["program"] = name.into();
            }
            output.json(&json);
        }
        for remark in self.remarks {
            match remark {
                Remark::Error(text) => output.error(text),
                Remark::Aside(text) => output.aside(text),
            }
        }
        self.exit
    }
}

/// Runs program number `number` on this thread.
pub fn run(
    threads: &Threads,
    settings: Settings,
    number: usize,
    sources: &[Source],
    outlets: Outlets,
    interrupts: &Interrupts,
) -> Ended {
    let Settings {
        namespace, format, ..
    } = settings;
    let (console, input, shown) = outlets.split();
    let mut host = NativeHost::builder_on(threads).console(console);
    if let Some(input) = input {
        interrupts.restore_with(input.restorer());
        host = host.input(input);
    }
    if settings.gpu == Gpu::None {
        host = host.device(None);
    }
    let host = Rc::new(host.build());
    let mut options = SessionOptions {
        strict: settings.strict,
        tracing: settings.is_logged,
        ..SessionOptions::default()
    };
    options.machine.namespace = namespace;
    options.machine.capture_output = false;
    options.machine.tier = match settings.tier {
        Tier::Dynamic => tourbillon_session::Tier::Dynamic,
        Tier::Embedded => tourbillon_session::Tier::Embedded,
    };
    let session = Session::new(host.clone(), Rc::new(Fifo), None, options);
    let program = match session.compile(sources) {
        Ok(program) => program,
        Err(errors) => {
            let mut ended = Ended::new(Exit::Usage);
            for error in &errors {
                ended.error(error.format_diagnostic(namespace));
            }
            let is_script =
                |error: &RuntimeError| error.identifier().ends_with(":m_script_in_function_file");
            if errors.iter().any(is_script) {
                ended.error("help: with `--jobs N` each file is a program of its own");
            }
            if let Some(first) = errors.first() {
                ended.json = Some(result_json(Some(first), &errors[1..], namespace, None));
            }
            return ended;
        }
    };
    interrupts.begin(number, session.cancel_handle());
    shown.stop_with(session.cancel_handle());
    let timed_out = Arc::new(AtomicBool::new(false));
    if let Some(delay) = settings.timeout {
        let (handle, timed_out) = (session.cancel_handle(), timed_out.clone());
        threads.after(delay, move || {
            timed_out.store(true, Ordering::Release);
            handle.cancel();
        });
    }
    let life = host.block_on(interrupts.unless_abandoned(number, async {
        let result = session.execute_program(&program).await;
        interrupts.aim(number, session.cancel_handle());
        let mut diagnostics = result.diagnostics;
        // What the workspace holds must have no other owner when the session closes it.
        let values = shown_values(format, result.values);
        match session.close().await {
            Ok(more) => diagnostics.extend(more),
            Err(error) => diagnostics.push(error),
        }
        (result.error, diagnostics, values, result.statistics)
    }));
    host.native_console().flush();
    let mut ended = Ended::new(Exit::Held);
    (ended.stdout, ended.stderr) = shown.take();
    let Some((error, diagnostics, values, statistics)) = life else {
        ended.error("error: stopped by a second Ctrl-C, before cleanup had ended");
        ended.exit = Exit::Failed;
        return ended;
    };
    ended.has_no_reader = shown.has_no_reader();
    if ended.has_no_reader {
        // Whoever read has what was wanted of it: being stopped for that is no failure.
        return ended;
    }
    for diagnostic in diagnostics
        .iter()
        .filter(|diagnostic| !was_shown(diagnostic))
    {
        let text = diagnostic.format_diagnostic(namespace);
        ended.error(text.replacen("error:", "warning:", 1));
    }
    if format == Format::Json {
        let mut json = result_json(error.as_ref(), &diagnostics, namespace, values);
        if settings.stats {
            json["statistics"] = stats::json(&statistics);
        }
        ended.json = Some(json);
    }
    if let Some(lost) = host.native_console().lost() {
        ended.error(format!("error: the program's output was lost: {lost}"));
        ended.exit = Exit::Failed;
    }
    if let Some(error) = error {
        ended.error(error.format_diagnostic(namespace));
        if let (true, Some(delay)) = (timed_out.load(Ordering::Acquire), settings.timeout) {
            let seconds = delay.as_secs_f64();
            let text = format!("stopped after {seconds} s, as `--timeout` says");
            ended.remarks.push(Remark::Aside(text));
        }
        ended.exit = Exit::Failed;
    }
    if settings.stats && format == Format::Text {
        ended.remarks.push(Remark::Aside(stats::text(&statistics)));
    }
    ended
}

/// The result for programs.
fn result_json(
    error: Option<&RuntimeError>,
    diagnostics: &[RuntimeError],
    namespace: Namespace,
    values: Option<serde_json::Value>,
) -> serde_json::Value {
    serde_json::json!({
        "stdout": "",
        "error": error.map(|error| error_json(error, namespace)),
        "diagnostics": diagnostics.iter().map(|diagnostic| serde_json::json!({
            "identifier": diagnostic.identifier_in(namespace),
            "message": diagnostic.message(),
        })).collect::<Vec<_>>(),
        "values": values,
    })
}

/// The workspace for programs, when they are to see it.
fn shown_values(format: Format, values: BTreeMap<String, Value>) -> Option<serde_json::Value> {
    match format {
        Format::Text => None,
        Format::Json => {
            let set = values.iter().filter(|(_, value)| !value.is_undefined());
            let shown: BTreeMap<&String, CanonicalValue> =
                set.map(|(name, value)| (name, snapshot(value))).collect();
            Some(serde_json::json!(shown))
        }
    }
}

/// Warnings are written when they come up; reports of the engine itself are only kept.
fn was_shown(diagnostic: &RuntimeError) -> bool {
    !diagnostic.identifier().starts_with("async:")
}

/// An error for programs.
fn error_json(error: &RuntimeError, namespace: Namespace) -> serde_json::Value {
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
