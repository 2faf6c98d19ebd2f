//! The variables of one function, and what it sees of the functions around it.

use crate::bytecode::{FunctionKind, Register};
use crate::names::Names;
use crate::unit::FunctionRef;
use rustc_hash::FxHashMap;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use tourbillon_syntax::ast::Parameter;

/// Where a variable lives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Binding {
    /// In a register.
    Local(Register),
    /// Among the session's globals, under that name.
    Global(Rc<str>),
    /// In a workspace that nested functions share: the register that holds it, and the slot.
    Shared(Register, u16),
}

/// The nested functions that code can see, by name.
pub(crate) type NestedFunctions = Rc<BTreeMap<Rc<str>, FunctionRef>>;

/// The name of the register that holds the workspace of a function of that depth in its nest. No
/// variable can have it.
pub(crate) fn workspace_name(depth: usize) -> Rc<str> {
    format!("#{depth}").into()
}

/// The variables of one function.
#[derive(Debug)]
pub(crate) struct Scope {
    /// The function that an anonymous function or async block stands in.
    parent: Option<Rc<Scope>>,
    kind: FunctionKind,
    /// Name of the function for its persistent variables.
    owner: Rc<str>,
    variables: FxHashMap<Rc<str>, Binding>,
    /// Names of the locals by register; empty for inputs without a name.
    names: Vec<Rc<str>>,
    /// Variables that can only hold scalars.
    scalars: BTreeSet<Rc<str>>,
    /// Outputs that are no inputs: they begin without a value.
    unassigned: BTreeSet<Rc<str>>,
    /// Where the first assignment to a variable that begins without a value is over.
    from: FxHashMap<Rc<str>, u32>,
    /// The variables in workspaces, in the order of their names.
    shared: Vec<(Register, u16)>,
    nested: NestedFunctions,
    /// The names of globals and persistent variables.
    globals: Vec<Rc<str>>,
}

impl Scope {
    /// A scope without variables. `owner` names the function and its file.
    pub fn new(kind: FunctionKind, owner: Rc<str>, parent: Option<Rc<Scope>>) -> Scope {
        Scope {
            parent,
            kind,
            owner,
            variables: FxHashMap::default(),
            names: Vec::new(),
            scalars: BTreeSet::new(),
            unassigned: BTreeSet::new(),
            from: FxHashMap::default(),
            shared: Vec::new(),
            nested: NestedFunctions::default(),
            globals: Vec::new(),
        }
    }

    /// The nested functions that code here can call.
    pub fn nested(&self) -> &NestedFunctions {
        &self.nested
    }

    /// Sets the nested functions that code here can call.
    pub fn set_nested(&mut self, nested: NestedFunctions) {
        self.nested = nested;
    }

    /// The registers of workspaces, and the slots, of all shared variables.
    pub fn shared(&self) -> &[(Register, u16)] {
        &self.shared
    }

    /// The globals and persistent variables, by name.
    pub fn globals(&self) -> BTreeMap<Rc<str>, Binding> {
        let global = |name: &Rc<str>| Some((name.clone(), self.variable(name)?.clone()));
        self.globals.iter().filter_map(global).collect()
    }

    /// Adds a global or persistent variable of a function around this one, unless the name is an input or
    /// output here.
    pub fn add_outer(&mut self, name: &Rc<str>, binding: &Binding) {
        if !self.variables.contains_key(name) {
            self.variables.insert(name.clone(), binding.clone());
            self.globals.push(name.clone());
        }
    }

    /// Puts a variable into a workspace. Gives the register that it had as an input or output; that has
    /// no name from now on.
    pub fn share(&mut self, name: &Rc<str>, workspace: Register, slot: u16) -> Option<Register> {
        self.shared.push((workspace, slot));
        self.unassigned.remove(name);
        let binding = Binding::Shared(workspace, slot);
        match self.variables.insert(name.clone(), binding) {
            Some(Binding::Local(register)) => {
                self.names[usize::from(register)] = "".into();
                Some(register)
            }
            Some(Binding::Global(_) | Binding::Shared(..)) | None => None,
        }
    }

    /// What kind of function it is.
    pub fn kind(&self) -> FunctionKind {
        self.kind
    }

    /// Name of the function for its persistent variables.
    pub fn owner(&self) -> &Rc<str> {
        &self.owner
    }

    /// Names of the locals by register.
    pub fn names(&self) -> &[Rc<str>] {
        &self.names
    }

    /// The variable of that name.
    pub fn variable(&self, name: &str) -> Option<&Binding> {
        self.variables.get(name)
    }

    /// Whether a loop over a range is all that ever assigns the variable.
    pub fn is_scalar(&self, name: &str) -> bool {
        self.scalars.contains(name)
    }

    /// Adds a local in the next register; its number saturates, and too many locals are an error of
    /// the function.
    pub fn add_local(&mut self, name: Rc<str>) -> Register {
        let register = Register::try_from(self.names.len()).unwrap_or(Register::MAX);
        if !name.is_empty() {
            self.variables
                .insert(name.clone(), Binding::Local(register));
        }
        self.names.push(name);
        register
    }

    /// Adds an output of a function, which may be an input as well.
    pub fn add_output(&mut self, name: &Rc<str>) -> Register {
        match self.variables.get(name) {
            Some(Binding::Local(register)) => *register,
            Some(Binding::Global(_) | Binding::Shared(..)) | None => {
                self.unassigned.insert(name.clone());
                self.add_local(name.clone())
            }
        }
    }

    /// Whether code at that offset, outside of loops, comes before any assignment to the variable.
    pub fn is_unassigned_at(&self, name: &str, offset: u32) -> bool {
        self.from.get(name).is_some_and(|from| offset < *from)
    }

    /// Adds the locals, globals and persistent variables that a body brings, after the inputs.
    pub fn add_names(&mut self, names: &Names) {
        for ident in &names.globals {
            let binding = Binding::Global(ident.name.clone());
            self.variables.insert(ident.name.clone(), binding);
            self.globals.push(ident.name.clone());
        }
        for ident in &names.persistents {
            let global = format!("{}/{}", self.owner, ident.name);
            let binding = Binding::Global(global.into());
            self.variables.insert(ident.name.clone(), binding);
            self.globals.push(ident.name.clone());
        }
        for assigned in &names.assigned {
            if self.unassigned.contains(&assigned.name) {
                self.from.insert(assigned.name.clone(), assigned.from);
            }
            if !self.variables.contains_key(&assigned.name) {
                self.add_local(assigned.name.clone());
                self.from.insert(assigned.name.clone(), assigned.from);
                if assigned.is_scalar {
                    self.scalars.insert(assigned.name.clone());
                }
            }
        }
    }

    /// Adds the inputs of a function; gives their number without `varargin`, and whether it is there.
    pub fn add_inputs(&mut self, inputs: &[Parameter]) -> (usize, bool) {
        let mut has_varargin = false;
        for (at, input) in inputs.iter().enumerate() {
            let name = match input {
                Parameter::Named(ident) => ident.name.clone(),
                Parameter::Ignored(_) => "".into(),
            };
            has_varargin = at + 1 == inputs.len() && &*name == "varargin";
            self.add_local(name);
        }
        (inputs.len() - usize::from(has_varargin), has_varargin)
    }

    /// Whether code in this function, or in an anonymous function or block in it, can see a variable
    /// of that name.
    pub fn sees(&self, name: &str) -> bool {
        self.variables.contains_key(name)
            || self.parent.as_ref().is_some_and(|parent| parent.sees(name))
            || self.counts_arguments(name)
    }

    /// Whether the name is `nargin` or `nargout` of this function.
    pub fn counts_arguments(&self, name: &str) -> bool {
        match self.kind {
            FunctionKind::Plain | FunctionKind::Async | FunctionKind::Anonymous => {
                matches!(name, "nargin" | "nargout")
            }
            FunctionKind::Script | FunctionKind::AsyncBlock => false,
        }
    }
}
