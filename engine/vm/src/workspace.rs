//! The workspace that a function shares with the functions nested in it: a handle object with one slot
//! for each shared variable.

use crate::errors;
use crate::machine::Machine;
use std::cell::RefCell;
use std::sync::Arc;
use tourbillon_builtins::note_escape;
use tourbillon_host::{Access, Object as Shared};
use tourbillon_value::{Object, ObjectId, ObjectRef, Result, Value};

/// The shared variables of one call of a function.
pub(crate) struct WorkspaceObject {
    id: ObjectId,
    names: Vec<Arc<str>>,
    slots: RefCell<Vec<Value>>,
}

/// A workspace whose variables have no values yet.
pub(crate) fn create(machine: &Machine, names: &[Arc<str>]) -> Value {
    let object = ObjectRef::new(WorkspaceObject {
        id: machine.make_object_id(),
        names: names.to_vec(),
        slots: RefCell::new(vec![Value::Undefined; names.len()]),
    });
    machine.registry.adopt(&object);
    Value::Object(object)
}

/// The workspace in a register that the compiler keeps for it.
pub(crate) fn of(value: &Value) -> &WorkspaceObject {
    let Value::Object(object) = value else {
        unreachable!("the compiler keeps the register for a workspace")
    };
    object
        .downcast_ref::<WorkspaceObject>()
        .expect("the compiler keeps the register for a workspace")
}

impl WorkspaceObject {
    /// A variable, which may have no value.
    pub(crate) fn slot(&self, machine: &Machine, slot: u16) -> Value {
        machine.touch(Shared::Handle(self.id), Access::Read);
        self.slots.borrow()[usize::from(slot)].clone()
    }

    /// A variable, which must have a value.
    pub(crate) fn load(&self, machine: &Machine, slot: u16) -> Result<Value> {
        let value = self.slot(machine, slot);
        if value.is_undefined() {
            return Err(errors::undefined(&self.names[usize::from(slot)]));
        }
        Ok(value)
    }

    /// Gives a variable a value; gives the one it had, to be dropped with nothing borrowed.
    pub(crate) fn store(&self, machine: &Machine, slot: u16, value: Value) -> Value {
        machine.touch(Shared::Handle(self.id), Access::Write);
        note_escape(&machine.watch, [&value]);
        std::mem::replace(&mut self.slots.borrow_mut()[usize::from(slot)], value)
    }
}

impl Drop for WorkspaceObject {
    fn drop(&mut self) {
        tourbillon_value::release(self.slots.get_mut());
    }
}

impl Object for WorkspaceObject {
    fn class_name(&self) -> &str {
        "workspace"
    }

    fn id(&self) -> ObjectId {
        self.id
    }

    fn trace(&self, visit: &mut dyn FnMut(&Value)) {
        self.slots.borrow().iter().for_each(visit);
    }

    fn clear(&self) {
        // The slots stay: a cleanup in the same cycle may still look for its variables.
        let none = vec![Value::Undefined; self.names.len()];
        let slots = self.slots.replace(none);
        drop(slots);
    }

    fn give_up(&self, values: &mut Vec<Value>) {
        values.append(&mut self.slots.borrow_mut());
    }
}
