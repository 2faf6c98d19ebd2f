//! Expressions that are neither calls nor index chains nor functions.

use super::{Dest, Lowering};
use crate::bytecode::{Constant, ConstantCallee, Instruction, Register};
use crate::scope::Binding;
use crate::unit::{FunctionRef, Meaning};
use tourbillon_builtins::Intrinsic;
use tourbillon_syntax::Span;
use tourbillon_syntax::ast::{Expression, ExpressionKind, UnaryOp};

impl Lowering<'_, '_> {
    /// Computes one value.
    pub(super) fn expression(&mut self, expression: &Expression, dest: Dest) -> Register {
        self.at(expression.span, |lowering| {
            lowering.expression_here(expression, dest)
        })
    }

    fn expression_here(&mut self, expression: &Expression, dest: Dest) -> Register {
        let span = expression.span;
        let mark = self.mark();
        match &expression.kind {
            ExpressionKind::Number(number) => self.constant(Constant::Number(*number), dest),
            ExpressionKind::Char(text) => self.constant(Constant::Text(text.as_str().into()), dest),
            ExpressionKind::Imaginary(_) => {
                let message = "Complex numbers are not part of this version.";
                self.fail(span, "MATLAB:m_unsupported_complex", message);
                self.constant(Constant::EmptyMatrix, dest)
            }
            ExpressionKind::String(_) => {
                let message = "Strings in double quotes are not part of this version.\n\
                               use single quotes: 'text'";
                self.fail(span, "MATLAB:m_unsupported_string", message);
                self.constant(Constant::EmptyMatrix, dest)
            }
            ExpressionKind::Name(name) => match self.variable_at(name, span) {
                Some(binding) => self.variable(&binding, dest),
                None => {
                    if let Some(constant) = self.known_constant(name) {
                        return self.constant(constant, dest);
                    }
                    let at = self.call_name(name, span, &[], 1);
                    self.settle(mark, at, dest)
                }
            },
            ExpressionKind::Colon => self.constant(Constant::Colon, dest),
            ExpressionKind::End => self.end(span, dest),
            ExpressionKind::Unary(op, operand) => {
                if let (UnaryOp::Minus, ExpressionKind::Number(number)) = (op, &operand.kind) {
                    return self.constant(Constant::Number(-number), dest);
                }
                let operand = self.expression(operand, Dest::Any);
                let dst = self.place(mark, dest);
                self.emit(Instruction::Unary {
                    op: *op,
                    dst,
                    operand,
                });
                dst
            }
            ExpressionKind::Postfix(op, operand) => {
                let operand = self.expression(operand, Dest::Any);
                let dst = self.place(mark, dest);
                self.emit(Instruction::Postfix {
                    op: *op,
                    dst,
                    operand,
                });
                dst
            }
            ExpressionKind::Binary(op, left, right) => {
                let left = self.expression(left, Dest::Any);
                let right = self.expression(right, Dest::Any);
                let dst = self.place(mark, dest);
                self.emit(Instruction::Binary {
                    op: *op,
                    dst,
                    left,
                    right,
                });
                dst
            }
            ExpressionKind::AndAnd(left, right) => self.short_circuit(left, right, true, dest),
            ExpressionKind::OrOr(left, right) => self.short_circuit(left, right, false, dest),
            ExpressionKind::Range { start, step, stop } => {
                let (base, has_step) = self.range_operands(start, step.as_deref(), stop);
                let dst = self.place(mark, dest);
                self.emit(Instruction::Range {
                    dst,
                    base,
                    has_step,
                });
                dst
            }
            ExpressionKind::Matrix(rows) => {
                let Some((base, shape)) = self.elements(rows) else {
                    return self.constant(Constant::EmptyMatrix, dest);
                };
                let dst = self.place(mark, dest);
                self.emit(Instruction::Matrix { dst, base, shape });
                dst
            }
            ExpressionKind::Cell(rows) => {
                let Some((base, shape)) = self.elements(rows) else {
                    return self.constant(Constant::EmptyCell, dest);
                };
                let dst = self.place(mark, dest);
                self.emit(Instruction::Cell { dst, base, shape });
                dst
            }
            ExpressionKind::Index(..) => self.chain(expression, 1, dest),
            ExpressionKind::Anonymous { inputs, body } => {
                self.anonymous(expression, inputs, body, dest)
            }
            ExpressionKind::Handle(name) => self.handle(name, span, dest),
            ExpressionKind::AsyncExpression(body) => self.async_expression(span, body, dest),
            ExpressionKind::AsyncBlock(body) => self.async_block(span, body, dest),
            // There is a diagnostic for it, so nothing will run.
            ExpressionKind::Error => self.constant(Constant::EmptyMatrix, dest),
        }
    }

    /// The value of a library function that always gives the same.
    fn known_constant(&self, name: &str) -> Option<Constant> {
        let constant = match name {
            "true" => Constant::Bool(true),
            "false" => Constant::Bool(false),
            "pi" => Constant::Number(std::f64::consts::PI),
            "Inf" | "inf" => Constant::Number(f64::INFINITY),
            "NaN" | "nan" => Constant::Number(f64::NAN),
            _ => return None,
        };
        matches!(self.meaning(name), Meaning::Builtin(_)).then_some(constant)
    }

    /// The value of a variable.
    pub(super) fn variable(&mut self, binding: &Binding, dest: Dest) -> Register {
        match binding {
            Binding::Local(src) => match dest {
                Dest::Any => *src,
                Dest::Push | Dest::Into(_) => {
                    let dst = self.place(self.mark(), dest);
                    self.emit(Instruction::Move { dst, src: *src });
                    dst
                }
            },
            Binding::Global(name) => {
                let name = self.text_number(name);
                let dst = self.place(self.mark(), dest);
                self.emit(Instruction::LoadGlobal { dst, name });
                dst
            }
            Binding::Shared(workspace, slot) => {
                let dst = self.place(self.mark(), dest);
                self.emit(Instruction::LoadShared {
                    dst,
                    workspace: *workspace,
                    slot: *slot,
                });
                dst
            }
        }
    }

    fn end(&mut self, span: Span, dest: Dest) -> Register {
        let Some(frame) = self.ends.last().copied() else {
            if self.unknown_calls > 0 {
                return self.constant(Constant::EmptyMatrix, dest);
            }
            let message = "`end` stands for a size only inside the index of a variable.";
            self.fail(span, "MATLAB:m_illegal_reserved_keyword_usage", message);
            return self.constant(Constant::EmptyMatrix, dest);
        };
        if frame.count > super::calls::MAX_ARGUMENTS {
            self.too_large = Some("`end` in an index of more than 250 arguments");
        }
        let dst = self.place(self.mark(), dest);
        self.emit(Instruction::End {
            dst,
            value: frame.value,
            position: frame.position as u8,
            count: frame.count as u8,
        });
        dst
    }

    /// The operands of a range in consecutive temporaries.
    pub(super) fn range_operands(
        &mut self,
        start: &Expression,
        step: Option<&Expression>,
        stop: &Expression,
    ) -> (Register, bool) {
        let base = self.expression(start, Dest::Push);
        if let Some(step) = step {
            self.expression(step, Dest::Push);
        }
        self.expression(stop, Dest::Push);
        (base, step.is_some())
    }

    /// The elements of a literal in consecutive temporaries, and its shape; nothing when it has none.
    fn elements(&mut self, rows: &[Vec<Expression>]) -> Option<(Register, u16)> {
        let mut base = None;
        let mut shape = Vec::new();
        for row in rows.iter().filter(|row| !row.is_empty()) {
            for element in row {
                let at = self.element(element);
                base.get_or_insert(at);
            }
            shape.push(self.index(row.len(), "a row has too many elements"));
        }
        let base = base?;
        Some((base, self.shape(shape)))
    }

    /// A handle to a nested function, which keeps the workspaces around that.
    fn nested_handle(&mut self, function: FunctionRef, dest: Dest) -> Register {
        let mark = self.mark();
        let base = crate::registers::temporary(mark);
        for depth in 0..function.workspaces {
            self.workspace(usize::from(depth));
        }
        let dst = self.place(mark, dest);
        self.emit(Instruction::Closure {
            dst,
            function: function.index,
            base,
            count: function.workspaces,
        });
        dst
    }

    /// A named handle.
    fn handle(&mut self, name: &str, span: Span, dest: Dest) -> Register {
        let callee = match self.meaning(name) {
            Meaning::Function(function) if function.workspaces > 0 => {
                return self.nested_handle(function, dest);
            }
            Meaning::Function(function) => ConstantCallee::Function(function.index),
            Meaning::Builtin(builtin) => {
                self.check_extension(builtin, name, span);
                if crate::unit::intrinsic(builtin) == Some(Intrinsic::Await) {
                    let message = "`await` is part of the language; there is no handle to it.";
                    self.fail(span, "async:AwaitOutsideAsync", message);
                }
                ConstantCallee::Builtin(builtin)
            }
            Meaning::Unknown => ConstantCallee::Unresolved,
        };
        let name = name.into();
        self.constant(Constant::Handle { name, callee }, dest)
    }
}
