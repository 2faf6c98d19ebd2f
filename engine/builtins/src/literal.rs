//! The value of a text made of literals, constants and operators: what a user may type at a prompt.
//! Nothing is called and no variable is read.

use crate::inputs::{coded, failure};
use crate::{codes, lookup};
use tourbillon_syntax::ast::{Expression, ExpressionKind, StatementKind};
use tourbillon_syntax::{Severity, parse};
use tourbillon_value::{Result, Value, concat, ops};

/// The value of the text; `[]` for an empty one.
pub(crate) fn evaluate(text: &str) -> Result<Value> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(Value::empty());
    }
    let parsed = parse(text);
    if let Some(wrong) = parsed
        .diagnostics
        .iter()
        .find(|diagnostic| diagnostic.severity == Severity::Error)
    {
        return Err(failure(wrong.message.clone()));
    }
    match &parsed.file.body.statements[..] {
        [only] if parsed.file.functions.is_empty() => match &only.kind {
            StatementKind::Expression(expression) => value_of(expression),
            StatementKind::Command { name, .. } => Err(unknown(&name.name)),
            _ => Err(not_a_literal()),
        },
        _ => Err(not_a_literal()),
    }
}

fn not_a_literal() -> tourbillon_value::RuntimeError {
    failure("Only numbers, texts, arrays of them and operators can be entered.")
}

fn unknown(name: &str) -> tourbillon_value::RuntimeError {
    if lookup(name).is_some() {
        return failure(format!("The function '{name}' cannot be called here."));
    }
    coded(
        &codes::UNDEFINED_FUNCTION,
        format!("Unrecognized function or variable '{name}'."),
    )
}

fn values_of(rows: &[Vec<Expression>]) -> Result<Vec<Vec<Value>>> {
    rows.iter()
        .map(|row| row.iter().map(value_of).collect())
        .collect()
}

fn value_of(expression: &Expression) -> Result<Value> {
    match &expression.kind {
        ExpressionKind::Number(number) => Ok(Value::Double(*number)),
        ExpressionKind::Char(text) | ExpressionKind::String(text) => Ok(Value::text(text)),
        ExpressionKind::Name(name) => constant(name).ok_or_else(|| unknown(name)),
        ExpressionKind::Unary(operator, operand) => ops::unary(*operator, value_of(operand)?),
        ExpressionKind::Postfix(operator, operand) => ops::postfix(*operator, value_of(operand)?),
        ExpressionKind::Binary(operator, left, right) => {
            ops::binary(*operator, value_of(left)?, value_of(right)?)
        }
        ExpressionKind::AndAnd(left, right) => Ok(Value::Bool(
            ops::condition(&value_of(left)?, "&&")? && ops::condition(&value_of(right)?, "&&")?,
        )),
        ExpressionKind::OrOr(left, right) => Ok(Value::Bool(
            ops::condition(&value_of(left)?, "||")? || ops::condition(&value_of(right)?, "||")?,
        )),
        ExpressionKind::Range { start, step, stop } => {
            let step = step.as_ref().map(|step| value_of(step)).transpose()?;
            ops::range(&value_of(start)?, step.as_ref(), &value_of(stop)?)
        }
        ExpressionKind::Matrix(rows) => concat::build_matrix(values_of(rows)?),
        ExpressionKind::Cell(rows) => concat::build_cell(values_of(rows)?),
        ExpressionKind::Index(base, _) => match &base.kind {
            ExpressionKind::Name(name) => Err(unknown(name)),
            _ => Err(not_a_literal()),
        },
        ExpressionKind::Imaginary(_)
        | ExpressionKind::Colon
        | ExpressionKind::End
        | ExpressionKind::Anonymous { .. }
        | ExpressionKind::Handle(_)
        | ExpressionKind::AsyncExpression(_)
        | ExpressionKind::AsyncBlock(_)
        | ExpressionKind::Error => Err(not_a_literal()),
    }
}

fn constant(name: &str) -> Option<Value> {
    Some(match name {
        "pi" => Value::Double(std::f64::consts::PI),
        "eps" => Value::Double(f64::EPSILON),
        "Inf" | "inf" => Value::Double(f64::INFINITY),
        "NaN" | "nan" => Value::Double(f64::NAN),
        "true" => Value::Bool(true),
        "false" => Value::Bool(false),
        _ => return None,
    })
}
