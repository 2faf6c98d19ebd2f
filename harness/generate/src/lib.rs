//! Race-free async programs made from bytes, and the oracles that judge their runs.
//!
//! [`Program::from_bytes`] makes a program of any bytes; printed, it is a program of the language. It
//! is race-free by construction, so that its outcome must be the same under every schedule.

mod generate;
mod helpers;
mod litmus;
mod oracle;
mod print;
mod program;
mod shrink;

pub use litmus::Litmus;
pub use oracle::{Failure, INJECTIONS, Trial, same_outcome, same_outcome_as_fifo};
pub use program::{
    AllForm, Block, Call, CallForm, Callback, Cleanup, Exit, Formula, Function, KEYS, Key, Local,
    OwnKind, PRIORITIES, Program, RaceForm, Statement, Throw,
};

/// So many bytes that look random, the same for every seed and on every machine (SplitMix64): the
/// fixed inputs of tests.
#[must_use]
pub fn pseudorandom(seed: u64, length: usize) -> Vec<u8> {
    let mut state = seed;
    let mut bytes = Vec::with_capacity(length + 7);
    while bytes.len() < length {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = (state ^ state >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ word >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        bytes.extend((word ^ word >> 31).to_le_bytes());
    }
    bytes.truncate(length);
    bytes
}
