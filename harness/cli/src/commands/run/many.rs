//! Several programs at once, each its own session, spread over the threads of the native host.

use super::interrupts::Interrupts;
use super::outlets::Outlets;
use super::program::{self, Ended, Settings};
use crate::exit::Exit;
use crate::output::{Format, Output};
use std::io::{self, ErrorKind, Write};
use std::num::NonZeroUsize;
use tourbillon_host_native::{Runtime, Spread};
use tourbillon_syntax::Source;

/// Runs every program, `jobs` of them at a time, and says of each in the order given what it would say
/// alone. The verdict is the worst one.
pub fn run(
    runtime: &Runtime,
    settings: Settings,
    jobs: NonZeroUsize,
    sources: Vec<Source>,
    interrupts: &Interrupts,
    output: &mut Output,
) -> Exit {
    // Who reads a line when several ask for one would be a matter of luck.
    let has_input = jobs.get() == 1;
    let mut spread: Vec<(String, Spread<Ended>)> = Vec::new();
    for (number, source) in sources.into_iter().enumerate() {
        let (name, interrupts) = (source.name().to_owned(), interrupts.clone());
        let session = runtime.spread(move |threads| {
            let outlets = Outlets::kept(has_input);
            program::run(threads, settings, number, &[source], outlets, &interrupts)
        });
        spread.push((name, session));
    }
    let mut worst = Exit::Held;
    let mut lost: Option<io::Error> = None;
    for (name, session) in spread {
        let ended = session.wait(runtime).unwrap_or_else(|_| Ended::panicked());
        let is_gone = |error: &io::Error| error.kind() == ErrorKind::BrokenPipe;
        if lost.as_ref().is_some_and(is_gone) {
            // The reader has what was wanted: what comes now was stopped for that.
            continue;
        }
        if settings.format == Format::Text
            && lost.is_none()
            && let Err(error) = write_out(&ended.stdout)
        {
            // Nobody would see what the others print.
            interrupts.stop();
            if !is_gone(&error) {
                output.error(format!("error: the programs' output was lost: {error}"));
                worst = worst.max(Exit::Failed);
            }
            lost = Some(error);
            continue;
        }
        output.verbatim(&String::from_utf8_lossy(&ended.stderr));
        worst = worst.max(ended.say(Some(&name), output));
    }
    worst
}

fn write_out(bytes: &[u8]) -> io::Result<()> {
    let mut stdout = io::stdout();
    stdout.write_all(bytes).and_then(|()| stdout.flush())
}
