//! The input handler of a terminal: lines and keys from standard input, prompts to standard error.

use crate::input::{InputAnswer, InputFuture, InputHandler, InputRequest, InputResult};
use crate::lock::lock;
use crate::terminal_mode::{self, Mode, NoTerminal, Terminal};
use std::future::Future;
use std::io::{self, BufRead, Write};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::{fmt, thread};
use tourbillon_host::InputKind;

/// Answers from what is typed, or from any stream of lines.
///
/// At a terminal a key is one key, and a request without echo shows nothing; when the request has
/// ended, in whatever way, the terminal is as it was. Where there is no terminal a key is the first
/// character of the next line, `'\n'` when that is empty.
///
/// Nothing is read before it is wanted. What was typed for a request that was given up in the
/// meantime answers the next.
pub struct TerminalInput {
    shared: Arc<Mutex<Shared>>,
    prompts: Arc<Mutex<dyn Write + Send>>,
}

/// Appends what comes next, at most to the end of a line; 0 is the end of the input.
type ReadMore = dyn FnMut(&mut Vec<u8>) -> io::Result<usize> + Send;

struct Shared {
    /// Locked by the thread that reads.
    reader: Arc<Mutex<ReadMore>>,
    is_reading: bool,
    /// Read and not yet asked for.
    typed: Vec<u8>,
    /// Whether what was taken last had the end of its line.
    is_line_ended: bool,
    /// How the last reading ended, when it brought nothing.
    stopped: Option<io::Result<()>>,
    waker: Option<Waker>,
    terminal: Box<dyn Terminal>,
}

impl TerminalInput {
    /// Standard input, with the prompts on standard error: there a person sees them also when the
    /// output goes to a file, and the output stays what the program printed.
    pub fn of_process() -> TerminalInput {
        TerminalInput::with(
            Arc::new(Mutex::new(|typed: &mut Vec<u8>| {
                read_more(&mut io::stdin().lock(), typed)
            })),
            Arc::new(Mutex::new(io::stderr())),
            terminal_mode::of_process(),
        )
    }

    /// Any reader that is no terminal, and where the prompts go.
    pub fn new(
        mut reader: impl BufRead + Send + 'static,
        prompts: impl Write + Send + 'static,
    ) -> TerminalInput {
        TerminalInput::with(
            Arc::new(Mutex::new(move |typed: &mut Vec<u8>| {
                read_more(&mut reader, typed)
            })),
            Arc::new(Mutex::new(prompts)),
            Box::new(NoTerminal),
        )
    }

    /// Puts the terminal back to how it was, from any thread: for a process that has to end while a
    /// request is under way.
    pub fn restorer(&self) -> impl Fn() + Send + Sync + 'static {
        let shared = Arc::clone(&self.shared);
        move || lock(&shared).terminal.restore()
    }

    fn with(
        reader: Arc<Mutex<ReadMore>>,
        prompts: Arc<Mutex<dyn Write + Send>>,
        terminal: Box<dyn Terminal>,
    ) -> TerminalInput {
        TerminalInput {
            shared: Arc::new(Mutex::new(Shared {
                reader,
                is_reading: false,
                typed: Vec::new(),
                is_line_ended: false,
                stopped: None,
                waker: None,
                terminal,
            })),
            prompts,
        }
    }
}

impl InputHandler for TerminalInput {
    fn answer(&self, request: InputRequest) -> InputFuture {
        let mode = match (request.kind, request.echo) {
            (InputKind::Line, true) => Mode::Line,
            (InputKind::Line, false) => Mode::HiddenLine,
            (InputKind::Key, echo) => Mode::Key { echo },
        };
        // The mode comes first: what is typed as soon as the prompt is seen must not be shown.
        let set = lock(&self.shared).terminal.set(mode);
        let mut answer = Answer {
            shared: Arc::clone(&self.shared),
            prompts: Arc::clone(&self.prompts),
            mode,
            is_line_open: false,
        };
        if let Err(error) = set {
            return Box::pin(std::future::ready(Err(error.into())));
        }
        show(&self.prompts, &request.prompt);
        answer.is_line_open = match request.kind {
            InputKind::Line => true,
            InputKind::Key => !matches!(request.prompt.chars().last(), None | Some('\n')),
        };
        Box::pin(answer)
    }
}

impl fmt::Debug for TerminalInput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TerminalInput").finish_non_exhaustive()
    }
}

/// One request under way. The terminal is in its mode until it goes.
struct Answer {
    shared: Arc<Mutex<Shared>>,
    prompts: Arc<Mutex<dyn Write + Send>>,
    mode: Mode,
    /// Whether the cursor stands behind the prompt, or behind what was typed there.
    is_line_open: bool,
}

impl Future for Answer {
    type Output = InputResult;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<InputResult> {
        let mut shared = lock(&self.shared);
        if let Some(answer) = shared.take_answer(self.mode) {
            let is_line_ended = shared.is_line_ended;
            drop(shared);
            // The end of a line that was not shown is shown when this goes, and so is that of a line
            // which the end of the input has cut off.
            if self.mode == Mode::Line && is_line_ended && answer.is_ok() {
                self.is_line_open = false;
            }
            return Poll::Ready(answer.map_err(Into::into));
        }
        shared.waker = Some(context.waker().clone());
        if !shared.is_reading {
            start_reading(&self.shared, &shared.reader)?;
            // The thread that has begun cannot end before this lock is free.
            shared.is_reading = true;
        }
        Poll::Pending
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        let mut shared = lock(&self.shared);
        shared.terminal.restore();
        let waker = shared.waker.take();
        let is_at_terminal = shared.terminal.is_terminal();
        drop(shared);
        if self.is_line_open && is_at_terminal {
            // What is written next, such as an error, begins a line of its own.
            show(&self.prompts, "\n");
        }
        drop(waker);
    }
}

impl Shared {
    /// The answer to a request, when enough was typed or nothing more will come.
    fn take_answer(&mut self, mode: Mode) -> Option<io::Result<InputAnswer>> {
        let is_key = matches!(mode, Mode::Key { .. });
        let length = if is_key && self.terminal.is_terminal() {
            key_length(&self.typed)
        } else {
            self.typed
                .iter()
                .position(|byte| *byte == b'\n')
                .map(|at| at + 1)
        };
        let length = match length {
            Some(length) => length,
            // The last line may have no end; after it comes the end of the input itself.
            None => match self.stopped.take()? {
                Err(error) => return Some(Err(error)),
                Ok(()) if self.typed.is_empty() => return Some(Ok(InputAnswer::End)),
                Ok(()) => self.typed.len(),
            },
        };
        let bytes: Vec<u8> = self.typed.drain(..length).collect();
        self.is_line_ended = bytes.ends_with(b"\n");
        Some(text(bytes).map(|text| {
            if !is_key {
                InputAnswer::Line(without_end(&text).to_owned())
            } else if text.starts_with(ESCAPE) {
                InputAnswer::Key(text)
            } else {
                let key = without_end(&text).chars().next();
                InputAnswer::Key(key.map_or_else(|| "\n".to_owned(), String::from))
            }
        }))
    }
}

const ESCAPE: char = '\u{1b}';

/// The number of bytes of the first key, when it is complete. An arrow or function key sends several
/// characters at once, and the first of them is an escape.
fn key_length(typed: &[u8]) -> Option<usize> {
    let length = match typed.first()? {
        byte if *byte == ESCAPE as u8 => typed.len(),
        0xc0..=0xdf => 2,
        0xe0..=0xef => 3,
        0xf0..=0xf7 => 4,
        _ => 1,
    };
    (typed.len() >= length).then_some(length)
}

fn without_end(line: &str) -> &str {
    let line = line.strip_suffix('\n').unwrap_or(line);
    line.strip_suffix('\r').unwrap_or(line)
}

fn text(bytes: Vec<u8>) -> io::Result<String> {
    String::from_utf8(bytes).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
}

/// A prompt that cannot be shown is lost, like output; the answer may still come.
fn show(prompts: &Mutex<dyn Write + Send>, text: &str) {
    let mut prompts = lock(prompts);
    let _lost = prompts
        .write_all(text.as_bytes())
        .and_then(|()| prompts.flush());
}

fn read_more(reader: &mut impl BufRead, typed: &mut Vec<u8>) -> io::Result<usize> {
    let there = reader.fill_buf()?;
    let count = there
        .iter()
        .position(|byte| *byte == b'\n')
        .map_or(there.len(), |at| at + 1);
    typed.extend_from_slice(&there[..count]);
    reader.consume(count);
    Ok(count)
}

/// Reads once on a thread of its own. It is not waited for when the process ends: nobody can make a
/// terminal hand anything over.
fn start_reading(shared: &Arc<Mutex<Shared>>, reader: &Arc<Mutex<ReadMore>>) -> io::Result<()> {
    let (shared, reader) = (Arc::clone(shared), Arc::clone(reader));
    thread::Builder::new()
        .name("tourbillon-input".to_owned())
        .spawn(move || {
            let mut bytes = Vec::new();
            let read = loop {
                match lock(&reader)(&mut bytes) {
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    read => break read,
                }
            };
            let mut locked = lock(&shared);
            locked.is_reading = false;
            locked.typed.append(&mut bytes);
            match read {
                Ok(0) => locked.stopped = Some(Ok(())),
                Ok(_) => {}
                Err(error) => locked.stopped = Some(Err(error)),
            }
            let waker = locked.waker.take();
            drop(locked);
            if let Some(waker) = waker {
                waker.wake();
            }
        })
        .map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::VecDeque;

    /// A terminal that writes its modes down.
    struct Scripted(Arc<Mutex<Vec<String>>>);

    impl Terminal for Scripted {
        fn is_terminal(&self) -> bool {
            true
        }

        fn set(&mut self, mode: Mode) -> io::Result<()> {
            lock(&self.0).push(format!("{mode:?}"));
            Ok(())
        }

        fn restore(&mut self) {
            lock(&self.0).push("restored".to_owned());
        }
    }

    fn shared(typed: &str, terminal: Box<dyn Terminal>) -> Shared {
        Shared {
            reader: Arc::new(Mutex::new(|_: &mut Vec<u8>| Ok(0))),
            is_reading: false,
            typed: typed.into(),
            is_line_ended: false,
            stopped: None,
            waker: None,
            terminal,
        }
    }

    fn check(typed: &str, mode: Mode, expected: Option<InputAnswer>, rest: &str) {
        let mut shared = shared(typed, Box::new(Scripted(Arc::default())));
        let answer = shared.take_answer(mode).transpose().ok().flatten();
        assert_eq!(answer, expected, "{typed:?}");
        assert_eq!(shared.typed, rest.as_bytes(), "{typed:?}");
    }

    #[test]
    fn keys_at_a_terminal_come_one_by_one() {
        let mode = Mode::Key { echo: false };
        let key = |text: &str| Some(InputAnswer::Key(text.to_owned()));
        check("", mode, None, "");
        check("ab", mode, key("a"), "b");
        check("\n", mode, key("\n"), "");
        check("éa", mode, key("é"), "a");
        check("\u{1b}[A", mode, key("\u{1b}[A"), "");
        check(" ", mode, key(" "), "");
    }

    #[test]
    fn lines_at_a_terminal_need_their_end() {
        let line = |text: &str| Some(InputAnswer::Line(text.to_owned()));
        check("begun", Mode::Line, None, "begun");
        check("one\ntwo", Mode::HiddenLine, line("one"), "two");
    }

    #[test]
    fn a_character_that_has_not_come_whole_is_waited_for() {
        assert_eq!(key_length("é".as_bytes().split_at(1).0), None);
        assert_eq!(key_length("€!".as_bytes()), Some(3));
    }

    #[test]
    fn the_terminal_is_put_back_however_a_request_ends() {
        let modes: Arc<Mutex<Vec<String>>> = Arc::default();
        let mut texts = VecDeque::from(["secret\n"]);
        let input = TerminalInput::with(
            Arc::new(Mutex::new(move |typed: &mut Vec<u8>| {
                let text = texts.pop_front().unwrap_or_default();
                typed.extend_from_slice(text.as_bytes());
                Ok(text.len())
            })),
            Arc::new(Mutex::new(io::sink())),
            Box::new(Scripted(Arc::clone(&modes))),
        );
        let request = |kind, echo| InputRequest {
            kind,
            prompt: String::new(),
            echo,
        };
        drop(input.answer(request(InputKind::Key, true)));
        let mut answer = tokio_test::task::spawn(input.answer(request(InputKind::Line, false)));
        let line = loop {
            match answer.poll() {
                Poll::Ready(line) => break line.ok(),
                Poll::Pending => thread::yield_now(),
            }
        };
        assert_eq!(line, Some(InputAnswer::Line("secret".to_owned())));
        drop(answer);
        assert_eq!(
            *lock(&modes),
            ["Key { echo: true }", "restored", "HiddenLine", "restored"]
        );
    }
}
