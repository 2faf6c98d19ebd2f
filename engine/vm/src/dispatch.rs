//! The dispatch loop: instructions of the frame on top, as long as they push no frame and wait for
//! nothing.

mod instructions;
mod loops;
mod scalars;
mod values;
mod window;

use instructions::run;
use values::*;
use window::Window;

use crate::calls::Flow;
use crate::errors;
use crate::exception;
use crate::fiber::{ALL, CodeFrame, Frame, Returns, Shortfall};
use crate::interpreter::Interpreter;
use crate::machine::Machine;
use crate::workspace;
use std::rc::Rc;
use tourbillon_builtins::{Outputs, one};
use tourbillon_compiler::bytecode::{COUNTED, LIST, PASS, SPREAD};
use tourbillon_compiler::{Function, FunctionKind, Instruction, PathShape, Register};
use tourbillon_host::{Access, Object};
use tourbillon_syntax::ast::{BinaryOp, UnaryOp};
use tourbillon_value::assign::{self, PathStep};
use tourbillon_value::{
    Array, Callee, FunctionHandle, ObjectRef, Result, RuntimeError, Value, build_runtime_error,
    codes, concat, display, index, ops,
};

/// What a call instruction needs of the frame before the window is given up.
enum Next {
    Return(Outputs),
    /// Cleanup code has ended while the execution is being stopped.
    CleanupOver,
    /// Returns what a call gave to consecutive registers, which may go on past the window.
    ReturnFrom {
        base: Register,
        count: usize,
    },
    Error(RuntimeError),
    Statement,
    /// At a tick between two statements the host's cancel was seen.
    Stopped,
    Call {
        function: usize,
        base: Register,
        count: u8,
        outputs: u8,
    },
    Builtin {
        builtin: tourbillon_builtins::BuiltinId,
        base: Register,
        count: u8,
        outputs: u8,
    },
    Value {
        callee: Value,
        base: Register,
        count: u8,
        outputs: u8,
    },
    Method {
        object: Value,
        name: String,
        arguments: Vec<Value>,
        base: Register,
        outputs: u8,
    },
    Async {
        function: usize,
        base: Register,
        count: u8,
    },
    Await {
        base: Register,
        count: u8,
        outputs: u8,
    },
    Unknown {
        name: String,
        base: Register,
        count: u8,
        outputs: u8,
    },
    /// The next call is asked for so many results.
    Want(f64),
    /// The results of that call become a list.
    Gather(Register),
    Closure {
        dst: Register,
        function: usize,
        base: Register,
        count: u8,
    },
}

impl Interpreter {
    /// Runs the code frame on top until it calls, returns, waits or fails.
    pub(crate) fn run_code(&mut self) -> Result<Flow> {
        let machine = self.machine.clone();
        let mut counted;
        let mut left_at = usize::MAX;
        loop {
            let frames = self.top().frames.len();
            if frames > left_at {
                self.put_off_cleanups(left_at);
            } else {
                self.take_up_cleanups(frames);
            }
            left_at = frames;
            let (next, loaded, base, outputs) = {
                let fiber = self.fibers.last_mut().expect("a running task has a body");
                let Some(Frame::Code(frame)) = fiber.frames.last_mut() else {
                    return Ok(Flow::Go);
                };
                let loaded = frame.loaded.clone();
                let function = &loaded.program.functions[frame.function()];
                let base = frame.base();
                let end = base + usize::from(function.registers);
                let mut window = Window {
                    registers: &mut fiber.registers[base..end],
                    function,
                };
                let constants = &loaded.constants[frame.function()];
                let mut pc = frame.pc();
                let outputs = frame.returns().outputs;
                let next = match run(
                    &machine,
                    &mut window,
                    constants,
                    &mut pc,
                    frame.inputs(),
                    outputs,
                ) {
                    Ok(next) => next,
                    Err(error) => Next::Error(error),
                };
                frame.go_to(pc);
                if let Next::Want(count) = next {
                    frame.wanted = wanted_results(count)?;
                    continue;
                }
                counted = frame.wanted;
                (next, loaded, base, outputs)
            };
            let returns_to = |register: Register, wanted: u8| {
                let outputs = match (wanted, outputs) {
                    // A body is asked for all it has; what it calls last gives one if it has one.
                    (PASS, ALL) => 0,
                    (PASS, outputs) => outputs,
                    (COUNTED, _) => counted,
                    (wanted, _) => wanted,
                };
                Returns::to(base + usize::from(register), outputs)
            };
            let next = match next {
                Next::ReturnFrom { base: from, count } => {
                    let registers = &mut self.top().registers;
                    let from = base + usize::from(from);
                    let to = (from + count).min(registers.len());
                    let mut results = Outputs::new();
                    for value in registers[from..to].iter_mut().map(std::mem::take) {
                        if value.is_undefined() {
                            break;
                        }
                        results.push(value);
                    }
                    Next::Return(results)
                }
                next => next,
            };
            match next {
                Next::ReturnFrom { .. } => unreachable!("its values were taken"),
                Next::Want(_) => unreachable!("it was noted in the frame"),
                Next::Gather(from) => self.gather(base + usize::from(from), counted)?,
                Next::Error(error) => return Err(error),
                Next::CleanupOver => {
                    if !self.is_in_cleanup() {
                        let error = errors::execution_cancelled();
                        return Ok(self.stop_at(error, Returns::NOWHERE));
                    }
                }
                Next::Statement => match self.at_statement()? {
                    Flow::Go => {}
                    Flow::Wait => return Ok(Flow::Wait),
                },
                Next::Stopped => match self.stops() {
                    Flow::Go => {}
                    Flow::Wait => return Ok(Flow::Wait),
                },
                Next::Return(values) => {
                    let frame = self.pop_code_frame();
                    if matches!(frame.returns().outputs, 0 | ALL) {
                        self.note_shortfall(&frame, values.len());
                    }
                    self.finish_call(frame.returns(), values)?;
                    if !self.machine.cleanups.is_empty() {
                        self.push_due_cleanups(None);
                        return Ok(Flow::Go);
                    }
                }
                Next::Call {
                    function,
                    base: from,
                    count,
                    outputs,
                } => {
                    let returns = returns_to(from, outputs);
                    if count == LIST {
                        let arguments = self.arguments(base + usize::from(from), count);
                        self.push_function(loaded, function, arguments, returns)?;
                    } else {
                        let place = base + usize::from(from);
                        let count = usize::from(count);
                        self.push_function_in_place(loaded, function, place, count, returns)?;
                    }
                }
                Next::Builtin {
                    builtin,
                    base: from,
                    count,
                    outputs,
                } => {
                    let returns = returns_to(from, outputs);
                    let place = base + usize::from(from);
                    if self.call_builtin(builtin, place, count, returns)? == Flow::Wait {
                        return Ok(Flow::Wait);
                    }
                }
                Next::Value {
                    callee,
                    base: from,
                    count,
                    outputs,
                } => {
                    let returns = returns_to(from, outputs);
                    let place = base + usize::from(from);
                    let flow = match &callee {
                        Value::Object(object) if count != LIST => {
                            // The common index, without a list on the way.
                            let to = place + usize::from(count);
                            let arguments = &self.top().registers[place..to];
                            let value = index_object(object, &callee, arguments);
                            self.drop_arguments(place, count);
                            drop(callee);
                            self.finish_call(returns, one(value?))?;
                            Flow::Go
                        }
                        _ => {
                            let arguments = self.arguments(place, count);
                            self.index_or_call(callee, arguments, returns)?
                        }
                    };
                    if flow == Flow::Wait {
                        return Ok(Flow::Wait);
                    }
                }
                Next::Method {
                    object,
                    name,
                    mut arguments,
                    base: to,
                    outputs,
                } => {
                    let returns = returns_to(to, outputs);
                    arguments.insert(0, object);
                    let Some(id) = tourbillon_builtins::lookup(&name) else {
                        return Err(no_member(&arguments[0], &name));
                    };
                    if self.call_builtin_with(id, arguments, returns)? == Flow::Wait {
                        return Ok(Flow::Wait);
                    }
                }
                Next::Async {
                    function,
                    base: from,
                    count,
                } => {
                    let returns = returns_to(from, 1);
                    let arguments = self.arguments(base + usize::from(from), count);
                    self.call_program(loaded, function, arguments, returns)?;
                }
                Next::Await {
                    base: from,
                    count,
                    outputs,
                } => {
                    let returns = returns_to(from, outputs);
                    let arguments = self.arguments(base + usize::from(from), count);
                    if self.await_value(arguments, returns)? == Flow::Wait {
                        return Ok(Flow::Wait);
                    }
                }
                Next::Unknown {
                    name,
                    base: from,
                    count,
                    outputs,
                } => {
                    // Code that was made from a text sees the functions of the program around it.
                    let callee = match loaded.is_text {
                        true => tourbillon_builtins::Context::resolve(&*machine, &name),
                        false => None,
                    };
                    let returns = returns_to(from, outputs);
                    let arguments = self.arguments(base + usize::from(from), count);
                    let handle = callee.ok_or_else(|| errors::undefined_call(&name, &arguments))?;
                    let function = Value::Function(Rc::new(handle));
                    if self.call_value(function, arguments, returns)? == Flow::Wait {
                        return Ok(Flow::Wait);
                    }
                }
                Next::Closure {
                    dst,
                    function,
                    base: from,
                    count,
                } => {
                    let captures = self.arguments(base + usize::from(from), count);
                    let code = &loaded.program.functions[function];
                    let is_anonymous = code.kind == FunctionKind::Anonymous;
                    let name = if is_anonymous { &code.text } else { &code.name };
                    let handle = FunctionHandle {
                        name: (&**name).into(),
                        callee: Callee::Program {
                            program: loaded.number,
                            function: function as u32,
                        },
                        captures,
                        is_anonymous,
                    };
                    let place = base + usize::from(dst);
                    self.top().registers[place] = Value::Function(Rc::new(handle));
                }
            }
        }
    }

    /// A function has given all it has, or what it likes: who wants more later is told what is missing.
    fn note_shortfall(&mut self, frame: &CodeFrame, given: usize) {
        let code = frame.code();
        let is_short = match code.kind {
            FunctionKind::Plain | FunctionKind::Async => {
                given < code.outputs.len() || code.varargout.is_some()
            }
            // It passes on what it called last.
            FunctionKind::Anonymous | FunctionKind::AsyncBlock if given == 0 => return,
            FunctionKind::Anonymous | FunctionKind::AsyncBlock | FunctionKind::Script => false,
        };
        let fiber = self.top();
        if is_short {
            fiber.aside.get_or_insert_default().gave_few = Some(Shortfall {
                loaded: frame.loaded.clone(),
                function: frame.function(),
            });
        } else if let Some(aside) = &mut fiber.aside {
            aside.gave_few = None;
        }
    }

    /// Makes the results that stand in registers from `base` on one list in `base`.
    fn gather(&mut self, base: usize, count: u8) -> Result<()> {
        let fiber = self.top();
        let Some(Frame::Code(frame)) = fiber.frames.last() else {
            unreachable!("the frame that gathers is on top")
        };
        let end = frame.base() + usize::from(frame.code().registers);
        let registers = &mut fiber.registers;
        let to = (base + usize::from(count)).min(registers.len());
        let values: Vec<Value> = registers[base..to].iter_mut().map(std::mem::take).collect();
        registers.truncate(end);
        if values.len() < usize::from(count) || values.iter().any(Value::is_undefined) {
            return Err(errors::too_many_outputs(true));
        }
        registers[base] = Value::List(Rc::new(values));
        Ok(())
    }

    /// A statement begins and something is due: a cleanup, or a look at the host.
    fn at_statement(&mut self) -> Result<Flow> {
        if self.machine.explaining.is_on() {
            self.look_around();
        }
        if self.push_due_cleanups(None) {
            return Ok(Flow::Go);
        }
        if self.machine.fuel.get() + self.machine.explaining.bias() <= 0 {
            self.machine.clone().tick();
            return Ok(self.stops());
        }
        Ok(Flow::Go)
    }

    /// Stops when the host has cancelled the execution, but for cleanup code. A tick is no suspension point:
    /// only the host's own cancel is seen there.
    fn stops(&mut self) -> Flow {
        if !self.machine.is_cancelled.get() || self.is_in_cleanup() {
            return Flow::Go;
        }
        self.stop_at(errors::execution_cancelled(), Returns::NOWHERE)
    }

    /// `value(arguments)`: a call of a function value, or an index.
    fn index_or_call(
        &mut self,
        callee: Value,
        arguments: Vec<Value>,
        returns: Returns,
    ) -> Result<Flow> {
        let value = match &callee {
            Value::Function(_) => return self.call_value(callee, arguments, returns),
            Value::Object(object) => index_object(object, &callee, &arguments)?,
            Value::Exception(_) if is_only_one(&arguments) => callee.clone(),
            _ => index::paren(&callee, &arguments)?,
        };
        drop(callee);
        self.finish_call(returns, one(value))?;
        Ok(Flow::Go)
    }
}

/// `object(arguments)`; `callee` is the object as a value.
fn index_object(object: &ObjectRef, callee: &Value, arguments: &[Value]) -> Result<Value> {
    match object.index(arguments) {
        Some(value) => value,
        None if is_only_one(arguments) => Ok(callee.clone()),
        None => Err(not_indexable(callee)),
    }
}
