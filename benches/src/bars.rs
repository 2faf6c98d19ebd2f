//! Figures beside their bars, how long to measure for them, and what a bench makes of its arguments.

#![allow(clippy::print_stdout, reason = "benches print tables")]

use std::fmt;
use std::process::ExitCode;

use crate::samples::Figure;

/// How long to measure, and how many of everything.
#[derive(Clone, Copy)]
pub struct Pace {
    /// Samples of what takes long, such as 40 milliseconds of waiting.
    pub slow_rounds: usize,
    /// Samples of what is short.
    pub rounds: usize,
    /// How long one of these takes.
    pub sample_nanoseconds: f64,
    /// A few.
    pub few: usize,
    /// A great number.
    pub many: usize,
}

impl Pace {
    /// What figures are taken with.
    pub const FULL: Pace = Pace {
        slow_rounds: 15,
        rounds: 41,
        sample_nanoseconds: 15e6,
        few: 1_000,
        many: 100_000,
    };
    /// Enough to see where it stands.
    pub const QUICK: Pace = Pace {
        slow_rounds: 3,
        rounds: 9,
        sample_nanoseconds: 4e6,
        ..Pace::FULL
    };
    /// Enough to see that it works.
    pub const TRIAL: Pace = Pace {
        slow_rounds: 1,
        rounds: 1,
        sample_nanoseconds: 1e5,
        few: 100,
        many: 1_000,
    };
}

/// A group of bars: what it is called, and what measures it.
pub type Group = (&'static str, fn(Pace) -> Vec<Bar>);

/// Measures the groups and prints a line for each bar. The options are those of the program: with `--quick` it
/// takes fewer and shorter samples, with `--check` it fails when a bar is missed, and words choose groups.
pub fn measure_all(groups: &[Group]) -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let has = |name: &str| arguments.iter().any(|argument| argument == name);
    let words: Vec<&String> = (arguments.iter())
        .filter(|argument| !argument.starts_with("--"))
        .collect();
    // `cargo test` runs benches once, to see that they work; its build judges nothing.
    let pace = match (has("--bench"), has("--quick")) {
        (false, _) => Pace::TRIAL,
        (true, true) => Pace::QUICK,
        (true, false) => Pace::FULL,
    };
    let mut missed = 0;
    for (name, measure) in groups {
        let is_meant = words.is_empty() || words.iter().any(|word| name.contains(word.as_str()));
        if !is_meant {
            continue;
        }
        println!("\n{name}");
        for bar in measure(pace) {
            missed += usize::from(!bar.is_held());
            println!("  {bar}");
        }
    }
    println!();
    match missed {
        0 => println!("every bar is held"),
        count => println!("{count} missed"),
    }
    match has("--check") && missed > 0 {
        true => ExitCode::FAILURE,
        false => ExitCode::SUCCESS,
    }
}

/// What is wanted of a figure.
#[derive(Clone, Copy)]
pub enum Wanted {
    /// So much or less.
    AtMost(f64),
    /// So much or more.
    AtLeast(f64),
}

/// A figure beside its bar.
pub struct Bar {
    /// The requirement that asks for it, and what it is.
    pub name: String,
    /// What was found.
    pub figure: Figure,
    /// What it is counted in.
    pub unit: &'static str,
    /// The bar.
    pub wanted: Wanted,
}

impl Bar {
    /// A bar on the middle of some samples.
    pub fn new(name: impl Into<String>, figure: Figure, unit: &'static str, wanted: Wanted) -> Bar {
        Bar {
            name: name.into(),
            figure,
            unit,
            wanted,
        }
    }

    /// A bar on a count, which is the same each time.
    pub fn of_count(
        name: impl Into<String>,
        count: f64,
        unit: &'static str,
        wanted: Wanted,
    ) -> Bar {
        Bar::new(name, Figure::of(vec![count]), unit, wanted)
    }

    /// Whether the figure is on the right side.
    #[must_use]
    pub fn is_held(&self) -> bool {
        match self.wanted {
            Wanted::AtMost(bar) => self.figure.median <= bar,
            Wanted::AtLeast(bar) => self.figure.median >= bar,
        }
    }
}

impl fmt::Display for Bar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Figure { median, low, high } = self.figure;
        let unit = self.unit;
        write!(f, "{:76} {}{unit}", self.name, Number(median))?;
        if low != high {
            write!(f, " (8 of 10 in {} to {})", Number(low), Number(high))?;
        }
        let (word, bar) = match self.wanted {
            Wanted::AtMost(bar) => ("at most", bar),
            Wanted::AtLeast(bar) => ("at least", bar),
        };
        let judgement = if self.is_held() { "held" } else { "MISSED" };
        write!(f, ", {word} {}: {judgement}", Number(bar))
    }
}

/// A number with as many places as say something.
struct Number(f64);

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.abs() {
            size if size >= 100.0 || self.0.fract() == 0.0 => write!(f, "{:.0}", self.0),
            size if size >= 10.0 => write!(f, "{:.1}", self.0),
            _ => write!(f, "{:.3}", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_is_held_or_missed_by_the_middle_of_its_samples() {
        let of = |wanted| Bar::new("I0: it", Figure::of(vec![1.0, 2.0, 3.5]), " ns", wanted);
        assert!(of(Wanted::AtMost(2.0)).is_held());
        assert!(!of(Wanted::AtMost(1.9)).is_held());
        assert!(of(Wanted::AtLeast(2.0)).is_held());
        assert!(!of(Wanted::AtLeast(2.1)).is_held());
        let text = of(Wanted::AtLeast(2.1)).to_string();
        let end = "2 ns (8 of 10 in 1 to 3.500), at least 2.100: MISSED";
        assert!(
            text.starts_with("I0: it  ") && text.ends_with(end),
            "{text}"
        );
        let count = Bar::of_count("I0: it", 3.0, "", Wanted::AtMost(3.0));
        assert!(
            count.to_string().ends_with(" 3, at most 3: held"),
            "{count}"
        );
    }
}
