//! Statements that hold blocks: conditions, loops, `switch`, `try` and `unwind_protect`.

use super::{Parser, Result};
use crate::Span;
use crate::ast::{Catch, ExpressionKind, StatementKind, Target};
use crate::lexer::word_at;
use crate::token::{Keyword, TokenKind};

/// What waits for its `end`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Construct {
    If,
    For,
    While,
    Switch,
    Try,
    UnwindProtect,
    Function,
    /// `async @() do`.
    Async,
}

impl Construct {
    /// How it begins.
    fn opening(self) -> &'static str {
        match self {
            Construct::If => "if",
            Construct::For => "for",
            Construct::While => "while",
            Construct::Switch => "switch",
            Construct::Try => "try",
            Construct::UnwindProtect => "unwind_protect",
            Construct::Function => "function",
            Construct::Async => "async @() do",
        }
    }

    /// The keyword besides `end` that closes it.
    fn long_end(self) -> Option<Keyword> {
        match self {
            Construct::If => Some(Keyword::EndIf),
            Construct::For => Some(Keyword::EndFor),
            Construct::While => Some(Keyword::EndWhile),
            Construct::Switch => Some(Keyword::EndSwitch),
            Construct::Try => Some(Keyword::EndTryCatch),
            Construct::UnwindProtect => Some(Keyword::EndUnwindProtect),
            Construct::Function => Some(Keyword::EndFunction),
            Construct::Async => None,
        }
    }

    /// Whether a keyword that ends a block begins another part of it.
    fn has_part(self, keyword: Keyword) -> bool {
        match self {
            Construct::If => matches!(keyword, Keyword::Else | Keyword::Elseif),
            Construct::Switch => matches!(keyword, Keyword::Case | Keyword::Otherwise),
            Construct::Try => keyword == Keyword::Catch,
            Construct::UnwindProtect => keyword == Keyword::UnwindProtectCleanup,
            Construct::For | Construct::While | Construct::Function | Construct::Async => false,
        }
    }
}

impl Parser<'_> {
    /// Takes the keyword that begins a construct.
    fn begin(&mut self, construct: Construct) -> Span {
        self.constructs.push(construct);
        self.advance().span
    }

    /// Takes the `end` of the innermost construct, or reports that it is missing.
    pub(super) fn finish(&mut self, construct: Construct, opener: Span, help: &str) -> bool {
        let popped = self.constructs.pop();
        debug_assert_eq!(popped, Some(construct));
        loop {
            let span = self.token.span;
            let keyword = match self.token.kind {
                TokenKind::Keyword(keyword) if keyword.closes() => keyword,
                TokenKind::Keyword(keyword) if self.is_stray(construct, keyword) => {
                    self.stray(keyword.word(), construct);
                    continue;
                }
                TokenKind::Name if construct == Construct::Try && self.slice(span) == "finally" => {
                    self.stray("finally", construct);
                    continue;
                }
                _ => break,
            };
            let own = keyword == Keyword::End || construct.long_end() == Some(keyword);
            if !own
                && self
                    .constructs
                    .iter()
                    .any(|outer| outer.long_end() == Some(keyword))
            {
                break;
            }
            if !own {
                let (word, opening) = (keyword.word(), construct.opening());
                let message = format!("`{word}` does not close `{opening}`.");
                let identifier = "MATLAB:m_mismatched_end";
                self.report_with_help(span, identifier, message, "write `end`");
            }
            if self.is_outdented(opener, span) {
                self.outdented.push((construct, opener, span));
            }
            self.advance();
            return true;
        }
        self.missing_end(construct, opener, help);
        false
    }

    /// Reports a missing `end`. The construct that lacks it is the outermost one, because every `end`
    /// closes the innermost; the indentation may show which one was meant.
    fn missing_end(&mut self, construct: Construct, opener: Span, help: &str) {
        let guess = self
            .outdented
            .iter()
            .position(|(_, inner, _)| inner.start > opener.start);
        let (construct, opener, help) = match guess.map(|at| self.outdented.remove(at)) {
            Some((inner, inner_opener, end)) => {
                let line = self.text[..end.start as usize].matches('\n').count() + 1;
                let help =
                    format!("the `end` in line {line} is aligned with a statement around it");
                (inner, inner_opener, help)
            }
            None if !help.is_empty() => (construct, opener, help.to_string()),
            None if self.at_function() => (
                construct,
                opener,
                "a function begins before its `end`".to_string(),
            ),
            None => (
                construct,
                opener,
                "write `end` after its last statement".to_string(),
            ),
        };
        let message = format!("`{}` is not closed by `end`.", construct.opening());
        self.report_with_help(opener, "MATLAB:m_missing_end", message, &help);
    }

    /// Whether an `end` is the first word of its line and stands further left than the line that
    /// it closes.
    fn is_outdented(&self, opener: Span, end: Span) -> bool {
        let before_end = &self.text[..end.start as usize];
        let indented = before_end.trim_end_matches([' ', '\t']);
        let first = indented.is_empty() || indented.ends_with(['\n', '\r']);
        let before = &self.text[..opener.start as usize];
        let line_start = || before.rfind(['\n', '\r']).map_or(0, |at| at + 1);
        let blank = |byte: &u8| matches!(byte, b' ' | b'\t');
        first
            && before_end.len() - indented.len()
                < before[line_start()..].bytes().take_while(blank).count()
    }

    /// Whether a keyword belongs to this construct at the wrong place, or to none around it.
    fn is_stray(&self, construct: Construct, keyword: Keyword) -> bool {
        keyword.ends_block()
            && (construct.has_part(keyword)
                || !self.constructs.iter().any(|outer| outer.has_part(keyword)))
    }

    /// Reports a part at the wrong place and skips its head; its statements are read and dropped.
    fn stray(&mut self, word: &str, construct: Construct) {
        let message = format!("`{word}` cannot stand here in `{}`.", construct.opening());
        let span = self.token.span;
        self.report(span, "MATLAB:m_unexpected_keyword", message);
        self.advance();
        if matches!(word, "case" | "elseif") {
            self.resynchronise();
        }
        self.constructs.push(construct);
        self.block();
        self.constructs.pop();
    }

    /// An expression in the head of a construct.
    fn condition(&mut self) -> crate::ast::Expression {
        let start = self.token.span;
        self.head(|parser| {
            let condition = parser.expression()?;
            if parser.at(&TokenKind::Assign) {
                return parser.unexpected("the end of the condition");
            }
            Ok(condition)
        })
        .unwrap_or_else(|| self.error_expression(start))
    }

    pub(super) fn if_statement(&mut self) -> Result<StatementKind> {
        let opener = self.begin(Construct::If);
        let condition = self.condition();
        let mut tallest = self.height;
        let mut arms = vec![(condition, self.block())];
        let mut otherwise = None;
        let mut help = "";
        loop {
            tallest = tallest.max(self.height);
            if self.at_keyword(Keyword::Elseif) && otherwise.is_none() {
                self.advance();
                let condition = self.condition();
                tallest = tallest.max(self.height);
                arms.push((condition, self.block()));
            } else if self.at_keyword(Keyword::Else) && otherwise.is_none() {
                self.advance();
                if self.at_keyword(Keyword::If) {
                    help = "`else if` begins a second `if` with an `end` of its own; \
                            write `elseif`";
                }
                otherwise = Some(self.block());
            } else {
                break;
            }
        }
        self.finish(Construct::If, opener, help);
        self.height = tallest;
        Ok(StatementKind::If { arms, otherwise })
    }

    pub(super) fn while_statement(&mut self) -> Result<StatementKind> {
        let opener = self.begin(Construct::While);
        let condition = self.condition();
        let height = self.height;
        let body = self.block();
        let height = height.max(self.height);
        self.finish(Construct::While, opener, "");
        self.height = height;
        Ok(StatementKind::While { condition, body })
    }

    pub(super) fn for_statement(&mut self) -> Result<StatementKind> {
        let opener = self.begin(Construct::For);
        let start = self.token.span;
        let head = self.head(|parser| {
            let bracket = parser
                .at(&TokenKind::OpenParen)
                .then(|| parser.advance().span);
            if !parser.at(&TokenKind::Name) {
                return parser.unexpected("the variable of the loop");
            }
            let place = parser.chain()?;
            let height = parser.height;
            let target = parser.target(place)?;
            if !parser.accept(&TokenKind::Assign) {
                return parser.unexpected("`=` and what the loop runs over");
            }
            let iterable = parser.expression()?;
            if let Some(bracket) = bracket {
                parser.close(&TokenKind::CloseParen, bracket)?;
            }
            parser.height = parser.height.max(height);
            Ok((target, iterable))
        });
        let (target, iterable) =
            head.unwrap_or_else(|| (Target::Ignored(start), self.error_expression(start)));
        let height = self.height;
        let body = self.block();
        let height = height.max(self.height);
        self.finish(Construct::For, opener, "");
        self.height = height;
        Ok(StatementKind::For {
            target,
            iterable,
            body,
        })
    }

    pub(super) fn switch_statement(&mut self) -> Result<StatementKind> {
        let opener = self.begin(Construct::Switch);
        let subject = self.condition();
        let mut tallest = self.height;
        let mut cases = Vec::new();
        let mut otherwise = None;
        let early = self.block();
        if let Some(first) = early.statements.first()
            && subject.kind != ExpressionKind::Error
        {
            let message = "A statement in `switch` stands before the first `case`.".to_string();
            self.report(first.span, "MATLAB:m_syntax_error", message);
        }
        loop {
            if self.at_keyword(Keyword::Case) && otherwise.is_none() {
                self.advance();
                let value = self.condition();
                tallest = tallest.max(self.height);
                cases.push((value, self.block()));
            } else if self.at_keyword(Keyword::Otherwise) && otherwise.is_none() {
                self.advance();
                otherwise = Some(self.block());
            } else {
                break;
            }
            tallest = tallest.max(self.height);
        }
        self.finish(Construct::Switch, opener, "");
        self.height = tallest;
        Ok(StatementKind::Switch {
            subject,
            cases,
            otherwise,
        })
    }

    pub(super) fn try_statement(&mut self) -> Result<StatementKind> {
        let opener = self.begin(Construct::Try);
        let body = self.block();
        let mut tallest = self.height;
        let mut catch = None;
        if self.at_keyword(Keyword::Catch) {
            let names_variable = self.catch_names_variable();
            self.advance();
            let variable = names_variable.then(|| self.take_name());
            if let Some(variable) = &variable {
                self.variables.insert(variable.name.clone());
            }
            catch = Some(Catch {
                variable,
                body: self.block(),
            });
            tallest = tallest.max(self.height);
        }
        let mut finally = None;
        if self.at_finally() {
            self.advance();
            finally = Some(self.block());
            tallest = tallest.max(self.height);
        }
        self.finish(Construct::Try, opener, "");
        self.height = tallest;
        Ok(StatementKind::Try {
            body,
            catch,
            finally,
        })
    }

    /// Whether a variable follows `catch` on its line: a name that no statement goes on after.
    fn catch_names_variable(&self) -> bool {
        let rest = self.text_after_token();
        let name = word_at(rest);
        let is_name = !name.is_empty()
            && !name.starts_with(|first: char| first.is_ascii_digit())
            && Keyword::of(name).is_none();
        let after = rest[name.len()..].trim_start_matches([' ', '\t']);
        let ends = after.is_empty() || after.starts_with(['\r', '\n', ';', ',', '%', '[']);
        is_name && (ends || after.starts_with("...") || !word_at(after).is_empty())
    }

    pub(super) fn unwind_protect_statement(&mut self) -> Result<StatementKind> {
        let opener = self.begin(Construct::UnwindProtect);
        let body = self.block();
        let mut tallest = self.height;
        let cleanup = if self.at_keyword(Keyword::UnwindProtectCleanup) {
            self.advance();
            self.block()
        } else {
            let message = "`unwind_protect` has no `unwind_protect_cleanup`.".to_string();
            let help = "write the cleanup after `unwind_protect_cleanup`, before the `end`";
            self.report_with_help(opener, "MATLAB:m_syntax_error", message, help);
            Default::default()
        };
        tallest = tallest.max(self.height);
        self.finish(Construct::UnwindProtect, opener, "");
        self.height = tallest;
        Ok(StatementKind::UnwindProtect { body, cleanup })
    }

    /// A construct of MATLAB that is not part of this version. Its block is read and dropped.
    pub(super) fn unsupported(&mut self, keyword: Keyword) -> Result<StatementKind> {
        let span = self.token.span;
        let message = format!("`{}` is not part of this version.", keyword.word());
        let help = match keyword {
            Keyword::Parfor => "write `for`, or spawn tasks and await them",
            _ => "",
        };
        self.report_with_help(span, "MATLAB:m_unsupported", message, help);
        if keyword == Keyword::Classdef {
            // Its parts are none of the statements that the parser knows.
            self.stop();
            return Ok(StatementKind::Error);
        }
        self.nest_block(|parser| {
            let opener = parser.begin(Construct::For);
            parser.resynchronise();
            parser.block();
            parser.finish(Construct::For, opener, "");
            Ok(StatementKind::Error)
        })
    }
}
