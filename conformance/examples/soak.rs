//! A soak: `cargo run --release -p tourbillon-conformance --example soak -- MINUTES` runs a mix of everything
//! that waits on the native host, and fails when memory grows.

use std::alloc::System;
use std::io::Write;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};
use tourbillon_conformance::soak::{Samples, Soak};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// A round is so many seconds of the program's clock, which is a thousand times as fast as the real one.
const ROUND_SECONDS: u32 = 60;

/// After so many rounds the session is closed and another one begins.
const ROUNDS_PER_SESSION: u64 = 50;

/// What buffers may differ by.
const SLACK_BYTES: u64 = 64 << 10;

/// What the allocator and the operating system may keep for themselves.
const RESIDENT_SLACK_BYTES: u64 = 16 << 20;

fn main() -> ExitCode {
    let minutes = std::env::args().nth(1).and_then(|text| text.parse().ok());
    let Some(minutes) = minutes.filter(|minutes: &f64| (0.01..=100_000.0).contains(minutes)) else {
        say("usage: soak MINUTES (a number, at least 0.01)");
        return ExitCode::from(2);
    };
    match soak(Duration::from_secs_f64(minutes * 60.0)) {
        Ok(told) => {
            say(&told);
            ExitCode::SUCCESS
        }
        Err(told) => {
            say(&format!("error: {told}"));
            ExitCode::FAILURE
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "a soak goes on for real time")]
fn soak(length: Duration) -> Result<String, String> {
    let began = Instant::now();
    let mut soak = Soak::new(ROUND_SECONDS).map_err(|error| error.to_string())?;
    let (mut live, mut resident) = (Samples::default(), Samples::default());
    let mut rounds = 0;
    let mut told = Duration::ZERO;
    while began.elapsed() < length || rounds < 9 {
        rounds += 1;
        soak.round(rounds % ROUNDS_PER_SESSION == 0)
            .map_err(|error| format!("round {rounds}: {error}"))?;
        let stats = ALLOCATOR.stats();
        let bytes = stats
            .bytes_allocated
            .saturating_sub(stats.bytes_deallocated) as u64;
        live.add(bytes);
        let pages = resident_bytes();
        resident.add(pages.unwrap_or_default());
        if began.elapsed() >= told {
            say(&format!(
                "{:7.1} min  round {rounds:6}  {bytes:9} bytes alive  {:6.1} MiB resident",
                began.elapsed().as_secs_f64() / 60.0,
                pages.unwrap_or_default() as f64 / f64::from(1 << 20)
            ));
            told = began.elapsed() + length / 20;
        }
    }
    live.judge(SLACK_BYTES)?;
    resident
        .judge(RESIDENT_SLACK_BYTES)
        .map_err(|grew| format!("resident {grew}"))?;
    let (first, last) = live.ends().unwrap_or_default();
    Ok(format!(
        "flat: {rounds} rounds of {ROUND_SECONDS} s on the program's clock in {:.1} min; at most {first} bytes \
         alive in the first third, at least {last} in the last",
        began.elapsed().as_secs_f64() / 60.0
    ))
}

/// What the operating system has given this process, where it says so.
#[expect(
    clippy::disallowed_methods,
    reason = "the operating system says it in a file"
)]
fn resident_bytes() -> Option<u64> {
    const PAGE_BYTES: u64 = 4096;
    let text = std::fs::read_to_string("/proc/self/statm").ok()?;
    let pages: u64 = text.split(' ').nth(1)?.parse().ok()?;
    Some(pages * PAGE_BYTES)
}

fn say(text: &str) {
    // Without standard output there is nobody to tell.
    let _ = writeln!(std::io::stdout(), "{text}");
}
