//! Any text at all is read to its end: no panic, no endless loop, places inside the text, and a report
//! whenever the tree has a gap.

mod support;

use proptest::prelude::*;
use tourbillon_syntax::{Severity, parse, print};

fn check(text: &str) {
    let parsed = parse(text);
    for diagnostic in &parsed.diagnostics {
        let span = diagnostic.span;
        assert!(
            span.start <= span.end && span.end as usize <= text.len(),
            "{diagnostic:?}"
        );
        let inside = text.get(span.start as usize..span.end as usize);
        assert!(inside.is_some(), "{diagnostic:?} cuts a character in two");
    }
    let errors = parsed
        .diagnostics
        .iter()
        .any(|it| it.severity == Severity::Error);
    let tree = support::render(&parsed.file);
    if !errors {
        assert!(
            !tree.contains("ERROR"),
            "no report about a gap in\n{text}\n{tree}"
        );
        // What was read without a mistake can be printed and read again.
        let printed = print(&parsed.file);
        let again = parse(&printed);
        assert_eq!(again.diagnostics, [], "in\n{printed}\nprinted from\n{text}");
        assert_eq!(
            support::render(&again.file),
            tree,
            "in\n{printed}\nprinted from\n{text}"
        );
    }
}

/// Pieces of programs: strung together they come closer to programs than characters do.
fn pieces() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "x",
        "y",
        "f",
        "1",
        "2.5",
        "'a'",
        "\"b\"",
        "'",
        "\"",
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        ",",
        ";",
        "\n",
        " ",
        " ",
        "=",
        "==",
        "+",
        "-",
        "*",
        "^",
        ".'",
        ".",
        ":",
        "~",
        "@",
        "@(x) ",
        "end",
        "end\n",
        "if ",
        "else\n",
        "elseif ",
        "for i=",
        "while ",
        "switch ",
        "case ",
        "otherwise\n",
        "try\n",
        "catch ",
        "catch\n",
        "finally\n",
        "unwind_protect\n",
        "unwind_protect_cleanup\n",
        "function ",
        "async function ",
        "async @() ",
        "async @() do\n",
        "return\n",
        "global ",
        "persistent ",
        "...",
        "...\n",
        "%",
        "%{\n",
        "\n%}\n",
        "&&",
        "||",
        "hold on\n",
        "\r\n",
        "é",
        "endif",
        "endfunction\n",
        "x = ",
        "1i",
    ]);
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 3000,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn any_characters(text in any::<String>()) {
        check(&text);
    }

    #[test]
    fn any_printable_characters(text in "[ -~\n]{0,60}") {
        check(&text);
    }

    #[test]
    fn any_pieces(text in pieces()) {
        check(&text);
    }

    #[test]
    fn programs_cut_short(cut in 0..PROGRAM.len()) {
        check(&PROGRAM[..cut]);
        check(&PROGRAM[cut..]);
    }
}

const PROGRAM: &str = "\
x = [1 -2; 3 4]'; s.a{end+1} = 'it''s'; [a, ~] = f(x, :);
if x(1) == 1 && ~y, disp ok, elseif z, else w = @(q) q + 1; end
switch s.a{1}
    case {'p', \"q\"}
        hold on
    otherwise
        y = {1, @sin, @(t) t' };
end
try
    t = spawn(async @() do
        for k = 1:3, pause(0.1); end
        x ^ -2
    end, 'Name', 'n');
    await(t, 'Timeout', 1e-3);
catch err
    rethrow(err);
finally
    unwind_protect, g; unwind_protect_cleanup, h; end_unwind_protect
end
async function [p, q] = f(varargin)
    persistent n = 0
    while true, n = n + 1; if n > 3, break, end, end
end
";

#[test]
fn the_program_is_one() {
    assert_eq!(parse(PROGRAM).diagnostics, []);
}

/// One piece over and over: deep, long, or one mistake after another.
#[test]
fn one_piece_repeated() {
    let pieces = [
        "(",
        "[",
        "{",
        "((((]",
        "a(",
        "{@() ",
        "[(\n",
        "x = [$ 1\n",
        "x = [$ \n do\n",
        "if a,",
        "async @() do\n",
        "f(async @() do\n",
        "try ",
        "function f\n",
        "end\n",
        "else\n",
        "1+",
        "-",
        "x.",
        "@(x) ",
        "'",
        "%{\n",
        "...\n",
        ")",
        "a b\n",
        "é",
    ];
    for piece in pieces {
        check(&piece.repeat(20_000 / piece.len()));
    }
}
