//! Which variables nested functions share with the functions around them.
//!
//! A name that two functions of one nest use is one variable, and belongs to the outermost of them;
//! inputs and outputs belong to the function that declares them. A function that others are nested in
//! keeps what it shares in a workspace, an object that its nested functions are given.

use crate::names::Names;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use tourbillon_syntax::ast::{Function, Parameter};

/// What one function of a nest shares.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    /// The variables in the function's own workspace, by slot.
    pub slots: Vec<Rc<str>>,
    /// The names of this function that live in a workspace: in which (counted from the outermost
    /// function of the nest), and in which slot.
    pub shared: BTreeMap<Rc<str>, (usize, u16)>,
    /// The same for the functions inside it, in their order.
    pub nested: Vec<Plan>,
}

/// The plan of a function and of those inside it. `is_function` says which names mean functions where
/// they are no variables.
pub(crate) fn plan(function: &Function, is_function: &dyn Fn(&str) -> bool) -> Plan {
    let mut nodes = Vec::new();
    collect(function, None, &BTreeSet::new(), is_function, &mut nodes);
    // Who uses which variable of whom.
    let mut users: BTreeMap<(usize, Rc<str>), BTreeSet<usize>> = BTreeMap::new();
    for (at, node) in nodes.iter().enumerate() {
        for name in &node.uses {
            if let Some(owner) = owner(&nodes, at, name) {
                users.entry((owner, name.clone())).or_default().insert(at);
            }
        }
    }
    let mut slots: Vec<Vec<Rc<str>>> = nodes.iter().map(|_| Vec::new()).collect();
    let mut shared: Vec<BTreeMap<Rc<str>, (usize, u16)>> =
        nodes.iter().map(|_| BTreeMap::new()).collect();
    for ((owner, name), users) in users {
        let is_variable = users.iter().any(|at| nodes[*at].assigns.contains(&name));
        if users.len() < 2 || !is_variable {
            continue;
        }
        let slot = slots[owner].len() as u16;
        slots[owner].push(name.clone());
        for at in users {
            shared[at].insert(name.clone(), (nodes[owner].depth, slot));
        }
    }
    let mut parts = slots.into_iter().zip(shared);
    assemble(function, &mut parts)
}

/// One function of a nest; those inside it come after it, each with its own.
struct Node {
    depth: usize,
    around: Option<usize>,
    parameters: BTreeSet<Rc<str>>,
    /// Names that it assigns, parameters included.
    assigns: BTreeSet<Rc<str>>,
    /// Names that are variables in it, or may be.
    uses: BTreeSet<Rc<str>>,
    /// Names declared `global` or `persistent`.
    declares: BTreeSet<Rc<str>>,
}

fn collect(
    function: &Function,
    around: Option<usize>,
    assigned_around: &BTreeSet<Rc<str>>,
    is_function: &dyn Fn(&str) -> bool,
    nodes: &mut Vec<Node>,
) {
    let names = Names::of_block(&function.body);
    let declares: BTreeSet<Rc<str>> = (names.globals.iter().chain(&names.persistents))
        .map(|ident| ident.name.clone())
        .collect();
    let inputs = function.inputs.iter().filter_map(|input| match input {
        Parameter::Named(ident) => Some(ident.name.clone()),
        Parameter::Ignored(_) => None,
    });
    let outputs = function.outputs.iter().map(|ident| ident.name.clone());
    let parameters: BTreeSet<Rc<str>> = inputs.chain(outputs).collect();
    let explicit = names.assigned.iter().filter(|name| !name.is_implicit);
    let assigns: BTreeSet<Rc<str>> = explicit
        .map(|assigned| assigned.name.clone())
        .filter(|name| !declares.contains(name))
        .chain(parameters.iter().cloned())
        .collect();
    let mentioned = names.mentioned.iter().filter(|name| {
        let is_answer = &***name == "ans";
        let means_variable = assigned_around.contains(*name) || !is_function(name);
        !is_answer && !declares.contains(*name) && means_variable
    });
    let uses = assigns.iter().chain(mentioned).cloned().collect();
    let assigned_around: BTreeSet<Rc<str>> = assigned_around.union(&assigns).cloned().collect();
    let at = nodes.len();
    nodes.push(Node {
        depth: around.map_or(0, |around| nodes[around].depth + 1),
        around,
        parameters,
        assigns,
        uses,
        declares,
    });
    for inner in &function.nested {
        collect(inner, Some(at), &assigned_around, is_function, nodes);
    }
}

/// The function that a name which another one uses belongs to; none when a function around declares it
/// `global` or `persistent`.
fn owner(nodes: &[Node], user: usize, name: &Rc<str>) -> Option<usize> {
    let mut owner = user;
    let mut at = user;
    while !nodes[at].parameters.contains(name) {
        let Some(around) = nodes[at].around else {
            break;
        };
        if nodes[around].declares.contains(name) {
            return None;
        }
        at = around;
        if nodes[at].uses.contains(name) {
            owner = at;
        }
    }
    Some(owner)
}

/// Puts the parts, in the order of the walk, into the shape of the nest.
fn assemble(
    function: &Function,
    parts: &mut impl Iterator<Item = (Vec<Rc<str>>, BTreeMap<Rc<str>, (usize, u16)>)>,
) -> Plan {
    let (slots, shared) = parts.next().expect("there is a part for each function");
    let nested = function
        .nested
        .iter()
        .map(|inner| assemble(inner, parts))
        .collect();
    Plan {
        slots,
        shared,
        nested,
    }
}
