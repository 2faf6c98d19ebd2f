//! The verifier: every rule of the bytecode that can be checked without running it.

use crate::bytecode::{
    COUNTED, Constant, ConstantCallee, Function, FunctionKind, HandlerKind, Instruction, LIST,
    PASS, PathShape, Program, SPREAD,
};
use crate::operands::{Role, roles};
use std::collections::BTreeMap;

/// Checks a program. The text says what is wrong and where; it is for the compiler's makers.
pub fn verify(program: &Program) -> Result<(), String> {
    if program.sources.is_empty() || program.sources.len() > usize::from(u16::MAX) {
        return Err("a program has between 1 and 65,535 sources".into());
    }
    let Some(script) = program.functions.first() else {
        return Err("there is no function 0".into());
    };
    if script.kind != FunctionKind::Script {
        return Err("function 0 is not the script".into());
    }
    for (number, function) in program.functions.iter().enumerate() {
        Verifier {
            program,
            function,
            states: vec![None; function.code.len()],
            targets: targets(function),
        }
        .run()
        .map_err(|problem| format!("function {number} ({}): {problem}", function.name))?;
    }
    Ok(())
}

/// What a temporary holds at a place; one that is not listed holds nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Held {
    /// A value.
    Value,
    /// A value, or nothing.
    Maybe,
}

type State = BTreeMap<u32, Held>;

struct Verifier<'p> {
    program: &'p Program,
    function: &'p Function,
    /// The state before each instruction that is jumped to, as far as it is known.
    states: Vec<Option<State>>,
    /// Which instructions are jumped to.
    targets: Vec<bool>,
}

fn targets(function: &Function) -> Vec<bool> {
    let mut targets = vec![false; function.code.len()];
    for target in function.code.iter().filter_map(|each| each.target()) {
        if let Some(is_target) = targets.get_mut(target as usize) {
            *is_target = true;
        }
    }
    targets
}

type Check = Result<(), String>;

fn ensure(holds: bool, problem: impl FnOnce() -> String) -> Check {
    if holds { Ok(()) } else { Err(problem()) }
}

impl Verifier<'_> {
    fn run(mut self) -> Check {
        self.header()?;
        self.tables()?;
        for handler in &self.function.handlers {
            self.states[handler.target as usize] = Some(State::new());
        }
        // Every place that jumps back reaches was reached by falling into it first, so one pass in
        // the order of the code sees every state.
        let mut falling: Option<State> = Some(State::new());
        for at in 0..self.function.code.len() {
            let known = self.states[at].take();
            let state = match (falling.take(), known) {
                (Some(falling), Some(known)) => {
                    self.same(at, &falling, &known)?;
                    falling
                }
                (Some(state), None) | (None, Some(state)) => state,
                // Nothing leads here, as after a `return`.
                (None, None) => State::new(),
            };
            if self.targets[at] {
                self.states[at] = Some(state.clone());
            }
            falling = self
                .step(at, state)
                .map_err(|problem| format!("instruction {at}: {problem}"))?;
        }
        ensure(falling.is_none(), || "the code runs past its end".into())
    }

    fn header(&self) -> Check {
        let function = self.function;
        ensure(
            usize::from(function.source) < self.program.sources.len(),
            || "the source does not exist".into(),
        )?;
        ensure(function.locals <= function.registers, || {
            "there are more locals than registers".into()
        })?;
        ensure(function.names.len() == usize::from(function.locals), || {
            "not every local has a name".into()
        })?;
        ensure(function.spans.len() == function.code.len(), || {
            "not every instruction has a span".into()
        })?;
        let inputs = u32::from(function.captures)
            + u32::from(function.inputs)
            + u32::from(function.has_varargin);
        ensure(inputs <= function.locals.into(), || {
            "the inputs are no locals".into()
        })?;
        for output in function.outputs.iter().chain(&function.varargout) {
            self.local(u32::from(*output))?;
        }
        for constant in &function.constants {
            if let Constant::Handle {
                callee: ConstantCallee::Function(index),
                ..
            } = constant
            {
                self.callee(*index)?;
            }
        }
        Ok(())
    }

    fn tables(&self) -> Check {
        let function = self.function;
        let length = function.code.len() as u32;
        for (at, handler) in function.handlers.iter().enumerate() {
            ensure(
                handler.start < handler.end && handler.end <= length && handler.target < length,
                || format!("handler {at} is out of range"),
            )?;
            ensure(
                !(handler.start..handler.end).contains(&handler.target),
                || format!("handler {at} guards its own target"),
            )?;
            match handler.kind {
                HandlerKind::Catch(register) => {
                    register.map_or(Ok(()), |register| self.local(register.into()))?;
                }
                HandlerKind::Cleanup(record) => self.local(record.into())?,
            }
            let range = (handler.start, handler.end);
            let outer = function.handlers[at + 1..].iter();
            nested(range, outer.map(|outer| (outer.start, outer.end)))
                .map_err(|problem| format!("handler {at}: {problem}"))?;
        }
        for (at, cleanup) in function.cleanups.iter().enumerate() {
            self.local(cleanup.record.into())?;
            ensure(cleanup.start < cleanup.end && cleanup.end <= length, || {
                format!("cleanup {at} is out of range")
            })?;
            ensure(
                function.code[cleanup.end as usize - 1]
                    == Instruction::EndCleanup {
                        record: cleanup.record,
                    },
                || format!("cleanup {at} does not end with its END_CLEANUP"),
            )?;
            let range = (cleanup.start, cleanup.end);
            let outer = function.cleanups[at + 1..].iter();
            nested(range, outer.map(|outer| (outer.start, outer.end)))
                .map_err(|problem| format!("cleanup {at}: {problem}"))?;
        }
        Ok(())
    }

    fn local(&self, register: u32) -> Check {
        ensure(register < self.function.locals.into(), || {
            format!("register {register} is no local")
        })
    }

    fn callee(&self, index: u16) -> Result<(), String> {
        ensure(
            usize::from(index) < self.program.functions.len() && index != 0,
            || format!("function {index} does not exist"),
        )
    }

    /// One instruction; gives the state after it if the next one can follow.
    fn step(&mut self, at: usize, mut state: State) -> Result<Option<State>, String> {
        let function = self.function;
        let instruction = function.code[at];
        self.operands(instruction)?;
        if matches!(instruction, Instruction::Statement { .. }) {
            ensure(state.is_empty(), || {
                format!("{} temporaries are alive at a statement", state.len())
            })?;
        }
        let mut problem = None;
        roles(function, instruction, &mut |role, register| {
            if problem.is_none() {
                problem = self.role(instruction, role, register, &mut state).err();
            }
        });
        if let Some(problem) = problem {
            return Err(problem);
        }
        match instruction {
            Instruction::JumpIfUndefined { register, target } => {
                let register = u32::from(register);
                if register >= function.locals.into() {
                    let mut without = state.clone();
                    without.remove(&register);
                    self.arrive(target, without)?;
                    state.insert(register, Held::Value);
                } else {
                    self.arrive(target, state.clone())?;
                }
            }
            Instruction::ForNext { .. } => {
                let exit = at + 1;
                ensure(
                    matches!(function.code.get(exit), Some(Instruction::Jump { .. }))
                        && exit + 1 < function.code.len(),
                    || "no jump out of the loop follows".into(),
                )?;
                let mut ended = state.clone();
                if let Instruction::ForNext { dst, .. } = instruction {
                    ended.remove(&u32::from(dst));
                }
                self.arrive(exit as u32 + 1, state)?;
                return Ok(Some(ended));
            }
            _ => {
                if let Some(target) = instruction.target() {
                    self.arrive(target, state.clone())?;
                }
            }
        }
        if instruction.leaves() {
            if !matches!(instruction, Instruction::Jump { .. }) {
                ensure(state.is_empty(), || {
                    "temporaries are alive where the function ends".into()
                })?;
            }
            return Ok(None);
        }
        Ok(Some(state))
    }

    fn role(
        &self,
        instruction: Instruction,
        role: Role,
        register: u32,
        state: &mut State,
    ) -> Check {
        let function = self.function;
        ensure(register < function.registers.into(), || {
            format!("register {register} does not exist")
        })?;
        let is_local = register < function.locals.into();
        let name = register - u32::from(function.locals).min(register);
        match role {
            Role::Read if is_local => Ok(()),
            Role::Read => match state.remove(&register) {
                Some(Held::Value) => Ok(()),
                Some(Held::Maybe) if matches!(instruction, Instruction::ReturnResults { .. }) => {
                    Ok(())
                }
                Some(Held::Maybe) => Err(format!("%{name} is read and may hold nothing")),
                None => Err(format!("%{name} is read and holds nothing")),
            },
            Role::Look if is_local => Ok(()),
            Role::Look => ensure(
                state.get(&register) == Some(&Held::Value)
                    || matches!(instruction, Instruction::JumpIfUndefined { .. })
                        && state.contains_key(&register),
                || format!("%{name} is looked at and holds nothing"),
            ),
            Role::Local => self.local(register),
            Role::Clear => ensure(is_local || state.remove(&register).is_some(), || {
                format!("%{name} is cleared and holds nothing")
            }),
            Role::Write | Role::MayWrite if is_local => ensure(role == Role::Write, || {
                format!("results go to the local {register}")
            }),
            Role::Write | Role::MayWrite => {
                let held = if role == Role::Write {
                    Held::Value
                } else {
                    Held::Maybe
                };
                ensure(state.insert(register, held).is_none(), || {
                    format!("%{name} is written over")
                })
            }
        }
    }

    /// Whether everything that an instruction names exists.
    fn operands(&self, instruction: Instruction) -> Check {
        let function = self.function;
        let in_table = |index: u16, length: usize, what: &str| {
            ensure(usize::from(index) < length, || {
                format!("there is no {what} {index}")
            })
        };
        let text = |constant: u16| {
            ensure(
                matches!(
                    function.constants.get(usize::from(constant)),
                    Some(Constant::Text(_))
                ),
                || format!("constant {constant} is no text"),
            )
        };
        if let Some(target) = instruction.target() {
            ensure((target as usize) < function.code.len(), || {
                format!("there is no instruction {target}")
            })?;
        }
        match instruction {
            Instruction::Statement { cost } => ensure(cost > 0, || "a statement is free".into()),
            Instruction::Constant { constant, .. } => {
                in_table(constant, function.constants.len(), "constant")
            }
            Instruction::Field { name, .. }
            | Instruction::FieldList { name, .. }
            | Instruction::Display { name, .. }
            | Instruction::LoadGlobal { name, .. }
            | Instruction::StoreGlobal { name, .. }
            | Instruction::StoreGlobalIndex { name, .. }
            | Instruction::CallUnknown { name, .. } => text(name),
            Instruction::Store { path, .. } => in_table(path, function.paths.len(), "path"),
            Instruction::Delete { path, .. } => {
                in_table(path, function.paths.len(), "path")?;
                ensure(
                    matches!(
                        function.paths[usize::from(path)].last(),
                        Some(PathShape::Paren(_))
                    ),
                    || "only elements can be deleted".into(),
                )
            }
            Instruction::Matrix { shape, .. } | Instruction::Cell { shape, .. } => {
                in_table(shape, function.shapes.len(), "shape")
            }
            Instruction::Call { function, .. } => {
                self.callee(function)?;
                let kind = self.program.functions[usize::from(function)].kind;
                ensure(kind == FunctionKind::Plain, || {
                    format!("CALL of a function of kind {kind:?}")
                })
            }
            Instruction::AsyncCreate {
                function, count, ..
            } => {
                self.callee(function)?;
                let callee = &self.program.functions[usize::from(function)];
                ensure(callee.is_async(), || {
                    "ASYNC_CREATE of a plain function".into()
                })?;
                ensure(
                    callee.kind != FunctionKind::AsyncBlock || u16::from(count) == callee.captures,
                    || "an async block does not get its captures".into(),
                )
            }
            Instruction::Closure {
                function, count, ..
            } => {
                self.callee(function)?;
                let callee = &self.program.functions[usize::from(function)];
                let is_nested = matches!(callee.kind, FunctionKind::Plain | FunctionKind::Async)
                    && callee.captures > 0;
                ensure(
                    (callee.kind == FunctionKind::Anonymous || is_nested)
                        && u16::from(count) == callee.captures,
                    || "CLOSURE of something else, or with other captures".into(),
                )
            }
            Instruction::Brace { outputs, .. } => {
                ensure(!matches!(outputs, PASS | LIST | COUNTED), || {
                    format!("BRACE with {outputs} outputs")
                })
            }
            Instruction::Paren { outputs, .. } | Instruction::Method { outputs, .. } => {
                ensure(!matches!(outputs, SPREAD | LIST), || {
                    format!("{outputs} outputs of what gives no list")
                })
            }
            Instruction::Await { .. } => ensure(
                self.function.is_async() || self.function.kind == FunctionKind::Script,
                || "AWAIT outside of async code".into(),
            ),
            Instruction::End {
                position, count, ..
            } => ensure(position < count, || "END past the arguments".into()),
            _ => Ok(()),
        }
    }

    /// Notes the state with which a jump arrives.
    fn arrive(&mut self, target: u32, state: State) -> Check {
        match &self.states[target as usize] {
            Some(known) => self.same(target as usize, &state, known),
            None => {
                self.states[target as usize] = Some(state);
                Ok(())
            }
        }
    }

    fn same(&self, at: usize, left: &State, right: &State) -> Check {
        ensure(left == right, || {
            format!("instruction {at} is reached with different temporaries: {left:?}, {right:?}")
        })
    }
}

/// Whether the ranges that come later contain a range or are apart from it.
fn nested(range: (u32, u32), outer: impl Iterator<Item = (u32, u32)>) -> Check {
    for (start, end) in outer {
        let contains = start <= range.0 && range.1 <= end;
        let is_apart = end <= range.0 || range.1 <= start;
        ensure(contains || is_apart, || {
            format!("the range {start}..{end} after it neither contains it nor is apart")
        })?;
    }
    Ok(())
}
