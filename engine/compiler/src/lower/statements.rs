//! Statements.

use super::{Around, Dest, Exit, Lowering, assignments::Assigned};
use crate::bytecode::{Constant, Instruction, Register};
use crate::scope::Binding;
use crate::unit::Meaning;
use tourbillon_builtins::{Body, entry};
use tourbillon_syntax::Span;
use tourbillon_syntax::ast::{
    Block, Expression, ExpressionKind, Ident, Statement, StatementKind, Step,
};

impl Lowering<'_, '_> {
    /// Statements in order.
    pub(super) fn block(&mut self, block: &Block) {
        for statement in &block.statements {
            self.at(statement.span, |this| this.statement(statement));
        }
    }

    /// Says that a statement begins.
    pub(super) fn begin_statement(&mut self) {
        debug_assert_eq!(self.mark(), 0, "no temporary is alive between statements");
        self.emit(Instruction::Statement { cost: 0 });
    }

    fn statement(&mut self, statement: &Statement) {
        let span = statement.span;
        // The `end` of a block closes its statement as that of an `if` does: nothing is shown.
        let shows = |value: &Expression| {
            statement.prints && !matches!(value.kind, ExpressionKind::AsyncBlock(_))
        };
        // The condition of a `while` is a statement at every turn.
        if !matches!(statement.kind, StatementKind::While { .. }) {
            self.begin_statement();
        }
        match &statement.kind {
            StatementKind::Expression(expression) => {
                self.expression_statement(expression, shows(expression));
            }
            StatementKind::Assign {
                targets,
                bracketed,
                value,
            } => self.assignment(targets, *bracketed, value, shows(value)),
            StatementKind::If { arms, otherwise } => self.if_statement(arms, otherwise),
            StatementKind::For {
                target,
                iterable,
                body,
            } => self.for_statement(target, iterable, body),
            StatementKind::While { condition, body } => self.while_statement(condition, body),
            StatementKind::Switch {
                subject,
                cases,
                otherwise,
            } => self.switch_statement(subject, cases, otherwise),
            StatementKind::Break => self.exit(Exit::Break),
            StatementKind::Continue => self.exit(Exit::Continue),
            StatementKind::Return => self.exit(Exit::Return),
            StatementKind::Try {
                body,
                catch,
                finally,
            } => {
                if finally.is_some() {
                    self.extension(span, "`finally`");
                }
                self.try_statement(body, catch.as_ref(), finally.as_ref());
            }
            StatementKind::UnwindProtect { body, cleanup } => {
                self.guarded(cleanup, |this| this.block(body));
            }
            // Which names are global was found before.
            StatementKind::Global(_) => {}
            StatementKind::Persistent(variables) => self.persistent(variables),
            StatementKind::Command { name, words } => self.command(name, words, statement.prints),
            StatementKind::Error => {}
        }
    }

    fn expression_statement(&mut self, expression: &Expression, prints: bool) {
        if let ExpressionKind::Name(name) = &expression.kind
            && let Some(binding) = self.variable_at(name, expression.span)
        {
            return self.variable_statement(name, &binding, prints, expression.span);
        }
        if let Some((name, arguments)) = plain_call(expression)
            && self.clear_call(name, arguments)
        {
            return;
        }
        if self.is_list(expression) {
            return self.list_statement(expression, prints);
        }
        if !self.may_give_nothing(expression) {
            let value = Assigned::Expression(expression);
            return self.answer(value, prints);
        }
        let undefined = self.label();
        let at = self.call_statement(expression);
        self.emit(Instruction::JumpIfUndefined {
            register: at,
            target: undefined.0,
        });
        self.answer(Assigned::Temporary(at), prints);
        self.set_label(undefined);
    }

    /// A call whose result may be missing; gives where the result stands.
    pub(super) fn call_statement(&mut self, expression: &Expression) -> Register {
        let at = self.at(expression.span, |this| match &expression.kind {
            ExpressionKind::Name(name) => this.call_name(name, expression.span, &[], 0),
            _ => this.chain(expression, 0, Dest::Any),
        });
        self.registers.set(0);
        at
    }

    /// A variable as a statement is shown under its own name.
    fn variable_statement(&mut self, name: &str, binding: &Binding, prints: bool, span: Span) {
        self.at(span, |this| {
            if let Some(dst) = this.result {
                this.variable(binding, Dest::Into(dst));
            } else if !prints {
                let value = this.variable(binding, Dest::Push);
                this.discard(value);
                this.registers.set(0);
            }
            if prints {
                this.display(name);
            }
        });
    }

    /// Puts the value of a statement into `ans`, and into the result of an async block.
    pub(super) fn answer(&mut self, value: Assigned<'_>, prints: bool) {
        let Some(ans) = self.scope.variable("ans").cloned() else {
            unreachable!("a body with an expression statement has `ans`");
        };
        self.assign_variable(&ans, value);
        if let Some(dst) = self.result {
            self.variable(&ans, Dest::Into(dst));
        }
        self.registers.set(0);
        if prints {
            self.display("ans");
        }
    }

    fn if_statement(&mut self, arms: &[(Expression, Block)], otherwise: &Option<Block>) {
        let end = self.label();
        for (at, (condition, block)) in arms.iter().enumerate() {
            let next = self.label();
            self.jump_unless(condition, next);
            self.block(block);
            if at + 1 < arms.len() || otherwise.is_some() {
                self.jump(end);
            }
            self.set_label(next);
        }
        if let Some(block) = otherwise {
            self.block(block);
        }
        self.set_label(end);
    }

    fn switch_statement(
        &mut self,
        subject: &Expression,
        cases: &[(Expression, Block)],
        otherwise: &Option<Block>,
    ) {
        let end = self.label();
        // A variable cannot change while cases are compared. A temporary is given up before any
        // block runs, so that `break` finds nothing alive.
        let subject = self.expression(subject, Dest::Any);
        let mark = self.mark();
        for (case, block) in cases {
            let next = self.label();
            let span = case.span;
            let case = self.expression(case, Dest::Any);
            self.at(span, |this| {
                let dst = this.place(mark, Dest::Push);
                this.emit(Instruction::SwitchMatches { dst, subject, case });
                this.emit(Instruction::JumpIfFalse {
                    condition: dst,
                    target: next.0,
                });
                this.discard(subject);
            });
            self.registers.set(0);
            self.block(block);
            self.jump(end);
            self.registers.set(mark);
            self.set_label(next);
        }
        self.discard(subject);
        self.registers.set(0);
        if let Some(block) = otherwise {
            self.block(block);
        }
        self.set_label(end);
    }

    /// `break`, `continue`, `return`: through the cleanup code on the way.
    pub(super) fn exit(&mut self, exit: Exit) {
        for at in (0..self.around.len()).rev() {
            match &mut self.around[at] {
                Around::Loop {
                    break_label,
                    continue_label,
                } => {
                    let label = match exit {
                        Exit::Break => *break_label,
                        Exit::Continue => *continue_label,
                        Exit::Return => continue,
                    };
                    return self.jump(label);
                }
                Around::Guarded {
                    record,
                    cleanup,
                    exits,
                } => {
                    let (record, cleanup) = (*record, *cleanup);
                    let number = exits.iter().position(|known| *known == exit);
                    let number = number.unwrap_or_else(|| {
                        exits.push(exit);
                        exits.len() - 1
                    });
                    self.constant(Constant::Number((number + 1) as f64), Dest::Into(record));
                    return self.jump(cleanup);
                }
                Around::Cleanup => {
                    let word = match exit {
                        Exit::Break => "break",
                        Exit::Continue => "continue",
                        Exit::Return => "return",
                    };
                    let message = format!("`{word}` cannot leave cleanup code.");
                    let span = self.span;
                    return self.fail(span, "async:CleanupExit", message);
                }
            }
        }
        match exit {
            Exit::Return => self.leave(),
            Exit::Break | Exit::Continue => {
                let span = self.span;
                let message = "`break` and `continue` belong inside a loop.";
                self.fail(span, "MATLAB:m_break_outside_loop", message);
            }
        }
    }

    /// Leaves the function; outputs that live in a workspace go to their registers first.
    pub(super) fn leave(&mut self) {
        for (dst, binding) in self.outputs.clone() {
            if let Binding::Shared(workspace, slot) = binding {
                self.emit(Instruction::LoadSlot {
                    dst,
                    workspace,
                    slot,
                });
            }
        }
        self.emit(Instruction::Return);
    }

    fn persistent(&mut self, variables: &[(Ident, Option<Expression>)]) {
        for (ident, value) in variables {
            let (Some(value), Some(Binding::Global(name))) =
                (value, self.scope.variable(&ident.name).cloned())
            else {
                continue;
            };
            // A second global says whether the first has had its first value.
            let flag = self.text_number(&format!("{name}?"));
            let name = self.text_number(&name);
            let done = self.label();
            let condition = self.registers.push();
            self.emit(Instruction::LoadGlobal {
                dst: condition,
                name: flag,
            });
            self.emit(Instruction::JumpIfTrue {
                condition,
                target: done.0,
            });
            self.registers.set(0);
            let src = self.expression(value, Dest::Any);
            self.emit(Instruction::StoreGlobal { name, src });
            self.registers.set(0);
            let src = self.constant(Constant::Bool(true), Dest::Push);
            self.emit(Instruction::StoreGlobal { name: flag, src });
            self.registers.set(0);
            self.set_label(done);
        }
    }

    /// A command is a call with its words as texts.
    fn command(&mut self, name: &Ident, words: &[Ident], prints: bool) {
        let text = |word: &Ident| Expression {
            kind: ExpressionKind::Char(word.name.to_string()),
            span: word.span,
        };
        let span = self.span;
        if self.variable_at(&name.name, name.span).is_some() {
            let message = format!(
                "'{}' is a variable, so this is no command.\n\
                 put the same white space on both sides of the operator",
                name.name
            );
            return self.fail(span, "MATLAB:m_command_of_variable", message);
        }
        if let Meaning::Builtin(builtin) = self.meaning(&name.name)
            && matches!(entry(builtin).body, Body::Intrinsic(_))
            && !words.is_empty()
        {
            // As a command it would get the text of its words, which is never a future.
            let words: Vec<&str> = words.iter().map(|word| &*word.name).collect();
            let message = format!(
                "'{0}' takes its arguments in parentheses; as a command it would get text.\n\
                 write `{0}({1})`",
                name.name,
                words.join(" ")
            );
            return self.fail(span, "MATLAB:m_command_syntax", message);
        }
        let callee = Expression {
            kind: ExpressionKind::Name(name.name.clone()),
            span: name.span,
        };
        let arguments = Step::Paren(words.iter().map(text).collect(), span);
        let call = Expression {
            kind: ExpressionKind::Index(Box::new(callee), Box::new(arguments)),
            span,
        };
        self.expression_statement(&call, prints);
    }

    /// `clear`, `clear x y` and `clear('x', 'y')` are known to the compiler alone.
    fn clear_call(&mut self, name: &str, arguments: &[Expression]) -> bool {
        if !matches!(name, "clear" | "clearvars")
            || matches!(self.meaning(name), Meaning::Function(_))
        {
            return false;
        }
        let mut words = Vec::new();
        for argument in arguments {
            let ExpressionKind::Char(word) = &argument.kind else {
                return false;
            };
            words.push(word.as_str());
        }
        let everything = ["all", "variables", "vars", "-all", "-a"];
        if words.is_empty() || words.iter().all(|word| everything.contains(word)) {
            let named = self.scope.names().len() as Register;
            for register in 0..named {
                let name = &self.scope.names()[usize::from(register)];
                if !name.is_empty() && !name.starts_with('#') {
                    self.emit(Instruction::Clear { register });
                }
            }
            for (workspace, slot) in self.scope.shared().to_vec() {
                self.emit(Instruction::ClearShared { workspace, slot });
            }
            return true;
        }
        for word in words {
            let pattern: Vec<Register> = match word.strip_suffix('*') {
                Some(prefix) => (0..self.scope.names().len())
                    .filter(|at| {
                        let name = &self.scope.names()[*at];
                        !name.is_empty() && name.starts_with(prefix)
                    })
                    .map(|at| at as Register)
                    .collect(),
                None => self.local(word).into_iter().collect(),
            };
            for register in pattern {
                self.emit(Instruction::Clear { register });
            }
            if let Some(Binding::Shared(workspace, slot)) = self.scope.variable(word).cloned() {
                self.emit(Instruction::ClearShared { workspace, slot });
            }
        }
        true
    }
}

/// The name and the arguments of a call by name and nothing more.
fn plain_call(expression: &Expression) -> Option<(&str, &[Expression])> {
    match &expression.kind {
        ExpressionKind::Name(name) => Some((name, &[])),
        ExpressionKind::Index(base, step) => match (&base.kind, &**step) {
            (ExpressionKind::Name(name), Step::Paren(arguments, _)) => Some((name, arguments)),
            _ => None,
        },
        _ => None,
    }
}
