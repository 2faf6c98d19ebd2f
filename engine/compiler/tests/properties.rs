//! Whatever the parser accepts compiles to bytecode that keeps its rules, or is an error with a place.
//! The compiler verifies every program and panics when the verifier finds a fault in its work.

use proptest::prelude::*;
use std::rc::Rc;
use tourbillon_compiler::{CompileOptions, Program, compile};
use tourbillon_syntax::Source;
use tourbillon_value::RuntimeError;

/// Names that every generated body assigns or takes as inputs.
fn variable() -> BoxedStrategy<String> {
    prop::sample::select(vec!["a", "b", "s", "c"])
        .prop_map(String::from)
        .boxed()
}

fn function() -> BoxedStrategy<String> {
    let names = vec![
        "f", "g", "later", "spawn", "race", "next", "nargin", "ans", "unknown",
    ];
    prop::sample::select(names).prop_map(String::from).boxed()
}

fn arguments(inner: BoxedStrategy<String>, can_end: bool) -> BoxedStrategy<String> {
    let end = if can_end { "end" } else { "1" };
    let argument = prop_oneof![
        6 => inner,
        1 => Just(":".to_string()),
        1 => Just(end.to_string()),
        1 => Just(format!("{end} + 1")),
        1 => Just("c{:}".to_string()),
    ];
    let arguments = prop::collection::vec(argument, 0..4);
    arguments.prop_map(|arguments| arguments.join(", ")).boxed()
}

fn step(inner: BoxedStrategy<String>) -> BoxedStrategy<String> {
    let arguments = arguments(inner.clone(), true);
    prop_oneof![
        arguments.clone().prop_map(|inside| format!("({inside})")),
        arguments.prop_map(|inside| format!("{{{inside}}}")),
        variable().prop_map(|name| format!(".{name}")),
        inner.prop_map(|inside| format!(".({inside})")),
    ]
    .boxed()
}

fn steps(inner: BoxedStrategy<String>) -> BoxedStrategy<String> {
    let steps = prop::collection::vec(step(inner), 0..4);
    steps.prop_map(|steps| steps.concat()).boxed()
}

fn call(inner: BoxedStrategy<String>) -> BoxedStrategy<String> {
    (function(), arguments(inner.clone(), false), steps(inner))
        .prop_map(|(name, arguments, steps)| format!("{name}({arguments}){steps}"))
        .boxed()
}

fn expression() -> BoxedStrategy<String> {
    let leaf = prop_oneof![
        4 => variable(),
        1 => function(),
        2 => (0..20u8).prop_map(|number| number.to_string()),
        1 => Just("'text'".to_string()),
        1 => Just("[]".to_string()),
        1 => Just("@later".to_string()),
    ];
    leaf.prop_recursive(4, 30, 4, |inner| {
        let operators = vec!["+", "-", ".*", "*", "==", "<", "&&", "||", "&", ":", "^"];
        let operator = prop::sample::select(operators);
        prop_oneof![
            3 => (variable(), steps(inner.clone())).prop_map(|(name, steps)| name + &steps),
            3 => call(inner.clone()),
            2 => (inner.clone(), operator, inner.clone())
                .prop_map(|(left, operator, right)| format!("({left} {operator} {right})")),
            1 => inner.clone().prop_map(|inner| format!("~{inner}")),
            1 => inner.clone().prop_map(|inner| format!("({inner})'")),
            1 => (inner.clone(), inner.clone(), inner.clone())
                .prop_map(|(x, y, z)| format!("[{x}, {y}; {z}]")),
            1 => (inner.clone(), inner.clone()).prop_map(|(x, y)| format!("{{{x}, {y}}}")),
            1 => (variable(), inner.clone()).prop_map(|(name, body)| format!("@({name}) {body}")),
            1 => inner.clone().prop_map(|body| format!("async @() {body}")),
            1 => inner.clone().prop_map(|x| format!("async @() await({x})")),
            1 => (inner.clone(), inner)
                .prop_map(|(x, y)| format!("async @() do\np = {x};\n{y}\nawait(p);\nend")),
        ]
    })
    .boxed()
}

fn target() -> BoxedStrategy<String> {
    (variable(), steps(expression()))
        .prop_map(|(name, steps)| name + &steps)
        .boxed()
}

fn simple() -> BoxedStrategy<String> {
    prop_oneof![
        4 => (target(), expression()).prop_map(|(target, value)| format!("{target} = {value}")),
        4 => expression(),
        2 => expression().prop_map(|value| format!("{value};")),
        2 => (variable(), target(), arguments(expression(), false))
            .prop_map(|(x, y, inside)| format!("[{x}, ~, {y}.x] = f({inside});")),
        1 => (variable(), steps(expression()), arguments(expression(), true))
            .prop_map(|(x, steps, inside)| format!("[a, s.x(end + 1)] = {x}{steps}({inside});")),
        1 => (variable(), arguments(expression(), true))
            .prop_map(|(name, inside)| format!("{name}({inside}) = [];")),
        1 => Just("[a, b] = c{:};".to_string()),
        1 => Just("[a, s.x(end + 1)] = s.y;".to_string()),
        1 => Just("clear a b".to_string()),
        1 => Just("x = exist('a', 'var');".to_string()),
    ]
    .boxed()
}

fn lines(statement: BoxedStrategy<String>) -> BoxedStrategy<String> {
    let lines = prop::collection::vec(statement, 0..4);
    lines.prop_map(|lines| lines.join("\n")).boxed()
}

/// Statements; `leaving` may leave what is around them.
fn statements(leaving: &'static [&'static str]) -> BoxedStrategy<String> {
    let leaf = if leaving.is_empty() {
        simple()
    } else {
        let leaving = prop::sample::select(leaving).prop_map(String::from);
        prop_oneof![4 => simple(), 1 => leaving].boxed()
    };
    let statement = leaf.prop_recursive(3, 16, 4, move |inner| {
        let block = lines(inner.boxed());
        let b = move || block.clone();
        // What is new inside a loop, and what may not leave cleanup code, stands there on its own.
        let turn = || {
            let leaving = prop::sample::select(vec!["break", "continue", "return"]);
            prop_oneof![
                3 => b(),
                1 => (b(), expression(), leaving.clone(), b()).prop_map(|(x, c, leave, y)| format!(
                    "{x}\ntry\n{y}\nif {c}, {leave}, end\nfinally\nf(1);\nend"
                )),
            ]
        };
        let cleanup = || {
            prop_oneof![
                lines(simple()),
                lines(simple()).prop_map(|x| format!("for k = 1:2\n{x}\nbreak\nend")),
                lines(simple()).prop_map(|x| format!("try\n{x}\nfinally\n{x}\nend")),
            ]
        };
        let turn = if leaving.is_empty() {
            lines(simple())
        } else {
            turn().boxed()
        };
        prop_oneof![
            (expression(), b(), b()).prop_map(|(c, x, y)| format!("if {c}\n{x}\nelse\n{y}\nend")),
            (expression(), turn.clone()).prop_map(|(c, x)| format!("while {c}\n{x}\nend")),
            (target(), expression(), turn.clone())
                .prop_map(|(t, c, x)| format!("for {t} = {c}\n{x}\nend")),
            (variable(), turn).prop_map(|(t, x)| format!("for {t} = 1:3\n{x}\nend")),
            (expression(), expression(), b(), b())
                .prop_map(|(s, c, x, y)| format!("switch {s}\ncase {c}\n{x}\notherwise\n{y}\nend")),
            (b(), variable(), b()).prop_map(|(x, e, y)| format!("try\n{x}\ncatch {e}\n{y}\nend")),
            b().prop_map(|x| format!("try\n{x}\nend")),
            (b(), variable(), b(), cleanup())
                .prop_map(|(x, e, y, z)| format!("try\n{x}\ncatch {e}\n{y}\nfinally\n{z}\nend")),
            (b(), cleanup()).prop_map(|(x, y)| format!(
                "unwind_protect\n{x}\nunwind_protect_cleanup\n{y}\nend_unwind_protect"
            )),
        ]
    });
    lines(statement.boxed())
}

fn compile_text(text: String, strict: bool) -> Result<Program, Vec<RuntimeError>> {
    let options = CompileOptions {
        strict,
        top_level_await: true,
        workspace: vec![Rc::from("a"), Rc::from("b"), Rc::from("s"), Rc::from("c")],
    };
    compile(&[Source::new("main.m", text)], &options)
}

fn program(script: &str, plain: &str, body: &str) -> String {
    format!(
        "{script}\nfunction [a, varargout] = f(b, s, c, varargin)\nglobal g\n{plain}\nend\n\
         async function c = later(s, a, b)\npersistent h = 1\n{body}\nh = c;\nend\n"
    )
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 256,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn every_program_verifies(
        script in statements(&["return"]),
        plain in statements(&["return"]),
        body in statements(&["return"]),
    ) {
        match compile_text(program(&script, &plain, &body), false) {
            Ok(program) => prop_assert!(program.functions.len() >= 3),
            Err(errors) => prop_assert!(false, "{}", errors[0]),
        }
    }

    #[test]
    fn strict_mode_lets_no_extension_through(script in statements(&[])) {
        let text = script.clone();
        match compile_text(text, true) {
            Ok(_) => for word in ["async ", "await", "spawn", "race", "finally"] {
                prop_assert!(!script.contains(word), "{script}");
            },
            Err(errors) => prop_assert!(!errors.is_empty()),
        }
    }

    #[test]
    fn any_text_compiles_or_is_an_error(text in "[a-c =()\\[\\]{}:;,.@'\n0-9&|+~-]{0,60}") {
        if let Err(errors) = compile_text(text, false) {
            prop_assert!(errors.iter().all(|error| error.span().is_some()));
        }
    }
}
