//! The fixed situations: each has the outcome that follows from the language's rules, worked out by
//! hand, under the production schedule and under others.

use tourbillon_generate::{Litmus, Local, Program, Statement, Trial, pseudorandom};

/// `counters` are the three shared counters at the end; `a` starts as 1.
fn check(litmus: Litmus, a: u32, counters: [u32; 3]) {
    let to = Local::A;
    let program = Program {
        functions: Vec::new(),
        main: vec![Statement::Litmus { litmus, to }],
    };
    let source = program.to_string();
    let mut trial = Trial::new(&source).unwrap_or_else(|failure| panic!("{litmus:?}: {failure}"));
    let [k0, k1, k2] = counters;
    let expected = format!("{a} 2 3\nk0 {k0}\nk1 {k1}\nk2 {k2}\n");
    assert_eq!(trial.expected().stdout, expected, "{litmus:?}\n{source}");
    for seed in 0..100 {
        if let Err(failure) = trial.check(pseudorandom(seed, 200)) {
            panic!("{litmus:?}: {failure}");
        }
    }
}

#[test]
fn each_has_its_one_outcome() {
    for litmus in Litmus::ALL {
        let (a, counters) = match litmus {
            // Two children note 1 each, then their parent notes 2: 1, 8, 58.
            Litmus::CancelFamily => (1 + 15 + 58, [0; 3]),
            Litmus::RaceFamily => (1 + 4 * 2 + 58, [0, 1, 0]),
            Litmus::SharedTimeout => (1 + 13 + 5, [0, 1, 0]),
            Litmus::SharedCancel => (1 + 15 + 5 + 9, [0, 1, 0]),
            // The second member swallows the cancellation.
            Litmus::CancelAll => (1 + 15 + 200 + 15, [9, 45, 21]),
            Litmus::AllTimeout => (1 + 13 + 7 + 90 + 2, [0, 3, 0]),
            Litmus::SelfCancel => (1 + 15 + 4, [0; 3]),
            Litmus::CallbackCancels => (1 + 2 + 4, [3, 16, 7]),
            // 4, 30, 213.
            Litmus::CallbackOrder => (1 + 4 + 213, [0, 1, 0]),
            Litmus::LateCallback => (1 + 4 + 30, [0, 1, 0]),
            Litmus::ThenCancelled => (1 + 15 + 9 + 9, [3, 15, 7]),
            Litmus::Flatten => (1 + 3 + 4, [0; 3]),
            Litmus::Follow => (1 + 5 + 5, [0; 3]),
            Litmus::CancelWaiting => (1 + 15 + 6, [0; 3]),
            // 2, 17, 120; the second error has the first one as its cause.
            Litmus::CleanupAwaits => (1 + 14 + 10 + 120, [0; 3]),
            Litmus::Global => (1 + 1, [0; 3]),
            Litmus::Gather => (1 + 3 + 5 + 7, [0; 3]),
            Litmus::GatherAsync => (1 + 14 + 9, [0; 3]),
        };
        check(litmus, a, counters);
    }
}
