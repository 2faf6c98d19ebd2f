//! Flags that interrupt handlers and other threads set, and the executor takes.
//!
//! A flag is one bit of an atomic word, and setting it says all there is to say: so a wake is never
//! lost, and two are as good as one. Beside each flag stands when it was set, so that those who were
//! woken are polled in the order of their wakes. `tests/loom.rs` has the model.

use crate::sync::{AtomicU32, Ordering};

/// `N` flags, at most 64. Words of 32 bits: small devices have no wider atomics.
#[derive(Debug)]
pub struct WakerFlags<const N: usize> {
    words: [AtomicU32; WORDS],
    /// When each flag was set last.
    stamps: [AtomicU32; N],
    /// How many flags were set; it wraps around.
    clock: AtomicU32,
}

const WORDS: usize = 2;

impl<const N: usize> WakerFlags<N> {
    const FITS: () = assert!(N <= 32 * WORDS, "there are 64 flags at most");

    /// No flag is set.
    #[cfg(not(loom))]
    pub const fn new() -> WakerFlags<N> {
        let () = Self::FITS;
        WakerFlags {
            words: [const { AtomicU32::new(0) }; WORDS],
            stamps: [const { AtomicU32::new(0) }; N],
            clock: AtomicU32::new(0),
        }
    }

    /// No flag is set.
    #[cfg(loom)]
    pub fn new() -> WakerFlags<N> {
        let () = Self::FITS;
        WakerFlags {
            words: std::array::from_fn(|_| AtomicU32::new(0)),
            stamps: std::array::from_fn(|_| AtomicU32::new(0)),
            clock: AtomicU32::new(0),
        }
    }

    /// Sets a flag; says whether it was not set.
    ///
    /// # Panics
    /// When there is no such flag.
    pub fn signal(&self, flag: usize) -> bool {
        let (word, bit) = self.place(flag);
        if word.load(Ordering::Relaxed) & bit == 0 {
            // Before the flag, so that who sees the flag sees the stamp. Of two who come at once the
            // later stamp stays: they came at once.
            let now = self.clock.fetch_add(1, Ordering::Relaxed);
            self.stamps[flag].store(now, Ordering::Relaxed);
        }
        // Also when it is set already: what was written before this wake must be visible to the poll
        // that the flag leads to.
        word.fetch_or(bit, Ordering::AcqRel) & bit == 0
    }

    /// Whether a flag is set.
    ///
    /// # Panics
    /// When there is no such flag.
    pub fn check(&self, flag: usize) -> bool {
        let (word, bit) = self.place(flag);
        word.load(Ordering::Acquire) & bit != 0
    }

    /// Whether any flag is set.
    pub fn is_any_set(&self) -> bool {
        self.words
            .iter()
            .any(|word| word.load(Ordering::Acquire) != 0)
    }

    /// Takes a flag back; says whether it was set.
    ///
    /// # Panics
    /// When there is no such flag.
    pub fn clear(&self, flag: usize) -> bool {
        let (word, bit) = self.place(flag);
        word.fetch_and(!bit, Ordering::AcqRel) & bit != 0
    }

    /// Takes all flags back.
    pub fn reset(&self) {
        for word in &self.words {
            word.swap(0, Ordering::AcqRel);
        }
    }

    /// Takes all flags back and names those that were set, first the one that was set first.
    pub fn take(&self, mut woken: impl FnMut(usize)) {
        let mut taken = [(0_u32, 0_usize); N];
        let mut count = 0;
        for (at, word) in self.words.iter().enumerate() {
            if word.load(Ordering::Relaxed) == 0 {
                continue;
            }
            let mut bits = word.swap(0, Ordering::AcqRel);
            while bits != 0 {
                let flag = 32 * at + bits.trailing_zeros() as usize;
                bits &= bits - 1;
                taken[count] = (self.stamps[flag].load(Ordering::Relaxed), flag);
                count += 1;
            }
        }
        if count > 1 {
            // Stamps wrap around: what counts is how long ago they were.
            let now = self.clock.load(Ordering::Relaxed);
            taken[..count]
                .sort_unstable_by_key(|(stamp, _)| core::cmp::Reverse(now.wrapping_sub(*stamp)));
        }
        for (_, flag) in &taken[..count] {
            woken(*flag);
        }
    }

    fn place(&self, flag: usize) -> (&AtomicU32, u32) {
        assert!(flag < N, "flag {flag} of {N}");
        (&self.words[flag / 32], 1 << (flag % 32))
    }
}

impl<const N: usize> Default for WakerFlags<N> {
    fn default() -> Self {
        WakerFlags::new()
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn all_flags_are_independent_and_idempotent() {
        let flags = WakerFlags::<64>::new();
        for flag in 0..64 {
            assert!(!flags.check(flag));
            assert!(flags.signal(flag));
            assert!(!flags.signal(flag), "a second signal is the same wake");
            for other in 0..64 {
                assert_eq!(flags.check(other), other == flag, "{flag} and {other}");
            }
            assert!(flags.clear(flag));
            assert!(!flags.clear(flag));
        }
        for flag in [0, 31, 32, 63] {
            flags.signal(flag);
        }
        flags.clear(31);
        flags.reset();
        flags.reset();
        flags.take(|flag| panic!("{flag} is set"));
    }

    #[test]
    fn flags_are_taken_in_the_order_of_the_wakes() {
        let flags = WakerFlags::<64>::new();
        // Also where the stamps wrap around.
        flags.clock.store(u32::MAX - 1, Ordering::Relaxed);
        for flag in [63, 0, 40, 7, 63] {
            flags.signal(flag);
        }
        let mut taken = Vec::new();
        flags.take(|flag| taken.push(flag));
        assert_eq!(taken, [63, 0, 40, 7]);
        flags.take(|flag| panic!("{flag} is set"));
    }

    #[test]
    #[should_panic(expected = "flag 64 of 64")]
    fn there_is_no_flag_beyond_the_last() {
        WakerFlags::<64>::new().signal(64);
    }
}
