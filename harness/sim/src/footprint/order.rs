//! The partial order that a run stands for, as one number.

use super::{ARRIVE, Access, Classes, Footprint, Object, READ, WRITE};
use crate::label::mix;

/// What the current step touches, and the partial order of the steps before it, as one number: equal
/// for all runs whose dependent steps come in the same order.
///
/// Each step gets a hash that stands for itself and all that came before it and mattered; their sum
/// names the set of them, whatever the order. This is on the hot path of every run.
#[derive(Debug, Default)]
pub(crate) struct PartialOrder {
    objects: Objects,
    // Whose step the current one is, and what it touches besides, each once.
    own: Place,
    own_bits: u8,
    touched: Vec<Place>,
    classes: Classes,
    // What the steps so far amount to.
    epoch: u64,
    sum: u64,
    priorities: Priorities,
}

/// Where the past of an object is kept; good for one run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place(u32);

impl Place {
    pub(crate) const UNKNOWN: Place = Place(u32::MAX);
}

impl Default for Place {
    fn default() -> Place {
        Place::UNKNOWN
    }
}

/// The pasts of all objects, by place; an index of open addressing finds the places. Both are kept from
/// one run to the next, since most runs touch the same objects: what belongs to an earlier run counts
/// as nothing.
#[derive(Debug)]
struct Objects {
    pasts: Vec<Past>,
    index: Vec<Entry>,
    generation: u32,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    object: u64,
    place: Place,
}

const NO_ENTRY: Entry = Entry {
    object: 0,
    place: Place::UNKNOWN,
};

/// What has happened to an object: hashes of steps, each of which stands for all that came before.
#[derive(Clone, Copy, Debug)]
struct Past {
    written: u64,
    read: u64,
    arrived: u64,
    object: Object,
    generation: u32,
    // How the current step touches it.
    bits: u8,
}

/// So many objects are remembered from one run to the next; beyond, the table begins anew.
const MOST_OBJECTS: usize = 1 << 16;

impl Default for Objects {
    fn default() -> Objects {
        Objects {
            pasts: Vec::new(),
            index: vec![NO_ENTRY; 64],
            generation: 1,
        }
    }
}

impl Objects {
    fn reset(&mut self) {
        self.generation = self.generation.wrapping_add(1);
        if self.generation == 0 || self.pasts.len() > MOST_OBJECTS {
            self.pasts.clear();
            self.index.fill(NO_ENTRY);
            self.generation = 1;
        }
    }

    #[cold]
    fn grow(&mut self) {
        let size = self.index.len() * 4;
        let before = std::mem::replace(&mut self.index, vec![NO_ENTRY; size]);
        for entry in before {
            if entry.place != Place::UNKNOWN {
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
            if entry.object == object || entry.place == Place::UNKNOWN {
                return at;
            }
            at = (at + 1) & mask;
        }
    }

    /// The place of an object's past.
    #[inline]
    fn place(&mut self, object: Object) -> Place {
        let place = self.index[self.find(object.0)].place;
        if place == Place::UNKNOWN {
            return self.add(object);
        }
        let past = &mut self.pasts[place.0 as usize];
        if past.generation != self.generation {
            *past = Past::of(object, self.generation);
        }
        place
    }

    #[cold]
    fn add(&mut self, object: Object) -> Place {
        if self.pasts.len() * 2 >= self.index.len() {
            self.grow();
        }
        let at = self.find(object.0);
        let place = Place(self.pasts.len() as u32);
        self.index[at] = Entry {
            object: object.0,
            place,
        };
        self.pasts.push(Past::of(object, self.generation));
        place
    }
}

impl Past {
    #[inline]
    fn of(object: Object, generation: u32) -> Past {
        Past {
            written: 0,
            read: 0,
            arrived: 0,
            object,
            generation,
            bits: 0,
        }
    }

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
    /// Before the first step of a run.
    pub(crate) fn reset(&mut self) {
        self.objects.reset();
        self.own = Place::UNKNOWN;
        self.touched.clear();
        self.classes = Classes::default();
        self.epoch = 0;
        self.sum = 0;
        self.priorities.reset();
    }

    /// The place of an object, which stays its own for the run: for what is touched often.
    pub(crate) fn place(&mut self, object: Object) -> Place {
        self.objects.place(object)
    }

    /// The current step is the next of the task or operation whose past is at `own`, and changes it.
    #[inline]
    pub(crate) fn begin(&mut self, own: Place) {
        self.own = own;
        self.own_bits = READ | WRITE;
    }

    /// The current step touches an object.
    #[inline]
    pub(crate) fn access(&mut self, object: Object, access: Access) {
        let place = self.objects.place(object);
        self.touch(place, access);
    }

    /// The current step touches the object whose past is there.
    #[inline]
    pub(crate) fn touch(&mut self, place: Place, access: Access) {
        if place == self.own {
            self.own_bits |= access as u8;
            return;
        }
        let past = &mut self.objects.pasts[place.0 as usize];
        if past.bits == 0 {
            self.touched.push(place);
        }
        past.bits |= access as u8;
    }

    /// What the current step has to do with classes of priority, besides what is known.
    #[inline]
    pub(crate) fn add_classes(&mut self, classes: Classes) {
        self.classes.0 |= classes.0;
    }

    /// The current step is of a task of this class of priority.
    #[inline]
    pub(crate) fn need_above(&mut self, class: u8) {
        self.classes.step(class);
    }

    /// The current step has changed who is ready in this class.
    #[inline]
    pub(crate) fn change_class(&mut self, class: u8) {
        self.classes.change(class);
    }

    /// The current step conflicts with every other.
    pub(crate) fn set_everything(&mut self) {
        self.classes.0 |= Classes::EVERYTHING;
    }

    /// Writes down what the current step has touched so far, each object once.
    pub(crate) fn show(&self, footprint: &mut Footprint) {
        footprint.clear();
        let mut own_bits = self.own_bits;
        for place in &self.touched {
            let past = &self.objects.pasts[place.0 as usize];
            if *place == self.own {
                // Touched before the step began.
                own_bits |= past.bits;
            } else {
                footprint.push(past.object, past.bits);
            }
        }
        if let Some(past) = self.objects.pasts.get(self.own.0 as usize) {
            footprint.push(past.object, own_bits);
        }
        footprint.classes = self.classes.of_priority();
        footprint.everything = self.classes.is_everything();
    }

    /// The current step has ended: takes it in. `itself` is what is to be said of it besides what it
    /// touches.
    #[inline]
    pub(crate) fn end(&mut self, itself: u64) {
        if !self.end_of_usual(itself) {
            self.end_of_any(itself);
        }
        self.own = Place::UNKNOWN;
        self.classes = Classes::default();
    }

    /// The current step has ended, if there was one (`before` says so by not being 0), and the next has
    /// begun, of the task whose past is at `own`. Nothing shows how these steps touch it.
    #[inline]
    pub(crate) fn next(&mut self, before: u64, own: Place, classes: Classes) {
        if before == 0 {
            self.begin(own);
            self.add_classes(classes);
            return;
        }
        if !self.end_of_usual(before) {
            self.end_of_any(before);
        }
        self.own = own;
        self.classes = classes;
    }

    /// Takes in a step of the most frequent kind: a task's that touches nothing but itself, and of the
    /// class that all are of. False if it is of another.
    #[inline]
    fn end_of_usual(&mut self, itself: u64) -> bool {
        let is_usual = self.touched.is_empty() && self.classes == self.priorities.usual;
        let past = self.objects.pasts.get_mut(self.own.0 as usize);
        let Some(past) = past.filter(|_| is_usual) else {
            return false;
        };
        let hash = fold(itself, self.epoch.wrapping_add(past.seen_by(WRITE)));
        past.touch(WRITE, hash);
        self.sum = self.sum.wrapping_add(hash);
        true
    }

    #[inline(never)]
    fn end_of_any(&mut self, itself: u64) {
        const TOLD: u8 = READ | WRITE | ARRIVE;
        let (all, own) = (self.classes, self.own);
        let classes = all.of_priority();
        let pasts = &mut self.objects.pasts;
        let is_usual = classes == self.priorities.usual;
        let mut seen = self.epoch;
        if !is_usual {
            seen = seen.wrapping_add(self.priorities.seen_by(classes, self.sum));
        }
        if let Some(past) = pasts.get(own.0 as usize) {
            seen = seen.wrapping_add(past.seen_by(WRITE));
        }
        for place in self.touched.iter().filter(|place| **place != own) {
            let past = &pasts[place.0 as usize];
            if past.bits & TOLD == ARRIVE && past.seen_by(ARRIVE) == 0 {
                // Nobody has looked yet: whoever will sees the arrival.
            } else if past.bits & TOLD != 0 {
                // A write is a write, whatever else the step does to the object.
                let bits = match past.bits & WRITE {
                    0 => past.bits & TOLD,
                    _ => 0,
                };
                let object = past.object.0 ^ u64::from(bits);
                seen = seen.wrapping_add(fold(object, past.seen_by(past.bits)));
            }
        }
        let hash = fold(itself, seen);
        if let Some(past) = pasts.get_mut(own.0 as usize) {
            past.touch(WRITE, hash);
        }
        for place in &self.touched {
            let past = &mut pasts[place.0 as usize];
            let bits = std::mem::take(&mut past.bits);
            if *place != own {
                past.touch(bits, hash);
            }
        }
        self.touched.clear();
        if !is_usual {
            self.priorities.note(classes, hash);
        }
        self.sum = self.sum.wrapping_add(hash);
        if all.is_everything() {
            self.epoch = mix(self.sum);
        }
    }

    pub(crate) fn fingerprint(&self) -> u64 {
        mix(self.sum)
    }
}

/// At most so many classes of priority.
const CLASSES: usize = 8;

/// What steps of one class of priority see of those of others.
#[derive(Debug)]
struct Priorities {
    // Classes that this run has used, one bit for each.
    used: u8,
    // What the steps of a run's tasks are while all are of one class: of these there is nothing to
    // note.
    usual: Classes,
    // While there is one class: sums of the steps that are no task's, and of those that changed nobody.
    of_nobody: u64,
    changing_nobody: u64,
    // Once there are several: sums of the steps that changed who is ready in a class, and of those of a
    // class's tasks.
    changed: [u64; CLASSES],
    stepped: [u64; CLASSES],
}

impl Default for Priorities {
    fn default() -> Priorities {
        Priorities {
            used: 0,
            usual: Priorities::NO_STEP,
            of_nobody: 0,
            changing_nobody: 0,
            changed: [0; CLASSES],
            stepped: [0; CLASSES],
        }
    }
}

impl Priorities {
    /// What no step is.
    const NO_STEP: Classes = Classes(u32::MAX);

    /// Before the first step of a run.
    fn reset(&mut self) {
        if self.has_several() {
            self.changed = [0; CLASSES];
            self.stepped = [0; CLASSES];
        }
        self.used = 0;
        self.usual = Priorities::NO_STEP;
        self.of_nobody = 0;
        self.changing_nobody = 0;
    }

    fn has_several(&self) -> bool {
        self.used & self.used.wrapping_sub(1) != 0
    }

    /// What such a step sees of those before it, whose hashes are `sum` in all.
    fn seen_by(&mut self, classes: Classes, sum: u64) -> u64 {
        let (before, had_several) = (self.used, self.has_several());
        self.used |= classes.changed();
        if !self.has_several() {
            if classes.own() == self.used && self.used != 0 {
                self.usual = classes;
            }
            return 0;
        }
        if !had_several {
            self.usual = Priorities::NO_STEP;
            if before != 0 {
                let only = before.trailing_zeros() as usize;
                self.changed[only] = sum.wrapping_sub(self.changing_nobody);
                self.stepped[only] = sum.wrapping_sub(self.of_nobody);
            }
        }
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

    /// A step that is not the usual one has this hash.
    fn note(&mut self, classes: Classes, hash: u64) {
        let (mut changed, own) = (classes.changed(), classes.own());
        if !self.has_several() {
            if own == 0 {
                self.of_nobody = self.of_nobody.wrapping_add(hash);
            }
            if changed == 0 {
                self.changing_nobody = self.changing_nobody.wrapping_add(hash);
            }
            return;
        }
        if own != 0 {
            let sum = &mut self.stepped[own.trailing_zeros() as usize];
            *sum = sum.wrapping_add(hash);
        }
        while changed != 0 {
            let sum = &mut self.changed[changed.trailing_zeros() as usize];
            *sum = sum.wrapping_add(hash);
            changed &= changed - 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The fingerprint of a run of such steps: task, then what it touches besides itself.
    fn fingerprint(steps: &[(u64, &[(u64, Access)])]) -> u64 {
        let mut order = PartialOrder::default();
        order.reset();
        for (task, touched) in steps {
            let own = order.place(Object(*task));
            order.begin(own);
            for (object, access) in *touched {
                order.access(Object(*object), *access);
            }
            order.end(*task);
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
