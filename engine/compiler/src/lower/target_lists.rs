//! Assignments to targets that stand for several elements: `[c{1:n}] = f(…)`.

use super::{Dest, Lowering, assignments::Assigned};
use crate::bytecode::{COUNTED, Constant, Instruction, LIST, PathShape, Register, SPREAD};
use crate::registers::{height, temporary};
use crate::scope::Binding;
use tourbillon_syntax::Span;
use tourbillon_syntax::ast::{BinaryOp, Expression, ExpressionKind, Step, Target};

/// A target that takes a number of values that is known at run time.
struct TargetList {
    binding: Binding,
    /// The steps before the last.
    before: Vec<PathShape>,
    /// The first of the temporaries with the operands of these steps, after which comes the list of the last
    /// step's indices.
    operands: usize,
    /// A hidden local with the number of elements.
    count: Register,
}

impl Lowering<'_, '_> {
    /// Whether a target may stand for any number of elements.
    pub(super) fn is_target_list(&self, target: &Target) -> bool {
        let Target::Place { steps, .. } = target else {
            return false;
        };
        let Some(Step::Brace(arguments, _)) = steps.last() else {
            return false;
        };
        let is_several = |argument: &Expression| {
            matches!(
                argument.kind,
                ExpressionKind::Range { .. } | ExpressionKind::Colon | ExpressionKind::Matrix(_)
            )
        };
        // An index that is a variable may be one number or several.
        arguments.iter().any(is_several) || arguments.iter().any(|each| !self.is_scalar_index(each))
    }

    /// `[a, c{1:n}] = value`: the indices come first, since they say how many results are wanted.
    pub(super) fn list_assignment(&mut self, targets: &[Target], value: &Expression) {
        let mut lists = Vec::new();
        for target in targets {
            let list = match target {
                Target::Place { steps, span, .. } if self.is_target_list(target) => {
                    Some(self.target_list(target, steps, *span))
                }
                Target::Place { .. } | Target::Ignored(_) => None,
            };
            lists.push(list);
        }
        let singles = lists.iter().filter(|list| list.is_none()).count();
        let values = self.wanted_values(value, singles, &lists);
        if let Some(values) = values {
            for (at, list) in lists.iter().enumerate() {
                let mark = self.mark();
                let dst = self.registers.push();
                match list {
                    None => {
                        self.emit(Instruction::ListTake { dst, list: values });
                        self.assign(targets, at, Assigned::Temporary(dst));
                    }
                    Some(list) => self.store_list(list, values, dst),
                }
                self.registers.set(mark);
            }
            self.discard(values);
        }
        let hidden: Vec<Register> = lists.iter().flatten().map(|list| list.count).collect();
        for register in hidden.iter().rev() {
            self.emit(Instruction::Clear {
                register: *register,
            });
            self.registers.give_hidden(1);
        }
    }

    /// Computes the operands of a list target, and counts the elements that they address.
    fn target_list(&mut self, target: &Target, steps: &[Step], span: Span) -> TargetList {
        let Target::Place { variable, .. } = target else {
            unreachable!("an ignored target is no list")
        };
        let Some(binding) = self.scope.variable(&variable.name).cloned() else {
            // The walk over the names found every target.
            unreachable!("a target is a variable");
        };
        let Some((Step::Brace(arguments, _), before)) = steps.split_last() else {
            unreachable!("a list target ends with braces")
        };
        let shapes: Vec<PathShape> = before.iter().map(|step| self.path_shape(step)).collect();
        let count = self.registers.take_hidden(1);
        let operands = self.mark();
        let own: u32 = shapes.iter().map(crate::operands::step_operands).sum();
        let indices = operands + own as usize;
        self.registers.set(indices + 1);
        self.at(span, |this| {
            this.with_copy(&binding, |this, variable| {
                this.path_operands(variable, before, &shapes, operands);
                this.path_arguments(variable, before, arguments, LIST, indices, Some(count));
            });
        });
        self.registers.set(indices + 1);
        TargetList {
            binding,
            before: shapes,
            operands,
            count,
        }
    }

    /// Does something with the value that a variable has now, which may be none. A shared one has no second
    /// owner afterwards.
    fn with_copy(&mut self, binding: &Binding, part: impl FnOnce(&mut Self, Register)) {
        let load = match binding {
            Binding::Local(register) => return part(self, *register),
            Binding::Global(name) => Instruction::LoadGlobal {
                dst: self.registers.take_hidden(1),
                name: self.text_number(name),
            },
            Binding::Shared(workspace, slot) => Instruction::LoadSlot {
                dst: self.registers.take_hidden(1),
                workspace: *workspace,
                slot: *slot,
            },
        };
        let (Instruction::LoadGlobal { dst, .. } | Instruction::LoadSlot { dst, .. }) = load else {
            unreachable!("it loads")
        };
        self.emit(load);
        part(self, dst);
        self.emit(Instruction::Clear { register: dst });
        self.registers.give_hidden(1);
    }

    /// The values of the right side, as one list in a temporary.
    fn wanted_values(
        &mut self,
        value: &Expression,
        singles: usize,
        lists: &[Option<TargetList>],
    ) -> Option<Register> {
        if !self.is_call_of_several(value) {
            return None;
        }
        if self.is_list(value)
            || matches!(&value.kind, ExpressionKind::Index(_, step) if matches!(**step, Step::Brace(..)))
        {
            return Some(self.at(value.span, |this| this.chain(value, SPREAD, Dest::Push)));
        }
        let mark = self.mark();
        let mut total = self.constant(Constant::Number(singles as f64), Dest::Push);
        for list in lists.iter().flatten() {
            let dst = self.registers.push();
            self.emit(Instruction::Binary {
                op: BinaryOp::Add,
                dst,
                left: total,
                right: list.count,
            });
            total = dst;
        }
        self.emit(Instruction::Want { count: total });
        self.registers.set(mark);
        let base = self.at(value.span, |this| match &value.kind {
            ExpressionKind::Name(name) => this.call_name(name, value.span, &[], COUNTED),
            _ => this.chain(value, COUNTED, Dest::Any),
        });
        self.emit(Instruction::Gather { base });
        self.registers.set(height(base) + 1);
        Some(base)
    }

    /// `c(indices) = the next values as a cell`.
    fn store_list(&mut self, list: &TargetList, values: Register, dst: Register) {
        let own: u32 = list.before.iter().map(crate::operands::step_operands).sum();
        let base = height(dst);
        let operands = own as usize + 1;
        self.registers.set(base + operands);
        for at in 0..operands {
            self.emit(Instruction::Move {
                dst: temporary(base + at),
                src: temporary(list.operands + at),
            });
        }
        let cell = self.registers.push();
        self.emit(Instruction::ListTakeCell {
            dst: cell,
            list: values,
            count: list.count,
        });
        let mut shapes = list.before.clone();
        shapes.push(PathShape::Paren(LIST));
        let path = self.path(shapes);
        let store = |this: &mut Self, variable: Register| {
            this.emit_store(Instruction::Store {
                variable,
                base: dst,
                path,
            });
        };
        match &list.binding {
            Binding::Local(register) => store(self, *register),
            Binding::Global(name) => self.with_global(name, store),
            Binding::Shared(workspace, slot) => self.with_shared(*workspace, *slot, store),
        }
    }

    /// A statement of any number of values: each becomes `ans`, and is shown, in turn.
    pub(super) fn list_statement(&mut self, expression: &Expression, prints: bool) {
        let list = self.registers.take_hidden(1);
        self.at(expression.span, |this| {
            this.chain(expression, SPREAD, Dest::Into(list))
        });
        self.registers.set(0);
        let (next, end) = (self.label_here(), self.label());
        self.emit(Instruction::JumpIfListEmpty {
            list,
            target: end.0,
        });
        let dst = self.registers.push();
        self.emit(Instruction::ListTake { dst, list });
        self.answer(Assigned::Temporary(dst), prints);
        self.jump(next);
        self.set_label(end);
        self.emit(Instruction::Clear { register: list });
        self.registers.give_hidden(1);
    }
}
