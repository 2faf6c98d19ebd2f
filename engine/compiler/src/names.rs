//! Which names a piece of code assigns, and which it mentions.

use rustc_hash::FxHashMap;
use std::rc::Rc;
use tourbillon_syntax::Span;
use tourbillon_syntax::ast::{
    Block, Expression, ExpressionKind, Ident, Parameter, Statement, StatementKind, Step, Target,
};

/// The names of one function body, without what belongs to functions and blocks inside it.
#[derive(Debug, Default)]
pub(crate) struct Names {
    /// Names that are assigned, in the order of their first assignment.
    pub assigned: Vec<Assigned>,
    /// Names that are read or called, in the order of their first mention. What anonymous functions
    /// and async blocks inside mention without owning it counts as mentioned here.
    pub mentioned: Vec<Rc<str>>,
    /// Names that handles are made of, `@name`, also in anonymous functions and async blocks inside.
    pub handles: Vec<Rc<str>>,
    /// Names declared `global`.
    pub globals: Vec<Ident>,
    /// Names declared `persistent`.
    pub persistents: Vec<Ident>,
    assigned_index: FxHashMap<Rc<str>, usize>,
    mentioned_index: FxHashMap<Rc<str>, ()>,
}

/// A name that is assigned.
#[derive(Debug)]
pub(crate) struct Assigned {
    /// The name.
    pub name: Rc<str>,
    /// Where it is assigned first.
    pub span: Span,
    /// Where the code begins that can find it assigned, but for loops.
    pub from: u32,
    /// Whether nothing but loops over ranges assigns it, so that it can only hold scalars.
    pub is_scalar: bool,
    /// Whether it is only assigned as `ans`, which nobody wrote.
    pub is_implicit: bool,
}

impl Names {
    /// The names of a block of statements.
    pub fn of_block(block: &Block) -> Names {
        let mut names = Names::default();
        names.block(block);
        names
    }

    /// The names of an expression.
    pub fn of_expression(expression: &Expression) -> Names {
        let mut names = Names::default();
        names.expression(expression);
        names
    }

    /// Whether a name is assigned.
    pub fn assigns(&self, name: &str) -> bool {
        self.assigned_index.contains_key(name)
    }

    /// Whether a name is declared `global` or `persistent`.
    pub fn declares(&self, name: &str) -> bool {
        (self.globals.iter().chain(&self.persistents)).any(|ident| &*ident.name == name)
    }

    fn assign(
        &mut self,
        name: &Rc<str>,
        span: Span,
        from: u32,
        is_scalar: bool,
        is_implicit: bool,
    ) {
        if let Some(at) = self.assigned_index.get(name) {
            let assigned = &mut self.assigned[*at];
            assigned.is_scalar &= is_scalar;
            if assigned.is_implicit && !is_implicit {
                assigned.is_implicit = false;
                assigned.span = span;
            }
            return;
        }
        self.assigned_index
            .insert(name.clone(), self.assigned.len());
        self.assigned.push(Assigned {
            name: name.clone(),
            span,
            from,
            is_scalar,
            is_implicit,
        });
    }

    fn mention(&mut self, name: &Rc<str>) {
        if self.mentioned_index.insert(name.clone(), ()).is_none() {
            self.mentioned.push(name.clone());
        }
    }

    fn block(&mut self, block: &Block) {
        for statement in &block.statements {
            self.statement(statement);
        }
    }

    fn statement(&mut self, statement: &Statement) {
        let end = statement.span.end;
        match &statement.kind {
            StatementKind::Expression(expression) => {
                self.assign(&"ans".into(), statement.span, end, false, true);
                self.expression(expression);
            }
            StatementKind::Assign { targets, value, .. } => {
                self.expression(value);
                for target in targets {
                    self.target(target, end, false);
                }
            }
            StatementKind::If { arms, otherwise } => {
                for (condition, block) in arms {
                    self.expression(condition);
                    self.block(block);
                }
                self.blocks(otherwise);
            }
            StatementKind::For {
                target,
                iterable,
                body,
            } => {
                self.expression(iterable);
                let is_range = matches!(iterable.kind, ExpressionKind::Range { .. });
                self.target(target, iterable.span.end, is_range);
                self.block(body);
            }
            StatementKind::While { condition, body } => {
                self.expression(condition);
                self.block(body);
            }
            StatementKind::Switch {
                subject,
                cases,
                otherwise,
            } => {
                self.expression(subject);
                for (case, block) in cases {
                    self.expression(case);
                    self.block(block);
                }
                self.blocks(otherwise);
            }
            StatementKind::Break | StatementKind::Continue | StatementKind::Return => {}
            StatementKind::Try {
                body,
                catch,
                finally,
            } => {
                self.block(body);
                if let Some(catch) = catch {
                    if let Some(variable) = &catch.variable {
                        self.assign(
                            &variable.name,
                            variable.span,
                            variable.span.end,
                            false,
                            false,
                        );
                    }
                    self.block(&catch.body);
                }
                self.blocks(finally);
            }
            StatementKind::UnwindProtect { body, cleanup } => {
                self.block(body);
                self.block(cleanup);
            }
            StatementKind::Global(idents) => self.globals.extend(idents.iter().cloned()),
            StatementKind::Persistent(variables) => {
                for (ident, value) in variables {
                    self.persistents.push(ident.clone());
                    if let Some(value) = value {
                        self.expression(value);
                    }
                }
            }
            StatementKind::Command { name, .. } => {
                self.assign(&"ans".into(), statement.span, end, false, true);
                self.mention(&name.name);
            }
            StatementKind::Error => {}
        }
    }

    fn blocks(&mut self, block: &Option<Block>) {
        if let Some(block) = block {
            self.block(block);
        }
    }

    fn target(&mut self, target: &Target, from: u32, is_scalar: bool) {
        match target {
            Target::Ignored(_) => {}
            Target::Place {
                variable, steps, ..
            } => {
                for step in steps {
                    self.step(step);
                }
                let is_scalar = is_scalar && steps.is_empty();
                self.assign(&variable.name, variable.span, from, is_scalar, false);
            }
        }
    }

    fn step(&mut self, step: &Step) {
        match step {
            Step::Paren(arguments, _) | Step::Brace(arguments, _) => {
                for argument in arguments {
                    self.expression(argument);
                }
            }
            Step::Field(_) => {}
            Step::DynamicField(name, _) => self.expression(name),
        }
    }

    fn expression(&mut self, expression: &Expression) {
        match &expression.kind {
            ExpressionKind::Number(_)
            | ExpressionKind::Imaginary(_)
            | ExpressionKind::Char(_)
            | ExpressionKind::String(_)
            | ExpressionKind::Colon
            | ExpressionKind::End
            | ExpressionKind::Error => {}
            ExpressionKind::Handle(name) => self.handles.push(name.clone()),
            ExpressionKind::Name(name) => self.mention(name),
            ExpressionKind::Unary(_, operand) | ExpressionKind::Postfix(_, operand) => {
                self.expression(operand);
            }
            ExpressionKind::Binary(_, left, right)
            | ExpressionKind::AndAnd(left, right)
            | ExpressionKind::OrOr(left, right) => {
                self.expression(left);
                self.expression(right);
            }
            ExpressionKind::Range { start, step, stop } => {
                self.expression(start);
                if let Some(step) = step {
                    self.expression(step);
                }
                self.expression(stop);
            }
            ExpressionKind::Matrix(rows) | ExpressionKind::Cell(rows) => {
                for element in rows.iter().flatten() {
                    self.expression(element);
                }
            }
            ExpressionKind::Index(base, step) => {
                self.expression(base);
                self.step(step);
            }
            ExpressionKind::Anonymous { inputs, body } => {
                let names = Names::of_expression(body);
                for name in free_names(&names, inputs) {
                    self.mention(&name);
                }
                self.handles.extend(names.handles);
            }
            ExpressionKind::AsyncExpression(body) => {
                let names = Names::of_expression(body);
                for name in &names.mentioned {
                    self.mention(name);
                }
                self.handles.extend(names.handles);
            }
            ExpressionKind::AsyncBlock(body) => {
                let names = Names::of_block(body);
                for name in names.mentioned.iter() {
                    if !names.assigns(name) && !names.declares(name) {
                        self.mention(name);
                    }
                }
                self.handles.extend(names.handles);
            }
        }
    }
}

/// What an anonymous function mentions without owning it. `nargin` and `nargout` are its own.
pub(crate) fn free_names(body: &Names, inputs: &[Parameter]) -> Vec<Rc<str>> {
    body.mentioned
        .iter()
        .filter(|name| !matches!(&***name, "nargin" | "nargout"))
        .filter(|name| {
            !inputs.iter().any(|input| match input {
                Parameter::Named(ident) => ident.name == **name,
                Parameter::Ignored(_) => false,
            })
        })
        .cloned()
        .collect()
}
