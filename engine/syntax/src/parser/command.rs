//! Command syntax: `hold on`, `clear x y`. A name, white space, and then a word that can neither go on
//! an expression nor be assigned.

use super::{Parser, error};
use crate::ast::{Ident, StatementKind};
use crate::lexer::{line_end_length, line_length};
use crate::{Diagnostic, Severity, Span};
use std::rc::Rc;

/// Operators that go on an expression when white space follows them too, longest first.
const OPERATORS: [&str; 24] = [
    "==", "~=", "!=", "<=", ">=", "&&", "||", ".*", "./", ".\\", ".^", ".'", "+", "-", "*", "/",
    "\\", "^", "<", ">", "&", "|", ":", "'",
];

impl Parser<'_> {
    /// Whether the name that is next begins a command and no expression or assignment.
    pub(super) fn at_command(&self) -> bool {
        let name = self.slice(self.token.span);
        if self.variables.contains(name) {
            return false;
        }
        let rest = &self.text[self.token.span.end as usize..];
        let words = rest.trim_start_matches([' ', '\t']);
        let Some(first) = words.chars().next() else {
            return false;
        };
        if words.len() == rest.len() || words.starts_with("...") {
            return false;
        }
        if "\r\n;,%#()[]{}".contains(first) || (first == '=' && !words.starts_with("==")) {
            return false;
        }
        let Some(operator) = OPERATORS
            .iter()
            .find(|operator| words.starts_with(**operator))
        else {
            return true;
        };
        let after = &words[operator.len()..];
        let compound = "+-*/\\^&|".contains(operator) && after.starts_with('=');
        !(after.is_empty() || after.starts_with([' ', '\t', '\r', '\n']) || compound)
    }

    /// Reads a command, whose words are no tokens.
    pub(super) fn command(&mut self) -> StatementKind {
        let mut reader = Words {
            text: self.text,
            position: self.token.span.end as usize,
            words: Vec::new(),
            unterminated: Vec::new(),
        };
        reader.read();
        self.lexer.continue_at(reader.position);
        let name = self.take_name();
        for span in reader.unterminated {
            let message = "Character vector is not terminated properly.".to_string();
            let help = "close the quote on the same line";
            self.diagnostics
                .push(error(span, "MATLAB:m_unterminated_string", message, help));
        }
        if let Some(last) = reader.words.last() {
            self.previous_end = last.span.end;
        }
        if let ("await" | "spawn" | "cancel", [word]) = (&*name.name, reader.words.as_slice())
            && self.variables.contains(&word.name)
        {
            let message = format!(
                "`{} {}` passes a text, not the variable.",
                name.name, word.name
            );
            self.diagnostics.push(Diagnostic {
                severity: Severity::Warning,
                help: Some(format!("write `{}({})`", name.name, word.name)),
                ..error(word.span, "MATLAB:m_command_syntax", message, "")
            });
        }
        StatementKind::Command {
            name,
            words: reader.words,
        }
    }
}

/// Reads the words of a command.
struct Words<'t> {
    text: &'t str,
    position: usize,
    words: Vec<Ident>,
    unterminated: Vec<Span>,
}

impl Words<'_> {
    fn read(&mut self) {
        loop {
            let rest = &self.text[self.position..];
            let blanks = rest.len() - rest.trim_start_matches([' ', '\t']).len();
            self.position += blanks;
            let rest = &rest[blanks..];
            if rest.starts_with("...") {
                self.position += line_length(rest);
                self.position += line_end_length(&self.text[self.position..]);
            } else if rest.is_empty() || rest.starts_with(['\r', '\n', ';', ',', '%']) {
                return;
            } else {
                self.read_word();
            }
        }
    }

    fn read_word(&mut self) {
        let start = self.position;
        let mut word = String::new();
        let mut brackets = 0usize;
        while let Some(next) = self.text[self.position..].chars().next() {
            match next {
                '\r' | '\n' => break,
                ' ' | '\t' | ';' | ',' | '%' if brackets == 0 => break,
                '\'' | '"' => {
                    self.read_quoted(next, &mut word);
                    continue;
                }
                '(' | '[' | '{' => brackets += 1,
                ')' | ']' | '}' => brackets = brackets.saturating_sub(1),
                _ => {}
            }
            word.push(next);
            self.position += next.len_utf8();
        }
        self.words.push(Ident {
            name: Rc::from(word),
            span: Span::new(start, self.position),
        });
    }

    /// A quoted part of a word; the quotes are not part of it.
    fn read_quoted(&mut self, quote: char, word: &mut String) {
        let start = self.position;
        self.position += 1;
        loop {
            let rest = &self.text[self.position..];
            let at = rest.find([quote, '\r', '\n']).unwrap_or(rest.len());
            word.push_str(&rest[..at]);
            self.position += at;
            let rest = &rest[at..];
            if !rest.starts_with(quote) {
                self.unterminated.push(Span::new(start, self.position));
                return;
            }
            self.position += 1;
            if !rest[1..].starts_with(quote) {
                return;
            }
            word.push(quote);
            self.position += 1;
        }
    }
}
