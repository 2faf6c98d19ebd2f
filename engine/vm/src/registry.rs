//! The register of handle objects: they are numbered, counted, and cycles through them are collected.

use rustc_hash::FxHashMap;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use tourbillon_value::{ObjectId, ObjectRef, Value, WeakObject};

/// All handle objects of a session that may still be alive, in order of creation.
#[derive(Default)]
pub(crate) struct Registry {
    next: Cell<u64>,
    objects: RefCell<Vec<WeakObject>>,
    /// The number of entries at which dead ones are swept out next.
    sweep_at: Cell<usize>,
    /// The number of live objects at which cycles are collected next in the midst of an execution.
    collect_at: Cell<usize>,
}

/// Fewer live objects than this are left to the end of the execution.
const FIRST_COLLECTION: usize = 10_000;

impl Registry {
    pub(crate) fn new_id(&self) -> ObjectId {
        let id = self.next.get() + 1;
        self.next.set(id);
        ObjectId(id)
    }

    pub(crate) fn adopt(&self, object: &ObjectRef) {
        let mut objects = self.objects.borrow_mut();
        if objects.len() >= self.sweep_at.get().max(64) {
            objects.retain(|object| object.upgrade().is_some());
            self.sweep_at.set(objects.len() * 2);
        }
        objects.push(object.downgrade());
    }

    /// The live objects, oldest first.
    pub(crate) fn alive(&self) -> Vec<ObjectRef> {
        self.objects
            .borrow()
            .iter()
            .filter_map(WeakObject::upgrade)
            .collect()
    }

    /// Number of live objects by class.
    pub(crate) fn count_by_class(&self) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        for object in self.alive() {
            *counts.entry(object.class_name().to_owned()).or_insert(0) += 1;
        }
        counts
    }

    /// Forgets everything; the next object is number 1 again.
    pub(crate) fn reset(&self) {
        self.next.set(0);
        self.sweep_at.set(0);
        self.collect_at.set(0);
        self.objects.borrow_mut().clear();
    }

    /// Collects cycles when the objects have doubled since the last time, so that all collections
    /// together cost about as much as the making of the objects.
    pub(crate) fn collect_if_many(&self) {
        let limit = self.collect_at.get().max(FIRST_COLLECTION);
        if self.objects.borrow().len() < limit {
            return;
        }
        let sweep = |objects: &mut Vec<WeakObject>| {
            objects.retain(|object| object.upgrade().is_some());
            objects.len()
        };
        if sweep(&mut self.objects.borrow_mut()) >= limit {
            self.collect();
            let left = sweep(&mut self.objects.borrow_mut());
            self.collect_at.set(left * 2);
        }
    }

    /// Collects cycles: objects that only objects of the same kind refer to. This is trial deletion
    /// (Bacon and Rajan 2001): references from the inside are counted and compared with all there
    /// are; what has more is held from outside, and so is all that it reaches. Returns how many
    /// objects were cleared.
    pub(crate) fn collect(&self) -> usize {
        let objects = self.alive();
        if objects.is_empty() {
            return 0;
        }
        let mut graph = Graph::default();
        for object in &objects {
            let at = graph.node(Node::Object(object.clone()));
            graph.is_own[at] = true;
        }
        // The graph grows while it is walked: shared containers inside are nodes too.
        let mut at = 0;
        while at < graph.nodes.len() {
            graph.expand(at);
            at += 1;
        }
        // Counted before anything is let go: from here on `objects` and the nodes are all that was
        // added.
        let garbage = graph.garbage();
        for object in &garbage {
            object.clear();
        }
        garbage.len()
    }
}

/// A counted thing that may hold values.
enum Node {
    Object(ObjectRef),
    Shared(Value),
}

impl Node {
    fn address(&self) -> usize {
        match self {
            Node::Object(object) => {
                std::ptr::from_ref::<dyn tourbillon_value::Object>(&**object).cast::<()>() as usize
            }
            Node::Shared(value) => shared_address(value).expect("only shared values are nodes"),
        }
    }

    /// References from anywhere but the register and this graph.
    fn references(&self) -> usize {
        match self {
            Node::Object(object) => object.reference_count() - 1,
            Node::Shared(value) => shared_count(value) - 1,
        }
    }
}

/// The identity of a counted container; never used for order.
fn shared_address(value: &Value) -> Option<usize> {
    match value {
        Value::Cell(array) => Some(std::rc::Rc::as_ptr(array).cast::<()>() as usize),
        Value::Struct(array) => Some(std::rc::Rc::as_ptr(array).cast::<()>() as usize),
        Value::Function(handle) => Some(std::rc::Rc::as_ptr(handle).cast::<()>() as usize),
        _ => None,
    }
}

fn shared_count(value: &Value) -> usize {
    match value {
        Value::Cell(array) => std::rc::Rc::strong_count(array),
        Value::Struct(array) => std::rc::Rc::strong_count(array),
        Value::Function(handle) => std::rc::Rc::strong_count(handle),
        _ => 0,
    }
}

#[derive(Default)]
struct Graph {
    nodes: Vec<Node>,
    places: FxHashMap<usize, usize>,
    /// Whether the register knows it, and so was given a reference of its own while it is walked.
    is_own: Vec<bool>,
    inner_references: Vec<usize>,
    edges: Vec<Vec<usize>>,
}

impl Graph {
    fn node(&mut self, node: Node) -> usize {
        let address = node.address();
        match self.places.get(&address) {
            Some(at) => *at,
            None => {
                let at = self.nodes.len();
                self.places.insert(address, at);
                self.nodes.push(node);
                self.is_own.push(false);
                self.inner_references.push(0);
                self.edges.push(Vec::new());
                at
            }
        }
    }

    fn expand(&mut self, at: usize) {
        let mut held: Vec<Value> = Vec::new();
        match &self.nodes[at] {
            Node::Object(object) => object.trace(&mut |value| held.push(value.clone())),
            Node::Shared(Value::Cell(array)) => held.extend(array.data().iter().cloned()),
            Node::Shared(Value::Struct(array)) => {
                held.extend(
                    array
                        .fields()
                        .iter()
                        .flat_map(|(_, values)| values.iter().cloned()),
                );
            }
            Node::Shared(Value::Function(handle)) => held.extend(handle.captures.iter().cloned()),
            Node::Shared(_) => unreachable!("only containers are shared nodes"),
        }
        for value in held {
            let target = match &value {
                Value::Object(object) => self.node(Node::Object(object.clone())),
                Value::Cell(_) | Value::Struct(_) | Value::Function(_) => {
                    self.node(Node::Shared(value.clone()))
                }
                _ => continue,
            };
            self.inner_references[target] += 1;
            self.edges[at].push(target);
        }
    }

    /// The objects that nothing outside reaches, oldest first.
    fn garbage(&self) -> Vec<ObjectRef> {
        let mut reached = vec![false; self.nodes.len()];
        let mut work: Vec<usize> = (0..self.nodes.len())
            .filter(|at| self.outer_references(*at) > 0)
            .collect();
        while let Some(at) = work.pop() {
            if !std::mem::replace(&mut reached[at], true) {
                work.extend(&self.edges[at]);
            }
        }
        self.nodes
            .iter()
            .zip(&reached)
            .filter_map(|(node, reached)| match node {
                Node::Object(object) if !reached => Some(object.clone()),
                _ => None,
            })
            .collect()
    }

    fn outer_references(&self, at: usize) -> usize {
        if matches!(self.nodes[at], Node::Object(_)) && !self.is_own[at] {
            // Another session's object: whatever we see of its references, that one keeps it.
            return 1;
        }
        let known = self.inner_references[at] + usize::from(self.is_own[at]);
        let references = self.nodes[at].references();
        debug_assert!(references >= known, "an object shows a value twice");
        references.saturating_sub(known)
    }
}
