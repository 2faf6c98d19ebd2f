//! `tourbillon replay` and `show`.

use crate::{Place, program};

/// A folder with the recording of the run in which no update is lost: it has one choice.
fn recorded() -> Place {
    let place = Place::with(&[]);
    let file = program("lost-update.m");
    let made = place.run(&["sim", &file, "--tape", "1=1", "--record", "r.yaml"]);
    made.check(0, &[]);
    place
}

/// The recording with a part of its text replaced, which must be there.
fn edited(place: &Place, old: &str, new: &str) {
    let text = place.read("r.yaml");
    assert!(text.contains(old), "no {old:?} in {text}");
    place.write("e.yaml", text.replace(old, new).as_bytes());
}

#[test]
fn an_impossible_choice_exits_3_and_names_the_step() {
    let place = recorded();
    edited(&place, "run: main/bump#1", "run: main/bump#9");
    let ended = place.run(&["replay", "e.yaml"]);
    ended.check(
        3,
        &["e.yaml: error: choice 1: the recording runs main/bump#9, but only main/bump#2 and main/bump#1 are ready"],
    );
    let json = place.run(&["replay", "e.yaml", "--format", "json"]);
    json.check(3, &[]);
    assert!(json.stdout.contains("\"replay\":\"diverged\""), "{json:#?}");
}

#[test]
fn lenient_replay_skips_what_cannot_be_and_says_so() {
    let place = recorded();
    edited(&place, "run: main/bump#1", "run: main/bump#9");
    let ended = place.run(&["replay", "e.yaml", "--lenient"]);
    ended.check(0, &["skipped: choice 1"]);
    assert_eq!(ended.stdout, "1\n");
}

#[test]
fn a_changed_program_diverges_or_realigns() {
    let place = recorded();
    let other = program("deadlock.m");
    let strict = place.run(&["replay", "r.yaml", "--program", &other]);
    let again = format!("tourbillon replay r.yaml --program {other}");
    strict.check(3, &["choice ", "not the one that was recorded", &again]);
    // Lenient: the deadlock of the other program is a failure, shown again the same way.
    let lenient = place.run(&["replay", "r.yaml", "--program", &other, "--lenient"]);
    lenient.check(1, &[&format!("{again} --lenient")]);
    let other = program("lost-update-fixed.m");
    let lenient = place.run(&["replay", "r.yaml", "--program", &other, "--lenient"]);
    lenient.check(0, &["no failure"]);
    assert_eq!(lenient.stdout, "2\n");
}

#[test]
fn an_outcome_that_an_oracle_refused_is_reproduced_by_the_same_run() {
    let place = recorded();
    let failure =
        "failure: {kind: outcome, summary: 'the production schedule gives 1', step: 1}\nchoices:";
    edited(&place, "choices:", failure);
    let ended = place.run(&["replay", "e.yaml"]);
    ended.check(1, &["reproduced: outcome: the production schedule gives 1"]);
    // Of a mended program nobody here can tell, so only what replay itself can see counts.
    let fixed = program("lost-update-fixed.m");
    let mended = place.run(&["replay", "e.yaml", "--program", &fixed, "--lenient"]);
    mended.check(0, &["did not come again"]);
}

#[test]
fn what_is_no_whole_recording_exits_2_with_its_place() {
    let place = recorded();
    let text = place.read("r.yaml");
    // Cut off anywhere, it is refused and not replayed in part.
    for part in 1..8 {
        place.write("t.yaml", &text.as_bytes()[..text.len() * part / 8]);
        place
            .run(&["replay", "t.yaml"])
            .check(2, &["t.yaml:", "help: "]);
    }
    let check = |bytes: &[u8], parts: &[&str]| {
        place.write("g.yaml", bytes);
        place.run(&["replay", "g.yaml"]).check(2, parts);
        place.run(&["show", "g.yaml"]).check(2, parts);
    };
    check(b"", &["g.yaml:1:1: error: "]);
    check(b"\x7fELF\x02\xff\xfe", &["g.yaml:1:", "not UTF-8"]);
    check(b"cases: []\n", &["g.yaml:1:", "no recording"]);
    check(b"{]\n", &["g.yaml:1:"]);
    edited(&place, "trace_hash:", "trace_hsah:");
    place
        .run(&["replay", "e.yaml"])
        .check(2, &["e.yaml:", "trace_hsah"]);
    edited(&place, "tier: dynamic", "tier: dynamo");
    place
        .run(&["replay", "e.yaml"])
        .check(2, &["e.yaml:", "dynamo"]);
    place
        .run(&["replay", "none.yaml"])
        .check(2, &["none.yaml:1:1: error: cannot read"]);
    place.run(&["replay"]).check(2, &["<RECORDING>"]);
}

#[test]
fn a_recorded_failure_that_comes_again_exits_1() {
    let place = Place::with(&[("p.m", "error('a:b', 'no');\n")]);
    place
        .run(&["sim", "p.m", "--record", "f.yaml"])
        .check(1, &["see it again: tourbillon replay f.yaml"]);
    place.run(&["replay", "f.yaml"]).check(
        1,
        &[
            "reproduced: error: a:b: no",
            "see it again: tourbillon replay f.yaml",
        ],
    );
    place.write("p.m", b"x = 1;\n");
    place
        .run(&["replay", "f.yaml", "--program", "p.m", "--lenient"])
        .check(0, &["did not come again"]);
}

#[test]
fn the_worst_of_several_recordings_is_the_verdict() {
    let place = recorded();
    edited(&place, "run: main/bump#1", "run: main/bump#9");
    let ended = place.run(&["replay", "r.yaml", "e.yaml"]);
    ended.check(3, &["r.yaml: same run", "e.yaml: error: choice 1"]);
}

#[test]
fn a_replay_stops_where_until_says() {
    let place = recorded();
    let ended = place.run(&["replay", "r.yaml", "--until", "3", "--trace"]);
    ended.check(0, &["stopped: 3 steps"]);
    assert!(ended.stdout.contains("main/bump#1"), "{ended:#?}");
    assert!(!ended.stdout.contains("2\n\n"), "{ended:#?}");
    place
        .run(&["replay", "r.yaml", "--until", "0"])
        .check(2, &["--until"]);
}

#[test]
fn a_recording_is_shown_to_people_and_programs() {
    let place = recorded();
    let ended = place.run(&["show", "r.yaml"]);
    ended.check(0, &[]);
    for part in [
        "lost-update.m",
        "seen = m('n');",
        "runs main/bump#1  not main/bump#2",
    ] {
        assert!(ended.stdout.contains(part), "{ended:#?}");
    }
    let json = place.run(&["show", "r.yaml", "--format", "json"]);
    json.check(0, &[]);
    let value: serde_json::Value = serde_json::from_str(&json.stdout).expect("one object");
    assert_eq!(value["choices"][0]["run"], "main/bump#1");
    for option in ["--html", "--perfetto"] {
        place
            .run(&["show", "r.yaml", option, "out"])
            .check(2, &["not part of this version", "help: "]);
    }
}
