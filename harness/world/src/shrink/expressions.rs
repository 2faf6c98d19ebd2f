//! Expressions made simpler: operands instead of operations, fewer arguments, smaller literals.

use tourbillon_syntax::Span;
use tourbillon_syntax::ast::{
    Block, Expression, ExpressionKind, File, Function, Parameter, Statement, StatementKind, Step,
    Target,
};

use super::source::{Change, Edit, blocks};
use super::statements;

pub(super) fn changes(text: &str, file: &File) -> Vec<Change> {
    let mut finder = Finder {
        text,
        found: Vec::new(),
        calls: Vec::new(),
    };
    finder.block(&file.body);
    for function in &file.functions {
        finder.block(&function.body);
    }
    for function in &file.functions {
        finder.function(function);
    }
    finder.found
}

struct Finder<'t> {
    text: &'t str,
    found: Vec<Change>,
    /// Every call by name, with the places of its arguments.
    calls: Vec<(String, Vec<Span>)>,
}

impl Finder<'_> {
    fn slice(&self, span: Span) -> &str {
        &self.text[span.start as usize..span.end as usize]
    }

    fn replace(&mut self, span: Span, text: impl Into<String>) {
        let text = text.into();
        if text != self.slice(span) {
            self.found.push(vec![Edit::new(span, text)]);
        }
    }

    fn by_part(&mut self, whole: Span, part: Span) {
        let part = self.slice(part).to_string();
        self.replace(whole, part);
    }

    fn block(&mut self, block: &Block) {
        for statement in &block.statements {
            self.statement(statement);
            for inner in blocks(statement) {
                self.block(inner);
            }
        }
    }

    fn statement(&mut self, statement: &Statement) {
        match &statement.kind {
            StatementKind::Expression(value) => self.expression(value),
            StatementKind::Assign { targets, value, .. } => {
                self.by_part(statement.span, value.span);
                targets.iter().for_each(|target| self.target(target));
                self.expression(value);
            }
            // Under which conditions a program complains is what it says is wrong: with others it
            // would be another failure, for all that its message is the same.
            StatementKind::If { .. } if blocks(statement).into_iter().any(complains) => {}
            StatementKind::If { arms, .. } => {
                arms.iter()
                    .for_each(|(condition, _)| self.expression(condition));
            }
            StatementKind::For {
                target, iterable, ..
            } => {
                self.target(target);
                self.expression(iterable);
            }
            StatementKind::While { condition, .. } => self.expression(condition),
            StatementKind::Switch { subject, cases, .. } => {
                self.expression(subject);
                cases.iter().for_each(|(value, _)| self.expression(value));
            }
            StatementKind::Persistent(names) => {
                let values = names.iter().filter_map(|(_, value)| value.as_ref());
                values.for_each(|value| self.expression(value));
            }
            StatementKind::Try { .. }
            | StatementKind::UnwindProtect { .. }
            | StatementKind::Break
            | StatementKind::Continue
            | StatementKind::Return
            | StatementKind::Global(_)
            | StatementKind::Command { .. }
            | StatementKind::Error => {}
        }
    }

    fn target(&mut self, target: &Target) {
        if let Target::Place {
            variable,
            steps,
            span,
        } = target
        {
            if !steps.is_empty() {
                self.replace(*span, &*variable.name);
            }
            steps.iter().for_each(|step| self.step(step));
        }
    }

    fn step(&mut self, step: &Step) {
        match step {
            Step::Paren(arguments, _) | Step::Brace(arguments, _) => {
                self.fewer(arguments);
                arguments.iter().for_each(|one| self.expression(one));
            }
            Step::Field(_) => {}
            Step::DynamicField(name, _) => self.expression(name),
        }
    }

    /// A list without each of its items.
    fn fewer(&mut self, items: &[Expression]) {
        let spans: Vec<Span> = items.iter().map(|item| item.span).collect();
        for index in (0..spans.len()).rev() {
            self.found.push(vec![without(&spans, index)]);
        }
    }

    fn expression(&mut self, expression: &Expression) {
        if called(expression).is_some_and(|name| JUDGES.contains(&name)) {
            return;
        }
        let span = expression.span;
        let is_plain = matches!(
            expression.kind,
            ExpressionKind::Number(_)
                | ExpressionKind::Imaginary(_)
                | ExpressionKind::Char(_)
                | ExpressionKind::String(_)
                | ExpressionKind::Colon
                | ExpressionKind::End
        );
        if !is_plain {
            self.replace(span, "0");
        }
        match &expression.kind {
            ExpressionKind::Number(number) => self.number(span, *number),
            ExpressionKind::Imaginary(_) => self.replace(span, "0"),
            ExpressionKind::Char(_) => self.replace(span, "''"),
            ExpressionKind::String(_) => self.replace(span, "\"\""),
            ExpressionKind::Unary(_, one) | ExpressionKind::Postfix(_, one) => {
                self.by_part(span, one.span);
                self.expression(one);
            }
            ExpressionKind::Binary(_, left, right)
            | ExpressionKind::AndAnd(left, right)
            | ExpressionKind::OrOr(left, right) => {
                self.by_part(span, left.span);
                self.by_part(span, right.span);
                self.expression(left);
                self.expression(right);
            }
            ExpressionKind::Range { start, step, stop } => {
                self.by_part(span, start.span);
                self.by_part(span, stop.span);
                self.expression(start);
                if let Some(step) = step {
                    let short = format!("{}:{}", self.slice(start.span), self.slice(stop.span));
                    self.replace(span, short);
                    self.expression(step);
                }
                self.expression(stop);
            }
            ExpressionKind::Matrix(rows) | ExpressionKind::Cell(rows) => {
                for row in rows {
                    row.iter().for_each(|one| self.by_part(span, one.span));
                    self.fewer(row);
                    row.iter().for_each(|one| self.expression(one));
                }
                if rows.len() > 1 {
                    for row in rows {
                        if let (Some(first), Some(last)) = (row.first(), row.last()) {
                            let open = &self.text[span.start as usize..=span.start as usize];
                            let close = &self.text[span.end as usize - 1..span.end as usize];
                            let row = self.slice(first.span.to(last.span));
                            let alone = format!("{open}{row}{close}");
                            self.replace(span, alone);
                        }
                    }
                }
            }
            ExpressionKind::Index(base, step) => {
                self.by_part(span, base.span);
                if let Step::Paren(arguments, _) = &**step {
                    arguments
                        .iter()
                        .for_each(|one| self.by_part(span, one.span));
                    if let ExpressionKind::Name(name) = &base.kind {
                        let spans = arguments.iter().map(|one| one.span).collect();
                        self.calls.push((name.to_string(), spans));
                    }
                }
                if !matches!(base.kind, ExpressionKind::Name(_)) {
                    self.expression(base);
                }
                self.step(step);
            }
            ExpressionKind::Anonymous { body, .. } => self.expression(body),
            ExpressionKind::AsyncExpression(body) => {
                self.by_part(span, body.span);
                self.expression(body);
            }
            ExpressionKind::AsyncBlock(body) => {
                self.found.extend(statements::of_block(self.text, body));
                self.block(body);
            }
            ExpressionKind::Name(_)
            | ExpressionKind::Colon
            | ExpressionKind::End
            | ExpressionKind::Handle(_)
            | ExpressionKind::Error => {}
        }
    }

    fn number(&mut self, span: Span, number: f64) {
        self.replace(span, "0");
        self.replace(span, "1");
        if number > 3.0 && number < 1e15 {
            self.replace(span, format!("{}", (number / 2.0).floor()));
        }
        if number > 2.0 && number < 1e6 && number.fract() == 0.0 {
            self.replace(span, format!("{}", number - 1.0));
        }
        if number.fract() != 0.0 && number.abs() < 1e15 {
            self.replace(span, format!("{}", number.trunc()));
        }
    }

    /// A function that is not async, without outputs, and with fewer inputs, here and at its calls.
    fn function(&mut self, function: &Function) {
        let start = function.span.start as usize;
        let head = &self.text[start..function.name.span.start as usize];
        if function.is_async
            && let Some(rest) = head.strip_prefix("async")
        {
            let gone = head.len() - rest.trim_start().len();
            self.found.push(vec![Edit::removal((start, start + gone))]);
        }
        if !function.outputs.is_empty()
            && let Some(word) = head.find("function")
        {
            let from = start + word + "function".len();
            let to = function.name.span.start as usize;
            let text = " ".to_string();
            self.found.push(vec![Edit {
                start: from,
                end: to,
                text,
            }]);
        }
        let inputs: Vec<Span> = function
            .inputs
            .iter()
            .map(|input| match input {
                Parameter::Named(name) => name.span,
                Parameter::Ignored(span) => *span,
            })
            .collect();
        for index in (0..inputs.len()).rev() {
            let calls = self.calls.iter().filter(|(name, arguments)| {
                **name == *function.name.name && arguments.len() > index
            });
            let mut change: Change = calls.map(|(_, spans)| without(spans, index)).collect();
            change.push(without(&inputs, index));
            self.found.push(change);
        }
    }
}

/// Functions that complain.
const COMPLAINTS: [&str; 3] = ["error", "throw", "rethrow"];

/// Functions that complain when what they are given is not true: that is left as it is, too.
const JUDGES: [&str; 2] = ["assert", "invariant"];

/// Whether a block complains, and not only a block in it.
fn complains(block: &Block) -> bool {
    block.statements.iter().any(|statement| {
        let name = if let StatementKind::Expression(value) = &statement.kind {
            called(value)
        } else if let StatementKind::Command { name, .. } = &statement.kind {
            Some(&*name.name)
        } else {
            None
        };
        name.is_some_and(|name| COMPLAINTS.contains(&name))
    })
}

/// The name of the function that an expression calls.
fn called(expression: &Expression) -> Option<&str> {
    let base = match &expression.kind {
        ExpressionKind::Index(base, _) => &base.kind,
        kind => kind,
    };
    if let ExpressionKind::Name(name) = base {
        return Some(name);
    }
    None
}

/// The edit that takes one item of a list away, and what parts it from its neighbour.
fn without(spans: &[Span], index: usize) -> Edit {
    let span = spans[index];
    let (start, end) = match (index.checked_sub(1), spans.get(index + 1)) {
        (_, Some(next)) => (span.start, next.start),
        (Some(before), None) => (spans[before].end, span.end),
        (None, None) => (span.start, span.end),
    };
    Edit::removal((start as usize, end as usize))
}

#[cfg(test)]
mod tests {
    use super::super::source::apply;
    use super::*;
    use tourbillon_syntax::parse;

    #[test]
    fn what_a_program_says_is_wrong_stays() {
        let check = |text: &str, expected: &[&str]| {
            let found = changes(text, &parse(text).file);
            let found: Vec<String> = found
                .iter()
                .filter_map(|change| apply(text, change))
                .collect();
            assert_eq!(found, expected, "{text}");
        };
        check(
            "if x == 2, rethrow(e); else, y; end",
            &[
                "if x == 2, 0; else, y; end",
                "if x == 2, rethrow; else, y; end",
                "if x == 2, e; else, y; end",
                "if x == 2, rethrow(); else, y; end",
                "if x == 2, rethrow(0); else, y; end",
                "if x == 2, rethrow(e); else, 0; end",
            ],
        );
        check("assert(x == 2);\ninvariant(y, 'z');", &[]);
    }

    #[test]
    fn expressions_become_simpler() {
        let check = |text: &str, expected: &[&str]| {
            let found = changes(text, &parse(text).file);
            let found: Vec<String> = found
                .iter()
                .filter_map(|change| apply(text, change))
                .collect();
            for one in expected {
                assert!(
                    found.iter().any(|text| text == one),
                    "no {one} in {found:#?}"
                );
            }
        };
        check(
            "x = f(1, 'ab');",
            &[
                "f(1, 'ab');",
                "x = 0;",
                "x = f(1);",
                "x = f('ab');",
                "x = 1;",
                "x = f(1, '');",
                "x = f(0, 'ab');",
            ],
        );
        check(
            "x = a + b * 8;",
            &["x = a;", "x = b * 8;", "x = a + b * 4;", "x = a + b;"],
        );
        check(
            "m('n') = [1 2; 3 4];",
            &[
                "m = [1 2; 3 4];",
                "m('n') = [1 2];",
                "m('n') = [2; 3 4];",
                "m('n') = 3;",
            ],
        );
        check(
            "for i = 1:2:9, i; end",
            &[
                "for i = 1:9, i; end",
                "for i = 9, i; end",
                "for i = 1:2:4, i; end",
            ],
        );
        check("if ~(a && b), end", &["if (a && b), end", "if 0, end"]);
        check(
            "r = f(a, b);\nasync function r = f(x, y)\nend",
            &[
                "r = f(a, b);\nfunction r = f(x, y)\nend",
                "r = f(a, b);\nasync function f(x, y)\nend",
                "r = f(b);\nasync function r = f(y)\nend",
                "r = f(a);\nasync function r = f(x)\nend",
            ],
        );
        check("g = async @() do a; b; end;", &["g = 0;"]);
        check("s.a{3}.b = 1;", &["s = 1;", "s.a{0}.b = 1;"]);
    }
}
