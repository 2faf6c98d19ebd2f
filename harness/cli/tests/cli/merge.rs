//! `tourbillon merge`, and the options that say who chooses.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::{Ended, Place, program};

/// A program whose assertion fails in some schedules, and that has two marks.
const RACE: &str = "\
m = containers.Map('KeyType', 'char', 'ValueType', 'double');
m('n') = 0;
a = spawn(bump(m));  b = spawn(bump(m));
await_all(a, b);
sometimes(m('n') == 1, 'lost');
sometimes(m('n') == 7, 'seven');
invariant(m('n') == 2, 'both count');
async function bump(m)
  seen = m('n');
  yield_now();
  m('n') = seen + 1;
end
";

/// A client that tries again for ever when a file is not there.
const STUBBORN: &str = "\
for k = 1:2
  spawn(client(sprintf('f%d', k)));
end
await_all();
async function client(name)
  done = false;
  while ~done
    try
      fileread(name);
      done = true;
    catch
      yield_now();
    end
  end
end
";

fn explore(place: &Place, more: &[&str]) -> Ended {
    let mut arguments = vec![
        "explore",
        "race.m",
        "--schedules",
        "200",
        "--format",
        "json",
    ];
    arguments.extend_from_slice(more);
    place.run(&arguments)
}

/// The counts of the outcomes by what they printed, and the summary.
fn counts(ended: &Ended) -> (BTreeMap<String, u64>, Value) {
    let mut counts = BTreeMap::new();
    let mut summary = Value::Null;
    for line in ended.stdout.lines() {
        let line: Value = serde_json::from_str(line).expect("one object in each line");
        if let Some(outcome) = line.get("outcome") {
            let count = line["count"].as_u64().expect("a count");
            *counts.entry(outcome.to_string()).or_default() += count;
        }
        if let Some(found) = line.get("summary") {
            summary = found.clone();
        }
    }
    (counts, summary)
}

#[test]
fn shards_put_together_are_the_whole() {
    let place = Place::with(&[("race.m", RACE)]);
    let whole = explore(&place, &["--seed", "3"]);
    whole.check(1, &[]);
    for index in 1..=3 {
        let shard = format!("{index}/3");
        let ended = explore(&place, &["--seed", "3", "--shard", &shard, "--jobs", "2"]);
        place.write(&format!("{index}.json"), ended.stdout.as_bytes());
    }
    let merged = place.run(&["merge", "1.json", "2.json", "3.json", "--format", "json"]);
    merged.check(1, &[]);
    let ((all, one), (parts, sum)) = (counts(&whole), counts(&merged));
    assert_eq!(all, parts);
    for field in ["schedules", "failures", "steps", "marks", "outcomes"] {
        assert_eq!(one[field], sum[field], "{field}");
    }
    assert_eq!(sum["marks"]["seven"], 0);
    assert_eq!(sum["missing"], serde_json::json!([]));
}

#[test]
fn what_is_missing_or_does_not_belong_is_said() {
    let place = Place::with(&[("race.m", RACE)]);
    for (name, shard, seed) in [("a", "1/2", "1"), ("b", "2/2", "1"), ("c", "2/2", "9")] {
        let ended = explore(&place, &["--shard", shard, "--seed", seed]);
        place.write(name, ended.stdout.as_bytes());
    }
    let text = place.run(&["merge", "a"]);
    text.check(
        1,
        &["missing", "2/2", "see it again: tourbillon sim race.m"],
    );
    assert!(
        text.stdout.contains("marks never reached: `seven`"),
        "{text:#?}"
    );
    place
        .run(&["merge", "a", "a"])
        .check(2, &["so is a", "give each shard once"]);
    place
        .run(&["merge", "a", "c"])
        .check(2, &["c:1:1: error:", "another exploration"]);
    place.write("d", b"{\"outcome\": 1}\n");
    place
        .run(&["merge", "d"])
        .check(2, &["d:1:1:", "does not end in a summary"]);
    place.write("e", b"{\"outcome\": \n");
    place.run(&["merge", "e"]).check(2, &["e:1:", "no JSON"]);
}

#[test]
fn the_default_strategy_shows_its_failures_again() {
    let place = Place::with(&[("race.m", RACE)]);
    let ended = place.run(&["explore", "race.m", "--schedules", "300"]);
    ended.check(1, &["invariant both count does not hold"]);
    let again = ended
        .stderr
        .lines()
        .find_map(|line| line.strip_prefix("see it again: "));
    let words: Vec<&str> = again.expect("a command").split(' ').collect();
    assert_eq!(words[..2], ["tourbillon", "sim"]);
    assert!(words.contains(&"swarm"), "{words:?}");
    place
        .run(&words[1..])
        .check(1, &["invariant both count does not hold"]);
}

#[test]
fn faults_strike_where_they_may_and_stop_with_the_chaos() {
    let place = Place::with(&[("stubborn.m", STUBBORN)]);
    let file = program("lost-update-fixed.m");
    let depth = place.run(&["sim", &file, "--strategy", "random", "--depth", "3"]);
    depth.check(
        2,
        &["`--depth` means nothing to the strategy `random`", "`pct`"],
    );
    // The files are never there: trouble or not, this does not end.
    let endless = ["sim", "stubborn.m", "--chaos", "50", "--faults", "5"];
    place.run(&endless).check(1, &["does not end"]);
}

#[test]
fn a_case_says_when_its_chaos_ends_and_what_a_dropped_execution_shows() {
    const CASES: &str = "cases:
  - id: stubborn
    title: it ends when nothing fails any more
    requires: [J12]
    program: |
      done = false;
      while ~done
        try
          fileread('a'); done = true;
        catch
        end
      end
    world: {disk: {a: x}}
    explore: {schedules: 50, inject: [pending, {fault: 1000}], chaos: 9}
    expect: {stdout: ''}
  - id: given-up
    title: what was printed stands
    requires: [J2]
    program: |
      fprintf('1'); yield_now(); fprintf('2');
    explore: {strategy: exhaustive, inject: [drop]}
    expect:
      allowed:
        - {name: whole, stdout: '12'}
        - {name: half, stdout: '1', dropped: true}
";
    let place = Place::with(&[
        ("s.yaml", CASES),
        ("p.m", "fprintf('1'); yield_now(); fprintf('2');"),
    ]);
    place.run(&["explore", "s.yaml"]).check(0, &[]);
    let again = place.run(&["sim", "s.yaml#stubborn", "--chaos", "3", "--faults", "900"]);
    again.check(0, &[]);
    // A program does not fail by being given up.
    let json = [
        "explore",
        "p.m",
        "--strategy",
        "exhaustive",
        "--inject",
        "drop",
    ];
    let ended = place.run(&[&json[..], &["--format", "json"]].concat());
    ended.check(0, &[]);
    assert!(ended.stdout.contains("\"dropped\":true"), "{ended:#?}");
    let out = ["--record", "d.yaml", "--tape", "0=1"];
    let recorded = place.run(&[&["sim", "p.m", "--inject", "drop"][..], &out].concat());
    recorded.check(0, &[]);
    let replayed = place.run(&["replay", "d.yaml"]);
    replayed.check(0, &[]);
}
