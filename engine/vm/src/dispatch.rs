//! The dispatch loop: instructions of the frame on top, as long as they push no frame and wait for
//! nothing.

use crate::calls::Flow;
use crate::errors;
use crate::exception;
use crate::fiber::{ALL, Frame, Returns};
use crate::interpreter::Interpreter;
use crate::machine::Machine;
use std::rc::Rc;
use tourbillon_builtins::{Outputs, one};
use tourbillon_compiler::bytecode::{COUNTED, LIST, PASS, SPREAD};
use tourbillon_compiler::{Function, Instruction, PathShape, Register};
use tourbillon_syntax::ast::{BinaryOp, UnaryOp};
use tourbillon_value::assign::{self, PathStep};
use tourbillon_value::{
    Access, Array, Callee, FunctionHandle, Result, RuntimeError, Value, build_runtime_error, codes,
    concat, display, index, ops,
};

/// The registers of the running frame, and what reading them means.
struct Window<'a> {
    registers: &'a mut [Value],
    function: &'a Function,
}

impl Window<'_> {
    /// Reads an operand: a temporary is consumed, a local is copied and must have a value.
    #[inline]
    fn read(&mut self, register: Register) -> Result<Value> {
        let place = usize::from(register);
        if register >= self.function.locals {
            return Ok(std::mem::take(&mut self.registers[place]));
        }
        let value = &self.registers[place];
        if value.is_undefined() {
            return Err(self.undefined(register));
        }
        Ok(value.clone())
    }

    /// The error for a local without a value.
    #[cold]
    fn undefined(&self, register: Register) -> RuntimeError {
        let first = self.function.captures;
        if (first..first + self.function.inputs).contains(&register) {
            return errors::missing_input();
        }
        errors::undefined(&self.function.names[usize::from(register)])
    }

    /// Looks at an operand without consuming it.
    fn look(&self, register: Register) -> Result<&Value> {
        let value = &self.registers[usize::from(register)];
        if value.is_undefined() {
            return Err(if register < self.function.locals {
                self.undefined(register)
            } else {
                errors::undefined("")
            });
        }
        Ok(value)
    }

    #[inline]
    fn set(&mut self, register: Register, value: Value) {
        self.registers[usize::from(register)] = value;
    }

    /// As `set`, for the common case that a scalar replaces a scalar: nothing is to be dropped.
    #[inline]
    fn set_double(&mut self, register: Register, number: f64) {
        match &mut self.registers[usize::from(register)] {
            Value::Double(old) => *old = number,
            other => *other = Value::Double(number),
        }
    }

    /// As `set`, for a logical scalar.
    #[inline]
    fn set_bool(&mut self, register: Register, truth: bool) {
        match &mut self.registers[usize::from(register)] {
            Value::Bool(old) => *old = truth,
            other => *other = Value::Bool(truth),
        }
    }

    /// Consumes `count` operands from `base`, or the list there.
    fn read_many(&mut self, base: Register, count: u8) -> Vec<Value> {
        if count == LIST {
            return self.read_list(base);
        }
        let base = usize::from(base);
        self.registers[base..base + usize::from(count)]
            .iter_mut()
            .map(std::mem::take)
            .collect()
    }

    fn read_list(&mut self, register: Register) -> Vec<Value> {
        match std::mem::take(&mut self.registers[usize::from(register)]) {
            Value::List(list) => Rc::try_unwrap(list).unwrap_or_else(|list| (*list).clone()),
            _ => unreachable!("the compiler puts a list there"),
        }
    }

    /// The operands of an assignment path.
    fn read_path(
        &mut self,
        base: Register,
        shapes: &[PathShape],
    ) -> Result<(Vec<PathStep>, Register)> {
        let mut at = base;
        let mut steps = Vec::with_capacity(shapes.len());
        for shape in shapes {
            steps.push(match shape {
                PathShape::Paren(count) | PathShape::Brace(count) => {
                    let arguments = self.read_many(at, *count);
                    at += if *count == LIST { 1 } else { u16::from(*count) };
                    match shape {
                        PathShape::Paren(_) => PathStep::Paren(arguments),
                        _ => PathStep::Brace(arguments),
                    }
                }
                PathShape::Field(name) => PathStep::Field((&**name).into()),
                PathShape::DynamicField => {
                    let name = self.read(at)?;
                    at += 1;
                    PathStep::Field(field_name(&name)?.as_str().into())
                }
            });
        }
        Ok((steps, at))
    }
}

/// Carries out an operator on two real double scalars, where that is simple; says whether it was.
#[inline(always)]
fn scalar_binary(window: &mut Window<'_>, op: BinaryOp, dst: Register, a: f64, b: f64) -> bool {
    let number = match op {
        BinaryOp::Add => a + b,
        BinaryOp::Subtract => a - b,
        BinaryOp::Multiply | BinaryOp::ElementMultiply => a * b,
        BinaryOp::RightDivide | BinaryOp::ElementRightDivide => a / b,
        BinaryOp::LeftDivide | BinaryOp::ElementLeftDivide => b / a,
        // Negative bases and NaN have rules of their own.
        BinaryOp::Power | BinaryOp::ElementPower | BinaryOp::And | BinaryOp::Or => return false,
        BinaryOp::Less
        | BinaryOp::LessEqual
        | BinaryOp::Greater
        | BinaryOp::GreaterEqual
        | BinaryOp::Equal
        | BinaryOp::NotEqual => {
            window.set_bool(dst, compare(op, a, b));
            return true;
        }
    };
    window.set_double(dst, number);
    true
}

#[inline(always)]
fn compare(op: BinaryOp, a: f64, b: f64) -> bool {
    match op {
        BinaryOp::Less => a < b,
        BinaryOp::LessEqual => a <= b,
        BinaryOp::Greater => a > b,
        BinaryOp::GreaterEqual => a >= b,
        BinaryOp::Equal => a == b,
        _ => a != b,
    }
}

/// An element of an array by one scalar index, where that needs no error.
#[inline]
fn scalar_index(base: &Value, at: f64) -> Option<Value> {
    let place = at as usize;
    if place as f64 != at || place == 0 {
        return None;
    }
    match base {
        Value::DoubleArray(array) => array.data().get(place - 1).copied().map(Value::Double),
        Value::BoolArray(array) => array.data().get(place - 1).copied().map(Value::Bool),
        _ => None,
    }
}

/// What a call instruction needs of the frame before the window is given up.
enum Next {
    Return(Outputs),
    /// Returns what a call gave to consecutive registers, which may go on past the window.
    ReturnFrom {
        base: Register,
        count: usize,
    },
    Error(RuntimeError),
    Statement,
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
        loop {
            let (next, loaded, base, outputs) = {
                let fiber = self.fibers.last_mut().expect("a running task has a body");
                let Some(Frame::Code(frame)) = fiber.frames.last_mut() else {
                    return Ok(Flow::Go);
                };
                let loaded = frame.loaded.clone();
                let function = &loaded.program.functions[frame.function];
                let end = frame.base + usize::from(function.registers);
                let mut window = Window {
                    registers: &mut fiber.registers[frame.base..end],
                    function,
                };
                let constants = &loaded.constants[frame.function];
                let mut pc = frame.pc;
                let outputs = frame.returns.outputs;
                let next = match run(
                    &machine,
                    &mut window,
                    constants,
                    &mut pc,
                    frame.inputs,
                    outputs,
                ) {
                    Ok(next) => next,
                    Err(error) => Next::Error(error),
                };
                frame.pc = pc;
                if let Next::Want(count) = next {
                    frame.wanted = wanted_results(count)?;
                    continue;
                }
                let base = frame.base;
                counted = frame.wanted;
                (next, loaded, base, outputs)
            };
            let returns_to = |register: Register, wanted: u8| Returns {
                base: base + usize::from(register),
                outputs: match (wanted, outputs) {
                    // A body is asked for all it has; what it calls last gives one if it has one.
                    (PASS, ALL) => 0,
                    (PASS, outputs) => outputs,
                    (COUNTED, _) => counted,
                    (wanted, _) => wanted,
                },
            };
            let next = match next {
                Next::ReturnFrom { base: from, count } => {
                    let registers = &mut self.top().registers;
                    let from = base + usize::from(from);
                    let to = (from + count).min(registers.len());
                    let values = registers[from..to].iter_mut().map(std::mem::take);
                    Next::Return(values.take_while(|value| !value.is_undefined()).collect())
                }
                next => next,
            };
            match next {
                Next::ReturnFrom { .. } => unreachable!("its values were taken"),
                Next::Want(_) => unreachable!("it was noted in the frame"),
                Next::Gather(from) => self.gather(base + usize::from(from), counted)?,
                Next::Error(error) => return Err(error),
                Next::Statement => match self.at_statement()? {
                    Flow::Go => {}
                    Flow::Wait => return Ok(Flow::Wait),
                },
                Next::Return(values) => {
                    let frame = self.pop_code_frame();
                    self.finish_call(frame.returns, values)?;
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
                    let arguments = self.arguments(base + usize::from(from), count);
                    if self.index_or_call(callee, arguments, returns)? == Flow::Wait {
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
                    let handle = callee.ok_or_else(|| errors::undefined(&name))?;
                    let returns = returns_to(from, outputs);
                    let arguments = self.arguments(base + usize::from(from), count);
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
                    let handle = FunctionHandle {
                        name: (&*loaded.program.functions[function].text).into(),
                        callee: Callee::Program {
                            program: loaded.number,
                            function: function as u32,
                        },
                        captures,
                        is_anonymous: true,
                    };
                    let place = base + usize::from(dst);
                    self.top().registers[place] = Value::Function(Rc::new(handle));
                }
            }
        }
    }

    /// Makes the results that stand in registers from `base` on one list in `base`.
    fn gather(&mut self, base: usize, count: u8) -> Result<()> {
        let fiber = self.top();
        let Some(Frame::Code(frame)) = fiber.frames.last() else {
            unreachable!("the frame that gathers is on top")
        };
        let code = &frame.loaded.program.functions[frame.function];
        let end = frame.base + usize::from(code.registers);
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
        if self.push_due_cleanups(None) {
            return Ok(Flow::Go);
        }
        if self.machine.fuel.get() <= 0 {
            self.machine.clone().tick();
            // A tick is no suspension point: only the host's own cancel is seen here.
            if self.machine.is_cancelled.get() && !self.is_in_cleanup() {
                let error = errors::execution_cancelled();
                return Ok(self.stop_at(error, Returns::NOWHERE));
            }
        }
        Ok(Flow::Go)
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
            Value::Object(object) => {
                self.machine.access_object(object.id(), Access::Read);
                match object.index(&arguments) {
                    Some(value) => value?,
                    None if is_only_one(&arguments) => callee.clone(),
                    None => return Err(not_indexable(&callee)),
                }
            }
            Value::Exception(_) if is_only_one(&arguments) => callee.clone(),
            _ => index::paren(&callee, &arguments)?,
        };
        drop(callee);
        self.finish_call(returns, one(value))?;
        Ok(Flow::Go)
    }
}

/// `x(1)` of what is always one.
fn is_only_one(arguments: &[Value]) -> bool {
    arguments
        .iter()
        .all(|argument| matches!(argument, Value::Colon) || argument.as_number() == Some(1.0))
}

fn not_indexable(value: &Value) -> RuntimeError {
    build_runtime_error(format!(
        "A value of class '{}' cannot be indexed.",
        value.class_name()
    ))
    .code(&codes::BAD_SUBSCRIPT)
    .build()
}

fn no_member(value: &Value, name: &str) -> RuntimeError {
    build_runtime_error(format!(
        "Unrecognized method, property, or field '{name}' for class '{}'.",
        value.class_name()
    ))
    .identifier("MATLAB:noSuchMethodOrField")
    .build()
}

fn field_name(value: &Value) -> Result<String> {
    value.as_text().ok_or_else(|| {
        build_runtime_error(
            "Argument to dynamic structure reference must evaluate to a valid field name.",
        )
        .identifier("MATLAB:structRefBadFieldName")
        .build()
    })
}

/// `value.name` where no call is needed: `None` when an object has a method of that name instead.
fn member(machine: &Machine, value: &Value, name: &str) -> Result<Option<Vec<Value>>> {
    match value {
        Value::Exception(error) => {
            match exception::property(error, name, machine.options.namespace) {
                Some(value) => Ok(Some(vec![value])),
                None if tourbillon_builtins::lookup(name).is_some() => Ok(None),
                None => Err(no_member(value, name)),
            }
        }
        Value::Object(object) => {
            machine.access_object(object.id(), Access::Read);
            match object.property(name) {
                Some(value) => Ok(Some(vec![value?])),
                None if tourbillon_builtins::lookup(name).is_some() => Ok(None),
                None => Err(no_member(value, name)),
            }
        }
        _ => index::field(value, name).map(Some),
    }
}

fn one_of(mut values: Vec<Value>) -> Result<Value> {
    match values.len() {
        1 => Ok(values.pop().expect("there is one")),
        0 => Err(build_runtime_error(
            "Insufficient number of outputs from right hand side of equal sign to satisfy assignment.",
        )
        .code(&codes::NEED_MORE_VALUES)
        .build()),
        _ => Ok(values.swap_remove(0)),
    }
}

/// How many results an assignment may ask for.
fn wanted_results(count: f64) -> Result<u8> {
    if count > 250.0 {
        return Err(build_runtime_error("An assignment has more than 250 targets.").build());
    }
    Ok(count as u8)
}

/// How many elements of a value the indices address; a value that does not exist has none.
fn addressed(value: &Value, indices: &[Value]) -> usize {
    indices
        .iter()
        .enumerate()
        .map(|(position, index)| match index {
            Value::Colon if value.is_undefined() => 0,
            Value::Colon => index::end_of(value, position, indices.len()),
            Value::BoolArray(truths) => truths.data().iter().filter(|truth| **truth).count(),
            Value::Bool(truth) => usize::from(*truth),
            other => other.count(),
        })
        .product()
}

/// Spreads lists among the elements of a literal and cuts them into rows.
fn rows(elements: Vec<Value>, shape: &[u16]) -> Vec<Vec<Value>> {
    let mut elements = elements.into_iter();
    shape
        .iter()
        .map(|count| {
            let mut row = Vec::with_capacity(usize::from(*count));
            for element in elements.by_ref().take(usize::from(*count)) {
                match element {
                    Value::List(list) => row.extend(list.iter().cloned()),
                    single => row.push(single),
                }
            }
            row
        })
        .collect()
}

/// The loop itself. `pc` is always that of the instruction after the running one.
fn run(
    machine: &Rc<Machine>,
    window: &mut Window<'_>,
    constants: &[Value],
    pc: &mut usize,
    inputs: usize,
    outputs: u8,
) -> Result<Next> {
    let code = &window.function.code[..];
    loop {
        let instruction = code[*pc];
        *pc += 1;
        match instruction {
            Instruction::Statement { cost } => {
                let fuel = machine.fuel.get() - i64::from(cost);
                machine.fuel.set(fuel);
                if fuel <= 0 || !machine.cleanups.is_empty() {
                    return Ok(Next::Statement);
                }
            }
            Instruction::Constant { dst, constant } => match &constants[usize::from(constant)] {
                Value::Double(number) => window.set_double(dst, *number),
                other => window.set(dst, other.clone()),
            },
            Instruction::Move { dst, src } => {
                if let Value::Double(number) = window.registers[usize::from(src)] {
                    window.set_double(dst, number);
                    continue;
                }
                let value = window.read(src)?;
                window.set(dst, value);
            }
            Instruction::Clear { register } => window.set(register, Value::Undefined),
            Instruction::Binary {
                op,
                dst,
                left,
                right,
            } => {
                if let (Value::Double(a), Value::Double(b)) = (
                    &window.registers[usize::from(left)],
                    &window.registers[usize::from(right)],
                ) {
                    let (a, b) = (*a, *b);
                    if scalar_binary(window, op, dst, a, b) {
                        continue;
                    }
                }
                let (left, right) = (window.read(left)?, window.read(right)?);
                let value = match device_binary(machine, op, &left, &right) {
                    Some(value) => value?,
                    None => ops::binary(op, left, right)?,
                };
                window.set(dst, value);
            }
            Instruction::Unary { op, dst, operand } => {
                let value = match (&window.registers[usize::from(operand)], op) {
                    (Value::Double(x), UnaryOp::Minus) => Value::Double(-x),
                    (Value::Bool(x), UnaryOp::Not) => Value::Bool(!x),
                    _ => {
                        let operand = window.read(operand)?;
                        match device_unary(machine, op, &operand) {
                            Some(value) => value?,
                            None => ops::unary(op, operand)?,
                        }
                    }
                };
                window.set(dst, value);
            }
            Instruction::Postfix { op, dst, operand } => {
                let operand = window.read(operand)?;
                let value = ops::postfix(op, operand)?;
                window.set(dst, value);
            }
            Instruction::Range {
                dst,
                base,
                has_step,
            } => {
                let start = window.read(base)?;
                let second = window.read(base + 1)?;
                let value = if has_step {
                    let stop = window.read(base + 2)?;
                    ops::range(&start, Some(&second), &stop)?
                } else {
                    ops::range(&start, None, &second)?
                };
                window.set(dst, value);
            }
            Instruction::ToLogical { dst, src, is_and } => {
                let value = window.read(src)?;
                let truth = match value {
                    Value::Bool(truth) => truth,
                    other => ops::condition(&other, if is_and { "&&" } else { "||" })?,
                };
                window.set(dst, Value::Bool(truth));
            }
            Instruction::Jump { target } => *pc = target as usize,
            Instruction::JumpIfFalse { condition, target } => {
                if !truth(window, condition)? {
                    *pc = target as usize;
                }
            }
            Instruction::JumpIfTrue { condition, target } => {
                if truth(window, condition)? {
                    *pc = target as usize;
                }
            }
            Instruction::JumpIfUndefined { register, target } => {
                if window.registers[usize::from(register)].is_undefined() {
                    *pc = target as usize;
                }
            }
            Instruction::SwitchMatches { dst, subject, case } => {
                let case = window.read(case)?;
                let matches = ops::switch_matches(window.look(subject)?, &case)?;
                window.set(dst, Value::Bool(matches));
            }
            Instruction::ForRange {
                state,
                base,
                has_step,
            } => {
                begin_range(window, state, base, has_step)?;
            }
            Instruction::ForEach { state, src } => {
                let value = window.read(src)?;
                begin_columns(window, state, value);
            }
            Instruction::ForNext { state, dst } => {
                if next_element(window, state, dst)? {
                    *pc += 1;
                }
            }
            Instruction::Paren {
                callee,
                base,
                count,
                outputs: wanted,
            } => {
                if count == 1
                    && wanted <= 1
                    && let Value::Double(at) = window.registers[usize::from(base)]
                {
                    let element = scalar_index(&window.registers[usize::from(callee)], at);
                    if let Some(element) = element {
                        // A part that stayed held would be copied whole at the next store into it.
                        if callee >= window.function.locals {
                            window.set(callee, Value::Undefined);
                        }
                        window.set(base, element);
                        continue;
                    }
                }
                let callee = window.read(callee)?;
                return Ok(Next::Value {
                    callee,
                    base,
                    count,
                    outputs: wanted,
                });
            }
            Instruction::Brace {
                value,
                base,
                count,
                outputs: wanted,
            } => {
                let arguments = window.read_many(base, count);
                // A local is looked at where it is: copying it would only cost.
                let values = if value < window.function.locals {
                    index::brace(window.look(value)?, &arguments)?
                } else {
                    index::brace(&window.read(value)?, &arguments)?
                };
                let wanted = match (wanted, outputs) {
                    (PASS, ALL) => 0,
                    (PASS, outputs) => outputs,
                    (wanted, _) => wanted,
                };
                brace_results(window, base, wanted, values)?;
            }
            Instruction::Field { dst, value, name } => {
                let Value::Char(_) = &constants[usize::from(name)] else {
                    unreachable!("a field's name is a text constant")
                };
                let name = constants[usize::from(name)]
                    .as_text()
                    .expect("a name is a row");
                let found = if value < window.function.locals {
                    member(machine, window.look(value)?, &name)?
                } else {
                    let held = window.look(value)?.clone();
                    let found = member(machine, &held, &name)?;
                    if found.is_some() {
                        window.set(value, Value::Undefined);
                    }
                    found
                };
                match found {
                    Some(values) => {
                        let value = one_of(values)?;
                        window.set(dst, value);
                    }
                    None => {
                        let object = window.read(value)?;
                        return Ok(Next::Method {
                            object,
                            name,
                            arguments: Vec::new(),
                            base: dst,
                            outputs: 1,
                        });
                    }
                }
            }
            Instruction::FieldList { dst, value, name } => {
                let name = constants[usize::from(name)]
                    .as_text()
                    .expect("a name is a row");
                let held = window.read(value)?;
                match member(machine, &held, &name)? {
                    Some(values) => window.set(dst, Value::List(Rc::new(values))),
                    None => {
                        return Ok(Next::Method {
                            object: held,
                            name,
                            arguments: Vec::new(),
                            base: dst,
                            outputs: 1,
                        });
                    }
                }
            }
            Instruction::DynamicField { dst, value, name } => {
                let name = field_name(&window.read(name)?)?;
                let held = window.read(value)?;
                match member(machine, &held, &name)? {
                    Some(values) => {
                        let value = one_of(values)?;
                        window.set(dst, value);
                    }
                    None => return Err(no_member(&held, &name)),
                }
            }
            Instruction::Method {
                value,
                base,
                count,
                outputs,
            } => {
                let name = window
                    .read(base)?
                    .as_text()
                    .expect("a method's name is a text");
                let held = window.read(value)?;
                match member(machine, &held, &name)? {
                    None => {
                        let arguments = window.read_many(base + 1, count);
                        return Ok(Next::Method {
                            object: held,
                            name,
                            arguments,
                            base,
                            outputs,
                        });
                    }
                    Some(values) => {
                        let callee = one_of(values)?;
                        // The arguments move down to where the results will be.
                        let arguments = window.read_many(base + 1, count);
                        window.set(base, Value::List(Rc::new(arguments)));
                        return Ok(Next::Value {
                            callee,
                            base,
                            count: LIST,
                            outputs,
                        });
                    }
                }
            }
            Instruction::End {
                dst,
                value,
                position,
                count,
            } => {
                let held = &window.registers[usize::from(value)];
                let end = if held.is_undefined() {
                    0
                } else {
                    index::end_of(held, usize::from(position), usize::from(count))
                };
                window.set(dst, Value::Double(end as f64));
            }
            Instruction::Store {
                variable,
                base,
                path,
            } => {
                let shapes = &window.function.paths[usize::from(path)];
                let (steps, at) = window.read_path(base, shapes)?;
                let value = window.read(at)?;
                let target = &mut window.registers[usize::from(variable)];
                observe_store(machine, target);
                assign::assign(target, &steps, value)?;
            }
            Instruction::StoreIndex {
                variable,
                index,
                value,
            } => {
                if store_scalar(window, variable, index, value) {
                    continue;
                }
                let index = window.read(index)?;
                let value = window.read(value)?;
                let target = &mut window.registers[usize::from(variable)];
                observe_store(machine, target);
                assign::assign(target, &[PathStep::Paren(vec![index])], value)?;
            }
            Instruction::Delete {
                variable,
                base,
                path,
            } => {
                let shapes = &window.function.paths[usize::from(path)];
                let (steps, _) = window.read_path(base, shapes)?;
                let target = &mut window.registers[usize::from(variable)];
                observe_store(machine, target);
                delete(target, &steps)?;
            }
            Instruction::ListNew { dst } => window.set(dst, Value::List(Rc::default())),
            Instruction::ListPush { list, src } => {
                let value = window.read(src)?;
                let Value::List(items) = &mut window.registers[usize::from(list)] else {
                    unreachable!("the compiler puts a list there")
                };
                let items = Rc::make_mut(items);
                match value {
                    Value::List(more) => items.extend(more.iter().cloned()),
                    single => items.push(single),
                }
            }
            Instruction::ListTake { dst, list } => {
                let value = match &mut window.registers[usize::from(list)] {
                    Value::List(items) if items.is_empty() => one_of(Vec::new())?,
                    Value::List(items) => Rc::make_mut(items).remove(0),
                    // A property of an object is one value.
                    single => std::mem::replace(single, Value::List(Rc::default())),
                };
                window.set(dst, value);
            }
            Instruction::ListTakeCell { dst, list, count } => {
                let count = window.look(count)?.as_number().unwrap_or_default() as usize;
                let Value::List(items) = &mut window.registers[usize::from(list)] else {
                    unreachable!("the compiler puts a list there")
                };
                if items.len() < count {
                    return one_of(Vec::new()).map(|_| unreachable!("there is none"));
                }
                let taken = Rc::make_mut(items).drain(..count).collect();
                window.set(dst, Value::cell_row(taken));
            }
            Instruction::JumpIfListEmpty { list, target } => {
                if let Value::List(items) = &window.registers[usize::from(list)]
                    && items.is_empty()
                {
                    *pc = target as usize;
                }
            }
            Instruction::IndexCount { dst, value, list } => {
                let Value::List(indices) = &window.registers[usize::from(list)] else {
                    unreachable!("the compiler puts a list there")
                };
                let count = addressed(&window.registers[usize::from(value)], indices);
                window.set(dst, Value::Double(count as f64));
            }
            Instruction::Want { count } => {
                let count = window.read(count)?.as_number().unwrap_or_default();
                return Ok(Next::Want(count));
            }
            Instruction::Gather { base } => return Ok(Next::Gather(base)),
            Instruction::Matrix { dst, base, shape } => {
                let shape = &window.function.shapes[usize::from(shape)];
                let count: u16 = shape.iter().sum();
                let from = usize::from(base);
                let elements = window.registers[from..from + usize::from(count)]
                    .iter_mut()
                    .map(std::mem::take)
                    .collect();
                let value = concat::build_matrix(rows(elements, shape))?;
                window.set(dst, value);
            }
            Instruction::Cell { dst, base, shape } => {
                let shape = &window.function.shapes[usize::from(shape)];
                let count: u16 = shape.iter().sum();
                let from = usize::from(base);
                let elements = window.registers[from..from + usize::from(count)]
                    .iter_mut()
                    .map(std::mem::take)
                    .collect();
                let value = concat::build_cell(rows(elements, shape))?;
                window.set(dst, value);
            }
            Instruction::Call {
                function,
                base,
                count,
                outputs,
            } => {
                return Ok(Next::Call {
                    function: usize::from(function),
                    base,
                    count,
                    outputs,
                });
            }
            Instruction::CallBuiltin {
                builtin,
                base,
                count,
                outputs,
            } => {
                if count <= 2 && outputs <= 1 {
                    let from = usize::from(base);
                    let arguments = &window.registers[from..from + usize::from(count)];
                    if let Some(number) = Interpreter::scalar_call(builtin, arguments) {
                        window.set_double(base, number);
                        continue;
                    }
                }
                return Ok(Next::Builtin {
                    builtin,
                    base,
                    count,
                    outputs,
                });
            }
            Instruction::CallUnknown {
                name,
                base,
                count,
                outputs,
            } => {
                let name = constants[usize::from(name)]
                    .as_text()
                    .expect("a name is a row");
                return Ok(Next::Unknown {
                    name,
                    base,
                    count,
                    outputs,
                });
            }
            Instruction::AsyncCreate {
                function,
                base,
                count,
            } => {
                return Ok(Next::Async {
                    function: usize::from(function),
                    base,
                    count,
                });
            }
            Instruction::Await {
                base,
                count,
                outputs,
            } => {
                return Ok(Next::Await {
                    base,
                    count,
                    outputs,
                });
            }
            Instruction::Closure {
                dst,
                function,
                base,
                count,
            } => {
                return Ok(Next::Closure {
                    dst,
                    function: usize::from(function),
                    base,
                    count,
                });
            }
            Instruction::Display { src, name } => {
                let name = constants[usize::from(name)]
                    .as_text()
                    .expect("a name is a row");
                machine.print(&display::display_named(&name, window.look(src)?));
            }
            Instruction::InputCount { dst } => window.set(dst, Value::Double(inputs as f64)),
            Instruction::OutputCount { dst } => {
                let count = if outputs == ALL {
                    window.function.outputs.len() as f64
                } else {
                    f64::from(outputs)
                };
                window.set(dst, Value::Double(count));
            }
            Instruction::LoadGlobal { dst, name } => {
                let name = constants[usize::from(name)]
                    .as_text()
                    .expect("a name is a row");
                let value = machine.globals.borrow().get(&*name).cloned();
                window.set(dst, value.unwrap_or_else(Value::empty));
            }
            Instruction::StoreGlobal { name, src } => {
                let name = constants[usize::from(name)]
                    .as_text()
                    .expect("a name is a row");
                let value = window.read(src)?;
                let old = machine
                    .globals
                    .borrow_mut()
                    .insert(name.as_str().into(), value);
                drop(old);
            }
            Instruction::StoreGlobalIndex { name, index, value } => {
                let name = constants[usize::from(name)]
                    .as_text()
                    .expect("a name is a row");
                let index = window.read(index)?;
                let value = window.read(value)?;
                // The map gives the value up meanwhile, so that it is changed where it is.
                let held = machine
                    .globals
                    .borrow_mut()
                    .get_mut(&*name)
                    .map(std::mem::take);
                let mut target = held.unwrap_or_else(Value::empty);
                observe_store(machine, &target);
                let stored = assign::assign(&mut target, &[PathStep::Paren(vec![index])], value);
                let empty = machine
                    .globals
                    .borrow_mut()
                    .insert(name.as_str().into(), target);
                drop(empty);
                stored?;
            }
            Instruction::EndCleanup { record } => {
                if let Value::Exception(error) = &window.registers[usize::from(record)] {
                    return Ok(Next::Error(error.clone()));
                }
            }
            Instruction::JumpIfCompletion {
                completion,
                record,
                target,
            } => {
                let held = &window.registers[usize::from(record)];
                if matches!(held, Value::Double(number) if *number == f64::from(completion)) {
                    *pc = target as usize;
                }
            }
            Instruction::Return => return results(window, outputs).map(Next::Return),
            Instruction::ReturnResults { base } => {
                let count = if outputs == ALL {
                    1
                } else {
                    usize::from(outputs).max(1)
                };
                return Ok(Next::ReturnFrom { base, count });
            }
        }
    }
}

#[inline]
fn truth(window: &mut Window<'_>, condition: Register) -> Result<bool> {
    match &window.registers[usize::from(condition)] {
        Value::Bool(truth) => Ok(*truth),
        _ => ops::is_true(&window.read(condition)?),
    }
}

/// `place(…) = []` at the end of a path: the place is read, shortened and written back, so that a
/// failure leaves everything as it was.
fn delete(target: &mut Value, steps: &[PathStep]) -> Result<()> {
    let Some((PathStep::Paren(arguments), prefix)) = steps.split_last() else {
        unreachable!("the compiler ends a deletion with (…)")
    };
    if prefix.is_empty() {
        return assign::delete(target, arguments);
    }
    let mut place = target.clone();
    for step in prefix {
        place = match step {
            PathStep::Paren(arguments) => index::paren(&place, arguments)?,
            PathStep::Brace(arguments) => one_of(index::brace(&place, arguments)?)?,
            PathStep::Field(name) => one_of(index::field(&place, name)?)?,
        };
    }
    assign::delete(&mut place, arguments)?;
    assign::assign(target, prefix, place)
}

fn observe_store(machine: &Machine, target: &Value) {
    if let Value::Object(object) = target {
        machine.access_object(object.id(), Access::Write);
    }
}

/// `variable(index) = value` of a double into an element that is there, in place.
#[inline]
fn store_scalar(
    window: &mut Window<'_>,
    variable: Register,
    index: Register,
    value: Register,
) -> bool {
    let (Value::Double(at), Value::Double(number)) = (
        &window.registers[usize::from(index)],
        &window.registers[usize::from(value)],
    ) else {
        return false;
    };
    let (at, number) = (*at, *number);
    let place = at as usize;
    if place as f64 != at || place == 0 {
        return false;
    }
    let Value::DoubleArray(array) = &mut window.registers[usize::from(variable)] else {
        return false;
    };
    match Rc::get_mut(array).and_then(|array| array.data_mut().get_mut(place - 1)) {
        Some(element) => {
            *element = number;
            true
        }
        None => false,
    }
}

/// Puts the values of `value{…}` where they are wanted.
fn brace_results(
    window: &mut Window<'_>,
    base: Register,
    wanted: u8,
    values: Vec<Value>,
) -> Result<()> {
    if wanted == SPREAD {
        window.set(base, Value::List(Rc::new(values)));
        return Ok(());
    }
    if wanted == 0 {
        let first = values.into_iter().next().unwrap_or_default();
        window.set(base, first);
        return Ok(());
    }
    if values.len() < usize::from(wanted) {
        return one_of(Vec::new()).map(|_| ());
    }
    for (place, value) in values.into_iter().take(usize::from(wanted)).enumerate() {
        window.set(base + place as u16, value);
    }
    Ok(())
}

/// The outputs of a function that ends.
fn results(window: &mut Window<'_>, outputs: u8) -> Result<Outputs> {
    let function = window.function;
    let is_body = outputs == ALL;
    let wanted = if is_body {
        usize::MAX
    } else {
        usize::from(outputs).max(1)
    };
    let mut values = Outputs::new();
    for register in function.outputs.iter().take(wanted) {
        let value = std::mem::take(&mut window.registers[usize::from(*register)]);
        if value.is_undefined() {
            if is_body || outputs == 0 {
                return Ok(values);
            }
            let name = &function.names[usize::from(*register)];
            return Err(errors::unassigned_output(name, &function.name));
        }
        values.push(value);
    }
    if let (true, Some(register)) = (values.len() < wanted, function.varargout) {
        let rest = std::mem::take(&mut window.registers[usize::from(register)]);
        if let Value::Cell(cell) = rest {
            let missing = wanted - values.len();
            values.extend(cell.data().iter().take(missing).cloned());
        }
    }
    if !is_body && values.len() < usize::from(outputs) {
        return Err(errors::unassigned_output("varargout", &function.name));
    }
    Ok(values)
}

/// Begins a loop over a range without making the array: the state is start, step, count and the
/// number of the next element.
fn begin_range(
    window: &mut Window<'_>,
    state: Register,
    base: Register,
    has_step: bool,
) -> Result<()> {
    let start = window.read(base)?;
    let second = window.read(base + 1)?;
    let third = if has_step {
        Some(window.read(base + 2)?)
    } else {
        None
    };
    let (step, stop) = match &third {
        Some(stop) => (Some(&second), stop),
        None => (None, &second),
    };
    if let (Value::Double(first), Some(Value::Double(by)), Value::Double(last)) =
        (&start, step.or(Some(&Value::Double(1.0))), stop)
    {
        // Counting up is exact for integers only; other ranges have elements that depend on both ends.
        if first.fract() == 0.0 && by.fract() == 0.0 {
            let count = ops::Range::new(*first, *by, *last).count();
            window.set(state, Value::Double(*first));
            window.set(state + 1, Value::Double(*by));
            window.set(state + 2, Value::Double(count as f64));
            window.set(state + 3, Value::Double(0.0));
            return Ok(());
        }
    }
    let value = ops::range(&start, step, stop)?;
    begin_columns(window, state, value);
    Ok(())
}

/// Begins a loop over columns: the state is the array, nothing, the number of columns and the number
/// of the next one.
fn begin_columns(window: &mut Window<'_>, state: Register, value: Value) {
    let dims = value.dims();
    // An array without rows has columns of no elements, and the loop runs over them; only `[]` itself
    // and arrays without columns give no turn.
    let columns: usize = dims.as_slice()[1..].iter().product();
    window.set(state, value);
    window.set(state + 1, Value::Undefined);
    window.set(state + 2, Value::Double(columns as f64));
    window.set(state + 3, Value::Double(0.0));
}

/// Puts the next element into `dst`; at the end clears the state and says so.
fn next_element(window: &mut Window<'_>, state: Register, dst: Register) -> Result<bool> {
    let place = usize::from(state);
    let (Value::Double(count), Value::Double(at)) =
        (&window.registers[place + 2], &window.registers[place + 3])
    else {
        unreachable!("the loop state was begun")
    };
    let (count, at) = (*count, *at);
    if at >= count {
        for register in &mut window.registers[place..place + 4] {
            *register = Value::Undefined;
        }
        return Ok(false);
    }
    if let (Value::Double(first), Value::Double(by)) =
        (&window.registers[place], &window.registers[place + 1])
    {
        let element = first + at * by;
        window.set_double(state + 3, at + 1.0);
        window.set_double(dst, element);
        return Ok(true);
    }
    window.registers[place + 3] = Value::Double(at + 1.0);
    let element = column(&window.registers[place], at as usize)?;
    window.set(dst, element);
    Ok(true)
}

/// One column of an array.
fn column(array: &Value, at: usize) -> Result<Value> {
    match array {
        Value::DoubleArray(array) if array.dims().rows() == 1 => {
            Ok(Value::Double(array.data()[at]))
        }
        Value::Cell(array) if array.dims().rows() == 1 => {
            Ok(Value::cell(Array::row(vec![array.data()[at].clone()])))
        }
        Value::Function(_) | Value::Exception(_) | Value::Object(_) => Ok(array.clone()),
        other => index::paren(other, &[Value::Colon, Value::Double(at as f64 + 1.0)]),
    }
}

/// Operators on device arrays are the device's.
fn device_binary(
    machine: &Machine,
    op: BinaryOp,
    left: &Value,
    right: &Value,
) -> Option<Result<Value>> {
    match (left, right) {
        (Value::Object(_), _) | (_, Value::Object(_)) => {
            tourbillon_builtins::device_binary(machine, op, left, right)
        }
        _ => None,
    }
}

fn device_unary(machine: &Machine, op: UnaryOp, operand: &Value) -> Option<Result<Value>> {
    match operand {
        Value::Object(_) => tourbillon_builtins::device_unary(machine, op, operand),
        _ => None,
    }
}
