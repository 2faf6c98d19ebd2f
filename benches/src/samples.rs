//! Figures that can be compared on a noisy machine: short samples of several contenders in turns, and
//! what their middle, their best and their spread are.

#![allow(clippy::disallowed_methods, reason = "a measurement reads the clock")]

use std::time::Instant;

use rustix::time::{ClockId, clock_gettime};

/// Something that is measured: it runs so many schedules.
pub struct Contender<'a> {
    /// What it is called in tables.
    pub name: &'static str,
    run: Box<dyn FnMut(u64) + 'a>,
    /// How many schedules make one sample.
    schedules: u64,
    /// Nanoseconds per schedule of each round.
    rounds: Vec<f64>,
}

/// Which time counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clock {
    /// That of the measuring thread on a core: what else the machine does is left out, but for caches
    /// that it empties. Work that goes to other threads is left out too.
    Core,
    /// That on the wall.
    Wall,
}

impl Clock {
    /// Nanoseconds that `work` takes.
    fn time(self, work: impl FnOnce()) -> f64 {
        match self {
            Clock::Core => {
                let begin = core_nanoseconds();
                work();
                core_nanoseconds() - begin
            }
            Clock::Wall => {
                let begin = Instant::now();
                work();
                begin.elapsed().as_nanos() as f64
            }
        }
    }
}

fn core_nanoseconds() -> f64 {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    now.tv_sec as f64 * 1e9 + now.tv_nsec as f64
}

/// A figure and how far it can be trusted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Figure {
    /// Half of the samples are below.
    pub median: f64,
    /// A tenth of them is below.
    pub low: f64,
    /// A tenth of them is above.
    pub high: f64,
}

impl<'a> Contender<'a> {
    /// A contender; `run` makes as many schedules as it is told.
    pub fn new(name: &'static str, run: impl FnMut(u64) + 'a) -> Contender<'a> {
        Contender {
            name,
            run: Box::new(run),
            schedules: 1,
            rounds: Vec::new(),
        }
    }

    /// Runs so many schedules and measures nothing.
    pub fn warm_up(&mut self, schedules: u64) {
        (self.run)(schedules);
    }

    /// The shortest time of a schedule, in nanoseconds: what else the machine does can only make it
    /// longer.
    #[must_use]
    pub fn best(&self) -> f64 {
        self.rounds.iter().copied().fold(f64::INFINITY, f64::min)
    }

    /// The time of a schedule, in nanoseconds.
    #[must_use]
    pub fn nanoseconds(&self) -> Figure {
        Figure::of(self.rounds.clone())
    }

    /// How many times as long as `other` it takes, round by round: the two samples of a round lie next
    /// to each other in time, so that a slow moment hits both.
    #[must_use]
    pub fn ratio_to(&self, other: &Contender<'_>) -> Figure {
        let pairs = self.rounds.iter().zip(&other.rounds);
        Figure::of(pairs.map(|(own, other)| own / other).collect())
    }

    /// How many nanoseconds longer than `other` it takes, round by round.
    #[must_use]
    pub fn difference_to(&self, other: &Contender<'_>) -> Figure {
        let pairs = self.rounds.iter().zip(&other.rounds);
        Figure::of(pairs.map(|(own, other)| own - other).collect())
    }

    /// Nanoseconds per schedule, over so many.
    fn time(&mut self, clock: Clock, schedules: u64) -> f64 {
        clock.time(|| (self.run)(schedules)) / schedules as f64
    }

    /// Finds out how many schedules fill a sample.
    fn calibrate(&mut self, clock: Clock, sample_nanoseconds: f64) {
        let mut schedules = 16;
        loop {
            let each = self.time(clock, schedules);
            if each * schedules as f64 > sample_nanoseconds / 4.0 {
                self.schedules = (sample_nanoseconds / each).ceil().max(1.0) as u64;
                return;
            }
            schedules *= 2;
        }
    }
}

/// Measures contenders in turns, so many samples of each.
pub fn measure(
    contenders: &mut [Contender<'_>],
    clock: Clock,
    rounds: usize,
    sample_nanoseconds: f64,
) {
    for contender in contenders.iter_mut() {
        contender.calibrate(clock, sample_nanoseconds);
        contender.rounds.clear();
    }
    for _ in 0..rounds {
        for contender in contenders.iter_mut() {
            let each = contender.time(clock, contender.schedules);
            contender.rounds.push(each);
        }
    }
}

impl Figure {
    /// Median and tenths of some samples.
    ///
    /// # Panics
    /// When there are none.
    #[must_use]
    pub fn of(mut samples: Vec<f64>) -> Figure {
        samples.sort_by(f64::total_cmp);
        let last = samples.len() - 1;
        let at = |part: f64| samples[(last as f64 * part).round() as usize];
        Figure {
            median: at(0.5),
            low: at(0.1),
            high: at(0.9),
        }
    }
}

impl std::fmt::Debug for Contender<'_> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Contender")
            .field("name", &self.name)
            .field("rounds", &self.rounds)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    #[test]
    fn a_figure_has_a_middle_and_tenths() {
        let samples = (0..=100).rev().map(f64::from).collect();
        let (median, low, high) = (50.0, 10.0, 90.0);
        assert_eq!(Figure::of(samples), Figure { median, low, high });
        let (median, low, high) = (3.0, 3.0, 3.0);
        assert_eq!(Figure::of(vec![3.0]), Figure { median, low, high });
    }

    #[test]
    fn contenders_take_turns_and_are_compared_round_by_round() {
        let made = [Cell::new(0), Cell::new(0)];
        let contender = |at: usize| {
            let made = &made[at];
            Contender::new("one", move |schedules| {
                for _ in 0..schedules {
                    made.set(std::hint::black_box(made.get()) + 1);
                }
            })
        };
        let mut contenders = [contender(0), contender(1)];
        for clock in [Clock::Core, Clock::Wall] {
            measure(&mut contenders, clock, 5, 1_000.0);
            for (contender, made) in contenders.iter().zip(&made) {
                assert_eq!(contender.rounds.len(), 5);
                assert!(made.get() >= 5 * contender.schedules);
            }
        }
        contenders[0].rounds = vec![8.0, 16.0, 24.0];
        contenders[1].rounds = vec![2.0, 4.0, 4.0];
        assert_eq!(contenders[0].ratio_to(&contenders[1]).median, 4.0);
        assert_eq!(contenders[0].difference_to(&contenders[1]).median, 12.0);
        assert_eq!(contenders[0].best(), 8.0);
    }
}
