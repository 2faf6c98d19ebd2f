//! Whether a value that comes within reach of other tasks holds an `onCleanup` object: whoever lets go
//! of that last runs its function, and references are not counted as accesses.

use crate::CleanupObject;
use std::collections::BTreeSet;
use std::rc::Rc;
use tourbillon_host::{Entangled, Watch};
use tourbillon_value::Value;

/// Tells whoever watches when a value that other tasks can get hold of from now on holds a cleanup.
/// Costs nothing unless somebody watches and there are cleanups.
#[inline]
pub fn note_escape<'a>(watch: &Watch, values: impl IntoIterator<Item = &'a Value>) {
    if watch.looks_for_cleanups() && holds_cleanup(values.into_iter().cloned().collect()) {
        watch.entangle(Entangled::Cleanup);
    }
}

/// Whether any of the values leads to a cleanup.
fn holds_cleanup(mut work: Vec<Value>) -> bool {
    let mut seen = BTreeSet::new();
    while let Some(value) = work.pop() {
        let address = match &value {
            Value::Object(object) => {
                std::ptr::from_ref::<dyn tourbillon_value::Object>(&**object).cast::<()>() as usize
            }
            Value::Cell(array) => Rc::as_ptr(array).cast::<()>() as usize,
            Value::Struct(array) => Rc::as_ptr(array).cast::<()>() as usize,
            Value::Function(handle) => Rc::as_ptr(handle).cast::<()>() as usize,
            _ => continue,
        };
        if !seen.insert(address) {
            continue;
        }
        match &value {
            Value::Object(object) => {
                if object.downcast_ref::<CleanupObject>().is_some() {
                    return true;
                }
                object.trace(&mut |inner| work.push(inner.clone()));
            }
            Value::Cell(array) => work.extend(array.data().iter().cloned()),
            Value::Struct(array) => {
                let columns = array.fields().iter();
                work.extend(columns.flat_map(|(_, values)| values.iter().cloned()));
            }
            Value::Function(handle) => work.extend(handle.captures.iter().cloned()),
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::holds_cleanup;
    use crate::testing::Session;

    #[test]
    fn a_cleanup_is_found_wherever_it_is() {
        let cases = [
            ("onCleanup(@sin)", true),
            ("{1, {onCleanup(@sin)}}", true),
            ("struct('a', {{onCleanup(@sin)}})", true),
            ("containers.Map({'k'}, {onCleanup(@sin)})", true),
            ("{containers.Map({'k'}, {1}), 'onCleanup'}", false),
            ("@sin", false),
        ];
        for (text, wanted) in cases {
            let session = Session::default();
            let values = session.evaluate(text, 1).unwrap();
            assert_eq!(holds_cleanup(values.to_vec()), wanted, "{text}");
        }
    }
}
