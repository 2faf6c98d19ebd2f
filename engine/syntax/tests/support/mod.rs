//! Renders trees as compact s-expressions and diagnostics as lines, for the tables of the tests.

#![allow(dead_code, reason = "no test file uses all of it")]

use std::fmt::Write;
use tourbillon_syntax::ast::{
    Block, Catch, Expression, ExpressionKind, File, Function, Parameter, PostfixOp, Statement,
    StatementKind, Step, Target, UnaryOp,
};
use tourbillon_syntax::{Diagnostic, Source};

/// The whole file: its statements, then its functions, one to a line.
pub fn render(file: &File) -> String {
    let mut lines: Vec<String> = file.body.statements.iter().map(statement).collect();
    lines.extend(file.functions.iter().map(function));
    lines.join("\n")
}

/// The diagnostics, one to a line (and one more with the help): `line:column identifier message`.
pub fn render_diagnostics(text: &str, diagnostics: &[Diagnostic]) -> String {
    let source = Source::new("t.m", text);
    let mut out = String::new();
    for diagnostic in diagnostics {
        let at = source.position(diagnostic.span.start);
        let identifier = diagnostic.identifier.trim_start_matches("MATLAB:");
        writeln!(
            out,
            "{}:{} {identifier} {}",
            at.line, at.column, diagnostic.message
        )
        .unwrap();
        if let Some(help) = &diagnostic.help {
            writeln!(out, "  {help}").unwrap();
        }
    }
    out.trim_end().to_string()
}

fn list(head: &str, parts: impl IntoIterator<Item = String>) -> String {
    let mut out = format!("({head}");
    for part in parts {
        out.push(' ');
        out.push_str(&part);
    }
    out.push(')');
    out
}

fn function(function: &Function) -> String {
    let inputs = list("in", function.inputs.iter().map(parameter));
    let outputs = list(
        "out",
        function
            .outputs
            .iter()
            .map(|output| output.name.to_string()),
    );
    let head = if function.is_async {
        "async-function"
    } else {
        "function"
    };
    list(
        head,
        [
            function.name.name.to_string(),
            outputs,
            inputs,
            block(&function.body),
        ],
    )
}

fn parameter(parameter: &Parameter) -> String {
    match parameter {
        Parameter::Named(name) => name.name.to_string(),
        Parameter::Ignored(_) => "~".to_string(),
    }
}

fn block(block: &Block) -> String {
    list("do", block.statements.iter().map(statement))
}

/// One statement; `!` stands before one that displays its result.
fn statement(statement: &Statement) -> String {
    let mark = if statement.prints { "!" } else { "" };
    format!("{mark}{}", statement_kind(&statement.kind))
}

fn statement_kind(kind: &StatementKind) -> String {
    match kind {
        StatementKind::Expression(value) => expression(value),
        StatementKind::Assign {
            targets,
            bracketed,
            value,
        } => {
            let targets = targets.iter().map(target).collect::<Vec<_>>();
            let left = if *bracketed {
                format!("[{}]", targets.join(" "))
            } else {
                targets.concat()
            };
            list("=", [left, expression(value)])
        }
        StatementKind::If { arms, otherwise } => {
            let arms = arms
                .iter()
                .flat_map(|(condition, body)| [expression(condition), block(body)]);
            list("if", arms.chain(otherwise.iter().map(block)))
        }
        StatementKind::For {
            target: variable,
            iterable,
            body,
        } => list("for", [target(variable), expression(iterable), block(body)]),
        StatementKind::While { condition, body } => {
            list("while", [expression(condition), block(body)])
        }
        StatementKind::Switch {
            subject,
            cases,
            otherwise,
        } => {
            let cases = cases
                .iter()
                .map(|(value, body)| list(&expression(value), [block(body)]));
            let parts = std::iter::once(expression(subject)).chain(cases);
            list("switch", parts.chain(otherwise.iter().map(block)))
        }
        StatementKind::Break => "break".to_string(),
        StatementKind::Continue => "continue".to_string(),
        StatementKind::Return => "return".to_string(),
        StatementKind::Try {
            body,
            catch,
            finally,
        } => {
            let catch = catch.iter().map(|Catch { variable, body }| {
                let name = variable.iter().map(|variable| variable.name.to_string());
                list("catch", name.chain([block(body)]))
            });
            let finally = finally.iter().map(|body| list("finally", [block(body)]));
            list("try", [block(body)].into_iter().chain(catch).chain(finally))
        }
        StatementKind::UnwindProtect { body, cleanup } => {
            list("unwind", [block(body), block(cleanup)])
        }
        StatementKind::Global(names) => {
            list("global", names.iter().map(|name| name.name.to_string()))
        }
        StatementKind::Persistent(names) => {
            let names = names.iter().map(|(name, value)| match value {
                Some(value) => list("=", [name.name.to_string(), expression(value)]),
                None => name.name.to_string(),
            });
            list("persistent", names)
        }
        StatementKind::Command { name, words } => {
            let words = words.iter().map(|word| format!("<{}>", word.name));
            list(
                "command",
                std::iter::once(name.name.to_string()).chain(words),
            )
        }
        StatementKind::Error => "ERROR".to_string(),
    }
}

fn target(target: &Target) -> String {
    match target {
        Target::Ignored(_) => "~".to_string(),
        Target::Place {
            variable, steps, ..
        } => steps
            .iter()
            .fold(variable.name.to_string(), |base, it| step(&base, it)),
    }
}

fn step(base: &str, step: &Step) -> String {
    let base = [base.to_string()];
    match step {
        Step::Paren(arguments, _) => list(
            "paren",
            base.into_iter().chain(arguments.iter().map(expression)),
        ),
        Step::Brace(arguments, _) => list(
            "brace",
            base.into_iter().chain(arguments.iter().map(expression)),
        ),
        Step::Field(name) => list("field", base.into_iter().chain([name.name.to_string()])),
        Step::DynamicField(name, _) => list("dynamic", base.into_iter().chain([expression(name)])),
    }
}

fn rows(head: &str, rows: &[Vec<Expression>]) -> String {
    let rows = rows.iter().map(|row| {
        let row: Vec<String> = row.iter().map(expression).collect();
        format!("[{}]", row.join(" "))
    });
    list(head, rows)
}

/// One expression.
pub fn expression(value: &Expression) -> String {
    match &value.kind {
        ExpressionKind::Number(number) => format!("{number}"),
        ExpressionKind::Imaginary(number) => format!("{number}i"),
        ExpressionKind::Char(text) => format!("'{text}'"),
        ExpressionKind::String(text) => format!("\"{text}\""),
        ExpressionKind::Name(name) => name.to_string(),
        ExpressionKind::Colon => ":".to_string(),
        ExpressionKind::End => "end".to_string(),
        ExpressionKind::Unary(operator, operand) => {
            let operator = match operator {
                UnaryOp::Plus => "+",
                UnaryOp::Minus => "-",
                UnaryOp::Not => "~",
            };
            list(operator, [expression(operand)])
        }
        ExpressionKind::Postfix(operator, operand) => {
            let operator = match operator {
                PostfixOp::ConjugateTranspose => "'",
                PostfixOp::Transpose => ".'",
            };
            list(operator, [expression(operand)])
        }
        ExpressionKind::Binary(operator, left, right) => {
            list(operator.symbol(), [expression(left), expression(right)])
        }
        ExpressionKind::AndAnd(left, right) => list("&&", [expression(left), expression(right)]),
        ExpressionKind::OrOr(left, right) => list("||", [expression(left), expression(right)]),
        ExpressionKind::Range { start, step, stop } => {
            let step = step.iter().map(|step| expression(step));
            list(
                "range",
                [expression(start)]
                    .into_iter()
                    .chain(step)
                    .chain([expression(stop)]),
            )
        }
        ExpressionKind::Matrix(elements) => rows("matrix", elements),
        ExpressionKind::Cell(elements) => rows("cell", elements),
        ExpressionKind::Index(base, it) => step(&expression(base), it),
        ExpressionKind::Anonymous { inputs, body } => list(
            "@",
            [list("in", inputs.iter().map(parameter)), expression(body)],
        ),
        ExpressionKind::Handle(name) => format!("@{name}"),
        ExpressionKind::AsyncExpression(body) => list("async", [expression(body)]),
        ExpressionKind::AsyncBlock(body) => list("async", [block(body)]),
        ExpressionKind::Error => "ERROR".to_string(),
    }
}
