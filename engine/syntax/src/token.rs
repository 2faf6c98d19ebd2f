//! What the lexer hands to the parser.

use crate::Span;

/// One token with what the parser must know about the white space around it.
#[derive(Clone, Debug)]
pub(crate) struct Token {
    pub kind: TokenKind,
    pub span: Span,
    /// White space stands before it, and that may separate elements: it is inside `[…]` or `{…}`.
    pub splits: bool,
    /// White space, a comment or a line end follows it directly.
    pub space_after: bool,
}

/// The kinds of token. Names are read from the text under the span.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum TokenKind {
    Number(f64),
    Imaginary(f64),
    Char(String),
    String(String),
    Name,
    Keyword(Keyword),
    Newline,
    Semicolon,
    Comma,
    OpenParen,
    CloseParen,
    OpenBracket,
    CloseBracket,
    OpenBrace,
    CloseBrace,
    Assign,
    At,
    Dot,
    Colon,
    Plus,
    Minus,
    Star,
    DotStar,
    Slash,
    DotSlash,
    Backslash,
    DotBackslash,
    Caret,
    DotCaret,
    Quote,
    DotQuote,
    Not,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    Equal,
    NotEqual,
    And,
    Or,
    AndAnd,
    OrOr,
    /// A character that begins no token; the lexer has reported it.
    Unknown,
    End,
}

impl TokenKind {
    /// Whether a value ends with it, so that a quote or an opening bracket belongs to that value.
    /// `end` is a value only inside an index, which the lexer knows.
    pub fn ends_value(&self) -> bool {
        matches!(
            self,
            TokenKind::Number(_)
                | TokenKind::Imaginary(_)
                | TokenKind::Char(_)
                | TokenKind::String(_)
                | TokenKind::Name
                | TokenKind::CloseParen
                | TokenKind::CloseBracket
                | TokenKind::CloseBrace
                | TokenKind::Quote
                | TokenKind::DotQuote
        )
    }
}

macro_rules! keywords {
    ($($name:ident $word:literal),* $(,)?) => {
        /// Reserved words.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Keyword {
            $($name),*
        }

        impl Keyword {
            /// The keyword that a word is, if it is one.
            pub fn of(word: &str) -> Option<Keyword> {
                match word {
                    $($word => Some(Keyword::$name),)*
                    _ => None,
                }
            }

            /// The word.
            pub fn word(self) -> &'static str {
                match self {
                    $(Keyword::$name => $word),*
                }
            }
        }
    };
}

keywords! {
    Break "break",
    Case "case",
    Catch "catch",
    Classdef "classdef",
    Continue "continue",
    Else "else",
    Elseif "elseif",
    End "end",
    EndFor "endfor",
    EndFunction "endfunction",
    EndIf "endif",
    EndSwitch "endswitch",
    EndTryCatch "end_try_catch",
    EndUnwindProtect "end_unwind_protect",
    EndWhile "endwhile",
    For "for",
    Function "function",
    Global "global",
    If "if",
    Otherwise "otherwise",
    Parfor "parfor",
    Persistent "persistent",
    Return "return",
    Spmd "spmd",
    Switch "switch",
    Try "try",
    UnwindProtect "unwind_protect",
    UnwindProtectCleanup "unwind_protect_cleanup",
    While "while",
}

impl Keyword {
    /// Whether it ends a block, as `end`, `else` and `case` do.
    pub fn ends_block(self) -> bool {
        match self {
            Keyword::Case
            | Keyword::Catch
            | Keyword::Else
            | Keyword::Elseif
            | Keyword::Otherwise
            | Keyword::UnwindProtectCleanup => true,
            Keyword::Break
            | Keyword::Classdef
            | Keyword::Continue
            | Keyword::For
            | Keyword::Function
            | Keyword::Global
            | Keyword::If
            | Keyword::Parfor
            | Keyword::Persistent
            | Keyword::Return
            | Keyword::Spmd
            | Keyword::Switch
            | Keyword::Try
            | Keyword::UnwindProtect
            | Keyword::While => false,
            Keyword::End
            | Keyword::EndFor
            | Keyword::EndFunction
            | Keyword::EndIf
            | Keyword::EndSwitch
            | Keyword::EndTryCatch
            | Keyword::EndUnwindProtect
            | Keyword::EndWhile => true,
        }
    }

    /// Whether it is `end` or one of its longer forms.
    pub fn closes(self) -> bool {
        self.word().starts_with("end")
    }
}
