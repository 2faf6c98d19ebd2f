//! Assignments to targets that stand for several elements: `[c{1:n}] = f(…)`.

use super::{Dest, Lowering, assignments::Assigned};
use crate::bytecode::{COUNTED, Constant, Instruction, LIST, PathShape, Register, SPREAD};
use crate::scope::Binding;
use tourbillon_syntax::Span;
use tourbillon_syntax::ast::{BinaryOp, Expression, ExpressionKind, Step, Target};

/// A target that takes a number of values that is known at run time.
struct TargetList<'e> {
    variable: Register,
    /// The steps before the last, fields all.
    before: &'e [Step],
    /// A temporary with the list of the last step's indices.
    indices: Register,
    /// A hidden local with the number of elements.
    count: Register,
}

impl Lowering<'_, '_> {
    /// Whether a target may stand for any number of elements.
    pub(super) fn is_target_list(&self, target: &Target) -> bool {
        let Target::Place {
            variable, steps, ..
        } = target
        else {
            return false;
        };
        let Some((Step::Brace(arguments, _), before)) = steps.split_last() else {
            return false;
        };
        let is_several = |argument: &Expression| {
            matches!(
                argument.kind,
                ExpressionKind::Range { .. } | ExpressionKind::Colon | ExpressionKind::Matrix(_)
            )
        };
        // An index that is a variable may be one number or several.
        arguments.iter().any(is_several)
            || arguments.iter().any(|each| !self.is_scalar_index(each))
                && before.iter().all(|step| matches!(step, Step::Field(_)))
                && matches!(self.scope.variable(&variable.name), Some(Binding::Local(_)))
    }

    /// `[a, c{1:n}] = value`: the indices come first, since they say how many results are wanted.
    pub(super) fn list_assignment(&mut self, targets: &[Target], value: &Expression) {
        let mut lists = Vec::new();
        for target in targets {
            let list = match target {
                Target::Place { steps, span, .. } if self.is_target_list(target) => {
                    let Some(list) = self.target_list(target, steps, *span) else {
                        return;
                    };
                    Some(list)
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

    /// Computes the indices of a list target, and counts what they address.
    fn target_list<'e>(
        &mut self,
        target: &Target,
        steps: &'e [Step],
        span: Span,
    ) -> Option<TargetList<'e>> {
        let Target::Place { variable, .. } = target else {
            unreachable!("an ignored target is no list")
        };
        let binding = self.scope.variable(&variable.name).cloned();
        let Some((Step::Brace(arguments, _), before)) = steps.split_last() else {
            unreachable!("a list target ends with braces")
        };
        let is_plain = before.iter().all(|step| matches!(step, Step::Field(_)));
        let Some(Binding::Local(variable)) = binding.filter(|_| is_plain) else {
            let message = "Several elements of a global, of a variable that nested functions share, or of an element of an array, are no target \
                           in this version.\nassign to a local cell array, and that to the target";
            self.fail(span, "MATLAB:m_unsupported_target_list", message);
            return None;
        };
        let count = self.registers.take_hidden(1);
        let slot = self.mark();
        let indices = self.registers.push();
        self.at(span, |this| {
            this.path_arguments(variable, before, arguments, LIST, slot, Some(count));
        });
        self.registers.set(slot + 1);
        Some(TargetList {
            variable,
            before,
            indices,
            count,
        })
    }

    /// The values of the right side, as one list in a temporary.
    fn wanted_values(
        &mut self,
        value: &Expression,
        singles: usize,
        lists: &[Option<TargetList<'_>>],
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
        self.registers.set(crate::registers::height(base) + 1);
        Some(base)
    }

    /// `c(indices) = the next values as a cell`.
    fn store_list(&mut self, list: &TargetList<'_>, values: Register, dst: Register) {
        self.emit(Instruction::Move {
            dst,
            src: list.indices,
        });
        let cell = self.registers.push();
        self.emit(Instruction::ListTakeCell {
            dst: cell,
            list: values,
            count: list.count,
        });
        let mut shapes: Vec<PathShape> = Vec::new();
        for step in list.before {
            if let Step::Field(ident) = step {
                shapes.push(PathShape::Field((&*ident.name).into()));
            }
        }
        shapes.push(PathShape::Paren(LIST));
        let path = self.path(shapes);
        self.emit(Instruction::Store {
            variable: list.variable,
            base: dst,
            path,
        });
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
