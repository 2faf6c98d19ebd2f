//! Index chains: `a(1).b{2}` step by step, and what in them is a call.

use super::{Dest, Lowering};
use crate::bytecode::{Constant, Instruction, PASS, Register, SPREAD};
use crate::unit::Meaning;
use std::rc::Rc;
use tourbillon_syntax::Span;
use tourbillon_syntax::ast::{BinaryOp, Expression, ExpressionKind, Step, UnaryOp};

/// A chain taken apart: what it begins with, and its steps with the place of the chain up to each.
pub(super) struct Chain<'e> {
    pub root: &'e Expression,
    pub steps: Vec<(&'e Step, Span)>,
}

impl<'e> Chain<'e> {
    /// Takes an expression apart; one that is no chain has no steps.
    pub fn new(expression: &'e Expression) -> Chain<'e> {
        let mut root = expression;
        let mut steps = Vec::new();
        while let ExpressionKind::Index(base, step) = &root.kind {
            steps.push((&**step, root.span));
            root = base;
        }
        steps.reverse();
        Chain { root, steps }
    }
}

impl Lowering<'_, '_> {
    /// A name with its steps. `outputs` is a number, `SPREAD` for a list or `PASS`. With one output
    /// or a list the result goes to `dest`; else the first result is given.
    pub(super) fn chain(&mut self, expression: &Expression, outputs: u8, dest: Dest) -> Register {
        let mark = self.mark();
        let chain = Chain::new(expression);
        let (value, next) = match &chain.root.kind {
            ExpressionKind::Name(name) => match self.variable_at(name, chain.root.span) {
                Some(binding) => {
                    let span = chain.root.span;
                    (self.at(span, |this| this.variable(&binding, Dest::Any)), 0)
                }
                None => {
                    let (name, mut next) = self.dotted_name(name, &chain.steps);
                    let mut span = match next {
                        0 => chain.root.span,
                        steps => chain.steps[steps - 1].1,
                    };
                    let mut arguments: &[Expression] = &[];
                    if let Some((Step::Paren(inside, _), place)) = chain.steps.get(next) {
                        arguments = inside;
                        span = *place;
                        next += 1;
                    }
                    let is_last = next == chain.steps.len();
                    // A list is wanted only of steps that can give one.
                    let wanted = match outputs {
                        _ if !is_last => 1,
                        SPREAD => 1,
                        outputs => outputs,
                    };
                    let at = self.at(span, |this| this.call_name(&name, span, arguments, wanted));
                    if is_last {
                        return self.last(mark, at, wanted, dest);
                    }
                    (at, next)
                }
            },
            _ => (self.expression(chain.root, Dest::Any), 0),
        };
        self.walk(mark, value, &chain.steps[next..], outputs, dest)
    }

    /// The steps of a chain, from the value before them.
    pub(super) fn walk(
        &mut self,
        mark: usize,
        mut value: Register,
        steps: &[(&Step, Span)],
        outputs: u8,
        dest: Dest,
    ) -> Register {
        let mut next = 0;
        while let Some((step, span)) = steps.get(next) {
            let method = match (step, steps.get(next + 1)) {
                (Step::Field(_), Some((Step::Paren(arguments, _), span)))
                    if !self.any_uses_end(arguments) =>
                {
                    Some((arguments.as_slice(), *span))
                }
                _ => None,
            };
            next += if method.is_some() { 2 } else { 1 };
            let is_last = next == steps.len();
            let wanted = if is_last { outputs } else { 1 };
            let dest = if is_last { dest } else { Dest::Any };
            let span = method.map_or(*span, |(_, span)| span);
            let arguments = method.map(|(arguments, _)| arguments);
            value = self.at(span, |this| {
                this.step(mark, value, step, arguments, wanted, dest)
            });
        }
        value
    }

    /// The longest library name with dots at the start of a chain, such as `containers.Map`, and how
    /// many steps belong to it.
    pub(super) fn dotted_name(&self, root: &Rc<str>, steps: &[(&Step, Span)]) -> (Rc<str>, usize) {
        if let Meaning::Function(_) = self.meaning(root) {
            return (root.clone(), 0);
        }
        let mut name = root.to_string();
        let mut found = (root.clone(), 0);
        for (at, (step, _)) in steps.iter().enumerate() {
            let Step::Field(field) = step else { break };
            name.push('.');
            name.push_str(&field.name);
            if let Meaning::Builtin(_) = self.meaning(&name) {
                found = (name.as_str().into(), at + 1);
            }
        }
        found
    }

    /// One step. `arguments` are those of a method.
    fn step(
        &mut self,
        mark: usize,
        value: Register,
        step: &Step,
        method: Option<&[Expression]>,
        outputs: u8,
        dest: Dest,
    ) -> Register {
        match step {
            Step::Paren(arguments, _) => {
                let outputs = if outputs == SPREAD { 1 } else { outputs };
                let (base, count) = self.arguments(arguments, Some(value));
                self.emit(Instruction::Paren {
                    callee: value,
                    base,
                    count,
                    outputs,
                });
                let at = self.results(base, outputs);
                self.last(mark, at, outputs, dest)
            }
            Step::Brace(arguments, _) => {
                // An expression statement and an anonymous function take the first of several.
                let outputs = if matches!(outputs, 0 | PASS) {
                    1
                } else {
                    outputs
                };
                let (base, count) = self.arguments(arguments, Some(value));
                self.emit(Instruction::Brace {
                    value,
                    base,
                    count,
                    outputs,
                });
                let at = self.results(base, outputs);
                self.last(mark, at, outputs, dest)
            }
            Step::Field(ident) => {
                if let Some(arguments) = method {
                    let outputs = if outputs == SPREAD { 1 } else { outputs };
                    let name = Constant::Text((&*ident.name).into());
                    let base = self.constant(name, Dest::Push);
                    // `end` in the arguments of a method belongs to nothing; see `any_uses_end`.
                    let (_, count) = self.arguments(arguments, Some(value));
                    self.emit(Instruction::Method {
                        value,
                        base,
                        count,
                        outputs,
                    });
                    let at = self.results(base, outputs);
                    return self.last(mark, at, outputs, dest);
                }
                let name = self.text_number(&ident.name);
                match outputs {
                    0 | 1 | PASS => {
                        let dst = self.place(mark, dest);
                        self.emit(Instruction::Field { dst, value, name });
                        dst
                    }
                    SPREAD => {
                        let dst = self.place(mark, dest);
                        self.emit(Instruction::FieldList { dst, value, name });
                        dst
                    }
                    outputs => self.fields(mark, value, name, outputs),
                }
            }
            Step::DynamicField(name, _) => {
                let name = self.expression(name, Dest::Any);
                let dst = self.place(mark, dest);
                self.emit(Instruction::DynamicField { dst, value, name });
                dst
            }
        }
    }

    /// `[a, b] = s.name`: the list becomes a cell, and its contents the results.
    fn fields(&mut self, mark: usize, value: Register, name: u16, outputs: u8) -> Register {
        let list = self.place(mark, Dest::Push);
        self.emit(Instruction::FieldList {
            dst: list,
            value,
            name,
        });
        let shape = self.shape(vec![1]);
        self.emit(Instruction::Cell {
            dst: list,
            base: list,
            shape,
        });
        let base = self.constant(Constant::Colon, Dest::Push);
        self.emit(Instruction::Brace {
            value: list,
            base,
            count: 1,
            outputs,
        });
        self.results(base, outputs)
    }

    /// The end of a step: one result goes to its place, several stay where they are.
    fn last(&mut self, mark: usize, at: Register, outputs: u8, dest: Dest) -> Register {
        match outputs {
            1 | SPREAD => self.settle(mark, at, dest),
            _ => at,
        }
    }

    /// Whether an argument or element may give any number of values.
    pub(super) fn is_list(&self, expression: &Expression) -> bool {
        let ExpressionKind::Index(_, step) = &expression.kind else {
            return false;
        };
        match &**step {
            Step::Brace(arguments, _) => !arguments.iter().all(|each| self.is_scalar_index(each)),
            Step::Field(_) => {
                let chain = Chain::new(expression);
                let ExpressionKind::Name(name) = &chain.root.kind else {
                    return true;
                };
                // A dotted library name is one call.
                self.variable_at(name, chain.root.span).is_some()
                    || self.dotted_name(name, &chain.steps).1 < chain.steps.len()
            }
            Step::Paren(..) | Step::DynamicField(..) => false,
        }
    }

    /// Whether an index can only be one number, as far as can be seen here.
    pub(super) fn is_scalar_index(&self, expression: &Expression) -> bool {
        match &expression.kind {
            ExpressionKind::Number(_) | ExpressionKind::End => true,
            ExpressionKind::Name(name) => self.scope.is_scalar(name),
            ExpressionKind::Unary(UnaryOp::Plus | UnaryOp::Minus, operand) => {
                self.is_scalar_index(operand)
            }
            ExpressionKind::Binary(
                BinaryOp::Add
                | BinaryOp::Subtract
                | BinaryOp::Multiply
                | BinaryOp::ElementMultiply
                | BinaryOp::RightDivide
                | BinaryOp::ElementRightDivide
                | BinaryOp::LeftDivide
                | BinaryOp::ElementLeftDivide
                | BinaryOp::Power
                | BinaryOp::ElementPower,
                left,
                right,
            ) => self.is_scalar_index(left) && self.is_scalar_index(right),
            _ => false,
        }
    }

    /// Whether any of some arguments uses the `end` of what they index.
    pub(super) fn any_uses_end(&self, arguments: &[Expression]) -> bool {
        arguments.iter().any(|argument| self.uses_end(argument))
    }

    fn uses_end(&self, expression: &Expression) -> bool {
        match &expression.kind {
            ExpressionKind::End => true,
            ExpressionKind::Number(_)
            | ExpressionKind::Imaginary(_)
            | ExpressionKind::Char(_)
            | ExpressionKind::String(_)
            | ExpressionKind::Name(_)
            | ExpressionKind::Colon
            | ExpressionKind::Handle(_)
            | ExpressionKind::Error
            | ExpressionKind::Anonymous { .. }
            | ExpressionKind::AsyncExpression(_)
            | ExpressionKind::AsyncBlock(_) => false,
            ExpressionKind::Unary(_, operand) | ExpressionKind::Postfix(_, operand) => {
                self.uses_end(operand)
            }
            ExpressionKind::Binary(_, left, right)
            | ExpressionKind::AndAnd(left, right)
            | ExpressionKind::OrOr(left, right) => self.uses_end(left) || self.uses_end(right),
            ExpressionKind::Range { start, step, stop } => {
                self.uses_end(start)
                    || step.as_ref().is_some_and(|step| self.uses_end(step))
                    || self.uses_end(stop)
            }
            ExpressionKind::Matrix(rows) | ExpressionKind::Cell(rows) => {
                rows.iter().flatten().any(|element| self.uses_end(element))
            }
            ExpressionKind::Index(..) => {
                let chain = Chain::new(expression);
                // The first arguments of a function call leave `end` to the index around the call.
                let mut called = match &chain.root.kind {
                    ExpressionKind::Name(name)
                        if self.variable_at(name, chain.root.span).is_none() =>
                    {
                        Some(self.dotted_name(name, &chain.steps).1)
                    }
                    _ => None,
                };
                let root_uses = match &chain.root.kind {
                    ExpressionKind::Name(_) => false,
                    _ => self.uses_end(chain.root),
                };
                root_uses
                    || chain
                        .steps
                        .iter()
                        .enumerate()
                        .any(|(at, (step, _))| match step {
                            Step::Paren(arguments, _) => {
                                called.take() == Some(at) && self.any_uses_end(arguments)
                            }
                            Step::Brace(..) => {
                                called = None;
                                false
                            }
                            Step::Field(_) => false,
                            Step::DynamicField(name, _) => self.uses_end(name),
                        })
            }
        }
    }
}
