//! One stream of random numbers: the Mersenne Twister MT19937 of Matsumoto and Nishimura (1998), with
//! doubles of 53 bits, as MATLAB's `twister`.

/// Words of state.
const WORDS: usize = 624;
/// How far apart the words are that are mixed.
const DISTANCE: usize = 397;
/// What MATLAB seeds its default stream with when it says seed 0.
const DEFAULT_SEED: u32 = 5489;

/// A stream. Two streams with one seed give the same numbers on every machine.
#[derive(Clone, Debug)]
pub struct RandomStream {
    /// Empty until they are needed, which few programs do: then they follow from the seed.
    words: Vec<u32>,
    /// The next word to give; [`WORDS`] when all are used up.
    next: usize,
    seed: u32,
}

impl Default for RandomStream {
    /// MATLAB's stream at its start: `rng('default')`.
    fn default() -> RandomStream {
        RandomStream::new(0)
    }
}

impl RandomStream {
    /// The stream of `rng(seed)`.
    pub fn new(seed: u32) -> RandomStream {
        RandomStream {
            words: Vec::new(),
            next: WORDS,
            seed,
        }
    }

    /// The stream of a task other than the root: a function of the session's seed and of the hash of
    /// the task's label, and so of no schedule.
    pub fn of_task(session_seed: u64, label_hash: u64) -> RandomStream {
        let parts = [session_seed, label_hash].map(|part| [part as u32, (part >> 32) as u32]);
        let key = parts.as_flattened();
        let mut words = spread(19_650_218);
        let mut at = 1;
        let mix = |words: &[u32], at: usize| {
            let before = words[at - 1];
            before ^ (before >> 30)
        };
        for round in 0..WORDS {
            let part = round % key.len();
            words[at] = (words[at] ^ mix(&words, at).wrapping_mul(1_664_525))
                .wrapping_add(key[part])
                .wrapping_add(part as u32);
            at = following(&mut words, at);
        }
        for _ in 1..WORDS {
            words[at] =
                (words[at] ^ mix(&words, at).wrapping_mul(1_566_083_941)).wrapping_sub(at as u32);
            at = following(&mut words, at);
        }
        words[0] = 0x8000_0000;
        RandomStream {
            words,
            next: WORDS,
            seed: (label_hash ^ session_seed) as u32,
        }
    }

    /// The seed it was made with.
    pub fn seed(&self) -> u32 {
        self.seed
    }

    /// The state as numbers: the words and how many of them are used up.
    pub(crate) fn state(&self) -> Vec<f64> {
        let words = match &*self.words {
            [] => &first_words(self.seed),
            words => words,
        };
        let words = words.iter().map(|word| f64::from(*word));
        words.chain([self.next as f64]).collect()
    }

    /// The stream with that seed and state, as [`RandomStream::state`] gives it.
    pub(crate) fn with_state(seed: u32, state: &[f64]) -> Option<RandomStream> {
        let (next, words) = state.split_last()?;
        let whole = |number: f64| {
            (number.fract() == 0.0 && (0.0..=f64::from(u32::MAX)).contains(&number))
                .then_some(number as u32)
        };
        let words: Vec<u32> = words
            .iter()
            .map(|word| whole(*word))
            .collect::<Option<_>>()?;
        let next = whole(*next)? as usize;
        (words.len() == WORDS && next <= WORDS).then_some(RandomStream { words, next, seed })
    }

    /// 32 random bits.
    fn bits(&mut self) -> u32 {
        if self.next == WORDS {
            self.turn();
        }
        let mut bits = self.words[self.next];
        self.next += 1;
        bits ^= bits >> 11;
        bits ^= (bits << 7) & 0x9d2c_5680;
        bits ^= (bits << 15) & 0xefc6_0000;
        bits ^ (bits >> 18)
    }

    fn turn(&mut self) {
        if self.words.is_empty() {
            self.words = first_words(self.seed);
        }
        for at in 0..WORDS {
            let joined =
                (self.words[at] & 0x8000_0000) | (self.words[(at + 1) % WORDS] & 0x7fff_ffff);
            let twist = if joined & 1 == 0 { 0 } else { 0x9908_b0df };
            self.words[at] = self.words[(at + DISTANCE) % WORDS] ^ (joined >> 1) ^ twist;
        }
        self.next = 0;
    }

    /// A number between 0 and 1, both excluded.
    pub fn uniform(&mut self) -> f64 {
        loop {
            let high = f64::from(self.bits() >> 5);
            let low = f64::from(self.bits() >> 6);
            let number = (high * 67_108_864.0 + low) / 9_007_199_254_740_992.0;
            if number > 0.0 {
                return number;
            }
        }
    }

    /// A whole number from 0 to below `count`.
    pub(crate) fn below(&mut self, count: f64) -> f64 {
        // The product may be rounded up to the count itself.
        (self.uniform() * count).floor().min(count - 1.0)
    }

    /// A number of the standard normal distribution, by the polar method of Marsaglia (1964). The second
    /// number of each pair is left, so that the state of the stream is that of the twister alone.
    pub(crate) fn normal(&mut self) -> f64 {
        loop {
            let x = 2.0 * self.uniform() - 1.0;
            let y = 2.0 * self.uniform() - 1.0;
            let square = x * x + y * y;
            if square > 0.0 && square < 1.0 {
                return x * (-2.0 * libm::log(square) / square).sqrt();
            }
        }
    }
}

/// The words of a stream that has given nothing yet.
fn first_words(seed: u32) -> Vec<u32> {
    spread(if seed == 0 { DEFAULT_SEED } else { seed })
}

/// The first state of a seed.
fn spread(seed: u32) -> Vec<u32> {
    let mut words = Vec::with_capacity(WORDS);
    let mut word = seed;
    words.push(word);
    for at in 1..WORDS as u32 {
        word = (word ^ (word >> 30))
            .wrapping_mul(1_812_433_253)
            .wrapping_add(at);
        words.push(word);
    }
    words
}

/// The place after `at`; the last word comes round to the first.
fn following(words: &mut [u32], at: usize) -> usize {
    if at + 1 < WORDS {
        return at + 1;
    }
    words[0] = words[WORDS - 1];
    1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_are_those_of_the_published_generator() {
        // The ten-thousandth word of the default seed, as the C++ standard states it for mt19937.
        let mut stream = RandomStream::default();
        for _ in 1..10_000 {
            stream.bits();
        }
        assert_eq!(stream.bits(), 4_123_659_995);
    }

    #[test]
    fn the_default_stream_is_that_of_matlab() {
        let mut stream = RandomStream::default();
        let numbers: Vec<String> = (0..6).map(|_| format!("{:.4}", stream.uniform())).collect();
        let wanted = ["0.8147", "0.9058", "0.1270", "0.9134", "0.6324", "0.0975"];
        assert_eq!(numbers, wanted);
        let mut stream = RandomStream::new(42);
        assert_eq!(format!("{:.4}", stream.uniform()), "0.3745");
    }

    #[test]
    fn tasks_have_streams_of_their_own() {
        let first = |session, label| RandomStream::of_task(session, label).uniform();
        let all = [first(0, 1), first(0, 2), first(1, 1), first(0, 1 << 40)];
        for (at, number) in all.iter().enumerate() {
            assert!(!all[..at].contains(number), "{all:?}");
        }
        assert_eq!(first(7, 9), first(7, 9));
    }

    #[test]
    fn normal_numbers_have_mean_0_and_deviation_1() {
        let mut stream = RandomStream::default();
        let numbers: Vec<f64> = (0..20_000).map(|_| stream.normal()).collect();
        let mean = numbers.iter().sum::<f64>() / 20_000.0;
        let square = numbers.iter().map(|x| x * x).sum::<f64>() / 20_000.0;
        assert!(
            mean.abs() < 0.03 && (square - 1.0).abs() < 0.03,
            "{mean} {square}"
        );
    }

    #[test]
    fn a_state_can_be_put_back() {
        let mut stream = RandomStream::new(3);
        stream.uniform();
        let state = stream.state();
        let mut again = RandomStream::with_state(3, &state).unwrap();
        assert_eq!(again.uniform(), stream.uniform());
        assert!(RandomStream::with_state(3, &state[1..]).is_none());
        assert!(RandomStream::with_state(3, &[]).is_none());
    }
}
