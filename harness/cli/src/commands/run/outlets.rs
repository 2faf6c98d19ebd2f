//! Where the output of a program goes, and where its input comes from.

use crate::output::Format;
use std::cell::{Cell, RefCell};
use std::io::{self, ErrorKind, IsTerminal, Write};
use std::rc::Rc;
use tourbillon_host_native::{NativeConsole, TerminalInput};
use tourbillon_session::CancelHandle;

/// The two streams of one program, and its input.
pub struct Outlets {
    console: NativeConsole,
    input: Option<TerminalInput>,
    shown: Shown,
}

/// What a program wrote that is still to be shown, and whether anybody reads it.
pub struct Shown {
    stdout: Rc<RefCell<Vec<u8>>>,
    stderr: Rc<RefCell<Vec<u8>>>,
    reader: Rc<Reader>,
}

/// Who reads the output at the other end of a pipe.
#[derive(Default)]
struct Reader {
    stop: RefCell<Option<CancelHandle>>,
    has_gone: Cell<bool>,
}

impl Outlets {
    /// Those of the process, for the only program: what it prints is shown at once, unless it is to be
    /// one field of a result.
    pub fn of_process(format: Format) -> Outlets {
        let shown = Shown::nothing();
        let console = match format {
            Format::Json => {
                let captured = Box::new(Captured(shown.stdout.clone()));
                NativeConsole::new(captured, Box::new(io::stderr()))
            }
            Format::Text if io::stdout().is_terminal() => NativeConsole::of_process(),
            Format::Text => {
                let piped = Box::new(Piped(shown.reader.clone()));
                NativeConsole::new(piped, Box::new(io::stderr()))
            }
        };
        Outlets {
            console,
            input: Some(TerminalInput::of_process()),
            shown,
        }
    }

    /// What is written is kept until the program has ended; input is there when nobody else reads it.
    pub fn kept(has_input: bool) -> Outlets {
        let shown = Shown::nothing();
        let captured = |bytes: &Rc<RefCell<Vec<u8>>>| Box::new(Captured(bytes.clone()));
        Outlets {
            console: NativeConsole::new(captured(&shown.stdout), captured(&shown.stderr)),
            input: has_input.then(TerminalInput::of_process),
            shown,
        }
    }

    /// The parts.
    pub fn split(self) -> (NativeConsole, Option<TerminalInput>, Shown) {
        (self.console, self.input, self.shown)
    }
}

impl Shown {
    fn nothing() -> Shown {
        Shown {
            stdout: Rc::default(),
            stderr: Rc::default(),
            reader: Rc::default(),
        }
    }

    /// Who is stopped when the reader has gone.
    pub fn stop_with(&self, handle: CancelHandle) {
        *self.reader.stop.borrow_mut() = Some(handle);
    }

    /// Whether the reader has gone.
    pub fn has_no_reader(&self) -> bool {
        self.reader.has_gone.get()
    }

    /// What was kept of both streams.
    pub fn take(&self) -> (Vec<u8>, Vec<u8>) {
        (self.stdout.take(), self.stderr.take())
    }
}

/// Collects what the program writes, to be shown at its end.
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
