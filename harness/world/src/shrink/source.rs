//! Edits of a program text, made through the places in its tree: what stays keeps its layout and its
//! comments.

use tourbillon_syntax::ast::{Block, File, Statement, StatementKind};
use tourbillon_syntax::{Severity, Span, parse};

use super::expressions;
use super::statements;

/// A text in the place of a range of bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Edit {
    pub start: usize,
    pub end: usize,
    pub text: String,
}

/// Edits that belong together.
pub(super) type Change = Vec<Edit>;

impl Edit {
    pub fn new(span: Span, text: impl Into<String>) -> Edit {
        Edit {
            start: span.start as usize,
            end: span.end as usize,
            text: text.into(),
        }
    }

    pub fn removal(range: (usize, usize)) -> Edit {
        Edit {
            start: range.0,
            end: range.1,
            text: String::new(),
        }
    }
}

/// The text after a change; none when two of its edits are about the same place.
pub(super) fn apply(text: &str, change: &Change) -> Option<String> {
    let mut edits: Vec<&Edit> = change.iter().collect();
    edits.sort_by_key(|edit| edit.start);
    let mut changed = String::with_capacity(text.len());
    let mut at = 0;
    for edit in edits {
        changed.push_str(text.get(at..edit.start)?);
        changed.push_str(&edit.text);
        at = edit.end;
    }
    changed.push_str(text.get(at..)?);
    Some(changed)
}

/// Every change of a text that is worth a try, those that take most first.
pub(super) fn changes(text: &str) -> Vec<Change> {
    let Some(file) = tree(text) else {
        return Vec::new();
    };
    let mut found = statements::changes(text, &file);
    found.extend(expressions::changes(text, &file));
    found
}

/// How many statements a text has, functions counted as one each.
pub(super) fn statements_of(text: &str) -> u64 {
    let Some(file) = tree(text) else {
        return 0;
    };
    let bodies = file
        .functions
        .iter()
        .map(|function| 1 + count(&function.body));
    count(&file.body) + bodies.sum::<u64>()
}

/// The tree of a text without mistakes.
fn tree(text: &str) -> Option<File> {
    let parsed = parse(text);
    let is_wrong =
        |diagnostic: &tourbillon_syntax::Diagnostic| diagnostic.severity == Severity::Error;
    (!parsed.diagnostics.iter().any(is_wrong)).then_some(parsed.file)
}

fn count(block: &Block) -> u64 {
    let inner = |statement: &Statement| blocks(statement).into_iter().map(count).sum::<u64>();
    block
        .statements
        .iter()
        .map(|statement| 1 + inner(statement))
        .sum()
}

/// The blocks inside a statement, in order.
pub(super) fn blocks(statement: &Statement) -> Vec<&Block> {
    match &statement.kind {
        StatementKind::If { arms, otherwise } => {
            arms.iter().map(|arm| &arm.1).chain(otherwise).collect()
        }
        StatementKind::For { body, .. } | StatementKind::While { body, .. } => vec![body],
        StatementKind::Switch {
            cases, otherwise, ..
        } => cases.iter().map(|case| &case.1).chain(otherwise).collect(),
        StatementKind::Try {
            body,
            catch,
            finally,
        } => {
            let catch = catch.as_ref().map(|catch| &catch.body);
            [body].into_iter().chain(catch).chain(finally).collect()
        }
        StatementKind::UnwindProtect { body, cleanup } => vec![body, cleanup],
        StatementKind::Expression(_)
        | StatementKind::Assign { .. }
        | StatementKind::Break
        | StatementKind::Continue
        | StatementKind::Return
        | StatementKind::Global(_)
        | StatementKind::Persistent(_)
        | StatementKind::Command { .. }
        | StatementKind::Error => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Something of everything, with letters of more than one byte.
    const ALL: &str = "\
% é\nglobal g\nx = [1, 2; 3 4]'; y = {'ü', \"ö\"; @(a, ~) a.b{end}(:)};\n\
if x(1) == 1 && ~y, disp ok, elseif z, w; else, v = 1:2:9; end % ä\n\
for i = 1:3\n  while true\n    break; % no\n  end\nend\n\n\
switch x\n  case {1, 2}\n    a.b(3).c = 0x1F;\n  otherwise\n    return\nend\n\
try, error('é:ü', 'ß'); catch e, disp(e); finally, f(1, 2); end\n\
unwind_protect\n  t = async @() do\n    yield_now(); p = 2i;\n  end;\n\
unwind_protect_cleanup\n  q = async @() f(3);\nend_unwind_protect\n\
% ö\nasync function [r, s] = f(n, ~, varargin)\n  persistent k = 3\n  r = n .* -2.5 ^ k;\nend\n";

    #[test]
    fn everything_can_be_changed_and_read_again() {
        let parsed = parse(ALL);
        assert!(tree(ALL).is_some(), "{:?}", parsed.diagnostics);
        let found = changes(ALL);
        assert!(found.len() > 100, "{}", found.len());
        let texts = found.iter().filter_map(|change| apply(ALL, change));
        let readable = texts.filter(|text| tree(text).is_some()).count();
        // The others lose what their grammar needs, such as the name in `catch e`.
        assert!(
            readable * 10 > found.len() * 8,
            "{readable} of {}",
            found.len()
        );
    }

    proptest! {
        #[test]
        fn no_text_is_too_odd(cuts in prop::collection::vec((any::<prop::sample::Index>(), 1_usize..40), 0..6)) {
            let mut text: Vec<char> = ALL.chars().collect();
            for (at, length) in cuts {
                let at = at.index(text.len());
                let end = (at + length).min(text.len());
                text.drain(at..end);
            }
            let text: String = text.into_iter().collect();
            for change in changes(&text) {
                if let Some(changed) = apply(&text, &change) {
                    statements_of(&changed);
                }
            }
        }
    }

    #[test]
    fn statements_are_counted_wherever_they_are() {
        let check = |text: &str, expected: u64| assert_eq!(statements_of(text), expected, "{text}");
        check("", 0);
        check("x = 1; y = 2;", 2);
        check("if a, b; elseif c, d; else, e; end", 4);
        check("try, a; catch e, b; finally, c; end", 4);
        check("f(1);\nfunction f(x)\n  while x, x = 0; end\nend", 4);
        check(
            "switch a, case 1, b; otherwise, c; end\nfor i = 1:2, i; end",
            5,
        );
        check("x = (1", 0);
    }

    #[test]
    fn edits_of_one_place_are_no_change() {
        let edit = |start, end, text: &str| Edit {
            start,
            end,
            text: text.to_string(),
        };
        let both = vec![edit(4, 5, "2"), edit(0, 1, "y")];
        assert_eq!(apply("x = 1", &both).as_deref(), Some("y = 2"));
        let clash = vec![edit(0, 3, "y"), edit(2, 5, "z")];
        assert_eq!(apply("x = 1", &clash), None);
    }
}
