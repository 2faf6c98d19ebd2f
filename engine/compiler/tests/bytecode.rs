//! Snapshots of the printed bytecode: control flow, functions and async forms.

mod common;

use common::check;
use expect_test::expect;
use tourbillon_compiler::{CompileOptions, Program, compile};
use tourbillon_syntax::Source;

#[test]
fn a_program_can_be_shared_by_threads() {
    fn assert_shared<T: Send + Sync>() {}
    assert_shared::<Program>();
}

#[test]
fn a_scalar_loop_uses_its_variables_in_place() {
    check(
        "s = 0;\nfor i = 1:1000\n  s = s + mod(i, 7) * 2;\nend",
        expect![[r#"
            0 script (), 6 locals, 2 temporaries
               1    0  STATEMENT 2
                    1  CONSTANT s = 0
               2    2  STATEMENT 6
                    3  CONSTANT %0 = 1
                    4  CONSTANT %1 = 1000
                    5  FOR_RANGE .2 = %0(2)
                    6  FOR_NEXT i = .2
                    7  JUMP 16
               3    8  STATEMENT 9
                    9  MOVE %0 = i
                   10  CONSTANT %1 = 7
                   11  CALL_BUILTIN mod %0(2) -> 1
                   12  CONSTANT %1 = 2
                   13  BINARY %0 = %0 * %1
                   14  BINARY s = s + %0
               2   15  JUMP 6
               1   16  RETURN
        "#]],
    );
}

#[test]
fn conditions_are_jumps() {
    check(
        "x = 3;\n\
         while x > 0 && (x < 9 || ~x)\n  x = x - 1;\nend\n\
         if x || 0\n  y = -1;\nelseif x\n  y = 2;\nelse\n  y = x && 1;\nend",
        expect![[r#"
            0 script (), 2 locals, 1 temporaries
               1    0  STATEMENT 2
                    1  CONSTANT x = 3
               2    2  STATEMENT 12
                    3  CONSTANT %0 = 0
                    4  BINARY %0 = x > %0
                    5  TO_LOGICAL %0 = %0 &&
                    6  JUMP_IF_FALSE %0 18
                    7  CONSTANT %0 = 9
                    8  BINARY %0 = x < %0
                    9  TO_LOGICAL %0 = %0 ||
                   10  JUMP_IF_TRUE %0 14
                   11  UNARY %0 = ~x
                   12  TO_LOGICAL %0 = %0 ||
                   13  JUMP_IF_FALSE %0 18
               3   14  STATEMENT 4
                   15  CONSTANT %0 = 1
                   16  BINARY x = x - %0
               2   17  JUMP 2
               5   18  STATEMENT 6
                   19  TO_LOGICAL %0 = x ||
                   20  JUMP_IF_TRUE %0 24
                   21  CONSTANT %0 = 0
                   22  TO_LOGICAL %0 = %0 ||
                   23  JUMP_IF_FALSE %0 27
               6   24  STATEMENT 4
                   25  CONSTANT y = -1
               5   26  JUMP 38
               7   27  JUMP_IF_FALSE x 31
               8   28  STATEMENT 3
                   29  CONSTANT y = 2
               5   30  JUMP 38
              10   31  STATEMENT 8
                   32  TO_LOGICAL %0 = x &&
                   33  JUMP_IF_FALSE %0 37
                   34  CONSTANT %0 = 1
                   35  TO_LOGICAL y = %0 &&
                   36  JUMP 38
                   37  CONSTANT y = false
               1   38  RETURN
        "#]],
    );
}

#[test]
fn loops_over_columns_and_into_parts() {
    check(
        "for k = [1 2; 3 4]\nend\nfor s.x = 3\n  if s.x, continue, end\n  break\nend",
        expect![[r#"
            0 script (), 6 locals, 4 temporaries
               1    0  STATEMENT 9
                    1  CONSTANT %0 = 1
                    2  CONSTANT %1 = 2
                    3  CONSTANT %2 = 3
                    4  CONSTANT %3 = 4
                    5  MATRIX %0 = %0(2;2)
                    6  FOR_EACH .2 = %0
                    7  FOR_NEXT k = .2
                    8  JUMP 11
                    9  STATEMENT 2
                   10  JUMP 7
               3   11  STATEMENT 7
                   12  CONSTANT %0 = 3
                   13  FOR_EACH .2 = %0
                   14  FOR_NEXT %0 = .2
                   15  JUMP 30
                   16  MOVE %1 = %0
                   17  STORE s.x = %1
               4   18  STATEMENT 3
                   19  FIELD %0 = s.x
                   20  JUMP_IF_FALSE %0 23
                   21  STATEMENT 2
                   22  JUMP 14
               5   23  STATEMENT 8
                   24  JUMP 26
               3   25  JUMP 14
                   26  CLEAR .2
                   27  CLEAR .3
                   28  CLEAR .4
                   29  CLEAR .5
               1   30  RETURN
        "#]],
    );
}

#[test]
fn a_break_passes_through_finally() {
    check(
        "for k = 1:3\n  try\n    if k, break, end\n    f(k);\n  catch e\n    f(e);\n  \
         finally\n    f(0);\n  end\nend\nfunction f(x)\nend",
        expect![[r#"
            0 script (), 8 locals, 2 temporaries
               1    0  STATEMENT 6
                    1  CONSTANT %0 = 1
                    2  CONSTANT %1 = 3
                    3  FOR_RANGE .3 = %0(2)
                    4  FOR_NEXT k = .3
                    5  JUMP 38
               2    6  STATEMENT 1
               3    7  STATEMENT 2
                    8  JUMP_IF_FALSE k 12
                    9  STATEMENT 3
                   10  CONSTANT .7 = 1
                   11  JUMP 24
               4   12  STATEMENT 6
                   13  MOVE %0 = k
                   14  CALL f #1 %0(1) -> 0
                   15  JUMP_IF_UNDEFINED %0 23
                   16  MOVE ans = %0
               2   17  JUMP 23
               6   18  STATEMENT 6
                   19  MOVE %0 = e
                   20  CALL f #1 %0(1) -> 0
                   21  JUMP_IF_UNDEFINED %0 23
                   22  MOVE ans = %0
               2   23  CONSTANT .7 = 0
               8   24  STATEMENT 15
                   25  CONSTANT %0 = 0
                   26  CALL f #1 %0(1) -> 0
                   27  JUMP_IF_UNDEFINED %0 29
                   28  MOVE ans = %0
               2   29  END_CLEANUP .7
                   30  JUMP_IF_COMPLETION .7 1 34
                   31  JUMP 4
                   32  JUMP 34
               1   33  JUMP 4
                   34  CLEAR .3
                   35  CLEAR .4
                   36  CLEAR .5
                   37  CLEAR .6
                   38  RETURN
                 handler 7..17 -> 18 catch e
                 handler 7..23 -> 24 cleanup .7
                 cleanup 24..30 .7

            1 function f (x), 1 locals, 0 temporaries
              11    0  RETURN
        "#]],
    );
}

#[test]
fn a_return_passes_through_nested_cleanup() {
    check(
        "f();\nfunction f()\n  unwind_protect\n    try\n      return\n    finally\n      g();\n    \
         end\n  unwind_protect_cleanup\n    try\n      g();\n    end\n  end_unwind_protect\nend\n\
         function g()\nend",
        expect![[r#"
            0 script (), 1 locals, 1 temporaries
               1    0  STATEMENT 5
                    1  CALL f #1 %0(0) -> 0
                    2  JUMP_IF_UNDEFINED %0 4
                    3  MOVE ans = %0
                    4  RETURN

            1 function f (), 3 locals, 1 temporaries
               3    0  STATEMENT 1
               4    1  STATEMENT 1
               5    2  STATEMENT 4
                    3  CONSTANT .2 = 1
                    4  JUMP 6
               4    5  CONSTANT .2 = 0
               7    6  STATEMENT 10
                    7  CALL g #2 %0(0) -> 0
                    8  JUMP_IF_UNDEFINED %0 10
                    9  MOVE ans = %0
               4   10  END_CLEANUP .2
                   11  JUMP_IF_COMPLETION .2 1 13
                   12  JUMP 15
                   13  CONSTANT .1 = 1
                   14  JUMP 16
               3   15  CONSTANT .1 = 0
              10   16  STATEMENT 1
              11   17  STATEMENT 10
                   18  CALL g #2 %0(0) -> 0
                   19  JUMP_IF_UNDEFINED %0 22
                   20  MOVE ans = %0
              10   21  JUMP 22
               3   22  END_CLEANUP .1
                   23  JUMP_IF_COMPLETION .1 1 25
                   24  JUMP 26
                   25  RETURN
               2   26  RETURN
                 handler 2..5 -> 6 cleanup .2
                 handler 1..15 -> 16 cleanup .1
                 handler 17..21 -> 22 catch
                 cleanup 6..11 .2
                 cleanup 16..23 .1

            2 function g (), 0 locals, 0 temporaries
              15    0  RETURN
        "#]],
    );
}

#[test]
fn async_forms() {
    check(
        "n = 2;\n\
         f = work(n, 1);\n\
         [a, b] = await(f);\n\
         g = async @() n + 1;\n\
         h = async @() work(n);\n\
         k = async @() do\n  m = n;\n  m\n  await(h);\nend\n\
         async function [y, z] = work(x, varargin)\n  y = await(spawn(x), 'Timeout', 1);\nend",
        expect![[r#"
            0 script (), 7 locals, 2 temporaries
               1    0  STATEMENT 2
                    1  CONSTANT n = 2
               2    2  STATEMENT 5
                    3  MOVE %0 = n
                    4  CONSTANT %1 = 1
                    5  ASYNC_CREATE work #1 %0(2)
                    6  MOVE f = %0
               3    7  STATEMENT 5
                    8  MOVE %0 = f
                    9  AWAIT %0(1) -> 2
                   10  MOVE a = %0
                   11  MOVE b = %1
               4   12  STATEMENT 4
                   13  MOVE %0 = n
                   14  ASYNC_CREATE async #2 %0(1)
                   15  MOVE g = %0
               5   16  STATEMENT 4
                   17  MOVE %0 = n
                   18  ASYNC_CREATE async #3 %0(1)
                   19  MOVE h = %0
               6   20  STATEMENT 6
                   21  MOVE %0 = n
                   22  MOVE %1 = h
                   23  ASYNC_CREATE async #4 %0(2)
                   24  MOVE k = %0
               1   25  RETURN

            1 async function work (x, varargin) -> y, z, 4 locals, 3 temporaries
              12    0  STATEMENT 8
                    1  MOVE %0 = x
                    2  CALL_BUILTIN spawn %0(1) -> 1
                    3  CONSTANT %1 = 'Timeout'
                    4  CONSTANT %2 = 1
                    5  AWAIT %0(3) -> 1
                    6  MOVE y = %0
              11    7  RETURN

            2 async block () -> .1, captures n, 2 locals, 1 temporaries
               4    0  CONSTANT .1 = []
                    1  STATEMENT 4
                    2  CONSTANT %0 = 1
                    3  BINARY .1 = n + %0
                    4  RETURN

            3 async block () -> .1, captures n, 2 locals, 1 temporaries
               5    0  CONSTANT .1 = []
                    1  STATEMENT 5
                    2  MOVE %0 = n
                    3  ASYNC_CREATE work #1 %0(1)
                    4  MOVE .1 = %0
                    5  RETURN

            4 async block () -> .4, captures n, h, 5 locals, 1 temporaries
               6    0  CONSTANT .4 = []
               7    1  STATEMENT 2
                    2  MOVE m = n
               8    3  STATEMENT 3
                    4  MOVE .4 = m
                    5  DISPLAY m m
               9    6  STATEMENT 7
                    7  MOVE %0 = h
                    8  AWAIT %0(1) -> 0
                    9  JUMP_IF_UNDEFINED %0 12
                   10  MOVE ans = %0
                   11  MOVE .4 = ans
               6   12  RETURN
        "#]],
    );
}

#[test]
fn a_subject_is_given_up_before_any_case_runs() {
    check(
        "x = 1;\n\
         switch x + 1\n  case {1, 'a'}\n    y = 1;\n  case 2\n    y = 2;\n  otherwise\n    y = 3;\nend\n\
         switch x\n  case 1\nend",
        expect![[r#"
            0 script (), 2 locals, 3 temporaries
               1    0  STATEMENT 2
                    1  CONSTANT x = 1
               2    2  STATEMENT 9
                    3  CONSTANT %0 = 1
                    4  BINARY %0 = x + %0
               3    5  CONSTANT %1 = 1
                    6  CONSTANT %2 = 'a'
                    7  CELL %1 = %1(2)
                    8  SWITCH_MATCHES %1 = %0 %1
                    9  JUMP_IF_FALSE %1 14
                   10  CLEAR %0
               4   11  STATEMENT 7
                   12  CONSTANT y = 1
               2   13  JUMP 24
               5   14  CONSTANT %1 = 2
                   15  SWITCH_MATCHES %1 = %0 %1
                   16  JUMP_IF_FALSE %1 21
                   17  CLEAR %0
               6   18  STATEMENT 4
                   19  CONSTANT y = 2
               2   20  JUMP 24
                   21  CLEAR %0
               8   22  STATEMENT 2
                   23  CONSTANT y = 3
              10   24  STATEMENT 6
              11   25  CONSTANT %0 = 1
                   26  SWITCH_MATCHES %0 = x %0
                   27  JUMP_IF_FALSE %0 29
              10   28  JUMP 29
               1   29  RETURN
        "#]],
    );
}

#[test]
fn captures_pass_through_every_function_between() {
    check(
        "a = 1; b = 2;\n\
         f = @(x) @(y) x + y + a;\n\
         g = @() f;\n\
         h = @(~, varargin) k(varargin{:});\n\
         w = async @() do\n  v = @() async @() b;\nend\n\
         function varargout = k(varargin)\nend",
        expect![[r#"
            0 script (), 6 locals, 1 temporaries
               1    0  STATEMENT 2
                    1  CONSTANT a = 1
                    2  STATEMENT 2
                    3  CONSTANT b = 2
               2    4  STATEMENT 3
                    5  MOVE %0 = a
                    6  CLOSURE f = @<anonymous> #3 %0(1)
               3    7  STATEMENT 3
                    8  MOVE %0 = f
                    9  CLOSURE g = @<anonymous> #4 %0(1)
               4   10  STATEMENT 2
                   11  CLOSURE h = @<anonymous> #5 %0(0)
               5   12  STATEMENT 5
                   13  MOVE %0 = b
                   14  ASYNC_CREATE async #8 %0(1)
                   15  MOVE w = %0
               1   16  RETURN

            1 function k (varargin) -> varargout, 2 locals, 0 temporaries
               8    0  RETURN

            2 anonymous @(y)x+y+a (y) -> .3, captures x, a, 4 locals, 1 temporaries
               2    0  STATEMENT 4
                    1  BINARY %0 = x + y
                    2  BINARY .3 = %0 + a
                    3  RETURN

            3 anonymous @(x)@(y)x+y+a (x) -> .2, captures a, 3 locals, 2 temporaries
               2    0  STATEMENT 5
                    1  MOVE %0 = x
                    2  MOVE %1 = a
                    3  CLOSURE .2 = @<anonymous> #2 %0(2)
                    4  RETURN

            4 anonymous @()f () -> .1, captures f, 2 locals, 0 temporaries
               3    0  STATEMENT 3
                    1  MOVE .1 = f
                    2  RETURN

            5 anonymous @(~,varargin)k(varargin{:}) (.0, varargin), 3 locals, 2 temporaries
               4    0  STATEMENT 7
                    1  LIST_NEW %0
                    2  CONSTANT %1 = :
                    3  BRACE varargin %1(1) -> spread
                    4  LIST_PUSH %0 %1
                    5  CALL k #1 %0(list) -> pass
                    6  RETURN_RESULTS %0

            6 async block () -> .1, captures b, 2 locals, 0 temporaries
               6    0  CONSTANT .1 = []
                    1  STATEMENT 3
                    2  MOVE .1 = b
                    3  RETURN

            7 anonymous @()async @() b () -> .1, captures b, 2 locals, 1 temporaries
               6    0  STATEMENT 5
                    1  MOVE %0 = b
                    2  ASYNC_CREATE async #6 %0(1)
                    3  MOVE .1 = %0
                    4  RETURN

            8 async block () -> .2, captures b, 3 locals, 1 temporaries
               5    0  CONSTANT .2 = []
               6    1  STATEMENT 4
                    2  MOVE %0 = b
                    3  CLOSURE v = @<anonymous> #7 %0(1)
               5    4  RETURN
        "#]],
    );
}

#[test]
fn the_deepest_program_that_parses_compiles() {
    let deep = |before: &str, inside: &str, after: &str, depth: usize| {
        let text = format!("{}{inside}{}", before.repeat(depth), after.repeat(depth));
        let parsed = tourbillon_syntax::parse(&text);
        assert!(parsed.diagnostics.is_empty(), "{:?}", parsed.diagnostics);
        let compiled = compile(&[Source::new("main.m", text)], &CompileOptions::default());
        assert!(compiled.is_ok(), "{:?}", compiled.unwrap_err());
    };
    deep("x = 1;\nif x\n", "", "end\n", 90);
    deep("try\n", "f(1);\n", "finally\nf(2);\nend\n", 60);
    deep("x = async @() do\n", "y = 1\n", "end\n", 40);
    deep("@() ", "x", "", 60);
    deep("{", "1", "}", 60);
    deep("x(", "1", ")", 60);
    deep("1 + ", "1", "", 450);
}

#[test]
fn a_program_knows_its_marks() {
    let text = "sometimes(true, 'late'); a.b = 1; sometimes(a.b > 1, 'early');\n\
                name = 'late'; sometimes(false, name); f = @(x) sometimes(x, 'in a handle');\n\
                function g(), sometimes(1, 'late'); sometimes(2, 'in a function'); end";
    let program = compile(&[Source::new("main.m", text)], &CompileOptions::default());
    let marks = program.expect("it compiles").marks;
    assert_eq!(marks, ["early", "in a function", "in a handle", "late"]);
    let own = "function sometimes(a, b), end\nsometimes(1, 'of its own');";
    let program = compile(&[Source::new("main.m", own)], &CompileOptions::default());
    assert!(program.expect("it compiles").marks.is_empty());
}
