//! Coverage-guided search: tapes of earlier runs that showed something new, mutated.
//!
//! The loop is that of greybox fuzzers (Zalewski's AFL), with the tape of choices for an input, as in
//! Hypothesis, and with marks and partial orders for branches; the choice of parents by what is
//! rarely reached follows Böhme, Pham and Roychoudhury, "Coverage-based greybox fuzzing as Markov
//! chain", CCS 2016.

use std::cell::Cell;

use rustc_hash::{FxHashMap, FxHashSet};

use super::seeded::Seeded;
use super::swarm::Swarm;
use super::trial::plain;
use super::trouble::Trouble;
use super::{Description, Ended, Strategy};
use crate::choice::{Candidate, Kind, Point};
use crate::footprint::Footprint;
use crate::inject::Injections;
use crate::label::mix;
use crate::rng::Rng;

/// Keeps the tapes of runs that reached a mark, a set of marks or a partial order for the first time,
/// and makes most runs from one of these: a part of the tape stays, the rest is changed or drawn anew.
/// The others are those of [`Swarm`].
///
/// What a run does depends on the runs before it, so it is made again from its tape, not from seed
/// and number; shards have tapes of their own.
#[derive(Debug)]
pub struct Guided {
    seed: u64,
    swarm: Seeded<Swarm>,
    rng: Rng,
    trouble: Trouble,
    // What a mutated run is to pick; what is not there, or DRAW, is drawn.
    script: Vec<u32>,
    mode: Mode,
    injections: Cell<Injections>,
    corpus: Corpus,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Swarm,
    Mutant,
}

/// A pick that is drawn when its time comes.
const DRAW: u32 = u32::MAX;

impl Guided {
    /// A search that has not begun.
    #[must_use]
    pub fn new(seed: u64) -> Guided {
        Guided {
            seed,
            swarm: Seeded::new(seed, Swarm::new()),
            rng: Rng::stream(seed, 0),
            trouble: Trouble::default(),
            script: Vec::new(),
            mode: Mode::Swarm,
            injections: Cell::new(Injections::NONE),
            corpus: Corpus::default(),
        }
    }

    /// Makes the script of a run from one or two earlier ones.
    fn mutate(&mut self) {
        let rng = &mut self.rng;
        let Some(parent) = self.corpus.draw(rng) else {
            return;
        };
        self.injections.set(parent.injections);
        let script = &mut self.script;
        script.clear();
        script.extend_from_slice(&parent.tape);
        let length = script.len() as u32;
        if length == 0 {
            return;
        }
        match rng.below(16) {
            // What led to something new may lead on: only what comes later is drawn.
            0..=5 => script.truncate(rng.below(length + 1) as usize),
            6..=10 => {
                for _ in 0..1 << rng.below(4) {
                    script[rng.below(length) as usize] = DRAW;
                }
            }
            11 | 12 => {
                // The beginning of one and the end of another.
                script.truncate(rng.below(length + 1) as usize);
                if let Some(other) = self.corpus.draw(rng) {
                    let from = rng.below(other.tape.len() as u32 + 1) as usize;
                    self.script.extend_from_slice(&other.tape[from..]);
                }
            }
            13 => {
                let (from, to) = block(rng, length);
                script.drain(from..to);
            }
            14 => {
                let (from, to) = block(rng, length);
                script.extend_from_within(from..to);
                script[from..].rotate_right(to - from);
            }
            _ => {
                // The production order.
                let (from, to) = block(rng, length);
                script[from..to].fill(0);
            }
        }
    }

    #[inline]
    fn follow(&mut self, point: &Point<'_>) -> u32 {
        let count = point.candidates.len() as u32;
        match self.script.get(point.at as usize) {
            Some(&pick) if pick != DRAW => pick % count,
            Some(_) => self.rng.below(count),
            None => self.draw(point),
        }
    }

    fn draw(&mut self, point: &Point<'_>) -> u32 {
        if point.kind != Kind::Run {
            return self.trouble.answer(&mut self.rng, point);
        }
        let plain = plain(point.candidates, false);
        let strike = self.trouble.strike(&mut self.rng, point, plain);
        strike.unwrap_or_else(|| self.rng.below(plain))
    }
}

/// A part of a tape of this length, mostly a short one.
fn block(rng: &mut Rng, length: u32) -> (usize, usize) {
    let from = rng.below(length);
    let longest = (length - from).min(1 << rng.below(8));
    (from as usize, (from + 1 + rng.below(longest)) as usize)
}

impl Strategy for Guided {
    fn begin(&mut self, run: u64) -> bool {
        self.rng = Rng::stream(self.seed, run);
        // Its own numbers, not those from which the swarm's run of this number is made.
        self.rng.next_word();
        self.mode = match self.rng.below(8) {
            _ if run == 0 || self.corpus.is_empty() => Mode::Swarm,
            0 | 1 => Mode::Swarm,
            _ => Mode::Mutant,
        };
        match self.mode {
            Mode::Swarm => self.swarm.begin(run),
            Mode::Mutant => {
                self.trouble.begin(&mut self.rng, self.swarm.trial());
                self.mutate();
                true
            }
        }
    }

    #[inline]
    fn choose(&mut self, point: &Point<'_>) -> u32 {
        match self.mode {
            Mode::Swarm => self.swarm.choose(point),
            Mode::Mutant => self.follow(point),
        }
    }

    fn wants_trial(&self) -> bool {
        self.swarm.wants_trial()
    }

    fn is_repeatable(&self) -> bool {
        false
    }

    fn wants_every_step(&self) -> bool {
        self.mode == Mode::Swarm && self.swarm.wants_every_step()
    }

    fn wants_footprints(&self) -> bool {
        self.mode == Mode::Swarm && self.swarm.wants_footprints()
    }

    fn step_ended(&mut self, step: Candidate, footprint: &Footprint) {
        self.swarm.step_ended(step, footprint);
    }

    fn injections(&self, allowed: Injections) -> Injections {
        if self.mode == Mode::Swarm {
            self.injections.set(self.swarm.injections(allowed));
        }
        self.injections.get()
    }

    fn wants_fingerprints(&self) -> bool {
        true
    }

    fn end(&mut self, ended: &Ended<'_>) {
        self.corpus.consider(ended, self.injections.get());
    }

    fn describe(&self) -> Description {
        Description {
            seed: Some(self.seed),
            ..Description::named("guided")
        }
    }
}

/// Tapes of at most this length are kept.
const LONGEST: usize = 1 << 16;
/// So many tapes are kept for new partial orders alone.
const RECENT: usize = 64;
/// So many are kept for new sets of marks.
const SETS: usize = 1024;
/// Beyond so many known partial orders nothing is learned from new ones.
const ORDERS: usize = 1 << 20;

/// The tapes worth mutating.
#[derive(Debug, Default)]
struct Corpus {
    entries: Vec<Entry>,
    marks: Vec<Mark>,
    // Places in `marks`.
    known_marks: FxHashMap<u64, usize>,
    known_sets: FxHashSet<u64>,
    // Places in `entries`: of those with a new set of marks, and of those with a new order only, of
    // which the oldest gives way.
    sets: Vec<usize>,
    recent: Vec<usize>,
    next_recent: usize,
    orders: FxHashSet<u64>,
}

#[derive(Debug)]
struct Entry {
    tape: Vec<u32>,
    injections: Injections,
}

/// A mark, in how many runs it was reached, and a short tape that does.
#[derive(Clone, Copy, Debug)]
struct Mark {
    count: u64,
    entry: usize,
}

impl Corpus {
    fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Keeps the tape of a run if it showed anything new.
    fn consider(&mut self, ended: &Ended<'_>, injections: Injections) {
        let is_new_order = self.orders.len() < ORDERS && self.orders.insert(ended.fingerprint);
        // Sums do not depend on the order in which marks were reached.
        let set = ended
            .marks
            .iter()
            .fold(0_u64, |sum, mark| sum.wrapping_add(mix(*mark)));
        let is_new_set = set != 0 && self.known_sets.len() < SETS && self.known_sets.insert(set);
        let mut improved = Vec::new();
        for mark in ended.marks {
            let Some(&place) = self.known_marks.get(mark) else {
                improved.push(self.marks.len());
                self.known_marks.insert(*mark, self.marks.len());
                self.marks.push(Mark {
                    count: 1,
                    entry: usize::MAX,
                });
                continue;
            };
            let known = &mut self.marks[place];
            known.count += 1;
            let kept = self.entries.get(known.entry);
            if kept.is_none_or(|kept| ended.tape.len() < kept.tape.len() * 7 / 8) {
                improved.push(place);
            }
        }
        if ended.tape.len() > LONGEST {
            return;
        }
        if improved.is_empty() && !is_new_set {
            if is_new_order {
                self.keep_recent(ended, injections);
            }
            return;
        }
        let place = self.entries.len();
        self.entries.push(Entry {
            tape: ended.tape.to_vec(),
            injections,
        });
        for mark in improved {
            self.marks[mark].entry = place;
        }
        if is_new_set {
            self.sets.push(place);
        }
    }

    fn keep_recent(&mut self, ended: &Ended<'_>, injections: Injections) {
        if self.recent.len() < RECENT {
            self.recent.push(self.entries.len());
            self.entries.push(Entry {
                tape: ended.tape.to_vec(),
                injections,
            });
            return;
        }
        let place = self.recent[self.next_recent];
        self.next_recent = (self.next_recent + 1) % RECENT;
        let entry = &mut self.entries[place];
        entry.tape.clear();
        entry.tape.extend_from_slice(ended.tape);
        entry.injections = injections;
    }

    /// A parent: mostly a run that reached a mark which few others reach.
    fn draw(&self, rng: &mut Rng) -> Option<&Entry> {
        let any = |rng: &mut Rng, places: &[usize]| {
            let place = rng.below((places.len() as u32).max(1)) as usize;
            places.get(place).copied()
        };
        let place = match rng.below(8) {
            0..=4 => self.draw_rare(rng),
            5 | 6 => any(rng, &self.sets),
            _ => any(rng, &self.recent),
        };
        let place = place.or_else(|| Some(rng.below((self.entries.len() as u32).max(1)) as usize));
        self.entries.get(place?)
    }

    /// The tape of the rarest of three marks.
    fn draw_rare(&self, rng: &mut Rng) -> Option<usize> {
        let count = self.marks.len() as u32;
        if count == 0 {
            return None;
        }
        let drawn = [(); 3].map(|()| self.marks[rng.below(count) as usize]);
        let rarest = drawn.iter().min_by_key(|mark| mark.count)?;
        (rarest.entry < self.entries.len()).then_some(rarest.entry)
    }
}
