//! Cancel everywhere: one run for each suspension point, the host's cancel striking there.

use tourbillon_sim::choice::{Kind, Point};
use tourbillon_sim::strategy::{Description, Ended, Skipped, Strategy};
use tourbillon_sim::{Candidate, Divergence, Footprint, Injections, choice};

/// Lets another strategy make all choices but that of the cancel: it strikes at the first suspension
/// point of the first run, at the second of the second, and so on, until a run has passed all of its
/// points without a strike; then it begins again.
#[derive(Debug)]
pub struct CancelSweep {
    inner: Box<dyn Strategy>,
    /// The suspension point at which this run is cancelled.
    target: u64,
    passed: u64,
    has_struck: bool,
}

impl CancelSweep {
    /// A sweep over the schedules of `inner`.
    #[must_use]
    pub fn new(inner: Box<dyn Strategy>) -> CancelSweep {
        CancelSweep {
            inner,
            target: 0,
            passed: 0,
            has_struck: false,
        }
    }
}

impl Strategy for CancelSweep {
    fn begin(&mut self, run: u64) -> bool {
        self.passed = 0;
        self.has_struck = false;
        // A strategy of one schedule is asked once for each sweep.
        let has_more = self.inner.begin(run);
        has_more || self.target > 0
    }

    fn choose(&mut self, point: &Point<'_>) -> u32 {
        if point.kind != Kind::Cancel {
            return self.inner.choose(point);
        }
        let is_here = self.passed == self.target && !self.has_struck;
        self.passed += 1;
        self.has_struck |= is_here;
        let is_cancel = |candidate: &choice::Candidate| candidate.action == choice::Action::Cancel;
        match point.candidates.iter().position(is_cancel) {
            Some(index) if is_here => index as u32,
            Some(_) | None => 0,
        }
    }

    fn checkpoint(&mut self, at: u64, hash: u64) {
        self.inner.checkpoint(at, hash);
    }

    fn end(&mut self, ended: &Ended<'_>) {
        self.target = if self.has_struck { self.target + 1 } else { 0 };
        self.inner.end(ended);
    }

    fn wants_trial(&self) -> bool {
        self.inner.wants_trial()
    }

    fn is_repeatable(&self) -> bool {
        self.inner.is_repeatable()
    }

    fn wants_footprints(&self) -> bool {
        self.inner.wants_footprints()
    }

    fn wants_every_step(&self) -> bool {
        self.inner.wants_every_step()
    }

    fn wants_fingerprints(&self) -> bool {
        self.inner.wants_fingerprints()
    }

    fn step_ended(&mut self, step: Candidate, footprint: &Footprint) {
        self.inner.step_ended(step, footprint);
    }

    fn injections(&self, allowed: Injections) -> Injections {
        self.inner.injections(allowed)
    }

    fn divergence(&self) -> Option<&Divergence> {
        self.inner.divergence()
    }

    fn skipped(&self) -> Vec<Skipped> {
        self.inner.skipped()
    }

    fn describe(&self) -> Description {
        self.inner.describe()
    }
}
