//! Blocks, simple statements and assignments.

use super::control::Construct;
use super::{Parser, Result};
use crate::Span;
use crate::ast::{
    Block, Expression, ExpressionKind, Ident, Statement, StatementKind, Step, Target,
};
use crate::token::{Keyword, TokenKind};
use std::rc::Rc;

impl Parser<'_> {
    /// The code of a whole file; functions between the statements are set aside.
    pub(super) fn file_body(&mut self) -> Block {
        let mut body = self.block();
        while !self.at(&TokenKind::End) {
            let span = self.token.span;
            let word = self.slice(span);
            let closes = matches!(self.token.kind, TokenKind::Keyword(word) if word.closes());
            let (message, help) = if closes {
                (
                    format!("`{word}` closes nothing."),
                    "remove it, or look for one too many above",
                )
            } else {
                (format!("`{word}` has no statement that it belongs to."), "")
            };
            self.report_with_help(span, "MATLAB:m_unexpected_keyword", message, help);
            self.advance();
            if !closes {
                self.resynchronise();
            }
            body.statements.append(&mut self.block().statements);
        }
        body
    }

    /// Statements up to a keyword that ends the block, which is left for the caller.
    pub(super) fn block(&mut self) -> Block {
        let mut statements = Vec::new();
        let mut tallest = 0;
        loop {
            while matches!(
                self.token.kind,
                TokenKind::Newline | TokenKind::Semicolon | TokenKind::Comma
            ) {
                self.advance();
            }
            if self.at_block_end() {
                self.height = tallest;
                return Block { statements };
            }
            if self.at_function() {
                self.function();
                continue;
            }
            self.height = 0;
            statements.push(self.statement());
            tallest = tallest.max(self.height);
        }
    }

    fn at_block_end(&self) -> bool {
        if self.at_finally() {
            return true;
        }
        if self.at_function() {
            return !matches!(self.constructs.last(), None | Some(Construct::Function));
        }
        match self.token.kind {
            TokenKind::End => true,
            _ if self.at_closer() => self.lexer.closes_outside(&self.token.kind),
            TokenKind::Keyword(keyword) => keyword.ends_block() && !self.assigns_next(),
            _ => false,
        }
    }

    /// `finally` is a word like any other, except at the start of a statement inside `try`.
    pub(super) fn at_finally(&self) -> bool {
        self.at(&TokenKind::Name)
            && self.constructs.contains(&Construct::Try)
            && self.slice(self.token.span) == "finally"
            && !self.text_after_token().starts_with(['=', '(', '.', '{'])
    }

    /// Whether a single `=` follows the token that is next.
    pub(super) fn assigns_next(&self) -> bool {
        let rest = self.text_after_token();
        rest.starts_with('=') && !rest.starts_with("==")
    }

    fn statement(&mut self) -> Statement {
        let start = self.token.span;
        self.statement_start = start.start;
        let (kind, read) = match self.statement_kind() {
            Ok(kind) => (kind, true),
            Err(_) => {
                self.resynchronise();
                (StatementKind::Error, false)
            }
        };
        let span = self.span_from(start);
        let displays = match kind {
            StatementKind::Expression(_)
            | StatementKind::Assign { .. }
            | StatementKind::Command { .. } => true,
            StatementKind::If { .. }
            | StatementKind::For { .. }
            | StatementKind::While { .. }
            | StatementKind::Switch { .. }
            | StatementKind::Break
            | StatementKind::Continue
            | StatementKind::Return
            | StatementKind::Try { .. }
            | StatementKind::UnwindProtect { .. }
            | StatementKind::Global(_)
            | StatementKind::Persistent(_)
            | StatementKind::Error => false,
        };
        let prints = self.statement_end(read) && displays;
        Statement { kind, span, prints }
    }

    /// Takes what ends a statement; false if that is `;`.
    fn statement_end(&mut self, read: bool) -> bool {
        match self.token.kind {
            TokenKind::Semicolon => {
                self.advance();
                return false;
            }
            TokenKind::Comma | TokenKind::Newline => {
                self.advance();
                return true;
            }
            TokenKind::End => return true,
            TokenKind::Keyword(keyword) if keyword.ends_block() => return true,
            _ if self.at_finally() || self.at_function() => return true,
            _ if self.at_closer() && self.lexer.closes_outside(&self.token.kind) => return true,
            _ => {}
        }
        if read {
            let failure: Result<()> = if self.at_closer() {
                self.closes_nothing()
            } else {
                self.unexpected("the end of the statement")
            };
            debug_assert!(failure.is_err(), "both only report");
            self.resynchronise();
        }
        true
    }

    fn at_closer(&self) -> bool {
        matches!(
            self.token.kind,
            TokenKind::CloseParen | TokenKind::CloseBracket | TokenKind::CloseBrace
        )
    }

    fn statement_kind(&mut self) -> Result<StatementKind> {
        match self.token.kind {
            TokenKind::Keyword(keyword) => self.keyword_statement(keyword),
            TokenKind::Name if !self.at_async_block() && self.at_command() => Ok(self.command()),
            _ if self.at_closer() => self.closes_nothing(),
            TokenKind::OpenBracket if self.at_target_list() => self.assign_list(),
            _ => self.expression_or_assignment(),
        }
    }

    fn keyword_statement(&mut self, keyword: Keyword) -> Result<StatementKind> {
        let span = self.token.span;
        if self.assigns_next() {
            let word = keyword.word();
            let message = format!("`{word}` is a reserved word and cannot be assigned.");
            let help = "choose another name for the variable";
            let identifier = "MATLAB:m_illegal_reserved_keyword_usage";
            return self.fail(span, identifier, message, help);
        }
        match keyword {
            Keyword::If => self.nest_block(Self::if_statement),
            Keyword::For => self.nest_block(Self::for_statement),
            Keyword::While => self.nest_block(Self::while_statement),
            Keyword::Switch => self.nest_block(Self::switch_statement),
            Keyword::Try => self.nest_block(Self::try_statement),
            Keyword::UnwindProtect => self.nest_block(Self::unwind_protect_statement),
            Keyword::Break => Ok(self.simple(StatementKind::Break)),
            Keyword::Continue => Ok(self.simple(StatementKind::Continue)),
            Keyword::Return => Ok(self.simple(StatementKind::Return)),
            Keyword::Global => self.global(),
            Keyword::Persistent => self.persistent(),
            Keyword::Parfor | Keyword::Spmd | Keyword::Classdef => self.unsupported(keyword),
            Keyword::Case
            | Keyword::Catch
            | Keyword::Else
            | Keyword::Elseif
            | Keyword::End
            | Keyword::EndFor
            | Keyword::EndFunction
            | Keyword::EndIf
            | Keyword::EndSwitch
            | Keyword::EndTryCatch
            | Keyword::EndUnwindProtect
            | Keyword::EndWhile
            | Keyword::Function
            | Keyword::Otherwise
            | Keyword::UnwindProtectCleanup => self.unexpected("a statement"),
        }
    }

    fn simple(&mut self, kind: StatementKind) -> StatementKind {
        self.advance();
        kind
    }

    /// `global a b`.
    fn global(&mut self) -> Result<StatementKind> {
        self.advance();
        let names = self.declared_names(|parser, _| {
            if !parser.at(&TokenKind::Assign) {
                return Ok(());
            }
            let message = "A `global` declaration gives no value.".to_string();
            let help = "assign in a statement of its own";
            let span = parser.token.span;
            parser.fail(span, "MATLAB:m_syntax_error", message, help)
        })?;
        Ok(StatementKind::Global(
            names.into_iter().map(|(name, ())| name).collect(),
        ))
    }

    /// `persistent a b`, `persistent n = 0`.
    fn persistent(&mut self) -> Result<StatementKind> {
        self.advance();
        let mut tallest = 0;
        let names = self.declared_names(|parser, _| {
            if !parser.accept(&TokenKind::Assign) {
                return Ok(None);
            }
            let value = parser.expression()?;
            tallest = tallest.max(parser.height);
            Ok(Some(value))
        })?;
        self.height = tallest;
        Ok(StatementKind::Persistent(names))
    }

    fn declared_names<T>(
        &mut self,
        mut after: impl FnMut(&mut Self, &Ident) -> Result<T>,
    ) -> Result<Vec<(Ident, T)>> {
        let mut names = Vec::new();
        while self.at(&TokenKind::Name) {
            let name = self.take_name();
            self.variables.insert(name.name.clone());
            let value = after(self, &name)?;
            names.push((name, value));
        }
        if names.is_empty() {
            self.unexpected("the name of a variable")
        } else {
            Ok(names)
        }
    }

    fn expression_or_assignment(&mut self) -> Result<StatementKind> {
        let expression = self.expression()?;
        if !self.at(&TokenKind::Assign) {
            return Ok(StatementKind::Expression(expression));
        }
        let below = self.height;
        let target = self.target(expression)?;
        self.advance();
        let value = self.expression()?;
        self.height = self.height.max(below);
        Ok(StatementKind::Assign {
            targets: vec![target],
            bracketed: false,
            value,
        })
    }

    /// Whether the bracket that is next holds targets: the bracket that closes it stands before `=`.
    fn at_target_list(&self) -> bool {
        /// A list of targets that is longer than this is none.
        const REACH: usize = 500;
        let depth = self.lexer.depth();
        let mut ahead = self.lexer.look_ahead();
        let mut blocks = false;
        for _ in 0..REACH {
            let token = ahead.next_token();
            match token.kind {
                TokenKind::End => return false,
                // An index may hold an async block, which has lines of its own.
                TokenKind::Newline if !blocks => return false,
                TokenKind::Name => blocks |= self.slice(token.span) == "do",
                TokenKind::CloseBracket if ahead.depth() < depth => {
                    return ahead.next_token().kind == TokenKind::Assign;
                }
                _ if ahead.depth() < depth => return false,
                _ => {}
            }
        }
        false
    }

    /// `[a, ~, b.c(2)] = value`.
    fn assign_list(&mut self) -> Result<StatementKind> {
        let opener = self.advance().span;
        let mut targets = Vec::new();
        let mut tallest = 0;
        while !self.at(&TokenKind::CloseBracket) {
            if self.at(&TokenKind::Not) {
                targets.push(Target::Ignored(self.advance().span));
            } else {
                let place = self.chain()?;
                tallest = tallest.max(self.height);
                targets.push(self.target(place)?);
            }
            let comma = self.accept(&TokenKind::Comma);
            if !comma && !self.token.splits && !self.at(&TokenKind::CloseBracket) {
                let span = self.token.span;
                let message =
                    "The left side of the assignment is no list of variables.".to_string();
                let help = "write `[a, b] = …` with variables or places in them";
                return self.fail(span, "MATLAB:m_invalid_lhs_of_assignment", message, help);
            }
        }
        self.advance();
        let span = self.span_from(opener);
        self.advance();
        if targets.is_empty() {
            let message = "The list of targets is empty.".to_string();
            let help = "name a variable, or `~` for a result that is not wanted";
            return self.fail(span, "MATLAB:m_invalid_lhs_of_assignment", message, help);
        }
        let value = self.expression()?;
        self.height = self.height.max(tallest);
        Ok(StatementKind::Assign {
            targets,
            bracketed: true,
            value,
        })
    }

    /// Makes a target of what was read as an expression; its variable is known from here on.
    pub(super) fn target(&mut self, expression: Expression) -> Result<Target> {
        let span = expression.span;
        let in_parens = self.slice(span).starts_with('(');
        let mut steps: Vec<Step> = Vec::new();
        let mut place = expression;
        loop {
            match place.kind {
                ExpressionKind::Index(base, step) => {
                    steps.push(*step);
                    place = *base;
                }
                ExpressionKind::Name(name) if !in_parens => {
                    steps.reverse();
                    self.variables.insert(Rc::clone(&name));
                    let variable = Ident {
                        name,
                        span: place.span,
                    };
                    return Ok(Target::Place {
                        variable,
                        steps,
                        span,
                    });
                }
                kind => return self.invalid_target(&kind, span),
            }
        }
    }

    fn invalid_target<T>(&mut self, kind: &ExpressionKind, span: Span) -> Result<T> {
        let message = "The left side of `=` is nothing that can be assigned.".to_string();
        let help = match kind {
            ExpressionKind::Binary(..) | ExpressionKind::AndAnd(..) | ExpressionKind::OrOr(..) => {
                "compare with `==`"
            }
            _ => "assign to a variable, or to an element or a field of one",
        };
        self.fail(span, "MATLAB:m_invalid_lhs_of_assignment", message, help)
    }
}
