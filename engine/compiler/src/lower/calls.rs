//! Calls: what a name stands for, arguments and results.

use super::{Dest, EndFrame, Lowering};
use crate::bytecode::{COUNTED, Constant, FunctionKind, Instruction, LIST, PASS, Register, SPREAD};
use crate::scope::{Binding, workspace_name};
use crate::unit::{FunctionRef, Meaning, intrinsic, is_extension};
use tourbillon_builtins::{BuiltinId, Intrinsic};
use tourbillon_syntax::Span;
use tourbillon_syntax::ast::{Expression, ExpressionKind};
use tourbillon_value::{build_runtime_error, codes};

/// The most arguments that stand in registers of their own; more go into a list.
pub(super) const MAX_ARGUMENTS: usize = 250;

impl Lowering<'_, '_> {
    /// Calls what a name that is no variable stands for. Gives the first of the results, which stand
    /// in consecutive temporaries; with 0 outputs there is one that may have no value.
    pub(super) fn call_name(
        &mut self,
        name: &str,
        span: Span,
        arguments: &[Expression],
        outputs: u8,
    ) -> Register {
        let meaning = self.meaning(name);
        if !matches!(meaning, Meaning::Function(_))
            && let Some(at) = self.call_special(name, arguments)
        {
            return at;
        }
        match meaning {
            Meaning::Function(function) if function.is_async => {
                self.create(function, span, arguments, outputs)
            }
            Meaning::Function(FunctionRef {
                index, workspaces, ..
            }) => {
                let (base, count) = self.arguments_after(workspaces, arguments, None);
                self.emit(Instruction::Call {
                    function: index,
                    base,
                    count,
                    outputs,
                });
                self.results(base, outputs)
            }
            Meaning::Builtin(builtin) => {
                self.check_extension(builtin, name, span);
                if intrinsic(builtin) == Some(Intrinsic::Await) {
                    return self.await_call(span, arguments, outputs);
                }
                self.note_mark(name, arguments);
                let (base, count) = self.call_arguments(arguments);
                self.emit(Instruction::CallBuiltin {
                    builtin,
                    base,
                    count,
                    outputs,
                });
                self.results(base, outputs)
            }
            Meaning::Unknown => {
                // The call fails when it runs, also for what might have been a variable's `end`.
                self.unknown_calls += 1;
                let (base, count) = self.call_arguments(arguments);
                self.unknown_calls -= 1;
                let name = self.text_number(name);
                self.emit(Instruction::CallUnknown {
                    name,
                    base,
                    count,
                    outputs,
                });
                self.results(base, outputs)
            }
        }
    }

    /// Notes the literal name of a mark, so that marks that are never reached can be reported.
    fn note_mark(&mut self, function: &str, arguments: &[Expression]) {
        if let ("sometimes", [_, mark]) = (function, arguments)
            && let ExpressionKind::Char(mark) = &mark.kind
        {
            self.unit.marks.insert(mark.clone());
        }
    }

    /// Reserves the results of a call, and gives the first.
    pub(super) fn results(&mut self, base: Register, outputs: u8) -> Register {
        let count = match outputs {
            0 | PASS | SPREAD | COUNTED => 1,
            count => usize::from(count),
        };
        self.registers.set(crate::registers::height(base) + count);
        base
    }

    /// Names that look like calls and are answered by the compiler.
    fn call_special(&mut self, name: &str, arguments: &[Expression]) -> Option<Register> {
        if arguments.is_empty() && self.scope.counts_arguments(name) {
            let dst = self.registers.push();
            self.emit(match name {
                "nargin" => Instruction::InputCount { dst },
                _ => Instruction::OutputCount { dst },
            });
            return Some(dst);
        }
        if name == "exist" {
            return self.exist(arguments);
        }
        None
    }

    /// `exist('x')` and `exist('x', 'var')` ask about variables, which only the compiler knows.
    fn exist(&mut self, arguments: &[Expression]) -> Option<Register> {
        let [name, rest @ ..] = arguments else {
            return None;
        };
        let ExpressionKind::Char(name) = &name.kind else {
            return None;
        };
        let wants_variable = match rest {
            [] => false,
            [kind] => matches!(&kind.kind, ExpressionKind::Char(kind) if kind == "var"),
            _ => return None,
        };
        if !wants_variable && !rest.is_empty() {
            return None;
        }
        let otherwise = match self.meaning(name) {
            _ if wants_variable => 0.0,
            Meaning::Function(_) => 2.0,
            Meaning::Builtin(_) => 5.0,
            // A library that knows about files answers.
            Meaning::Unknown if self.local(name).is_none() => match self.meaning("exist") {
                Meaning::Function(_) | Meaning::Builtin(_) => return None,
                Meaning::Unknown => 0.0,
            },
            Meaning::Unknown => 0.0,
        };
        let binding = self.scope.variable(name).cloned();
        let (register, is_hidden) = match binding {
            Some(Binding::Local(register)) => (register, false),
            Some(Binding::Shared(workspace, slot)) => {
                let dst = self.registers.take_hidden(1);
                self.emit(Instruction::LoadSlot {
                    dst,
                    workspace,
                    slot,
                });
                (dst, true)
            }
            Some(Binding::Global(_)) => {
                return Some(self.constant(Constant::Number(1.0), Dest::Push));
            }
            None => return Some(self.constant(Constant::Number(otherwise), Dest::Push)),
        };
        let undefined = self.label();
        let end = self.label();
        let dst = self.registers.push();
        let exists = self.constant_number(Constant::Number(1.0));
        let constant = self.constant_number(Constant::Number(otherwise));
        self.emit(Instruction::JumpIfUndefined {
            register,
            target: undefined.0,
        });
        self.emit(Instruction::Constant {
            dst,
            constant: exists,
        });
        self.jump(end);
        self.set_label(undefined);
        self.emit(Instruction::Constant { dst, constant });
        self.set_label(end);
        if is_hidden {
            self.emit(Instruction::Clear { register });
            self.registers.give_hidden(1);
        }
        Some(dst)
    }

    /// Calling an async function makes a future.
    fn create(
        &mut self,
        function: FunctionRef,
        span: Span,
        arguments: &[Expression],
        outputs: u8,
    ) -> Register {
        if !matches!(outputs, 0 | 1 | PASS | SPREAD) {
            let error =
                build_runtime_error("Too many output arguments.").code(&codes::TOO_MANY_OUTPUTS);
            self.report(span, error);
        }
        let (base, count) = self.arguments_after(function.workspaces, arguments, None);
        self.emit(Instruction::AsyncCreate {
            function: function.index,
            base,
            count,
        });
        self.results(base, outputs)
    }

    fn await_call(&mut self, span: Span, arguments: &[Expression], outputs: u8) -> Register {
        let reason = match self.kind() {
            FunctionKind::Async | FunctionKind::AsyncBlock => None,
            FunctionKind::Script if self.unit.options.top_level_await => None,
            FunctionKind::Script => Some(
                "`await` is only allowed inside async functions and blocks; \
                 at top level it is turned off.",
            ),
            FunctionKind::Plain => Some(
                "`await` is only allowed inside async functions and blocks.\n\
                 declare the function `async function`",
            ),
            FunctionKind::Anonymous => Some(
                "`await` is only allowed inside async functions and blocks, \
                 not inside anonymous functions.\n\
                 write `async @() …` for a body that awaits",
            ),
        };
        if let Some(message) = reason {
            self.fail(span, "async:AwaitOutsideAsync", message);
        }
        let (base, count) = self.call_arguments(arguments);
        self.emit(Instruction::Await {
            base,
            count,
            outputs,
        });
        self.results(base, outputs)
    }

    /// Strict mode rejects the library functions that belong to the extension.
    pub(super) fn check_extension(&mut self, builtin: BuiltinId, name: &str, span: Span) {
        if is_extension(builtin) {
            self.extension(span, &format!("`{name}`"));
        }
    }

    /// Arguments of a function call: `:` is the text ':', and `end` belongs to the index around it.
    fn call_arguments(&mut self, arguments: &[Expression]) -> (Register, u8) {
        self.arguments(arguments, None)
    }

    /// Arguments in consecutive temporaries, or in one list. Inside an index, `end` asks `indexed`.
    pub(super) fn arguments(
        &mut self,
        arguments: &[Expression],
        indexed: Option<Register>,
    ) -> (Register, u8) {
        self.arguments_after(0, arguments, indexed)
    }

    /// Arguments behind the workspaces that a nested function is given.
    fn arguments_after(
        &mut self,
        workspaces: u8,
        arguments: &[Expression],
        indexed: Option<Register>,
    ) -> (Register, u8) {
        let base = crate::registers::temporary(self.mark());
        let all = arguments.len() + usize::from(workspaces);
        let is_list = all > MAX_ARGUMENTS || arguments.iter().any(|each| self.is_list(each));
        if is_list {
            let list = self.registers.push();
            self.emit(Instruction::ListNew { dst: list });
        }
        for depth in 0..workspaces {
            let src = self.workspace(usize::from(depth));
            if is_list {
                self.emit(Instruction::ListPush { list: base, src });
                self.registers.set(crate::registers::height(base) + 1);
            }
        }
        for (position, argument) in arguments.iter().enumerate() {
            if let Some(value) = indexed {
                self.ends.push(EndFrame {
                    value,
                    position,
                    count: arguments.len(),
                });
            }
            let src = match (&argument.kind, indexed) {
                (ExpressionKind::Colon, None) => {
                    self.constant(Constant::Text(":".into()), Dest::Push)
                }
                _ => self.element(argument),
            };
            if indexed.is_some() {
                self.ends.pop();
            }
            if is_list {
                self.emit(Instruction::ListPush { list: base, src });
                self.registers.set(crate::registers::height(base) + 1);
            }
        }
        if is_list {
            (base, LIST)
        } else {
            (base, all as u8)
        }
    }

    /// The workspace of the function of that depth in the nest, in the next temporary.
    pub(super) fn workspace(&mut self, depth: usize) -> Register {
        let binding = self.scope.variable(&workspace_name(depth)).cloned();
        let binding = binding.expect("whoever sees a nested function has its workspaces");
        self.variable(&binding, Dest::Push)
    }

    /// An argument or element in the next temporary: one value, or a list of them.
    pub(super) fn element(&mut self, expression: &Expression) -> Register {
        if self.is_list(expression) {
            self.at(expression.span, |lowering| {
                lowering.chain(expression, SPREAD, Dest::Push)
            })
        } else {
            self.expression(expression, Dest::Push)
        }
    }
}
