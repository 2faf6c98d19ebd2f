//! Assignments: to variables, into them, and of several results at once.

use super::chains::Chain;
use super::{Dest, EndFrame, Lowering, calls::MAX_ARGUMENTS};
use crate::bytecode::{Constant, Handler, HandlerKind, Instruction, LIST, PathShape, Register};
use crate::registers::{height, temporary};
use crate::scope::Binding;
use crate::unit::Meaning;
use tourbillon_syntax::Span;
use tourbillon_syntax::ast::{Expression, ExpressionKind, Step, Target};
use tourbillon_value::{build_runtime_error, codes};

/// What is assigned.
#[derive(Clone, Copy)]
pub(super) enum Assigned<'e> {
    /// The value of an expression, which is computed first.
    Expression(&'e Expression),
    /// What a temporary holds.
    Temporary(Register),
}

impl Lowering<'_, '_> {
    /// `targets = value`.
    pub(super) fn assignment(
        &mut self,
        targets: &[Target],
        bracketed: bool,
        value: &Expression,
        prints: bool,
    ) {
        let mark = self.mark();
        match targets {
            _ if bracketed && targets.iter().any(|target| self.is_target_list(target)) => {
                self.list_assignment(targets, value);
            }
            [
                Target::Place {
                    variable,
                    steps,
                    span,
                },
            ] => {
                let is_deletion = !bracketed
                    && matches!(steps.last(), Some(Step::Paren(..)))
                    && matches!(&value.kind, ExpressionKind::Matrix(rows) if rows.is_empty());
                if is_deletion {
                    self.at(*span, |this| this.delete(&variable.name, steps));
                } else {
                    self.assign(targets, 0, Assigned::Expression(value));
                }
            }
            [Target::Ignored(_)] => {
                let ignored = self.expression(value, Dest::Push);
                self.discard(ignored);
            }
            _ => {
                let Some(base) = self.results_of(value, targets.len()) else {
                    return;
                };
                for at in 0..targets.len() {
                    let result = temporary(height(base) + at);
                    self.assign(targets, at, Assigned::Temporary(result));
                }
            }
        }
        self.registers.set(mark);
        if prints {
            for target in targets {
                if let Target::Place { variable, .. } = target {
                    self.display(&variable.name);
                }
            }
        }
    }

    /// Reports that a right side gives one value where several are wanted, unless it is a call or an
    /// index. Says whether it is.
    pub(super) fn is_call_of_several(&mut self, value: &Expression) -> bool {
        let is_call = match &value.kind {
            ExpressionKind::Name(name) => self.variable_at(name, value.span).is_none(),
            ExpressionKind::Index(_, step) => match &**step {
                Step::Paren(..) | Step::Brace(..) | Step::Field(_) => true,
                Step::DynamicField(..) => false,
            },
            // There is a diagnostic for it.
            ExpressionKind::Error => return false,
            _ => false,
        };
        if !is_call {
            let error = build_runtime_error("Too many output arguments.").code(&codes::MAX_OUTPUTS);
            self.report(value.span, error);
        }
        is_call
    }

    /// Several results of a call in consecutive temporaries.
    pub(super) fn results_of(&mut self, value: &Expression, count: usize) -> Option<Register> {
        if count > MAX_ARGUMENTS {
            self.too_large = Some("an assignment has more than 250 targets");
            return None;
        }
        let outputs = count as u8;
        if !self.is_call_of_several(value) {
            return None;
        }
        Some(self.at(value.span, |this| match &value.kind {
            ExpressionKind::Name(name) => this.call_name(name, value.span, &[], outputs),
            _ => this.chain(value, outputs, Dest::Any),
        }))
    }

    /// Assigns to one of the targets.
    pub(super) fn assign(&mut self, targets: &[Target], at: usize, value: Assigned<'_>) {
        match &targets[at] {
            Target::Ignored(_) => match value {
                Assigned::Temporary(register) => self.discard(register),
                Assigned::Expression(_) => unreachable!("an ignored target has a result"),
            },
            Target::Place {
                variable,
                steps,
                span,
            } => {
                let Some(binding) = self.scope.variable(&variable.name).cloned() else {
                    // The walk over the names found every target.
                    unreachable!("a target is a variable");
                };
                if steps.is_empty() {
                    return self.assign_variable(&binding, value);
                }
                self.at(*span, |this| match binding {
                    Binding::Local(register) => this.store(register, steps, Some(value)),
                    Binding::Global(name) => {
                        // The right side may change the global, so it comes first.
                        let mark = this.mark();
                        let value = match value {
                            Assigned::Expression(value) => this.expression(value, Dest::Push),
                            Assigned::Temporary(register) => register,
                        };
                        if let [Step::Paren(arguments, _)] = steps.as_slice()
                            && let [index] = arguments.as_slice()
                            && !matches!(index.kind, ExpressionKind::Colon)
                            && !this.is_list(index)
                        {
                            this.store_global_index(&name, index, value);
                            return this.registers.set(mark);
                        }
                        this.with_global(&name, |this, register| {
                            this.store(register, steps, Some(Assigned::Temporary(value)));
                        });
                        this.registers.set(mark);
                    }
                    Binding::Shared(workspace, slot) => {
                        let mark = this.mark();
                        let value = match value {
                            Assigned::Expression(value) => this.expression(value, Dest::Push),
                            Assigned::Temporary(register) => register,
                        };
                        this.with_shared(workspace, slot, |this, register| {
                            this.store(register, steps, Some(Assigned::Temporary(value)));
                        });
                        this.registers.set(mark);
                    }
                });
            }
        }
    }

    /// Assigns to a whole variable.
    pub(super) fn assign_variable(&mut self, binding: &Binding, value: Assigned<'_>) {
        match (binding, value) {
            (Binding::Local(register), Assigned::Expression(value)) => {
                self.expression(value, Dest::Into(*register));
            }
            (Binding::Local(register), Assigned::Temporary(src)) => {
                self.emit(Instruction::Move {
                    dst: *register,
                    src,
                });
            }
            (Binding::Global(name), value) => {
                let mark = self.mark();
                let src = match value {
                    Assigned::Expression(value) => self.expression(value, Dest::Any),
                    Assigned::Temporary(src) => src,
                };
                let name = self.text_number(name);
                self.emit(Instruction::StoreGlobal { name, src });
                self.registers.set(mark);
            }
            (Binding::Shared(workspace, slot), value) => {
                let mark = self.mark();
                let src = match value {
                    Assigned::Expression(value) => self.expression(value, Dest::Any),
                    Assigned::Temporary(src) => src,
                };
                self.emit(Instruction::StoreShared {
                    workspace: *workspace,
                    slot: *slot,
                    src,
                });
                self.registers.set(mark);
            }
        }
    }

    /// `global name(index) = value`: the global has no second owner by then, so that nothing is copied.
    fn store_global_index(&mut self, name: &str, index: &Expression, value: Register) {
        let name = self.text_number(name);
        let uses_end = self.any_uses_end(std::slice::from_ref(index));
        let index = if uses_end {
            let whole = self.registers.take_hidden(1);
            self.emit(Instruction::LoadGlobal { dst: whole, name });
            self.ends.push(EndFrame {
                value: whole,
                position: 0,
                count: 1,
            });
            let index = self.expression(index, Dest::Push);
            self.ends.pop();
            self.emit(Instruction::Clear { register: whole });
            self.registers.give_hidden(1);
            index
        } else {
            self.expression(index, Dest::Any)
        };
        self.emit(Instruction::StoreGlobalIndex { name, index, value });
    }

    /// Changes a global in a hidden local, and stores it back.
    pub(super) fn with_global(&mut self, name: &str, part: impl FnOnce(&mut Self, Register)) {
        let name = self.text_number(name);
        let register = self.registers.take_hidden(1);
        self.emit(Instruction::LoadGlobal {
            dst: register,
            name,
        });
        part(self, register);
        self.emit(Instruction::StoreGlobal {
            name,
            src: register,
        });
        self.emit(Instruction::Clear { register });
        self.registers.give_hidden(1);
    }

    /// Changes a shared variable, which may have no value yet, in a hidden local, and stores it back. The
    /// workspace gives it up meanwhile, so that nothing is copied; an error puts it back as it was.
    pub(super) fn with_shared(
        &mut self,
        workspace: Register,
        slot: u16,
        part: impl FnOnce(&mut Self, Register),
    ) {
        let register = self.registers.take_hidden(2);
        let record = register + 1;
        let back = Instruction::StoreSlot {
            workspace,
            slot,
            src: register,
        };
        self.emit(Instruction::LoadSlot {
            dst: register,
            workspace,
            slot,
        });
        self.changing = Some((workspace, slot));
        part(self, register);
        debug_assert!(self.changing.is_none(), "the store was announced");
        let end = self.here();
        let after = self.label();
        self.emit(back);
        self.jump(after);
        let target = self.here();
        self.emit(back);
        self.emit(Instruction::EndCleanup { record });
        self.emit(Instruction::Return);
        self.set_label(after);
        self.handlers.push(Handler {
            start: end - 1,
            end,
            target,
            kind: HandlerKind::Cleanup(record),
        });
        self.registers.give_hidden(2);
    }

    /// Stores into a variable, or deletes: the operands are computed. A workspace gives a variable of its
    /// own up here.
    pub(super) fn emit_store(&mut self, store: Instruction) {
        if let Some((workspace, slot)) = self.changing.take() {
            self.emit(Instruction::ClearShared { workspace, slot });
        }
        self.emit(store);
    }

    /// `x(…) = []`.
    fn delete(&mut self, name: &str, steps: &[Step]) {
        match self.scope.variable(name).cloned() {
            Some(Binding::Local(register)) => self.store(register, steps, None),
            Some(Binding::Global(name)) => {
                self.with_global(&name, |this, register| this.store(register, steps, None));
            }
            Some(Binding::Shared(workspace, slot)) => {
                self.with_shared(workspace, slot, |this, register| {
                    this.store(register, steps, None);
                });
            }
            None => unreachable!("a target is a variable"),
        }
    }

    /// Stores into a variable at the end of a path; without a value this deletes. The value is
    /// computed before the operands, although it stands after them.
    pub(super) fn store(
        &mut self,
        variable: Register,
        steps: &[Step],
        value: Option<Assigned<'_>>,
    ) {
        let mark = self.mark();
        if let ([Step::Paren(arguments, _)], Some(value)) = (steps, value)
            && let [index] = arguments.as_slice()
            && !matches!(index.kind, ExpressionKind::Colon)
            && !self.is_list(index)
        {
            let value = match value {
                Assigned::Expression(value) => self.expression(value, Dest::Any),
                Assigned::Temporary(register) => register,
            };
            self.ends.push(EndFrame {
                value: variable,
                position: 0,
                count: 1,
            });
            let index = self.expression(index, Dest::Any);
            self.ends.pop();
            self.emit_store(Instruction::StoreIndex {
                variable,
                index,
                value,
            });
            return self.registers.set(mark);
        }
        let shapes: Vec<PathShape> = steps.iter().map(|step| self.path_shape(step)).collect();
        let operands: u32 = shapes.iter().map(crate::operands::step_operands).sum();
        self.registers.set(mark + operands as usize);
        match value {
            Some(Assigned::Expression(value)) => {
                self.expression(value, Dest::Push);
            }
            Some(Assigned::Temporary(src)) => {
                let dst = self.registers.push();
                self.emit(Instruction::Move { dst, src });
            }
            None => {}
        }
        self.path_operands(variable, steps, &shapes, mark);
        let path = self.path(shapes);
        let base = temporary(mark);
        self.emit_store(match value {
            Some(_) => Instruction::Store {
                variable,
                base,
                path,
            },
            None => Instruction::Delete {
                variable,
                base,
                path,
            },
        });
        self.registers.set(mark);
    }

    /// The operands of the steps of a path, in the temporaries from `slot` on, which were reserved.
    pub(super) fn path_operands(
        &mut self,
        variable: Register,
        steps: &[Step],
        shapes: &[PathShape],
        mut slot: usize,
    ) {
        for (at, (step, shape)) in steps.iter().zip(shapes).enumerate() {
            match (step, shape) {
                (
                    Step::Paren(arguments, _) | Step::Brace(arguments, _),
                    PathShape::Paren(count) | PathShape::Brace(count),
                ) => {
                    self.path_arguments(variable, &steps[..at], arguments, *count, slot, None);
                }
                (Step::DynamicField(name, _), _) => {
                    self.expression(name, Dest::Into(temporary(slot)));
                }
                _ => {}
            }
            slot += crate::operands::step_operands(shape) as usize;
        }
    }

    pub(super) fn path_shape(&self, step: &Step) -> PathShape {
        let count = |arguments: &[Expression]| {
            let is_list = arguments.len() > MAX_ARGUMENTS
                || arguments.iter().any(|argument| self.is_list(argument));
            if is_list { LIST } else { arguments.len() as u8 }
        };
        match step {
            Step::Paren(arguments, _) => PathShape::Paren(count(arguments)),
            Step::Brace(arguments, _) => PathShape::Brace(count(arguments)),
            Step::Field(ident) => PathShape::Field((&*ident.name).into()),
            Step::DynamicField(..) => PathShape::DynamicField,
        }
    }

    /// The arguments of a step of a path, in the temporaries from `slot` on, which were reserved. Those
    /// of a list are counted too, if wanted: how many elements they address.
    pub(super) fn path_arguments(
        &mut self,
        variable: Register,
        before: &[Step],
        arguments: &[Expression],
        count: u8,
        slot: usize,
        counter: Option<Register>,
    ) {
        let is_all = |each: &Expression| matches!(each.kind, ExpressionKind::Colon);
        let needs_count = counter.is_some() && arguments.iter().any(is_all);
        let needs_prefix = !before.is_empty() && (needs_count || self.any_uses_end(arguments));
        let indexed = if needs_prefix {
            self.prefix(variable, before)
        } else {
            variable
        };
        let list = temporary(slot);
        if count == LIST {
            self.emit(Instruction::ListNew { dst: list });
        }
        for (position, argument) in arguments.iter().enumerate() {
            self.ends.push(EndFrame {
                value: indexed,
                position,
                count: arguments.len(),
            });
            if count == LIST {
                let mark = self.mark();
                let src = self.element(argument);
                self.emit(Instruction::ListPush { list, src });
                self.registers.set(mark);
            } else {
                self.expression(argument, Dest::Into(temporary(slot + position)));
            }
            self.ends.pop();
        }
        if let Some(dst) = counter {
            self.emit(Instruction::IndexCount {
                dst,
                value: indexed,
                list,
            });
        }
        if needs_prefix {
            // The value must have no second owner when it is stored into.
            self.emit(Instruction::Clear { register: indexed });
            self.registers.give_hidden(1);
        }
    }

    /// The value of the beginning of a path in a hidden local, for `end`. What does not exist yet has
    /// no value, and an `end` of 0.
    fn prefix(&mut self, variable: Register, steps: &[Step]) -> Register {
        let mark = self.mark();
        let register = self.registers.take_hidden(1);
        let absent = self.label();
        self.emit(Instruction::Clear { register });
        self.emit(Instruction::JumpIfUndefined {
            register: variable,
            target: absent.0,
        });
        if let ([Step::Field(ident)], Meaning::Builtin(builtin)) = (steps, self.meaning("isfield"))
        {
            let base = self.registers.push();
            self.emit(Instruction::Move {
                dst: base,
                src: variable,
            });
            self.constant(Constant::Text((&*ident.name).into()), Dest::Push);
            self.emit(Instruction::CallBuiltin {
                builtin,
                base,
                count: 2,
                outputs: 1,
            });
            self.emit(Instruction::JumpIfFalse {
                condition: base,
                target: absent.0,
            });
            self.registers.set(mark);
        }
        let span = self.span;
        let steps: Vec<(&Step, Span)> = steps.iter().map(|step| (step, span)).collect();
        self.walk(mark, variable, &steps, 1, Dest::Into(register));
        self.registers.set(mark);
        self.set_label(absent);
        register
    }

    /// Shows a variable.
    pub(super) fn display(&mut self, name: &str) {
        let Some(binding) = self.scope.variable(name).cloned() else {
            return;
        };
        let mark = self.mark();
        let src = self.variable(&binding, Dest::Any);
        let name = self.text_number(name);
        self.emit(Instruction::Display { src, name });
        self.discard(src);
        self.registers.set(mark);
    }

    /// Whether a chain is a call whose result may be missing.
    pub(super) fn may_give_nothing(&self, expression: &Expression) -> bool {
        let chain = Chain::new(expression);
        let is_variable = match &chain.root.kind {
            ExpressionKind::Name(name) => self.variable_at(name, chain.root.span).is_some(),
            _ => true,
        };
        if self.makes_future(&chain) {
            return false;
        }
        match chain.steps.last() {
            Some((Step::Paren(..) | Step::Brace(..), _)) => true,
            Some((Step::Field(_), _)) => !is_variable && self.is_dotted_call(&chain),
            Some((Step::DynamicField(..), _)) => false,
            None => !is_variable,
        }
    }

    /// Whether a chain is nothing but the call of an async function.
    fn makes_future(&self, chain: &Chain<'_>) -> bool {
        let ExpressionKind::Name(name) = &chain.root.kind else {
            return false;
        };
        let is_call = matches!(chain.steps.as_slice(), [] | [(Step::Paren(..), _)]);
        is_call
            && self.variable_at(name, chain.root.span).is_none()
            && matches!(self.meaning(name), Meaning::Function(function) if function.is_async)
    }

    fn is_dotted_call(&self, chain: &Chain<'_>) -> bool {
        match &chain.root.kind {
            ExpressionKind::Name(name) => {
                self.dotted_name(name, &chain.steps).1 == chain.steps.len()
            }
            _ => false,
        }
    }
}
