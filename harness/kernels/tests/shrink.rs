//! Whatever a faulty kernel fails with shrinks to a run that fails so, replays, and shrinks no further.

use tourbillon_kernels::{Variant, all};
use tourbillon_sim::shrink::{Signature, shrink};
use tourbillon_sim::strategy::named;
use tourbillon_sim::{Explorer, replay};

#[test]
fn failing_kernels_shrink_to_a_proven_minimum() {
    for kernel in all() {
        let size = kernel.sizes[0];
        let program = || kernel.program(Variant::Faulty, size);
        let explorer = || {
            Explorer::new(named("swarm", 1).expect("a strategy"), 10_000)
                .injections(kernel.injections)
                .stop_after_failures(1)
        };
        let report = explorer().explore(program());
        let (failure, stats) = report.failures.first_key_value().expect(kernel.name);
        let recording = explorer().record(&report, &stats.witness, program());
        let recording = recording.expect("it repeats itself");
        let small = shrink(&recording, program()).expect(kernel.name);
        let minimal = &small.minimal;
        let proof = minimal.proof.expect("not stopped");
        assert_eq!(proof.choices, minimal.after.choices, "{}", kernel.name);
        assert!(
            Signature::of(failure).matches(&minimal.failure),
            "{}",
            kernel.name
        );
        assert!(small.timeline.lines().count() > 2, "{}", kernel.name);
        let replayed = replay(&small.recording, program()).expect("labels");
        assert_eq!(replayed.divergence, None, "{}", kernel.name);
        assert_eq!(replayed.verdict.failure.as_ref(), Some(&minimal.failure));
        let again = shrink(&small.recording, program()).expect(kernel.name);
        assert_eq!(again.recording, small.recording, "{}", kernel.name);
    }
}
