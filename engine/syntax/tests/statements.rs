//! What statements mean: text in, tree out.

mod support;

use expect_test::{Expect, expect};
use tourbillon_syntax::{parse, parse_with_variables};

fn tree(text: &str) -> String {
    let parsed = parse(text);
    let diagnostics = support::render_diagnostics(text, &parsed.diagnostics);
    assert_eq!(diagnostics, "", "in {text}");
    support::render(&parsed.file)
}

fn check(cases: &[(&str, &str)]) {
    for (text, expected) in cases {
        assert_eq!(tree(text), *expected, "for {text}");
    }
}

#[test]
fn terminators_and_display() {
    check(&[
        ("", ""),
        ("\n\n;;,,\n", ""),
        ("x", "!x"),
        ("x;", "x"),
        ("x, y; z", "!x\ny\n!z"),
        ("x = 1\ny = 2;", "!(= x 1)\n(= y 2)"),
        ("x = 1 % why\ny", "!(= x 1)\n!y"),
        ("x = 1; % why\r\ny;\r\n", "(= x 1)\ny"),
        ("\u{feff}x;", "x"),
        ("if x, y, end", "(if x (do !y))"),
    ]);
}

#[test]
fn comments() {
    check(&[
        ("% only\n", ""),
        ("%{\nx = (\n%}\ny;", "y"),
        ("  %{  \n%{\n%}\nx\n  %}  \ny;", "y"),
        ("%{ no block\ny;", "y"),
        ("x; %{\ny;", "x\ny"),
        ("x = [1 %{ no block\n2];", "(= x (matrix [1] [2]))"),
        ("x = ... %{\n 1;", "(= x 1)"),
    ]);
}

#[test]
fn assignments() {
    check(&[
        ("x = 1;", "(= x 1)"),
        ("x=1;", "(= x 1)"),
        ("x(2) = 1;", "(= (paren x 2) 1)"),
        ("x (2) = 1;", "(= (paren x 2) 1)"),
        ("x{end+1}.y = 1;", "(= (field (brace x (+ end 1)) y) 1)"),
        ("x(:) = [];", "(= (paren x :) (matrix))"),
        ("s.(n) = 1;", "(= (dynamic s n) 1)"),
        ("[a, b] = f(1);", "(= [a b] (paren f 1))"),
        ("[a b] = f;", "(= [a b] f)"),
        ("[a] = f;", "(= [a] f)"),
        ("[~, b] = f;", "(= [~ b] f)"),
        ("[a, ~] = f;", "(= [a ~] f)"),
        ("[~] = f;", "(= [~] f)"),
        (
            "[a, ~, b.c(2) d{1}] = f;",
            "(= [a ~ (paren (field b c) 2) (brace d 1)] f)",
        ),
        (
            "[a(1, [1 2]), b] = f;",
            "(= [(paren a 1 (matrix [1 2])) b] f)",
        ),
        ("[a, ...\n b] = f;", "(= [a b] f)"),
        ("a == b", "!(== a b)"),
        ("[a b] == c", "!(== (matrix [a b]) c)"),
        ("[a, b]", "!(matrix [a b])"),
        (
            "async = 1; async.x = 2;",
            "(= async 1)\n(= (field async x) 2)",
        ),
        ("do = 1; finally = 2;", "(= do 1)\n(= finally 2)"),
    ]);
}

#[test]
fn conditions_and_loops() {
    check(&[
        ("if a, b; end", "(if a (do b))"),
        (
            "if a\nb;\nelseif c\nd;\nelse\ne;\nend",
            "(if a (do b) c (do d) (do e))",
        ),
        ("if (a) b; end", "(if a (do b))"),
        ("if (a), b; else, c; endif", "(if a (do b) (do c))"),
        ("if a b = 1; end", "(if a (do (= b 1)))"),
        ("if (a) [b, c] = d; end", "(if a (do (= [b c] d)))"),
        ("if ~a disp('x'), end", "(if (~ a) (do !(paren disp 'x')))"),
        ("if a else b; end", "(if a (do) (do b))"),
        ("if a, b, end, c", "(if a (do !b))\n!c"),
        ("if a, b() end", "(if a (do !(paren b)))"),
        ("while a < 1, b; end", "(while (< a 1) (do b))"),
        ("while (true) break; endwhile", "(while true (do break))"),
        ("for i = 1:3, i; end", "(for i (range 1 3) (do i))"),
        ("for i=1:3 i; end", "(for i (range 1 3) (do i))"),
        ("for (i = 1:3) i; endfor", "(for i (range 1 3) (do i))"),
        (
            "for i = (1:3) disp(i); end",
            "(for i (range 1 3) (do (paren disp i)))",
        ),
        ("for k = c\ncontinue\nend", "(for k c (do continue))"),
        ("for s.x = 1:3, end", "(for (field s x) (range 1 3) (do))"),
        ("switch a, case 1, b; end", "(switch a (1 (do b)))"),
        (
            "switch (a)\n % note\n case {1, 'x'} b;\n case 2\n otherwise\n c;\nendswitch",
            "(switch a ((cell [1 'x']) (do b)) (2 (do)) (do c))",
        ),
        ("switch a\nend", "(switch a)"),
    ]);
}

#[test]
fn handlers() {
    check(&[
        (
            "try\n a;\ncatch e\n b;\nend",
            "(try (do a) (catch e (do b)))",
        ),
        ("try\n a;\ncatch\n b;\nend", "(try (do a) (catch (do b)))"),
        ("try, a; catch, b; end", "(try (do a) (catch (do b)))"),
        ("try, a; catch e, b; end", "(try (do a) (catch e (do b)))"),
        ("try, a; catch e; b; end", "(try (do a) (catch e (do b)))"),
        (
            "try a; catch disp(1); end",
            "(try (do a) (catch (do (paren disp 1))))",
        ),
        (
            "try a; catch x = 1; end",
            "(try (do a) (catch (do (= x 1))))",
        ),
        (
            "try a; catch ME disp(ME.message); end",
            "(try (do a) (catch ME (do (paren disp (field ME message)))))",
        ),
        ("try\n a;\nend", "(try (do a))"),
        (
            "try\n a;\ncatch % note\n b;\nend_try_catch",
            "(try (do a) (catch (do b)))",
        ),
        (
            "try\n a;\nfinally\n b;\nend",
            "(try (do a) (finally (do b)))",
        ),
        (
            "try\n a;\ncatch e\n b;\nfinally\n c;\nend",
            "(try (do a) (catch e (do b)) (finally (do c)))",
        ),
        ("try, a; finally, b; end", "(try (do a) (finally (do b)))"),
        ("try, finally = 1; end", "(try (do (= finally 1)))"),
        (
            "unwind_protect\n a;\nunwind_protect_cleanup\n b;\nend_unwind_protect",
            "(unwind (do a) (do b))",
        ),
        (
            "unwind_protect, a; unwind_protect_cleanup, b; end",
            "(unwind (do a) (do b))",
        ),
    ]);
}

#[test]
fn declarations() {
    check(&[
        ("global a b", "(global a b)"),
        ("global a, a -1", "(global a)\n!(- a 1)"),
        ("persistent n = 0;", "(persistent (= n 0))"),
        ("persistent a b = 1 c", "(persistent a (= b 1) c)"),
        ("return", "return"),
    ]);
}

#[test]
fn command_syntax() {
    check(&[
        ("hold on", "!(command hold <on>)"),
        ("clear x y;", "(command clear <x> <y>)"),
        ("format long % digits", "!(command format <long>)"),
        ("close all, x", "!(command close <all>)\n!x"),
        ("a -b", "!(command a <-b>)"),
        ("a - b", "!(- a b)"),
        ("a-b", "!(- a b)"),
        ("a- b", "!(- a b)"),
        ("a -b; a = 1; a -b;", "(command a <-b>)\n(= a 1)\n(- a b)"),
        ("a ==b", "!(command a <==b>)"),
        ("a = b", "!(= a b)"),
        ("a (1)", "!(paren a 1)"),
        ("a'", "!(' a)"),
        ("a '=' b", "!(command a <=> <b>)"),
        ("a 'b c' d", "!(command a <b c> <d>)"),
        ("a it's'", "!(command a <its>)"),
        ("a \"b \"\"c\"", "!(command a <b \"c>)"),
        ("cd ..", "!(command cd <..>)"),
        ("ls ./x/*.m", "!(command ls <./x/*.m>)"),
        ("f g(1, 2) h", "!(command f <g(1, 2)> <h>)"),
        ("f x ...\n y", "!(command f <x> <y>)"),
        ("f é", "!(command f <é>)"),
        ("f\n", "!f"),
        ("f % x", "!f"),
        ("f ...\n + 1", "!(+ f 1)"),
        (
            "for i = 1:2, i -1, end",
            "(for i (range 1 2) (do !(- i 1)))",
        ),
        (
            "try, catch e, e -1, end",
            "(try (do) (catch e (do !(- e 1))))",
        ),
        ("[a, b] = f; a -1; b -1;", "(= [a b] f)\n(- a 1)\n(- b 1)"),
        ("s.x = 1; s -1;", "(= (field s x) 1)\n(- s 1)"),
        (
            "a = 1;\nfunction f(b, c)\n a -1; b -1;\nend",
            "(= a 1)\n(function f (out) (in b c) (do (command a <-1>) (- b 1)))",
        ),
        (
            "f = async @() do\n a = 1; a -1;\nend; a -1;",
            "(= f (async (do (= a 1) (- a 1))))\n(command a <-1>)",
        ),
        (
            "f = @(q) async @() do q -1; end; q -1;",
            "(= f (@ (in q) (async (do (- q 1)))))\n(command q <-1>)",
        ),
    ]);
}

#[test]
fn a_workspace_variable_is_no_command() {
    let parsed = parse_with_variables("x -1", &["x"]);
    assert_eq!(support::render(&parsed.file), "!(- x 1)");
}

fn check_file(text: &str, expected: Expect) {
    expected.assert_eq(&tree(text));
}

#[test]
fn functions() {
    check(&[
        ("function f\nend", "(function f (out) (in) (do))"),
        ("function f()\nend", "(function f (out) (in) (do))"),
        (
            "function y = f(x)\ny = x;\nend",
            "(function f (out y) (in x) (do (= y x)))",
        ),
        ("function [] = f\nend", "(function f (out) (in) (do))"),
        ("function [a] = f\nend", "(function f (out a) (in) (do))"),
        (
            "function [a, b c] = f(~, varargin)\nendfunction",
            "(function f (out a b c) (in ~ varargin) (do))",
        ),
        (
            "function varargout = f, end",
            "(function f (out varargout) (in) (do))",
        ),
        (
            "function f() disp(1); end",
            "(function f (out) (in) (do (paren disp 1)))",
        ),
        (
            "function f(a, ... first\n b)\nend",
            "(function f (out) (in a b) (do))",
        ),
        (
            "async function y = f(x)\nend",
            "(async-function f (out y) (in x) (do))",
        ),
        (
            "async function f, end",
            "(async-function f (out) (in) (do))",
        ),
    ]);
    check_file(
        "function a\nend\nb;\nasync function c\n  return\nend\nd;\nfunction e, end",
        expect![[r#"
            b
            d
            (function a (out) (in) (do))
            (async-function c (out) (in) (do return))
            (function e (out) (in) (do))"#]],
    );
}

#[test]
fn a_whole_program() {
    check_file(
        "% Reads two files at once.
m = containers.Map();
t = {};
for k = 1:2
    t{end+1} = spawn(read(sprintf('%d.txt', k)), 'Name', ['reader-' num2str(k)]);
end
try
    texts = await_all(t, 'Timeout', 0.5);
catch err
    fprintf('%s: %s\\n', err.identifier, err.message);
    rethrow(err);
finally
    disp done
end

async function text = read(name)
    f = async @() do
        pause(0.1);
        fileread(name);
    end;
    text = await(f);
    if isempty(text), error('my:empty', 'no text in %s', name); end
end
",
        expect![[r#"
            (= m (paren (field containers Map)))
            (= t (cell))
            (for k (range 1 2) (do (= (brace t (+ end 1)) (paren spawn (paren read (paren sprintf '%d.txt' k)) 'Name' (matrix ['reader-' (paren num2str k)])))))
            (try (do (= texts (paren await_all t 'Timeout' 0.5))) (catch err (do (paren fprintf '%s: %s\n' (field err identifier) (field err message)) (paren rethrow err))) (finally (do !(command disp <done>))))
            (async-function read (out text) (in name) (do (= f (async (do (paren pause 0.1) (paren fileread name)))) (= text (paren await f)) (if (paren isempty text) (do (paren error 'my:empty' 'no text in %s' name)))))"#]],
    );
}

#[test]
fn spans() {
    let text = "x = (1 + 2) ;\nif a\n  b\nend\nhold on\n";
    let parsed = parse(text);
    let slices: Vec<&str> = parsed
        .file
        .body
        .statements
        .iter()
        .map(|statement| &text[statement.span.start as usize..statement.span.end as usize])
        .collect();
    assert_eq!(slices, ["x = (1 + 2)", "if a\n  b\nend", "hold on"]);
    let text = "y; async function f\nend % end\n";
    let function = &parse(text).file.functions[0];
    assert_eq!(
        &text[function.span.start as usize..function.span.end as usize],
        "async function f\nend"
    );
}
