//! Dropping values that nest deeply: a loop such as `c = {c}` makes a chain that plain drops would
//! walk down on the stack of the machine.

use crate::Value;
use std::rc::Rc;

/// Drops values, and what only they hold, one after another. Containers, and handle objects that hold
/// values, call it when they are dropped.
pub fn release(values: &mut Vec<Value>) {
    if !values.iter().any(may_nest) {
        return;
    }
    let mut pending = std::mem::take(values);
    while let Some(mut value) = pending.pop() {
        match &mut value {
            Value::Cell(array) => {
                if let Some(array) = Rc::get_mut(array) {
                    pending.append(&mut array.take_elements());
                }
            }
            Value::Struct(array) => {
                if let Some(array) = Rc::get_mut(array) {
                    pending.append(&mut array.take_values());
                }
            }
            Value::Function(function) => {
                if let Some(function) = Rc::get_mut(function) {
                    pending.append(&mut function.captures);
                }
            }
            Value::List(list) => {
                if let Some(list) = Rc::get_mut(list) {
                    pending.append(list);
                }
            }
            Value::Object(object) => {
                if object.reference_count() == 1 {
                    object.give_up(&mut pending);
                }
            }
            Value::Undefined
            | Value::Double(_)
            | Value::Bool(_)
            | Value::DoubleArray(_)
            | Value::BoolArray(_)
            | Value::Char(_)
            | Value::Exception(_)
            | Value::Colon => {}
        }
    }
}

fn may_nest(value: &Value) -> bool {
    matches!(
        value,
        Value::Cell(_) | Value::Struct(_) | Value::Function(_) | Value::List(_) | Value::Object(_)
    )
}

#[cfg(test)]
mod tests {
    use crate::ops::is_equal;
    use crate::{Callee, FunctionHandle, Value, build_runtime_error};
    use std::rc::Rc;

    const DEPTH: usize = 100_000;

    fn chain(wrap: impl Fn(Value) -> Value) -> Value {
        (0..DEPTH).fold(Value::Double(1.0), |inner, _| wrap(inner))
    }

    #[test]
    fn chains_of_every_kind_are_dropped_and_compared() {
        let cells = || chain(|inner| Value::cell_row(vec![inner]));
        let structs = || chain(|inner| Value::structure(&[("a", inner)]));
        let functions = || {
            chain(|inner| {
                Value::Function(Rc::new(FunctionHandle {
                    name: "@()x".into(),
                    callee: Callee::Unresolved,
                    captures: vec![inner],
                    is_anonymous: true,
                }))
            })
        };
        assert!(is_equal(&cells(), &cells()));
        assert!(is_equal(&structs(), &structs()));
        assert!(is_equal(&functions(), &functions()));
        assert!(!is_equal(&cells(), &structs()));
    }

    #[test]
    fn a_chain_of_causes_is_dropped() {
        let mut error = build_runtime_error("first").build();
        for _ in 0..DEPTH {
            error = build_runtime_error("next").cause(error).build();
        }
        assert_eq!(error.causes().len(), 1);
    }

    #[test]
    fn what_others_hold_stays() {
        let inner = Value::cell_row(vec![Value::Double(2.0), Value::text("x")]);
        let outer = Value::cell_row(vec![inner.clone()]);
        drop(outer);
        assert_eq!(crate::testing::show(&inner), "{2,'x'}");
    }
}
