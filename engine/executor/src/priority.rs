//! The five classes of urgency.

/// How urgent a task is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Priority {
    /// Before everything.
    Critical,
    /// Before normal work.
    High,
    /// The default.
    #[default]
    Normal,
    /// After normal work.
    Low,
    /// When nothing else is ready.
    Idle,
}

impl Priority {
    /// All classes, the most urgent first.
    pub const ALL: [Priority; 5] = [
        Priority::Critical,
        Priority::High,
        Priority::Normal,
        Priority::Low,
        Priority::Idle,
    ];

    /// Its name in programs.
    pub fn name(self) -> &'static str {
        match self {
            Priority::Critical => "critical",
            Priority::High => "high",
            Priority::Normal => "normal",
            Priority::Low => "low",
            Priority::Idle => "idle",
        }
    }

    /// The class of that name.
    pub fn from_name(name: &str) -> Option<Priority> {
        Priority::ALL
            .into_iter()
            .find(|priority| priority.name() == name)
    }

    /// The class of that number, 0 for critical; numbers out of range go to the nearest class.
    pub fn from_number(number: f64) -> Priority {
        let number = number.clamp(0.0, 4.0);
        // Rounding without the standard library.
        let whole = number as usize;
        Priority::ALL[whole + usize::from(number - whole as f64 >= 0.5)]
    }

    /// Place in [`Priority::ALL`].
    pub fn index(self) -> usize {
        self as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_class_has_a_name_and_a_number() {
        for (number, priority) in Priority::ALL.into_iter().enumerate() {
            assert_eq!(priority.index(), number);
            assert_eq!(Priority::from_number(number as f64), priority);
            assert_eq!(Priority::from_name(priority.name()), Some(priority));
        }
        assert_eq!(Priority::from_number(-3.0), Priority::Critical);
        assert_eq!(Priority::from_number(99.0), Priority::Idle);
        assert_eq!(Priority::from_number(f64::INFINITY), Priority::Idle);
        assert_eq!(Priority::from_number(0.5), Priority::High);
        assert_eq!(
            Priority::from_number(0.499_999_999_999_999_94),
            Priority::Critical
        );
        assert_eq!(Priority::from_name("urgent"), None);
    }
}
