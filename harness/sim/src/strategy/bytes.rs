//! Choices from raw bytes, as a fuzzer makes them: any bytes are a valid run.

use super::{Description, Strategy};
use crate::choice::Point;

/// Each choice takes one byte (two where there are more than 256 candidates), modulo the number of
/// candidates; the production default after the end.
#[derive(Debug)]
pub struct Bytes {
    bytes: Vec<u8>,
    used: usize,
}

impl Bytes {
    /// The run that `bytes` stand for.
    #[must_use]
    pub fn new(bytes: Vec<u8>) -> Bytes {
        Bytes { bytes, used: 0 }
    }

    fn next_byte(&mut self) -> u32 {
        let byte = self.bytes.get(self.used).copied().unwrap_or(0);
        self.used += 1;
        u32::from(byte)
    }
}

impl Strategy for Bytes {
    fn begin(&mut self, _run: u64) -> bool {
        self.used = 0;
        true
    }

    fn choose(&mut self, point: &Point<'_>) -> u32 {
        let count = point.candidates.len() as u32;
        let mut number = self.next_byte();
        if count > 256 {
            number = number << 8 | self.next_byte();
        }
        number % count
    }

    fn describe(&self) -> Description {
        Description::named("bytes")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::choice::{Candidate, Kind};
    use crate::label::Label;

    #[test]
    fn any_bytes_are_choices() {
        let mut strategy = Bytes::new(vec![7, 2, 100]);
        assert!(strategy.begin(0));
        let mut choose = |count: usize| {
            let candidates = vec![Candidate::run(Label(1)); count];
            strategy.choose(&Point {
                kind: Kind::Run,
                at: 0,
                candidates: &candidates,
            })
        };
        assert_eq!([choose(3), choose(300), choose(2)], [1, 0x0264 % 300, 0]);
    }
}
