//! Trouble: how often faults, cancels and other deviations strike in a run of a random strategy.

use super::trial::{KINDS, Trial};
use crate::choice::{Kind, Point};
use crate::rng::Rng;

/// Answers the points that are no scheduling, each kind struck with a probability of its own that
/// is drawn for each run: powers of two from a half down to about the number of such points in a
/// run, so that single late strikes are as likely as many early ones.
#[derive(Debug, Default)]
pub(super) struct Trouble {
    // Of 2^32, by kind; place 0 is for strikes at scheduling points.
    chances: [u32; KINDS],
    // How many more points pass before the first strike; then they strike by chance.
    wait: u32,
}

/// Exponents to draw from where no trial tells how many points there are.
const USUAL_EXPONENTS: u32 = 6;

impl Trouble {
    /// Draws the probabilities of a run.
    pub(super) fn begin(&mut self, rng: &mut Rng, trial: &Trial) {
        let counts = trial.kinds();
        for (kind, chance) in self.chances.iter_mut().enumerate() {
            let exponents = match counts[kind] {
                0 => USUAL_EXPONENTS,
                count => 2 + count.ilog2(),
            };
            *chance = 1 << 31 >> rng.below(exponents.min(24));
        }
        // Any of the points that the trial had, or of somewhat more.
        let points = u32::try_from(counts[0]).unwrap_or(u32::MAX);
        self.wait = rng.below(points.saturating_add(points / 2).max(16));
    }

    /// Answers a point that is no scheduling.
    #[inline]
    pub(super) fn answer(&self, rng: &mut Rng, point: &Point<'_>) -> u32 {
        let count = point.candidates.len() as u32;
        match point.kind {
            // Values of the program's own: none of them is trouble.
            Kind::Pick => rng.below(count),
            Kind::Run
            | Kind::Delay
            | Kind::Fault
            | Kind::Spurious
            | Kind::Cancel
            | Kind::Early
            | Kind::Never
            | Kind::Drop => {
                if self.strikes(rng, point.kind as usize) {
                    1 + rng.below(count - 1)
                } else {
                    0
                }
            }
        }
    }

    /// Whether one of the strikes of a scheduling point is taken, and which: the candidates from
    /// `plain` on.
    #[inline]
    pub(super) fn strike(&mut self, rng: &mut Rng, point: &Point<'_>, plain: u32) -> Option<u32> {
        let count = point.candidates.len() as u32;
        if count == plain {
            return None;
        }
        let strikes = match self.wait {
            // This one waits no more.
            0 => true,
            u32::MAX => self.strikes(rng, 0),
            _ => false,
        };
        self.wait = self.wait.wrapping_sub(u32::from(self.wait != u32::MAX));
        strikes.then(|| plain + rng.below(count - plain))
    }

    #[inline]
    fn strikes(&self, rng: &mut Rng, kind: usize) -> bool {
        ((rng.next_word() >> 32) as u32) < self.chances[kind]
    }
}
