//! Statements and functions left out, and blocks put in the place of what held them.

use tourbillon_syntax::Span;
use tourbillon_syntax::ast::{Block, Expression, File, Statement, StatementKind};

use super::source::{Change, Edit, blocks};

pub(super) fn changes(text: &str, file: &File) -> Vec<Change> {
    let mut finder = Finder {
        text,
        found: Vec::new(),
    };
    let spans: Vec<Span> = file
        .functions
        .iter()
        .map(|function| function.span)
        .collect();
    finder.leave_out(&spans);
    finder.block(&file.body);
    for function in &file.functions {
        finder.block(&function.body);
    }
    finder.found
}

/// The changes of a block that belongs to no statement.
pub(super) fn of_block(text: &str, block: &Block) -> Vec<Change> {
    let mut finder = Finder {
        text,
        found: Vec::new(),
    };
    finder.block(block);
    finder.found
}

struct Finder<'t> {
    text: &'t str,
    found: Vec<Change>,
}

impl Finder<'_> {
    /// Chunks of what stands in a row, large ones first.
    fn leave_out(&mut self, spans: &[Span]) {
        let mut chunk = spans.len();
        while chunk > 0 {
            for part in spans.chunks(chunk).rev() {
                // Functions may stand between the statements of a script: each goes alone.
                let removals = part.iter().map(|span| self.removal(*span));
                let change: Change = removals.map(Edit::removal).collect();
                self.found.push(change);
            }
            chunk /= 2;
        }
    }

    fn block(&mut self, block: &Block) {
        let spans: Vec<Span> = block.statements.iter().map(|one| one.span).collect();
        self.leave_out(&spans);
        for statement in &block.statements {
            self.unwrap(statement);
            self.clauses(statement);
        }
        for statement in &block.statements {
            for inner in blocks(statement) {
                self.block(inner);
            }
        }
    }

    /// The blocks of a statement in its place: each alone, and all of them.
    fn unwrap(&mut self, statement: &Statement) {
        let texts: Vec<String> = blocks(statement)
            .into_iter()
            .filter(|block| !block.statements.is_empty())
            .map(|block| self.moved(block, statement))
            .collect();
        let mut end = statement.span.end as usize;
        let rest = &self.text[end..];
        if rest.starts_with([';', ',']) {
            end += 1;
        }
        let start = statement.span.start as usize;
        let mut push = |text: String| self.found.push(vec![Edit { start, end, text }]);
        if texts.len() > 1 {
            let margin = margin(self.text, start);
            push(texts.join(&format!("\n{margin}")));
        }
        texts.into_iter().for_each(push);
    }

    /// The statement without one of its clauses.
    fn clauses(&mut self, statement: &Statement) {
        let margin = margin(self.text, statement.span.start as usize).to_string();
        let mut push = |text: String| {
            self.found.push(vec![Edit::new(
                statement.span,
                format!("{text}{margin}end"),
            )]);
        };
        let text = self.text;
        let slice = |one: &Expression| &text[one.span.start as usize..one.span.end as usize];
        match &statement.kind {
            StatementKind::If { arms, otherwise } => {
                let arms: Vec<(String, String)> = arms
                    .iter()
                    .map(|(condition, block)| (slice(condition).to_string(), lines(text, block)))
                    .collect();
                let whole = |arms: &[(String, String)], otherwise: Option<&Block>| {
                    let mut whole = String::new();
                    for (index, (condition, block)) in arms.iter().enumerate() {
                        let head = match index {
                            0 => "if ".to_string(),
                            _ => format!("{margin}elseif "),
                        };
                        whole.push_str(&format!("{head}{condition}\n{block}"));
                    }
                    if let Some(block) = otherwise {
                        whole.push_str(&format!("{margin}else\n{}", lines(text, block)));
                    }
                    whole
                };
                if otherwise.is_some() {
                    push(whole(&arms, None));
                }
                for index in (0..arms.len()).filter(|_| arms.len() > 1).rev() {
                    let mut fewer = arms.clone();
                    fewer.remove(index);
                    push(whole(&fewer, otherwise.as_ref()));
                }
            }
            StatementKind::Switch {
                subject,
                cases,
                otherwise,
            } => {
                let head = format!("switch {}\n", slice(subject));
                let cases: Vec<String> = cases
                    .iter()
                    .map(|(value, block)| {
                        format!("{margin}  case {}\n{}", slice(value), lines(text, block))
                    })
                    .collect();
                let last = otherwise
                    .as_ref()
                    .map(|block| format!("{margin}  otherwise\n{}", lines(text, block)));
                if last.is_some() {
                    push(format!("{head}{}", cases.concat()));
                }
                for index in (0..cases.len()).filter(|_| cases.len() > 1).rev() {
                    let mut fewer = cases.clone();
                    fewer.remove(index);
                    push(format!(
                        "{head}{}{}",
                        fewer.concat(),
                        last.as_deref().unwrap_or("")
                    ));
                }
            }
            StatementKind::Try {
                body,
                catch: Some(catch),
                finally: Some(finally),
            } => {
                let body = format!("try\n{}", lines(text, body));
                let variable = catch.variable.as_ref();
                let variable = variable.map_or(String::new(), |name| format!(" {}", name.name));
                push(format!(
                    "{body}{margin}catch{variable}\n{}",
                    lines(text, &catch.body)
                ));
                push(format!("{body}{margin}finally\n{}", lines(text, finally)));
            }
            StatementKind::Try { .. }
            | StatementKind::For { .. }
            | StatementKind::While { .. }
            | StatementKind::UnwindProtect { .. }
            | StatementKind::Expression(_)
            | StatementKind::Assign { .. }
            | StatementKind::Break
            | StatementKind::Continue
            | StatementKind::Return
            | StatementKind::Global(_)
            | StatementKind::Persistent(_)
            | StatementKind::Command { .. }
            | StatementKind::Error => {}
        }
    }

    /// What goes with a statement or function: its terminator; its lines, when nothing else is on
    /// them; and the comment above, when nothing else follows that it could be about.
    fn removal(&self, span: Span) -> (usize, usize) {
        let text = self.text;
        let (start, end) = (span.start as usize, terminated(text, span.end as usize));
        let line_start = line_start(text, start);
        let line_end = text[end..].find('\n').map_or(text.len(), |at| end + at);
        let rest = text[end..line_end].trim_start();
        let is_alone = text[line_start..start].trim().is_empty()
            && (rest.trim_end().is_empty() || rest.starts_with(['%', '#']));
        if !is_alone {
            let spaces = text[end..].len() - text[end..].trim_start_matches([' ', '\t']).len();
            return (start, end + spaces);
        }
        let mut start = line_start;
        let mut end = (line_end + 1).min(text.len());
        let next = text[end..].lines().next().unwrap_or("").trim();
        let closers = ["end", "else", "catch", "finally", "case", "otherwise"];
        if next.is_empty() || closers.iter().any(|word| next.starts_with(word)) {
            while let Some(above) = line_above(text, start)
                && text[above..start].trim_start().starts_with(['%', '#'])
            {
                start = above;
            }
        }
        // One of two empty lines that meet is enough; at the beginning of the text, none.
        let above = line_above(text, start);
        let is_empty_above = above.is_none_or(|above| text[above..start].trim().is_empty());
        if next.is_empty() && is_empty_above && end < text.len() {
            end = text[end..].find('\n').map_or(text.len(), |at| end + at + 1);
        }
        (start, end)
    }

    /// The statements of a block as they read in the place of the statement around it.
    fn moved(&self, block: &Block, outer: &Statement) -> String {
        let Some((start, end)) = extent(self.text, block) else {
            return String::new();
        };
        let inner = margin(self.text, start).len();
        let outer = margin(self.text, outer.span.start as usize).len();
        let depth = inner.saturating_sub(outer);
        let dedent = |line: &str| {
            let spaces = line.len() - line.trim_start_matches([' ', '\t']).len();
            line[spaces.min(depth)..].to_string()
        };
        let mut lines = self.text[start..end].split('\n');
        let first = lines.next().unwrap_or("").to_string();
        let others = lines.map(dedent);
        let lines: Vec<String> = [first].into_iter().chain(others).collect();
        lines.join("\n")
    }
}

/// From the first statement of a block to the last with its terminator and the comment behind it.
fn extent(text: &str, block: &Block) -> Option<(usize, usize)> {
    let (first, last) = (block.statements.first()?, block.statements.last()?);
    let end = terminated(text, last.span.end as usize);
    let line_end = text[end..].find('\n').map_or(text.len(), |at| end + at);
    let is_comment = text[end..line_end].trim_start().starts_with('%');
    let end = if is_comment { line_end } else { end };
    Some((first.span.start as usize, end))
}

/// The statements of a block as whole lines.
fn lines(text: &str, block: &Block) -> String {
    match extent(text, block) {
        None => String::new(),
        Some((start, end)) => format!("{}{}\n", margin(text, start), &text[start..end]),
    }
}

/// The end of a statement with its terminator.
fn terminated(text: &str, end: usize) -> usize {
    let rest = &text[end..];
    let after = rest.trim_start_matches([' ', '\t']);
    match after.starts_with([';', ',']) {
        true => end + (rest.len() - after.len()) + 1,
        false => end,
    }
}

fn line_start(text: &str, at: usize) -> usize {
    text[..at].rfind('\n').map_or(0, |newline| newline + 1)
}

fn line_above(text: &str, start: usize) -> Option<usize> {
    start
        .checked_sub(1)
        .map(|newline| line_start(text, newline))
}

/// The spaces before a place, when nothing else is there on its line.
fn margin(text: &str, at: usize) -> &str {
    let margin = &text[line_start(text, at)..at];
    if margin.trim().is_empty() { margin } else { "" }
}

#[cfg(test)]
mod tests {
    use super::super::source::apply;
    use super::*;
    use tourbillon_syntax::parse;

    fn all(text: &str) -> Vec<String> {
        let found = changes(text, &parse(text).file);
        let texts = found.iter().map(|change| apply(text, change));
        texts
            .map(|text| text.expect("edits of one place"))
            .collect()
    }

    #[test]
    fn what_is_left_keeps_its_layout() {
        let check = |text: &str, expected: &[&str]| assert_eq!(all(text), expected, "{text}");
        check(
            "a = 1;\n% why\nb = 2; % what\n",
            &["", "a = 1;\n", "% why\nb = 2; % what\n"],
        );
        check("a; b, c", &["", "a; b, ", "a; c", "b, c"]);
        check(
            "if x\n  % y\n  y;\nelse\n  z;\nend\n",
            &[
                "",
                "y;\nz;\n",
                "y;\n",
                "z;\n",
                "if x\n  y;\nend\n",
                "if x\nelse\n  z;\nend\n",
                "if x\n  % y\n  y;\nelse\nend\n",
            ],
        );
        check(
            "  for i = 1:3\n    a;\n    b;\n  end;\n",
            &[
                "",
                "  a;\n  b;\n",
                "  for i = 1:3\n  end;\n",
                "  for i = 1:3\n    a;\n  end;\n",
                "  for i = 1:3\n    b;\n  end;\n",
            ],
        );
        check(
            "f();\n\n% About f.\nfunction f()\nend\n",
            &["f();\n\n", "% About f.\nfunction f()\nend\n"],
        );
    }

    #[test]
    fn clauses_go_one_by_one() {
        let has = |text: &str, expected: &str| {
            let found = all(text);
            assert!(found.iter().any(|one| one == expected), "{found:#?}");
        };
        let text = "if a\n  b;\nelseif c\n  d;\nelse\n  e;\nend";
        has(text, "if a\n  b;\nelseif c\n  d;\nend");
        has(text, "if a\n  b;\nelse\n  e;\nend");
        has(text, "if c\n  d;\nelse\n  e;\nend");
        let text = "try\n  a;\ncatch x\n  b;\nfinally\n  c;\nend";
        has(text, "try\n  a;\ncatch x\n  b;\nend");
        has(text, "try\n  a;\nfinally\n  c;\nend");
        has(text, "a;\nb;\nc;");
        let text = "switch a\n  case 1\n    b;\n  otherwise\n    c;\nend";
        has(text, "switch a\n  case 1\n    b;\nend");
    }
}
