//! `tourbillon sim`.

use crate::{Place, program};

const KEYS: [&str; 10] = [
    "stdout",
    "error",
    "diagnostics",
    "values",
    "virtual_time",
    "steps",
    "choices",
    "trace_hash",
    "verdict",
    "ledger",
];

#[test]
fn json_is_one_object_with_the_keys_of_the_contract() {
    let place = Place::with(&[]);
    let ended = place.run(&[
        "sim",
        &program("lost-update.m"),
        "--format",
        "json",
        "--seed",
        "3",
    ]);
    ended.check(0, &[]);
    let result: serde_json::Value = serde_json::from_str(&ended.stdout).expect("one object");
    let keys: Vec<&str> = result
        .as_object()
        .expect("an object")
        .keys()
        .map(String::as_str)
        .collect();
    assert_eq!(keys, KEYS);
    assert_eq!(result["verdict"], "pass");
    assert_eq!(result["error"], serde_json::Value::Null);
    assert_eq!(result["ledger"]["tasks"], 0);
    assert_eq!(result["trace_hash"].as_str().map(str::len), Some(16));
}

#[test]
fn a_failure_exits_1_and_ends_with_the_command_that_shows_it_again() {
    let place = Place::with(&[("p.m", "p = promise();\nawait(p);\n")]);
    let ended = place.run(&["sim", "p.m", "--seed", "4"]);
    ended.check(1, &["async:Deadlock", "p.m:2:1"]);
    let last = ended.stderr.lines().last().expect("a line");
    assert_eq!(last, "see it again: tourbillon sim p.m --seed 4");
    let json = place.run(&["sim", "p.m", "--format", "json"]);
    json.check(1, &[]);
    let result: serde_json::Value = serde_json::from_str(&json.stdout).expect("one object");
    assert_eq!(result["verdict"], "deadlock");
    assert_eq!(result["error"]["identifier"], "async:Deadlock");
}

#[test]
fn two_processes_make_the_same_run_and_other_seeds_make_others() {
    let place = Place::with(&[]);
    let file = program("timers-files-input.m");
    let run = |seed: &str| {
        let inject = "pending,delay,spurious";
        let ended = place.run(&[
            "sim", &file, "--seed", seed, "--inject", inject, "--format", "json",
        ]);
        ended.check(0, &[]);
        ended.stdout
    };
    let mut different = std::collections::BTreeSet::new();
    for seed in ["0", "1", "2", "3", "4", "5", "6", "7"] {
        let one = run(seed);
        assert_eq!(one, run(seed), "seed {seed}");
        different.insert(one);
    }
    assert!(different.len() > 1, "all seeds make one run");
}

#[test]
fn a_tape_makes_the_choices_it_says() {
    let place = Place::with(&[]);
    let file = program("lost-update.m");
    let stdout = |arguments: &[&str]| {
        let ended = place.run(&[&["sim", &file][..], arguments].concat());
        ended.check(0, &[]);
        ended.stdout
    };
    assert_eq!(stdout(&["--strategy", "fifo"]), "1\n");
    assert_eq!(stdout(&["--tape", "1=1"]), "2\n");
    let wrong = |tape: &str, part: &str| {
        place.run(&["sim", &file, "--tape", tape]).check(2, &[part]);
    };
    wrong("x", "AT=PICK");
    wrong("0=77", "no such schedule");
}

#[test]
fn the_trace_names_tasks_by_their_labels() {
    let place = Place::with(&[]);
    let ended = place.run(&["sim", &program("lost-update.m"), "--trace"]);
    ended.check(0, &[]);
    assert!(ended.stdout.contains("main/bump#2"), "{ended:#?}");
}

#[test]
fn a_recording_of_a_run_replays() {
    let place = Place::with(&[]);
    let file = program("timers-files-input.m");
    let recorded = place.run(&[
        "sim", &file, "--seed", "5", "--record", "r.yaml", "--format", "json",
    ]);
    recorded.check(0, &[]);
    let replayed = place.run(&["replay", "r.yaml", "--format", "json"]);
    replayed.check(0, &[]);
    let hash = |text: &str| {
        let value: serde_json::Value = serde_json::from_str(text).expect("one object");
        value["trace_hash"].clone()
    };
    assert_eq!(hash(&recorded.stdout), hash(&replayed.stdout));
    // An absolute path of this machine has no place in a bug report.
    assert!(!place.read("r.yaml").contains(&file));
}

#[test]
fn cases_are_judged_by_what_they_allow() {
    let suite = "cases:\n  - id: one\n    title: t\n    requires: [A1]\n    program: disp('x')\n    \
                 expect: {stdout: \"x\\n\"}\n  - id: two\n    title: t\n    requires: [A1]\n    program: \
                 disp('x')\n    expect: {stdout: \"y\\n\"}\n";
    let place = Place::with(&[("s.yaml", suite)]);
    place.run(&["sim", "s.yaml#one"]).check(0, &["pass"]);
    let failed = place.run(&["sim", "s.yaml#two"]);
    failed.check(
        1,
        &["outcome: ", "see it again: tourbillon sim 's.yaml#two'"],
    );
    let json = place.run(&["sim", "s.yaml#two", "--format", "json"]);
    assert!(json.stdout.contains("\"verdict\":\"outcome\""), "{json:#?}");
    place
        .run(&["sim", "s.yaml"])
        .check(2, &["names 2 programs", "'s.yaml#one'"]);
    place
        .run(&["sim", "s.yaml#three"])
        .check(2, &["no case `three`", "`two`"]);
}

#[test]
fn mistakes_exit_2_with_their_place() {
    let place = Place::with(&[
        ("bad.m", "x = (1 + ;\n"),
        ("bad.yaml", "cases:\n  - id: one\n    titel: t\n"),
        ("good.m", "x = 1;\n"),
    ]);
    let check = |arguments: &[&str], parts: &[&str]| {
        place
            .run(&[&["sim"][..], arguments].concat())
            .check(2, parts);
    };
    check(&["bad.m"], &["bad.m:1:10"]);
    check(&["bad.yaml#one"], &["bad.yaml:3:", "did you mean `title`?"]);
    check(
        &["none.m"],
        &["none.m:1:1: error: cannot read this file", "help: "],
    );
    check(&["good.txt"], &["neither a program nor a case", "help: "]);
    check(
        &["good.m", "--strategy", "best"],
        &["no strategy `best`", "`fifo`, `random`, `urw`"],
    );
    check(&["good.m", "--inject", "dorp"], &["no injection `dorp`"]);
    check(
        &["good.m", "--inject", "bugs"],
        &["there is no injection `bugs`"],
    );
    check(&["good.m", "--seed", "x"], &["--seed"]);
    check(&["good.m", "--strategy", "fifo", "--run", "1"], &["--run"]);
    check(
        &["good.m", "--record", "no/such/folder/r.yaml"],
        &["cannot write this file"],
    );
}

#[test]
fn a_spent_budget_is_told_with_those_who_spun() {
    let spin = "f = spawn(spin()); await(f);\n\
                async function spin(), while true, yield_now(); end, end\n";
    let place = Place::with(&[("p.m", spin)]);
    let ended = place.run(&["sim", "p.m", "--strategy", "fifo"]);
    ended.check(
        1,
        &[
            "all steps are spent, the last ones by main/spin#1",
            "main/spin#1 took 256 of the last steps",
        ],
    );
}

#[test]
fn stuck_programs_are_explained() {
    const STUCK: &str = "p = promise();
t = spawn(waits(p));
clear p
await(t);
async function waits(p)
  await(p);
end
";
    let place = Place::with(&[("stuck.m", STUCK)]);
    let parts = [
        "missing completion: main waits for main/waits#1, which waits for promise #2 of main",
        "main let go of it last after stuck.m:3:1 in main",
        "at stuck.m:6:3 in waits",
    ];
    place.run(&["sim", "stuck.m"]).check(1, &parts);
    let explored = place.run(&["explore", "stuck.m", "--schedules", "5", "--out", "r"]);
    explored.check(1, &parts);
    let file = explored
        .stderr
        .lines()
        .find_map(|line| line.strip_prefix("see it again: tourbillon replay "))
        .expect("a recording");
    place.run(&["replay", file]).check(1, &parts);
    for command in [
        &["sim", "stuck.m", "--format", "json"][..],
        &["explore", "stuck.m", "--schedules", "5", "--format", "json"],
        &["replay", file, "--format", "json"],
    ] {
        let ended = place.run(command);
        let lines = ended.stdout.lines();
        let mut values = lines.map(serde_json::from_str::<serde_json::Value>);
        let first = values.next().expect("a line").expect("JSON");
        assert_eq!(first["stuck"]["class"], "missing-completion", "{ended:#?}");
        assert_eq!(first["stuck"]["tasks"][1]["task"], "main/waits#1");
    }
}
