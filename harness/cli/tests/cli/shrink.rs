//! `tourbillon shrink`.

use crate::{Place, program};

/// Fails only when the second task comes first, and has much that plays no part in it.
const ORDER: &str = "\
% Who is last?
m = containers.Map();
m('last') = 0;
unused = 1:10;
tasks = {};
for k = 1:4
  tasks{k} = spawn(write(m, k));
end
await_all(tasks{:});
if m('last') == 2
  error('who:second', 'The second was last.');
end

% Writes its number.
async function write(m, k)
  for i = 1:3
    yield_now();
  end
  m('last') = k;
end
";

/// A folder with the recording of a random run of [`ORDER`] that fails, and its name.
fn recorded() -> (Place, String) {
    let place = Place::with(&[("p.m", ORDER)]);
    let found = place.run(&["explore", "p.m", "--schedules", "50", "--out", "found"]);
    found.check(1, &["who:second"]);
    let names = std::fs::read_dir(place.path("found")).expect("a folder");
    let mut names: Vec<String> = names
        .map(|entry| format!("found/{}", entry.expect("a file").file_name().display()))
        .filter(|name| place.read(name).contains("failure:"))
        .collect();
    names.sort();
    let name = names.swap_remove(0);
    (place, name)
}

#[test]
fn a_recording_shrinks_replays_and_stays_as_it_is() {
    let (place, name) = recorded();
    let before = place.read(&name);
    let ended = place.run(&["shrink", &name, "-o", "small.yaml"]);
    ended.check(
        0,
        &[
            "error: who:second: The second was last.",
            "see it again: tourbillon replay small.yaml",
        ],
    );
    for part in [
        "before   after",
        "statements",
        "no single choice can go",
        "error('who:second', 'The second was last.');",
        "left production's order",
    ] {
        assert!(ended.stdout.contains(part), "no {part:?} in {ended:#?}");
    }
    assert_eq!(place.read(&name), before, "what was given is as it was");
    let small = place.read("small.yaml");
    assert!(!small.contains("unused"), "{small}");
    place
        .run(&["replay", "small.yaml"])
        .check(1, &["reproduced: error: who:second"]);

    // A second time there is nothing to do; to the file itself, when it is asked for.
    let again = place.run(&[
        "shrink",
        "small.yaml",
        "-o",
        "small.yaml",
        "--format",
        "json",
    ]);
    again.check(0, &[]);
    assert_eq!(place.read("small.yaml"), small);
    let value: serde_json::Value = serde_json::from_str(&again.stdout).expect("one object");
    assert_eq!(value["before"]["choices"], value["after"]["choices"]);
    assert_eq!(value["before"]["statements"], value["after"]["statements"]);
    assert_eq!(value["finished"], true);
    assert_eq!(value["replay"], "tourbillon replay small.yaml");
    assert_eq!(value["failure"]["kind"], "error");
    // Nothing but the recordings is left in the folder.
    let files = std::fs::read_dir(place.path("")).expect("a folder").count();
    assert_eq!(files, 3);
}

#[test]
fn the_tape_alone_leaves_the_program() {
    let (place, name) = recorded();
    let ended = place.run(&[
        "shrink",
        &name,
        "-o",
        "t.yaml",
        "--tape-only",
        "--format",
        "json",
    ]);
    ended.check(0, &[]);
    let value: serde_json::Value = serde_json::from_str(&ended.stdout).expect("one object");
    let number = |of: &str, what: &str| value[of][what].as_u64().expect("a number");
    assert!(
        number("after", "choices") < number("before", "choices"),
        "{value}"
    );
    assert_eq!(
        number("after", "statements"),
        number("before", "statements")
    );
    assert_eq!(value["proof"]["choices"], value["after"]["choices"]);
    assert!(place.read("t.yaml").contains("unused"));
}

#[test]
fn a_case_says_what_is_allowed() {
    let suite = "\
cases:
  - id: both
    title: Both orders are shown
    requires: [C3]
    program: |
      x = 1;
      a = spawn(say('a'));
      b = spawn(say('b'));
      await_all(a, b);
      async function say(text)
        yield_now();
        fprintf('%s', text);
      end
    expect: {stdout: ab}
";
    let place = Place::with(&[("s.yaml", suite)]);
    place
        .run(&[
            "explore",
            "s.yaml#both",
            "--schedules",
            "50",
            "--out",
            "found",
        ])
        .check(1, &["outcome"]);
    let names = std::fs::read_dir(place.path("found")).expect("a folder");
    let name = names
        .map(|entry| format!("found/{}", entry.expect("a file").file_name().display()))
        .find(|name| place.read(name).contains("failure:"))
        .expect("a failure");
    for case in [&["--case", "s.yaml#both"][..], &[]] {
        let mut arguments = vec!["shrink", &name, "-o", "small.yaml"];
        arguments.extend(case);
        place.run(&arguments).check(0, &["outcome: stdout"]);
        let small = place.read("small.yaml");
        assert!(!small.contains("x = 1"), "{small}");
        assert!(small.contains("fprintf(text)"), "{small}");
        place
            .run(&["replay", "small.yaml"])
            .check(1, &["reproduced: outcome"]);
    }
}

#[test]
fn what_cannot_be_shrunk_is_refused_and_nothing_is_written() {
    let place = Place::with(&[]);
    let file = program("lost-update.m");
    place
        .run(&["sim", &file, "--tape", "1=1", "--record", "r.yaml"])
        .check(0, &[]);
    let check = |name: &str, code, parts: &[&str]| {
        place
            .run(&["shrink", name, "-o", "s.yaml"])
            .check(code, parts);
        assert!(!place.path("s.yaml").exists());
    };
    check(
        "r.yaml",
        2,
        &[
            "r.yaml:1:1: error: the recording holds no failure",
            "help: ",
        ],
    );
    check("none.yaml", 2, &["none.yaml:1:1: error: cannot read"]);

    let failure = "failure: {kind: error, summary: 'a:b: no'}\nchoices:";
    let text = place.read("r.yaml").replace("choices:", failure);
    place.write("p.yaml", text.as_bytes());
    check(
        "p.yaml",
        1,
        &[
            "did not come again: error: a:b: no",
            "see it again: tourbillon replay p.yaml",
        ],
    );
    let other = text.replace("run: main/bump#1", "run: main/bump#9");
    place.write("d.yaml", other.as_bytes());
    check(
        "d.yaml",
        3,
        &["d.yaml: error: choice 1: the recording runs main/bump#9"],
    );
    let cut: String = text
        .lines()
        .filter(|line| !line.contains("tier:"))
        .collect::<Vec<_>>()
        .join("\n");
    let cut = cut.replace("namespace: matlab", "namespace: other");
    place.write("b.yaml", cut.as_bytes());
    check("b.yaml", 2, &["b.yaml:1:1: error: `session`", "help: "]);
    place.run(&["shrink", "r.yaml"]).check(2, &["--out"]);
}

#[test]
fn an_unwritable_place_is_named() {
    let (place, name) = recorded();
    place
        .run(&["shrink", &name, "-o", "none/small.yaml", "-q"])
        .check(2, &["none/small.yaml:1:1: error: cannot write", "help: "]);
    place
        .run(&["shrink", &name, "-o", "found", "-q"])
        .check(2, &["found:1:1: error: cannot write"]);
}

#[test]
fn without_time_the_smallest_so_far_is_written() {
    let (place, name) = recorded();
    let ended = place.run(&["shrink", &name, "-o", "s.yaml", "--time", "0"]);
    ended.check(0, &[]);
    assert!(
        ended.stdout.contains("stopped: more might go"),
        "{ended:#?}"
    );
    place
        .run(&["replay", "s.yaml"])
        .check(1, &["reproduced: error: who:second"]);
}

#[test]
fn a_line_stands_for_its_recording() {
    let (place, name) = recorded();
    let shown = place.run(&["show", &name, "--line"]);
    shown.check(0, &[]);
    let line = shown.stdout.trim_end();
    assert!(
        line.starts_with("tourbillon:1:") && !line.contains('\n'),
        "{line}"
    );
    let again = format!("see it again: tourbillon replay {line}");
    place
        .run(&["replay", line])
        .check(1, &["reproduced: error: who:second", &again]);
    let small = place.run(&["shrink", line, "-o", "small.yaml", "--tape-only"]);
    small.check(0, &["tourbillon replay small.yaml"]);
    let json = place.run(&["show", line, "--format", "json"]);
    json.check(0, &[]);
    let value: serde_json::Value = serde_json::from_str(&json.stdout).expect("one object");
    assert_eq!(value["failure"]["kind"], "error");
    // In a file as well, and a part of it nowhere.
    place.write("line.txt", shown.stdout.as_bytes());
    place.run(&["show", "line.txt"]).check(0, &[]);
    let part = &line[..line.len() / 2];
    place.run(&["replay", part]).check(
        2,
        &[
            "tourbillon:1:",
            "…:1:1: error: this is not a whole recording",
            "help: ",
        ],
    );
    place
        .run(&["replay", "tourbillon:9:abc"])
        .check(2, &["format `9`"]);
}
