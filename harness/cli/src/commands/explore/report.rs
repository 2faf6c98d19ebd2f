//! What an exploration found, for people and for programs.

use super::search::{Found, Search};
use crate::difference_json;
use crate::output::{BAD, FAINT, GOOD, ODD, Output, STRONG};
use crate::recordings;
use crate::show_again::{self, quoted};
use crate::subject::Refusal;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use tourbillon_conformance::matching::not_observed;
use tourbillon_conformance::schema::Strategy as CaseStrategy;
use tourbillon_sim::campaign::Stats;
use tourbillon_sim::{Failure, FailureKind, Witness};

/// More outcomes or failures of one target than this are counted and not shown to people.
const SHOWN: usize = 20;

/// What an exploration was asked for: how reports of its shards are told from others.
#[derive(Clone, Debug, Default)]
pub struct Campaign {
    /// Which part this is, as `I/N`.
    pub shard: String,
    /// The strategy, unless each target brings its own.
    pub strategy: Option<String>,
    /// Its seed.
    pub seed: u64,
}

/// The sum over all targets.
#[derive(Debug, Default)]
pub struct Totals {
    schedules: u64,
    redundant: u64,
    partial_orders: u64,
    marks: BTreeMap<String, u64>,
    steps: u64,
    outcomes: usize,
    failures: usize,
    failing_targets: usize,
    cut_short: usize,
    known: usize,
    /// Targets that are beyond this version.
    pub skipped: usize,
    campaign: Campaign,
    traces: u64,
    is_exhausted: Option<bool>,
}

impl Totals {
    /// Sums of nothing yet.
    pub fn new(campaign: Campaign) -> Totals {
        Totals {
            campaign,
            ..Totals::default()
        }
    }

    /// Whether anything failed, or an exhaustive search was cut short.
    pub fn is_failure(&self) -> bool {
        self.failures > 0 || self.cut_short > 0
    }

    /// The last line.
    pub fn conclude(&self, output: &mut Output, seconds: f64, targets: usize) {
        output.json(&json!({"summary": {
            "schedules": self.schedules,
            "exhausted": self.is_exhausted.unwrap_or(false),
            "failures": self.failures,
            "seconds": seconds,
            "outcomes": self.outcomes,
            "incomplete": self.cut_short,
            "known": self.known,
            "skipped": self.skipped,
            "steps": self.steps,
            "redundant": self.redundant,
            "partial_orders": self.partial_orders,
            "marks": self.marks,
            "targets": targets,
            "shard": self.campaign.shard,
            "strategy": self.campaign.strategy,
            "seed": self.campaign.seed,
            // Equal for two explorations exactly when every run of theirs was the same.
            "traces": format!("{:016x}", self.traces),
        }}));
        if targets > 1 {
            let style = if self.is_failure() { BAD } else { GOOD };
            let (schedules, failing) = (self.schedules, self.failing_targets);
            output.note(format_args!(
                "\n{style}{failing} of {targets} targets failed{style:#}, {} as is known, {} were cut short, {} \
                 skipped; {schedules} schedules in {seconds} s\n",
                self.known, self.cut_short, self.skipped
            ));
        }
    }
}

/// Shows what one search found, writes its recordings, and adds to the totals.
///
/// # Errors
/// When a recording cannot be written, or a run does not repeat itself.
pub fn report(
    output: &mut Output,
    search: &Search<'_>,
    found: Found,
    out: Option<&Path>,
    names: &mut BTreeSet<String>,
    totals: &mut Totals,
) -> Result<(), Refusal> {
    let mut witnesses = Witnesses {
        search,
        found: &found,
        out,
        names,
        known: BTreeMap::new(),
    };
    let report = &found.report;
    let is_incomplete = search.is_exhaustive() && !report.exhausted;
    // Where something failed, what was not seen is no news.
    let missing = match report.failures.is_empty() {
        true => missing(search, &found, is_incomplete),
        false => Vec::new(),
    };
    heading(output, search, &found, is_incomplete);
    report_outcomes(output, &mut witnesses)?;
    let is_known = search.subject.known.is_some();
    if !is_known || output.is_json() {
        report_failures(output, &mut witnesses)?;
    }
    if !missing.is_empty() && !is_known {
        let target = &search.subject.target;
        let names = missing.join("`, `");
        output.failed("never seen", format_args!("the outcome `{names}`"));
        output.again(&format!("tourbillon explore {}", quoted(target)));
        output.json(&json!({"target": target, "never_seen": missing}));
    }

    totals.schedules += report.schedules;
    totals.redundant += report.redundant;
    totals.partial_orders += report.partial_orders.count();
    for (mark, count) in &report.marks {
        *totals.marks.entry(mark.clone()).or_default() += count;
    }
    totals.steps += report.steps;
    totals.traces = totals.traces.rotate_left(1) ^ found.traces;
    totals.outcomes += report.outcomes.len();
    totals.is_exhausted = Some(totals.is_exhausted.unwrap_or(true) && report.exhausted);
    let failures = report.failures.len() + missing.len();
    match &search.subject.known {
        Some(reason) if failures > 0 || is_incomplete => {
            output.aside(format_args!("{ODD}known failure{ODD:#}: {reason}"));
            totals.known += 1;
        }
        Some(_) | None => {
            totals.failures += failures;
            totals.failing_targets += usize::from(failures > 0);
            totals.cut_short += usize::from(is_incomplete);
        }
    }
    Ok(())
}

/// Whether an explanation may say why: an oracle may speak of a lost wakeup.
fn may_be_stuck(failure: &Failure) -> bool {
    matches!(failure.kind, FailureKind::Deadlock | FailureKind::Oracle)
}

/// Each distinct outcome, the most frequent first.
fn report_outcomes(output: &mut Output, witnesses: &mut Witnesses<'_>) -> Result<(), Refusal> {
    let found = witnesses.found;
    let target = &witnesses.search.subject.target;
    let mut outcomes: Vec<(&String, &Stats)> = found.report.outcomes.iter().collect();
    outcomes.sort_by(|(left, one), (right, other)| (other.count, left).cmp(&(one.count, right)));
    let keys: Vec<&String> = outcomes.iter().map(|(key, _)| *key).collect();
    for (number, (key, stats)) in outcomes.iter().enumerate() {
        let failures = found.failures.get(*key);
        let witness = witnesses.of(&stats.witness)?;
        if output.is_json() {
            let recorded = witnesses.text_or_file(&stats.witness)?;
            let mut line = json!({
                "target": target,
                "outcome": found.outcomes.get(*key),
                "count": stats.count,
                "witness": recorded,
                "replay": witness,
                "failures": failures.into_iter().flatten().map(failure_json).collect::<Vec<_>>(),
            });
            if failures.is_some_and(|all| all.iter().any(may_be_stuck))
                && let Some(stuck) = witnesses.search.explain(&stats.witness)?
            {
                line["stuck"] = json!(stuck);
            }
            output.json(&line);
            continue;
        }
        if number >= SHOWN {
            continue;
        }
        let (style, word) = match failures {
            None => (GOOD, "allowed"),
            Some(_) => (BAD, "fails"),
        };
        let shown = lines_of(key, &keys);
        let (number, count) = (number + 1, stats.count);
        output.text(format_args!(
            "  {STRONG}outcome {number}{STRONG:#}  {count} × {style}{word}{style:#}\n{shown}"
        ));
        if failures.is_none() {
            output.note(format_args!("    {FAINT}witness: {witness}{FAINT:#}\n"));
        }
    }
    if let Some(more) = outcomes.len().checked_sub(SHOWN).filter(|more| *more > 0) {
        output.text(format_args!(
            "  and {more} more outcomes: `--format json` has all\n"
        ));
    }
    Ok(())
}

/// Each distinct failure, with the command that shows it again.
fn report_failures(output: &mut Output, witnesses: &mut Witnesses<'_>) -> Result<(), Refusal> {
    let found = witnesses.found;
    let all = found.report.schedules;
    for (number, (failure, stats)) in found.report.failures.iter().enumerate() {
        let witness = witnesses.of(&stats.witness)?;
        let count = stats.count;
        if !output.is_json() && number >= SHOWN {
            continue;
        }
        if !output.is_json() {
            let (kind, summary) = (failure.kind, &failure.summary);
            output.failed(
                kind.name(),
                format_args!("{summary} ({count} of {all} schedules)"),
            );
            if may_be_stuck(failure)
                && let Some(stuck) = witnesses.search.explain(&stats.witness)?
            {
                output.aside(stuck.to_string().trim_end());
            }
            if let Some(difference) = found.difference_of(failure, &stats.witness) {
                output.aside(difference.to_string().trim_end());
            }
            output.again(&witness);
        } else if !found.failures.values().any(|known| known.contains(failure)) {
            // Failures of the exploration itself, such as nondeterminism, belong to no outcome.
            let mut line = json!({
                "target": witnesses.search.subject.target,
                "failure": failure_json(failure),
                "count": count,
                "witness": witnesses.text_or_file(&stats.witness)?,
                "replay": witness,
            });
            if let Some(difference) = found.difference_of(failure, &stats.witness) {
                line["difference"] = difference_json::write(difference);
            }
            output.json(&line);
        }
    }
    let distinct = found.report.failures.len();
    if let Some(more) = distinct.checked_sub(SHOWN).filter(|more| *more > 0)
        && !output.is_json()
    {
        output.failed(
            "more",
            format_args!("{more} further failures of other kinds"),
        );
        let target = &witnesses.search.subject.target;
        output.again(&format!(
            "tourbillon explore {} --format json",
            quoted(target)
        ));
    }
    Ok(())
}

fn heading(output: &mut Output, search: &Search<'_>, found: &Found, is_incomplete: bool) {
    let report = &found.report;
    let coverage = match (report.exhausted, is_incomplete) {
        (true, _) => format!("{GOOD}these are all there are{GOOD:#}"),
        (false, true) => {
            format!("{ODD}cut short: there are more{ODD:#} (raise --schedules or --time)")
        }
        (false, false) => format!("seed {}", search.seed()),
    };
    output.text(format_args!(
        "{STRONG}{}{STRONG:#}: {}, {} {} run, {coverage}; {} distinct {}\n",
        search.subject.target,
        search.strategy,
        report.schedules,
        plural(report.schedules, "schedule", "schedules"),
        report.outcomes.len(),
        plural(report.outcomes.len() as u64, "outcome", "outcomes"),
    ));
    let orders = &report.partial_orders;
    let about = if orders.is_exact() { "" } else { "about " };
    let count = orders.count();
    let mut facts = format!(
        "{about}{count} {}",
        plural(count, "partial order", "partial orders")
    );
    if report.ordered < report.schedules {
        let ordered = report.ordered;
        facts.push_str(&format!(" in the {ordered} runs that were looked at"));
    }
    if report.redundant > 0 {
        let redundant = report.redundant;
        facts.push_str(&format!(", {redundant} runs given up as redundant"));
    }
    output.note(format_args!("  {FAINT}{facts}{FAINT:#}\n"));
    let never: Vec<&str> = report
        .marks
        .iter()
        .filter(|(_, count)| **count == 0)
        .map(|(mark, _)| &**mark)
        .collect();
    if !never.is_empty() {
        let never = never.join("`, `");
        output.text(format_args!(
            "  {ODD}marks never reached{ODD:#}: `{never}`\n"
        ));
    }
}

fn plural(count: u64, one: &'static str, many: &'static str) -> &'static str {
    if count == 1 { one } else { many }
}

/// Outcomes that the case wants to be seen and that were not. A search that was cut short may still
/// come to them.
fn missing(search: &Search<'_>, found: &Found, is_incomplete: bool) -> Vec<String> {
    let Some(case) = search.subject.case.as_ref().filter(|_| !is_incomplete) else {
        return Vec::new();
    };
    let strategy = match &*search.strategy {
        "fifo" => CaseStrategy::Fifo,
        "exhaustive" | "plain" => CaseStrategy::Exhaustive,
        _ => CaseStrategy::Random,
    };
    // A part of the schedules need not show everything.
    let is_whole = search.shards == 1 && strategy == case.explore.strategy;
    match is_whole {
        true => not_observed(&case.expect, strategy, &found.seen),
        false => Vec::new(),
    }
}

fn failure_json(failure: &Failure) -> serde_json::Value {
    json!({"kind": failure.kind.name(), "summary": failure.summary})
}

/// The lines of an outcome that tell it from the others, the output always among them.
fn lines_of(key: &str, all: &[&String]) -> String {
    const LONGEST: usize = 160;
    let others: Vec<BTreeSet<&str>> = all
        .iter()
        .filter(|other| other.as_str() != key)
        .map(|other| other.lines().collect())
        .collect();
    let mut shown = String::new();
    for line in key.lines() {
        let is_common = others.iter().all(|other| other.contains(line));
        let is_short_of_all = others.is_empty() && line.contains(" = ");
        if !line.starts_with("stdout ") && ((is_common && !others.is_empty()) || is_short_of_all) {
            continue;
        }
        let mut line: String = line.to_string();
        if line.chars().count() > LONGEST {
            line = line.chars().take(LONGEST).collect::<String>() + "…";
        }
        shown.push_str("    ");
        shown.push_str(&line);
        shown.push('\n');
    }
    shown
}

/// Recordings and commands of witnesses, each made once.
struct Witnesses<'a> {
    search: &'a Search<'a>,
    found: &'a Found,
    out: Option<&'a Path>,
    names: &'a mut BTreeSet<String>,
    /// The files that were written, by the number of the run.
    known: BTreeMap<u64, String>,
}

impl Witnesses<'_> {
    /// The command that shows a witness again. With a folder for them, its recording is written.
    fn of(&mut self, witness: &Witness) -> Result<String, Refusal> {
        if let Some(file) = self.file(witness)? {
            return Ok(format!("tourbillon replay {}", quoted(&file)));
        }
        let search = self.search;
        let target = &search.subject.target;
        let strategy = &self.found.report.strategy;
        let by_number = search.is_by_number();
        let unlike = |injections| search.subject.unlike_own(injections);
        let allowed = search.injections;
        let chaos = search.choosing.chaos;
        let command =
            show_again::command(target, strategy, by_number, witness, allowed, chaos, unlike);
        Ok(command.unwrap_or_else(|| {
            // Its choices are too many for a command line.
            let (strategy, seed) = (&search.strategy, search.seed());
            let mut inject = show_again::inject(unlike(allowed));
            if let Some(steps) = chaos {
                inject.push_str(&format!(" --chaos {steps}"));
            }
            format!(
                "tourbillon explore {} --strategy {strategy} --seed {seed}{inject} --schedules {} --out \
                 recordings",
                quoted(target),
                witness.run + 1,
            )
        }))
    }

    /// The file of a witness's recording, or its text when there is no folder for it.
    fn text_or_file(&mut self, witness: &Witness) -> Result<String, Refusal> {
        match self.file(witness)? {
            Some(file) => Ok(file),
            None => Ok(self.search.record(self.found, witness)?.to_string()),
        }
    }

    fn file(&mut self, witness: &Witness) -> Result<Option<String>, Refusal> {
        let Some(folder) = self.out else {
            return Ok(None);
        };
        if let Some(file) = self.known.get(&witness.run) {
            return Ok(Some(file.clone()));
        }
        let text = self.search.record(self.found, witness)?.to_string();
        let stem = &self.search.subject.stem;
        let name = (1..)
            .map(|number: u64| format!("{stem}-{number}.yaml"))
            .find(|name| !self.names.contains(name))
            .unwrap_or_default();
        let path = folder.join(&name);
        recordings::write(&path, &text).map_err(|error| vec![error.to_string()])?;
        self.names.insert(name);
        let file = path.display().to_string();
        self.known.insert(witness.run, file.clone());
        Ok(Some(file))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outcome_shows_what_tells_it_from_others() {
        let one = "stdout \"1\\n\"\na = 1\nb = 1\n".to_string();
        let two = "stdout \"2\\n\"\na = 1\nb = 2\n".to_string();
        let all = [&one, &two];
        assert_eq!(lines_of(&one, &all), "    stdout \"1\\n\"\n    b = 1\n");
        assert_eq!(lines_of(&two, &all), "    stdout \"2\\n\"\n    b = 2\n");
        assert_eq!(lines_of(&one, &[&one]), "    stdout \"1\\n\"\n");
        let failed = "stdout \"\"\nerror \"a:b\" \"no\"\n".to_string();
        assert_eq!(
            lines_of(&failed, &[&failed]),
            "    stdout \"\"\n    error \"a:b\" \"no\"\n"
        );
    }
}
