//! Loops.

use super::{Around, Dest, Lowering, assignments::Assigned};
use crate::bytecode::{Instruction, Register};
use tourbillon_syntax::ast::{Block, Expression, ExpressionKind, Target};

/// How many hidden locals a `for` loop has.
const STATE: usize = 4;

impl Lowering<'_, '_> {
    pub(super) fn while_statement(&mut self, condition: &Expression, body: &Block) {
        let again = self.label_here();
        let end = self.label();
        // Each turn is a statement, so that an empty loop can be stopped.
        self.begin_statement();
        self.loops += 1;
        self.jump_unless(condition, end);
        self.around.push(Around::Loop {
            break_label: end,
            continue_label: again,
        });
        self.block(body);
        self.loops -= 1;
        self.around.pop();
        self.jump(again);
        self.set_label(end);
    }

    pub(super) fn for_statement(&mut self, target: &Target, iterable: &Expression, body: &Block) {
        let state = self.registers.take_hidden(STATE);
        self.begin_loop(state, iterable);
        let start = self.code.len();
        let again = self.label_here();
        let (left, end) = (self.label(), self.label());
        self.loops += 1;
        self.next_element(state, target, end);
        if body.statements.is_empty() {
            // A turn with nothing in it counts as well.
            self.begin_statement();
        }
        self.around.push(Around::Loop {
            break_label: left,
            continue_label: again,
        });
        self.block(body);
        self.loops -= 1;
        let was_left = self.jumps_to(left, start);
        self.around.pop();
        self.jump(again);
        self.set_label(left);
        if was_left {
            for register in state..state + STATE as Register {
                self.emit(Instruction::Clear { register });
            }
        }
        self.set_label(end);
        self.registers.give_hidden(STATE);
    }

    fn begin_loop(&mut self, state: Register, iterable: &Expression) {
        self.at(iterable.span, |this| {
            if let ExpressionKind::Range { start, step, stop } = &iterable.kind {
                let (base, has_step) = this.range_operands(start, step.as_deref(), stop);
                this.emit(Instruction::ForRange {
                    state,
                    base,
                    has_step,
                });
            } else {
                let src = this.expression(iterable, Dest::Any);
                this.emit(Instruction::ForEach { state, src });
            }
            this.registers.set(0);
        });
    }

    fn next_element(&mut self, state: Register, target: &Target, end: super::Label) {
        let local = match target {
            Target::Place {
                variable, steps, ..
            } if steps.is_empty() => self.local(&variable.name),
            Target::Place { .. } | Target::Ignored(_) => None,
        };
        let dst = local.unwrap_or_else(|| self.registers.push());
        self.emit(Instruction::ForNext { state, dst });
        self.jump(end);
        if local.is_none() {
            self.assign(std::slice::from_ref(target), 0, Assigned::Temporary(dst));
            self.registers.set(0);
        }
    }

    /// Whether any instruction from `start` on jumps to a label that is not placed yet.
    fn jumps_to(&self, label: super::Label, start: usize) -> bool {
        (self.code[start..].iter()).any(|instruction| instruction.target() == Some(label.0))
    }
}
