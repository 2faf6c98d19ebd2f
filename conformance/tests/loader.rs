//! The loader refuses what is not a case, at the exact place and with the mend.

use std::path::Path;

use tourbillon_conformance::parse_suite;

/// A good case, whose lines the tables below replace by number.
const GOOD: &str = "\
cases:
  - id: one
    title: A title
    requires: [C3, D17]
    program: |
      x = 1;
    explore: {strategy: exhaustive}
    expect:
      allowed:
        - {name: a, stdout: \"1\\n\"}
        - {name: b, stdout: \"2\\n\"}
";

fn shown(text: &str) -> String {
    match parse_suite(text, Path::new("s.yaml"), "s") {
        Ok(_) => "loads".into(),
        Err(errors) => errors
            .iter()
            .map(|error| {
                let message = error.message.split(": ").collect::<Vec<_>>();
                // The path in front of serde's messages is checked once, below.
                let message = if message[0].starts_with("cases") && message.len() > 1 {
                    message[1..].join(": ")
                } else {
                    error.message.clone()
                };
                let help = error.help.as_deref().unwrap_or("no help");
                format!("{}:{}: {message} ({help})", error.line, error.column)
            })
            .collect::<Vec<_>>()
            .join("\n"),
    }
}

fn check_text(text: &str, expected: &str) {
    assert_eq!(shown(text), expected, "in\n{text}");
}

/// Replaces line `number` (from 1) of the good case.
fn check(number: usize, line: &str, expected: &str) {
    let mut lines: Vec<&str> = GOOD.lines().collect();
    lines[number - 1] = line;
    check_text(&(lines.join("\n") + "\n"), expected);
}

/// Adds lines to the end of the good case's keys, before `expect`.
fn check_with(lines: &str, expected: &str) {
    check_text(
        &GOOD.replace("    expect:", &format!("{lines}\n    expect:")),
        expected,
    );
}

/// Replaces the whole expectation.
fn check_expect(lines: &str, expected: &str) {
    let (before, _) = GOOD
        .split_once("    expect:")
        .expect("the good case has one");
    check_text(&format!("{before}{lines}\n"), expected);
}

#[test]
fn the_good_case_loads() {
    check_text(GOOD, "loads");
}

#[test]
fn keys_are_known_and_given_once() {
    check(
        3,
        "    titel: A title",
        "3:5: unknown field `titel`, expected one of `id`, `title`, `requires`, `program`, `files`, `session`, `world`, `explore`, `engines`, `expect` (did you mean `title`?)",
    );
    check(
        7,
        "    explore: {stratgy: fifo}",
        "7:15: unknown field `stratgy`, expected one of `strategy`, `schedules`, `inject`, `max_schedules`, `chaos` (did you mean `strategy`?)",
    );
    check(
        10,
        "        - {name: a, stdot: x}",
        "10:21: unknown field `stdot`, expected one of `name`, `stdout`, `values`, `error`, `diagnostics`, `virtual_time`, `deadlock`, `budget`, `dropped` (did you mean `stdout`?)",
    );
    check(
        1,
        "case:",
        "1:1: unknown field `case`, expected `cases` (did you mean `cases`?)",
    );
    check(
        3,
        "    requires: [C3]",
        "4:5: the key `requires` stands twice (keep one of them)",
    );
    check(
        2,
        "  - idd: one",
        "2:5: unknown field `idd`, expected one of `id`, `title`, `requires`, `program`, `files`, `session`, `world`, `explore`, `engines`, `expect` (did you mean `id`?)",
    );
    check(
        3,
        "    # no title",
        "2:5: missing field `title` (add `title`)",
    );
    check_with(
        "    world: {disk: {a: x, a: y}}",
        "8:26: the key `a` stands twice (keep one of them)",
    );
    check_with(
        "    world:\n      latency: {read: 1, rite: 2}",
        "9:26: unknown variant `rite`, expected one of `read`, `write`, `exists`, `delete`, `http`, `upload`, `readback` (did you mean `write`?)",
    );
}

#[test]
fn ids_are_well_formed_and_unique() {
    check(
        2,
        "  - id: ''",
        "2:9: an id is never empty (lower-case words and digits joined by `-`, for example `order-is-kept`)",
    );
    check(
        2,
        "  - id: Two Words",
        "2:9: `Two Words` is no case id (lower-case words and digits joined by `-`, for example `order-is-kept`)",
    );
    check(
        2,
        "  - id: 5",
        "2:9: invalid type: integer `5`, expected a case id (no help)",
    );
    let again = GOOD.replace("cases:\n", "");
    check_text(
        &format!("{GOOD}{again}"),
        "12:9: the id `one` is used already, at line 2 (ids are never reused, in the whole corpus: give the case a name of its own)",
    );
}

#[test]
fn requirements_are_in_the_catalogue() {
    check(
        4,
        "    requires: [C3, D99]",
        "4:20: unknown requirement id `D99` (group D goes from D1 to D28)",
    );
    check(
        4,
        "    requires:\n      - C3\n      - c4",
        "6:9: unknown requirement id `c4` (group C goes from C1 to C17)",
    );
    check(
        4,
        "    requires: []",
        "2:5: case `one`: `requires` is empty (cite what the case checks)",
    );
    check(
        4,
        "    requires: [C3, C3]",
        "2:5: case `one`: `requires` names C3 twice (name it once)",
    );
}

#[test]
fn expectations_state_something() {
    let blank = "this outcome states nothing that can be checked (state `stdout`, `values`, `error`, `diagnostics`, `virtual_time` or `deadlock: true`)";
    check_expect("    expect: {}", &format!("8:13: {blank}"));
    check_expect("    expect: {values: {}}", &format!("8:13: {blank}"));
    check_expect("    expect:\n      name: x", &format!("9:7: {blank}"));
    check_expect(
        "    expect:\n      allowed:\n        - {name: a, stdout: x}\n        - {name: b}",
        &format!("11:11: {blank}"),
    );
    check_expect(
        "    expect: {error: {}}",
        "8:21: this error accepts any error (state `identifier`, `message` or `message_matches`)",
    );
    check_expect(
        "    expect: {error: {phase: run}}",
        "8:21: this error accepts any error (state `identifier`, `message` or `message_matches`)",
    );
    check_expect(
        "    expect: {error: {message_matches: '.*'}}",
        "8:39: `.*` matches the empty text, so it accepts any message (name a word that the message must have)",
    );
    check_expect(
        "    expect: {error: {message_matches: '(a'}}",
        "8:39: invalid regular expression `(a`: unclosed group (escape characters that mean themselves with a backslash)",
    );
    check_expect(
        "    expect: {error: {identifier: 'no colon'}}",
        "8:21: `no colon` is no error identifier (words joined by colons, for example `async:Timeout`)",
    );
    check_expect(
        "    expect: {error: {identifier: 'a:b', stack: [main]}}",
        "8:21: `main` is no frame of a stack (write `name:line`, for example `bump:3`)",
    );
    check_expect(
        "    expect: {allowed: []}",
        "8:13: `allowed` is empty: nothing could pass (state an outcome)",
    );
    check_expect(
        "    expect: {stdout: x, allowed: [{stdout: y}]}",
        "8:13: `expect` has both `allowed` and an outcome of its own (move the outcome into `allowed`)",
    );
    check_expect(
        "    expect: {allowed: [{stdout: y}, {stdout: z}]}",
        "8:13: one of several outcomes has no name (give each a `name`)",
    );
    check_expect(
        "    expect: {allowed: [{name: a, stdout: y}, {name: b, stdout: y}]}",
        "8:13: two outcomes state the same (a run that matches two fails the case)",
    );
    check_expect(
        "    expect: {allowed: [{name: a, stdout: y}, {name: a, stdout: z}]}",
        "8:13: two outcomes are named `a` (give each its own name)",
    );
    check_expect(
        "    expect: {allowed: [{name: lost, stdout: y}], must_observe: [last]}",
        "8:13: `must_observe` names no allowed outcome: `last` (did you mean `lost`?)",
    );
    check_expect(
        "    expect: {stdout: y, must_observe: some}",
        "8:39: unknown must_observe `some` (write `all`, `none` or a list of outcome names)",
    );
}

#[test]
fn types_are_what_they_are() {
    check_expect(
        "    expect: {stdout: 2}",
        "8:22: invalid type: integer `2`, expected a text (put it in quotes) (no help)",
    );
    check(
        3,
        "    title: [a]",
        "3:12: invalid type: sequence, expected a text (no help)",
    );
    check(
        3,
        "    title: ''",
        "3:12: this text must not be empty (write it or leave the case out)",
    );
    check(
        7,
        "    explore: exhaustive",
        "7:14: invalid type: string \"exhaustive\", expected a mapping with `strategy` (no help)",
    );
    check(
        7,
        "    explore: {strategy: exhaustiv}",
        "7:25: unknown variant `exhaustiv`, expected one of `fifo`, `random`, `exhaustive` (did you mean `exhaustive`?)",
    );
    check(
        7,
        "    explore: {strategy: exhaustive, schedules: 3}",
        "7:14: `schedules` counts random schedules only (leave it out, or use `max_schedules` with `strategy: exhaustive`)",
    );
    check(
        7,
        "    explore: {schedules: 0}",
        "7:14: no schedule would be run (ask for one or more)",
    );
    check(
        7,
        "    explore: {inject: [pending, pendign]}",
        "7:33: unknown variant `pendign`, expected one of `pending`, `delay`, `spurious`, `early`, `never`, `drop`, `fault`, `cancel` (did you mean `pending`?)",
    );
    check(
        7,
        "    explore: {inject: [{pending: 2}, spurious]}",
        "loads",
    );
    check(7, "    explore: {inject: [{drop: 2}]}", "loads");
    check(
        7,
        "    explore: {inject: [{drop: 0}]}",
        "7:24: `drop: 0` is no injection (the number is from 1; what is off is left out)",
    );
    check(7, "    explore: {inject: [fault], chaos: 40}", "loads");
    check(
        7,
        "    explore: {inject: [fault], chaos: 0}",
        "7:14: `chaos: 0` lets no trouble happen at all (say after how many steps it stops, or leave out `inject`)",
    );
    check(
        7,
        "    explore: {strategy: fifo, chaos: 40}",
        "7:14: `chaos` ends the trouble of a schedule, and `strategy: fifo` has none (leave it out, or use `strategy: random` or `exhaustive`)",
    );
    check(
        7,
        "    explore: {chaos: many}",
        "7:22: invalid type: string \"many\", expected u64 (no help)",
    );
    check_with(
        "    session: {poll_every: -1}",
        "8:27: invalid type: integer `-1`, expected u32 (no help)",
    );
    check_with(
        "    session: {tier: dinamic}",
        "8:21: unknown variant `dinamic`, expected `dynamic` or `embedded` (did you mean `dynamic`?)",
    );
    check_with(
        "    session: {cleanup_budget: -2}",
        "8:31: -2 is no time in seconds (0 or more, at most 320000000)",
    );
    check_with(
        "    session: {strict: yes}",
        "8:23: invalid type: string \"yes\", expected a boolean (no help)",
    );
    check_with(
        "    engines: [self, matlab]",
        "8:21: unknown variant `matlab`, expected one of `self`, `octave`, `runmat` (known here: self, octave, runmat)",
    );
    check_with(
        "    engines: []",
        "2:5: case `one`: `engines` is empty (leave it out for `[self]`)",
    );
}

#[test]
fn worlds_are_checked_in_depth() {
    check_with(
        "    world: {disk: {a: {bytes: '*'}}}",
        "8:23: `bytes` is not base64: Invalid symbol 42, offset 0. (the standard alphabet, with padding)",
    );
    check_with(
        "    world: {input: [{line: a, key: b}]}",
        "8:21: an answer has exactly one of `line`, `key`, `fail` and `end` (one list item for each answer)",
    );
    check_with(
        "    world: {input: [{after: 1}]}",
        "8:21: an answer has exactly one of `line`, `key`, `fail` and `end` (one list item for each answer)",
    );
    check_with(
        "    world: {input: [{line: a}], input_handler: none}",
        "2:5: case `one`: `input` has answers and `input_handler` is none (nobody would give the answers: leave out one of the two)",
    );
    check_with(
        "    world: {http: [{method: GTE, url: 'http://s/', replies: [{status: 200}]}]}",
        "8:20: unknown method `GTE` (did you mean `GET`?)",
    );
    check_with(
        "    world: {http: [{method: GET, url: u, replies: [{status: 200, hang: true}]}]}",
        "8:52: a reply is either {status, body, headers, after} or one of refuse, reset, hang and unreachable; the first two have a time `after` as well (for example `{status: 200, body: ok}` or `{refuse: true}`)",
    );
    check_with(
        "    world: {http: [{method: GET, url: server/x, replies: [{status: 200}]}]}",
        "8:20: `server/x` is no address of the web: it must begin with http:// or https:// (write it whole, for example `http://server/path`)",
    );
    check_with(
        "    world: {http: [{method: GET, url: 'http://s/', replies: [{hang: true, after: 1}]}]}",
        "8:62: a reply is either {status, body, headers, after} or one of refuse, reset, hang and unreachable; the first two have a time `after` as well (for example `{status: 200, body: ok}` or `{refuse: true}`)",
    );
    check_with(
        "    world: {http: [{method: GET, url: 'http://s/', replies: [{status: 100}]}]}",
        "8:62: 100 is no status code of an answer (200 to 599)",
    );
    check_with(
        "    world: {faults: [{op: gpu.map, error: 'io:NotFound'}]}",
        "8:22: this operation cannot fail with `io:NotFound` (one of gpu:DeviceLost, gpu:OutOfMemory, gpu:MapFailed, gpu:Validation, gpu:LimitExceeded, gpu:InvalidHandle, gpu:NoDevice)",
    );
    check_with(
        "    world: {faults: [{op: read, nth: 0, error: 'io:NotFound'}]}",
        "8:22: `nth` counts from 1 (1 is the first operation of its kind)",
    );
    check_with(
        "    world: {cancel: {at_time: 1, at_step: 2}}",
        "8:21: a cancel has exactly one of `at_time` and `at_step` (for example `cancel: {at_time: 0.5}`)",
    );
    check_with(
        "    world: {cancel: every}",
        "8:21: unknown cancel `every` (write `every_suspension`, `{at_time: s}` or `{at_step: n}`)",
    );
    check_with(
        "    world: {gpu: {device: cuda}}",
        "8:27: unknown variant `cuda`, expected one of `simulated`, `wgpu`, `none` (known here: simulated, wgpu, none)",
    );
}

#[test]
fn delays_and_virtual_time_exclude_each_other() {
    check_text(
        &GOOD
            .replace("exhaustive}", "exhaustive, inject: [delay]}")
            .replace("name: a,", "name: a, virtual_time: 1,"),
        "2:5: case `one`: `inject: delay` in a case that states `virtual_time` (leave out one of the two: delays move virtual time)",
    );
}

#[test]
fn what_is_dropped_is_injected() {
    let dropped = GOOD.replace("name: a,", "name: a, dropped: true,");
    check_text(
        &dropped,
        "2:5: case `one`: an outcome is `dropped`, and nothing drops (add `drop` to `inject`)",
    );
    check_text(
        &dropped.replace("exhaustive}", "exhaustive, inject: [drop]}"),
        "loads",
    );
}

#[test]
fn yaml_itself_is_checked() {
    check_text(
        "",
        "1:1: the file is empty (a suite is a mapping with `cases`)",
    );
    check_text(
        "cases: []\n",
        "1:1: `cases` is empty (write a case or remove the file)",
    );
    check_text(
        "cases:\n  - id: [\n",
        "3:1: did not find expected node content (no help)",
    );
    check_text("cases:\n  - id: *nobody\n", "2:9: unknown anchor (no help)");
    check_text(
        "a: 1\n---\nb: 2\n",
        "2:1: a suite is one YAML document, and another begins here (remove the line `---`)",
    );
    check_text(
        "cases:\n  - !tag {id: x}\n",
        "2:5: invalid type: enum, expected plain YAML without tags (no help)",
    );
    check_text(
        "- id: x\n",
        "1:1: invalid type: sequence, expected a suite, which is a mapping with the key `cases` (write `cases:` and the cases below it, each with an `id`)",
    );
    let deep = format!("cases: {}", "[".repeat(200) + &"]".repeat(200));
    check_text(&deep, "1:135: recursion limit exceeded (no help)");
}

#[test]
fn bombs_do_not_go_off() {
    let mut wide = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for level in 1..9 {
        let before = format!("*a{}", level - 1);
        wide += &format!("a{level}: &a{level} [{}]\n", vec![before; 10].join(", "));
    }
    // The reader refuses so many jumps for so short a text; the place is the alias's anchor.
    let errors = parse_suite(&wide, Path::new("s.yaml"), "s").expect_err("a bomb");
    assert!(
        errors[0].message.contains("repetition limit exceeded"),
        "{}",
        errors[0]
    );
    let long = "y".repeat(100_000);
    let heavy = format!("a: &a {long}\nb: [{}]\n", vec!["*a"; 100].join(", "));
    let errors = parse_suite(&heavy, Path::new("s.yaml"), "s").expect_err("a bomb");
    assert!(
        errors[0]
            .message
            .ends_with("grows too large when its aliases are followed"),
        "{}",
        errors[0]
    );
}

#[test]
fn errors_look_like_a_compilers() {
    let text = GOOD.replace("D17", "D71");
    let errors = parse_suite(&text, Path::new("corpus/s.yaml"), "s").expect_err("no such id");
    let expected = "\
corpus/s.yaml:4:20: error: cases[0].requires[1]: unknown requirement id `D71`
  |
4 |     requires: [C3, D71]
  |                    ^
help: group D goes from D1 to D28";
    assert_eq!(errors[0].to_string(), expected);
}

#[test]
fn columns_count_characters() {
    let text = GOOD.replace("    title: A title", "    {é: 1}: x");
    check_text(
        &text.replace("{é: 1}: x", "title: 'é' x"),
        "3:16: did not find expected key (no help)",
    );
}

#[test]
fn session_and_world_survive_a_recording() {
    let lines = "    session: {tier: embedded, strict: true, cleanup_budget: 0.5}
    world:
      disk: {a: text, b: {bytes: AAEC}}
      latency: {read: 0.25}
      input: [{line: x, after: 1}, {fail: no}, {end: true}, {key: q}]
      http:
        - {method: GET, url: 'http://s/x', replies: [{status: 200, body: ok, headers: {A: b}}, {refuse: true}]}
        - {method: PUT, url: 'http://s', body: {bytes: AAEC}, headers: {A: b},
           replies: [{reset: true, after: 0.5}, {hang: true}, {unreachable: true}, {status: 204, after: 1, body: {bytes: AAEC}}]}
      gpu: {device: simulated, memory_bytes: 1024, readback_pending: 2}
      faults: [{op: gpu.map, nth: 2, error: 'gpu:DeviceLost'}]
      cancel: {at_time: 0.5}
    expect:";
    let text = GOOD.replace("    expect:", lines);
    let suite = parse_suite(&text, Path::new("s.yaml"), "s").expect("a good suite");
    let case = &suite.cases[0];
    let world = serde_yaml::to_string(&case.world).expect("worlds can be written");
    assert_eq!(
        serde_yaml::from_str::<tourbillon_conformance::world::WorldConfig>(&world)
            .expect("and read"),
        case.world,
        "{world}"
    );
    let session = serde_yaml::to_string(&case.session).expect("sessions can be written");
    let back: tourbillon_world::SessionConfig = serde_yaml::from_str(&session).expect("and read");
    assert_eq!(back, case.session, "{session}");
}
