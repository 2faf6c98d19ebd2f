//! From text to tokens, one at a time. The lexer keeps the stack of open brackets, because white
//! space and quotes mean different things inside `[…]` and outside.

use crate::token::{Keyword, Token, TokenKind};
use crate::{Diagnostic, Severity, Span};

/// No more open brackets than this are remembered.
const MAX_FRAMES: usize = 1000;

/// An open bracket, or another region with rules of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Frame {
    /// `(…)`.
    Paren,
    /// `(…)` after `@`.
    Parameters,
    /// `{…}` after a value: an index.
    BraceIndex,
    /// `[…]`: white space separates elements.
    Bracket,
    /// `{…}` that makes a cell: white space separates elements.
    Brace,
    /// The body of an anonymous function inside a matrix, where white space separates nothing.
    AnonymousBody,
    /// Statements inside an expression: `async @() do … end`.
    Block,
}

/// The lexer: a position and what it must remember.
#[derive(Clone)]
pub(crate) struct Lexer<'t> {
    text: &'t str,
    position: usize,
    frames: Vec<Frame>,
    previous_ends_value: bool,
    previous_is_at: bool,
    /// What it had to report; the parser collects it at the end.
    pub diagnostics: Vec<Diagnostic>,
}

impl<'t> Lexer<'t> {
    /// A lexer at the start of a text.
    pub fn new(text: &'t str) -> Lexer<'t> {
        let position = if text.starts_with('\u{feff}') {
            '\u{feff}'.len_utf8()
        } else {
            0
        };
        Lexer {
            text,
            position,
            frames: Vec::new(),
            previous_ends_value: false,
            previous_is_at: false,
            diagnostics: Vec::new(),
        }
    }

    /// A copy for looking ahead; what it reports is thrown away with it.
    pub fn look_ahead(&self) -> Lexer<'t> {
        Lexer {
            frames: self.frames.clone(),
            diagnostics: Vec::new(),
            ..*self
        }
    }

    /// The text that has not been read.
    pub fn rest(&self) -> &'t str {
        &self.text[self.position..]
    }

    /// Goes on at a place that another reader (command syntax) has reached.
    pub fn continue_at(&mut self, position: usize) {
        self.position = position;
        self.previous_ends_value = false;
        self.previous_is_at = false;
    }

    /// How many brackets are open.
    pub fn depth(&self) -> usize {
        self.frames.len()
    }

    /// Forgets the innermost brackets down to a depth.
    pub fn close_to(&mut self, depth: usize) {
        self.frames.truncate(depth);
    }

    /// Statements begin inside an expression.
    pub fn open_block(&mut self) {
        self.frames.push(Frame::Block);
        self.previous_ends_value = false;
    }

    /// The innermost open bracket.
    pub fn innermost(&self) -> Option<Frame> {
        self.frames.last().copied()
    }

    /// Whether a bracket that is no opening one would close something outside of the innermost block.
    pub fn closes_outside(&self, kind: &TokenKind) -> bool {
        let outside = self
            .frames
            .iter()
            .rposition(|frame| *frame == Frame::Block)
            .unwrap_or(0);
        self.frames[..outside].iter().any(|frame| match frame {
            Frame::Paren | Frame::Parameters => *kind == TokenKind::CloseParen,
            Frame::Bracket => *kind == TokenKind::CloseBracket,
            Frame::Brace | Frame::BraceIndex => *kind == TokenKind::CloseBrace,
            Frame::AnonymousBody | Frame::Block => false,
        })
    }

    /// The next token; `TokenKind::End` again and again after the last one.
    pub fn next_token(&mut self) -> Token {
        let before = self.position;
        self.skip_space();
        let start = self.position;
        let space = start > before;
        let separates = matches!(self.innermost(), Some(Frame::Bracket | Frame::Brace));
        let splits = space && separates;
        let attached = self.previous_ends_value && !splits;
        let in_parameters = self.innermost() == Some(Frame::Parameters);
        let kind = self.scan(attached);
        debug_assert!(
            self.position > start || kind == TokenKind::End,
            "the lexer must advance"
        );
        // After `@(x)` a body begins, and no value has ended.
        let ends_parameters = in_parameters && kind == TokenKind::CloseParen;
        self.previous_ends_value = (kind.ends_value() && !ends_parameters)
            || (kind == TokenKind::Keyword(Keyword::End)
                && !matches!(self.innermost(), None | Some(Frame::Block)));
        self.previous_is_at = kind == TokenKind::At;
        let space_after = self.rest().is_empty()
            || self.rest().starts_with([' ', '\t', '\n', '\r', '%'])
            || self.rest().starts_with("...");
        Token {
            kind,
            span: Span::new(start, self.position),
            splits,
            space_after,
        }
    }

    fn report(&mut self, span: Span, identifier: &'static str, message: String, help: &str) {
        let help = (!help.is_empty()).then(|| help.to_string());
        let severity = Severity::Error;
        self.diagnostics.push(Diagnostic {
            severity,
            identifier,
            message,
            span,
            help,
        });
    }

    /// Skips blanks, comments and continuation lines, but no line end that means something.
    fn skip_space(&mut self) {
        loop {
            let rest = self.rest();
            if rest.starts_with([' ', '\t', '\u{c}', '\u{b}']) {
                self.position += 1;
            } else if rest.starts_with('%') {
                if rest.starts_with("%{") && self.alone_on_line("%{") {
                    self.skip_block_comment();
                } else {
                    self.position += line_length(rest);
                }
            } else if rest.starts_with("...") {
                self.position += line_length(rest);
                self.position += line_end_length(self.rest());
            } else {
                return;
            }
        }
    }

    /// Whether the line under the position holds nothing but a mark.
    fn alone_on_line(&self, mark: &str) -> bool {
        let before = &self.text[..self.position];
        let line_start = before.rfind(['\n', '\r']).map_or(0, |at| at + 1);
        let line = &self.text[line_start..self.position + line_length(self.rest())];
        line.trim_start_matches('\u{feff}').trim() == mark
    }

    /// Skips `%{ … %}`, which may be nested, up to the line end after it.
    fn skip_block_comment(&mut self) {
        let start = self.position;
        let mut depth = 0usize;
        loop {
            let length = line_length(self.rest());
            match self.rest()[..length].trim() {
                "%{" => depth += 1,
                "%}" => depth -= 1,
                _ => {}
            }
            self.position += length;
            if depth == 0 {
                return;
            }
            let line_end = line_end_length(self.rest());
            if line_end == 0 {
                let span = Span::new(start, start + 2);
                let message = "The block comment is not closed.".to_string();
                let help = "close it with `%}` alone on a line";
                return self.report(span, "MATLAB:m_unterminated_comment", message, help);
            }
            self.position += line_end;
        }
    }

    fn scan(&mut self, attached: bool) -> TokenKind {
        let rest = self.rest();
        let Some(first) = rest.chars().next() else {
            return TokenKind::End;
        };
        if first == '\n' || first == '\r' {
            self.position += line_end_length(rest);
            self.leave_anonymous_body();
            return TokenKind::Newline;
        }
        if first.is_ascii_alphabetic() || first == '_' {
            let word = word_at(rest);
            self.position += word.len();
            return Keyword::of(word).map_or(TokenKind::Name, TokenKind::Keyword);
        }
        let second = rest.as_bytes().get(1).copied().unwrap_or(0);
        if first.is_ascii_digit() || (first == '.' && second.is_ascii_digit()) {
            return self.scan_number();
        }
        match first {
            '"' => return self.scan_string('"'),
            '\'' if !attached => return self.scan_string('\''),
            '(' | '[' | '{' => return self.open(first, attached),
            ')' | ']' | '}' => return self.close(first),
            ',' | ';' => {
                self.position += 1;
                self.leave_anonymous_body();
                return if first == ',' {
                    TokenKind::Comma
                } else {
                    TokenKind::Semicolon
                };
            }
            _ => {}
        }
        let (kind, length) = match (first, second) {
            ('.', b'*') => (TokenKind::DotStar, 2),
            ('.', b'/') => (TokenKind::DotSlash, 2),
            ('.', b'\\') => (TokenKind::DotBackslash, 2),
            ('.', b'^') => (TokenKind::DotCaret, 2),
            ('.', b'\'') => (TokenKind::DotQuote, 2),
            ('=', b'=') => (TokenKind::Equal, 2),
            ('~' | '!', b'=') => (TokenKind::NotEqual, 2),
            ('<', b'=') => (TokenKind::LessEqual, 2),
            ('>', b'=') => (TokenKind::GreaterEqual, 2),
            ('&', b'&') => (TokenKind::AndAnd, 2),
            ('|', b'|') => (TokenKind::OrOr, 2),
            ('.', _) => (TokenKind::Dot, 1),
            ('=', _) => (TokenKind::Assign, 1),
            ('~' | '!', _) => (TokenKind::Not, 1),
            ('<', _) => (TokenKind::Less, 1),
            ('>', _) => (TokenKind::Greater, 1),
            ('&', _) => (TokenKind::And, 1),
            ('|', _) => (TokenKind::Or, 1),
            ('\'', _) => (TokenKind::Quote, 1),
            ('@', _) => (TokenKind::At, 1),
            (':', _) => (TokenKind::Colon, 1),
            ('+', _) => (TokenKind::Plus, 1),
            ('-', _) => (TokenKind::Minus, 1),
            ('*', _) => (TokenKind::Star, 1),
            ('/', _) => (TokenKind::Slash, 1),
            ('\\', _) => (TokenKind::Backslash, 1),
            ('^', _) => (TokenKind::Caret, 1),
            _ => return self.unknown(first),
        };
        self.position += length;
        kind
    }

    fn unknown(&mut self, character: char) -> TokenKind {
        let start = self.position;
        self.position += character.len_utf8();
        let span = Span::new(start, self.position);
        let shown = if character.is_control() || character.is_whitespace() {
            format!("U+{:04X}", u32::from(character))
        } else {
            format!("`{character}`")
        };
        let help = match character {
            '#' => "a comment begins with `%`",
            '\u{2018}' | '\u{2019}' => "use the plain quote `'`",
            '\u{201c}' | '\u{201d}' => "use the plain quote `\"`",
            '\u{2013}' | '\u{2014}' | '\u{2212}' => "use the plain minus sign `-`",
            '?' => "",
            _ if character.is_whitespace() => "replace it by a plain blank",
            _ if character.is_alphabetic() => {
                "names are made of the letters a-z and A-Z, digits and `_`"
            }
            _ => "",
        };
        let message = format!("The character {shown} has no meaning here.");
        self.report(span, "MATLAB:m_unexpected_character", message, help);
        TokenKind::Unknown
    }

    fn open(&mut self, character: char, attached: bool) -> TokenKind {
        self.position += 1;
        let (kind, frame) = match character {
            '(' if self.previous_is_at => (TokenKind::OpenParen, Frame::Parameters),
            '(' => (TokenKind::OpenParen, Frame::Paren),
            '[' => (TokenKind::OpenBracket, Frame::Bracket),
            _ if attached => (TokenKind::OpenBrace, Frame::BraceIndex),
            _ => (TokenKind::OpenBrace, Frame::Brace),
        };
        // The parser gives up long before this bound; it keeps hostile texts from costing more.
        if self.frames.len() < MAX_FRAMES {
            self.frames.push(frame);
        }
        kind
    }

    fn close(&mut self, character: char) -> TokenKind {
        self.position += 1;
        let kind = match character {
            ')' => TokenKind::CloseParen,
            ']' => TokenKind::CloseBracket,
            _ => TokenKind::CloseBrace,
        };
        let opener = self.frames.iter().rposition(|frame| match frame {
            // A closing bracket inside a block never closes what is outside of it.
            Frame::Block => true,
            Frame::Paren | Frame::Parameters => character == ')',
            Frame::Bracket => character == ']',
            Frame::Brace | Frame::BraceIndex => character == '}',
            Frame::AnonymousBody => false,
        });
        let Some(opener) = opener else { return kind };
        let frame = self.frames[opener];
        if frame == Frame::Block {
            return kind;
        }
        self.frames.truncate(opener);
        if frame == Frame::Parameters
            && matches!(self.innermost(), Some(Frame::Bracket | Frame::Brace))
        {
            self.frames.push(Frame::AnonymousBody);
        }
        kind
    }

    fn leave_anonymous_body(&mut self) {
        if self.innermost() == Some(Frame::AnonymousBody) {
            self.frames.pop();
        }
    }

    /// Reads a quoted text; a doubled quote stands for one.
    fn scan_string(&mut self, quote: char) -> TokenKind {
        let start = self.position;
        self.position += 1;
        let mut text = String::new();
        loop {
            let rest = self.rest();
            let at = rest.find([quote, '\n', '\r']).unwrap_or(rest.len());
            text.push_str(&rest[..at]);
            self.position += at;
            if !rest[at..].starts_with(quote) {
                self.unterminated(start, quote);
                return TokenKind::Unknown;
            }
            self.position += 1;
            if !self.rest().starts_with(quote) {
                break;
            }
            text.push(quote);
            self.position += 1;
        }
        if quote == '"' {
            TokenKind::String(text)
        } else {
            TokenKind::Char(text)
        }
    }

    fn unterminated(&mut self, start: usize, quote: char) {
        let what = if quote == '"' {
            "String"
        } else {
            "Character vector"
        };
        let message = format!("{what} is not terminated properly.");
        let help = format!("close it with `{quote}` on the same line");
        let span = Span::new(start, self.position);
        self.report(span, "MATLAB:m_unterminated_string", message, &help);
    }

    fn scan_number(&mut self) -> TokenKind {
        let start = self.position;
        let rest = self.rest();
        let bytes = rest.as_bytes();
        let radix = match (bytes[0], bytes.get(1)) {
            (b'0', Some(b'x' | b'X')) => 16,
            (b'0', Some(b'b' | b'B')) => 2,
            _ => 10,
        };
        let is_digit = |at: usize| {
            bytes
                .get(at)
                .is_some_and(|b| char::from(*b).is_digit(radix))
        };
        if radix != 10 && is_digit(2) {
            let length = 2 + (2..).take_while(|at| is_digit(*at)).count();
            let digits = rest[2..length]
                .chars()
                .filter_map(|digit| digit.to_digit(radix));
            let value = digits.fold(0.0, |value, digit| {
                value * f64::from(radix) + f64::from(digit)
            });
            self.position += length;
            self.end_number(start);
            return TokenKind::Number(value);
        }
        let digits_from = |at: usize| {
            bytes[at.min(bytes.len())..]
                .iter()
                .take_while(|b| b.is_ascii_digit())
                .count()
        };
        let mut length = digits_from(0);
        if bytes.get(length) == Some(&b'.') {
            // `1./x` and `1.'` hold an operator, `1...` a continuation.
            let operator = bytes.get(length + 1).is_some_and(|b| b"*/\\^'".contains(b));
            if !operator && !rest[length..].starts_with("...") {
                length += 1;
                length += digits_from(length);
            }
        }
        let mut mantissa = rest[..length].to_string();
        if matches!(bytes.get(length), Some(b'e' | b'E' | b'd' | b'D')) {
            let sign = usize::from(matches!(bytes.get(length + 1), Some(b'+' | b'-')));
            let digits = digits_from(length + 1 + sign);
            if digits > 0 {
                let exponent = &rest[length + 1..length + 1 + sign + digits];
                mantissa.push('e');
                mantissa.push_str(exponent);
                length += 1 + sign + digits;
            }
        }
        let value: f64 = mantissa
            .parse()
            .expect("digits, a point and an exponent are a number");
        self.position += length;
        let suffix = word_at(self.rest());
        if suffix == "i" || suffix == "j" {
            self.position += 1;
            return TokenKind::Imaginary(value);
        }
        self.end_number(start);
        TokenKind::Number(value)
    }

    /// A name must not begin directly after a number.
    fn end_number(&mut self, start: usize) {
        let suffix = word_at(self.rest());
        if suffix.is_empty() {
            return;
        }
        self.position += suffix.len();
        let span = Span::new(start, self.position);
        let message = format!(
            "`{}` is neither a number nor a name.",
            &self.text[start..self.position]
        );
        let help = "a name does not begin with a digit; to multiply, write `*`";
        self.report(span, "MATLAB:m_malformed_number", message, help);
    }
}

/// The word at the start of a text, empty if there is none.
pub(crate) fn word_at(text: &str) -> &str {
    let length = text
        .bytes()
        .take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
        .count();
    &text[..length]
}

/// The length of the first line without its end.
pub(crate) fn line_length(text: &str) -> usize {
    text.find(['\n', '\r']).unwrap_or(text.len())
}

/// The length of the line end at the start of a text, 0 if there is none.
pub(crate) fn line_end_length(text: &str) -> usize {
    match text.as_bytes() {
        [b'\r', b'\n', ..] => 2,
        [b'\r' | b'\n', ..] => 1,
        _ => 0,
    }
}
