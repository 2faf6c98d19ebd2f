//! The parser: recursive descent for statements, precedence climbing for expressions. A statement
//! that cannot be read is reported and skipped, and parsing goes on with the next one.

mod command;
mod control;
mod expressions;
mod functions;
mod primary;
mod statements;

use self::control::Construct;
use crate::ast::{Expression, ExpressionKind, File, Function, Ident};
use crate::lexer::Lexer;
use crate::token::{Keyword, Token, TokenKind};
use crate::{Diagnostic, Severity, Span};
use std::collections::BTreeSet;
use std::rc::Rc;

/// How deep statements and expressions may be nested: a bound on the parser's own recursion.
const MAX_NESTING: usize = 200;

/// How deep statements may be nested. It is less than the other bound, so that the expressions in the
/// innermost statement have room.
const MAX_BLOCK_NESTING: usize = MAX_NESTING - 20;

/// How tall the tree of one expression may be: a bound on the recursion of whoever walks it. A long
/// chain such as `1 + 2 + 3 + …` is tall without being nested.
const MAX_HEIGHT: usize = 500;

/// What became of a text. The file may run only if no diagnostic is an error.
#[derive(Clone, Debug, PartialEq)]
pub struct Parsed {
    /// The tree; with errors, what could be read of it.
    pub file: File,
    /// Everything there is to say, in the order of places.
    pub diagnostics: Vec<Diagnostic>,
}

/// Reads a text.
pub fn parse(text: &str) -> Parsed {
    parse_with_variables(text, &[])
}

/// Reads a text whose code runs in a workspace that already has variables: `x -1` is command syntax
/// only if `x` is none of them.
pub fn parse_with_variables(text: &str, variables: &[&str]) -> Parsed {
    let mut parser = Parser::new(text);
    parser.variables = variables.iter().map(|name| Rc::from(*name)).collect();
    let body = parser.file_body();
    let mut diagnostics = parser.diagnostics;
    diagnostics.append(&mut parser.lexer.diagnostics);
    diagnostics.sort_by_key(|diagnostic| diagnostic.span.start);
    Parsed {
        file: File {
            body,
            functions: parser.functions,
        },
        diagnostics,
    }
}

/// The parser has reported an error and cannot go on with this statement.
pub(crate) struct GiveUp;

type Result<T> = std::result::Result<T, GiveUp>;

struct Parser<'t> {
    text: &'t str,
    lexer: Lexer<'t>,
    /// The token that is next.
    token: Token,
    /// Where the last token that was taken ends.
    previous_end: u32,
    diagnostics: Vec<Diagnostic>,
    functions: Vec<Function>,
    /// Names that are variables at this place, because something before it assigns them.
    variables: BTreeSet<Rc<str>>,
    nesting: usize,
    /// How many indexes the place is in; `end` is a value only in one.
    indexes: usize,
    /// The height of the tree of the last expression or block that was read.
    height: usize,
    /// How many more tokens recovery may look at ahead of their turn: it keeps a text that is nothing
    /// but mistakes from costing more than a few times its length.
    recovery_budget: usize,
    /// Where the last statement begins that was begun.
    statement_start: u32,
    /// How many brackets were open where the innermost block of statements began.
    block_depth: usize,
    /// The constructs around the place that wait for their `end`, innermost last.
    constructs: Vec<Construct>,
    /// Constructs whose `end` stands further left than their first line, and those ends: where an
    /// `end` is missing, it was probably meant to be there.
    outdented: Vec<(Construct, Span, Span)>,
    /// Nesting went too deep: nothing more is read or reported.
    stopped: bool,
}

impl<'t> Parser<'t> {
    fn new(text: &'t str) -> Parser<'t> {
        let mut lexer = Lexer::new(text);
        let token = lexer.next_token();
        Parser {
            text,
            lexer,
            token,
            previous_end: 0,
            diagnostics: Vec::new(),
            functions: Vec::new(),
            variables: BTreeSet::new(),
            nesting: 0,
            indexes: 0,
            height: 0,
            recovery_budget: 10_000 + text.len(),
            statement_start: 0,
            block_depth: 0,
            constructs: Vec::new(),
            outdented: Vec::new(),
            stopped: false,
        }
    }

    // Tokens.

    fn at(&self, kind: &TokenKind) -> bool {
        self.token.kind == *kind
    }

    fn at_keyword(&self, keyword: Keyword) -> bool {
        self.token.kind == TokenKind::Keyword(keyword)
    }

    fn advance(&mut self) -> Token {
        let next = if self.stopped {
            self.end_token()
        } else {
            self.lexer.next_token()
        };
        let token = std::mem::replace(&mut self.token, next);
        self.previous_end = token.span.end;
        token
    }

    fn end_token(&self) -> Token {
        let span = Span::new(self.text.len(), self.text.len());
        Token {
            kind: TokenKind::End,
            span,
            splits: false,
            space_after: true,
        }
    }

    fn accept(&mut self, kind: &TokenKind) -> bool {
        let found = self.at(kind);
        if found {
            self.advance();
        }
        found
    }

    fn slice(&self, span: Span) -> &'t str {
        &self.text[span.start as usize..span.end as usize]
    }

    /// Takes the name that is next.
    fn take_name(&mut self) -> Ident {
        debug_assert_eq!(self.token.kind, TokenKind::Name);
        let span = self.advance().span;
        Ident {
            name: Rc::from(self.slice(span)),
            span,
        }
    }

    fn span_from(&self, start: Span) -> Span {
        Span {
            start: start.start,
            end: self.previous_end.max(start.end),
        }
    }

    /// The rest of the text after the token that is next, without leading blanks.
    fn text_after_token(&self) -> &'t str {
        self.text[self.token.span.end as usize..].trim_start_matches([' ', '\t'])
    }

    // Reports.

    fn report(&mut self, span: Span, identifier: &'static str, message: String) {
        self.report_with_help(span, identifier, message, "");
    }

    fn report_with_help(
        &mut self,
        span: Span,
        identifier: &'static str,
        message: String,
        help: &str,
    ) {
        if !self.stopped {
            self.diagnostics
                .push(error(span, identifier, message, help));
        }
    }

    fn fail<T>(
        &mut self,
        span: Span,
        identifier: &'static str,
        message: String,
        help: &str,
    ) -> Result<T> {
        self.report_with_help(span, identifier, message, help);
        Err(GiveUp)
    }

    /// Fails at the token that is next, which does not belong there.
    fn unexpected<T>(&mut self, expected: &str) -> Result<T> {
        let span = self.token.span;
        match self.token.kind {
            // The lexer has reported it.
            TokenKind::Unknown => Err(GiveUp),
            TokenKind::Assign if self.compound_operator().is_some() => {
                let operator = self.compound_operator().unwrap_or_default();
                let message = format!("There is no operator `{operator}=`.");
                let help = format!("write `x = x {operator} …`");
                let start = Span {
                    start: span.start - 1,
                    end: span.end,
                };
                self.fail(start, "MATLAB:m_syntax_error", message, &help)
            }
            TokenKind::Assign => {
                let message = "`=` assigns and cannot stand inside an expression.".to_string();
                let help = "compare with `==`; assign in a statement of its own";
                self.fail(span, "MATLAB:m_incorrect_use_of_assignment", message, help)
            }
            TokenKind::Keyword(keyword) => {
                let message = format!("Illegal use of reserved keyword \"{}\".", keyword.word());
                let help = format!("expected {expected}");
                self.fail(
                    span,
                    "MATLAB:m_illegal_reserved_keyword_usage",
                    message,
                    &help,
                )
            }
            TokenKind::Comma | TokenKind::Semicolon if self.in_brackets() => {
                let message = format!("Unexpected `{}`: expected {expected}.", self.slice(span));
                self.fail(span, "MATLAB:m_syntax_error", message, "")
            }
            TokenKind::Newline | TokenKind::Semicolon | TokenKind::Comma | TokenKind::End => {
                let message = format!("The statement is incomplete: expected {expected}.");
                // A line end is shown where the text before it ends.
                let at_line_end = matches!(self.token.kind, TokenKind::Newline | TokenKind::End);
                let end = self.previous_end;
                let span = if at_line_end {
                    Span { start: end, end }
                } else {
                    span
                };
                let before = &self.text[..end as usize];
                let help = match () {
                    () if before.ends_with("++") => "write `x = x + 1`",
                    () if before.ends_with("--") => "write `x = x - 1`",
                    () if self.at(&TokenKind::Newline) && self.in_brackets() => {
                        "write `...` at the end of a line that goes on"
                    }
                    () => "",
                };
                self.fail(span, "MATLAB:m_incomplete_statement", message, help)
            }
            _ => {
                let found = self.slice(span);
                let message = format!("Unexpected `{found}`: expected {expected}.");
                let before = self.text[..span.start as usize].trim_end_matches([' ', '\t']);
                let help = match last_word(before) {
                    word @ ("await" | "spawn") => format!("write `{word}({found})`"),
                    _ => String::new(),
                };
                self.fail(span, "MATLAB:m_syntax_error", message, &help)
            }
        }
    }

    /// Whether a bracket is open since the innermost block of statements began.
    fn in_brackets(&self) -> bool {
        self.lexer.depth() > self.block_depth
    }

    /// Reports a closing bracket where a statement begins or ends.
    fn closes_nothing<T>(&mut self) -> Result<T> {
        let span = self.token.span;
        let message = format!("`{}` closes nothing.", self.slice(span));
        self.fail(
            span,
            "MATLAB:m_unmatched_delimiter",
            message,
            "remove it, or open it before",
        )
    }

    /// The operator directly before the `=` that is next: `x += 1` belongs to other languages.
    fn compound_operator(&self) -> Option<&'t str> {
        let start = self.token.span.start as usize;
        let before = self.text.get(start.checked_sub(1)?..start)?;
        "+-*/\\^|&".contains(before).then_some(before)
    }

    /// Takes the bracket that closes the one at `opener`.
    fn close(&mut self, kind: &TokenKind, opener: Span) -> Result<()> {
        if self.accept(kind) {
            return Ok(());
        }
        let line_end = matches!(
            self.token.kind,
            TokenKind::Newline | TokenKind::End | TokenKind::Semicolon | TokenKind::Keyword(_)
        );
        if !line_end {
            return self.unexpected(&format!("`{}` or an operator", closer(kind)));
        }
        self.not_closed(kind, opener)
    }

    /// Fails because a bracket is not closed.
    fn not_closed<T>(&mut self, kind: &TokenKind, opener: Span) -> Result<T> {
        let message = format!(
            "`{}` is not closed by `{}`.",
            self.slice(opener),
            closer(kind)
        );
        let help = if self.at(&TokenKind::Newline) && *kind == TokenKind::CloseParen {
            "close it, or write `...` at the end of a line that goes on"
        } else {
            ""
        };
        self.fail(opener, "MATLAB:m_unmatched_delimiter", message, help)
    }

    // Bounds.

    /// Runs a part of the parser one level deeper.
    fn nest<T>(&mut self, part: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        if self.nesting >= MAX_NESTING {
            let result = self.too_deep();
            if self.block_depth > 0 {
                // The expression holds blocks, whose ends would be misread.
                self.stop();
            }
            return result;
        }
        self.nesting += 1;
        let result = part(self);
        self.nesting -= 1;
        result
    }

    /// Runs a part that reads statements one level deeper. If that is too deep, nothing that follows
    /// can be told apart, and parsing ends there.
    fn nest_block<T>(&mut self, part: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        if self.nesting < MAX_BLOCK_NESTING {
            return self.nest(part);
        }
        let result = self.too_deep();
        self.stop();
        result
    }

    fn too_deep<T>(&mut self) -> Result<T> {
        let message = "The nesting is too deep.".to_string();
        let help = "take parts of it out into variables or functions";
        self.fail(self.token.span, "MATLAB:m_nesting_too_deep", message, help)
    }

    /// Reads and reports nothing more.
    fn stop(&mut self) {
        self.stopped = true;
        self.token = self.end_token();
    }

    /// Makes an expression over parts whose tallest has the given height.
    fn build(&mut self, kind: ExpressionKind, span: Span, below: usize) -> Result<Expression> {
        self.height = below + 1;
        if self.height > MAX_HEIGHT {
            let message = format!("The expression has more than {MAX_HEIGHT} levels.");
            let help = "break it up into several statements";
            return self.fail(span, "MATLAB:m_expression_too_long", message, help);
        }
        Ok(Expression { kind, span })
    }

    // Recovery.

    /// Skips what is left of a statement that could not be read: up to its end outside of brackets.
    fn resynchronise(&mut self) {
        let mut closes = false;
        loop {
            if self.in_brackets() && !closes {
                closes = self.brackets_close_ahead();
                if !closes {
                    self.lexer.close_to(self.block_depth);
                }
            }
            let outside = !self.in_brackets();
            closes &= !outside;
            match &self.token.kind {
                TokenKind::End => return,
                TokenKind::Newline | TokenKind::Semicolon | TokenKind::Comma if outside => return,
                // The next statement has been reached in search of a closing bracket.
                TokenKind::Keyword(_) if outside && self.begins_line() => return,
                _ => {
                    self.advance();
                }
            }
        }
    }

    /// Whether the token that is next is the first one of a line, and not of the statement.
    fn begins_line(&self) -> bool {
        let start = self.token.span.start;
        let before = self.text[..start as usize].trim_end_matches([' ', '\t']);
        start > self.statement_start && before.ends_with(['\n', '\r'])
    }

    /// Whether the open brackets are closed before the next thing that only a statement has. If not,
    /// a closing bracket is missing, and the statement ends as if there were no bracket.
    fn brackets_close_ahead(&mut self) -> bool {
        /// A matrix that goes on for more tokens than this is given up.
        const REACH: usize = 2000;
        if self.recovery_budget == 0 {
            return false;
        }
        let mut ahead = self.lexer.look_ahead();
        let mut token = self.token.clone();
        let mut blocks = false;
        for _ in 0..REACH.min(self.recovery_budget) {
            self.recovery_budget -= 1;
            match token.kind {
                _ if ahead.depth() <= self.block_depth => return true,
                TokenKind::End => return false,
                // Async blocks have statements in brackets.
                _ if blocks => {}
                TokenKind::Name => blocks = self.slice(token.span) == "do",
                TokenKind::Assign => return false,
                TokenKind::Keyword(keyword) if keyword != Keyword::End => return false,
                _ => {}
            }
            token = ahead.next_token();
        }
        false
    }

    /// Reads an expression in the head of a statement; if that fails, the rest of the line is
    /// skipped, so that the body can still be read.
    fn head<T>(&mut self, part: impl FnOnce(&mut Self) -> Result<T>) -> Option<T> {
        let result = part(self).ok();
        if result.is_none() {
            self.resynchronise();
        }
        result
    }

    fn error_expression(&self, start: Span) -> Expression {
        Expression {
            kind: ExpressionKind::Error,
            span: self.span_from(start),
        }
    }
}

fn error(span: Span, identifier: &'static str, message: String, help: &str) -> Diagnostic {
    let help = (!help.is_empty()).then(|| help.to_string());
    Diagnostic {
        severity: Severity::Error,
        identifier,
        message,
        span,
        help,
    }
}

fn last_word(text: &str) -> &str {
    let word = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    &text[text.len() - text.bytes().rev().take_while(word).count()..]
}

fn closer(kind: &TokenKind) -> char {
    match kind {
        TokenKind::CloseParen => ')',
        TokenKind::CloseBracket => ']',
        TokenKind::CloseBrace => '}',
        _ => unreachable!("only brackets are closed"),
    }
}
