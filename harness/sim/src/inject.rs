//! Injections: which kinds of trouble a simulation may make, and how much of each.

use std::fmt;

/// The injections that are on, each with its parameter.
///
/// As text: `pending,delay,spurious,early,never,fault,cancel,drop`, each with an optional number: `pending=2`, `spurious=5`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Injections {
    /// An operation that is ready at once suspends its task first: how many polls long. 0 is off.
    pub pending_polls: u32,
    /// Operations with the outside take longer: how many multiples of the latency may be chosen,
    /// each twice the one before. 0 is off.
    pub delay_multiples: u32,
    /// Suspended tasks are polled for nothing: how often in one run. 0 is off.
    pub spurious_polls: u32,
    /// Completions arrive while the poll that asked for them still runs: how many in one run. 0 is
    /// off.
    pub early_completions: u32,
    /// Operations never complete: how many in one run. 0 is off.
    pub never_completions: u32,
    /// Operations, and what else the program says can fail, fail: how often in one run. 0 is off.
    pub faults: u32,
    /// Tasks, or whole executions, are cancelled where they are suspended: how often in one run. 0
    /// is off.
    pub cancels: u32,
    /// The last handle of a future goes while it is under way: how often in one run. 0 is off.
    pub drops: u32,
}

const BUILT: &str = "`pending`, `delay`, `spurious`, `early`, `never`, `fault`, `cancel`, `drop`";

impl Injections {
    /// Nothing is injected.
    pub const NONE: Injections = Injections {
        pending_polls: 0,
        delay_multiples: 0,
        spurious_polls: 0,
        early_completions: 0,
        never_completions: 0,
        faults: 0,
        cancels: 0,
        drops: 0,
    };

    /// What cases and commands inject when nothing else is said: `pending`.
    pub const DEFAULT: Injections = Injections {
        pending_polls: 1,
        ..Injections::NONE
    };

    /// How many multiples `delay` offers when no number is given: 2, 4 and 8.
    pub const DELAY_MULTIPLES: u32 = 3;

    /// How many polls `spurious` injects in one run when no number is given.
    pub const SPURIOUS_POLLS: u32 = 2;

    /// How many completions `early` injects in one run when no number is given.
    pub const EARLY_COMPLETIONS: u32 = 2;

    /// Reads a list such as `pending,spurious=3`. `none` is the empty list.
    pub fn parse(text: &str) -> Result<Injections, InjectionError> {
        Injections::from_names(
            text.split(',')
                .map(str::trim)
                .filter(|name| !name.is_empty()),
        )
    }

    /// Reads the entries of a list, as in a case or a recording.
    pub fn from_names<'a>(
        names: impl IntoIterator<Item = &'a str>,
    ) -> Result<Injections, InjectionError> {
        let mut injections = Injections::NONE;
        for entry in names {
            let (name, number) = match entry.split_once('=') {
                None => (entry.trim(), None),
                Some((name, digits)) => {
                    let number = digits.trim().parse::<u32>().ok().filter(|n| *n > 0);
                    let number = number.ok_or_else(|| InjectionError {
                        message: format!(
                            "`{entry}`: what follows `=` must be a whole number from 1"
                        ),
                    })?;
                    (name.trim(), Some(number))
                }
            };
            match name {
                "none" if number.is_none() => {}
                "pending" => injections.pending_polls = number.unwrap_or(1),
                "delay" => {
                    let count = number.unwrap_or(Injections::DELAY_MULTIPLES);
                    if count > 16 {
                        return Err(InjectionError {
                            message: format!("`{entry}`: at most 16 multiples of a latency"),
                        });
                    }
                    injections.delay_multiples = count;
                }
                "spurious" => {
                    injections.spurious_polls = number.unwrap_or(Injections::SPURIOUS_POLLS);
                }
                "early" => {
                    injections.early_completions = number.unwrap_or(Injections::EARLY_COMPLETIONS);
                }
                "never" => injections.never_completions = number.unwrap_or(1),
                "fault" => injections.faults = number.unwrap_or(1),
                "cancel" => injections.cancels = number.unwrap_or(1),
                "drop" => injections.drops = number.unwrap_or(1),
                _ => {
                    return Err(InjectionError {
                        message: format!("there is no injection `{name}`; there are {BUILT}"),
                    });
                }
            }
        }
        Ok(injections)
    }

    /// The entries that [`Injections::from_names`] reads back.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        let mut names = Vec::new();
        for (name, number, usual) in [
            ("pending", self.pending_polls, 1),
            ("delay", self.delay_multiples, Injections::DELAY_MULTIPLES),
            ("spurious", self.spurious_polls, Injections::SPURIOUS_POLLS),
            (
                "early",
                self.early_completions,
                Injections::EARLY_COMPLETIONS,
            ),
            ("never", self.never_completions, 1),
            ("fault", self.faults, 1),
            ("cancel", self.cancels, 1),
            ("drop", self.drops, 1),
        ] {
            if number == usual {
                names.push(name.to_string());
            } else if number > 0 {
                names.push(format!("{name}={number}"));
            }
        }
        names
    }
}

impl Default for Injections {
    fn default() -> Injections {
        Injections::DEFAULT
    }
}

impl fmt::Display for Injections {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.names();
        formatter.write_str(if names.is_empty() { "none" } else { "" })?;
        formatter.write_str(&names.join(","))
    }
}

impl std::str::FromStr for Injections {
    type Err = InjectionError;

    fn from_str(text: &str) -> Result<Injections, InjectionError> {
        Injections::parse(text)
    }
}

/// Why a text names no set of injections.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InjectionError {
    message: String,
}

impl fmt::Display for InjectionError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl std::error::Error for InjectionError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_round_trip() {
        let check = |text: &str, expected: Injections, back: &str| {
            assert_eq!(Injections::parse(text), Ok(expected), "{text}");
            assert_eq!(expected.to_string(), back);
            assert_eq!(Injections::parse(back), Ok(expected), "{back}");
        };
        check("", Injections::NONE, "none");
        check("none", Injections::NONE, "none");
        check("pending", Injections::DEFAULT, "pending");
        let all = Injections {
            pending_polls: 2,
            delay_multiples: 3,
            spurious_polls: 5,
            early_completions: 2,
            never_completions: 1,
            faults: 3,
            cancels: 1,
            drops: 2,
        };
        check(
            " pending=2, delay , drop=2,spurious=5, cancel, fault=3, never,early",
            all,
            "pending=2,delay,spurious=5,early,never,fault=3,cancel,drop=2",
        );
    }

    #[test]
    fn what_cannot_be_injected_is_refused() {
        let check = |text: &str, part: &str| {
            let message = Injections::parse(text).expect_err(text).to_string();
            assert!(message.contains(part), "{message}");
        };
        check("pendign", "there is no injection `pendign`");
        check("spurious=0", "a whole number from 1");
        check("spurious=x", "a whole number from 1");
        check("delay=17", "at most 16");
    }
}
