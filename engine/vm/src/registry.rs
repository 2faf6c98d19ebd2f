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
/// Room for so many objects is kept from one execution to the next.
const KEPT_OBJECTS: usize = 1024;

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

    /// Forgets what has gone, when it may be much.
    pub(crate) fn sweep(&self) {
        let mut objects = self.objects.borrow_mut();
        if objects.capacity() > KEPT_OBJECTS {
            objects.retain(|object| object.upgrade().is_some());
            objects.shrink_to_fit();
            self.sweep_at.set(objects.len() * 2);
        }
    }

    /// Number of live objects by class.
    pub(crate) fn count_by_class(&self) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        self.each(|object| {
            *counts.entry(object.class_name().to_owned()).or_insert(0) += 1;
        });
        counts
    }

    /// Shows every live object, oldest first. Nobody makes or drops one meanwhile.
    pub(crate) fn each(&self, visit: impl FnMut(ObjectRef)) {
        let objects = self.objects.borrow();
        objects
            .iter()
            .filter_map(WeakObject::upgrade)
            .for_each(visit);
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
    /// Returns how many objects were cleared.
    pub(crate) fn collect_if_many(&self) -> usize {
        let limit = self.collect_at.get().max(FIRST_COLLECTION);
        if self.objects.borrow().len() < limit {
            return 0;
        }
        let sweep = |objects: &mut Vec<WeakObject>| {
            objects.retain(|object| object.upgrade().is_some());
            objects.len()
        };
        if sweep(&mut self.objects.borrow_mut()) < limit {
            return 0;
        }
        let cleared = self.collect();
        let left = sweep(&mut self.objects.borrow_mut());
        self.collect_at.set(left * 2);
        cleared
    }

    /// Whether no object holds anything that counts references: then there is no cycle, as in most
    /// sessions.
    fn is_flat(&self) -> bool {
        let mut is_flat = true;
        self.each(|object| {
            object.trace(&mut |value| is_flat &= !is_node(value));
        });
        is_flat
    }

    /// Collects cycles: objects that only objects of the same kind refer to. This is trial deletion
    /// (Bacon and Rajan 2001): references from the inside are counted and compared with all there
    /// are; what has more is held from outside, and so is all that it reaches. Returns how many
    /// objects were cleared.
    pub(crate) fn collect(&self) -> usize {
        if self.is_flat() {
            return 0;
        }
        let objects = self.alive();
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

/// Whether a value is a node of the graph.
fn is_node(value: &Value) -> bool {
    matches!(value, Value::Object(_)) || shared_address(value).is_some()
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

#[cfg(test)]
mod tests {
    use super::*;
    use tourbillon_value::Object;

    /// An object that holds values.
    struct Holder {
        id: ObjectId,
        held: RefCell<Vec<Value>>,
    }

    impl Object for Holder {
        fn class_name(&self) -> &str {
            "holder"
        }

        fn id(&self) -> ObjectId {
            self.id
        }

        fn trace(&self, visit: &mut dyn FnMut(&Value)) {
            self.held.borrow().iter().for_each(visit);
        }

        fn clear(&self) {
            let held = self.held.take();
            drop(held);
        }
    }

    fn holder(registry: &Registry) -> ObjectRef {
        let object = ObjectRef::new(Holder {
            id: registry.new_id(),
            held: RefCell::default(),
        });
        registry.adopt(&object);
        object
    }

    fn hold(object: &ObjectRef, value: Value) {
        let holder = object.downcast_ref::<Holder>().expect("a holder");
        holder.held.borrow_mut().push(value);
    }

    /// Numbers of no meaning, the same in every run.
    struct Numbers(u64);

    impl Numbers {
        fn below(&mut self, limit: usize) -> usize {
            self.0 = self
                .0
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (self.0 >> 33) as usize % limit
        }
    }

    #[test]
    fn exactly_what_nothing_reaches_is_collected() {
        for seed in 0..300 {
            let mut numbers = Numbers(seed);
            let registry = Registry::default();
            let count = 1 + numbers.below(12);
            let mut objects: Vec<ObjectRef> = (0..count).map(|_| holder(&registry)).collect();
            let mut edges = vec![Vec::new(); count];
            for _ in 0..numbers.below(24) {
                let (from, to) = (numbers.below(count), numbers.below(count));
                let target = Value::Object(objects[to].clone());
                // Directly, in a cell, or in a cell that two objects share.
                match numbers.below(3) {
                    0 => hold(&objects[from], target),
                    1 => hold(&objects[from], Value::cell_row(vec![target])),
                    _ => {
                        let shared = Value::cell_row(vec![target]);
                        let other = numbers.below(count);
                        hold(&objects[from], shared.clone());
                        hold(&objects[other], shared);
                        edges[other].push(to);
                    }
                }
                edges[from].push(to);
            }
            let roots: Vec<usize> = (0..count).filter(|_| numbers.below(4) == 0).collect();
            let mut reached = vec![false; count];
            let mut work = roots.clone();
            while let Some(at) = work.pop() {
                if !std::mem::replace(&mut reached[at], true) {
                    work.extend(&edges[at]);
                }
            }
            let kept: Vec<ObjectRef> = roots.iter().map(|at| objects[*at].clone()).collect();
            let ids: Vec<ObjectId> = objects.iter().map(|object| object.id()).collect();
            objects.clear();
            registry.collect();
            let alive: Vec<ObjectId> = registry.alive().iter().map(|object| object.id()).collect();
            let expected: Vec<ObjectId> = (0..count)
                .filter(|at| reached[*at])
                .map(|at| ids[at])
                .collect();
            assert_eq!(alive, expected, "seed {seed}");
            drop(kept);
            registry.collect();
            assert!(registry.alive().is_empty(), "seed {seed}");
        }
    }

    #[test]
    fn an_object_of_another_session_is_never_cleared() {
        let (own, other) = (Registry::default(), Registry::default());
        let foreign = holder(&other);
        hold(&foreign, Value::Double(1.0));
        let object = holder(&own);
        hold(&object, Value::Object(foreign.clone()));
        hold(&object, Value::Object(object.clone()));
        drop(object);
        own.collect();
        assert!(own.alive().is_empty());
        assert_eq!(other.collect(), 0);
        let held = foreign.downcast_ref::<Holder>().expect("a holder");
        assert_eq!(held.held.borrow().len(), 1);
    }

    #[test]
    fn cycles_are_collected_when_there_are_many() {
        let registry = Registry::default();
        for _ in 0..FIRST_COLLECTION {
            let object = holder(&registry);
            hold(&object, Value::Object(object.clone()));
        }
        registry.collect_if_many();
        assert!(registry.alive().is_empty());
    }
}
