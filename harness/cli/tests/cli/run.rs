//! `tourbillon run`.

use crate::{Ended, Place};
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Command, Stdio};

#[test]
fn a_program_prints_and_exits_0() {
    let place = Place::with(&[(
        "p.m",
        "fprintf('%d\\n', twice(21));\nfunction y = twice(x)\n  y = 2 * x;\nend\n",
    )]);
    let ended = place.run(&["run", "p.m"]);
    ended.check(0, &[]);
    assert_eq!((ended.stdout.as_str(), ended.stderr.as_str()), ("42\n", ""));
}

#[test]
fn files_beside_the_script_are_its_functions() {
    let place = Place::with(&[
        ("main.m", "fprintf('%d\\n', helper(1));\n"),
        ("helper.m", "function y = helper(x)\n  y = x + 1;\nend\n"),
    ]);
    let ended = place.run(&["run", "main.m", "helper.m"]);
    ended.check(0, &[]);
    assert_eq!(ended.stdout, "2\n");
}

#[test]
fn an_uncaught_error_exits_1_with_its_place_and_cleanup_has_run() {
    let text = "c = onCleanup(@() disp('cleaned'));\nerror('a:b', 'no %d', 3);\n";
    let place = Place::with(&[("p.m", text)]);
    let ended = place.run(&["run", "p.m"]);
    ended.check(1, &["error: no 3\n", "identifier: a:b", "p.m:2"]);
    assert_eq!(ended.stdout, "cleaned\n");
}

#[test]
fn a_program_that_does_not_compile_exits_2_with_every_mistake() {
    let place = Place::with(&[("p.m", "x = (1 + ;\ny = 2;\nz = [1, 2;\n")]);
    let ended = place.run(&["run", "p.m"]);
    ended.check(2, &["p.m:1:10", "p.m:3:"]);
    assert_eq!(ended.stdout, "");
}

#[test]
fn unreadable_programs_exit_2() {
    let place = Place::with(&[("p.txt", "x = 1;\n")]);
    place.write("latin.m", b"x = 1;\ny = '\xe9';\n");
    let check = |file: &str, parts: &[&str]| place.run(&["run", file]).check(2, parts);
    check(
        "none.m",
        &["none.m:1:1: error: cannot read this file", "help: "],
    );
    check("p.txt", &["p.txt:1:1: error: this is no program", "`.m`"]);
    check(
        "latin.m",
        &["latin.m:2:6: error: the file is not UTF-8", "help: "],
    );
    check(".", &[" error: "]);
}

#[test]
fn mistakes_of_the_command_line_say_what_mends_them() {
    let place = Place::with(&[
        ("lost-update.m", "x = 1;\n"),
        ("functions.m", "function f()\n  disp('never');\nend\n"),
    ]);
    let check = |arguments: &[&str], parts: &[&str]| {
        place
            .run(&[&["run"][..], arguments].concat())
            .check(2, parts);
    };
    check(
        &["lost_update.m"],
        &["there is no such file", "did you mean `lost-update.m`?"],
    );
    check(&["./lots-update.m"], &["did you mean `./lost-update.m`?"]);
    check(&["nothing-alike.m"], &["check the name"]);
    let number = "a number of seconds from 0";
    for seconds in ["abc", "-1", "nan", "1e30"] {
        check(&["lost-update.m", "--timeout", seconds], &[number]);
    }
    for jobs in ["0", "-2", "many", "1.5"] {
        let jobs = format!("--jobs={jobs}");
        check(&["lost-update.m", &jobs], &["a whole number from 1"]);
    }
    check(
        &["lost-update.m", "lost-update.m"],
        &["holds functions and no other code", "`--jobs N`"],
    );
    let ended = place.run(&["run", "functions.m"]);
    ended.check(0, &["note: functions.m holds functions only"]);
    assert_eq!(place.run(&["run", "lost-update.m"]).stderr, "");
}

#[test]
fn failures_that_nobody_observed_are_reported_and_warnings_are_shown_once() {
    let text = "spawn(fails());\nwarning('w:id', 'careful');\nasync function fails()\n  \
                error('x:y', 'broken');\nend\n";
    let place = Place::with(&[("p.m", text)]);
    let ended = place.run(&["run", "p.m"]);
    ended.check(0, &["async:UnhandledFailure", "broken", "careful"]);
    assert_eq!(ended.stderr.matches("careful").count(), 1, "{ended:#?}");
}

#[test]
fn json_is_one_object_and_nothing_else() {
    let text = "x = 3;\ndisp('hello');\nwarning('w:id', 'careful');\nerror('a:b', 'no');\n";
    let place = Place::with(&[("p.m", text)]);
    let ended = place.run(&["run", "p.m", "--format", "json"]);
    ended.check(1, &["identifier: a:b"]);
    let result: serde_json::Value = serde_json::from_str(&ended.stdout).expect("one object");
    assert_eq!(result["stdout"], "hello\n");
    assert_eq!(result["error"]["identifier"], "a:b");
    assert_eq!(result["error"]["message"], "no");
    assert_eq!(result["values"]["x"]["data"][0], 3.0);
    assert_eq!(result["diagnostics"][0]["identifier"], "w:id");
}

#[test]
fn the_namespace_and_strict_mode_are_the_sessions() {
    let place = Place::with(&[
        ("u.m", "nothing_of_that_name(1);\n"),
        ("a.m", "yield_now();\nx = await(1);\n"),
    ]);
    place
        .run(&["run", "u.m"])
        .check(1, &["MATLAB:UndefinedFunction"]);
    place
        .run(&["run", "u.m", "--namespace", "octave"])
        .check(1, &["Octave:undefined-function"]);
    place.run(&["run", "a.m"]).check(0, &[]);
    place
        .run(&["run", "a.m", "--strict"])
        .check(2, &["async:ExtensionDisabled", "a.m:"]);
}

#[test]
fn there_is_a_device_unless_none_is_wanted() {
    let place = Place::with(&[("g.m", "fprintf('%d\\n', gather(gpuArray(2) + 1));\n")]);
    for gpu in ["auto", "simulated"] {
        let ended = place.run(&["run", "g.m", "--gpu", gpu]);
        ended.check(0, &[]);
        assert_eq!(ended.stdout, "3\n");
    }
    place
        .run(&["run", "g.m", "--gpu", "none"])
        .check(1, &["gpu:NoDevice"]);
}

#[test]
fn what_was_counted_and_what_happened_can_be_seen() {
    let text = "t = spawn(waits(), 'Name', 'sleeper');\non_complete(t, @(f) disp('done'));\nawait(t);\n\
                x = zeros(100, 100);\nasync function waits()\n  pause(0.001);\nend\n";
    let place = Place::with(&[("p.m", text)]);
    let ended = place.run(&["run", "p.m", "--stats"]);
    ended.check(
        0,
        &[
            "statistics\n",
            "tasks    3 made, at most 3 at once\n",
            "futures  3 made, 0 pending now, at most 2 at once\n",
            "1 operations, 1 callbacks\n",
            "memory   about 8",
        ],
    );
    assert_eq!(ended.stdout, "done\n");
    let ended = place.run(&["run", "p.m", "--stats", "--format", "json"]);
    ended.check(0, &[]);
    let result: serde_json::Value = serde_json::from_str(&ended.stdout).expect("one object");
    assert_eq!(result["statistics"]["callbacks"], 1);
    assert_eq!(result["statistics"]["pending"], 0);
    let ended = place.run(&["run", "p.m", "--log", "debug"]);
    let span = "task{task=main/sleeper#1 priority=Normal}:operation{kind=\"timer\"";
    ended.check(
        0,
        &["INFO execution{program=\"p.m\"", span, "peak_pending=2"],
    );
    let ended = place.run(&["run", "p.m", "--log", "info"]);
    ended.check(0, &["INFO execution{program=\"p.m\""]);
    assert!(!ended.stderr.contains("operation{"), "{ended:#?}");
    // Nothing is said that was not asked for.
    assert_eq!(place.run(&["run", "p.m"]).stderr, "");
    place
        .run(&["run", "p.m", "--log", "loud"])
        .check(2, &["--log"]);
}

#[test]
fn a_program_that_computes_for_ever_is_stopped_in_time() {
    let text = "c = onCleanup(@() disp('cleaned'));\nk = 0;\nwhile true\n  k = k + 1;\nend\n";
    let place = Place::with(&[("p.m", text)]);
    let ended = place.run(&["run", "p.m", "--timeout", "0.05"]);
    ended.check(1, &["async:ExecutionCancelled", "--timeout"]);
    assert_eq!(ended.stdout, "cleaned\n");
}

#[test]
fn input_comes_from_standard_input_and_ends_with_it() {
    let place = Place::with(&[(
        "p.m",
        "a = input('name? ', 's');\ndisp(a);\nb = input('', 's');\n",
    )]);
    let mut child = place
        .command(&["run", "p.m"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the command runs");
    let mut stdin = child.stdin.take().expect("a pipe");
    stdin.write_all(b"Ada\n").expect("it reads");
    drop(stdin);
    let ended = Ended::of(child.wait_with_output().expect("it ends"));
    ended.check(1, &["name? ", "input:EndOfInput"]);
    assert_eq!(ended.stdout, "Ada\n");
    // Without any standard input, too.
    place.run(&["run", "p.m"]).check(1, &["input:EndOfInput"]);
}

/// Two programs that can only end when both are under way at once: each waits for the other's file.
fn meeting(own: &str, other: &str) -> String {
    format!(
        "filewrite('{own}', 'here');\nwhile ~isfile('{other}')\n  pause(0.001);\nend\n\
         fprintf('%s met %s\\n', '{own}', '{other}');\n"
    )
}

#[test]
fn programs_with_jobs_run_at_once_each_in_a_session_of_its_own() {
    let place = Place::with(&[
        ("a.m", &format!("x = 1;\n{}", meeting("a", "b"))),
        (
            "b.m",
            &format!(
                "{}try\n  disp(x);\ncatch\n  disp('apart');\nend\n",
                meeting("b", "a")
            ),
        ),
    ]);
    let ended = place.run(&["run", "a.m", "b.m", "--jobs", "2"]);
    ended.check(0, &[]);
    assert_eq!(ended.stdout, "a met b\nb met a\napart\n");
}

#[test]
fn the_output_of_each_program_is_whole_and_in_the_order_given_and_the_worst_exit_counts() {
    let place = Place::with(&[
        ("slow.m", "disp('slow 1');\npause(0.02);\ndisp('slow 2');\n"),
        (
            "fails.m",
            "disp('fails');\nwarning('w:id', 'careful');\nerror('a:b', 'no');\n",
        ),
        ("broken.m", "x = (1 + ;\n"),
        ("quick.m", "disp('quick');\n"),
    ]);
    let all = ["run", "slow.m", "fails.m", "quick.m", "--jobs"];
    for jobs in ["1", "2", "8"] {
        let ended = place.run(&[&all[..], &[jobs]].concat());
        ended.check(1, &["careful", "identifier: a:b", "fails.m:3"]);
        assert_eq!(ended.stdout, "slow 1\nslow 2\nfails\nquick\n");
    }
    let ended = place.run(&["run", "broken.m", "fails.m", "quick.m", "--jobs", "2"]);
    ended.check(2, &["broken.m:1:10", "identifier: a:b"]);
    assert_eq!(ended.stdout, "fails\nquick\n");
}

#[test]
fn programs_with_jobs_are_one_json_object_each() {
    let place = Place::with(&[
        ("a.m", "x = 1;\ndisp('a');\n"),
        ("b.m", "error('a:b', 'no');\n"),
        ("c.m", "x = (1 + ;\n"),
    ]);
    let ended = place.run(&[
        "run", "a.m", "b.m", "c.m", "--jobs", "2", "--format", "json",
    ]);
    ended.check(2, &[]);
    let results: Vec<serde_json::Value> = ended
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).expect("an object"))
        .collect();
    let programs: Vec<&serde_json::Value> = results.iter().map(|one| &one["program"]).collect();
    assert_eq!(programs, ["a.m", "b.m", "c.m"]);
    assert_eq!(results[0]["stdout"], "a\n");
    assert_eq!(results[0]["values"]["x"]["data"][0], 1.0);
    assert_eq!(results[1]["error"]["identifier"], "a:b");
    assert!(results[2]["error"]["message"].is_string());
    assert!(results[2]["values"].is_null());
}

#[test]
fn only_programs_that_run_one_after_another_have_input() {
    let asks = |name: &str| format!("fprintf('{name}: %s\\n', input('', 's'));\n");
    let place = Place::with(&[("a.m", &asks("a")), ("b.m", &asks("b"))]);
    for (jobs, code, stdout, stderr) in [
        ("1", 0, "a: Ada\nb: Bob\n", ""),
        ("2", 1, "", "input:Unavailable"),
    ] {
        let mut child = place
            .command(&["run", "a.m", "b.m", "--jobs", jobs])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the command runs");
        let mut stdin = child.stdin.take().expect("a pipe");
        // Programs that ask nobody may have ended before.
        let _gone = stdin.write_all(b"Ada\nBob\n");
        drop(stdin);
        let ended = Ended::of(child.wait_with_output().expect("it ends"));
        ended.check(code, &[stderr]);
        assert_eq!(ended.stdout, stdout);
    }
}

#[cfg(unix)]
#[test]
fn ctrl_c_cancels_every_program_and_cleanups_run() {
    // Both have said that they are under way, in files, before the signal comes.
    let text = |name: &str| {
        format!(
            "c = onCleanup(@() disp('{name} cleaned'));\nfilewrite('{name}', '');\n\
             while true\n  pause(0.001);\nend\n"
        )
    };
    let place = Place::with(&[
        ("a.m", &text("a")),
        ("b.m", &text("b")),
        ("never.m", "disp('never');\n"),
    ]);
    let child = place
        .command(&["run", "a.m", "b.m", "never.m", "--jobs", "2"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the command runs");
    while !(place.path("a").exists() && place.path("b").exists()) {
        std::thread::yield_now();
    }
    let id = child.id().to_string();
    let sent = Command::new("kill").args(["-INT", &id]).status();
    assert!(sent.expect("kill is there").success());
    let ended = Ended::of(child.wait_with_output().expect("it ends"));
    ended.check(1, &["async:ExecutionCancelled"]);
    assert_eq!(ended.stdout, "a cleaned\nb cleaned\n");
}

#[test]
fn a_program_comes_from_standard_input() {
    let place = Place::with(&[]);
    let mut child = place
        .command(&["run", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the command runs");
    let mut stdin = child.stdin.take().expect("a pipe");
    stdin
        .write_all(b"disp('7');\nerror('a:b', 'no');\n")
        .expect("it reads");
    drop(stdin);
    let ended = Ended::of(child.wait_with_output().expect("it ends"));
    ended.check(1, &["stdin:2:1"]);
    assert_eq!(ended.stdout, "7\n");
}

#[test]
fn a_reader_that_goes_away_ends_a_program_that_prints_for_ever() {
    let place = Place::with(&[("p.m", "while true\n  disp('y');\nend\n")]);
    let mut child = place
        .command(&["run", "p.m"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the command runs");
    let mut reader = BufReader::new(child.stdout.take().expect("a pipe"));
    let mut line = String::new();
    reader.read_line(&mut line).expect("a line");
    assert_eq!(line, "y\n");
    drop(reader);
    let ended = Ended::of(child.wait_with_output().expect("it ends"));
    assert_eq!(ended.stderr, "");
    ended.check(0, &[]);
}

#[cfg(target_os = "linux")]
#[test]
fn output_that_cannot_be_written_is_a_failure() {
    let place = Place::with(&[("p.m", "disp('x');\n")]);
    for (command, code) in [("run", 1), ("sim", 2), ("explore", 2)] {
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full");
        let mut full_command = place.command(&[command, "p.m"]);
        full_command.stdout(full.expect("a device that is always full"));
        let ended = Ended::of(full_command.output().expect("the command runs"));
        ended.check(code, &["error: "]);
    }
}

#[cfg(unix)]
#[test]
fn ctrl_c_cancels_and_cleanup_runs() {
    let text = "c = onCleanup(@() disp('cleaned'));\ndisp('ready');\npause(0);\nwhile true\n  \
                pause(0.001);\nend\n";
    interrupted(text, 1, "cleaned\n", &["async:ExecutionCancelled"]);
}

#[cfg(unix)]
#[test]
fn a_second_ctrl_c_ends_a_cleanup_that_takes_too_long() {
    // The first is heard where the program says so: in its cleanup.
    let text = "c = onCleanup(@() forever());\ndisp('ready');\npause(0);\nwhile true\n  \
                pause(0.001);\nend\nfunction forever()\n  disp('cleaning');\n  pause(0.001);\n  \
                while true\n  end\nend\n";
    interrupted(text, 2, "cleaning\n", &[]);
}

/// Runs a program that says `ready`, interrupts it there, and again after each further line.
#[cfg(unix)]
fn interrupted(text: &str, times: usize, rest: &str, stderr_parts: &[&str]) {
    let place = Place::with(&[("p.m", text)]);
    let mut child = place
        .command(&["run", "p.m"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the command runs");
    let mut reader = BufReader::new(child.stdout.take().expect("a pipe"));
    let mut seen = String::new();
    for _ in 0..times {
        reader.read_line(&mut seen).expect("a line");
        let id = child.id().to_string();
        let sent = Command::new("kill").args(["-INT", &id]).status();
        assert!(sent.expect("kill is there").success());
    }
    reader.read_to_string(&mut seen).expect("the rest");
    let mut ended = Ended::of(child.wait_with_output().expect("it ends"));
    ended.stdout = seen;
    ended.check(1, stderr_parts);
    assert_eq!(ended.stdout, format!("ready\n{rest}"), "{ended:#?}");
}
