//! Time as the host tells it: whole nanoseconds since the host began.

use std::fmt;
use std::ops::Add;

/// A point in time or a span of it, in nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Nanoseconds(pub u64);

impl Nanoseconds {
    /// No time.
    pub const ZERO: Nanoseconds = Nanoseconds(0);
    /// The end of time: an operation with this deadline is never due.
    pub const MAX: Nanoseconds = Nanoseconds(u64::MAX);

    /// From seconds; rounded up to a whole nanosecond, so that no timer is early. Negative values and
    /// NaN are zero, what does not fit is [`Nanoseconds::MAX`].
    pub fn from_seconds(seconds: f64) -> Nanoseconds {
        if seconds.is_nan() || seconds <= 0.0 {
            return Nanoseconds::ZERO;
        }
        // `as` saturates, which is what is wanted beyond 584 years. The product of a short decimal
        // and 1e9 can miss the whole number by a hair; that must not cost a nanosecond.
        let exact = seconds * 1e9;
        let nearest = exact.round();
        Nanoseconds(
            if (exact - nearest).abs() < 1e-6 * nearest.max(1.0) && nearest < 1e15 {
                nearest as u64
            } else {
                exact.ceil() as u64
            },
        )
    }

    /// In seconds.
    pub fn as_seconds(self) -> f64 {
        self.0 as f64 / 1e9
    }
}

impl Add for Nanoseconds {
    type Output = Nanoseconds;

    fn add(self, other: Nanoseconds) -> Nanoseconds {
        Nanoseconds(self.0.saturating_add(other.0))
    }
}

impl fmt::Display for Nanoseconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} s", self.as_seconds())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_become_whole_nanoseconds_and_are_never_early() {
        assert_eq!(Nanoseconds::from_seconds(0.1).0, 100_000_000);
        assert_eq!(Nanoseconds::from_seconds(1e-10).0, 1);
        assert_eq!(Nanoseconds::from_seconds(-3.0).0, 0);
        assert_eq!(Nanoseconds::from_seconds(f64::NAN).0, 0);
        assert_eq!(Nanoseconds::from_seconds(f64::INFINITY), Nanoseconds::MAX);
    }
}
