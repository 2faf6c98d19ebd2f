//! `try`, `finally` and `unwind_protect`.

use super::{Around, Dest, Lowering, assignments::Assigned};
use crate::bytecode::{CleanupRange, Constant, Handler, HandlerKind, Instruction};
use crate::scope::Binding;
use tourbillon_syntax::ast::{Block, Catch};

impl Lowering<'_, '_> {
    pub(super) fn try_statement(
        &mut self,
        body: &Block,
        catch: Option<&Catch>,
        finally: Option<&Block>,
    ) {
        match finally {
            // A bare `try` swallows the error.
            None => self.caught(body, catch),
            Some(cleanup) => self.guarded(cleanup, |this| match catch {
                Some(_) => this.caught(body, catch),
                None => this.block(body),
            }),
        }
    }

    fn caught(&mut self, body: &Block, catch: Option<&Catch>) {
        let after = self.label();
        let start = self.here();
        self.block(body);
        let end = self.here();
        self.jump(after);
        let variable = catch.and_then(|catch| catch.variable.as_ref());
        let binding = variable.and_then(|ident| self.scope.variable(&ident.name).cloned());
        let target = self.here();
        let register = match &binding {
            None => None,
            Some(Binding::Local(register)) => Some(*register),
            Some(Binding::Global(_) | Binding::Shared(..)) => {
                let register = self.registers.take_hidden(1);
                let src = self.registers.push();
                self.emit(Instruction::Move {
                    dst: src,
                    src: register,
                });
                self.emit(Instruction::Clear { register });
                if let Some(binding) = &binding {
                    self.assign_variable(binding, Assigned::Temporary(src));
                }
                self.registers.set(0);
                self.registers.give_hidden(1);
                Some(register)
            }
        };
        if start < end {
            self.handlers.push(Handler {
                start,
                end,
                target,
                kind: HandlerKind::Catch(register),
            });
        }
        if let Some(catch) = catch {
            self.block(&catch.body);
        }
        self.set_label(after);
    }

    /// Code that `cleanup` follows in any case.
    pub(super) fn guarded(&mut self, cleanup: &Block, part: impl FnOnce(&mut Self)) {
        let record = self.registers.take_hidden(1);
        let label = self.label();
        self.around.push(Around::Guarded {
            record,
            cleanup: label,
            exits: Vec::new(),
        });
        let start = self.here();
        part(self);
        let end = self.here();
        let Some(Around::Guarded { exits, .. }) = self.around.pop() else {
            unreachable!("what was pushed is popped");
        };
        self.constant(Constant::Number(0.0), Dest::Into(record));
        self.set_label(label);
        let target = self.here();
        if start < end {
            self.handlers.push(Handler {
                start,
                end,
                target,
                kind: HandlerKind::Cleanup(record),
            });
        }
        self.around.push(Around::Cleanup);
        self.block(cleanup);
        self.around.pop();
        self.emit(Instruction::EndCleanup { record });
        self.cleanups.push(CleanupRange {
            start: target,
            end: self.here(),
            record,
        });
        // Those who passed through go where they wanted to.
        let labels: Vec<_> = exits.iter().map(|_| self.label()).collect();
        for (at, label) in labels.iter().enumerate() {
            self.emit(Instruction::JumpIfCompletion {
                completion: at as u8 + 1,
                record,
                target: label.0,
            });
        }
        if !exits.is_empty() {
            let after = self.label();
            self.jump(after);
            for (exit, label) in exits.iter().zip(labels) {
                self.set_label(label);
                self.exit(*exit);
            }
            self.set_label(after);
        }
        self.registers.give_hidden(1);
    }
}
