//! Calls: of functions of a program, of library functions, of function values.

use crate::capacity::Need;
use crate::errors;
use crate::fiber::{ALL, CodeFrame, Frame, Returns};
use crate::future::Future;
use crate::interpreter::Interpreter;
use crate::machine::Loaded;
use crate::operation::{Advance, Sequel};
use crate::spawn;
use crate::wait::{Pending, Wait};
use std::rc::Rc;
use tourbillon_builtins::{
    Body, BuiltinId, Call, Entry, Outputs, Scalar, Start, Step, entry, lookup, one,
};
use tourbillon_compiler::FunctionKind;
use tourbillon_compiler::bytecode::LIST;
use tourbillon_host::Request;
use tourbillon_value::{Array, Callee, FunctionHandle, Result, RuntimeError, Value};

/// Whether the innermost body can go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flow {
    /// It can; a frame may have been pushed.
    Go,
    /// It waits; what for is in its `pending`.
    Wait,
}

impl Interpreter {
    /// Takes `count` arguments out of the registers from `base`.
    pub(crate) fn arguments(&mut self, base: usize, count: u8) -> Vec<Value> {
        let registers = &mut self.top().registers;
        if count == LIST {
            let Value::List(list) = std::mem::take(&mut registers[base]) else {
                unreachable!("the compiler puts a list there")
            };
            return Rc::try_unwrap(list).unwrap_or_else(|list| (*list).clone());
        }
        registers[base..base + usize::from(count)]
            .iter_mut()
            .map(std::mem::take)
            .collect()
    }

    /// Pushes a frame for a function of a program; an async function gives a future instead.
    pub(crate) fn call_program(
        &mut self,
        loaded: Rc<Loaded>,
        function: usize,
        arguments: Vec<Value>,
        returns: Returns,
    ) -> Result<()> {
        if loaded.program.functions[function].is_async() {
            check_inputs(&loaded, function, arguments.len())?;
            let room = self.room(|| Need::FUTURE)?;
            let future = spawn::create(&self.machine, &loaded, function, arguments);
            room.holds(&self.machine, &future);
            return self.finish_call(returns, one(future.value()));
        }
        self.push_function(loaded, function, arguments, returns)
    }

    /// Pushes a frame for a function of a program, async or not.
    pub(crate) fn push_function(
        &mut self,
        loaded: Rc<Loaded>,
        function: usize,
        arguments: Vec<Value>,
        returns: Returns,
    ) -> Result<()> {
        let base = self.enter(&loaded, function, arguments.len(), returns)?;
        let code = &loaded.program.functions[function];
        let fixed = usize::from(code.captures) + usize::from(code.inputs);
        let registers = &mut self.top().registers;
        let mut rest = arguments.into_iter();
        for (place, value) in rest.by_ref().take(fixed).enumerate() {
            registers[base + place] = value;
        }
        if code.has_varargin {
            registers[base + fixed] = varargin(rest.collect());
        }
        Ok(())
    }

    /// Pushes a frame whose arguments stand in the registers from `from`: the common call, without a
    /// list on the way.
    pub(crate) fn push_function_in_place(
        &mut self,
        loaded: Rc<Loaded>,
        function: usize,
        from: usize,
        count: usize,
        returns: Returns,
    ) -> Result<()> {
        let base = self.enter(&loaded, function, count, returns)?;
        let code = &loaded.program.functions[function];
        let fixed = (usize::from(code.captures) + usize::from(code.inputs)).min(count);
        let registers = &mut self.top().registers;
        for place in 0..fixed {
            registers[base + place] = std::mem::take(&mut registers[from + place]);
        }
        if code.has_varargin {
            let rest = registers[from + fixed..from + count]
                .iter_mut()
                .map(std::mem::take)
                .collect();
            let place = base + usize::from(code.captures) + usize::from(code.inputs);
            registers[place] = varargin(rest);
        }
        Ok(())
    }

    /// Checks a call and pushes its frame with an empty window; gives the window's first register.
    fn enter(
        &mut self,
        loaded: &Rc<Loaded>,
        function: usize,
        count: usize,
        returns: Returns,
    ) -> Result<usize> {
        let code = &loaded.program.functions[function];
        check_inputs(loaded, function, count)?;
        // An anonymous function whose body is a call passes on what that gives; it has no outputs.
        let has_outputs = match code.kind {
            FunctionKind::Plain | FunctionKind::Async => true,
            FunctionKind::Anonymous | FunctionKind::AsyncBlock => !code.outputs.is_empty(),
            FunctionKind::Script => false,
        };
        if has_outputs
            && returns.outputs != ALL
            && usize::from(returns.outputs) > code.outputs.len()
            && code.varargout.is_none()
        {
            return Err(errors::too_many_outputs(false));
        }
        let limit = self.machine.options.recursion_limit;
        let fiber = self.fibers.last_mut().expect("a running task has a body");
        if fiber.depth() >= limit {
            return Err(errors::recursion_limit(limit));
        }
        let base = fiber.registers.len();
        fiber
            .registers
            .resize_with(base + usize::from(code.registers), Value::default);
        let inputs = count - usize::from(code.captures);
        let frame = CodeFrame::new(loaded.clone(), function, base, inputs, returns);
        fiber.frames.push(Frame::Code(frame));
        if let (FunctionKind::Script, Some(Frame::Code(frame))) = (code.kind, fiber.frames.last()) {
            crate::unwind::load_workspace(&self.machine, frame, &mut fiber.registers);
        }
        Ok(base)
    }

    /// Calls a function value.
    pub(crate) fn call_value(
        &mut self,
        function: Value,
        mut arguments: Vec<Value>,
        returns: Returns,
    ) -> Result<Flow> {
        let handle = match function {
            Value::Function(handle) => handle,
            Value::Char(_) => {
                let name = function.as_text().unwrap_or_default();
                match tourbillon_builtins::Context::resolve(&*self.machine, &name) {
                    Some(handle) => Rc::new(handle),
                    None => return Err(errors::undefined_call(&name, &arguments)),
                }
            }
            other => {
                return Err(errors::wrong_argument(
                    "feval",
                    1,
                    &format!("a function, not a {}", other.class_name()),
                ));
            }
        };
        if !handle.captures.is_empty() {
            arguments.splice(0..0, handle.captures.iter().cloned());
        }
        match self.resolve_callee(&handle, &arguments)? {
            Callee::Builtin(id) => self.call_builtin_with(BuiltinId(id), arguments, returns),
            Callee::Program { program, function } => {
                let loaded = self.machine.program(program);
                self.call_program(loaded, function as usize, arguments, returns)?;
                Ok(Flow::Go)
            }
            Callee::Unresolved => unreachable!("an unresolved name is an error"),
        }
    }

    pub(crate) fn resolve_callee(
        &self,
        handle: &FunctionHandle,
        arguments: &[Value],
    ) -> Result<Callee> {
        match &handle.callee {
            Callee::Unresolved => self
                .machine
                .resolve_name(&handle.name)
                .ok_or_else(|| errors::undefined_call(&handle.name, arguments)),
            known => Ok(known.clone()),
        }
    }

    /// What a call left of its arguments goes now, not when the registers are used again: a handle may
    /// wait for its last reference.
    pub(crate) fn drop_arguments(&mut self, base: usize, count: u8) {
        for value in &mut self.top().registers[base..base + usize::from(count)] {
            drop(std::mem::take(value));
        }
    }

    /// Calls a library function whose arguments stand in registers.
    pub(crate) fn call_builtin(
        &mut self,
        id: BuiltinId,
        base: usize,
        count: u8,
        returns: Returns,
    ) -> Result<Flow> {
        let function = entry(id);
        if count != LIST
            && let Body::Plain(body) = function.body
        {
            check_library_call(function, usize::from(count), returns.outputs)?;
            let machine = self.machine.clone();
            let arguments = &mut self.top().registers[base..base + usize::from(count)];
            let mut call = Call {
                context: &*machine,
                name: function.name,
                arguments,
                outputs: wanted(returns.outputs),
            };
            let values = body(&mut call).map_err(|error| in_builtin(function, error));
            self.drop_arguments(base, count);
            self.finish_call(returns, values?)?;
            return Ok(Flow::Go);
        }
        let arguments = self.arguments(base, count);
        self.call_builtin_with(id, arguments, returns)
    }

    /// Calls a library function with a list of arguments.
    pub(crate) fn call_builtin_with(
        &mut self,
        id: BuiltinId,
        mut arguments: Vec<Value>,
        returns: Returns,
    ) -> Result<Flow> {
        let function = entry(id);
        check_library_call(function, arguments.len(), returns.outputs)?;
        let machine = self.machine.clone();
        let mut call = Call {
            context: &*machine,
            name: function.name,
            arguments: &mut arguments,
            outputs: wanted(returns.outputs),
        };
        let named = |error| in_builtin(function, error);
        match function.body {
            Body::Plain(body) => {
                let values = body(&mut call).map_err(named)?;
                drop(arguments);
                self.finish_call(returns, values)?;
                Ok(Flow::Go)
            }
            Body::Frame(body) => {
                let native = body(&mut call).map_err(named)?;
                drop(arguments);
                let limit = self.machine.options.recursion_limit;
                let fiber = self.top();
                if fiber.depth() >= limit {
                    return Err(errors::recursion_limit(limit));
                }
                let frame = Frame::native(native, function.name, returns);
                fiber.frames.push(frame);
                Ok(Flow::Go)
            }
            Body::Waits(body) => match body(&mut call).map_err(named)? {
                Start::Ready(value) => {
                    // A request to stop is seen here whether or not the call would have waited.
                    if let Some(error) = self.cancellation() {
                        return Ok(self.stop_at(error, returns));
                    }
                    self.finish_call(returns, one(value))?;
                    Ok(Flow::Go)
                }
                Start::Failed(error) => match self.cancellation() {
                    Some(cancelled) => Ok(self.stop_at(cancelled, returns)),
                    None => Err(named(error)),
                },
                Start::Operation(operation) => {
                    drop(arguments);
                    let sequel = Sequel::Finish(operation.finish);
                    self.wait_for_operation(function, operation.request, sequel, returns)
                }
                Start::Sequence(request, sequence) => {
                    drop(arguments);
                    let sequel = Sequel::sequence(sequence);
                    self.wait_for_operation(function, request, sequel, returns)
                }
            },
            Body::Starts(body) => {
                let value = match body(&mut call).map_err(named)? {
                    Start::Ready(value) => spawn::ready(&self.machine, value).value(),
                    Start::Failed(error) => {
                        spawn::failed(&self.machine, named(error), function.name).value()
                    }
                    Start::Operation(operation) => {
                        let room = self.room(|| Need::OPERATION).map_err(named)?;
                        let parent = self.top().future.clone();
                        let sequel = Sequel::Finish(operation.finish);
                        spawn::start_operation(
                            &self.machine,
                            operation.request,
                            sequel,
                            &parent,
                            room,
                        )
                        .value()
                    }
                    Start::Sequence(request, sequence) => {
                        let room = self.room(|| Need::OPERATION).map_err(named)?;
                        let parent = self.top().future.clone();
                        let sequel = Sequel::sequence(sequence);
                        spawn::start_operation(&self.machine, request, sequel, &parent, room)
                            .value()
                    }
                };
                self.finish_call(returns, one(value))?;
                Ok(Flow::Go)
            }
            Body::Intrinsic(intrinsic) => self
                .call_intrinsic(intrinsic, arguments, returns)
                .map_err(|error| {
                    if error.context().stack.is_empty() {
                        named(error)
                    } else {
                        error
                    }
                }),
        }
    }

    /// Waits for a host operation, unless its outcome is there at once.
    fn wait_for_operation(
        &mut self,
        function: &'static Entry,
        request: Request,
        sequel: Sequel,
        returns: Returns,
    ) -> Result<Flow> {
        if let Some(error) = self.cancellation() {
            return Ok(self.stop_at(error, returns));
        }
        let label = self.record.next_operation(request.name());
        let advance = sequel
            .start(&self.machine, request, label, true)
            .map_err(|error| in_builtin(function, error))?;
        let (guard, sequel) = match advance {
            Advance::Value(value) => {
                self.finish_call(returns, one(value))?;
                return Ok(Flow::Go);
            }
            Advance::Waits(guard, sequel) => (guard, sequel),
        };
        let wait = Wait::Operation {
            guard,
            sequel: Some(sequel),
            builtin: function.name,
        };
        Ok(self.wait(wait, returns))
    }

    /// Lets the running instruction wait.
    pub(crate) fn wait(&mut self, wait: Wait, returns: Returns) -> Flow {
        self.top().pending = Some(Pending { wait, returns });
        Flow::Wait
    }

    /// Lets the running instruction fail with a cancellation, once the body's children have ended.
    pub(crate) fn stop_at(&mut self, error: RuntimeError, returns: Returns) -> Flow {
        self.begin_cancellation(error);
        if let Some(pending) = &mut self.top().pending {
            pending.returns = returns;
        }
        Flow::Wait
    }

    /// Gives the results of a call to the frame that called: into its registers, or to its next step.
    pub(crate) fn finish_call(&mut self, returns: Returns, values: Outputs) -> Result<()> {
        let fiber = self.fibers.last_mut().expect("a running task has a body");
        if let Some(Frame::Cleanup(cleanups)) = fiber.frames.last_mut() {
            // Nobody asked a cleanup for results, and those of the body it follows stay.
            cleanups.body = Future::not_begun(&self.machine, &values);
            return Ok(());
        }
        let is_code = matches!(fiber.frames.last(), Some(Frame::Code(_)));
        if !is_code {
            if returns.outputs != ALL && values.len() < usize::from(returns.outputs) {
                return Err(errors::too_many_outputs(true));
            }
            // The frame below is the library's and takes them at its next step; or there is none, and
            // they are the body's.
            self.machine.results.set(values);
            return Ok(());
        }
        let Some(base) = returns.register() else {
            return Ok(());
        };
        if returns.outputs == 0 {
            let first = values.into_iter().next().unwrap_or_default();
            fiber.registers[base] = first;
            return Ok(());
        }
        let wanted = usize::from(returns.outputs);
        if values.len() < wanted {
            return Err(errors::too_many_outputs(true));
        }
        if fiber.registers.len() < base + wanted {
            fiber.registers.resize(base + wanted, Value::Undefined);
        }
        for (place, value) in values.into_iter().take(wanted).enumerate() {
            fiber.registers[base + place] = value;
        }
        Ok(())
    }

    /// The scalar shortcut of a library function, when its arguments are real double scalars.
    #[inline]
    pub(crate) fn scalar_call(id: BuiltinId, arguments: &[Value]) -> Option<f64> {
        match (entry(id).scalar, arguments) {
            (Scalar::One(function), [Value::Double(x)]) => Some(function(*x)),
            (Scalar::Two(function), [Value::Double(x), Value::Double(y)]) => Some(function(*x, *y)),
            _ => None,
        }
    }
}

/// How many outputs a library function is told that the caller wants.
fn wanted(outputs: u8) -> usize {
    if outputs == ALL {
        0
    } else {
        usize::from(outputs)
    }
}

fn varargin(rest: Vec<Value>) -> Value {
    // `varargin` without arguments is 0 × 0.
    Value::cell(if rest.is_empty() {
        Array::empty()
    } else {
        Array::row(rest)
    })
}

fn check_inputs(loaded: &Loaded, function: usize, count: usize) -> Result<()> {
    let code = &loaded.program.functions[function];
    let fixed = usize::from(code.captures) + usize::from(code.inputs);
    if count > fixed && !code.has_varargin {
        return Err(errors::too_many_inputs(false));
    }
    Ok(())
}

fn check_library_call(function: &'static Entry, count: usize, outputs: u8) -> Result<()> {
    let error = if count < usize::from(function.min_inputs) {
        errors::not_enough_inputs()
    } else if count > usize::from(function.max_inputs) && function.max_inputs != u8::MAX {
        errors::too_many_inputs(true)
    } else if outputs != ALL && outputs > function.max_outputs {
        errors::too_many_outputs(true)
    } else {
        return Ok(());
    };
    Err(in_builtin(function, error))
}

fn in_builtin(function: &'static Entry, error: RuntimeError) -> RuntimeError {
    error.with_context(|context| context.builtin(function.name))
}

/// A call of a function of the library.
pub(crate) fn library_call(name: &'static str, arguments: Vec<Value>) -> Step {
    let callee = Callee::Builtin(lookup(name).expect("a function of the library").0);
    let function = FunctionHandle {
        name: name.into(),
        callee,
        captures: Vec::new(),
        is_anonymous: false,
    };
    Step::Call {
        function: Value::Function(Rc::new(function)),
        arguments,
        outputs: 0,
    }
}
