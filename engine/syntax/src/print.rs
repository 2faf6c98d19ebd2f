//! From a tree back to text: `parse(print(tree))` is the tree again, but for places. Brackets stand
//! where precedence needs them; those that the author wrote beyond that are not in the tree.

use crate::ast::{
    BinaryOp, Block, Catch, Expression, ExpressionKind, File, Function, Ident, Parameter,
    PostfixOp, Statement, StatementKind, Step, Target, UnaryOp,
};
use crate::lexer::word_at;

/// Writes a whole file: its code, then its functions.
pub fn print(file: &File) -> String {
    let mut printer = Printer::default();
    printer.statements(&file.body);
    for function in &file.functions {
        if !printer.out.is_empty() {
            printer.out.push('\n');
        }
        printer.function(function);
    }
    printer.out
}

/// Writes one expression as `func2str` does: without blanks, `@(x)x+1`.
pub fn print_expression(expression: &Expression) -> String {
    let mut printer = Printer::default();
    printer.expression(expression, Level::Any);
    printer.out
}

/// How tightly an expression holds together, from loose to tight.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Level {
    /// Reaches as far to the right as it can: an anonymous function.
    Any,
    OrOr,
    AndAnd,
    Or,
    And,
    Comparison,
    Range,
    Additive,
    Multiplicative,
    Unary,
    Power,
    /// An operand that takes no index: a number.
    Operand,
    /// What takes an index.
    Chain,
}

fn binary_level(operator: BinaryOp) -> Level {
    match operator {
        BinaryOp::Or => Level::Or,
        BinaryOp::And => Level::And,
        BinaryOp::Less
        | BinaryOp::LessEqual
        | BinaryOp::Greater
        | BinaryOp::GreaterEqual
        | BinaryOp::Equal
        | BinaryOp::NotEqual => Level::Comparison,
        BinaryOp::Add | BinaryOp::Subtract => Level::Additive,
        BinaryOp::ElementMultiply
        | BinaryOp::Multiply
        | BinaryOp::ElementRightDivide
        | BinaryOp::RightDivide
        | BinaryOp::ElementLeftDivide
        | BinaryOp::LeftDivide => Level::Multiplicative,
        BinaryOp::ElementPower | BinaryOp::Power => Level::Power,
    }
}

fn level(kind: &ExpressionKind) -> Level {
    match kind {
        ExpressionKind::Number(value) | ExpressionKind::Imaginary(value) => {
            // The parser makes no negative number; a program that edits trees may.
            if value.is_sign_negative() {
                Level::Unary
            } else {
                Level::Operand
            }
        }
        ExpressionKind::Char(_)
        | ExpressionKind::String(_)
        | ExpressionKind::Name(_)
        | ExpressionKind::Matrix(_)
        | ExpressionKind::Cell(_)
        | ExpressionKind::Index(..) => Level::Chain,
        ExpressionKind::Colon | ExpressionKind::End | ExpressionKind::Handle(_) => Level::Operand,
        ExpressionKind::Unary(..) => Level::Unary,
        ExpressionKind::Postfix(..) => Level::Power,
        ExpressionKind::Binary(operator, _, _) => binary_level(*operator),
        ExpressionKind::AndAnd(..) => Level::AndAnd,
        ExpressionKind::OrOr(..) => Level::OrOr,
        ExpressionKind::Range { .. } => Level::Range,
        ExpressionKind::Anonymous { .. }
        | ExpressionKind::AsyncExpression(_)
        | ExpressionKind::AsyncBlock(_)
        | ExpressionKind::Error => Level::Any,
    }
}

/// The next tighter level, which the right operand of a left-associative operator needs.
fn tighter(level: Level) -> Level {
    match level {
        Level::Any => Level::OrOr,
        Level::OrOr => Level::AndAnd,
        Level::AndAnd => Level::Or,
        Level::Or => Level::And,
        Level::And => Level::Comparison,
        Level::Comparison => Level::Range,
        Level::Range => Level::Additive,
        Level::Additive => Level::Multiplicative,
        Level::Multiplicative => Level::Unary,
        Level::Unary => Level::Power,
        Level::Power => Level::Operand,
        Level::Operand | Level::Chain => Level::Chain,
    }
}

#[derive(Default)]
struct Printer {
    out: String,
    indent: usize,
}

impl Printer {
    fn push(&mut self, text: &str) {
        self.out.push_str(text);
    }

    // Statements.

    fn line(&mut self, text: &str) {
        self.begin_line();
        self.push(text);
        self.push("\n");
    }

    fn begin_line(&mut self) {
        for _ in 0..self.indent {
            self.push("    ");
        }
    }

    fn statements(&mut self, block: &Block) {
        for statement in &block.statements {
            self.begin_line();
            self.statement(statement);
            self.push("\n");
        }
    }

    fn body(&mut self, block: &Block) {
        self.indent += 1;
        self.statements(block);
        self.indent -= 1;
    }

    /// The head of a construct or of a part of it, with the line end.
    fn head(&mut self, keyword: &str, expression: &Expression) {
        self.push(keyword);
        self.push(" ");
        self.expression(expression, Level::Any);
        self.push("\n");
    }

    fn end(&mut self) {
        self.begin_line();
        self.push("end");
    }

    fn function(&mut self, function: &Function) {
        let Function {
            name,
            is_async,
            inputs,
            outputs,
            body,
            span: _,
        } = function;
        self.push(if *is_async {
            "async function "
        } else {
            "function "
        });
        let names: Vec<&str> = outputs.iter().map(|output| &*output.name).collect();
        match names.as_slice() {
            [] => {}
            [output] => {
                self.push(output);
                self.push(" = ");
            }
            outputs => {
                self.push("[");
                self.push(&outputs.join(", "));
                self.push("] = ");
            }
        }
        self.push(&name.name);
        self.push("(");
        self.parameters(inputs, ", ");
        self.push(")\n");
        self.body(body);
        self.line("end");
    }

    fn parameters(&mut self, parameters: &[Parameter], separator: &str) {
        for (at, parameter) in parameters.iter().enumerate() {
            if at > 0 {
                self.push(separator);
            }
            match parameter {
                Parameter::Named(name) => self.push(&name.name),
                Parameter::Ignored(_) => self.push("~"),
            }
        }
    }

    fn statement(&mut self, statement: &Statement) {
        self.statement_kind(&statement.kind);
        let displays = match statement.kind {
            StatementKind::Expression(_)
            | StatementKind::Assign { .. }
            | StatementKind::Command { .. } => true,
            StatementKind::Break
            | StatementKind::Continue
            | StatementKind::Return
            | StatementKind::Global(_)
            | StatementKind::Persistent(_)
            | StatementKind::If { .. }
            | StatementKind::For { .. }
            | StatementKind::While { .. }
            | StatementKind::Switch { .. }
            | StatementKind::Try { .. }
            | StatementKind::UnwindProtect { .. }
            | StatementKind::Error => false,
        };
        if displays && !statement.prints {
            self.push(";");
        }
    }

    fn statement_kind(&mut self, kind: &StatementKind) {
        match kind {
            StatementKind::Expression(value) => self.expression(value, Level::Any),
            StatementKind::Assign {
                targets,
                bracketed,
                value,
            } => {
                self.targets(targets, *bracketed);
                self.push(" = ");
                self.expression(value, Level::Any);
            }
            StatementKind::If { arms, otherwise } => {
                for (at, (condition, body)) in arms.iter().enumerate() {
                    if at > 0 {
                        self.begin_line();
                    }
                    self.head(if at == 0 { "if" } else { "elseif" }, condition);
                    self.body(body);
                }
                self.part("else", otherwise.as_ref());
                self.end();
            }
            StatementKind::For {
                target,
                iterable,
                body,
            } => {
                self.push("for ");
                self.target(target);
                self.push(" = ");
                self.expression(iterable, Level::Any);
                self.push("\n");
                self.body(body);
                self.end();
            }
            StatementKind::While { condition, body } => {
                self.head("while", condition);
                self.body(body);
                self.end();
            }
            StatementKind::Switch {
                subject,
                cases,
                otherwise,
            } => {
                self.head("switch", subject);
                self.indent += 1;
                for (value, body) in cases {
                    self.begin_line();
                    self.head("case", value);
                    self.body(body);
                }
                self.part("otherwise", otherwise.as_ref());
                self.indent -= 1;
                self.end();
            }
            StatementKind::Break => self.push("break"),
            StatementKind::Continue => self.push("continue"),
            StatementKind::Return => self.push("return"),
            StatementKind::Try {
                body,
                catch,
                finally,
            } => {
                self.push("try\n");
                self.body(body);
                if let Some(Catch { variable, body }) = catch {
                    match variable {
                        Some(variable) => self.line(&format!("catch {}", variable.name)),
                        None => self.line("catch"),
                    }
                    self.body(body);
                }
                self.part("finally", finally.as_ref());
                self.end();
            }
            StatementKind::UnwindProtect { body, cleanup } => {
                self.push("unwind_protect\n");
                self.body(body);
                self.part("unwind_protect_cleanup", Some(cleanup));
                self.begin_line();
                self.push("end_unwind_protect");
            }
            StatementKind::Global(names) => {
                self.push("global");
                for name in names {
                    self.push(" ");
                    self.push(&name.name);
                }
            }
            StatementKind::Persistent(names) => {
                self.push("persistent");
                for (name, value) in names {
                    self.push(" ");
                    self.push(&name.name);
                    if let Some(value) = value {
                        self.push(" = ");
                        self.expression(value, Level::Any);
                    }
                }
            }
            StatementKind::Command { name, words } => {
                self.push(&name.name);
                for word in words {
                    self.push(" ");
                    self.word(word);
                }
            }
            StatementKind::Error => self.push("% (a statement that could not be read)"),
        }
    }

    fn part(&mut self, keyword: &str, body: Option<&Block>) {
        if let Some(body) = body {
            self.line(keyword);
            self.body(body);
        }
    }

    fn word(&mut self, word: &Ident) {
        let name = &*word.name;
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-');
        let begins = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
        let body = name.strip_prefix('-').unwrap_or(name);
        if body.as_bytes().first().is_some_and(begins)
            && body.bytes().all(plain)
            && !body.contains("..")
        {
            return self.push(name);
        }
        // A quote before white space would be a transpose.
        let quote = if name.starts_with([' ', '\t']) {
            '"'
        } else {
            '\''
        };
        self.quoted(name, quote);
    }

    fn quoted(&mut self, text: &str, quote: char) {
        self.out.push(quote);
        for next in text.chars() {
            if next == quote {
                self.out.push(quote);
            }
            self.out.push(next);
        }
        self.out.push(quote);
    }

    fn targets(&mut self, targets: &[Target], bracketed: bool) {
        if bracketed {
            self.push("[");
        }
        for (at, target) in targets.iter().enumerate() {
            if at > 0 {
                self.push(", ");
            }
            self.target(target);
        }
        if bracketed {
            self.push("]");
        }
    }

    fn target(&mut self, target: &Target) {
        match target {
            Target::Ignored(_) => self.push("~"),
            Target::Place {
                variable,
                steps,
                span: _,
            } => {
                self.push(&variable.name);
                for step in steps {
                    self.step(step);
                }
            }
        }
    }

    // Expressions.

    /// Writes an expression, in brackets if it is looser than its place allows.
    fn expression(&mut self, expression: &Expression, least: Level) {
        let bracketed = level(&expression.kind) < least;
        if bracketed {
            self.push("(");
        }
        self.expression_kind(&expression.kind);
        if bracketed {
            self.push(")");
        }
    }

    fn expression_kind(&mut self, kind: &ExpressionKind) {
        match kind {
            ExpressionKind::Number(value) => self.number(*value),
            ExpressionKind::Imaginary(value) => {
                self.number(*value);
                self.push("i");
            }
            ExpressionKind::Char(text) => self.text(text, '\''),
            ExpressionKind::String(text) => self.text(text, '"'),
            ExpressionKind::Name(name) => self.push(name),
            ExpressionKind::Colon => self.push(":"),
            ExpressionKind::End => self.push("end"),
            ExpressionKind::Unary(operator, operand) => {
                self.push(unary_symbol(*operator));
                self.expression(operand, Level::Unary);
            }
            ExpressionKind::Postfix(operator, operand) => {
                // A quote directly after `'text'` would be a doubled one.
                if ends_with_text(operand) {
                    self.push("(");
                    self.expression(operand, Level::Any);
                    self.push(")");
                } else {
                    self.expression(operand, Level::Power);
                }
                self.push(match operator {
                    PostfixOp::ConjugateTranspose => "'",
                    PostfixOp::Transpose => ".'",
                });
            }
            ExpressionKind::Binary(operator, left, right) => {
                let level = binary_level(*operator);
                self.expression(left, level);
                self.push(operator.symbol());
                if level == Level::Power {
                    self.exponent(right);
                } else {
                    self.expression(right, tighter(level));
                }
            }
            ExpressionKind::AndAnd(left, right) => {
                self.expression(left, Level::AndAnd);
                self.push("&&");
                self.expression(right, tighter(Level::AndAnd));
            }
            ExpressionKind::OrOr(left, right) => {
                self.expression(left, Level::OrOr);
                self.push("||");
                self.expression(right, tighter(Level::OrOr));
            }
            ExpressionKind::Range { start, step, stop } => {
                self.expression(start, Level::Additive);
                self.push(":");
                if let Some(step) = step {
                    self.expression(step, Level::Additive);
                    self.push(":");
                }
                self.expression(stop, Level::Additive);
            }
            ExpressionKind::Matrix(rows) => self.rows(rows, "[", "]"),
            ExpressionKind::Cell(rows) => self.rows(rows, "{", "}"),
            ExpressionKind::Index(base, step) => {
                self.expression(base, Level::Chain);
                self.step(step);
            }
            ExpressionKind::Anonymous { inputs, body } => {
                self.push("@(");
                self.parameters(inputs, ",");
                self.push(")");
                self.expression(body, Level::Any);
            }
            ExpressionKind::Handle(name) => {
                self.push("@");
                self.push(name);
            }
            ExpressionKind::AsyncExpression(body) => {
                self.push("async @() ");
                let start = self.out.len();
                self.expression(body, Level::Any);
                if word_at(&self.out[start..]) == "do" {
                    // A variable of this name would begin a block.
                    self.out.insert(start, '(');
                    self.push(")");
                }
            }
            ExpressionKind::AsyncBlock(block) => {
                self.push("async @() do\n");
                self.body(block);
                self.end();
            }
            // It stands for nothing that could run, and reads as an error again.
            ExpressionKind::Error => self.push("?"),
        }
    }

    /// The right side of a power: signs may stand there, another power or a transpose may not.
    fn exponent(&mut self, exponent: &Expression) {
        let mut innermost = exponent;
        while let ExpressionKind::Unary(_, operand) = &innermost.kind {
            innermost = operand;
        }
        if level(&innermost.kind) < Level::Operand {
            return self.expression(exponent, Level::Operand);
        }
        let mut sign = exponent;
        while let ExpressionKind::Unary(operator, operand) = &sign.kind {
            self.push(unary_symbol(*operator));
            sign = operand;
        }
        self.expression(innermost, Level::Operand);
    }

    fn rows(&mut self, rows: &[Vec<Expression>], open: &str, close: &str) {
        self.push(open);
        for (at, row) in rows.iter().enumerate() {
            if at > 0 {
                self.push(";");
            }
            self.arguments(row);
        }
        self.push(close);
    }

    fn arguments(&mut self, arguments: &[Expression]) {
        for (at, argument) in arguments.iter().enumerate() {
            if at > 0 {
                self.push(",");
            }
            self.expression(argument, Level::Any);
        }
    }

    fn step(&mut self, step: &Step) {
        match step {
            Step::Paren(arguments, _) => {
                self.push("(");
                self.arguments(arguments);
                self.push(")");
            }
            Step::Brace(arguments, _) => {
                self.push("{");
                self.arguments(arguments);
                self.push("}");
            }
            Step::Field(name) => {
                self.push(".");
                self.push(&name.name);
            }
            Step::DynamicField(name, _) => {
                self.push(".(");
                self.expression(name, Level::Any);
                self.push(")");
            }
        }
    }

    fn number(&mut self, value: f64) {
        let magnitude = value.abs();
        if value.is_nan() {
            self.push("NaN");
        } else if magnitude.is_infinite() {
            // The shortest literal that is read as infinite.
            self.push(if value < 0.0 { "-1e999" } else { "1e999" });
        } else if magnitude != 0.0 && !(1e-5..1e16).contains(&magnitude) {
            self.push(&format!("{value:e}"));
        } else {
            self.push(&format!("{value}"));
        }
    }

    /// A quoted text. No literal holds a line end, so such a text is put together from parts.
    fn text(&mut self, text: &str, quote: char) {
        if !text.contains(['\n', '\r']) {
            return self.quoted(text, quote);
        }
        let (open, join, close) = if quote == '"' {
            ("(", "+", ")")
        } else {
            ("[", ",", "]")
        };
        self.push(open);
        for (at, part) in text.split_inclusive(['\n', '\r']).enumerate() {
            if at > 0 {
                self.push(join);
            }
            let line = part.trim_end_matches(['\n', '\r']);
            self.quoted(line, quote);
            if line.len() < part.len() {
                let code = if part.ends_with('\n') {
                    "char(10)"
                } else {
                    "char(13)"
                };
                self.push(join);
                self.push(code);
            }
        }
        self.push(close);
    }
}

/// Whether the last thing written of an operand of a transpose is a text in single quotes.
fn ends_with_text(expression: &Expression) -> bool {
    match &expression.kind {
        ExpressionKind::Char(_) => true,
        ExpressionKind::Binary(BinaryOp::Power | BinaryOp::ElementPower, _, right) => {
            ends_with_text(right)
        }
        ExpressionKind::Unary(_, operand) => ends_with_text(operand),
        _ => false,
    }
}

fn unary_symbol(operator: UnaryOp) -> &'static str {
    match operator {
        UnaryOp::Plus => "+",
        UnaryOp::Minus => "-",
        UnaryOp::Not => "~",
    }
}
