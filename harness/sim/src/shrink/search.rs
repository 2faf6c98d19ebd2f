//! The search for a smaller failing run: passes over what is left, until none of them gains anything.

use std::cell::RefCell;
use std::hash::{Hash, Hasher};
use std::mem;
use std::rc::Rc;

use rustc_hash::{FxHashSet, FxHasher};

use super::trial::{Departure, Notes, Orders, Passed, Position, Trial};
use super::{Limits, Minimal, Progress, Proof, ShrinkError, Signature, Size, Watch};
use crate::campaign::{Body, Failure, FailureKind, Witness};
use crate::inject::Injections;
use crate::run::{Budgets, SharedRun};

pub(super) struct Search<'a, 'b, 'w> {
    run: &'a SharedRun,
    signature: &'a Signature,
    limits: &'a Limits,
    body: &'a mut Body<'b>,
    watch: &'a mut Watch<'w>,
    /// What was run already, by its hash: a run is worth making once.
    tried: FxHashSet<u64>,
    runs: u64,
    steps: u64,
    is_stopped: bool,
    /// Whether the search for fewer choices passed over runs, since they inject more.
    is_pruned: bool,
    best: Found,
}

/// A run and what must be known of it.
#[derive(Clone, Debug)]
struct Found {
    departures: Vec<Departure>,
    passed: Vec<Passed>,
    tape: Vec<u32>,
    hash: u64,
    size: Size,
    injections: Injections,
    failure: Option<Failure>,
}

/// How a search of all runs with few choices ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Level {
    Found,
    Nothing,
    /// There were more runs than the limit.
    Unknown,
}

impl<'a, 'b, 'w> Search<'a, 'b, 'w> {
    pub fn new(
        run: &'a SharedRun,
        signature: &'a Signature,
        limits: &'a Limits,
        body: &'a mut Body<'b>,
        watch: &'a mut Watch<'w>,
    ) -> Search<'a, 'b, 'w> {
        let injections = run.borrow().allowed_injections();
        Search {
            run,
            signature,
            limits,
            body,
            watch,
            tried: FxHashSet::default(),
            runs: 0,
            steps: 0,
            is_stopped: false,
            is_pruned: false,
            best: Found {
                departures: Vec::new(),
                passed: Vec::new(),
                tape: Vec::new(),
                hash: 0,
                size: Size::default(),
                injections,
                failure: None,
            },
        }
    }

    pub fn shrink(&mut self, witness: &Witness) -> Result<Minimal, ShrinkError> {
        if !self.signature.is_of_choices() {
            return Err(ShrinkError::Nondeterminism);
        }
        let own = self.run.borrow().budgets();
        let start = self.make(&Orders::tape(&witness.tape), witness.injections, true);
        let Some(failure) = self.same_failure(&start) else {
            let found = start.failure;
            return Err(ShrinkError::FailsOtherwise { found });
        };
        let (tight, begun) = self.within_tight(own, &start, failure.kind, witness);
        let minimal = self.within(tight, own, begun, start.size)?;
        match minimal {
            Some(minimal) => Ok(minimal),
            // What failed within tight budgets does not within its own: only those count.
            None => {
                self.tried.clear();
                let before = start.size;
                let minimal = self.within(own, own, start, before)?;
                minimal.ok_or(ShrinkError::FailsOtherwise { found: None })
            }
        }
    }

    /// Budgets that no candidate worth keeping needs more of: a candidate may well run for ever.
    fn tight(&mut self, own: Budgets, start: &Found, kind: FailureKind) -> Budgets {
        let steps = if matches!(kind, FailureKind::Budget | FailureKind::Livelock) {
            // Whatever takes so much longer than production's own order has no end.
            let plain = self.make(&Orders::Positions(Vec::new()), start.injections, false);
            plain.size.steps.saturating_mul(50)
        } else {
            start.size.steps.saturating_mul(4)
        };
        Budgets {
            steps: own.steps.min(steps.saturating_add(1_000)),
            ..own
        }
    }

    /// The tightest budgets within which the run fails already, and the run within them: of one that
    /// never ends, the beginning is enough.
    fn within_tight(
        &mut self,
        own: Budgets,
        start: &Found,
        kind: FailureKind,
        witness: &Witness,
    ) -> (Budgets, Found) {
        let mut tight = self.tight(own, start, kind);
        while tight.steps < start.size.steps.min(own.steps) && !self.is_stopped {
            self.run.borrow_mut().set_budgets(tight);
            let orders = Orders::tape(&witness.tape);
            let found = self.make(&orders, witness.injections, true);
            self.run.borrow_mut().set_budgets(own);
            if self.same_failure(&found).is_some() {
                return (tight, found);
            }
            tight.steps = tight.steps.saturating_mul(4).min(own.steps);
        }
        (tight, start.clone())
    }

    /// Shrinks within `tight` budgets; none when the smallest run does not fail within its `own`.
    fn within(
        &mut self,
        tight: Budgets,
        own: Budgets,
        start: Found,
        before: Size,
    ) -> Result<Option<Minimal>, ShrinkError> {
        self.best = start;
        self.run.borrow_mut().set_budgets(tight);
        let mut proof = None;
        while proof.is_none() && !self.is_stopped {
            let is_least = self.settle();
            proof = self.prove(is_least);
        }
        self.run.borrow_mut().set_budgets(own);
        let injections = self.best.injections;
        self.run.borrow_mut().set_injections(injections);
        let orders = Orders::Positions(exact(&self.best.departures));
        let last = self.make(&orders, injections, true);
        let Some(failure) = self.same_failure(&last) else {
            if tight != own {
                return Ok(None);
            }
            let divergence = "the same choices led to another run: the program depends on something \
                              the simulation does not control";
            return Err(ShrinkError::Unrepeatable {
                divergence: divergence.to_string(),
            });
        };
        Ok(Some(Minimal {
            witness: Witness {
                run: 0,
                tape: last.tape,
                hash: last.hash,
                injections,
            },
            failure,
            before,
            after: last.size,
            runs: self.runs,
            proof,
        }))
    }

    /// Makes passes until none gains anything. True when all runs with fewer choices were made.
    fn settle(&mut self) -> bool {
        self.attempt(&Orders::Positions(Vec::new()));
        loop {
            let before = self.best.size;
            self.prefix();
            self.blocks();
            self.injections();
            self.lower();
            self.earlier();
            if self.best.size < before && !self.is_stopped {
                continue;
            }
            match self.fewer() {
                Level::Found => {}
                Level::Nothing => return !self.is_stopped && !self.is_pruned,
                Level::Unknown => return false,
            }
        }
    }

    /// Leaves the tail to the default, as much of it as a binary search finds.
    fn prefix(&mut self) {
        let (mut low, mut high) = (0, self.best.departures.len());
        while high - low > 1 && !self.is_stopped {
            let middle = low + (high - low) / 2;
            let kept = self.best.departures[..middle].iter().copied();
            if self.attempt(&Orders::positions(kept)) {
                high = self.best.departures.len().min(middle);
            } else {
                low = middle;
            }
        }
    }

    /// Leaves blocks of choices to the default, large ones first, from the end: what comes before a
    /// block is not changed by its going.
    fn blocks(&mut self) {
        let mut block = self.best.departures.len().div_ceil(2);
        while block > 0 && !self.is_stopped {
            let mut end = self.best.departures.len();
            while end > 0 && !self.is_stopped {
                let start = end.saturating_sub(block);
                self.without(start, end);
                end = start.min(self.best.departures.len());
            }
            block = if block == 1 { 0 } else { block.div_ceil(2) };
        }
    }

    fn without(&mut self, start: usize, end: usize) -> bool {
        let all = &self.best.departures;
        let kept: Vec<Departure> = all[..start].iter().chain(&all[end..]).copied().collect();
        let by_label = Orders::labels(kept.iter().copied());
        self.attempt(&Orders::positions(kept)) || self.attempt(&by_label)
    }

    /// Turns injections off, or lets them strike less often.
    fn injections(&mut self) {
        let mut index = 0;
        loop {
            let names = self.best.injections.names();
            let Some(name) = names.get(index).filter(|_| !self.is_stopped) else {
                return;
            };
            let name = name.split('=').next().unwrap_or(name);
            let strikes = self.best.size.budget;
            // Off, or with every smaller budget there can be.
            let less = (0..strikes).find(|budget| {
                let others = names.iter().enumerate();
                let others = others.filter(|(other, _)| *other != index);
                let mut entries: Vec<String> = others.map(|(_, name)| name.clone()).collect();
                if *budget > 0 {
                    entries.push(format!("{name}={budget}"));
                }
                let entries = entries.iter().map(String::as_str);
                let less = Injections::from_names(entries);
                less.is_ok_and(|less| self.with(less))
            });
            index += usize::from(less.is_none_or(|budget| budget > 0));
        }
    }

    fn with(&mut self, injections: Injections) -> bool {
        let own = self.best.injections;
        if (kinds(&injections), budget(&injections)) >= (kinds(&own), budget(&own)) {
            return false;
        }
        let departures = self.best.departures.clone();
        self.attempt_under(&Orders::labels(departures.clone()), injections)
            || self.attempt_under(&Orders::positions(departures), injections)
    }

    /// Takes earlier candidates: the nearer to the default, the better.
    fn lower(&mut self) {
        let mut index = 0;
        while index < self.best.departures.len() && !self.is_stopped {
            let pick = self.best.departures[index].pick;
            for lower in 1..pick {
                let mut positions = exact(&self.best.departures);
                positions[index].pick = lower;
                if self.attempt(&Orders::Positions(positions)) {
                    break;
                }
            }
            index += 1;
        }
    }

    /// Takes choices away that come before others: those move to the front.
    fn earlier(&mut self) {
        let mut index = 0;
        while index < self.best.departures.len() && !self.is_stopped {
            let all = &self.best.departures;
            let floor = index.checked_sub(1).map_or(0, |before| all[before].at + 1);
            let mut distance = all[index].at - floor;
            while distance > 0 && !self.is_stopped {
                let mut moved = self.best.departures.clone();
                for departure in &mut moved[index..] {
                    departure.at -= distance;
                }
                if self.attempt(&Orders::positions(moved)) {
                    break;
                }
                distance /= 2;
            }
            index += 1;
        }
    }

    /// Looks for a failing run with fewer choices, whether or not they are among those that are left:
    /// all runs with none, with one, with two, as long as the limit allows.
    fn fewer(&mut self) -> Level {
        let mut left = self.limits.search_runs;
        self.is_pruned = false;
        for choices in 1..self.best.size.choices {
            let found = self.level(choices, &mut left);
            if found != Level::Nothing {
                return found;
            }
        }
        Level::Nothing
    }

    fn level(&mut self, choices: u64, left: &mut u64) -> Level {
        let injections = self.best.injections;
        let plain = self.make(&Orders::Positions(Vec::new()), injections, true);
        let strikes = self.best.size.strikes;
        let width: u64 = plain.passed.iter().map(|p| p.others(strikes > 0)).sum();
        // So many runs for choices that do not add any points.
        let mut expected = 1_u64;
        for number in 1..=choices {
            expected = expected.saturating_mul(width.saturating_sub(number - 1)) / number;
        }
        if expected > *left {
            return Level::Unknown;
        }
        let mut positions = Vec::new();
        self.descend(&mut positions, &plain.passed, choices, strikes, left)
    }

    fn descend(
        &mut self,
        positions: &mut Vec<Position>,
        passed: &[Passed],
        choices: u64,
        strikes: u64,
        left: &mut u64,
    ) -> Level {
        let from = positions.last().map_or(0, |last| last.at + 1);
        for (at, point) in (0..).zip(passed).skip(from as usize) {
            for pick in 1..point.candidates {
                let is_strike = pick >= point.strikes_from;
                if is_strike && strikes == 0 {
                    self.is_pruned = true;
                    break;
                }
                if *left == 0 || self.is_stopped {
                    return Level::Unknown;
                }
                *left -= 1;
                let class = None;
                positions.push(Position { at, pick, class });
                let orders = Orders::Positions(positions.clone());
                let found = if choices == 1 {
                    match self.attempt(&orders) {
                        true => Level::Found,
                        false => Level::Nothing,
                    }
                } else {
                    let one = self.make(&orders, self.best.injections, true);
                    let strikes = strikes - u64::from(is_strike);
                    self.descend(positions, &one.passed, choices - 1, strikes, left)
                };
                if found != Level::Nothing {
                    return found;
                }
                positions.pop();
            }
        }
        Level::Nothing
    }

    /// Leaves each choice alone to the default once more, whatever was tried before. None when one of
    /// those runs failed after all, or when shrinking was stopped.
    fn prove(&mut self, is_least: bool) -> Option<Proof> {
        if self.is_stopped {
            return None;
        }
        let before = self.runs;
        let all = self.best.departures.clone();
        for index in 0..all.len() {
            let kept = || {
                let others = all.iter().enumerate();
                others.filter_map(move |(other, one)| (other != index).then_some(*one))
            };
            for orders in [Orders::positions(kept()), Orders::labels(kept())] {
                let found = self.make(&orders, self.best.injections, true);
                if self.is_stopped {
                    return None;
                }
                if self.same_failure(&found).is_some() {
                    self.best = found;
                    return None;
                }
            }
        }
        Some(Proof {
            choices: all.len() as u64,
            runs: self.runs - before,
            is_least,
        })
    }

    fn same_failure(&self, found: &Found) -> Option<Failure> {
        let failure = found.failure.as_ref();
        failure
            .filter(|failure| self.signature.matches(failure))
            .cloned()
    }

    fn attempt(&mut self, orders: &Orders) -> bool {
        self.attempt_under(orders, self.best.injections)
    }

    /// Runs what was not run before. True when it is the best now.
    fn attempt_under(&mut self, orders: &Orders, injections: Injections) -> bool {
        if self.is_stopped || !self.tried.insert(key(orders, injections)) {
            return false;
        }
        let found = self.make(orders, injections, false);
        if found.size >= self.best.size || self.same_failure(&found).is_none() {
            return false;
        }
        // Kept: now all there is to know of it.
        let full = self.make(orders, injections, true);
        if full.size != found.size || self.same_failure(&full).is_none() {
            return false;
        }
        self.best = full;
        true
    }

    /// Makes one run.
    fn make(&mut self, orders: &Orders, injections: Injections, is_full: bool) -> Found {
        let notes = Rc::new(RefCell::new(Notes::new(is_full)));
        let trial = Box::new(Trial::new(orders, &notes));
        self.run.borrow_mut().set_injections(injections);
        let own = self.run.borrow_mut().replace_strategy(trial);
        let began = self.run.borrow_mut().begin(0);
        assert!(began, "a trial always begins");
        let mut outcome = String::new();
        let verdict = (self.body)(&mut outcome);
        let mut run = self.run.borrow_mut();
        let hash = run.end(!verdict.cut_short);
        run.replace_strategy(own);
        let Notes {
            departures, passed, ..
        } = mem::take(&mut *notes.borrow_mut());
        let strikes = departures.iter().filter(|one| one.is_strike()).count();
        let size = Size {
            strikes: strikes as u64,
            choices: departures.len() as u64,
            injections: kinds(&injections),
            budget: budget(&injections),
            steps: run.steps(),
            points: run.length(),
            weight: departures.iter().map(|one| u64::from(one.pick)).sum(),
            place: departures.iter().map(|one| one.at).sum(),
        };
        let tape = if is_full {
            run.tape().to_vec()
        } else {
            Vec::new()
        };
        drop(run);
        self.runs += 1;
        self.steps += size.steps;
        let progress = Progress {
            runs: self.runs,
            size: if self.runs == 1 { size } else { self.best.size },
        };
        self.is_stopped |= (self.watch)(&progress).is_break()
            || self.runs >= self.limits.runs
            || self.steps >= self.limits.steps;
        Found {
            departures,
            passed,
            tape,
            hash,
            size,
            injections,
            failure: verdict.failure,
        }
    }
}

/// How many kinds of injections are on.
fn kinds(injections: &Injections) -> u64 {
    injections.names().len() as u64
}

/// How often all of them may strike, or how many multiples they offer.
fn budget(injections: &Injections) -> u64 {
    let Injections {
        pending_polls,
        delay_multiples,
        spurious_polls,
        early_completions,
        never_completions,
        faults,
        cancels,
        drops,
    } = injections;
    let all = [
        pending_polls,
        delay_multiples,
        spurious_polls,
        early_completions,
        never_completions,
        faults,
        cancels,
        drops,
    ];
    all.into_iter().map(|one| u64::from(*one)).sum()
}

/// The departures as indices that must be taken, whatever stands there.
fn exact(departures: &[Departure]) -> Vec<Position> {
    let exact = departures.iter().map(|departure| Position {
        at: departure.at,
        pick: departure.pick,
        class: None,
    });
    exact.collect()
}

fn key(orders: &Orders, injections: Injections) -> u64 {
    let mut hasher = FxHasher::default();
    match orders {
        // Without anything to find again, the ways to find it are one.
        Orders::Positions(all) if all.is_empty() => 0_u8.hash(&mut hasher),
        Orders::Labels(all) if all.is_empty() => 0_u8.hash(&mut hasher),
        Orders::Positions(all) => (1_u8, all).hash(&mut hasher),
        Orders::Labels(all) => (2_u8, all).hash(&mut hasher),
    }
    injections.names().hash(&mut hasher);
    hasher.finish()
}
