//! `tourbillon conformance`.

use crate::Place;
use serde_json::Value;

const GOOD: &str = "cases:\n  - id: one\n    title: t\n    requires: [A1]\n    program: disp('x')\n    \
                    expect: {stdout: \"x\\n\"}\n";
const BAD: &str = "cases:\n  - id: two\n    title: t\n    requires: [A2]\n    program: disp('x')\n    \
                   expect: {stdout: \"y\\n\"}\n";

/// A project with a corpus of one good and one failing case.
fn project() -> Place {
    let place = Place::with(&[]);
    std::fs::create_dir_all(place.path("conformance/corpus/group")).expect("a folder");
    place.write("conformance/corpus/good.yaml", GOOD.as_bytes());
    place.write("conformance/corpus/group/bad.yaml", BAD.as_bytes());
    place
}

#[test]
fn the_table_is_for_people_and_failures_end_with_their_command() {
    let place = project();
    let ended = place.run(&["conformance"]);
    ended.check(1, &[]);
    for part in [
        "suite      cases  passed  failed  known  schedules  outcomes",
        "group/bad      1       0       1",
        "A case is a program with the outcomes it may have",
        "see it again: tourbillon explore 'conformance/corpus/group/bad.yaml#two'",
        "1 of 2 cases passed, 1 failed; 2 schedules in ",
    ] {
        assert!(ended.stdout.contains(part), "no {part:?} in {ended:#?}");
    }
    let again = place.run(&["explore", "conformance/corpus/group/bad.yaml#two"]);
    again.check(1, &["outcome: "]);
    let quiet = place.run(&["conformance", "--quiet"]);
    assert!(!quiet.stdout.contains("A case is"), "{quiet:#?}");
    assert!(quiet.stdout.contains("fail group/bad/two"), "{quiet:#?}");
}

#[test]
fn json_is_one_object_for_each_case_and_a_summary() {
    let place = project();
    let ended = place.run(&["conformance", "--format", "json", "--jobs", "2"]);
    ended.check(1, &[]);
    let objects: Vec<Value> = ended
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).expect("an object"))
        .collect();
    assert_eq!(objects.len(), 3);
    for key in [
        "id",
        "status",
        "schedules",
        "exhausted",
        "outcomes",
        "reason",
        "replay",
    ] {
        assert!(objects[0].get(key).is_some(), "no {key}");
    }
    assert_eq!(
        (&objects[0]["id"], &objects[0]["status"]),
        (&"good/one".into(), &"pass".into())
    );
    assert_eq!(
        (&objects[1]["id"], &objects[1]["status"]),
        (&"group/bad/two".into(), &"fail".into())
    );
    let summary = &objects[2]["summary"];
    assert_eq!(
        (&summary["passed"], &summary["failed"], &summary["skipped"]),
        (&1.into(), &1.into(), &0.into())
    );
}

#[test]
fn paths_and_filters_choose_cases_and_no_case_is_a_failure() {
    let place = project();
    let check = |arguments: &[&str], code: i32| {
        let ended = place.run(&[&["conformance"][..], arguments].concat());
        ended.check(code, &[]);
        ended
    };
    check(&["conformance/corpus/good.yaml"], 0);
    check(&["conformance/corpus/good.yaml#one"], 0);
    check(&["conformance/corpus/group"], 1);
    check(&["--filter", "^good/"], 0);
    let none = check(&["--filter", "^nothing$"], 1);
    assert!(none.stderr.contains("no case was run"), "{none:#?}");
    let again = "tourbillon conformance conformance/corpus --filter '^nothing$'";
    assert!(none.stderr.contains(again), "{none:#?}");
}

#[test]
fn known_failures_are_expected_until_they_pass() {
    let place = project();
    std::fs::create_dir(place.path("conformance/known")).expect("a folder");
    let known = |case: &str| {
        let text = format!("known:\n  - case: {case}\n    reason: not built\n");
        place.write("conformance/known/self.yaml", text.as_bytes());
        place.run(&["conformance"])
    };
    known("group/bad/two").check(0, &[]);
    let passes = known("good/one");
    passes.check(1, &[]);
    assert!(passes.stdout.contains("xpass good/one"), "{passes:#?}");
    known("good/none").check(
        2,
        &["conformance/known/self.yaml:2:11", "no case `good/none`"],
    );
}

#[test]
fn the_coverage_is_written_where_it_is_wanted() {
    let place = project();
    place
        .run(&["conformance", "--report", "c.md"])
        .check(1, &[]);
    assert!(place.read("c.md").contains("`group/bad/two`"));
    place
        .run(&["conformance", "--report", "c.json"])
        .check(1, &[]);
    let value: Value = serde_json::from_str(&place.read("c.json")).expect("an object");
    assert_eq!(value["covered"], 2);
    place
        .run(&["conformance", "--report", "no/c.md"])
        .check(2, &["cannot write this file"]);
}

#[test]
fn mistakes_exit_2() {
    let place = project();
    let check = |arguments: &[&str], parts: &[&str]| {
        place
            .run(&[&["conformance"][..], arguments].concat())
            .check(2, parts);
    };
    check(
        &["none"],
        &["none:1:1: error: there is no such file", "help: "],
    );
    check(&["--filter", "("], &["--filter"]);
    check(&["--bless"], &["not part of this version", "help: "]);
    check(
        &["--tier", "embedded", "--engine", "octave"],
        &["of the engine `self`", "help: "],
    );
    check(&["--engine", "runmat"], &["`native` and `octave`"]);
    check(&["conformance/corpus/good.yaml#two"], &["no case `two`"]);
    place.write("conformance/corpus/odd.yaml", b"cases:\n  - id: Odd\n");
    check(&[], &["odd.yaml:2:", "error: ", "help: "]);
    Place::with(&[])
        .run(&["conformance"])
        .check(2, &["conformance/corpus:1:1: error: "]);
}

#[test]
fn cases_with_one_outcome_run_natively_and_others_say_why_not() {
    let suite = "cases:\n  - id: one\n    title: t\n    requires: [F7]\n    program: |\n      \
                 pause(0.1); fprintf('%s', fileread('a.txt'));\n    world: {disk: {a.txt: text}}\n    \
                 expect: {stdout: text, virtual_time: 0.1}\n  - id: two\n    title: t\n    requires: [F7]\n    \
                 program: fprintf('%s', fileread('a.txt'))\n    world: {faults: [{op: read, error: 'io:Failed'}]}\n    \
                 expect: {error: {identifier: 'io:Failed'}}\n";
    let place = Place::with(&[("s.yaml", suite)]);
    let ended = place.run(&[
        "conformance",
        "s.yaml",
        "--engine",
        "native",
        "--format",
        "json",
    ]);
    ended.check(0, &[]);
    let objects: Vec<serde_json::Value> = ended
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    assert_eq!(objects[0]["status"], "pass", "{ended:#?}");
    assert_eq!(objects[1]["status"], "skip", "{ended:#?}");
    assert_eq!(objects[1]["reason"], "its world states faults");
    assert_eq!(objects[2]["summary"]["engine"], "native");
    let wrong = suite.replace("stdout: text", "stdout: other");
    place.write("s.yaml", wrong.as_bytes());
    let ended = place.run(&["conformance", "s.yaml", "--engine", "native"]);
    ended.check(1, &[]);
    assert!(ended.stdout.contains("natively"), "{ended:#?}");
}
