//! Bytecode as text, for people and for snapshots.

use crate::bytecode::{
    COUNTED, Constant, Function, FunctionKind, HandlerKind, Instruction, LIST, PASS, PathShape,
    Program, Register, SPREAD,
};
use std::fmt::Write;
use tourbillon_syntax::ast::{PostfixOp, UnaryOp};

/// The whole program.
pub fn print(program: &Program) -> String {
    let mut text = String::new();
    for (number, function) in program.functions.iter().enumerate() {
        if number > 0 {
            text.push('\n');
        }
        Printer { program, function }.function(number, &mut text);
    }
    text
}

struct Printer<'p> {
    program: &'p Program,
    function: &'p Function,
}

impl Printer<'_> {
    fn function(&self, number: usize, text: &mut String) {
        let function = self.function;
        let kind = match function.kind {
            FunctionKind::Script => "script",
            FunctionKind::Plain => "function",
            FunctionKind::Async => "async function",
            FunctionKind::Anonymous => "anonymous",
            FunctionKind::AsyncBlock => "async block",
        };
        let _ = write!(text, "{number} {kind}");
        if matches!(function.kind, FunctionKind::Plain | FunctionKind::Async) {
            let _ = write!(text, " {}", function.name);
        }
        if !function.text.is_empty() {
            let _ = write!(text, " {}", function.text);
        }
        let captures = usize::from(function.captures);
        let inputs = captures + usize::from(function.inputs) + usize::from(function.has_varargin);
        let list = |registers: &mut dyn Iterator<Item = usize>| {
            let names: Vec<String> = registers.map(|at| self.register(at as Register)).collect();
            names.join(", ")
        };
        let _ = write!(text, " ({})", list(&mut (captures..inputs)));
        let outputs = function.outputs.iter().chain(&function.varargout);
        let outputs = list(&mut outputs.map(|register| usize::from(*register)));
        if !outputs.is_empty() {
            let _ = write!(text, " -> {outputs}");
        }
        if captures > 0 {
            let _ = write!(text, ", captures {}", list(&mut (0..captures)));
        }
        let temporaries = function.registers - function.locals;
        let _ = writeln!(
            text,
            ", {} locals, {temporaries} temporaries",
            function.locals
        );
        let mut last_line = 0;
        for (at, instruction) in function.code.iter().enumerate() {
            let line = self.line(at);
            let shown = if line == last_line {
                String::new()
            } else {
                line.to_string()
            };
            last_line = line;
            let _ = writeln!(
                text,
                "{shown:>4} {at:>4}  {}",
                self.instruction(instruction)
            );
        }
        for handler in &function.handlers {
            let what = match handler.kind {
                HandlerKind::Catch(None) => "catch".to_string(),
                HandlerKind::Catch(Some(register)) => format!("catch {}", self.register(register)),
                HandlerKind::Cleanup(record) => format!("cleanup {}", self.register(record)),
            };
            let (start, end, target) = (handler.start, handler.end, handler.target);
            let _ = writeln!(text, "     handler {start}..{end} -> {target} {what}");
        }
        for cleanup in &function.cleanups {
            let record = self.register(cleanup.record);
            let _ = writeln!(
                text,
                "     cleanup {}..{} {record}",
                cleanup.start, cleanup.end
            );
        }
    }

    fn line(&self, at: usize) -> u32 {
        let source = self.program.sources.get(usize::from(self.function.source));
        let span = self.function.spans.get(at);
        match (source, span) {
            (Some(source), Some(span)) => source.position(span.start).line,
            _ => 0,
        }
    }

    /// `%0` for a temporary, the name of a local, `.2` for a local without a name.
    fn register(&self, register: Register) -> String {
        match self.function.names.get(usize::from(register)) {
            Some(name) if name.is_empty() => format!(".{register}"),
            Some(name) => name.to_string(),
            None => format!("%{}", register.saturating_sub(self.function.locals)),
        }
    }

    fn constant(&self, constant: u16) -> String {
        match self.function.constants.get(usize::from(constant)) {
            Some(Constant::Number(number)) => format!("{number}"),
            Some(Constant::Bool(value)) => format!("{value}"),
            Some(Constant::Text(text)) => format!("'{}'", text.replace('\n', "\\n")),
            Some(Constant::EmptyMatrix) => "[]".into(),
            Some(Constant::EmptyCell) => "{}".into(),
            Some(Constant::Colon) => ":".into(),
            Some(Constant::Handle { name, callee }) => format!("@{name} {callee:?}"),
            None => format!("constant {constant}?"),
        }
    }

    fn name(&self, constant: u16) -> String {
        match self.function.constants.get(usize::from(constant)) {
            Some(Constant::Text(text)) => text.to_string(),
            _ => self.constant(constant),
        }
    }

    fn path(&self, path: u16) -> String {
        let mut text = String::new();
        for step in self
            .function
            .paths
            .get(usize::from(path))
            .into_iter()
            .flatten()
        {
            let _ = match step {
                PathShape::Paren(count) => write!(text, "({})", number(*count)),
                PathShape::Brace(count) => write!(text, "{{{}}}", number(*count)),
                PathShape::Field(name) => write!(text, ".{name}"),
                PathShape::DynamicField => write!(text, ".()"),
            };
        }
        text
    }

    fn shape(&self, shape: u16) -> String {
        let rows = self.function.shapes.get(usize::from(shape));
        let rows = rows.into_iter().flatten();
        let rows: Vec<String> = rows.map(|columns| columns.to_string()).collect();
        rows.join(";")
    }

    fn callee(&self, function: u16) -> String {
        match self.program.functions.get(usize::from(function)) {
            Some(callee) => format!("{} #{function}", callee.name),
            None => format!("#{function}?"),
        }
    }

    /// `base(2) -> 1`: the window of a call.
    fn window(&self, base: Register, count: u8, outputs: u8) -> String {
        format!(
            "{}({}) -> {}",
            self.register(base),
            number(count),
            number(outputs)
        )
    }

    fn instruction(&self, instruction: &Instruction) -> String {
        let r = |register: Register| self.register(register);
        match *instruction {
            Instruction::Statement { cost } => format!("STATEMENT {cost}"),
            Instruction::Constant { dst, constant } => {
                format!("CONSTANT {} = {}", r(dst), self.constant(constant))
            }
            Instruction::Move { dst, src } => format!("MOVE {} = {}", r(dst), r(src)),
            Instruction::Clear { register } => format!("CLEAR {}", r(register)),
            Instruction::Binary {
                op,
                dst,
                left,
                right,
            } => format!(
                "BINARY {} = {} {} {}",
                r(dst),
                r(left),
                op.symbol(),
                r(right)
            ),
            Instruction::Unary { op, dst, operand } => {
                let symbol = match op {
                    UnaryOp::Plus => "+",
                    UnaryOp::Minus => "-",
                    UnaryOp::Not => "~",
                };
                format!("UNARY {} = {symbol}{}", r(dst), r(operand))
            }
            Instruction::Postfix { op, dst, operand } => {
                let symbol = match op {
                    PostfixOp::ConjugateTranspose => "'",
                    PostfixOp::Transpose => ".'",
                };
                format!("POSTFIX {} = {}{symbol}", r(dst), r(operand))
            }
            Instruction::Range {
                dst,
                base,
                has_step,
            } => format!("RANGE {} = {}({})", r(dst), r(base), 2 + u8::from(has_step)),
            Instruction::ToLogical { dst, src, is_and } => {
                let operator = if is_and { "&&" } else { "||" };
                format!("TO_LOGICAL {} = {} {operator}", r(dst), r(src))
            }
            Instruction::Jump { target } => format!("JUMP {target}"),
            Instruction::JumpIfFalse { condition, target } => {
                format!("JUMP_IF_FALSE {} {target}", r(condition))
            }
            Instruction::JumpIfTrue { condition, target } => {
                format!("JUMP_IF_TRUE {} {target}", r(condition))
            }
            Instruction::JumpIfUndefined { register, target } => {
                format!("JUMP_IF_UNDEFINED {} {target}", r(register))
            }
            Instruction::SwitchMatches { dst, subject, case } => {
                format!("SWITCH_MATCHES {} = {} {}", r(dst), r(subject), r(case))
            }
            Instruction::ForRange {
                state,
                base,
                has_step,
            } => format!(
                "FOR_RANGE {} = {}({})",
                r(state),
                r(base),
                2 + u8::from(has_step)
            ),
            Instruction::ForEach { state, src } => format!("FOR_EACH {} = {}", r(state), r(src)),
            Instruction::ForNext { state, dst } => format!("FOR_NEXT {} = {}", r(dst), r(state)),
            Instruction::Paren {
                callee,
                base,
                count,
                outputs,
            } => format!("PAREN {} {}", r(callee), self.window(base, count, outputs)),
            Instruction::Brace {
                value,
                base,
                count,
                outputs,
            } => format!("BRACE {} {}", r(value), self.window(base, count, outputs)),
            Instruction::Field { dst, value, name } => {
                format!("FIELD {} = {}.{}", r(dst), r(value), self.name(name))
            }
            Instruction::FieldList { dst, value, name } => {
                format!("FIELD_LIST {} = {}.{}", r(dst), r(value), self.name(name))
            }
            Instruction::DynamicField { dst, value, name } => {
                format!("DYNAMIC_FIELD {} = {}.({})", r(dst), r(value), r(name))
            }
            Instruction::Method {
                value,
                base,
                count,
                outputs,
            } => format!("METHOD {} {}", r(value), self.window(base, count, outputs)),
            Instruction::End {
                dst,
                value,
                position,
                count,
            } => format!("END {} = {} {position} of {count}", r(dst), r(value)),
            Instruction::Store {
                variable,
                base,
                path,
            } => format!("STORE {}{} = {}", r(variable), self.path(path), r(base)),
            Instruction::StoreIndex {
                variable,
                index,
                value,
            } => format!("STORE_INDEX {}({}) = {}", r(variable), r(index), r(value)),
            Instruction::Delete {
                variable,
                base,
                path,
            } => format!("DELETE {}{} {}", r(variable), self.path(path), r(base)),
            Instruction::ListNew { dst } => format!("LIST_NEW {}", r(dst)),
            Instruction::ListPush { list, src } => format!("LIST_PUSH {} {}", r(list), r(src)),
            Instruction::ListTake { dst, list } => format!("LIST_TAKE {} = {}", r(dst), r(list)),
            Instruction::ListTakeCell { dst, list, count } => {
                format!("LIST_TAKE_CELL {} = {} {}", r(dst), r(list), r(count))
            }
            Instruction::JumpIfListEmpty { list, target } => {
                format!("JUMP_IF_LIST_EMPTY {} {target}", r(list))
            }
            Instruction::IndexCount { dst, value, list } => {
                format!("INDEX_COUNT {} = {} {}", r(dst), r(value), r(list))
            }
            Instruction::Want { count } => format!("WANT {}", r(count)),
            Instruction::Gather { base } => format!("GATHER {}", r(base)),
            Instruction::Matrix { dst, base, shape } => {
                format!("MATRIX {} = {}({})", r(dst), r(base), self.shape(shape))
            }
            Instruction::Cell { dst, base, shape } => {
                format!("CELL {} = {}({})", r(dst), r(base), self.shape(shape))
            }
            Instruction::Call {
                function,
                base,
                count,
                outputs,
            } => format!(
                "CALL {} {}",
                self.callee(function),
                self.window(base, count, outputs)
            ),
            Instruction::CallBuiltin {
                builtin,
                base,
                count,
                outputs,
            } => format!(
                "CALL_BUILTIN {} {}",
                tourbillon_builtins::entry(builtin).name,
                self.window(base, count, outputs)
            ),
            Instruction::CallUnknown {
                name,
                base,
                count,
                outputs,
            } => format!(
                "CALL_UNKNOWN {} {}",
                self.name(name),
                self.window(base, count, outputs)
            ),
            Instruction::AsyncCreate {
                function,
                base,
                count,
            } => format!(
                "ASYNC_CREATE {} {}({})",
                self.callee(function),
                r(base),
                number(count)
            ),
            Instruction::Await {
                base,
                count,
                outputs,
            } => format!("AWAIT {}", self.window(base, count, outputs)),
            Instruction::Closure {
                dst,
                function,
                base,
                count,
            } => format!(
                "CLOSURE {} = {} {}({})",
                r(dst),
                self.callee(function),
                r(base),
                number(count)
            ),
            Instruction::Display { src, name } => {
                format!("DISPLAY {} {}", r(src), self.name(name))
            }
            Instruction::InputCount { dst } => format!("INPUT_COUNT {}", r(dst)),
            Instruction::OutputCount { dst } => format!("OUTPUT_COUNT {}", r(dst)),
            Instruction::LoadGlobal { dst, name } => {
                format!("LOAD_GLOBAL {} = {}", r(dst), self.name(name))
            }
            Instruction::StoreGlobal { name, src } => {
                format!("STORE_GLOBAL {} = {}", self.name(name), r(src))
            }
            Instruction::StoreGlobalIndex { name, index, value } => format!(
                "STORE_GLOBAL_INDEX {}({}) = {}",
                self.name(name),
                r(index),
                r(value)
            ),
            Instruction::NewWorkspace { dst } => format!("NEW_WORKSPACE {}", r(dst)),
            Instruction::LoadShared {
                dst,
                workspace,
                slot,
            } => format!("LOAD_SHARED {} = {}[{slot}]", r(dst), r(workspace)),
            Instruction::LoadSlot {
                dst,
                workspace,
                slot,
            } => format!("LOAD_SLOT {} = {}[{slot}]", r(dst), r(workspace)),
            Instruction::StoreShared {
                workspace,
                slot,
                src,
            } => format!("STORE_SHARED {}[{slot}] = {}", r(workspace), r(src)),
            Instruction::StoreSlot {
                workspace,
                slot,
                src,
            } => format!("STORE_SLOT {}[{slot}] = {}", r(workspace), r(src)),
            Instruction::ClearShared { workspace, slot } => {
                format!("CLEAR_SHARED {}[{slot}]", r(workspace))
            }
            Instruction::EndCleanup { record } => format!("END_CLEANUP {}", r(record)),
            Instruction::JumpIfCompletion {
                completion,
                record,
                target,
            } => format!("JUMP_IF_COMPLETION {} {completion} {target}", r(record)),
            Instruction::Return => "RETURN".to_string(),
            Instruction::ReturnResults { base } => format!("RETURN_RESULTS {}", r(base)),
        }
    }
}

/// A count as it is meant.
fn number(count: u8) -> String {
    match count {
        LIST => "list".to_string(),
        SPREAD => "spread".to_string(),
        PASS => "pass".to_string(),
        COUNTED => "counted".to_string(),
        count => count.to_string(),
    }
}
