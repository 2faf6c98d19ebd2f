//! Operands: literals, names with their index chains, matrices, cells, handles and async blocks.

use super::control::Construct;
use super::{GiveUp, Parser, Result};
use crate::Span;
use crate::ast::{Block, Expression, ExpressionKind, Parameter, Step};
use crate::token::{Keyword, TokenKind};
use std::rc::Rc;

impl Parser<'_> {
    /// An operand with its index steps: `a.b(1).c{2}`.
    pub(super) fn chain(&mut self) -> Result<Expression> {
        let bracketed = self.at(&TokenKind::OpenParen);
        let mut expression = self.operand()?;
        if !bracketed && !takes_steps(&expression.kind) {
            return Ok(expression);
        }
        loop {
            let below = self.height;
            let Some(step) = self.step()? else {
                self.height = below;
                return Ok(expression);
            };
            let below = below.max(self.height);
            let span = self.span_from(expression.span);
            let kind = ExpressionKind::Index(Box::new(expression), Box::new(step));
            expression = self.build(kind, span, below)?;
        }
    }

    /// One index step, if there is one; it leaves the height of what is inside.
    fn step(&mut self) -> Result<Option<Step>> {
        if self.token.splits {
            return Ok(None);
        }
        let start = self.token.span;
        match self.token.kind {
            TokenKind::OpenParen => {
                let arguments = self.arguments(&TokenKind::CloseParen)?;
                Ok(Some(Step::Paren(arguments, self.span_from(start))))
            }
            TokenKind::OpenBrace => {
                let arguments = self.arguments(&TokenKind::CloseBrace)?;
                Ok(Some(Step::Brace(arguments, self.span_from(start))))
            }
            TokenKind::Dot => {
                self.advance();
                self.height = 0;
                if self.at(&TokenKind::OpenParen) {
                    let opener = self.advance().span;
                    let name = self.expression()?;
                    self.close(&TokenKind::CloseParen, opener)?;
                    let span = self.span_from(start);
                    return Ok(Some(Step::DynamicField(Box::new(name), span)));
                }
                if let TokenKind::Keyword(keyword) = self.token.kind {
                    let word = keyword.word();
                    let message = format!("Illegal use of reserved keyword \"{word}\".");
                    let help = format!("write `.('{word}')` for a field of this name");
                    let span = self.token.span;
                    let identifier = "MATLAB:m_illegal_reserved_keyword_usage";
                    return self.fail(span, identifier, message, &help);
                }
                if !self.at(&TokenKind::Name) {
                    return self.unexpected("the name of a field");
                }
                Ok(Some(Step::Field(self.take_name())))
            }
            _ => Ok(None),
        }
    }

    /// Arguments from the opening bracket to the closing one.
    fn arguments(&mut self, closing: &TokenKind) -> Result<Vec<Expression>> {
        let opener = self.advance().span;
        self.indexes += 1;
        let result = self.arguments_inside(closing, opener);
        self.indexes -= 1;
        result
    }

    fn arguments_inside(&mut self, closing: &TokenKind, opener: Span) -> Result<Vec<Expression>> {
        let mut arguments = Vec::new();
        let mut tallest = 0;
        if !self.at(closing) {
            loop {
                arguments.push(self.argument(closing)?);
                tallest = tallest.max(self.height);
                if !self.accept(&TokenKind::Comma) {
                    break;
                }
            }
        }
        self.close(closing, opener)?;
        self.height = tallest;
        Ok(arguments)
    }

    /// One argument; `:` alone stands for everything.
    fn argument(&mut self, closing: &TokenKind) -> Result<Expression> {
        if self.at(&TokenKind::Colon) {
            let rest = self.text_after_token();
            if rest.starts_with([',', ')', '}']) || rest.starts_with("...") {
                let span = self.advance().span;
                return self.build(ExpressionKind::Colon, span, 0);
            }
        }
        let argument = self.expression()?;
        if self.at(&TokenKind::Assign) && *closing == TokenKind::CloseParen {
            let message = "`=` cannot stand in an argument.".to_string();
            let help = "compare with `==`; pass an option as a pair: `f('Name', value)`";
            let span = self.token.span;
            return self.fail(span, "MATLAB:m_incorrect_use_of_assignment", message, help);
        }
        Ok(argument)
    }

    /// A literal, a name, or something in brackets.
    fn operand(&mut self) -> Result<Expression> {
        let span = self.token.span;
        self.height = 0;
        let kind = match self.token.kind {
            TokenKind::Number(value) => ExpressionKind::Number(value),
            TokenKind::Imaginary(value) => ExpressionKind::Imaginary(value),
            TokenKind::Char(ref mut text) => ExpressionKind::Char(std::mem::take(text)),
            TokenKind::String(ref mut text) => ExpressionKind::String(std::mem::take(text)),
            TokenKind::Name if self.at_async_block() => return self.async_block(),
            TokenKind::Name => ExpressionKind::Name(Rc::from(self.slice(span))),
            TokenKind::Keyword(Keyword::End) if self.indexes > 0 => ExpressionKind::End,
            TokenKind::OpenParen => return self.parenthesised(),
            TokenKind::OpenBracket => {
                let rows = self.rows(&TokenKind::CloseBracket)?;
                let (span, below) = (self.span_from(span), self.height);
                return self.build(ExpressionKind::Matrix(rows), span, below);
            }
            TokenKind::OpenBrace => {
                let rows = self.rows(&TokenKind::CloseBrace)?;
                let (span, below) = (self.span_from(span), self.height);
                return self.build(ExpressionKind::Cell(rows), span, below);
            }
            TokenKind::At => return self.handle(),
            _ => return self.unexpected("a value"),
        };
        self.advance();
        self.build(kind, span, 0)
    }

    fn parenthesised(&mut self) -> Result<Expression> {
        let opener = self.advance().span;
        let mut expression = self.expression()?;
        let height = self.height;
        self.close(&TokenKind::CloseParen, opener)?;
        self.height = height;
        expression.span = self.span_from(opener);
        Ok(expression)
    }

    /// The rows of a matrix or a cell, from the opening bracket to the closing one.
    fn rows(&mut self, closing: &TokenKind) -> Result<Vec<Vec<Expression>>> {
        let opener = self.advance().span;
        let indexes = self.indexes;
        let mut rows = Vec::new();
        let mut tallest = 0;
        loop {
            while matches!(self.token.kind, TokenKind::Newline | TokenKind::Semicolon) {
                self.advance();
            }
            if self.at(closing) {
                break;
            }
            let beyond = match self.token.kind {
                TokenKind::Keyword(keyword) => keyword != Keyword::End || indexes == 0,
                TokenKind::End => true,
                _ => false,
            };
            if beyond {
                return self.not_closed(closing, opener);
            }
            rows.push(self.row(closing, opener, &mut tallest)?);
        }
        self.advance();
        self.height = tallest;
        Ok(rows)
    }

    fn row(
        &mut self,
        closing: &TokenKind,
        opener: Span,
        tallest: &mut usize,
    ) -> Result<Vec<Expression>> {
        let mut row = Vec::new();
        loop {
            let inside = Span {
                start: opener.start,
                end: self.token.span.start,
            };
            if self.at(&TokenKind::Assign) && self.slice(inside).contains(['\n', '\r']) {
                // The next statement has been reached.
                return self.not_closed(closing, opener);
            }
            row.push(self.expression()?);
            *tallest = (*tallest).max(self.height);
            let comma = self.accept(&TokenKind::Comma);
            let ended = self.at(closing)
                || matches!(
                    self.token.kind,
                    TokenKind::Newline | TokenKind::Semicolon | TokenKind::End
                );
            if ended {
                return Ok(row);
            }
            if !comma && !self.token.splits {
                let expected = match closing {
                    TokenKind::CloseBracket => "`,`, `;` or `]`",
                    _ => "`,`, `;` or `}`",
                };
                return self.unexpected(expected);
            }
        }
    }

    /// `@name`, `@(…) body`.
    fn handle(&mut self) -> Result<Expression> {
        let start = self.advance().span;
        if self.at(&TokenKind::OpenParen) {
            let inputs = self.parameters()?;
            let added: Vec<Rc<str>> = inputs
                .iter()
                .filter_map(|input| match input {
                    Parameter::Named(name) => Some(name.name.clone()),
                    Parameter::Ignored(_) => None,
                })
                .filter(|name| self.variables.insert(name.clone()))
                .collect();
            let indexes = std::mem::take(&mut self.indexes);
            let body = self.expression();
            self.indexes = indexes;
            for name in &added {
                self.variables.remove(name);
            }
            let body = Box::new(body?);
            let (span, below) = (self.span_from(start), self.height);
            return self.build(ExpressionKind::Anonymous { inputs, body }, span, below);
        }
        if !self.at(&TokenKind::Name) {
            return self.unexpected("the name of a function or `(` after `@`");
        }
        let mut name = self.take_name().name.to_string();
        while self.at(&TokenKind::Dot) && !self.token.splits {
            self.advance();
            if !self.at(&TokenKind::Name) {
                return self.unexpected("a name");
            }
            name.push('.');
            name.push_str(&self.take_name().name);
        }
        let span = self.span_from(start);
        self.build(ExpressionKind::Handle(name.into()), span, 0)
    }

    /// Parameters from `(` to `)`.
    pub(super) fn parameters(&mut self) -> Result<Vec<Parameter>> {
        let opener = self.advance().span;
        let mut parameters = Vec::new();
        if !self.at(&TokenKind::CloseParen) {
            loop {
                match self.token.kind {
                    TokenKind::Name => parameters.push(Parameter::Named(self.take_name())),
                    TokenKind::Not => parameters.push(Parameter::Ignored(self.advance().span)),
                    _ => return self.unexpected("the name of a parameter"),
                }
                if self.at(&TokenKind::Assign) {
                    let message = "A parameter has no default value.".to_string();
                    let help = "look at `nargin` in the function's body";
                    let span = self.token.span;
                    return self.fail(span, "MATLAB:m_syntax_error", message, help);
                }
                if !self.accept(&TokenKind::Comma) {
                    break;
                }
            }
        }
        self.close(&TokenKind::CloseParen, opener)?;
        Ok(parameters)
    }

    /// `async` is a word like any other, except directly before `@` and `function`.
    pub(super) fn at_async_block(&self) -> bool {
        self.slice(self.token.span) == "async" && self.text_after_token().starts_with('@')
    }

    /// `async @() expression` and `async @() do … end`.
    fn async_block(&mut self) -> Result<Expression> {
        let start = self.advance().span;
        let at = self.advance().span;
        if !self.at(&TokenKind::OpenParen) {
            let message = "An async block is written `async @() expression`.".to_string();
            let help = "write `async @() f()` to call a function in it";
            return self.fail(at, "MATLAB:m_invalid_async_block", message, help);
        }
        let parameters = self.token.span;
        if !self.parameters()?.is_empty() {
            let message = "An async block has no parameters.".to_string();
            let help = "it captures the variables that it uses; \
                        or write an `async function` with parameters";
            let span = self.span_from(parameters);
            self.report_with_help(span, "MATLAB:m_invalid_async_block", message, help);
        }
        let indexes = std::mem::take(&mut self.indexes);
        let kind = if self.at(&TokenKind::Name) && self.slice(self.token.span) == "do" {
            self.nest_block(|parser| parser.do_block(start))
                .map(ExpressionKind::AsyncBlock)
        } else {
            self.expression()
                .map(|body| ExpressionKind::AsyncExpression(Box::new(body)))
        };
        self.indexes = indexes;
        let (span, below) = (self.span_from(start), self.height);
        self.build(kind?, span, below)
    }

    /// `do … end`.
    fn do_block(&mut self, start: Span) -> Result<Block> {
        let outer_depth = self.block_depth;
        let outer_variables = self.variables.clone();
        let outer_constructs = std::mem::replace(&mut self.constructs, vec![Construct::Async]);
        self.lexer.open_block();
        self.block_depth = self.lexer.depth();
        self.advance();
        let opener = self.span_from(start);
        let body = self.block();
        let height = self.height;
        // The bracket around the block is innermost again before the token after `end` is read.
        self.lexer.close_to(self.block_depth - 1);
        self.block_depth = outer_depth;
        let closed = self.finish(Construct::Async, opener, "");
        self.variables = outer_variables;
        self.constructs = outer_constructs;
        self.height = height;
        if closed { Ok(body) } else { Err(GiveUp) }
    }
}

/// Whether index steps may follow an operand that is not in brackets.
fn takes_steps(kind: &ExpressionKind) -> bool {
    match kind {
        ExpressionKind::Name(_)
        | ExpressionKind::Char(_)
        | ExpressionKind::String(_)
        | ExpressionKind::Matrix(_)
        | ExpressionKind::Cell(_) => true,
        ExpressionKind::Number(_)
        | ExpressionKind::Imaginary(_)
        | ExpressionKind::Handle(_)
        | ExpressionKind::End
        | ExpressionKind::Colon
        | ExpressionKind::Anonymous { .. }
        | ExpressionKind::AsyncExpression(_)
        | ExpressionKind::AsyncBlock(_)
        | ExpressionKind::Unary(..)
        | ExpressionKind::Postfix(..)
        | ExpressionKind::Binary(..)
        | ExpressionKind::AndAnd(..)
        | ExpressionKind::OrOr(..)
        | ExpressionKind::Range { .. }
        | ExpressionKind::Index(..)
        | ExpressionKind::Error => false,
    }
}
