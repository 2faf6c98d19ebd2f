//! Arrays of handle objects, for classes that have such: values like other arrays, of handles.

use crate::subscript::{Selection, select};
use crate::{Array, Dims, Object, ObjectId, ObjectRef, Result, Value};
use std::rc::Rc;

/// An array of handle objects of one class that is not 1 × 1. It never changes: assignments make a new
/// one, so that it is a value although it is held as an object.
pub struct ObjectArray {
    class: Rc<str>,
    elements: Array<Value>,
}

impl ObjectArray {
    /// Objects of a class; a 1 × 1 array is its object.
    pub fn value(class: &str, elements: Array<Value>) -> Value {
        match elements.data() {
            [only] if elements.dims().is_scalar() => only.clone(),
            _ => Value::Object(ObjectRef::new(ObjectArray {
                class: class.into(),
                elements: elements.of_cells(),
            })),
        }
    }

    /// The elements of an array of objects, in order; any other value is its own only element.
    pub fn elements(value: &Value) -> Vec<Value> {
        match value.as_object::<ObjectArray>() {
            Some(array) => array.elements.data().to_vec(),
            None => vec![value.clone()],
        }
    }

    /// The value as an array of the objects of its class, when there are such arrays.
    pub(crate) fn of(value: &Value) -> Option<Array<Value>> {
        let Value::Object(object) = value else {
            return None;
        };
        match object.downcast_ref::<ObjectArray>() {
            Some(array) => Some(array.elements.clone()),
            None if object.makes_arrays() => Some(Array::new(Dims::scalar(), vec![value.clone()])),
            None => None,
        }
    }

    /// What fills the gaps of an array that grows by assigning the value.
    pub(crate) fn filler(value: &Value) -> Value {
        let first = ObjectArray::elements(value).into_iter().next();
        let filler = first.as_ref().and_then(|first| match first {
            Value::Object(object) => object.filler(),
            _ => None,
        });
        filler.or(first).unwrap_or_default()
    }
}

impl Object for ObjectArray {
    fn class_name(&self) -> &str {
        &self.class
    }

    /// It has no identity of its own.
    fn id(&self) -> ObjectId {
        ObjectId(0)
    }

    fn dims(&self) -> Dims {
        self.elements.dims().clone()
    }

    fn index(&self, arguments: &[Value]) -> Option<Result<Value>> {
        Some(select(self.elements.dims(), arguments).map(|selection| {
            let Selection { places, dims } = selection;
            let picked = Array::new(dims, places.pick(self.elements.data()));
            ObjectArray::value(&self.class, picked)
        }))
    }

    fn trace(&self, visit: &mut dyn FnMut(&Value)) {
        self.elements.data().iter().for_each(visit);
    }

    fn display(&self) -> String {
        let sizes: Vec<String> = self
            .dims()
            .as_slice()
            .iter()
            .map(usize::to_string)
            .collect();
        format!("  {} {} array", sizes.join("×"), self.class)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assign::{PathStep, assign, delete};
    use crate::{concat, index};

    /// An object of a class with arrays; 0 fills gaps.
    struct Thing(u64);

    impl Object for Thing {
        fn class_name(&self) -> &str {
            "thing"
        }

        fn id(&self) -> ObjectId {
            ObjectId(self.0)
        }

        fn makes_arrays(&self) -> bool {
            true
        }

        fn filler(&self) -> Option<Value> {
            Some(thing(0))
        }

        fn property(&self, name: &str) -> Option<Result<Value>> {
            (name == "Id").then_some(Ok(Value::Double(self.0 as f64)))
        }
    }

    fn thing(id: u64) -> Value {
        Value::Object(ObjectRef::new(Thing(id)))
    }

    fn ids(value: &Value) -> Vec<u64> {
        let id = |value: &Value| value.as_object::<Thing>().map_or(99, |thing| thing.0);
        ObjectArray::elements(value).iter().map(id).collect()
    }

    fn put(target: &mut Value, at: f64, value: Value) {
        let path = [PathStep::Paren(vec![Value::Double(at)])];
        assign(target, &path, value).expect("an array of things");
    }

    #[test]
    fn arrays_grow_by_assignment_forwards_and_backwards() {
        let mut array = Value::Undefined;
        put(&mut array, 1.0, thing(1));
        assert_eq!(array.class_name(), "thing");
        put(&mut array, 3.0, thing(3));
        assert_eq!(ids(&array), [1, 0, 3]);
        let before = array.clone();
        put(&mut array, 2.0, thing(2));
        assert_eq!((ids(&array), ids(&before)), (vec![1, 2, 3], vec![1, 0, 3]));
        let mut backwards = Value::empty();
        put(&mut backwards, 2.0, thing(2));
        put(&mut backwards, 1.0, thing(1));
        assert_eq!(ids(&backwards), [1, 2]);
        assert_eq!(backwards.dims(), Dims::new(1, 2));
    }

    #[test]
    fn arrays_are_joined_indexed_shortened_and_looked_into() {
        let pair = concat::horzcat(vec![thing(1), Value::empty(), thing(2)]).expect("an array");
        let mut all = concat::horzcat(vec![pair, thing(3)]).expect("an array");
        assert_eq!(ids(&all), [1, 2, 3]);
        let second = index::paren(&all, &[Value::Double(2.0)]).expect("an element");
        assert!(second.as_object::<Thing>().is_some());
        let column = index::paren(&all, &[Value::Colon]).expect("all of them");
        assert_eq!(
            (ids(&column), column.dims()),
            (vec![1, 2, 3], Dims::new(3, 1))
        );
        let seen = index::field(&all, "Id").expect("a property of each");
        assert_eq!(seen.len(), 3);
        delete(&mut all, &[Value::Double(1.0)]).expect("one fewer");
        delete(&mut all, &[Value::Double(1.0)]).expect("one fewer");
        assert!(all.as_object::<Thing>().is_some());
        assert!(concat::horzcat(vec![thing(1), Value::Double(2.0)]).is_err());
    }
}
