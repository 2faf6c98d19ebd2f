//! The console of a process: buffered, and never in the way of a program whose reader went away.

use std::cell::RefCell;
use std::fmt;
use std::io::{self, IsTerminal, Write};
use tourbillon_host::{Console, Stream};

/// Writes output and errors to two writers, such as those of the process.
///
/// A terminal sees every text at once. Anything else sees it when there is enough of it, before the
/// host waits for something, before an error text (so that both stay in order), and at the end.
pub struct NativeConsole {
    output: RefCell<Buffered>,
    error: RefCell<Buffered>,
}

struct Buffered {
    writer: Box<dyn Write>,
    buffer: Vec<u8>,
    is_immediate: bool,
    lost: Option<io::ErrorKind>,
}

impl NativeConsole {
    /// The standard output and standard error of the process.
    pub fn of_process() -> NativeConsole {
        let (output, error) = (io::stdout(), io::stderr());
        let is_immediate = output.is_terminal();
        NativeConsole {
            output: RefCell::new(Buffered::new(Box::new(output), is_immediate)),
            error: RefCell::new(Buffered::new(Box::new(error), true)),
        }
    }

    /// Two writers, the first of them buffered.
    pub fn new(output: Box<dyn Write>, error: Box<dyn Write>) -> NativeConsole {
        NativeConsole {
            output: RefCell::new(Buffered::new(output, false)),
            error: RefCell::new(Buffered::new(error, true)),
        }
    }

    /// Writes out what is buffered.
    pub fn flush(&self) {
        self.output.borrow_mut().flush();
        self.error.borrow_mut().flush();
    }

    /// Why output is being lost, if it is: `BrokenPipe` when the reader has gone.
    pub fn lost(&self) -> Option<io::ErrorKind> {
        self.output.borrow().lost
    }
}

impl Console for NativeConsole {
    fn write(&self, stream: Stream, text: &str) {
        match stream {
            Stream::Output => self.output.borrow_mut().write(text),
            Stream::Error => {
                self.output.borrow_mut().flush();
                self.error.borrow_mut().write(text);
            }
        }
    }
}

impl Drop for NativeConsole {
    fn drop(&mut self) {
        self.flush();
    }
}

impl fmt::Debug for NativeConsole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NativeConsole")
            .field("lost", &self.lost())
            .finish_non_exhaustive()
    }
}

impl Buffered {
    const ENOUGH_BYTES: usize = 8 << 10;

    fn new(writer: Box<dyn Write>, is_immediate: bool) -> Buffered {
        Buffered {
            writer,
            buffer: Vec::new(),
            is_immediate,
            lost: None,
        }
    }

    fn write(&mut self, text: &str) {
        if self.lost.is_some() {
            return;
        }
        self.buffer.extend_from_slice(text.as_bytes());
        if self.is_immediate || self.buffer.len() >= Self::ENOUGH_BYTES {
            self.flush();
        }
    }

    fn flush(&mut self) {
        if self.buffer.is_empty() {
            return;
        }
        let written = self
            .writer
            .write_all(&self.buffer)
            .and_then(|()| self.writer.flush());
        self.buffer.clear();
        if let Err(error) = written {
            self.lost = Some(error.kind());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::rc::Rc;

    #[derive(Clone, Default)]
    struct Shared(Rc<RefCell<Vec<String>>>);

    struct Named(&'static str, Shared);

    impl Write for Named {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let text = String::from_utf8_lossy(bytes);
            self.1.0.borrow_mut().push(format!("{}{text}", self.0));
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    struct Closed;

    impl Write for Closed {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn console(log: &Shared) -> NativeConsole {
        let writer = |name| Box::new(Named(name, log.clone()));
        NativeConsole::new(writer("out: "), writer("err: "))
    }

    #[test]
    fn output_is_gathered_and_stays_before_a_later_error() {
        let log = Shared::default();
        let console = console(&log);
        console.write(Stream::Output, "one ");
        console.write(Stream::Output, "two\n");
        assert!(log.0.borrow().is_empty());
        console.write(Stream::Error, "warning\n");
        console.write(Stream::Output, "three");
        drop(console);
        assert_eq!(
            *log.0.borrow(),
            ["out: one two\n", "err: warning\n", "out: three"]
        );
    }

    #[test]
    fn much_output_does_not_wait() {
        let log = Shared::default();
        let console = console(&log);
        console.write(Stream::Output, &"x".repeat(Buffered::ENOUGH_BYTES));
        assert_eq!(log.0.borrow().len(), 1);
        console.flush();
        assert_eq!(log.0.borrow().len(), 1, "there is nothing more to write");
    }

    #[test]
    fn a_reader_that_went_away_is_no_failure() {
        let console = NativeConsole::new(Box::new(Closed), Box::new(Closed));
        console.write(Stream::Output, "lost");
        assert_eq!(console.lost(), None);
        console.flush();
        assert_eq!(console.lost(), Some(io::ErrorKind::BrokenPipe));
        console.write(Stream::Output, "lost too");
        console.write(Stream::Error, "and this");
    }
}
