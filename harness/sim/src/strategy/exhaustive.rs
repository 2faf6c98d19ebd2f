//! Plain depth-first search of the whole tree of choices, by running again from the start.

use super::{Description, Ended, Strategy};
use crate::choice::Point;
use crate::divergence::Divergence;

/// An odometer over the tape: the last choice that can still go on is moved on, what followed it is
/// forgotten.
#[derive(Debug, Default)]
pub struct Exhaustive {
    branches: Vec<Branch>,
    passed: usize,
    started: bool,
    done: bool,
    cut_short: bool,
    divergence: Option<Divergence>,
}

#[derive(Clone, Copy, Debug)]
struct Branch {
    pick: u32,
    count: u32,
}

impl Exhaustive {
    /// A search that has not begun.
    #[must_use]
    pub fn new() -> Exhaustive {
        Exhaustive::default()
    }
}

impl Strategy for Exhaustive {
    fn begin(&mut self, _run: u64) -> bool {
        self.passed = 0;
        self.divergence = None;
        if !self.started {
            self.started = true;
            return true;
        }
        while let Some(last) = self.branches.last_mut() {
            if last.pick + 1 < last.count {
                last.pick += 1;
                return true;
            }
            self.branches.pop();
        }
        self.done = true;
        false
    }

    #[inline]
    fn choose(&mut self, point: &Point<'_>) -> u32 {
        let count = point.candidates.len() as u32;
        let at = self.passed;
        self.passed += 1;
        let Some(branch) = self.branches.get(at) else {
            self.branches.push(Branch { pick: 0, count });
            return 0;
        };
        if branch.count == count {
            return branch.pick;
        }
        // The prefix was the same, so the program has a source of nondeterminism that is not ours.
        let expected = branch.count;
        self.cut_short = true;
        self.branches.truncate(at);
        self.branches.push(Branch { pick: 0, count });
        self.divergence
            .get_or_insert_with(|| Divergence::unrepeatable(point, expected));
        0
    }

    fn end(&mut self, ended: &Ended<'_>) {
        self.cut_short |= !ended.complete;
        // A run that ended before its prefix was used up did not repeat itself either.
        if self.passed < self.branches.len() {
            self.cut_short = true;
            self.branches.truncate(self.passed);
        }
    }

    fn progress(&self) -> Option<f64> {
        // Each branch that is done stands for an equal share of what lies below its choice.
        let mut share = 1.0;
        let mut done = 0.0;
        for branch in &self.branches {
            share /= f64::from(branch.count);
            done += share * f64::from(branch.pick);
        }
        Some(if self.done { 1.0 } else { done })
    }

    fn exhausted(&self) -> bool {
        self.done && !self.cut_short
    }

    fn divergence(&self) -> Option<&Divergence> {
        self.divergence.as_ref()
    }

    fn describe(&self) -> Description {
        Description::named("plain")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::choice::{Candidate, Kind};
    use crate::label::Label;

    fn choose(search: &mut Exhaustive, at: u64, count: usize) -> u32 {
        let candidates = vec![Candidate::run(Label(1)); count];
        search.choose(&Point {
            kind: Kind::Run,
            at,
            candidates: &candidates,
        })
    }

    fn end(search: &mut Exhaustive, complete: bool) {
        let length = search.passed as u64;
        search.end(&Ended {
            length,
            hash: 0,
            fingerprint: 0,
            tape: &[],
            marks: &[],
            complete,
        });
    }

    #[test]
    fn the_whole_tree_is_visited_once() {
        let mut search = Exhaustive::new();
        let mut seen = Vec::new();
        while search.begin(seen.len() as u64) {
            let first = choose(&mut search, 0, 3);
            // Only one branch goes deeper.
            let second = if first == 1 {
                choose(&mut search, 1, 2)
            } else {
                9
            };
            seen.push((first, second));
            assert!(!search.exhausted());
            end(&mut search, true);
        }
        assert_eq!(seen, [(0, 9), (1, 0), (1, 1), (2, 9)]);
        assert!(search.exhausted() && search.divergence().is_none());
    }

    #[test]
    fn a_run_that_was_cut_short_leaves_the_search_unproven() {
        let mut search = Exhaustive::new();
        assert!(search.begin(0));
        end(&mut search, false);
        assert!(!search.begin(1));
        assert!(!search.exhausted());
    }

    #[test]
    fn a_program_that_does_not_repeat_itself_is_called_out() {
        let mut search = Exhaustive::new();
        assert!(search.begin(0));
        choose(&mut search, 0, 2);
        choose(&mut search, 1, 2);
        end(&mut search, true);
        assert!(search.begin(1));
        choose(&mut search, 0, 3);
        assert!(search.divergence().is_some());
        end(&mut search, true);
        while search.begin(2) {
            choose(&mut search, 0, 3);
            end(&mut search, true);
        }
        assert!(!search.exhausted());
    }
}
