//! Compile errors: their identifiers, their places, and what they say.

use std::rc::Rc;
use tourbillon_compiler::{CompileOptions, compile};
use tourbillon_syntax::Source;
use tourbillon_value::Phase;

fn errors(texts: &[&str], options: &CompileOptions) -> Vec<String> {
    let names = ["main.m", "second.m", "third.m"];
    let sources: Vec<Source> = (texts.iter().zip(names))
        .map(|(text, name)| Source::new(name, *text))
        .collect();
    let Err(errors) = compile(&sources, options) else {
        return Vec::new();
    };
    errors
        .iter()
        .map(|error| {
            assert_eq!(error.context().phase, Phase::Compile);
            let place = error.span().expect("a compile error has a place");
            let position = place.source.position(place.span.start);
            let text = place.source.slice(place.span).lines().next().unwrap_or("");
            let file = match place.source.name() {
                "main.m" => String::new(),
                name => format!("{name}:"),
            };
            format!(
                "{file}{}:{} {} `{text}`",
                position.line,
                position.column,
                error.identifier()
            )
        })
        .collect()
}

fn check_with(texts: &[&str], options: &CompileOptions, expected: &[&str]) {
    assert_eq!(errors(texts, options), expected, "{texts:#?}");
}

fn check(text: &str, expected: &[&str]) {
    check_with(&[text], &CompileOptions::default(), expected);
}

#[test]
fn await_stands_in_async_code_only() {
    let outside = "async:AwaitOutsideAsync";
    check("v = await(1);", &[]);
    check("async function f()\n  await(1);\nend", &[]);
    check("f = async @() await(1);", &[]);
    check("f = async @() do\n  await(1);\nend", &[]);
    check(
        "function f()\n  x = 1 + await(2);\nend",
        &[&format!("2:11 {outside} `await(2)`")],
    );
    check(
        "f = @(x) await(x);",
        &[&format!("1:10 {outside} `await(x)`")],
    );
    check(
        "f = async @() cellfun(@(x) await(x), {});",
        &[&format!("1:28 {outside} `await(x)`")],
    );
    check("f = @() async @() await(1);", &[]);
    check("f = @await;", &[&format!("1:5 {outside} `@await`")]);
    // A program's own `await` is an ordinary function, or an ordinary variable.
    check(
        "function f()\n  await(1);\nend\nfunction await(x)\nend",
        &[],
    );
    check("function f(await)\n  await(1);\nend", &[]);
    let off = CompileOptions {
        top_level_await: false,
        ..CompileOptions::default()
    };
    check_with(
        &["x = 1;\nif x\n  v = await(x);\nend\nf = async @() await(x);"],
        &off,
        &[&format!("3:7 {outside} `await(x)`")],
    );
}

#[test]
fn a_block_cannot_write_what_it_captured() {
    let write =
        |place: &str, name: &str| vec![format!("{place} async:CapturedVariableWrite `{name}`")];
    let cases: &[(&str, Vec<String>)] = &[
        (
            "x = 1;\nf = async @() do\n  x = x + 1;\nend",
            write("3:3", "x"),
        ),
        (
            "x = 1;\nf = async @() do\n  x = 2;\n  x = x + 1;\nend",
            vec![],
        ),
        ("f = async @() do\n  x = x + 1;\nend", vec![]),
        // Changing a part needs the value.
        (
            "x = 1;\nf = async @() do\n  x(2) = 1;\nend",
            write("3:3", "x"),
        ),
        (
            "x = 1;\nf = async @() do\n  x.a = 1;\nend",
            write("3:3", "x"),
        ),
        (
            "x = 1;\nf = async @() do\n  x = 0;\n  x(2) = 1;\nend",
            vec![],
        ),
        // On some path only.
        (
            "x = 1;\nf = async @() do\n  if 1, x = 2; end\n  y = x;\nend",
            write("3:9", "x"),
        ),
        (
            "x = 1;\nf = async @() do\n  if 1, x = 2; else, x = 3; end\n  y = x;\nend",
            vec![],
        ),
        (
            "x = 1;\nf = async @() do\n  if 1, x = 2; else, return, end\n  y = x;\nend",
            vec![],
        ),
        // A loop may have no turn; its variable counts as assigned inside.
        (
            "x = 1;\nf = async @() do\n  for x = 1:3, y = x; end\nend",
            vec![],
        ),
        (
            "x = 1;\nf = async @() do\n  for x = 1:3, end\n  y = x;\nend",
            write("3:7", "x"),
        ),
        (
            "x = 1;\nf = async @() do\n  while x, x = 0; end\nend",
            write("3:12", "x"),
        ),
        (
            "x = 1;\nf = async @() do\n  while 1, x = 0; y = x; end\nend",
            vec![],
        ),
        // An error may come before the assignment.
        (
            "x = 1;\nf = async @() do\n  try\n    x = 2;\n  catch\n    y = x;\n  end\nend",
            write("4:5", "x"),
        ),
        (
            "x = 1;\nf = async @() do\n  try\n    x = 2;\n  finally\n    y = 1;\n  end\n  y = x;\nend",
            vec![],
        ),
        (
            "e = 1;\nf = async @() do\n  try\n    g();\n  catch e\n    y = e;\n  end\nend",
            vec![],
        ),
        (
            "x = 1;\nf = async @() do\n  switch 1\n    case 1\n      x = 1;\n  end\n  x\nend",
            write("5:7", "x"),
        ),
        // Functions and blocks inside read what they capture when they are made.
        (
            "x = 1;\nf = async @() do\n  g = @() x;\n  x = 2;\nend",
            write("4:3", "x"),
        ),
        (
            "x = 1;\nf = async @() do\n  g = @(x) x;\n  x = 2;\nend",
            vec![],
        ),
        (
            "x = 1;\nf = async @() do\n  g = async @() x;\n  x = 2;\nend",
            write("4:3", "x"),
        ),
        (
            "x = 1;\nf = async @() do\n  g = async @() do\n    x = x + 1;\n  end\nend",
            write("4:5", "x"),
        ),
        // Inputs are assigned; a global of the block is its own.
        (
            "function f(x)\n  g = async @() do\n    x = x + 1;\n  end\nend",
            write("3:5", "x"),
        ),
        (
            "global x\nf = async @() do\n  global x\n  x = x + 1;\nend",
            vec![],
        ),
        (
            "x = 1;\nf = async @() do\n  [x, y] = g(x);\nend",
            write("3:4", "x"),
        ),
        (
            "x = 1;\nf = async @() do\n  x = 2;\n  clear x\n  y = x;\nend",
            write("3:3", "x"),
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(
            errors(&[text], &CompileOptions::default()),
            *expected,
            "{text}"
        );
    }
    let workspace = CompileOptions {
        workspace: vec![Rc::from("x")],
        ..CompileOptions::default()
    };
    check_with(
        &["f = async @() do\n  x = x + 1;\nend"],
        &workspace,
        &["2:3 async:CapturedVariableWrite `x`"],
    );
}

#[test]
fn strict_mode_rejects_every_extension() {
    let strict = CompileOptions {
        strict: true,
        ..CompileOptions::default()
    };
    let disabled = "async:ExtensionDisabled";
    check_with(
        &[
            "f = async @() 1;\nt = spawn(f);\nv = await(t);\ng = @race;\n\
             try\n  x = 1;\nfinally\n  x = 2;\nend\n\
             async function h()\nend",
        ],
        &strict,
        &[
            &format!("1:5 {disabled} `async @() 1`"),
            &format!("2:5 {disabled} `spawn(f)`"),
            &format!("3:5 {disabled} `await(t)`"),
            &format!("4:5 {disabled} `@race`"),
            &format!("5:1 {disabled} `try`"),
            &format!("10:1 {disabled} `async function h`"),
        ],
    );
    // Background jobs are MATLAB's own.
    check_with(
        &["f = parfeval(@plus, 1, 1, 2);\nwait(f);\nx = fetchOutputs(f);\ncancel(f);"],
        &strict,
        &[],
    );
    // What the program calls so itself is no extension.
    check_with(
        &["next = 1;\nx = next(1) + add(1, 2);\nfunction z = add(x, y)\n  z = x + y;\nend"],
        &strict,
        &[],
    );
    check_with(
        &["unwind_protect\n  x = 1;\nunwind_protect_cleanup\n  x = 2;\nend_unwind_protect"],
        &strict,
        &[],
    );
}

#[test]
fn what_this_version_does_not_have() {
    check("x = \"a\";", &["1:5 MATLAB:m_unsupported_string `\"a\"`"]);
    check("x = 3i;", &["1:5 MATLAB:m_unsupported_complex `3i`"]);
}

#[test]
fn assignments_need_calls_for_several_results() {
    check("[a, b] = 1 + 2;", &["1:10 MATLAB:maxlhs `1 + 2`"]);
    check("x = 1;\n[a, b] = x;", &["2:10 MATLAB:maxlhs `x`"]);
    check(
        "[a, b] = f(1);\nasync function [x, y] = f(z)\nend",
        &["1:10 MATLAB:TooManyOutputs `f(1)`"],
    );
    check("[a] = 1 + 2;", &[]);
    check("[c{1}, c{i}] = f();", &[]);
    check("[a, c{1:2}] = f();", &[]);
    check("[c{:}] = 1 + 2;", &["1:10 MATLAB:maxlhs `1 + 2`"]);
    check("[a, c(2).d{1:2}] = f();", &[]);
    check("global g\n[g{1:2}] = f();", &[]);
    check(
        "[c{1:2}] = f(1);\nasync function [x, y] = f(z)\nend",
        &["1:12 MATLAB:TooManyOutputs `f(1)`"],
    );
}

#[test]
fn places_where_things_do_not_belong() {
    check(
        "for i = 1:2\n  try\n    x = 1;\n  finally\n    break\n  end\nend",
        &["5:5 async:CleanupExit `break`"],
    );
    check(
        "try\n  x = 1;\nfinally\n  for i = 1:2, break, end\nend",
        &[],
    );
    check(
        "x = f(end);\nfunction y = f(x)\nend",
        &["1:7 MATLAB:m_illegal_reserved_keyword_usage `end`"],
    );
    // What is unknown may have been meant as a variable; it fails when it runs.
    check("x = nothing(end, end + 1);", &[]);
    check("f = @() later(end); later = 1;", &[]);
    check(
        "function f(x, x)\nend",
        &["1:15 MATLAB:m_duplicate_input `x`"],
    );
    check(
        "function f(x)\n  global x\nend",
        &["2:10 MATLAB:m_global_parameter `x`"],
    );
    check(
        "function f()\nend\nfunction f()\nend",
        &["3:10 MATLAB:m_duplicate_function `f`"],
    );
}

#[test]
fn syntax_errors_come_with_their_identifiers() {
    check("x = ;", &["1:5 MATLAB:m_incomplete_statement `;`"]);
}

#[test]
fn function_files_show_their_first_function() {
    let options = CompileOptions::default();
    let second =
        "function y = second(x)\n  y = hidden(x);\nend\nfunction y = hidden(x)\n  y = x;\nend";
    let Ok(program) = compile(
        &[
            Source::new("main.m", "a = second(1); b = hidden(2);"),
            Source::new("second.m", second),
        ],
        &options,
    ) else {
        panic!("it compiles");
    };
    let text = program.to_string();
    assert!(text.contains("CALL second #1"), "{text}");
    assert!(text.contains("CALL hidden #2"), "{text}");
    assert!(text.contains("CALL_UNKNOWN hidden"), "{text}");
    check_with(
        &["x = 1;", "x = 2;\nfunction second()\nend"],
        &options,
        &["second.m:1:1 MATLAB:m_script_in_function_file `x = 2`"],
    );
}

#[test]
fn programs_that_are_too_large_are_errors() {
    let too_large = |text: &str| {
        let found = errors(&[text], &CompileOptions::default());
        assert!(
            found.len() == 1 && found[0].contains("MATLAB:m_program_too_large"),
            "{found:?}"
        );
    };
    let row = |count: usize| format!("x = [{}];", "1 ".repeat(count));
    check(&row(20_000), &[]);
    too_large(&row(40_000));
    let variables: String = (0..40_000).map(|at| format!("x{at}=1;\n")).collect();
    too_large(&variables);
    let constants: String = (0..66_000).map(|at| format!("x={at};\n")).collect();
    too_large(&constants);
    let arguments = vec!["1"; 300].join(",");
    check(&format!("f({arguments});\nfunction f(varargin)\nend"), &[]);
    too_large(&format!("x = 1;\ny = x(end,{arguments});"));
    let captured: String = (0..300).map(|at| format!("x{at}=1;\n")).collect();
    let sum: Vec<String> = (0..300).map(|at| format!("x{at}")).collect();
    too_large(&format!("{captured}f = @() {};", sum.join("+")));
    // Tall is not large.
    check(&format!("x = {};", vec!["1"; 400].join("+")), &[]);
}

#[test]
fn futures_are_no_arguments_of_commands() {
    let options = CompileOptions {
        top_level_await: true,
        ..CompileOptions::default()
    };
    check_with(
        &["f = promise();\nawait f"],
        &options,
        &["2:1 MATLAB:m_command_syntax `await f`"],
    );
    check_with(
        &["spawn g(1)\nfunction g(x)\nend"],
        &options,
        &["1:1 MATLAB:m_command_syntax `spawn g(1)`"],
    );
    // A function of the program may be called as a command.
    check_with(&["await f\nfunction await(x)\nend"], &options, &[]);
}
