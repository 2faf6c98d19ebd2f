//! Errors on their way to a handler.

use crate::fiber::{CodeFrame, Fiber, Frame};
use crate::interpreter::Interpreter;
use crate::machine::Machine;
use tourbillon_builtins::Step;
use tourbillon_compiler::{FunctionKind, HandlerKind, Instruction};
use tourbillon_value::{Result, RuntimeError, StackFrame, Value};

impl Interpreter {
    /// Goes to the innermost handler of the innermost body; `Err` when it has none. Cleanups of frames
    /// that go run first: the error then waits below them.
    pub(crate) fn throw(&mut self, error: RuntimeError) -> Result<()> {
        let mut error = self.with_place(error);
        let machine = self.machine.clone();
        loop {
            let Some(frame) = self.top().frames.last_mut() else {
                return Err(error);
            };
            match frame {
                Frame::Code(_) => match self.throw_into_code(error) {
                    Ok(()) => return Ok(()),
                    Err(passed) => error = passed,
                },
                Frame::Native(call) => {
                    let name = call.name;
                    match call.native.failed(&*machine, error) {
                        Ok(step) => match self.take_step(step) {
                            Ok(()) => return Ok(()),
                            Err(failed) => error = self.with_place(failed),
                        },
                        Err(passed) => {
                            error = passed.with_context(|context| context.builtin(name));
                            self.top().frames.pop();
                        }
                    }
                }
                Frame::Cleanup(_) => {
                    // Only the request that cuts the cleanup off passes without a word.
                    let is_own = error.cancellation() == Some(self.top().future.id());
                    if error.is_catchable() && !is_own {
                        self.cleanup_failed(error);
                    }
                    // The frame goes on with the next cleanup.
                    return Ok(());
                }
                Frame::Unwind(_) => {
                    // What comes up while an error waits replaces it; only the machine's own stop can.
                    self.top().frames.pop();
                }
            }
            if self.push_due_cleanups(Some(&error)) {
                return Ok(());
            }
        }
    }

    /// The handler in the frame on top, if it has one that takes the error; else the frame goes.
    fn throw_into_code(&mut self, mut error: RuntimeError) -> Result<()> {
        let fiber = self.fibers.last_mut().expect("a running task has a body");
        let Some(Frame::Code(frame)) = fiber.frames.last_mut() else {
            unreachable!("the frame on top is code")
        };
        let (base, at) = (frame.base(), frame.at());
        let function = frame.code();
        // An error in cleanup code replaces the one in flight, which becomes its cause.
        if let Some(range) = function.cleanup(at) {
            let record = &fiber.registers[base + range.record as usize];
            if let Value::Exception(in_flight) = record
                && !in_flight.is_same(&error)
                && !error.causes().iter().any(|c| c.is_same(in_flight))
            {
                error = if error.is_catchable() && !in_flight.is_catchable() {
                    // Nothing takes the place of the host's cancel.
                    in_flight.clone().with_cause(error)
                } else {
                    error.with_cause(in_flight.clone())
                };
            }
        }
        let Some(handler) = function.handler(at, error.is_catchable()) else {
            self.pop_code_frame();
            return Err(error);
        };
        let window = base + function.locals as usize..base + function.registers as usize;
        fiber.registers[window].fill_with(Value::default);
        // Loops that the error leaves hold what they went over no longer.
        let guarded = &function.code[handler.start as usize..handler.end as usize];
        for instruction in guarded {
            if let Instruction::ForEach { state, .. } = instruction {
                let state = base + usize::from(*state);
                fiber.registers[state..state + 4].fill_with(Value::default);
            }
        }
        let (kind, target) = (handler.kind, handler.target as usize);
        frame.go_to(target);
        let old = match kind {
            HandlerKind::Catch(variable) => {
                self.record.set_last_error(Some(error.clone()));
                variable.map(|register| {
                    let place = &mut fiber.registers[base + register as usize];
                    std::mem::replace(place, Value::Exception(error))
                })
            }
            HandlerKind::Cleanup(record) => {
                let place = &mut fiber.registers[base + record as usize];
                Some(std::mem::replace(place, Value::Exception(error)))
            }
        };
        drop(old);
        // The statement that failed has ended.
        let frames = self.top().frames.len();
        self.take_up_cleanups(frames);
        self.push_due_cleanups(None);
        Ok(())
    }

    /// Takes the code frame on top away with its registers; the script's variables go to the
    /// workspace.
    pub(crate) fn pop_code_frame(&mut self) -> CodeFrame {
        let fiber = self.fibers.last_mut().expect("a running task has a body");
        let Some(Frame::Code(frame)) = fiber.frames.pop() else {
            unreachable!("the frame on top is code")
        };
        save_workspace(&self.machine, &frame, &mut fiber.registers);
        fiber.registers.truncate(frame.base());
        frame
    }

    /// Adds what is known here and not yet in the error.
    fn with_place(&mut self, error: RuntimeError) -> RuntimeError {
        let namespace = self.machine.options.namespace;
        let mut error = error.in_namespace(namespace);
        let skipped = usize::from(error.take_is_of_caller());
        if error.span().is_some() && !error.context().stack.is_empty() {
            return error;
        }
        let place = self
            .top()
            .frames
            .iter()
            .rev()
            .filter_map(|frame| match frame {
                Frame::Code(code) => {
                    let function = code.code();
                    let span = function.spans[code.at() as usize];
                    let source = code.loaded.program.sources[usize::from(function.source)].clone();
                    Some((source, span))
                }
                Frame::Native(_) | Frame::Cleanup(_) | Frame::Unwind(_) => None,
            })
            .nth(skipped);
        let mut stack = self.stack();
        stack.drain(..skipped.min(stack.len()));
        let label = self.record.label.clone();
        error.with_context(|context| {
            if let Some((source, span)) = &place {
                context.span(source, *span);
            }
            context.stack(|| stack);
            context.task(|| label.to_string().into());
        })
    }

    /// The call frames of the innermost body, innermost first.
    pub(crate) fn stack(&mut self) -> Vec<StackFrame> {
        let mut stack = Vec::new();
        add_frames(self.top(), &mut stack);
        stack
    }

    /// The frames of all bodies, innermost first.
    pub(crate) fn whole_stack(&self) -> Vec<StackFrame> {
        let mut stack = Vec::new();
        let fibers = self.fibers.iter().rev();
        fibers.for_each(|fiber| add_frames(fiber, &mut stack));
        stack
    }

    /// Does what a native frame wants next.
    pub(crate) fn take_step(&mut self, step: Step) -> Result<()> {
        match step {
            Step::Call {
                function,
                arguments,
                outputs,
            } => {
                let outputs = u8::try_from(outputs.min(250)).expect("at most 250");
                let returns = crate::fiber::Returns::wanted(outputs);
                self.call_value(function, arguments, returns).map(|_| ())
            }
            Step::Return(values) => {
                let Some(Frame::Native(call)) = self.top().frames.pop() else {
                    unreachable!("a native frame returns")
                };
                let returns = call.returns;
                drop(call);
                self.finish_call(returns, values)
            }
        }
    }
}

/// Puts the variables of a script's frame into the workspace; other frames have none there.
pub(crate) fn save_workspace(machine: &Machine, frame: &CodeFrame, registers: &mut [Value]) {
    let function = frame.code();
    if function.kind != FunctionKind::Script {
        return;
    }
    let mut workspace = machine.workspace.borrow_mut();
    for (register, name) in frame.loaded.variables.iter().enumerate() {
        if name.is_empty() {
            continue;
        }
        let value = std::mem::take(&mut registers[frame.base() + register]);
        if value.is_undefined() {
            workspace.remove(&**name);
        } else {
            workspace.insert(name.clone(), value);
        }
    }
}

/// Gives a script's frame the variables of the workspace that it names. They are moved, not copied:
/// a variable that the script overwrites has lost its last reference.
pub(crate) fn load_workspace(machine: &Machine, frame: &CodeFrame, registers: &mut [Value]) {
    let function = frame.code();
    if function.kind != FunctionKind::Script {
        return;
    }
    let mut workspace = machine.workspace.borrow_mut();
    if workspace.is_empty() {
        return;
    }
    for (register, name) in function.names.iter().enumerate() {
        if let Some(value) = workspace.remove(&**name) {
            registers[frame.base() + register] = value;
        }
    }
}

/// Adds the frames of one body, innermost first.
fn add_frames(fiber: &Fiber, stack: &mut Vec<StackFrame>) {
    for frame in fiber.frames.iter().rev() {
        let Frame::Code(code) = frame else { continue };
        let function = code.code();
        let source = &code.loaded.program.sources[usize::from(function.source)];
        let position = source.position(function.spans[code.at() as usize].start);
        let name = match function.kind {
            FunctionKind::Script => "main".into(),
            FunctionKind::Anonymous => (&*function.text).into(),
            FunctionKind::Plain | FunctionKind::Async | FunctionKind::AsyncBlock => {
                code.loaded.names[code.function()].clone()
            }
        };
        stack.push(StackFrame {
            file: code.loaded.files[usize::from(function.source)].clone(),
            name,
            line: position.line,
            column: position.column,
        });
    }
}
