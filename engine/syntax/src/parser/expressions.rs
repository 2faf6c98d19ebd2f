//! Operators, by precedence climbing. From weak to strong: `||`, `&&`, `|`, `&`, comparisons, `:`,
//! `+ -`, `* /`, prefix operators, powers and transposes.

use super::{Parser, Result};
use crate::ast::{BinaryOp, Expression, ExpressionKind, PostfixOp, UnaryOp};
use crate::token::TokenKind;

/// How strongly the operators between two operands bind.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Precedence {
    OrOr,
    AndAnd,
    Or,
    And,
    Comparison,
    Range,
    Additive,
    Multiplicative,
    Unary,
}

impl Precedence {
    /// The next stronger one.
    fn stronger(self) -> Precedence {
        match self {
            Precedence::OrOr => Precedence::AndAnd,
            Precedence::AndAnd => Precedence::Or,
            Precedence::Or => Precedence::And,
            Precedence::And => Precedence::Comparison,
            Precedence::Comparison => Precedence::Range,
            Precedence::Range => Precedence::Additive,
            Precedence::Additive => Precedence::Multiplicative,
            Precedence::Multiplicative | Precedence::Unary => Precedence::Unary,
        }
    }
}

/// What stands between two operands.
#[derive(Clone, Copy)]
enum Between {
    Operator(BinaryOp),
    AndAnd,
    OrOr,
    Range,
}

fn between(kind: &TokenKind) -> Option<(Between, Precedence)> {
    use Between::Operator;
    Some(match kind {
        TokenKind::OrOr => (Between::OrOr, Precedence::OrOr),
        TokenKind::AndAnd => (Between::AndAnd, Precedence::AndAnd),
        TokenKind::Or => (Operator(BinaryOp::Or), Precedence::Or),
        TokenKind::And => (Operator(BinaryOp::And), Precedence::And),
        TokenKind::Less => (Operator(BinaryOp::Less), Precedence::Comparison),
        TokenKind::LessEqual => (Operator(BinaryOp::LessEqual), Precedence::Comparison),
        TokenKind::Greater => (Operator(BinaryOp::Greater), Precedence::Comparison),
        TokenKind::GreaterEqual => (Operator(BinaryOp::GreaterEqual), Precedence::Comparison),
        TokenKind::Equal => (Operator(BinaryOp::Equal), Precedence::Comparison),
        TokenKind::NotEqual => (Operator(BinaryOp::NotEqual), Precedence::Comparison),
        TokenKind::Colon => (Between::Range, Precedence::Range),
        TokenKind::Plus => (Operator(BinaryOp::Add), Precedence::Additive),
        TokenKind::Minus => (Operator(BinaryOp::Subtract), Precedence::Additive),
        TokenKind::Star => (Operator(BinaryOp::Multiply), Precedence::Multiplicative),
        TokenKind::DotStar => (
            Operator(BinaryOp::ElementMultiply),
            Precedence::Multiplicative,
        ),
        TokenKind::Slash => (Operator(BinaryOp::RightDivide), Precedence::Multiplicative),
        TokenKind::DotSlash => (
            Operator(BinaryOp::ElementRightDivide),
            Precedence::Multiplicative,
        ),
        TokenKind::Backslash => (Operator(BinaryOp::LeftDivide), Precedence::Multiplicative),
        TokenKind::DotBackslash => (
            Operator(BinaryOp::ElementLeftDivide),
            Precedence::Multiplicative,
        ),
        _ => return None,
    })
}

fn prefix(kind: &TokenKind) -> Option<UnaryOp> {
    match kind {
        TokenKind::Plus => Some(UnaryOp::Plus),
        TokenKind::Minus => Some(UnaryOp::Minus),
        TokenKind::Not => Some(UnaryOp::Not),
        _ => None,
    }
}

impl Parser<'_> {
    /// A whole expression.
    pub(super) fn expression(&mut self) -> Result<Expression> {
        self.binary(Precedence::OrOr)
    }

    /// Operands joined by operators that bind at least as strongly as `weakest`.
    fn binary(&mut self, weakest: Precedence) -> Result<Expression> {
        self.nest(|parser| {
            let left = parser.unary()?;
            parser.binary_after(left, weakest)
        })
    }

    /// Goes on after a left operand that has been read.
    fn binary_after(&mut self, mut left: Expression, weakest: Precedence) -> Result<Expression> {
        loop {
            let Some((operator, precedence)) = between(&self.token.kind) else {
                return Ok(left);
            };
            if precedence < weakest || self.begins_element() {
                return Ok(left);
            }
            let left_height = self.height;
            self.advance();
            if matches!(operator, Between::Range) {
                left = self.range_after(left, left_height)?;
                continue;
            }
            let right = self.binary(precedence.stronger())?;
            let below = left_height.max(self.height);
            let span = left.span.to(right.span);
            let (left_box, right_box) = (Box::new(left), Box::new(right));
            let kind = match operator {
                Between::Operator(operator) => {
                    ExpressionKind::Binary(operator, left_box, right_box)
                }
                Between::AndAnd => ExpressionKind::AndAnd(left_box, right_box),
                Between::OrOr => ExpressionKind::OrOr(left_box, right_box),
                Between::Range => unreachable!("ranges are read by range_after"),
            };
            left = self.build(kind, span, below)?;
        }
    }

    /// `start:stop` and `start:step:stop`, after the first colon.
    fn range_after(&mut self, start: Expression, start_height: usize) -> Result<Expression> {
        let second = self.binary(Precedence::Additive)?;
        let mut below = start_height.max(self.height);
        let (step, stop) = if self.at(&TokenKind::Colon) && !self.begins_element() {
            self.advance();
            let third = self.binary(Precedence::Additive)?;
            below = below.max(self.height);
            (Some(Box::new(second)), third)
        } else {
            (None, second)
        };
        let span = start.span.to(stop.span);
        let (start, stop) = (Box::new(start), Box::new(stop));
        self.build(ExpressionKind::Range { start, step, stop }, span, below)
    }

    /// Inside `[…]` and `{…}`, `[a -b]` has two elements: whether the sign that is next begins one.
    fn begins_element(&self) -> bool {
        self.token.splits
            && !self.token.space_after
            && matches!(self.token.kind, TokenKind::Plus | TokenKind::Minus)
    }

    /// Prefix operators, which bind weaker than powers: `-2^2` is `-(2^2)`.
    fn unary(&mut self) -> Result<Expression> {
        let Some(operator) = prefix(&self.token.kind) else {
            return self.power();
        };
        let start = self.advance().span;
        let operand = self.nest(|parser| parser.unary())?;
        let span = start.to(operand.span);
        let below = self.height;
        self.build(
            ExpressionKind::Unary(operator, Box::new(operand)),
            span,
            below,
        )
    }

    /// Powers and transposes, from left to right.
    fn power(&mut self) -> Result<Expression> {
        let mut left = self.chain()?;
        loop {
            let left_height = self.height;
            let transpose = match self.token.kind {
                TokenKind::Quote => Some(PostfixOp::ConjugateTranspose),
                TokenKind::DotQuote => Some(PostfixOp::Transpose),
                _ => None,
            };
            if let Some(operator) = transpose {
                let span = left.span.to(self.advance().span);
                let kind = ExpressionKind::Postfix(operator, Box::new(left));
                left = self.build(kind, span, left_height)?;
                continue;
            }
            let operator = match self.token.kind {
                TokenKind::Caret => BinaryOp::Power,
                TokenKind::DotCaret => BinaryOp::ElementPower,
                _ => return Ok(left),
            };
            self.advance();
            let right = self.exponent()?;
            let below = left_height.max(self.height);
            let span = left.span.to(right.span);
            let kind = ExpressionKind::Binary(operator, Box::new(left), Box::new(right));
            left = self.build(kind, span, below)?;
        }
    }

    /// The right side of a power: `2^-1` takes the sign, `2^a'` leaves the quote to the whole power.
    fn exponent(&mut self) -> Result<Expression> {
        let Some(operator) = prefix(&self.token.kind) else {
            return self.chain();
        };
        let start = self.advance().span;
        let operand = self.nest(|parser| parser.exponent())?;
        let span = start.to(operand.span);
        let below = self.height;
        self.build(
            ExpressionKind::Unary(operator, Box::new(operand)),
            span,
            below,
        )
    }
}
