//! Values taken apart, so that any thread may have them: copies, with nothing shared left.
//!
//! The parts are flat and stand in the order in which they are put together again, so that values may
//! nest to any depth. What was shared within the values is shared again in the copies.

use crate::error::parts::ErrorParts;
use crate::{Array, Callee, Dims, FunctionHandle, ObjectId, ObjectRef, Result, StructArray, Value};
use rustc_hash::FxHashMap;
use std::rc::Rc;

/// Values on their way from one session to another.
#[derive(Clone, Debug, Default)]
pub struct Parcel {
    nodes: Vec<Node>,
    objects: Vec<ObjectNode>,
    roots: Vec<usize>,
}

/// One part; places are those of parts before it.
#[derive(Clone, Debug)]
enum Node {
    Undefined,
    Double(f64),
    Bool(bool),
    Doubles(Dims, Vec<f64>),
    Bools(Dims, Vec<bool>),
    Chars(Dims, Vec<u16>),
    Cell(Dims, Vec<usize>),
    Struct(Dims, Vec<String>, Vec<usize>),
    Function {
        name: String,
        callee: Callee,
        is_anonymous: bool,
        captures: Vec<usize>,
    },
    Exception(ErrorParts, Vec<usize>),
    Object(usize),
}

#[derive(Clone, Debug, Default)]
struct ObjectNode {
    settings: Vec<String>,
    held: Vec<usize>,
}

/// A handle object taken apart.
#[derive(Clone, Debug)]
pub struct ObjectParts {
    /// What it is made with.
    pub settings: Vec<String>,
    /// The values that it holds.
    pub held: Vec<Value>,
}

/// How a session takes apart what only it knows.
pub trait Packer {
    /// The parts of a handle object.
    ///
    /// # Errors
    /// When such an object cannot leave its session.
    fn take_apart(&self, object: &ObjectRef) -> Result<ObjectParts>;

    /// What a handle calls, in terms of what travels along.
    fn callee(&mut self, callee: &Callee) -> Callee;
}

/// How a session puts together what only it knows.
pub trait Unpacker {
    /// A new object that holds nothing yet.
    fn make(&mut self, settings: &[String]) -> ObjectRef;

    /// Gives an object what it holds.
    fn fill(&mut self, object: &ObjectRef, held: Vec<Value>);

    /// What a handle calls, in terms of the session.
    fn callee(&mut self, callee: &Callee) -> Callee;
}

impl Parcel {
    /// Copies of values.
    ///
    /// # Errors
    /// When one of them, or what it holds, cannot leave its session.
    pub fn pack(values: &[Value], packer: &mut dyn Packer) -> Result<Parcel> {
        let mut packing = Packing {
            parcel: Parcel::default(),
            packer,
            known: FxHashMap::default(),
            known_objects: FxHashMap::default(),
            waiting: Vec::new(),
            kept: Vec::new(),
        };
        for value in values {
            let root = packing.add(value)?;
            packing.parcel.roots.push(root);
        }
        while let Some((at, held)) = packing.waiting.pop() {
            for value in held {
                let place = packing.add(&value)?;
                packing.parcel.objects[at].held.push(place);
            }
        }
        Ok(packing.parcel)
    }

    /// The values, new in the session.
    pub fn unpack(&self, unpacker: &mut dyn Unpacker) -> Vec<Value> {
        let objects: Vec<ObjectRef> = self
            .objects
            .iter()
            .map(|object| unpacker.make(&object.settings))
            .collect();
        let mut values: Vec<Value> = Vec::with_capacity(self.nodes.len());
        for node in &self.nodes {
            let value = node.build(&values, &objects, unpacker);
            values.push(value);
        }
        for (object, node) in objects.iter().zip(&self.objects) {
            let held = node.held.iter().map(|at| values[*at].clone()).collect();
            unpacker.fill(object, held);
        }
        self.roots.iter().map(|at| values[*at].clone()).collect()
    }
}

impl Node {
    fn build(&self, before: &[Value], objects: &[ObjectRef], own: &mut dyn Unpacker) -> Value {
        let pick = |places: &[usize]| -> Vec<Value> {
            places.iter().map(|at| before[*at].clone()).collect()
        };
        match self {
            Node::Undefined => Value::Undefined,
            Node::Double(number) => Value::Double(*number),
            Node::Bool(truth) => Value::Bool(*truth),
            Node::Doubles(dims, data) => Value::doubles(Array::new(dims.clone(), data.clone())),
            Node::Bools(dims, data) => Value::bools(Array::new(dims.clone(), data.clone())),
            Node::Chars(dims, data) => Value::chars(Array::new(dims.clone(), data.clone())),
            Node::Cell(dims, places) => Value::cell(Array::new(dims.clone(), pick(places))),
            Node::Struct(dims, names, places) => {
                let count = dims.count();
                let fields = names.iter().enumerate().map(|(at, name)| {
                    let places = &places[at * count..(at + 1) * count];
                    (name.as_str().into(), pick(places))
                });
                let array = StructArray::new(dims.clone(), fields.collect());
                Value::Struct(Rc::new(array))
            }
            Node::Function {
                name,
                callee,
                is_anonymous,
                captures,
            } => Value::Function(Rc::new(FunctionHandle {
                name: name.as_str().into(),
                callee: own.callee(callee),
                captures: pick(captures),
                is_anonymous: *is_anonymous,
            })),
            Node::Exception(parts, causes) => {
                let causes = causes.iter().filter_map(|at| match &before[*at] {
                    Value::Exception(cause) => Some(cause.clone()),
                    _ => None,
                });
                Value::Exception(parts.whole(causes.collect()))
            }
            Node::Object(at) => Value::Object(objects[*at].clone()),
        }
    }
}

struct Packing<'a> {
    parcel: Parcel,
    packer: &'a mut dyn Packer,
    /// Shared containers that are packed, by their address.
    known: FxHashMap<usize, usize>,
    known_objects: FxHashMap<ObjectId, usize>,
    /// Objects whose values are still to be packed.
    waiting: Vec<(usize, Vec<Value>)>,
    /// What was packed stays alive until all is: no address is given out again.
    kept: Vec<Value>,
}

/// What is to be done next.
enum Work {
    /// Packs a value.
    Visit(Value),
    /// Puts a container behind its parts, which are packed.
    Close(Value),
}

impl Packing<'_> {
    /// Packs a value; gives its place. Containers come after what they hold.
    fn add(&mut self, value: &Value) -> Result<usize> {
        let mut work = vec![Work::Visit(value.clone())];
        let mut done: Vec<usize> = Vec::new();
        while let Some(next) = work.pop() {
            match next {
                Work::Visit(value) => {
                    if let Some(node) = self.leaf(&value)? {
                        done.push(self.push(node));
                    } else if let Some(place) = address(&value).and_then(|at| self.known.get(&at)) {
                        done.push(*place);
                    } else {
                        let held = held(&value);
                        work.push(Work::Close(value));
                        work.extend(held.into_iter().rev().map(Work::Visit));
                    }
                }
                Work::Close(value) => {
                    let first = done.len() - held_count(&value);
                    let places = done.split_off(first);
                    let node = self.container(&value, places);
                    let place = self.push(node);
                    if let Some(address) = address(&value) {
                        self.known.insert(address, place);
                        self.kept.push(value);
                    }
                    done.push(place);
                }
            }
        }
        Ok(done.pop().expect("a value was packed"))
    }

    fn push(&mut self, node: Node) -> usize {
        self.parcel.nodes.push(node);
        self.parcel.nodes.len() - 1
    }

    /// The node of a value that holds no others.
    fn leaf(&mut self, value: &Value) -> Result<Option<Node>> {
        Ok(Some(match value {
            Value::Undefined => Node::Undefined,
            Value::Double(number) => Node::Double(*number),
            Value::Bool(truth) => Node::Bool(*truth),
            Value::DoubleArray(array) => Node::Doubles(array.dims().clone(), array.data().to_vec()),
            Value::BoolArray(array) => Node::Bools(array.dims().clone(), array.data().to_vec()),
            Value::Char(array) => Node::Chars(array.dims().clone(), array.data().to_vec()),
            Value::Colon => Node::Chars(Dims::scalar(), vec![u16::from(b':')]),
            Value::Object(object) => Node::Object(self.object(object)?),
            Value::Cell(_)
            | Value::Struct(_)
            | Value::Function(_)
            | Value::Exception(_)
            | Value::List(_) => return Ok(None),
        }))
    }

    fn object(&mut self, object: &ObjectRef) -> Result<usize> {
        if let Some(at) = self.known_objects.get(&object.id()) {
            return Ok(*at);
        }
        let ObjectParts { settings, held } = self.packer.take_apart(object)?;
        let at = self.parcel.objects.len();
        self.parcel.objects.push(ObjectNode {
            settings,
            held: Vec::new(),
        });
        self.known_objects.insert(object.id(), at);
        self.waiting.push((at, held));
        Ok(at)
    }

    fn container(&mut self, value: &Value, places: Vec<usize>) -> Node {
        match value {
            Value::Cell(array) => Node::Cell(array.dims().clone(), places),
            Value::List(list) => Node::Cell(Dims::new(1, list.len()), places),
            Value::Struct(array) => {
                let names = array.fields().iter().map(|(name, _)| name.to_string());
                Node::Struct(array.dims().clone(), names.collect(), places)
            }
            Value::Function(handle) => Node::Function {
                name: handle.name.to_string(),
                callee: self.packer.callee(&handle.callee),
                is_anonymous: handle.is_anonymous,
                captures: places,
            },
            Value::Exception(error) => Node::Exception(ErrorParts::of(error), places),
            Value::Undefined
            | Value::Double(_)
            | Value::Bool(_)
            | Value::DoubleArray(_)
            | Value::BoolArray(_)
            | Value::Char(_)
            | Value::Colon
            | Value::Object(_) => unreachable!("it holds no values of its own"),
        }
    }
}

/// The values that a container holds, in the order of its parts.
fn held(value: &Value) -> Vec<Value> {
    match value {
        Value::Cell(array) => array.data().to_vec(),
        Value::List(list) => list.to_vec(),
        Value::Struct(array) => {
            let fields = array.fields().iter();
            fields.flat_map(|(_, values)| values.clone()).collect()
        }
        Value::Function(handle) => handle.captures.clone(),
        Value::Exception(error) => {
            let causes = error.causes().iter().cloned();
            causes.map(Value::Exception).collect()
        }
        Value::Undefined
        | Value::Double(_)
        | Value::Bool(_)
        | Value::DoubleArray(_)
        | Value::BoolArray(_)
        | Value::Char(_)
        | Value::Colon
        | Value::Object(_) => Vec::new(),
    }
}

fn held_count(value: &Value) -> usize {
    match value {
        Value::Struct(array) => array.count() * array.fields().len(),
        Value::Cell(array) => array.count(),
        Value::List(list) => list.len(),
        Value::Function(handle) => handle.captures.len(),
        Value::Exception(error) => error.causes().len(),
        Value::Undefined
        | Value::Double(_)
        | Value::Bool(_)
        | Value::DoubleArray(_)
        | Value::BoolArray(_)
        | Value::Char(_)
        | Value::Colon
        | Value::Object(_) => 0,
    }
}

/// The identity of a counted container.
fn address(value: &Value) -> Option<usize> {
    match value {
        Value::Cell(array) => Some(Rc::as_ptr(array).cast::<()>() as usize),
        Value::Struct(array) => Some(Rc::as_ptr(array).cast::<()>() as usize),
        Value::Function(handle) => Some(Rc::as_ptr(handle).cast::<()>() as usize),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::build_runtime_error;
    use crate::ops::is_equal;

    /// A session without objects.
    struct Plain;

    impl Packer for Plain {
        fn take_apart(&self, object: &ObjectRef) -> Result<ObjectParts> {
            Err(build_runtime_error(object.class_name()).build())
        }

        fn callee(&mut self, callee: &Callee) -> Callee {
            callee.clone()
        }
    }

    impl Unpacker for Plain {
        fn make(&mut self, _: &[String]) -> ObjectRef {
            unreachable!("nothing of the kind was packed")
        }

        fn fill(&mut self, _: &ObjectRef, _: Vec<Value>) {}

        fn callee(&mut self, callee: &Callee) -> Callee {
            callee.clone()
        }
    }

    fn there_and_back(value: &Value) -> Value {
        let parcel = Parcel::pack(std::slice::from_ref(value), &mut Plain).expect("it travels");
        let parcel = std::thread::scope(|scope| {
            // Any thread may have it.
            scope.spawn(move || parcel).join().expect("no panic")
        });
        parcel.unpack(&mut Plain).pop().expect("one value")
    }

    #[test]
    fn values_come_out_as_they_went_in() {
        let function = Value::Function(Rc::new(FunctionHandle {
            name: "@()x".into(),
            callee: Callee::Builtin(3),
            captures: vec![Value::text("captured")],
            is_anonymous: true,
        }));
        let all = [
            Value::Double(2.5),
            Value::Bool(true),
            Value::empty(),
            Value::text(""),
            Value::text("é😀"),
            Value::cell(Array::new(Dims::new(0, 3), Vec::new())),
            Value::doubles(Array::new(
                Dims::new(2, 2),
                vec![1.0, 2.0, 3.0, f64::NEG_INFINITY],
            )),
            Value::structure(&[("a", Value::Double(1.0)), ("b", Value::text("x"))]),
            function,
        ];
        let cell = Value::cell_row(all.to_vec());
        assert!(is_equal(&there_and_back(&cell), &cell));
    }

    #[test]
    fn an_error_keeps_what_is_known_of_it() {
        let cause = build_runtime_error("inner").identifier("x:y").build();
        let error = build_runtime_error("outer")
            .code(&crate::codes::UNDEFINED_FUNCTION)
            .source(std::io::Error::other("the disk"))
            .cause(cause)
            .build();
        let Value::Exception(copy) = there_and_back(&Value::Exception(error)) else {
            panic!("an exception stays one");
        };
        assert_eq!(
            (copy.message(), copy.identifier()),
            ("outer", "MATLAB:UndefinedFunction")
        );
        assert_eq!(copy.causes()[0].identifier(), "x:y");
        let source = copy.foreign_source().map(ToString::to_string);
        assert_eq!(source.as_deref(), Some("the disk"));
    }

    #[test]
    fn values_nest_to_any_depth_and_what_is_shared_is_packed_once() {
        let deep = (0..100_000).fold(Value::Double(1.0), |inner, _| Value::cell_row(vec![inner]));
        assert!(is_equal(&there_and_back(&deep), &deep));
        // Without sharing this would have 2^60 parts.
        let wide = (0..60).fold(Value::Double(1.0), |inner, _| {
            Value::cell_row(vec![inner.clone(), inner])
        });
        let parcel = Parcel::pack(&[wide], &mut Plain).expect("it travels");
        assert!(parcel.nodes.len() < 200);
        drop(parcel.unpack(&mut Plain));
    }
}
