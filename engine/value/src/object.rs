//! Handle objects: values with identity, defined by the crates that know what they mean.

use crate::{Dims, Result, Value};
use std::any::Any;
use std::fmt;
use std::rc::{Rc, Weak};

/// Number of a handle object, unique in its session and given in order of creation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectId(pub u64);

/// What a handle object can do. The defaults are those of an opaque object.
pub trait Object: Any {
    /// Name of the class, such as `future` or `containers.Map`.
    fn class_name(&self) -> &str;

    /// Its number.
    fn id(&self) -> ObjectId;

    /// Its size as `size(x)` gives it.
    fn dims(&self) -> Dims {
        Dims::scalar()
    }

    /// `object(arguments)`; `None` when the class has no such index.
    fn index(&self, arguments: &[Value]) -> Option<Result<Value>> {
        let _ = arguments;
        None
    }

    /// `object(arguments) = value`; `None` when the class has no such index.
    fn assign_index(&self, arguments: &[Value], value: Value) -> Option<Result<()>> {
        let _ = (arguments, value);
        None
    }

    /// `object.name`; `None` when there is no such property.
    fn property(&self, name: &str) -> Option<Result<Value>> {
        let _ = name;
        None
    }

    /// Whether objects of the class make arrays with others of it.
    fn makes_arrays(&self) -> bool {
        false
    }

    /// What fills the gaps in an array of objects of the class, where there is such a thing.
    fn filler(&self) -> Option<Value> {
        None
    }

    /// Shows every value that the object holds, for the collection of cycles.
    fn trace(&self, visit: &mut dyn FnMut(&Value)) {
        let _ = visit;
    }

    /// Drops every value that the object holds: called on unreachable objects only.
    fn clear(&self) {}

    /// Moves the values that the object holds to `values`: called when its last reference goes, so that
    /// long chains of objects are dropped one after another.
    fn give_up(&self, values: &mut Vec<Value>) {
        let _ = values;
    }

    /// The text that `disp` shows, without a line end.
    fn display(&self) -> String {
        format!("  <{} object>", self.class_name())
    }
}

/// A counted reference to a handle object, one pointer wide.
#[derive(Clone)]
pub struct ObjectRef(Rc<Box<dyn Object>>);

impl ObjectRef {
    /// Puts an object behind a reference.
    pub fn new(object: impl Object) -> ObjectRef {
        ObjectRef(Rc::new(Box::new(object)))
    }

    /// The object as its Rust type.
    pub fn downcast_ref<T: Object>(&self) -> Option<&T> {
        let object: &dyn Any = &**self.0;
        object.downcast_ref::<T>()
    }

    /// Whether both refer to the same object.
    pub fn is_same(&self, other: &ObjectRef) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }

    /// A reference that does not keep the object alive.
    pub fn downgrade(&self) -> WeakObject {
        WeakObject(Rc::downgrade(&self.0))
    }

    /// How many references there are.
    pub fn reference_count(&self) -> usize {
        Rc::strong_count(&self.0)
    }
}

impl std::ops::Deref for ObjectRef {
    type Target = dyn Object;

    fn deref(&self) -> &dyn Object {
        &**self.0
    }
}

impl fmt::Debug for ObjectRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}#{}", self.class_name(), self.id().0)
    }
}

/// A reference that does not keep its object alive.
#[derive(Clone)]
pub struct WeakObject(Weak<Box<dyn Object>>);

impl WeakObject {
    /// The object, when it still lives.
    pub fn upgrade(&self) -> Option<ObjectRef> {
        self.0.upgrade().map(ObjectRef)
    }
}
