//! Recordings: strict replay to the letter, lenient replay by label, and files that are no good.

mod programs;

use expect_test::{Expect, expect};
use programs::{all_injections, busy, lost_update, lost_update_edited, lost_update_renamed};
use tourbillon_sim::recording::{Deed, Program, RecordedChoice};
use tourbillon_sim::{Explorer, Recording, replay, replay_lenient};

/// A recording of a run in which the update was lost against the default's order.
fn recorded() -> Recording {
    let report = Explorer::exhaustive().explore(lost_update);
    let witness = &report.outcomes["2"].witness;
    Explorer::exhaustive()
        .record(&report, witness, lost_update)
        .expect("it repeats itself")
}

#[test]
fn a_recording_reads_like_this() {
    let text = recorded().to_string();
    expect![[r#"
        format: tourbillon-recording/1
        made_by: tourbillon 0.1.0
        strategy: {name: plain, run: 2, inject: [pending]}
        trace_hash: 5ffc3332112a79b4
        length: 2
        choices:
          - {at: 1, run: main/bump#1, nth: 1, of: [main/bump#2, main/bump#1]}
        checkpoints: {2: 5ffc3332}
    "#]]
    .assert_eq(&text);
}

#[test]
fn strict_replay_makes_the_same_run() {
    let report = Explorer::random(5)
        .schedules(60)
        .injections(all_injections())
        .explore(busy);
    assert!(report.outcomes.len() > 10);
    for (outcome, stats) in &report.outcomes {
        let explorer = Explorer::random(5).injections(all_injections());
        let recording = explorer
            .record(&report, &stats.witness, busy)
            .expect("it repeats itself");
        assert_eq!(recording.trace_hash, Some(stats.witness.hash));
        let text = recording.to_string();
        let read = Recording::parse("run.yaml", &text).expect("what we write, we read");
        assert_eq!(read, recording);
        assert_eq!(
            read.to_string(),
            text,
            "a recording of a recording is the same bytes"
        );
        let replayed = replay(&read, busy).expect("labels");
        assert_eq!((&replayed.outcome, replayed.divergence), (outcome, None));
        let replayed = replay_lenient(&read, busy).expect("labels");
        assert_eq!(
            (&replayed.outcome, replayed.skipped.len()),
            (outcome, 0),
            "{text}"
        );
    }
}

#[test]
fn an_impossible_choice_is_named() {
    let check = |edit: &dyn Fn(&mut Recording), expected: Expect| {
        let mut recording = recorded();
        edit(&mut recording);
        let divergence = replay(&recording, lost_update).expect("labels").divergence;
        expected.assert_eq(&divergence.expect("it cannot be replayed"));
    };
    let last = |recording: &mut Recording| recording.choices.len() - 1;
    check(
        &|recording| {
            let last = last(recording);
            recording.choices[last].label = "main/bump#3".to_string();
        },
        expect![
            "choice 1: the recording runs main/bump#3, but only main/bump#2 and main/bump#1 are ready"
        ],
    );
    check(
        &|recording| {
            let last = last(recording);
            recording.choices[last].of = vec!["main".to_string(), "main/bump#2".to_string()];
        },
        expect![
            "choice 1: in the recording main and main/bump#2 were ready, but now main/bump#2 and main/bump#1 are ready"
        ],
    );
    check(
        &|recording| {
            let last = last(recording);
            recording.choices[last].deed = Deed::Delay(4);
        },
        expect![
            "choice 1: the recording delays main/bump#1 by 4, but only main/bump#2 and main/bump#1 are ready"
        ],
    );
    check(
        &|recording| {
            recording.choices.push(RecordedChoice {
                at: 90,
                deed: Deed::Run,
                label: "main".to_string(),
                of: Vec::new(),
                nth: 0,
            });
        },
        expect!["choice 90: the recording runs main, but the run ended before"],
    );
    check(
        &|recording| recording.length = Some(90),
        expect!["choice 2: the run passed 2 choice points, the recording 90"],
    );
    check(
        &|recording| {
            recording.choices.clear();
        },
        expect!["choice 3: the run passed 3 choice points, the recording 2"],
    );
}

#[test]
fn a_difference_between_recorded_choices_is_found_at_a_checkpoint() {
    let long = |sim| programs::yielders(sim, 3, 50);
    let report = Explorer::random(1).schedules(1).explore(long);
    let witness = &report.outcomes["()"].witness;
    let mut recording = Explorer::random(1)
        .record(&report, witness, long)
        .expect("repeats");
    assert!(recording.checkpoints.len() > 2);
    let at = *recording.checkpoints.keys().nth(1).expect("two");
    recording.checkpoints.insert(at, 0xbad);
    let divergence = replay(&recording, long).expect("labels").divergence;
    let expected = format!(
        "choice {at}: the trace differs from the recording's; it was the same up to choice 64"
    );
    assert_eq!(divergence, Some(expected));
}

#[test]
fn lenient_replay_realigns_after_an_edit() {
    let recording = recorded();
    let strict = replay(&recording, lost_update_edited).expect("labels");
    assert!(strict.divergence.is_some());
    let lenient = replay_lenient(&recording, lost_update_edited).expect("labels");
    assert_eq!((lenient.outcome.as_str(), lenient.skipped.len()), ("2", 0));
    let renamed = replay_lenient(&recording, lost_update_renamed).expect("labels");
    assert_eq!(renamed.outcome, "1", "the default");
    assert_eq!(renamed.skipped.len(), recording.choices.len());
    expect!["choice 1: the recording runs main/bump#1"].assert_eq(&renamed.skipped[0]);
}

#[test]
fn every_truncation_is_refused_or_harmless() {
    let recording = recorded();
    let text = recording.to_string();
    for length in 0..text.len() {
        let cut = &text[..length];
        match Recording::parse("cut.yaml", cut) {
            // Only what loses nothing but white space or a closing of the last line may pass.
            Ok(read) => assert_eq!(read, recording, "{cut}"),
            Err(error) => {
                assert!(error.line >= 1 && error.column >= 1 && !error.mend.is_empty());
                assert!(error.to_string().starts_with("cut.yaml:"), "{error}");
            }
        }
    }
}

#[test]
fn bad_files_are_refused_with_place_and_mend() {
    let good = recorded().to_string();
    let check = |text: &str, expected: Expect| {
        let error = Recording::parse("bad.yaml", text).expect_err(text);
        expected.assert_eq(&error.to_string());
    };
    let swap = |from: &str, to: &str| {
        assert!(good.contains(from), "{from}");
        good.replacen(from, to, 1)
    };
    check(
        "",
        expect![[r#"
        bad.yaml:1:1: this is no recording
          mend: recordings begin with `format: tourbillon-recording/1`"#]],
    );
    check(
        "cases: []",
        expect![[r#"
            bad.yaml:1:1: this is no recording
              mend: recordings begin with `format: tourbillon-recording/1`"#]],
    );
    check(
        &swap("recording/1", "recording/2"),
        expect![[r#"
        bad.yaml:1:1: this program reads recordings of format 1, not 2
          mend: use a newer tourbillon"#]],
    );
    check(
        &swap("length:", "lenght:"),
        expect![[r#"
        bad.yaml:5:1: unknown field `lenght`, expected one of `format`, `made_by`, `program`, `case`, `session`, `world`, `strategy`, `failure`, `trace_hash`, `length`, `choices`, `checkpoints`
          mend: correct or delete the key; the format is described in the book under recordings"#]],
    );
    check(
        &swap("length: ", "length: x"),
        expect![[r#"
        bad.yaml:5:9: length: invalid type: string "x2", expected u64
          mend: give a value of the kind that is expected"#]],
    );
    check(
        &swap("run: main", "runs: main"),
        expect![[r#"
        bad.yaml:7:13: choices[0]: unknown field `runs`, expected one of `at`, `run`, `deliver`, `spurious`, `delay`, `by`, `fault`, `error`, `cancel`, `early`, `never`, `drop`, `pick`, `value`, `of`, `nth`
          mend: correct or delete the key; the format is described in the book under recordings"#]],
    );
    check(
        &swap("run: main", "run: ''#main"),
        expect![[r#"
        bad.yaml:8:1: did not find expected ',' or '}'
          mend: this is not well-formed YAML: was the file cut off or damaged?"#]],
    );
    check(
        &swap("run: main", "deliver: x, run: main"),
        expect![[r#"
            bad.yaml:7:5: choices[0]: choice 1 does both `run` and `deliver`
              mend: keep one"#]],
    );
    check(
        &swap("run: main", "by: 3, run: main"),
        expect![[r#"
            bad.yaml:7:5: choices[0]: choice 1: `by` belongs to `delay`, not to `run`
              mend: delete `by`"#]],
    );
    check(
        &swap("inject: [pending]", "inject: [dorp]"),
        expect![[r#"
        bad.yaml:3:11: strategy: there is no injection `dorp`; there are `pending`, `delay`, `spurious`, `early`, `never`, `fault`, `cancel`, `drop`
          mend: correct the list `inject`"#]],
    );
    check(
        &swap("choices:", "choices: ]"),
        expect![[r#"
        bad.yaml:6:10: did not find expected node content
          mend: this is not well-formed YAML: was the file cut off or damaged?"#]],
    );
    // Among many choices the wrong one is pointed at.
    let many = "format: tourbillon-recording/1\nmade_by: a hand\nstrategy: {name: random}\nchoices:\n  \
                - {at: 1, run: main/a#1}\n  - {at: 5, run: main/b#1}\n  - {at: 7, run: main/c#1}\n";
    Recording::parse("good.yaml", many).expect("valid");
    check(
        &many.replace("at: 7, run: main/c#1", "at: 5, run: main/c#1"),
        expect![[r#"
            bad.yaml:7:5: choices[2]: the choice at 5 stands after the one at 5
              mend: order the choices by `at`, one for each"#]],
    );
    check(
        &many.replace("main/c#1", "main/c#"),
        expect![[r#"
        bad.yaml:7:5: choices[2]: choice 7: `main/c#` is not a label: `c#` must end in `#` and a number from 1, as in `main/bump#2`
          mend: write the label as runs print it"#]],
    );
    check(
        &many.replace("run: main/c#1", "delay: main/c#1"),
        expect![[r#"
            bad.yaml:7:5: choices[2]: choice 7: `delay` needs `by`
              mend: add `by`"#]],
    );
    check(
        &many.replace("{at: 7, run: main/c#1}", "{at: 7}"),
        expect![[r#"
            bad.yaml:7:5: choices[2]: choice 7 does nothing
              mend: give one of `run`, `deliver`, `spurious`, `delay`, `fault`, `cancel`, `early`, `never`, `drop`, `pick` with a label"#]],
    );
    check(
        &many.replace("{at: 7, run: main/c#1}", "12"),
        expect![[r#"
        bad.yaml:7:5: choices[2]: invalid type: integer `12`, expected a choice such as `{at: 12, run: main/bump#2}`
          mend: give a value of the kind that is expected"#]],
    );
    check(
        &many.replace("at: 7", "at: -7"),
        expect![[r#"
        bad.yaml:7:10: choices[2].at: invalid type: integer `-7`, expected u64
          mend: give a value of the kind that is expected"#]],
    );
    check(
        &many.replace("choices:", "length: 6\nchoices:"),
        expect![[r#"
            bad.yaml:5:1: there is a choice at 7, but `length` is 6
              mend: choices are counted from 0; make `length` larger, or delete it"#]],
    );
    let hash = "trace_hash: 41db095853f6d28a\nlength: 9\nchoices:";
    check(
        &many.replace("choices:", hash),
        expect![[r#"
        bad.yaml:10:1: the recording ends before its `checkpoints`: it was cut off
          mend: get the whole file, or delete `trace_hash` to replay without that check"#]],
    );
    check(
        &(many.replace("choices:", hash) + "checkpoints: {9: 41db0959}\n"),
        expect![[r#"
            bad.yaml:4:1: `trace_hash` does not begin with the last checkpoint
              mend: one of the two was changed: delete both `trace_hash` and `checkpoints`"#]],
    );
    check(
        &(many.replace("choices:", hash) + "checkpoints: {8: 41db0958}\n"),
        expect![[r#"
            bad.yaml:10:1: the last checkpoint is at 8, but `length` is 9
              mend: give the checkpoint of the end, or delete `trace_hash` and `checkpoints`"#]],
    );
    check(
        &(many.replace("choices:", hash) + "checkpoints: {9: 41db}\n"),
        expect![[r#"
            bad.yaml:10:14: checkpoints: `41db` is no hash
              mend: a hash has 8 hexadecimal digits; delete `trace_hash` and `checkpoints` to replay without them"#]],
    );
}

#[test]
fn whatever_is_recorded_reads_back() {
    let source = "x = 1;\n  % indented\n\n\tfprintf('%d\\n', x)\n";
    for source in [
        source,
        "one line",
        " first indented\nx\n",
        "\n\n",
        "a\n\n\n",
        "tab\t\r\n",
        "",
    ] {
        let mut recording = recorded();
        recording.program = Some(Program {
            name: "lost update: 1.m".to_string(),
            sha256: Some("00e1".repeat(16)),
            source: Some(source.to_string()),
            files: [("helper.m".to_string(), source.to_string())].into(),
        });
        recording.case = Some("await/ordering/x".to_string());
        let world = "{disk: {a.txt: \"1\\n2\\n\"}, latency: {read: 0.5}, input: [{end: true}]}";
        recording.world = Some(serde_yaml::from_str(world).expect("valid"));
        recording.session = Some(serde_yaml::from_str("{}").expect("valid"));
        let text = recording.to_string();
        assert_eq!(
            Recording::parse("x", &text).expect(&text),
            recording,
            "{text}"
        );
    }
}
