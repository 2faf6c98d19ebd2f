//! Generated programs under the production schedule: they compile, end without an error, and leave
//! nothing behind.

use tourbillon_generate::{Program, Trial, pseudorandom};

#[test]
fn three_hundred_programs_run() {
    for seed in 0..300 {
        let program = Program::from_bytes(&pseudorandom(seed, 400));
        if let Err(failure) = Trial::new(&program.to_string()) {
            panic!("seed {seed}: {failure}");
        }
    }
}
