//! How many different numbers were seen: exactly while they are few, estimated when they are many.

use rustc_hash::FxHashSet;

use crate::label::mix;

/// Up to so many are counted exactly.
const EXACT: usize = 16_384;

/// The sketch has 2^12 registers: its standard error is 1.6 %.
const REGISTER_BITS: u32 = 12;

/// A set of hashes of which only the size is asked.
///
/// Beyond 16,384 it becomes a HyperLogLog sketch (Flajolet, Fusy, Gandouet and Meunier, 2007): four
/// kilobytes, mergeable, with a standard error of 1.6 %.
#[derive(Clone, Debug, Default)]
pub struct Distinct {
    exact: FxHashSet<u64>,
    registers: Vec<u8>,
    // The last that was taken in, which often comes again.
    last: Option<u64>,
}

impl PartialEq for Distinct {
    fn eq(&self, other: &Distinct) -> bool {
        (&self.exact, &self.registers) == (&other.exact, &other.registers)
    }
}

impl Eq for Distinct {}

impl Distinct {
    /// Takes in one hash; whether it is new as far as is known exactly.
    #[inline]
    pub fn insert(&mut self, hash: u64) -> bool {
        if self.last == Some(hash) {
            return false;
        }
        self.last = Some(hash);
        self.insert_other(hash)
    }

    fn insert_other(&mut self, hash: u64) -> bool {
        if !self.registers.is_empty() {
            self.note(hash);
            return false;
        }
        let is_new = self.exact.insert(hash);
        if self.exact.len() > EXACT {
            self.give_up_exactness();
        }
        is_new
    }

    /// Takes in all of another set.
    pub fn merge(&mut self, other: &Distinct) {
        if !other.registers.is_empty() {
            self.give_up_exactness();
            for (register, theirs) in self.registers.iter_mut().zip(&other.registers) {
                *register = (*register).max(*theirs);
            }
        }
        let mut hashes: Vec<u64> = other.exact.iter().copied().collect();
        hashes.sort_unstable();
        for hash in hashes {
            self.insert(hash);
        }
    }

    /// How many different hashes there were.
    #[must_use]
    pub fn count(&self) -> u64 {
        if self.registers.is_empty() {
            return self.exact.len() as u64;
        }
        let registers = self.registers.len() as f64;
        let sum: f64 = self.registers.iter().map(|r| (-f64::from(*r)).exp2()).sum();
        let alpha = 0.7213 / (1.0 + 1.079 / registers);
        (alpha * registers * registers / sum).round() as u64
    }

    /// Whether the count is exact.
    #[must_use]
    pub fn is_exact(&self) -> bool {
        self.registers.is_empty()
    }

    fn give_up_exactness(&mut self) {
        if self.registers.is_empty() {
            self.registers = vec![0; 1 << REGISTER_BITS];
        }
        for hash in std::mem::take(&mut self.exact) {
            self.note(hash);
        }
    }

    fn note(&mut self, hash: u64) {
        let hash = mix(hash);
        let register = (hash >> (64 - REGISTER_BITS)) as usize;
        let rank = (hash << REGISTER_BITS).leading_zeros() + 1;
        let rank = rank.min(64 - REGISTER_BITS + 1) as u8;
        self.registers[register] = self.registers[register].max(rank);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_are_counted_and_many_estimated() {
        let mut all = Distinct::default();
        let mut halves = [Distinct::default(), Distinct::default()];
        for hash in 0..200_000_u64 {
            all.insert(hash);
            all.insert(hash);
            halves[(hash % 2) as usize].insert(hash);
            if hash == 999 {
                assert!(all.is_exact());
                assert_eq!(all.count(), 1_000);
            }
        }
        let [mut one, other] = halves;
        one.merge(&other);
        for count in [all.count(), one.count()] {
            // Three standard errors.
            assert!(count.abs_diff(200_000) < 10_000, "{count}");
        }
        assert!(!one.is_exact());
    }

    #[test]
    fn small_sets_merge_exactly() {
        let mut one = Distinct::default();
        let mut other = Distinct::default();
        assert!(one.insert(1) && one.insert(2) && !one.insert(2));
        other.insert(2);
        other.insert(3);
        one.merge(&other);
        assert_eq!((one.count(), one.is_exact()), (3, true));
    }
}
