//! The oracle under other schedules: race-free programs keep their outcome, a race is reported.

use proptest::prelude::*;
use tourbillon_generate::{Trial, pseudorandom, same_outcome_as_fifo};

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_outcome_is_that_of_the_production_schedule(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        if let Err(failure) = same_outcome_as_fifo(&bytes) {
            return Err(TestCaseError::fail(failure.to_string()));
        }
    }
}

#[test]
fn fixed_seeds() {
    for seed in 0..200 {
        if let Err(failure) = same_outcome_as_fifo(&pseudorandom(seed, 500)) {
            panic!("seed {seed}: {failure}");
        }
    }
}

/// Whether some of so many schedules is reported; the message of the first.
fn reported(source: &str, schedules: u64) -> Option<String> {
    let mut trial = Trial::new(source).expect("the production schedule is fine");
    (0..schedules)
        .find_map(|seed| trial.check(pseudorandom(seed, 64)).err())
        .map(|failure| failure.to_string())
}

#[test]
fn a_lost_update_is_reported() {
    let racy = "m = containers.Map('KeyType', 'char', 'ValueType', 'double');
m('n') = 0;
await_all(bump(m), bump(m));
fprintf('%d\\n', m('n'));
async function bump(m)
  n = m('n');
  yield_now();
  m('n') = n + 1;
end
";
    // First come, first served loses the update, so another schedule is one that keeps it.
    let message = reported(racy, 100).expect("the race shows");
    for part in [
        "outcome: the production schedule gives",
        "yield_now();\n  m('n') = n + 1;",
        "format: tourbillon-recording/1",
        "strategy: {name: bytes",
        "tourbillon replay recording.yaml",
    ] {
        assert!(message.contains(part), "{part} is missing in:\n{message}");
    }
    // In one step there is no race, and nothing is reported.
    let atomic = racy
        .replace("yield_now();", "")
        .replace("m('n') = n + 1", "m('n') = m('n') + 1");
    assert_eq!(reported(&atomic, 100), None);
}

#[test]
fn an_order_of_printing_is_reported() {
    let racy = "await_all(say('a'), say('b'));
async function say(x)
  disp(x);
end
";
    assert!(reported(racy, 100).is_some());
}
