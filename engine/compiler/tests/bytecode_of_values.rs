//! Snapshots of the printed bytecode: variables, index chains, assignments and names.

mod common;

use common::check;
use expect_test::expect;

#[test]
fn lists_of_targets_and_of_values() {
    check(
        "c = {};\n[a, c{1:2}] = f();\nc{:}",
        expect![[r#"
            0 script (), 4 locals, 4 temporaries
               1    0  STATEMENT 2
                    1  CONSTANT c = {}
               2    2  STATEMENT 19
                    3  LIST_NEW %0
                    4  CONSTANT %1 = 1
                    5  CONSTANT %2 = 2
                    6  RANGE %1 = %1(2)
                    7  LIST_PUSH %0 %1
                    8  INDEX_COUNT .3 = c %0
                    9  CONSTANT %1 = 1
                   10  BINARY %2 = %1 + .3
                   11  WANT %2
                   12  CALL_UNKNOWN f %1(0) -> counted
                   13  GATHER %1
                   14  LIST_TAKE %2 = %1
                   15  MOVE a = %2
                   16  MOVE %2 = %0
                   17  LIST_TAKE_CELL %3 = %1 .3
                   18  STORE c(list) = %2
                   19  CLEAR %1
                   20  CLEAR .3
               3   21  STATEMENT 11
                   22  CONSTANT %0 = :
                   23  BRACE c %0(1) -> spread
                   24  MOVE .3 = %0
                   25  JUMP_IF_LIST_EMPTY .3 30
                   26  LIST_TAKE %0 = .3
                   27  MOVE ans = %0
                   28  DISPLAY ans ans
                   29  JUMP 25
                   30  CLEAR .3
               1   31  RETURN
        "#]],
    );
}

#[test]
fn lists_of_arguments_and_of_results() {
    check(
        "c = {1, 2};\n\
         [a, ~, s.x(2)] = f(c{:}, s.y);\n\
         [p, q] = c{:};\n\
         [p, q] = s.y;\n\
         for i = 1:2\n  f(c{i}, c{end}, c{a});\nend\n\
         m = [c{:}; 1];\n\
         function varargout = f(varargin)\n  [varargout{nargout}, y(end)] = f(varargin{:});\nend",
        expect![[r#"
            0 script (), 12 locals, 5 temporaries
               1    0  STATEMENT 4
                    1  CONSTANT %0 = 1
                    2  CONSTANT %1 = 2
                    3  CELL c = %0(2)
               2    4  STATEMENT 13
                    5  LIST_NEW %0
                    6  CONSTANT %1 = :
                    7  BRACE c %1(1) -> spread
                    8  LIST_PUSH %0 %1
                    9  FIELD_LIST %1 = s.y
                   10  LIST_PUSH %0 %1
                   11  CALL f #1 %0(list) -> 3
                   12  MOVE a = %0
                   13  CLEAR %1
                   14  MOVE %4 = %2
                   15  CONSTANT %3 = 2
                   16  STORE s.x(1) = %3
               3   17  STATEMENT 5
                   18  CONSTANT %0 = :
                   19  BRACE c %0(1) -> 2
                   20  MOVE p = %0
                   21  MOVE q = %1
               4   22  STATEMENT 7
                   23  FIELD_LIST %0 = s.y
                   24  CELL %0 = %0(1)
                   25  CONSTANT %1 = :
                   26  BRACE %0 %1(1) -> 2
                   27  MOVE p = %1
                   28  MOVE q = %2
               5   29  STATEMENT 6
                   30  CONSTANT %0 = 1
                   31  CONSTANT %1 = 2
                   32  FOR_RANGE .8 = %0(2)
                   33  FOR_NEXT i = .8
                   34  JUMP 50
               6   35  STATEMENT 15
                   36  LIST_NEW %0
                   37  MOVE %1 = i
                   38  BRACE c %1(1) -> 1
                   39  LIST_PUSH %0 %1
                   40  END %1 = c 0 of 1
                   41  BRACE c %1(1) -> 1
                   42  LIST_PUSH %0 %1
                   43  MOVE %1 = a
                   44  BRACE c %1(1) -> spread
                   45  LIST_PUSH %0 %1
                   46  CALL f #1 %0(list) -> 0
                   47  JUMP_IF_UNDEFINED %0 33
                   48  MOVE ans = %0
               5   49  JUMP 33
               8   50  STATEMENT 6
                   51  CONSTANT %0 = :
                   52  BRACE c %0(1) -> spread
                   53  CONSTANT %1 = 1
                   54  MATRIX m = %0(1;1)
               1   55  RETURN

            1 function f (varargin) -> varargout, 4 locals, 4 temporaries
              10    0  STATEMENT 23
                    1  LIST_NEW %0
                    2  OUTPUT_COUNT %1
                    3  LIST_PUSH %0 %1
                    4  INDEX_COUNT .3 = varargout %0
                    5  CONSTANT %1 = 1
                    6  BINARY %2 = %1 + .3
                    7  WANT %2
                    8  LIST_NEW %1
                    9  CONSTANT %2 = :
                   10  BRACE varargin %2(1) -> spread
                   11  LIST_PUSH %1 %2
                   12  CALL f #1 %1(list) -> counted
                   13  GATHER %1
                   14  MOVE %2 = %0
                   15  LIST_TAKE_CELL %3 = %1 .3
                   16  STORE varargout(list) = %2
                   17  LIST_TAKE %2 = %1
                   18  END %3 = y 0 of 1
                   19  STORE_INDEX y(%3) = %2
                   20  CLEAR %1
                   21  CLEAR .3
               9   22  RETURN
        "#]],
    );
}

#[test]
fn chains_step_by_step() {
    check(
        "s = 1;\n\
         x = s(1).a.b{2}(3, :);\n\
         x = s.a(end, end - 1);\n\
         x = s.run(3).(x);\n\
         x = s(f(end)).y;\n\
         x = f(2).y;\n\
         function y = f(x)\nend",
        expect![[r#"
            0 script (), 2 locals, 4 temporaries
               1    0  STATEMENT 2
                    1  CONSTANT s = 1
               2    2  STATEMENT 11
                    3  CONSTANT %0 = 1
                    4  PAREN s %0(1) -> 1
                    5  FIELD %0 = %0.a
                    6  FIELD %0 = %0.b
                    7  CONSTANT %1 = 2
                    8  BRACE %0 %1(1) -> 1
                    9  CONSTANT %2 = 3
                   10  CONSTANT %3 = :
                   11  PAREN %1 %2(2) -> 1
                   12  MOVE x = %2
               3   13  STATEMENT 8
                   14  FIELD %0 = s.a
                   15  END %1 = %0 0 of 2
                   16  END %2 = %0 1 of 2
                   17  CONSTANT %3 = 1
                   18  BINARY %2 = %2 - %3
                   19  PAREN %0 %1(2) -> 1
                   20  MOVE x = %1
               4   21  STATEMENT 5
                   22  CONSTANT %0 = 'run'
                   23  CONSTANT %1 = 3
                   24  METHOD s %0(1) -> 1
                   25  DYNAMIC_FIELD x = %0.(x)
               5   26  STATEMENT 5
                   27  END %0 = s 0 of 1
                   28  CALL f #1 %0(1) -> 1
                   29  PAREN s %0(1) -> 1
                   30  FIELD x = %0.y
               6   31  STATEMENT 5
                   32  CONSTANT %0 = 2
                   33  CALL f #1 %0(1) -> 1
                   34  FIELD x = %0.y
               1   35  RETURN

            1 function f (x) -> y, 2 locals, 0 temporaries
               7    0  RETURN
        "#]],
    );
}

#[test]
fn stores_compute_the_value_first() {
    check(
        "x(3) = f(1);\n\
         x(2, :) = 1;\n\
         x(end + 1) = 2;\n\
         x(1) = [];\n\
         s.a.b{2}.(n) = 4;\n\
         s.a.b(end) = 5;\n\
         s.c(q{:}) = 6\n\
         function y = f(x)\nend",
        expect![[r#"
            0 script (), 3 locals, 4 temporaries
               1    0  STATEMENT 5
                    1  CONSTANT %0 = 1
                    2  CALL f #1 %0(1) -> 1
                    3  CONSTANT %1 = 3
                    4  STORE_INDEX x(%1) = %0
               2    5  STATEMENT 5
                    6  CONSTANT %2 = 1
                    7  CONSTANT %0 = 2
                    8  CONSTANT %1 = :
                    9  STORE x(2) = %0
               3   10  STATEMENT 6
                   11  CONSTANT %0 = 2
                   12  END %1 = x 0 of 1
                   13  CONSTANT %2 = 1
                   14  BINARY %1 = %1 + %2
                   15  STORE_INDEX x(%1) = %0
               4   16  STATEMENT 3
                   17  CONSTANT %0 = 1
                   18  DELETE x(1) %0
               5   19  STATEMENT 6
                   20  CONSTANT %2 = 4
                   21  CONSTANT %0 = 2
                   22  CALL_UNKNOWN n %3(0) -> 1
                   23  MOVE %1 = %3
                   24  STORE s.a.b{1}.() = %0
               6   25  STATEMENT 9
                   26  CONSTANT %1 = 5
                   27  CLEAR .2
                   28  JUMP_IF_UNDEFINED s 31
                   29  FIELD %2 = s.a
                   30  FIELD .2 = %2.b
                   31  END %0 = .2 0 of 1
                   32  CLEAR .2
                   33  STORE s.a.b(1) = %0
               7   34  STATEMENT 11
                   35  CONSTANT %1 = 6
                   36  LIST_NEW %0
                   37  CALL_UNKNOWN q %2(0) -> 1
                   38  CONSTANT %3 = :
                   39  BRACE %2 %3(1) -> spread
                   40  MOVE %2 = %3
                   41  LIST_PUSH %0 %2
                   42  STORE s.c(list) = %0
                   43  DISPLAY s s
               1   44  RETURN

            1 function f (x) -> y, 2 locals, 0 temporaries
               8    0  RETURN
        "#]],
    );
}

#[test]
fn globals_and_persistent_variables() {
    check(
        "global g\ng = 1;\ng(2) = g + 1\nf();\n\
         function f()\n  persistent n = 0\n  n = n + 1;\nend",
        expect![[r#"
            0 script (), 1 locals, 2 temporaries
               1    0  STATEMENT 1
               2    1  STATEMENT 3
                    2  CONSTANT %0 = 1
                    3  STORE_GLOBAL g = %0
               3    4  STATEMENT 9
                    5  LOAD_GLOBAL %0 = g
                    6  CONSTANT %1 = 1
                    7  BINARY %0 = %0 + %1
                    8  CONSTANT %1 = 2
                    9  STORE_GLOBAL_INDEX g(%1) = %0
                   10  LOAD_GLOBAL %0 = g
                   11  DISPLAY %0 g
                   12  CLEAR %0
               4   13  STATEMENT 5
                   14  CALL f #1 %0(0) -> 0
                   15  JUMP_IF_UNDEFINED %0 17
                   16  MOVE ans = %0
               1   17  RETURN

            1 function f (), 0 locals, 2 temporaries
               6    0  STATEMENT 7
                    1  LOAD_GLOBAL %0 = f@main.m/n?
                    2  JUMP_IF_TRUE %0 7
                    3  CONSTANT %0 = 0
                    4  STORE_GLOBAL f@main.m/n = %0
                    5  CONSTANT %0 = true
                    6  STORE_GLOBAL f@main.m/n? = %0
               7    7  STATEMENT 6
                    8  LOAD_GLOBAL %0 = f@main.m/n
                    9  CONSTANT %1 = 1
                   10  BINARY %0 = %0 + %1
                   11  STORE_GLOBAL f@main.m/n = %0
               5   12  RETURN
        "#]],
    );
}

#[test]
fn statements_show_their_values() {
    check(
        "x = 1\nx\nx;\nx + 1\nx(1)\nf\n[x, y] = f(2)\ny.z\nfunction varargout = f(varargin)\nend",
        expect![[r#"
            0 script (), 4 locals, 2 temporaries
               1    0  STATEMENT 3
                    1  CONSTANT x = 1
                    2  DISPLAY x x
               2    3  STATEMENT 2
                    4  DISPLAY x x
               3    5  STATEMENT 3
                    6  MOVE %0 = x
                    7  CLEAR %0
               4    8  STATEMENT 4
                    9  CONSTANT %0 = 1
                   10  BINARY ans = x + %0
                   11  DISPLAY ans ans
               5   12  STATEMENT 6
                   13  CONSTANT %0 = 1
                   14  PAREN x %0(1) -> 0
                   15  JUMP_IF_UNDEFINED %0 18
                   16  MOVE ans = %0
                   17  DISPLAY ans ans
               6   18  STATEMENT 5
                   19  CALL f #1 %0(0) -> 0
                   20  JUMP_IF_UNDEFINED %0 23
                   21  MOVE ans = %0
                   22  DISPLAY ans ans
               7   23  STATEMENT 7
                   24  CONSTANT %0 = 2
                   25  CALL f #1 %0(1) -> 2
                   26  MOVE x = %0
                   27  MOVE y = %1
                   28  DISPLAY x x
                   29  DISPLAY y y
               8   30  STATEMENT 9
                   31  FIELD_LIST .3 = y.z
                   32  JUMP_IF_LIST_EMPTY .3 37
                   33  LIST_TAKE %0 = .3
                   34  MOVE ans = %0
                   35  DISPLAY ans ans
                   36  JUMP 32
                   37  CLEAR .3
               1   38  RETURN

            1 function f (varargin) -> varargout, 2 locals, 0 temporaries
               9    0  RETURN
        "#]],
    );
}

#[test]
fn what_only_the_compiler_knows() {
    check(
        "x = 1; yy = 2;\nexist('x', 'var')\na = exist('nothing', 'var');\nb = exist('f');\n\
         clear x\nclear('y*');\nclear\n\
         function y = f(x)\n  y = nargin + nargout;\nend",
        expect![[r#"
            0 script (), 5 locals, 1 temporaries
               1    0  STATEMENT 2
                    1  CONSTANT x = 1
                    2  STATEMENT 2
                    3  CONSTANT yy = 2
               2    4  STATEMENT 8
                    5  JUMP_IF_UNDEFINED x 8
                    6  CONSTANT %0 = 1
                    7  JUMP 9
                    8  CONSTANT %0 = 0
                    9  JUMP_IF_UNDEFINED %0 12
                   10  MOVE ans = %0
                   11  DISPLAY ans ans
               3   12  STATEMENT 3
                   13  CONSTANT %0 = 0
                   14  MOVE a = %0
               4   15  STATEMENT 3
                   16  CONSTANT %0 = 2
                   17  MOVE b = %0
               5   18  STATEMENT 2
                   19  CLEAR x
               6   20  STATEMENT 2
                   21  CLEAR yy
               7   22  STATEMENT 7
                   23  CLEAR x
                   24  CLEAR yy
                   25  CLEAR ans
                   26  CLEAR a
                   27  CLEAR b
               1   28  RETURN

            1 function f (x) -> y, 2 locals, 2 temporaries
               9    0  STATEMENT 5
                    1  INPUT_COUNT %0
                    2  OUTPUT_COUNT %1
                    3  BINARY y = %0 + %1
               8    4  RETURN
        "#]],
    );
}

#[test]
fn before_its_first_assignment_a_variable_hides_no_function() {
    check(
        "race = race(1);\nfor i = 1:2\n  next = next(i);\nend\nlater = @(n) later(n - 1);",
        expect![[r#"
            0 script (), 8 locals, 2 temporaries
               1    0  STATEMENT 4
                    1  CONSTANT %0 = 1
                    2  CALL_BUILTIN race %0(1) -> 1
                    3  MOVE race = %0
               2    4  STATEMENT 6
                    5  CONSTANT %0 = 1
                    6  CONSTANT %1 = 2
                    7  FOR_RANGE .4 = %0(2)
                    8  FOR_NEXT i = .4
                    9  JUMP 15
               3   10  STATEMENT 5
                   11  MOVE %0 = i
                   12  PAREN next %0(1) -> 1
                   13  MOVE next = %0
               2   14  JUMP 8
               5   15  STATEMENT 3
                   16  CLOSURE later = @<anonymous> #1 %0(0)
               1   17  RETURN

            1 anonymous @(n)later(n-1) (n), 2 locals, 1 temporaries
               5    0  STATEMENT 5
                    1  CONSTANT %0 = 1
                    2  BINARY %0 = n - %0
                    3  CALL_UNKNOWN later %0(1) -> pass
                    4  RETURN_RESULTS %0
        "#]],
    );
}

#[test]
fn constants_by_name_are_constants() {
    check(
        "while true\n  x = -Inf;\nend\ny = pi(); z = false;\nfunction z = false()\nend",
        expect![[r#"
            0 script (), 3 locals, 1 temporaries
               1    0  STATEMENT 3
                    1  CONSTANT %0 = true
                    2  JUMP_IF_FALSE %0 7
               2    3  STATEMENT 4
                    4  CONSTANT %0 = inf
                    5  UNARY x = -%0
               1    6  JUMP 0
               4    7  STATEMENT 3
                    8  CALL_BUILTIN pi %0(0) -> 1
                    9  MOVE y = %0
                   10  STATEMENT 4
                   11  CALL false #1 %0(0) -> 1
                   12  MOVE z = %0
               1   13  RETURN

            1 function false () -> z, 1 locals, 0 temporaries
               5    0  RETURN
        "#]],
    );
}
