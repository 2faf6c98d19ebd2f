//! The trace: every event of a run, folded into one rolling hash that is the same everywhere.

use crate::label::{Label, mix, name_hash};

/// The name of a kind of event, with its hash made at compile time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct What {
    name: &'static str,
    hash: u64,
}

impl What {
    /// An event kind called `name`; make it a `const`.
    #[must_use]
    pub const fn new(name: &'static str) -> What {
        What {
            name,
            hash: mix(name_hash(name)),
        }
    }

    /// The name.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.name
    }
}

/// One thing that happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event {
    /// What happened.
    pub what: What,
    /// The task or operation it happened to.
    pub label: Label,
    /// What else there is to say, as one word of the event's own meaning.
    pub value: u64,
}

/// An event that was kept, with where in the run it happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeptEvent {
    /// How many steps the run had made.
    pub step: u64,
    /// How many choice points the run had passed.
    pub at: u64,
    /// The virtual time, in nanoseconds.
    pub time: u64,
    /// What happened.
    pub event: Event,
}

/// The state of a trace before its first event.
const START: u64 = 0x746f_7572_6269_6c6c;
const FACTOR: u64 = 0xF135_7AEA_2E62_A9C5;

/// Choice points between two checkpoints.
pub const CHECKPOINT_EVERY: u64 = 64;

/// The rolling hash of a run's events, and its value every [`CHECKPOINT_EVERY`] choices.
#[derive(Debug)]
pub struct Trace {
    rolling: u64,
    checkpoints: Vec<u64>,
}

impl Default for Trace {
    fn default() -> Trace {
        Trace {
            rolling: START,
            checkpoints: Vec::new(),
        }
    }
}

impl Trace {
    /// An empty trace.
    #[must_use]
    pub fn new() -> Trace {
        Trace::default()
    }

    /// Empty again; capacity stays.
    pub fn reset(&mut self) {
        self.rolling = START;
        self.checkpoints.clear();
    }

    /// Folds one word in.
    #[inline]
    pub fn fold(&mut self, word: u64) {
        self.rolling = (self.rolling.rotate_left(25) ^ word).wrapping_mul(FACTOR);
    }

    /// Folds an event in.
    #[inline]
    pub fn event(&mut self, event: Event) {
        // One multiplication for what and where: they never come apart.
        self.fold(event.what.hash.wrapping_add(event.label.0));
        if event.value != 0 {
            self.fold(event.value);
        }
    }

    /// The hash of all that was folded in.
    #[must_use]
    pub fn hash(&self) -> u64 {
        mix(self.rolling)
    }

    /// Remembers the hash at a checkpoint, and returns it.
    pub(crate) fn checkpoint(&mut self) -> u64 {
        let hash = self.hash();
        self.checkpoints.push(hash);
        hash
    }

    /// The hash after each [`CHECKPOINT_EVERY`] choices.
    #[must_use]
    pub fn checkpoints(&self) -> &[u64] {
        &self.checkpoints
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLL: What = What::new("poll");

    #[test]
    fn hashes_never_change() {
        let mut trace = Trace::new();
        assert_eq!(trace.hash(), EMPTY);
        trace.event(Event {
            what: POLL,
            label: Label::root("main"),
            value: 0,
        });
        assert_eq!(trace.hash(), ONE_EVENT);
        trace.event(Event {
            what: POLL,
            label: Label::root("main").child("bump", 1),
            value: 7,
        });
        assert_eq!(trace.hash(), TWO_EVENTS);
        trace.reset();
        assert_eq!(trace.hash(), EMPTY);
    }

    const EMPTY: u64 = 0xd396_5bcf_dd61_5f7f;
    const ONE_EVENT: u64 = 0x8e03_9cae_375d_e872;
    const TWO_EVENTS: u64 = 0x00c4_597b_77e5_6701;

    #[test]
    fn order_and_values_matter() {
        let hash = |events: &[(u64, u64)]| {
            let mut trace = Trace::new();
            for &(label, value) in events {
                trace.event(Event {
                    what: POLL,
                    label: Label(label),
                    value,
                });
            }
            trace.hash()
        };
        let all = [
            hash(&[(1, 0), (2, 0)]),
            hash(&[(2, 0), (1, 0)]),
            hash(&[(1, 1), (2, 0)]),
            hash(&[(1, 0), (2, 1)]),
            hash(&[(1, 0)]),
        ];
        for (index, one) in all.iter().enumerate() {
            assert!(!all[index + 1..].contains(one));
        }
    }
}
