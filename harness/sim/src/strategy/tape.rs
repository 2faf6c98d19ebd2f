//! The exact indices of an earlier run of the same program.

use super::{Description, Ended, Strategy};
use crate::campaign::Witness;
use crate::choice::Point;
use crate::divergence::Divergence;
use crate::inject::Injections;

/// Makes one run again from its raw tape. For the same build of the same program only: indices mean
/// nothing after an edit, which is what recordings are for.
#[derive(Debug)]
pub struct Tape {
    picks: Vec<u32>,
    hash: Option<u64>,
    injections: Option<Injections>,
    divergence: Option<Divergence>,
}

impl Tape {
    /// The run that picked these indices; the production default after their end.
    #[must_use]
    pub fn new(picks: Vec<u32>) -> Tape {
        Tape {
            picks,
            hash: None,
            injections: None,
            divergence: None,
        }
    }

    /// The run of a witness, with what could be injected in it.
    #[must_use]
    pub fn of(witness: &Witness) -> Tape {
        Tape {
            injections: Some(witness.injections),
            ..Tape::new(witness.tape.clone())
        }
    }

    /// Also demands that the run passes as many points, and ends with this trace hash.
    #[must_use]
    pub fn expecting(mut self, hash: u64) -> Tape {
        self.hash = Some(hash);
        self
    }
}

impl Strategy for Tape {
    fn begin(&mut self, _run: u64) -> bool {
        self.divergence = None;
        true
    }

    fn choose(&mut self, point: &Point<'_>) -> u32 {
        let Some(&pick) = self.picks.get(point.at as usize) else {
            return 0;
        };
        if (pick as usize) < point.candidates.len() {
            return pick;
        }
        self.divergence
            .get_or_insert_with(|| Divergence::unrepeatable(point, pick + 1));
        0
    }

    fn repeats(&self) -> bool {
        true
    }

    fn injections(&self, allowed: Injections) -> Injections {
        self.injections.unwrap_or(allowed)
    }

    fn end(&mut self, ended: &Ended<'_>) {
        let Some(hash) = self.hash else { return };
        let length = self.picks.len() as u64;
        if self.divergence.is_none() && (ended.hash != hash || ended.length != length) {
            self.divergence = Some(Divergence::unequal_end(length, ended.length));
        }
    }

    fn divergence(&self) -> Option<&Divergence> {
        self.divergence.as_ref()
    }

    fn describe(&self) -> Description {
        Description::named("replay")
    }
}
