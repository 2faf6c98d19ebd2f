//! Replay of a recording: strict, which checks every step, and lenient, which realigns on labels.

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;

use super::{ABANDON, Description, Ended, Strategy};
use crate::choice::{Action, Candidate, Point};
use crate::divergence::{Divergence, deed};
use crate::label::{Label, Labels};

/// What a recording says about the choices, with labels resolved.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Script {
    /// Where the run left the default, in order.
    pub choices: Vec<ScriptChoice>,
    /// How many choice points the run passed.
    pub length: Option<u64>,
    /// The trace hash at the end.
    pub hash: Option<u64>,
    /// The upper half of the trace hash after so many choice points.
    pub checkpoints: BTreeMap<u64, u32>,
}

/// One recorded choice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScriptChoice {
    /// How many choice points came before.
    pub at: u64,
    /// What was taken.
    pub candidate: Candidate,
    /// What it was taken from, if recorded.
    pub of: Option<Vec<Candidate>>,
    /// How often the label was a candidate for such an action before.
    pub nth: u32,
}

/// Follows a script to the letter and reports the first step that does not fit.
#[derive(Debug)]
pub struct Strict {
    script: Script,
    next: usize,
    equal: u64,
    divergence: Option<Divergence>,
}

impl Strict {
    /// A strict replay of `script`.
    #[must_use]
    pub fn new(script: Script) -> Strict {
        Strict {
            script,
            next: 0,
            equal: 0,
            divergence: None,
        }
    }

    fn diverge(&mut self, divergence: Divergence) {
        self.divergence.get_or_insert(divergence);
    }
}

impl Strategy for Strict {
    fn begin(&mut self, _run: u64) -> bool {
        self.next = 0;
        self.equal = 0;
        self.divergence = None;
        true
    }

    fn choose(&mut self, point: &Point<'_>) -> u32 {
        let Some(choice) = self.script.choices.get(self.next) else {
            return 0;
        };
        if choice.at != point.at || self.divergence.is_some() {
            return 0;
        }
        self.next += 1;
        let found = point.candidates.iter().position(|c| *c == choice.candidate);
        let others = choice
            .of
            .as_deref()
            .filter(|of| !same(of, point.candidates));
        let divergence = match (found, others) {
            (Some(index), None) => return index as u32,
            (Some(_), Some(others)) => Divergence::other_candidates(point, others),
            (None, _) => Divergence::impossible(point, choice.candidate),
        };
        self.divergence = Some(divergence);
        ABANDON
    }

    fn checkpoint(&mut self, at: u64, hash: u64) {
        let Some(&recorded) = self.script.checkpoints.get(&at) else {
            return;
        };
        if recorded == (hash >> 32) as u32 {
            self.equal = at;
        } else {
            self.diverge(Divergence::checkpoint(at, self.equal));
        }
    }

    fn end(&mut self, ended: &Ended<'_>) {
        if let Some(choice) = self.script.choices.get(self.next) {
            let divergence = Divergence::never_reached(choice.at, choice.candidate);
            return self.diverge(divergence);
        }
        if let Some(recorded) = self.script.length.filter(|length| *length != ended.length) {
            return self.diverge(Divergence::length(ended.length, recorded));
        }
        let last = self.script.checkpoints.get(&ended.length);
        let unequal = self.script.hash.is_some_and(|hash| hash != ended.hash)
            || last.is_some_and(|hash| *hash != (ended.hash >> 32) as u32);
        if unequal {
            self.diverge(Divergence::hash(ended.length, self.equal));
        }
    }

    fn divergence(&self) -> Option<&Divergence> {
        self.divergence.as_ref()
    }

    fn repeats(&self) -> bool {
        true
    }

    fn describe(&self) -> Description {
        Description::named("replay")
    }
}

/// Whether the candidates are the recorded ones. A recording lists the labels of tasks and
/// completions alike, so those two actions compare equal; their labels never do.
fn same(recorded: &[Candidate], found: &[Candidate]) -> bool {
    let plain = |action| {
        if matches!(action, Action::Deliver | Action::Keep) {
            Action::Run
        } else {
            action
        }
    };
    recorded.len() == found.len()
        && recorded
            .iter()
            .zip(found)
            .all(|(one, two)| one.label == two.label && plain(one.action) == plain(two.action))
}

/// Follows a script by label and `nth`, whatever the position; takes the default elsewhere.
#[derive(Debug)]
pub struct Lenient {
    choices: Vec<ScriptChoice>,
    // The choices that name a label for a kind of action, by that key.
    wanted: FxHashMap<(u64, u8), Vec<usize>>,
    seen: FxHashMap<(u64, u8), Seen>,
    used: Vec<bool>,
}

#[derive(Clone, Copy, Debug)]
struct Seen {
    times: u32,
    last_at: u64,
}

/// A recorded choice that a lenient replay could not make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skipped {
    /// Where it stood in the recording.
    pub at: u64,
    /// What it was.
    pub candidate: Candidate,
}

impl Skipped {
    /// The skipped choice in words.
    #[must_use]
    pub fn text(&self, labels: &Labels) -> String {
        format!(
            "choice {}: the recording {}",
            self.at,
            deed(labels, self.candidate)
        )
    }
}

impl Lenient {
    /// A lenient replay of `script`; its length, hash and checkpoints do not matter.
    #[must_use]
    pub fn new(script: Script) -> Lenient {
        let choices = script.choices;
        let mut wanted: FxHashMap<(u64, u8), Vec<usize>> = FxHashMap::default();
        for (index, choice) in choices.iter().enumerate() {
            wanted.entry(key(choice.candidate)).or_default().push(index);
        }
        let used = vec![false; choices.len()];
        Lenient {
            choices,
            wanted,
            seen: FxHashMap::default(),
            used,
        }
    }
}

/// What occurrences are counted by: the label and the kind of action.
pub(crate) fn key(candidate: Candidate) -> (u64, u8) {
    let Label(label) = candidate.label;
    (label, candidate.action.class())
}

impl Strategy for Lenient {
    fn begin(&mut self, _run: u64) -> bool {
        self.seen.clear();
        self.used.fill(false);
        true
    }

    fn choose(&mut self, point: &Point<'_>) -> u32 {
        let mut best: Option<(usize, u32)> = None;
        for (index, candidate) in point.candidates.iter().enumerate() {
            let Some(wanted) = self.wanted.get(&key(*candidate)) else {
                continue;
            };
            // Several candidates of one point may share a key (multiples of a delay): one time.
            let seen = self
                .seen
                .entry(key(*candidate))
                .and_modify(|seen| {
                    if seen.last_at != point.at {
                        *seen = Seen {
                            times: seen.times + 1,
                            last_at: point.at,
                        };
                    }
                })
                .or_insert(Seen {
                    times: 0,
                    last_at: point.at,
                });
            let fits = |choice: &ScriptChoice| {
                choice.nth == seen.times && choice.candidate.action == candidate.action
            };
            let found = wanted
                .iter()
                .find(|w| !self.used[**w] && fits(&self.choices[**w]));
            // Two recorded choices may meet at one point after an edit: the earlier one wins.
            if let Some(&wanted) = found
                && best.is_none_or(|(earlier, _)| wanted < earlier)
            {
                best = Some((wanted, index as u32));
            }
        }
        let Some((choice, index)) = best else {
            return 0;
        };
        self.used[choice] = true;
        index
    }

    fn skipped(&self) -> Vec<Skipped> {
        let unused = self
            .choices
            .iter()
            .zip(&self.used)
            .filter(|(_, used)| !**used);
        unused
            .map(|(c, _)| Skipped {
                at: c.at,
                candidate: c.candidate,
            })
            .collect()
    }

    fn repeats(&self) -> bool {
        true
    }

    fn describe(&self) -> Description {
        Description::named("replay")
    }
}
