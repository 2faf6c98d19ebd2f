//! `tourbillon merge`: the reports of the shards of one exploration, put together.

use crate::complaint::Complaint;
use crate::difference_json;
use crate::exit::Exit;
use crate::input;
use crate::output::{BAD, FAINT, GOOD, ODD, Output, STRONG};
use crate::subject::Refusal;
use clap::Args;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use tourbillon_sim::Difference;

/// The arguments of `merge`.
#[derive(Debug, Args)]
#[command(after_help = "\
REPORT is what `tourbillon explore --format json --shard I/N` wrote. The reports must be those of one \
exploration: the same strategy, seed and number of shards, each shard once. What comes out has the same \
form, text or JSON; shards that are missing are named, and make the exit code 1.")]
pub struct MergeArguments {
    /// Reports of shards
    #[arg(required = true, value_name = "REPORT")]
    reports: Vec<PathBuf>,
}

/// Merges the reports.
pub fn run(arguments: &MergeArguments, output: &mut Output) -> Exit {
    match merge(arguments) {
        Ok(whole) => whole.show(output),
        Err(refusal) => output.refuse(&refusal),
    }
}

/// What all shards found.
#[derive(Debug, Default)]
struct Whole {
    /// What the exploration was: the same in all reports.
    campaign: Option<Campaign>,
    /// Which shards there are, and from which file.
    shards: BTreeMap<u64, PathBuf>,
    /// By target and outcome.
    outcomes: BTreeMap<(String, String), Found>,
    /// Failures that belong to no outcome, by target and text.
    failures: BTreeMap<(String, String), Found>,
    sums: BTreeMap<&'static str, u64>,
    marks: BTreeMap<String, u64>,
    seconds: f64,
    is_exhausted: bool,
}

#[derive(Clone, Debug, PartialEq)]
struct Campaign {
    strategy: Value,
    seed: u64,
    shards: u64,
    targets: u64,
}

/// The line of the shard that comes first, and how often all have seen it.
#[derive(Debug)]
struct Found {
    line: Value,
    count: u64,
    failures: BTreeSet<String>,
    /// Where the first run that its repetition was not like left it.
    difference: Option<Difference>,
}

/// The numbers of a summary that add up.
const SUMS: [&str; 5] = ["schedules", "steps", "redundant", "known", "skipped"];

fn merge(arguments: &MergeArguments) -> Result<Whole, Refusal> {
    let mut whole = Whole {
        is_exhausted: true,
        ..Whole::default()
    };
    let mut refused = Refusal::new();
    for path in &arguments.reports {
        let read = input::read_text(path).and_then(|text| whole.add(path, &text));
        refused.extend(read.err().map(|complaint| complaint.to_string()));
    }
    match refused.is_empty() {
        true => Ok(whole),
        false => Err(refused),
    }
}

impl Whole {
    /// Takes in the report of one shard; nothing of it when something is wrong with it.
    fn add(&mut self, path: &Path, text: &str) -> Result<(), Complaint> {
        let mut lines = Vec::new();
        for (number, line) in text.lines().enumerate() {
            if line.trim().is_empty() {
                continue;
            }
            let value: Value = serde_json::from_str(line).map_err(|error| {
                let place = (number + 1, error.column().max(1));
                let message = format!("this line is no JSON: {error}");
                Complaint::at(path, text, place, message)
                    .with_help("give what `tourbillon explore --format json` wrote, unchanged")
            })?;
            lines.push((number + 1, value));
        }
        let summary = lines.last().and_then(|(_, last)| last.get("summary"));
        let Some(summary) = summary else {
            let at = (text.lines().count().max(1), 1);
            let message = "the report does not end in a summary: it is cut off, or no report";
            return Err(Complaint::at(path, text, at, message)
                .with_help("run this shard again with `--format json`"));
        };
        let (index, campaign) = Self::campaign(path, text, summary)?;
        if let Some(known) = &self.campaign
            && *known != campaign
        {
            let message = format!(
                "this report is of another exploration: {} here, {} before",
                campaign.text(),
                known.text()
            );
            return Err(Complaint::about(path, message).with_help(
                "merge reports of one strategy, seed, number of shards and list of targets",
            ));
        }
        if let Some(before) = self.shards.get(&index) {
            let message = format!(
                "this is shard {index}/{}, and so is {}",
                campaign.shards,
                before.display()
            );
            return Err(Complaint::about(path, message).with_help("give each shard once"));
        }
        self.shards.insert(index, path.to_path_buf());
        self.campaign = Some(campaign);
        self.add_summary(summary);
        for (_, line) in lines {
            self.add_line(line);
        }
        Ok(())
    }

    /// Which shard a report is, and of what.
    fn campaign(path: &Path, text: &str, summary: &Value) -> Result<(u64, Campaign), Complaint> {
        let shard = summary["shard"].as_str().and_then(|shard| {
            let (index, count) = shard.split_once('/')?;
            Some((index.parse::<u64>().ok()?, count.parse::<u64>().ok()?))
        });
        let parts = shard.zip(summary["seed"].as_u64().zip(summary["targets"].as_u64()));
        let Some(((index, shards), (seed, targets))) = parts else {
            let at = (text.lines().count().max(1), 1);
            let message = "the summary does not say which shard this is";
            return Err(Complaint::at(path, text, at, message)
                .with_help("run `tourbillon explore` with `--format json --shard I/N`"));
        };
        let strategy = summary["strategy"].clone();
        let campaign = Campaign {
            strategy,
            seed,
            shards,
            targets,
        };
        Ok((index, campaign))
    }

    fn add_summary(&mut self, summary: &Value) {
        for name in SUMS {
            *self.sums.entry(name).or_default() += summary[name].as_u64().unwrap_or(0);
        }
        for (mark, count) in summary["marks"].as_object().into_iter().flatten() {
            *self.marks.entry(mark.clone()).or_default() += count.as_u64().unwrap_or(0);
        }
        self.is_exhausted &= summary["exhausted"].as_bool().unwrap_or(false);
        // Shards run side by side.
        self.seconds = self.seconds.max(summary["seconds"].as_f64().unwrap_or(0.0));
    }

    fn add_line(&mut self, line: Value) {
        let target = line["target"].as_str().unwrap_or_default().to_string();
        let (found, key) = match (line.get("outcome"), line.get("failure")) {
            (Some(outcome), _) => (&mut self.outcomes, outcome.to_string()),
            (None, Some(failure)) => (&mut self.failures, failure.to_string()),
            (None, None) => return,
        };
        let count = line["count"].as_u64().unwrap_or(0);
        let difference = difference_json::read(&line["difference"]);
        let failures = line["failures"].as_array().into_iter().flatten();
        let failures: BTreeSet<String> = failures.map(Value::to_string).collect();
        let found = found.entry((target, key)).or_insert_with(|| Found {
            line,
            count: 0,
            failures: BTreeSet::new(),
            difference: None,
        });
        let run = |difference: &Option<Difference>| difference.as_ref().map(|one| one.run);
        if difference.is_some()
            && (found.difference.is_none() || run(&difference) < run(&found.difference))
        {
            found.difference = difference;
        }
        found.count += count;
        found.failures.extend(failures);
    }

    fn missing(&self) -> Vec<String> {
        let shards = self.campaign.as_ref().map_or(0, |campaign| campaign.shards);
        let missing = (1..=shards).filter(|index| !self.shards.contains_key(index));
        missing.map(|index| format!("{index}/{shards}")).collect()
    }

    /// The distinct failures of each target.
    fn distinct_failures(&self) -> BTreeSet<(&str, &str)> {
        let of_outcomes = self.outcomes.iter().flat_map(|((target, _), found)| {
            let failures = found.failures.iter();
            failures.map(move |failure| (&**target, &**failure))
        });
        let others = self.failures.keys();
        of_outcomes
            .chain(others.map(|(target, failure)| (&**target, &**failure)))
            .collect()
    }

    fn show(&self, output: &mut Output) -> Exit {
        let failures = self.distinct_failures();
        let missing = self.missing();
        if output.is_json() {
            self.show_json(output, failures.len(), &missing);
        } else {
            self.show_text(output, failures.len(), &missing);
        }
        match failures.is_empty() && missing.is_empty() {
            true => Exit::Held,
            false => Exit::Failed,
        }
    }

    fn show_json(&self, output: &mut Output, failures: usize, missing: &[String]) {
        for found in self.outcomes.values().chain(self.failures.values()) {
            let mut line = found.line.clone();
            line["count"] = found.count.into();
            if line.get("failures").is_some() {
                let parsed = found.failures.iter().map(|text| serde_json::from_str(text));
                line["failures"] = parsed.filter_map(Result::<Value, _>::ok).collect();
            }
            if let Some(difference) = &found.difference {
                line["difference"] = difference_json::write(difference);
            }
            output.json(&line);
        }
        let mut summary = json!({
            "schedules": self.sums["schedules"],
            "exhausted": self.is_exhausted,
            "failures": failures,
            "seconds": self.seconds,
            "outcomes": self.outcomes.len(),
            "marks": self.marks,
            "shards": self.shards.len(),
            "missing": missing,
        });
        for name in &SUMS[1..] {
            summary[name] = self.sums[name].into();
        }
        output.json(&json!({"summary": summary}));
    }

    fn show_text(&self, output: &mut Output, failures: usize, missing: &[String]) {
        let mut last = None;
        for ((target, _), found) in &self.outcomes {
            if last != Some(target) {
                output.text(format_args!("{STRONG}{target}{STRONG:#}:\n"));
                last = Some(target);
            }
            let (style, word) = match found.failures.is_empty() {
                true => (GOOD, "allowed"),
                false => (BAD, "fails"),
            };
            let stdout = &found.line["outcome"]["stdout"];
            output.text(format_args!(
                "  {} × {style}{word}{style:#}\n    stdout {stdout}\n",
                found.count
            ));
            let replay = found.line["replay"].as_str().unwrap_or_default();
            match found.failures.is_empty() {
                true => output.note(format_args!("    {FAINT}witness: {replay}{FAINT:#}\n")),
                false => {
                    for failure in &found.failures {
                        failed(output, failure, found.count);
                    }
                    output.again(replay);
                }
            }
        }
        for ((_, failure), found) in &self.failures {
            failed(output, failure, found.count);
            if let Some(difference) = &found.difference {
                output.aside(difference.to_string().trim_end());
            }
            output.again(found.line["replay"].as_str().unwrap_or_default());
        }
        let never = self.marks.iter().filter(|(_, count)| **count == 0);
        let never: Vec<&str> = never.map(|(mark, _)| &**mark).collect();
        if !never.is_empty() {
            let never = never.join("`, `");
            output.text(format_args!("{ODD}marks never reached{ODD:#}: `{never}`\n"));
        }
        if !missing.is_empty() {
            let missing = missing.join(", ");
            output.failed("missing", format_args!("the shards {missing}"));
        }
        let style = if failures == 0 { GOOD } else { BAD };
        output.note(format_args!(
            "{style}{failures} failures{style:#}; {} schedules in {} shards, {} distinct outcomes\n",
            self.sums["schedules"],
            self.shards.len(),
            self.outcomes.len()
        ));
    }
}

impl Campaign {
    fn text(&self) -> String {
        let Campaign {
            strategy,
            seed,
            shards,
            targets,
        } = self;
        let strategy = strategy.as_str().unwrap_or("the cases' own strategies");
        format!("{strategy}, seed {seed}, {shards} shards, {targets} targets")
    }
}

/// Says what failed, from the text of its JSON.
fn failed(output: &mut Output, failure: &str, count: u64) {
    let failure: Value = serde_json::from_str(failure).unwrap_or_default();
    let kind = failure["kind"].as_str().unwrap_or("failure");
    let summary = failure["summary"].as_str().unwrap_or_default();
    output.failed(kind, format_args!("{summary} ({count} schedules)"));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(shard: &str, count: u64, failures: &str) -> String {
        format!(
            "{{\"target\":\"p.m\",\"outcome\":{{\"stdout\":\"1\"}},\"count\":{count},\"witness\":\"w\",\
             \"replay\":\"r\",\"failures\":[{failures}]}}\n\
             {{\"summary\":{{\"schedules\":{count},\"exhausted\":false,\"failures\":0,\"seconds\":1.5,\
             \"steps\":7,\"marks\":{{\"here\":1}},\"targets\":1,\"shard\":\"{shard}\",\"seed\":3,\
             \"strategy\":\"swarm\"}}}}\n"
        )
    }

    #[test]
    fn shards_add_up() {
        let mut whole = Whole::default();
        let failure = "{\"kind\":\"outcome\",\"summary\":\"no\"}";
        whole
            .add(Path::new("a"), &report("1/3", 2, ""))
            .expect("first");
        whole
            .add(Path::new("b"), &report("3/3", 5, failure))
            .expect("third");
        assert_eq!(whole.sums["schedules"], 7);
        assert_eq!(whole.marks["here"], 2);
        assert_eq!(whole.missing(), ["2/3"]);
        assert_eq!(whole.distinct_failures().len(), 1);
        let found: Vec<u64> = whole.outcomes.values().map(|found| found.count).collect();
        assert_eq!(found, [7]);
    }

    #[test]
    fn the_first_difference_of_all_shards_is_kept() {
        let shard = |number: u64, run: u64| {
            let difference = format!(
                "{{\"run\":{run},\"before\":[\"  step main\"],\"one\":\"  spawn a\",\"other\":null}}"
            );
            let line = format!(
                "{{\"target\":\"p.m\",\"failure\":{{\"kind\":\"nondeterminism\",\"summary\":\"s\"}},\
                 \"count\":2,\"witness\":\"w\",\"replay\":\"r{run}\",\"difference\":{difference}}}\n"
            );
            line + &report(&format!("{number}/3"), 1, "")
        };
        let mut whole = Whole::default();
        for (number, run) in [(1, 130), (2, 64), (3, 66)] {
            whole
                .add(Path::new("a"), &shard(number, run))
                .expect("a report");
        }
        let found: Vec<&Found> = whole.failures.values().collect();
        assert_eq!((found.len(), found[0].count), (1, 6));
        let difference = found[0].difference.as_ref().expect("it is carried");
        assert_eq!(
            (difference.run, &*difference.before[0]),
            (64, "  step main")
        );
        let shown = difference.to_string();
        assert!(shown.contains("the end"), "{shown}");
    }

    #[test]
    fn what_does_not_belong_together_is_refused() {
        let mut whole = Whole::default();
        whole
            .add(Path::new("a"), &report("1/2", 1, ""))
            .expect("first");
        let mut check = |text: &str, part: &str| {
            let complaint = whole.add(Path::new("b"), text).expect_err(part);
            assert!(complaint.to_string().contains(part), "{complaint}");
        };
        check(&report("1/2", 1, ""), "this is shard 1/2, and so is a");
        check(&report("1/4", 1, ""), "of another exploration");
        check("{\"a\": 1}\n", "does not end in a summary");
        check("{\"a\": \n", "b:1:");
        check("{\"summary\": {}}", "which shard this is");
    }
}
