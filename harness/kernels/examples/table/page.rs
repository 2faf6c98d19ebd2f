//! The page, in Markdown.

use std::fmt::Write;

use tourbillon_kernels::all;

use crate::arguments::Arguments;
use crate::measure::{CAP, DEFAULT_STRATEGY, DEPTH, MISSES, PROOF_CAP};
use crate::row::{Cell, Row};

/// The page of these rows.
pub fn page(rows: &[Row], arguments: &Arguments) -> String {
    let mut out = String::new();
    // Writing to a string does not fail.
    let _ = write(&mut out, rows, arguments);
    out
}

fn write(out: &mut String, rows: &[Row], arguments: &Arguments) -> std::fmt::Result {
    writeln!(out, "# Bug kernels\n")?;
    paragraph(
        out,
        "Small async programs with a known defect each, in `harness/kernels`, faulty and corrected. A \
         failure is a panic, a violated invariant, a deadlock or a leak. Production's own schedule shows \
         none of them.",
    )?;
    paragraph(
        out,
        "Every kernel is one source, and shuttle runs the same futures: its tasks are spawned by \
         `shuttle::future::spawn_local`, an operation is a task that completes it, and whatever can be \
         cancelled gets a canceller, a task that strikes once; as many strike in a run as ours may. \
         Shuttle may also switch at every spawn.",
    )?;
    paragraph(out, "This page is made by")?;
    writeln!(
        out,
        "```sh\ncargo run --release -p tourbillon-kernels --features shuttle --example table \
         > docs/kernels.md\n```\n"
    )?;
    kernels(out, rows)?;
    let names = names(rows);
    schedules(out, rows, &names, arguments)?;
    times(out, rows, &names)?;
    compared(out, rows)?;
    shrunk(out, rows)?;
    corrected(out, rows)
}

/// A paragraph in lines of at most 100 characters.
fn paragraph(out: &mut String, text: &str) -> std::fmt::Result {
    let mut length = 0;
    for word in text.split(' ') {
        if length > 0 && length + 1 + word.chars().count() > 100 {
            writeln!(out)?;
            length = 0;
        } else if length > 0 {
            write!(out, " ")?;
            length += 1;
        }
        write!(out, "{word}")?;
        length += word.chars().count();
    }
    writeln!(out, "\n")
}

/// The strategies, in the order of the columns.
fn names(rows: &[Row]) -> Vec<&str> {
    let mut names: Vec<&str> = Vec::new();
    for cell in rows.iter().flat_map(|row| &row.cells) {
        if !names.contains(&cell.name.as_str()) {
            names.push(&cell.name);
        }
    }
    names
}

fn kernels(out: &mut String, rows: &[Row]) -> std::fmt::Result {
    writeln!(
        out,
        "| | kernel | what goes wrong | known from | injected |"
    )?;
    writeln!(out, "|---|---|---|---|---|")?;
    for kernel in all() {
        if rows.iter().any(|row| row.number == kernel.number) {
            writeln!(
                out,
                "| {} | {} | {} | {} | {} |",
                kernel.number, kernel.name, kernel.title, kernel.source, kernel.injections
            )?;
        }
    }
    Ok(())
}

fn head(out: &mut String, names: &[&str], last: &[&str]) -> std::fmt::Result {
    writeln!(out, "| | kernel | {} |", [names, last].concat().join(" | "))?;
    let columns = names.len() + last.len();
    writeln!(out, "|---|---|{}", "---:|".repeat(columns))
}

fn schedules(
    out: &mut String,
    rows: &[Row],
    names: &[&str],
    arguments: &Arguments,
) -> std::fmt::Result {
    writeln!(out, "\n## Schedules to the first failure\n")?;
    let seeds = arguments.seeds;
    paragraph(
        out,
        &format!(
            "Median and, after the slash, 90th percentile over {seeds} seeds; a strategy that draws nothing \
             runs once. A campaign gives up after {CAP} schedules: where not every one found the defect, \
             the cell says how many did, and after {MISSES} misses no further seeds are tried. Shuttle's \
             PCT has depth {DEPTH}. These numbers are the same in every run of the command."
        ),
    )?;
    head(out, names, &[])?;
    for row in rows {
        write!(out, "| {} | {} |", row.number, row.label)?;
        for name in names {
            write!(
                out,
                " {} |",
                row.cell(name).map_or("–".into(), schedule_text)
            )?;
        }
        writeln!(out)?;
    }
    Ok(())
}

fn schedule_text(cell: &Cell) -> String {
    let [median, most] = cell.schedules;
    match (cell.always(), cell.usually()) {
        (true, _) if cell.tried == 1 => format!("{median}"),
        (true, _) => format!("{median} / {most}"),
        (false, true) => format!("{median}, {} of {}", cell.found, cell.tried),
        (false, false) => format!("{} of {}", cell.found, cell.tried),
    }
}

fn times(out: &mut String, rows: &[Row], names: &[&str]) -> std::fmt::Result {
    writeln!(out, "\n## Milliseconds to the first failure\n")?;
    paragraph(
        out,
        "Median over the same campaigns, made in one process in turns, from before the first schedule to \
         after the failure; `>` where most campaigns found nothing. Times belong to the machine, and to \
         what else it did; ratios say more.",
    )?;
    head(out, names, &[])?;
    for row in rows {
        write!(out, "| {} | {} |", row.number, row.label)?;
        for name in names {
            write!(out, " {} |", row.cell(name).map_or("–".into(), time_text))?;
        }
        writeln!(out)?;
    }
    Ok(())
}

fn time_text(cell: &Cell) -> String {
    let milliseconds = cell.nanoseconds[0] as f64 / 1e6;
    let more = if cell.usually() { "" } else { "> " };
    match milliseconds {
        ..1.0 => format!("{more}{milliseconds:.3}"),
        ..100.0 => format!("{more}{milliseconds:.1}"),
        _ => format!("{more}{milliseconds:.0}"),
    }
}

/// Shuttle's cells with the fewest schedules and with the least time, of a kernel that it can run.
fn best_of_shuttle(row: &Row) -> Option<(&Cell, &Cell)> {
    let theirs = || row.cells.iter().filter(|cell| cell.is_shuttle());
    let fewest = theirs().min_by_key(|cell| (!cell.usually(), cell.schedules[0]))?;
    let fastest = theirs().min_by_key(|cell| (!cell.usually(), cell.nanoseconds[0]))?;
    Some((fewest, fastest))
}

/// The default strategy beside the best of shuttle's, on the kernels that shuttle can run.
fn compared(out: &mut String, rows: &[Row]) -> std::fmt::Result {
    let mut lines = Vec::new();
    let mut sums = (0, 0);
    for row in rows {
        let Some(ours) = row.cell(DEFAULT_STRATEGY) else {
            continue;
        };
        let Some((fewest, fastest)) = best_of_shuttle(row) else {
            continue;
        };
        sums = (sums.0 + ours.schedules[0], sums.1 + fewest.schedules[0]);
        lines.push(format!(
            "| {} | {} | {} | {} | {} | {:.2} | {} | {} | {} | {:.2} |",
            row.number,
            row.label,
            ours.schedules[0],
            fewest.schedules[0],
            fewest.strategy(),
            ours.schedules[0] as f64 / fewest.schedules[0].max(1) as f64,
            time_text(ours),
            time_text(fastest),
            fastest.strategy(),
            ours.nanoseconds[0] as f64 / fastest.nanoseconds[0].max(1) as f64,
        ));
    }
    if lines.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n## The default strategy and the best of shuttle's\n")?;
    paragraph(
        out,
        &format!(
            "`{DEFAULT_STRATEGY}` is what explores when nothing is said; shuttle's is the one that does \
             best on that very kernel. Medians of schedules, then of milliseconds, each with the ratio."
        ),
    )?;
    writeln!(
        out,
        "| | kernel | {DEFAULT_STRATEGY} | shuttle | with | ratio | {DEFAULT_STRATEGY}, ms | \
         shuttle, ms | with | ratio |"
    )?;
    writeln!(out, "|---|---|---:|---:|---|---:|---:|---:|---|---:|")?;
    for line in &lines {
        writeln!(out, "{line}")?;
    }
    let (ours, theirs) = sums;
    let ratio = ours as f64 / theirs.max(1) as f64;
    writeln!(out, "| | all | {ours} | {theirs} | | {ratio:.2} | | | | |")
}

fn shrunk(out: &mut String, rows: &[Row]) -> std::fmt::Result {
    writeln!(out, "\n## What it takes\n")?;
    paragraph(
        out,
        &format!(
            "Choices that leave production's default: in the first failing run that `{DEFAULT_STRATEGY}` \
             finds with seed 0, and in what `shrink` makes of it, of which no single choice can go. Where \
             it is the least, every run with fewer choices was made, and none fails so."
        ),
    )?;
    writeln!(out, "| | kernel | found | shrunk | least |")?;
    writeln!(out, "|---|---|---:|---:|---|")?;
    for row in rows {
        let [found, shrunk, least] = row.shrunk;
        let least = if least == 1 { "yes" } else { "" };
        let (number, label) = (row.number, &row.label);
        writeln!(out, "| {number} | {label} | {found} | {shrunk} | {least} |")?;
    }
    Ok(())
}

fn corrected(out: &mut String, rows: &[Row]) -> std::fmt::Result {
    writeln!(out, "\n## The corrected kernels\n")?;
    let runs: u64 = rows.iter().map(|row| row.corrected.0).sum();
    let failed: Vec<&str> = rows
        .iter()
        .filter(|row| row.corrected.1 > 0)
        .map(|row| row.label.as_str())
        .collect();
    let verdict = match failed.as_slice() {
        [] => "None failed.".to_string(),
        failed => format!("These failed: {}.", failed.join(", ")),
    };
    paragraph(
        out,
        &format!(
            "Every strategy ran every corrected kernel with the same injections: {runs} runs. {verdict} \
             Where the search with reduction comes to its end within {PROOF_CAP} runs, it has proven that \
             none can: all orders of dependent steps are covered, with every placement of cancels."
        ),
    )?;
    writeln!(out, "| | kernel | runs with reduction | proven |")?;
    writeln!(out, "|---|---|---:|---|")?;
    for row in rows {
        let proven = if row.proof.1 == 1 { "yes" } else { "no" };
        let (number, label, runs) = (row.number, &row.label, row.proof.0);
        writeln!(out, "| {number} | {label} | {runs} | {proven} |")?;
    }
    Ok(())
}

/// What the page says that it should not.
pub fn complaints(rows: &[Row]) -> Vec<String> {
    let mut complaints = Vec::new();
    let mut sums = (0, 0);
    for row in rows {
        let label = &row.label;
        if row.corrected.1 > 0 {
            complaints.push(format!("{label}: the corrected one fails"));
        }
        let Some(ours) = row.cell(DEFAULT_STRATEGY) else {
            continue;
        };
        if !ours.always() {
            complaints.push(format!(
                "{label}: missed with {} seeds",
                ours.tried - ours.found
            ));
        }
        let Some((fewest, fastest)) = best_of_shuttle(row) else {
            continue;
        };
        sums = (sums.0 + ours.schedules[0], sums.1 + fewest.schedules[0]);
        if ours.schedules[0] > 2 * fewest.schedules[0] {
            complaints.push(format!(
                "{label}: more than twice the schedules of shuttle's best"
            ));
        }
        if ours.nanoseconds[0] >= fastest.nanoseconds[0] {
            complaints.push(format!("{label}: more time than shuttle's best"));
        }
    }
    if sums.0 > sums.1 {
        complaints.push("more schedules over all than shuttle's best".to_string());
    }
    complaints
}
