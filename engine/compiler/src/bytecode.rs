//! The bytecode: a register machine with eight-byte instructions.
//!
//! A function's registers are a window of the body's register stack. Registers below
//! [`Function::locals`] are variables (captures first, then inputs, then other names) and hidden
//! locals; the rest are temporaries. **Reading a temporary consumes it, reading a local copies it**
//! (a counted pointer at most). Every temporary is written once before it is read once, so operands
//! that nothing else refers to can be changed in place. [`Instruction::End`],
//! [`Instruction::Display`] and the conditional jumps on [`Register`]s marked so below look without
//! consuming.
//!
//! Reading a local that was never assigned is the error `Unrecognized function or variable`, or
//! `Not enough input arguments` for an input.
//!
//! Arguments stand in consecutive temporaries from `base`; `count` may be [`LIST`], then `base` alone
//! holds a list whose length is known at run time. Results go to consecutive registers from `base`.
//!
//! At a [`Instruction::Statement`] no temporary is alive.

use std::fmt;
use std::sync::Arc;
use tourbillon_builtins::BuiltinId;
use tourbillon_syntax::Source;
use tourbillon_syntax::Span;
use tourbillon_syntax::ast::{BinaryOp, PostfixOp, UnaryOp};

/// Number of a register in a function's window.
pub type Register = u16;

/// As a `count`: the arguments are one list in `base`.
pub const LIST: u8 = 255;
/// As an `outputs` of [`Instruction::Brace`]: all values, as one list in `base`.
pub const SPREAD: u8 = 254;
/// As an `outputs`: as many as the running frame must give to its own caller. The results go to
/// `base` and the registers after it, which nothing else uses.
pub const PASS: u8 = 253;
/// As an `outputs`: as many as the last [`Instruction::Want`] said. The results go to `base` and the
/// registers after it, which nothing else uses, until [`Instruction::Gather`] makes them a list.
pub const COUNTED: u8 = 251;

/// A compiled program: immutable, shared by all sessions and threads that run it.
#[derive(Debug)]
pub struct Program {
    /// The source texts; the first is the main one.
    pub sources: Vec<Source>,
    /// All functions; the first is the script's own code.
    pub functions: Vec<Function>,
    /// The names of all marks, sorted: of every call `sometimes(…, 'name')` with a literal name.
    pub marks: Vec<String>,
}

/// What a function is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FunctionKind {
    /// The script's own code; its named variables are the workspace.
    Script,
    /// `function`.
    Plain,
    /// `async function`: calling it makes a future.
    Async,
    /// `@(…) …`.
    Anonymous,
    /// `async @() …`, either form.
    AsyncBlock,
}

/// One function.
#[derive(Debug)]
pub struct Function {
    /// Its name; `@<anonymous>` for anonymous ones, `async` for async blocks, empty for the script.
    pub name: Arc<str>,
    /// For anonymous functions the text that `func2str` gives, else empty.
    pub text: Arc<str>,
    /// What it is.
    pub kind: FunctionKind,
    /// Which source text it stands in.
    pub source: u16,
    /// Its place there.
    pub span: Span,
    /// Number of captured values: registers `0..captures`.
    pub captures: u16,
    /// Number of inputs without `varargin`: the registers after the captures.
    pub inputs: u16,
    /// Whether the register after the inputs is `varargin`.
    pub has_varargin: bool,
    /// Registers of the outputs without `varargout`.
    pub outputs: Vec<Register>,
    /// Register of `varargout`.
    pub varargout: Option<Register>,
    /// Number of locals; temporaries follow.
    pub locals: u16,
    /// Size of the window.
    pub registers: u16,
    /// Names of the locals; hidden ones have an empty name.
    pub names: Vec<Arc<str>>,
    /// The code. It ends with an instruction that leaves the function.
    pub code: Vec<Instruction>,
    /// The place of each instruction.
    pub spans: Vec<Span>,
    /// Constants.
    pub constants: Vec<Constant>,
    /// Shapes of assignment paths.
    pub paths: Vec<Vec<PathShape>>,
    /// Shapes of matrix and cell literals: the number of elements of each row.
    pub shapes: Vec<Vec<u16>>,
    /// Handlers, inner ones before outer ones.
    pub handlers: Vec<Handler>,
    /// Where cleanup code stands, inner ranges before outer ones.
    pub cleanups: Vec<CleanupRange>,
    /// Names of the variables in the workspace that [`Instruction::NewWorkspace`] makes, by slot.
    pub workspace: Vec<Arc<str>>,
}

/// A constant.
#[derive(Clone, Debug, PartialEq)]
pub enum Constant {
    /// A double.
    Number(f64),
    /// A logical (used by the compiler itself).
    Bool(bool),
    /// A char row; also field and variable names.
    Text(Arc<str>),
    /// `[]`.
    EmptyMatrix,
    /// `{}`.
    EmptyCell,
    /// `:` as an argument.
    Colon,
    /// `@name`.
    Handle {
        /// The name.
        name: Arc<str>,
        /// What it stands for.
        callee: ConstantCallee,
    },
}

/// What a named handle stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConstantCallee {
    /// A function of this program.
    Function(u16),
    /// A library function.
    Builtin(BuiltinId),
    /// Nothing that is known.
    Unresolved,
}

/// One step of an assignment path. The operands stand in temporaries from `base` in the order of the
/// steps; the value comes last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PathShape {
    /// `(…)` with so many arguments (or [`LIST`]).
    Paren(u8),
    /// `{…}` with so many arguments (or [`LIST`]).
    Brace(u8),
    /// `.name`.
    Field(Arc<str>),
    /// `.(name)`: one operand.
    DynamicField,
}

/// What happens when an instruction in `start..end` throws.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Handler {
    /// First instruction guarded.
    pub start: u32,
    /// One past the last.
    pub end: u32,
    /// Where to go on.
    pub target: u32,
    /// What kind it is.
    pub kind: HandlerKind,
}

/// The kinds of handler.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HandlerKind {
    /// Takes catchable errors; the exception goes to the local, when there is one.
    Catch(Option<Register>),
    /// Takes every error; it goes to the completion record, a hidden local.
    Cleanup(Register),
}

/// A range of cleanup code (`finally`, `unwind_protect_cleanup`). Waiting in it is shielded from
/// cancellation; an error thrown out of it gets the one in the record as its cause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CleanupRange {
    /// First instruction.
    pub start: u32,
    /// One past the last; the closing [`Instruction::EndCleanup`] belongs to the range.
    pub end: u32,
    /// The completion record.
    pub record: Register,
}

/// One instruction.
#[allow(missing_docs, reason = "the text of each variant names its operands")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Instruction {
    /// A statement (or a turn of a loop condition) begins. `cost` is its number of instructions.
    Statement { cost: u16 },
    /// `dst = constant`
    Constant { dst: Register, constant: u16 },
    /// `dst = src`
    Move { dst: Register, src: Register },
    /// The register gets no value.
    Clear { register: Register },
    /// `dst = left op right`
    Binary {
        op: BinaryOp,
        dst: Register,
        left: Register,
        right: Register,
    },
    /// `dst = op operand`
    Unary {
        op: UnaryOp,
        dst: Register,
        operand: Register,
    },
    /// `dst = operand op`
    Postfix {
        op: PostfixOp,
        dst: Register,
        operand: Register,
    },
    /// `dst = base : base+1` or, with a step, `base : base+1 : base+2`
    Range {
        dst: Register,
        base: Register,
        has_step: bool,
    },
    /// `dst = logical scalar of src`, as an operand of `&&` (else of `||`).
    ToLogical {
        dst: Register,
        src: Register,
        is_and: bool,
    },
    /// Goes on at `target`.
    Jump { target: u32 },
    /// Goes on at `target` when the condition of an `if` or `while` does not hold.
    JumpIfFalse { condition: Register, target: u32 },
    /// Goes on at `target` when it holds.
    JumpIfTrue { condition: Register, target: u32 },
    /// Goes on at `target` when the register has no value; looks without consuming.
    JumpIfUndefined { register: Register, target: u32 },
    /// `dst = whether the case takes the subject`; looks at `subject` without consuming.
    SwitchMatches {
        dst: Register,
        subject: Register,
        case: Register,
    },
    /// Begins a loop over `base : base+1` or `base : base+1 : base+2` in the hidden locals
    /// `state..state+4`.
    ForRange {
        state: Register,
        base: Register,
        has_step: bool,
    },
    /// Begins a loop over the columns of `src` in the hidden locals `state..state+4`.
    ForEach { state: Register, src: Register },
    /// Puts the next element into `dst` and skips the next instruction; at the end of the loop clears
    /// `state..state+4` and goes on with the next instruction, a jump out of the loop.
    ForNext { state: Register, dst: Register },
    /// Indexes or calls the value of `callee` with `count` arguments; `outputs` results to `base`.
    Paren {
        callee: Register,
        base: Register,
        count: u8,
        outputs: u8,
    },
    /// `value{…}`; `outputs` is a number or [`SPREAD`].
    Brace {
        value: Register,
        base: Register,
        count: u8,
        outputs: u8,
    },
    /// `dst = value.name`, exactly one value.
    Field {
        dst: Register,
        value: Register,
        name: u16,
    },
    /// `dst = value.name` of every element, as a list.
    FieldList {
        dst: Register,
        value: Register,
        name: u16,
    },
    /// `dst = value.(name)`
    DynamicField {
        dst: Register,
        value: Register,
        name: Register,
    },
    /// `value.name(…)`: the name stands in `base`, `count` arguments after it; results to `base`. On
    /// a handle object without such a property this calls the method of that name.
    Method {
        value: Register,
        base: Register,
        count: u8,
        outputs: u8,
    },
    /// `dst = end` as argument `position` (from 0) of `count`; looks at `value` without consuming.
    End {
        dst: Register,
        value: Register,
        position: u8,
        count: u8,
    },
    /// `variable path = value`; operands from `base`, the value last.
    Store {
        variable: Register,
        base: Register,
        path: u16,
    },
    /// `variable(index) = value`
    StoreIndex {
        variable: Register,
        index: Register,
        value: Register,
    },
    /// `variable path = []`: deletes; the last step is a `(…)`. Operands from `base`.
    Delete {
        variable: Register,
        base: Register,
        path: u16,
    },
    /// `dst = an empty list`
    ListNew { dst: Register },
    /// Appends `src` to the list in `list`; a list is appended element by element.
    ListPush { list: Register, src: Register },
    /// `dst = the first of the list`, which loses it; an empty list is an error.
    ListTake { dst: Register, list: Register },
    /// `dst = a cell row of the first values of the list`, as many as `count` says; looks at `count`.
    ListTakeCell {
        dst: Register,
        list: Register,
        count: Register,
    },
    /// Goes on at `target` when the list is empty; looks without consuming.
    JumpIfListEmpty { list: Register, target: u32 },
    /// `dst = how many elements the indices in the list address`; looks at `value`, which may have no
    /// value yet, and at the list.
    IndexCount {
        dst: Register,
        value: Register,
        list: Register,
    },
    /// The next call with [`COUNTED`] outputs is asked for `count` results.
    Want { count: Register },
    /// Makes the results of that call one list, in `base` where they begin.
    Gather { base: Register },
    /// `dst = […]`; elements from `base`, an element may be a list.
    Matrix {
        dst: Register,
        base: Register,
        shape: u16,
    },
    /// `dst = {…}`; elements from `base`, an element may be a list.
    Cell {
        dst: Register,
        base: Register,
        shape: u16,
    },
    /// Calls a function of the program. For an async function this is never used.
    Call {
        function: u16,
        base: Register,
        count: u8,
        outputs: u8,
    },
    /// Calls a library function.
    CallBuiltin {
        builtin: BuiltinId,
        base: Register,
        count: u8,
        outputs: u8,
    },
    /// Fails with the error for an unknown function; `name` is a constant.
    CallUnknown {
        name: u16,
        base: Register,
        count: u8,
        outputs: u8,
    },
    /// `ASYNC_CREATE`: `base = a new future` of an async function or block with `count` arguments
    /// (for a block: its captures).
    AsyncCreate {
        function: u16,
        base: Register,
        count: u8,
    },
    /// `AWAIT`: the arguments of `await(…)`; `outputs` results to `base`.
    Await {
        base: Register,
        count: u8,
        outputs: u8,
    },
    /// `dst = @(…) …` with `count` captured values from `base`.
    Closure {
        dst: Register,
        function: u16,
        base: Register,
        count: u8,
    },
    /// Shows the register under a name, a constant; looks without consuming.
    Display { src: Register, name: u16 },
    /// `dst = nargin`
    InputCount { dst: Register },
    /// `dst = nargout`
    OutputCount { dst: Register },
    /// `dst = global name`; a name never assigned is `[]`.
    LoadGlobal { dst: Register, name: u16 },
    /// `global name = src`
    StoreGlobal { name: u16, src: Register },
    /// `global name(index) = value`, in place; an error leaves the global as it was.
    StoreGlobalIndex {
        name: u16,
        index: Register,
        value: Register,
    },
    /// `dst = a new workspace` for the variables that the function shares with those nested in it.
    NewWorkspace { dst: Register },
    /// `dst = the variable in a slot of a workspace`, which must have a value.
    LoadShared {
        dst: Register,
        workspace: Register,
        slot: u16,
    },
    /// The same for a local `dst`, which gets no value when the variable has none.
    LoadSlot {
        dst: Register,
        workspace: Register,
        slot: u16,
    },
    /// `the variable in a slot of a workspace = src`
    StoreShared {
        workspace: Register,
        slot: u16,
        src: Register,
    },
    /// The value of a local, if it has one, moves to the variable in a slot of a workspace.
    StoreSlot {
        workspace: Register,
        slot: u16,
        src: Register,
    },
    /// The variable gets no value.
    ClearShared { workspace: Register, slot: u16 },
    /// Ends cleanup code: throws the error in the record if there is one; else goes on. The record is
    /// looked at without consuming.
    EndCleanup { record: Register },
    /// Goes on at `target` when the completion record holds the number `completion`.
    JumpIfCompletion {
        completion: u8,
        record: Register,
        target: u32,
    },
    /// Leaves the function; its outputs are in its output registers.
    Return,
    /// Leaves the function with results from `base`, as many as wanted (one at least, which may be
    /// undefined when none is wanted).
    ReturnResults { base: Register },
}

impl Function {
    /// The handler for an error of the instruction at `at`: the innermost that takes it.
    pub fn handler(&self, at: u32, is_catchable: bool) -> Option<Handler> {
        self.handlers.iter().copied().find(|handler| {
            (handler.start..handler.end).contains(&at)
                && (is_catchable || matches!(handler.kind, HandlerKind::Cleanup(_)))
        })
    }

    /// The innermost cleanup code around the instruction at `at`.
    pub fn cleanup(&self, at: u32) -> Option<CleanupRange> {
        self.cleanups
            .iter()
            .copied()
            .find(|range| (range.start..range.end).contains(&at))
    }

    /// Whether the instruction at `at` is cleanup code, which nobody stops; the instruction that ends it is
    /// none any more.
    pub fn is_shielded(&self, at: u32) -> bool {
        let mut ranges = self.cleanups.iter();
        ranges.any(|range| (range.start..range.end.saturating_sub(1)).contains(&at))
    }

    /// Whether calling it makes a future.
    pub fn is_async(&self) -> bool {
        matches!(self.kind, FunctionKind::Async | FunctionKind::AsyncBlock)
    }
}

impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&crate::print::print(self))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instruction_is_eight_bytes() {
        assert_eq!(std::mem::size_of::<Instruction>(), 8);
    }
}
