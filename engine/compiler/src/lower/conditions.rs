//! Conditions: `&&` and `||` are jumps.

use super::{Dest, Label, Lowering};
use crate::bytecode::{Constant, Instruction, Register};
use tourbillon_syntax::ast::{Expression, ExpressionKind};

/// Where a condition stands: what may be an operand differs from what may be a condition.
#[derive(Clone, Copy)]
enum Place {
    /// In `if` or `while`: all elements count.
    Condition,
    /// As an operand of `&&` or `||`: one logical scalar.
    Operand { is_and: bool },
}

impl Lowering<'_, '_> {
    /// Jumps to the label when the condition of an `if` or `while` does not hold.
    pub(super) fn jump_unless(&mut self, condition: &Expression, label: Label) {
        self.branch(condition, false, label, Place::Condition);
    }

    /// `left && right` (else `||`) as a value.
    pub(super) fn short_circuit(
        &mut self,
        left: &Expression,
        right: &Expression,
        is_and: bool,
        dest: Dest,
    ) -> Register {
        let mark = self.mark();
        let decided = self.label();
        let end = self.label();
        let place = Place::Operand { is_and };
        self.branch(left, !is_and, decided, place);
        let dst = match right.kind {
            ExpressionKind::AndAnd(..) | ExpressionKind::OrOr(..) => self.expression(
                right,
                match dest {
                    Dest::Any | Dest::Push => Dest::Push,
                    Dest::Into(register) => Dest::Into(register),
                },
            ),
            _ => {
                let src = self.expression(right, Dest::Any);
                let dst = self.place(mark, dest);
                self.emit(Instruction::ToLogical { dst, src, is_and });
                dst
            }
        };
        self.jump(end);
        self.set_label(decided);
        let constant = self.constant_number(Constant::Bool(!is_and));
        self.emit(Instruction::Constant { dst, constant });
        self.set_label(end);
        dst
    }

    /// Jumps to the label when the condition is `when`, else goes on.
    fn branch(&mut self, condition: &Expression, when: bool, label: Label, place: Place) {
        self.at(condition.span, |lowering| {
            lowering.branch_here(condition, when, label, place);
        });
    }

    fn branch_here(&mut self, condition: &Expression, when: bool, label: Label, place: Place) {
        let (left, right, is_and) = match &condition.kind {
            ExpressionKind::AndAnd(left, right) => (left, right, true),
            ExpressionKind::OrOr(left, right) => (left, right, false),
            _ => return self.leaf(condition, when, label, place),
        };
        let place = Place::Operand { is_and };
        if is_and == when {
            // Both sides decide: the left one may pass by.
            let pass = self.label();
            self.branch(left, !when, pass, place);
            self.branch(right, when, label, place);
            self.set_label(pass);
        } else {
            self.branch(left, when, label, place);
            self.branch(right, when, label, place);
        }
    }

    fn leaf(&mut self, condition: &Expression, when: bool, label: Label, place: Place) {
        let mark = self.mark();
        let mut register = self.expression(condition, Dest::Any);
        if let Place::Operand { is_and } = place {
            let dst = self.place(mark, Dest::Push);
            self.emit(Instruction::ToLogical {
                dst,
                src: register,
                is_and,
            });
            register = dst;
        }
        self.registers.set(mark);
        let target = label.0;
        self.emit(if when {
            Instruction::JumpIfTrue {
                condition: register,
                target,
            }
        } else {
            Instruction::JumpIfFalse {
                condition: register,
                target,
            }
        });
    }
}
