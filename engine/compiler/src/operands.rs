//! What each instruction does with its registers. The only place that knows, for the compiler's last
//! step and for the verifier.

use crate::bytecode::{COUNTED, Function, Instruction, LIST, PASS, PathShape, Register, SPREAD};

/// What an instruction does with a register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// Reads it; a temporary is consumed.
    Read,
    /// Looks at it.
    Look,
    /// Looks at a hidden local or changes it in place.
    Local,
    /// Writes it.
    Write,
    /// Writes it, or leaves it without a value.
    MayWrite,
    /// Leaves it without a value.
    Clear,
}

impl Instruction {
    /// Where it may jump to.
    pub(crate) fn target_mut(&mut self) -> Option<&mut u32> {
        match self {
            Instruction::Jump { target }
            | Instruction::JumpIfFalse { target, .. }
            | Instruction::JumpIfTrue { target, .. }
            | Instruction::JumpIfUndefined { target, .. }
            | Instruction::JumpIfListEmpty { target, .. }
            | Instruction::JumpIfCompletion { target, .. } => Some(target),
            _ => None,
        }
    }

    /// Where it may jump to.
    pub(crate) fn target(mut self) -> Option<u32> {
        self.target_mut().map(|target| *target)
    }

    /// Whether the next instruction never follows.
    pub(crate) fn leaves(&self) -> bool {
        matches!(
            self,
            Instruction::Jump { .. } | Instruction::Return | Instruction::ReturnResults { .. }
        )
    }
}

/// Shows every register field of an instruction.
pub(crate) fn registers_mut(instruction: &mut Instruction, mut visit: impl FnMut(&mut Register)) {
    match instruction {
        Instruction::Statement { .. } | Instruction::Jump { .. } | Instruction::Return => {}
        Instruction::Constant { dst, .. }
        | Instruction::InputCount { dst }
        | Instruction::OutputCount { dst }
        | Instruction::LoadGlobal { dst, .. }
        | Instruction::NewWorkspace { dst }
        | Instruction::ListNew { dst } => visit(dst),
        Instruction::LoadShared { dst, workspace, .. }
        | Instruction::LoadSlot { dst, workspace, .. } => {
            visit(dst);
            visit(workspace);
        }
        Instruction::StoreShared { workspace, src, .. }
        | Instruction::StoreSlot { workspace, src, .. } => {
            visit(workspace);
            visit(src);
        }
        Instruction::ClearShared { workspace, .. } => visit(workspace),
        Instruction::Clear { register }
        | Instruction::JumpIfUndefined { register, .. }
        | Instruction::JumpIfListEmpty { list: register, .. }
        | Instruction::Want { count: register }
        | Instruction::Gather { base: register } => visit(register),
        Instruction::ListTakeCell {
            dst,
            list: left,
            count: right,
        }
        | Instruction::IndexCount {
            dst,
            value: left,
            list: right,
        } => {
            visit(dst);
            visit(left);
            visit(right);
        }
        Instruction::Move { dst, src }
        | Instruction::ToLogical { dst, src, .. }
        | Instruction::ListPush { list: dst, src }
        | Instruction::ListTake { dst, list: src }
        | Instruction::ForEach { state: dst, src } => {
            visit(dst);
            visit(src);
        }
        Instruction::Binary {
            dst, left, right, ..
        } => {
            visit(dst);
            visit(left);
            visit(right);
        }
        Instruction::Unary { dst, operand, .. } | Instruction::Postfix { dst, operand, .. } => {
            visit(dst);
            visit(operand);
        }
        Instruction::Range { dst, base, .. }
        | Instruction::ForRange {
            state: dst, base, ..
        }
        | Instruction::Matrix { dst, base, .. }
        | Instruction::Cell { dst, base, .. }
        | Instruction::Closure { dst, base, .. } => {
            visit(dst);
            visit(base);
        }
        Instruction::JumpIfFalse { condition, .. } | Instruction::JumpIfTrue { condition, .. } => {
            visit(condition);
        }
        Instruction::SwitchMatches { dst, subject, case } => {
            visit(dst);
            visit(subject);
            visit(case);
        }
        Instruction::ForNext { state, dst } => {
            visit(state);
            visit(dst);
        }
        Instruction::Paren { callee, base, .. } => {
            visit(callee);
            visit(base);
        }
        Instruction::Brace { value, base, .. } | Instruction::Method { value, base, .. } => {
            visit(value);
            visit(base);
        }
        Instruction::Field { dst, value, .. }
        | Instruction::FieldList { dst, value, .. }
        | Instruction::End { dst, value, .. } => {
            visit(dst);
            visit(value);
        }
        Instruction::DynamicField { dst, value, name } => {
            visit(dst);
            visit(value);
            visit(name);
        }
        Instruction::Store { variable, base, .. } | Instruction::Delete { variable, base, .. } => {
            visit(variable);
            visit(base);
        }
        Instruction::StoreIndex {
            variable,
            index,
            value,
        } => {
            visit(variable);
            visit(index);
            visit(value);
        }
        Instruction::StoreGlobalIndex { index, value, .. } => {
            visit(index);
            visit(value);
        }
        Instruction::Call { base, .. }
        | Instruction::CallBuiltin { base, .. }
        | Instruction::CallUnknown { base, .. }
        | Instruction::AsyncCreate { base, .. }
        | Instruction::Await { base, .. }
        | Instruction::ReturnResults { base } => visit(base),
        Instruction::Display { src, .. } | Instruction::StoreGlobal { src, .. } => visit(src),
        Instruction::EndCleanup { record } | Instruction::JumpIfCompletion { record, .. } => {
            visit(record);
        }
    }
}

/// Tells what an instruction of a finished function does with its registers, in the order in which
/// it happens. Register numbers are wide, so that a window past the last register shows.
pub(crate) fn roles(
    function: &Function,
    instruction: Instruction,
    visit: &mut dyn FnMut(Role, u32),
) {
    use Role::{Clear, Local, Look, Read, Write};
    match instruction {
        Instruction::Statement { .. } | Instruction::Jump { .. } | Instruction::Return => {}
        Instruction::Constant { dst, .. }
        | Instruction::InputCount { dst }
        | Instruction::OutputCount { dst }
        | Instruction::LoadGlobal { dst, .. }
        | Instruction::NewWorkspace { dst }
        | Instruction::ListNew { dst } => visit(Write, dst.into()),
        Instruction::LoadShared { dst, workspace, .. } => {
            visit(Local, workspace.into());
            visit(Write, dst.into());
        }
        Instruction::LoadSlot { dst, workspace, .. } => {
            visit(Local, workspace.into());
            visit(Local, dst.into());
        }
        Instruction::StoreShared { workspace, src, .. } => {
            visit(Local, workspace.into());
            visit(Read, src.into());
        }
        Instruction::StoreSlot { workspace, src, .. } => {
            visit(Local, workspace.into());
            visit(Local, src.into());
        }
        Instruction::ClearShared { workspace, .. } => visit(Local, workspace.into()),
        Instruction::Move { dst, src } | Instruction::ToLogical { dst, src, .. } => {
            visit(Read, src.into());
            visit(Write, dst.into());
        }
        Instruction::Clear { register } => visit(Clear, register.into()),
        Instruction::Binary {
            dst, left, right, ..
        } => {
            visit(Read, left.into());
            visit(Read, right.into());
            visit(Write, dst.into());
        }
        Instruction::Unary { dst, operand, .. } | Instruction::Postfix { dst, operand, .. } => {
            visit(Read, operand.into());
            visit(Write, dst.into());
        }
        Instruction::Range {
            dst,
            base,
            has_step,
        } => {
            window(base, 2 + u32::from(has_step), Read, visit);
            visit(Write, dst.into());
        }
        Instruction::JumpIfFalse { condition, .. } | Instruction::JumpIfTrue { condition, .. } => {
            visit(Read, condition.into());
        }
        Instruction::JumpIfUndefined { register, .. } => visit(Look, register.into()),
        Instruction::SwitchMatches { dst, subject, case } => {
            visit(Look, subject.into());
            visit(Read, case.into());
            visit(Write, dst.into());
        }
        Instruction::ForRange {
            state,
            base,
            has_step,
        } => {
            window(base, 2 + u32::from(has_step), Read, visit);
            window(state, 4, Local, visit);
        }
        Instruction::ForEach { state, src } => {
            visit(Read, src.into());
            window(state, 4, Local, visit);
        }
        Instruction::ForNext { state, dst } => {
            window(state, 4, Local, visit);
            visit(Write, dst.into());
        }
        Instruction::Paren {
            callee,
            base,
            count,
            outputs,
        }
        | Instruction::Brace {
            value: callee,
            base,
            count,
            outputs,
        } => {
            visit(Read, callee.into());
            window(base, values(count), Read, visit);
            results(base, outputs, visit);
        }
        Instruction::Field { dst, value, .. } | Instruction::FieldList { dst, value, .. } => {
            visit(Read, value.into());
            visit(Write, dst.into());
        }
        Instruction::DynamicField { dst, value, name } => {
            visit(Read, value.into());
            visit(Read, name.into());
            visit(Write, dst.into());
        }
        Instruction::Method {
            value,
            base,
            count,
            outputs,
        } => {
            visit(Read, value.into());
            window(base, 1 + values(count), Read, visit);
            results(base, outputs, visit);
        }
        Instruction::End { dst, value, .. } => {
            visit(Look, value.into());
            visit(Write, dst.into());
        }
        Instruction::Store {
            variable,
            base,
            path,
        } => {
            window(base, path_operands(function, path) + 1, Read, visit);
            visit(Local, variable.into());
        }
        Instruction::StoreIndex {
            variable,
            index,
            value,
        } => {
            visit(Read, index.into());
            visit(Read, value.into());
            visit(Local, variable.into());
        }
        Instruction::Delete {
            variable,
            base,
            path,
        } => {
            window(base, path_operands(function, path), Read, visit);
            visit(Local, variable.into());
        }
        Instruction::ListPush { list, src } => {
            visit(Read, src.into());
            visit(Look, list.into());
        }
        Instruction::ListTake { dst, list } => {
            visit(Look, list.into());
            visit(Write, dst.into());
        }
        Instruction::ListTakeCell { dst, list, count } => {
            visit(Look, list.into());
            visit(Look, count.into());
            visit(Write, dst.into());
        }
        Instruction::JumpIfListEmpty { list, .. } => visit(Look, list.into()),
        Instruction::IndexCount { dst, value, list } => {
            visit(Look, value.into());
            visit(Look, list.into());
            visit(Write, dst.into());
        }
        Instruction::Want { count } => visit(Read, count.into()),
        Instruction::Gather { base } => {
            visit(Clear, base.into());
            visit(Write, base.into());
        }
        Instruction::Matrix { dst, base, shape } | Instruction::Cell { dst, base, shape } => {
            let shape = function.shapes.get(usize::from(shape));
            let count = shape.map_or(0, |rows| rows.iter().map(|row| u32::from(*row)).sum());
            window(base, count, Read, visit);
            visit(Write, dst.into());
        }
        Instruction::Call {
            base,
            count,
            outputs,
            ..
        }
        | Instruction::CallBuiltin {
            base,
            count,
            outputs,
            ..
        }
        | Instruction::CallUnknown {
            base,
            count,
            outputs,
            ..
        }
        | Instruction::Await {
            base,
            count,
            outputs,
        } => {
            window(base, values(count), Read, visit);
            results(base, outputs, visit);
        }
        Instruction::AsyncCreate { base, count, .. } => {
            window(base, values(count), Read, visit);
            visit(Write, base.into());
        }
        Instruction::Closure {
            dst, base, count, ..
        } => {
            window(base, values(count), Read, visit);
            visit(Write, dst.into());
        }
        Instruction::Display { src, .. } => visit(Look, src.into()),
        Instruction::StoreGlobal { src, .. } => visit(Read, src.into()),
        Instruction::StoreGlobalIndex { index, value, .. } => {
            visit(Read, index.into());
            visit(Read, value.into());
        }
        Instruction::EndCleanup { record } | Instruction::JumpIfCompletion { record, .. } => {
            visit(Local, record.into());
        }
        Instruction::ReturnResults { base } => visit(Read, base.into()),
    }
}

fn window(base: Register, count: u32, role: Role, visit: &mut dyn FnMut(Role, u32)) {
    for at in 0..count {
        visit(role, u32::from(base) + at);
    }
}

/// How many registers the arguments stand in.
fn values(count: u8) -> u32 {
    if count == LIST { 1 } else { count.into() }
}

fn results(base: Register, outputs: u8, visit: &mut dyn FnMut(Role, u32)) {
    match outputs {
        0 | PASS | COUNTED => visit(Role::MayWrite, base.into()),
        SPREAD => visit(Role::Write, base.into()),
        count => window(base, count.into(), Role::Write, visit),
    }
}

/// How many operands an assignment path has.
pub(crate) fn path_operands(function: &Function, path: u16) -> u32 {
    let steps = function.paths.get(usize::from(path));
    steps.map_or(0, |steps| steps.iter().map(step_operands).sum())
}

/// How many operands a step of an assignment path has.
pub(crate) fn step_operands(step: &PathShape) -> u32 {
    match step {
        PathShape::Paren(count) | PathShape::Brace(count) => values(*count),
        PathShape::Field(_) => 0,
        PathShape::DynamicField => 1,
    }
}
