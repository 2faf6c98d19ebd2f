//! What is reported about broken programs, where, and that the rest is still read.

mod support;

use expect_test::{Expect, expect};
use tourbillon_syntax::parse;

fn check(text: &str, expected: Expect) {
    let parsed = parse(text);
    expected.assert_eq(&support::render_diagnostics(text, &parsed.diagnostics));
}

#[test]
fn missing_ends() {
    check(
        "x = 1;\nif x\n  y = 2;\n",
        expect![[r#"
        2:1 m_missing_end `if` is not closed by `end`.
          write `end` after its last statement"#]],
    );
    check(
        "for i = 1:3\n  if i\n    disp(i)\nend\n",
        expect![[r#"
            2:3 m_missing_end `if` is not closed by `end`.
              the `end` in line 4 is aligned with a statement around it"#]],
    );
    check(
        "while a, b;",
        expect![[r#"
        1:1 m_missing_end `while` is not closed by `end`.
          write `end` after its last statement"#]],
    );
    check(
        "switch a\ncase 1\n b;",
        expect![[r#"
        1:1 m_missing_end `switch` is not closed by `end`.
          write `end` after its last statement"#]],
    );
    check(
        "try\n a;\ncatch e\n b;",
        expect![[r#"
        1:1 m_missing_end `try` is not closed by `end`.
          write `end` after its last statement"#]],
    );
    check(
        "unwind_protect\n a;\nunwind_protect_cleanup\n b;",
        expect![[r#"
        1:1 m_missing_end `unwind_protect` is not closed by `end`.
          write `end` after its last statement"#]],
    );
    check(
        "f = async @() do\n a;\n",
        expect![[r#"
        1:5 m_missing_end `async @() do` is not closed by `end`.
          write `end` after its last statement"#]],
    );
    check(
        "f(async @() do\n a;\n, 1)",
        expect![[r#"
            1:3 m_missing_end `async @() do` is not closed by `end`.
              write `end` after its last statement"#]],
    );
    check(
        "if a\n b;\nelse if c\n d;\nend",
        expect![[r#"
        1:1 m_missing_end `if` is not closed by `end`.
          `else if` begins a second `if` with an `end` of its own; write `elseif`"#]],
    );
    check(
        "function f\n a;\n",
        expect![[r#"
        1:1 m_missing_end `function` is not closed by `end`.
          write `end` after its last statement"#]],
    );
    check(
        "function f\n a;\nfunction g\n b;\n",
        expect![[r#"
        1:1 m_missing_end `function` is not closed by `end`.
          write `end` after its last statement
        3:1 m_missing_end `function` is not closed by `end`.
          write `end` after its last statement"#]],
    );
    check(
        "if a\n b;\nfunction g\n c;\nend\n",
        expect![[r#"
            1:1 m_missing_end `if` is not closed by `end`.
              a function begins before its `end`"#]],
    );
    check(
        "while a\n if b\n c;\nendwhile\n",
        expect![[r#"
        2:2 m_missing_end `if` is not closed by `end`.
          write `end` after its last statement"#]],
    );
}

#[test]
fn missing_ends_seen_by_indentation() {
    check(
        "while a\n  for i = b\n    if c\n      d;\n  end\nend\nx = 1;\n",
        expect![[r#"
            3:5 m_missing_end `if` is not closed by `end`.
              the `end` in line 5 is aligned with a statement around it"#]],
    );
    check(
        "function f\n  try\n    a;\n  catch e\n    b;\nend\nx = 1;\n",
        expect![[r#"
            2:3 m_missing_end `try` is not closed by `end`.
              the `end` in line 6 is aligned with a statement around it"#]],
    );
    check(
        "g = async @() do\n  if a\n    b;\nend;\n",
        expect![[r#"
        2:3 m_missing_end `if` is not closed by `end`.
          the `end` in line 4 is aligned with a statement around it"#]],
    );
    check(
        "if a\n  if b\n    if c\nend\n",
        expect![[r#"
        1:1 m_missing_end `if` is not closed by `end`.
          write `end` after its last statement
        3:5 m_missing_end `if` is not closed by `end`.
          the `end` in line 4 is aligned with a statement around it"#]],
    );
}

#[test]
fn ends_that_do_not_match() {
    check(
        "x = 1;\nend\ny = 2;\n",
        expect![[r#"
        2:1 m_unexpected_keyword `end` closes nothing.
          remove it, or look for one too many above"#]],
    );
    check(
        "if a\n b;\nendwhile\n",
        expect![[r#"
        3:1 m_mismatched_end `endwhile` does not close `if`.
          write `end`"#]],
    );
    check(
        "else\n b;\n",
        expect!["1:1 m_unexpected_keyword `else` has no statement that it belongs to."],
    );
    check(
        "if a\nelse\nelse\n b;\nend",
        expect!["3:1 m_unexpected_keyword `else` cannot stand here in `if`."],
    );
    check(
        "if a\nelse\nelseif c\n b;\nend",
        expect!["3:1 m_unexpected_keyword `elseif` cannot stand here in `if`."],
    );
    check(
        "while a\n case 3\n b;\nend",
        expect!["2:2 m_unexpected_keyword `case` cannot stand here in `while`."],
    );
    check(
        "try\nfinally\n a;\ncatch e\n b;\nend",
        expect!["4:1 m_unexpected_keyword `catch` cannot stand here in `try`."],
    );
    check(
        "switch a\n b;\ncase 1\nend",
        expect!["2:2 m_syntax_error A statement in `switch` stands before the first `case`."],
    );
    check(
        "unwind_protect\n a;\nend",
        expect![[r#"
        1:1 m_syntax_error `unwind_protect` has no `unwind_protect_cleanup`.
          write the cleanup after `unwind_protect_cleanup`, before the `end`"#]],
    );
}

#[test]
fn brackets() {
    check(
        "x = (1 + 2;\ny = 3;",
        expect!["1:5 m_unmatched_delimiter `(` is not closed by `)`."],
    );
    check(
        "x = f(1, 2\ny = 3;",
        expect![[r#"
        1:6 m_unmatched_delimiter `(` is not closed by `)`.
          close it, or write `...` at the end of a line that goes on"#]],
    );
    check(
        "x = f(1,\n 2);",
        expect![[r#"
            1:9 m_incomplete_statement The statement is incomplete: expected a value.
              write `...` at the end of a line that goes on"#]],
    );
    check(
        "x = [1 2\ny = 3;",
        expect!["1:5 m_unmatched_delimiter `[` is not closed by `]`."],
    );
    check(
        "x = [1 2\nif y, end",
        expect!["1:5 m_unmatched_delimiter `[` is not closed by `]`."],
    );
    check(
        "x = {1, 2",
        expect!["1:5 m_unmatched_delimiter `{` is not closed by `}`."],
    );
    check(
        "x = 1);\ny = 2];\n",
        expect![[r#"
            1:6 m_unmatched_delimiter `)` closes nothing.
              remove it, or open it before
            2:6 m_unmatched_delimiter `]` closes nothing.
              remove it, or open it before"#]],
    );
    check(
        "x = [1, (2];\ny = ;",
        expect![[r#"
        1:11 m_syntax_error Unexpected `]`: expected `)` or an operator.
        2:5 m_incomplete_statement The statement is incomplete: expected a value."#]],
    );
    check(
        "x = [1 2 $ 3\n 4 5 6];\ny = ;",
        expect![[r#"
        1:10 m_unexpected_character The character `$` has no meaning here.
        3:5 m_incomplete_statement The statement is incomplete: expected a value."#]],
    );
    check(
        "f(a b, c); y = ;",
        expect![[r#"
        1:5 m_syntax_error Unexpected `b`: expected `)` or an operator.
        1:16 m_incomplete_statement The statement is incomplete: expected a value."#]],
    );
    check(
        "x = [1,,2];",
        expect!["1:8 m_syntax_error Unexpected `,`: expected a value."],
    );
    check(
        "if x(1 == 1, disp ok, end\ny = ;",
        expect![[r#"
        1:19 m_syntax_error Unexpected `ok`: expected `)` or an operator.
        2:5 m_incomplete_statement The statement is incomplete: expected a value."#]],
    );
    check(
        "x = f(a b, async @() do\n y = 1;\nend, 'n');\nz = ;",
        expect![[r#"
            1:9 m_syntax_error Unexpected `b`: expected `)` or an operator.
            4:5 m_incomplete_statement The statement is incomplete: expected a value."#]],
    );
    check(
        "x = $ [1 2\n 3 4]; y = ;",
        expect![[r#"
        1:5 m_unexpected_character The character `$` has no meaning here.
        2:12 m_incomplete_statement The statement is incomplete: expected a value."#]],
    );
    check(
        "x = $ [1 2\ny = ;",
        expect![[r#"
        1:5 m_unexpected_character The character `$` has no meaning here.
        2:5 m_incomplete_statement The statement is incomplete: expected a value."#]],
    );
    check(
        "x = f(1 2\ny = ;",
        expect![[r#"
        1:9 m_syntax_error Unexpected `2`: expected `)` or an operator.
        2:5 m_incomplete_statement The statement is incomplete: expected a value."#]],
    );
    check(
        "x = f([1 2\n 3 4] 5);\ny = ;",
        expect![[r#"
        2:7 m_syntax_error Unexpected `5`: expected `)` or an operator.
        3:5 m_incomplete_statement The statement is incomplete: expected a value."#]],
    );
    check(
        "x = [1 2\n  while y, end\nz = ;",
        expect![[r#"
        1:5 m_unmatched_delimiter `[` is not closed by `]`.
        3:5 m_incomplete_statement The statement is incomplete: expected a value."#]],
    );
}

#[test]
fn texts_and_characters() {
    check(
        "x = 'abc;\ny = 2",
        expect![[r#"
        1:5 m_unterminated_string Character vector is not terminated properly.
          close it with `'` on the same line"#]],
    );
    check(
        "x = \"abc",
        expect![[r#"
        1:5 m_unterminated_string String is not terminated properly.
          close it with `"` on the same line"#]],
    );
    check(
        "x = [a '];",
        expect![[r#"
        1:8 m_unterminated_string Character vector is not terminated properly.
          close it with `'` on the same line"#]],
    );
    check(
        "x = 1; # note",
        expect![[r#"
        1:8 m_unexpected_character The character `#` has no meaning here.
          a comment begins with `%`"#]],
    );
    check(
        "x = \u{2018}a\u{2019};",
        expect![[r#"
        1:5 m_unexpected_character The character `‘` has no meaning here.
          use the plain quote `'`
        1:7 m_unexpected_character The character `’` has no meaning here.
          use the plain quote `'`"#]],
    );
    check(
        "x\u{a0}= 1;",
        expect![[r#"
        1:2 m_unexpected_character The character U+00A0 has no meaning here.
          replace it by a plain blank"#]],
    );
    check(
        "é = 1;",
        expect![[r#"
        1:1 m_unexpected_character The character `é` has no meaning here.
          names are made of the letters a-z and A-Z, digits and `_`"#]],
    );
    check(
        "x = 3abc;",
        expect![[r#"
        1:5 m_malformed_number `3abc` is neither a number nor a name.
          a name does not begin with a digit; to multiply, write `*`"#]],
    );
    check(
        "x = 0xFFu8;",
        expect![[r#"
        1:5 m_malformed_number `0xFFu8` is neither a number nor a name.
          a name does not begin with a digit; to multiply, write `*`"#]],
    );
    check(
        "%{\n x = 1;\n",
        expect![[r#"
        1:1 m_unterminated_comment The block comment is not closed.
          close it with `%}` alone on a line"#]],
    );
    check(
        "disp 'abc",
        expect![[r#"
        1:6 m_unterminated_string Character vector is not terminated properly.
          close the quote on the same line"#]],
    );
}

#[test]
fn assignments() {
    check(
        "if a = 1\n b;\nend",
        expect![[r#"
        1:6 m_incorrect_use_of_assignment `=` assigns and cannot stand inside an expression.
          compare with `==`; assign in a statement of its own"#]],
    );
    check(
        "while (a = 1) b; end",
        expect![[r#"
        1:10 m_incorrect_use_of_assignment `=` assigns and cannot stand inside an expression.
          compare with `==`; assign in a statement of its own"#]],
    );
    check(
        "x = y = 2;",
        expect![[r#"
        1:7 m_incorrect_use_of_assignment `=` assigns and cannot stand inside an expression.
          compare with `==`; assign in a statement of its own"#]],
    );
    check(
        "f(a = 1);",
        expect![[r#"
        1:5 m_incorrect_use_of_assignment `=` cannot stand in an argument.
          compare with `==`; pass an option as a pair: `f('Name', value)`"#]],
    );
    check(
        "x = 1; x += 1;",
        expect![[r#"
        1:10 m_syntax_error There is no operator `+=`.
          write `x = x + …`"#]],
    );
    check(
        "x += 1;",
        expect![[r#"
        1:3 m_syntax_error There is no operator `+=`.
          write `x = x + …`"#]],
    );
    check(
        "x = 1; x++;",
        expect![[r#"
        1:11 m_incomplete_statement The statement is incomplete: expected a value.
          write `x = x + 1`"#]],
    );
    check(
        "1 = 2;",
        expect![[r#"
        1:1 m_invalid_lhs_of_assignment The left side of `=` is nothing that can be assigned.
          assign to a variable, or to an element or a field of one"#]],
    );
    check(
        "a + b = 2;",
        expect![[r#"
        1:1 m_invalid_lhs_of_assignment The left side of `=` is nothing that can be assigned.
          compare with `==`"#]],
    );
    check(
        "(a) = 2;",
        expect![[r#"
        1:1 m_invalid_lhs_of_assignment The left side of `=` is nothing that can be assigned.
          assign to a variable, or to an element or a field of one"#]],
    );
    check(
        "f(1)' = 2;",
        expect![[r#"
        1:1 m_invalid_lhs_of_assignment The left side of `=` is nothing that can be assigned.
          assign to a variable, or to an element or a field of one"#]],
    );
    check(
        "[a, 1] = f;",
        expect![[r#"
        1:5 m_invalid_lhs_of_assignment The left side of `=` is nothing that can be assigned.
          assign to a variable, or to an element or a field of one"#]],
    );
    check(
        "[] = f;",
        expect![[r#"
        1:1 m_invalid_lhs_of_assignment The list of targets is empty.
          name a variable, or `~` for a result that is not wanted"#]],
    );
    check(
        "[a; b] = f;",
        expect![[r#"
        1:3 m_invalid_lhs_of_assignment The left side of the assignment is no list of variables.
          write `[a, b] = …` with variables or places in them"#]],
    );
    check(
        "~ = f;",
        expect![[r#"
        1:3 m_incorrect_use_of_assignment `=` assigns and cannot stand inside an expression.
          compare with `==`; assign in a statement of its own"#]],
    );
    check(
        "x =",
        expect!["1:4 m_incomplete_statement The statement is incomplete: expected a value."],
    );
    check(
        "global a = 1",
        expect![[r#"
        1:10 m_syntax_error A `global` declaration gives no value.
          assign in a statement of its own"#]],
    );
}

#[test]
fn reserved_words() {
    check(
        "end = 5;\nx = ;",
        expect![[r#"
        1:1 m_illegal_reserved_keyword_usage `end` is a reserved word and cannot be assigned.
          choose another name for the variable
        2:5 m_incomplete_statement The statement is incomplete: expected a value."#]],
    );
    check(
        "if = 5;",
        expect![[r#"
        1:1 m_illegal_reserved_keyword_usage `if` is a reserved word and cannot be assigned.
          choose another name for the variable"#]],
    );
    check(
        "function = 5;",
        expect![[r#"
        1:1 m_illegal_reserved_keyword_usage `function` is a reserved word and cannot be assigned.
          choose another name for the variable"#]],
    );
    check(
        "for end = 1:3, a; end",
        expect![[r#"
        1:5 m_illegal_reserved_keyword_usage Illegal use of reserved keyword "end".
          expected the variable of the loop"#]],
    );
    check(
        "x = end;",
        expect![[r#"
        1:5 m_illegal_reserved_keyword_usage Illegal use of reserved keyword "end".
          expected a value"#]],
    );
    check(
        "x = while;",
        expect![[r#"
        1:5 m_illegal_reserved_keyword_usage Illegal use of reserved keyword "while".
          expected a value"#]],
    );
    check(
        "[a, for] = f;",
        expect![[r#"
        1:5 m_illegal_reserved_keyword_usage Illegal use of reserved keyword "for".
          expected a value"#]],
    );
    check(
        "s.end = 1;",
        expect![[r#"
        1:3 m_illegal_reserved_keyword_usage Illegal use of reserved keyword "end".
          write `.('end')` for a field of this name"#]],
    );
    check(
        "global if",
        expect![[r#"
        1:8 m_illegal_reserved_keyword_usage Illegal use of reserved keyword "if".
          expected the name of a variable"#]],
    );
    check(
        "function if\nend",
        expect![[r#"
        1:10 m_illegal_reserved_keyword_usage Illegal use of reserved keyword "if".
          expected the name of a function"#]],
    );
    check(
        "parfor i = 1:3\n a = ;\nend\nb = ;",
        expect![[r#"
        1:1 m_unsupported `parfor` is not part of this version.
          write `for`, or spawn tasks and await them
        2:6 m_incomplete_statement The statement is incomplete: expected a value.
        4:5 m_incomplete_statement The statement is incomplete: expected a value."#]],
    );
    check(
        "classdef A\n properties\n x\n end\nend",
        expect!["1:1 m_unsupported `classdef` is not part of this version."],
    );
}

#[test]
fn expressions() {
    check(
        "x = 1 +;\ny = * 2;\nz = 3 4;",
        expect![[r#"
        1:8 m_incomplete_statement The statement is incomplete: expected a value.
        2:5 m_syntax_error Unexpected `*`: expected a value.
        3:7 m_syntax_error Unexpected `4`: expected the end of the statement."#]],
    );
    check(
        "x = 1 +\ny = 2;",
        expect!["1:8 m_incomplete_statement The statement is incomplete: expected a value."],
    );
    check(
        "x = a.;",
        expect![
            "1:7 m_incomplete_statement The statement is incomplete: expected the name of a field."
        ],
    );
    check(
        "x = a.1;",
        expect!["1:6 m_syntax_error Unexpected `.1`: expected the end of the statement."],
    );
    check(
        "x = @;",
        expect![
            "1:6 m_incomplete_statement The statement is incomplete: expected the name of a function or `(` after `@`."
        ],
    );
    check(
        "x = @(1) 2;",
        expect!["1:7 m_syntax_error Unexpected `1`: expected the name of a parameter."],
    );
    check(
        "x = @(a = 1) a;",
        expect![[r#"
        1:9 m_syntax_error A parameter has no default value.
          look at `nargin` in the function's body"#]],
    );
    check(
        "x = sin(1) cos(2);",
        expect!["1:12 m_syntax_error Unexpected `cos`: expected the end of the statement."],
    );
    check(
        "x = 1; x y",
        expect!["1:10 m_syntax_error Unexpected `y`: expected the end of the statement."],
    );
    check(
        "disp [1 2]",
        expect!["1:6 m_syntax_error Unexpected `[`: expected the end of the statement."],
    );
    check(
        "x = ?;",
        expect!["1:5 m_unexpected_character The character `?` has no meaning here."],
    );
}

#[test]
fn heads() {
    check(
        "if\n a;\nend\nb = ;",
        expect![[r#"
        1:3 m_incomplete_statement The statement is incomplete: expected a value.
        4:5 m_incomplete_statement The statement is incomplete: expected a value."#]],
    );
    check(
        "for i\n a;\nend",
        expect![
            "1:6 m_incomplete_statement The statement is incomplete: expected `=` and what the loop runs over."
        ],
    );
    check(
        "for i = 1:3)\n a;\nend",
        expect![[r#"
            1:12 m_unmatched_delimiter `)` closes nothing.
              remove it, or open it before"#]],
    );
    check(
        "for (i = 1:3\n a;\nend",
        expect![[r#"
        1:5 m_unmatched_delimiter `(` is not closed by `)`.
          close it, or write `...` at the end of a line that goes on"#]],
    );
    check(
        "switch\n case\n a;\nend",
        expect![[r#"
        1:7 m_incomplete_statement The statement is incomplete: expected a value.
        2:6 m_incomplete_statement The statement is incomplete: expected a value."#]],
    );
    check(
        "function f(\n a = ;\nend",
        expect![[r#"
            1:12 m_incomplete_statement The statement is incomplete: expected the name of a parameter.
              write `...` at the end of a line that goes on
            2:6 m_incomplete_statement The statement is incomplete: expected a value."#]],
    );
    check(
        "function [a, = f\nend",
        expect!["1:10 m_unmatched_delimiter `[` is not closed by `]`."],
    );
    check(
        "function y = \nend",
        expect![
            "1:13 m_incomplete_statement The statement is incomplete: expected the name of a function."
        ],
    );
    check(
        "function pkg.f\nend",
        expect!["1:13 m_unsupported A function in a script has a plain name without dots."],
    );
    check(
        "function f(x = 1)\nend",
        expect![[r#"
        1:14 m_syntax_error A parameter has no default value.
          look at `nargin` in the function's body"#]],
    );
}

#[test]
fn functions_and_async() {
    check(
        "function f\n a;\n function g\n  b = ;\n end\nend",
        expect![[r#"
        4:7 m_incomplete_statement The statement is incomplete: expected a value."#]],
    );
    check(
        "f = async @(x) x;",
        expect![[r#"
        1:12 m_invalid_async_block An async block has no parameters.
          it captures the variables that it uses; or write an `async function` with parameters"#]],
    );
    check(
        "f = async @g;",
        expect![[r#"
        1:11 m_invalid_async_block An async block is written `async @() expression`.
          write `async @() f()` to call a function in it"#]],
    );
    check(
        "f = async @(x) do\n a;\nend\nb = ;",
        expect![[r#"
        1:12 m_invalid_async_block An async block has no parameters.
          it captures the variables that it uses; or write an `async function` with parameters
        4:5 m_incomplete_statement The statement is incomplete: expected a value."#]],
    );
    check(
        "f = async @() do\n a = ;\n b = 1 2;\nend;\nc = ;",
        expect![[r#"
        2:6 m_incomplete_statement The statement is incomplete: expected a value.
        3:8 m_syntax_error Unexpected `2`: expected the end of the statement.
        5:5 m_incomplete_statement The statement is incomplete: expected a value."#]],
    );
}

#[test]
fn await_is_an_ordinary_function() {
    check(
        "f = g();\nawait f\nx = await f;\nawait nothing\n",
        expect![[r#"
            2:7 m_command_syntax `await f` passes a text, not the variable.
              write `await(f)`
            3:11 m_syntax_error Unexpected `f`: expected the end of the statement.
              write `await(f)`"#]],
    );
}

#[test]
fn one_mistake_is_one_report() {
    check(
        "a = ;\nb = (;\nc = 'x;\nd = 1;\nif e = 2, f = ; end\ng = 3 3;\n",
        expect![[r#"
            1:5 m_incomplete_statement The statement is incomplete: expected a value.
            2:6 m_syntax_error Unexpected `;`: expected a value.
            3:5 m_unterminated_string Character vector is not terminated properly.
              close it with `'` on the same line
            5:6 m_incorrect_use_of_assignment `=` assigns and cannot stand inside an expression.
              compare with `==`; assign in a statement of its own
            5:15 m_incomplete_statement The statement is incomplete: expected a value.
            6:7 m_syntax_error Unexpected `3`: expected the end of the statement."#]],
    );
}

#[test]
fn too_deep_and_too_long() {
    let nested = format!("x = {}1{};\ny = ;", "(".repeat(300), ")".repeat(300));
    check(
        &nested,
        expect![[r#"
            1:205 m_nesting_too_deep The nesting is too deep.
              take parts of it out into variables or functions
            2:5 m_incomplete_statement The statement is incomplete: expected a value."#]],
    );
    let signs = format!("x = {}1;", "-".repeat(300));
    check(
        &signs,
        expect![[r#"
            1:205 m_nesting_too_deep The nesting is too deep.
              take parts of it out into variables or functions"#]],
    );
    let chain = format!("x = 1{};\ny = ;", "+1".repeat(100_000));
    check(
        &chain,
        expect![[r#"
        1:5 m_expression_too_long The expression has more than 500 levels.
          break it up into several statements
        2:5 m_incomplete_statement The statement is incomplete: expected a value."#]],
    );
    let steps = format!("x = a{};", "(1)".repeat(100_000));
    check(
        &steps,
        expect![[r#"
        1:5 m_expression_too_long The expression has more than 500 levels.
          break it up into several statements"#]],
    );
    let statements = format!("{}{}\ny = ;", "if a\n".repeat(300), "end\n".repeat(300));
    check(
        &statements,
        expect![[r#"
            181:1 m_nesting_too_deep The nesting is too deep.
              take parts of it out into variables or functions"#]],
    );
    let blocks = format!("x = {}", "async @() do\n y = ".repeat(10_000));
    check(
        &blocks,
        expect![[r#"
            91:16 m_nesting_too_deep The nesting is too deep.
              take parts of it out into variables or functions"#]],
    );
    let closed = format!("x = {}1{};", "(".repeat(190), ")".repeat(190));
    check(&closed, expect![""]);
}
