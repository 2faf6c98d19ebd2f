//! The partial order that a run stands for, as one number.

use super::{ARRIVE, Classes, Footprint, Object, READ, WRITE};
use crate::label::{Label, mix};

/// The partial order of a run, as one number: equal for all runs whose dependent steps come in the
/// same order.
///
/// Each step gets a hash that stands for itself and all that came before it and mattered; their sum
/// names the set of them, whatever the order. This is on the hot path of every run.
#[derive(Debug, Default)]
pub(crate) struct PartialOrder {
    objects: Objects,
    // Where the objects of the current step are.
    places: Vec<usize>,
    epoch: u64,
    sum: u64,
    // Classes of priority that this run has used, one bit for each.
    classes: u8,
    // Sums of the steps that changed who is ready in a class, and of those of a class's tasks.
    changed: [u64; CLASSES],
    stepped: [u64; CLASSES],
}

/// Where a run keeps the past of an object.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place(u32);

impl Place {
    pub(crate) const UNKNOWN: Place = Place(u32::MAX);
}

impl Default for Place {
    fn default() -> Place {
        Place::UNKNOWN
    }
}

/// At most so many classes of priority.
const CLASSES: usize = 8;

/// The pasts of all objects of a run, by place; an index of open addressing finds the places.
#[derive(Debug)]
struct Objects {
    pasts: Vec<Past>,
    // What belongs to an earlier run counts as empty.
    index: Vec<Entry>,
    generation: u32,
}

#[derive(Clone, Copy, Debug, Default)]
struct Entry {
    object: u64,
    generation: u32,
    place: u32,
}

/// What has happened to an object: hashes of steps, each of which stands for all that came before.
#[derive(Clone, Copy, Debug, Default)]
struct Past {
    written: u64,
    read: u64,
    arrived: u64,
}

impl Default for Objects {
    fn default() -> Objects {
        Objects {
            pasts: Vec::new(),
            index: vec![Entry::default(); 64],
            generation: 1,
        }
    }
}

impl Objects {
    fn reset(&mut self) {
        self.pasts.clear();
        self.generation = self.generation.wrapping_add(1);
        if self.generation == 0 {
            self.index.fill(Entry::default());
            self.generation = 1;
        }
    }

    #[cold]
    fn grow(&mut self) {
        let size = self.index.len() * 4;
        let before = std::mem::replace(&mut self.index, vec![Entry::default(); size]);
        for entry in before {
            if entry.generation == self.generation {
                let at = self.find(entry.object);
                self.index[at] = entry;
            }
        }
    }

    /// Where in the index an object is, or could be.
    #[inline]
    fn find(&self, object: u64) -> usize {
        // Objects are hashes already.
        let mask = self.index.len() - 1;
        let mut at = object as usize & mask;
        loop {
            let entry = &self.index[at];
            if entry.generation != self.generation || entry.object == object {
                return at;
            }
            at = (at + 1) & mask;
        }
    }

    /// The place of an object's past.
    #[inline]
    fn place(&mut self, object: u64) -> usize {
        let entry = self.index[self.find(object)];
        if entry.generation == self.generation {
            return entry.place as usize;
        }
        self.add(object)
    }

    fn add(&mut self, object: u64) -> usize {
        if self.pasts.len() * 2 >= self.index.len() {
            self.grow();
        }
        let at = self.find(object);
        let place = self.pasts.len();
        self.index[at] = Entry {
            object,
            generation: self.generation,
            place: place as u32,
        };
        self.pasts.push(Past::default());
        place
    }
}

impl Past {
    /// What a step sees of the object that touches it so.
    #[inline]
    fn seen_by(&self, bits: u8) -> u64 {
        if bits & WRITE != 0 {
            self.written ^ self.read ^ self.arrived.rotate_left(1)
        } else if bits & READ != 0 {
            self.written ^ self.arrived.rotate_left(1)
        } else {
            // An arrival depends on what was written and read, not on other arrivals.
            self.written ^ self.read
        }
    }

    #[inline]
    fn touch(&mut self, bits: u8, hash: u64) {
        if bits & WRITE != 0 {
            (self.written, self.read, self.arrived) = (hash, 0, 0);
            return;
        }
        if bits & READ != 0 {
            self.read = self.read.wrapping_add(hash);
        }
        if bits & ARRIVE != 0 {
            self.arrived = self.arrived.wrapping_add(hash);
        }
    }
}

/// One multiplication of 64 by 64 bits, folded: enough for words that are hashes already.
#[inline]
fn fold(one: u64, other: u64) -> u64 {
    let one = u128::from(one ^ 0x2d35_8dcc_aa6c_78a5);
    let product = one * u128::from(other ^ 0x8bb8_4b93_962e_acc9);
    product as u64 ^ (product >> 64) as u64
}

impl PartialOrder {
    pub(crate) fn reset(&mut self) {
        self.objects.reset();
        self.epoch = 0;
        self.sum = 0;
        self.classes = 0;
        self.changed = [0; CLASSES];
        self.stepped = [0; CLASSES];
    }

    /// The place of an object, which stays its own for the run: for who steps often.
    pub(crate) fn place(&mut self, object: Object) -> Place {
        Place(self.objects.place(object.0) as u32)
    }

    /// Takes in a step that has ended, by its label and the word of its action. `data` is what was
    /// chosen within it; `own` is the place of the
    /// first object of the footprint, where that is known.
    #[inline]
    pub(crate) fn step(
        &mut self,
        (label, action): (Label, u64),
        data: u64,
        footprint: &Footprint,
        own: Place,
    ) {
        let itself = label.0 ^ action.rotate_left(32) ^ data;
        let mut seen = self.epoch;
        let classes = footprint.classes;
        let (changed, own_class) = (classes.changed(), classes.own());
        self.classes |= changed;
        if self.classes & self.classes.wrapping_sub(1) != 0 {
            seen = seen.wrapping_add(self.seen_of_classes(classes));
        }
        let hash = match (&footprint.entries[..], own) {
            // By far the most frequent: a task that touches nothing but itself.
            ([(object, bits)], Place(place)) if place != Place::UNKNOWN.0 && bits & WRITE != 0 => {
                let past = &mut self.objects.pasts[place as usize];
                seen = seen.wrapping_add(fold(object.0, past.seen_by(WRITE)));
                let hash = fold(itself, seen);
                past.touch(WRITE, hash);
                hash
            }
            _ => self.step_on_several(itself, seen, footprint),
        };
        self.sum = self.sum.wrapping_add(hash);
        if own_class != 0 {
            let sum = &mut self.stepped[own_class.trailing_zeros() as usize % CLASSES];
            *sum = sum.wrapping_add(hash);
        }
        if changed == own_class {
            let sum = &mut self.changed[own_class.trailing_zeros() as usize % CLASSES];
            *sum = sum.wrapping_add(if own_class == 0 { 0 } else { hash });
        } else {
            self.change_classes(changed, hash);
        }
        if footprint.everything {
            self.epoch = mix(self.sum);
        }
    }

    fn change_classes(&mut self, mut changed: u8, hash: u64) {
        while changed != 0 {
            let sum = &mut self.changed[changed.trailing_zeros() as usize];
            *sum = sum.wrapping_add(hash);
            changed &= changed - 1;
        }
    }

    fn step_on_several(&mut self, itself: u64, mut seen: u64, footprint: &Footprint) -> u64 {
        const TOLD: u8 = READ | WRITE | ARRIVE;
        self.places.clear();
        for &(object, bits) in &footprint.entries {
            let place = self.objects.place(object.0);
            self.places.push(place);
            if bits & TOLD != 0 {
                let known = self.objects.pasts[place].seen_by(bits);
                // A write is a write, whatever else the step does to the object.
                let bits = if bits & WRITE != 0 { 0 } else { bits & TOLD };
                seen = seen.wrapping_add(fold(object.0 ^ u64::from(bits), known));
            }
        }
        let hash = fold(itself, seen);
        for (&(_, bits), place) in footprint.entries.iter().zip(&self.places) {
            self.objects.pasts[*place].touch(bits, hash);
        }
        hash
    }

    /// What a step sees of those of other classes of priority.
    #[cold]
    fn seen_of_classes(&self, classes: Classes) -> u64 {
        let mut seen = 0_u64;
        if classes.own() != 0 {
            let above = &self.changed[..classes.own().trailing_zeros() as usize];
            seen = above.iter().fold(seen, |seen, sum| seen.wrapping_add(*sum));
        }
        if classes.changed() != 0 {
            let highest = classes.changed().trailing_zeros() as usize;
            let below = &self.stepped[highest + 1..];
            let add = |seen: u64, sum: &u64| seen.wrapping_add(sum.rotate_left(32));
            seen = below.iter().fold(seen, add);
        }
        seen
    }

    pub(crate) fn fingerprint(&self) -> u64 {
        mix(self.sum)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::footprint::Access;

    fn footprint(entries: &[(u64, Access)]) -> Footprint {
        let mut footprint = Footprint::default();
        for &(object, access) in entries {
            footprint.add(Object(object), access);
        }
        footprint
    }

    /// The fingerprint of a run of such steps: task, then what it touches besides itself.
    fn fingerprint(steps: &[(u64, &[(u64, Access)])]) -> u64 {
        let mut order = PartialOrder::default();
        order.reset();
        for (task, touched) in steps {
            let mut entries = vec![(*task, Access::Write)];
            entries.extend_from_slice(touched);
            order.step((Label(*task), 1), 0, &footprint(&entries), Place::UNKNOWN);
        }
        order.fingerprint()
    }

    #[test]
    fn fingerprints_know_the_order_of_dependent_steps_only() {
        use Access::{Arrive, Read, Write};
        let check = |one: &[(u64, Access)], two: &[(u64, Access)], is_same: bool| {
            let forth = fingerprint(&[(1, one), (2, two), (1, &[])]);
            let back = fingerprint(&[(2, two), (1, one), (1, &[])]);
            assert_eq!(forth == back, is_same, "{one:?} {two:?}");
        };
        check(&[(9, Write)], &[(8, Write)], true);
        check(&[(9, Write)], &[(9, Write)], false);
        check(&[(9, Write)], &[(9, Read)], false);
        check(&[(9, Read)], &[(9, Read)], true);
        check(&[(9, Arrive)], &[(9, Arrive)], true);
        check(&[(9, Arrive)], &[(9, Read)], false);
    }
}
