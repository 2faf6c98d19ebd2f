//! `tourbillon explore`.

use crate::{Ended, Place, program};
use serde_json::Value;

fn lines(ended: &Ended) -> Vec<Value> {
    let lines = ended.stdout.lines();
    lines
        .map(|line| serde_json::from_str(line).expect("one object in each line"))
        .collect()
}

#[test]
fn the_lost_update_has_exactly_two_outcomes_and_each_witness_replays() {
    let place = Place::with(&[]);
    let file = program("lost-update.m");
    let arguments = [
        "explore",
        &file,
        "--strategy",
        "exhaustive",
        "--format",
        "json",
    ];
    let ended = place.run(&arguments);
    ended.check(0, &[]);
    let objects = lines(&ended);
    let (summary, outcomes) = objects.split_last().expect("a summary");
    assert_eq!(summary["summary"]["exhausted"], true);
    assert_eq!(summary["summary"]["failures"], 0);
    let mut seen: Vec<&str> = Vec::new();
    for (number, outcome) in outcomes.iter().enumerate() {
        let stdout = outcome["outcome"]["stdout"].as_str().expect("a text");
        let name = format!("witness-{number}.yaml");
        place.write(
            &name,
            outcome["witness"].as_str().expect("a recording").as_bytes(),
        );
        let replayed = place.run(&["replay", &name]);
        replayed.check(0, &["same run"]);
        assert_eq!(replayed.stdout, stdout);
        seen.push(stdout);
    }
    seen.sort_unstable();
    assert_eq!(seen, ["1\n", "2\n"]);
    let counted: u64 = outcomes
        .iter()
        .filter_map(|outcome| outcome["count"].as_u64())
        .sum();
    assert_eq!(summary["summary"]["schedules"], counted);
}

#[test]
fn an_update_in_one_step_has_one_outcome() {
    let place = Place::with(&[]);
    let file = program("lost-update-fixed.m");
    let ended = place.run(&["explore", &file, "--strategy", "exhaustive"]);
    ended.check(0, &[]);
    assert!(
        ended
            .stdout
            .contains("these are all there are; 1 distinct outcome"),
        "{ended:#?}"
    );
}

#[test]
fn the_command_after_a_failure_shows_it_again() {
    let place = Place::with(&[]);
    let file = program("lost-update-checked.m");
    for more in [
        &["--strategy", "exhaustive"][..],
        &["--seed", "9", "--schedules", "50"],
        &["--out", "found"],
        &["--strategy", "fifo", "--inject", "none"],
    ] {
        let ended = place.run(&[&["explore", &file][..], more].concat());
        ended.check(1, &["error: bank:LostUpdate"]);
        let last = ended.stderr.lines().last().expect("a line");
        let command = last
            .strip_prefix("see it again: tourbillon ")
            .expect("a command");
        let words: Vec<&str> = command.split(' ').collect();
        place.run(&words).check(1, &["The sum is 1 and not 2."]);
    }
}

#[test]
fn recordings_go_where_out_says() {
    let place = Place::with(&[]);
    let file = program("lost-update-checked.m");
    let ended = place.run(&["explore", &file, "--out", "a/b", "--format", "json"]);
    ended.check(1, &[]);
    for object in lines(&ended)
        .iter()
        .filter(|object| object["count"].is_u64())
    {
        let path = object["witness"].as_str().expect("a file");
        let fails = object["failures"] != serde_json::json!([]);
        place.run(&["replay", path]).check(i32::from(fails), &[]);
        assert_eq!(object["replay"], format!("tourbillon replay {path}"));
    }
    assert!(place.path("a/b/lost-update-checked-2.yaml").exists());
}

#[test]
fn jobs_and_shards_change_nothing_about_what_is_found() {
    let place = Place::with(&[]);
    let file = program("timers-files-input.m");
    let explore = |more: &[&str]| {
        let fixed = ["explore", &file, "--schedules", "60", "--format", "json"];
        let ended = place.run(&[&fixed[..], more].concat());
        ended.check(0, &[]);
        lines(&ended)
    };
    let counts = |objects: &[Value]| {
        let mut counts = std::collections::BTreeMap::<String, u64>::new();
        for object in objects.iter().filter(|object| object["count"].is_u64()) {
            let stdout = object["outcome"]["stdout"].to_string();
            *counts.entry(stdout).or_default() += object["count"].as_u64().expect("a count");
        }
        counts
    };
    let without_speed = |mut objects: Vec<Value>| {
        let summary = objects.last_mut().expect("a summary");
        summary["summary"]["seconds"] = Value::Null;
        objects
    };
    let whole = explore(&[]);
    let threads = explore(&["--jobs", "3"]);
    assert_eq!(without_speed(whole.clone()), without_speed(threads));
    let parts = [
        explore(&["--shard", "1/2"]),
        explore(&["--shard", "2/2", "--jobs", "2"]),
    ];
    assert_eq!(counts(&whole), counts(&parts.concat()));
}

#[test]
fn a_program_without_choices_is_run_once_on_any_number_of_threads() {
    let place = Place::with(&[("p.m", "disp('x');\n")]);
    for jobs in ["1", "3"] {
        let ended = place.run(&["explore", "p.m", "--jobs", jobs]);
        ended.check(0, &[]);
        assert!(
            ended.stdout.contains("1 schedule run, these are all"),
            "{ended:#?}"
        );
    }
}

#[test]
fn five_hundred_schedules_are_the_same_in_two_processes() {
    let place = Place::with(&[]);
    let file = program("timers-files-input.m");
    let traces = |seed: &str, jobs: &str| {
        let choices = [
            "--seed",
            seed,
            "--schedules",
            "500",
            "--inject",
            "pending,delay,spurious",
        ];
        let fixed = ["explore", &file, "--format", "json", "--jobs", jobs];
        let ended = place.run(&[&fixed[..], &choices].concat());
        ended.check(0, &[]);
        let objects = lines(&ended);
        let summary = &objects.last().expect("a summary")["summary"];
        assert_eq!(summary["schedules"], 500);
        summary["traces"].clone()
    };
    assert_eq!(traces("1", "1"), traces("1", "1"));
    assert_eq!(traces("2", "1"), traces("2", "2"));
    assert_ne!(traces("1", "1"), traces("2", "1"));
}

#[test]
fn a_search_that_was_cut_short_is_no_pass() {
    let place = Place::with(&[]);
    let file = program("lost-update.m");
    let ended = place.run(&[
        "explore",
        &file,
        "--strategy",
        "exhaustive",
        "--schedules",
        "2",
    ]);
    ended.check(1, &[]);
    assert!(ended.stdout.contains("cut short"), "{ended:#?}");
    let in_no_time = place.run(&["explore", &file, "--time", "0", "--format", "json"]);
    in_no_time.check(0, &[]);
    let objects = lines(&in_no_time);
    assert_eq!(
        objects.last().expect("a summary")["summary"]["schedules"],
        1
    );
}

#[test]
fn folders_and_suites_are_explored_whole() {
    let suite = "cases:\n  - id: one\n    title: t\n    requires: [A1]\n    program: disp('x')\n    \
                 expect: {stdout: \"x\\n\"}\n  - id: two\n    title: t\n    requires: [A1]\n    program: \
                 disp('x')\n    explore: {strategy: exhaustive}\n    expect: {allowed: [{name: y, stdout: \
                 \"y\\n\"}, {name: x, stdout: \"x\\n\"}]}\n";
    let place = Place::with(&[]);
    std::fs::create_dir_all(place.path("all/deep")).expect("a folder");
    place.write("all/deep/s.yaml", suite.as_bytes());
    place.write("all/a.m", b"x = 1;\n");
    place.write("all/notes.txt", b"nothing\n");
    let ended = place.run(&["explore", "all"]);
    ended.check(1, &["never seen: the outcome `y`", "see it again: "]);
    assert!(ended.stdout.contains("1 of 3 targets failed"), "{ended:#?}");
    place.run(&["explore", "all/deep/s.yaml#one"]).check(0, &[]);
    std::fs::create_dir(place.path("empty")).expect("a folder");
    place
        .run(&["explore", "empty"])
        .check(2, &["nothing to run"]);
}

#[test]
fn a_corpus_is_explored_past_what_is_known_to_fail_and_what_is_not_built() {
    let case = |id: &str, more: &str| {
        format!(
            "  - id: {id}\n    title: t\n    requires: [A1]\n    program: disp('x')\n{more}    expect: \
             {{stdout: \"y\\n\"}}\n"
        )
    };
    let refused = case("two", "    world: {latency: {upload: 1}}\n");
    let suite = format!("cases:\n{}{refused}", case("one", ""));
    let place = Place::with(&[]);
    std::fs::create_dir(place.path("corpus")).expect("a folder");
    std::fs::create_dir(place.path("known")).expect("a folder");
    place.write("corpus/s.yaml", suite.as_bytes());
    place.write(
        "known/self.yaml",
        b"known:\n  - case: s/one\n    reason: not built\n",
    );
    place.run(&["explore", "corpus"]).check(
        0,
        &["known failure: not built", "corpus/s.yaml#two: skipped: "],
    );
    place
        .run(&["explore", "corpus/s.yaml#one"])
        .check(1, &["outcome: "]);
    place
        .run(&["explore", "corpus/s.yaml#two"])
        .check(2, &["`world.latency.upload` is not part of this version"]);
}

#[test]
fn every_witness_of_a_sweep_of_cancels_shows_its_outcome() {
    let suite = "cases:\n  - id: one\n    title: t\n    requires: [A1]\n    explore: {strategy: fifo}\n    \
                 world: {cancel: every_suspension}\n    program: |\n      yield_now();\n      disp('a');\n      \
                 yield_now();\n      disp('b');\n    expect:\n      allowed:\n        - {name: all, stdout: \
                 \"a\\nb\\n\"}\n        - {name: one, stdout: \"a\\n\", error: {identifier: \
                 'async:ExecutionCancelled'}}\n        - {name: none, stdout: '', error: {identifier: \
                 'async:ExecutionCancelled'}}\n      must_observe: all\n";
    let place = Place::with(&[("s.yaml", suite)]);
    let ended = place.run(&["explore", "s.yaml", "--format", "json"]);
    ended.check(0, &[]);
    let objects = lines(&ended);
    let (_, outcomes) = objects.split_last().expect("a summary");
    assert_eq!(outcomes.len(), 3);
    for outcome in outcomes {
        let command = outcome["replay"]
            .as_str()
            .expect("a command")
            .replace('\'', "");
        let words: Vec<&str> = command.split(' ').skip(1).collect();
        assert_eq!(
            place.run(&words).stdout,
            outcome["outcome"]["stdout"],
            "{command}"
        );
    }
}

#[test]
fn mistakes_exit_2_and_name_what_there_is() {
    let place = Place::with(&[("p.m", "x = 1;\n"), ("bad.m", "end\n")]);
    let check = |arguments: &[&str], parts: &[&str]| {
        place
            .run(&[&["explore"][..], arguments].concat())
            .check(2, parts);
    };
    check(&[], &["<TARGET>"]);
    check(&["none.m"], &["none.m:1:1: error: "]);
    check(&["p.m", "bad.m"], &["bad.m:1:1"]);
    check(
        &["p.m", "--strategy", "best"],
        &["no strategy `best`", "`fifo`, `random`, `urw`"],
    );
    check(&["p.m", "--schedules", "0"], &["--schedules"]);
    check(&["p.m", "--time", "now"], &["a number of seconds"]);
    check(&["p.m", "--jobs", "0"], &["--jobs"]);
    check(&["p.m", "--shard", "3/2"], &["1/4"]);
    check(
        &["p.m", "--strategy", "exhaustive", "--shard", "1/2"],
        &["one piece", "help: "],
    );
    check(
        &["p.m", "--strategy", "exhaustive", "--jobs", "2"],
        &["one piece", "help: "],
    );
    check(&["p.m", "--out", "p.m/below"], &["cannot make this folder"]);
}

#[test]
fn a_closed_reader_is_no_failure() {
    let place = Place::with(&[]);
    let mut child = place
        .command(&["explore", &program("lost-update.m")])
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .expect("the command runs");
    drop(child.stdout.take());
    let ended = Ended::of(child.wait_with_output().expect("it ends"));
    ended.check(0, &[]);
}
