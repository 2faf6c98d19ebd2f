//! The engine's values in canonical form: what a run left in its workspace, free of anything that
//! belongs to the run.

use std::borrow::Cow;

use smallvec::SmallVec;
use tourbillon_builtins::MapObject;
use tourbillon_session::{FutureState, future_view};
use tourbillon_value::{ObjectId, RuntimeError, StructArray, Value, text_of};

use crate::canonical::{CanonicalData, CanonicalValue};

/// Deeper than this a value is not told apart any more.
const DEEPEST: usize = 64;

/// The canonical form of a value.
pub fn snapshot(value: &Value) -> CanonicalValue {
    Snapshot::default().value(value)
}

/// Takes one snapshot; knows the objects it is inside of.
#[derive(Default)]
struct Snapshot {
    inside: SmallVec<[ObjectId; 4]>,
    depth: usize,
}

impl Snapshot {
    fn value(&mut self, value: &Value) -> CanonicalValue {
        if self.depth >= DEEPEST {
            return opaque("deep", &[1, 1], "...");
        }
        self.depth += 1;
        let canonical = self.shallow(value);
        self.depth -= 1;
        canonical
    }

    fn shallow(&mut self, value: &Value) -> CanonicalValue {
        let (size, data) = match value {
            Value::Double(number) => return CanonicalValue::number(*number),
            Value::Bool(truth) => return CanonicalValue::logical(*truth),
            Value::DoubleArray(array) => {
                (array.dims(), CanonicalData::Numbers(array.data().to_vec()))
            }
            Value::BoolArray(array) => {
                (array.dims(), CanonicalData::Logicals(array.data().to_vec()))
            }
            Value::Char(array) => {
                let text = text_of(array.data());
                (array.dims(), CanonicalData::Text(text.into()))
            }
            Value::Cell(array) => {
                let cells = array.data().iter().map(|cell| self.value(cell)).collect();
                (array.dims(), CanonicalData::Cells(cells))
            }
            Value::Struct(array) => return self.structure(array),
            Value::Function(handle) => return opaque("function_handle", &[1, 1], &handle.name),
            Value::Exception(error) => return exception(error),
            Value::Object(object) => {
                let id = object.id();
                if self.inside.contains(&id) {
                    return opaque(object.class_name(), &[1, 1], "itself");
                }
                self.inside.push(id);
                let canonical = self.object(value);
                self.inside.pop();
                return canonical;
            }
            // None of these stands in a workspace.
            Value::Undefined | Value::Colon | Value::List(_) => {
                return opaque("none", &[0, 0], "");
            }
        };
        CanonicalValue {
            class: class_name(value),
            size: size.as_slice().into(),
            data,
        }
    }

    fn structure(&mut self, array: &StructArray) -> CanonicalValue {
        let is_scalar = array.dims().is_scalar();
        let fields = array.fields().iter().map(|(name, values)| {
            let field = match &values[..] {
                [only] if is_scalar => self.value(only),
                values => CanonicalValue {
                    class: "cell".into(),
                    size: array.dims().as_slice().into(),
                    data: CanonicalData::Cells(
                        values.iter().map(|value| self.value(value)).collect(),
                    ),
                },
            };
            (name.to_string().into(), field)
        });
        CanonicalValue {
            class: "struct".into(),
            size: array.dims().as_slice().into(),
            data: CanonicalData::Fields(fields.collect()),
        }
    }

    fn object(&mut self, value: &Value) -> CanonicalValue {
        let class = class_name(value);
        let size: SmallVec<[usize; 2]> = value.dims().as_slice().into();
        if let Some(map) = value.as_object::<MapObject>() {
            let mut entries = Vec::with_capacity(size[0]);
            map.visit_entries(|key, value| entries.push((key.into(), self.value(value))));
            let data = CanonicalData::Fields(entries);
            return CanonicalValue { class, size, data };
        }
        let Some(view) = future_view(value) else {
            let Value::Object(object) = value else {
                unreachable!("only objects come here")
            };
            return opaque(&class, &size, object.display().trim());
        };
        let state = match view.state {
            FutureState::Created => "created",
            FutureState::Pending => "pending",
            FutureState::Success => "success",
            FutureState::Failure => "failure",
            FutureState::Cancelled => "cancelled",
        };
        let mut fields = Vec::with_capacity(2);
        fields.push(("state".into(), CanonicalValue::text(state)));
        if let Some(value) = &view.value {
            fields.push(("value".into(), self.value(value)));
        }
        let data = CanonicalData::Fields(fields);
        CanonicalValue { class, size, data }
    }
}

/// The class of a value; those that most values have cost nothing.
fn class_name(value: &Value) -> Cow<'static, str> {
    match value.class_name() {
        "double" => "double".into(),
        "char" => "char".into(),
        "future" => "future".into(),
        "containers.Map" => "containers.Map".into(),
        "cell" => "cell".into(),
        "logical" => "logical".into(),
        class => class.to_string().into(),
    }
}

fn opaque(class: &str, size: &[usize], text: &str) -> CanonicalValue {
    CanonicalValue {
        class: class.to_string().into(),
        size: size.into(),
        data: CanonicalData::Opaque(text.to_string().into()),
    }
}

fn exception(error: &RuntimeError) -> CanonicalValue {
    let text = match error.identifier() {
        "" => error.message().to_string(),
        identifier => format!("{identifier}: {}", error.message()),
    };
    opaque("MException", &[1, 1], &text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::rc::Rc;
    use tourbillon_value::{Array, Dims};

    fn check(value: &Value, expected: &str) {
        assert_eq!(snapshot(value).to_string(), expected);
    }

    #[test]
    fn values_are_class_size_and_data() {
        let matrix = Array::new(Dims::new(2, 2), vec![1.0, 3.0, 2.0, 4.0]);
        check(&Value::Double(3.0), "1x1 double [3.0]");
        check(&Value::doubles(matrix), "2x2 double [1.0, 3.0, 2.0, 4.0]");
        check(&Value::Bool(true), "1x1 logical [true]");
        check(&Value::text("abc"), "1x3 char \"abc\"");
        check(&Value::text(""), "0x0 char \"\"");
        let cell = Value::cell_row(vec![Value::Double(1.0), Value::text("x")]);
        check(&cell, "1x2 cell {1x1 double [1.0], 1x1 char \"x\"}");
        let structure = Value::structure(&[("b", Value::Double(2.0)), ("a", Value::Bool(false))]);
        check(
            &structure,
            "1x1 struct {b: 1x1 double [2.0], a: 1x1 logical [false]}",
        );
        let name: Rc<str> = "f".into();
        let array = StructArray::new(
            Dims::new(1, 2),
            vec![(name, vec![Value::Double(1.0), Value::Double(2.0)])],
        );
        check(
            &Value::Struct(Rc::new(array)),
            "1x2 struct {f: 1x2 cell {1x1 double [1.0], 1x1 double [2.0]}}",
        );
    }

    #[test]
    fn deep_values_end_somewhere() {
        let mut value = Value::Double(1.0);
        for _ in 0..10_000 {
            value = Value::cell_row(vec![value]);
        }
        assert!(snapshot(&value).to_string().contains("\"...\""));
    }
}
