//! Functions: the script's own code, declared ones, anonymous ones, async blocks.

use super::{Dest, Lowering};
use crate::bytecode::{Constant, Function, FunctionKind, Instruction, PASS, Register};
use crate::captures::captured_writes;
use crate::names::{Names, free_names};
use crate::nesting::{Plan, plan};
use crate::scope::{Binding, NestedFunctions, Scope, workspace_name};
use crate::unit::{FunctionRef, Meaning, Unit};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use tourbillon_syntax::Span;
use tourbillon_syntax::ast::{self, Block, Expression, ExpressionKind, Ident, Parameter};

use super::calls::MAX_ARGUMENTS;

/// Compiles the script's own code, function 0.
pub(crate) fn script(unit: &mut Unit<'_>, body: &Block) {
    let span = match (body.statements.first(), body.statements.last()) {
        (Some(first), Some(last)) => first.span.to(last.span),
        _ => Span::default(),
    };
    let owner = format!("@{}", unit.sources[0].name());
    let mut scope = Scope::new(FunctionKind::Script, owner.into(), None);
    for name in &unit.options.workspace {
        if scope.variable(name).is_none() {
            scope.add_local(name.clone());
        }
    }
    scope.add_names(&Names::of_block(body));
    let mut lowering = Lowering::new(unit, Rc::new(scope), 0, span);
    lowering.block(body);
    lowering.emit(Instruction::Return);
    let function = lowering.finish();
    unit.define(0, function);
}

/// Compiles a declared function and those inside it.
pub(crate) fn function(unit: &mut Unit<'_>, source: u16, index: u16, declared: &ast::Function) {
    let is_function = |name: &str| !matches!(unit.meaning(source, name), Meaning::Unknown);
    let plan = plan(declared, &is_function);
    let around = Around {
        depth: 0,
        visible: NestedFunctions::default(),
        owner: String::new(),
        globals: BTreeMap::new(),
    };
    nested(unit, source, index, declared, &plan, &around);
}

/// What a function in a nest has around it.
struct Around {
    depth: usize,
    /// The nested functions that it can call.
    visible: NestedFunctions,
    /// The names of the functions around it, each with a slash after it.
    owner: String,
    /// Their globals and persistent variables.
    globals: BTreeMap<Rc<str>, Binding>,
}

/// Compiles one function of a nest, then those inside it.
fn nested(
    unit: &mut Unit<'_>,
    source: u16,
    index: u16,
    declared: &ast::Function,
    plan: &Plan,
    around: &Around,
) {
    let depth = around.depth;
    let mut visible = (*around.visible).clone();
    let mut indices = Vec::new();
    for inner in &declared.nested {
        let index = unit.reserve(source, inner.span);
        indices.push(index);
        let function = FunctionRef {
            index,
            is_async: inner.is_async,
            workspaces: u8::try_from(depth + 1).unwrap_or(u8::MAX),
        };
        let before = visible.insert(inner.name.name.clone(), function);
        if before.is_some_and(|before| indices.contains(&before.index)) {
            unit.declared_twice(source, inner);
        }
    }
    let mut inside = Around {
        depth: depth + 1,
        visible: Rc::new(visible),
        owner: format!("{}{}/", around.owner, declared.name.name),
        globals: BTreeMap::new(),
    };
    let (function, globals) = one_function(unit, source, declared, plan, around, &inside);
    inside.globals = globals;
    unit.define(index, function);
    for ((inner, plan), index) in declared.nested.iter().zip(&plan.nested).zip(indices) {
        nested(unit, source, index, inner, plan, &inside);
    }
}

/// Compiles one function of a nest.
fn one_function(
    unit: &mut Unit<'_>,
    source: u16,
    declared: &ast::Function,
    plan: &Plan,
    around: &Around,
    inside: &Around,
) -> (Function, BTreeMap<Rc<str>, Binding>) {
    let kind = if declared.is_async {
        unit.extension(
            source,
            Span {
                start: declared.span.start,
                end: declared.name.span.end,
            },
            "`async function`",
        );
        FunctionKind::Async
    } else {
        FunctionKind::Plain
    };
    let name = &declared.name.name;
    let file = unit.sources[usize::from(source)].name();
    let owner = format!("{}{name}@{file}", around.owner);
    let mut scope = Scope::new(kind, owner.into(), None);
    scope.set_nested(inside.visible.clone());
    let workspaces: Vec<Register> = (0..around.depth)
        .map(|depth| scope.add_local(workspace_name(depth)))
        .collect();
    check_inputs(unit, source, &declared.inputs);
    let (inputs, has_varargin) = scope.add_inputs(&declared.inputs);
    let mut outputs = Vec::new();
    for ident in &declared.outputs {
        outputs.push(scope.add_output(&ident.name));
    }
    let varargout = match declared.outputs.last() {
        Some(last) if &*last.name == "varargout" => outputs.pop(),
        _ => None,
    };
    let names = Names::of_block(&declared.body);
    check_declarations(unit, source, &scope, &names);
    let captures = workspaces.len();
    let own = (!declared.nested.is_empty()).then(|| scope.add_local(workspace_name(captures)));
    let workspaces: Vec<Register> = workspaces.into_iter().chain(own).collect();
    let input_registers = captures..captures + inputs + usize::from(has_varargin);
    let mut shared_inputs = Vec::new();
    let mut shared_outputs = Vec::new();
    for (name, (level, slot)) in &plan.shared {
        let workspace = workspaces[*level];
        let Some(register) = scope.share(name, workspace, *slot) else {
            continue;
        };
        if input_registers.contains(&usize::from(register)) {
            shared_inputs.push((register, workspace, *slot));
        }
        if outputs.contains(&register) || varargout == Some(register) {
            shared_outputs.push((register, Binding::Shared(workspace, *slot)));
        }
    }
    for (name, binding) in &around.globals {
        scope.add_outer(name, binding);
    }
    scope.add_names(&names);
    let globals = scope.globals();
    let mut lowering = Lowering::new(unit, Rc::new(scope), source, declared.span);
    lowering.outputs = shared_outputs;
    if let Some(dst) = own {
        lowering.emit(Instruction::NewWorkspace { dst });
    }
    for (src, workspace, slot) in shared_inputs {
        lowering.share_input(src, workspace, slot);
    }
    lowering.block(&declared.body);
    lowering.leave();
    let function = lowering.finish();
    let function = Function {
        name: (&**name).into(),
        captures: captures as u16,
        inputs: inputs as u16,
        has_varargin,
        outputs,
        varargout,
        workspace: plan.slots.iter().map(|name| (&**name).into()).collect(),
        ..function
    };
    (function, globals)
}

/// Two inputs of one name would hide each other.
fn check_inputs(unit: &mut Unit<'_>, source: u16, inputs: &[Parameter]) {
    let mut seen = BTreeSet::new();
    for input in inputs {
        if let Parameter::Named(ident) = input
            && !seen.insert(ident.name.clone())
        {
            let message = format!("The input '{}' stands twice.", ident.name);
            let error = tourbillon_value::build_runtime_error(message)
                .identifier("MATLAB:m_duplicate_input");
            unit.report(source, ident.span, error);
        }
    }
}

/// An input or output cannot be global as well.
fn check_declarations(unit: &mut Unit<'_>, source: u16, scope: &Scope, names: &Names) {
    for Ident { name, span } in names.globals.iter().chain(&names.persistents) {
        if scope.variable(name).is_some() {
            let message =
                format!("'{name}' is an input or output and cannot be global or persistent.");
            let error = tourbillon_value::build_runtime_error(message)
                .identifier("MATLAB:m_global_parameter");
            unit.report(source, *span, error);
        }
    }
}

impl<'a> Lowering<'_, 'a> {
    /// Moves an input that was given into the workspace it lives in.
    fn share_input(&mut self, register: Register, workspace: Register, slot: u16) {
        let missing = self.label();
        self.emit(Instruction::JumpIfUndefined {
            register,
            target: missing.0,
        });
        self.emit(Instruction::StoreShared {
            workspace,
            slot,
            src: register,
        });
        self.emit(Instruction::Clear { register });
        self.set_label(missing);
    }

    /// `@(inputs) body`.
    pub(super) fn anonymous(
        &mut self,
        expression: &Expression,
        inputs: &[Parameter],
        body: &Expression,
        dest: Dest,
    ) -> Register {
        check_inputs(self.unit, self.source, inputs);
        let names = Names::of_expression(body);
        let free = free_names(&names, inputs);
        let captures = self.captures(free, &names.handles, expression.span);
        let mut scope = self.inner_scope(FunctionKind::Anonymous, &captures);
        let (count, has_varargin) = scope.add_inputs(inputs);
        let result = scope.add_local("".into());
        let text = tourbillon_syntax::print_expression(expression).into();
        let mut outputs = Vec::new();
        let function = self.inner(scope, expression.span, |this| {
            this.at(body.span, |this| this.begin_statement());
            if this.may_give_nothing(body) {
                // A call gives as many results as are wanted of the function.
                let base = this.at(body.span, |this| match &body.kind {
                    ExpressionKind::Name(name) => this.call_name(name, body.span, &[], PASS),
                    _ => this.chain(body, PASS, Dest::Push),
                });
                this.emit(Instruction::ReturnResults { base });
                this.registers.set(0);
            } else {
                this.expression(body, Dest::Into(result));
                this.emit(Instruction::Return);
                outputs.push(result);
            }
        });
        let index = self.add(Function {
            name: "@<anonymous>".into(),
            text,
            captures: captures.len() as u16,
            inputs: count as u16,
            has_varargin,
            outputs,
            ..function
        });
        let mark = self.mark();
        let (base, count) = self.capture_values(&captures);
        let dst = self.place(mark, dest);
        self.emit(Instruction::Closure {
            dst,
            function: index,
            base,
            count,
        });
        dst
    }

    /// `async @() body` with an expression for a body.
    pub(super) fn async_expression(
        &mut self,
        span: Span,
        body: &Expression,
        dest: Dest,
    ) -> Register {
        self.extension(span, "An async block");
        let names = Names::of_expression(body);
        let captures = self.captures(names.mentioned, &names.handles, span);
        let scope = self.inner_scope(FunctionKind::AsyncBlock, &captures);
        self.create_block(span, captures, scope, dest, |this, result| {
            this.at(body.span, |this| this.begin_statement());
            if this.may_give_nothing(body) {
                let undefined = this.label();
                let at = this.call_statement(body);
                this.emit(Instruction::JumpIfUndefined {
                    register: at,
                    target: undefined.0,
                });
                this.emit(Instruction::Move {
                    dst: result,
                    src: at,
                });
                this.set_label(undefined);
            } else {
                this.expression(body, Dest::Into(result));
            }
        })
    }

    /// `async @() do … end`.
    pub(super) fn async_block(&mut self, span: Span, body: &Block, dest: Dest) -> Register {
        self.extension(span, "An async block");
        let names = Names::of_block(body);
        for (name, span) in captured_writes(body, &names, |name| self.scope.sees(name)) {
            let message = format!(
                "'{name}' is a variable of the code around this block, and the block reads it \
                 before it assigns it.\n\
                 a block has copies of the variables around it; give the new value another name"
            );
            self.fail(span, "async:CapturedVariableWrite", message);
        }
        let mentioned = names.mentioned.iter();
        let own = |name: &&Rc<str>| names.assigns(name) || names.declares(name);
        let mentioned = mentioned.filter(|name| !own(name)).cloned().collect();
        let captures = self.captures(mentioned, &names.handles, span);
        let mut scope = self.inner_scope(FunctionKind::AsyncBlock, &captures);
        scope.add_names(&names);
        self.create_block(span, captures, scope, dest, |this, result| {
            this.result = Some(result);
            this.block(body);
        })
    }

    /// Makes an async block's function and the instruction that makes its future.
    fn create_block(
        &mut self,
        span: Span,
        captures: Vec<Rc<str>>,
        mut scope: Scope,
        dest: Dest,
        body: impl FnOnce(&mut Lowering<'_, 'a>, Register),
    ) -> Register {
        let result = scope.add_local("".into());
        let function = self.inner(scope, span, |this| {
            this.constant(Constant::EmptyMatrix, Dest::Into(result));
            body(this, result);
            this.emit(Instruction::Return);
        });
        let index = self.add(Function {
            name: "async".into(),
            captures: captures.len() as u16,
            outputs: vec![result],
            ..function
        });
        let mark = self.mark();
        let (base, count) = self.capture_values(&captures);
        self.registers.set(mark);
        let at = self.registers.push();
        debug_assert_eq!(at, base);
        self.emit(Instruction::AsyncCreate {
            function: index,
            base,
            count,
        });
        self.settle(mark, at, dest)
    }

    /// Which of the names that an inner function at that place mentions are variables here. Those of
    /// functions further out were captured here, because they are mentioned here as well. A variable
    /// that is assigned only later has no value to capture: calling the function is the error then.
    fn captures(&self, mut names: Vec<Rc<str>>, handles: &[Rc<str>], span: Span) -> Vec<Rc<str>> {
        let functions = names.iter().chain(handles);
        let nested = functions.filter_map(|name| self.scope.nested().get(name));
        let workspaces = nested.map(|function| function.workspaces).max();
        names.retain(|name| match self.scope.variable(name) {
            Some(_) => self.loops > 0 || !self.scope.is_unassigned_at(name, span.start),
            None => self.scope.counts_arguments(name),
        });
        // What calls a nested function needs the workspaces that it is given.
        let workspaces = 0..usize::from(workspaces.unwrap_or_default());
        names.extend(workspaces.map(workspace_name));
        names
    }

    /// The scope of a function inside this one, with its captures.
    fn inner_scope(&self, kind: FunctionKind, captures: &[Rc<str>]) -> Scope {
        let owner = self.scope.owner().clone();
        let mut scope = Scope::new(kind, owner, Some(self.scope.clone()));
        scope.set_nested(self.scope.nested().clone());
        for name in captures {
            scope.add_local(name.clone());
        }
        scope
    }

    /// Compiles a function inside this one.
    fn inner(
        &mut self,
        scope: Scope,
        span: Span,
        body: impl FnOnce(&mut Lowering<'_, 'a>),
    ) -> Function {
        let mut inner = Lowering::new(&mut *self.unit, Rc::new(scope), self.source, span);
        body(&mut inner);
        inner.finish()
    }

    fn add(&mut self, function: Function) -> u16 {
        let index = self.unit.reserve(self.source, function.span);
        self.unit.define(index, function);
        index
    }

    /// The values of captured variables in consecutive temporaries.
    fn capture_values(&mut self, captures: &[Rc<str>]) -> (Register, u8) {
        if captures.len() > MAX_ARGUMENTS {
            self.too_large = Some("a function captures more than 250 variables");
        }
        let base = crate::registers::temporary(self.mark());
        for name in captures {
            match self.scope.variable(name).cloned() {
                Some(binding) => {
                    self.variable(&binding, Dest::Push);
                }
                None => {
                    debug_assert!(self.scope.counts_arguments(name));
                    let dst = self.registers.push();
                    self.emit(match &**name {
                        "nargin" => Instruction::InputCount { dst },
                        _ => Instruction::OutputCount { dst },
                    });
                }
            }
        }
        (base, captures.len() as u8)
    }
}
