//! What expressions mean: text in, tree out.

mod support;

use tourbillon_syntax::ast::{ExpressionKind, StatementKind};
use tourbillon_syntax::parse;

/// The tree of the right side of `x = TEXT;`.
fn tree(text: &str) -> String {
    let program = format!("x = {text};");
    let parsed = parse(&program);
    let diagnostics = support::render_diagnostics(&program, &parsed.diagnostics);
    assert_eq!(diagnostics, "", "in {program}");
    let [statement] = parsed.file.body.statements.as_slice() else {
        panic!(
            "{program} is more than one statement: {}",
            support::render(&parsed.file)
        );
    };
    match &statement.kind {
        StatementKind::Assign { value, .. } => support::expression(value),
        kind => panic!("{program} is no assignment but {kind:?}"),
    }
}

fn check(cases: &[(&str, &str)]) {
    for (text, expected) in cases {
        assert_eq!(tree(text), *expected, "for {text}");
    }
}

#[test]
fn numbers() {
    check(&[
        ("0", "0"),
        ("12.5", "12.5"),
        (".5", "0.5"),
        ("5.", "5"),
        ("1e3", "1000"),
        ("1.5E-2", "0.015"),
        ("1d2", "100"),
        ("2.D+1", "20"),
        ("0x1F", "31"),
        ("0XfF", "255"),
        ("0b101", "5"),
        ("1i", "1i"),
        ("2.5e1j", "25i"),
        ("3+4i", "(+ 3 4i)"),
        ("1./y", "(./ 1 y)"),
        ("1.*2", "(.* 1 2)"),
        ("1.^2", "(.^ 1 2)"),
        ("1.\\2", "(.\\ 1 2)"),
        ("3.'", "(.' 3)"),
        ("3'", "(' 3)"),
        ("1.5.*2", "(.* 1.5 2)"),
        ("1:3.", "(range 1 3)"),
        ("1 + ...\n 2", "(+ 1 2)"),
        ("1+... a comment\n\t2", "(+ 1 2)"),
        ("[1 2...\n 3]", "(matrix [1 2 3])"),
    ]);
}

#[test]
fn numbers_keep_their_value() {
    let parsed = parse("x = 1e999; y = 123456789012345678; z = 4.9e-324;");
    let values: Vec<f64> = parsed
        .file
        .body
        .statements
        .iter()
        .filter_map(number)
        .collect();
    assert_eq!(values, [f64::INFINITY, 123456789012345680.0, 4.9e-324]);

    fn number(statement: &tourbillon_syntax::ast::Statement) -> Option<f64> {
        let StatementKind::Assign { value, .. } = &statement.kind else {
            return None;
        };
        if let ExpressionKind::Number(value) = value.kind {
            Some(value)
        } else {
            None
        }
    }
}

#[test]
fn texts() {
    check(&[
        ("'a'", "'a'"),
        ("''", "''"),
        ("''''", "'''"),
        ("'it''s'", "'it's'"),
        ("\"say \"\"hi\"\"\"", "\"say \"hi\"\""),
        ("'a % b'", "'a % b'"),
        ("'a ... b'", "'a ... b'"),
        ("'\\n'", "'\\n'"),
        ("\"it's\"", "\"it's\""),
        ("'é'", "'é'"),
    ]);
}

#[test]
fn quotes_after_values_transpose() {
    check(&[
        ("a'", "(' a)"),
        ("a''", "(' (' a))"),
        ("a.'", "(.' a)"),
        ("a '", "(' a)"),
        ("a(1)'", "(' (paren a 1))"),
        ("[1 2]'", "(' (matrix [1 2]))"),
        ("{1}'", "(' (cell [1]))"),
        ("a.b'", "(' (field a b))"),
        ("(a)'", "(' a)"),
        ("a'*b'", "(* (' a) (' b))"),
        ("f('a', b', 'c')", "(paren f 'a' (' b) 'c')"),
        ("y(end)'", "(' (paren y end))"),
        ("y(end')", "(paren y (' end))"),
        ("[a' b']", "(matrix [(' a) (' b)])"),
        ("[a 'b']", "(matrix [a 'b'])"),
        ("[a', 'b']", "(matrix [(' a) 'b'])"),
        ("['a' 'b']", "(matrix ['a' 'b'])"),
        ("['a''b']", "(matrix ['a'b'])"),
        ("['a';'b']", "(matrix ['a'] ['b'])"),
        ("{'a' 'b'}'", "(' (cell ['a' 'b']))"),
        ("[f(a ')]", "(matrix [(paren f (' a))])"),
        ("[(a ')]", "(matrix [(' a)])"),
    ]);
}

#[test]
fn precedence() {
    check(&[
        ("a + b * c", "(+ a (* b c))"),
        ("a - b - c", "(- (- a b) c)"),
        ("a / b * c", "(* (/ a b) c)"),
        ("a \\ b .\\ c", "(.\\ (\\ a b) c)"),
        ("(a + b) * c", "(* (+ a b) c)"),
        ("a ^ b ^ c", "(^ (^ a b) c)"),
        ("2^-1", "(^ 2 (- 1))"),
        ("2^-2^2", "(^ (^ 2 (- 2)) 2)"),
        ("2^+-a", "(^ 2 (+ (- a)))"),
        ("2^~a", "(^ 2 (~ a))"),
        ("2.^a'", "(' (.^ 2 a))"),
        ("2^a(1)", "(^ 2 (paren a 1))"),
        ("-2^2", "(- (^ 2 2))"),
        ("-a'", "(- (' a))"),
        ("-a*b", "(* (- a) b)"),
        ("a*-b", "(* a (- b))"),
        ("a--b", "(- a (- b))"),
        ("a++b", "(+ a (+ b))"),
        ("~a==b", "(== (~ a) b)"),
        ("!a!=b", "(~= (~ a) b)"),
        ("~~a", "(~ (~ a))"),
        ("~a'", "(~ (' a))"),
        ("a==b~=c", "(~= (== a b) c)"),
        ("a<b+c", "(< a (+ b c))"),
        ("a<=b", "(<= a b)"),
        ("a>=b", "(>= a b)"),
        ("a>b", "(> a b)"),
        ("a&b|c&d", "(| (& a b) (& c d))"),
        ("a||b&&c", "(|| a (&& b c))"),
        ("a|b&&c|d", "(&& (| a b) (| c d))"),
        ("a||b||c", "(|| (|| a b) c)"),
        ("1:n+1", "(range 1 (+ n 1))"),
        ("1:2:9", "(range 1 2 9)"),
        ("a:b:c:d", "(range (range a b c) d)"),
        ("a:b<c:d", "(< (range a b) (range c d))"),
        ("10:-1:1", "(range 10 (- 1) 1)"),
        ("(1:3)'", "(' (range 1 3))"),
    ]);
}

#[test]
fn chains() {
    check(&[
        ("a(1)", "(paren a 1)"),
        ("a (1)", "(paren a 1)"),
        ("a()", "(paren a)"),
        ("a{}", "(brace a)"),
        ("f(1)(2)", "(paren (paren f 1) 2)"),
        (
            "a.b(1).c{2}.(d)(3)",
            "(paren (dynamic (brace (field (paren (field a b) 1) c) 2) d) 3)",
        ),
        ("a.('b c')", "(dynamic a 'b c')"),
        ("a . b", "(field a b)"),
        ("a(:)", "(paren a :)"),
        ("a(:, end)", "(paren a : end)"),
        ("a( : , 1)", "(paren a : 1)"),
        ("a{:}", "(brace a :)"),
        ("a(end+1)", "(paren a (+ end 1))"),
        ("a(b(end), end/2)", "(paren a (paren b end) (/ end 2))"),
        ("a([1 end])", "(paren a (matrix [1 end]))"),
        ("a{end -1}", "(brace a (- end 1))"),
        ("a(1, ...\n 2)", "(paren a 1 2)"),
        ("a(1:end)", "(paren a (range 1 end))"),
        ("{1, 2}{1}", "(brace (cell [1 2]) 1)"),
        ("[1 2](1)", "(paren (matrix [1 2]) 1)"),
        ("(@sin)(1)", "(paren @sin 1)"),
        ("async", "async"),
        ("async(1)", "(paren async 1)"),
        ("do + finally", "(+ do finally)"),
    ]);
}

#[test]
fn matrices_split_at_white_space() {
    check(&[
        ("[]", "(matrix)"),
        ("{}", "(cell)"),
        ("[ ]", "(matrix)"),
        ("[1 2 3]", "(matrix [1 2 3])"),
        ("[1,2,3]", "(matrix [1 2 3])"),
        ("[1, 2, ]", "(matrix [1 2])"),
        ("[a , b]", "(matrix [a b])"),
        ("[1 -2]", "(matrix [1 (- 2)])"),
        ("[1 - 2]", "(matrix [(- 1 2)])"),
        ("[1 -2 + 3]", "(matrix [1 (+ (- 2) 3)])"),
        ("[a-b]", "(matrix [(- a b)])"),
        ("[a- b]", "(matrix [(- a b)])"),
        ("[a -b]", "(matrix [a (- b)])"),
        ("[a' -b']", "(matrix [(' a) (- (' b))])"),
        ("[a +...\n b]", "(matrix [(+ a b)])"),
        ("[a ~b]", "(matrix [a (~ b)])"),
        ("[a ~= b]", "(matrix [(~= a b)])"),
        ("[a ~=b]", "(matrix [(~= a b)])"),
        ("[a *b]", "(matrix [(* a b)])"),
        ("[a && b]", "(matrix [(&& a b)])"),
        ("[a : b]", "(matrix [(range a b)])"),
        ("[1:3]", "(matrix [(range 1 3)])"),
        ("[f (1)]", "(matrix [f 1])"),
        ("[f(1)]", "(matrix [(paren f 1)])"),
        ("[f( 1 )]", "(matrix [(paren f 1)])"),
        ("{c {1}}", "(cell [c (cell [1])])"),
        ("{c{1}}", "(cell [(brace c 1)])"),
        ("[(a -b)]", "(matrix [(- a b)])"),
        ("[f(a -b)]", "(matrix [(paren f (- a b))])"),
        ("[c{a -b}]", "(matrix [(brace c (- a b))])"),
        ("f([1 -2])", "(paren f (matrix [1 (- 2)]))"),
        ("(1 -2)", "(- 1 2)"),
        ("1 -2", "(- 1 2)"),
        ("[1 .5]", "(matrix [1 0.5])"),
        ("[@sin @cos]", "(matrix [@sin @cos])"),
        ("[a @f]", "(matrix [a @f])"),
        ("[1;2]", "(matrix [1] [2])"),
        ("[1 2\n 3 4]", "(matrix [1 2] [3 4])"),
        ("[1 2;\n\n 3 4;\n]", "(matrix [1 2] [3 4])"),
        ("[ % first\n 1 % one\n 2\n % last\n]", "(matrix [1] [2])"),
        ("[1 ... more\n 2]", "(matrix [1 2])"),
        ("[1\r\n2\r\n]", "(matrix [1] [2])"),
        (
            "{[1 2], 'a'; 3, {}}",
            "(cell [(matrix [1 2]) 'a'] [3 (cell)])",
        ),
        ("[s.a s.b]", "(matrix [(field s a) (field s b)])"),
    ]);
}

#[test]
fn functions_as_values() {
    check(&[
        ("@sin", "@sin"),
        ("@pkg.sub.name", "@pkg.sub.name"),
        ("@() 1", "(@ (in) 1)"),
        ("@()'a'", "(@ (in) 'a')"),
        ("@() 'a'", "(@ (in) 'a')"),
        ("@(x){x -1}", "(@ (in x) (cell [x (- 1)]))"),
        ("@(a, ~, varargin) a + 1", "(@ (in a ~ varargin) (+ a 1))"),
        ("@(x) @(y) x + y", "(@ (in x) (@ (in y) (+ x y)))"),
        ("@(x) x == 1 || y", "(@ (in x) (|| (== x 1) y))"),
        ("{@(x) x+1, 2}", "(cell [(@ (in x) (+ x 1)) 2])"),
        ("{@(x) x +1, 2 -1}", "(cell [(@ (in x) (+ x 1)) 2 (- 1)])"),
        (
            "{@(x) x (1); @(y) y'}",
            "(cell [(@ (in x) (paren x 1))] [(@ (in y) (' y))])",
        ),
        ("{@() [1 -2], 3}", "(cell [(@ (in) (matrix [1 (- 2)])) 3])"),
        ("{@(x) x\n @(y) y}", "(cell [(@ (in x) x)] [(@ (in y) y)])"),
        ("f(@(x) x -1, 2)", "(paren f (@ (in x) (- x 1)) 2)"),
        ("async @() y + 1", "(async (+ y 1))"),
        (
            "async @() do\n y = 1;\n y + 1\nend",
            "(async (do (= y 1) !(+ y 1)))",
        ),
        ("async @() do y; end", "(async (do y))"),
        (
            "f(async @() do\n y;\nend, 'Name', 'n')",
            "(paren f (async (do y)) 'Name' 'n')",
        ),
        (
            "{async @() do\n [1 -2];\n z\nend, 3 -4}",
            "(cell [(async (do (matrix [1 (- 2)]) !z)) 3 (- 4)])",
        ),
        (
            "async @() do\n g = async @() do h; end;\nend",
            "(async (do (= g (async (do h)))))",
        ),
        (
            "async @() do\n if a, b; end\nend",
            "(async (do (if a (do b))))",
        ),
        ("async @() async @() 1", "(async (async 1))"),
    ]);
}
