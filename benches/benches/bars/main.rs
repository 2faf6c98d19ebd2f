//! The bars of the engine on time: what the requirements I1 to I4 and I6 to I8 ask for in figures, and what the
//! scheduler promises.
//!
//! `cargo bench -p tourbillon-benches --bench bars` prints a line for each. Options after `--`: `--quick` takes
//! fewer samples and smaller numbers, `--check` exits 1 when a bar is missed, a word chooses a group by its name.
//! What is compared runs in turns in one process. Times are those on a core, so that a busy machine spoils
//! little, but where the outside is waited for; there it is the time on the wall. Bytes are in the bench `bytes`,
//! whose counting would cost time here.

#![allow(
    clippy::disallowed_methods,
    reason = "a bench reads the clock, and the outside has threads of its own"
)]

mod native;
mod outside;
mod scheduler;
mod sessions;

use std::process::ExitCode;

fn main() -> ExitCode {
    tourbillon_benches::bars::measure_all(&[
        ("The outside, on the wall", outside::bars),
        ("Plain code and the event loop", sessions::bars),
        ("Scheduling", scheduler::bars),
        (
            "Scheduling in the language",
            scheduler::bars_of_the_language,
        ),
    ])
}
