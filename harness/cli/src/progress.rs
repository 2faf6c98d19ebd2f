//! A line that moves while many runs are made: on a terminal, and nowhere else.

use crate::clock::Stopwatch;
use crate::output::Output;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicU64, Ordering};
use tourbillon_sim::Report;

/// How many runs pass between two looks at the bar.
const STRIDE: u64 = 256;

/// The bar, and what it counts. Shared by all threads.
pub struct Progress {
    bar: ProgressBar,
    watch: Stopwatch,
    schedules: AtomicU64,
    outcomes: Mutex<u64>,
}

impl Progress {
    /// A bar up to `length`, or without an end when none is known.
    pub fn new(output: &Output, length: Option<u64>) -> Progress {
        let target = match output.is_quiet() {
            true => ProgressDrawTarget::hidden(),
            // Draws nothing where standard error is no terminal.
            false => ProgressDrawTarget::stderr(),
        };
        let bar = ProgressBar::with_draw_target(length, target);
        let template = match length {
            Some(_) => "{bar:24} {pos}/{len} {msg}",
            None => "{spinner} {pos} {msg}",
        };
        // The template is ours: a mistake in it would show in every run.
        bar.set_style(
            ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()),
        );
        Progress {
            bar,
            watch: Stopwatch::start(),
            schedules: AtomicU64::new(0),
            outcomes: Mutex::new(0),
        }
    }

    /// What is worked on now.
    pub fn name(&self, name: &str) {
        self.bar.set_message(name.to_string());
    }

    /// One more schedule was run; `report` is that of whoever ran it.
    pub fn schedule(&self, report: &Report) {
        let schedules = self.schedules.fetch_add(1, Ordering::Relaxed) + 1;
        if !schedules.is_multiple_of(STRIDE) {
            return;
        }
        let outcomes = report.outcomes.len();
        let mut most = self.outcomes.lock().unwrap_or_else(PoisonError::into_inner);
        *most = (*most).max(outcomes as u64);
        let seconds = self.watch.elapsed().as_secs_f64().max(1e-3);
        let rate = (schedules as f64 / seconds).round();
        let orders = &report.partial_orders;
        let about = if orders.is_exact() { "" } else { "≈" };
        let left = match report.progress {
            // What is done says how much is left, if the rest is like it.
            Some(done) if done > 0.0 && done < 1.0 => {
                let left = (schedules as f64 * (1.0 - done) / done).round();
                format!(", ≈{left} left")
            }
            Some(_) | None => String::new(),
        };
        self.bar.set_position(schedules);
        self.bar.set_message(format!(
            "schedules, {rate}/s, {most} distinct outcomes, {about}{} partial orders{left}",
            orders.count()
        ));
    }

    /// So many runs were made; what is said about them.
    pub fn runs(&self, runs: u64, text: impl FnOnce() -> String) {
        if runs.is_multiple_of(STRIDE) {
            self.bar.set_position(runs);
            self.bar.set_message(text());
        }
    }

    /// One more item is done.
    pub fn step(&self, name: &str) {
        self.bar.inc(1);
        self.name(name);
    }

    /// Takes the line away.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }
}
