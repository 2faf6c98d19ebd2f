//! Footprints: what each step touches, which steps depend on each other, and the partial order that
//! a run stands for.
//!
//! Two steps depend on each other when they touch the same object and the order of the touches
//! matters. Runs whose dependent steps come in the same order are the same partial order (a
//! Mazurkiewicz trace) and have the same outcome: searches with reduction run one of each, and the
//! fingerprint of a run names the one it belongs to.

mod order;

pub(crate) use order::{PartialOrder, Place};

use crate::choice::Action;
use crate::label::Label;

/// Something that several tasks can touch, by a name that no schedule changes.
///
/// A task and an operation are objects by their labels. Other objects take the hash of a path too:
/// who made it, what it is, how manyeth there. A running number of the whole run would not do: it
/// names different things in different schedules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Object(pub u64);

impl From<Label> for Object {
    fn from(label: Label) -> Object {
        Object(label.0)
    }
}

/// How a step touches an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Access {
    /// It looks at it.
    Read = READ,
    /// It changes it, or depends on its exact state: conflicts with everything.
    Write = READ | WRITE,
    /// It makes the task or operation that the object is able to take its next step.
    Wake = READ | WAKE,
    /// It makes the task able to take its next step by being the last to arrive at a barrier. No
    /// conflict of its own: whoever arrives last, the order of arrivals and passing says all.
    WakeByBarrier = WAKE_BY_BARRIER,
    /// It is one of those that a barrier waits for; arrivals commute.
    Arrive = ARRIVE,
    /// It is one of those that a task waits for together, to be woken by the last. No conflict of
    /// its own either.
    Gather = GATHER,
    /// It goes on because all have arrived whom the barrier waits for.
    Pass = READ | PASS,
}

const READ: u8 = 1;
const WRITE: u8 = 2;
const ARRIVE: u8 = 4;
const WAKE: u8 = 8;
const PASS: u8 = 16;
const WAKE_BY_BARRIER: u8 = 32;
const GATHER: u8 = 64;

/// All that one step touched.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Footprint {
    // Each object once, in the order of objects once the step has ended.
    entries: Vec<(Object, u8)>,
    /// Bits of all objects: most pairs of footprints are told apart by these alone.
    summary: u64,
    classes: Classes,
    /// Whether it conflicts with every other step, as the passing of time does.
    everything: bool,
}

/// What a step has to do with the classes of priority, one bit for each class: those in which it
/// changed who is ready, those that must have nobody ready for it to be possible, and the class of the
/// task whose step it is, none for other steps.
///
/// One word: bytes that are read as words right after they were written stall the processor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Classes(u32);

impl Classes {
    const NEEDED: u32 = 8;
    const OWN: u32 = 16;
    /// Of the step that runs: whether it conflicts with every other.
    const EVERYTHING: u32 = 1 << 31;

    /// Those of the step of a task of this class.
    #[inline]
    pub(crate) fn of_task(class: u8) -> Classes {
        let mut classes = Classes::default();
        classes.step(class);
        classes.change(class);
        classes
    }

    #[inline]
    fn is_everything(self) -> bool {
        self.0 & Classes::EVERYTHING != 0
    }

    #[inline]
    fn of_priority(self) -> Classes {
        Classes(self.0 & !Classes::EVERYTHING)
    }

    #[inline]
    fn changed(self) -> u8 {
        self.0 as u8
    }

    #[inline]
    fn needed(self) -> u8 {
        (self.0 >> Classes::NEEDED) as u8
    }

    #[inline]
    fn own(self) -> u8 {
        (self.0 >> Classes::OWN) as u8
    }

    #[inline]
    fn change(&mut self, class: u8) {
        self.0 |= 1 << class;
    }

    #[inline]
    fn step(&mut self, class: u8) {
        let own = 1_u32 << class;
        self.0 |= own << Classes::OWN | (own - 1) << Classes::NEEDED;
    }
}

impl Footprint {
    /// Empty again; capacity stays.
    #[inline]
    pub(crate) fn clear(&mut self) {
        self.entries.clear();
        self.summary = 0;
        self.classes = Classes::default();
        self.everything = false;
    }

    /// Adds an object that is not there yet, and how it is touched.
    #[inline]
    fn push(&mut self, object: Object, bits: u8) {
        self.summary |= summary_bit(object);
        self.entries.push((object, bits));
    }

    /// Whether it is the step of a task of a more urgent class: nobody of the other's could have
    /// come before it.
    pub(crate) fn outranks(&self, other: &Footprint) -> bool {
        let (mine, theirs) = (self.classes.own(), other.classes.own());
        mine != 0 && mine < theirs
    }

    /// Puts the objects in order, each once, as comparisons want them.
    pub(crate) fn sort(&mut self) {
        self.entries.sort_unstable_by_key(|entry| entry.0);
        self.entries.dedup_by(|later, earlier| {
            let same = later.0 == earlier.0;
            if same {
                earlier.1 |= later.1;
            }
            same
        });
    }

    /// Adds what `other` touched: the footprint of a step that may be either.
    pub(crate) fn merge(&mut self, other: &Footprint) {
        self.entries.extend_from_slice(&other.entries);
        self.sort();
        self.summary |= other.summary;
        self.classes.0 |= other.classes.0;
        self.everything |= other.everything;
    }

    /// Whether the order of two steps with these footprints matters.
    #[must_use]
    pub fn conflicts(&self, other: &Footprint) -> bool {
        if self.everything
            || other.everything
            || self.classes.changed() & other.classes.needed() != 0
            || self.classes.needed() & other.classes.changed() != 0
        {
            return true;
        }
        self.summary & other.summary != 0 && self.meets(other)
    }

    fn meets(&self, other: &Footprint) -> bool {
        let (mut left, mut right) = (self.entries.iter(), other.entries.iter());
        let (mut one, mut two) = (left.next(), right.next());
        while let (Some(a), Some(b)) = (one, two) {
            match a.0.cmp(&b.0) {
                std::cmp::Ordering::Less => one = left.next(),
                std::cmp::Ordering::Greater => two = right.next(),
                std::cmp::Ordering::Equal => {
                    if is_conflict(a.1, b.1) {
                        return true;
                    }
                    one = left.next();
                    two = right.next();
                }
            }
        }
        false
    }

    /// Whether both steps are among those that somebody waits for together.
    pub(crate) fn gathers_with(&self, other: &Footprint) -> bool {
        let gathered = self.entries.iter().filter(|entry| entry.1 & GATHER != 0);
        gathered.into_iter().any(|(object, _)| {
            let at = other.entries.binary_search_by_key(object, |entry| entry.0);
            at.is_ok_and(|at| other.entries[at].1 & GATHER != 0)
        })
    }

    /// Whether the step made the task or operation `object` able to go on; by arriving last at a
    /// barrier counts if `counts_barrier`.
    pub(crate) fn wakes(&self, object: Object, counts_barrier: bool) -> bool {
        let bits = if counts_barrier {
            WAKE | WAKE_BY_BARRIER
        } else {
            WAKE
        };
        self.summary & summary_bit(object) != 0
            && self
                .entries
                .iter()
                .any(|entry| entry.0 == object && entry.1 & bits != 0)
    }

    /// Whether it conflicts with every other step.
    #[must_use]
    pub fn is_everything(&self) -> bool {
        self.everything
    }

    /// What was touched so far, and whether it was changed.
    pub(crate) fn touched(&self) -> impl Iterator<Item = (Object, bool)> + '_ {
        let shown = self.entries.iter().filter(|entry| entry.1 & READ != 0);
        shown.map(|entry| (entry.0, entry.1 & WRITE != 0))
    }

    /// The objects, in order.
    pub fn objects(&self) -> impl Iterator<Item = Object> + '_ {
        self.entries.iter().map(|entry| entry.0)
    }
}

#[inline]
fn summary_bit(object: Object) -> u64 {
    // Labels are well-mixed hashes: any six bits will do.
    1 << (object.0 >> 58)
}

#[inline]
fn is_conflict(one: u8, other: u8) -> bool {
    const ALL: u8 = READ | WRITE | ARRIVE;
    (one & WRITE != 0 && other & ALL != 0)
        || (one & ALL != 0 && other & WRITE != 0)
        || (one & ARRIVE != 0 && other & READ != 0)
        || (one & READ != 0 && other & ARRIVE != 0)
}

/// Whether a step of this action is the next of the task or operation whose label it carries, and so
/// changes it.
pub(crate) fn is_own_step(action: Action) -> bool {
    match action {
        Action::Run | Action::Deliver | Action::Spurious | Action::Cancel | Action::Drop => true,
        Action::Advance
        | Action::Keep
        | Action::Delay(_)
        | Action::Fault(_)
        | Action::Early
        | Action::Never
        | Action::Pick(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn footprint(entries: &[(u64, Access)]) -> Footprint {
        let mut footprint = Footprint::default();
        for &(object, access) in entries {
            footprint.push(Object(object), access as u8);
        }
        footprint.sort();
        footprint
    }

    #[test]
    fn accesses_conflict_when_their_order_matters() {
        use Access::{Arrive, Pass, Read, Wake, WakeByBarrier, Write};
        let all = [Read, Write, Wake, WakeByBarrier, Arrive, Pass];
        let reading = [false, true, false, false, true, false];
        let expected = [
            reading,
            [true, true, true, false, true, true],
            reading,
            [false; 6],
            [true, true, true, false, false, true],
            reading,
        ];
        for (one, row) in all.into_iter().zip(expected) {
            for (other, conflict) in all.into_iter().zip(row) {
                let here = footprint(&[(7, one)]);
                let there = footprint(&[(3, Write), (7, other)]);
                assert_eq!(here.conflicts(&there), conflict, "{one:?} {other:?}");
                let elsewhere = footprint(&[(8, other)]);
                assert!(!here.conflicts(&elsewhere), "{one:?} {other:?}");
            }
        }
    }

    #[test]
    fn classes_of_priority_conflict_only_across() {
        let mut urgent = footprint(&[(1, Access::Write)]);
        urgent.classes.change(1);
        urgent.classes.step(1);
        let mut other = footprint(&[(2, Access::Write)]);
        other.classes.change(1);
        other.classes.step(1);
        let mut low = footprint(&[(3, Access::Write)]);
        low.classes.change(3);
        low.classes.step(3);
        assert!(!urgent.conflicts(&other));
        assert!(urgent.conflicts(&low) && low.conflicts(&urgent));
    }
}
