//! From the tree of one function to its instructions.

mod assignments;
mod calls;
mod chains;
mod conditions;
mod exceptions;
mod expressions;
mod functions;
mod loops;
mod statements;
mod target_lists;

pub(crate) use functions::{function, script};

use crate::bytecode::{
    CleanupRange, Constant, Function, FunctionKind, Handler, Instruction, PathShape, Register,
};
use crate::operands::registers_mut;
use crate::registers::{Registers, height, is_temporary, temporary};
use crate::scope::{Binding, Scope};
use crate::unit::{Meaning, Unit};
use rustc_hash::FxHashMap;
use std::rc::Rc;
use std::sync::Arc;
use tourbillon_syntax::Span;
use tourbillon_value::{RuntimeErrorBuilder, build_runtime_error};

/// A place in the code that jumps name before it is known.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Label(u32);

/// Where the value of an expression shall go.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Dest {
    /// Wherever it is best: a plain variable stays where it is, else a temporary.
    Any,
    /// The next temporary.
    Push,
    /// That register, which is below the stack of temporaries.
    Into(Register),
}

/// What `end` stands for inside an index.
#[derive(Clone, Copy, Debug)]
struct EndFrame {
    value: Register,
    position: usize,
    count: usize,
}

/// What `break`, `continue` and `return` have to pass on their way.
#[derive(Debug)]
enum Around {
    /// A loop.
    Loop {
        break_label: Label,
        continue_label: Label,
    },
    /// Code guarded by cleanup code.
    Guarded {
        record: Register,
        cleanup: Label,
        /// The ways out that pass through the cleanup code; completion numbers count from 1.
        exits: Vec<Exit>,
    },
    /// Cleanup code itself: nothing leaves it but its end or an error.
    Cleanup,
}

/// A way out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Exit {
    Break,
    Continue,
    Return,
}

/// Constants are found again by what they are; numbers by their bits.
#[derive(PartialEq, Eq, Hash)]
enum ConstantKey {
    Number(u64),
    Bool(bool),
    Text(Arc<str>),
    EmptyMatrix,
    EmptyCell,
    Colon,
    Handle(Arc<str>),
}

/// The compilation of one function.
pub(crate) struct Lowering<'u, 'a> {
    unit: &'u mut Unit<'a>,
    scope: Rc<Scope>,
    source: u16,
    /// The place of the whole function, for what has no better one.
    function_span: Span,
    /// The place that the next instructions belong to.
    span: Span,
    registers: Registers,
    code: Vec<Instruction>,
    spans: Vec<Span>,
    constants: Vec<Constant>,
    constant_numbers: FxHashMap<ConstantKey, u16>,
    paths: Vec<Vec<PathShape>>,
    shapes: Vec<Vec<u16>>,
    handlers: Vec<Handler>,
    cleanups: Vec<CleanupRange>,
    labels: Vec<u32>,
    ends: Vec<EndFrame>,
    around: Vec<Around>,
    /// How many loops are around.
    loops: usize,
    /// How many calls of unknown functions are around.
    unknown_calls: usize,
    /// The hidden local that takes the values of an async block's expression statements.
    result: Option<Register>,
    /// The shared variable that the next store changes.
    changing: Option<(Register, u16)>,
    /// Outputs that live in a workspace: their registers, and where they come from at the end.
    outputs: Vec<(Register, Binding)>,
    /// A limit of the bytecode that was passed.
    too_large: Option<&'static str>,
}

const UNPLACED: u32 = u32::MAX;

impl<'u, 'a> Lowering<'u, 'a> {
    fn new(unit: &'u mut Unit<'a>, scope: Rc<Scope>, source: u16, span: Span) -> Lowering<'u, 'a> {
        let registers = Registers::new(scope.names().len());
        Lowering {
            unit,
            scope,
            source,
            function_span: span,
            span,
            registers,
            code: Vec::new(),
            spans: Vec::new(),
            constants: Vec::new(),
            constant_numbers: FxHashMap::default(),
            paths: Vec::new(),
            shapes: Vec::new(),
            handlers: Vec::new(),
            cleanups: Vec::new(),
            labels: Vec::new(),
            ends: Vec::new(),
            around: Vec::new(),
            loops: 0,
            unknown_calls: 0,
            result: None,
            changing: None,
            outputs: Vec::new(),
            too_large: None,
        }
    }

    // Code.

    fn emit(&mut self, instruction: Instruction) {
        self.code.push(instruction);
        self.spans.push(self.span);
    }

    /// Number of the next instruction.
    fn here(&self) -> u32 {
        self.code.len() as u32
    }

    fn label(&mut self) -> Label {
        self.labels.push(UNPLACED);
        Label(self.labels.len() as u32 - 1)
    }

    fn set_label(&mut self, label: Label) {
        self.labels[label.0 as usize] = self.here();
    }

    fn label_here(&mut self) -> Label {
        let label = self.label();
        self.set_label(label);
        label
    }

    fn jump(&mut self, label: Label) {
        self.emit(Instruction::Jump { target: label.0 });
    }

    /// Runs a part whose instructions belong to another place.
    fn at<T>(&mut self, span: Span, part: impl FnOnce(&mut Self) -> T) -> T {
        let outer = std::mem::replace(&mut self.span, span);
        let result = part(self);
        self.span = outer;
        result
    }

    // Constants.

    fn constant_number(&mut self, constant: Constant) -> u16 {
        let key = match &constant {
            Constant::Number(number) => ConstantKey::Number(number.to_bits()),
            Constant::Bool(value) => ConstantKey::Bool(*value),
            Constant::Text(text) => ConstantKey::Text(text.clone()),
            Constant::EmptyMatrix => ConstantKey::EmptyMatrix,
            Constant::EmptyCell => ConstantKey::EmptyCell,
            Constant::Colon => ConstantKey::Colon,
            Constant::Handle { name, .. } => ConstantKey::Handle(name.clone()),
        };
        if let Some(number) = self.constant_numbers.get(&key) {
            return *number;
        }
        let number = self.index(self.constants.len(), "a function has too many constants");
        self.constants.push(constant);
        self.constant_numbers.insert(key, number);
        number
    }

    fn text_number(&mut self, text: &str) -> u16 {
        self.constant_number(Constant::Text(text.into()))
    }

    fn constant(&mut self, constant: Constant, dest: Dest) -> Register {
        let constant = self.constant_number(constant);
        let dst = self.place(self.mark(), dest);
        self.emit(Instruction::Constant { dst, constant });
        dst
    }

    fn path(&mut self, path: Vec<PathShape>) -> u16 {
        if let Some(at) = self.paths.iter().position(|known| *known == path) {
            return at as u16;
        }
        let number = self.index(self.paths.len(), "a function has too many assignments");
        self.paths.push(path);
        number
    }

    fn shape(&mut self, rows: Vec<u16>) -> u16 {
        if let Some(at) = self.shapes.iter().position(|known| *known == rows) {
            return at as u16;
        }
        let number = self.index(self.shapes.len(), "a function has too many matrices");
        self.shapes.push(rows);
        number
    }

    fn index(&mut self, number: usize, limit: &'static str) -> u16 {
        u16::try_from(number).unwrap_or_else(|_| {
            self.too_large = Some(limit);
            u16::MAX
        })
    }

    // Registers.

    fn mark(&self) -> usize {
        self.registers.mark()
    }

    /// Forgets the temporaries from `mark` on, and names the register for a result.
    fn place(&mut self, mark: usize, dest: Dest) -> Register {
        self.registers.set(mark);
        match dest {
            Dest::Any | Dest::Push => self.registers.push(),
            Dest::Into(register) => register,
        }
    }

    /// Brings a result that stands in a temporary to where it shall go. The temporaries from `mark`
    /// on are otherwise forgotten.
    fn settle(&mut self, mark: usize, at: Register, dest: Dest) -> Register {
        match dest {
            Dest::Any => {
                self.registers.set(height(at) + 1);
                at
            }
            Dest::Push if at == temporary(mark) => {
                self.registers.set(mark + 1);
                at
            }
            Dest::Push | Dest::Into(_) => {
                let dst = self.place(mark, dest);
                self.emit(Instruction::Move { dst, src: at });
                dst
            }
        }
    }

    /// Gives up a temporary that holds a value; a variable keeps its own.
    fn discard(&mut self, register: Register) {
        if is_temporary(register) {
            self.emit(Instruction::Clear { register });
        }
    }

    // Names.

    fn meaning(&self, name: &str) -> Meaning {
        if let Some(function) = self.scope.nested().get(name) {
            return Meaning::Function(*function);
        }
        self.unit.meaning(self.source, name)
    }

    /// The variable that a name stands for when it is read at that place. `sum = sum(x)` calls the
    /// function: before its first assignment a variable does not hide one.
    fn variable_at(&self, name: &str, span: Span) -> Option<Binding> {
        let binding = self.scope.variable(name)?;
        let is_function = self.loops == 0
            && self.scope.is_unassigned_at(name, span.start)
            && !matches!(self.meaning(name), Meaning::Unknown);
        (!is_function).then(|| binding.clone())
    }

    /// The register of a variable, if it is one that lives in a register.
    fn local(&self, name: &str) -> Option<Register> {
        match self.scope.variable(name) {
            Some(Binding::Local(register)) => Some(*register),
            Some(Binding::Global(_) | Binding::Shared(..)) | None => None,
        }
    }

    fn kind(&self) -> FunctionKind {
        self.scope.kind()
    }

    // Errors.

    fn report(&mut self, span: Span, error: RuntimeErrorBuilder) {
        self.unit.report(self.source, span, error);
    }

    fn fail(&mut self, span: Span, identifier: &'static str, message: impl Into<Rc<str>>) {
        self.report(span, build_runtime_error(message).identifier(identifier));
    }

    fn extension(&mut self, span: Span, what: &str) {
        self.unit.extension(self.source, span, what);
    }

    // The end.

    /// Puts everything in its final form. What the function is called and takes is added after.
    fn finish(mut self) -> Function {
        let limit = match () {
            () if self.registers.overflowed() => Some("a function has too many variables"),
            () if self.code.len() >= UNPLACED as usize => Some("a function has too much code"),
            () => self.too_large,
        };
        if let Some(limit) = limit {
            self.unit.too_large(self.source, self.function_span, limit);
        }
        let labels = &self.labels;
        let registers = &self.registers;
        let overflowed = limit.is_some();
        for instruction in &mut self.code {
            if !overflowed {
                registers_mut(instruction, |register| {
                    *register = registers.finished(*register);
                });
            }
            if let Some(target) = instruction.target_mut() {
                let place = labels[*target as usize];
                assert_ne!(place, UNPLACED, "every label that is jumped to was placed");
                *target = place;
            }
        }
        skip_jumps(&mut self.code);
        set_costs(&mut self.code);
        let mut names: Vec<Arc<str>> = self.scope.names().iter().map(|n| Arc::from(&**n)).collect();
        names.resize(self.registers.locals(), "".into());
        Function {
            name: "".into(),
            text: "".into(),
            kind: self.scope.kind(),
            source: self.source,
            span: self.function_span,
            captures: 0,
            inputs: 0,
            has_varargin: false,
            outputs: Vec::new(),
            varargout: None,
            locals: self.registers.locals() as u16,
            registers: self.registers.window() as u16,
            names,
            code: self.code,
            spans: self.spans,
            constants: self.constants,
            paths: self.paths,
            shapes: self.shapes,
            handlers: self.handlers,
            cleanups: self.cleanups,
            workspace: Vec::new(),
        }
    }
}

/// Lets jumps to jumps go where those go.
fn skip_jumps(code: &mut [Instruction]) {
    /// Longer chains keep their last jumps; nothing could turn in a circle.
    const LONGEST: usize = 8;
    for at in 0..code.len() {
        let Some(mut target) = code[at].target() else {
            continue;
        };
        for _ in 0..LONGEST {
            match code.get(target as usize) {
                Some(Instruction::Jump { target: next }) => target = *next,
                _ => break,
            }
        }
        if let Some(field) = code[at].target_mut() {
            *field = target;
        }
    }
}

/// Tells every statement how many instructions it has, itself included.
fn set_costs(code: &mut [Instruction]) {
    let mut end = code.len();
    for at in (0..code.len()).rev() {
        if let Instruction::Statement { cost } = &mut code[at] {
            *cost = u16::try_from(end - at).unwrap_or(u16::MAX);
            end = at;
        }
    }
}
