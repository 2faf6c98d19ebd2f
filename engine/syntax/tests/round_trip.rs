//! The printer: what it writes reads as the same tree.

mod support;

use proptest::prelude::*;
use std::rc::Rc;
use tourbillon_syntax::ast::{
    BinaryOp, Block, Catch, Expression, ExpressionKind, File, Function, Ident, Parameter,
    PostfixOp, Statement, StatementKind, Step, Target, UnaryOp,
};
use tourbillon_syntax::{Span, parse, print, print_expression};

/// The tree of a text that must have no mistakes.
fn read(text: &str) -> File {
    let parsed = parse(text);
    let diagnostics = support::render_diagnostics(text, &parsed.diagnostics);
    assert_eq!(diagnostics, "", "in\n{text}");
    parsed.file
}

/// A text and what the printer makes of it have the same tree, and printing that changes nothing.
fn check(text: &str) {
    let file = read(text);
    let printed = print(&file);
    let again = read(&printed);
    assert_eq!(
        support::render(&again),
        support::render(&file),
        "printed as\n{printed}"
    );
    assert_eq!(print(&again), printed);
}

#[test]
fn programs() {
    let programs = [
        "x = 1; y, z = 'it''s';\nw = \"say \"\"hi\"\"\"",
        "s.a(3).b{end}.(n) = [1 -2; 3, 4]';\n[a, ~, b.c(2)] = deal(1, 2, 3);",
        "if a, b; elseif c, d; else, if e, f; end, end",
        "for i = 1:3, for j = c, continue; end, break, end\nwhile ~a, return, end",
        "switch a, case {1, 'x'}, b; case 2, otherwise, c; end\nswitch a, end",
        "try, a; catch e, b; finally, c; end\ntry, a; catch, b; end\ntry, a; end",
        "unwind_protect, a; unwind_protect_cleanup, b; end",
        "global g h\npersistent n = 0 m k = f(1)",
        "hold on; clear -all 'x y' \" z\" it''s\ncd ..\nf g(1, 2) a.b-c",
        "function [a, b] = f(~, x, varargin), a = x; end\nfunction g, end\nasync function y = h(), y = 1; end",
        "f = async @() do, a = 1; if a, a; end, end;\ng = spawn(async @() do, [1 2], end, 'x');\nh = async @() x + 1",
        "c = {@(x) x +1, @sin, @(varargin) @() 1; async @() 1, async @() do, y; end, @a.b};",
        "(@(x) x)(1); (@sin)(2); (async @() 1)';",
        "x = 2^-1 + -2^2 - ~a==b; y = (-2)^2; z = 2^(a^b)'; w = (2^a)^b; v = -(a*b)*c;",
        "x = (1:3)'; y = (a:b):c; z = a:(b:c); w = 1:(2==3); v = (a&&b)&&(c||d); u = a&&(b&&c);",
        "x = a-(b-c); y = (a-b)-c; z = a/(b*c); w = (a+b)*c; v = !(a && b);",
        "x = 1./y + 1.^2; z = 3'; w = 3.'; v = 1i + 2.5e-10j; u = 1e300; t = 0.1; s = 1e999;",
        "do = 1; f = async @() (do); g = async @() (do(1) + 2);",
        "x(:, end) = a{:}; y = x(1, :)(2); z = [x(:)', y'];",
    ];
    for program in programs {
        check(program);
    }
}

#[test]
fn a_program_as_it_is_printed() {
    let program = "x=1;if x,y=2
else,disp hi
end,for i=1:3,[a,b]=f(i);end,try,g;catch e,end
async function r=k(a,~), r=async @() do, a+1, end;end";
    expect_test::expect![[r#"
        x = 1;
        if x
            y = 2
        else
            disp hi
        end
        for i = 1:3
            [a, b] = f(i);
        end
        try
            g;
        catch e
        end

        async function r = k(a, ~)
            r = async @() do
                a+1
            end;
        end
    "#]]
    .assert_eq(&print(&read(program)));
}

#[test]
fn expressions_as_func2str_writes_them() {
    let cases = [
        ("@(x) x + 1", "@(x)x+1"),
        ("@( x , y ) x .^ 2 + y'", "@(x,y)x.^2+y'"),
        ("@() disp('it''s')", "@()disp('it''s')"),
        (
            "@(varargin) numel( varargin{:} )",
            "@(varargin)numel(varargin{:})",
        ),
        ("@(~, y) [1, 2; y 4]", "@(~,y)[1,2;y,4]"),
        ("@(x) ~x && ( x == 1 || y )", "@(x)~x&&(x==1||y)"),
        ("@(x) (x + 1) * 2", "@(x)(x+1)*2"),
        ("@(x) x(1 : end)", "@(x)x(1:end)"),
        ("@(x) s.a.(n){3}", "@(x)s.a.(n){3}"),
        ("@(x) 1e-3 + 100000 + 1e20", "@(x)0.001+100000+1e20"),
    ];
    for (text, expected) in cases {
        let file = read(&format!("f = {text};"));
        let StatementKind::Assign { value, .. } = &file.body.statements[0].kind else {
            panic!("{text} is no expression");
        };
        assert_eq!(print_expression(value), expected);
    }
}

#[test]
fn trees_that_no_text_has() {
    let print = |kind| print_expression(&at(kind));
    assert_eq!(print(ExpressionKind::Number(f64::NAN)), "NaN");
    let minus_one = || Box::new(at(ExpressionKind::Number(-1.0)));
    assert_eq!(
        print(ExpressionKind::Binary(
            BinaryOp::Power,
            minus_one(),
            minus_one()
        )),
        "(-1)^(-1)"
    );
    assert_eq!(
        print(ExpressionKind::Char("a\nb".into())),
        "['a',char(10),'b']"
    );
    assert_eq!(
        print(ExpressionKind::String("a\r\n".into())),
        "(\"a\"+char(13)+\"\"+char(10))"
    );
}

// Generated trees. They hold only what the parser itself makes.

fn at(kind: ExpressionKind) -> Expression {
    Expression {
        kind,
        span: Span::default(),
    }
}

fn name() -> impl Strategy<Value = Rc<str>> {
    prop::sample::select(vec!["a", "b", "foo", "x_1", "async", "do"]).prop_map(Rc::from)
}

fn ident() -> impl Strategy<Value = Ident> {
    name().prop_map(|name| Ident {
        name,
        span: Span::default(),
    })
}

fn number() -> impl Strategy<Value = f64> {
    prop_oneof![
        (0u32..1000).prop_map(f64::from),
        any::<f64>()
            .prop_filter("a literal", |value| value.is_finite())
            .prop_map(f64::abs),
    ]
}

fn text() -> impl Strategy<Value = String> {
    "[ -~é]{0,6}"
}

fn parameters() -> impl Strategy<Value = Vec<Parameter>> {
    let parameter = prop_oneof![
        3 => ident().prop_map(Parameter::Named),
        1 => Just(Parameter::Ignored(Span::default())),
    ];
    prop::collection::vec(parameter, 0..3)
}

fn binary() -> impl Strategy<Value = BinaryOp> {
    prop::sample::select(vec![
        BinaryOp::Add,
        BinaryOp::Subtract,
        BinaryOp::ElementMultiply,
        BinaryOp::Multiply,
        BinaryOp::ElementRightDivide,
        BinaryOp::RightDivide,
        BinaryOp::ElementLeftDivide,
        BinaryOp::LeftDivide,
        BinaryOp::ElementPower,
        BinaryOp::Power,
        BinaryOp::Less,
        BinaryOp::LessEqual,
        BinaryOp::Greater,
        BinaryOp::GreaterEqual,
        BinaryOp::Equal,
        BinaryOp::NotEqual,
        BinaryOp::And,
        BinaryOp::Or,
    ])
}

fn step(inner: BoxedStrategy<Expression>) -> BoxedStrategy<Step> {
    let argument = prop_oneof![
        8 => inner.clone(),
        1 => Just(at(ExpressionKind::Colon)),
        1 => Just(at(ExpressionKind::End)),
    ];
    let arguments = prop::collection::vec(argument, 0..3).boxed();
    prop_oneof![
        arguments
            .clone()
            .prop_map(|arguments| Step::Paren(arguments, Span::default())),
        arguments.prop_map(|arguments| Step::Brace(arguments, Span::default())),
        ident().prop_map(Step::Field),
        inner.prop_map(|name| Step::DynamicField(Box::new(name), Span::default())),
    ]
    .boxed()
}

fn rows(inner: BoxedStrategy<Expression>) -> impl Strategy<Value = Vec<Vec<Expression>>> {
    prop::collection::vec(prop::collection::vec(inner, 1..3), 0..3)
}

fn expression(depth: u32) -> BoxedStrategy<Expression> {
    let leaf = prop_oneof![
        number().prop_map(ExpressionKind::Number),
        number().prop_map(ExpressionKind::Imaginary),
        text().prop_map(ExpressionKind::Char),
        text().prop_map(ExpressionKind::String),
        name().prop_map(ExpressionKind::Name),
        Just(ExpressionKind::Handle(Rc::from("pkg.f"))),
    ]
    .prop_map(at);
    leaf.prop_recursive(depth, 24, 4, |inner| {
        let boxed = inner.clone().prop_map(Box::new).boxed();
        let pair = || (boxed.clone(), boxed.clone());
        let unary = prop::sample::select(vec![UnaryOp::Plus, UnaryOp::Minus, UnaryOp::Not]);
        let postfix =
            prop::sample::select(vec![PostfixOp::ConjugateTranspose, PostfixOp::Transpose]);
        let range = (
            boxed.clone(),
            prop::option::of(boxed.clone()),
            boxed.clone(),
        );
        prop_oneof![
            (unary, boxed.clone()).prop_map(|(op, x)| ExpressionKind::Unary(op, x)),
            (postfix, boxed.clone()).prop_map(|(op, x)| ExpressionKind::Postfix(op, x)),
            (binary(), pair()).prop_map(|(op, (x, y))| ExpressionKind::Binary(op, x, y)),
            pair().prop_map(|(x, y)| ExpressionKind::AndAnd(x, y)),
            pair().prop_map(|(x, y)| ExpressionKind::OrOr(x, y)),
            range.prop_map(|(start, step, stop)| ExpressionKind::Range { start, step, stop }),
            rows(inner.clone().boxed()).prop_map(ExpressionKind::Matrix),
            rows(inner.clone().boxed()).prop_map(ExpressionKind::Cell),
            (boxed.clone(), step(inner.clone().boxed()))
                .prop_map(|(base, step)| ExpressionKind::Index(base, Box::new(step))),
            (parameters(), boxed.clone())
                .prop_map(|(inputs, body)| ExpressionKind::Anonymous { inputs, body }),
            boxed.clone().prop_map(ExpressionKind::AsyncExpression),
            (inner.clone(), any::<bool>()).prop_map(|(value, prints)| {
                let kind = StatementKind::Expression(value);
                let statement = Statement {
                    kind,
                    span: Span::default(),
                    prints,
                };
                ExpressionKind::AsyncBlock(Block {
                    statements: vec![statement],
                })
            }),
        ]
        .prop_map(at)
    })
    .boxed()
}

fn target() -> BoxedStrategy<Target> {
    let steps = prop::collection::vec(step(expression(1)), 0..3);
    (ident(), steps)
        .prop_map(|(variable, steps)| Target::Place {
            variable,
            steps,
            span: Span::default(),
        })
        .boxed()
}

fn block(statement: BoxedStrategy<Statement>) -> impl Strategy<Value = Block> + Clone {
    prop::collection::vec(statement, 0..3).prop_map(|statements| Block { statements })
}

fn simple_statement() -> BoxedStrategy<Statement> {
    let targets = prop::collection::vec(
        prop_oneof![3 => target(), 1 => Just(Target::Ignored(Span::default()))],
        1..3,
    );
    let shown = prop_oneof![
        expression(3).prop_map(StatementKind::Expression),
        (target(), expression(3)).prop_map(|(target, value)| StatementKind::Assign {
            targets: vec![target],
            bracketed: false,
            value,
        }),
        (targets, expression(3)).prop_map(|(targets, value)| StatementKind::Assign {
            targets,
            bracketed: true,
            value,
        }),
        // A name that nothing assigns, or it would be no command.
        prop::collection::vec(text(), 1..3).prop_map(|words| StatementKind::Command {
            name: Ident {
                name: Rc::from("hold"),
                span: Span::default()
            },
            words: words
                .into_iter()
                .map(|word| Ident {
                    name: Rc::from(word),
                    span: Span::default()
                })
                .collect(),
        }),
    ];
    let silent = prop_oneof![
        Just(StatementKind::Break),
        Just(StatementKind::Continue),
        Just(StatementKind::Return),
        prop::collection::vec(ident(), 1..3).prop_map(StatementKind::Global),
        prop::collection::vec((ident(), prop::option::of(expression(1))), 1..3)
            .prop_map(StatementKind::Persistent),
    ];
    prop_oneof![
        3 => (shown, any::<bool>())
            .prop_map(|(kind, prints)| Statement { kind, span: Span::default(), prints }),
        1 => silent.prop_map(|kind| Statement { kind, span: Span::default(), prints: false }),
    ]
    .boxed()
}

fn statement() -> BoxedStrategy<Statement> {
    simple_statement()
        .prop_recursive(3, 16, 3, |inner| {
            let body = block(inner.boxed());
            let arms = prop::collection::vec((expression(1), body.clone()), 1..3);
            let cases = prop::collection::vec((expression(1), body.clone()), 0..3);
            let otherwise = prop::option::of(body.clone());
            let catch = prop::option::of((prop::option::of(ident()), body.clone()));
            prop_oneof![
                (arms, otherwise.clone())
                    .prop_map(|(arms, otherwise)| StatementKind::If { arms, otherwise }),
                (target(), expression(1), body.clone()).prop_map(|(target, iterable, body)| {
                    StatementKind::For {
                        target,
                        iterable,
                        body,
                    }
                }),
                (expression(1), body.clone())
                    .prop_map(|(condition, body)| StatementKind::While { condition, body }),
                (expression(1), cases, otherwise.clone()).prop_map(
                    |(subject, cases, otherwise)| StatementKind::Switch {
                        subject,
                        cases,
                        otherwise
                    }
                ),
                (body.clone(), catch, otherwise).prop_map(|(body, catch, finally)| {
                    let catch = catch.map(|(variable, body)| Catch { variable, body });
                    StatementKind::Try {
                        body,
                        catch,
                        finally,
                    }
                }),
                (body.clone(), body)
                    .prop_map(|(body, cleanup)| StatementKind::UnwindProtect { body, cleanup }),
            ]
            .prop_map(|kind| Statement {
                kind,
                span: Span::default(),
                prints: false,
            })
        })
        .boxed()
}

fn file() -> impl Strategy<Value = File> {
    let body = block(statement());
    let outputs = prop::collection::vec(ident(), 0..3);
    let leaf = (ident(), any::<bool>(), parameters(), outputs, body.clone()).prop_map(
        |(name, is_async, inputs, outputs, body)| Function {
            name,
            is_async,
            inputs,
            outputs,
            body,
            nested: Vec::new(),
            span: Span::default(),
        },
    );
    let leaf = leaf.boxed();
    let inner = prop::collection::vec(leaf.clone(), 0..2);
    let function = (leaf, inner).prop_map(|(function, nested)| Function { nested, ..function });
    (body, prop::collection::vec(function, 0..2))
        .prop_map(|(body, functions)| File { body, functions })
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 500,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn generated_expressions_come_back(expression in expression(4)) {
        let printed = format!("x = {};", print_expression(&expression));
        let file = read(&printed);
        let StatementKind::Assign { value, .. } = &file.body.statements[0].kind else {
            panic!("{printed} is no assignment");
        };
        prop_assert_eq!(support::expression(value), support::expression(&expression));
    }

    #[test]
    fn generated_files_come_back(file in file()) {
        let printed = print(&file);
        prop_assert_eq!(support::render(&read(&printed)), support::render(&file), "{}", printed);
    }
}
