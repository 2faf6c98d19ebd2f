//! Expressions, with brackets where precedence needs them.

use super::Printer;
use crate::ast::{BinaryOp, Expression, ExpressionKind, PostfixOp, Step, UnaryOp};
use crate::lexer::word_at;

/// How tightly an expression holds together, from loose to tight.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Level {
    /// Reaches as far to the right as it can: an anonymous function.
    Any,
    OrOr,
    AndAnd,
    Or,
    And,
    Comparison,
    Range,
    Additive,
    Multiplicative,
    Unary,
    Power,
    /// An operand that takes no index: a number.
    Operand,
    /// What takes an index.
    Chain,
}

fn binary_level(operator: BinaryOp) -> Level {
    match operator {
        BinaryOp::Or => Level::Or,
        BinaryOp::And => Level::And,
        BinaryOp::Less
        | BinaryOp::LessEqual
        | BinaryOp::Greater
        | BinaryOp::GreaterEqual
        | BinaryOp::Equal
        | BinaryOp::NotEqual => Level::Comparison,
        BinaryOp::Add | BinaryOp::Subtract => Level::Additive,
        BinaryOp::ElementMultiply
        | BinaryOp::Multiply
        | BinaryOp::ElementRightDivide
        | BinaryOp::RightDivide
        | BinaryOp::ElementLeftDivide
        | BinaryOp::LeftDivide => Level::Multiplicative,
        BinaryOp::ElementPower | BinaryOp::Power => Level::Power,
    }
}

fn level(kind: &ExpressionKind) -> Level {
    match kind {
        ExpressionKind::Number(value) | ExpressionKind::Imaginary(value) => {
            // The parser makes no negative number; a program that edits trees may.
            if value.is_sign_negative() {
                Level::Unary
            } else {
                Level::Operand
            }
        }
        ExpressionKind::Char(_)
        | ExpressionKind::String(_)
        | ExpressionKind::Name(_)
        | ExpressionKind::Matrix(_)
        | ExpressionKind::Cell(_)
        | ExpressionKind::Index(..) => Level::Chain,
        ExpressionKind::Colon | ExpressionKind::End | ExpressionKind::Handle(_) => Level::Operand,
        ExpressionKind::Unary(..) => Level::Unary,
        ExpressionKind::Postfix(..) => Level::Power,
        ExpressionKind::Binary(operator, _, _) => binary_level(*operator),
        ExpressionKind::AndAnd(..) => Level::AndAnd,
        ExpressionKind::OrOr(..) => Level::OrOr,
        ExpressionKind::Range { .. } => Level::Range,
        ExpressionKind::Anonymous { .. }
        | ExpressionKind::AsyncExpression(_)
        | ExpressionKind::AsyncBlock(_)
        | ExpressionKind::Error => Level::Any,
    }
}

/// The next tighter level, which the right operand of a left-associative operator needs.
fn tighter(level: Level) -> Level {
    match level {
        Level::Any => Level::OrOr,
        Level::OrOr => Level::AndAnd,
        Level::AndAnd => Level::Or,
        Level::Or => Level::And,
        Level::And => Level::Comparison,
        Level::Comparison => Level::Range,
        Level::Range => Level::Additive,
        Level::Additive => Level::Multiplicative,
        Level::Multiplicative => Level::Unary,
        Level::Unary => Level::Power,
        Level::Power => Level::Operand,
        Level::Operand | Level::Chain => Level::Chain,
    }
}

impl Printer {
    /// Writes an expression, in brackets if it is looser than its place allows.
    pub(super) fn expression(&mut self, expression: &Expression, least: Level) {
        let bracketed = level(&expression.kind) < least;
        if bracketed {
            self.push("(");
        }
        self.expression_kind(&expression.kind);
        if bracketed {
            self.push(")");
        }
    }

    fn expression_kind(&mut self, kind: &ExpressionKind) {
        match kind {
            ExpressionKind::Number(value) => self.number(*value),
            ExpressionKind::Imaginary(value) => {
                self.number(*value);
                self.push("i");
            }
            ExpressionKind::Char(text) => self.text(text, '\''),
            ExpressionKind::String(text) => self.text(text, '"'),
            ExpressionKind::Name(name) => self.push(name),
            ExpressionKind::Colon => self.push(":"),
            ExpressionKind::End => self.push("end"),
            ExpressionKind::Unary(operator, operand) => {
                self.push(unary_symbol(*operator));
                self.expression(operand, Level::Unary);
            }
            ExpressionKind::Postfix(operator, operand) => {
                // A quote directly after `'text'` would be a doubled one.
                if ends_with_text(operand) {
                    self.push("(");
                    self.expression(operand, Level::Any);
                    self.push(")");
                } else {
                    self.expression(operand, Level::Power);
                }
                self.push(match operator {
                    PostfixOp::ConjugateTranspose => "'",
                    PostfixOp::Transpose => ".'",
                });
            }
            ExpressionKind::Binary(operator, left, right) => {
                let level = binary_level(*operator);
                self.expression(left, level);
                self.push(operator.symbol());
                if level == Level::Power {
                    self.exponent(right);
                } else {
                    self.expression(right, tighter(level));
                }
            }
            ExpressionKind::AndAnd(left, right) => {
                self.expression(left, Level::AndAnd);
                self.push("&&");
                self.expression(right, tighter(Level::AndAnd));
            }
            ExpressionKind::OrOr(left, right) => {
                self.expression(left, Level::OrOr);
                self.push("||");
                self.expression(right, tighter(Level::OrOr));
            }
            ExpressionKind::Range { start, step, stop } => {
                self.expression(start, Level::Additive);
                self.push(":");
                if let Some(step) = step {
                    self.expression(step, Level::Additive);
                    self.push(":");
                }
                self.expression(stop, Level::Additive);
            }
            ExpressionKind::Matrix(rows) => self.rows(rows, "[", "]"),
            ExpressionKind::Cell(rows) => self.rows(rows, "{", "}"),
            ExpressionKind::Index(base, step) => {
                self.expression(base, Level::Chain);
                self.step(step);
            }
            ExpressionKind::Anonymous { inputs, body } => {
                self.push("@(");
                self.parameters(inputs, ",");
                self.push(")");
                self.expression(body, Level::Any);
            }
            ExpressionKind::Handle(name) => {
                self.push("@");
                self.push(name);
            }
            ExpressionKind::AsyncExpression(body) => {
                self.push("async @() ");
                let start = self.out.len();
                self.expression(body, Level::Any);
                if word_at(&self.out[start..]) == "do" {
                    // A variable of this name would begin a block.
                    self.out.insert(start, '(');
                    self.push(")");
                }
            }
            ExpressionKind::AsyncBlock(block) => {
                self.push("async @() do\n");
                self.body(block);
                self.end();
            }
            // It stands for nothing that could run, and reads as an error again.
            ExpressionKind::Error => self.push("?"),
        }
    }

    /// The right side of a power: signs may stand there, another power or a transpose may not.
    fn exponent(&mut self, exponent: &Expression) {
        let mut innermost = exponent;
        while let ExpressionKind::Unary(_, operand) = &innermost.kind {
            innermost = operand;
        }
        if level(&innermost.kind) < Level::Operand {
            return self.expression(exponent, Level::Operand);
        }
        let mut sign = exponent;
        while let ExpressionKind::Unary(operator, operand) = &sign.kind {
            self.push(unary_symbol(*operator));
            sign = operand;
        }
        self.expression(innermost, Level::Operand);
    }

    fn rows(&mut self, rows: &[Vec<Expression>], open: &str, close: &str) {
        self.push(open);
        for (at, row) in rows.iter().enumerate() {
            if at > 0 {
                self.push(";");
            }
            self.arguments(row);
        }
        self.push(close);
    }

    fn arguments(&mut self, arguments: &[Expression]) {
        for (at, argument) in arguments.iter().enumerate() {
            if at > 0 {
                self.push(",");
            }
            self.expression(argument, Level::Any);
        }
    }

    pub(super) fn step(&mut self, step: &Step) {
        match step {
            Step::Paren(arguments, _) => {
                self.push("(");
                self.arguments(arguments);
                self.push(")");
            }
            Step::Brace(arguments, _) => {
                self.push("{");
                self.arguments(arguments);
                self.push("}");
            }
            Step::Field(name) => {
                self.push(".");
                self.push(&name.name);
            }
            Step::DynamicField(name, _) => {
                self.push(".(");
                self.expression(name, Level::Any);
                self.push(")");
            }
        }
    }

    fn number(&mut self, value: f64) {
        let magnitude = value.abs();
        if value.is_nan() {
            self.push("NaN");
        } else if magnitude.is_infinite() {
            // The shortest literal that is read as infinite.
            self.push(if value < 0.0 { "-1e999" } else { "1e999" });
        } else if magnitude != 0.0 && !(1e-5..1e16).contains(&magnitude) {
            self.push(&format!("{value:e}"));
        } else {
            self.push(&format!("{value}"));
        }
    }

    /// A quoted text. No literal holds a line end, so such a text is put together from parts.
    fn text(&mut self, text: &str, quote: char) {
        if !text.contains(['\n', '\r']) {
            return self.quoted(text, quote);
        }
        let (open, join, close) = if quote == '"' {
            ("(", "+", ")")
        } else {
            ("[", ",", "]")
        };
        self.push(open);
        for (at, part) in text.split_inclusive(['\n', '\r']).enumerate() {
            if at > 0 {
                self.push(join);
            }
            let line = part.trim_end_matches(['\n', '\r']);
            self.quoted(line, quote);
            if line.len() < part.len() {
                let code = if part.ends_with('\n') {
                    "char(10)"
                } else {
                    "char(13)"
                };
                self.push(join);
                self.push(code);
            }
        }
        self.push(close);
    }
}

/// Whether the last thing written of an operand of a transpose is a text in single quotes.
fn ends_with_text(expression: &Expression) -> bool {
    match &expression.kind {
        ExpressionKind::Char(_) => true,
        ExpressionKind::Binary(BinaryOp::Power | BinaryOp::ElementPower, _, right) => {
            ends_with_text(right)
        }
        ExpressionKind::Unary(_, operand) => ends_with_text(operand),
        _ => false,
    }
}

fn unary_symbol(operator: UnaryOp) -> &'static str {
    match operator {
        UnaryOp::Plus => "+",
        UnaryOp::Minus => "-",
        UnaryOp::Not => "~",
    }
}
