//! Source texts and places in them. Offsets are bytes; columns that people see are characters.

use std::sync::Arc;

/// A half-open range of byte offsets in one source text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub struct Span {
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl Span {
    /// The range from `start` up to and without `end`.
    pub fn new(start: usize, end: usize) -> Span {
        Span {
            start: start as u32,
            end: end as u32,
        }
    }

    /// The smallest span that covers both.
    pub fn to(self, other: Span) -> Span {
        Span {
            start: self.start.min(other.start),
            end: self.end.max(other.end),
        }
    }
}

/// A place for people: line and column count from 1, columns count characters and not bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
}

/// A named text with its line starts. Cheap to clone: the text is shared.
#[derive(Clone, Debug)]
pub struct Source {
    inner: Arc<SourceInner>,
}

#[derive(Debug)]
struct SourceInner {
    name: String,
    text: String,
    line_starts: Vec<u32>,
}

impl Source {
    /// Takes a text under the name that diagnostics will show for it.
    ///
    /// # Panics
    /// When the text is 4 GiB or longer.
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Source {
        let (name, text) = (name.into(), text.into());
        assert!(
            u32::try_from(text.len()).is_ok(),
            "a source text must be shorter than 4 GiB"
        );
        let mut line_starts = vec![0];
        line_starts.extend(text.match_indices('\n').map(|(at, _)| at as u32 + 1));
        Source {
            inner: Arc::new(SourceInner {
                name,
                text,
                line_starts,
            }),
        }
    }

    /// The name, as a rule a file name.
    pub fn name(&self) -> &str {
        &self.inner.name
    }

    /// The whole text.
    pub fn text(&self) -> &str {
        &self.inner.text
    }

    /// The text under a span; empty when the span is not on character boundaries of this text.
    pub fn slice(&self, span: Span) -> &str {
        self.inner
            .text
            .get(span.start as usize..span.end as usize)
            .unwrap_or("")
    }

    /// Line and column of a byte offset.
    pub fn position(&self, offset: u32) -> Position {
        let line = self
            .inner
            .line_starts
            .partition_point(|start| *start <= offset);
        let start = self.inner.line_starts[line - 1] as usize;
        let offset = (offset as usize).min(self.inner.text.len()).max(start);
        let before = self.inner.text.get(start..offset).unwrap_or("");
        Position {
            line: line as u32,
            column: before.chars().count() as u32 + 1,
        }
    }

    /// The text of a line (counted from 1) without its line end.
    pub fn line(&self, line: u32) -> &str {
        let starts = &self.inner.line_starts;
        let Some(start) = starts.get(line as usize - 1) else {
            return "";
        };
        let end = starts
            .get(line as usize)
            .map_or(self.inner.text.len(), |end| *end as usize);
        self.inner.text[*start as usize..end].trim_end_matches(['\n', '\r'])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters() {
        let source = Source::new("t.m", "é = 1;\nx = é;\n");
        assert_eq!(source.position(3), Position { line: 1, column: 3 });
        assert_eq!(source.position(8), Position { line: 2, column: 1 });
        assert_eq!(source.line(2), "x = é;");
        assert_eq!(source.position(1000).line, 3);
    }
}
