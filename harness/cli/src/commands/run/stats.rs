//! What `--stats` and `--log` say of a program: its counts, and what happened as it went.

use std::fmt::Write;
use tourbillon_session::Statistics;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::fmt::format::FmtSpan;
use tracing_subscriber::fmt::time::uptime;

/// How much `--log` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum LogLevel {
    /// Deadlocks and broken invariants
    Warn,
    /// Executions, and how they ended
    Info,
    /// Tasks, operations, failures and requests to stop as well
    Debug,
    /// Every step and every change of a future as well
    Trace,
}

/// From now on standard error says what happens, each line after the seconds since the start.
pub fn log(level: LogLevel) {
    let level = match level {
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Trace => LevelFilter::TRACE,
    };
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(level)
        .with_span_events(FmtSpan::NEW)
        .with_timer(uptime())
        .with_target(false)
        .with_ansi(false)
        .with_writer(std::io::stderr)
        .finish();
    // Only one command runs in a process: nobody was there before.
    let first = tracing::subscriber::set_global_default(subscriber);
    debug_assert!(first.is_ok(), "there is one subscriber");
}

/// The counts for a person, one subject a line.
pub fn text(statistics: &Statistics) -> String {
    let milliseconds = statistics.tick_nanoseconds as f64 / 1e6;
    let rows = [
        (
            "tasks",
            format!(
                "{} made, at most {} at once",
                statistics.tasks, statistics.peak_tasks
            ),
        ),
        (
            "futures",
            format!(
                "{} made, {} pending now, at most {} at once",
                statistics.futures, statistics.pending, statistics.peak_pending
            ),
        ),
        (
            "steps",
            format!(
                "{} in {} polls, {} suspensions",
                statistics.steps, statistics.polls, statistics.suspensions
            ),
        ),
        (
            "outside",
            format!(
                "{} operations, {} callbacks",
                statistics.operations, statistics.callbacks
            ),
        ),
        (
            "ticks",
            format!(
                "{}, {} with something outstanding, which took {milliseconds:.3} ms",
                statistics.ticks, statistics.busy_ticks
            ),
        ),
        (
            "memory",
            format!(
                "about {} bytes in values, at most {} in suspended tasks",
                statistics.value_bytes, statistics.peak_task_bytes
            ),
        ),
    ];
    let mut text = String::from("statistics");
    for (name, value) in rows {
        // Writing to a string does not fail.
        let _ = write!(text, "\n  {name:8} {value}");
    }
    text
}

/// The counts for programs.
pub fn json(statistics: &Statistics) -> serde_json::Value {
    serde_json::json!({
        "polls": statistics.polls,
        "steps": statistics.steps,
        "suspensions": statistics.suspensions,
        "tasks": statistics.tasks,
        "live_tasks": statistics.live_tasks,
        "peak_tasks": statistics.peak_tasks,
        "futures": statistics.futures,
        "pending": statistics.pending,
        "peak_pending": statistics.peak_pending,
        "operations": statistics.operations,
        "live_operations": statistics.live_operations,
        "callbacks": statistics.callbacks,
        "ticks": statistics.ticks,
        "busy_ticks": statistics.busy_ticks,
        "tick_nanoseconds": statistics.tick_nanoseconds,
        "task_bytes": statistics.task_bytes,
        "peak_task_bytes": statistics.peak_task_bytes,
        "value_bytes": statistics.value_bytes,
    })
}
