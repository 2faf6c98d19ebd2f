//! The input handler of a terminal: lines from standard input, prompts to standard error.

use crate::completion::lock;
use crate::input::{InputAnswer, InputFuture, InputHandler, InputRequest, InputResult};
use std::future::Future;
use std::io::{self, BufRead, Write};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::{fmt, thread};
use tourbillon_host::InputKind;

/// Answers from a stream of lines. A key is the first character of the next line, `'\n'` when that is
/// empty: a terminal hands over whole lines.
///
/// A line is read only when it is wanted. One that was typed for a request which was given up in the
/// meantime answers the next.
pub struct TerminalInput {
    shared: Arc<Mutex<Shared>>,
    prompts: Arc<Mutex<dyn Write + Send>>,
}

type ReadLine = dyn FnMut(&mut Vec<u8>) -> io::Result<usize> + Send;

struct Shared {
    stage: Stage,
    waker: Option<Waker>,
}

enum Stage {
    /// Nobody wants a line.
    Idle(Box<ReadLine>),
    /// A thread is reading one.
    Reading,
    /// One was read: a line, nothing at the end of the input, or an error.
    Read(Box<ReadLine>, io::Result<Option<String>>),
}

impl TerminalInput {
    /// Standard input, with the prompts on standard error: there a person sees them also when the
    /// output goes to a file, and the output stays what the program printed.
    pub fn of_process() -> TerminalInput {
        TerminalInput::with(
            Box::new(|line| io::stdin().lock().read_until(b'\n', line)),
            Arc::new(Mutex::new(io::stderr())),
        )
    }

    /// Any reader, and where the prompts go.
    pub fn new(
        mut reader: impl BufRead + Send + 'static,
        prompts: impl Write + Send + 'static,
    ) -> TerminalInput {
        TerminalInput::with(
            Box::new(move |line| reader.read_until(b'\n', line)),
            Arc::new(Mutex::new(prompts)),
        )
    }

    fn with(read_line: Box<ReadLine>, prompts: Arc<Mutex<dyn Write + Send>>) -> TerminalInput {
        TerminalInput {
            shared: Arc::new(Mutex::new(Shared {
                stage: Stage::Idle(read_line),
                waker: None,
            })),
            prompts,
        }
    }
}

impl InputHandler for TerminalInput {
    fn answer(&self, request: InputRequest) -> InputFuture {
        // A prompt that cannot be shown is lost, like output; the answer may still come.
        let mut prompts = lock(&self.prompts);
        let _lost = prompts
            .write_all(request.prompt.as_bytes())
            .and_then(|()| prompts.flush());
        Box::pin(NextLine {
            shared: Arc::clone(&self.shared),
            kind: request.kind,
        })
    }
}

impl fmt::Debug for TerminalInput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TerminalInput").finish_non_exhaustive()
    }
}

struct NextLine {
    shared: Arc<Mutex<Shared>>,
    kind: InputKind,
}

impl Future for NextLine {
    type Output = InputResult;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<InputResult> {
        let mut shared = lock(&self.shared);
        match std::mem::replace(&mut shared.stage, Stage::Reading) {
            Stage::Idle(read_line) => {
                shared.waker = Some(context.waker().clone());
                drop(shared);
                start_reading(Arc::clone(&self.shared), read_line)?;
                Poll::Pending
            }
            Stage::Reading => {
                shared.waker = Some(context.waker().clone());
                Poll::Pending
            }
            Stage::Read(read_line, line) => {
                shared.stage = Stage::Idle(read_line);
                Poll::Ready(Ok(answer(self.kind, line?)))
            }
        }
    }
}

impl Drop for NextLine {
    fn drop(&mut self) {
        let waker = lock(&self.shared).waker.take();
        drop(waker);
    }
}

/// Reads one line on a thread of its own. It is not waited for when the process ends: nobody can
/// make a terminal hand over a line.
fn start_reading(shared: Arc<Mutex<Shared>>, mut read_line: Box<ReadLine>) -> io::Result<()> {
    thread::Builder::new()
        .name("tourbillon-input".to_owned())
        .spawn(move || {
            let mut bytes = Vec::new();
            let line = read_line(&mut bytes).and_then(|count| {
                if count == 0 {
                    return Ok(None);
                }
                text(bytes).map(Some)
            });
            let mut locked = lock(&shared);
            locked.stage = Stage::Read(read_line, line);
            let waker = locked.waker.take();
            drop(locked);
            if let Some(waker) = waker {
                waker.wake();
            }
        })
        .map(drop)
}

fn text(mut bytes: Vec<u8>) -> io::Result<String> {
    if bytes.last() == Some(&b'\n') {
        bytes.pop();
        if bytes.last() == Some(&b'\r') {
            bytes.pop();
        }
    }
    String::from_utf8(bytes).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
}

fn answer(kind: InputKind, line: Option<String>) -> InputAnswer {
    match (kind, line) {
        (_, None) => InputAnswer::End,
        (InputKind::Line, Some(line)) => InputAnswer::Line(line),
        (InputKind::Key, Some(line)) => InputAnswer::Key(
            line.chars()
                .next()
                .map_or_else(|| "\n".to_owned(), String::from),
        ),
    }
}
