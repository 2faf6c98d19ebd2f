//! Runs that go on and on: the same mix of work, round after round, and whether memory stays flat.

use std::num::NonZeroU32;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;

use tourbillon_compiler::Program;
use tourbillon_host::Fifo;
use tourbillon_host_native::{NativeConsole, NativeHost, Runtime};
use tourbillon_session::{Session, SessionOptions, compile};
use tourbillon_syntax::Source;

use crate::native::Outside;
use crate::world::WorldConfig;

/// The program: `conformance/programs/mix.m`.
const MIX: &str = include_str!("../programs/mix.m");

/// How the program says for how long it goes on.
const LENGTH: &str = "seconds = 3600;";

/// On the native host a second of the program takes a millisecond.
const FACTOR: NonZeroU32 = NonZeroU32::new(1_000).expect("it is not 0");

/// The mix, compiled to go on for so many seconds of its own clock.
///
/// # Panics
///
/// When the program does not compile, or does not say its length any more.
pub fn mix(seconds: u32) -> Arc<Program> {
    assert!(MIX.contains(LENGTH), "the program says how long it goes on");
    let text = MIX.replace(LENGTH, &format!("seconds = {seconds};"));
    compile(
        &[Source::new("mix.m", text)],
        &SessionOptions::default(),
        Vec::new(),
    )
    .unwrap_or_else(|errors| panic!("mix.m: {}", errors[0].message()))
}

/// A session on the native host that runs the mix again and again, in a folder of its own.
pub struct Soak {
    runtime: Runtime,
    program: Arc<Program>,
    // Dropped before the folder that it works in.
    native: Rc<NativeHost>,
    outside: Rc<Outside>,
    session: Session,
    _folder: tempfile::TempDir,
}

impl Soak {
    /// A session whose rounds go on for so many seconds of the program's clock, which is a thousand times
    /// as fast as the real one.
    ///
    /// # Errors
    ///
    /// When the operating system gives no thread or no folder.
    pub fn new(seconds: u32) -> std::io::Result<Soak> {
        let runtime = Runtime::start()?;
        let folder = tempfile::tempdir()?;
        let (native, outside, session) = fresh(&runtime, folder.path());
        Ok(Soak {
            runtime,
            program: mix(seconds),
            native,
            outside,
            session,
            _folder: folder,
        })
    }

    /// Runs the mix once more. The session goes on with all that it has; with `is_last` it is closed
    /// then, must leave nothing, and the next round gets another one.
    ///
    /// # Errors
    ///
    /// What failed, or what was left.
    pub fn round(&mut self, is_last: bool) -> Result<(), String> {
        let result = (self.native).block_on(self.session.execute_program(&self.program));
        let told = |error: &tourbillon_value::RuntimeError| {
            format!("{}: {}", error.identifier(), error.message())
        };
        if let Some(error) = result.error.iter().chain(&result.diagnostics).next() {
            return Err(told(error));
        }
        drop(result);
        if !is_last {
            return Ok(());
        }
        let closed = self.native.block_on(self.session.close());
        if let Some(late) = closed.map_err(|error| told(&error))?.first() {
            return Err(told(late));
        }
        if let Some(left) =
            crate::native::still_left(&self.session, &self.native, &self.outside, FACTOR)
        {
            return Err(left);
        }
        let folder = self._folder.path();
        (self.native, self.outside, self.session) = fresh(&self.runtime, folder);
        Ok(())
    }
}

fn fresh(runtime: &Runtime, folder: &Path) -> (Rc<NativeHost>, Rc<Outside>, Session) {
    let console = NativeConsole::new(Box::new(std::io::sink()), Box::new(std::io::sink()));
    let native = NativeHost::builder(runtime)
        .clock_factor(FACTOR)
        .console(console)
        .build();
    let native = Rc::new(native);
    let outside = Rc::new(Outside::new(&native, folder, &WorldConfig::default()));
    let mut options = SessionOptions::default();
    // Five seconds of this clock are five milliseconds: a thread may have to wait so long for its turn.
    options.machine.cleanup_budget_seconds = 1e6;
    let session = Session::new(outside.clone(), Rc::new(Fifo), None, options);
    (native, outside, session)
}

/// Bytes that were alive at moments which are alike. It takes the same memory for any number of them, since
/// it lies in the memory that is measured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Samples {
    /// The least and the most of so many samples in a row each, but for the last, which may have fewer.
    spans: Vec<(u64, u64)>,
    in_each: usize,
    count: usize,
}

/// When there are so many spans, two become one.
const SPANS: usize = 3_072;

impl Default for Samples {
    fn default() -> Samples {
        Samples {
            spans: Vec::with_capacity(SPANS),
            in_each: 1,
            count: 0,
        }
    }
}

impl Samples {
    /// Adds what is alive now.
    pub fn add(&mut self, bytes: u64) {
        if self.count == SPANS * self.in_each {
            for pair in 0..SPANS / 2 {
                let (one, other) = (self.spans[2 * pair], self.spans[2 * pair + 1]);
                self.spans[pair] = (one.0.min(other.0), one.1.max(other.1));
            }
            self.spans.truncate(SPANS / 2);
            self.in_each *= 2;
        }
        match self.spans.last_mut() {
            Some((least, most)) if !self.count.is_multiple_of(self.in_each) => {
                (*least, *most) = ((*least).min(bytes), (*most).max(bytes));
            }
            Some(_) | None => self.spans.push((bytes, bytes)),
        }
        self.count += 1;
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.count
    }

    /// The most of the first third, when everything had found its size, and the least of the last third: a
    /// leak of whatever size per round lifts the second above the first when there are rounds enough.
    pub fn ends(&self) -> Option<(u64, u64)> {
        let third = self.spans.len() / 3;
        let first = self.spans[..third].iter().map(|(_, most)| most).max()?;
        let late = &self.spans[self.spans.len() - third..];
        let last = late.iter().map(|(least, _)| least).min()?;
        Some((*first, *last))
    }

    /// Whether memory stayed flat: in the last third there was a moment with no more alive than at the
    /// fullest of the first, and so many bytes.
    ///
    /// # Errors
    ///
    /// How much it grew, or that there are too few samples to tell.
    pub fn judge(&self, slack_bytes: u64) -> Result<(), String> {
        let Some((first, last)) = self.ends() else {
            return Err(format!("{} samples are too few to tell", self.count()));
        };
        if last <= first + slack_bytes {
            return Ok(());
        }
        Err(format!(
            "memory grew: at most {first} bytes were alive in the first third of {} samples, never less than \
             {last} in the last",
            self.count()
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn samples(bytes: impl Iterator<Item = u64>) -> Samples {
        let mut samples = Samples::default();
        bytes.for_each(|bytes| samples.add(bytes));
        samples
    }

    #[test]
    fn any_number_of_samples_takes_the_same_memory_and_is_judged_as_a_few_are() {
        let few = Samples::default();
        let many = 40 * SPANS as u64 + 7;
        let flat = samples((0..many).map(|k| 1_000 + k * 37 % 500));
        assert_eq!(flat.spans.capacity(), few.spans.capacity());
        assert_eq!(flat.count() as u64, many);
        assert_eq!(flat.ends(), Some((1_499, 1_000)));
        assert_eq!(flat.judge(0), Ok(()));
        // What comes at the very end of the first third is in it, and what is before the last is not.
        let (first, last) = samples(0..many).ends().expect("there are enough");
        assert!((many / 3 - 128..many / 3).contains(&first), "{first}");
        assert!((many * 2 / 3..many * 2 / 3 + 128).contains(&last), "{last}");
        assert!(samples(0..many).judge(many / 4).is_err());
    }

    #[test]
    fn a_leak_of_one_byte_a_round_is_seen_and_noise_is_none() {
        assert!(samples((0..300).map(|k| 1_000 + k)).judge(64).is_err());
        assert_eq!(
            samples((0..300).map(|k| 1_000 + k * 37 % 500)).judge(64),
            Ok(())
        );
        assert_eq!(samples((0..300).map(|k| 9_000 - k)).judge(64), Ok(()));
        let warms_up = (0..300).map(|k: u64| k.min(50) * 1_000);
        assert_eq!(samples(warms_up).judge(64), Ok(()));
        assert!(samples(0..2).judge(64).is_err(), "too few");
    }
}
