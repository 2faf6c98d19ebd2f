//! A small seeded generator whose streams never change: xoshiro256++, seeded by splitmix64.

use crate::label::mix;

const GAMMA: u64 = 0x9E37_79B9_7F4A_7C15;

/// A stream of pseudo-random numbers (xoshiro256++ of Blackman and Vigna, seeded by splitmix64).
///
/// The stream of a seed is part of our contract: a seed in a bug report stays good.
#[derive(Clone, Debug)]
pub struct Rng {
    state: [u64; 4],
}

impl Rng {
    /// The stream of `seed`.
    #[must_use]
    pub fn new(seed: u64) -> Rng {
        let mut word = seed;
        let state = [(); 4].map(|()| {
            word = word.wrapping_add(GAMMA);
            mix(word)
        });
        Rng { state }
    }

    /// The stream of run number `run` under `seed`: independent of every other run's.
    #[must_use]
    pub fn stream(seed: u64, run: u64) -> Rng {
        Rng::new(mix(seed.wrapping_add(GAMMA)) ^ mix(run.wrapping_mul(GAMMA)).rotate_left(17))
    }

    /// The next 64 bits.
    #[inline]
    pub fn next_word(&mut self) -> u64 {
        let [a, b, c, d] = self.state;
        let word = a.wrapping_add(d).rotate_left(23).wrapping_add(a);
        let shifted = b << 17;
        let c = c ^ a;
        let d = d ^ b;
        self.state = [a ^ d, b ^ c, c ^ shifted, d.rotate_left(45)];
        word
    }

    /// A number below `bound`, which must not be 0. Multiply and shift: the bias is below
    /// `bound / 2^64`.
    #[inline]
    pub fn below(&mut self, bound: u32) -> u32 {
        debug_assert!(bound > 0, "no number is below 0");
        ((u128::from(self.next_word()) * u128::from(bound)) >> 64) as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Golden vectors from an independent implementation of the published algorithms.
    #[test]
    fn streams_never_change() {
        let check = |mut rng: Rng, expected: [u64; 4]| {
            assert_eq!([(); 4].map(|()| rng.next_word()), expected);
        };
        check(
            Rng {
                state: [1, 2, 3, 4],
            },
            REFERENCE,
        );
        check(Rng::new(0), SEED_0);
        check(Rng::new(42), SEED_42);
        check(Rng::stream(7, 3), STREAM_7_3);
    }

    const REFERENCE: [u64; 4] = [
        0x0000_0000_0280_0001,
        0x0000_0000_0380_0067,
        0x000c_c000_0380_0067,
        0x000c_c201_9944_00b2,
    ];
    const SEED_0: [u64; 4] = [
        0x5317_5d61_490b_23df,
        0x61da_6f3d_c380_d507,
        0x5c0f_df91_ec9a_7bfc,
        0x02ee_bf8c_3bbe_5e1a,
    ];
    const SEED_42: [u64; 4] = [
        0xd076_4d4f_4476_689f,
        0x519e_4174_576f_3791,
        0xfbe0_7cfb_0c24_ed8c,
        0xb37d_9f60_0cd8_35b8,
    ];
    const STREAM_7_3: [u64; 4] = [
        0x3ca5_c0c2_1f54_343f,
        0x482c_198f_0c30_6734,
        0x195e_027b_737d_7f92,
        0xa0bd_f3d3_d68c_a784,
    ];

    #[test]
    fn numbers_below_a_bound_are_even() {
        let mut rng = Rng::new(1);
        let mut counts = [0_u32; 6];
        for _ in 0..60_000 {
            counts[rng.below(6) as usize] += 1;
        }
        // Five standard deviations of a binomial with p = 1/6 are about 456.
        assert!(
            counts.iter().all(|count| count.abs_diff(10_000) < 500),
            "{counts:?}"
        );
        assert_eq!(rng.below(1), 0);
    }
}
