//! From a tree back to text: `parse(print(tree))` is the tree again, but for places. Brackets stand
//! where precedence needs them; those that the author wrote beyond that are not in the tree.

mod expressions;

use self::expressions::Level;
use crate::ast::{
    Block, Catch, Expression, File, Function, Ident, Parameter, Statement, StatementKind, Target,
};

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

#[derive(Default)]
struct Printer {
    out: String,
    indent: usize,
}

impl Printer {
    fn push(&mut self, text: &str) {
        self.out.push_str(text);
    }

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
            nested,
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
        self.indent += 1;
        for inner in nested {
            self.begin_line();
            self.function(inner);
        }
        self.indent -= 1;
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
}
