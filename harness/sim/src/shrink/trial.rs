//! Trials: runs under a part of what another run did, found again by position or by label.

use std::cell::RefCell;
use std::rc::Rc;

use rustc_hash::FxHashMap;

use crate::choice::{Action, Candidate, Kind, Point};
use crate::strategy::{Description, Lenient, Script, ScriptChoice, Strategy, replay_key};

/// A place where a run left production's default.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Departure {
    /// How many choice points came before.
    pub at: u64,
    /// The index that was taken, never 0.
    pub pick: u32,
    /// What stood there.
    pub candidate: Candidate,
    /// How often the label was a candidate for such an action before; known of full notes only.
    pub nth: u32,
}

impl Departure {
    pub fn is_strike(&self) -> bool {
        is_strike(self.candidate.action)
    }
}

/// Whether an action is trouble that was injected, and not an order of steps or a picked value.
fn is_strike(action: Action) -> bool {
    match action {
        Action::Spurious
        | Action::Delay(_)
        | Action::Fault(_)
        | Action::Cancel
        | Action::Early
        | Action::Never
        | Action::Drop => true,
        Action::Run | Action::Deliver | Action::Advance | Action::Keep | Action::Pick(_) => false,
    }
}

/// What a trial is to do.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Orders {
    /// Indices by position. One that is not there, or stands for another kind of action than the
    /// one that is given, is the default: so no trial can fail to run.
    Positions(Vec<Position>),
    /// What stands at these departures, wherever it turns up again.
    Labels(Vec<Departure>),
}

/// An index to take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Position {
    pub at: u64,
    pub pick: u32,
    /// The class of action that must stand there, if that matters.
    pub class: Option<u8>,
}

impl Orders {
    pub fn positions(departures: impl IntoIterator<Item = Departure>) -> Orders {
        let positions = departures.into_iter().map(|departure| Position {
            at: departure.at,
            pick: departure.pick,
            class: Some(departure.candidate.action.class()),
        });
        Orders::Positions(positions.collect())
    }

    pub fn labels(departures: impl IntoIterator<Item = Departure>) -> Orders {
        Orders::Labels(departures.into_iter().collect())
    }

    /// The indices of a tape, whatever they stand for.
    pub fn tape(tape: &[u32]) -> Orders {
        let left = (0..).zip(tape).filter(|(_, pick)| **pick != 0);
        let positions = left.map(|(at, &pick)| Position {
            at,
            pick,
            class: None,
        });
        Orders::Positions(positions.collect())
    }
}

/// One choice point of a run, as far as a search for other runs must know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Passed {
    /// How many candidates there were.
    pub candidates: u32,
    /// The first of them from which on they are injected trouble.
    pub strikes_from: u32,
}

impl Passed {
    /// How many candidates there are but the default.
    pub fn others(self, with_strikes: bool) -> u64 {
        let all = match with_strikes {
            true => self.candidates,
            false => self.candidates.min(self.strikes_from),
        };
        u64::from(all.saturating_sub(1))
    }
}

/// What a trial writes down. Full notes cost time on every point, so only runs that are kept have
/// them.
#[derive(Debug, Default)]
pub(super) struct Notes {
    is_full: bool,
    pub departures: Vec<Departure>,
    pub passed: Vec<Passed>,
    seen: FxHashMap<(u64, u8), (u32, u64)>,
}

impl Notes {
    pub fn new(is_full: bool) -> Notes {
        Notes {
            is_full,
            ..Notes::default()
        }
    }

    fn note(&mut self, point: &Point<'_>, pick: u32) {
        if self.is_full {
            for candidate in point.candidates {
                let seen = self.seen.entry(replay_key(*candidate));
                let seen = seen.or_insert((0, point.at));
                if seen.1 != point.at {
                    *seen = (seen.0 + 1, point.at);
                }
            }
            let strike = |candidate: &Candidate| is_strike(candidate.action);
            let strikes_from = point.candidates.iter().skip(1).position(strike);
            let strikes_from = match (point.kind, strikes_from) {
                (_, Some(index)) => index as u32 + 1,
                (Kind::Run | Kind::Pick, None) => u32::MAX,
                (_, None) => 1,
            };
            self.passed.push(Passed {
                candidates: point.candidates.len() as u32,
                strikes_from,
            });
        }
        if pick == 0 {
            return;
        }
        let candidate = point.candidates[pick as usize];
        let nth = match self.is_full {
            true => self.seen[&replay_key(candidate)].0,
            false => 0,
        };
        self.departures.push(Departure {
            at: point.at,
            pick,
            candidate,
            nth,
        });
    }
}

/// The strategy of a trial.
#[derive(Debug)]
pub(super) struct Trial {
    source: Source,
    notes: Rc<RefCell<Notes>>,
}

#[derive(Debug)]
enum Source {
    Positions { all: Vec<Position>, next: usize },
    Labels(Lenient),
}

impl Trial {
    pub fn new(orders: &Orders, notes: &Rc<RefCell<Notes>>) -> Trial {
        let source = match orders {
            Orders::Positions(all) => Source::Positions {
                all: all.clone(),
                next: 0,
            },
            Orders::Labels(departures) => {
                let choices = departures.iter().map(|departure| ScriptChoice {
                    at: departure.at,
                    candidate: departure.candidate,
                    of: None,
                    nth: departure.nth,
                });
                Source::Labels(Lenient::new(Script {
                    choices: choices.collect(),
                    ..Script::default()
                }))
            }
        };
        Trial {
            source,
            notes: Rc::clone(notes),
        }
    }
}

impl Strategy for Trial {
    fn begin(&mut self, run: u64) -> bool {
        match &mut self.source {
            Source::Positions { next, .. } => *next = 0,
            Source::Labels(lenient) => {
                lenient.begin(run);
            }
        }
        true
    }

    fn choose(&mut self, point: &Point<'_>) -> u32 {
        let pick = match &mut self.source {
            Source::Labels(lenient) => lenient.choose(point),
            Source::Positions { all, next } => {
                while all.get(*next).is_some_and(|ordered| ordered.at < point.at) {
                    *next += 1;
                }
                let here = all.get(*next).filter(|ordered| ordered.at == point.at);
                here.map_or(0, |ordered| {
                    let found = point.candidates.get(ordered.pick as usize);
                    let fits = found.is_some_and(|found| {
                        ordered
                            .class
                            .is_none_or(|class| class == found.action.class())
                    });
                    if fits { ordered.pick } else { 0 }
                })
            }
        };
        self.notes.borrow_mut().note(point, pick);
        pick
    }

    fn describe(&self) -> Description {
        Description::named("shrink")
    }
}
